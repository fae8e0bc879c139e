//! What can be searched, as Describe would give it, and how its properties are looked up.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::super::errors::WireError;
use super::super::refusal::validation;
use super::super::shapes::tags_to_wire;
use super::super::{endpoints, models, training_jobs};
use crate::workspace::Snapshot;

/// The kinds of resource that can be searched and that an engine stands behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Searched {
    TrainingJob,
    Model,
    Endpoint,
}

/// The properties of a training job that AWS names.
const TRAINING_JOB: &[&str] = &[
    "TrainingJobName",
    "TrainingJobArn",
    "TuningJobArn",
    "LabelingJobArn",
    "AutoMLJobArn",
    "ModelArtifacts",
    "TrainingJobStatus",
    "SecondaryStatus",
    "FailureReason",
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "WarmPoolStatus",
    "VpcConfig",
    "StoppingCondition",
    "CreationTime",
    "TrainingStartTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "SecondaryStatusTransitions",
    "FinalMetricDataList",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "TrainingTimeInSeconds",
    "BillableTimeInSeconds",
    "DebugHookConfig",
    "ExperimentConfig",
    "DebugRuleConfigurations",
    "TensorBoardOutputConfig",
    "DebugRuleEvaluationStatuses",
    "OutputModelPackageArn",
    "ModelPackageConfig",
    "ProfilerConfig",
    "Environment",
    "RetryStrategy",
    "Tags",
    "Metrics",
];

const MODEL: &[&str] = &[
    "ModelName",
    "PrimaryContainer",
    "Containers",
    "InferenceExecutionConfig",
    "ExecutionRoleArn",
    "VpcConfig",
    "CreationTime",
    "LastModifiedTime",
    "ModelArn",
    "EnableNetworkIsolation",
    "Tags",
    "DeploymentRecommendation",
    "Model",
    "Endpoints",
    "LastBatchTransformJob",
    "MonitoringSchedules",
    "ModelCard",
];

const ENDPOINT: &[&str] = &[
    "EndpointName",
    "EndpointArn",
    "EndpointConfigName",
    "ProductionVariants",
    "DataCaptureConfig",
    "EndpointStatus",
    "FailureReason",
    "CreationTime",
    "LastModifiedTime",
    "MonitoringSchedules",
    "Tags",
    "ShadowProductionVariants",
];

/// One resource: its properties, and for a model what surrounds them on the wire.
#[derive(Debug)]
pub(super) struct Record {
    properties: Map<String, Value>,
    around: Option<Map<String, Value>>,
}

/// What is sorted by. What has no such property comes before what has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Key {
    Absent,
    Number(f64),
    Text(String),
}

impl Key {
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Absent => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
        }
    }
}

impl Searched {
    /// The kind of a `Resource`; `None` for one that has no engine here.
    pub(super) fn of(resource: &str) -> Option<Self> {
        match resource {
            "TrainingJob" => Some(Self::TrainingJob),
            "Model" => Some(Self::Model),
            "Endpoint" => Some(Self::Endpoint),
            _ => None,
        }
    }

    /// The member of a result that holds it.
    pub(super) fn member(self) -> &'static str {
        match self {
            Self::TrainingJob => "TrainingJob",
            Self::Model => "Model",
            Self::Endpoint => "Endpoint",
        }
    }

    /// The names that a search may use.
    pub(super) fn properties(self) -> &'static [&'static str] {
        match self {
            Self::TrainingJob => TRAINING_JOB,
            Self::Model => MODEL,
            Self::Endpoint => ENDPOINT,
        }
    }

    /// Refuses a property that the kind does not have: a typo would otherwise look like "nothing found".
    pub(super) fn knows(self, path: &str) -> Result<(), WireError> {
        let first = path.split('.').next().unwrap_or_default();
        if self.properties().contains(&first) {
            return Ok(());
        }
        Err(validation(format!("Unknown property name: {path} is not a property of {}", self.member())))
    }

    /// Hands every resource of the kind to somebody, with its name.
    pub(super) fn each(self, snapshot: &Snapshot, pick: &mut dyn FnMut(&str, Record)) {
        let account = &snapshot.info.account;
        let with_tags = |mut properties: Map<String, Value>, tags| {
            properties.insert("Tags".to_owned(), tags_to_wire(tags));
            Record { properties, around: None }
        };
        match self {
            Self::TrainingJob => {
                for job in snapshot.training_jobs.values() {
                    pick(job.name(), with_tags(training_jobs::described(job, account), &job.spec.tags));
                }
            }
            Self::Endpoint => {
                for endpoint in snapshot.endpoints.values() {
                    pick(&endpoint.name, with_tags(endpoints::described(endpoint, snapshot), &endpoint.tags));
                }
            }
            Self::Model => {
                for model in snapshot.models.values() {
                    let mut record = with_tags(models::described(model, account), &model.tags);
                    let serving =
                        snapshot.endpoints.values().filter(|e| e.all_variants().any(|v| v.model_name == model.name));
                    let serving: Value = serving.map(|endpoint| endpoints::summary(endpoint, account)).collect();
                    record.around = Some([("Endpoints".to_owned(), serving)].into_iter().collect());
                    pick(&model.name, record);
                }
            }
        }
    }
}

impl Record {
    /// As a result gives it.
    pub(super) fn into_wire(self) -> Value {
        let Some(mut around) = self.around else { return Value::Object(self.properties) };
        around.insert("Model".to_owned(), Value::Object(self.properties));
        Value::Object(around)
    }

    /// What is sorted by.
    pub(super) fn key(&self, path: &str) -> Key {
        let mut found = self.values(path);
        if found.is_empty() && path == super::SORT_BY {
            // A model never changes.
            found = self.values("CreationTime");
        }
        match found.first() {
            Some(Value::Number(number)) => number.as_f64().map_or(Key::Absent, Key::Number),
            Some(Value::String(text)) => Key::Text(text.clone()),
            Some(Value::Bool(flag)) => Key::Text(flag.to_string()),
            _ => Key::Absent,
        }
    }

    /// The values at a path such as `InputDataConfig.ChannelName`, one for each element of the lists on the way.
    pub(super) fn values(&self, path: &str) -> Vec<&Value> {
        if let Some(key) = path.strip_prefix("Tags.") {
            return pick(&self.properties, "Tags", "Key", key, "Value");
        }
        if let Some(metric) = path.strip_prefix("Metrics.") {
            return pick(&self.properties, "FinalMetricDataList", "MetricName", metric, "Value");
        }
        let mut found = Vec::new();
        let path = if self.around.is_some() { path.strip_prefix("Model.").unwrap_or(path) } else { path };
        in_object(&self.properties, path, &mut found);
        if let Some(around) = &self.around {
            in_object(around, path, &mut found);
        }
        found
    }
}

/// The `value` members of those elements of a list whose `name` member is `wanted`.
fn pick<'a>(of: &'a Map<String, Value>, list: &str, name: &str, wanted: &str, value: &str) -> Vec<&'a Value> {
    let list = of.get(list).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    list.iter().filter(|element| element[name] == json!(wanted)).filter_map(|element| element.get(value)).collect()
}

/// The values at a path within a value.
pub(super) fn within<'a>(value: &'a Value, path: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(list) => list.iter().for_each(|element| within(element, path, found)),
        Value::Object(object) => in_object(object, path, found),
        _ => {}
    }
}

fn in_object<'a>(object: &'a Map<String, Value>, path: &str, found: &mut Vec<&'a Value>) {
    // Keys of a client's own, such as those of an environment, may hold dots.
    if let Some(value) = object.get(path) {
        return leaves(value, found);
    }
    if let Some((first, rest)) = path.split_once('.')
        && let Some(value) = object.get(first)
    {
        within(value, rest, found);
    }
}

fn leaves<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(list) => list.iter().for_each(|element| leaves(element, found)),
        Value::Null => {}
        other => found.push(other),
    }
}
