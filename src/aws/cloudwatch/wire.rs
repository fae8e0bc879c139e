//! The three forms in which clients speak to CloudWatch: how they name the operation, how its input is read and its answer written.

use std::io::Read;

use flate2::read::GzDecoder;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde_json::Value;

use super::super::answer::{Payload, Response};
use super::super::call::Call;
use super::super::errors::{Protocol, WireError};
use super::super::model::{Fields, ModelOf, from_form};
use super::super::query::{self, Xml};
use super::super::{body, json};
use super::NAMESPACE;
use super::cbor;
use super::output::Output;

/// Longest input, also after it was unpacked: AWS takes 1 MB.
const MOST_BYTES: usize = 1024 * 1024;

/// Before the name of an operation in CBOR's paths.
const CBOR_PATH: &str = "/service/GraniteServiceVersion20100801/operation/";

/// The header by which clients of `rpc-v2-cbor` know that they were understood.
pub const SMITHY_PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");

/// What stands in it.
pub const RPC_V2_CBOR: &str = "rpc-v2-cbor";

/// How a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Query,
    Json,
    Cbor,
}

/// A request that was read.
pub(super) struct Asked {
    pub(super) operation: String,
    input: Input,
}

enum Input {
    Fields(Fields),
    Value(Value),
}

/// The operation that a path of CBOR's names.
pub(super) fn cbor_operation(path: &str) -> Option<&str> {
    path.strip_prefix(CBOR_PATH)
}

impl Form {
    /// By target, then path; what has neither is a form.
    pub(super) fn of(request: &Parts) -> Self {
        if request.headers.contains_key("x-amz-target") {
            Self::Json
        } else if cbor_operation(request.uri.path()).is_some() {
            Self::Cbor
        } else {
            Self::Query
        }
    }

    /// The shape of its errors.
    pub(super) fn protocol(self) -> Protocol {
        match self {
            Self::Query => Protocol::Query(NAMESPACE),
            Self::Json => Protocol::Json(0),
            Self::Cbor => Protocol::Cbor,
        }
    }
}

impl Asked {
    /// The input of the operation that it names.
    pub(super) fn input(self, operation: &str) -> Value {
        match self.input {
            Input::Fields(fields) => from_form(ModelOf::CloudWatch, operation, &fields),
            Input::Value(value) => value,
        }
    }
}

/// Reads a request.
///
/// # Errors
/// Those of reading a body; what is not of the form that it should be.
pub(super) async fn read(form: Form, call: Call) -> Result<Asked, WireError> {
    if form == Form::Query && call.parts.method != Method::POST {
        return fields(call.parts.uri.query().unwrap_or_default().as_bytes());
    }
    let operation = match form {
        Form::Json => json::operation(&call),
        _ => cbor_operation(call.parts.uri.path()).unwrap_or_default().to_owned(),
    };
    let packing = call.parts.headers.get(CONTENT_ENCODING).cloned();
    let bytes = call.body.read(MOST_BYTES).await?;
    let unpacked;
    let bytes = match packing.as_ref().map(HeaderValue::as_bytes) {
        None | Some(b"identity") => &*bytes,
        Some(b"gzip") => {
            unpacked = unpack(&bytes)?;
            unpacked.as_slice()
        }
        Some(_) => {
            let message = "The request's Content-Encoding is not known here: gzip is.";
            return Err(WireError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "SerializationException", message));
        }
    };
    match form {
        Form::Query => fields(bytes),
        Form::Json => Ok(Asked { operation, input: Input::Value(json::parse(bytes)?) }),
        Form::Cbor => Ok(Asked { operation, input: Input::Value(cbor::read(bytes)?) }),
    }
}

fn fields(form: &[u8]) -> Result<Asked, WireError> {
    let fields = Fields::parse(form);
    let Some(operation) = fields.get("Action").map(str::to_owned) else { return Err(query::missing_action()) };
    Ok(Asked { operation, input: Input::Fields(fields) })
}

/// Clients pack large `PutMetricData`.
fn unpack(bytes: &[u8]) -> Result<Vec<u8>, WireError> {
    let mut unpacked = Vec::new();
    let most = MOST_BYTES as u64 + 1;
    GzDecoder::new(bytes).take(most).read_to_end(&mut unpacked).map_err(|error| {
        let message = format!("The request's body is not gzip, as its Content-Encoding says: {error}");
        WireError::new(StatusCode::BAD_REQUEST, "SerializationException", message)
    })?;
    if unpacked.len() > MOST_BYTES { Err(body::too_large(MOST_BYTES)) } else { Ok(unpacked) }
}

/// Writes the good answer.
pub(super) fn respond(form: Form, operation: &str, output: Option<&Output>, id: &HeaderValue) -> Response {
    match form {
        Form::Query => {
            let xml = output.map(|output| {
                let mut xml = Xml::default();
                output.xml(&mut xml);
                xml
            });
            query::answer(NAMESPACE, operation, xml.as_ref(), id)
        }
        Form::Json => json::respond(&output.map_or_else(|| serde_json::json!({}), Output::json), 0),
        Form::Cbor => {
            let mut response =
                Response::new(output.map_or_else(Payload::empty, |output| cbor::write(&output.cbor()).into()));
            let headers = response.headers_mut();
            headers.insert(SMITHY_PROTOCOL, HeaderValue::from_static(RPC_V2_CBOR));
            if output.is_some() {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/cbor"));
            }
            response
        }
    }
}

/// The name that an error of the Query protocol has in CloudWatch's model: the forms that came later tell both.
pub fn error_shape(code: &'static str) -> &'static str {
    match code {
        "InvalidParameterValue" => "InvalidParameterValueException",
        "InvalidParameterCombination" => "InvalidParameterCombinationException",
        "MissingParameter" => "MissingRequiredParameterException",
        "ValidationError" => "ValidationException",
        "InternalServiceError" => "InternalServiceFault",
        "InvalidFormat" => "InvalidFormatFault",
        "LimitExceeded" => "LimitExceededFault",
        other => other,
    }
}

/// Writes an error's body in CBOR.
pub fn cbor_error(shape: &str, message: &str) -> Vec<u8> {
    let text = |text: &str| ciborium::Value::Text(text.to_owned());
    let members = vec![(text("__type"), text(shape)), (text("message"), text(message))];
    cbor::write(&ciborium::Value::Map(members))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn packed_bodies_are_unpacked_up_to_the_limit() {
        let pack = |bytes: &[u8]| {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packed.write_all(bytes).unwrap();
            packed.finish().unwrap()
        };
        assert_eq!(unpack(&pack(b"{}")).unwrap(), b"{}");
        assert_eq!(unpack(&pack(&vec![b' '; MOST_BYTES + 1])).unwrap_err().status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(unpack(b"{}").unwrap_err().code, "SerializationException");
    }
}
