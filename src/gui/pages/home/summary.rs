//! What Home says above its steps: a greeting, how far one is, what all of it would cost.

use super::data::Step;
use crate::domain::event::Severity;
use crate::domain::price;
use crate::domain::time::Timestamp;
use crate::workspace::Snapshot;

/// What jobs cost, read off once a change: 100,000 ended jobs are not added up again each frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobCosts {
    /// USD of all jobs that are over.
    pub ended: f64,
    /// Names of those that are not.
    pub under_way: Vec<String>,
}

/// Adds up the jobs of a snapshot.
pub fn job_costs(snapshot: &Snapshot) -> JobCosts {
    let mut costs = JobCosts::default();
    for job in snapshot.training_jobs.values() {
        if job.status.is_final() {
            // Over: its time no longer depends on now.
            costs.ended += price::usd_for(job.spec.usd_per_hour(), job.billable_ms(Timestamp::default()));
        } else {
            costs.under_way.push(job.name().to_owned());
        }
    }
    costs
}

/// USD so far of everything that is here.
pub fn so_far(snapshot: &Snapshot, costs: &JobCosts, now: Timestamp) -> f64 {
    let endpoints = snapshot.endpoints.values().map(|e| price::usd_for(e.usd_per_hour(), now.ms_since(e.created)));
    let jobs = costs.under_way.iter().filter_map(|name| snapshot.training_jobs.get(name));
    let jobs = jobs.map(|job| price::usd_for(job.spec.usd_per_hour(), job.billable_ms(now)));
    costs.ended + endpoints.chain(jobs).sum::<f64>()
}

/// "Good morning", by the hour of the day.
pub fn greeting(hour: u8) -> &'static str {
    match hour {
        5..=11 => "Good morning",
        12..=17 => "Good afternoon",
        _ => "Good evening",
    }
}

/// The line below the greeting.
pub fn summary(snapshot: &Snapshot, steps: &[Step], now: Timestamp) -> String {
    if snapshot.events.is_empty() && snapshot.buckets.is_empty() {
        return "Put two models behind one URL, move traffic between them, and see which is better. All on this machine.".to_owned();
    }
    let done = steps.iter().filter(|step| step.done).count();
    let failures = snapshot
        .events
        .iter()
        .rev()
        .take_while(|event| now.ms_since(event.at) < 24 * 3_600_000)
        .filter(|event| event.severity == Severity::Error)
        .count();
    let failed = match failures {
        0 => "Nothing has failed since yesterday.".to_owned(),
        1 => "One thing has failed since yesterday: see the activity log.".to_owned(),
        n => format!("{n} things have failed since yesterday: see the activity log."),
    };
    format!("{done} of {} steps done. {failed}", steps.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_has_three_greetings() {
        assert_eq!(
            [greeting(4), greeting(5), greeting(12), greeting(18)],
            ["Good evening", "Good morning", "Good afternoon", "Good evening"]
        );
    }
}
