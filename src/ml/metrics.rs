//! How well predictions fit labels, as XGBoost defines it. Predictions are answers (probabilities, not margins), `outputs` a row.

use super::xgboost::argmax;

/// XGBoost's smallest probability in a logarithm.
const LEAST: f64 = 1e-16;

/// A metric that is computed here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Metric {
    /// √ of the mean squared error.
    Rmse,
    /// Mean squared error.
    Mse,
    /// Mean absolute error.
    Mae,
    /// Mean of |error / label|.
    Mape,
    /// √ of the mean squared difference of ln(1 + x).
    Rmsle,
    /// Mean pseudo-Huber error with this slope.
    Mphe(f64),
    /// Share of the variance that is explained; 1 is best.
    R2,
    /// Mean of −ln(probability of the true class), two classes.
    LogLoss,
    /// Share of wrong answers at this threshold.
    Error(f64),
    /// Share of right answers: at ½ for two classes, the most probable class of several.
    Accuracy,
    /// Area under the ROC curve; ties count half.
    Auc,
    /// Harmonic mean of precision and recall of class 1; the mean over the classes where there are several.
    F1,
    /// Right among those called 1; the mean over the classes where there are several.
    Precision,
    /// Called 1 among those that are; the mean over the classes where there are several.
    Recall,
    /// Share of wrong answers, several classes.
    MError,
    /// Mean of −ln(probability of the true class), several classes.
    MLogLoss,
    /// Mean deviance of a gamma distribution, times 2.
    GammaDeviance,
}

impl Metric {
    /// A metric by XGBoost's name, `error@0.7` included; `None` for one that is not computed here.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "rmse" => Self::Rmse,
            "mse" => Self::Mse,
            "mae" => Self::Mae,
            "mape" => Self::Mape,
            "rmsle" => Self::Rmsle,
            "mphe" => Self::Mphe(1.0),
            "r2" => Self::R2,
            "logloss" => Self::LogLoss,
            "error" => Self::Error(0.5),
            "accuracy" => Self::Accuracy,
            "auc" => Self::Auc,
            "f1" => Self::F1,
            "precision" => Self::Precision,
            "recall" => Self::Recall,
            "merror" => Self::MError,
            "mlogloss" => Self::MLogLoss,
            "gamma-deviance" => Self::GammaDeviance,
            _ => Self::Error(name.strip_prefix("error@")?.parse().ok()?),
        })
    }

    /// Evaluates predictions, `outputs` a label. NaN where the metric is not defined for them (no rows, AUC of one class).
    pub fn evaluate(self, predictions: &[f32], labels: &[f32], outputs: usize) -> f64 {
        if labels.is_empty() || predictions.len() != labels.len() * outputs.max(1) {
            return f64::NAN;
        }
        let pairs = || predictions.iter().zip(labels).map(|(p, y)| (f64::from(*p), f64::from(*y)));
        let count = labels.len() as f64;
        let mean = |f: &dyn Fn(f64, f64) -> f64| pairs().map(|(p, y)| f(p, y)).sum::<f64>() / count;
        match self {
            Self::Rmse => mean(&|p, y| (p - y).powi(2)).sqrt(),
            Self::Mse => mean(&|p, y| (p - y).powi(2)),
            Self::Mae => mean(&|p, y| (p - y).abs()),
            Self::Mape => mean(&|p, y| ((y - p) / y).abs()),
            Self::Rmsle => mean(&|p, y| (p.ln_1p() - y.ln_1p()).powi(2)).sqrt(),
            Self::Mphe(slope) => mean(&|p, y| slope * slope * ((1.0 + ((p - y) / slope).powi(2)).sqrt() - 1.0)),
            Self::R2 => {
                let average = labels.iter().map(|y| f64::from(*y)).sum::<f64>() / count;
                1.0 - mean(&|p, y| (p - y).powi(2)) / mean(&|_, y| (y - average).powi(2))
            }
            Self::LogLoss => mean(&|p, y| -y * p.max(LEAST).ln() - (1.0 - y) * (1.0 - p).max(LEAST).ln()),
            Self::Error(threshold) if outputs <= 1 => mean(&|p, y| if p > threshold { 1.0 - y } else { y }),
            Self::Accuracy if outputs <= 1 => 1.0 - Self::Error(0.5).evaluate(predictions, labels, outputs),
            Self::Error(_) | Self::MError => 1.0 - Self::Accuracy.evaluate(predictions, labels, outputs),
            Self::Accuracy => {
                let right = rows(predictions, labels, outputs).filter(|(row, y)| argmax(row) as f32 == *y).count();
                right as f64 / count
            }
            Self::MLogLoss => {
                let loss =
                    |(row, y): (&[f32], f32)| row.get(y as usize).map_or(f64::NAN, |p| -f64::from(*p).max(LEAST).ln());
                rows(predictions, labels, outputs).map(loss).sum::<f64>() / count
            }
            Self::Auc => auc(predictions, labels),
            Self::GammaDeviance => 2.0 * mean(&|p, y| (p / y.max(1e-6)).ln() + y / p - 1.0),
            Self::F1 | Self::Precision | Self::Recall => self.by_class(predictions, labels, outputs),
        }
    }

    fn by_class(self, predictions: &[f32], labels: &[f32], outputs: usize) -> f64 {
        let classes = if outputs <= 1 { 1..2 } else { 0..outputs };
        let guess = |row: &[f32]| if outputs <= 1 { usize::from(row[0] > 0.5) } else { argmax(row) };
        let score = |class: usize| {
            let (mut hit, mut called, mut are) = (0.0, 0.0, 0.0);
            for (row, y) in rows(predictions, labels, outputs) {
                let (is, says) = (y == class as f32, guess(row) == class);
                hit += f64::from(u8::from(is && says));
                called += f64::from(u8::from(says));
                are += f64::from(u8::from(is));
            }
            let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
            match self {
                Self::Precision => share(hit, called),
                Self::Recall => share(hit, are),
                _ => share(2.0 * hit, called + are),
            }
        };
        let count = classes.len() as f64;
        classes.map(score).sum::<f64>() / count
    }
}

/// Whether a larger value of the metric with this name is better.
pub fn larger_is_better(name: &str) -> bool {
    matches!(name, "auc" | "aucpr" | "accuracy" | "r2" | "f1" | "precision" | "recall")
}

fn rows<'a>(predictions: &'a [f32], labels: &'a [f32], outputs: usize) -> impl Iterator<Item = (&'a [f32], f32)> {
    predictions.chunks_exact(outputs.max(1)).zip(labels.iter().copied())
}

/// Area under the ROC curve by ranks (Mann–Whitney), ties at half.
fn auc(predictions: &[f32], labels: &[f32]) -> f64 {
    let mut order: Vec<(f32, f32)> = predictions.iter().copied().zip(labels.iter().copied()).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut area, mut positives) = (0.0_f64, 0.0_f64, 0.0_f64);
    for ties in order.chunk_by(|a, b| a.0 == b.0) {
        let here: f64 = ties.iter().map(|(_, y)| f64::from(*y)).sum();
        let others = ties.len() as f64 - here;
        area += here * (below + others / 2.0);
        below += others;
        positives += here;
    }
    area / (positives * below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(name: &str, predictions: &[f32], labels: &[f32], outputs: usize, expected: f64) {
        let got = Metric::from_name(name).unwrap().evaluate(predictions, labels, outputs);
        assert!((got - expected).abs() < 1e-6, "{name}: {got} is not {expected}");
    }

    /// Values computed by hand or with scikit-learn.
    #[test]
    fn known_values() {
        close("rmse", &[1.0, 3.0], &[1.0, 1.0], 1, 2.0_f64.sqrt());
        close("mae", &[1.0, 3.0], &[1.0, 1.0], 1, 1.0);
        close("r2", &[1.0, 2.0, 4.0], &[1.0, 2.0, 3.0], 1, 0.5);
        close("mape", &[1.0, 3.0], &[2.0, 2.0], 1, 0.5);
        let (p, y) = ([0.1, 0.4, 0.35, 0.8], [0.0, 0.0, 1.0, 1.0]);
        close("auc", &p, &y, 1, 0.75);
        close("auc", &[0.5, 0.5], &[0.0, 1.0], 1, 0.5);
        close("logloss", &p, &y, 1, 0.472_287_95);
        close("error", &p, &y, 1, 0.25);
        close("error@0.3", &p, &y, 1, 0.25);
        close("accuracy", &p, &y, 1, 0.75);
        close("precision", &p, &y, 1, 1.0);
        close("recall", &p, &y, 1, 0.5);
        close("f1", &p, &y, 1, 2.0 / 3.0);
        let (p, y) = ([0.7, 0.2, 0.1, 0.1, 0.2, 0.7], [0.0, 1.0]);
        close("merror", &p, &y, 3, 0.5);
        close("accuracy", &p, &y, 3, 0.5);
        close("mlogloss", &p, &y, 3, (-(0.7_f64.ln()) - 0.2_f64.ln()) / 2.0);
    }

    #[test]
    fn what_is_not_defined_is_nan() {
        assert!(Metric::Auc.evaluate(&[0.1, 0.2], &[1.0, 1.0], 1).is_nan());
        assert!(Metric::Rmse.evaluate(&[], &[], 1).is_nan());
        assert!(Metric::from_name("bogus").is_none() && Metric::from_name("error@x").is_none());
    }
}
