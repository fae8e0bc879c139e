//! What services that speak JSON 1.x have in common: which operation is asked for, its input, and the shape of an answer.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Wire;
use super::answer::Response;
use super::call::Call;
use super::errors::WireError;
use crate::domain::tag::Tag;

/// Longest input: AWS takes no more of any operation that is answered here.
const MOST_BYTES: usize = 1024 * 1024;

/// Answers one operation from its input. May block: see [`aside`].
pub type Handler = fn(&Wire, Value) -> Result<Value, WireError>;

/// The operation that `X-Amz-Target` names.
pub fn operation(call: &Call) -> String {
    let target = call.header("x-amz-target").unwrap_or_default();
    target.split_once('.').map_or(target, |(_, operation)| operation).to_owned()
}

/// The input of an operation; no body at all is an input without members.
///
/// # Errors
/// `SerializationException` for what is no JSON object, and those of reading a body.
pub async fn input(call: Call) -> Result<Value, WireError> {
    parse(&call.body.read(MOST_BYTES).await?)
}

/// The input that a body holds.
///
/// # Errors
/// `SerializationException` for what is no JSON object.
pub fn parse(bytes: &[u8]) -> Result<Value, WireError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    match serde_json::from_slice(bytes) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(serialization("the input must be a JSON object")),
        Err(error) => Err(serialization(&format!("the input is not JSON: {error}"))),
    }
}

/// The members of an input that an operation looks at.
///
/// # Errors
/// `SerializationException` for a member of another type.
pub fn members<T: DeserializeOwned>(input: Value) -> Result<T, WireError> {
    serde_json::from_value(input).map_err(|error| serialization(&error.to_string()))
}

/// A tag as requests have it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WireTag {
    key: String,
    value: String,
}

impl From<WireTag> for Tag {
    fn from(tag: WireTag) -> Self {
        Self { key: tag.key, value: tag.value }
    }
}

fn serialization(why: &str) -> WireError {
    WireError::new(StatusCode::BAD_REQUEST, "SerializationException", why)
}

/// Answers an operation on a thread that may wait for a lock or a disk.
///
/// # Errors
/// The operation's own.
pub async fn aside(wire: &Arc<Wire>, handler: Handler, input: Value) -> Result<Value, WireError> {
    let wire = Arc::clone(wire);
    blocking(move || handler(&wire, input)).await
}

/// Does something on a thread that may wait for a lock or a disk.
///
/// # Errors
/// Those of the work.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WireError> + Send + 'static,
) -> Result<T, WireError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "an operation did not end");
        Err(WireError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", "The request could not be answered"))
    })
}

/// An answer. `minor` is the digit after the dot of the protocol's version.
pub fn respond(output: &Value, minor: u8) -> Response {
    let mut response = Response::new(output.to_string().into());
    let content_type = if minor == 0 { "application/x-amz-json-1.0" } else { "application/x-amz-json-1.1" };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
