//! What AWS's own service model says of a request: which operations there are, and which rules their members obey.
//!
//! The facts come from the public model that botocore ships, as `tests/aws/model/extract.py` writes them to `assets/aws`; the words of the
//! errors are AWS's, so that a client that matches on them works here too.

mod data;
mod form;
mod pattern;
mod rules;
mod types;
mod words;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use hyper::StatusCode;
use serde_json::Value;

use super::errors::WireError;
use data::Service;

pub use form::Fields;

/// A service whose model we carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModelOf {
    /// The control plane.
    SageMaker,
    /// Invocations.
    Runtime,
    /// Metrics of training jobs.
    Metrics,
    /// CloudWatch Logs.
    Logs,
    /// CloudWatch metrics.
    CloudWatch,
    /// Buckets and objects: names of operations only.
    S3,
    /// Identity and sessions.
    Sts,
    /// Roles: inputs of the few operations that clients of SageMaker call.
    Iam,
}

macro_rules! embedded {
    ($name:literal) => {
        LazyLock::new(|| Service::read($name, include_bytes!(concat!("../../../assets/aws/", $name, ".json.gz"))))
    };
}

static SAGEMAKER: LazyLock<Service> = embedded!("sagemaker");
static RUNTIME: LazyLock<Service> = embedded!("sagemaker-runtime");
static METRICS: LazyLock<Service> = embedded!("sagemaker-metrics");
static LOGS: LazyLock<Service> = embedded!("logs");
static CLOUDWATCH: LazyLock<Service> = embedded!("cloudwatch");
static S3: LazyLock<Service> = embedded!("s3");
static STS: LazyLock<Service> = embedded!("sts");
static IAM: LazyLock<Service> = embedded!("iam");

impl ModelOf {
    /// Every service, in the order of the documents.
    pub const ALL: [Self; 8] =
        [Self::SageMaker, Self::Runtime, Self::Metrics, Self::S3, Self::Sts, Self::Iam, Self::Logs, Self::CloudWatch];

    /// Its name in the model, which is also its name on the AWS command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::SageMaker => "sagemaker",
            Self::Runtime => "sagemaker-runtime",
            Self::Metrics => "sagemaker-metrics",
            Self::Logs => "logs",
            Self::CloudWatch => "cloudwatch",
            Self::S3 => "s3",
            Self::Sts => "sts",
            Self::Iam => "iam",
        }
    }

    fn service(self) -> &'static Service {
        match self {
            Self::SageMaker => &SAGEMAKER,
            Self::Runtime => &RUNTIME,
            Self::Metrics => &METRICS,
            Self::Logs => &LOGS,
            Self::CloudWatch => &CLOUDWATCH,
            Self::S3 => &S3,
            Self::Sts => &STS,
            Self::Iam => &IAM,
        }
    }

    /// What it calls an error of validation: the words behind it are the same in all.
    fn refusal(self) -> &'static str {
        match self {
            Self::SageMaker | Self::Metrics => "ValidationException",
            Self::Logs => "InvalidParameterException",
            Self::Runtime | Self::CloudWatch | Self::S3 | Self::Sts | Self::Iam => "ValidationError",
        }
    }
}

/// Every operation that the service has at AWS, in order of name.
pub fn operations(service: ModelOf) -> &'static [String] {
    service.service().operations()
}

/// Whether the service has the operation at AWS.
pub fn has(service: ModelOf, operation: &str) -> bool {
    operations(service).binary_search_by(|name| name.as_str().cmp(operation)).is_ok()
}

/// Whether the rules for the operation's input are known here, so that [`check`] says something.
pub fn knows(service: ModelOf, operation: &str) -> bool {
    service.service().input(operation).is_some()
}

/// A form of the Query protocol as the input that it stands for; an empty one for an operation whose input is not kept (see [`knows`]).
pub fn from_form(service: ModelOf, operation: &str, fields: &Fields) -> Value {
    let model = service.service();
    model.input(operation).map_or_else(|| Value::Object(serde_json::Map::new()), |shape| fields.input(model, shape))
}

/// Holds a request against the model: required members, types, patterns, lengths, ranges, enumerations.
///
/// Members that the model does not have are passed over, as AWS does; a member that is null counts as absent. Says nothing of operations whose
/// input is not kept (see [`knows`]).
///
/// # Errors
/// `SerializationException` for the first value of a wrong type; otherwise `ValidationException` (the name differs between services) that
/// tells up to ten broken rules, in AWS's words.
pub fn check(service: ModelOf, operation: &str, input: &Value) -> Result<(), WireError> {
    let model = service.service();
    let Some(shape) = model.input(operation) else { return Ok(()) };
    types::check(model, shape, input)
        .map_err(|message| WireError::new(StatusCode::BAD_REQUEST, "SerializationException", message))?;
    let broken = rules::broken(model, shape, input);
    if broken.is_empty() {
        return Ok(());
    }
    let plural = if broken.len() == 1 { "" } else { "s" };
    let message = format!("{} validation error{plural} detected: {}", broken.len(), broken.join("; "));
    Err(WireError::new(StatusCode::BAD_REQUEST, service.refusal(), message))
}
