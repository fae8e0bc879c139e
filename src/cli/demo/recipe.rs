//! The two data sets of the demo: where their rows are, how they are trained on, and what the models must reach.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::domain::algorithm::Algorithm;
use crate::domain::s3_uri::S3Uri;
use crate::domain::training_job::ChannelFormat;
use crate::ml::samples;
use crate::workspace::Snapshot;

/// One data set.
pub struct Recipe {
    /// What it is called here.
    pub title: &'static str,
    /// The folder of its files below the samples in the default bucket, and part of every name.
    pub name: &'static str,
    /// How its files are written.
    pub format: ChannelFormat,
    /// Whether the label is a class.
    pub classes: bool,
    /// What is trained on it.
    pub models: [Candidate; 2],
}

/// One model of a data set.
pub struct Candidate {
    /// The variant's name on the endpoint.
    pub variant: &'static str,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// Its hyperparameters.
    pub hyperparameters: BTreeMap<String, String>,
    /// The accuracy to reach, or the RMSE not to exceed, on the held-out third.
    pub bound: f64,
}

impl Recipe {
    /// Both data sets.
    pub fn all() -> [Self; 2] {
        let pair = |trees, trees_bound, linear, linear_bound| {
            [
                Candidate {
                    variant: "XGBoost",
                    algorithm: Algorithm::XGBoost,
                    hyperparameters: trees,
                    bound: trees_bound,
                },
                Candidate {
                    variant: "Linear",
                    algorithm: Algorithm::LinearLearner,
                    hyperparameters: linear,
                    bound: linear_bound,
                },
            ]
        };
        [
            Self {
                title: "Boston housing",
                name: "boston",
                format: ChannelFormat::Csv,
                classes: false,
                models: pair(samples::boston_xgboost(), 4.0, samples::boston_linear(), 5.5),
            },
            Self {
                title: "Film reviews",
                name: "reviews",
                format: ChannelFormat::Libsvm,
                classes: true,
                models: pair(samples::reviews_xgboost(), 0.64, samples::reviews_linear(), 0.70),
            },
        ]
    }

    /// Its rows of one part: `train`, `validation` or `test`.
    pub fn object(&self, snapshot: &Snapshot, part: &str) -> Result<S3Uri> {
        let bucket = snapshot.info.account.default_bucket();
        let ending = format!("{}/{part}.{}", self.name, self.ending());
        let objects = snapshot.objects.get(&bucket).with_context(|| format!("there is no bucket {bucket}"))?;
        let found = objects.iter().map(|(key, _)| key).find(|key| key.ends_with(&ending));
        found.map(|key| S3Uri::new(&bucket, key)).with_context(|| format!("there is no {ending} in {bucket}"))
    }

    fn ending(&self) -> &'static str {
        if self.format == ChannelFormat::Csv { "csv" } else { "libsvm" }
    }

    /// What the score is called.
    pub fn measure(&self) -> &'static str {
        if self.classes { "accuracy" } else { "RMSE" }
    }

    /// A score as people read it.
    pub fn show(&self, score: f64) -> String {
        if self.classes { format!("{:.1} %", score * 100.0) } else { format!("{score:.2}") }
    }

    /// Whether a score is within the bound.
    pub fn reaches(&self, score: f64, bound: f64) -> bool {
        if self.classes { score >= bound } else { score <= bound }
    }

    /// Whether the first score is the better one.
    pub fn is_better(&self, score: f64, other: f64) -> bool {
        if self.classes { score > other } else { score < other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_is_higher_accuracy_or_lower_error() {
        let [boston, reviews] = Recipe::all();
        assert!(boston.is_better(3.5, 4.9) && boston.reaches(3.5, 4.0) && !boston.reaches(4.1, 4.0));
        assert!(reviews.is_better(0.74, 0.66) && reviews.reaches(0.64, 0.64) && !reviews.reaches(0.63, 0.64));
    }

    #[test]
    fn hyperparameters_keep_the_rules_of_their_algorithms() {
        for candidate in Recipe::all().iter().flat_map(|recipe| &recipe.models) {
            assert_eq!(candidate.algorithm.validate(&candidate.hyperparameters), []);
        }
    }
}
