//! S3: path style, one bucket store, no versions. The crate `s3s` knows the wire (routes, XML, forms); what it asks for is answered from the
//! snapshot and the bodies on disk, and what changes something goes to the workspace as a command.

mod arrival;
mod auth;
mod buckets;
mod checksums;
pub mod chunked;
mod conditions;
mod copies;
mod departure;
mod intake;
mod kept;
mod list;
mod listing;
mod multipart;
mod objects;
mod operations;
mod refusal;
mod tagging;
mod time;
mod told;

use std::sync::Arc;

use hyper::header::{
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, EXPECT, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, StatusCode};
use s3s::Body;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::S3ServiceBuilder;
use s3s::validation::NameValidation;

use super::Wire;
use super::answer::{Payload, Response};
use super::call::{Call, Proof};
use super::errors::{Protocol, WireError};
use super::sigv4::is_form;
use crate::domain::name;
use crate::domain::time::Timestamp;
use auth::FormKeys;
use intake::{Intake, Traces};
use operations::Backend;
#[cfg(test)]
pub use operations::OPERATIONS;

/// The header by which S3 names a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");

/// The most that a form upload of a browser may hold, since its body is held in memory.
const FORM_BYTES: u64 = 16 * 1024 * 1024;

/// Answers one request.
///
/// # Errors
/// None that the S3 crate does not put into its answer itself.
pub async fn answer(wire: &Arc<Wire>, call: Call) -> Result<Response, WireError> {
    let region = call.region().map(str::to_owned);
    let Call { id, mut parts, body, proof, .. } = call;
    let head_only = parts.method == Method::HEAD;
    let no_body_yet = parts.headers.contains_key(EXPECT);
    let traces = Arc::new(Traces::default());
    auth::smooth(&mut parts);
    let keys = is_form(&parts).then(|| FormKeys {
        own: wire.workspace.snapshot().info.access_key.clone(),
        now: Timestamp(wire.serving.clock().wall_ms()),
        needed: matches!(proof, Proof::InForm),
    });
    let chunks = if let Proof::Holds(chunks) = proof { chunks } else { None };
    let check = auth::take_off(&mut parts, chunks);
    let time = body.limits.body_time;
    let intake = Intake::new(body.incoming, check, time, &traces);
    let name = id.to_str().unwrap_or_default();
    let result = serve(Backend::new(wire, name, region.as_deref(), &traces), keys, parts, intake, name).await;
    if !no_body_yet {
        // A client that is still sending would take the end of the connection for our answer.
        traces.drain(time).await;
    }
    let mut response = match (result, traces.fault()) {
        (_, Some(fault)) | (Err(fault), None) => fault.into_response(Protocol::S3, id.to_str().unwrap_or_default()),
        (Ok(response), None) => response,
    };
    let bare = response.status() == StatusCode::NOT_MODIFIED || (head_only && !response.status().is_success());
    if bare {
        *response.body_mut() = Payload::empty();
        response.headers_mut().remove(CONTENT_TYPE);
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    // An object may be a page: shown by a browser, it is of no origin, least of all of ours, from which it could drive the workspace.
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

async fn serve(
    backend: Backend,
    keys: Option<FormKeys>,
    parts: hyper::http::request::Parts,
    intake: Intake,
    id: &str,
) -> Result<Response, WireError> {
    let mut service = S3ServiceBuilder::new(backend);
    let mut config = S3Config::default();
    config.post_object_max_file_size = FORM_BYTES;
    service.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
    service.set_validation(BucketNames);
    if let Some(keys) = keys {
        service.set_access(keys.access());
        service.set_auth(keys);
    }
    let request = Request::from_parts(parts, Body::http_body_unsync(intake));
    let response = service.build().call(request).await.map_err(|error| {
        tracing::error!(?error, "a request to S3 could not be answered");
        WireError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "The request could not be answered")
    })?;
    let (mut parts, body) = response.into_parts();
    let Some(bytes) = body.bytes() else { return Ok(Response::from_parts(parts, Payload::Stream(Box::pin(body)))) };
    let refused = parts.status.is_client_error() || parts.status.is_server_error();
    let bytes = match told::broken_policy(&bytes).filter(|_| refused) {
        Some((status, told)) => {
            parts.status = status;
            parts.headers.remove(CONTENT_LENGTH);
            told.into()
        }
        None => bytes,
    };
    let payload = match told::whole(&bytes, id).filter(|_| refused) {
        Some(whole) => {
            parts.headers.remove(CONTENT_LENGTH);
            Payload::from(whole)
        }
        None => Payload::from(bytes),
    };
    Ok(Response::from_parts(parts, payload))
}

/// The workspace's own rules for names.
struct BucketNames;

impl NameValidation for BucketNames {
    fn validate_bucket_name(&self, name: &str) -> bool {
        name::bucket("Bucket", name).is_ok()
    }
}
