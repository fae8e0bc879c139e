//! Why a signature is refused, and how each of AWS's protocols says so. The codes differ between services where their words are the same.

use hyper::StatusCode;

use super::time::basic;
use crate::aws::errors::{Protocol, WireError};
use crate::domain::time::Timestamp;

/// What is wrong with a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is none.
    Unsigned,
    /// Of another kind than version 4.
    Mechanism(String),
    /// In the header and in the query, or twice.
    TwoMechanisms,
    /// The header lacks parameters, or the request a date.
    Incomplete {
        /// Names of parameters.
        missing: Vec<&'static str>,
        /// Whether there is a date.
        date: bool,
        /// The header.
        given: String,
    },
    /// A presigned URL lacks fields.
    QueryIncomplete,
    /// `Credential` has another shape.
    Credential(String),
    /// The date can't be read.
    Date,
    /// A presigned URL for more than a week.
    ExpiresTooLong,
    /// One that ended before it was made.
    ExpiresNegative,
    /// The scope's day is not the day of the date.
    Day {
        /// In the scope.
        scope: String,
        /// Of the date.
        date: String,
    },
    /// Signed for another service.
    Service {
        /// The one that was asked.
        wanted: String,
        /// The scope's.
        given: String,
    },
    /// Signed for another region.
    Region {
        /// The workspace's.
        wanted: String,
        /// The scope's.
        given: String,
    },
    /// Headers that the signature must cover, and doesn't.
    NotSigned(Vec<String>),
    /// A key that this workspace has not.
    Key(String),
    /// A session's token that is no such token, or not the key's.
    Token,
    /// A session that has ended.
    TokenExpired,
    /// Signed too long ago, or too far in the future.
    Skewed {
        /// When it was signed.
        signed: Timestamp,
        /// By our clock.
        now: Timestamp,
        /// How far apart they may be, milliseconds.
        limit_ms: i64,
    },
    /// A presigned URL that has ended.
    Ended {
        /// When it was signed.
        signed: Timestamp,
        /// By our clock.
        now: Timestamp,
        /// For how long it was good, milliseconds.
        length_ms: i64,
    },
    /// A presigned URL from the future.
    NotYet {
        /// When it was signed.
        signed: Timestamp,
        /// By our clock.
        now: Timestamp,
    },
    /// S3 wants to know how the body is covered.
    PayloadMissing,
    /// And this is no way.
    Payload(String),
    /// The body is another one.
    Body,
    /// The signature is another one.
    Mismatch {
        /// Whose key.
        key: String,
        /// What the request came with.
        given: String,
        /// What we made of it.
        canonical: String,
        /// What we signed.
        string: String,
    },
}

impl Refusal {
    /// As a client sees it.
    pub fn into_wire(self, protocol: Protocol) -> WireError {
        match protocol {
            Protocol::S3 => self.of_s3(),
            _ => self.of_others(protocol),
        }
    }

    fn of_others(self, protocol: Protocol) -> WireError {
        let kind = self.kind();
        // JSON: 400 whatever it is; the others say that it is about who asks.
        let (status, code) = match (protocol, kind) {
            (Protocol::Json(_), kind) => (StatusCode::BAD_REQUEST, kind.json()),
            (Protocol::RestJson, kind) => (StatusCode::FORBIDDEN, kind.json()),
            (_, Kind::Incomplete) => (StatusCode::BAD_REQUEST, kind.query()),
            (_, kind) => (StatusCode::FORBIDDEN, kind.query()),
        };
        let signature = |date: &str| format!("{}{date}", self.words());
        let message = match &self {
            Self::Mismatch { canonical, string, .. } if !matches!(protocol, Protocol::Query(_)) => signature(&format!(
                "\n\nThe Canonical String for this request should have been\n'{canonical}'\n\nThe String-to-Sign should have been\n'{string}'\n"
            )),
            _ => signature(""),
        };
        WireError::new(status, code, message)
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Unsigned => Kind::Missing,
            Self::Key(_) | Self::Token => Kind::Key,
            Self::TokenExpired => Kind::Expired,
            Self::Mechanism(_)
            | Self::TwoMechanisms
            | Self::Incomplete { .. }
            | Self::QueryIncomplete
            | Self::Credential(_)
            | Self::Date
            | Self::ExpiresTooLong
            | Self::ExpiresNegative
            | Self::PayloadMissing
            | Self::Payload(_) => Kind::Incomplete,
            Self::Day { .. }
            | Self::Service { .. }
            | Self::Region { .. }
            | Self::NotSigned(_)
            | Self::Skewed { .. }
            | Self::Ended { .. }
            | Self::NotYet { .. }
            | Self::Body
            | Self::Mismatch { .. } => Kind::Signature,
        }
    }

    /// The words of every service but S3.
    fn words(&self) -> String {
        let minutes = |ms: i64| format!("{} min.", ms / 60_000);
        match self {
            Self::Unsigned => "Request is missing Authentication Token".to_owned(),
            Self::Mechanism(given) => format!("Unsupported AWS 'algorithm': '{}': requests are signed with AWS4-HMAC-SHA256", short(given)),
            Self::TwoMechanisms => "A request is signed once: in the Authorization header or in the query".to_owned(),
            Self::Incomplete { missing, date, given } => {
                let mut words: Vec<String> =
                    missing.iter().map(|name| format!("Authorization header requires '{name}' parameter.")).collect();
                if !date {
                    words.push(
                        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
                            .to_owned(),
                    );
                }
                // Whatever stands there instead of a signature may be a secret: only its first word is said back.
                let first = given.split_ascii_whitespace().next().unwrap_or_default();
                format!("{} Authorization={}", words.join(" "), short(first))
            }
            Self::QueryIncomplete => "AWS query-string parameters must include 'X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders' and 'X-Amz-Date', each once. Re-examine the query-string parameters.".to_owned(),
            Self::Credential(given) => {
                format!("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/aws4_request, got '{}'", short(given))
            }
            Self::Date => "Date must be in ISO-8601 'basic format'. See http://en.wikipedia.org/wiki/ISO_8601".to_owned(),
            Self::ExpiresTooLong => "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds".to_owned(),
            Self::ExpiresNegative => "X-Amz-Expires must be non-negative".to_owned(),
            Self::Day { scope, date } => {
                format!("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{date}'.", short(scope))
            }
            Self::Service { wanted, .. } => format!("Credential should be scoped to correct service: '{wanted}'."),
            Self::Region { wanted, given } => {
                format!("Credential should be scoped to a valid region, not '{}': this workspace is in '{wanted}'.", short(given))
            }
            Self::NotSigned(headers) => {
                let words: Vec<String> = headers
                    .iter()
                    .map(|header| if header == "host" { "'Host' or ':authority'".to_owned() } else { format!("'{header}'") })
                    .collect();
                format!("{} must be a 'SignedHeader' in the AWS Authorization.", words.join(", "))
            }
            Self::Key(_) | Self::Token => "The security token included in the request is invalid.".to_owned(),
            Self::TokenExpired => "The security token included in the request is expired".to_owned(),
            Self::Skewed { signed, now, limit_ms } if signed > now => {
                let border = Timestamp(now.0 + limit_ms);
                format!("Signature not yet current: {} is still later than {} ({} + {})", basic(*signed), basic(border), basic(*now), minutes(*limit_ms))
            }
            Self::Skewed { signed, now, limit_ms } | Self::Ended { signed, now, length_ms: limit_ms } => {
                let border = Timestamp(now.0 - limit_ms);
                format!("Signature expired: {} is now earlier than {} ({} - {})", basic(*signed), basic(border), basic(*now), minutes(*limit_ms))
            }
            Self::NotYet { signed, now } => {
                format!("Signature not yet current: {} is still later than {}", basic(*signed), basic(*now))
            }
            Self::PayloadMissing => "Missing required header for this request: x-amz-content-sha256".to_owned(),
            Self::Payload(given) => format!("x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value, not '{}'.", short(given)),
            Self::Body => "The provided 'x-amz-content-sha256' header does not match what was computed.".to_owned(),
            Self::Mismatch { .. } => "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.".to_owned(),
        }
    }

    fn of_s3(self) -> WireError {
        let bad = |code, message: String| WireError::new(StatusCode::BAD_REQUEST, code, message);
        let denied = |message: &str| WireError::new(StatusCode::FORBIDDEN, "AccessDenied", message);
        let header =
            |why: String| bad("AuthorizationHeaderMalformed", format!("The authorization header is malformed; {why}"));
        match &self {
            Self::Unsigned => denied("Access Denied"),
            Self::Mechanism(_) => bad(
                "InvalidRequest",
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.".to_owned(),
            ),
            Self::TwoMechanisms => bad("InvalidArgument", "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified".to_owned()),
            Self::Incomplete { missing, .. } if !missing.is_empty() => {
                header(format!("the authorization component \"{}\" is missing.", missing.join(", ")))
            }
            Self::Incomplete { .. } | Self::Date => denied("AWS authentication requires a valid Date or x-amz-date header"),
            Self::QueryIncomplete => bad("AuthorizationQueryParametersError", "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.".to_owned()),
            Self::ExpiresTooLong | Self::ExpiresNegative => bad("AuthorizationQueryParametersError", self.words()),
            Self::Credential(_) => header("the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".".to_owned()),
            Self::Day { scope, date } => header(format!("Invalid credential date \"{}\". This date is not the same as X-Amz-Date: \"{date}\".", short(scope))),
            Self::Service { wanted, given } => header(format!("incorrect service \"{}\". This endpoint belongs to \"{wanted}\".", short(given))),
            Self::Region { wanted, given } => {
                header(format!("the region '{}' is wrong; expecting '{wanted}'", short(given))).with("Region", wanted.clone())
            }
            Self::NotSigned(headers) => denied("There were headers present in the request which were not signed")
                .with("HeadersNotSigned", headers.join(", ")),
            Self::Key(key) => WireError::new(StatusCode::FORBIDDEN, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
                .with("AWSAccessKeyId", short(key)),
            Self::Token => bad("InvalidToken", "The provided token is malformed or otherwise invalid.".to_owned()),
            Self::TokenExpired => bad("ExpiredToken", "The provided token has expired.".to_owned()),
            Self::Skewed { signed, now, limit_ms } => WireError::new(
                StatusCode::FORBIDDEN,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            )
            .with("RequestTime", basic(*signed))
            .with("ServerTime", iso(*now))
            .with("MaxAllowedSkewMilliseconds", limit_ms.to_string()),
            Self::Ended { signed, now, length_ms } => denied("Request has expired")
                .with("X-Amz-Expires", (length_ms / 1_000).to_string())
                .with("Expires", iso(Timestamp(signed.0 + length_ms)))
                .with("ServerTime", iso(*now)),
            Self::NotYet { now, .. } => denied("Request is not yet valid").with("ServerTime", iso(*now)),
            Self::PayloadMissing => bad("InvalidRequest", self.words()),
            Self::Payload(_) => bad("InvalidArgument", self.words()).with("ArgumentName", "x-amz-content-sha256".to_owned()),
            Self::Body => bad("XAmzContentSHA256Mismatch", self.words()),
            Self::Mismatch { key, given, canonical, string } => WireError::new(
                StatusCode::FORBIDDEN,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
            )
            .with("AWSAccessKeyId", short(key))
            .with("StringToSign", string.clone())
            .with("SignatureProvided", short(given))
            .with("CanonicalRequest", canonical.clone()),
        }
    }
}

/// What all protocols tell apart.
#[derive(Clone, Copy)]
enum Kind {
    Missing,
    Incomplete,
    Key,
    Expired,
    Signature,
}

impl Kind {
    fn json(self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete => "IncompleteSignatureException",
            Self::Key => "UnrecognizedClientException",
            Self::Expired => "ExpiredTokenException",
            Self::Signature => "InvalidSignatureException",
        }
    }

    fn query(self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationToken",
            Self::Incomplete => "IncompleteSignature",
            Self::Key => "InvalidClientTokenId",
            Self::Expired => "ExpiredToken",
            Self::Signature => "SignatureDoesNotMatch",
        }
    }
}

/// What a client sent, said back: not at any length.
fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

fn iso(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.0.div_euclid(1_000)).map_or_else(|_| String::new(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(refusal: Refusal, protocol: Protocol) -> (u16, &'static str, String) {
        let error = refusal.into_wire(protocol);
        (error.status.as_u16(), error.code, error.message)
    }

    const QUERY: Protocol = Protocol::Query("n");

    #[test]
    fn every_protocol_has_its_codes() {
        for (refusal, json, query, s3) in [
            (Refusal::Unsigned, "MissingAuthenticationTokenException", "MissingAuthenticationToken", "AccessDenied"),
            (Refusal::Key("A".into()), "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"),
            (Refusal::Token, "UnrecognizedClientException", "InvalidClientTokenId", "InvalidToken"),
            (Refusal::TokenExpired, "ExpiredTokenException", "ExpiredToken", "ExpiredToken"),
            (
                Refusal::Mechanism("AWS4-ECDSA-P256-SHA256".into()),
                "IncompleteSignatureException",
                "IncompleteSignature",
                "InvalidRequest",
            ),
        ] {
            assert_eq!(said(refusal.clone(), Protocol::Json(1)).1, json);
            assert_eq!(said(refusal.clone(), Protocol::RestJson).1, json);
            assert_eq!(said(refusal.clone(), QUERY).1, query);
            assert_eq!(said(refusal, Protocol::S3).1, s3);
        }
        assert_eq!(said(Refusal::Unsigned, Protocol::Json(1)).0, 400);
        assert_eq!(said(Refusal::Unsigned, Protocol::RestJson).0, 403);
        assert_eq!(said(Refusal::Unsigned, QUERY).0, 403);
        assert_eq!(said(Refusal::Date, QUERY).0, 400);
    }

    #[test]
    fn times_are_told_as_aws_tells_them() {
        let (signed, now) = (Timestamp(1_440_938_160_000), Timestamp(1_440_938_160_000 + 600_000));
        let late = Refusal::Skewed { signed, now, limit_ms: 300_000 };
        assert_eq!(
            said(late, Protocol::Json(1)),
            (
                400,
                "InvalidSignatureException",
                "Signature expired: 20150830T123600Z is now earlier than 20150830T124100Z (20150830T124600Z - 5 min.)"
                    .to_owned()
            )
        );
        let early = Refusal::Skewed { signed: now, now: signed, limit_ms: 300_000 };
        assert_eq!(
            said(early, QUERY).2,
            "Signature not yet current: 20150830T124600Z is still later than 20150830T124100Z (20150830T123600Z + 5 min.)"
        );
        let s3 = Refusal::Skewed { signed, now, limit_ms: 900_000 }.into_wire(Protocol::S3);
        assert_eq!(s3.code, "RequestTimeTooSkewed");
        assert!(s3.details.contains(&("MaxAllowedSkewMilliseconds", "900000".to_owned())));
    }

    #[test]
    fn a_foreign_credential_is_not_said_back() {
        let refusal = Refusal::Incomplete { missing: vec!["Credential"], date: false, given: "Bearer secret".into() };
        let (_, code, words) = said(refusal, Protocol::RestJson);
        assert_eq!(code, "IncompleteSignatureException");
        assert_eq!(
            words,
            "Authorization header requires 'Credential' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=Bearer"
        );
    }

    #[test]
    fn a_mismatch_shows_what_should_have_been_signed() {
        let mismatch =
            Refusal::Mismatch { key: "A".into(), given: "0".into(), canonical: "GET\n/".into(), string: "AWS4".into() };
        assert!(said(mismatch.clone(), Protocol::Json(1)).2.contains("should have been\n'GET\n/'"));
        assert!(!said(mismatch.clone(), QUERY).2.contains("GET"));
        assert!(mismatch.into_wire(Protocol::S3).details.contains(&("CanonicalRequest", "GET\n/".to_owned())));
    }
}
