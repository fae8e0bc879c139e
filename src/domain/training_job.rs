//! Training jobs: data and hyperparameters in, a model artefact out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::algorithm::Algorithm;
use super::endpoint_config::validate_instance_type;
use super::extras::Extras;
use super::invalid::Invalid;
use super::s3_uri::S3Uri;
use super::tag::Tag;
use super::time::Timestamp;
use super::{name, price};

/// The longest that a job may run: 28 days, as AWS allows.
pub const MAX_RUNTIME_S: u32 = 2_419_200;

/// One input channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// `train`, `validation`, or another of [`Algorithm::channels`].
    pub name: String,
    /// An object or a prefix under which every object is read, in key order.
    pub data: S3Uri,
    /// See [`ChannelFormat::from_content_type`]; `None`: as the container does, libsvm for XGBoost, CSV for the linear learner, unless the object says otherwise.
    pub content_type: Option<String>,
}

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingJobSpec {
    /// See [`name::resource`].
    pub name: String,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// The image as it was named; [`Algorithm::image`] when nobody did.
    pub image: String,
    /// All values are strings, as on the wire.
    pub hyperparameters: BTreeMap<String, String>,
    /// One `train`, at most one of each other.
    pub channels: Vec<Channel>,
    /// Prefix under which `NAME/output/model.tar.gz` is written.
    pub output: S3Uri,
    /// For example `ml.m5.large`; decides the price only.
    pub instance_type: String,
    /// At least 1; decides the price only.
    pub instance_count: u32,
    /// GB, 1–16,384; kept and given back.
    pub volume_size_gb: u32,
    /// Seconds until the job is stopped, 1–[`MAX_RUNTIME_S`].
    pub max_runtime_s: u32,
    /// The role that AWS would assume; kept and given back.
    pub role_arn: Option<String>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Members of the request that nothing here makes use of.
    #[serde(default, skip_serializing_if = "Extras::is_empty")]
    pub extras: Extras,
}

/// SageMaker's `TrainingJobStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TrainingJobStatus {
    /// Waiting or running.
    InProgress,
    /// The artefact is there.
    Completed,
    /// No artefact; the reason says why.
    Failed,
    /// Asked to stop.
    Stopping,
    /// Stopped; the artefact holds what was learned up to there, if anything.
    Stopped,
}

impl TrainingJobStatus {
    /// SageMaker's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
        }
    }

    /// Whether it is over.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Stopped)
    }
}

/// SageMaker's `SecondaryStatus`, as far as it occurs here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SecondaryStatus {
    /// Waiting for a worker.
    Starting,
    /// Reading the channels.
    Downloading,
    /// Running rounds.
    Training,
    /// Writing the artefact.
    Uploading,
    /// Begun again after the app ended in the middle.
    Restarting,
    /// Asked to stop.
    Stopping,
    /// Stopped by hand.
    Stopped,
    /// Stopped because its time was up.
    MaxRuntimeExceeded,
    /// Done.
    Completed,
    /// Failed.
    Failed,
}

impl SecondaryStatus {
    /// SageMaker's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "Starting",
            Self::Downloading => "Downloading",
            Self::Training => "Training",
            Self::Uploading => "Uploading",
            Self::Restarting => "Restarting",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::MaxRuntimeExceeded => "MaxRuntimeExceeded",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
        }
    }
}

/// A station on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// Station.
    pub status: SecondaryStatus,
    /// Entered.
    pub started: Timestamp,
    /// One sentence.
    pub message: String,
}

/// A metric's last value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FinalMetric {
    /// For example `validation:rmse`.
    pub name: String,
    /// Value.
    pub value: f64,
    /// When it was measured.
    pub at: Timestamp,
}

/// What a finished run tells of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingSummary {
    /// Rows of the train channel.
    pub rows: u64,
    /// Columns without the label.
    pub features: u64,
    /// Stored values ÷ (rows × features).
    pub density: f64,
    /// Rounds or epochs run.
    pub rounds: u32,
    /// The round that the artefact holds, counted from 1, and its objective metric.
    pub best_round: Option<u32>,
    /// CPU or wall seconds of the training itself.
    pub training_s: f64,
    /// Bytes of `model.tar.gz`.
    pub artifact_bytes: u64,
}

/// A training job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingJob {
    /// What was asked for.
    pub spec: TrainingJobSpec,
    /// State.
    pub status: TrainingJobStatus,
    /// Finer state.
    pub secondary: SecondaryStatus,
    /// All stations, oldest first.
    pub transitions: Vec<Transition>,
    /// Made.
    pub created: Timestamp,
    /// A worker took it.
    pub started: Option<Timestamp>,
    /// Over.
    pub ended: Option<Timestamp>,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// The artefact, once it is there.
    pub artifact: Option<S3Uri>,
    /// Last value of each metric.
    pub final_metrics: Vec<FinalMetric>,
    /// What the run tells of itself.
    pub summary: Option<TrainingSummary>,
    /// How often a worker began it; a crash of the app makes it 2.
    pub attempts: u32,
}

impl TrainingJobSpec {
    /// A channel by name.
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.name == name)
    }

    /// Where the artefact goes.
    pub fn artifact_uri(&self) -> S3Uri {
        self.output.join(&format!("{}/output/model.tar.gz", self.name))
    }

    /// USD an hour while it runs.
    pub fn usd_per_hour(&self) -> f64 {
        price::usd_per_hour(&self.instance_type, self.instance_count)
    }

    /// The rules that it breaks; empty when it is fine. Whether the data exists is the engine's to say.
    pub fn validate(&self) -> Vec<Invalid> {
        let mut broken: Vec<Invalid> = name::resource("TrainingJobName", &self.name).err().into_iter().collect();
        if Algorithm::from_image(&self.image) != Some(self.algorithm) {
            broken.push(Invalid::new(
                "AlgorithmSpecification.TrainingImage",
                &self.image,
                format!("is not an image of {}", self.algorithm),
            ));
        }
        broken.extend(self.algorithm.validate(&self.hyperparameters).into_iter().map(|i| i.within("HyperParameters")));
        if self.channel("train").is_none() {
            broken.push(Invalid::new("InputDataConfig", "", "must have a channel named train"));
        }
        for (i, channel) in self.channels.iter().enumerate() {
            let at = format!("InputDataConfig[{i}]");
            if !self.algorithm.channels().contains(&channel.name.as_str()) {
                let rule =
                    format!("is not a channel of {}: use {}", self.algorithm, self.algorithm.channels().join(" or "));
                broken.push(Invalid::new(format!("{at}.ChannelName"), &channel.name, rule));
            }
            if self.channels[..i].iter().any(|earlier| earlier.name == channel.name) {
                broken.push(Invalid::new(format!("{at}.ChannelName"), &channel.name, "is there twice"));
            }
            broken.extend(name::bucket(&format!("{at}.S3Uri"), &channel.data.bucket).err());
            if let Some(content_type) = &channel.content_type
                && ChannelFormat::from_content_type(content_type).is_none_or(|format| !format.is_of(self.algorithm))
            {
                let rule = match self.algorithm {
                    Algorithm::XGBoost => "must be text/csv, csv, text/libsvm, libsvm or text/x-libsvm",
                    Algorithm::LinearLearner => {
                        "must be text/csv, csv, text/libsvm, libsvm, text/x-libsvm or application/x-recordio-protobuf"
                    }
                };
                broken.push(Invalid::new(format!("{at}.ContentType"), content_type, rule));
            }
        }
        broken.extend(name::bucket("OutputDataConfig.S3OutputPath", &self.output.bucket).err());
        broken.extend(validate_instance_type("ResourceConfig.InstanceType", &self.instance_type).err());
        if self.instance_count == 0 {
            broken.push(Invalid::new("ResourceConfig.InstanceCount", 0, "must be at least 1"));
        }
        if !(1..=16_384).contains(&self.volume_size_gb) {
            broken.push(Invalid::new("ResourceConfig.VolumeSizeInGB", self.volume_size_gb, "must be from 1 to 16384"));
        }
        if !(1..=MAX_RUNTIME_S).contains(&self.max_runtime_s) {
            broken.push(Invalid::new(
                "StoppingCondition.MaxRuntimeInSeconds",
                self.max_runtime_s,
                format!("must be from 1 to {MAX_RUNTIME_S}"),
            ));
        }
        broken.extend(super::tag::validate(&self.tags));
        broken
    }
}

impl TrainingJob {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Milliseconds that a worker has been (or was) on it.
    pub fn billable_ms(&self, now: Timestamp) -> i64 {
        self.started.map_or(0, |started| self.ended.unwrap_or(now).ms_since(started))
    }

    /// A final metric by name.
    pub fn final_metric(&self, name: &str) -> Option<f64> {
        self.final_metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value)
    }
}

/// How the rows of a channel are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelFormat {
    /// Label first, no header; 0 is a value, an empty field is missing.
    Csv,
    /// `label index:value …`; what is absent is missing.
    Libsvm,
    /// `RecordIO` with protobuf records, of the linear learner only; what a sparse record leaves out is 0.
    #[serde(rename = "RecordIO")]
    RecordIo,
}

impl ChannelFormat {
    /// Reads a content type, with or without parameters; `None` for one that no container of ours takes.
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        match content_type.split(';').next()?.trim().to_ascii_lowercase().as_str() {
            "text/csv" | "csv" => Some(Self::Csv),
            "text/libsvm" | "text/x-libsvm" | "libsvm" => Some(Self::Libsvm),
            "application/x-recordio-protobuf" => Some(Self::RecordIo),
            _ => None,
        }
    }

    /// The content type to name it by.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Libsvm => "text/libsvm",
            Self::RecordIo => "application/x-recordio-protobuf",
        }
    }

    /// Whether the algorithm's container reads it.
    pub fn is_of(self, algorithm: Algorithm) -> bool {
        self != Self::RecordIo || algorithm == Algorithm::LinearLearner
    }
}
