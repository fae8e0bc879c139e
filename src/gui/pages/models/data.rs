//! What the Models pages show, worked out from the snapshot: rows, where a model comes from, who uses it, and the draft of a new one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::algorithm::Algorithm;
use crate::domain::extras::Extras;
use crate::domain::model::Model;
use crate::domain::name;
use crate::domain::s3_uri::S3Uri;
use crate::domain::time::Timestamp;
use crate::domain::training_job::TrainingJob;
use crate::gui::pages::naming;
use crate::workspace::Snapshot;

/// One model in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRow {
    /// Name.
    pub name: String,
    /// Its algorithm's name, or its image where we have none for it.
    pub algorithm: String,
    /// Where the artefact is.
    pub artifact: S3Uri,
    /// Bytes of the artefact; `None` when it is not there.
    pub bytes: Option<u64>,
    /// How many configurations use it.
    pub configs: usize,
    /// How many endpoints serve it.
    pub endpoints: usize,
    /// Made.
    pub created: Timestamp,
}

/// Who uses a model, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Users {
    /// Endpoint configurations.
    pub configs: Vec<String>,
    /// Endpoints that serve it now.
    pub endpoints: Vec<String>,
}

/// All models. Costs one pass over configurations and endpoints, not one a model.
pub fn rows(snapshot: &Snapshot) -> Vec<ModelRow> {
    let mut configs: BTreeMap<&str, usize> = BTreeMap::new();
    for config in snapshot.endpoint_configs.values() {
        for (i, variant) in config.all_variants().enumerate() {
            if config.all_variants().take(i).all(|earlier| earlier.model_name != variant.model_name) {
                *configs.entry(&variant.model_name).or_default() += 1;
            }
        }
    }
    let mut endpoints: BTreeMap<&str, usize> = BTreeMap::new();
    for endpoint in snapshot.endpoints.values() {
        for (i, variant) in endpoint.all_variants().enumerate() {
            if endpoint.all_variants().take(i).all(|earlier| earlier.model_name != variant.model_name) {
                *endpoints.entry(&variant.model_name).or_default() += 1;
            }
        }
    }
    let row = |model: &Arc<Model>| ModelRow {
        name: model.name.clone(),
        algorithm: algorithm_words(model),
        artifact: model.model_data.clone(),
        bytes: artifact_bytes(snapshot, &model.model_data),
        configs: configs.get(model.name.as_str()).copied().unwrap_or(0),
        endpoints: endpoints.get(model.name.as_str()).copied().unwrap_or(0),
        created: model.created,
    };
    snapshot.models.values().map(row).collect()
}

/// The algorithm's name, or the image where it is not one of ours.
pub fn algorithm_words(model: &Model) -> String {
    model.algorithm().map_or_else(|| model.image.clone(), |algorithm| algorithm.as_str().to_owned())
}

/// Bytes of an artefact, when it is there.
pub fn artifact_bytes(snapshot: &Snapshot, artifact: &S3Uri) -> Option<u64> {
    Some(snapshot.objects.get(&artifact.bucket)?.get(&artifact.key)?.size)
}

/// Who uses a model.
pub fn users(snapshot: &Snapshot, model: &str) -> Users {
    let configs = snapshot.endpoint_configs.values().filter(|c| c.all_variants().any(|v| v.model_name == model));
    let endpoints = snapshot.endpoints.values().filter(|e| e.all_variants().any(|v| v.model_name == model));
    Users { configs: configs.map(|c| c.name.clone()).collect(), endpoints: endpoints.map(|e| e.name.clone()).collect() }
}

/// The job that made an artefact.
pub fn maker<'a>(snapshot: &'a Snapshot, artifact: &S3Uri) -> Option<&'a Arc<TrainingJob>> {
    // An artefact lies under the job's own name, so that one look-up is enough where nobody moved it.
    let by_path = artifact.key.rsplit('/').nth(2).and_then(|name| snapshot.training_jobs.get(name));
    let made_it = |job: &&Arc<TrainingJob>| job.artifact.as_ref() == Some(artifact);
    by_path.filter(made_it).or_else(|| snapshot.training_jobs.values().find(made_it))
}

/// Models made of an artefact.
pub fn models_of<'a>(snapshot: &'a Snapshot, artifact: &'a S3Uri) -> impl Iterator<Item = &'a Arc<Model>> {
    snapshot.models.values().filter(move |model| model.model_data == *artifact)
}

/// What deleting a model means for others, one a line.
pub fn left_behind(users: &Users) -> Vec<String> {
    let configs = users.configs.iter().map(|name| format!("endpoint configuration {name} can't be deployed then"));
    let endpoints =
        users.endpoints.iter().map(|name| format!("endpoint {name} goes on serving it until its next update"));
    configs.chain(endpoints).collect()
}

/// Where a new model's artefact comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum From {
    /// A training job.
    #[default]
    Job,
    /// An object in a bucket.
    Artifact,
}

/// A model in the making.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Where its artefact comes from.
    pub from: From,
    /// The job, when it comes from one.
    pub job: Option<String>,
    /// The artefact's place as typed, otherwise.
    pub artifact: String,
    /// The algorithm, where no job says it.
    pub algorithm: Algorithm,
    /// The name, once typed.
    pub name: Option<String>,
    /// Environment of the container as typed.
    pub environment: Vec<(String, String)>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            from: From::Job,
            job: None,
            artifact: String::new(),
            algorithm: Algorithm::XGBoost,
            name: None,
            environment: Vec::new(),
        }
    }
}

/// Jobs that a model can be made of, newest first.
pub fn finished_jobs(snapshot: &Snapshot) -> Vec<&Arc<TrainingJob>> {
    let mut jobs: Vec<_> = snapshot.training_jobs.values().filter(|job| job.artifact.is_some()).collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.created));
    jobs
}

impl Draft {
    /// A draft over a job's artefact.
    pub fn from_job(job: &str) -> Self {
        Self { job: Some(job.to_owned()), ..Self::default() }
    }

    fn source<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a Arc<TrainingJob>> {
        snapshot.training_jobs.get(self.job.as_deref()?).filter(|_| self.from == From::Job)
    }

    /// The artefact, as far as it can be read.
    pub fn place(&self, snapshot: &Snapshot) -> Option<S3Uri> {
        match self.from {
            From::Job => self.source(snapshot)?.artifact.clone(),
            From::Artifact => self.artifact.trim().parse().ok(),
        }
    }

    /// The typed name, or one that is free: the job's own, else the artefact's folder.
    pub fn name(&self, snapshot: &Snapshot) -> String {
        if let Some(typed) = &self.name {
            return typed.clone();
        }
        let stem = match (self.source(snapshot), self.place(snapshot)) {
            (Some(job), _) => job.name().to_owned(),
            (None, Some(place)) => {
                let dull = |part: &&str| !part.is_empty() && *part != "output" && !part.starts_with("model.tar");
                place.key.rsplit('/').find(dull).unwrap_or(&place.bucket).to_owned()
            }
            (None, None) => "my-model".to_owned(),
        };
        naming::free(&stem, |name| snapshot.models.contains(name))
    }

    /// The model that this becomes.
    pub fn model(&self, snapshot: &Snapshot) -> Model {
        let job = self.source(snapshot);
        Model {
            name: self.name(snapshot),
            image: job.map_or_else(|| self.algorithm.image().to_owned(), |job| job.spec.image.clone()),
            model_data: self.place(snapshot).unwrap_or_else(|| S3Uri::new("", "")),
            environment: self
                .environment
                .iter()
                .filter(|(key, value)| !(key.is_empty() && value.is_empty()))
                .cloned()
                .collect(),
            execution_role_arn: job.and_then(|job| job.spec.role_arn.clone()),
            created: Timestamp::default(),
            tags: Vec::new(),
            extras: Extras::default(),
        }
    }

    /// Everything that is wrong: (field, rule). Fields: `job`, `artifact`, `environment`, `name`.
    pub fn problems(&self, snapshot: &Snapshot) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        match self.from {
            From::Job => match self.job.as_deref().map(|job| snapshot.training_jobs.get(job)) {
                None => problems.push(("job", "choose a training job".to_owned())),
                Some(None) => problems.push(("job", "is not there any more".to_owned())),
                Some(Some(job)) if job.artifact.is_none() => problems.push(("job", "has no artefact yet".to_owned())),
                Some(Some(job)) => {
                    let there = job.artifact.as_ref().and_then(|uri| artifact_bytes(snapshot, uri)).is_some();
                    if !there {
                        problems.push(("job", "has an artefact that is no longer in its bucket".to_owned()));
                    }
                }
            },
            From::Artifact if self.artifact.trim().is_empty() => {
                problems.push(("artifact", "choose a model.tar.gz in a bucket".to_owned()));
            }
            From::Artifact => match self.artifact.trim().parse::<S3Uri>() {
                Err(invalid) => problems.push(("artifact", invalid.rule)),
                Ok(uri) if artifact_bytes(snapshot, &uri).is_none() => {
                    problems.push(("artifact", "there is no such object".to_owned()));
                }
                Ok(_) => {}
            },
        }
        let model = self.model(snapshot);
        let environment = model.validate().into_iter().find(|invalid| invalid.field.ends_with("Environment"));
        problems.extend(environment.map(|invalid| ("environment", format!("{} {}", invalid.value, invalid.rule))));
        let repeated = |i: usize| {
            !self.environment[i].0.is_empty() && self.environment[..i].iter().any(|e| e.0 == self.environment[i].0)
        };
        if let Some(i) = (0..self.environment.len()).find(|i| repeated(*i)) {
            problems.push(("environment", format!("{} is there twice", self.environment[i].0)));
        }
        if let Err(invalid) = name::resource("ModelName", &model.name) {
            problems.push(("name", invalid.rule));
        } else if snapshot.models.contains(&model.name) {
            problems.push(("name", "is the name of another model".to_owned()));
        }
        problems
    }
}
