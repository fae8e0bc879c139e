//! Gradient boosted trees: training (behind a trait), XGBoost's model files, and the walk that answers.

mod document;
mod forest;
mod hessboost;
mod objective;
mod read;
mod train;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use document::Value;
pub use forest::TreeModel;
pub use objective::{Link, Objective, argmax};
pub use read::read_model;

pub(super) use train::{train, watched_metric};
