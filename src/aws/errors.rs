//! AWS-shaped errors. Here, and nowhere else, an error turns into a status, a code and words for a client.

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use quick_xml::escape::escape;
use serde_json::json;

use super::answer::{Payload, Response};
use super::cloudwatch;
use crate::serving::InvokeError;

/// The header by which AWS's clients tell errors apart.
pub const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

/// The shapes in which AWS's services answer, as far as errors differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// SageMaker's runtime, Lambda, API Gateway; and whoever speaks to no service that we know.
    RestJson,
    /// CloudWatch as newer AWS clients speak it: Smithy's `rpc-v2-cbor`.
    Cbor,
    /// SageMaker and CloudWatch Logs; with the digit after the dot: CloudWatch speaks 1.0.
    Json(u8),
    /// STS, IAM, older CloudWatch clients: XML with this namespace.
    Query(&'static str),
    /// S3's XML.
    S3,
}

/// An error on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    /// HTTP status.
    pub status: StatusCode,
    /// AWS's name for it, which a client can match on.
    pub code: &'static str,
    /// What failed, on what, and what to do.
    pub message: String,
    /// What the model's container said, where it is the container's refusal that is passed on.
    pub original: Option<Box<Original>>,
    /// What S3 says besides, by the names of its elements.
    pub details: Vec<(&'static str, String)>,
}

/// A container's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// The container's status.
    pub status: u16,
    /// Its words.
    pub message: String,
    /// ARN of the log that holds them, where it is known.
    pub log_stream_arn: Option<String>,
}

impl WireError {
    /// An error of the service itself.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), original: None, details: Vec::new() }
    }

    /// With one more thing to say, where it is S3 that says it.
    #[must_use]
    pub fn with(mut self, element: &'static str, value: String) -> Self {
        self.details.push((element, value));
        self
    }

    /// `ValidationError`, 400.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ValidationError", message)
    }

    /// An operation that Counterpoise does not have.
    pub fn not_here(service: &str, operation: &str) -> Self {
        let message = format!("{operation} of {service} is not available in Counterpoise");
        Self::new(StatusCode::BAD_REQUEST, "UnknownOperationException", message)
    }

    /// What the client sees of a request that got no prediction. `variant` took it, if one did.
    ///
    /// A container's refusal is a `ModelError` as SageMaker's runtime has it: 424 outside, the container's status and words inside. With
    /// 424 no client tries again what can't succeed, as it would after a 500.
    pub fn of_invocation(error: &InvokeError, variant: Option<&str>) -> Self {
        let Some(status) = error.container_status() else {
            return match error {
                InvokeError::NoWeight(_) | InvokeError::Busy { .. } => {
                    Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", error.to_string())
                }
                InvokeError::TooLarge { .. } => {
                    Self::new(StatusCode::PAYLOAD_TOO_LARGE, "ValidationError", error.to_string())
                }
                _ => Self::validation(error.to_string()),
            };
        };
        let original = Original { status, message: error.to_string(), log_stream_arn: None };
        let side = if status < 500 { "client" } else { "server" };
        let from = variant.unwrap_or("the model");
        let message = format!("Received {side} error ({status}) from {from} with message \"{}\"", original.message);
        Self { original: Some(Box::new(original)), ..Self::new(StatusCode::FAILED_DEPENDENCY, "ModelError", message) }
    }

    /// The answer, without a request id in its head; `id` is for bodies that hold one.
    pub(super) fn into_response(self, protocol: Protocol, id: &str) -> Response {
        let side = if self.status.is_client_error() { "Sender" } else { "Receiver" };
        let (content_type, body): (_, Payload) = match protocol {
            Protocol::RestJson => ("application/json", self.rest_json().into()),
            Protocol::Json(0) => ("application/x-amz-json-1.0", self.json(cloudwatch::error_shape(self.code)).into()),
            Protocol::Json(_) => ("application/x-amz-json-1.1", self.json(self.code).into()),
            Protocol::Cbor => {
                let shape = cloudwatch::error_shape(self.code);
                ("application/cbor", cloudwatch::cbor_error(shape, &self.message).into())
            }
            Protocol::Query(namespace) => (
                "text/xml",
                format!(
                    "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{side}</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>",
                    self.code,
                    escape(&self.message)
                )
                .into(),
            ),
            Protocol::S3 => (
                "application/xml",
                format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{}</Code><Message>{}</Message>{}<RequestId>{id}</RequestId></Error>",
                    self.code,
                    escape(&self.message),
                    self.elements()
                )
                .into(),
            ),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if matches!(protocol, Protocol::RestJson) {
            headers.insert(ERROR_TYPE, HeaderValue::from_static(self.code));
        }
        if protocol == Protocol::Cbor {
            headers.insert(cloudwatch::SMITHY_PROTOCOL, HeaderValue::from_static(cloudwatch::RPC_V2_CBOR));
        }
        if matches!(protocol, Protocol::Json(0) | Protocol::Cbor)
            && let Ok(value) = HeaderValue::from_str(&format!("{};{side}", self.code))
        {
            // For clients that once spoke the Query protocol and match on its codes.
            headers.insert(QUERY_ERROR, value);
        }
        response
    }

    fn elements(&self) -> String {
        self.details.iter().fold(String::new(), |mut all, (name, value)| {
            all.extend(["<", name, ">", &escape(value), "</", name, ">"]);
            all
        })
    }

    fn json(&self, shape: &str) -> String {
        json!({ "__type": shape, "message": self.message }).to_string()
    }

    fn rest_json(&self) -> String {
        let body = match &self.original {
            None => json!({ "message": self.message }),
            Some(original) => json!({
                "ErrorCode": if original.status < 500 { "CLIENT_ERROR_FROM_MODEL" } else { "SERVER_ERROR_FROM_MODEL" },
                "LogStreamArn": original.log_stream_arn,
                "Message": self.message,
                "OriginalMessage": original.message,
                "OriginalStatusCode": original.status,
            }),
        };
        body.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_model_keeps_its_status_and_words_inside() {
        let error = WireError::of_invocation(&InvokeError::Body("row 2 has 3 columns".to_owned()), Some("A"));
        assert_eq!((error.status.as_u16(), error.code), (424, "ModelError"));
        assert_eq!(error.message, "Received client error (400) from A with message \"row 2 has 3 columns\"");
        let response = error.into_response(Protocol::RestJson, "-");
        assert_eq!(response.headers()[&ERROR_TYPE], "ModelError");
    }

    #[test]
    fn every_kind_of_refusal_has_its_status() {
        let of = |error: &InvokeError| {
            let error = WireError::of_invocation(error, None);
            (error.status.as_u16(), error.code, error.original.map_or(0, |original| original.status))
        };
        assert_eq!(of(&InvokeError::UnknownEndpoint("e".into())), (400, "ValidationError", 0));
        assert_eq!(of(&InvokeError::NoWeight("e".into())), (503, "ServiceUnavailable", 0));
        let busy = InvokeError::Busy { variant: "A".into(), instances: 1, waiting: 32 };
        assert_eq!(of(&busy), (503, "ServiceUnavailable", 0));
        assert_eq!(of(&InvokeError::ContentType(None)), (424, "ModelError", 415));
        assert_eq!(of(&InvokeError::TooLarge { limit: 1 }), (413, "ValidationError", 0));
        assert_eq!(of(&InvokeError::Unfit("x".into())), (424, "ModelError", 400));
        assert_eq!(of(&InvokeError::Model("x".into())), (424, "ModelError", 500));
        let accept = InvokeError::Accept { given: "x".into(), algorithm: "y".into(), can: "z".into() };
        assert_eq!(of(&accept), (424, "ModelError", 406));
    }
}
