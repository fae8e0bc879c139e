//! What a fleet did since traffic began to move: what an update is judged by. No lock: it is counted on the way of every request.

use std::sync::atomic::{AtomicU64, Ordering};

use super::window::TURNED_AWAY;
use crate::domain::deployment::FleetMeasured;

/// Each doubling of the latency is told apart in 32 steps, so that a quantile is right to 3 %.
const STEPS: u64 = 32;

/// Latencies up to 2³⁷ ns (137 s) are told apart; SageMaker gives a model 60 s. Longer ones count as this.
const LONGEST_NS: u64 = 1 << 37;

/// Counts and latencies of one fleet.
#[derive(Debug)]
pub struct FleetMeter {
    requests: AtomicU64,
    server_errors: AtomicU64,
    refused: AtomicU64,
    /// Requests by [`bucket`] of their latency.
    latency: Box<[AtomicU64]>,
}

impl Default for FleetMeter {
    fn default() -> Self {
        let latency = (0..=bucket(LONGEST_NS)).map(|_| AtomicU64::new(0)).collect();
        Self { requests: AtomicU64::new(0), server_errors: AtomicU64::new(0), refused: AtomicU64::new(0), latency }
    }
}

impl FleetMeter {
    /// Counts one answer: its status and how long it took. That a request was turned away says nothing about how long one takes.
    pub fn record(&self, status: u16, latency_ns: u64) {
        // Relaxed: the counters are read for a verdict some time later, and order nothing.
        if status != TURNED_AWAY {
            self.latency[bucket(latency_ns)].fetch_add(1, Ordering::Relaxed);
        }
        if status >= 500 {
            self.server_errors.fetch_add(1, Ordering::Relaxed);
        } else if status >= 400 {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        self.requests.fetch_add(1, Ordering::Release);
    }

    /// All of it, as it stands now.
    pub fn read(&self) -> FleetMeasured {
        self.counts().since(None)
    }

    /// The counters, to be held against later ones.
    pub fn counts(&self) -> Counts {
        Counts {
            requests: self.requests.load(Ordering::Acquire),
            server_errors: self.server_errors.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            latency: self.latency.iter().map(|count| count.load(Ordering::Relaxed)).collect(),
        }
    }
}

/// The counters of a fleet at one moment.
#[derive(Clone, Debug)]
pub struct Counts {
    requests: u64,
    server_errors: u64,
    refused: u64,
    latency: Box<[u64]>,
}

impl Counts {
    /// What came in since an earlier moment; without one, all of it.
    pub fn since(&self, before: Option<&Self>) -> FleetMeasured {
        let less = |of: fn(&Self) -> u64| of(self).saturating_sub(before.map_or(0, of));
        let earlier = |bucket: usize| before.map_or(0, |before| before.latency[bucket]);
        let latency: Vec<u64> =
            self.latency.iter().enumerate().map(|(at, count)| count.saturating_sub(earlier(at))).collect();
        FleetMeasured {
            requests: less(|counts| counts.requests),
            server_errors: less(|counts| counts.server_errors),
            model_errors: less(|counts| counts.refused),
            p50_us: quantile(&latency, 0.5),
            p99_us: quantile(&latency, 0.99),
        }
    }
}

/// The bucket of a latency: the first [`STEPS`] nanoseconds one by one, then as many steps a doubling.
fn bucket(ns: u64) -> usize {
    let ns = ns.min(LONGEST_NS);
    let doublings = u64::from(ns.max(STEPS).ilog2()) - u64::from(STEPS.ilog2());
    (doublings * STEPS + (ns >> doublings)) as usize
}

/// The upper end of a bucket, nanoseconds.
fn upper(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let doublings = (bucket / STEPS).saturating_sub(1);
    ((bucket - doublings * STEPS + 1) << doublings) - 1
}

/// The latency that a share `q` of the requests did not exceed, microseconds, rounded up; `None` without requests.
fn quantile(counts: &[u64], q: f64) -> Option<u64> {
    let all: u64 = counts.iter().sum();
    let wanted = (all as f64 * q).ceil() as u64;
    let mut below = 0;
    let found = counts.iter().position(|count| {
        below += count;
        below >= wanted
    });
    found.filter(|_| all > 0).map(|bucket| upper(bucket).div_ceil(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers_are_counted_by_status() {
        let meter = FleetMeter::default();
        assert_eq!(meter.read(), FleetMeasured::default());
        for status in [200, 200, 400, 415, 500, 503] {
            meter.record(status, 1_000);
        }
        let read = meter.read();
        assert_eq!((read.requests, read.server_errors, read.model_errors), (6, 2, 2));
    }

    #[test]
    fn quantiles_are_right_to_three_percent() {
        let meter = FleetMeter::default();
        for us in 1..=1_000 {
            meter.record(200, us * 1_000);
        }
        let read = meter.read();
        assert!((500..=516).contains(&read.p50_us.unwrap()), "{read:?}");
        assert!((990..=1_021).contains(&read.p99_us.unwrap()), "{read:?}");
    }

    proptest! {
        #[test]
        fn a_latency_is_within_its_bucket(ns in prop_oneof![0..100_u64, 0..LONGEST_NS]) {
            let bucket = bucket(ns);
            prop_assert!(ns <= upper(bucket));
            prop_assert!(bucket == 0 || ns > upper(bucket - 1));
            prop_assert!(upper(bucket) as f64 <= ns as f64 * (1.0 + 1.0 / STEPS as f64), "{} is far above {}", upper(bucket), ns);
        }

        #[test]
        fn no_latency_is_too_long(ns: u64) {
            FleetMeter::default().record(200, ns);
        }
    }
}
