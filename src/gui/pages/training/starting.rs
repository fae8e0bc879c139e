//! Hyperparameters to start with, from what the labels look like: values that work, so that the first job of a person succeeds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::algorithm::Algorithm;
use crate::workspace::Preview;

/// What the labels look like in the rows that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Labels {
    /// Not read yet, or not text.
    #[default]
    Unknown,
    /// The first line looks like a header, which training data must not have.
    Header,
    /// Something that is not a number.
    NotNumbers,
    /// Only 0 and 1.
    Binary,
    /// Whole numbers 0 … n − 1, this many.
    Classes(u32),
    /// Numbers.
    Numbers,
}

/// Above this many different whole numbers, labels are taken as numbers rather than classes.
const MOST_CLASSES: usize = 12;

impl Labels {
    /// Reads the first column of a table, or the first word of each line of libsvm.
    pub fn of(preview: &Preview) -> Self {
        let labels: Option<Vec<f64>> = match preview {
            Preview::Table { header: Some(_), .. } => return Self::Header,
            Preview::Binary { .. } => return Self::Unknown,
            Preview::Table { rows, .. } => rows.iter().map(|row| row.first()?.trim().parse().ok()).collect(),
            Preview::Text { lines, .. } => lines
                .iter()
                .filter(|line| !line.trim().is_empty())
                .map(|line| line.split_whitespace().next()?.parse().ok())
                .collect(),
        };
        let Some(mut labels) = labels.filter(|labels| !labels.is_empty() && labels.iter().all(|l| l.is_finite()))
        else {
            return Self::NotNumbers;
        };
        if labels.iter().all(|label| *label == 0.0 || *label == 1.0) {
            return Self::Binary;
        }
        labels.sort_by(f64::total_cmp);
        labels.dedup();
        let counted = labels.iter().enumerate().all(|(i, label)| *label == i as f64);
        if counted && labels.len() <= MOST_CLASSES {
            return Self::Classes(labels.len() as u32);
        }
        Self::Numbers
    }

    /// Whether a job would fail on such labels.
    pub fn is_wrong(self) -> bool {
        matches!(self, Self::Header | Self::NotNumbers)
    }

    /// In words, for the wizard; `None` while unknown.
    pub fn words(self) -> Option<String> {
        match self {
            Self::Unknown => None,
            Self::Header => Some("The first line looks like a header: training data has none".to_owned()),
            Self::NotNumbers => Some("The first column is not a number: the label must come first".to_owned()),
            Self::Binary => Some("Labels are 0 and 1: a yes-or-no question".to_owned()),
            Self::Classes(n) => Some(format!("Labels are 0 to {}: {n} classes", n - 1)),
            Self::Numbers => Some("Labels are numbers: a quantity to predict".to_owned()),
        }
    }
}

/// Values to start with. Only what differs from the algorithm's defaults or must be given.
pub fn starting_values(algorithm: Algorithm, labels: Labels, validated: bool) -> BTreeMap<String, String> {
    let mut values: Vec<(&str, String)> = Vec::new();
    match algorithm {
        Algorithm::XGBoost => {
            // Values that do well on the sample data of the same kind: small steps, random parts, stopped in time.
            let tuned: &[(&str, &str)] = if labels == Labels::Binary {
                &[("num_round", "400"), ("max_depth", "8"), ("eta", "0.1"), ("colsample_bytree", "0.3")]
            } else {
                &[
                    ("num_round", "300"),
                    ("max_depth", "4"),
                    ("eta", "0.08"),
                    ("min_child_weight", "2"),
                    ("colsample_bytree", "0.8"),
                ]
            };
            values.extend(tuned.iter().map(|(name, value)| (*name, (*value).to_owned())));
            values.push(("subsample", "0.8".to_owned()));
            let objective = match labels {
                Labels::Binary => "binary:logistic",
                Labels::Classes(_) => "multi:softmax",
                Labels::Numbers | Labels::Unknown | Labels::Header | Labels::NotNumbers => "reg:squarederror",
            };
            values.push(("objective", objective.to_owned()));
            if let Labels::Classes(n) = labels {
                values.push(("num_class", n.to_string()));
            }
            if labels == Labels::Binary {
                // Early stopping watches the last metric; logloss stops later and better than error.
                values.push(("eval_metric", "error,auc,logloss".to_owned()));
            }
            if validated {
                values.push(("early_stopping_rounds", "40".to_owned()));
            }
        }
        Algorithm::LinearLearner => {
            let predictor = match labels {
                Labels::Binary => "binary_classifier",
                Labels::Classes(_) => "multiclass_classifier",
                Labels::Numbers | Labels::Unknown | Labels::Header | Labels::NotNumbers => "regressor",
            };
            values.push(("predictor_type", predictor.to_owned()));
            if let Labels::Classes(n) = labels {
                values.push(("num_classes", n.to_string()));
            }
            let tuned: &[(&str, &str)] = if labels == Labels::Binary {
                &[
                    ("epochs", "30"),
                    ("mini_batch_size", "100"),
                    ("learning_rate", "0.005"),
                    ("normalize_data", "false"),
                    ("wd", "0.0001"),
                ]
            } else {
                &[
                    ("epochs", "100"),
                    ("mini_batch_size", "32"),
                    ("learning_rate", "0.02"),
                    ("early_stopping_patience", "10"),
                ]
            };
            values.extend(tuned.iter().map(|(name, value)| (*name, (*value).to_owned())));
        }
    }
    let known = algorithm.hyperparameters();
    values
        .into_iter()
        .filter(|(name, value)| known.iter().any(|p| p.name == *name && p.validate(value).is_ok()))
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(labels: &[&str]) -> Preview {
        let rows = labels.iter().map(|l| vec![(*l).to_owned(), "7".to_owned()]).collect();
        Preview::Table { header: None, rows, more: false }
    }

    #[test]
    fn labels_are_told_apart() {
        assert_eq!(Labels::of(&table(&["0", "1", "1.0"])), Labels::Binary);
        assert_eq!(Labels::of(&table(&["0", "2", "1"])), Labels::Classes(3));
        assert_eq!(Labels::of(&table(&["1", "2", "3"])), Labels::Numbers);
        assert_eq!(Labels::of(&table(&["24.0", "21.6"])), Labels::Numbers);
        assert_eq!(Labels::of(&table(&["label", "1"])), Labels::NotNumbers);
        assert_eq!(Labels::of(&table(&["nan", "1"])), Labels::NotNumbers);
        let libsvm = Preview::Text { lines: vec!["1 3:1 7:2".into(), "0 1:1".into(), String::new()], more: true };
        assert_eq!(Labels::of(&libsvm), Labels::Binary);
        assert_eq!(Labels::of(&Preview::Binary { head: vec![0, 1] }), Labels::Unknown);
    }

    #[test]
    fn starting_values_pass_the_algorithms_own_check() {
        for labels in [Labels::Unknown, Labels::Header, Labels::Binary, Labels::Classes(3), Labels::Numbers] {
            for algorithm in Algorithm::ALL {
                for validated in [false, true] {
                    let given = starting_values(algorithm, labels, validated);
                    assert_eq!(algorithm.validate(&given), [], "{algorithm} {labels:?} {given:?}");
                }
            }
        }
    }
}
