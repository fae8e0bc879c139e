//! `DeleteAlarms`, `SetAlarmState`, `EnableAlarmActions`, `DisableAlarmActions`.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::super::super::errors::WireError;
use super::super::super::{Wire, json};
use super::super::{Outcome, invalid};
use super::ask;
use crate::domain::alarm::AlarmState;
use crate::workspace::AlarmCommand;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Names {
    #[serde(default)]
    alarm_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(clippy::struct_field_names, reason = "the members have these names")]
struct State {
    alarm_name: String,
    state_value: String,
    state_reason: String,
    #[serde(default)]
    state_reason_data: Option<String>,
}

/// `DeleteAlarms`.
pub(in crate::aws::cloudwatch) fn delete(wire: &Wire, input: Value) -> Outcome {
    let Names { alarm_names: names } = json::members(input)?;
    ask(wire, AlarmCommand::Delete { names })?;
    Ok(None)
}

/// `EnableAlarmActions`.
pub(in crate::aws::cloudwatch) fn enable_actions(wire: &Wire, input: Value) -> Outcome {
    switch(wire, input, true)
}

/// `DisableAlarmActions`.
pub(in crate::aws::cloudwatch) fn disable_actions(wire: &Wire, input: Value) -> Outcome {
    switch(wire, input, false)
}

fn switch(wire: &Wire, input: Value, enabled: bool) -> Outcome {
    let Names { alarm_names: names } = json::members(input)?;
    ask(wire, AlarmCommand::EnableActions { names, enabled })?;
    Ok(None)
}

/// `SetAlarmState`.
pub(in crate::aws::cloudwatch) fn set_state(wire: &Wire, input: Value) -> Outcome {
    let State { alarm_name: name, state_value, state_reason: reason, state_reason_data: data } = json::members(input)?;
    let state = AlarmState::ALL.into_iter().find(|state| state.as_str() == state_value);
    let state =
        state.ok_or_else(|| invalid(format!("The value {state_value} for parameter StateValue is invalid.")))?;
    if data.as_ref().is_some_and(|data| serde_json::from_str::<Value>(data).is_err()) {
        let message = "The parameter StateReasonData is not JSON.";
        return Err(WireError::new(StatusCode::BAD_REQUEST, "InvalidFormat", message));
    }
    ask(wire, AlarmCommand::SetState { name, state, reason, data })?;
    Ok(None)
}
