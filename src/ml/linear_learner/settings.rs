//! The hyperparameters as numbers; what `auto` means is decided here.

use std::collections::BTreeMap;

use super::loss::Loss;
use super::model::Link;
use crate::util::seed::Rng;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Optimiser {
    Adam { beta_1: f64, beta_2: f64 },
    Sgd { momentum: f64 },
    RmsProp,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum PositiveWeight {
    Times(f64),
    Balanced,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Criterion {
    Accuracy,
    FBeta(f64),
    PrecisionAtRecall(f64),
    RecallAtPrecision(f64),
    LossFunction,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub link: Link,
    /// Of one prediction; several classes have the softmax's own.
    pub loss: Loss,
    /// Sums a row: 1, or the number of classes where there are several.
    pub classes: usize,
    /// Every class counts the same, however many rows it has.
    pub balance_classes: bool,
    pub epochs: u32,
    pub batch: usize,
    /// `None`: from the number of steps.
    pub learning_rate: Option<f64>,
    pub l1: f64,
    pub wd: f64,
    pub optimiser: Optimiser,
    pub use_bias: bool,
    pub bias_lr_mult: f64,
    pub bias_wd_mult: f64,
    pub init_bias: f64,
    init_uniform: bool,
    init_scale: f64,
    init_sigma: f64,
    pub scheduler: Option<Scheduler>,
    pub normalise_data: bool,
    /// `None`: where rows are dense and normalised.
    pub centre_data: Option<bool>,
    pub scale_label: bool,
    pub centre_label: bool,
    pub scaler_rows: usize,
    pub patience: u32,
    pub tolerance: f64,
    pub positive_weight: PositiveWeight,
    pub criterion: Criterion,
    pub feature_dim: Option<usize>,
}

/// The learning rate falls by `factor` every `step` steps, not below `least`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scheduler {
    pub factor: f64,
    pub step: u64,
    pub least: f64,
}

impl Settings {
    /// Reads validated hyperparameters.
    pub(super) fn new(given: &BTreeMap<String, String>) -> Self {
        let text = |name: &str| given.get(name).map(|value| value.trim()).filter(|value| *value != "auto");
        let number = |name: &str, default: f64| text(name).and_then(|value| value.parse().ok()).unwrap_or(default);
        let switch = |name: &str| text(name).map(|value| value == "true");
        let count = |name: &str, default: u32| number(name, f64::from(default)).min(f64::from(u32::MAX)) as u32;
        let regressor = text("predictor_type") == Some("regressor");
        let several = text("predictor_type") == Some("multiclass_classifier");
        let epsilon = number("loss_insensitivity", 0.01);
        let loss = match text("loss") {
            Some("hinge_loss") => Loss::Hinge { margin: number("margin", 1.0) },
            Some("absolute_loss") => Loss::Absolute,
            Some("eps_insensitive_squared_loss") => Loss::EpsSquared { epsilon },
            Some("eps_insensitive_absolute_loss") => Loss::EpsAbsolute { epsilon },
            Some("quantile_loss") => Loss::Quantile { quantile: number("quantile", 0.5) },
            Some("huber_loss") => Loss::Huber { delta: number("huber_delta", 1.0) },
            _ if regressor => Loss::Squared,
            _ => Loss::Logistic,
        };
        let link = match loss {
            _ if several => Link::Softmax,
            Loss::Logistic => Link::Logistic,
            Loss::Hinge { .. } => Link::Margin,
            _ => Link::Identity,
        };
        let optimiser = match text("optimizer") {
            Some("sgd") => Optimiser::Sgd { momentum: number("momentum", 0.0) },
            Some("rmsprop") => Optimiser::RmsProp,
            _ => Optimiser::Adam { beta_1: number("beta_1", 0.9), beta_2: number("beta_2", 0.999) },
        };
        let criterion = match text("binary_classifier_model_selection_criteria") {
            Some("f_beta") => Criterion::FBeta(number("f_beta", 1.0)),
            Some("precision_at_target_recall") => Criterion::PrecisionAtRecall(number("target_recall", 0.8)),
            Some("recall_at_target_precision") => Criterion::RecallAtPrecision(number("target_precision", 0.8)),
            Some("loss_function") => Criterion::LossFunction,
            _ => Criterion::Accuracy,
        };
        let scheduler = (switch("use_lr_scheduler") != Some(false)).then(|| Scheduler {
            factor: number("lr_scheduler_factor", 0.99),
            step: u64::from(count("lr_scheduler_step", 100).max(1)),
            least: number("lr_scheduler_minimum_lr", 1e-5),
        });
        Self {
            link,
            loss,
            classes: if several { count("num_classes", 3) as usize } else { 1 },
            balance_classes: switch("balance_multiclass_weights") == Some(true),
            epochs: count("epochs", 15),
            batch: count("mini_batch_size", 1_000) as usize,
            learning_rate: text("learning_rate").and_then(|rate| rate.parse().ok()),
            l1: number("l1", 0.0),
            wd: number("wd", 0.0),
            optimiser,
            use_bias: switch("use_bias") != Some(false),
            bias_lr_mult: number("bias_lr_mult", 10.0),
            bias_wd_mult: number("bias_wd_mult", 0.0),
            init_bias: number("init_bias", 0.0),
            init_uniform: text("init_method") != Some("normal"),
            init_scale: number("init_scale", 0.07),
            init_sigma: number("init_sigma", 0.01),
            scheduler,
            normalise_data: switch("normalize_data") != Some(false),
            centre_data: switch("unbias_data"),
            scale_label: regressor && switch("normalize_label") != Some(false),
            centre_label: regressor && switch("unbias_label") != Some(false),
            scaler_rows: count("num_point_for_scaler", 10_000) as usize,
            patience: count("early_stopping_patience", 3),
            tolerance: number("early_stopping_tolerance", 0.001),
            positive_weight: match given.get("positive_example_weight_mult").map(|value| value.trim()) {
                Some("balanced" | "auto") => PositiveWeight::Balanced,
                _ => PositiveWeight::Times(number("positive_example_weight_mult", 1.0)),
            },
            criterion,
            feature_dim: text("feature_dim").and_then(|dim| dim.parse().ok()),
        }
    }

    /// A weight to start from.
    pub(super) fn start(&self, rng: &mut Rng) -> f64 {
        if self.init_uniform {
            return (2.0 * rng.unit() - 1.0) * self.init_scale;
        }
        // Box–Muller; 1 − u is never 0.
        let (u, v) = (1.0 - rng.unit(), rng.unit());
        self.init_sigma * (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// The learning rate for a run of so many steps. `auto`: on normalised data the weights are of the order of 1 and Adam moves a weight by
    /// about the rate in a step, so a short run needs a large rate; 0.005 is enough for a long one.
    pub(super) fn rate(&self, steps: u64) -> f64 {
        self.learning_rate.unwrap_or_else(|| (5.0 / steps.max(1) as f64).clamp(0.005, 0.1))
    }
}

impl Scheduler {
    /// The factor on the learning rate at a step, given the rate that it starts from.
    pub(super) fn rate(self, base: f64, step: u64) -> f64 {
        let falls = i32::try_from(step / self.step).unwrap_or(i32::MAX);
        (base * self.factor.powi(falls)).max(self.least.min(base))
    }
}
