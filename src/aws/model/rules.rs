//! Which rules of the model a request breaks: required members, lengths, ranges, patterns, enumerations.

use serde_json::{Map, Number, Value};

use super::data::{Kind, Service, Shape};
use super::words::{Path, quoted};

/// As many as AWS tells at once.
const MOST_TOLD: usize = 10;

/// Past this many bytes a text that is too long already is not held against its pattern as well.
const LONG_TEXT: usize = 1 << 16;

const NOT_NULL: &str = "Member must not be null";

/// Every rule that `value` breaks, in the order of the model, up to ten. The types are right already.
pub fn broken(service: &Service, shape: &Shape, value: &Value) -> Vec<String> {
    let mut found = Found { service, told: Vec::new() };
    let nothing = Value::Object(Map::new());
    // No body at all is a request without members.
    found.walk(shape, if value.is_null() { &nothing } else { value }, &Path::Root);
    found.told
}

struct Found<'a> {
    service: &'a Service,
    told: Vec<String>,
}

impl Found<'_> {
    fn tell(&mut self, shape: &Shape, value: Option<&Value>, path: &Path<'_>, rule: &str) {
        if self.told.len() < MOST_TOLD {
            let value = quoted(self.service, shape, value);
            self.told.push(format!("Value{value} at '{path}' failed to satisfy constraint: {rule}"));
        }
    }

    /// A value, and what lies in it.
    fn walk(&mut self, shape: &Shape, value: &Value, path: &Path<'_>) {
        for rule in own_rules(shape, value) {
            self.tell(shape, Some(value), path, &rule);
        }
        self.within(shape, value, path);
    }

    /// What lies in a value.
    fn within(&mut self, shape: &Shape, value: &Value, path: &Path<'_>) {
        if self.told.len() >= MOST_TOLD {
            return;
        }
        let service = self.service;
        match (&shape.kind, value) {
            (Kind::Structure(members), Value::Object(object)) => {
                for member in members {
                    let path = Path::Member(path, &member.name);
                    let shape = service.shape(member.shape);
                    match object.get(&member.name) {
                        None | Some(Value::Null) if member.required => self.tell(shape, None, &path, NOT_NULL),
                        None | Some(Value::Null) => {}
                        Some(value) => self.walk(shape, value, &path),
                    }
                }
            }
            (Kind::List(of), Value::Array(values)) => {
                let item = service.shape(*of);
                if let Some(rules) = of_elements(item, values.iter()) {
                    self.tell(shape, Some(value), path, &format!("Member must satisfy constraint: [{rules}]"));
                }
                for (index, value) in values.iter().enumerate() {
                    self.within(item, value, &Path::Item(path, index));
                }
            }
            (Kind::Map { key, value: of }, Value::Object(object)) => {
                let (key, item) = (service.shape(*key), service.shape(*of));
                if object.keys().any(|name| !text_rules(key, name).is_empty()) {
                    let rules = all_rules(key).join(", ");
                    self.tell(shape, Some(value), path, &format!("Map keys must satisfy constraint: [{rules}]"));
                }
                if let Some(rules) = of_elements(item, object.values()) {
                    self.tell(shape, Some(value), path, &format!("Map value must satisfy constraint: [{rules}]"));
                }
                for (name, value) in object {
                    self.within(item, value, &Path::Entry(path, name));
                }
            }
            _ => {}
        }
    }
}

/// The rules of the elements of a list or map, where one of them breaks one: AWS tells these of the whole, not of the element.
fn of_elements<'v>(item: &Shape, values: impl Iterator<Item = &'v Value> + Clone) -> Option<String> {
    let null = values.clone().any(Value::is_null);
    let wrong = null || { values }.any(|value| !own_rules(item, value).is_empty());
    wrong.then(|| {
        let mut rules = all_rules(item);
        rules.extend(null.then(|| NOT_NULL.to_owned()));
        rules.join(", ")
    })
}

/// The rules that a value breaks by itself, without what lies in it.
fn own_rules(shape: &Shape, value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text_rules(shape, text),
        Value::Array(values) => bounds(shape, &values.len().into()),
        Value::Object(object) => bounds(shape, &object.len().into()),
        Value::Number(number) => bounds(shape, number),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

/// The rules that a text breaks. Its length is counted in characters of Unicode, as the models define it and as botocore counts; Java's
/// count of UTF-16 units differs for what is outside the basic plane.
fn text_rules(shape: &Shape, text: &str) -> Vec<String> {
    let length = match shape.kind {
        // In bytes; four characters of base64 are three of them.
        Kind::Blob => {
            text.len() / 4 * 3 - text.bytes().rev().take_while(|c| *c == b'=').count().min(text.len() / 4 * 3)
        }
        _ => text.chars().count(),
    };
    let mut broken = bounds(shape, &length.into());
    if let Some(pattern) = &shape.pattern
        && (broken.is_empty() || text.len() <= LONG_TEXT)
        && !pattern.matches(text)
    {
        broken.push(pattern_rule(pattern.source()));
    }
    if let Kind::Text(choices) = &shape.kind
        && !choices.is_empty()
        && !choices.iter().any(|choice| choice == text)
    {
        broken.push(choice_rule(choices));
    }
    broken
}

/// The bounds that a value or length breaks.
fn bounds(shape: &Shape, measure: &Number) -> Vec<String> {
    let mut broken = Vec::new();
    if shape.max.as_ref().is_some_and(|max| less(max, measure)) {
        broken.extend(at_most(shape));
    }
    if shape.min.as_ref().is_some_and(|min| less(measure, min)) {
        broken.extend(at_least(shape));
    }
    broken
}

/// Exactly, also beyond what a float can tell apart.
fn less(one: &Number, other: &Number) -> bool {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => one < other,
        _ => one.as_f64() < other.as_f64(),
    }
}

/// Every rule that a shape has, in the order in which AWS lists them.
fn all_rules(shape: &Shape) -> Vec<String> {
    let choices = match &shape.kind {
        Kind::Text(choices) if !choices.is_empty() => Some(choice_rule(choices)),
        _ => None,
    };
    let pattern = shape.pattern.as_ref().map(|pattern| pattern_rule(pattern.source()));
    at_most(shape).into_iter().chain(at_least(shape)).chain(pattern).chain(choices).collect()
}

fn at_most(shape: &Shape) -> Option<String> {
    shape.max.as_ref().map(|max| format!("Member must have {} less than or equal to {max}", measure(shape)))
}

fn at_least(shape: &Shape) -> Option<String> {
    shape.min.as_ref().map(|min| format!("Member must have {} greater than or equal to {min}", measure(shape)))
}

fn measure(shape: &Shape) -> &'static str {
    match shape.kind {
        Kind::Integer | Kind::Long | Kind::Float | Kind::Double => "value",
        _ => "length",
    }
}

fn pattern_rule(source: &str) -> String {
    format!("Member must satisfy regular expression pattern: {source}")
}

fn choice_rule(choices: &[String]) -> String {
    format!("Member must satisfy enum value set: [{}]", choices.join(", "))
}
