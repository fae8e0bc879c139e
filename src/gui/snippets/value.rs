//! Values of a request, written as Python, as JSON and as words of a shell: on one line where that fits, broken where not.

/// A value with its members in the order in which a person reads them.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// Nothing.
    Nothing,
    /// A list.
    List(Vec<Value>),
    /// Named members.
    Map(Vec<(String, Value)>),
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A Python literal.
    Python,
    /// JSON.
    Json,
}

/// Longer lines are broken.
const WIDTH: usize = 96;

/// A text value.
pub fn text(words: impl Into<String>) -> Value {
    Value::Text(words.into())
}

/// A number, whole where it is.
pub fn number(number: f64) -> Value {
    // 2^53: up to here every whole number is exact.
    if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
        Value::Whole(number as i64)
    } else {
        Value::Number(number)
    }
}

/// Named members.
pub fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Map(members.map(|(name, value)| (name.to_owned(), value)).into())
}

impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Json::Null => Self::Nothing,
            Json::Bool(flag) => Self::Flag(*flag),
            Json::Number(n) => n.as_i64().map_or_else(|| Self::Number(n.as_f64().unwrap_or(0.0)), Self::Whole),
            Json::String(words) => Self::Text(words.clone()),
            Json::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Json::Object(members) => {
                Self::Map(members.iter().map(|(name, value)| (name.clone(), value.into())).collect())
            }
        }
    }
}

impl Value {
    /// Adds what `more` has and this does not, member by member; what is here stays.
    pub fn add_missing(&mut self, more: &serde_json::Value) {
        match (self, more) {
            (Self::Map(members), serde_json::Value::Object(more)) => {
                for (name, value) in more {
                    match members.iter_mut().find(|(known, _)| known == name) {
                        Some((_, known)) => known.add_missing(value),
                        None => members.push((name.clone(), value.into())),
                    }
                }
            }
            // Elements can only be told apart by their places.
            (Self::List(items), serde_json::Value::Array(more)) if items.len() == more.len() => {
                items.iter_mut().zip(more).for_each(|(item, more)| item.add_missing(more));
            }
            _ => {}
        }
    }

    /// Written out; the first line begins at `column`, further lines at `indent`.
    pub fn write(&self, style: Style, indent: usize, column: usize) -> String {
        let flat = self.flat(style);
        if column + flat.chars().count() <= WIDTH {
            return flat;
        }
        let pad = " ".repeat(indent);
        let step = if style == Style::Python { 4 } else { 2 };
        let inner = indent + step;
        let inner_pad = " ".repeat(inner);
        let last = if style == Style::Python { "," } else { "" };
        let block =
            |open: char, lines: Vec<String>, close: char| format!("{open}\n{}{last}\n{pad}{close}", lines.join(",\n"));
        match self {
            Self::List(items) if !items.is_empty() => {
                let line = |item: &Self| format!("{inner_pad}{}", item.write(style, inner, inner));
                block('[', items.iter().map(line).collect(), ']')
            }
            Self::Map(members) if !members.is_empty() => {
                let line = |(name, value): &(String, Self)| {
                    let name = quoted(name);
                    let column = inner + name.chars().count() + 3;
                    format!("{inner_pad}{name}: {}", value.write(style, inner, column))
                };
                block('{', members.iter().map(line).collect(), '}')
            }
            _ => flat,
        }
    }

    /// On one line.
    fn flat(&self, style: Style) -> String {
        match self {
            Self::Text(words) => quoted(words),
            Self::Whole(n) => n.to_string(),
            Self::Number(n) => n.to_string(),
            Self::Flag(flag) => match (style, flag) {
                (Style::Python, true) => "True".to_owned(),
                (Style::Python, false) => "False".to_owned(),
                (Style::Json, flag) => flag.to_string(),
            },
            Self::Nothing => if style == Style::Python { "None" } else { "null" }.to_owned(),
            Self::List(items) => {
                format!("[{}]", items.iter().map(|item| item.flat(style)).collect::<Vec<_>>().join(", "))
            }
            Self::Map(members) => {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("{}: {}", quoted(name), value.flat(style))).collect();
                format!("{{{}}}", members.join(", "))
            }
        }
    }
}

/// A text in double quotes. JSON's escapes mean the same in Python.
pub fn quoted(words: &str) -> String {
    serde_json::Value::from(words).to_string()
}

/// A word of a POSIX shell: bare where nothing in it is special, else in single quotes.
pub fn word(words: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !words.is_empty() && words.chars().all(plain) {
        words.to_owned()
    } else {
        format!("'{}'", words.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_in_two_languages() {
        let value = map([("A", text("it's \"x\"\n")), ("B", Value::List(vec![number(2.0), number(0.5)]))]);
        assert_eq!(value.write(Style::Python, 0, 0), r#"{"A": "it's \"x\"\n", "B": [2, 0.5]}"#);
        assert_eq!(map([("F", Value::Flag(true))]).write(Style::Python, 0, 0), r#"{"F": True}"#);
        assert_eq!(map([("F", Value::Nothing)]).write(Style::Json, 0, 0), r#"{"F": null}"#);
        let long = map([("Name", text("n".repeat(90)))]);
        assert_eq!(long.write(Style::Python, 4, 0), format!("{{\n        \"Name\": \"{}\",\n    }}", "n".repeat(90)));
        assert_eq!(long.write(Style::Json, 0, 0), format!("{{\n  \"Name\": \"{}\"\n}}", "n".repeat(90)));
    }

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        assert_eq!(word("s3://b/key=1"), "s3://b/key=1");
        assert_eq!(word("it's $5"), r"'it'\''s $5'");
        assert_eq!(word(""), "''");
    }

    #[test]
    fn what_a_client_sent_besides_is_added_and_nothing_is_replaced() {
        let mut value = map([("A", number(1.0)), ("L", Value::List(vec![map([("x", number(1.0))])]))]);
        value.add_missing(&serde_json::json!({"A": 9, "L": [{"x": 9, "y": "z"}], "N": {"deep": true}}));
        let added = r#"{"A": 1, "L": [{"x": 1, "y": "z"}], "N": {"deep": true}}"#;
        assert_eq!(value.write(Style::Json, 0, 0), added);
    }
}
