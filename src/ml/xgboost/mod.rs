//! Gradient boosted trees: training (behind a trait), XGBoost's model files, and the walk that answers.

mod document;
mod forest;
mod objective;
mod read;

use std::collections::BTreeMap;

pub use document::Value;
pub use forest::TreeModel;
pub use objective::{Link, Objective};
pub use read::read_model;

use super::{Continue, Dataset, Round, TrainError, Trained};
use crate::domain::training_job::ChannelFormat;

pub(super) fn train(
    _hyperparameters: &BTreeMap<String, String>,
    _train: &Dataset,
    _validation: Option<&Dataset>,
    _format: ChannelFormat,
    _seed: u64,
    _on_round: &mut (dyn FnMut(&Round<'_>) -> Continue + Send),
) -> Result<Trained, TrainError> {
    Err(TrainError::Failed("training of this algorithm is not there yet".to_owned()))
}

pub(super) fn watched_metric(_hyperparameters: &BTreeMap<String, String>) -> &'static str {
    "rmse"
}
