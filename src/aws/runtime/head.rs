//! The headers of a runtime request, read in one go over them.

use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::super::answer::Response;
use super::super::errors::WireError;
use crate::serving::Drawn;

const INFERENCE_ID: HeaderName = HeaderName::from_static("x-amzn-sagemaker-inference-id");
const CUSTOM_ATTRIBUTES: HeaderName = HeaderName::from_static("x-amzn-sagemaker-custom-attributes");
const INVOKED_VARIANT: HeaderName = HeaderName::from_static("x-amzn-invoked-production-variant");
/// Ours: epoch, place and probability of the draw; absent where the client chose the variant.
const DRAWN: HeaderName = HeaderName::from_static("x-counterpoise-drawn");
/// Ours: the number of the deployment whose fleet answered.
const DEPLOYMENT: HeaderName = HeaderName::from_static("x-counterpoise-deployment");

/// What the runtime's own headers begin with.
const OURS: &str = "x-amzn-sagemaker-";

/// Longest values that AWS's API reference allows.
const INFERENCE_ID_MAX: usize = 64;
const CUSTOM_ATTRIBUTES_MAX: usize = 1024;

/// What a request says beside its body.
#[derive(Default)]
pub(super) struct Head<'a> {
    pub(super) content_type: Option<&'a str>,
    pub(super) accept: Option<&'a str>,
    pub(super) target_variant: Option<&'a str>,
    pub(super) inference_id: Option<&'a HeaderValue>,
    custom_attributes: Option<&'a HeaderValue>,
    /// Of requests whose answer comes as an object.
    pub(super) later: Later<'a>,
}

/// Where input and output of such a request are.
#[derive(Default)]
pub(super) struct Later<'a> {
    pub(super) content_type: Option<&'a str>,
    pub(super) input_location: Option<&'a str>,
    pub(super) path_extension: Option<&'a str>,
    pub(super) file_name: Option<&'a str>,
    pub(super) ttl_s: Option<&'a str>,
    pub(super) timeout_s: Option<&'a str>,
}

impl<'a> Head<'a> {
    /// Reads the headers of a request to `endpoint`.
    ///
    /// # Errors
    /// `ValidationError` for one that is too long, is not ASCII, or asks for what no endpoint here has.
    pub(super) fn read(headers: &'a HeaderMap, endpoint: &str) -> Result<Self, WireError> {
        let mut head = Self::default();
        for (name, value) in headers {
            if name == CONTENT_TYPE {
                head.content_type = Some(text(name, value)?);
            } else if name == ACCEPT {
                head.accept = Some(text(name, value)?);
            } else if let Some(rest) = name.as_str().strip_prefix(OURS) {
                head.take(rest, name, value, endpoint)?;
            }
        }
        Ok(head)
    }

    fn take(&mut self, rest: &str, name: &HeaderName, value: &'a HeaderValue, endpoint: &str) -> Result<(), WireError> {
        match rest {
            "target-variant" => self.target_variant = Some(text(name, value)?),
            "inference-id" => self.inference_id = Some(short(name, value, INFERENCE_ID_MAX)?),
            "custom-attributes" => self.custom_attributes = Some(short(name, value, CUSTOM_ATTRIBUTES_MAX)?),
            // Where the answer is no plain body, its media type is asked for here.
            "accept" => self.accept = Some(text(name, value)?),
            "content-type" => self.later.content_type = Some(text(name, value)?),
            "inputlocation" => self.later.input_location = Some(text(name, value)?),
            "s3outputpathextension" => self.later.path_extension = Some(text(name, value)?),
            "filename" => self.later.file_name = Some(text(name, value)?),
            "requestttlseconds" => self.later.ttl_s = Some(text(name, value)?),
            "invocationtimeoutseconds" => self.later.timeout_s = Some(text(name, value)?),
            "target-model" => {
                return Err(refused(endpoint, "is not a multi-model endpoint: leave TargetModel away"));
            }
            "target-container-hostname" => {
                return Err(refused(endpoint, "has one container a variant: leave TargetContainerHostname away"));
            }
            "inference-component" => {
                return Err(refused(endpoint, "has no inference components: leave InferenceComponentName away"));
            }
            "enable-explanations" => {
                return Err(refused(endpoint, "has no explainer: leave EnableExplanations away"));
            }
            "session-id" => return Err(refused(endpoint, "keeps no sessions: leave SessionId away")),
            // A hint for routing between instances, and whatever AWS adds next: nothing changes without them.
            _ => {}
        }
        Ok(())
    }

    /// Gives back what the client sent along, and says who answered. SageMaker hands a client's custom attributes to the model, and the
    /// built-in containers give them back as they came. The inference id is what a label is joined by later: the client's own, or `id`, the
    /// request's. In headers of our own: which deployment's fleet answered, since two may have a variant of one name while an update moves
    /// traffic; and how the variant was drawn, since who knows it can compare variants without a word from us.
    pub(super) fn sign(
        &self,
        response: &mut Response,
        variant: Option<&str>,
        by: Option<(Option<u64>, Option<Drawn>)>,
        id: &HeaderValue,
    ) {
        let (deployment, drawn) = by.unwrap_or_default();
        let headers = response.headers_mut();
        if let Some(deployment) = deployment {
            headers.insert(DEPLOYMENT, HeaderValue::from(deployment));
        }
        if let Some(value) = drawn.and_then(|drawn| HeaderValue::from_str(&drawn.to_string()).ok()) {
            headers.insert(DRAWN, value);
        }
        if let Some(value) = variant.and_then(|variant| HeaderValue::from_str(variant).ok()) {
            headers.insert(INVOKED_VARIANT, value);
        }
        if let Some(value) = self.custom_attributes {
            headers.insert(CUSTOM_ATTRIBUTES, value.clone());
        }
        headers.insert(INFERENCE_ID, self.inference_id.unwrap_or(id).clone());
    }
}

fn refused(endpoint: &str, why: &str) -> WireError {
    WireError::validation(format!("Endpoint {endpoint} {why}"))
}

fn text<'a>(name: &HeaderName, value: &'a HeaderValue) -> Result<&'a str, WireError> {
    value.to_str().map_err(|_| WireError::validation(format!("{name} must be plain ASCII")))
}

fn short<'a>(name: &HeaderName, value: &'a HeaderValue, most: usize) -> Result<&'a HeaderValue, WireError> {
    if text(name, value)?.len() > most {
        return Err(WireError::validation(format!("{name} may have at most {most} characters")));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn what_no_endpoint_here_has_is_refused_by_name() {
        for (header, member) in [
            ("x-amzn-sagemaker-target-model", "TargetModel"),
            ("x-amzn-sagemaker-target-container-hostname", "TargetContainerHostname"),
            ("x-amzn-sagemaker-inference-component", "InferenceComponentName"),
            ("x-amzn-sagemaker-enable-explanations", "EnableExplanations"),
            ("x-amzn-sagemaker-session-id", "SessionId"),
        ] {
            let error = Head::read(&headers(&[(header, "x")]), "e").err().unwrap();
            assert!(error.code == "ValidationError" && error.message.contains(member), "{}", error.message);
        }
        assert!(Head::read(&headers(&[("x-amzn-sagemaker-prefix-aware-id", "x")]), "e").is_ok());
    }

    #[test]
    fn all_is_read_in_one_go() {
        let given = headers(&[
            ("content-type", "text/csv"),
            ("accept", "application/json"),
            ("x-amzn-sagemaker-target-variant", "A"),
            ("x-amzn-sagemaker-inference-id", "i"),
            ("host", "localhost"),
        ]);
        let head = Head::read(&given, "e").unwrap();
        assert_eq!((head.content_type, head.accept), (Some("text/csv"), Some("application/json")));
        assert_eq!((head.target_variant, head.inference_id.unwrap().as_bytes()), (Some("A"), b"i".as_slice()));
    }
}
