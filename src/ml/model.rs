//! A model that can answer, whatever the algorithm behind it.

use super::linear_learner::LinearModel;
use super::xgboost::TreeModel;
use super::{Matrix, Task};
use crate::domain::algorithm::Algorithm;
use crate::domain::training_job::ChannelFormat;

/// A model that can answer. Reading it needs no lock; share it behind an `Arc`.
#[derive(Clone, Debug)]
pub enum Model {
    /// Gradient boosted trees.
    XGBoost(TreeModel),
    /// A linear model.
    Linear(LinearModel),
}

/// Why rows do not fit a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Another number of columns than the model was trained on.
    #[error("the model expects {expected} features in a row, this request has {got}")]
    Columns {
        /// The model's.
        expected: usize,
        /// The rows'.
        got: usize,
    },
    /// A missing value in a row (counted from 1) for a model that cannot take one.
    #[error("feature {column} of row {row} is missing; the linear learner needs a number for every feature")]
    Missing {
        /// Row, counted from 1.
        row: usize,
        /// Feature, counted from 1.
        column: usize,
    },
}

impl Model {
    /// Which algorithm made it.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::XGBoost(_) => Algorithm::XGBoost,
            Self::Linear(_) => Algorithm::LinearLearner,
        }
    }

    /// Columns of a row.
    pub fn features(&self) -> usize {
        match self {
            Self::XGBoost(trees) => trees.features(),
            Self::Linear(linear) => linear.features(),
        }
    }

    /// What it answers.
    pub fn task(&self) -> Task {
        match self {
            Self::XGBoost(trees) => trees.task(),
            Self::Linear(linear) => linear.task(),
        }
    }

    /// How the rows that it was trained on were written; `None` for an imported model that does not say.
    pub fn trained_on(&self) -> Option<ChannelFormat> {
        match self {
            Self::XGBoost(trees) => trees.trained_on(),
            Self::Linear(linear) => linear.trained_on(),
        }
    }

    /// Numbers in an answer: 1, or the number of classes where the answer is a probability a class.
    pub fn outputs_per_row(&self) -> usize {
        match self {
            Self::XGBoost(trees) => trees.outputs_per_row(),
            Self::Linear(linear) => linear.outputs_per_row(),
        }
    }

    /// Of a model of two classes: a score above it stands for class 1. `None` for other models.
    pub fn threshold(&self) -> Option<f32> {
        match self {
            Self::XGBoost(trees) => trees.threshold(),
            Self::Linear(linear) => (linear.task() == Task::Binary).then(|| linear.threshold()),
        }
    }

    /// The class that an answer (one row's outputs) stands for: the threshold that the linear learner chose, ½ for XGBoost's probabilities,
    /// the most probable class of several. `None` for a regression.
    pub fn predicted_label(&self, outputs: &[f32]) -> Option<u32> {
        match self {
            Self::XGBoost(trees) => trees.predicted_label(outputs),
            Self::Linear(linear) => linear.predicted_label(outputs),
        }
    }

    /// Whether the rows can be answered: dense rows need the model's number of columns (XGBoost's container checks the same), sparse rows may
    /// leave columns out but not name one beyond the last, and the linear learner needs every value.
    ///
    /// # Errors
    /// What does not fit, in words for the person who sent the rows.
    pub fn check(&self, rows: &Matrix) -> Result<(), Unfit> {
        let expected = self.features();
        let fits = match rows {
            Matrix::Dense(dense) => dense.cols == expected,
            Matrix::Sparse(csr) => csr.indices.iter().max().is_none_or(|last| (*last as usize) < expected),
        };
        if !fits {
            return Err(Unfit::Columns { expected, got: rows.cols() });
        }
        if matches!(self, Self::Linear(_)) {
            for row in 0..rows.rows() {
                let hole = match rows.row(row) {
                    super::Row::Dense(values) => values.iter().position(|value| value.is_nan()),
                    super::Row::Sparse(indices, values) => {
                        values.iter().position(|value| value.is_nan()).map(|at| indices[at] as usize)
                    }
                };
                if let Some(column) = hole {
                    return Err(Unfit::Missing { row: row + 1, column: column + 1 });
                }
            }
        }
        Ok(())
    }

    /// Answers rows: `out` is cleared and holds [`Self::outputs_per_row`] numbers a row. Binary: a probability; regression: a value;
    /// several classes: the class (`multi:softmax`) or a probability a class. Never fails: columns that a row lacks are absent, surplus ones are
    /// ignored; call [`Self::check`] first to refuse them instead.
    pub fn predict(&self, rows: &Matrix, out: &mut Vec<f32>) {
        match self {
            Self::XGBoost(trees) => trees.predict(rows, out),
            Self::Linear(linear) => linear.predict(rows, out),
        }
    }

    /// Answers one dense row without a [`Matrix`], faster for a single request. Same numbers as [`Self::predict`].
    pub fn predict_row(&self, row: &[f32], out: &mut Vec<f32>) {
        match self {
            Self::XGBoost(trees) => trees.predict_row(row, out),
            Self::Linear(linear) => linear.predict_row(row, out),
        }
    }
}
