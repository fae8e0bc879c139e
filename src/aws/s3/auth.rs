//! What is left of a signature once it was looked at: it is taken off the request, so that the S3 crate does not look again, and says how the
//! body is to be checked. Only the forms of browsers, whose signature is among their fields, are left to the crate.

use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderValue, RANGE, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::Range;
use s3s::{S3Result, s3_error};

use super::intake::Check;
use crate::aws::sigv4::{ChunkSigner, temporary};
use crate::domain::access_key::AccessKey;
use crate::domain::time::Timestamp;

/// The header that says how the body is covered by the signature.
const PAYLOAD: &str = "x-amz-content-sha256";
const DECODED_LENGTH: &str = "x-amz-decoded-content-length";

/// Fields of a presigned URL that are nobody's business once it was looked at.
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

/// Knows the keys that forms may be signed with: the workspace's own, and those of sessions that have not ended.
pub struct FormKeys {
    /// The workspace's own.
    pub own: AccessKey,
    /// By our clock.
    pub now: Timestamp,
    /// Whether a form that is not signed is refused.
    pub needed: bool,
}

#[async_trait::async_trait]
impl S3Auth for FormKeys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        temporary::secret_for(&self.own, access_key, self.now).map(SecretKey::from).ok_or_else(|| {
            s3_error!(InvalidAccessKeyId, "The AWS Access Key Id you provided does not exist in our records.")
        })
    }
}

impl FormKeys {
    /// Who may do what with a form.
    pub fn access(&self) -> FormAccess {
        FormAccess { signed_only: self.needed }
    }
}

/// Lets a form in: any, or only one whose signature was found to hold.
pub struct FormAccess {
    signed_only: bool,
}

#[async_trait::async_trait]
impl S3Access for FormAccess {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        if self.signed_only && cx.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        }
        Ok(())
    }
}

/// Takes the signature off a request, since it was looked at before, and says how the body is to be checked. `chunks` follows the signatures
/// of its pieces where they matter.
pub fn take_off(parts: &mut Parts, chunks: Option<ChunkSigner>) -> Check {
    without_signature(parts);
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let decoded = text(DECODED_LENGTH).and_then(|length| length.parse().ok());
    let check = Check::of(text(PAYLOAD), decoded, chunks);
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
    check
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

fn without_signature(parts: &mut Parts) {
    let Some(query) = parts.uri.query() else { return };
    let fields = query.split('&').map(|field| field.split('=').next().unwrap_or_default());
    // Fields of these names are a signature's only where there is one.
    if !fields.clone().any(|name| matches!(name, "X-Amz-Signature" | "Signature")) {
        return;
    }
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
    fn a_signature_is_taken_off_and_nothing_else() {
        let v4 = "/b/k?a=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x&X-Amz-Date=20261125T040000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0&b=%2B";
        for (with, without) in [
            (v4, "/b/k?a=1&b=%2B"),
            ("/b/k?AWSAccessKeyId=x&Signature=y&Expires=1", "/b/k"),
            ("/b/k?Expires=1&x=2", "/b/k?Expires=1&x=2"),
        ] {
            let mut request = parts(with, &[]);
            take_off(&mut request, None);
            assert_eq!(request.uri, without);
        }
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
        let check = take_off(&mut request, None);
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
