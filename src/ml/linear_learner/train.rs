//! Training: normalise, shuffle, step, watch the loss, keep the best epoch.
//!
//! Rows are never copied: they are normalised as they are read, `(x − mean) / deviation`, without the mean where rows are sparse, because
//! that would fill them. The model that comes out is in the units of the data as it was given.

use std::collections::BTreeMap;

use super::classes::{RowWeights, cross_entropy, softmax};
use super::model::{LinearModel, Link};
use super::settings::Settings;
use super::step::{Pull, Stepper};
use super::threshold;
use crate::domain::algorithm::{Algorithm, Supported};
use crate::domain::training_job::ChannelFormat;
use crate::ml::metrics::Metric;
use crate::ml::{Continue, Dataset, Matrix, Model, Round, Row, Task, TrainError, Trained};
use crate::util::seed::Rng;

/// The name of the loss in the metrics; SageMaker's own.
const OBJECTIVE_LOSS: &str = "objective_loss";

/// More weights than this, with what the optimiser keeps of each, would fill gigabytes.
const MOST_WEIGHTS: usize = 50_000_000;

/// What early stopping watches.
pub(in crate::ml) fn watched_metric(_settings: &BTreeMap<String, String>) -> String {
    OBJECTIVE_LOSS.to_owned()
}

/// A straight line in the units of the data as it was given.
#[derive(Clone, Debug)]
struct Line {
    weights: Vec<f64>,
    bias: f64,
}

impl Line {
    fn at(&self, row: Row<'_>) -> f64 {
        let products: f64 = match row {
            Row::Dense(values) => values.iter().zip(&self.weights).map(|(x, w)| f64::from(*x) * w).sum(),
            Row::Sparse(indices, values) => indices
                .iter()
                .zip(values)
                .map(|(index, x)| self.weights.get(*index as usize).map_or(0.0, |w| f64::from(*x) * w))
                .sum(),
        };
        self.bias + products
    }
}

/// The model of one line, or of one a class.
fn model_of(lines: &[Line], link: Link, threshold: f32, format: ChannelFormat) -> LinearModel {
    LinearModel {
        weights: lines.iter().flat_map(|line| &line.weights).map(|weight| *weight as f32).collect(),
        biases: lines.iter().map(|line| line.bias as f32).collect(),
        link,
        threshold,
        trained_on: Some(format),
    }
}

/// Means and deviations by which rows and labels are brought to one scale.
#[derive(Debug)]
struct Scaler {
    mean: Vec<f64>,
    /// 1 / deviation; 0 for a column that never varies, whose weight then stays out of the model.
    inverse: Vec<f64>,
    label_mean: f64,
    label_scale: f64,
}

impl Scaler {
    fn fit(settings: &Settings, data: &Dataset, cols: usize, order: &[usize]) -> Self {
        let sample = &order[..settings.scaler_rows.min(order.len())];
        let count = sample.len() as f64;
        let (mut sum, mut square) = (vec![0.0_f64; cols], vec![0.0_f64; cols]);
        let mut add = |column: usize, x: f32| {
            sum[column] += f64::from(x);
            square[column] += f64::from(x) * f64::from(x);
        };
        for &row in sample {
            match data.features.row(row) {
                Row::Dense(values) => values.iter().enumerate().for_each(|(column, x)| add(column, *x)),
                Row::Sparse(indices, values) => {
                    indices.iter().zip(values).for_each(|(column, x)| add(*column as usize, *x));
                }
            }
        }
        let deviation = |sum: f64, square: f64| (square / count - (sum / count).powi(2)).max(0.0).sqrt();
        let inverse = sum
            .iter()
            .zip(&square)
            .map(|(sum, square)| {
                let deviation = deviation(*sum, *square);
                // Rounding leaves a trace of a deviation in a large constant column.
                if deviation <= 1e-9 * (square / count).sqrt() {
                    0.0
                } else if settings.normalise_data {
                    1.0 / deviation
                } else {
                    1.0
                }
            })
            .collect();
        let sparse = matches!(data.features, Matrix::Sparse(_));
        let centre = settings.centre_data.unwrap_or(settings.normalise_data && !sparse);
        let mean = sum.iter().map(|sum| if centre { sum / count } else { 0.0 }).collect();
        let labels = || sample.iter().map(|row| f64::from(data.labels[*row]));
        let (label_sum, label_square) = labels().fold((0.0, 0.0), |(s, q), y| (s + y, q + y * y));
        let label_scale = deviation(label_sum, label_square);
        Self {
            mean,
            inverse,
            label_mean: if settings.centre_label { label_sum / count } else { 0.0 },
            label_scale: if settings.scale_label && label_scale > 0.0 { label_scale } else { 1.0 },
        }
    }

    /// Weights on normalised rows, of all classes for each column in turn, as lines on rows as given.
    fn lines(&self, weights: &[f64], biases: &[f64]) -> Vec<Line> {
        let line = |(class, bias): (usize, &f64)| {
            let own = weights.iter().skip(class).step_by(biases.len());
            let plain: Vec<f64> = own.zip(&self.inverse).map(|(w, inverse)| w * inverse * self.label_scale).collect();
            let shift: f64 = plain.iter().zip(&self.mean).map(|(w, mean)| w * mean).sum();
            Line { bias: bias * self.label_scale + self.label_mean - shift, weights: plain }
        };
        biases.iter().enumerate().map(line).collect()
    }

    /// Calls `f` with the columns and normalised values of a row.
    fn each(&self, row: Row<'_>, mut f: impl FnMut(usize, f64)) {
        match row {
            Row::Dense(values) => {
                for (column, x) in values.iter().enumerate() {
                    f(column, (f64::from(*x) - self.mean[column]) * self.inverse[column]);
                }
            }
            Row::Sparse(indices, values) => {
                for (column, x) in indices.iter().zip(values) {
                    f(*column as usize, f64::from(*x) * self.inverse[*column as usize]);
                }
            }
        }
    }
}

/// Trains; the hyperparameters are known to be valid.
pub(in crate::ml) fn train(
    given: &BTreeMap<String, String>,
    train: &Dataset,
    validation: Option<&Dataset>,
    format: ChannelFormat,
    seed: u64,
    on_round: &mut (dyn FnMut(&Round<'_>) -> Continue + Send),
) -> Result<Trained, TrainError> {
    let settings = Settings::new(given);
    check("train", &settings, train)?;
    if let Some(validation) = validation {
        check("validation", &settings, validation)?;
    }
    let cols = columns(&settings, train, validation)?;
    if cols.saturating_mul(settings.classes) > MOST_WEIGHTS {
        return Err(TrainError::Data(format!(
            "{cols} features times {} classes are more than {MOST_WEIGHTS} weights, which is too much for this machine",
            settings.classes
        )));
    }
    let mut rng = Rng::new(seed);
    let mut order: Vec<usize> = (0..train.rows()).collect();
    rng.shuffle(&mut order);
    let scaler = Scaler::fit(&settings, train, cols, &order);
    let batch = settings.batch.min(train.rows());
    let steps_an_epoch = train.rows().div_ceil(batch) as u64;
    let rate = settings.rate(steps_an_epoch * u64::from(settings.epochs));
    let counts = RowWeights::of(&settings, train);

    // The weights of all classes for the first column, then for the next: a row is gone through once.
    let classes = settings.classes;
    let mut weights: Vec<f64> = (0..cols * classes).map(|_| settings.start(&mut rng)).collect();
    let mut biases = vec![settings.init_bias; classes];
    let mut stepper = Stepper::new(settings.optimiser, weights.len());
    let mut bias_stepper = Stepper::new(settings.optimiser, classes);
    let (mut gradient, mut bias_gradient) = (vec![0.0_f64; weights.len()], vec![0.0_f64; classes]);
    let mut slopes = vec![0.0_f64; classes];
    let mut metrics = Vec::new();
    let mut best: Option<(f64, u32, Vec<Line>)> = None;
    let (mut mark, mut waited) = (f64::INFINITY, 0);
    let (mut steps, mut done, mut stopped) = (0_u64, 0, false);
    for epoch in 1..=settings.epochs {
        rng.shuffle(&mut order);
        for rows in order.chunks(batch) {
            gradient.fill(0.0);
            bias_gradient.fill(0.0);
            for &row in rows {
                let features = train.features.row(row);
                let label = train.labels[row];
                let share = counts.at(label) / rows.len() as f64;
                if let [slope] = slopes.as_mut_slice() {
                    let mut sum = biases[0];
                    scaler.each(features, |column, x| sum += weights[column] * x);
                    let label = (f64::from(label) - scaler.label_mean) / scaler.label_scale;
                    *slope = settings.loss.at(sum, label).1 * share;
                    if *slope != 0.0 {
                        scaler.each(features, |column, x| gradient[column] += *slope * x);
                    }
                } else {
                    slopes.copy_from_slice(&biases);
                    scaler.each(features, |column, x| add(&mut slopes, &weights[column * classes..], x));
                    softmax(&mut slopes);
                    slopes[label as usize] -= 1.0;
                    for slope in &mut slopes {
                        *slope *= share;
                    }
                    scaler.each(features, |column, x| add(&mut gradient[column * classes..], &slopes, x));
                }
                add(&mut bias_gradient, &slopes, 1.0);
            }
            let rate = settings.scheduler.map_or(rate, |scheduler| scheduler.rate(rate, steps));
            stepper.step(&mut weights, &gradient, Pull { rate, l1: settings.l1, wd: settings.wd });
            if settings.use_bias {
                let pull =
                    Pull { rate: rate * settings.bias_lr_mult, l1: 0.0, wd: settings.wd * settings.bias_wd_mult };
                bias_stepper.step(&mut biases, &bias_gradient, pull);
            }
            steps += 1;
        }
        done = epoch;
        let lines = scaler.lines(&weights, &biases);
        metrics.clear();
        measure("train", &settings, &scaler, &counts, &lines, train, &mut metrics);
        if let Some(validation) = validation {
            measure("validation", &settings, &scaler, &counts, &lines, validation, &mut metrics);
        }
        let watched = if validation.is_some() { metrics.len() / 2 } else { 0 };
        let loss = metrics[watched].1;
        if !loss.is_finite() {
            return Err(TrainError::Failed(format!(
                "the loss is no longer a number after epoch {epoch}: take a smaller learning_rate than {rate}"
            )));
        }
        if best.as_ref().is_none_or(|(least, _, _)| loss < *least) {
            best = Some((loss, epoch, lines));
        }
        // Patience counts by the tolerance, so that creeping improvements do not go on for ever.
        if loss < mark - settings.tolerance * mark.abs() || epoch == 1 {
            (mark, waited) = (loss, 0);
        } else {
            waited += 1;
        }
        let over = waited >= settings.patience;
        let log = (over && epoch < settings.epochs)
            .then(|| format!("early stopping: {} has not improved for {waited} epochs", metrics[watched].0));
        stopped = on_round(&Round { round: epoch, rounds: settings.epochs, metrics: &metrics, log }) == Continue::Stop;
        if over || stopped {
            break;
        }
    }
    let Some((_, best_round, lines)) = best else {
        return Err(TrainError::Failed("no epoch was run".to_owned()));
    };
    let model = with_threshold(&settings, &lines, validation.unwrap_or(train), format);
    let mut notes = notes(given);
    if settings.batch > train.rows() {
        notes.push(format!(
            "mini_batch_size {} is more than the {} rows: every step takes them all",
            settings.batch,
            train.rows()
        ));
    }
    if model.task() == Task::Binary {
        notes.push(format!("predicted_label is 1 where the score is above {}", model.threshold));
    }
    let channel = if validation.is_some() { "validation" } else { "train" };
    Ok(Trained {
        file: model.to_file(),
        model: Model::Linear(model),
        rounds: done,
        best_round: Some(best_round),
        best_metric: Some(format!("{channel}:{OBJECTIVE_LOSS}")),
        format,
        stopped,
        notes,
    })
}

fn with_threshold(settings: &Settings, lines: &[Line], data: &Dataset, format: ChannelFormat) -> LinearModel {
    let neutral = if settings.link == Link::Logistic { 0.5 } else { 0.0 };
    let mut model = model_of(lines, settings.link, neutral, format);
    if model.task() == Task::Binary {
        let mut scores = Vec::new();
        model.predict(&data.features, &mut scores);
        model.threshold = threshold::choose(&scores, &data.labels, settings.criterion, neutral);
    }
    model
}

/// The metrics of a channel: the loss first, then the usual ones in the units of the label.
fn measure(
    channel: &str,
    settings: &Settings,
    scaler: &Scaler,
    counts: &RowWeights,
    lines: &[Line],
    data: &Dataset,
    metrics: &mut Vec<(String, f64)>,
) {
    let (mut loss, mut mass) = (0.0_f64, 0.0_f64);
    let mut answers = Vec::with_capacity(data.rows() * lines.len());
    let mut sums = vec![0.0; lines.len()];
    for row in 0..data.rows() {
        let features = data.features.row(row);
        sums.iter_mut().zip(lines).for_each(|(sum, line)| *sum = line.at(features));
        let to_scale = |x: f64| (x - scaler.label_mean) / scaler.label_scale;
        let label = data.labels[row];
        let weight = counts.at(label);
        loss += weight
            * match settings.link {
                Link::Softmax => cross_entropy(&sums, label as usize),
                _ => settings.loss.at(to_scale(sums[0]), to_scale(f64::from(label))).0,
            };
        mass += weight;
        match settings.link {
            Link::Identity => {}
            // The hinge's distance becomes something between 0 and 1, only so that ½ is the border for error and accuracy.
            Link::Logistic | Link::Margin => sums[0] = 1.0 / (1.0 + (-sums[0]).exp()),
            Link::Softmax => softmax(&mut sums),
        }
        answers.extend(sums.iter().map(|answer| *answer as f32));
    }
    metrics.push((format!("{channel}:{OBJECTIVE_LOSS}"), loss / mass));
    let usual: &[(&str, Metric)] = match settings.link {
        Link::Identity => &[("rmse", Metric::Rmse), ("mae", Metric::Mae)],
        Link::Logistic => &[
            ("logloss", Metric::LogLoss),
            ("error", Metric::Error(0.5)),
            ("accuracy", Metric::Accuracy),
            ("auc", Metric::Auc),
        ],
        Link::Margin => &[("error", Metric::Error(0.5)), ("accuracy", Metric::Accuracy), ("auc", Metric::Auc)],
        Link::Softmax => &[("mlogloss", Metric::MLogLoss), ("merror", Metric::MError), ("accuracy", Metric::Accuracy)],
    };
    let evaluate = |metric: &Metric| metric.evaluate(&answers, &data.labels, lines.len());
    metrics.extend(usual.iter().map(|(name, metric)| (format!("{channel}:{name}"), evaluate(metric))));
}

/// `sums += values · x`, as far as there are values.
fn add(sums: &mut [f64], values: &[f64], x: f64) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value * x);
}

fn columns(settings: &Settings, train: &Dataset, validation: Option<&Dataset>) -> Result<usize, TrainError> {
    let (cols, others) = (train.features.cols(), validation.map_or(0, |validation| validation.features.cols()));
    if let (Matrix::Dense(_), Some(Dataset { features: Matrix::Dense(_), .. })) = (&train.features, validation)
        && cols != others
    {
        return Err(TrainError::Data(format!(
            "the train channel has {cols} features in a row, the validation channel has {others}"
        )));
    }
    let sparse = matches!(train.features, Matrix::Sparse(_));
    if sparse && settings.centre_data == Some(true) {
        return Err(TrainError::Data(
            "unbias_data true would fill every cell of the sparse rows: leave it at auto, or give dense rows"
                .to_owned(),
        ));
    }
    match settings.feature_dim {
        Some(dim) if sparse && dim >= cols.max(others) => Ok(dim),
        Some(dim) if dim != cols => {
            Err(TrainError::Data(format!("feature_dim is {dim}, but the train channel has {cols} features in a row")))
        }
        _ => Ok(cols.max(others)),
    }
}

fn check(channel: &str, settings: &Settings, data: &Dataset) -> Result<(), TrainError> {
    let wanted = match settings.link {
        Link::Identity => None,
        Link::Logistic | Link::Margin => Some((2, "a binary_classifier needs labels that are 0 or 1".to_owned())),
        Link::Softmax => {
            let last = settings.classes - 1;
            Some((settings.classes, format!("num_classes is {}: labels must be 0, 1, … {last}", settings.classes)))
        }
    };
    if let Some((classes, needs)) = wanted
        && let Some(at) = data.labels.iter().position(|y| y.fract() != 0.0 || !(0.0..classes as f32).contains(y))
    {
        let label = data.labels[at];
        return Err(TrainError::Data(format!(
            "the label of row {} in the {channel} channel is {label}, but {needs}",
            at + 1
        )));
    }
    for row in 0..data.rows() {
        if let Row::Dense(values) = data.features.row(row)
            && let Some(at) = values.iter().position(|value| value.is_nan())
        {
            return Err(TrainError::Data(format!(
                "feature {} of row {} in the {channel} channel is missing; the linear learner needs a number for every feature",
                at + 1,
                row + 1
            )));
        }
    }
    Ok(())
}

/// Remarks for the job's log.
fn notes(given: &BTreeMap<String, String>) -> Vec<String> {
    Algorithm::LinearLearner
        .hyperparameters()
        .iter()
        .filter(|known| given.contains_key(known.name))
        .filter_map(|known| match known.supported {
            Supported::Ignored(why) => Some(format!("{} has no effect here: {why}", known.name)),
            _ => None,
        })
        .collect()
}
