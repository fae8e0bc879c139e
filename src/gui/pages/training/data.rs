//! What the Training pages show, worked out from the snapshot: rows of the list, the facts of one job, its curves, smoothed and compared.

use std::sync::Arc;

use crate::domain::algorithm::{Algorithm, Supported};
use crate::domain::price;
use crate::domain::time::Timestamp;
use crate::domain::training_job::{FinalMetric, SecondaryStatus, TrainingJob, TrainingJobStatus};
use crate::gui::format;
use crate::gui::widgets::plot::Sample;
use crate::workspace::{Snapshot, TrainingCurve, TrainingProgress};

/// One job in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRow {
    /// Name.
    pub name: String,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// State.
    pub status: TrainingJobStatus,
    /// Finer state.
    pub secondary: SecondaryStatus,
    /// The metric to compare jobs by, with its last value.
    pub objective: Option<(String, f64)>,
    /// Milliseconds on a worker, so far or in all; `None` before it began.
    pub duration_ms: Option<i64>,
    /// When it began, while it runs: its duration grows with the clock.
    pub running_since: Option<Timestamp>,
    /// USD an hour while it runs.
    pub usd_per_hour: f64,
    /// Made.
    pub created: Timestamp,
}

impl JobRow {
    /// Milliseconds on a worker as of `now`.
    pub fn duration_ms(&self, now: Timestamp) -> Option<i64> {
        self.running_since.map(|since| now.ms_since(since)).or(self.duration_ms)
    }

    /// USD so far.
    pub fn usd(&self, now: Timestamp) -> f64 {
        price::usd_for(self.usd_per_hour, self.duration_ms(now).unwrap_or(0))
    }
}

/// All jobs.
pub fn rows(snapshot: &Snapshot) -> Vec<JobRow> {
    snapshot.training_jobs.values().map(|job| row(job)).collect()
}

fn row(job: &TrainingJob) -> JobRow {
    JobRow {
        name: job.name().to_owned(),
        algorithm: job.spec.algorithm,
        status: job.status,
        secondary: job.secondary,
        objective: objective(job).map(|metric| (metric.name.clone(), metric.value)),
        duration_ms: job.started.zip(job.ended).map(|(started, ended)| ended.ms_since(started)),
        running_since: job.started.filter(|_| job.ended.is_none()),
        usd_per_hour: job.spec.usd_per_hour(),
        created: job.created,
    }
}

/// The metric that jobs are compared by: what early stopping watches on the validation channel, else the first validation metric, else the first.
pub fn objective(job: &TrainingJob) -> Option<&FinalMetric> {
    let watched = job.spec.hyperparameters.get("eval_metric").and_then(|list| list.split(',').next_back());
    let watched = watched.map(|metric| format!("validation:{}", metric.trim()));
    let metrics = &job.final_metrics;
    metrics
        .iter()
        .find(|metric| Some(&metric.name) == watched.as_ref())
        .or_else(|| metrics.iter().find(|metric| metric.name.starts_with("validation:")))
        .or_else(|| metrics.first())
}

/// The part of a metric's name behind the channel: `validation:rmse` → `rmse`.
pub fn metric_word(metric: &str) -> &str {
    metric.split_once(':').map_or(metric, |(_, word)| word)
}

/// Whether more of a metric is better.
pub fn more_is_better(metric: &str) -> bool {
    let word = metric_word(metric);
    ["auc", "aucpr", "accuracy", "f1", "precision", "recall", "r2", "map", "ndcg", "binary_classification_accuracy"]
        .iter()
        .any(|known| word == *known || word.starts_with(&format!("{known}@")))
}

/// One chart of the Metrics tab: a metric with its train and validation curve.
#[derive(Clone, Debug)]
pub struct MetricChart<'a> {
    /// `logloss`.
    pub word: &'a str,
    /// `train` and `validation` as far as they are measured, train first.
    pub curves: Vec<(&'a str, &'a TrainingCurve)>,
}

/// Charts of a job: the watched metric first, then in the order of measurement.
pub fn charts(progress: &TrainingProgress) -> Vec<MetricChart<'_>> {
    let mut charts: Vec<MetricChart<'_>> = Vec::new();
    for curve in &progress.curves {
        let (channel, word) = curve.metric.split_once(':').unwrap_or(("", &curve.metric));
        match charts.iter_mut().find(|chart| chart.word == word) {
            Some(chart) => chart.curves.push((channel, curve)),
            None => charts.push(MetricChart { word, curves: vec![(channel, curve)] }),
        }
    }
    let watched = progress.best_metric.as_deref().map(metric_word);
    charts.sort_by_key(|chart| Some(chart.word) != watched);
    charts
}

/// The line of the mark at the best round.
pub fn best_words(progress: &TrainingProgress) -> Option<(f64, String)> {
    let best = progress.best?;
    Some((f64::from(best.round), format!("best: round {}, {}", best.round, number(best.value))))
}

/// A metric's value with as many digits as tell something: 0.587, 3.48, 12.9, 4,731.
pub fn number(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => "–".to_owned(),
        v if (0.000_5..1.0).contains(&v) || v == 0.0 => format!("{value:.3}"),
        v if v < 0.000_5 => format!("{value:.1e}"),
        v if v < 10.0 => format!("{value:.2}"),
        v if v < 1000.0 => format!("{value:.1}"),
        _ => format::count(value.abs().round() as u64),
    }
}

/// Smooths a curve with an exponential average of weight `factor` (0: as it is, below 1), corrected for its start as Kingma & Ba (2015) do for Adam.
pub fn smooth(curve: &TrainingCurve, factor: f64) -> Vec<Sample> {
    let mut average = 0.0;
    let mut weight = 1.0;
    let factor = factor.clamp(0.0, 0.99);
    curve
        .points
        .iter()
        .map(|point| {
            if point.value.is_finite() {
                average = average * factor + point.value * (1.0 - factor);
                weight *= factor;
            }
            let value = if weight < 1.0 { average / (1.0 - weight) } else { point.value };
            Sample::new(f64::from(point.round), value)
        })
        .collect()
}

/// Lines of the "Now" card: what it is, its value.
pub fn now_lines(job: &TrainingJob, progress: &TrainingProgress) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut values: Vec<(&str, f64)> =
        progress.curves.iter().filter_map(|curve| Some((curve.metric.as_str(), curve.points.last()?.value))).collect();
    if values.is_empty() {
        values = job.final_metrics.iter().map(|metric| (metric.name.as_str(), metric.value)).collect();
    }
    let watched = progress.best_metric.as_deref();
    values.sort_by_key(|(metric, _)| (Some(*metric) != watched, metric.starts_with("train:")));
    lines.extend(values.into_iter().map(|(metric, value)| (metric.to_owned(), number(value))));
    let summary = job.summary.as_ref();
    if let Some((rows, features)) = progress.shape.or_else(|| summary.map(|s| (s.rows, s.features))) {
        let shape = format!("{} × {}", format::count(rows), format::count(features));
        lines.push(("Rows × features".to_owned(), shape));
    }
    if let Some(density) = progress.density.or_else(|| summary.map(|s| s.density)) {
        lines.push(("Stored values".to_owned(), share(density)));
    }
    if let Some(summary) = summary {
        lines.push(("Training".to_owned(), format::duration((summary.training_s * 1000.0) as i64)));
        lines.push(("Artefact".to_owned(), format::bytes(summary.artifact_bytes)));
    }
    lines
}

fn share(density: f64) -> String {
    let percent = density * 100.0;
    if percent >= 10.0 { format!("{percent:.0} %") } else { format!("{percent:.2} %") }
}

/// One line of the Hyperparameters tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterRow {
    /// Name.
    pub name: String,
    /// Value that counts.
    pub value: String,
    /// Whether the job gave it.
    pub given: bool,
    /// One line of help.
    pub help: &'static str,
}

/// Given ones first, then the defaults that count beside them.
pub fn parameter_rows(job: &TrainingJob) -> Vec<ParameterRow> {
    let given = &job.spec.hyperparameters;
    let table = job.spec.algorithm.hyperparameters();
    let help = |name: &str| table.iter().find(|known| known.name == name).map_or("", |known| known.help);
    let mut rows: Vec<ParameterRow> = given
        .iter()
        .map(|(name, value)| ParameterRow { name: name.clone(), value: value.clone(), given: true, help: help(name) })
        .collect();
    let order = |name: &str| table.iter().position(|known| known.name == name).unwrap_or(usize::MAX);
    rows.sort_by_key(|row| order(&row.name));
    let defaults = table.iter().filter(|known| {
        !given.contains_key(known.name) && matches!(known.supported, Supported::Yes | Supported::Only(..))
    });
    rows.extend(defaults.filter_map(|known| {
        let value = known.default?.to_owned();
        Some(ParameterRow { name: known.name.to_owned(), value, given: false, help: known.help })
    }));
    rows
}

/// How far it is: "round 192 of 300 · 4 s left", or the station it is at.
pub fn progress_words(job: &TrainingJob, progress: &TrainingProgress) -> String {
    if progress.round == 0 {
        return match job.transitions.last() {
            Some(at) if !at.message.is_empty() => at.message.clone(),
            _ => job.secondary.as_str().to_owned(),
        };
    }
    let unit = unit_of(job.spec.algorithm);
    let mut words = format!("{unit} {} of {}", progress.round, progress.rounds);
    if let Some(left) = progress.left_ms.filter(|_| !job.status.is_final()) {
        words = format!("{words} · {} left", format::duration(left));
    }
    words
}

/// What an algorithm counts.
pub fn unit_of(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::XGBoost => "round",
        Algorithm::LinearLearner => "epoch",
    }
}

/// What to do about a failure, where the reason itself does not say it.
pub fn what_to_do(reason: &str) -> Option<&'static str> {
    let reason = reason.to_ascii_lowercase();
    if ["clone", "mend", "upload", "try again", "use "].iter().any(|word| reason.contains(word)) {
        None
    } else if reason.contains("hyperparameter") || reason.contains("must be") {
        Some("Clone the job and change the hyperparameter.")
    } else if reason.contains("line ") || reason.contains("column") || reason.contains("label") {
        Some("Mend the file, upload it again, then clone the job.")
    } else if reason.contains("no object") || reason.contains("could not find") || reason.contains("no bucket") {
        Some("Put the data back where the channel looks, or clone the job with another channel.")
    } else {
        Some("Clone the job to try again; the log says how far it came.")
    }
}

/// What a list sorted by status shows first: what runs, then what went wrong.
pub fn status_rank(status: TrainingJobStatus) -> u8 {
    match status {
        TrainingJobStatus::InProgress => 0,
        TrainingJobStatus::Stopping => 1,
        TrainingJobStatus::Failed => 2,
        TrainingJobStatus::Stopped => 3,
        TrainingJobStatus::Completed => 4,
    }
}

/// Metrics that at least one of the jobs has, the one most jobs are compared by first.
pub fn compared_metrics(progress: &[Arc<TrainingProgress>]) -> Vec<String> {
    let mut metrics: Vec<(String, usize)> = Vec::new();
    for curve in progress.iter().flat_map(|one| &one.curves) {
        match metrics.iter_mut().find(|(name, _)| *name == curve.metric) {
            Some((_, jobs)) => *jobs += 1,
            None => metrics.push((curve.metric.clone(), 1)),
        }
    }
    let watched = |name: &str| progress.iter().filter(|one| one.best_metric.as_deref() == Some(name)).count();
    metrics.sort_by_key(|(name, jobs)| std::cmp::Reverse((watched(name), *jobs, name.starts_with("validation:"))));
    metrics.into_iter().map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::MetricPoint;

    fn curve(metric: &str, values: &[f64]) -> TrainingCurve {
        let point = |(round, value): (u32, &f64)| MetricPoint { round, value: *value, at_ms: 0 };
        TrainingCurve { metric: metric.to_owned(), points: (1..).zip(values).map(point).collect() }
    }

    #[test]
    fn the_watched_metric_leads() {
        let progress = TrainingProgress {
            curves: vec![
                curve("train:error", &[0.3]),
                curve("train:logloss", &[0.6]),
                curve("validation:logloss", &[0.6]),
            ],
            best_metric: Some("validation:logloss".into()),
            ..TrainingProgress::default()
        };
        let words: Vec<String> = charts(&progress)
            .iter()
            .map(|c| {
                format!("{}: {}", c.word, c.curves.iter().map(|(channel, _)| *channel).collect::<Vec<_>>().join(" "))
            })
            .collect();
        assert_eq!(words, ["logloss: train validation", "error: train"]);
    }

    #[test]
    fn smoothing_keeps_a_constant_and_halves_a_step() {
        let same = smooth(&curve("m", &[2.0; 5]), 0.9);
        assert!(same.iter().all(|s| (s.y - 2.0).abs() < 1e-12), "{same:?}");
        let raw = smooth(&curve("m", &[1.0, 3.0]), 0.0);
        assert_eq!(raw.iter().map(|s| s.y).collect::<Vec<_>>(), [1.0, 3.0]);
        // (0.5·0.5·1 + 0.5·4) ÷ (1 − 0.25)
        let half = smooth(&curve("m", &[1.0, 4.0]), 0.5);
        assert!((half[1].y - 3.0).abs() < 1e-12, "{half:?}");
    }

    #[test]
    fn numbers_keep_their_telling_digits() {
        let words: Vec<String> = [0.58712, 3.4777, 12.94, 4731.4, 0.000_012, 0.0, f64::NAN].map(number).into();
        assert_eq!(words, ["0.587", "3.48", "12.9", "4,731", "1.2e-5", "0.000", "–"]);
    }

    #[test]
    fn a_failure_that_says_the_way_out_gets_no_second_one() {
        assert_eq!(
            what_to_do("line 3: \u{201c}x\u{201d} is not a number"),
            Some("Mend the file, upload it again, then clone the job.")
        );
        assert_eq!(
            what_to_do("eta must be a number from 0 to 1"),
            Some("Clone the job and change the hyperparameter.")
        );
        assert_eq!(what_to_do("the disk is full. Make room and clone the job"), None);
    }

    #[test]
    fn better_means_more_for_some() {
        assert!(more_is_better("validation:auc") && more_is_better("accuracy"));
        assert!(!more_is_better("validation:rmse") && !more_is_better("train:error@0.7"));
    }
}
