//! Endpoint configurations: which models stand behind an endpoint.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::errors::WireError;
use super::data_capture::{self, DataCaptureConfig};
use super::list::{self, Entry};
use super::refusal::not_found;
use super::shapes::{WireTag, default, each, not_available, required, set, tags_from_wire, time};
use super::{Outcome, Request};
use crate::domain::arn::{Account, ArnKind};
use crate::domain::endpoint_config::{EndpointConfig, ProductionVariant};
use crate::domain::extras::Extras;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::time::Timestamp;
use crate::workspace::Command;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    endpoint_config_name: String,
    production_variants: Vec<WireVariant>,
    shadow_production_variants: Option<Vec<WireVariant>>,
    explainer_config: Option<Value>,
    cross_region_traffic_config: Option<Value>,
    data_capture_config: Option<DataCaptureConfig>,
    tags: Option<Vec<WireTag>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireVariant {
    variant_name: String,
    model_name: Option<String>,
    initial_instance_count: Option<u32>,
    instance_type: Option<String>,
    initial_variant_weight: Option<f64>,
    serverless_config: Option<Value>,
    instance_pools: Option<Value>,
    managed_instance_scaling: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    endpoint_config_name: String,
}

pub(super) async fn create(request: Request) -> Outcome {
    let config = from_wire(request.read()?, request.extras())?;
    let arn = request.snapshot().info.account.arn(ArnKind::EndpointConfig, &config.name);
    request.ask(Command::CreateEndpointConfig(Box::new(config))).await?;
    Ok(Some(json!({ "EndpointConfigArn": arn })))
}

pub(super) fn describe(request: &Request) -> Outcome {
    let Named { endpoint_config_name: name } = request.read()?;
    let snapshot = request.snapshot();
    let account = &snapshot.info.account;
    match snapshot.endpoint_configs.get(&name) {
        Some(config) => Ok(Some(described(config, account).into())),
        None => Err(not_found(&ResourceRef::new(Kind::EndpointConfig, name), account)),
    }
}

pub(super) async fn delete(request: Request) -> Outcome {
    let Named { endpoint_config_name: name } = request.read()?;
    request.ask(Command::DeleteEndpointConfig { name }).await?;
    Ok(None)
}

pub(super) async fn list(request: Request) -> Outcome {
    let snapshot = request.snapshot();
    list::answer(
        "EndpointConfigs",
        request.operation,
        request.read()?,
        snapshot,
        |snapshot, pick| {
            for config in snapshot.endpoint_configs.values() {
                pick(Entry { name: &config.name, created: config.created, modified: config.created, status: "" });
            }
        },
        |snapshot, name| {
            let config = snapshot.endpoint_configs.get(name)?;
            Some(json!({
                "EndpointConfigName": name,
                "EndpointConfigArn": snapshot.info.account.arn(ArnKind::EndpointConfig, name),
                "CreationTime": time(config.created),
            }))
        },
    )
    .await
}

/// What is asked for. `extras` is the whole request.
fn from_wire(create: Create, extras: Extras) -> Result<EndpointConfig, WireError> {
    not_available(create.explainer_config.is_some(), "ExplainerConfig", "answers are not explained; leave it out")?;
    not_available(
        create.cross_region_traffic_config.is_some(),
        "CrossRegionTrafficConfig",
        "there is one region; leave it out",
    )?;
    let variants = create.production_variants.into_iter().map(variant).collect::<Result<_, _>>()?;
    let shadows = create.shadow_production_variants.unwrap_or_default();
    let shadow_variants = shadows.into_iter().map(variant).collect::<Result<_, _>>()?;
    Ok(EndpointConfig {
        name: create.endpoint_config_name,
        variants,
        shadow_variants,
        created: Timestamp::default(),
        tags: tags_from_wire(create.tags),
        data_capture: create.data_capture_config.map(data_capture::from_wire).transpose()?,
        extras,
    })
}

fn variant(given: WireVariant) -> Result<ProductionVariant, WireError> {
    let name = given.variant_name;
    let of = |member: &str| format!("{member} of variant {name}");
    let with_instances = "use InstanceType and InitialInstanceCount";
    not_available(given.serverless_config.is_some(), &of("ServerlessConfig"), with_instances)?;
    not_available(given.instance_pools.is_some(), &of("InstancePools"), with_instances)?;
    not_available(given.managed_instance_scaling.is_some(), &of("ManagedInstanceScaling"), with_instances)?;
    not_available(
        given.model_name.is_none(),
        &of("An endpoint for inference components, which is what leaving out ModelName asks for,"),
        "name the model",
    )?;
    Ok(ProductionVariant {
        model_name: required(given.model_name, &of("ModelName"))?,
        initial_instance_count: required(given.initial_instance_count, &of("InitialInstanceCount"))?,
        instance_type: required(given.instance_type, &of("InstanceType"))?,
        initial_weight: given.initial_variant_weight.unwrap_or(1.0),
        name,
    })
}

/// All that there is to say of a configuration.
pub(super) fn described(config: &EndpointConfig, account: &Account) -> Map<String, Value> {
    let mut out = config.extras.members().clone();
    out.remove("Tags");
    // Kept as they came in a request; those of a configuration that was made in the window are written here.
    if !out.contains_key("ProductionVariants") {
        let variant = |variant: &ProductionVariant| {
            json!({
                "VariantName": variant.name,
                "ModelName": variant.model_name,
                "InitialInstanceCount": variant.initial_instance_count,
                "InstanceType": variant.instance_type,
                "InitialVariantWeight": variant.initial_weight,
            })
        };
        out.insert("ProductionVariants".to_owned(), config.variants.iter().map(variant).collect());
        set(&mut out, "DataCaptureConfig", config.data_capture.as_ref().map(data_capture::to_wire));
        if !config.shadow_variants.is_empty() {
            let shadows = config.shadow_variants.iter().map(variant).collect();
            out.insert("ShadowProductionVariants".to_owned(), shadows);
        }
    }
    for list in ["ProductionVariants", "ShadowProductionVariants"] {
        each(&mut out, list, |variant| default(variant, "InitialVariantWeight", 1.0));
    }
    out.insert("EndpointConfigName".to_owned(), json!(config.name));
    out.insert("EndpointConfigArn".to_owned(), json!(account.arn(ArnKind::EndpointConfig, &config.name)));
    out.insert("CreationTime".to_owned(), time(config.created));
    default(&mut out, "EnableNetworkIsolation", false);
    out
}
