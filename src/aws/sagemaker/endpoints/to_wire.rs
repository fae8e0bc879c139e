//! Endpoints as Describe, List and Search give them.

use serde_json::{Map, Value, json};

use super::super::shapes::{set, time};
use super::super::training_jobs::failure_reason;
use super::from_wire::DEPLOYMENT_CONFIG;
use crate::domain::arn::{Account, ArnKind};
use crate::domain::endpoint::{DeploymentOutcome, Endpoint, EndpointStatus, EndpointVariant};
use crate::domain::endpoint_config::EndpointConfig;
use crate::domain::time::Timestamp;
use crate::workspace::Snapshot;

/// All that there is to say of an endpoint.
pub(in crate::aws::sagemaker) fn described(endpoint: &Endpoint, snapshot: &Snapshot) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("EndpointName".to_owned(), json!(endpoint.name));
    out.insert("EndpointArn".to_owned(), json!(snapshot.info.account.arn(ArnKind::Endpoint, &endpoint.name)));
    out.insert("EndpointConfigName".to_owned(), json!(endpoint.config_name));
    out.insert("EndpointStatus".to_owned(), json!(endpoint.status.as_str()));
    out.insert("CreationTime".to_owned(), time(endpoint.created));
    out.insert("LastModifiedTime".to_owned(), time(endpoint.modified));
    set(&mut out, "FailureReason", endpoint.failure_reason.as_deref().map(failure_reason));
    set(&mut out, "LastDeploymentConfig", endpoint.extras.members().get(DEPLOYMENT_CONFIG).cloned());
    let is_up = endpoint.status.serves();
    // A failed endpoint has no fleet, and SageMaker names no variants of it.
    if endpoint.status != EndpointStatus::Failed {
        let since = endpoint.deployments.last().map_or(endpoint.modified, |deployment| deployment.started);
        let starting = (!is_up).then_some(("Creating", since));
        let variants = endpoint.variants.iter().map(|v| variant(v, starting, endpoint.created, snapshot));
        out.insert("ProductionVariants".to_owned(), variants.collect());
    }
    let config = snapshot.endpoint_configs.get(&endpoint.config_name);
    if let Some(config) = config {
        set(&mut out, "DataCaptureConfig", data_capture(config));
        set(&mut out, "AsyncInferenceConfig", config.extras.members().get("AsyncInferenceConfig").cloned());
    }
    set(&mut out, "PendingDeploymentSummary", pending(endpoint, snapshot));
    out
}

/// The line of a list.
pub(in crate::aws::sagemaker) fn summary(endpoint: &Endpoint, account: &Account) -> Value {
    json!({
        "EndpointName": endpoint.name,
        "EndpointArn": account.arn(ArnKind::Endpoint, &endpoint.name),
        "CreationTime": time(endpoint.created),
        "LastModifiedTime": time(endpoint.modified),
        "EndpointStatus": endpoint.status.as_str(),
    })
}

/// One variant; `starting` is its status and since when, while it does not answer yet.
fn variant(
    variant: &EndpointVariant,
    starting: Option<(&str, Timestamp)>,
    resolved: Timestamp,
    snapshot: &Snapshot,
) -> Value {
    let mut out = Map::new();
    out.insert("VariantName".to_owned(), json!(variant.name));
    // The model may be deleted while it serves; its image is then not known any more.
    if let Some(model) = snapshot.models.get(&variant.model_name) {
        let image = json!({
            "SpecifiedImage": model.image,
            "ResolvedImage": model.image,
            "ResolutionTime": time(resolved),
        });
        out.insert("DeployedImages".to_owned(), json!([image]));
    }
    out.insert("CurrentWeight".to_owned(), json!(variant.weight));
    out.insert("DesiredWeight".to_owned(), json!(variant.weight));
    let current = if starting.is_some() { 0 } else { variant.instance_count };
    out.insert("CurrentInstanceCount".to_owned(), json!(current));
    out.insert("DesiredInstanceCount".to_owned(), json!(variant.instance_count));
    if let Some((status, since)) = starting {
        out.insert("VariantStatus".to_owned(), json!([{ "Status": status, "StartTime": time(since) }]));
    }
    Value::Object(out)
}

/// Where the endpoint is on its way to, while it is.
fn pending(endpoint: &Endpoint, snapshot: &Snapshot) -> Option<Value> {
    let deployment = endpoint.deployments.last()?;
    let is_moving = endpoint.status == EndpointStatus::Updating && deployment.outcome == DeploymentOutcome::InProgress;
    let name = endpoint.requested_config.as_ref().filter(|_| is_moving)?;
    let mut out = Map::new();
    out.insert("EndpointConfigName".to_owned(), json!(name));
    out.insert("StartTime".to_owned(), time(deployment.started));
    if let Some(config) = snapshot.endpoint_configs.get(name) {
        let of = |(v, given): (EndpointVariant, &crate::domain::endpoint_config::ProductionVariant)| {
            let mut line = variant(&v, Some(("Creating", deployment.started)), deployment.started, snapshot);
            if let Value::Object(line) = &mut line {
                line.insert("InstanceType".to_owned(), json!(given.instance_type));
            }
            line
        };
        let variants = Endpoint::variants_of(config).into_iter().zip(&config.variants).map(of);
        out.insert("ProductionVariants".to_owned(), variants.collect());
    }
    Some(Value::Object(out))
}

/// Data capture as it was asked for, and that it does not happen.
fn data_capture(config: &EndpointConfig) -> Option<Value> {
    let given = config.extras.members().get("DataCaptureConfig")?;
    let member = |name: &str| given.get(name).cloned();
    Some(json!({
        "EnableCapture": member("EnableCapture").unwrap_or(json!(false)),
        "CaptureStatus": "Stopped",
        "CurrentSamplingPercentage": member("InitialSamplingPercentage")?,
        "DestinationS3Uri": member("DestinationS3Uri")?,
        "KmsKeyId": member("KmsKeyId").unwrap_or(json!("")),
    }))
}
