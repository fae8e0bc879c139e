//! SageMaker's control plane: JSON 1.1 at `POST /`, the operation in `X-Amz-Target`.
//!
//! A request is read, held against AWS's service model, turned into a command or a question to the snapshot (`from_wire`), and what is there
//! is turned into an answer (`to_wire`). One table ([`OPERATIONS`]) says which operations there are.

mod data_capture;
mod endpoint_configs;
mod endpoints;
mod list;
mod models;
mod operations;
mod refusal;
mod search;
mod shapes;
mod tags;
mod training_jobs;
mod waiting;

use std::sync::Arc;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Wire;
use super::answer::{Payload, Response};
use super::call::Call;
use super::dispatch::wrong_method;
use super::errors::WireError;
use super::model::{self, ModelOf};
use crate::domain::extras::Extras;
use crate::domain::s3_uri::S3Uri;
use crate::workspace::{Command, CommandError, Snapshot};

pub use operations::OPERATIONS;
pub use waiting::Waiting;

const TARGET: &str = "x-amz-target";
const SERVICE: &str = "SageMaker";

/// What an operation comes back with: its output, or nothing where AWS has no output for it.
type Outcome = Result<Option<Value>, WireError>;

/// A request that was read and checked.
pub(in crate::aws) struct Request {
    wire: Arc<Wire>,
    /// The operation's name.
    operation: &'static str,
    /// The request's members.
    input: Map<String, Value>,
    /// Whether the client sleeps between its looks, so that an answer that comes late spares it a long sleep.
    is_waiter: bool,
}

impl Request {
    /// The world as of now.
    fn snapshot(&self) -> Arc<Snapshot> {
        self.wire.workspace.snapshot()
    }

    /// The members as an operation's own type.
    fn read<T: DeserializeOwned>(&self) -> Result<T, WireError> {
        let mut input = Value::Object(self.input.clone());
        shapes::make_whole(&mut input);
        serde_json::from_value(input).map_err(|error| shapes::unreadable(&error))
    }

    /// The whole request, to be kept with what it makes.
    fn extras(&self) -> Extras {
        Extras::of(self.input.clone())
    }

    /// Refuses data in a bucket that is not there as AWS does: it only says that it found no data.
    fn bucket_of(&self, data: &S3Uri) -> Result<(), WireError> {
        let snapshot = self.snapshot();
        if snapshot.buckets.contains(&data.bucket) {
            return Ok(());
        }
        Err(refusal::of(self.operation, CommandError::NoObject(data.clone()), &snapshot.info.account))
    }

    /// Hands in a command; a refusal in AWS's words.
    async fn ask(&self, command: Command) -> Result<(), WireError> {
        match self.wire.ask(command).await {
            Ok(_) => Ok(()),
            Err(error) => Err(refusal::of(self.operation, error, &self.snapshot().info.account)),
        }
    }
}

/// Answers one request.
///
/// # Errors
/// What the client sees when it is refused.
pub async fn answer(wire: &Arc<Wire>, call: Call) -> Result<Response, WireError> {
    if call.parts.method != Method::POST {
        return Ok(wrong_method("POST"));
    }
    let Some((_, name)) = call.header(TARGET).and_then(|target| target.split_once('.')) else {
        let path = call.parts.uri.path();
        return Err(WireError::not_here(SERVICE, &format!("{} {path}, which names no operation,", call.parts.method)));
    };
    let Some((operation, handler)) = OPERATIONS.iter().find(|(known, _)| *known == name) else {
        if model::has(ModelOf::SageMaker, name) {
            return Err(WireError::not_here(SERVICE, name));
        }
        let message = format!("SageMaker has no operation {name}");
        return Err(WireError::new(StatusCode::BAD_REQUEST, "UnknownOperationException", message));
    };
    let is_waiter = waiting::is_waiter(call.header("user-agent").unwrap_or_default());
    let most = call.body.limits.body_bytes;
    let body = call.body.read(most).await?;
    let input = shapes::members(&body)?;
    model::check(ModelOf::SageMaker, operation, &input)?;
    let Value::Object(input) = input else { return Err(shapes::no_object()) };
    let output = handler(Request { wire: Arc::clone(wire), operation, input, is_waiter }).await?;
    let mut response = Response::new(output.map_or_else(Payload::empty, |output| output.to_string().into()));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    Ok(response)
}
