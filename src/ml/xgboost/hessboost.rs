//! The one file that knows hessboost: our settings in, its forest out as an XGBoost document.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::hessboost::config::TrainingParams;
use ::hessboost::data::DMatrix;
use ::hessboost::metric::{CustomMetric, EvalMetric};
use ::hessboost::model::{BoostedModel, ModelFormat};
use ::hessboost::objective::Tweedie;
use ::hessboost::training::Trainer;
use serde_json::{Value as Json, json};

use super::document::Value;
use super::train::{Booster, Each, Grown, Measure};
use crate::domain::algorithm::{Algorithm, Kind, Supported};
use crate::ml::{Dataset, Matrix, TrainError};

/// Settings that steer the job, the metrics or nothing here; the booster never sees them.
const NOT_FOR_THE_BOOSTER: &[&str] = &[
    "num_round",
    "eval_metric",
    "early_stopping_rounds",
    "csv_weights",
    "deterministic_histogram",
    "normalize_type",
    "process_type",
    "sample_type",
    "use_dask_gpu_training",
];

/// Trains with hessboost.
pub(super) struct Hessboost;

struct Forest(BoostedModel);

impl Booster for Hessboost {
    fn boost(
        &self,
        settings: &BTreeMap<String, String>,
        rounds: u32,
        seed: u64,
        train: &Dataset,
        validation: Option<&Dataset>,
        measures: Arc<[Measure]>,
        each: Each<'_>,
    ) -> Result<Box<dyn Grown>, TrainError> {
        let wrong = |error: ::hessboost::error::HessboostError| TrainError::Failed(error.to_string());
        let parameters = TrainingParams::from_xgboost(parameters(settings, seed)).map_err(wrong)?;
        let cols = train.features.cols().max(validation.map_or(0, |v| v.features.cols()));
        let train = matrix(train, cols).map_err(|error| TrainError::Data(error.to_string()))?;
        let validation =
            validation.map(|v| matrix(v, cols)).transpose().map_err(|error| TrainError::Data(error.to_string()))?;
        // The custom metric sees the answers of each set after each round, train first: it measures all that we report. hessboost's own
        // history is not used.
        let seen: Arc<Mutex<Vec<Vec<f64>>>> = Arc::default();
        let probe = {
            let seen = Arc::clone(&seen);
            CustomMetric::new("counterpoise", false, move |predictions, labels, _| {
                let values = measures.iter().map(|measure| measure.evaluate(predictions, labels)).collect();
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(values);
                0.0
            })
        };
        let mut trainer = Trainer::new(&parameters, &train, rounds as usize).eval(&train, "train");
        if let Some(validation) = &validation {
            trainer = trainer.eval(validation, "validation");
        }
        let result = trainer
            .custom_metric(Box::new(probe))
            .on_round(|round| {
                let values = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
                each(round.iteration() as u32 + 1, &values)
            })
            .train()
            .map_err(wrong)?;
        Ok(Box::new(Forest(result.model)))
    }
}

impl Grown for Forest {
    fn document(&self, rounds: u32) -> Result<Value, String> {
        let rounds = (rounds as usize).min(self.0.num_boost_rounds());
        let model = self.0.slice(..rounds, 1).map_err(|error| error.to_string())?;
        let json = model.encode(ModelFormat::XgboostJson).map_err(|error| error.to_string())?;
        Value::read_json(&json)
    }
}

fn matrix(data: &Dataset, cols: usize) -> ::hessboost::error::Result<DMatrix> {
    match &data.features {
        Matrix::Dense(dense) => DMatrix::from_dense(&dense.values, dense.rows, dense.cols),
        Matrix::Sparse(csr) => DMatrix::from_csr(csr.indptr.clone(), csr.indices.clone(), csr.values.clone(), cols),
    }?
    .with_labels(&data.labels)
}

/// Our settings, all text, as XGBoost's typed parameters.
fn parameters(settings: &BTreeMap<String, String>, seed: u64) -> Vec<(&str, Json)> {
    let objective = super::train::objective(settings);
    let mut out = vec![("verbosity", json!(0)), ("seed", json!(seed))];
    if !settings.contains_key("base_score") {
        // SageMaker's default. Newer XGBoosts estimate it, older ones cannot read the estimate of several classes.
        out.push(("base_score", json!(0.5)));
    }
    for known in Algorithm::XGBoost.hyperparameters() {
        let Some(value) = settings.get(known.name).map(|value| value.trim()) else { continue };
        let unused = matches!(known.supported, Supported::Ignored(_))
            || NOT_FOR_THE_BOOSTER.contains(&known.name)
            || known.name == "seed"
            // hessboost refuses what XGBoost ignores; train::notes says that it has no effect.
            || (known.name == "scale_pos_weight" && !super::train::weighs_positives(objective));
        if unused {
            continue;
        }
        let typed = match (known.name, known.kind) {
            ("objective", _) => json!(objective),
            ("one_drop", _) => json!(value == "1"),
            (_, Kind::Integer { .. }) => json!(value.parse::<i64>().unwrap_or_default()),
            (_, Kind::Continuous { .. }) => json!(value.parse::<f64>().unwrap_or_default()),
            _ => json!(value),
        };
        out.push((known.name, typed));
    }
    out
}

/// A metric of XGBoost's that is not computed in [`crate::ml::metrics`]: the likelihoods and the precision-recall curve.
pub(super) fn library_metric(name: &str) -> Option<EvalMetric> {
    Some(match name.split('@').next()? {
        "aucpr" => EvalMetric::AucPr,
        "poisson-nloglik" => EvalMetric::PoissonNLogLik,
        "gamma-nloglik" => EvalMetric::GammaNLogLik,
        "tweedie-nloglik" => {
            let power = name.split_once('@').map_or(Some(1.5), |(_, power)| power.parse().ok())?;
            EvalMetric::TweedieNLogLik(Tweedie::new(power).ok()?)
        }
        _ => return None,
    })
}

/// Evaluates such a metric; NaN where it is not defined.
pub(super) fn evaluate(metric: &EvalMetric, predictions: &[f32], labels: &[f32]) -> f64 {
    metric.build(1).map_or(f64::NAN, |metric| metric.eval(predictions, labels, None))
}
