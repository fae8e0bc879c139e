//! From answers and labels to a comparison.

use super::Entrant;
use super::rows::Item;
use crate::ml::metrics::Metric;
use crate::ml::{Model, Task};
use crate::stats::evaluate::calibration::calibration;
use crate::stats::evaluate::confusion::Confusion;
use crate::stats::evaluate::curves::curves;
use crate::stats::evaluate::residuals::{ends, residuals};
use crate::stats::experiment::paired::Paired;
use crate::workspace::{Disagreement, Measure, ModelScore, PairScore, ReplayResult};

/// Level of the tests.
const ALPHA: f64 = 0.05;

/// Rows on which contestants disagree that are kept one by one.
const DISAGREEMENTS: usize = 10_000;

/// Bytes of a row that are shown.
const SHOWN_BYTES: usize = 4_096;

/// What one model said to all rows, and how long it took.
pub(super) struct Answers {
    outputs: Vec<f32>,
    classes: Vec<Option<u32>>,
    latencies_ns: Vec<u64>,
    width: usize,
    /// Of the request under way.
    pub(super) fresh: Vec<f32>,
    pub(super) took_ns: u64,
}

impl Answers {
    pub(super) fn new(model: &Model) -> Self {
        Self {
            outputs: Vec::new(),
            classes: Vec::new(),
            latencies_ns: Vec::new(),
            width: model.outputs_per_row().max(1),
            fresh: Vec::new(),
            took_ns: 0,
        }
    }

    /// Keeps what was said to the request under way, or forgets it.
    pub(super) fn settle(&mut self, keep: bool) {
        if keep {
            self.outputs.append(&mut self.fresh);
            self.latencies_ns.push(self.took_ns);
        }
        self.fresh.clear();
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.outputs[row * self.width..(row + 1) * self.width]
    }

    /// The one number that stands for an answer: the score, or the class that it means.
    fn score(&self, row: usize) -> f64 {
        match (self.row(row), self.classes[row]) {
            ([score], _) => f64::from(*score),
            (_, Some(class)) => f64::from(class),
            _ => f64::NAN,
        }
    }
}

/// Whether models can be compared at all: all answer numbers, or all classes.
pub(super) fn same_kind(entrants: &[Entrant], models: &[Model]) -> Result<(), String> {
    let is_number = |model: &Model| model.task() == Task::Regression;
    let first = models.first().is_some_and(is_number);
    let odd = models.iter().zip(entrants).find(|(model, _)| is_number(model) != first);
    let words = |number: bool| if number { "numbers" } else { "classes" };
    match (odd, entrants.first()) {
        (Some((_, odd)), Some(one)) => Err(format!(
            "{} answers {} and {} answers {}: they can't be compared on the same labels",
            one.name,
            words(first),
            odd.name,
            words(!first)
        )),
        _ => Ok(()),
    }
}

fn measure(models: &[Model]) -> Measure {
    let tasks = || models.iter().map(Model::task);
    if tasks().any(|task| task == Task::Regression) {
        Measure::Number
    } else if tasks().all(|task| task == Task::Binary) {
        Measure::TwoClasses
    } else {
        Measure::Classes
    }
}

/// Puts everything together. `answers` and `items` have the same rows.
pub(super) fn result(entrants: &[Entrant], models: &[Model], answers: &[Answers], items: &[Item]) -> ReplayResult {
    let labels: Vec<f32> = items.iter().flat_map(|item| item.labels.iter().copied()).collect();
    let answers: Vec<Answers> =
        answers.iter().zip(models).map(|(answers, model)| classified(answers, model, labels.len())).collect();
    let measure = measure(models);
    // The stretches of histograms that lie over each other are the same.
    let wider = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
    let spans = answers.iter().filter(|_| measure == Measure::Number).filter_map(|one| ends(&one.outputs, &labels));
    let span = spans.reduce(wider).unwrap_or_default();
    let scores = entrants
        .iter()
        .zip(models)
        .zip(&answers)
        .map(|((entrant, model), answers)| score(entrant, model, answers, &labels, span));
    let (disagreements, disagreed) = disagreements(measure, &answers, &labels, items);
    ReplayResult {
        measure,
        rows: labels.len() as u64,
        left_out: None,
        took_ms: 0,
        models: scores.collect(),
        pairs: pairs(measure, &answers, &labels),
        disagreements,
        disagreed,
    }
}

/// The same answers with the class that each stands for.
fn classified(answers: &Answers, model: &Model, rows: usize) -> Answers {
    let classes = (0..rows).map(|row| model.predicted_label(answers.row(row))).collect();
    Answers {
        outputs: answers.outputs.clone(),
        classes,
        latencies_ns: answers.latencies_ns.clone(),
        width: answers.width,
        fresh: Vec::new(),
        took_ns: 0,
    }
}

fn score(entrant: &Entrant, model: &Model, answers: &Answers, labels: &[f32], span: (f64, f64)) -> ModelScore {
    let task = model.task();
    let is_class = task != Task::Regression;
    let class_of = |label: f32| label.max(0.0).round() as u32;
    let pairs = labels.iter().zip(&answers.classes).map(|(label, class)| (class_of(*label), class.unwrap_or(u32::MAX)));
    let confusion = is_class.then(|| Confusion::of(pairs));
    let is_binary = task == Task::Binary;
    let calibration = is_binary.then(|| calibration(&answers.outputs, labels)).flatten();
    let log_loss = match task {
        Task::Binary => calibration.is_some().then_some(Metric::LogLoss),
        Task::Multiclass(_) => (answers.width > 1).then_some(Metric::MLogLoss),
        Task::Regression => None,
    };
    let log_loss = log_loss.map(|metric| metric.evaluate(&answers.outputs, labels, answers.width));
    let mut latencies = answers.latencies_ns.clone();
    latencies.sort_unstable();
    let at = |share: f64| {
        let place = (share * latencies.len().saturating_sub(1) as f64).round() as usize;
        latencies.get(place).map_or(f64::NAN, |ns| *ns as f64 / 1e3)
    };
    ModelScore {
        name: entrant.name.clone(),
        model_name: entrant.model_name.clone(),
        algorithm: entrant.algorithm,
        accuracy: confusion.as_ref().and_then(Confusion::accuracy),
        log_loss: log_loss.filter(|loss| loss.is_finite()),
        curves: is_binary.then(|| curves(&answers.outputs, labels)).flatten(),
        calibration,
        confusion,
        residuals: (!is_class).then(|| residuals(&answers.outputs, labels, span)).flatten(),
        p50_us: at(0.5),
        p99_us: at(0.99),
        usd_per_hour: entrant.usd_per_hour,
    }
}

fn pairs(measure: Measure, answers: &[Answers], labels: &[f32]) -> Vec<PairScore> {
    let cap = (measure == Measure::Number).then(|| cap(answers, labels));
    let outcome = |answers: &Answers, row: usize| match cap {
        Some(cap) => {
            let error = (answers.score(row) - f64::from(labels[row])).abs();
            // What is no number is as wrong as can be.
            1.0 - if error.is_nan() { 1.0 } else { error.min(cap) / cap }
        }
        None => {
            f64::from(u8::from(answers.classes[row].is_some_and(|class| f64::from(class) == f64::from(labels[row]))))
        }
    };
    let mut pairs = Vec::new();
    for b in 1..answers.len() {
        for a in 0..b {
            let mut test = if cap.is_some() { Paired::graded(ALPHA) } else { Paired::classes(ALPHA) };
            for row in 0..labels.len() {
                test.row(outcome(&answers[a], row), outcome(&answers[b], row));
            }
            pairs.push(PairScore { of: (a, b), test: test.summary(), cap });
        }
    }
    pairs.sort_by_key(|pair| pair.of);
    pairs
}

/// The absolute error that counts as entirely wrong: the spread of the labels, which depends on no model.
fn cap(answers: &[Answers], labels: &[f32]) -> f64 {
    let (low, high) = labels.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), label| {
        (low.min(f64::from(*label)), high.max(f64::from(*label)))
    });
    if high > low {
        return high - low;
    }
    // All labels are the same: then it is the largest error that there is.
    let errors = answers.iter().flat_map(|answers| (0..labels.len()).map(move |row| (answers, row)));
    let largest = errors.map(|(answers, row)| (answers.score(row) - f64::from(labels[row])).abs()).fold(0.0, f64::max);
    if largest > 0.0 && largest.is_finite() { largest } else { 1.0 }
}

fn disagreements(measure: Measure, answers: &[Answers], labels: &[f32], items: &[Item]) -> (Vec<Disagreement>, u64) {
    let spread = |row: usize| {
        let scores = || answers.iter().map(move |answers| answers.score(row));
        scores().fold(f64::NEG_INFINITY, f64::max) - scores().fold(f64::INFINITY, f64::min)
    };
    let differ = |row: usize| match measure {
        Measure::Number => spread(row) > 0.0,
        _ => answers.windows(2).any(|pair| pair[0].classes[row] != pair[1].classes[row]),
    };
    let mut rows: Vec<usize> = (0..labels.len()).filter(|row| differ(*row)).collect();
    let disagreed = rows.len() as u64;
    if measure == Measure::Number {
        rows.sort_by(|a, b| spread(*b).total_cmp(&spread(*a)));
    }
    rows.truncate(DISAGREEMENTS);
    // Where each request's rows begin.
    let begins: Vec<usize> = items
        .iter()
        .scan(0, |begin, item| {
            let here = *begin;
            *begin += item.labels.len();
            Some(here)
        })
        .collect();
    let kept = rows.into_iter().map(|row| {
        let at = begins.partition_point(|begin| *begin <= row) - 1;
        Disagreement {
            row: row as u64 + 1,
            request: shown(&items[at], row - begins[at]).into(),
            label: f64::from(labels[row]),
            answers: answers.iter().map(|answers| (answers.score(row), answers.classes[row])).collect(),
            spread: spread(row),
        }
    });
    (kept.collect(), disagreed)
}

/// One row of a request as it was written; of JSON the whole request.
fn shown(item: &Item, row: usize) -> String {
    let text = String::from_utf8_lossy(&item.body);
    let is_json = item.content_type.contains("json");
    let line = text.lines().filter(|line| !line.trim().is_empty()).nth(row).filter(|_| !is_json);
    let line = line.unwrap_or(&text);
    match line.char_indices().find(|(at, _)| *at >= SHOWN_BYTES) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
