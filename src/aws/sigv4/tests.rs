//! What holds passes, and nothing that was changed does.

use hyper::http::request::Parts;
use proptest::prelude::*;

use super::claim::Claim;
use super::{Expected, Refusal, Rules, hex_sha256, sign, temporary};
use crate::domain::access_key::AccessKey;
use crate::domain::time::Timestamp;

const NOW: Timestamp = Timestamp(1_764_045_000_000);

fn own() -> AccessKey {
    AccessKey { id: "AKIAOWN".to_owned(), secret: "s".repeat(40) }
}

fn rules(service: &str) -> Rules {
    if service == "s3" { Rules::S3 } else { Rules::Others }
}

fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = hyper::Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn signed(method: &str, uri: &str, headers: &[(&str, &str)], body: &[u8], service: &str) -> Parts {
    let mut request = parts(method, uri, headers);
    sign(&mut request, body, &own(), "us-east-1", service, NOW);
    request
}

/// What the gate does, without a network.
fn judge(request: &Parts, body: &[u8], service: &str, now: Timestamp) -> Result<(), Refusal> {
    let expected = Expected { service, regions: &["us-east-1"], rules: rules(service), now };
    match Claim::read(request, service == "s3")?.ok_or(Refusal::Unsigned)? {
        Claim::V2(claim) => expected.check_v2(request, &claim, &own()),
        Claim::V4(claim) => expected.check(request, claim, &own())?.hold(request, expected.rules, &hex_sha256(body)),
    }
}

const HEADERS: [(&str, &str); 4] = [
    ("host", "127.0.0.1:8770"),
    ("x-amz-target", "SageMaker.ListModels"),
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amzn-sagemaker-target-variant", "A"),
];

#[test]
fn what_was_signed_passes_in_its_window_only() {
    let request = signed("POST", "/", &HEADERS, b"{}", "sagemaker");
    let at = |ms: i64| judge(&request, b"{}", "sagemaker", Timestamp(NOW.0 + ms));
    assert_eq!((at(0), at(300_000), at(-300_000)), (Ok(()), Ok(()), Ok(())));
    assert!(matches!(at(300_001), Err(Refusal::Skewed { .. })));
    assert!(matches!(at(-300_001), Err(Refusal::Skewed { .. })));
    let s3 = signed("PUT", "/b/k%20k", &HEADERS[..1], b"x", "s3");
    let at = |ms: i64| judge(&s3, b"x", "s3", Timestamp(NOW.0 + ms));
    assert_eq!(at(900_000), Ok(()));
    assert!(matches!(at(900_001), Err(Refusal::Skewed { limit_ms: 900_000, .. })));
}

#[test]
fn a_key_must_be_ours_and_for_what_is_asked() {
    let request = |key: &AccessKey, region: &str, service: &str| {
        let mut request = parts("POST", "/", &HEADERS);
        sign(&mut request, b"", key, region, service, NOW);
        judge(&request, b"", "sagemaker", NOW)
    };
    assert_eq!(request(&own(), "us-east-1", "sagemaker"), Ok(()));
    let wrong_secret = AccessKey { secret: "t".repeat(40), ..own() };
    assert!(matches!(request(&wrong_secret, "us-east-1", "sagemaker"), Err(Refusal::Mismatch { .. })));
    let other = AccessKey { id: "AKIAOTHER".to_owned(), ..own() };
    assert_eq!(request(&other, "us-east-1", "sagemaker"), Err(Refusal::Key("AKIAOTHER".to_owned())));
    assert!(matches!(request(&own(), "eu-west-1", "sagemaker"), Err(Refusal::Region { .. })));
    assert!(matches!(request(&own(), "us-east-1", "s3"), Err(Refusal::Service { .. })));
}

#[test]
fn a_session_needs_its_own_token_and_ends() {
    let first = temporary::issue(&own(), "role", "one", Timestamp(NOW.0 + 60_000), 1);
    let second = temporary::issue(&own(), "role", "two", Timestamp(NOW.0 + 60_000), 2);
    let request = |key: &AccessKey, token: Option<&str>, later_ms: i64| {
        let mut headers = HEADERS.to_vec();
        headers.extend(token.map(|token| ("x-amz-security-token", token)));
        let mut request = parts("POST", "/", &headers);
        sign(&mut request, b"", key, "us-east-1", "sagemaker", NOW);
        judge(&request, b"", "sagemaker", Timestamp(NOW.0 + later_ms))
    };
    assert_eq!(request(&first.key, Some(&first.token), 0), Ok(()));
    assert_eq!(request(&first.key, None, 0), Err(Refusal::Token), "without a token");
    assert_eq!(request(&first.key, Some(&second.token), 0), Err(Refusal::Token), "with a stolen one");
    assert_eq!(request(&own(), Some(&second.token), 0), Err(Refusal::Token), "the own key has no session");
    assert_eq!(request(&first.key, Some(&first.token), 60_000), Err(Refusal::TokenExpired));
    assert_eq!(request(&first.key, Some("x"), 60_000), Err(Refusal::Token), "an old key needs a token all the same");
}

#[test]
fn what_steers_a_request_must_be_signed() {
    for added in
        [("x-amz-target", "SageMaker.DeleteModel"), ("x-amzn-sagemaker-target-variant", "B"), ("x-amz-meta-a", "b")]
    {
        let mut request = signed("POST", "/", &HEADERS[..1], b"", "sagemaker");
        request.headers.insert(added.0, added.1.parse().unwrap());
        assert_eq!(judge(&request, b"", "sagemaker", NOW), Err(Refusal::NotSigned(vec![added.0.to_owned()])));
    }
    let request = signed("POST", "/", &HEADERS[..1], b"", "sagemaker");
    let mut without = request.clone();
    let text = request.headers["authorization"].to_str().unwrap().replace("host;", "");
    without.headers.insert("authorization", text.parse().unwrap());
    assert_eq!(judge(&without, b"", "sagemaker", NOW), Err(Refusal::NotSigned(vec!["host".to_owned()])));
}

/// One change to a signed request.
#[derive(Clone, Debug)]
enum Change {
    Method,
    Path(usize, u8),
    Query(usize, u8),
    MoreQuery,
    Header(usize, usize, u8),
    HeaderTwice(usize),
    HeaderGone(usize),
    Body(usize, u8),
    Signature(usize, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>().prop_map(|index| index.index(1_000));
    prop_oneof![
        Just(Change::Method),
        (at.clone(), b'a'..=b'z').prop_map(|(at, byte)| Change::Path(at, byte)),
        (at.clone(), b'a'..=b'z').prop_map(|(at, byte)| Change::Query(at, byte)),
        Just(Change::MoreQuery),
        (at.clone(), at.clone(), b'a'..=b'z').prop_map(|(name, at, byte)| Change::Header(name, at, byte)),
        at.clone().prop_map(Change::HeaderTwice),
        at.clone().prop_map(Change::HeaderGone),
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Body(at, byte)),
        (at, b'g'..=b'z').prop_map(|(at, byte)| Change::Signature(at, byte)),
    ]
}

/// Another byte at a place where one may stand.
fn changed(text: &str, at: usize, byte: u8) -> Option<String> {
    let places: Vec<usize> =
        text.bytes().enumerate().filter(|(_, b)| b.is_ascii_alphanumeric()).map(|(at, _)| at).collect();
    let place = *places.get(at % places.len().max(1))?;
    let mut bytes = text.as_bytes().to_vec();
    // After a percent sign a digit may be written in two ways.
    if bytes[place].eq_ignore_ascii_case(&byte) || bytes[..place].iter().rev().take(2).any(|b| *b == b'%') {
        return None;
    }
    bytes[place] = byte;
    String::from_utf8(bytes).ok()
}

/// The request changed; `None` where the change would change nothing, or not to a request.
fn apply(change: &Change, request: &mut Parts, body: &mut Vec<u8>) -> Option<()> {
    let uri = request.uri.to_string();
    let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
    // Where a header is read before the signature is, it is refused for another reason; either will do.
    let names: Vec<_> = request.headers.keys().filter(|name| *name != "authorization").cloned().collect();
    match change {
        Change::Method => {
            request.method = if request.method == "PUT" { hyper::Method::POST } else { hyper::Method::PUT }
        }
        Change::Path(at, byte) => request.uri = format!("{}?{query}", changed(path, *at, *byte)?).parse().ok()?,
        Change::Query(at, byte) => request.uri = format!("{path}?{}", changed(query, *at, *byte)?).parse().ok()?,
        Change::MoreQuery => request.uri = format!("{path}?{query}&acl").parse().ok()?,
        Change::Header(name, at, byte) => {
            let name = &names[name % names.len()];
            let value = changed(request.headers[name].to_str().ok()?, *at, *byte)?;
            request.headers.insert(name, value.parse().ok()?);
        }
        Change::HeaderTwice(name) => {
            let name = &names[name % names.len()];
            let value = request.headers[name].clone();
            request.headers.append(name, value);
        }
        Change::HeaderGone(name) => drop(request.headers.remove(&names[name % names.len()])),
        Change::Body(at, byte) => {
            let at = at % body.len().max(1);
            if body.get(at) == Some(byte) {
                return None;
            }
            body.splice(at..(at + 1).min(body.len()), [*byte]);
        }
        Change::Signature(at, byte) => {
            let text = request.headers["authorization"].to_str().ok()?;
            let (start, signature) = text.rsplit_once('=')?;
            let value = format!("{start}={}", changed(signature, *at, *byte)?);
            request.headers.insert("authorization", value.parse().ok()?);
        }
    }
    Some(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_change_of_what_is_signed_is_refused(
        change in change(),
        path in "(/[a-z0-9_~-]{1,6}|/%[CD][0-9A-F]%[89AB][0-9A-F]){1,4}",
        query in "([a-z]{1,5}=[a-zA-Z0-9~]{1,5}|[a-z]{1,4}=%20)(&[a-z]{1,5}=[A-Z0-9]{1,5}){0,3}",
        meta in "[a-z0-9]{1,3}( {1,3}[a-z]{1,4}){0,2}",
        mut body in prop::collection::vec(any::<u8>(), 0..40),
        s3 in any::<bool>(),
    ) {
        let service = if s3 { "s3" } else { "sagemaker" };
        let headers = [("host", "127.0.0.1:8770"), ("x-amz-meta-a", meta.as_str()), ("content-type", "text/csv")];
        let mut request = signed("GET", &format!("{path}?{query}"), &headers, &body, service);
        prop_assert_eq!(judge(&request, &body, service, NOW), Ok(()));
        if apply(&change, &mut request, &mut body).is_some() {
            let judged = judge(&request, &body, service, NOW);
            prop_assert!(judged.is_err(), "{:?} passes: {} {:?}", change, request.uri, request.headers);
        }
    }
}
