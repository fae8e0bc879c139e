//! The Query protocol of STS, IAM and CloudWatch: a form with `Action` comes in, XML goes out.

use std::collections::HashMap;
use std::fmt::{Display, Write as _};

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, StatusCode};
use quick_xml::escape::escape;

use super::answer::Response;
use super::call::Call;
use super::errors::WireError;
use super::model::{self, Fields, ModelOf};
use crate::domain::time::Timestamp;

/// Longest form that is read, bytes: a role's trust policy may have 2 KiB, a session's policies 10.
const FORM_BYTES: usize = 256 * 1024;

/// A request: its fields by name, the first of a name.
#[derive(Debug, Default)]
pub struct Form {
    flat: HashMap<String, String>,
    /// The same by the parts of their names.
    fields: Fields,
}

impl Form {
    /// Reads the body of a POST, or the query of a GET.
    ///
    /// # Errors
    /// Those of reading the body; `MissingAction` when no operation is named.
    pub async fn read(call: Call) -> Result<Self, WireError> {
        let posted = call.parts.method == Method::POST;
        let form = if posted {
            Self::parse(&call.body.read(FORM_BYTES).await?)
        } else {
            Self::parse(call.parts.uri.query().unwrap_or_default().as_bytes())
        };
        if form.get("Action").is_none() {
            return Err(missing_action());
        }
        if !posted && form.get("Action").is_some_and(|action| !is_reading(action)) {
            // A link or a picture makes a browser GET whatever a page names, and older ones don't say who asks.
            let message = "What changes something must be sent with POST";
            return Err(WireError::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message));
        }
        Ok(form)
    }

    /// Reads a form.
    pub fn parse(text: &[u8]) -> Self {
        let mut flat = HashMap::new();
        for (name, value) in form_urlencoded::parse(text) {
            flat.entry(name.into_owned()).or_insert_with(|| value.into_owned());
        }
        Self { flat, fields: Fields::parse(text) }
    }

    /// A field; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.flat.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Holds the fields against AWS's model of an operation's input.
    ///
    /// # Errors
    /// Those of [`model::check`]; a field of another type is `MalformedInput`, as this protocol calls it.
    pub fn check(&self, service: ModelOf, operation: &str) -> Result<(), WireError> {
        let checked = model::check(service, operation, &model::from_form(service, operation, &self.fields));
        checked.map_err(|error| match error.code {
            "SerializationException" => WireError { code: "MalformedInput", ..error },
            _ => error,
        })
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// `ValidationError` that names it.
    pub fn need(&self, name: &str) -> Result<&str, WireError> {
        self.get(name).ok_or_else(|| WireError::validation(format!("The request has no field {name}")))
    }

    /// A whole number, `usual` when it is absent. [`Form::check`] has refused what is none, or lies outside of its bounds.
    pub fn number(&self, name: &str, usual: u32) -> u32 {
        self.get(name).and_then(|text| text.parse().ok()).unwrap_or(usual)
    }

    /// The values of `name.member.1`, `name.member.2`, … up to the first that is absent.
    pub fn members(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|n| self.get(&format!("{name}.member.{n}"))).collect()
    }

    /// The pairs `name.member.N.Key` and `name.member.N.Value`.
    pub fn tags(&self, name: &str) -> Vec<(&str, &str)> {
        let value = |n| self.get(&format!("{name}.member.{n}.Value")).unwrap_or_default();
        (1..).map_while(|n| self.get(&format!("{name}.member.{n}.Key")).map(|key| (key, value(n)))).collect()
    }
}

/// Whether an operation only looks.
fn is_reading(action: &str) -> bool {
    ["Get", "List", "Describe", "Simulate"].iter().any(|verb| action.starts_with(verb))
}

/// XML under construction.
#[derive(Debug, Default)]
pub struct Xml(String);

impl Xml {
    /// A value, escaped, without an element around it.
    pub fn raw(&mut self, value: impl Display) -> &mut Self {
        let _ = write!(self.0, "{}", escape(value.to_string()));
        self
    }

    /// `<name>value</name>`, the value escaped.
    pub fn text(&mut self, name: &str, value: impl Display) -> &mut Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "<{name}>{}</{name}>", escape(value.to_string()));
        self
    }

    /// What is written so far.
    #[cfg(test)]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `<name>…</name>` around what `fill` writes.
    pub fn element(&mut self, name: &str, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let _ = write!(self.0, "<{name}>");
        fill(self);
        let _ = write!(self.0, "</{name}>");
        self
    }

    /// `<name><member>…</member>…</name>`.
    pub fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut fill: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.element(name, |xml| {
            for item in items {
                xml.element("member", |xml| fill(xml, item));
            }
        })
    }
}

/// A time as the Query protocol writes it: `2026-11-25T04:30:00Z`.
pub fn iso(time: Timestamp) -> String {
    jiff::Timestamp::from_second(time.0.div_euclid(1_000)).map_or_else(|_| String::new(), |time| time.to_string())
}

/// The good answer to `action`. `result` is what stands in `<ActionResult>`; operations without one have `None`.
pub fn answer(namespace: &str, action: &str, result: Option<&Xml>, id: &HeaderValue) -> Response {
    let id = id.to_str().unwrap_or_default();
    let result = result.map_or_else(String::new, |xml| format!("<{action}Result>{}</{action}Result>", xml.0));
    let body = format!(
        "<{action}Response xmlns=\"{namespace}\">{result}<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
    );
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}

/// What the protocol says of a form without an operation.
pub fn missing_action() -> WireError {
    let message = "Must specify the operation: the request has no field Action";
    WireError::new(StatusCode::BAD_REQUEST, "MissingAction", message)
}

/// What the protocol says of an operation that is not there.
pub fn invalid_action(service: &str, action: &str) -> WireError {
    let message = format!("Could not find operation {action}: {service} in Counterpoise does not have it");
    WireError::new(StatusCode::BAD_REQUEST, "InvalidAction", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lists_and_tags_are_read() {
        let form = Form::parse(
            b"Action=A&X=a%20b&Y=&L.member.1=p&L.member.2=q&L.member.4=r&T.member.1.Key=k&T.member.1.Value=%C3%A4",
        );
        assert_eq!((form.get("X"), form.get("Y"), form.get("Z")), (Some("a b"), None, None));
        assert_eq!(form.members("L"), ["p", "q"]);
        assert_eq!(form.tags("T"), [("k", "ä")]);
        assert!(form.need("Z").unwrap_err().message.contains('Z'));
        assert_eq!((form.number("Z", 7), form.number("X", 7)), (7, 7));
    }

    #[test]
    fn text_is_escaped_and_times_are_iso() {
        let mut xml = Xml::default();
        xml.list("L", ["<&>"], |xml, item| {
            xml.text("V", item);
        });
        assert_eq!(xml.0, "<L><member><V>&lt;&amp;&gt;</V></member></L>");
        assert_eq!(iso(Timestamp(1_764_045_000_500)), "2025-11-25T04:30:00Z");
    }

    #[test]
    fn a_form_is_held_against_the_model() {
        let said = |service, operation, text: &[u8]| {
            let error = Form::parse(text).check(service, operation).expect_err("a refusal");
            (error.code, error.message)
        };
        let role = "RoleArn=arn:aws:iam::123456789012:role/r";
        let (code, message) = said(ModelOf::Sts, "AssumeRole", format!("{role}&RoleSessionName=a%20b").as_bytes());
        assert_eq!(code, "ValidationError");
        assert!(
            message.starts_with("1 validation error detected: Value 'a b' at 'roleSessionName' failed to"),
            "{message}"
        );
        assert_eq!(
            said(ModelOf::Iam, "GetRole", b"").1,
            "1 validation error detected: Value null at 'roleName' failed to satisfy constraint: Member must not be null"
        );
        assert!(said(ModelOf::Iam, "GetRole", b"RoleName=").1.contains("Value '' at 'roleName'"));
        assert!(said(ModelOf::Iam, "ListRoles", b"MaxItems=1001").1.contains("less than or equal to 1000"));
        let (code, message) = said(ModelOf::Iam, "ListRoles", b"MaxItems=many");
        assert!(code == "MalformedInput" && message.contains("maxItems"), "{code} {message}");
        let tags = b"RoleName=r&AssumeRolePolicyDocument=%7B%7D&Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.2.Value=w";
        assert!(said(ModelOf::Iam, "CreateRole", tags).1.contains("Value null at 'tags.2.member.key'"));
        assert!(Form::parse(b"RoleName=r&Whatever=1").check(ModelOf::Iam, "GetRole").is_ok());
    }
}
