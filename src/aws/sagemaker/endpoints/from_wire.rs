//! What changes endpoints, as it comes over the wire.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::errors::WireError;
use super::super::refusal::validation;
use super::super::shapes::{WireTag, not_available, tags_from_wire};
use crate::domain::endpoint::Retain;
use crate::domain::extras::Extras;
use crate::workspace::{Command, Snapshot};

/// The member under which a deployment's settings are kept.
pub(super) const DEPLOYMENT_CONFIG: &str = "DeploymentConfig";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    endpoint_name: String,
    endpoint_config_name: String,
    deployment_config: Option<DeploymentConfig>,
    tags: Option<Vec<WireTag>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Update {
    endpoint_name: String,
    endpoint_config_name: String,
    #[serde(default)]
    retain_all_variant_properties: bool,
    #[serde(default)]
    exclude_retained_variant_properties: Vec<VariantProperty>,
    deployment_config: Option<DeploymentConfig>,
    #[serde(default)]
    retain_deployment_config: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VariantProperty {
    variant_property_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeploymentConfig {
    blue_green_update_policy: Option<BlueGreenUpdatePolicy>,
    rolling_update_policy: Option<Value>,
    auto_rollback_configuration: Option<AutoRollbackConfiguration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BlueGreenUpdatePolicy {
    traffic_routing_configuration: TrafficRoutingConfiguration,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TrafficRoutingConfiguration {
    r#type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AutoRollbackConfiguration {
    #[serde(default)]
    alarms: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Weights {
    endpoint_name: String,
    desired_weights_and_capacities: Vec<DesiredWeightAndCapacity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DesiredWeightAndCapacity {
    variant_name: String,
    desired_weight: Option<f64>,
    desired_instance_count: Option<u32>,
    serverless_update_config: Option<Value>,
}

/// The name and the command. `extras` is the whole request.
pub(super) fn create(create: Create, extras: Extras) -> Result<(String, Command), WireError> {
    deployment(create.deployment_config.as_ref())?;
    let name = create.endpoint_name;
    let command = Command::CreateEndpoint {
        name: name.clone(),
        config_name: create.endpoint_config_name,
        tags: tags_from_wire(create.tags),
        extras,
    };
    Ok((name, command))
}

/// The name and the command. `input` is the whole request.
pub(super) fn update(
    update: Update,
    input: &Map<String, Value>,
    snapshot: &Snapshot,
) -> Result<(String, Command), WireError> {
    deployment(update.deployment_config.as_ref())?;
    let name = update.endpoint_name;
    let mut kept = input.clone();
    if update.retain_deployment_config
        && let Some(endpoint) = snapshot.endpoints.get(&name)
        && let Some(before) = endpoint.extras.members().get(DEPLOYMENT_CONFIG)
    {
        kept.insert(DEPLOYMENT_CONFIG.to_owned(), before.clone());
    }
    let excluded = |property: &str| {
        update.exclude_retained_variant_properties.iter().any(|excluded| excluded.variant_property_type == property)
    };
    let retain = update.retain_all_variant_properties;
    let command = Command::UpdateEndpoint {
        name: name.clone(),
        config_name: update.endpoint_config_name,
        retain: Retain {
            weights: retain && !excluded("DesiredWeight"),
            instance_counts: retain && !excluded("DesiredInstanceCount"),
        },
        extras: Extras::of(kept),
    };
    Ok((name, command))
}

/// The name and the command.
pub(super) fn weights(request: Weights) -> Result<(String, Command), WireError> {
    let (mut weights, mut instance_counts) = (Vec::new(), Vec::new());
    for desired in request.desired_weights_and_capacities {
        let variant = desired.variant_name;
        not_available(
            desired.serverless_update_config.is_some(),
            &format!("ServerlessUpdateConfig of variant {variant}"),
            "use DesiredWeight and DesiredInstanceCount",
        )?;
        if desired.desired_weight.is_none() && desired.desired_instance_count.is_none() {
            return Err(validation(format!(
                "Variant {variant} names neither DesiredWeight nor DesiredInstanceCount: give at least one of them"
            )));
        }
        weights.extend(desired.desired_weight.map(|weight| (variant.clone(), weight)));
        instance_counts.extend(desired.desired_instance_count.map(|count| (variant, count)));
    }
    let name = request.endpoint_name;
    Ok((name.clone(), Command::UpdateWeights { name, weights, instance_counts }))
}

/// A deployment swaps everything at once; what asks for more is refused rather than passed over.
fn deployment(config: Option<&DeploymentConfig>) -> Result<(), WireError> {
    let Some(config) = config else { return Ok(()) };
    let instead = "all traffic moves at once; use TrafficRoutingConfiguration.Type ALL_AT_ONCE, or shift it with \
                   UpdateEndpointWeightsAndCapacities";
    if let Some(policy) = &config.blue_green_update_policy {
        let kind = policy.traffic_routing_configuration.r#type.as_str();
        not_available(kind != "ALL_AT_ONCE", &format!("TrafficRoutingConfiguration.Type {kind}"), instead)?;
    }
    not_available(config.rolling_update_policy.is_some(), "RollingUpdatePolicy", instead)?;
    let alarms = config.auto_rollback_configuration.as_ref().is_some_and(|rollback| !rollback.alarms.is_empty());
    not_available(
        alarms,
        "AutoRollbackConfiguration.Alarms",
        "alarms are not watched; an update whose models can't be loaded goes back by itself",
    )
}
