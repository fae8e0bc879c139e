//! SageMaker's runtime: `POST /endpoints/{name}/invocations` (`InvokeEndpoint`), and the same with the answer as a stream of events or in an
//! object later.

mod background;
mod events;
mod ground_truth;
mod head;
mod invoke;

use std::sync::Arc;

use hyper::Method;

use super::Wire;
use super::answer::Response;
use super::call::Call;
use super::dispatch::wrong_method;
use super::errors::WireError;
use crate::domain::endpoint::EndpointStatus;

pub(super) use background::Background;
pub(super) use invoke::at_once;

/// What is answered, by the last part of the path.
pub const OPERATIONS: [(&str, &str); 3] = [
    ("InvokeEndpoint", "invocations"),
    ("InvokeEndpointAsync", "async-invocations"),
    ("InvokeEndpointWithResponseStream", "invocations-response-stream"),
];

/// The last part of the path of labels; no operation of AWS's.
pub const GROUND_TRUTH: &str = "ground-truth";

/// Answers one request.
///
/// # Errors
/// What the client sees when it is refused, or when there is no prediction; see [`WireError::of_invocation`].
pub async fn answer(wire: &Arc<Wire>, call: Call) -> Result<Response, WireError> {
    // The one look at the clock that tells what the way to the model costs (OverheadLatency).
    let received = wire.serving.clock().elapsed();
    if call.parts.method != Method::POST {
        return Ok(wrong_method("POST"));
    }
    let Call { id, parts, body, .. } = call;
    match parts.uri.path().strip_prefix("/endpoints/").and_then(|rest| rest.split_once('/')) {
        Some((endpoint, "invocations")) => invoke::whole(wire, endpoint, &id, &parts.headers, body, received).await,
        Some((endpoint, "invocations-response-stream")) => {
            Box::pin(invoke::as_events(wire, endpoint, &id, &parts.headers, body, received)).await
        }
        Some((endpoint, "async-invocations")) => {
            Box::pin(background::accept(wire, endpoint, &id, &parts.headers, body)).await
        }
        Some((endpoint, GROUND_TRUTH)) => Box::pin(ground_truth::add(wire, endpoint, body)).await,
        _ => Err(WireError::not_here("SageMaker Runtime", parts.uri.path())),
    }
}

/// What to say about an endpoint that has no fleet: whether it exists at all, and if it does, what it is doing.
fn not_serving(wire: &Wire, endpoint: &str) -> WireError {
    let snapshot = wire.workspace.snapshot();
    let known = snapshot.endpoints.get(endpoint);
    let Some(known) = known else {
        let account = &snapshot.info.account.id;
        return WireError::validation(format!("Endpoint {endpoint} of account {account} not found."));
    };
    let reason = known.failure_reason.as_deref().unwrap_or("no reason is known");
    WireError::validation(match known.status {
        EndpointStatus::Creating => {
            format!("Endpoint {endpoint} is Creating: it answers once it is InService, so ask again in a moment")
        }
        EndpointStatus::Failed => format!("Endpoint {endpoint} is Failed and can't answer: {reason}"),
        EndpointStatus::Deleting => format!("Endpoint {endpoint} is Deleting and takes no more requests"),
        EndpointStatus::InService | EndpointStatus::Updating | EndpointStatus::RollingBack => {
            format!("Endpoint {endpoint} is {} but its models are not loaded", known.status.as_str())
        }
    })
}
