//! Signatures of S3. Where they are asked for, the S3 crate verifies them with the workspace's key. Where they are not, clients come with keys of
//! their own invention: a request is taken by its word, and what the crate would hold against us is taken off it. Either way a presigned URL
//! ends when it says.

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderValue, RANGE, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::Range;
use s3s::{S3Result, s3_error};

use super::intake::Check;
use crate::aws::errors::WireError;
use crate::domain::access_key::AccessKey;

/// The header that says how the body is covered by the signature.
const PAYLOAD: &str = "x-amz-content-sha256";
const DECODED_LENGTH: &str = "x-amz-decoded-content-length";

/// Fields of a presigned URL that are nobody's business once it was found fresh.
const SIGNATURE_FIELDS: [&str; 10] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Security-Token",
    "AWSAccessKeyId",
    "Signature",
    "Expires",
];

/// Knows the one key that there is.
pub struct KnownKey(pub AccessKey);

#[async_trait::async_trait]
impl S3Auth for KnownKey {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.0.id && !self.0.secret.is_empty() {
            return Ok(SecretKey::from(self.0.secret.as_str()));
        }
        Err(s3_error!(
            InvalidAccessKeyId,
            "The AWS Access Key Id you provided does not exist in our records: use the key that this workspace shows"
        ))
    }
}

/// Takes the signature off a request, and says how its body is to be checked instead.
///
/// # Errors
/// `AccessDenied` for a presigned URL that has expired.
pub fn take_by_its_word(parts: &mut Parts, now_s: i64) -> Result<Check, WireError> {
    if let Some(query) = parts.uri.query() {
        let fields: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        if fields.iter().any(|(name, _)| name == "X-Amz-Signature" || name == "Signature") {
            if expires_s(&fields).is_none_or(|at| at < now_s) {
                return Err(WireError::new(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired"));
            }
            without_signature(parts);
        }
    }
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let decoded = text(DECODED_LENGTH).and_then(|length| length.parse().ok());
    let check = Check::of(text(PAYLOAD), decoded);
    parts.headers.remove(AUTHORIZATION);
    parts.headers.remove(PAYLOAD);
    if let Check::Chunked(_, length) = &check {
        parts.headers.remove(DECODED_LENGTH);
        parts.headers.remove(TRANSFER_ENCODING);
        parts.headers.remove(CONTENT_LENGTH);
        if let Some(length) = length {
            parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(*length));
        }
    }
    Ok(check)
}

/// What the S3 crate reads more strictly than S3 does, and what is of the coding rather than of the object.
pub fn smooth(parts: &mut Parts) {
    let unreadable = |range: &HeaderValue| range.to_str().map_or(true, |range| Range::parse(range).is_err());
    // A range that can't be read is as good as none.
    if parts.headers.get(RANGE).is_some_and(unreadable) {
        parts.headers.remove(RANGE);
    }
}

/// `Content-Encoding` without what only spoke of the way here.
pub fn encoding_of_object(encoding: &str) -> Option<String> {
    let kept: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

/// When a presigned URL ends, in seconds since the Unix epoch; `None` where it doesn't say in a way that can be read.
fn expires_s(fields: &[(String, String)]) -> Option<i64> {
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    if let Some(at) = field("Expires").filter(|_| field("Signature").is_some()) {
        return at.parse().ok();
    }
    let signed = jiff::fmt::strtime::parse("%Y%m%dT%H%M%SZ", field("X-Amz-Date")?).ok()?.to_datetime().ok()?;
    let signed = signed.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    // A week is the longest that AWS allows.
    let length: i64 = field("X-Amz-Expires")?.parse().ok().filter(|length| (1..=604_800).contains(length))?;
    Some(signed + length)
}

fn without_signature(parts: &mut Parts) {
    let query = parts.uri.query().unwrap_or_default();
    let kept: Vec<&str> = query
        .split('&')
        .filter(|field| !SIGNATURE_FIELDS.contains(&field.split('=').next().unwrap_or_default()))
        .collect();
    let path = parts.uri.path();
    let target = if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) };
    let mut uri = parts.uri.clone().into_parts();
    uri.path_and_query = PathAndQuery::try_from(target).ok();
    if let Ok(uri) = hyper::Uri::from_parts(uri) {
        parts.uri = uri;
    }
}

/// The header in which a client says that a checksum comes behind the body.
pub fn announced(headers: &hyper::HeaderMap) -> Option<&str> {
    let names = headers.get("x-amz-trailer")?.to_str().ok()?;
    names.split(',').map(str::trim).find(|name| name.to_ascii_lowercase().starts_with("x-amz-checksum-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = hyper::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn presigned_urls_end_when_they_say() {
        // 2026-11-25T04:00:00Z
        let signed = 1_795_579_200;
        let v4 = "/b/k?a=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x&X-Amz-Date=20261125T040000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0&b=%2B";
        let mut fresh = parts(v4, &[]);
        assert!(take_by_its_word(&mut fresh, signed + 60).is_ok());
        assert_eq!(fresh.uri, "/b/k?a=1&b=%2B");
        assert_eq!(take_by_its_word(&mut parts(v4, &[]), signed + 61).err().unwrap().code, "AccessDenied");
        let v2 = format!("/b/k?AWSAccessKeyId=x&Signature=y&Expires={signed}");
        let mut fresh = parts(&v2, &[]);
        assert!(take_by_its_word(&mut fresh, signed).is_ok());
        assert_eq!(fresh.uri, "/b/k");
        assert!(take_by_its_word(&mut parts(&v2, &[]), signed + 1).is_err());
        assert!(take_by_its_word(&mut parts("/b/k?X-Amz-Signature=0", &[]), 0).is_err(), "it must say when it ends");
    }

    #[test]
    fn a_chunked_body_gets_the_length_of_what_is_inside() {
        let mut request = parts(
            "/b/k",
            &[
                ("authorization", "AWS4-HMAC-SHA256 whatever"),
                ("content-length", "120"),
                (DECODED_LENGTH, "11"),
                (PAYLOAD, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ],
        );
        let check = take_by_its_word(&mut request, 0).unwrap();
        assert!(matches!(check, Check::Chunked(_, Some(11))));
        assert_eq!(request.headers.len(), 1);
        assert_eq!(request.headers[CONTENT_LENGTH], "11");
    }

    #[test]
    fn only_the_objects_own_coding_is_kept() {
        assert_eq!(encoding_of_object("aws-chunked"), None);
        assert_eq!(encoding_of_object("aws-chunked, gzip").as_deref(), Some("gzip"));
        assert_eq!(encoding_of_object("gzip").as_deref(), Some("gzip"));
        let mut request = parts("/", &[("range", "bytes=x-")]);
        smooth(&mut request);
        assert!(request.headers.is_empty());
    }
}
