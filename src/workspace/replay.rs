//! A paired replay as the window sees it: how far it is, and what came of it.

use std::sync::Arc;

use crate::domain::algorithm::Algorithm;
use crate::domain::replay::ReplaySpec;
use crate::domain::time::Timestamp;
use crate::stats::evaluate::calibration::Calibration;
use crate::stats::evaluate::confusion::Confusion;
use crate::stats::evaluate::curves::Curves;
use crate::stats::evaluate::residuals::Residuals;
use crate::stats::experiment::paired::PairedSummary;

/// The newest replay. It is kept in memory, and gone when the app ends.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Counts up with every change.
    pub revision: u64,
    /// What was asked for.
    pub spec: ReplaySpec,
    /// Start.
    pub started: Timestamp,
    /// How it stands.
    pub status: ReplayStatus,
}

/// How a replay stands.
#[derive(Clone, Debug)]
pub enum ReplayStatus {
    /// Under way.
    Running {
        /// What it does: reading, or answering.
        doing: &'static str,
        /// Rows done.
        done: u64,
        /// Rows in all; 0 while they are not counted yet.
        total: u64,
    },
    /// Done.
    Completed(Arc<ReplayResult>),
    /// Stopped by hand.
    Cancelled,
    /// Could not go on; why.
    Failed(String),
}

impl ReplayStatus {
    /// Whether it is under way.
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }
}

/// What the labels measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// A number: errors have a size.
    Number,
    /// Two classes: scores have a threshold, and curves.
    TwoClasses,
    /// Several classes.
    Classes,
}

/// What came of a replay.
#[derive(Clone, Debug)]
pub struct ReplayResult {
    /// What the labels measure.
    pub measure: Measure,
    /// Rows that all answered.
    pub rows: u64,
    /// Rows left out: the first reason, and how many.
    pub left_out: Option<(String, u64)>,
    /// Milliseconds that it took, reading included.
    pub took_ms: u64,
    /// One a contestant, in the order of the specification.
    pub models: Vec<ModelScore>,
    /// Each pair once.
    pub pairs: Vec<PairScore>,
    /// Rows on which they disagree: other classes, or for numbers the rows with the widest spread; at most 10,000.
    pub disagreements: Vec<Disagreement>,
    /// How many there are in all.
    pub disagreed: u64,
}

/// One contestant's score.
#[derive(Clone, Debug)]
pub struct ModelScore {
    /// What it is called here.
    pub name: String,
    /// The model.
    pub model_name: String,
    /// Who reads its artefact.
    pub algorithm: Algorithm,
    /// Share of right answers; `None` for numbers.
    pub accuracy: Option<f64>,
    /// Mean of −ln(probability of the true class); `None` where the answers are no probabilities.
    pub log_loss: Option<f64>,
    /// Of two classes.
    pub curves: Option<Curves>,
    /// Of two classes with probabilities.
    pub calibration: Option<Calibration>,
    /// Of classes.
    pub confusion: Option<Confusion>,
    /// Of numbers.
    pub residuals: Option<Residuals>,
    /// Median time of a request, microseconds: reading its rows and answering them.
    pub p50_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// USD an hour where it is deployed, at list price; `None` for a model that is not.
    pub usd_per_hour: Option<f64>,
}

/// Two contestants on the same rows.
#[derive(Clone, Copy, Debug)]
pub struct PairScore {
    /// Places in [`ReplayResult::models`]; the summary's A and B.
    pub of: (usize, usize),
    /// The sequential test.
    pub test: PairedSummary,
    /// For numbers: the absolute error that counts as entirely wrong in the test.
    pub cap: Option<f64>,
}

/// A row on which contestants disagree.
#[derive(Clone, Debug)]
pub struct Disagreement {
    /// Number of the row, from 1.
    pub row: u64,
    /// The row as it was asked; cut where it is very long.
    pub request: Arc<str>,
    /// What is right.
    pub label: f64,
    /// What each contestant said: the score, and the class where there is one.
    pub answers: Vec<(f64, Option<u32>)>,
    /// Largest score minus the smallest.
    pub spread: f64,
}
