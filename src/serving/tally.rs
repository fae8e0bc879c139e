//! What a variant measured in ten seconds, for the metrics: kept by the meter until somebody collects it.

use super::window::Measured;
use crate::stats::metric::Summary;

/// Seconds in a tally: the finest step in which SageMaker publishes metrics of endpoints.
pub const TALLY_S: i64 = 10;

/// Tallies of a meter that nobody collects from: a day.
const KEPT: usize = 8_640;

/// Ten seconds of one variant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// When they begin, seconds since the Unix epoch; a multiple of [`TALLY_S`].
    pub at_s: i64,
    /// Requests answered.
    pub requests: u64,
    /// Of these, answered by the container with a 4xx status.
    pub client_errors: u64,
    /// Of these, with a 5xx status.
    pub server_errors: u64,
    /// What the model took, microseconds.
    pub latency: Summary,
    /// What it took beside the model until the answer was handed on, microseconds.
    pub overhead: Summary,
}

/// The tallies of a meter that were not collected yet, oldest first; the last one is open.
#[derive(Debug, Default)]
pub(super) struct Tallies(Vec<Tally>);

impl Tallies {
    /// Counts a request. A clock that went back counts in the tally that is open.
    pub(super) fn record(&mut self, measured: &Measured) {
        let at_s = measured.at_ms.div_euclid(TALLY_S * 1_000) * TALLY_S;
        if self.0.last().is_none_or(|open| open.at_s < at_s) {
            if self.0.len() == KEPT {
                self.0.remove(0);
            }
            self.0.push(Tally { at_s, ..Tally::default() });
        }
        let Some(open) = self.0.last_mut() else { return };
        open.requests += 1;
        open.client_errors += u64::from((400..500).contains(&measured.status));
        open.server_errors += u64::from(measured.status >= 500);
        open.latency.add(us(measured.latency_ns), 1.0);
        if let Some(overhead_ns) = measured.overhead_ns {
            open.overhead.add(us(overhead_ns), 1.0);
        }
    }

    /// Hands all over, the open one included; what comes in its time from now on is a tally of the same beginning.
    pub(super) fn take(&mut self) -> Vec<Tally> {
        std::mem::take(&mut self.0)
    }
}

fn us(ns: u64) -> f64 {
    ns as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(at_ms: i64, status: u16) -> Measured {
        Measured { at_ms, latency_ns: 187_500, overhead_ns: Some(12_000), status, rows: 1, bytes: 1, drawn: true }
    }

    #[test]
    fn requests_are_counted_by_ten_seconds_and_handed_over_once() {
        let mut tallies = Tallies::default();
        for (at_ms, status) in [(10_000, 200), (19_999, 424), (20_000, 500), (15_000, 200)] {
            tallies.record(&measured(at_ms, status));
        }
        let taken = tallies.take();
        let counts: Vec<_> = taken.iter().map(|t| (t.at_s, t.requests, t.client_errors, t.server_errors)).collect();
        assert_eq!(counts, [(10, 2, 1, 0), (20, 2, 0, 1)], "a clock that went back counts in the open one");
        assert_eq!((taken[0].latency.sum, taken[0].overhead.max), (375.0, 12.0));
        assert_eq!(tallies.take(), []);
        tallies.record(&measured(25_000, 200));
        assert_eq!(tallies.take()[0].at_s, 20);
    }

    #[test]
    fn a_day_is_kept_when_nobody_collects() {
        let mut tallies = Tallies::default();
        for at in 0..i64::try_from(KEPT).unwrap() + 3 {
            tallies.record(&measured(at * TALLY_S * 1_000, 200));
        }
        let taken = tallies.take();
        assert_eq!((taken.len(), taken[0].at_s), (KEPT, 3 * TALLY_S));
    }
}
