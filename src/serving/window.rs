//! What a variant did, second by second: counts, latency quantiles and scores, cheap enough for every request.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hdrhistogram::Histogram;
use imbl::Vector;

use super::log::{Lines, Request};
use super::scored::Labels;
use super::tally::{Tallies, Tally};
use super::trial::Judged;
use crate::stats::experiment::single_look::Interval;
use crate::stats::live::{Outcome, Score, Second, VariantLive};

/// Seconds are kept for a day.
pub const KEPT_S: i64 = 86_400;

/// Longest latency told apart, nanoseconds: SageMaker gives a model 60 s. Longer ones count as this.
const LONGEST_NS: u64 = 60_000_000_000;

/// Shortest latency told apart, nanoseconds.
const SHORTEST_NS: u64 = 100;

/// Two significant digits: quantiles are right to 1 %.
const DIGITS: u8 = 2;

/// The status of a request that found every instance busy and the queue full. No model answers with it.
pub const TURNED_AWAY: u16 = 503;

/// One answered request.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// When it was answered, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// From body to answer, nanoseconds.
    pub latency_ns: u64,
    /// From the head of the request to its body, nanoseconds: what the request took beside the model. `None` when nobody looked.
    pub overhead_ns: Option<u64>,
    /// The status that the model's container answers with: 200, 4xx, 500; or [`TURNED_AWAY`].
    pub status: u16,
    /// Rows predicted.
    pub rows: u64,
    /// Bytes of the answer.
    pub bytes: u64,
    /// Drawn by weight rather than forced by the client.
    pub drawn: bool,
}

/// Cumulative numbers for `/metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Requests answered, forced ones included.
    pub requests: u64,
    /// Answers with a 4xx status.
    pub client_errors: u64,
    /// Answers with a 5xx status.
    pub server_errors: u64,
    /// Of these, [`TURNED_AWAY`].
    pub turned_away: u64,
    /// Rows predicted for drawn requests.
    pub predictions: u64,
    /// Of these, the ones whose label is known.
    pub labelled: u64,
    /// Sum of all latencies, seconds.
    pub latency_sum_s: f64,
    /// Latency at the quantiles ½, 0.9 and 0.99, seconds.
    pub latency_s: [f64; 3],
}

/// The quantiles of [`Totals::latency_s`].
pub const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

/// The measurements of one variant. One short lock a request: a few additions, and increments in two histograms and
/// in two sketches.
#[derive(Debug)]
pub struct Meter(Mutex<State>);

#[derive(Debug)]
struct State {
    requests: u64,
    drawn: u64,
    client_errors: u64,
    server_errors: u64,
    turned_away: u64,
    predictions: u64,
    last_request_ms: Option<i64>,
    latency: Histogram<u64>,
    latency_sum_ns: u64,
    labels: Labels,
    /// The second under way, and its latencies; `None` until the first request or label.
    open: Option<Second>,
    open_latency: Histogram<u32>,
    closed: Vector<Second>,
    lines: Lines,
    tallies: Tallies,
}

/// A histogram for latencies; the bounds are constants that hdrhistogram accepts, so the fallback is never taken.
fn histogram<C: hdrhistogram::Counter>() -> Histogram<C> {
    Histogram::new_with_bounds(SHORTEST_NS, LONGEST_NS, DIGITS).unwrap_or_else(|_| {
        tracing::error!("latency histogram bounds were refused");
        Histogram::new_from(
            &Histogram::<C>::new(DIGITS).unwrap_or_else(|_| unreachable!("{DIGITS} digits are within 0..=5")),
        )
    })
}

impl Meter {
    /// An empty meter whose labels measure `score`.
    pub fn new(score: Score) -> Self {
        Self(Mutex::new(State {
            requests: 0,
            drawn: 0,
            client_errors: 0,
            server_errors: 0,
            turned_away: 0,
            predictions: 0,
            last_request_ms: None,
            latency: histogram(),
            latency_sum_ns: 0,
            labels: Labels::new(score),
            open: None,
            open_latency: histogram(),
            closed: Vector::new(),
            lines: Lines::new(),
            tallies: Tallies::default(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Counters stay usable whatever happened to a thread that held them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one answered request, and notes it in the log; `refused` says why it got no prediction.
    pub fn record(&self, measured: &Measured, refused: Option<&str>) {
        let mut state = self.lock();
        state.count(measured);
        state.tallies.record(measured);
        state.lines.request(Request {
            at_ms: measured.at_ms,
            status: measured.status,
            rows: clamped(measured.rows),
            bytes: clamped(measured.bytes),
            latency_us: clamped(in_us(measured.latency_ns)),
        });
        if let Some(why) = refused {
            state.lines.say(measured.at_ms, why);
        }
    }

    /// What was measured since the last time that somebody asked, by ten seconds. Handed over once: what is taken is gone from here.
    pub(super) fn take_tallies(&self) -> Vec<Tally> {
        self.lock().tallies.take()
    }

    /// Counts a request of an earlier run; its log has ended with that, and its metrics are kept elsewhere.
    pub(super) fn recall(&self, measured: &Measured) {
        self.lock().count(measured);
    }

    /// Writes a line to the log.
    pub fn say(&self, at_ms: i64, text: &str) {
        self.lock().lines.say(at_ms, text);
    }

    /// Reads or writes the log.
    pub(super) fn with_lines<T>(&self, work: impl FnOnce(&mut Lines) -> T) -> T {
        work(&mut self.lock().lines)
    }

    /// Counts the label of one drawn request: the outcomes of its rows, and what they came to in the experiment. Outcomes that the variant's
    /// kind of model can't have (a numeric error of a classifier) are ignored.
    pub fn label(&self, at_ms: i64, outcomes: &[Outcome], judged: Option<Judged>) {
        let mut state = self.lock();
        if !outcomes.iter().any(|outcome| state.labels.takes(*outcome)) {
            return;
        }
        // First the second: one that ends here keeps the score that it ended with.
        state.second(at_ms);
        for outcome in outcomes {
            if state.labels.takes(*outcome) {
                state.labels.add(*outcome);
            }
        }
        if let Some(judged) = judged {
            state.labels.judge(judged);
        }
    }

    /// When the newest request was answered, milliseconds since the Unix epoch.
    pub fn last_request_ms(&self) -> Option<i64> {
        self.lock().last_request_ms
    }

    /// Fills in all that is measured; names are the caller's.
    pub fn read(&self, live: &mut VariantLive) {
        let state = self.lock();
        live.requests = state.requests;
        live.drawn = state.drawn;
        live.client_errors = state.client_errors;
        live.server_errors = state.server_errors;
        live.turned_away = state.turned_away;
        live.predictions = state.predictions;
        live.labelled = state.labels.labelled;
        live.right = state.labels.right;
        live.score = state.labels.band();
        (live.rmse, live.mae) = state.labels.errors().unzip();
        if !state.latency.is_empty() {
            live.p50_us = in_us(state.latency.value_at_quantile(0.5));
            live.p99_us = in_us(state.latency.value_at_quantile(0.99));
        }
        live.seconds = state.closed.clone();
        if let Some(open) = &state.open {
            live.seconds.push_back(state.finished(open));
        }
    }

    /// Cumulative numbers for `/metrics`.
    pub fn totals(&self) -> Totals {
        let state = self.lock();
        let seconds = |ns: u64| ns as f64 / 1e9;
        let at = |q| if state.latency.is_empty() { f64::NAN } else { seconds(state.latency.value_at_quantile(q)) };
        Totals {
            requests: state.requests,
            client_errors: state.client_errors,
            server_errors: state.server_errors,
            turned_away: state.turned_away,
            predictions: state.predictions,
            labelled: state.labels.labelled,
            latency_sum_s: seconds(state.latency_sum_ns),
            latency_s: QUANTILES.map(at),
        }
    }
}

/// Whole microseconds, rounded up: a request never took none.
fn in_us(ns: u64) -> u64 {
    ns.div_ceil(1_000)
}

fn clamped(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl State {
    fn count(&mut self, measured: &Measured) {
        let client_error = (400..500).contains(&measured.status);
        let server_error = measured.status >= 500;
        let second = self.second(measured.at_ms);
        second.requests = second.requests.saturating_add(1);
        second.client_errors += u32::from(client_error);
        second.server_errors += u32::from(server_error);
        self.requests += 1;
        self.client_errors += u64::from(client_error);
        self.server_errors += u64::from(server_error);
        if measured.drawn {
            self.drawn += 1;
            self.predictions += measured.rows;
        }
        if measured.status == TURNED_AWAY {
            // No model has seen it, so it says nothing about how long one takes.
            self.turned_away += 1;
        } else {
            self.latency.saturating_record(measured.latency_ns);
            self.open_latency.saturating_record(measured.latency_ns);
            self.latency_sum_ns = self.latency_sum_ns.saturating_add(measured.latency_ns);
        }
        self.last_request_ms = self.last_request_ms.max(Some(measured.at_ms));
    }

    /// The second that `at_ms` belongs to. A clock that went back writes into the second that is open.
    fn second(&mut self, at_ms: i64) -> &mut Second {
        let at_s = at_ms.div_euclid(1_000);
        if let Some(open) = self.open.take_if(|open| open.at_s < at_s) {
            let closed = self.finished(&open);
            self.closed.push_back(closed);
            self.open_latency.reset();
            while self.closed.front().is_some_and(|oldest| oldest.at_s <= at_s - KEPT_S) {
                self.closed.pop_front();
            }
        }
        self.open.get_or_insert(Second { at_s, ..Second::default() })
    }

    /// A second with its quantiles, and the score as it stands now.
    fn finished(&self, second: &Second) -> Second {
        let at = |q| clamped(in_us(self.open_latency.value_at_quantile(q)));
        let (p50_us, p99_us) = if self.open_latency.is_empty() { (0, 0) } else { (at(0.5), at(0.99)) };
        let none = Interval { estimate: f64::NAN, low: f64::NAN, high: f64::NAN };
        let score = self.labels.band().unwrap_or(none);
        Second {
            p50_us,
            p99_us,
            labelled_total: self.labels.labelled,
            score: score.estimate,
            score_low: score.low,
            score_high: score.high,
            ..*second
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::experiment::{ALPHA, robbins};

    fn well(at_ms: i64, latency_us: u64) -> Measured {
        Measured {
            at_ms,
            latency_ns: latency_us * 1_000,
            overhead_ns: None,
            status: 200,
            rows: 2,
            bytes: 4,
            drawn: true,
        }
    }

    fn read(meter: &Meter) -> VariantLive {
        let mut live = VariantLive::default();
        meter.read(&mut live);
        live
    }

    #[test]
    fn requests_are_counted_by_second_with_quantiles() {
        let meter = Meter::new(Score::Accuracy);
        for latency in 1..=100 {
            meter.record(&well(5_000 + latency, latency as u64 * 10), None);
        }
        meter.record(&Measured { status: 400, rows: 0, ..well(7_999, 40) }, None);
        meter.record(&Measured { status: 500, rows: 0, drawn: false, ..well(8_000, 40) }, None);
        let live = read(&meter);
        assert_eq!((live.requests, live.drawn, live.client_errors, live.server_errors), (102, 101, 1, 1));
        assert_eq!(live.predictions, 200, "rows of the drawn requests that were answered");
        let seconds: Vec<_> =
            live.seconds.iter().map(|s| (s.at_s, s.requests, s.client_errors, s.server_errors)).collect();
        assert_eq!(seconds, [(5, 100, 0, 0), (7, 1, 1, 0), (8, 1, 0, 1)], "seconds without requests are not kept");
        let first = live.seconds[0];
        assert!((495..=506).contains(&first.p50_us) && (980..=1_000).contains(&first.p99_us), "{first:?}");
        assert!((40..=41).contains(&live.seconds[2].p50_us), "the quantiles of a second are its own");
        assert_eq!(meter.last_request_ms(), Some(8_000));
    }

    fn judged(epoch: u64, y: f64) -> Judged {
        Judged { epoch, y, cap: None }
    }

    #[test]
    fn labels_make_a_score_with_a_band() {
        let meter = Meter::new(Score::Accuracy);
        meter.record(&well(1_000, 5), None);
        assert!(read(&meter).seconds[0].score.is_nan() && read(&meter).score.is_none());
        for right in [true, true, true, false] {
            meter.label(2_000, &[Outcome::Class { right }], Some(judged(1, f64::from(u8::from(right)))));
        }
        meter.label(2_000, &[Outcome::Error(1.0)], Some(judged(1, 1.0)));
        let live = read(&meter);
        assert_eq!((live.labelled, live.right), (4, 3), "a classifier has no numeric error");
        let expected = robbins::band(3.0, 4, ALPHA).unwrap();
        assert_eq!((live.score, live.rmse), (Some(expected), None));
        let last = live.seconds[1];
        assert_eq!((last.at_s, last.requests, last.labelled_total), (2, 0, 4), "labels open a second of their own");
        assert_eq!((last.score, last.score_low, last.score_high), (expected.estimate, expected.low, expected.high));
        assert!(live.seconds[0].score.is_nan(), "a second keeps the score it ended with");
    }

    #[test]
    fn a_band_is_that_of_the_newest_epoch_with_labels() {
        let meter = Meter::new(Score::Accuracy);
        let label = |epoch, right| {
            meter.label(1_000, &[Outcome::Class { right }], Some(judged(epoch, f64::from(u8::from(right)))));
            read(&meter)
        };
        label(1, false);
        assert_eq!(label(2, true).score.unwrap().estimate, 1.0);
        let late = label(1, false);
        assert_eq!((late.score.unwrap().estimate, late.labelled), (1.0, 3), "counted, but not in the band");
    }

    #[test]
    fn regression_has_a_mean_error_with_a_band_and_rmse_and_mae_beside_it() {
        let meter = Meter::new(Score::Rmse);
        for error in [3.0, -3.0, 6.0] {
            let y = 1.0 - f64::abs(error) / 12.0;
            meter.label(0, &[Outcome::Error(error)], Some(Judged { epoch: 1, y, cap: Some(12.0) }));
        }
        meter.label(0, &[Outcome::Error(f64::NAN)], None);
        let live = read(&meter);
        let band = live.score.unwrap();
        assert_eq!((live.labelled, live.mae), (3, Some(4.0)));
        assert!((live.rmse.unwrap() - 18.0_f64.sqrt()).abs() < 1e-12);
        assert!(
            (band.estimate - 4.0).abs() < 1e-9 && band.low < 4.0 && band.high > 4.0 && band.high <= 12.0,
            "{band:?}"
        );
    }

    #[test]
    fn a_day_is_kept_and_a_clock_that_goes_back_does_no_harm() {
        let meter = Meter::new(Score::Accuracy);
        for at_s in 0..KEPT_S + 10 {
            meter.record(&well(at_s * 1_000, 1), None);
        }
        let live = read(&meter);
        assert_eq!(live.seconds.len().cast_signed() as i64, KEPT_S);
        assert_eq!(live.seconds.front().unwrap().at_s, 10);
        meter.record(&well(3_000, 1), None);
        let live = read(&meter);
        assert_eq!(live.seconds.back().unwrap().requests, 2, "counted in the second that is open");
        assert_eq!(live.requests.cast_signed(), KEPT_S + 11);
    }

    #[test]
    fn totals_for_the_scraper() {
        let meter = Meter::new(Score::Accuracy);
        assert!(meter.totals().latency_s[0].is_nan());
        meter.record(&well(0, 2_000), None);
        meter.record(&well(0, 4_000), None);
        let totals = meter.totals();
        assert!(
            (totals.latency_sum_s - 0.006).abs() < 1e-9 && (totals.latency_s[0] - 0.002).abs() < 4e-5,
            "{totals:?}"
        );
    }
}
