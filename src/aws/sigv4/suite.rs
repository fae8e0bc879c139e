//! The published examples: AWS's test suite of Signature Version 4 (`aws-sig-v4-test-suite`), and those in S3's documentation.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use super::key::{SigningKey, string_to_sign};
use super::{Canonical, Rules, hex_sha256};
use crate::aws::scope::Scope;

const SUITE: &str = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
const SUITE_SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SUITE_HEADERS: [(&str, &str); 2] = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];

fn headers(pairs: &[(&str, &str)]) -> (HeaderMap, Vec<String>) {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let mut signed: Vec<String> = map.keys().map(|name| name.as_str().to_owned()).collect();
    signed.sort_unstable();
    (map, signed)
}

fn of_suite(method: &str, target: &str, more: &[(&str, &str)], body: &str) -> String {
    let pairs: Vec<_> = SUITE_HEADERS.iter().chain(more).copied().collect();
    let (map, signed) = headers(&pairs);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Canonical { method, path, query, headers: &map, host: None };
    let scope = Scope::parse(SUITE).unwrap();
    let canonical = request.write(Rules::Others, &signed, &hex_sha256(body.as_bytes()));
    SigningKey::derive(SUITE_SECRET, &scope).sign(&string_to_sign("20150830T123600Z", &scope, &canonical))
}

#[test]
fn the_test_suite_holds() {
    for (name, method, target, more, body, signature) in [
        ("get-vanilla", "GET", "/", &[][..], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        (
            "get-vanilla-query-order-key-case",
            "GET",
            "/?Param2=value2&Param1=value1",
            &[],
            "",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "get-vanilla-empty-query-key",
            "GET",
            "/?Param1=value1",
            &[],
            "",
            "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
        ),
        (
            "get-vanilla-query-unreserved",
            "GET",
            "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            &[],
            "",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
        (
            "get-unreserved",
            "GET",
            "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            &[],
            "",
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ),
        ("get-utf8", "GET", "/\u{1234}", &[], "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        (
            "get-vanilla-utf8-query",
            "GET",
            "/?\u{1234}=bar",
            &[],
            "",
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
        ),
        (
            "get-header-key-duplicate",
            "GET",
            "/",
            &[("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")],
            "",
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        ),
        (
            "get-header-value-order",
            "GET",
            "/",
            &[("my-header1", "value4"), ("my-header1", "value1"), ("my-header1", "value3"), ("my-header1", "value2")],
            "",
            "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
        ),
        (
            "get-header-value-trim",
            "GET",
            "/",
            &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
            "",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
        ("post-vanilla", "POST", "/", &[], "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "post-header-key-sort",
            "POST",
            "/",
            &[("my-header1", "value1")],
            "",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        ),
        (
            "post-x-www-form-urlencoded",
            "POST",
            "/",
            &[("content-type", "application/x-www-form-urlencoded")],
            "Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ] {
        assert_eq!(of_suite(method, target, more, body), signature, "{name}");
    }
}

#[test]
fn dots_and_slashes_are_signed_like_the_root() {
    let root = of_suite("GET", "/", &[], "");
    for target in ["//", "/./", "/example/..", "/example1/example2/../.."] {
        assert_eq!(of_suite("GET", target, &[], ""), root, "{target}");
    }
}

/// The examples of S3's documentation, all of one key pair.
fn of_s3(method: &str, target: &str, more: &[(&str, &str)], payload: &str) -> String {
    let (map, signed) = headers(more);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Canonical { method, path, query, headers: &map, host: None };
    let scope = Scope::parse("AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request").unwrap();
    let canonical = request.write(Rules::S3, &signed, payload);
    let key = SigningKey::derive("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &scope);
    key.sign(&string_to_sign("20130524T000000Z", &scope, &canonical))
}

#[test]
fn the_examples_of_s3_hold() {
    const DATE: (&str, &str) = ("x-amz-date", "20130524T000000Z");
    const HOST: (&str, &str) = ("host", "examplebucket.s3.amazonaws.com");
    let (empty, welcome) = (hex_sha256(b""), hex_sha256(b"Welcome to Amazon S3."));
    let bare = [HOST, ("x-amz-content-sha256", &empty), DATE];
    assert_eq!(
        of_s3("GET", "/test.txt", &[HOST, ("range", "bytes=0-9"), bare[1], DATE], &empty),
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    );
    let put = [
        ("date", "Fri, 24 May 2013 00:00:00 GMT"),
        HOST,
        ("x-amz-content-sha256", &welcome),
        DATE,
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
    ];
    assert_eq!(
        of_s3("PUT", "/test%24file.text", &put, &welcome),
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    );
    assert_eq!(
        of_s3("GET", "/?lifecycle", &bare, &empty),
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    );
    assert_eq!(
        of_s3("GET", "/?max-keys=2&prefix=J", &bare, &empty),
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    );
    let presigned = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=whatever";
    assert_eq!(
        of_s3("GET", presigned, &[HOST], "UNSIGNED-PAYLOAD"),
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
}
