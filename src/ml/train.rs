//! One door to training, whatever the algorithm.

use std::collections::BTreeMap;

use super::{Dataset, Model, linear_learner, xgboost};
use crate::domain::algorithm::Algorithm;
use crate::domain::invalid::Invalid;
use crate::domain::training_job::ChannelFormat;

/// What happened in a round or an epoch.
#[derive(Clone, Debug)]
pub struct Round<'a> {
    /// Counted from 1.
    pub round: u32,
    /// How many there will be at most.
    pub rounds: u32,
    /// `("train:rmse", v)`, `("validation:rmse", v)`; the same names in every round.
    pub metrics: &'a [(String, f64)],
    /// A line for the job's log besides the metrics.
    pub log: Option<String>,
}

/// Whether to go on after a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continue {
    /// On.
    Yes,
    /// Stop here and keep what was learned.
    Stop,
}

/// The outcome of training.
#[derive(Clone, Debug)]
pub struct Trained {
    /// Ready to answer.
    pub model: Model,
    /// Rounds or epochs run.
    pub rounds: u32,
    /// The round that the model holds, counted from 1, where early stopping watched a metric.
    pub best_round: Option<u32>,
    /// The metric that early stopping watched, as it appears in [`Round::metrics`].
    pub best_metric: Option<String>,
    /// How the rows that it was trained on were written.
    pub format: ChannelFormat,
    /// Stopped by the callback before its time.
    pub stopped: bool,
    /// What hyperparameters were accepted but have no effect here and other remarks, one a line, for the job's log.
    pub notes: Vec<String>,
    /// The model as it goes into the archive.
    pub(super) file: Vec<u8>,
}

/// Why there is no model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrainError {
    /// Hyperparameters that break a rule.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Hyperparameters(Vec<Invalid>),
    /// Data that the algorithm cannot learn from.
    #[error("{0}")]
    Data(String),
    /// Stopped before the first round was over: nothing was learned.
    #[error("stopped before the first round was finished")]
    StoppedEarly,
    /// Training went astray (for example a loss that is no longer a number).
    #[error("{0}")]
    Failed(String),
}

/// Trains a model.
///
/// `format` says how the rows were written, so that the model is served the way it was trained. The same `seed` gives the same model
/// (a `seed` hyperparameter goes before it). `on_round` is called after every round or epoch, on the calling thread or one that training started.
///
/// # Errors
/// Broken hyperparameters, unusable data, or training that went astray.
#[allow(clippy::too_many_arguments)] // One door with everything it needs; a struct would only rename the list.
pub fn train(
    algorithm: Algorithm,
    hyperparameters: &BTreeMap<String, String>,
    train: &Dataset,
    validation: Option<&Dataset>,
    format: ChannelFormat,
    seed: u64,
    on_round: &mut (dyn FnMut(&Round<'_>) -> Continue + Send),
) -> Result<Trained, TrainError> {
    let broken = algorithm.validate(hyperparameters);
    if !broken.is_empty() {
        return Err(TrainError::Hyperparameters(broken));
    }
    check_data("train", train)?;
    if let Some(validation) = validation {
        check_data("validation", validation)?;
    }
    match algorithm {
        Algorithm::XGBoost => xgboost::train(hyperparameters, train, validation, format, seed, on_round),
        Algorithm::LinearLearner => linear_learner::train(hyperparameters, train, validation, format, seed, on_round),
    }
}

/// The metric that early stopping (and a summary) watches for these hyperparameters, with the channel in front: `validation:rmse`.
pub fn watched_metric(
    algorithm: Algorithm,
    hyperparameters: &BTreeMap<String, String>,
    has_validation: bool,
) -> String {
    let channel = if has_validation { "validation" } else { "train" };
    let metric = match algorithm {
        Algorithm::XGBoost => xgboost::watched_metric(hyperparameters),
        Algorithm::LinearLearner => linear_learner::watched_metric(hyperparameters),
    };
    format!("{channel}:{metric}")
}

fn check_data(channel: &str, data: &Dataset) -> Result<(), TrainError> {
    if data.rows() == 0 {
        return Err(TrainError::Data(format!("the {channel} channel holds no rows")));
    }
    if data.features.cols() == 0 {
        return Err(TrainError::Data(format!("the {channel} channel holds a label in every row but no features")));
    }
    if data.labels.len() != data.rows() {
        return Err(TrainError::Data(format!("the {channel} channel holds rows without a label")));
    }
    if let Some(at) = data.labels.iter().position(|label| !label.is_finite()) {
        return Err(TrainError::Data(format!(
            "the label of row {} in the {channel} channel is not a finite number",
            at + 1
        )));
    }
    Ok(())
}
