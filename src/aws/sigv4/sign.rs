//! Signing a request ourselves, for our own command line and for tests.

use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::http::request::Parts;

use super::key::{ALGORITHM, SigningKey, string_to_sign};
use super::{Canonical, Rules, hex_sha256, time};
use crate::aws::scope::Scope;
use crate::domain::access_key::AccessKey;
use crate::domain::time::Timestamp;

/// Signs a request whole: all its headers, and the body. Sets `X-Amz-Date` and `Authorization`, and for S3 the hash of the body.
pub fn sign(request: &mut Parts, body: &[u8], key: &AccessKey, region: &str, service: &str, now: Timestamp) {
    let time = time::Signed::of(now);
    // A signature does not cover itself.
    request.headers.remove(AUTHORIZATION);
    let payload = hex_sha256(body);
    let rules = if service == "s3" { Rules::S3 } else { Rules::Others };
    set(request, "x-amz-date", &time.text);
    if rules == Rules::S3 && !request.headers.contains_key("x-amz-content-sha256") {
        set(request, "x-amz-content-sha256", &payload);
    }
    let given = request.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
    let payload = given.map_or(payload, str::to_owned);
    let mut signed: Vec<String> = request.headers.keys().map(|name| name.as_str().to_owned()).collect();
    if !signed.iter().any(|name| name == "host") {
        signed.push("host".to_owned());
    }
    signed.sort_unstable();
    let scope = Scope {
        access_key: key.id.clone(),
        date: time.day().to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    };
    let canonical = Canonical::of(request).write(rules, &signed, &payload);
    let signature = SigningKey::derive(&key.secret, &scope).sign(&string_to_sign(&time.text, &scope, &canonical));
    let authorization = format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}",
        key.id,
        scope.text(),
        signed.join(";")
    );
    set(request, AUTHORIZATION.as_str(), &authorization);
}

/// The headers that sign a GET of `http://HOST/PATH`, by name.
pub fn headers_of_get(
    host: &str,
    path: &str,
    key: &AccessKey,
    region: &str,
    service: &str,
    now: Timestamp,
) -> Vec<(String, String)> {
    let request = hyper::Request::builder().uri(path).header("host", host).body(());
    // A host or a path that is none is refused by whoever is asked, signed or not.
    let Ok(request) = request else { return Vec::new() };
    let mut parts = request.into_parts().0;
    sign(&mut parts, b"", key, region, service, now);
    let signed = ["x-amz-date", AUTHORIZATION.as_str()].into_iter();
    let value =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    signed.map(|name| (name.to_owned(), value(name))).collect()
}

fn set(request: &mut Parts, name: &str, value: &str) {
    // Dates, hashes and signatures are plain text; a region that is none makes a signature that nobody takes.
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        request.headers.insert(name, value);
    }
}
