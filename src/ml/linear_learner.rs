//! Linear-models.

use std::collections::BTreeMap;

use super::{Continue, Dataset, Matrix, Round, Task, TrainError, Trained};
use crate::domain::training_job::ChannelFormat;

/// A model that can answer.
#[derive(Clone, Debug)]
pub struct LinearModel {
    features: usize,
    task: Task,
    trained_on: Option<ChannelFormat>,
}

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

pub(super) fn watched_metric(_hyperparameters: &BTreeMap<String, String>) -> String {
    "rmse".to_owned()
}

impl LinearModel {
    /// Columns of a row.
    pub fn features(&self) -> usize {
        self.features
    }

    /// What it answers.
    pub fn task(&self) -> Task {
        self.task
    }

    /// How the rows that it was trained on were written.
    pub fn trained_on(&self) -> Option<ChannelFormat> {
        self.trained_on
    }

    /// Numbers in an answer.
    pub fn outputs_per_row(&self) -> usize {
        1
    }

    /// See [`crate::ml::Model::predicted_label`].
    pub fn predicted_label(&self, _outputs: &[f32]) -> Option<u32> {
        None
    }

    /// See [`crate::ml::Model::predict`].
    pub fn predict(&self, _rows: &Matrix, out: &mut Vec<f32>) {
        out.clear();
    }

    /// See [`crate::ml::Model::predict_row`].
    pub fn predict_row(&self, _row: &[f32], out: &mut Vec<f32>) {
        out.clear();
    }
}
