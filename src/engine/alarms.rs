//! Alarms as they watch: at the end of each of its periods an alarm looks at its metric, and changes its state where the metric says so.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;

use super::change::{Change, Row};
use super::control::Control;
use super::machine::Tell;
use super::measurements::Measurements;
use crate::domain::alarm::{Alarm, AlarmState};
use crate::stats::metric::alarm::{EXTRA_PERIODS, judge};
use crate::stats::metric::{Series, Statistic};
use crate::workspace::CommandError;

/// How often it is asked which alarms are due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// When each alarm, and the autopilots, have looked last.
#[derive(Debug, Default)]
pub(super) struct Watching {
    /// By the clock's time since its start.
    looked: Option<Duration>,
    /// As `looked`, the autopilots.
    pub(super) steered: Option<Duration>,
    /// By name, the end of the last period that was looked at.
    until_s: HashMap<String, i64>,
}

/// What an alarm saw.
#[derive(Debug, PartialEq)]
struct Seen {
    state: Option<AlarmState>,
    reason: String,
    data: String,
}

impl Control {
    /// Lets the alarms look that have had a period end since they looked last.
    pub(super) fn watch_alarms(&mut self) {
        let now = self.shared.clock.elapsed();
        let looked = self.watching.looked;
        if self.world.alarms.is_empty() || looked.is_some_and(|at| now.saturating_sub(at) < LOOK_EVERY) {
            return;
        }
        self.watching.looked = Some(now);
        let now_s = self.shared.now_s();
        let end_of = |alarm: &Alarm| now_s.div_euclid(i64::from(alarm.period_s)) * i64::from(alarm.period_s);
        let due: Vec<Alarm> = self
            .world
            .alarms
            .values()
            .filter(|alarm| self.watching.until_s.get(&alarm.name).is_none_or(|until| *until < end_of(alarm)))
            .map(|alarm| (**alarm).clone())
            .collect();
        if due.is_empty() {
            return;
        }
        self.shared.collect();
        for alarm in due {
            let end_s = end_of(&alarm);
            self.watching.until_s.insert(alarm.name.clone(), end_s);
            let seen = look(&alarm, end_s, &self.shared.measurements);
            if let Some(state) = seen.state.filter(|state| *state != alarm.state)
                && let Err(error) = self.set_alarm_state(alarm, state, seen.reason, Some(seen.data))
            {
                tracing::warn!("an alarm's state was not kept, and is looked for again after its next period: {error}");
            }
        }
        let alarms = &self.world.alarms;
        self.watching.until_s.retain(|name, _| alarms.contains(name));
    }

    /// An alarm that was made or changed looks at once.
    pub(super) fn alarm_is_due(&mut self, name: &str) {
        self.watching.until_s.remove(name);
        self.watching.looked = None;
    }

    /// Sets a state, and tells of it where it is another one.
    pub(super) fn set_alarm_state(
        &mut self,
        mut alarm: Alarm,
        state: AlarmState,
        reason: String,
        data: Option<String>,
    ) -> Result<(), CommandError> {
        let now = self.now();
        let mut change = Change::default();
        if alarm.state != state {
            alarm.state_transitioned = now;
            let words = format!("Alarm {} is in state {}", alarm.name, state.as_str());
            let tell = match state {
                AlarmState::Alarm => Tell::warning(words, reason.clone()),
                AlarmState::Ok | AlarmState::InsufficientData => Tell::info(words),
            };
            change.tells.push((tell, None));
        }
        (alarm.state, alarm.state_reason, alarm.state_data, alarm.state_updated) = (state, reason, data, now);
        change.rows.push(Row::Alarm(alarm));
        self.commit(change)
    }
}

/// Looks at the periods up to `end_s`.
fn look(alarm: &Alarm, end_s: i64, measurements: &Measurements) -> Seen {
    let period_s = i64::from(alarm.period_s);
    let count = i64::from(alarm.evaluation_periods + EXTRA_PERIODS);
    let start_s = end_s - count * period_s;
    let mut series = Series::default();
    for measured in measurements.read(&alarm.metric, start_s, end_s) {
        if alarm.unit.as_ref().is_none_or(|unit| *unit == measured.unit) {
            series.merge(&measured.series);
        }
    }
    // A name that is no statistic is refused before the alarm is kept.
    let statistic: Statistic = alarm.statistic.parse().unwrap_or(Statistic::Average);
    let found: HashMap<i64, f64> = series
        .periods(start_s, end_s, period_s)
        .into_iter()
        .filter_map(|(at_s, summary)| Some((at_s, statistic.of(&summary)?)))
        .collect();
    let values: Vec<(i64, Option<f64>)> =
        (0..count).map(|n| start_s + n * period_s).map(|at_s| (at_s, found.get(&at_s).copied())).collect();
    seen(alarm, &values, start_s, end_s)
}

fn seen(alarm: &Alarm, values: &[(i64, Option<f64>)], start_s: i64, end_s: i64) -> Seen {
    let breaches = |value: f64| alarm.comparison.breaches(value, alarm.threshold);
    let points: Vec<Option<bool>> = values.iter().map(|(_, value)| value.map(breaches)).collect();
    let state = judge(&points, alarm.evaluation_periods, alarm.to_alarm(), alarm.missing.unwrap_or_default());
    // Newest first, as AWS tells them.
    let there: Vec<(i64, f64)> = values.iter().rev().filter_map(|(at_s, value)| Some((*at_s, (*value)?))).collect();
    let evaluated = &there[..there.len().min(alarm.evaluation_periods as usize)];
    let recent: Vec<f64> = evaluated.iter().rev().map(|(_, value)| *value).collect();
    let data = json!({
        "version": "1.0",
        "queryDate": iso(end_s),
        "startDate": iso(start_s),
        "statistic": alarm.statistic,
        "period": alarm.period_s,
        "recentDatapoints": recent,
        "threshold": alarm.threshold,
    });
    Seen { state, reason: reason(alarm, state, evaluated), data: data.to_string() }
}

/// In AWS's words.
fn reason(alarm: &Alarm, state: Option<AlarmState>, evaluated: &[(i64, f64)]) -> String {
    let of = alarm.evaluation_periods;
    let datapoints = if of == 1 { "datapoint" } else { "datapoints" };
    if evaluated.is_empty() {
        let were = if of == 1 { "was" } else { "were" };
        return match state {
            Some(AlarmState::InsufficientData) | None => {
                format!("Insufficient Data: {of} {datapoints} {were} unknown.")
            }
            Some(_) => {
                let treated = alarm.missing.unwrap_or_default().as_str();
                format!(
                    "Threshold Crossed: no datapoints were received for {of} periods and {of} missing {datapoints} {were} treated as [{treated}]."
                )
            }
        };
    }
    let goes_off = state == Some(AlarmState::Alarm);
    let chosen: Vec<String> = evaluated
        .iter()
        .filter(|(_, value)| alarm.comparison.breaches(*value, alarm.threshold) == goes_off)
        .map(|(at_s, value)| format!("{value} ({})", short(*at_s)))
        .collect();
    let not = if goes_off { "" } else { "not " };
    let were = if chosen.len() == 1 { "was" } else { "were" };
    format!(
        "Threshold Crossed: {} out of the last {of} {datapoints} [{}] {were} {not}{} ({}).",
        chosen.len(),
        chosen.join(", "),
        alarm.comparison.in_words(),
        alarm.threshold
    )
}

fn iso(at_s: i64) -> String {
    let time = jiff::Timestamp::from_second(at_s).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

/// As AWS writes times in reasons: day, month, year.
fn short(at_s: i64) -> String {
    let time = jiff::Timestamp::from_second(at_s).unwrap_or_default();
    time.strftime("%d/%m/%y %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alarm::sample;

    #[test]
    fn an_alarm_sees_the_newest_periods_and_says_why_it_goes_off() {
        let values = [(0, None), (60, Some(1.0)), (120, Some(5.0)), (180, Some(7.5))];
        let seen = seen(&sample(), &values, 0, 240);
        assert_eq!(seen.state, Some(AlarmState::Alarm));
        assert_eq!(
            seen.reason,
            "Threshold Crossed: 2 out of the last 2 datapoints [7.5 (01/01/70 00:03:00), 5 (01/01/70 00:02:00)] were greater than the threshold (4)."
        );
        let data: serde_json::Value = serde_json::from_str(&seen.data).unwrap();
        assert_eq!(data["recentDatapoints"], json!([5.0, 7.5]));
        assert_eq!(data["queryDate"], "1970-01-01T00:04:00.000+0000");
    }

    #[test]
    fn an_alarm_without_values_says_so() {
        let seen = seen(&sample(), &[(0, None), (60, None), (120, None), (180, None)], 0, 240);
        assert_eq!(seen.state, Some(AlarmState::InsufficientData));
        assert_eq!(seen.reason, "Insufficient Data: 2 datapoints were unknown.");
    }
}
