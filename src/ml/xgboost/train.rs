//! Training: which metrics to watch, when to stop, what to keep. Growing the trees is the [`Booster`]'s.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::document::Value;
use super::hessboost::{Hessboost, evaluate, library_metric};
use super::read::from_document;
use crate::domain::algorithm::{Algorithm, Supported};
use crate::domain::invalid::Invalid;
use crate::domain::training_job::ChannelFormat;
use crate::ml::metrics::{Metric, larger_is_better};
use crate::ml::{Continue, Dataset, Matrix, Model, Round, TrainError, Trained};

/// Called after a round (counted from 1) with the values of each set, train first.
pub(super) type Each<'a> = &'a mut (dyn FnMut(u32, &[Vec<f64>]) -> ControlFlow<()> + Send);

/// Grows forests. Behind a trait because the only implementation is young: replacing it must cost one file.
pub(super) trait Booster {
    /// Grows up to `rounds` rounds; `each` may break it off.
    #[allow(clippy::too_many_arguments)] // All that a run consists of.
    fn boost(
        &self,
        settings: &BTreeMap<String, String>,
        rounds: u32,
        seed: u64,
        train: &Dataset,
        validation: Option<&Dataset>,
        measures: Arc<[Measure]>,
        each: Each<'_>,
    ) -> Result<Box<dyn Grown>, TrainError>;
}

/// A grown forest.
pub(super) trait Grown {
    /// The first rounds of it as an XGBoost model document.
    fn document(&self, rounds: u32) -> Result<Value, String>;
}

/// A metric by its name, with what it needs to be computed.
#[derive(Clone, Debug)]
pub(super) struct Measure {
    name: String,
    kind: Kind,
    /// Predictions a row.
    outputs: usize,
    /// Predictions are margins of a logistic model (`binary:logitraw`): they are turned into probabilities first.
    raw: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    Own(Metric),
    Library(::hessboost::metric::EvalMetric),
}

impl Measure {
    fn new(name: &str, settings: &BTreeMap<String, String>) -> Option<Self> {
        let objective = objective(settings);
        let outputs = if objective.starts_with("multi:") { number(settings, "num_class", 2.0) as usize } else { 1 };
        let kind = match (name, Metric::from_name(name)) {
            ("mphe", _) => Kind::Own(Metric::Mphe(number(settings, "huber_slope", 1.0))),
            (_, Some(own)) => Kind::Own(own),
            (_, None) => Kind::Library(library_metric(name)?),
        };
        Some(Self { name: name.to_owned(), kind, outputs, raw: objective == "binary:logitraw" })
    }

    /// Evaluates answers (margins for `binary:logitraw`).
    pub(super) fn evaluate(&self, predictions: &[f32], labels: &[f32]) -> f64 {
        let probabilities: Vec<f32>;
        let predictions = if self.raw {
            probabilities = predictions.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect();
            &probabilities
        } else {
            predictions
        };
        match &self.kind {
            Kind::Own(metric) => metric.evaluate(predictions, labels, self.outputs),
            Kind::Library(metric) => evaluate(metric, predictions, labels),
        }
    }
}

/// The objective by its present name.
pub(super) fn objective(settings: &BTreeMap<String, String>) -> &str {
    match settings.get("objective").map_or("reg:squarederror", |name| name.trim()) {
        "reg:linear" => "reg:squarederror",
        name => name,
    }
}

/// Whether `scale_pos_weight` makes a difference.
pub(super) fn weighs_positives(objective: &str) -> bool {
    ["binary:logistic", "binary:logitraw", "reg:logistic", "reg:squarederror"].contains(&objective)
}

fn number(settings: &BTreeMap<String, String>, name: &str, default: f64) -> f64 {
    settings.get(name).and_then(|value| value.trim().parse().ok()).unwrap_or(default)
}

/// XGBoost's metric for an objective when none is asked for.
fn default_metric(settings: &BTreeMap<String, String>) -> String {
    match objective(settings) {
        "binary:logistic" | "binary:logitraw" => "logloss",
        "binary:hinge" => "error",
        "multi:softmax" | "multi:softprob" => "mlogloss",
        "count:poisson" => "poisson-nloglik",
        "reg:gamma" => "gamma-nloglik",
        "reg:tweedie" => return format!("tweedie-nloglik@{}", number(settings, "tweedie_variance_power", 1.5)),
        "reg:squaredlogerror" => "rmsle",
        "reg:pseudohubererror" => "mphe",
        "reg:absoluteerror" => "mae",
        _ => "rmse",
    }
    .to_owned()
}

/// The metric that decides: the last one asked for, or the objective's own.
pub(in crate::ml) fn watched_metric(settings: &BTreeMap<String, String>) -> String {
    let asked = settings.get("eval_metric").and_then(|metrics| metrics.split(',').next_back());
    asked.map_or_else(|| default_metric(settings), |metric| metric.trim().to_owned())
}

/// What is reported every round: what was asked for and the objective's own, and without any wish the usual ones of the task as well.
fn reported(settings: &BTreeMap<String, String>, rows: usize) -> Vec<String> {
    let mut names = vec![default_metric(settings)];
    if let Some(asked) = settings.get("eval_metric") {
        names.extend(asked.split(',').map(|metric| metric.trim().to_owned()));
    } else {
        let usual: &[&str] = match objective(settings) {
            "binary:logistic" | "binary:logitraw" => &["error", "accuracy", "auc"],
            "binary:hinge" => &["accuracy"],
            "multi:softmax" | "multi:softprob" => &["merror", "accuracy"],
            "reg:logistic" => &["logloss"],
            _ => &["mae"],
        };
        // The AUC sorts all rows every round; on large data it is computed only when asked for.
        names.extend(usual.iter().filter(|name| **name != "auc" || rows <= 200_000).map(|name| (*name).to_owned()));
    }
    let mut once = Vec::with_capacity(names.len());
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

/// Remarks for the job's log.
fn notes(settings: &BTreeMap<String, String>) -> Vec<String> {
    let mut notes: Vec<String> = Algorithm::XGBoost
        .hyperparameters()
        .iter()
        .filter(|known| settings.contains_key(known.name))
        .filter_map(|known| match known.supported {
            Supported::Ignored(why) => Some(format!("{} has no effect here: {why}", known.name)),
            _ => None,
        })
        .collect();
    if settings.contains_key("scale_pos_weight") && !weighs_positives(objective(settings)) {
        notes.push(format!("scale_pos_weight has no effect with {}", objective(settings)));
    }
    notes
}

fn check_labels(channel: &str, settings: &BTreeMap<String, String>, data: &Dataset) -> Result<(), TrainError> {
    let objective = objective(settings);
    let classes = number(settings, "num_class", 0.0);
    let (good, rule): (&dyn Fn(f32) -> bool, String) = match objective {
        "binary:logistic" | "binary:logitraw" | "binary:hinge" => (&|y| y == 0.0 || y == 1.0, "0 or 1".to_owned()),
        "reg:logistic" => (&|y| (0.0..=1.0).contains(&y), "from 0 to 1".to_owned()),
        "multi:softmax" | "multi:softprob" => (
            &|y| y >= 0.0 && y.fract() == 0.0 && f64::from(y) < classes,
            format!("a class from 0 to {}", classes - 1.0),
        ),
        "count:poisson" | "reg:tweedie" => (&|y| y >= 0.0, "at least 0".to_owned()),
        "reg:gamma" => (&|y| y > 0.0, "above 0".to_owned()),
        "reg:squaredlogerror" => (&|y| y > -1.0, "above -1".to_owned()),
        _ => return Ok(()),
    };
    match data.labels.iter().position(|y| !good(*y)) {
        None => Ok(()),
        Some(at) => Err(TrainError::Data(format!(
            "the label of row {} in the {channel} channel is {}, but {objective} needs labels that are {rule}",
            at + 1,
            data.labels[at]
        ))),
    }
}

fn check_shapes(train: &Dataset, validation: &Dataset) -> Result<(), TrainError> {
    let (a, b) = (&train.features, &validation.features);
    match (a, b) {
        (Matrix::Dense(a), Matrix::Dense(b)) if a.cols != b.cols => Err(TrainError::Data(format!(
            "the train channel has {} features in a row, the validation channel has {}",
            a.cols, b.cols
        ))),
        (Matrix::Dense(_), Matrix::Sparse(_)) | (Matrix::Sparse(_), Matrix::Dense(_)) => {
            Err(TrainError::Data("the train and the validation channel are of different formats".to_owned()))
        }
        _ => Ok(()),
    }
}

/// The best round so far by the watched metric; only a strict improvement counts, as in XGBoost.
struct Best {
    larger: bool,
    value: f64,
    round: u32,
}

impl Best {
    fn see(&mut self, round: u32, value: f64) {
        let better = if self.larger { value > self.value } else { value < self.value };
        if better || self.round == 0 {
            (self.round, self.value) = (round, value);
        }
        // A first value that is no number must not stay in the way of a later one.
        if self.value.is_nan() {
            self.value = if self.larger { f64::NEG_INFINITY } else { f64::INFINITY };
        }
    }
}

/// Trains; the hyperparameters are known to be valid.
pub(in crate::ml) fn train(
    settings: &BTreeMap<String, String>,
    train: &Dataset,
    validation: Option<&Dataset>,
    format: ChannelFormat,
    seed: u64,
    on_round: &mut (dyn FnMut(&Round<'_>) -> Continue + Send),
) -> Result<Trained, TrainError> {
    let patience = settings.get("early_stopping_rounds").and_then(|rounds| rounds.trim().parse::<u32>().ok());
    if let (Some(patience), None) = (patience, validation) {
        let rule = "needs a validation channel to watch";
        return Err(TrainError::Hyperparameters(vec![Invalid::new("early_stopping_rounds", patience, rule)]));
    }
    check_labels("train", settings, train)?;
    if let Some(validation) = validation {
        check_labels("validation", settings, validation)?;
        check_shapes(train, validation)?;
    }
    let rounds = number(settings, "num_round", 1.0) as u32;
    let seed = settings.get("seed").and_then(|seed| seed.trim().parse().ok()).unwrap_or(seed);
    let names = reported(settings, train.rows());
    let measures: Arc<[Measure]> = names.iter().filter_map(|name| Measure::new(name, settings)).collect();
    let watched = watched_metric(settings);
    let watched_at = measures.iter().position(|measure| measure.name == watched).unwrap_or(0);
    let sets: &[&str] = if validation.is_some() { &["train", "validation"] } else { &["train"] };
    let mut metrics: Vec<(String, f64)> = sets
        .iter()
        .flat_map(|set| measures.iter().map(move |measure| (format!("{set}:{}", measure.name), f64::NAN)))
        .collect();
    let mut best = Best { larger: larger_is_better(&watched), value: f64::NAN, round: 0 };
    let (mut done, mut stopped) = (0, false);
    let per_set = measures.len();
    let forest = Hessboost.boost(settings, rounds, seed, train, validation, measures, &mut |round, values| {
        done = round;
        for ((_, slot), value) in metrics.iter_mut().zip(values.iter().flatten()) {
            *slot = *value;
        }
        best.see(round, metrics.get((sets.len() - 1) * per_set + watched_at).map_or(f64::NAN, |(_, value)| *value));
        let patience_is_over = patience.is_some_and(|patience| round - best.round >= patience);
        let log = patience_is_over.then(|| {
            format!("early stopping: {}:{watched} has not improved since round {}", sets[sets.len() - 1], best.round)
        });
        stopped = on_round(&Round { round, rounds, metrics: &metrics, log }) == Continue::Stop;
        if stopped || patience_is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    // The file is cut at the best round, as SageMaker's container does (`save_best`): every reader of it gives the same answers.
    let keep = if patience.is_some() { best.round } else { done };
    let mut document = forest.document(keep).map_err(TrainError::Failed)?;
    widen(&mut document);
    let file = document.write_ubj();
    let model = from_document(&document).map_err(TrainError::Failed)?.with_trained_on(Some(format));
    Ok(Trained {
        model: Model::XGBoost(model),
        rounds: done,
        best_round: patience.map(|_| best.round),
        best_metric: patience.map(|_| format!("{}:{watched}", sets[sets.len() - 1])),
        format,
        stopped,
        notes: notes(settings),
        file,
    })
}

/// Makes the document readable by older versions of XGBoost as well: a base score in brackets, and a dart whose weights stand inside gbtree, are
/// XGBoost 3's own; before that it was a plain number, and a booster called dart. XGBoost 3 reads the old form just as well.
fn widen(document: &mut Value) {
    if let Some(version) = document.get_mut("version") {
        *version = Value::Numbers(vec![2.0, 1.0, 4.0]);
    }
    let Some(learner) = document.get_mut("learner") else { return };
    if let Some(Value::Text(base)) = learner.get_mut("learner_model_param").and_then(|p| p.get_mut("base_score")) {
        let values: Vec<&str> = base.trim_matches(['[', ']']).split(',').collect();
        if values.iter().all(|value| *value == values[0]) {
            *base = values[0].to_owned();
        }
    }
    if let Some(Value::Object(booster)) = learner.get_mut("gradient_booster")
        && let Some(Value::Object(model)) = booster.get_mut("model")
        && let Some(weights) = model.remove("weight_drop")
    {
        let gbtree = std::mem::take(booster);
        booster.insert("gbtree".to_owned(), Value::Object(gbtree));
        booster.insert("name".to_owned(), Value::Text("dart".to_owned()));
        booster.insert("weight_drop".to_owned(), weights);
    }
}
