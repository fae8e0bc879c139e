//! `InvokeEndpointAsync`: the rows are an object, the answer becomes one. Requests wait in a queue of bounded length in memory; what waits
//! when the app ends is gone, and its output never comes.

use std::io::Read;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::Wire;
use super::super::answer::Response;
use super::super::call::RequestBody;
use super::super::errors::WireError;
use super::head::{Head, Later};
use super::invoke::{aside, refusal};
use super::not_serving;
use crate::domain::bucket::Precondition;
use crate::domain::s3_uri::S3Uri;
use crate::workspace::{Command, Source};

const OUTPUT_LOCATION: HeaderName = HeaderName::from_static("x-amzn-sagemaker-outputlocation");
const FAILURE_LOCATION: HeaderName = HeaderName::from_static("x-amzn-sagemaker-failurelocation");

/// Requests that may wait.
const QUEUE: usize = 1_000;

/// Requests that are answered at the same time; each holds its input and its answer in memory.
const AT_ONCE: usize = 2;

/// Largest input in a bucket, as at AWS.
const OBJECT_BYTES: u64 = 1024 * 1024 * 1024;

/// Largest input in the request itself, as at AWS.
const BODY_BYTES: usize = 128_000;

/// How long a request may wait when it does not say, seconds: 6 hours.
const TTL_S: u64 = 21_600;

/// The queue.
pub struct Background {
    places: Arc<Semaphore>,
    working: Semaphore,
}

impl Default for Background {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(QUEUE)), working: Semaphore::new(AT_ONCE) }
    }
}

/// A request in the queue.
struct Job {
    endpoint: String,
    inference_id: String,
    input: Input,
    content_type: Option<String>,
    accept: Option<String>,
    output: S3Uri,
    failure: Option<S3Uri>,
    ttl: Duration,
    accepted: Duration,
    /// Its place in the queue.
    _place: OwnedSemaphorePermit,
}

enum Input {
    Object(S3Uri),
    Body(Bytes),
}

/// What an endpoint's configuration says of answers that come later.
struct Places {
    output: S3Uri,
    failure: Option<S3Uri>,
}

/// Takes a request: 202 with the place where the answer will be.
pub(super) async fn accept(
    wire: &Arc<Wire>,
    endpoint: &str,
    id: &HeaderValue,
    headers: &HeaderMap,
    body: RequestBody,
) -> Result<Response, WireError> {
    let head = Head::read(headers, endpoint)?;
    let bytes = body.read(BODY_BYTES).await?;
    let places = places(wire, endpoint)?;
    let request_id = id.to_str().unwrap_or_default();
    let inference_id = head.inference_id.and_then(|id| id.to_str().ok()).unwrap_or(request_id).to_owned();
    let ttl = seconds("RequestTTLSeconds", head.later.ttl_s, 60..=TTL_S)?.unwrap_or(TTL_S);
    // Checked and no more: a model here needs no limit.
    seconds("InvocationTimeoutSeconds", head.later.timeout_s, 1..=3_600)?;
    let output = output(&places.output, &head.later, request_id);
    let Ok(place) = Arc::clone(&wire.background.places).try_acquire_owned() else {
        let message = format!("{QUEUE} requests wait already: ask again when some of them are answered");
        return Err(WireError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message));
    };
    let mut response = Response::new(json!({ "InferenceId": inference_id }).to_string().into());
    let job = Job {
        endpoint: endpoint.to_owned(),
        inference_id,
        input: input(head.later.input_location, bytes)?,
        content_type: head.later.content_type.map(str::to_owned),
        accept: head.accept.map(str::to_owned),
        failure: places.failure.map(|prefix| prefix.join(&format!("{request_id}-error.out"))),
        output,
        ttl: Duration::from_secs(ttl),
        accepted: wire.serving.clock().elapsed(),
        _place: place,
    };
    *response.status_mut() = StatusCode::ACCEPTED;
    let answered = response.headers_mut();
    answered.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, at) in [(OUTPUT_LOCATION, Some(&job.output)), (FAILURE_LOCATION, job.failure.as_ref())] {
        if let Some(value) = at.and_then(|at| HeaderValue::from_str(&at.to_string()).ok()) {
            answered.insert(name, value);
        }
    }
    head.sign(&mut response, None, None, id);
    let wire = Arc::clone(wire);
    tokio::spawn(async move {
        let Ok(_turn) = wire.background.working.acquire().await else { return };
        work(&wire, job).await;
    });
    Ok(response)
}

/// The configuration that serves says where answers go; an endpoint without that takes no such requests.
fn places(wire: &Wire, endpoint: &str) -> Result<Places, WireError> {
    let snapshot = wire.workspace.snapshot();
    let known = snapshot.endpoints.get(endpoint).filter(|known| known.status.serves());
    let known = known.ok_or_else(|| not_serving(wire, endpoint))?;
    let config = snapshot.endpoint_configs.get(&known.config_name);
    let output = config.and_then(|config| config.extras.members().get("AsyncInferenceConfig")?.get("OutputConfig"));
    let path = |name: &str| output.and_then(|output| output.get(name)).and_then(Value::as_str);
    let Some(to) = path("S3OutputPath") else {
        return Err(WireError::validation(format!(
            "Endpoint {endpoint} can't be invoked asynchronously: endpoint configuration {} has no AsyncInferenceConfig with an S3OutputPath",
            known.config_name
        )));
    };
    Ok(Places {
        output: uri("S3OutputPath", to)?,
        failure: path("S3FailurePath").map(|to| uri("S3FailurePath", to)).transpose()?,
    })
}

fn uri(member: &str, text: &str) -> Result<S3Uri, WireError> {
    S3Uri::from_str(text).map_err(|invalid| WireError::validation(format!("{member} {text} {}", invalid.rule)))
}

fn input(location: Option<&str>, body: Bytes) -> Result<Input, WireError> {
    match location {
        Some(_) if !body.is_empty() => {
            Err(WireError::validation("A request has either an InputLocation or a body, not both"))
        }
        Some(location) => Ok(Input::Object(uri("InputLocation", location)?)),
        None if body.is_empty() => Err(WireError::validation("A request needs an InputLocation or a body")),
        None => Ok(Input::Body(body)),
    }
}

/// `PREFIX[/EXTENSION]/ID.out`, or the file name that the client wants.
fn output(prefix: &S3Uri, later: &Later<'_>, id: &str) -> S3Uri {
    let name = later.file_name.map_or_else(|| format!("{id}.out"), str::to_owned);
    match later.path_extension.map(|extension| extension.trim_matches('/')).filter(|extension| !extension.is_empty()) {
        Some(extension) => prefix.join(&format!("{extension}/{name}")),
        None => prefix.join(&name),
    }
}

fn seconds(member: &str, given: Option<&str>, range: std::ops::RangeInclusive<u64>) -> Result<Option<u64>, WireError> {
    let Some(text) = given else { return Ok(None) };
    let number = text.parse().ok().filter(|seconds| range.contains(seconds));
    number.map(Some).ok_or_else(|| {
        let (from, to) = (range.start(), range.end());
        WireError::validation(format!("{member} is {text}: it must be a whole number from {from} to {to}"))
    })
}

/// Answers a request that has waited, and writes down what came of it.
async fn work(wire: &Arc<Wire>, job: Job) {
    let (to, bytes, content_type) = match answered(wire, &job).await {
        Ok((bytes, content_type)) => (Some(&job.output), bytes, content_type),
        Err(why) => {
            tracing::warn!("a request to endpoint {} for {} failed: {why}", job.endpoint, job.output);
            (job.failure.as_ref(), why.into_bytes(), "text/plain")
        }
    };
    let Some(to) = to else { return };
    let put = Command::PutObject {
        to: to.clone(),
        source: Source::Bytes(bytes.into()),
        content_type: Some(content_type.to_owned()),
        details: None,
        only_if: Precondition::None,
    };
    if let Err(error) = wire.ask(put).await {
        tracing::warn!("{to} could not be written: {error}");
    }
}

async fn answered(wire: &Arc<Wire>, job: &Job) -> Result<(Vec<u8>, &'static str), String> {
    let waited = wire.serving.clock().elapsed().saturating_sub(job.accepted);
    if waited > job.ttl {
        return Err(format!("The request waited {} s, longer than its RequestTTLSeconds allows", waited.as_secs()));
    }
    let (bytes, kind) = match &job.input {
        Input::Body(bytes) => (bytes.clone(), None),
        Input::Object(at) => {
            let (wire, at) = (Arc::clone(wire), at.clone());
            let read = tokio::task::spawn_blocking(move || read(&wire, &at)).await;
            let (bytes, kind) = read.map_err(|error| error.to_string())??;
            (bytes, Some(kind))
        }
    };
    let content_type = job.content_type.as_deref().or(kind.as_deref());
    let asked = [content_type, job.accept.as_deref(), None, Some(&job.inference_id)];
    // It has waited in this queue already; the few that are let in wait for their variant however long that takes.
    let answer = aside(wire, &job.endpoint, asked, bytes, None, usize::MAX).await.map_err(|error| error.message)?;
    match answer.result {
        Ok(prediction) => Ok((prediction.body, prediction.content_type)),
        Err(error) => Err(refusal(wire, &job.endpoint, &error, answer.variant.as_deref()).message),
    }
}

/// An object's bytes and its content type.
fn read(wire: &Wire, at: &S3Uri) -> Result<(Bytes, String), String> {
    let (object, mut file) = wire.workspace.open_object(at).map_err(|error| error.to_string())?;
    if object.size > OBJECT_BYTES {
        return Err(format!("{at} has {} bytes; an input may have {OBJECT_BYTES}", object.size));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| format!("{at} could not be read: {error}"))?;
    Ok((bytes.into(), object.content_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_goes_where_configuration_and_client_say() {
        let prefix = S3Uri::new("b", "out/");
        let of = |path_extension, file_name| {
            output(&prefix, &Later { path_extension, file_name, ..Later::default() }, "id").to_string()
        };
        assert_eq!(of(None, None), "s3://b/out/id.out");
        assert_eq!(of(Some("/x/y/"), None), "s3://b/out/x/y/id.out");
        assert_eq!(of(Some("x"), Some("f.csv")), "s3://b/out/x/f.csv");
    }

    #[test]
    fn there_is_one_input_and_numbers_keep_their_bounds() {
        assert!(input(None, Bytes::new()).is_err() && input(Some("s3://b-1/k"), Bytes::from_static(b"1")).is_err());
        assert!(matches!(input(None, Bytes::from_static(b"1")), Ok(Input::Body(_))));
        assert!(matches!(input(Some("s3://b-1/k"), Bytes::new()), Ok(Input::Object(_))));
        assert!(input(Some("https://b-1.s3.amazonaws.com/k"), Bytes::new()).is_err());
        assert_eq!(seconds("S", Some("60"), 60..=90).unwrap(), Some(60));
        assert!(seconds("S", Some("59"), 60..=90).is_err() && seconds("S", Some("x"), 60..=90).is_err());
    }
}
