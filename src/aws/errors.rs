//! AWS-shaped errors. Here, and nowhere else, an error turns into a status, a code and words for a client.

use http_body_util::Full;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::json;

use super::Response;
use crate::serving::InvokeError;

/// The header by which AWS's clients tell errors apart.
pub const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// An error on its way to a client, in the shape of AWS's REST-JSON protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    /// HTTP status.
    pub status: StatusCode,
    /// AWS's name for it, which a client can match on.
    pub code: &'static str,
    /// What failed, on what, and what to do.
    pub message: String,
    /// What the model's container said, where it is the container's refusal that is passed on.
    pub original: Option<String>,
}

impl WireError {
    /// An error of the service itself.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), original: None }
    }

    /// `ValidationError`, 400.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ValidationError", message)
    }

    /// What the client sees of a request that got no prediction. `variant` took it, if one did.
    ///
    /// SageMaker's runtime puts a container's refusal into a `ModelError` with the container's status inside and 424 outside; here the
    /// status outside is the container's own, which says the same to a client library and more to a person with curl.
    pub fn of_invocation(error: &InvokeError, variant: Option<&str>) -> Self {
        let status = match error {
            InvokeError::UnknownEndpoint(_) | InvokeError::UnknownVariant { .. } => {
                return Self::validation(error.to_string());
            }
            InvokeError::NoWeight(_) => {
                return Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", error.to_string());
            }
            InvokeError::TooLarge { .. } => {
                return Self::new(StatusCode::PAYLOAD_TOO_LARGE, "ValidationError", error.to_string());
            }
            InvokeError::ContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            InvokeError::Accept { .. } => StatusCode::NOT_ACCEPTABLE,
            InvokeError::Body(_) | InvokeError::Unfit(_) => StatusCode::BAD_REQUEST,
            InvokeError::Model(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let original = error.to_string();
        let side = if status.is_client_error() { "client" } else { "server" };
        let from = variant.unwrap_or("the model");
        let message = format!("Received {side} error ({}) from {from} with message \"{original}\"", status.as_u16());
        Self { status, code: "ModelError", message, original: Some(original) }
    }

    /// The answer, without a request id.
    pub(super) fn into_response(self) -> Response {
        let body = match &self.original {
            None => json!({ "message": self.message }),
            Some(original) => json!({
                "ErrorCode": if self.status.is_client_error() { "CLIENT_ERROR_FROM_MODEL" } else { "SERVER_ERROR_FROM_MODEL" },
                "Message": self.message,
                "OriginalMessage": original,
                "OriginalStatusCode": self.status.as_u16(),
            }),
        };
        let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ERROR_TYPE, HeaderValue::from_static(self.code));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_model_keeps_its_status_and_words() {
        let error = WireError::of_invocation(&InvokeError::Body("row 2 has 3 columns".to_owned()), Some("A"));
        assert_eq!((error.status.as_u16(), error.code), (400, "ModelError"));
        assert_eq!(error.message, "Received client error (400) from A with message \"row 2 has 3 columns\"");
        let response = error.into_response();
        assert_eq!(response.headers()[&ERROR_TYPE], "ModelError");
    }

    #[test]
    fn every_kind_of_refusal_has_its_status() {
        let of = |error: &InvokeError| {
            let error = WireError::of_invocation(error, None);
            (error.status.as_u16(), error.code)
        };
        assert_eq!(of(&InvokeError::UnknownEndpoint("e".into())), (400, "ValidationError"));
        assert_eq!(of(&InvokeError::NoWeight("e".into())), (503, "ServiceUnavailable"));
        assert_eq!(of(&InvokeError::ContentType(None)), (415, "ModelError"));
        assert_eq!(of(&InvokeError::TooLarge { limit: 1 }), (413, "ValidationError"));
        assert_eq!(of(&InvokeError::Unfit("x".into())), (400, "ModelError"));
        assert_eq!(of(&InvokeError::Model("x".into())), (500, "ModelError"));
        let accept = InvokeError::Accept { given: "x".into(), algorithm: "y".into(), can: "z".into() };
        assert_eq!(of(&accept), (406, "ModelError"));
    }
}
