//! The hyperparameters of SageMaker's built-in linear learner.

use std::collections::BTreeMap;

use super::{Hyperparameter, Kind};
use crate::domain::invalid::Invalid;

/// The table.
pub const HYPERPARAMETERS: &[Hyperparameter] = &[Hyperparameter {
    name: "predictor_type",
    kind: Kind::Categorical(&["binary_classifier", "regressor"]),
    default: None,
    required: true,
    common: true,
    help: "What the label is: two classes or a number",
}];

/// Rules between hyperparameters.
pub fn validate_together(_given: &BTreeMap<String, String>, _broken: &mut Vec<Invalid>) {}
