//! Where every request passes: whether it must be signed, by what it is measured, and what is left to check while its body arrives.

use bytes::Bytes;
use hyper::body::Body as _;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use tokio::task::spawn_blocking;

use super::claim::Claim;
use super::refusal::Refusal;
use super::{Expected, Rules, hex_sha256};
use crate::aws::Wire;
use crate::aws::call::{Call, Proof};
use crate::aws::errors::{Protocol, WireError};
use crate::domain::time::Timestamp;

/// Bodies above this are hashed away from the workers that serve the connections.
const ASIDE_BYTES: usize = 64 * 1024;

/// Where S3 is told how the body is covered, and what that may be besides a hash.
const PAYLOAD: &str = "x-amz-content-sha256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const UNSIGNED_TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
const SIGNED_CHUNKS: [&str; 2] = ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"];

/// What a request asks.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The service, as scopes name it.
    pub service: &'a str,
    /// How it says no.
    pub protocol: Protocol,
    /// The region of the host that the request was made to, where that says one.
    pub region: Option<&'a str>,
}

/// Lets a request in if its signature is what it must be: where signatures are asked for, a true one; elsewhere none, or any that is well
/// formed and has not ended.
///
/// # Errors
/// What is wrong with it, in the words of the service that is asked; those of reading the body.
pub async fn pass(wire: &Wire, asked: &Asked<'_>, call: &mut Call) -> Result<(), WireError> {
    let s3 = asked.protocol == Protocol::S3;
    let refuse = |refusal: Refusal| refusal.into_wire(asked.protocol);
    let claim = Claim::read(&call.parts, s3).map_err(refuse)?;
    if claim.is_none() && !wire.options.require_signature {
        return Ok(());
    }
    let now = Timestamp(wire.serving.clock().wall_ms());
    if !wire.options.require_signature {
        return claim.and_then(|claim| claim.ended(now)).map_or(Ok(()), |ended| Err(refuse(ended)));
    }
    let Some(claim) = claim else {
        // A form's signature is among its fields: whoever reads the form checks it.
        if s3 && is_form(&call.parts) {
            call.proof = Proof::InForm;
            return Ok(());
        }
        return Err(refuse(Refusal::Unsigned));
    };
    let info = std::sync::Arc::clone(&wire.workspace.snapshot().info);
    let own_region = asked.region.unwrap_or(&info.account.region);
    // STS's and IAM's global addresses are in the first of regions.
    let regions = [own_region, "us-east-1"];
    let global = matches!(asked.service, "sts" | "iam") && asked.region.is_none();
    let expected = Expected {
        service: asked.service,
        regions: if global { &regions } else { &regions[..1] },
        rules: if s3 { Rules::S3 } else { Rules::Others },
        now,
    };
    let checked = match claim {
        Claim::V2(claim) => {
            call.proof = Proof::Holds(None);
            return expected.check_v2(&call.parts, &claim, &info.access_key).map_err(refuse);
        }
        Claim::V4(claim) => expected.check(&call.parts, claim, &info.access_key).map_err(refuse)?,
    };
    if !s3 {
        let body = call.body.read_ahead().await?.clone();
        let payload = hash(body).await?;
        call.proof = Proof::Holds(None);
        return checked.hold(&call.parts, expected.rules, &payload).map_err(refuse);
    }
    let payload = payload_of_s3(&call.parts).map_err(refuse)?;
    checked.hold(&call.parts, expected.rules, &payload).map_err(refuse)?;
    if payload.len() == 64 && call.body.incoming.is_end_stream() && !payload.eq_ignore_ascii_case(&hex_sha256(b"")) {
        // An operation that expects no body would not look for one.
        return Err(refuse(Refusal::Body));
    }
    if payload != UNSIGNED
        && !call.parts.headers.contains_key(PAYLOAD)
        && let Ok(value) = HeaderValue::from_str(&payload)
    {
        // A presigned URL may name the hash of its body: whoever takes the body looks for it in the head.
        call.parts.headers.insert(PAYLOAD, value);
    }
    call.proof = Proof::Holds(SIGNED_CHUNKS.contains(&payload.as_str()).then(|| checked.chunks()));
    Ok(())
}

/// Forms that browsers send to S3 with a policy that was signed for them.
pub fn is_form(request: &Parts) -> bool {
    let content_type = request.headers.get(hyper::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = content_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    request.method == hyper::Method::POST && media.eq_ignore_ascii_case("multipart/form-data")
}

/// What stands for the body in a signature for S3; the hash is held against the body when that arrives.
fn payload_of_s3(request: &Parts) -> Result<String, Refusal> {
    let header = request.headers.get(PAYLOAD).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let query = request.uri.query().unwrap_or_default();
    let fields: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let field =
        |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone().into_owned());
    let presigned = field("X-Amz-Signature").is_some();
    let given = match header.or_else(|| field("X-Amz-Content-Sha256")) {
        Some(given) => given,
        None if presigned => return Ok(UNSIGNED.to_owned()),
        None => return Err(Refusal::PayloadMissing),
    };
    let is_hash = given.len() == 64 && given.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hash || given == UNSIGNED || given == UNSIGNED_TRAILER || SIGNED_CHUNKS.contains(&given.as_str()) {
        return Ok(given);
    }
    Err(Refusal::Payload(given))
}

async fn hash(body: Bytes) -> Result<String, WireError> {
    if body.len() <= ASIDE_BYTES {
        return Ok(hex_sha256(&body));
    }
    spawn_blocking(move || hex_sha256(&body)).await.map_err(|error| {
        tracing::error!(%error, "a body could not be hashed");
        WireError::new(hyper::StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", "The request could not be answered")
    })
}
