//! Answers to questions that are asked while drawing or while polling: progress, curves, logs, previews.

use imbl::Vector;

/// One measured value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricPoint {
    /// Round or epoch, counted from 1.
    pub round: u32,
    /// Value.
    pub value: f64,
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// One metric over the rounds.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingCurve {
    /// For example `validation:rmse`.
    pub metric: String,
    /// In the order of the rounds.
    pub points: Vector<MetricPoint>,
}

/// How far a training job is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingProgress {
    /// Counts up with every change.
    pub revision: u64,
    /// Rounds or epochs done.
    pub round: u32,
    /// Rounds or epochs asked for.
    pub rounds: u32,
    /// Milliseconds left by the pace so far; `None` before the first round and after the last.
    pub left_ms: Option<i64>,
    /// All metrics, train before validation.
    pub curves: Vec<TrainingCurve>,
    /// The best round so far by the metric that early stopping watches.
    pub best: Option<MetricPoint>,
    /// That metric's name.
    pub best_metric: Option<String>,
    /// Rows and features of the train channel, once read.
    pub shape: Option<(u64, u64)>,
    /// Stored values ÷ (rows × features), once read.
    pub density: Option<f64>,
}

/// A piece of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    /// Number of the first line here.
    pub from: u64,
    /// (milliseconds since the Unix epoch, text).
    pub lines: Vec<(i64, String)>,
    /// Lines in all.
    pub total: u64,
}

/// The head of an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Preview {
    /// A table: rows of fields as written. `header` is set where the first line looks like one.
    Table {
        /// Column names, or `None`.
        header: Option<Vec<String>>,
        /// Rows.
        rows: Vec<Vec<String>>,
        /// Whether there is more below.
        more: bool,
    },
    /// Lines of text.
    Text {
        /// Lines.
        lines: Vec<String>,
        /// Whether there is more below.
        more: bool,
    },
    /// Not text; the first bytes.
    Binary {
        /// At most 256.
        head: Vec<u8>,
    },
}
