//! Hyperparameters that do well on the sample data: what the demo trains with, and what the window starts from.

use std::collections::BTreeMap;

/// XGBoost on Boston housing (regression).
pub fn boston_xgboost() -> BTreeMap<String, String> {
    map(&[
        ("num_round", "300"),
        ("objective", "reg:squarederror"),
        ("max_depth", "4"),
        ("eta", "0.08"),
        ("min_child_weight", "2"),
        ("subsample", "0.8"),
        ("colsample_bytree", "0.8"),
        ("early_stopping_rounds", "40"),
    ])
}

/// The linear learner on Boston housing (regression).
pub fn boston_linear() -> BTreeMap<String, String> {
    map(&[
        ("predictor_type", "regressor"),
        ("epochs", "100"),
        ("mini_batch_size", "32"),
        ("learning_rate", "0.02"),
        ("early_stopping_patience", "10"),
    ])
}

/// XGBoost on the film reviews (two classes).
pub fn reviews_xgboost() -> BTreeMap<String, String> {
    map(&[
        ("num_round", "400"),
        ("objective", "binary:logistic"),
        ("eval_metric", "error,auc,logloss"),
        ("max_depth", "8"),
        ("eta", "0.1"),
        ("subsample", "0.8"),
        ("colsample_bytree", "0.3"),
        ("early_stopping_rounds", "40"),
    ])
}

/// The linear learner on the film reviews (two classes).
pub fn reviews_linear() -> BTreeMap<String, String> {
    map(&[
        ("predictor_type", "binary_classifier"),
        ("epochs", "30"),
        ("mini_batch_size", "100"),
        ("learning_rate", "0.005"),
        ("normalize_data", "false"),
        ("wd", "0.0001"),
    ])
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
