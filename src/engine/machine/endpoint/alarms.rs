//! Whether an alarm of a deployment has gone off.

use super::Evidence;
use crate::domain::deployment::{Alarm, FleetMeasured};

/// What the first alarm that has gone off says; `None` while all are quiet.
pub(super) fn gone_off(alarms: &[Alarm], evidence: &Evidence) -> Option<String> {
    alarms.iter().find_map(|alarm| judge(alarm, evidence).map(|why| format!("Alarm {alarm}: {why}")))
}

fn judge(alarm: &Alarm, evidence: &Evidence) -> Option<String> {
    let (old, new) = (&evidence.old, &evidence.new);
    if new.requests < u64::from(alarm.min_requests()) {
        return None;
    }
    match alarm {
        Alarm::ErrorRate { above, .. } => (new.requests > 0 && new.error_rate() > *above).then(|| {
            format!(
                "on the new fleet {} requests got no prediction, against {} on the old one in the same time",
                failures(new),
                failures(old)
            )
        }),
        Alarm::P99Latency { above_ms, .. } => new.p99_us.filter(|us| *us as f64 / 1e3 > *above_ms).map(|us| {
            let before = old.p99_us.map_or_else(|| "none".to_owned(), ms);
            format!(
                "the 99th percentile of the new fleet's latency is {} over {} requests, against {before} on the old one",
                ms(us),
                new.requests
            )
        }),
        Alarm::CloudWatch(name) => {
            let gone_off = evidence.in_alarm.iter().find(|(in_alarm, _)| in_alarm == name);
            gone_off.map(|(_, why)| format!("its state is ALARM: {why}"))
        }
    }
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
