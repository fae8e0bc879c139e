//! The linear learner: linear and logistic regression, of two classes or of several, by mini-batches, on dense and on sparse rows.

mod classes;
mod loss;
mod model;
mod settings;
mod step;
mod threshold;
mod train;

#[cfg(test)]
mod tests;

pub use model::LinearModel;

pub(super) use train::{train, watched_metric};
