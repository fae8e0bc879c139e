//! Whether an alarm of a deployment has gone off.
//!
//! Errors and latencies are judged twice: since traffic began to move, and in the last minute, so that a fault that begins after hours
//! is not lost among what went well before. A minute may hold few requests, and one of them alone must not bring a fleet back.

use super::{Evidence, Labels};
use crate::domain::accuracy::{Labelled, Measure};
use crate::domain::deployment::{Alarm, FleetMeasured};

/// Requests of the last minute from which on the slowest one of them is not the 99th percentile.
const MIN_RECENT_P99: u64 = 100;

/// Errors of the last minute from which on they are no accident.
const MIN_RECENT_ERRORS: u64 = 2;

/// What the first alarm that has gone off says; `None` while all are quiet.
pub(super) fn gone_off(alarms: &[Alarm], evidence: &Evidence) -> Option<String> {
    alarms.iter().find_map(|alarm| judge(alarm, evidence).map(|why| format!("Alarm {alarm}: {why}")))
}

fn judge(alarm: &Alarm, evidence: &Evidence) -> Option<String> {
    let (old, new) = (&evidence.old, &evidence.new);
    let (recent_old, recent_new) = (&evidence.recent.0, &evidence.recent.1);
    let least = u64::from(alarm.min_requests());
    match alarm {
        Alarm::ErrorRate { above, .. } => {
            let is_bad = |new: &FleetMeasured| new.requests >= least && new.requests > 0 && new.error_rate() > *above;
            if is_bad(new) {
                return Some(format!(
                    "on the new fleet {} requests got no prediction, against {} on the old one in the same time",
                    failures(new),
                    failures(old)
                ));
            }
            (is_bad(recent_new) && recent_new.errors() >= MIN_RECENT_ERRORS).then(|| {
                format!(
                    "in the last minute {} requests got no prediction from the new fleet, against {} from the old one (since traffic began to move: {})",
                    failures(recent_new),
                    failures(recent_old),
                    failures(new)
                )
            })
        }
        Alarm::P99Latency { above_ms, .. } => {
            let too_slow = |new: &FleetMeasured, least: u64| {
                new.p99_us.filter(|us| new.requests >= least && *us as f64 / 1e3 > *above_ms)
            };
            let said = |us: u64, new: &FleetMeasured, old: &FleetMeasured| {
                let before = old.p99_us.map_or_else(|| "none".to_owned(), ms);
                format!("latency is {} over {} requests, against {before} on the old one", ms(us), new.requests)
            };
            if let Some(us) = too_slow(new, least) {
                return Some(format!("the 99th percentile of the new fleet's {}", said(us, new, old)));
            }
            let us = too_slow(recent_new, least.max(MIN_RECENT_P99))?;
            Some(format!(
                "in the last minute the 99th percentile of the new fleet's {}",
                said(us, recent_new, recent_old)
            ))
        }
        Alarm::Accuracy { alpha } => {
            evidence.accuracy.filter(|labels| labels.is_worse).map(|labels| worse(&labels, *alpha))
        }
        Alarm::CloudWatch(name) => {
            let gone_off = evidence.in_alarm.iter().find(|(in_alarm, _)| in_alarm == name);
            gone_off.map(|(_, why)| format!("its state is ALARM: {why}"))
        }
    }
}

/// "the new fleet's answers are worse: 61.2 % right of 120 labelled ones, against 80.4 % of 1042 on the old fleet while both answered …".
fn worse(labels: &Labels, alpha: f64) -> String {
    let watched = &labels.watched;
    let said = |one: Labelled| {
        let score = one.score.unwrap_or_default();
        match watched.measure {
            Measure::Accuracy => format!("{:.1} % right of {} labelled", score * 100.0, one.labels),
            Measure::Rmse => format!("RMSE {} over {} labelled", rmse(score), one.labels),
        }
    };
    let (apart, same) = (&watched.apart, &watched.same);
    let mut parts = Vec::new();
    if apart.new.labels > 0 || apart.old.labels > 0 {
        parts.push(format!("{}, against {} on the old fleet, while both answered", said(apart.new), said(apart.old)));
    }
    if same.new.labels > 0 {
        let old = match watched.measure {
            Measure::Accuracy => format!("{:.1} %", same.old.score.unwrap_or_default() * 100.0),
            Measure::Rmse => format!("an RMSE of {}", rmse(same.old.score.unwrap_or_default())),
        };
        parts.push(format!(
            "{} after all traffic had moved, where the old fleet would have had {old} on the same requests",
            said(same.new)
        ));
    }
    format!(
        "the new fleet's answers are worse: {} (alpha {alpha}: a fleet that is as good is taken back by this alarm at most that often)",
        parts.join("; ")
    )
}

/// Three digits that mean something.
fn rmse(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// "31 of 640 (4.8 %)".
fn failures(fleet: &FleetMeasured) -> String {
    match fleet.requests {
        0 => "0 of 0".to_owned(),
        requests => format!("{} of {requests} ({:.1} %)", fleet.errors(), fleet.error_rate() * 100.0),
    }
}

fn ms(us: u64) -> String {
    format!("{:.1} ms", us as f64 / 1e3)
}
