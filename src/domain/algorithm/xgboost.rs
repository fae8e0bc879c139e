//! The hyperparameters of SageMaker's built-in XGBoost.

use std::collections::BTreeMap;

use super::{Hyperparameter, Kind};
use crate::domain::invalid::Invalid;

/// The table.
pub const HYPERPARAMETERS: &[Hyperparameter] = &[Hyperparameter {
    name: "num_round",
    kind: Kind::Integer { min: 1, max: 1_000_000 },
    default: None,
    required: true,
    common: true,
    help: "How many boosting rounds to run",
}];

/// Rules between hyperparameters.
pub fn validate_together(_given: &BTreeMap<String, String>, _broken: &mut Vec<Invalid>) {}
