//! Whether values have the types of the model, as AWS's reader of JSON finds out before any rule is looked at.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

use super::data::{Kind, Service, Shape};
use super::words::Path;

/// What stands where an object or a list was not expected.
const MAP: &str = "Start of structure or map found where not expected.";
const LIST: &str = "Start of list found where not expected";

/// The first value of a wrong type, in AWS's words, with its place (which AWS does not tell).
pub fn check(service: &Service, shape: &Shape, value: &Value) -> Result<(), String> {
    walk(service, shape, value, &Path::Root)
}

fn walk(service: &Service, shape: &Shape, value: &Value, path: &Path<'_>) -> Result<(), String> {
    let place = |words: &str| match path {
        Path::Root => words.to_owned(),
        _ => format!("{words} (at '{path}')"),
    };
    let wrong = |to: &str| Err(place(&format!("{} can not be converted to {to}", token(value))));
    match (&shape.kind, value) {
        (_, Value::Null)
        | (Kind::Text(_), Value::String(_))
        | (Kind::Boolean, Value::Bool(_))
        | (Kind::Float | Kind::Double | Kind::Timestamp, Value::Number(_)) => Ok(()),
        (Kind::Structure(members), Value::Object(object)) => {
            for member in members {
                if let Some(value) = object.get(&member.name) {
                    walk(service, service.shape(member.shape), value, &Path::Member(path, &member.name))?;
                }
            }
            Ok(())
        }
        (Kind::List(of), Value::Array(values)) => values
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| walk(service, service.shape(*of), value, &Path::Item(path, index))),
        (Kind::Map { value: of, .. }, Value::Object(object)) => {
            object.iter().try_for_each(|(key, value)| walk(service, service.shape(*of), value, &Path::Entry(path, key)))
        }
        (_, Value::Object(_)) => Err(place(MAP)),
        (_, Value::Array(_)) => Err(place(LIST)),
        (Kind::Structure(_), _) => Err(place("Expected null")),
        (Kind::List(_), _) => Err(place("Expected list or null")),
        (Kind::Map { .. }, _) => Err(place("Expected map or null")),
        (Kind::Integer, Value::Number(number)) => {
            whole(number, i32::MIN.into(), i32::MAX.into(), "an Integer", "int").map_err(|words| place(&words))
        }
        (Kind::Long, Value::Number(number)) => {
            whole(number, i64::MIN, i64::MAX, "a Long", "long").map_err(|words| place(&words))
        }
        (Kind::Blob, Value::String(text)) => match STANDARD.decode(text) {
            Ok(_) => Ok(()),
            Err(error) => Err(place(&format!("The value can not be converted to a Blob: {error}"))),
        },
        (Kind::Text(_), _) => wrong("a String"),
        (Kind::Integer, _) => wrong("an Integer"),
        (Kind::Long, _) => wrong("a Long"),
        (Kind::Float, _) => wrong("a Float"),
        (Kind::Double, _) => wrong("a Double"),
        (Kind::Boolean, _) => wrong("a Boolean"),
        (Kind::Blob, _) => wrong("a Blob"),
        (Kind::Timestamp, _) => wrong("milliseconds since epoch"),
    }
}

/// A whole number between the two. `1.0` is one: JavaScript and Python write whole numbers so; `1.5` is refused rather than cut off.
fn whole(number: &Number, least: i64, greatest: i64, article: &str, kind: &str) -> Result<(), String> {
    let fits = match (number.as_i64(), number.as_f64()) {
        (Some(value), _) => (least..=greatest).contains(&value),
        (None, Some(value)) if number.is_f64() && value.fract() != 0.0 => {
            return Err(format!("DECIMAL_VALUE can not be converted to {article}"));
        }
        // Beyond 2^53 a number with a point says less than it seems to.
        (None, Some(value)) => {
            value.abs() <= 9_007_199_254_740_992.0 && value >= least as f64 && value <= greatest as f64
        }
        (None, None) => false,
    };
    if fits { Ok(()) } else { Err(format!("Numeric value ({number}) out of range of {kind} ({least} - {greatest})")) }
}

/// The name that AWS's reader of JSON has for a simple value.
fn token(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(number) if number.is_f64() => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) | Value::Object(_) => "START_VALUE",
    }
}
