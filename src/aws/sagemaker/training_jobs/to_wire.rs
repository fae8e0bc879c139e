//! Training jobs as Describe, List and Search give them.

use serde_json::{Map, Value, json};

use super::super::shapes::{default, each, object, set, time};
use crate::domain::arn::{Account, ArnKind};
use crate::domain::time::Timestamp;
use crate::domain::training_job::{Channel, TrainingJob, TrainingJobSpec};

/// AWS's longest `FailureReason`.
pub(in crate::aws::sagemaker) const FAILURE_REASON_MAX: usize = 1024;

/// As many as the model allows.
const MOST_DEFINITIONS: usize = 40;

/// All that there is to say of a job: the request as it came, and what became of it.
pub(in crate::aws::sagemaker) fn described(job: &TrainingJob, account: &Account) -> Map<String, Value> {
    let spec = &job.spec;
    let mut out = if spec.extras.is_empty() { request_of(spec, account) } else { spec.extras.members().clone() };
    out.remove("Tags");
    complete(&mut out);
    out.insert("TrainingJobName".to_owned(), json!(spec.name));
    out.insert("TrainingJobArn".to_owned(), json!(account.arn(ArnKind::TrainingJob, &spec.name)));
    out.insert("TrainingJobStatus".to_owned(), json!(job.status.as_str()));
    out.insert("SecondaryStatus".to_owned(), json!(job.secondary.as_str()));
    let artifact = job.artifact.clone().unwrap_or_else(|| spec.artifact_uri());
    out.insert("ModelArtifacts".to_owned(), json!({ "S3ModelArtifacts": artifact.to_string() }));
    out.insert("CreationTime".to_owned(), time(job.created));
    out.insert("LastModifiedTime".to_owned(), time(last_modified(job)));
    set(&mut out, "TrainingStartTime", job.started.map(time));
    set(&mut out, "TrainingEndTime", job.ended.map(time));
    out.insert("SecondaryStatusTransitions".to_owned(), transitions(job));
    if !job.final_metrics.is_empty() {
        let metrics = job.final_metrics.iter();
        let metrics = metrics.map(|m| json!({ "MetricName": m.name, "Value": m.value, "Timestamp": time(m.at) }));
        out.insert("FinalMetricDataList".to_owned(), metrics.collect());
    }
    if job.started.is_some() && job.ended.is_some() {
        // A job that ran at all ran for a second, as at AWS.
        let seconds = (job.billable_ms(job.created) + 999).div_euclid(1000).max(1);
        out.insert("TrainingTimeInSeconds".to_owned(), json!(seconds));
        out.insert("BillableTimeInSeconds".to_owned(), json!(seconds));
    }
    set(&mut out, "FailureReason", job.failure_reason.as_deref().map(failure_reason));
    out
}

/// The line of a list.
pub(super) fn summary(job: &TrainingJob, account: &Account) -> Value {
    let mut out = Map::new();
    out.insert("TrainingJobName".to_owned(), json!(job.name()));
    out.insert("TrainingJobArn".to_owned(), json!(account.arn(ArnKind::TrainingJob, job.name())));
    out.insert("CreationTime".to_owned(), time(job.created));
    out.insert("LastModifiedTime".to_owned(), time(last_modified(job)));
    set(&mut out, "TrainingEndTime", job.ended.map(time));
    out.insert("TrainingJobStatus".to_owned(), json!(job.status.as_str()));
    out.insert("SecondaryStatus".to_owned(), json!(job.secondary.as_str()));
    Value::Object(out)
}

/// When its state last changed.
pub(in crate::aws::sagemaker) fn last_modified(job: &TrainingJob) -> Timestamp {
    job.transitions.last().map_or(job.created, |last| last.started)
}

/// A reason cut to the length that AWS allows.
pub(in crate::aws::sagemaker) fn failure_reason(reason: &str) -> String {
    reason.chars().take(FAILURE_REASON_MAX).collect()
}

fn transitions(job: &TrainingJob) -> Value {
    let ends = job.transitions.iter().skip(1).map(|next| Some(next.started)).chain([job.ended]);
    let line = |(transition, end): (&crate::domain::training_job::Transition, Option<Timestamp>)| {
        let mut line = Map::new();
        line.insert("Status".to_owned(), json!(transition.status.as_str()));
        line.insert("StartTime".to_owned(), time(transition.started));
        set(&mut line, "EndTime", end.map(time));
        line.insert("StatusMessage".to_owned(), json!(transition.message));
        Value::Object(line)
    };
    job.transitions.iter().zip(ends).map(line).collect()
}

/// Says which metrics the job has and how they stand in its log, as SageMaker does for its own algorithms: the SDK asks for their curves
/// by these names.
pub(super) fn define_metrics(out: &mut Map<String, Value>, names: &[String]) {
    if names.is_empty() {
        return;
    }
    let define = |name: &String| {
        let in_log = name.replacen(':', "-", 1);
        let regex = format!(r".*\[[0-9]+\].*#011{in_log}:([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?).*");
        json!({ "Name": name, "Regex": regex })
    };
    object(out, "AlgorithmSpecification", |algorithm| {
        default(algorithm, "MetricDefinitions", names.iter().take(MOST_DEFINITIONS).map(define).collect::<Value>());
    });
}

/// What SageMaker adds to a request that leaves it out.
fn complete(out: &mut Map<String, Value>) {
    object(out, "OutputDataConfig", |output| {
        // Clients read it without asking whether it is there.
        default(output, "KmsKeyId", "");
        default(output, "CompressionType", "GZIP");
    });
    each(out, "InputDataConfig", |channel| {
        default(channel, "CompressionType", "None");
        default(channel, "RecordWrapperType", "None");
        object(channel, "DataSource", |source| {
            if source.contains_key("S3DataSource") {
                object(source, "S3DataSource", |s3| default(s3, "S3DataDistributionType", "FullyReplicated"));
            }
        });
    });
    object(out, "StoppingCondition", |stop| {
        default(stop, "MaxRuntimeInSeconds", super::from_wire::DEFAULT_RUNTIME_S);
    });
    for switch in ["EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"] {
        default(out, switch, false);
    }
}

/// The request that a client would have made for a job that was made in the window.
fn request_of(spec: &TrainingJobSpec, account: &Account) -> Map<String, Value> {
    let channel = |channel: &Channel| {
        let mut out = Map::new();
        out.insert("ChannelName".to_owned(), json!(channel.name));
        let source = json!({ "S3DataType": "S3Prefix", "S3Uri": channel.data.to_string() });
        out.insert("DataSource".to_owned(), json!({ "S3DataSource": source }));
        set(&mut out, "ContentType", channel.content_type.clone());
        Value::Object(out)
    };
    let request = json!({
        "HyperParameters": spec.hyperparameters,
        "AlgorithmSpecification": { "TrainingImage": spec.image, "TrainingInputMode": "File" },
        "RoleArn": spec.role_arn.clone().unwrap_or_else(|| super::super::shapes::role_arn(account)),
        "InputDataConfig": spec.channels.iter().map(channel).collect::<Value>(),
        "OutputDataConfig": { "S3OutputPath": spec.output.to_string() },
        "ResourceConfig": {
            "InstanceType": spec.instance_type,
            "InstanceCount": spec.instance_count,
            "VolumeSizeInGB": spec.volume_size_gb,
        },
        "StoppingCondition": { "MaxRuntimeInSeconds": spec.max_runtime_s },
    });
    match request {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
