//! CloudWatch metrics: what endpoints and training jobs measured, and what clients put beside it. Three forms on the wire, one table of
//! operations: the Query protocol, JSON 1.0, and CBOR.

mod alarms;
mod cbor;
mod data;
mod list;
mod math;
mod output;
mod put;
mod range;
mod statistics;
mod wire;

use std::sync::Arc;

use hyper::StatusCode;
use hyper::http::request::Parts;
use serde_json::Value;

use super::Wire;
use super::answer::Response;
use super::call::Call;
use super::errors::{Protocol, WireError};
use super::json;
use super::model::{self, ModelOf};
use output::Output;

pub use wire::{RPC_V2_CBOR, SMITHY_PROTOCOL, cbor_error, error_shape};

/// CloudWatch's XML namespace.
pub const NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";

/// What an operation comes back with: its output, or nothing where AWS has no output for it.
type Outcome = Result<Option<Output>, WireError>;

/// Answers one operation from its input, on a thread that may block.
type Handler = fn(&Wire, Value) -> Outcome;

/// What is answered.
#[allow(private_interfaces, reason = "other rooms read the names; only this one calls the handlers")]
pub const OPERATIONS: &[(&str, Handler)] = &[
    ("DeleteAlarms", alarms::change::delete),
    ("DescribeAlarms", alarms::describe::describe),
    ("DescribeAlarmsForMetric", alarms::describe::of_metric),
    ("DisableAlarmActions", alarms::change::disable_actions),
    ("EnableAlarmActions", alarms::change::enable_actions),
    ("GetMetricData", data::get),
    ("GetMetricStatistics", statistics::get),
    ("ListMetrics", list::list),
    ("ListTagsForResource", alarms::tags::list),
    ("PutMetricAlarm", alarms::put::put),
    ("PutMetricData", put::put),
    ("SetAlarmState", alarms::change::set_state),
    ("TagResource", alarms::tags::tag),
    ("UntagResource", alarms::tags::untag),
];

/// The form in which a request speaks, and its errors.
pub fn protocol(request: &Parts) -> Protocol {
    wire::Form::of(request).protocol()
}

/// Whether a request that nobody signed is for CloudWatch: CBOR has paths of its own.
pub fn has_path(path: &str) -> bool {
    wire::cbor_operation(path).is_some()
}

/// Answers one request.
///
/// # Errors
/// What the client sees when it is refused.
pub async fn answer(wire: &Arc<Wire>, call: Call) -> Result<Response, WireError> {
    let id = call.id.clone();
    let form = wire::Form::of(&call.parts);
    let asked = wire::read(form, call).await?;
    let Some((name, handler)) = OPERATIONS.iter().find(|(name, _)| *name == asked.operation) else {
        return Err(unknown(form, &asked.operation));
    };
    let input = asked.input(name);
    model::check(ModelOf::CloudWatch, name, &input)?;
    let (handler, on) = (*handler, Arc::clone(wire));
    let output = json::blocking(move || handler(&on, input)).await?;
    Ok(wire::respond(form, name, output.as_ref(), &id))
}

fn unknown(form: wire::Form, operation: &str) -> WireError {
    let mut error = WireError::not_here("CloudWatch", operation);
    if form == wire::Form::Query {
        error.code = "InvalidAction";
    }
    error
}

fn invalid(message: impl Into<String>) -> WireError {
    WireError::new(StatusCode::BAD_REQUEST, "InvalidParameterValue", message)
}

fn combination(message: impl Into<String>) -> WireError {
    WireError::new(StatusCode::BAD_REQUEST, "InvalidParameterCombination", message)
}

fn missing(message: impl Into<String>) -> WireError {
    WireError::new(StatusCode::BAD_REQUEST, "MissingParameter", message)
}

fn bad_token() -> WireError {
    WireError::new(StatusCode::BAD_REQUEST, "InvalidNextToken", "The next token is not one that was given out here.")
}
