//! SageMaker's runtime: `POST /endpoints/{name}/invocations` (`InvokeEndpoint`).

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};

use super::Wire;
use super::answer::Response;
use super::call::Call;
use super::dispatch::wrong_method;
use super::errors::Protocol;
use super::errors::WireError;
use crate::domain::endpoint::EndpointStatus;
use crate::serving::{Answer, Invocation, InvokeError};

const TARGET_VARIANT: HeaderName = HeaderName::from_static("x-amzn-sagemaker-target-variant");
const INFERENCE_ID: HeaderName = HeaderName::from_static("x-amzn-sagemaker-inference-id");
const CUSTOM_ATTRIBUTES: HeaderName = HeaderName::from_static("x-amzn-sagemaker-custom-attributes");
const INVOKED_VARIANT: HeaderName = HeaderName::from_static("x-amzn-invoked-production-variant");

/// Bodies above this are answered away from the workers that serve the connections: a few rows take microseconds, megabytes of them a
/// tenth of a second, and nobody else should wait for that.
const ASIDE_BYTES: usize = 64 * 1024;

/// Longest values that AWS's API reference allows.
const INFERENCE_ID_MAX: usize = 64;
const CUSTOM_ATTRIBUTES_MAX: usize = 1024;

/// Answers one request.
///
/// # Errors
/// What the client sees when it is refused, or when there is no prediction; see [`WireError::of_invocation`].
pub async fn answer(wire: &Arc<Wire>, call: Call) -> Result<Response, WireError> {
    if call.parts.method != Method::POST {
        return Ok(wrong_method("POST"));
    }
    let path = call.parts.uri.path().to_owned();
    let found = path.strip_prefix("/endpoints/").and_then(|rest| rest.split_once('/'));
    match found {
        Some((endpoint, "invocations")) => invoke(wire, endpoint, call).await,
        _ => Err(WireError::not_here("SageMaker Runtime", &path)),
    }
}

async fn invoke(wire: &Arc<Wire>, endpoint: &str, call: Call) -> Result<Response, WireError> {
    let headers = &call.parts.headers;
    let content_type = text(headers, &CONTENT_TYPE)?;
    let accept = text(headers, &ACCEPT)?;
    let target_variant = text(headers, &TARGET_VARIANT)?;
    for (name, most) in [(&INFERENCE_ID, INFERENCE_ID_MAX), (&CUSTOM_ATTRIBUTES, CUSTOM_ATTRIBUTES_MAX)] {
        if text(headers, name)?.is_some_and(|value| value.len() > most) {
            return Err(WireError::validation(format!("{name} may have at most {most} characters")));
        }
    }
    let most = call.body.limits.body_bytes;
    let bytes = call.body.read(most).await?;
    let answer = if bytes.len() <= ASIDE_BYTES {
        wire.serving.invoke(endpoint, &Invocation { content_type, accept, target_variant, body: &bytes })
    } else {
        aside(wire, endpoint, [content_type, accept, target_variant], bytes).await?
    };
    let mut response = match answer.result {
        Ok(prediction) => {
            let mut response = Response::new(prediction.body.into());
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(prediction.content_type));
            response
        }
        Err(InvokeError::UnknownEndpoint(_)) => return Err(not_serving(wire, endpoint)),
        Err(error) => {
            WireError::of_invocation(&error, answer.variant.as_deref()).into_response(Protocol::RestJson, "-")
        }
    };
    if let Some(variant) = answer.variant
        && let Ok(value) = HeaderValue::from_str(&variant)
    {
        response.headers_mut().insert(INVOKED_VARIANT, value);
    }
    // SageMaker hands a client's custom attributes to the model, and the built-in containers give them back as they came. The inference
    // id is ours to give back: it is what a label is joined by later.
    for name in [CUSTOM_ATTRIBUTES, INFERENCE_ID] {
        if let Some(value) = headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    Ok(response)
}

/// A header's value as text.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, WireError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    value.to_str().map(Some).map_err(|_| WireError::validation(format!("{name} must be plain ASCII")))
}

/// Answers on a thread that may take its time.
async fn aside(wire: &Arc<Wire>, endpoint: &str, headers: [Option<&str>; 3], body: Bytes) -> Result<Answer, WireError> {
    let wire = Arc::clone(wire);
    let endpoint = endpoint.to_owned();
    let headers = headers.map(|header| header.map(str::to_owned));
    let task = tokio::task::spawn_blocking(move || {
        let [content_type, accept, target_variant] = headers.each_ref().map(Option::as_deref);
        wire.serving.invoke(&endpoint, &Invocation { content_type, accept, target_variant, body: &body })
    });
    task.await.map_err(|error| {
        tracing::error!(%error, "an invocation did not end");
        WireError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", "The request could not be answered")
    })
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
        EndpointStatus::InService | EndpointStatus::Updating => {
            format!("Endpoint {endpoint} is {} but its models are not loaded", known.status.as_str())
        }
    })
}
