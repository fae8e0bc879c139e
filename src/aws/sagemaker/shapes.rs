//! Small shapes that several operations share: times, tags, members of a request.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::errors::WireError;
pub(super) use super::super::json::WireTag;
use super::refusal::validation;
use crate::domain::arn::Account;
use crate::domain::role::Role;
use crate::domain::tag::Tag;
use crate::domain::time::Timestamp;

/// The body of a request as JSON; an empty one stands for no members.
pub(super) fn members(body: &[u8]) -> Result<Value, WireError> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(body).map_err(|error| unreadable(&error))
}

/// A body that can't be read as what it should be.
pub(super) fn unreadable(error: &serde_json::Error) -> WireError {
    WireError::new(StatusCode::BAD_REQUEST, "SerializationException", format!("The request could not be read: {error}"))
}

/// A body that is JSON and no object.
pub(super) fn no_object() -> WireError {
    WireError::new(StatusCode::BAD_REQUEST, "SerializationException", "The request must be a JSON object")
}

/// Writes `5.0` as `5`: as a whole number both are taken.
pub(super) fn make_whole(value: &mut Value) {
    match value {
        Value::Number(number) => {
            // 2^53: up to here every whole number is exact.
            let whole =
                number.as_f64().filter(|n| !number.is_i64() && n.fract() == 0.0 && n.abs() < 9_007_199_254_740_992.0);
            if let Some(whole) = whole {
                *value = Value::from(whole as i64);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(make_whole),
        Value::Object(members) => members.values_mut().for_each(make_whole),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Epoch seconds, as the JSON protocol writes times.
pub(super) fn time(at: Timestamp) -> Value {
    json!(at.epoch_seconds())
}

/// A time as requests write it: epoch seconds.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize)]
#[serde(transparent)]
pub(super) struct WireTime(f64);

impl WireTime {
    /// Whether `at` lies before it.
    pub(super) fn is_after(self, at: Timestamp) -> bool {
        at.epoch_seconds() < self.0
    }

    /// Whether `at` lies after it.
    pub(super) fn is_before(self, at: Timestamp) -> bool {
        at.epoch_seconds() > self.0
    }
}

/// Tags of a request.
pub(super) fn tags_from_wire(tags: Option<Vec<WireTag>>) -> Vec<Tag> {
    tags.unwrap_or_default().into_iter().map(Tag::from).collect()
}

/// Tags of an answer.
pub(super) fn tags_to_wire(tags: &[Tag]) -> Value {
    tags.iter().map(|tag| json!({ "Key": tag.key, "Value": tag.value })).collect()
}

/// A member that AWS wants at least in the way in which it is used here.
pub(super) fn required<T>(value: Option<T>, what: &str) -> Result<T, WireError> {
    value.ok_or_else(|| validation(format!("{what} is required")))
}

/// Refuses a member whose effect Counterpoise does not have, so that nobody takes it for done.
pub(super) fn not_available(is_given: bool, what: &str, instead: &str) -> Result<(), WireError> {
    if is_given { Err(validation(format!("{what} is not available in Counterpoise: {instead}"))) } else { Ok(()) }
}

/// Changes the object at `name`, which is made where there is none.
pub(super) fn object(members: &mut Map<String, Value>, name: &str, change: impl FnOnce(&mut Map<String, Value>)) {
    let entry = members.entry(name).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(object) = entry {
        change(object);
    }
}

/// Changes every object of the list at `name`.
pub(super) fn each(members: &mut Map<String, Value>, name: &str, mut change: impl FnMut(&mut Map<String, Value>)) {
    if let Some(Value::Array(list)) = members.get_mut(name) {
        list.iter_mut().filter_map(Value::as_object_mut).for_each(&mut change);
    }
}

/// Sets a member that is not there.
pub(super) fn default(members: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    members.entry(name).or_insert_with(|| value.into());
}

/// Sets a member where there is a value for it.
pub(super) fn set(members: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        members.insert(name.to_owned(), value.into());
    }
}

/// The role of what was made in the window, where nobody names one: the one that is always there.
pub(super) fn role_arn(account: &Account) -> String {
    Role::built_in(Timestamp::default()).arn(account)
}
