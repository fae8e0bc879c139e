//! A command's refusal in AWS's codes and words. Here, and nowhere else, a [`CommandError`] of the control plane turns into a wire error.

use hyper::StatusCode;

use super::super::errors::WireError;
use crate::domain::arn::{Account, ArnKind};
use crate::domain::invalid::Invalid;
use crate::domain::reference::{Kind, ResourceRef};
use crate::workspace::CommandError;

/// `ValidationException`, 400: what SageMaker says of nearly everything.
pub(super) fn validation(message: impl Into<String>) -> WireError {
    WireError::new(StatusCode::BAD_REQUEST, "ValidationException", message)
}

/// Broken rules in the shape in which SageMaker lists them.
pub(super) fn invalid(broken: &[Invalid]) -> WireError {
    let each = broken.iter().map(|invalid| {
        let Invalid { field, value, rule } = invalid;
        format!("Value '{value}' at '{field}' failed to satisfy constraint: Member {rule}")
    });
    let each = each.collect::<Vec<_>>().join("; ");
    let errors = if broken.len() == 1 { "error" } else { "errors" };
    validation(format!("{} validation {errors} detected: {each}", broken.len()))
}

/// A resource that is not there.
pub(super) fn not_found(resource: &ResourceRef, account: &Account) -> WireError {
    match resource.kind {
        // SageMaker has other words for jobs than for what serves.
        Kind::TrainingJob => validation("Requested resource not found."),
        Kind::Bucket => validation(format!(
            "Could not access bucket {}: there is no such bucket in this workspace. Create it first",
            resource.name
        )),
        _ => validation(format!("Could not find {}.", named(resource, account))),
    }
}

/// A command's refusal. `operation` was asked for.
pub(super) fn of(operation: &str, error: CommandError, account: &Account) -> WireError {
    match error {
        CommandError::Invalid(broken) => invalid(&broken),
        CommandError::NotFound(resource) => not_found(&resource, account),
        CommandError::NoObject(uri) if operation == "CreateModel" => {
            validation(format!("Could not find model data at {uri}."))
        }
        CommandError::NoObject(uri) => validation(format!(
            "No S3 objects found under S3 URL \"{uri}\" given in input data source. Please ensure that the bucket exists in the \
             selected region ({}), and that objects exist under that S3 prefix",
            account.region
        )),
        CommandError::AlreadyExists(resource) if resource.kind == Kind::TrainingJob => in_use(format!(
            "Training job names must be unique within an AWS account and region, and a training job with this name already exists \
             ({})",
            account.arn(ArnKind::TrainingJob, &resource.name)
        )),
        CommandError::AlreadyExists(resource) => {
            validation(format!("Cannot create already existing {}.", named(&resource, account)))
        }
        CommandError::InUse { resource, why } if resource.kind == Kind::TrainingJob => match operation {
            "StopTrainingJob" => {
                validation(format!("The request was rejected because the training job is finished: {why}."))
            }
            _ => in_use(format!("Training job {}: {why}.", resource.name)),
        },
        CommandError::InUse { resource, why } => validation(format!("{}: {why}.", named(&resource, account))),
        CommandError::Role(error) => validation(error.to_string()),
        CommandError::Alarm(error) => validation(error.to_string()),
        error @ (CommandError::PreconditionFailed(_) | CommandError::NoUpload(_) | CommandError::NoPart(_)) => {
            validation(error.to_string())
        }
        // Nothing was changed, and a client that tries again later may succeed: AWS's own word for that is a 5xx, which clients retry.
        CommandError::Failed(why) => WireError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", why),
        CommandError::Closing => {
            WireError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", CommandError::Closing.to_string())
        }
    }
}

fn in_use(message: String) -> WireError {
    WireError::new(StatusCode::BAD_REQUEST, "ResourceInUse", message)
}

/// `model "arn:aws:sagemaker:…:model/x"`.
fn named(resource: &ResourceRef, account: &Account) -> String {
    let kind = match resource.kind {
        Kind::TrainingJob => ArnKind::TrainingJob,
        Kind::Model => ArnKind::Model,
        Kind::EndpointConfig => ArnKind::EndpointConfig,
        Kind::Endpoint => ArnKind::Endpoint,
        Kind::Bucket => return format!("bucket \"{}\"", resource.name),
    };
    format!("{} \"{}\"", resource.kind, account.arn(kind, &resource.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(operation: &str, error: CommandError) -> (&'static str, String) {
        let error = of(operation, error, &Account::default());
        (error.code, error.message)
    }

    #[test]
    fn absent_and_present_names_are_told_as_aws_does() {
        let model = ResourceRef::new(Kind::Model, "Boston");
        let arn = "arn:aws:sagemaker:us-east-1:000000000000:model/boston";
        let (code, message) = said("DescribeModel", CommandError::NotFound(model.clone()));
        assert_eq!((code, message), ("ValidationException", format!("Could not find model \"{arn}\".")));
        let (code, message) = said("CreateModel", CommandError::AlreadyExists(model));
        assert_eq!(
            (code, message),
            ("ValidationException", format!("Cannot create already existing model \"{arn}\"."))
        );
        let job = ResourceRef::new(Kind::TrainingJob, "j");
        assert_eq!(said("StopTrainingJob", CommandError::NotFound(job.clone())).1, "Requested resource not found.");
        assert_eq!(said("CreateTrainingJob", CommandError::AlreadyExists(job)).0, "ResourceInUse");
    }

    #[test]
    fn broken_rules_are_counted() {
        let rule = |field: &str| Invalid::new(field, "x", "must be y");
        assert_eq!(
            said("CreateModel", CommandError::Invalid(vec![rule("a"), rule("b")])).1,
            "2 validation errors detected: Value 'x' at 'a' failed to satisfy constraint: Member must be y; \
             Value 'x' at 'b' failed to satisfy constraint: Member must be y"
        );
    }
}
