//! Refusals of the workspace in S3's words.

use hyper::StatusCode;
use s3s::{S3Error, S3ErrorCode, s3_error};

use crate::domain::reference::Kind;
use crate::workspace::CommandError;

/// What a client sees of a command that was refused.
pub fn of_command(error: CommandError) -> S3Error {
    match error {
        CommandError::NotFound(resource) if resource.kind == Kind::Bucket => no_bucket(),
        CommandError::NoObject(_) => s3_error!(NoSuchKey, "The specified key does not exist."),
        CommandError::AlreadyExists(_) => s3_error!(
            BucketAlreadyOwnedByYou,
            "Your previous request to create the named bucket succeeded and you already own it."
        ),
        CommandError::PreconditionFailed(_) => precondition_failed(),
        CommandError::NoUpload(_) => no_upload(),
        CommandError::NoPart(number) => no_part(number),
        CommandError::Invalid(broken) => {
            let is = |field: &str| broken.iter().any(|invalid| invalid.field == field);
            let code = if is("Bucket") {
                S3ErrorCode::InvalidBucketName
            } else if is("Key") {
                S3ErrorCode::KeyTooLongError
            } else {
                S3ErrorCode::InvalidArgument
            };
            S3Error::with_message(code, CommandError::Invalid(broken).to_string())
        }
        CommandError::InUse { .. } | CommandError::NotFound(_) | CommandError::Role(_) | CommandError::Alarm(_) => {
            s3_error!(OperationAborted, "{error}")
        }
        CommandError::Closing => s3_error!(ServiceUnavailable, "{error}"),
        CommandError::Failed(why) => internal(why),
    }
}

/// `NoSuchBucket`.
pub fn no_bucket() -> S3Error {
    s3_error!(NoSuchBucket, "The specified bucket does not exist")
}

/// `NoSuchUpload`.
pub fn no_upload() -> S3Error {
    s3_error!(
        NoSuchUpload,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
    )
}

/// `InvalidPart`.
pub fn no_part(number: u16) -> S3Error {
    s3_error!(
        InvalidPart,
        "Part {number} could not be found. It may not have been uploaded, or its entity tag may not match the one that was given."
    )
}

/// `PreconditionFailed`.
pub fn precondition_failed() -> S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

/// A refusal with a code that the S3 crate has no name for.
pub fn custom(status: StatusCode, code: &'static str, message: String) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(status);
    error
}

/// Something of ours failed; the client learns what, and the log too.
#[allow(clippy::needless_pass_by_value, reason = "takes errors as `map_err` hands them over")]
pub fn internal(why: impl ToString) -> S3Error {
    let why = why.to_string();
    tracing::error!("a request to S3 failed: {why}");
    S3Error::with_message(S3ErrorCode::InternalError, why)
}
