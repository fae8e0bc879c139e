//! What changes endpoints, as it comes over the wire.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::errors::WireError;
use super::super::refusal::validation;
use super::super::shapes::{WireTag, not_available, tags_from_wire};
use super::deployment_config::{self, DEPLOYMENT_CONFIG, DeploymentConfig};
use crate::domain::endpoint::Retain;
use crate::domain::extras::Extras;
use crate::workspace::{Command, Snapshot};

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
    // The first fleet has nothing to move from; the settings are kept for updates that ask for the last ones.
    deployment_config::read(create.deployment_config.as_ref())?;
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
    let name = update.endpoint_name;
    let mut kept = input.clone();
    let mut config = update.deployment_config;
    if update.retain_deployment_config
        && let Some(endpoint) = snapshot.endpoints.get(&name)
        && let Some(before) = deployment_config::last(endpoint)
    {
        config = Some(deployment_config::kept(&before)?);
        kept.insert(DEPLOYMENT_CONFIG.to_owned(), before);
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
            of: None,
        },
        plan: deployment_config::read(config.as_ref())?,
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
