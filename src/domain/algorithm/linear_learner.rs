//! The hyperparameters of SageMaker's built-in linear learner, as its documentation lists them.

use std::collections::BTreeMap;

use super::Supported::{Ignored, Refused, Yes};
use super::{Hyperparameter, Kind, Supported};
use crate::domain::invalid::Invalid;

const MAX: f64 = f64::MAX;
const POSITIVE: Kind = Kind::Continuous { min: f64::MIN_POSITIVE, max: MAX };
const NOT_NEGATIVE: Kind = Kind::Continuous { min: 0.0, max: MAX };
const SHARE: Kind = Kind::Continuous { min: 0.0, max: 1.0 };
const COUNT: Kind = Kind::Integer { min: 1, max: i64::MAX };
const SWITCH: Kind = Kind::Categorical(&["true", "false"]);
const AUTO_SWITCH: Kind = Kind::AutoOr(&SWITCH);

/// The losses of a regressor; a binary classifier has `logistic` and `hinge_loss`.
const REGRESSION_LOSSES: &[&str] = &[
    "squared_loss",
    "absolute_loss",
    "eps_insensitive_squared_loss",
    "eps_insensitive_absolute_loss",
    "quantile_loss",
    "huber_loss",
];

const fn row(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    supported: Supported,
    help: &'static str,
) -> Hyperparameter {
    Hyperparameter { name, kind, default, required: false, common: false, supported, help }
}

const fn common(name: &'static str, kind: Kind, default: Option<&'static str>, help: &'static str) -> Hyperparameter {
    Hyperparameter { name, kind, default, required: false, common: true, supported: Yes, help }
}

/// The table: common ones first, then by the alphabet.
pub const HYPERPARAMETERS: &[Hyperparameter] = &[
    Hyperparameter {
        name: "predictor_type",
        kind: Kind::Categorical(&["binary_classifier", "multiclass_classifier", "regressor"]),
        default: None,
        required: true,
        common: true,
        supported: Yes,
        help: "What the label is: two classes (0 and 1), several (0, 1, 2, …) or a number",
    },
    common("epochs", COUNT, Some("15"), "Most passes over the training data"),
    common("mini_batch_size", COUNT, Some("1000"), "Rows in a step"),
    common("learning_rate", Kind::AutoOr(&POSITIVE), Some("auto"), "Step size of the optimiser"),
    common("l1", Kind::AutoOr(&NOT_NEGATIVE), Some("auto"), "L1 penalty on the weights; auto is none"),
    common("wd", Kind::AutoOr(&NOT_NEGATIVE), Some("auto"), "Weight decay, the L2 penalty; auto is none"),
    common(
        "loss",
        Kind::Categorical(&[
            "auto",
            "logistic",
            "hinge_loss",
            "squared_loss",
            "absolute_loss",
            "eps_insensitive_squared_loss",
            "eps_insensitive_absolute_loss",
            "quantile_loss",
            "huber_loss",
            "softmax_loss",
        ]),
        Some("auto"),
        "What is made small: auto is logistic for two classes, softmax_loss for several, squared_loss for a number",
    ),
    common(
        "normalize_data",
        AUTO_SWITCH,
        Some("auto"),
        "Bring every feature to standard deviation 1 (and mean 0 where rows are dense)",
    ),
    common(
        "binary_classifier_model_selection_criteria",
        Kind::Categorical(&[
            "accuracy",
            "f_beta",
            "precision_at_target_recall",
            "recall_at_target_precision",
            "loss_function",
        ]),
        Some("accuracy"),
        "What the threshold of predicted_label is chosen for",
    ),
    common("early_stopping_patience", COUNT, Some("3"), "Epochs without improvement before training stops"),
    row(
        "accuracy_top_k",
        COUNT,
        None,
        Refused("accuracy is that of the most probable class"),
        "k of the top-k accuracy",
    ),
    row("balance_multiclass_weights", SWITCH, Some("false"), Yes, "Give every class the same importance"),
    row("beta_1", Kind::AutoOr(&SHARE), Some("auto"), Yes, "Adam: decay of the mean of gradients; auto is 0.9"),
    row(
        "beta_2",
        Kind::AutoOr(&SHARE),
        Some("auto"),
        Yes,
        "Adam: decay of the mean of squared gradients; auto is 0.999",
    ),
    row(
        "bias_lr_mult",
        Kind::AutoOr(&POSITIVE),
        Some("auto"),
        Yes,
        "Learning rate of the bias, as a multiple; auto is 10",
    ),
    row(
        "bias_wd_mult",
        Kind::AutoOr(&NOT_NEGATIVE),
        Some("auto"),
        Yes,
        "Weight decay of the bias, as a multiple; auto is 0",
    ),
    row(
        "early_stopping_tolerance",
        POSITIVE,
        Some("0.001"),
        Yes,
        "Relative improvement of the loss that counts as one",
    ),
    row("f_beta", POSITIVE, Some("1.0"), Yes, "The β of f_beta"),
    row("feature_dim", Kind::AutoOr(&COUNT), Some("auto"), Yes, "Features in a row; auto takes it from the data"),
    row("huber_delta", POSITIVE, Some("1.0"), Yes, "Where huber_loss turns from square to line"),
    row("init_bias", Kind::Continuous { min: f64::MIN, max: MAX }, Some("0"), Yes, "Bias to start from"),
    row(
        "init_method",
        Kind::Categorical(&["uniform", "normal"]),
        Some("uniform"),
        Yes,
        "How the weights to start from are drawn",
    ),
    row("init_scale", POSITIVE, Some("0.07"), Yes, "Half the width of the uniform start"),
    row("init_sigma", POSITIVE, Some("0.01"), Yes, "Standard deviation of the normal start"),
    row("loss_insensitivity", POSITIVE, Some("0.01"), Yes, "The error that the eps_insensitive losses do not count"),
    row(
        "lr_scheduler_factor",
        Kind::AutoOr(&SHARE),
        Some("auto"),
        Yes,
        "Factor by which the learning rate falls; auto is 0.99",
    ),
    row(
        "lr_scheduler_minimum_lr",
        Kind::AutoOr(&POSITIVE),
        Some("auto"),
        Yes,
        "The learning rate never falls below; auto is 1e-5",
    ),
    row(
        "lr_scheduler_step",
        Kind::AutoOr(&COUNT),
        Some("auto"),
        Yes,
        "Steps between falls of the learning rate; auto is 100",
    ),
    row("margin", POSITIVE, Some("1.0"), Yes, "Margin of hinge_loss"),
    row("momentum", Kind::AutoOr(&SHARE), Some("auto"), Yes, "Momentum of sgd; auto is 0"),
    row(
        "normalize_label",
        AUTO_SWITCH,
        Some("auto"),
        Yes,
        "Bring the label to standard deviation 1; auto does so for a regressor",
    ),
    row(
        "num_calibration_samples",
        Kind::AutoOr(&COUNT),
        Some("auto"),
        Ignored("the threshold is chosen on the whole validation channel"),
        "Rows for choosing the threshold",
    ),
    row("num_classes", Kind::Integer { min: 3, max: 1_000_000 }, None, Yes, "Classes of a multiclass_classifier"),
    row(
        "num_models",
        Kind::AutoOr(&COUNT),
        Some("auto"),
        Ignored("one model is trained, with the settings as given"),
        "Models to train side by side",
    ),
    row("num_point_for_scaler", COUNT, Some("10000"), Yes, "Rows from which mean and deviation are taken"),
    row("optimizer", Kind::Categorical(&["auto", "adam", "sgd", "rmsprop"]), Some("auto"), Yes, "auto is adam"),
    row(
        "positive_example_weight_mult",
        Kind::Either(&Kind::Categorical(&["balanced", "auto"]), &POSITIVE),
        Some("1.0"),
        Yes,
        "Weight of class 1; balanced makes both classes count the same",
    ),
    row("quantile", SHARE, Some("0.5"), Yes, "The quantile of quantile_loss"),
    row("target_precision", SHARE, Some("0.8"), Yes, "For recall_at_target_precision"),
    row("target_recall", SHARE, Some("0.8"), Yes, "For precision_at_target_recall"),
    row(
        "unbias_data",
        AUTO_SWITCH,
        Some("auto"),
        Yes,
        "Bring every feature to mean 0; auto does so for dense rows that are normalised",
    ),
    row("unbias_label", AUTO_SWITCH, Some("auto"), Yes, "Bring the label to mean 0; auto does so for a regressor"),
    row("use_bias", SWITCH, Some("true"), Yes, "Whether there is a bias"),
    row("use_lr_scheduler", SWITCH, Some("true"), Yes, "Whether the learning rate falls over time"),
];

/// Rules between hyperparameters: the loss must fit the predictor, classifier settings need a classifier, labels of classes are not scaled.
pub fn validate_together(given: &BTreeMap<String, String>, broken: &mut Vec<Invalid>) {
    let get = |name: &str| given.get(name).map(|value| value.trim());
    let predictor = get("predictor_type").unwrap_or_default();
    let regressor = predictor == "regressor";
    let owner = match get("loss") {
        Some("logistic" | "hinge_loss") => "binary_classifier",
        Some("softmax_loss") => "multiclass_classifier",
        Some(loss) if REGRESSION_LOSSES.contains(&loss) => "regressor",
        _ => predictor,
    };
    if owner != predictor && !predictor.is_empty() {
        let rule = if predictor == "multiclass_classifier" && get("loss") == Some("hinge_loss") {
            "is not available in Counterpoise for several classes: use softmax_loss".to_owned()
        } else {
            format!("goes with predictor_type {owner}, not with {predictor}")
        };
        broken.push(Invalid::new("loss", get("loss").unwrap_or_default(), rule));
    }
    if predictor == "multiclass_classifier" && get("num_classes").is_none() {
        broken.push(Invalid::new("num_classes", "", "must be given with predictor_type multiclass_classifier"));
    }
    for name in ["normalize_label", "unbias_label"] {
        if !regressor && get(name) == Some("true") {
            broken.push(Invalid::new(name, "true", "goes with predictor_type regressor only"));
        }
    }
    let mut needs = |name: &str, owner: &str, value: &str| {
        if let Some(given) = get(name)
            && get(owner) != Some(value)
        {
            broken.push(Invalid::new(name, given, format!("goes with {owner} {value} only")));
        }
    };
    needs("quantile", "loss", "quantile_loss");
    needs("huber_delta", "loss", "huber_loss");
    needs("margin", "loss", "hinge_loss");
    needs("f_beta", "binary_classifier_model_selection_criteria", "f_beta");
    needs("target_precision", "binary_classifier_model_selection_criteria", "recall_at_target_precision");
    needs("target_recall", "binary_classifier_model_selection_criteria", "precision_at_target_recall");
    needs("positive_example_weight_mult", "predictor_type", "binary_classifier");
    needs("num_classes", "predictor_type", "multiclass_classifier");
    needs("binary_classifier_model_selection_criteria", "predictor_type", "binary_classifier");
    needs("momentum", "optimizer", "sgd");
}
