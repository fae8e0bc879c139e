//! A linear model: its answers and its file.

use serde::{Deserialize, Serialize};

use crate::domain::training_job::ChannelFormat;
use crate::ml::xgboost::argmax;
use crate::ml::{Matrix, Row, Task};

/// What the file says of itself.
const FORMAT: &str = "counterpoise-linear-learner";
/// Products that are summed side by side.
const LANES: usize = 8;

/// A linear model that can answer: `bias + Σ weight · feature`, through a logistic curve for two classes; for several, one such sum a class,
/// through the softmax.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearModel {
    /// All features of the first sum, then all of the next.
    pub(super) weights: Vec<f32>,
    /// One a sum; at least one.
    pub(super) biases: Vec<f32>,
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
    /// A classifier of several classes: a probability a class.
    Softmax,
}

/// The file `linear-learner.json`.
#[derive(Serialize, Deserialize)]
struct File {
    /// `counterpoise-linear-learner`.
    format: String,
    /// 1; 2 where there are several classes.
    version: u32,
    /// `binary_classifier`, `multiclass_classifier` or `regressor`.
    predictor_type: String,
    /// How the sum becomes a score: `identity`, `logistic`, `margin`, `softmax`.
    link: Link,
    /// Added to the sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bias: Option<f32>,
    /// Added to the sum of each class, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    biases: Vec<f32>,
    /// Score above which `predicted_label` is 1.
    threshold: f32,
    /// One a feature, in the units of the data as it was given; of several classes one after the other.
    weights: Vec<f32>,
}

/// What a file of this kind is about.
fn predictor_type(link: Link) -> &'static str {
    match link {
        Link::Identity => "regressor",
        Link::Logistic | Link::Margin => "binary_classifier",
        Link::Softmax => "multiclass_classifier",
    }
}

impl LinearModel {
    /// Columns of a row.
    pub fn features(&self) -> usize {
        self.weights.len() / self.biases.len().max(1)
    }

    /// The weights, one a feature, in the units of the data as it was given; of several classes one after the other.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// What it answers.
    pub fn task(&self) -> Task {
        match self.link {
            Link::Identity => Task::Regression,
            Link::Logistic | Link::Margin => Task::Binary,
            Link::Softmax => Task::Multiclass(self.biases.len() as u32),
        }
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

    /// Numbers in an answer: 1, or one a class where there are several.
    pub fn outputs_per_row(&self) -> usize {
        self.biases.len()
    }

    /// See [`crate::ml::Model::predicted_label`].
    pub fn predicted_label(&self, outputs: &[f32]) -> Option<u32> {
        match (self.link, outputs) {
            (Link::Identity, _) | (_, []) => None,
            (Link::Softmax, scores) => u32::try_from(argmax(scores)).ok(),
            (_, [score, ..]) => Some(u32::from(*score > self.threshold)),
        }
    }

    /// See [`crate::ml::Model::predict`].
    pub fn predict(&self, rows: &Matrix, out: &mut Vec<f32>) {
        out.clear();
        for row in 0..rows.rows() {
            match rows.row(row) {
                Row::Dense(values) => self.append(out, |weights| dense(weights, values)),
                Row::Sparse(indices, values) => self.append(out, |weights| {
                    let cells = indices.iter().zip(values);
                    cells.map(|(index, x)| weights.get(*index as usize).map_or(0.0, |weight| weight * x)).sum()
                }),
            }
        }
    }

    /// See [`crate::ml::Model::predict_row`].
    pub fn predict_row(&self, row: &[f32], out: &mut Vec<f32>) {
        out.clear();
        self.append(out, |weights| dense(weights, row));
    }

    /// Appends the answer to one row, whose sum of products `products` gives.
    fn append(&self, out: &mut Vec<f32>, products: impl Fn(&[f32]) -> f32) {
        let features = self.features();
        let first = out.len();
        if let [bias] = self.biases.as_slice() {
            let sum = bias + products(&self.weights);
            out.push(if self.link == Link::Logistic { 1.0 / (1.0 + (-sum).exp()) } else { sum });
            return;
        }
        out.extend(
            self.biases
                .iter()
                .enumerate()
                .map(|(class, bias)| bias + products(&self.weights[class * features..][..features])),
        );
        let sums = &mut out[first..];
        let greatest = sums.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for sum in sums.iter_mut() {
            *sum = (*sum - greatest).exp();
        }
        let all: f32 = sums.iter().sum();
        for sum in sums {
            *sum /= all;
        }
    }

    /// The model as a file: JSON that anybody can read.
    pub fn to_file(&self) -> Vec<u8> {
        let several = self.link == Link::Softmax;
        let file = File {
            format: FORMAT.to_owned(),
            version: if several { 2 } else { 1 },
            predictor_type: predictor_type(self.link).to_owned(),
            link: self.link,
            bias: self.biases.first().copied().filter(|_| !several),
            biases: if several { self.biases.clone() } else { Vec::new() },
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
        if file.format != FORMAT || !(1..=2).contains(&file.version) {
            let (format, version) = (file.format, file.version);
            return Err(format!("it is {format} version {version}, this app reads {FORMAT} versions 1 and 2"));
        }
        let biases = if file.biases.is_empty() { file.bias.into_iter().collect() } else { file.biases };
        let fits = match file.link {
            Link::Softmax => biases.len() > 1 && file.weights.len().is_multiple_of(biases.len()),
            _ => biases.len() == 1,
        };
        if !fits {
            let (weights, biases) = (file.weights.len(), biases.len());
            return Err(format!("{biases} biases and {weights} weights make no {}", predictor_type(file.link)));
        }
        if !file.weights.iter().chain(&biases).chain([&file.threshold]).all(|number| number.is_finite()) {
            return Err("it holds a number that is not finite".to_owned());
        }
        Ok(Self { weights: file.weights, biases, link: file.link, threshold: file.threshold, trained_on: None })
    }
}

/// Σ weight · value over what both have, summed side by side.
fn dense(weights: &[f32], row: &[f32]) -> f32 {
    let length = row.len().min(weights.len());
    let (row, weights) = (&row[..length], &weights[..length]);
    let mut sums = [0.0_f32; LANES];
    let (rows, weight_chunks) = (row.chunks_exact(LANES), weights.chunks_exact(LANES));
    let rest: f32 = rows.remainder().iter().zip(weight_chunks.remainder()).map(|(x, w)| x * w).sum();
    for (xs, ws) in rows.zip(weight_chunks) {
        for lane in 0..LANES {
            sums[lane] += xs[lane] * ws[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ml::{Csr, Dense};

    fn model(link: Link) -> LinearModel {
        let weights = (0..11_u8).map(|i| f32::from(i) / 10.0).collect();
        LinearModel { weights, biases: vec![0.5], link, threshold: 0.6, trained_on: None }
    }

    /// Three classes of two features: each likes another corner.
    fn three() -> LinearModel {
        let weights = vec![1.0, 0.0, 0.0, 1.0, -1.0, -1.0];
        LinearModel { weights, biases: vec![0.0, 0.0, 0.5], link: Link::Softmax, threshold: 0.0, trained_on: None }
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
    fn several_classes_have_a_probability_each() {
        let model = three();
        assert_eq!((model.features(), model.outputs_per_row(), model.task()), (2, 3, Task::Multiclass(3)));
        let rows = vec![3.0, 0.0, 0.0, 3.0, -2.0, -2.0];
        let mut out = Vec::new();
        model.predict(&Matrix::Dense(Dense::new(3, 2, rows).unwrap()), &mut out);
        let labels: Vec<_> = out.chunks(3).map(|row| model.predicted_label(row).unwrap()).collect();
        assert_eq!(labels, [0, 1, 2]);
        assert!(out.chunks(3).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-6));
        let mut csr = Csr::new(2);
        csr.push_row(&[(0, 3.0)]);
        let mut sparse = Vec::new();
        model.predict(&Matrix::Sparse(csr), &mut sparse);
        assert_eq!(sparse, out[..3]);
        assert_eq!(LinearModel::from_file(&model.to_file()).unwrap(), model);
        let torn = String::from_utf8(model.to_file()).unwrap().replacen("1.0,", "", 1);
        assert!(LinearModel::from_file(torn.as_bytes()).unwrap_err().contains("5 weights"));
    }

    #[test]
    fn the_file_gives_the_model_back() {
        for link in [Link::Identity, Link::Logistic, Link::Margin] {
            assert_eq!(LinearModel::from_file(&model(link).to_file()).unwrap(), model(link));
        }
        assert!(LinearModel::from_file(b"{}").unwrap_err().contains("not a linear model"));
        let other =
            String::from_utf8(model(Link::Identity).to_file()).unwrap().replace("\"version\": 1", "\"version\": 3");
        assert!(LinearModel::from_file(other.as_bytes()).unwrap_err().contains("version 3"));
    }
}
