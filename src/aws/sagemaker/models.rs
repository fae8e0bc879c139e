//! Models: a name for an artefact and the container that serves it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::errors::WireError;
use super::list::{self, Entry};
use super::refusal::{not_found, validation};
use super::shapes::{WireTag, default, each, not_available, object, required, role_arn, tags_from_wire, time};
use super::training_jobs::{s3_uri, unknown_image};
use super::{Outcome, Request};
use crate::domain::algorithm::Algorithm;
use crate::domain::arn::{Account, ArnKind};
use crate::domain::extras::Extras;
use crate::domain::model::Model;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::time::Timestamp;
use crate::workspace::Command;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    model_name: String,
    primary_container: Option<Container>,
    containers: Option<Vec<Container>>,
    execution_role_arn: Option<String>,
    tags: Option<Vec<WireTag>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    image: Option<String>,
    mode: Option<String>,
    model_data_url: Option<String>,
    model_data_source: Option<ModelDataSource>,
    additional_model_data_sources: Option<Value>,
    model_package_name: Option<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ModelDataSource {
    s3_data_source: Option<S3ModelDataSource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct S3ModelDataSource {
    s3_uri: String,
    s3_data_type: String,
    compression_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    model_name: String,
}

pub(super) async fn create(request: Request) -> Outcome {
    let account = request.snapshot().info.account.clone();
    let model = from_wire(request.read()?, request.extras(), &account)?;
    let arn = account.arn(ArnKind::Model, &model.name);
    request.bucket_of(&model.model_data)?;
    request.ask(Command::CreateModel(Box::new(model))).await?;
    Ok(Some(json!({ "ModelArn": arn })))
}

pub(super) fn describe(request: &Request) -> Outcome {
    let Named { model_name: name } = request.read()?;
    let snapshot = request.snapshot();
    let account = &snapshot.info.account;
    match snapshot.models.get(&name) {
        Some(model) => Ok(Some(described(model, account).into())),
        None => Err(not_found(&ResourceRef::new(Kind::Model, name), account)),
    }
}

pub(super) async fn delete(request: Request) -> Outcome {
    let Named { model_name: name } = request.read()?;
    request.ask(Command::DeleteModel { name }).await?;
    Ok(None)
}

pub(super) async fn list(request: Request) -> Outcome {
    let snapshot = request.snapshot();
    list::answer(
        "Models",
        request.operation,
        request.read()?,
        snapshot,
        |snapshot, pick| {
            for model in snapshot.models.values() {
                pick(Entry { name: &model.name, created: model.created, modified: model.created, status: "" });
            }
        },
        |snapshot, name| {
            let model = snapshot.models.get(name)?;
            Some(json!({
                "ModelName": name,
                "ModelArn": snapshot.info.account.arn(ArnKind::Model, name),
                "CreationTime": time(model.created),
            }))
        },
    )
    .await
}

/// What is asked for. `extras` is the whole request.
fn from_wire(create: Create, extras: Extras, account: &Account) -> Result<Model, WireError> {
    let container = container(create.primary_container, create.containers)?;
    not_available(
        container.mode.as_deref() == Some("MultiModel"),
        "Container mode MultiModel",
        "make one model for each artefact, and an endpoint configuration with several variants",
    )?;
    not_available(
        container.model_package_name.is_some(),
        "ModelPackageName",
        "name the image and the artefact as Image and ModelDataUrl",
    )?;
    not_available(
        container.additional_model_data_sources.is_some(),
        "AdditionalModelDataSources",
        "name one artefact as ModelDataUrl",
    )?;
    let image = required(container.image, "PrimaryContainer.Image")?;
    if Algorithm::from_image(&image).is_none() {
        return Err(unknown_image(&image, account));
    }
    let data = match (container.model_data_url, container.model_data_source.and_then(|source| source.s3_data_source)) {
        (Some(url), _) => url,
        (None, Some(source)) => {
            let is_archive = source.s3_data_type == "S3Object" && source.compression_type == "Gzip";
            not_available(
                !is_archive,
                "A model data source other than a model.tar.gz",
                "use S3DataType S3Object and CompressionType Gzip",
            )?;
            source.s3_uri
        }
        (None, None) => {
            return Err(validation(
                "PrimaryContainer.ModelDataUrl is required: the built-in algorithms serve an artefact, such as the model.tar.gz \
                 that DescribeTrainingJob names in ModelArtifacts.S3ModelArtifacts",
            ));
        }
    };
    Ok(Model {
        name: create.model_name,
        image,
        model_data: s3_uri("PrimaryContainer.ModelDataUrl", &data)?,
        environment: container.environment,
        execution_role_arn: create.execution_role_arn,
        created: Timestamp::default(),
        tags: tags_from_wire(create.tags),
        extras,
    })
}

fn container(primary: Option<Container>, several: Option<Vec<Container>>) -> Result<Container, WireError> {
    match (primary, several.unwrap_or_default()) {
        (Some(_), several) if !several.is_empty() => {
            Err(validation("Specify either PrimaryContainer or Containers, not both"))
        }
        (Some(primary), _) => Ok(primary),
        (None, several) => {
            not_available(several.len() > 1, "An inference pipeline of several Containers", "use one container")?;
            required(several.into_iter().next(), "PrimaryContainer")
        }
    }
}

/// All that there is to say of a model.
pub(super) fn described(model: &Model, account: &Account) -> Map<String, Value> {
    let mut out = model.extras.members().clone();
    out.remove("Tags");
    if model.extras.is_empty() {
        let container = json!({
            "Image": model.image,
            "ModelDataUrl": model.model_data.to_string(),
            "Environment": model.environment,
        });
        out.insert("PrimaryContainer".to_owned(), container);
        let role = model.execution_role_arn.clone();
        out.insert("ExecutionRoleArn".to_owned(), json!(role.unwrap_or_else(|| role_arn(account))));
    }
    let complete = |container: &mut Map<String, Value>| {
        default(container, "Mode", "SingleModel");
        default(container, "Environment", Map::new());
        let uri = model.model_data.to_string();
        let source = json!({ "S3Uri": uri, "S3DataType": "S3Object", "CompressionType": "Gzip" });
        default(container, "ModelDataUrl", uri);
        default(container, "ModelDataSource", json!({ "S3DataSource": source }));
    };
    if out.contains_key("PrimaryContainer") {
        object(&mut out, "PrimaryContainer", complete);
    } else {
        each(&mut out, "Containers", complete);
    }
    out.insert("ModelName".to_owned(), json!(model.name));
    out.insert("ModelArn".to_owned(), json!(account.arn(ArnKind::Model, &model.name)));
    out.insert("CreationTime".to_owned(), time(model.created));
    default(&mut out, "EnableNetworkIsolation", false);
    out
}
