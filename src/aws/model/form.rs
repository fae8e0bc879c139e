//! A form of the Query protocol as the JSON that it stands for: `Dimensions.member.1.Name=…` becomes a list of objects, by the model's shapes.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use super::data::{Kind, Service, Shape};

/// Names with more parts than that belong to no input of any service.
const MOST_PARTS: usize = 16;

/// The fields of a form, by the parts of their names.
#[derive(Debug, Default)]
pub struct Fields {
    text: Option<String>,
    children: BTreeMap<String, Fields>,
}

impl Fields {
    /// Reads a form. Of a name that is there twice the first counts.
    pub fn parse(form: &[u8]) -> Self {
        let mut root = Self::default();
        for (name, value) in form_urlencoded::parse(form) {
            let parts: Vec<&str> = name.split('.').collect();
            // A tree as deep as a client likes would not fit on the stack.
            if parts.len() > MOST_PARTS {
                continue;
            }
            let mut at = &mut root;
            for part in parts {
                at = at.children.entry(part.to_owned()).or_default();
            }
            at.text.get_or_insert_with(|| value.into_owned());
        }
        root
    }

    /// A field without parts.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.children.get(name)?.text.as_deref()
    }

    /// The fields as an input. What is no value of the shape's type is left as text, for the checks to find.
    pub(super) fn input(&self, service: &Service, shape: &Shape) -> Value {
        let text = self.text.as_deref().unwrap_or_default();
        let as_text = || Value::String(text.to_owned());
        match &shape.kind {
            Kind::Structure(members) => {
                let given = members.iter().filter_map(|member| {
                    let field = self.children.get(&member.name)?;
                    Some((member.name.clone(), field.input(service, service.shape(member.shape))))
                });
                Value::Object(given.collect())
            }
            Kind::List(of) => {
                let of = service.shape(*of);
                self.numbered("member").map(|item| item.input(service, of)).collect()
            }
            Kind::Map { value, .. } => {
                let value = service.shape(*value);
                let entries = self.numbered("entry").filter_map(|entry| {
                    Some((entry.get("key")?.to_owned(), entry.children.get("value")?.input(service, value)))
                });
                Value::Object(entries.collect::<Map<_, _>>())
            }
            Kind::Text(_) | Kind::Blob => as_text(),
            Kind::Integer | Kind::Long => text.parse::<i64>().map_or_else(|_| as_text(), Value::from),
            Kind::Float | Kind::Double => number(text).map_or_else(as_text, Value::Number),
            Kind::Boolean => text.parse::<bool>().map_or_else(|_| as_text(), Value::from),
            Kind::Timestamp => seconds(text).or_else(|| number(text)).map_or_else(as_text, Value::Number),
        }
    }

    /// The fields `name.1`, `name.2`, … in the order of their numbers.
    fn numbered(&self, name: &str) -> impl Iterator<Item = &Self> {
        let items = self.children.get(name).map(|items| &items.children);
        let mut items: Vec<(u32, &Self)> =
            items.into_iter().flatten().filter_map(|(number, field)| Some((number.parse().ok()?, field))).collect();
        items.sort_unstable_by_key(|(number, _)| *number);
        items.into_iter().map(|(_, field)| field)
    }
}

fn number(text: &str) -> Option<Number> {
    Number::from_f64(text.parse().ok()?)
}

/// A time in ISO 8601 as seconds since 1970; without a zone it is UTC.
fn seconds(text: &str) -> Option<Number> {
    let time = text.parse::<jiff::Timestamp>().or_else(|_| format!("{text}Z").parse()).ok()?;
    Number::from_f64(time.as_millisecond() as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{ModelOf, from_form};
    use super::*;

    fn input(operation: &str, form: &str) -> Value {
        from_form(ModelOf::CloudWatch, operation, &Fields::parse(form.as_bytes()))
    }

    #[test]
    fn a_form_becomes_an_input() {
        let form = "Action=GetMetricStatistics&Version=2010-08-01&Namespace=AWS%2FSageMaker&MetricName=Invocations\
            &Dimensions.member.2.Name=VariantName&Dimensions.member.2.Value=A\
            &Dimensions.member.1.Name=EndpointName&Dimensions.member.1.Value=e%20f\
            &StartTime=2026-11-26T10%3A00%3A00Z&EndTime=2026-11-26T10:05:00.5&Period=60&Statistics.member.1=Sum";
        let expected = json!({
            "Namespace": "AWS/SageMaker",
            "MetricName": "Invocations",
            "Dimensions": [{ "Name": "EndpointName", "Value": "e f" }, { "Name": "VariantName", "Value": "A" }],
            "StartTime": 1_795_687_200.0,
            "EndTime": 1_795_687_500.5,
            "Period": 60,
            "Statistics": ["Sum"],
        });
        assert_eq!(input("GetMetricStatistics", form), expected);
    }

    #[test]
    fn empty_lists_and_what_is_no_number_are_left_for_the_checks() {
        let got = input("PutMetricData", "Namespace=N&MetricData=");
        assert_eq!(got, json!({ "Namespace": "N", "MetricData": [] }));
        let got = input("PutMetricData", "MetricData.member.1.Value=NaN&MetricData.member.1.StorageResolution=x");
        assert_eq!(got, json!({ "MetricData": [{ "Value": "NaN", "StorageResolution": "x" }] }));
    }

    #[test]
    fn names_of_many_parts_are_passed_over() {
        let deep = format!("{}=1&Namespace=N", "a.".repeat(100_000));
        assert_eq!(input("ListMetrics", &deep), json!({ "Namespace": "N" }));
    }
}
