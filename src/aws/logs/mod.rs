//! CloudWatch Logs: what training jobs and endpoints say, in the groups and streams where SageMaker would put it. Read only: the containers
//! write, nobody else.

mod book;
mod describe;
mod events;
mod filter;
mod pattern;

use std::sync::Arc;

use hyper::StatusCode;

use super::Wire;
use super::answer::Response;
use super::call::Call;
use super::errors::WireError;
use super::json::{self, Handler};
use super::model::{self, ModelOf};

/// What is answered.
pub const OPERATIONS: &[(&str, Handler)] = &[
    ("DescribeLogGroups", describe::groups),
    ("DescribeLogStreams", describe::streams),
    ("FilterLogEvents", filter::filter),
    ("GetLogEvents", events::get),
];

/// Answers one request.
///
/// # Errors
/// What the client sees when it is refused.
pub async fn answer(wire: &Arc<Wire>, call: Call) -> Result<Response, WireError> {
    let operation = json::operation(&call);
    let Some((name, handler)) = OPERATIONS.iter().find(|(name, _)| *name == operation) else {
        return Err(WireError::not_here("CloudWatch Logs", &operation));
    };
    let input = json::input(call).await?;
    model::check(ModelOf::Logs, name, &input)?;
    let output = json::aside(wire, *handler, input).await?;
    Ok(json::respond(&output, 1))
}

fn not_found(what: &str) -> WireError {
    let message = format!("The specified log {what} does not exist.");
    WireError::new(StatusCode::BAD_REQUEST, "ResourceNotFoundException", message)
}

fn invalid(message: impl Into<String>) -> WireError {
    WireError::new(StatusCode::BAD_REQUEST, "InvalidParameterException", message)
}

fn bad_token() -> WireError {
    invalid("The specified nextToken is invalid.")
}
