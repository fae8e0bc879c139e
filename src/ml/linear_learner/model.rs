//! A linear model: its answers and its file.

use serde::{Deserialize, Serialize};

use crate::domain::training_job::ChannelFormat;
use crate::ml::{Matrix, Row, Task};

/// What the file says of itself.
const FORMAT: &str = "counterpoise-linear-learner";
/// Products that are summed side by side.
const LANES: usize = 8;

/// A linear model that can answer: `bias + Σ weight · feature`, through a logistic curve for two classes.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearModel {
    pub(super) weights: Vec<f32>,
    pub(super) bias: f32,
    pub(super) link: Link,
    /// Score above which the label is 1.
    pub(super) threshold: f32,
    pub(super) trained_on: Option<ChannelFormat>,
}

/// How the sum becomes a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Link {
    /// A regressor: as it is.
    Identity,
    /// A classifier by the logistic loss: a probability.
    Logistic,
    /// A classifier by the hinge loss: a distance from the border, 0 on it.
    Margin,
}

/// The file `linear-learner.json`.
#[derive(Serialize, Deserialize)]
struct File {
    /// `counterpoise-linear-learner`.
    format: String,
    /// 1.
    version: u32,
    /// `binary_classifier` or `regressor`.
    predictor_type: String,
    /// How the sum becomes a score: `identity`, `logistic`, `margin`.
    link: Link,
    /// Added to the sum.
    bias: f32,
    /// Score above which `predicted_label` is 1.
    threshold: f32,
    /// One a feature, in the units of the data as it was given.
    weights: Vec<f32>,
}

impl LinearModel {
    /// Columns of a row.
    pub fn features(&self) -> usize {
        self.weights.len()
    }

    /// The weights, one a feature, in the units of the data as it was given.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// What it answers.
    pub fn task(&self) -> Task {
        if self.link == Link::Identity { Task::Regression } else { Task::Binary }
    }

    /// Score above which the label is 1; chosen on the validation channel.
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// How the rows that it was trained on were written.
    pub fn trained_on(&self) -> Option<ChannelFormat> {
        self.trained_on
    }

    /// The same model with a memory of how its rows were written. It makes no difference to its answers: what is absent counts nothing.
    #[must_use]
    pub fn with_trained_on(mut self, format: Option<ChannelFormat>) -> Self {
        self.trained_on = format;
        self
    }

    /// Numbers in an answer: 1.
    pub fn outputs_per_row(&self) -> usize {
        1
    }

    /// See [`crate::ml::Model::predicted_label`].
    pub fn predicted_label(&self, outputs: &[f32]) -> Option<u32> {
        match (self.link, outputs) {
            (Link::Identity, _) | (_, []) => None,
            (_, [score, ..]) => Some(u32::from(*score > self.threshold)),
        }
    }

    /// See [`crate::ml::Model::predict`].
    pub fn predict(&self, rows: &Matrix, out: &mut Vec<f32>) {
        out.clear();
        out.extend((0..rows.rows()).map(|row| match rows.row(row) {
            Row::Dense(values) => self.score(values),
            Row::Sparse(indices, values) => {
                let products = indices
                    .iter()
                    .zip(values)
                    .map(|(index, value)| self.weights.get(*index as usize).map_or(0.0, |weight| weight * value));
                self.answer(self.bias + products.sum::<f32>())
            }
        }));
    }

    /// See [`crate::ml::Model::predict_row`].
    pub fn predict_row(&self, row: &[f32], out: &mut Vec<f32>) {
        out.clear();
        out.push(self.score(row));
    }

    fn score(&self, row: &[f32]) -> f32 {
        let length = row.len().min(self.weights.len());
        let (row, weights) = (&row[..length], &self.weights[..length]);
        let mut sums = [0.0_f32; LANES];
        let (rows, weight_chunks) = (row.chunks_exact(LANES), weights.chunks_exact(LANES));
        let rest: f32 = rows.remainder().iter().zip(weight_chunks.remainder()).map(|(x, w)| x * w).sum();
        for (xs, ws) in rows.zip(weight_chunks) {
            for lane in 0..LANES {
                sums[lane] += xs[lane] * ws[lane];
            }
        }
        self.answer(self.bias + sums.iter().sum::<f32>() + rest)
    }

    fn answer(&self, sum: f32) -> f32 {
        if self.link == Link::Logistic { 1.0 / (1.0 + (-sum).exp()) } else { sum }
    }

    /// The model as a file: JSON that anybody can read.
    pub fn to_file(&self) -> Vec<u8> {
        let file = File {
            format: FORMAT.to_owned(),
            version: 1,
            predictor_type: if self.link == Link::Identity { "regressor" } else { "binary_classifier" }.to_owned(),
            link: self.link,
            bias: self.bias,
            threshold: self.threshold,
            weights: self.weights.clone(),
        };
        // A struct of numbers and names always has a JSON form; the numbers are finite because training checks them.
        serde_json::to_vec_pretty(&file).unwrap_or_default()
    }

    /// Reads the file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_file(bytes: &[u8]) -> Result<Self, String> {
        let file: File = serde_json::from_slice(bytes).map_err(|error| format!("it is not a linear model: {error}"))?;
        if file.format != FORMAT || file.version != 1 {
            return Err(format!("it is {} version {}, this app reads {FORMAT} version 1", file.format, file.version));
        }
        if !file.weights.iter().chain([&file.bias, &file.threshold]).all(|number| number.is_finite()) {
            return Err("it holds a number that is not finite".to_owned());
        }
        Ok(Self {
            weights: file.weights,
            bias: file.bias,
            link: file.link,
            threshold: file.threshold,
            trained_on: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ml::{Csr, Dense};

    fn model(link: Link) -> LinearModel {
        let weights = (0..11_u8).map(|i| f32::from(i) / 10.0).collect();
        LinearModel { weights, bias: 0.5, link, threshold: 0.6, trained_on: None }
    }

    #[test]
    fn a_row_means_the_same_in_either_format() {
        let model = model(Link::Identity);
        let mut row = vec![0.0; 11];
        (row[2], row[10]) = (3.0, 2.0);
        let mut csr = Csr::new(11);
        csr.push_row(&[(2, 3.0), (10, 2.0)]);
        let (mut a, mut b, mut c) = (Vec::new(), Vec::new(), Vec::new());
        model.predict_row(&row, &mut a);
        model.predict(&Matrix::Dense(Dense::new(1, 11, row).unwrap()), &mut b);
        model.predict(&Matrix::Sparse(csr), &mut c);
        assert!((a[0] - 3.1).abs() < 1e-6 && (c[0] - 3.1).abs() < 1e-6);
        assert_eq!(a, b);
    }

    #[test]
    fn the_label_follows_the_threshold() {
        let model = model(Link::Logistic);
        assert_eq!((model.predicted_label(&[0.61]), model.predicted_label(&[0.59])), (Some(1), Some(0)));
        assert_eq!(self::model(Link::Identity).predicted_label(&[5.0]), None);
    }

    #[test]
    fn the_file_gives_the_model_back() {
        for link in [Link::Identity, Link::Logistic, Link::Margin] {
            assert_eq!(LinearModel::from_file(&model(link).to_file()).unwrap(), model(link));
        }
        assert!(LinearModel::from_file(b"{}").unwrap_err().contains("not a linear model"));
        let other =
            String::from_utf8(model(Link::Identity).to_file()).unwrap().replace("\"version\": 1", "\"version\": 2");
        assert!(LinearModel::from_file(other.as_bytes()).unwrap_err().contains("version 2"));
    }
}
