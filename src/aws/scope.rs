//! The credential scope of a request: who signed it, for which service, in which region. Parsed here, verified elsewhere.

use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;

/// `KEY/DATE/REGION/SERVICE/aws4_request`, as the `Authorization` header or a presigned URL names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The access key's id.
    pub access_key: String,
    /// `20261125`.
    pub date: String,
    /// For example `us-east-1`.
    pub region: String,
    /// For example `sagemaker`.
    pub service: String,
}

impl Scope {
    /// The scope of a request; `None` for one that is not signed, or not in a shape that names a scope.
    pub fn of(request: &Parts) -> Option<Self> {
        if let Some(header) = request.headers.get(AUTHORIZATION) {
            let text = header.to_str().ok()?.strip_prefix("AWS4-HMAC-SHA256")?;
            let credential = text.split(',').find_map(|part| part.trim().strip_prefix("Credential="))?;
            return Self::parse(credential);
        }
        let query = request.uri.query()?;
        let (_, credential) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "X-Amz-Credential")?;
        Self::parse(&credential)
    }

    /// Reads `KEY/DATE/REGION/SERVICE/aws4_request`.
    pub fn parse(credential: &str) -> Option<Self> {
        // From the right: an access key may hold a slash, the rest may not.
        let mut parts = credential.trim().rsplitn(5, '/');
        let (end, service, region) = (parts.next()?, parts.next()?, parts.next()?);
        let (date, access_key) = (parts.next()?, parts.next()?);
        let whole = end == "aws4_request" && [service, region, date, access_key].iter().all(|part| !part.is_empty());
        whole.then(|| Self {
            access_key: access_key.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }

    /// `DATE/REGION/SERVICE/aws4_request`.
    pub fn text(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(uri: &str, authorization: Option<&str>) -> Option<Scope> {
        let mut request = hyper::Request::builder().uri(uri);
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        Scope::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn it_is_read_from_header_and_query() {
        let header = "AWS4-HMAC-SHA256 Credential=AKIA/20261125/eu-west-1/sagemaker/aws4_request, SignedHeaders=host, Signature=0";
        let found = scope("/", Some(header)).unwrap();
        assert_eq!((found.access_key.as_str(), found.region.as_str()), ("AKIA", "eu-west-1"));
        assert_eq!((found.date.as_str(), found.service.as_str()), ("20261125", "sagemaker"));
        let query =
            "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20261125%2Fus-east-1%2Fs3%2Faws4_request";
        assert_eq!(scope(query, None).unwrap().service, "s3");
    }

    #[test]
    fn nonsense_has_none() {
        for header in [
            "",
            "Basic abc",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=a/b/c",
            "AWS4-HMAC-SHA256 Credential=////aws4_request",
        ] {
            assert_eq!(scope("/", Some(header)), None, "{header}");
        }
        assert_eq!(scope("/?X-Amz-Credential=x", None), None);
    }
}
