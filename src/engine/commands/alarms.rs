//! Alarms on metrics.

use super::super::change::{Change, Row};
use super::super::control::Control;
use super::super::machine::Tell;
use super::{Outcome, valid};
use crate::domain::alarm::{Alarm, AlarmState};
use crate::domain::tag;
use crate::workspace::{AlarmCommand, AlarmError, CommandError, Reply};

/// Alarms that a workspace may have: each is looked at in every period.
const MOST: usize = 5_000;

pub(super) fn carry_out(control: &mut Control, command: AlarmCommand) -> Outcome {
    match command {
        AlarmCommand::Put(alarm) => put(control, *alarm),
        AlarmCommand::Delete { names } => delete(control, names),
        AlarmCommand::SetState { name, state, reason, data } => {
            let alarm = find(control, &name)?;
            control.set_alarm_state(alarm, state, reason, data)?;
            Ok(Reply::Done)
        }
        AlarmCommand::EnableActions { names, enabled } => {
            let found = names.iter().filter_map(|name| find(control, name).ok());
            let changed = found.filter(|alarm| alarm.actions.enabled != enabled).map(|mut alarm| {
                alarm.actions.enabled = enabled;
                Row::Alarm(alarm)
            });
            let rows = changed.collect();
            keep(control, rows, Vec::new())
        }
        AlarmCommand::Tag { name, tags } => {
            let mut alarm = find(control, &name)?;
            alarm.tags.retain(|old| tags.iter().all(|new| new.key != old.key));
            alarm.tags.extend(tags);
            valid(tag::validate(&alarm.tags))?;
            keep(control, vec![Row::Alarm(alarm)], Vec::new())
        }
        AlarmCommand::Untag { name, keys } => {
            let mut alarm = find(control, &name)?;
            alarm.tags.retain(|tag| !keys.contains(&tag.key));
            keep(control, vec![Row::Alarm(alarm)], Vec::new())
        }
    }
}

fn put(control: &mut Control, mut alarm: Alarm) -> Outcome {
    valid(alarm.validate())?;
    let now = control.now();
    alarm.configured = now;
    let tell = if let Some(known) = control.world.alarms.get(&alarm.name) {
        alarm.tags.clone_from(&known.tags);
        (alarm.state, alarm.state_reason, alarm.state_data) =
            (known.state, known.state_reason.clone(), known.state_data.clone());
        (alarm.state_updated, alarm.state_transitioned) = (known.state_updated, known.state_transitioned);
        Tell::info(format!("Alarm {} changed", alarm.name))
    } else {
        let count = control.world.alarms.len();
        if count >= MOST {
            return Err(AlarmError::TooMany(count).into());
        }
        (alarm.state, alarm.state_data) = (AlarmState::InsufficientData, None);
        "Unchecked: Initial alarm creation".clone_into(&mut alarm.state_reason);
        (alarm.state_updated, alarm.state_transitioned) = (now, now);
        Tell::info(format!("Alarm {} created", alarm.name))
    };
    control.alarm_is_due(&alarm.name);
    keep(control, vec![Row::Alarm(alarm)], vec![tell])
}

fn delete(control: &mut Control, mut names: Vec<String>) -> Outcome {
    names.sort_unstable();
    names.dedup();
    if let Some(missing) = names.iter().find(|name| !control.world.alarms.contains(name)) {
        return Err(AlarmError::Missing(missing.clone()).into());
    }
    let tells = names.iter().map(|name| Tell::info(format!("Alarm {name} deleted"))).collect();
    keep(control, names.into_iter().map(Row::NoAlarm).collect(), tells)
}

fn find(control: &Control, name: &str) -> Result<Alarm, CommandError> {
    let found = control.world.alarms.get(name).ok_or_else(|| AlarmError::Missing(name.to_owned()))?;
    Ok((**found).clone())
}

fn keep(control: &mut Control, rows: Vec<Row>, tells: Vec<Tell>) -> Outcome {
    if rows.is_empty() && tells.is_empty() {
        return Ok(Reply::Done);
    }
    control.commit(Change { rows, tells: tells.into_iter().map(|tell| (tell, None)).collect() })?;
    Ok(Reply::Done)
}
