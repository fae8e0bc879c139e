//! `InvokeEndpoint` and `InvokeEndpointWithResponseStream`: rows in, predictions out, in one exchange.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use super::super::Wire;
use super::super::answer::Response;
use super::super::call::RequestBody;
use super::super::errors::{Protocol, WireError};
use super::head::Head;
use super::{events, not_serving};
use crate::serving::instances::QUEUE;
use crate::serving::{Answer, Invocation, InvokeError, Prediction};

/// The media type of the parts of a stream together.
const STREAMED_TYPE: HeaderName = HeaderName::from_static("x-amzn-sagemaker-content-type");

/// Bodies above this are answered away from the workers that serve the connections: a few rows take microseconds, megabytes of them a
/// tenth of a second, and nobody else should wait for that. Each of them needs one of its variant's instances.
const ASIDE_BYTES: usize = 64 * 1024;

/// Seconds after which a client that was turned away may ask again: a body of the largest size takes about a tenth of that.
const RETRY_AFTER_S: &str = "1";

/// `InvokeEndpoint`.
pub(super) async fn whole(
    wire: &Arc<Wire>,
    endpoint: &str,
    id: &HeaderValue,
    headers: &HeaderMap,
    body: RequestBody,
    received: Duration,
) -> Result<Response, WireError> {
    invoke(wire, endpoint, id, headers, body, received, plainly).await
}

/// `InvokeEndpointWithResponseStream`. The models here answer at once, so that a refusal always comes before the stream begins.
pub(super) async fn as_events(
    wire: &Arc<Wire>,
    endpoint: &str,
    id: &HeaderValue,
    headers: &HeaderMap,
    body: RequestBody,
    received: Duration,
) -> Result<Response, WireError> {
    invoke(wire, endpoint, id, headers, body, received, |prediction| {
        let mut response = Response::new(events::payload_parts(&prediction.body).into());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(events::CONTENT_TYPE));
        headers.insert(STREAMED_TYPE, HeaderValue::from_static(prediction.content_type));
        response
    })
    .await
}

async fn invoke(
    wire: &Arc<Wire>,
    endpoint: &str,
    id: &HeaderValue,
    headers: &HeaderMap,
    body: RequestBody,
    received: Duration,
    written: impl FnOnce(Prediction) -> Response,
) -> Result<Response, WireError> {
    let head = Head::read(headers, endpoint)?;
    let most = body.limits.body_bytes;
    let bytes = body.read(most).await?;
    let inference_id = head.inference_id.unwrap_or(id).to_str().ok();
    let asked = [head.content_type, head.accept, head.target_variant, inference_id];
    let answer = if bytes.len() <= ASIDE_BYTES {
        wire.serving.invoke(endpoint, &invocation(asked, &bytes, Some(received)))
    } else {
        aside(wire, endpoint, asked, bytes, Some(received), QUEUE).await?
    };
    Ok(respond(wire, endpoint, id, &head, answer, written))
}

/// `InvokeEndpoint` of a short body that is here already, without waiting for anything.
pub fn at_once(wire: &Wire, endpoint: &str, id: &HeaderValue, headers: &HeaderMap, body: &[u8]) -> Response {
    let received = wire.serving.clock().elapsed();
    let head = match Head::read(headers, endpoint) {
        Ok(head) => head,
        Err(error) => return error.into_response(Protocol::RestJson, "-"),
    };
    let inference_id = head.inference_id.unwrap_or(id).to_str().ok();
    let asked = [head.content_type, head.accept, head.target_variant, inference_id];
    let answer = wire.serving.invoke(endpoint, &invocation(asked, body, Some(received)));
    respond(wire, endpoint, id, &head, answer, plainly)
}

fn plainly(prediction: Prediction) -> Response {
    let mut response = Response::new(prediction.body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(prediction.content_type));
    response
}

fn respond(
    wire: &Wire,
    endpoint: &str,
    id: &HeaderValue,
    head: &Head<'_>,
    answer: Answer,
    written: impl FnOnce(Prediction) -> Response,
) -> Response {
    let mut response = match answer.result {
        Ok(prediction) => written(prediction),
        Err(error) => {
            let refusal = refusal(wire, endpoint, &error, answer.variant.as_deref());
            let mut response = refusal.into_response(Protocol::RestJson, "-");
            if matches!(error, InvokeError::Busy { .. }) {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
            }
            response
        }
    };
    head.sign(&mut response, answer.variant.as_deref(), Some((answer.deployment, answer.drawn)), id);
    response
}

/// What the client sees of a request without a prediction.
pub(super) fn refusal(wire: &Wire, endpoint: &str, error: &InvokeError, variant: Option<&str>) -> WireError {
    if matches!(error, InvokeError::UnknownEndpoint(_)) {
        return not_serving(wire, endpoint);
    }
    let mut refusal = WireError::of_invocation(error, variant);
    if let Some(original) = &mut refusal.original {
        let account = &wire.workspace.snapshot().info.account;
        let group = format!("/aws/sagemaker/Endpoints/{endpoint}");
        let log = format!(". See {group} in CloudWatch Logs of account {} for more information.", account.id);
        refusal.message.push_str(&log);
        original.log_stream_arn = Some(format!("arn:aws:logs:{}:{}:log-group:{group}", account.region, account.id));
    }
    refusal
}

fn invocation<'a>(
    [content_type, accept, target_variant, inference_id]: [Option<&'a str>; 4],
    body: &'a [u8],
    received: Option<Duration>,
) -> Invocation<'a> {
    Invocation { content_type, accept, target_variant, inference_id, body, received }
}

/// Answers on a thread that may take its time, once an instance of the variant is free. `asked`: content type, accept, target variant,
/// inference id; `most_waiting`: with as many waiting already, the request is turned away.
pub(super) async fn aside(
    wire: &Arc<Wire>,
    endpoint: &str,
    asked: [Option<&str>; 4],
    body: Bytes,
    received: Option<Duration>,
    most_waiting: usize,
) -> Result<Answer, WireError> {
    let taken = match wire.serving.take(endpoint, asked[2], received) {
        Ok(taken) => taken,
        Err(refused) => return Ok(*refused),
    };
    let seated = match taken.seat(most_waiting).await {
        Ok(seated) => seated,
        Err(full) => return Ok(full.turn_away(&invocation(asked, &body, received))),
    };
    let asked = asked.map(|header| header.map(str::to_owned));
    let task = tokio::task::spawn_blocking(move || {
        let asked = asked.each_ref().map(Option::as_deref);
        seated.answer(&invocation(asked, &body, received))
    });
    task.await.map_err(|error| {
        tracing::error!(%error, "an invocation did not end");
        WireError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", "The request could not be answered")
    })
}
