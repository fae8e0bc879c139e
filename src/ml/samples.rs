//! The hyperparameters of the sample workspace and of the demo, chosen on the data in `assets/`.

use std::collections::BTreeMap;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// XGBoost on Boston housing (regression).
pub fn boston_xgboost() -> BTreeMap<String, String> {
    map(&[
        ("num_round", "200"),
        ("objective", "reg:squarederror"),
        ("max_depth", "4"),
        ("eta", "0.1"),
        ("subsample", "0.8"),
        ("early_stopping_rounds", "20"),
    ])
}

/// The linear learner on Boston housing (regression).
pub fn boston_linear() -> BTreeMap<String, String> {
    map(&[("predictor_type", "regressor"), ("epochs", "50"), ("mini_batch_size", "32")])
}

/// XGBoost on the film reviews (two classes).
pub fn reviews_xgboost() -> BTreeMap<String, String> {
    map(&[
        ("num_round", "300"),
        ("objective", "binary:logistic"),
        ("eval_metric", "logloss,error"),
        ("max_depth", "6"),
        ("eta", "0.2"),
        ("early_stopping_rounds", "30"),
    ])
}

/// The linear learner on the film reviews (two classes).
pub fn reviews_linear() -> BTreeMap<String, String> {
    map(&[("predictor_type", "binary_classifier"), ("epochs", "15"), ("mini_batch_size", "200")])
}
