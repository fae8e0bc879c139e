//! One operation of SageMaker's control plane with its members, written for boto3, the AWS CLI and curl: three ways to say the same request.

use super::value::{Style, Value, word};
use super::{Language, Place, Snippet};

/// An operation and what it is given.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// AWS's name: `CreateModel`.
    operation: &'static str,
    members: Vec<(String, Value)>,
    /// Python that follows the call; `answer` is what it gave.
    then: Option<String>,
    /// Whether boto3 keeps the answer in a variable.
    keep: bool,
}

impl Call {
    /// An operation with its members in this order.
    pub fn new<const N: usize>(operation: &'static str, members: [(&str, Value); N]) -> Self {
        let members = members.map(|(name, value)| (name.to_owned(), value)).into();
        Self { operation, members, then: None, keep: false }
    }

    /// One more member.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.members.push((name.to_owned(), value));
        self
    }

    /// The members of a request that nothing here makes use of, as a client sent them.
    #[must_use]
    pub fn with_missing(mut self, extras: &crate::domain::extras::Extras) -> Self {
        let mut all = Value::Map(std::mem::take(&mut self.members));
        all.add_missing(&serde_json::Value::Object(extras.members().clone()));
        if let Value::Map(members) = all {
            self.members = members;
        }
        self
    }

    /// Python that looks at `answer`.
    #[must_use]
    pub fn shows(mut self, python: &str) -> Self {
        self.keep = true;
        self.then = Some(python.to_owned());
        self
    }

    /// Python that follows.
    #[must_use]
    pub fn then(mut self, python: String) -> Self {
        self.then = Some(python);
        self
    }

    /// The three ways to say it.
    pub fn snippets(&self, place: &Place, title: &str) -> Vec<Snippet> {
        [(Language::Boto3, self.boto3(place)), (Language::Cli, self.cli(place)), (Language::Curl, self.curl(place))]
            .map(|(language, text)| Snippet { language, title: title.to_owned(), text })
            .into()
    }

    fn boto3(&self, place: &Place) -> String {
        let head = place.boto3_client("sagemaker");
        let answer = if self.keep { "answer = " } else { "" };
        let then = self.then.as_ref().map(|python| format!("\n{python}")).unwrap_or_default();
        format!("{head}{answer}sagemaker.{}{then}\n", python_call(&snake(self.operation), &self.members))
    }

    fn cli(&self, place: &Place) -> String {
        let mut lines = vec![format!("aws sagemaker {}", kebab(self.operation)), place.cli_options()];
        for (name, value) in &self.members {
            let value = match value {
                Value::Text(words) => word(words),
                Value::Whole(n) => n.to_string(),
                Value::Number(n) => n.to_string(),
                value => format!("'{}'", value.write(Style::Json, 2, name.len() + 8).replace('\'', r"'\''")),
            };
            lines.push(format!("--{} {value}", kebab(name)));
        }
        lines.join(" \\\n  ") + "\n"
    }

    fn curl(&self, place: &Place) -> String {
        let body = Value::Map(self.members.clone()).write(Style::Json, 2, 8).replace('\'', r"'\''");
        let lines = [
            format!("curl -sS --fail-with-body {}/", place.url),
            place.curl_signature("sagemaker"),
            "-H 'Content-Type: application/x-amz-json-1.1'".to_owned(),
            format!("-H 'X-Amz-Target: SageMaker.{}'", self.operation),
            format!("-d '{body}'"),
        ];
        lines.join(" \\\n  ") + "\n"
    }
}

/// `name(A=1, B=2)`, a member a line where that is too long for one.
pub fn python_call(name: &str, members: &[(String, Value)]) -> String {
    let flat: Vec<String> =
        members.iter().map(|(name, value)| format!("{name}={}", value.write(Style::Python, 0, 0))).collect();
    let flat = format!("{name}({})", flat.join(", "));
    if !flat.contains('\n') && flat.chars().count() <= 84 {
        return flat;
    }
    let lines: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("    {name}={},", value.write(Style::Python, 4, 6 + name.len())))
        .collect();
    format!("{name}(\n{}\n)", lines.join("\n"))
}

/// `CreateModel` → `create_model`.
fn snake(name: &str) -> String {
    split(name, '_')
}

/// `CreateModel` → `create-model`.
fn kebab(name: &str) -> String {
    split(name, '-')
}

fn split(name: &str, between: char) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    for (i, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push(between);
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::value::{map, number, text};
    use super::*;
    use crate::domain::arn::Account;

    #[test]
    fn three_ways_to_say_one_request() {
        let place = Place { url: "http://127.0.0.1:9".to_owned(), account: Account::default() };
        let call =
            Call::new("CreateModel", [("ModelName", text("m")), ("PrimaryContainer", map([("X", number(1.0))]))]);
        let texts: Vec<String> = call.snippets(&place, "Make it").into_iter().map(|snippet| snippet.text).collect();
        assert_eq!(
            texts[0],
            "import boto3\n\nsagemaker = boto3.client(\n    \"sagemaker\", endpoint_url=\"http://127.0.0.1:9\", \
             region_name=\"us-east-1\"\n)\nsagemaker.create_model(ModelName=\"m\", PrimaryContainer={\"X\": 1})\n"
        );
        assert_eq!(
            texts[1],
            "aws sagemaker create-model \\\n  --endpoint-url http://127.0.0.1:9 --region us-east-1 \\\n  --model-name m \\\n  \
             --primary-container '{\"X\": 1}'\n"
        );
        assert_eq!(
            texts[2],
            "curl -sS --fail-with-body http://127.0.0.1:9/ \\\n  --aws-sigv4 aws:amz:us-east-1:sagemaker --user \
             \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" \\\n  -H 'Content-Type: application/x-amz-json-1.1' \\\n  \
             -H 'X-Amz-Target: SageMaker.CreateModel' \\\n  -d '{\"ModelName\": \"m\", \"PrimaryContainer\": {\"X\": 1}}'\n"
        );
    }

    #[test]
    fn names_as_each_tool_spells_them() {
        assert_eq!(snake("UpdateEndpointWeightsAndCapacities"), "update_endpoint_weights_and_capacities");
        assert_eq!(kebab("HyperParameters"), "hyper-parameters");
    }
}
