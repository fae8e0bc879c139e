//! A model file as a tree of values, read from JSON or UBJSON, written as UBJSON. Arrays of numbers stay flat, so that a file of 100 MB does
//! not become a gigabyte of boxes.

mod json;
mod ubj;

use std::collections::BTreeMap;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// Any number; an `f32` or a whole number up to 2⁵³ survives exactly.
    Number(f64),
    /// Text.
    Text(String),
    /// An array that holds only numbers (or nothing).
    Numbers(Vec<f64>),
    /// Any other array.
    List(Vec<Value>),
    /// Names and values.
    Object(BTreeMap<String, Value>),
}

/// Deeper nesting than any model has; protects the stack.
const MAX_DEPTH: usize = 64;

impl Value {
    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Object(members) => members.get(name),
            _ => None,
        }
    }

    /// A member of an object, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        match self {
            Self::Object(members) => members.get_mut(name),
            _ => None,
        }
    }

    /// Text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number, also one that is written as text, as XGBoost does in its parameter blocks.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Bool(yes) => Some(f64::from(u8::from(*yes))),
            _ => None,
        }
    }

    /// An array of numbers; old files write `default_left` as booleans.
    pub fn numbers(&self) -> Option<std::borrow::Cow<'_, [f64]>> {
        match self {
            Self::Numbers(numbers) => Some(numbers.into()),
            Self::List(items) => items.iter().map(Self::number).collect::<Option<Vec<f64>>>().map(Into::into),
            _ => None,
        }
    }

    /// Reads a model file of either kind, told apart by its second byte: JSON goes on with a quote, UBJSON with a type marker.
    ///
    /// # Errors
    /// Where and why it is neither.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
        let second = bytes.get(start + 1..).and_then(|rest| rest.iter().find(|byte| !byte.is_ascii_whitespace()));
        match (bytes.get(start), second) {
            (Some(b'{'), Some(b'"' | b'}')) => Self::read_json(bytes),
            (Some(b'{'), Some(_)) => Self::read_ubj(bytes),
            _ => Err("it is neither JSON nor UBJSON (it does not begin with a brace)".to_owned()),
        }
    }

    /// Reads JSON, with `NaN` and `Infinity` as XGBoost writes them.
    ///
    /// # Errors
    /// Where and why it is not JSON.
    pub fn read_json(bytes: &[u8]) -> Result<Self, String> {
        json::read(bytes)
    }

    /// Reads UBJSON, plain and optimised.
    ///
    /// # Errors
    /// Where and why it is not UBJSON.
    pub fn read_ubj(bytes: &[u8]) -> Result<Self, String> {
        ubj::read(bytes)
    }

    /// Writes UBJSON the way XGBoost does: typed arrays where its reader insists on them.
    pub fn write_ubj(&self) -> Vec<u8> {
        ubj::write(self)
    }
}

/// Collects an array; flat as long as it holds only numbers.
struct Items {
    numbers: Vec<f64>,
    others: Vec<Value>,
}

impl Items {
    fn new() -> Self {
        Self { numbers: Vec::new(), others: Vec::new() }
    }

    fn push(&mut self, value: Value) {
        match value {
            Value::Number(number) if self.others.is_empty() => self.numbers.push(number),
            value => {
                self.others.extend(self.numbers.drain(..).map(Value::Number));
                self.others.push(value);
            }
        }
    }

    fn finish(self) -> Value {
        if self.others.is_empty() { Value::Numbers(self.numbers) } else { Value::List(self.others) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_its_ubjson_are_the_same_document() {
        let text = r#"{"learner": {"a": [1, 2.5, -3e-1], "left_children": [1,-1,-1], "b": "x\n\"y\"", "split_conditions":[0.1, 0],
            "c": [[1],"z",null,true], "d": {}, "e": [], "n": 70000, "default_left": [0,1]}, "version": [3,4,1]}"#;
        let json = Value::read(text.as_bytes()).unwrap();
        assert_eq!(json.get("learner").unwrap().get("b").unwrap().text(), Some("x\n\"y\""));
        let ubj = Value::read(&json.write_ubj()).unwrap();
        // What XGBoost keeps as f32 comes back as f32; nothing else moves.
        let f32s = ubj.get("learner").unwrap().get("split_conditions").unwrap().numbers().unwrap().into_owned();
        assert_eq!(f32s, [f64::from(0.1_f32), 0.0]);
        assert_eq!(ubj.get("learner").unwrap().get("c"), json.get("learner").unwrap().get("c"));
        assert_eq!(ubj.get("version"), json.get("version"));
        assert_eq!(ubj.write_ubj(), json.write_ubj());
    }

    #[test]
    fn xgboosts_words_for_numbers_are_read() {
        let json = Value::read(br#"{"a":[NaN,Infinity,-Infinity]}"#).unwrap();
        let numbers = json.get("a").unwrap().numbers().unwrap().into_owned();
        assert!(numbers[0].is_nan() && numbers[1] == f64::INFINITY && numbers[2] == f64::NEG_INFINITY);
    }

    #[test]
    fn broken_files_are_refused_not_crashed_on() {
        for text in
            ["", "x", "{", r#"{"a""#, r#"{"a":}"#, r#"{"a":[1,}"#, r#"{"a":1}}"#, r#"{"a":"\"#, r#"{"a":"\uD8"}"#]
        {
            assert!(Value::read(text.as_bytes()).is_err(), "{text}");
        }
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(Value::read(deep.as_bytes()).unwrap_err().contains("deep"));
        let good = Value::read(br#"{"left_children":[1,2,3],"b":"text"}"#).unwrap().write_ubj();
        for cut in 0..good.len() {
            assert!(Value::read_ubj(&good[..cut]).is_err(), "cut at {cut}");
        }
        assert!(Value::read(b"{L\x7f\xff\xff\xff\xff\xff\xff\xffx").unwrap_err().contains("length"));
    }
}
