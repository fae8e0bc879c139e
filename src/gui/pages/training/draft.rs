//! The draft of a training job: what the wizard has been told so far, what is wrong with it, and the job that it becomes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::starting::{Labels, starting_values};
use crate::domain::algorithm::{Algorithm, Hyperparameter};
use crate::domain::extras::Extras;
use crate::domain::invalid::Invalid;
use crate::domain::name;
use crate::domain::s3_uri::S3Uri;
use crate::domain::training_job::{Channel, ChannelFormat, TrainingJobSpec};
use crate::gui::pages::naming;
use crate::workspace::Snapshot;

/// The steps of the wizard, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Step {
    /// Which algorithm.
    #[default]
    Algorithm,
    /// Channels.
    Data,
    /// Hyperparameters.
    Hyperparameters,
    /// Output, instance, limits.
    Instance,
    /// Name, everything at a glance, start.
    Review,
}

impl Step {
    /// All steps.
    pub const ALL: [Self; 5] = [Self::Algorithm, Self::Data, Self::Hyperparameters, Self::Instance, Self::Review];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Algorithm => "Algorithm",
            Self::Data => "Data",
            Self::Hyperparameters => "Hyperparameters",
            Self::Instance => "Output and instance",
            Self::Review => "Review",
        }
    }

    /// Position, from 0.
    pub fn position(self) -> usize {
        self as usize
    }

    /// The one after, if there is one.
    pub fn next(self) -> Option<Self> {
        Self::ALL.get(self.position() + 1).copied()
    }

    /// The one before, if there is one.
    pub fn previous(self) -> Option<Self> {
        self.position().checked_sub(1).and_then(|i| Self::ALL.get(i)).copied()
    }
}

/// One channel as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelDraft {
    /// `s3://bucket/key` of an object or a prefix; empty when the channel is not used.
    pub uri: String,
    /// The format, when a person set it; `None`: as detected.
    pub format: Option<ChannelFormat>,
}

/// A training job in the making. Kept across restarts, so that nothing typed is lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// The step on show.
    pub step: Step,
    /// The furthest step that was on show: earlier ones show their errors.
    pub seen: Step,
    /// The job that this is a clone of.
    pub clone_of: Option<String>,
    /// The name, once typed; `None`: as suggested.
    pub name: Option<String>,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// The train channel.
    pub train: ChannelDraft,
    /// The validation channel.
    pub validation: ChannelDraft,
    /// Hyperparameters as typed; an empty text stands for the default.
    pub hyperparameters: BTreeMap<String, String>,
    /// Whether a person changed one: then starting values leave them alone.
    pub hyperparameters_touched: bool,
    /// What the labels of the train channel look like, once read.
    pub labels: Labels,
    /// Output prefix, once typed; `None`: the default bucket.
    pub output: Option<String>,
    /// Instance type.
    pub instance_type: String,
    /// Instances.
    pub instance_count: String,
    /// Volume, GB.
    pub volume_size_gb: String,
    /// Longest run, seconds.
    pub max_runtime_s: String,
}

impl Default for Draft {
    fn default() -> Self {
        let mut draft = Self {
            step: Step::Algorithm,
            seen: Step::Algorithm,
            clone_of: None,
            name: None,
            algorithm: Algorithm::XGBoost,
            train: ChannelDraft::default(),
            validation: ChannelDraft::default(),
            hyperparameters: BTreeMap::new(),
            hyperparameters_touched: false,
            labels: Labels::Unknown,
            output: None,
            instance_type: "ml.m5.large".to_owned(),
            instance_count: "1".to_owned(),
            volume_size_gb: "30".to_owned(),
            max_runtime_s: "86400".to_owned(),
        };
        draft.refresh_starting_values();
        draft
    }
}

/// A broken rule, with the step on which it is mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The step.
    pub step: Step,
    /// The field, see [`Draft::problems`].
    pub field: String,
    /// The rule, as the rest of a sentence.
    pub rule: String,
}

impl Problem {
    /// The field as the wizard calls it.
    pub fn label(&self) -> &str {
        match self.field.as_str() {
            "train" => "Train channel",
            "validation" => "Validation channel",
            "S3OutputPath" => "Output path",
            "InstanceType" => "Instance type",
            "InstanceCount" => "Instances",
            "VolumeSizeInGB" => "Volume",
            "MaxRuntimeInSeconds" => "Longest run",
            "TrainingJobName" => "Job name",
            other => other.trim_start_matches("HyperParameters."),
        }
    }
}

/// What is known of a channel's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// One object of so many bytes.
    Object {
        /// Bytes.
        bytes: u64,
    },
    /// A prefix with objects under it.
    Prefix {
        /// How many.
        objects: usize,
        /// Bytes of all.
        bytes: u64,
    },
    /// Nothing is there.
    Nothing,
    /// The bucket is not there.
    NoBucket,
}

/// Looks a channel's data up: the object itself, or what lies under the prefix.
pub fn find(snapshot: &Snapshot, uri: &S3Uri) -> Found {
    let Some(objects) = snapshot.objects.get(&uri.bucket) else { return Found::NoBucket };
    if let Some(object) = objects.get(&uri.key) {
        return Found::Object { bytes: object.size };
    }
    let under = objects.range(&uri.key).take_while(|(key, _)| key.starts_with(&uri.key));
    match under.fold((0, 0), |(n, bytes), (_, object)| (n + 1, bytes + object.size)) {
        (0, _) => Found::Nothing,
        (objects, bytes) => Found::Prefix { objects, bytes },
    }
}

/// The format that the (first) object says it has by its content type; `None` when it does not say.
pub fn detect_format(snapshot: &Snapshot, uri: &S3Uri) -> Option<ChannelFormat> {
    let (_, object) = snapshot.objects.get(&uri.bucket)?.range(&uri.key).next()?;
    if !object.key.starts_with(&uri.key) {
        return None;
    }
    ChannelFormat::from_content_type(&object.content_type)
}

impl ChannelDraft {
    /// The typed place, when it reads as one.
    pub fn place(&self) -> Option<S3Uri> {
        self.uri.trim().parse().ok()
    }

    /// The format that counts: the one set, else the one detected.
    pub fn format(&self, snapshot: &Snapshot) -> Option<ChannelFormat> {
        self.format.or_else(|| detect_format(snapshot, &self.place()?))
    }

    fn problem(&self, snapshot: &Snapshot, required: bool) -> Option<String> {
        if self.uri.trim().is_empty() {
            return required.then(|| "choose the data to learn from".to_owned());
        }
        let place = match self.uri.trim().parse::<S3Uri>() {
            Ok(place) => place,
            Err(invalid) => return Some(invalid.rule),
        };
        match find(snapshot, &place) {
            Found::NoBucket => Some(format!("there is no bucket {}", place.bucket)),
            Found::Nothing => Some("nothing is there".to_owned()),
            Found::Object { bytes: 0 } | Found::Prefix { bytes: 0, .. } => Some("is empty".to_owned()),
            Found::Object { .. } | Found::Prefix { .. } if self.format(snapshot).is_none() => {
                Some("does not say whether it is CSV or libsvm: choose the format".to_owned())
            }
            Found::Object { .. } | Found::Prefix { .. } => None,
        }
    }
}

impl Draft {
    /// A draft that asks for the same as a job did, under a new name.
    pub fn clone_of(spec: &TrainingJobSpec) -> Self {
        let channel = |name: &str| {
            spec.channel(name).map_or_else(ChannelDraft::default, |channel| ChannelDraft {
                uri: channel.data.to_string(),
                format: channel.content_type.as_deref().and_then(ChannelFormat::from_content_type),
            })
        };
        Self {
            step: Step::Hyperparameters,
            seen: Step::Hyperparameters,
            clone_of: Some(spec.name.clone()),
            name: None,
            algorithm: spec.algorithm,
            train: channel("train"),
            validation: channel("validation"),
            hyperparameters: spec.hyperparameters.clone(),
            hyperparameters_touched: true,
            labels: Labels::Unknown,
            output: Some(spec.output.to_string()),
            instance_type: spec.instance_type.clone(),
            instance_count: spec.instance_count.to_string(),
            volume_size_gb: spec.volume_size_gb.to_string(),
            max_runtime_s: spec.max_runtime_s.to_string(),
        }
    }

    /// A draft that learns from an object or prefix.
    pub fn with_data(uri: &S3Uri) -> Self {
        let mut draft = Self::default();
        draft.train.uri = uri.to_string();
        draft
    }

    /// Switches the algorithm; hyperparameters that nobody touched follow.
    pub fn choose(&mut self, algorithm: Algorithm) {
        if self.algorithm != algorithm {
            self.algorithm = algorithm;
            // The other algorithm's hyperparameters mean nothing here, typed or not.
            self.hyperparameters_touched = false;
            self.refresh_starting_values();
        }
    }

    /// Goes to a step and remembers how far it went.
    pub fn go(&mut self, step: Step) {
        self.step = step;
        self.seen = self.seen.max(step);
    }

    /// Takes note of the labels; hyperparameters that nobody touched follow.
    pub fn learn_labels(&mut self, labels: Labels) {
        if self.labels != labels {
            self.labels = labels;
            self.refresh_starting_values();
        }
    }

    /// Puts the starting values in, unless a person has changed one.
    pub fn refresh_starting_values(&mut self) {
        if !self.hyperparameters_touched {
            let validated = !self.validation.uri.trim().is_empty();
            self.hyperparameters = starting_values(self.algorithm, self.labels, validated);
        }
    }

    /// The name: the typed one, else one that says data and algorithm and is not taken.
    pub fn name(&self, snapshot: &Snapshot) -> String {
        self.name.clone().unwrap_or_else(|| self.suggested_name(snapshot))
    }

    /// For example `boston-xgb-2`.
    pub fn suggested_name(&self, snapshot: &Snapshot) -> String {
        let stem = if let Some(original) = &self.clone_of {
            naming::stem(original).to_owned()
        } else {
            let data = self.train.place().map_or_else(|| "my".to_owned(), |uri| data_set_name(&uri));
            let short = match self.algorithm {
                Algorithm::XGBoost => "xgb",
                Algorithm::LinearLearner => "linear",
            };
            format!("{data}-{short}")
        };
        naming::numbered(&stem, |name| snapshot.training_jobs.contains(name))
    }

    /// The hyperparameters that are given: what is typed and not empty.
    pub fn given(&self) -> BTreeMap<String, String> {
        self.hyperparameters
            .iter()
            .filter(|(_, value)| !value.trim().is_empty())
            .map(|(name, value)| (name.clone(), value.trim().to_owned()))
            .collect()
    }

    /// The job that this becomes, as far as it can be read.
    pub fn spec(&self, snapshot: &Snapshot) -> TrainingJobSpec {
        let channel = |name: &str, channel: &ChannelDraft| {
            let format = channel.format(snapshot).map(|format| format.content_type().to_owned());
            channel.place().map(|data| Channel { name: name.to_owned(), data, content_type: format })
        };
        TrainingJobSpec {
            name: self.name(snapshot),
            algorithm: self.algorithm,
            image: self.algorithm.image().to_owned(),
            hyperparameters: self.given(),
            channels: [channel("train", &self.train), channel("validation", &self.validation)]
                .into_iter()
                .flatten()
                .collect(),
            output: self.output(snapshot).parse().unwrap_or_else(|_| default_output(snapshot)),
            instance_type: self.instance_type.trim().to_owned(),
            instance_count: self.instance_count.trim().parse().unwrap_or(0),
            volume_size_gb: self.volume_size_gb.trim().parse().unwrap_or(0),
            max_runtime_s: self.max_runtime_s.trim().parse().unwrap_or(0),
            role_arn: None,
            tags: Vec::new(),
            extras: Extras::default(),
        }
    }

    /// Where the artefact goes, as typed or as suggested.
    pub fn output(&self, snapshot: &Snapshot) -> String {
        self.output.clone().unwrap_or_else(|| default_output(snapshot).to_string())
    }

    /// Everything that is wrong. Fields: `train`, `validation`, `HyperParameters.NAME`, `S3OutputPath`, `InstanceType`,
    /// `InstanceCount`, `VolumeSizeInGB`, `MaxRuntimeInSeconds`, `TrainingJobName`.
    pub fn problems(&self, snapshot: &Snapshot) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |step, field: &str, rule: Option<String>| {
            problems.extend(rule.map(|rule| Problem { step, field: field.to_owned(), rule }));
        };
        add(Step::Data, "train", self.train.problem(snapshot, true));
        add(Step::Data, "validation", self.validation.problem(snapshot, false));
        for invalid in self.algorithm.validate(&self.given()) {
            add(Step::Hyperparameters, &format!("HyperParameters.{}", invalid.field), Some(invalid.rule));
        }
        add(Step::Instance, "S3OutputPath", self.output_problem(snapshot));
        let spec = self.spec(snapshot);
        for Invalid { field, rule, .. } in spec.validate() {
            match field.as_str() {
                "ResourceConfig.InstanceType" => add(Step::Instance, "InstanceType", Some(rule)),
                "ResourceConfig.InstanceCount" => {
                    add(Step::Instance, "InstanceCount", Some("must be a whole number of at least 1".to_owned()));
                }
                "ResourceConfig.VolumeSizeInGB" => add(Step::Instance, "VolumeSizeInGB", Some(rule)),
                "StoppingCondition.MaxRuntimeInSeconds" => add(Step::Instance, "MaxRuntimeInSeconds", Some(rule)),
                // Channels, hyperparameters and the name are said above and below, nearer to their fields.
                _ => {}
            }
        }
        let name = self.name(snapshot);
        if let Err(invalid) = name::resource("TrainingJobName", &name) {
            add(Step::Review, "TrainingJobName", Some(invalid.rule));
        } else if snapshot.training_jobs.contains(&name) {
            add(Step::Review, "TrainingJobName", Some("is the name of another training job".to_owned()));
        }
        problems
    }

    fn output_problem(&self, snapshot: &Snapshot) -> Option<String> {
        match self.output(snapshot).trim().parse::<S3Uri>() {
            Err(invalid) => Some(invalid.rule),
            // The default bucket is made with the first job; any other must be there.
            Ok(uri) if uri.bucket == snapshot.info.account.default_bucket() => None,
            Ok(uri) if !snapshot.buckets.contains(&uri.bucket) => Some(format!("there is no bucket {}", uri.bucket)),
            Ok(_) => None,
        }
    }
}

fn default_output(snapshot: &Snapshot) -> S3Uri {
    S3Uri::new(snapshot.info.account.default_bucket(), "output")
}

/// A word for the data: the folder that the object lies in, unless that only repeats the channel.
fn data_set_name(uri: &S3Uri) -> String {
    let dull = ["train", "validation", "test", "data", "input", "samples", "csv", "libsvm"];
    let telling = |part: &&str| {
        let word = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
        !word.is_empty() && !dull.contains(&word.as_str())
    };
    let word = uri.key.rsplit('/').find(telling).unwrap_or(&uri.bucket);
    word.split('.').next().unwrap_or(word).to_ascii_lowercase()
}

/// The problem with one field.
pub fn problem_of<'a>(problems: &'a [Problem], field: &str) -> Option<&'a str> {
    problems.iter().find(|problem| problem.field == field).map(|problem| problem.rule.as_str())
}

/// What a field shows while it is empty: the default, or that one must be given.
pub fn placeholder(parameter: &Hyperparameter) -> String {
    match (parameter.default, parameter.required) {
        (Some(default), _) => format!("{default} (default)"),
        (None, true) => "required".to_owned(),
        (None, false) => "not given".to_owned(),
    }
}
