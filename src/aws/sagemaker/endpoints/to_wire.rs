//! Endpoints as Describe, List and Search give them.

use serde_json::{Map, Value, json};

use super::super::data_capture;
use super::super::shapes::{set, time};
use super::super::training_jobs::failure_reason;
use super::deployment_config;
use crate::domain::arn::{Account, ArnKind};
use crate::domain::endpoint::{Deployment, DeploymentStage, Endpoint, EndpointStatus, EndpointVariant};
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
    set(&mut out, "LastDeploymentConfig", deployment_config::last(endpoint));
    let is_up = endpoint.status.serves();
    // A failed endpoint has no fleet, and SageMaker names no variants of it.
    if endpoint.status != EndpointStatus::Failed {
        let since = endpoint.deployments.last().map_or(endpoint.modified, |deployment| deployment.started);
        let starting = (!is_up).then_some(Starting { status: "Creating", message: None, since, is_up: false });
        let variants = endpoint.variants.iter().map(|v| variant(v, starting.as_ref(), endpoint.created, snapshot));
        out.insert("ProductionVariants".to_owned(), variants.collect());
        if !endpoint.shadow_variants.is_empty() {
            let shadows = endpoint.shadow_variants.iter();
            let shadows = shadows.map(|v| variant(v, starting.as_ref(), endpoint.created, snapshot)).collect();
            out.insert("ShadowProductionVariants".to_owned(), shadows);
        }
    }
    let config = snapshot.endpoint_configs.get(&endpoint.config_name);
    if let Some(config) = config {
        let capture = config.data_capture.as_ref();
        set(&mut out, "DataCaptureConfig", capture.map(|capture| data_capture::summary(capture, is_up)));
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

/// What a variant that is not simply there is doing.
struct Starting {
    status: &'static str,
    message: Option<String>,
    since: Timestamp,
    /// Whether it answers already.
    is_up: bool,
}

/// One variant; `starting` while it is coming or going.
fn variant(variant: &EndpointVariant, starting: Option<&Starting>, resolved: Timestamp, snapshot: &Snapshot) -> Value {
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
    let current = if starting.is_some_and(|starting| !starting.is_up) { 0 } else { variant.instance_count };
    out.insert("CurrentInstanceCount".to_owned(), json!(current));
    out.insert("DesiredInstanceCount".to_owned(), json!(variant.instance_count));
    if let Some(starting) = starting {
        let mut status = Map::new();
        status.insert("Status".to_owned(), json!(starting.status));
        set(&mut status, "StatusMessage", starting.message.clone());
        status.insert("StartTime".to_owned(), time(starting.since));
        out.insert("VariantStatus".to_owned(), json!([status]));
    }
    Value::Object(out)
}

/// Where the endpoint is on its way to, or back from, while it is.
fn pending(endpoint: &Endpoint, snapshot: &Snapshot) -> Option<Value> {
    let deployment = endpoint.deployments.last()?;
    let is_moving = endpoint.status.serves() && endpoint.status.is_changing();
    if !is_moving || deployment.entered(DeploymentStage::Swapped) {
        return None;
    }
    let mut out = Map::new();
    out.insert("EndpointConfigName".to_owned(), json!(deployment.config_name));
    out.insert("StartTime".to_owned(), time(deployment.started));
    let config = snapshot.endpoint_configs.get(&deployment.config_name);
    // Before the fleet is ready its variants are those of the configuration, with what they keep.
    let planned = config.map(|config| Endpoint::variants_for(config, &endpoint.variants, deployment.retain));
    let planned = planned.unwrap_or_default();
    let variants = if deployment.variants.is_empty() { &planned } else { &deployment.variants };
    let starting = state_of_new_fleet(deployment);
    let of = |v: &EndpointVariant| {
        let mut line = variant(v, Some(&starting), deployment.started, snapshot);
        if let Value::Object(line) = &mut line {
            line.insert("InstanceType".to_owned(), json!(v.instance_type));
        }
        line
    };
    if !variants.is_empty() {
        out.insert("ProductionVariants".to_owned(), variants.iter().map(of).collect());
    }
    let planned = config.map(|config| Endpoint::shadows_of(config)).unwrap_or_default();
    let shadows = if deployment.shadow_variants.is_empty() { &planned } else { &deployment.shadow_variants };
    if !shadows.is_empty() {
        out.insert("ShadowProductionVariants".to_owned(), shadows.iter().map(of).collect());
    }
    Some(Value::Object(out))
}

/// SageMaker's word for what the new fleet of a deployment does.
pub(super) fn new_fleet_status(deployment: &Deployment) -> &'static str {
    state_of_new_fleet(deployment).status
}

fn state_of_new_fleet(deployment: &Deployment) -> Starting {
    let since = deployment.stages.last().map_or(deployment.started, |(_, at)| *at);
    let (status, message) = match deployment.stage() {
        DeploymentStage::Loading | DeploymentStage::Probing => ("Creating", None),
        DeploymentStage::Shifting => {
            ("ActivatingTraffic", Some(format!("{:.0} percent of the traffic", deployment.share() * 100.0)))
        }
        DeploymentStage::Baking => ("Baking", Some(format!("for {} seconds", deployment.plan.bake_s))),
        _ => ("Deleting", deployment.rollback.as_ref().map(|(_, reason)| reason.clone())),
    };
    Starting { status, message, since, is_up: deployment.stage() >= DeploymentStage::Shifting }
}
