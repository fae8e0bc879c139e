//! Live measurements of an endpoint: what the data plane counts and the window plots.

use std::sync::Arc;

use imbl::Vector;

use super::experiment::Summary;
use super::experiment::paired::PairedSummary;
use super::experiment::single_look::Interval;
use crate::domain::accuracy::Watched;
use crate::domain::deployment::FleetMeasured;
use crate::domain::label::LabelCounts;

/// One second of one variant. Only seconds in which something happened are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Second {
    /// Seconds since the Unix epoch.
    pub at_s: i64,
    /// Requests answered, forced ones included.
    pub requests: u32,
    /// Of these, answers with a 4xx status.
    pub client_errors: u32,
    /// Of these, answers with a 5xx status.
    pub server_errors: u32,
    /// Median latency of the second, microseconds.
    pub p50_us: u32,
    /// 99th percentile of the latency of the second, microseconds.
    pub p99_us: u32,
    /// Labelled predictions so far (cumulative since the variant came into service).
    pub labelled_total: u64,
    /// Accuracy, or mean absolute error (clipped), over the labels of the newest epoch so far; `NaN` before the first.
    pub score: f64,
    /// Lower end of its 95 % band, which holds at every look; `NaN` before the first.
    pub score_low: f64,
    /// Upper end; `NaN` before the first.
    pub score_high: f64,
}

/// What the labels of a variant measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Score {
    /// Share of right answers (classification).
    #[default]
    Accuracy,
    /// Errors (regression); lower is better.
    Rmse,
}

/// One variant, measured since it came into service on this endpoint.
#[derive(Clone, Debug, Default)]
pub struct VariantLive {
    /// The variant's name.
    pub name: String,
    /// The model behind it.
    pub model_name: String,
    /// Content type of its answers: `text/csv` or `application/json`.
    pub answers_in: &'static str,
    /// Requests answered, forced ones included.
    pub requests: u64,
    /// Requests that the router drew for it (forced ones not included).
    pub drawn: u64,
    /// Answers with a 4xx status.
    pub client_errors: u64,
    /// Answers with a 5xx status.
    pub server_errors: u64,
    /// Of these, the ones turned away because every instance was busy and the queue was full.
    pub turned_away: u64,
    /// Instances: how many heavy requests it answers at a time.
    pub instances: u32,
    /// Instances that answer one now.
    pub busy: u32,
    /// Heavy requests that wait for one.
    pub waiting: u32,
    /// Median latency, microseconds.
    pub p50_us: u64,
    /// 99th percentile of the latency, microseconds.
    pub p99_us: u64,
    /// Drawn predictions (rows) answered; the denominator of label coverage.
    pub predictions: u64,
    /// Drawn predictions whose label is known.
    pub labelled: u64,
    /// Right answers among the labelled ones.
    pub right: u64,
    /// Accuracy, or mean absolute error (clipped at [`ExperimentLive::cap`]), over the labels of the newest epoch, with the 95 % band
    /// that holds at every look; `None` before there is enough.
    pub score: Option<Interval>,
    /// Regression: root mean squared error over all labels, as it is; `None` before the first.
    pub rmse: Option<f64>,
    /// Regression: mean absolute error over all labels, not clipped; `None` before the first.
    pub mae: Option<f64>,
    /// Seconds, oldest first.
    pub seconds: Vector<Second>,
}

/// Why there is a vertical mark on the plots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// Weights changed.
    Weights,
    /// A new fleet took over.
    Fleet,
}

/// A vertical mark.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Why.
    pub kind: MarkKind,
    /// Short label: `50/50 → 62/38`, or the configuration's name.
    pub label: String,
}

/// Which of the variants is better.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentLive {
    /// What the experiment says.
    pub summary: Summary,
    /// Regression: the absolute error from which on an error counts as the largest, in the label's unit; `None` for classification, and
    /// while it is being found.
    pub cap: Option<f64>,
}

/// What was captured of an endpoint, and what became of its labels, since it came into service or the app was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureLive {
    /// Requests captured.
    pub taken: u64,
    /// Requests that were not captured because the disk could not keep up.
    pub dropped: u64,
    /// Captured requests whose body or answer was too long to be kept.
    pub without_body: u64,
    /// Captured requests that are not on disk because it refused them.
    pub unwritten: u64,
    /// What became of labels.
    pub labels: LabelCounts,
}

/// One endpoint, live.
#[derive(Clone, Debug, Default)]
pub struct EndpointLive {
    /// The endpoint's name.
    pub endpoint: String,
    /// Counts up with every change, so that a reader can tell old from new.
    pub revision: u64,
    /// What the labels measure.
    pub score: Score,
    /// In the configuration's order.
    pub variants: Vec<VariantLive>,
    /// The shadow variants of the same fleet, in the configuration's order.
    pub shadows: Vec<ShadowLive>,
    /// The fleet that takes over, while traffic moves to it or bakes; `variants` are those of the fleet that served before.
    pub shift: Option<ShiftLive>,
    /// Oldest first.
    pub marks: Vec<Mark>,
    /// Requests being answered now by the fleet that serves (of two, the one that served before).
    pub in_flight: u32,
    /// Requests being finished by fleets that were replaced.
    pub draining: u32,
    /// Milliseconds since the Unix epoch of the newest request; `None` before the first.
    pub last_request_ms: Option<i64>,
    /// The experiment over its variants; `None` before the first epoch.
    pub experiment: Option<Arc<ExperimentLive>>,
    /// Capture and labels.
    pub capture: CaptureLive,
}

/// A shadow variant: what it made of the copies that it got.
#[derive(Clone, Debug, Default)]
pub struct ShadowLive {
    /// Measured as the others; every copy that it answers counts as drawn.
    pub variant: VariantLive,
    /// The share of requests that it gets copies of, 0 to 1.
    pub share: f64,
    /// Copies that were not made because its queue was full.
    pub dropped: u64,
    /// Against what clients got, on the requests whose labels are known; `None` before the first.
    pub versus: Option<VersusLive>,
}

/// A shadow variant (B) against what clients got (A), row by row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VersusLive {
    /// The sequential test.
    pub test: PairedSummary,
    /// Regression: the absolute error that counts as entirely wrong in the test.
    pub cap: Option<f64>,
}

/// Two fleets at once: the one that comes, and both compared since traffic began to move.
#[derive(Clone, Debug, Default)]
pub struct ShiftLive {
    /// The configuration of the fleet that comes.
    pub config_name: String,
    /// Number of the deployment that brings it.
    pub deployment: u64,
    /// Its share of the traffic, 0 to 1.
    pub share: f64,
    /// Its variants, in its configuration's order. One that goes on from the fleet that served (same name, same model) has the same numbers
    /// in both.
    pub variants: Vec<VariantLive>,
    /// Requests being answered by it now.
    pub in_flight: u32,
    /// What the fleet that served before did since traffic began to move.
    pub old: FleetMeasured,
    /// What the fleet that comes did since then.
    pub new: FleetMeasured,
    /// What the labels of the answers of both say.
    pub accuracy: Watched,
}

/// What is known about one labelled answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// A classification was right or wrong.
    Class {
        /// Right.
        right: bool,
    },
    /// A regression's error, prediction − label, in the label's unit.
    Error(f64),
}

impl Outcome {
    /// As a number in [0, 1]: 1 and 0 for right and wrong, or what `error` makes of an error; `None` where that does not count.
    pub fn graded(self, error: impl FnOnce(f64) -> Option<f64>) -> Option<f64> {
        match self {
            Self::Class { right } => Some(f64::from(u8::from(right))),
            Self::Error(size) => error(size),
        }
    }
}
