//! What a request says of its own signature, in the `Authorization` header or in the query; nothing of it is believed yet.

use hyper::header::{AUTHORIZATION, DATE, HeaderMap};
use hyper::http::request::Parts;

use super::key::ALGORITHM;
use super::refusal::Refusal;
use super::time::Signed;
use super::v2;
use crate::aws::scope::Scope;
use crate::domain::time::Timestamp;

/// A signature that a request claims to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Version 4.
    V4(V4),
    /// S3's older one, which boto3 still makes for presigned URLs.
    V2(v2::V2),
}

/// A signature of version 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V4 {
    /// Who signed, and for what.
    pub scope: Scope,
    /// When.
    pub time: Signed,
    /// Names of the headers that it covers, in lower case and as they were listed.
    pub signed_headers: Vec<String>,
    /// In hex.
    pub signature: String,
    /// Of a presigned URL: for how many seconds it is good, if it says so.
    #[allow(clippy::option_option, reason = "presigned or not, and then with an end or without")]
    pub presigned: Option<Option<i64>>,
    /// `X-Amz-Security-Token`.
    pub token: Option<String>,
}

impl Claim {
    /// Reads it; `None` for a request that is not signed.
    ///
    /// # Errors
    /// What is malformed. `s3`: by the rules of S3, which has the older signature too and says some things in other words.
    pub fn read(request: &Parts, s3: bool) -> Result<Option<Self>, Refusal> {
        let query = request.uri.query().unwrap_or_default();
        let fields = Fields::of(query);
        let mut headers = request.headers.get_all(AUTHORIZATION).iter();
        let header = match (headers.next(), headers.next()) {
            (_, Some(_)) => return Err(Refusal::TwoMechanisms),
            (header, None) => header,
        };
        let in_query = fields.is_v4() || (s3 && fields.is_v2());
        match header {
            Some(_) if in_query => Err(Refusal::TwoMechanisms),
            Some(header) => {
                let text = String::from_utf8_lossy(header.as_bytes());
                in_header(text.trim(), &request.headers, s3).map(Some)
            }
            None if fields.is_v4() => presigned(&fields, s3).map(|claim| Some(Self::V4(claim))),
            None if in_query => v2::in_query(&fields).map(|claim| Some(Self::V2(claim))),
            None => Ok(None),
        }
    }

    /// That a presigned URL has ended; `None` for one that has not, and for what is none.
    pub fn ended(&self, now: Timestamp) -> Option<Refusal> {
        match self {
            Self::V4(claim) => claim.ended(now),
            Self::V2(claim) => claim.ended(now),
        }
    }
}

impl V4 {
    /// See [`Claim::ended`].
    pub(super) fn ended(&self, now: Timestamp) -> Option<Refusal> {
        let length_ms = self.presigned??.saturating_mul(1_000);
        let signed = self.time.at;
        (now.0 >= signed.0.saturating_add(length_ms)).then_some(Refusal::Ended { signed, now, length_ms })
    }
}

/// The fields of a query, decoded.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    fn of(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    fn is_v4(&self) -> bool {
        self.0
            .iter()
            .any(|(name, _)| matches!(name.as_str(), "X-Amz-Signature" | "X-Amz-Credential" | "X-Amz-Algorithm"))
    }

    fn is_v2(&self) -> bool {
        self.0.iter().any(|(name, _)| name == "Signature" || name == "AWSAccessKeyId")
    }

    /// A field; that it is there twice is as wrong as that it is absent.
    pub(super) fn one(&self, wanted: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        found.next().filter(|_| found.next().is_none())
    }
}

fn in_header(text: &str, headers: &HeaderMap, s3: bool) -> Result<Claim, Refusal> {
    let (algorithm, rest) = text.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((text, ""));
    if s3 && algorithm == "AWS" {
        return v2::in_header(rest, headers).map(Claim::V2);
    }
    if algorithm.starts_with("AWS4-") && algorithm != ALGORITHM {
        return Err(Refusal::Mechanism(algorithm.to_owned()));
    }
    let rest = if algorithm == ALGORITHM {
        rest
    } else if s3 {
        return Err(Refusal::Mechanism(algorithm.to_owned()));
    } else {
        // Other services name what they miss in it.
        ""
    };
    let parameter = |name: &str| {
        let mut found = rest.split(',').filter_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        found.next().filter(|value| !value.is_empty() && found.next().is_none())
    };
    let (credential, signature) = (parameter("Credential"), parameter("Signature"));
    let signed_headers = parameter("SignedHeaders");
    let date = date(headers);
    let mut missing = Vec::new();
    for (name, absent) in [
        ("Credential", credential.is_none()),
        ("Signature", signature.is_none()),
        ("SignedHeaders", signed_headers.is_none()),
    ] {
        if absent {
            missing.push(name);
        }
    }
    let (Some(credential), Some(signature), Some(signed_headers)) = (credential, signature, signed_headers) else {
        return Err(Refusal::Incomplete { missing, date: date.is_some(), given: text.to_owned() });
    };
    let scope = Scope::parse(credential).ok_or_else(|| Refusal::Credential(credential.to_owned()))?;
    let Some(date) = date else {
        return Err(Refusal::Incomplete { missing: Vec::new(), date: false, given: text.to_owned() });
    };
    let time = date.ok_or(Refusal::Date)?;
    let token = headers.get("x-amz-security-token").map(|token| String::from_utf8_lossy(token.as_bytes()).into_owned());
    Ok(Claim::V4(V4 {
        scope,
        time,
        signed_headers: names(signed_headers),
        signature: signature.to_owned(),
        presigned: None,
        token,
    }))
}

/// The time of signing; `Some(None)` where it can't be read, `None` where there is none.
#[allow(clippy::option_option, reason = "absent and unreadable are told apart in the answer")]
pub(super) fn date(headers: &HeaderMap) -> Option<Option<Signed>> {
    let text = |value: &hyper::header::HeaderValue| value.to_str().ok().map(|text| text.trim().to_owned());
    if let Some(value) = headers.get("x-amz-date") {
        return Some(text(value).and_then(|text| Signed::date_header(&text)));
    }
    headers.get(DATE).map(|value| text(value).and_then(|text| Signed::date_header(&text)))
}

fn presigned(fields: &Fields, s3: bool) -> Result<V4, Refusal> {
    const NEEDED: [&str; 5] =
        ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders"];
    let algorithm = fields.one("X-Amz-Algorithm");
    if let Some(other) = algorithm.filter(|algorithm| *algorithm != ALGORITHM) {
        return Err(Refusal::Mechanism(other.to_owned()));
    }
    let [Some(_), Some(credential), Some(signature), Some(date), Some(signed_headers)] =
        NEEDED.map(|name| fields.one(name).filter(|value| !value.is_empty()))
    else {
        return Err(Refusal::QueryIncomplete);
    };
    let scope = Scope::parse(credential).ok_or_else(|| Refusal::Credential(credential.to_owned()))?;
    let time = Signed::basic(date).ok_or(Refusal::Date)?;
    let expires = match fields.one("X-Amz-Expires") {
        None if s3 => return Err(Refusal::QueryIncomplete),
        None => None,
        // A week is the longest that AWS allows.
        Some(text) => match text.parse::<i64>() {
            Ok(seconds) if (0..=604_800).contains(&seconds) => Some(seconds),
            Ok(seconds) if seconds < 0 => return Err(Refusal::ExpiresNegative),
            Ok(_) => return Err(Refusal::ExpiresTooLong),
            Err(_) => return Err(Refusal::QueryIncomplete),
        },
    };
    Ok(V4 {
        scope,
        time,
        signed_headers: names(signed_headers),
        signature: signature.to_owned(),
        presigned: Some(expires),
        token: fields.one("X-Amz-Security-Token").map(str::to_owned),
    })
}

fn names(list: &str) -> Vec<String> {
    list.split(';').map(str::to_ascii_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(uri: &str, headers: &[(&str, &str)], s3: bool) -> Result<Option<Claim>, Refusal> {
        let mut request = hyper::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Claim::read(&request.body(()).unwrap().into_parts().0, s3)
    }

    const WHOLE: &str = "AWS4-HMAC-SHA256 Credential=AKIA/20150830/us-east-1/sts/aws4_request, SignedHeaders=host;X-Amz-Date, Signature=00";
    const DATED: (&str, &str) = ("x-amz-date", "20150830T123600Z");

    #[test]
    fn header_and_query_say_the_same() {
        let Ok(Some(Claim::V4(header))) = read("/", &[("authorization", WHOLE), DATED], false) else { panic!() };
        assert_eq!(header.signed_headers, ["host", "x-amz-date"]);
        let uri = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20150830%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3BX-Amz-Date&X-Amz-Signature=00";
        let Ok(Some(claim @ Claim::V4(_))) = read(uri, &[], false) else { panic!() };
        assert!(claim.ended(Timestamp(header.time.at.0 + 59_999)).is_none());
        assert!(claim.ended(Timestamp(header.time.at.0 + 60_000)).is_some());
        let Claim::V4(query) = claim else { panic!() };
        assert_eq!(query, V4 { presigned: Some(Some(60)), ..header });
    }

    #[test]
    fn what_is_missing_is_named() {
        let missing = |text: &str| match read("/", &[("authorization", text)], false) {
            Err(Refusal::Incomplete { missing, date, .. }) => (missing, date),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(missing("Basic abc"), (vec!["Credential", "Signature", "SignedHeaders"], false));
        assert_eq!(missing("AWS4-HMAC-SHA256 Credential=a, Signature="), (vec!["Signature", "SignedHeaders"], false));
        assert_eq!(missing(WHOLE), (Vec::new(), false));
        let twice = WHOLE.replace("Signature=00", "Signature=00, Signature=01");
        assert_eq!(missing(&twice).0, ["Signature"]);
    }

    #[test]
    fn nonsense_is_refused_and_nothing_is_nothing() {
        assert_eq!(read("/b?a=1", &[], true), Ok(None));
        let fails = |uri: &str, headers: &[(&str, &str)]| read(uri, headers, true).unwrap_err();
        assert_eq!(fails("/", &[("authorization", "Bearer x")]), Refusal::Mechanism("Bearer".into()));
        let v4a = WHOLE.replace("HMAC", "ECDSA-P256");
        assert!(matches!(fails("/", &[("authorization", &v4a), DATED]), Refusal::Mechanism(_)));
        let short = WHOLE.replace("/us-east-1", "");
        assert!(matches!(fails("/", &[("authorization", &short), DATED]), Refusal::Credential(_)));
        assert_eq!(fails("/", &[("authorization", WHOLE), ("x-amz-date", "today")]), Refusal::Date);
        assert_eq!(fails("/?X-Amz-Signature=0", &[]), Refusal::QueryIncomplete);
        assert_eq!(fails("/?Signature=0", &[("authorization", WHOLE)]), Refusal::TwoMechanisms);
        assert_eq!(fails("/", &[("authorization", WHOLE), ("authorization", WHOLE)]), Refusal::TwoMechanisms);
        let long = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A/20150830/r/s3/aws4_request&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00&X-Amz-Expires=";
        assert_eq!(fails(&format!("{long}604801"), &[]), Refusal::ExpiresTooLong);
        assert_eq!(fails(&format!("{long}-1"), &[]), Refusal::ExpiresNegative);
    }
}
