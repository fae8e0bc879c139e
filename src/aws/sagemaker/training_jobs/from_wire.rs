//! `CreateTrainingJob` as it comes over the wire.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::super::errors::WireError;
use super::super::refusal::{invalid, validation};
use super::super::shapes::{WireTag, not_available, required, tags_from_wire};
use crate::domain::algorithm::Algorithm;
use crate::domain::arn::Account;
use crate::domain::extras::Extras;
use crate::domain::s3_uri::S3Uri;
use crate::domain::training_job::{Channel, TrainingJobSpec};

/// How long a job may run when the request does not say: a day, as at AWS.
pub(super) const DEFAULT_RUNTIME_S: u32 = 86_400;

/// What is on a disk that nobody named.
const DEFAULT_VOLUME_GB: u32 = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    training_job_name: String,
    #[serde(default)]
    hyper_parameters: BTreeMap<String, String>,
    algorithm_specification: Option<AlgorithmSpecification>,
    role_arn: String,
    input_data_config: Option<Vec<WireChannel>>,
    output_data_config: OutputDataConfig,
    resource_config: Option<ResourceConfig>,
    stopping_condition: Option<StoppingCondition>,
    tags: Option<Vec<WireTag>>,
    serverless_job_config: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AlgorithmSpecification {
    training_image: Option<String>,
    algorithm_name: Option<String>,
    container_entrypoint: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireChannel {
    channel_name: String,
    data_source: DataSource,
    content_type: Option<String>,
    record_wrapper_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DataSource {
    s3_data_source: Option<S3DataSource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct S3DataSource {
    s3_data_type: String,
    s3_uri: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OutputDataConfig {
    s3_output_path: String,
    compression_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceConfig {
    instance_type: Option<String>,
    instance_count: Option<u32>,
    #[serde(rename = "VolumeSizeInGB")]
    volume_size_in_gb: Option<u32>,
    instance_groups: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StoppingCondition {
    max_runtime_in_seconds: Option<u32>,
}

/// What is asked for. `extras` is the whole request.
pub(super) fn spec(create: Create, extras: Extras, account: &Account) -> Result<TrainingJobSpec, WireError> {
    not_available(create.serverless_job_config.is_some(), "ServerlessJobConfig", "use a built-in algorithm's image")?;
    let (algorithm, image) = algorithm(create.algorithm_specification, account)?;
    let output = create.output_data_config;
    not_available(
        output.compression_type.as_deref() == Some("NONE"),
        "OutputDataConfig.CompressionType NONE",
        "models are written as model.tar.gz; leave it out or use GZIP",
    )?;
    let resources = required(create.resource_config, "ResourceConfig")?;
    not_available(
        resources.instance_groups.is_some(),
        "ResourceConfig.InstanceGroups",
        "use InstanceType and InstanceCount",
    )?;
    let channels = create.input_data_config.unwrap_or_default();
    Ok(TrainingJobSpec {
        name: create.training_job_name,
        algorithm,
        image,
        hyperparameters: create.hyper_parameters,
        channels: channels.into_iter().map(channel).collect::<Result<_, _>>()?,
        output: s3_uri("OutputDataConfig.S3OutputPath", &output.s3_output_path)?,
        instance_type: required(resources.instance_type, "ResourceConfig.InstanceType")?,
        instance_count: required(resources.instance_count, "ResourceConfig.InstanceCount")?,
        volume_size_gb: resources.volume_size_in_gb.filter(|size| *size > 0).unwrap_or(DEFAULT_VOLUME_GB),
        max_runtime_s: create
            .stopping_condition
            .and_then(|stop| stop.max_runtime_in_seconds)
            .unwrap_or(DEFAULT_RUNTIME_S),
        role_arn: Some(create.role_arn),
        tags: tags_from_wire(create.tags),
        extras,
    })
}

fn algorithm(given: Option<AlgorithmSpecification>, account: &Account) -> Result<(Algorithm, String), WireError> {
    let given = required(given, "AlgorithmSpecification")?;
    not_available(
        given.algorithm_name.is_some(),
        "AlgorithmSpecification.AlgorithmName",
        "name the image of a built-in algorithm as TrainingImage",
    )?;
    not_available(
        given.container_entrypoint.is_some(),
        "AlgorithmSpecification.ContainerEntrypoint",
        "built-in algorithms have their own",
    )?;
    let image = required(given.training_image, "AlgorithmSpecification.TrainingImage")?;
    let algorithm = Algorithm::from_image(&image).ok_or_else(|| unknown_image(&image, account))?;
    Ok((algorithm, image))
}

/// An image that no engine here stands behind.
pub(in crate::aws::sagemaker) fn unknown_image(image: &str, account: &Account) -> WireError {
    let known = Algorithm::ALL.map(|algorithm| algorithm.image().replace("us-east-1", &account.region));
    validation(format!(
        "The image {image} is not available in Counterpoise. Available are the built-in algorithms xgboost and linear-learner, for example {}",
        known.join(" and ")
    ))
}

fn channel(given: WireChannel) -> Result<Channel, WireError> {
    let name = given.channel_name;
    let source = given.data_source.s3_data_source;
    not_available(
        source.is_none(),
        &format!("A data source other than S3DataSource (channel {name})"),
        "put the data into a bucket",
    )?;
    let source = required(source, "DataSource.S3DataSource")?;
    not_available(
        source.s3_data_type != "S3Prefix",
        &format!("S3DataType {} (channel {name})", source.s3_data_type),
        "use S3Prefix",
    )?;
    not_available(
        given.record_wrapper_type.as_deref() == Some("RecordIO"),
        &format!("RecordWrapperType RecordIO (channel {name})"),
        "use CSV or libsvm",
    )?;
    Ok(Channel {
        data: s3_uri(&format!("InputDataConfig.{name}.S3Uri"), &source.s3_uri)?,
        name,
        // An empty one says as little as none.
        content_type: given.content_type.filter(|content_type| !content_type.trim().is_empty()),
    })
}

/// An S3 address; `field` is where it stood.
pub(in crate::aws::sagemaker) fn s3_uri(field: &str, text: &str) -> Result<S3Uri, WireError> {
    text.parse().map_err(|mut broken: crate::domain::invalid::Invalid| {
        field.clone_into(&mut broken.field);
        invalid(&[broken])
    })
}
