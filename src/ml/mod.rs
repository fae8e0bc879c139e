//! Data, hyperparameters and a seed in; a model out. No disk but what a reader or a path names, no clock, no threads of its own to manage.
//!
//! A row means the same whichever way it is written: a model that was trained on libsvm takes a 0 in a dense row for absent, and a model that was
//! trained on CSV takes a column that a sparse row leaves out for 0. A model without a memory of its training does what SageMaker's
//! container does: absent is missing, 0 is a value. [`Model::predict`] applies that rule, so nobody else needs to know it.

pub mod archive;
pub mod linear_learner;
pub mod matrix;
pub mod metrics;
pub mod read;
pub mod samples;
pub mod text;
pub mod xgboost;

mod model;
mod train;

pub use matrix::{Csr, Dataset, Dense, Matrix, Row};
pub use model::{Model, Unfit};
pub use train::{Continue, Round, TrainError, Trained, train, watched_metric};

/// What a model answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// A number in the label's unit.
    Regression,
    /// The probability of class 1 (or its score, where the objective says so).
    Binary,
    /// One of so many classes.
    Multiclass(u32),
}
