//! What an operation answers, before it has a form: written as XML, JSON or CBOR.

use ciborium::Value as Cbor;
use serde_json::{Map, Value, json};

use super::super::query::{Xml, iso};
use crate::domain::time::Timestamp;

/// A value of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::aws) enum Output {
    Text(String),
    Number(f64),
    Whole(i64),
    Flag(bool),
    Time(Timestamp),
    List(Vec<Output>),
    /// Known members, in order.
    Object(Vec<(&'static str, Output)>),
    /// Keys of the request's making.
    Map(Vec<(String, Output)>),
}

impl From<&str> for Output {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Output {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Output {
    /// A time in whole seconds since the Unix epoch.
    pub(super) fn seconds(at_s: i64) -> Self {
        Self::Time(Timestamp(at_s.saturating_mul(1_000)))
    }

    /// As JSON; times are seconds since 1970.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Number(number) => json!(number),
            Self::Whole(number) => json!(number),
            Self::Flag(flag) => json!(flag),
            Self::Time(time) => json!(time.epoch_seconds()),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| ((*name).to_owned(), value.json())).collect())
            }
            Self::Map(entries) => {
                Value::Object(entries.iter().map(|(key, value)| (key.clone(), value.json())).collect::<Map<_, _>>())
            }
        }
    }

    /// As CBOR; times are tagged as seconds since 1970.
    pub(super) fn cbor(&self) -> Cbor {
        match self {
            Self::Text(text) => Cbor::Text(text.clone()),
            Self::Number(number) => Cbor::Float(*number),
            Self::Whole(number) => Cbor::Integer((*number).into()),
            Self::Flag(flag) => Cbor::Bool(*flag),
            Self::Time(time) => Cbor::Tag(super::cbor::EPOCH, Box::new(Cbor::Float(time.epoch_seconds()))),
            Self::List(items) => Cbor::Array(items.iter().map(Self::cbor).collect()),
            Self::Object(members) => {
                Cbor::Map(members.iter().map(|(name, value)| (Cbor::Text((*name).to_owned()), value.cbor())).collect())
            }
            Self::Map(entries) => {
                Cbor::Map(entries.iter().map(|(key, value)| (Cbor::Text(key.clone()), value.cbor())).collect())
            }
        }
    }

    /// Inside an element of XML.
    pub(super) fn xml(&self, xml: &mut Xml) {
        match self {
            Self::Text(text) => xml.raw(text),
            Self::Number(number) => xml.raw(number),
            Self::Whole(number) => xml.raw(number),
            Self::Flag(flag) => xml.raw(flag),
            Self::Time(time) => xml.raw(iso(*time)),
            Self::List(items) => items.iter().fold(xml, |xml, item| xml.element("member", |xml| item.xml(xml))),
            Self::Object(members) => {
                members.iter().fold(xml, |xml, (name, value)| xml.element(name, |xml| value.xml(xml)))
            }
            Self::Map(entries) => entries.iter().fold(xml, |xml, (key, value)| {
                xml.element("entry", |xml| {
                    xml.text("key", key).element("value", |xml| value.xml(xml));
                })
            }),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_three_forms() {
        let output = Output::Object(vec![
            ("Label", "a<b".into()),
            ("Points", Output::List(vec![Output::seconds(60), Output::Number(0.5)])),
            ("More", Output::Map(vec![("p99".to_owned(), Output::Whole(3))])),
            ("On", Output::Flag(true)),
        ]);
        assert_eq!(output.json(), json!({ "Label": "a<b", "Points": [60.0, 0.5], "More": { "p99": 3 }, "On": true }));
        let mut xml = Xml::default();
        output.xml(&mut xml);
        assert_eq!(
            xml.as_str(),
            "<Label>a&lt;b</Label><Points><member>1970-01-01T00:01:00Z</member><member>0.5</member></Points>\
             <More><entry><key>p99</key><value>3</value></entry></More><On>true</On>"
        );
        let Cbor::Map(members) = output.cbor() else { panic!("no map") };
        assert_eq!(members[1].1, Cbor::Array(vec![Cbor::Tag(1, Box::new(Cbor::Float(60.0))), Cbor::Float(0.5)]));
    }
}
