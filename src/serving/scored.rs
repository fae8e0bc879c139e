//! What labels say of one variant: its score with a band that holds at every look.

use super::trial::Judged;
use crate::stats::experiment::single_look::Interval;
use crate::stats::experiment::{ALPHA, robbins};
use crate::stats::live::{Outcome, Score};

/// Sums over the labels of one variant.
#[derive(Clone, Copy, Debug)]
pub struct Labels {
    score: Score,
    /// Rows whose label is known, and those of them that were right.
    pub labelled: u64,
    pub right: u64,
    sum_of_squares: f64,
    sum_of_errors: f64,
    /// The newest epoch with labels, how many of its requests are labelled, and the sum of their outcomes.
    epoch: u64,
    requests: u64,
    outcomes: f64,
    /// What an outcome of 0 stands for; `None` for classification.
    cap: Option<f64>,
}

impl Labels {
    /// None yet; they measure `score`.
    pub fn new(score: Score) -> Self {
        Self {
            score,
            labelled: 0,
            right: 0,
            sum_of_squares: 0.0,
            sum_of_errors: 0.0,
            epoch: 0,
            requests: 0,
            outcomes: 0.0,
            cap: None,
        }
    }

    /// Whether the outcome is of the kind that is measured here.
    pub fn takes(&self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Class { .. } => self.score == Score::Accuracy,
            Outcome::Error(error) => self.score == Score::Rmse && error.is_finite(),
        }
    }

    /// Counts the outcome of one row.
    pub fn add(&mut self, outcome: Outcome) {
        self.labelled += 1;
        match outcome {
            Outcome::Class { right } => self.right += u64::from(right),
            Outcome::Error(error) => {
                self.sum_of_squares += error * error;
                self.sum_of_errors += error.abs();
            }
        }
    }

    /// A band is that of one epoch: the first label of a newer one begins it anew, and one of an older epoch comes too late for it.
    pub fn judge(&mut self, judged: Judged) {
        if judged.epoch > self.epoch {
            (self.epoch, self.requests, self.outcomes) = (judged.epoch, 0, 0.0);
        }
        if judged.epoch == self.epoch {
            self.requests += 1;
            self.outcomes += judged.y;
            self.cap = judged.cap;
        }
    }

    /// Accuracy or clipped mean absolute error in the newest epoch, with the band that holds at every look.
    pub fn band(&self) -> Option<Interval> {
        let band = robbins::band(self.outcomes, self.requests, ALPHA)?;
        let error = |outcome: f64, cap: f64| cap * (1.0 - outcome);
        Some(self.cap.map_or(band, |cap| Interval {
            estimate: error(band.estimate, cap),
            low: error(band.high, cap),
            high: error(band.low, cap),
        }))
    }

    /// Root mean squared and mean absolute error over all labels of a regression.
    pub fn errors(&self) -> Option<(f64, f64)> {
        let n = self.labelled as f64;
        (self.score == Score::Rmse && self.labelled > 0)
            .then(|| ((self.sum_of_squares / n).sqrt(), self.sum_of_errors / n))
    }
}
