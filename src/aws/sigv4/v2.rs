//! S3's older signature, version 2: boto3 still makes it for presigned URLs unless it is told otherwise. It covers less than version 4, and no
//! other service takes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use hyper::header::{CONTENT_TYPE, DATE, HeaderMap};
use hyper::http::request::Parts;
use sha1::Sha1;

use super::canonical::trimmed;
use super::claim::{Fields, date};
use super::refusal::Refusal;
use super::time::Signed;
use crate::domain::time::Timestamp;

/// Fields of the query that say what is asked for, and are signed therefore.
const SIGNED_FIELDS: &[&str] = &[
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "defaultObjectAcl",
    "delete",
    "encryption",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "retention",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// A signature of version 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V2 {
    /// The access key's id.
    pub access_key: String,
    /// In base64.
    pub signature: String,
    /// When it was made; `None` for a presigned URL, which only says when it ends.
    pub time: Option<Signed>,
    /// When a presigned URL ends, seconds since the Unix epoch.
    pub expires_s: Option<i64>,
    /// `x-amz-security-token`.
    pub token: Option<String>,
}

/// `AWS KEY:SIGNATURE`.
pub(super) fn in_header(rest: &str, headers: &HeaderMap) -> Result<V2, Refusal> {
    let (access_key, signature) = rest.trim().split_once(':').ok_or_else(|| Refusal::Mechanism("AWS".to_owned()))?;
    let time = date(headers).flatten().ok_or(Refusal::Date)?;
    let token = headers.get("x-amz-security-token").map(|token| String::from_utf8_lossy(token.as_bytes()).into_owned());
    let (access_key, signature) = (access_key.to_owned(), signature.to_owned());
    Ok(V2 { access_key, signature, time: Some(time), expires_s: None, token })
}

/// `AWSAccessKeyId`, `Signature` and `Expires`.
pub(super) fn in_query(fields: &Fields) -> Result<V2, Refusal> {
    let [Some(access_key), Some(signature), Some(expires)] =
        ["AWSAccessKeyId", "Signature", "Expires"].map(|name| fields.one(name))
    else {
        return Err(Refusal::QueryIncomplete);
    };
    Ok(V2 {
        access_key: access_key.to_owned(),
        signature: signature.to_owned(),
        time: None,
        expires_s: Some(expires.parse().map_err(|_| Refusal::QueryIncomplete)?),
        token: fields.one("x-amz-security-token").map(str::to_owned),
    })
}

impl V2 {
    /// That a presigned URL has ended.
    pub(super) fn ended(&self, now: Timestamp) -> Option<Refusal> {
        let ends_ms = self.expires_s?.saturating_mul(1_000);
        (now.0 >= ends_ms).then_some(Refusal::Ended { signed: Timestamp(ends_ms), now, length_ms: 0 })
    }

    /// What is signed.
    pub fn string_to_sign(&self, request: &Parts) -> Vec<u8> {
        let query = request.uri.query().unwrap_or_default();
        let fields: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        // A presigned URL carries in its query what would be headers.
        let presigned = |name: &str| {
            let found = fields.iter().find(|(known, _)| self.expires_s.is_some() && known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone().into_bytes())
        };
        let header = |name: &str| {
            let values: Vec<&[u8]> =
                request.headers.get_all(name).iter().map(hyper::header::HeaderValue::as_bytes).collect();
            (!values.is_empty()).then(|| values.join(&b','))
        };
        let either = |name: &str| header(name).or_else(|| presigned(name)).unwrap_or_default();
        let mut out = request.method.as_str().as_bytes().to_vec();
        for line in [either("content-md5"), either(CONTENT_TYPE.as_str()), self.date_line(&request.headers)] {
            out.push(b'\n');
            out.extend_from_slice(&line);
        }
        out.push(b'\n');
        let mut names: Vec<String> = request.headers.keys().map(|name| name.as_str().to_owned()).collect();
        if self.expires_s.is_some() {
            names.extend(fields.iter().map(|(name, _)| name.to_ascii_lowercase()));
        }
        names.retain(|name| name.starts_with("x-amz-"));
        names.sort_unstable();
        names.dedup();
        for name in names {
            out.extend_from_slice(name.as_bytes());
            out.push(b':');
            trimmed(&either(&name), &mut out);
            out.push(b'\n');
        }
        out.extend_from_slice(request.uri.path().as_bytes());
        let mut signed: Vec<&(String, String)> =
            fields.iter().filter(|(name, _)| SIGNED_FIELDS.contains(&name.as_str())).collect();
        signed.sort_unstable();
        for (at, (name, value)) in signed.into_iter().enumerate() {
            out.push(if at == 0 { b'?' } else { b'&' });
            out.extend_from_slice(name.as_bytes());
            // `?acl` and `?acl=` say the same.
            if !value.is_empty() {
                out.push(b'=');
                out.extend_from_slice(value.as_bytes());
            }
        }
        out
    }

    fn date_line(&self, headers: &HeaderMap) -> Vec<u8> {
        match self.expires_s {
            Some(expires) => expires.to_string().into_bytes(),
            None if headers.contains_key("x-amz-date") => Vec::new(),
            None => headers.get(DATE).map(|date| date.as_bytes().to_vec()).unwrap_or_default(),
        }
    }
}

/// The signature of a text.
pub fn sign(secret: &str, text: &[u8]) -> String {
    // A key of any length will do, so there is always one.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(text);
    BASE64.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::claim::Claim;
    use super::*;

    /// The key pair of the examples in S3's documentation.
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn claimed(uri: &str, method: &str, headers: &[(&str, &str)]) -> (V2, Parts) {
        let mut request = hyper::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let parts = request.body(()).unwrap().into_parts().0;
        let Ok(Some(Claim::V2(claim))) = Claim::read(&parts, true) else { panic!("{uri}") };
        (claim, parts)
    }

    #[test]
    fn the_examples_of_the_documentation_hold() {
        for (method, path, headers, signature) in [
            (
                "GET",
                "/awsexamplebucket1/photos/puppy.jpg",
                &[("date", "Tue, 27 Mar 2007 19:36:42 +0000")][..],
                "qgk2+6Sv9/oM7G3qLEjTH1a1l1g=",
            ),
            (
                "PUT",
                "/awsexamplebucket1/photos/puppy.jpg",
                &[("content-type", "image/jpeg"), ("date", "Tue, 27 Mar 2007 21:15:45 +0000")],
                "iqRzw+ileNPu1fhspnRs8nOjjIA=",
            ),
            (
                "GET",
                "/awsexamplebucket1/?prefix=photos&max-keys=50&marker=puppy",
                &[("date", "Tue, 27 Mar 2007 19:42:41 +0000")],
                "m0WP8eCtspQl5Ahe6L1SozdX9YA=",
            ),
            (
                "GET",
                "/awsexamplebucket1/?acl",
                &[("date", "Tue, 27 Mar 2007 19:44:46 +0000")],
                "82ZHiFIjc+WbcwFKGUVEQspPn+0=",
            ),
        ] {
            let authorization = format!("AWS AKIAIOSFODNN7EXAMPLE:{signature}");
            let mut all = vec![("authorization", authorization.as_str())];
            all.extend_from_slice(headers);
            let (claim, parts) = claimed(path, method, &all);
            assert_eq!(sign(SECRET, &claim.string_to_sign(&parts)), signature, "{path}");
        }
    }

    #[test]
    fn a_presigned_url_carries_headers_in_its_query() {
        let uri = "/b/k%20k?AWSAccessKeyId=A&Signature=s%3D&Expires=1141889120&x-amz-security-token=t&content-type=a%2Fb&response-content-type=c&x=y";
        let (claim, parts) = claimed(uri, "GET", &[]);
        assert_eq!((claim.token.as_deref(), claim.signature.as_str()), (Some("t"), "s="));
        let text = String::from_utf8(claim.string_to_sign(&parts)).unwrap();
        assert_eq!(text, "GET\n\na/b\n1141889120\nx-amz-security-token:t\n/b/k%20k?response-content-type=c");
    }
}
