//! One training job from its channels to its artefact, on a thread of its own.

use std::fmt::Write as _;
use std::io::Cursor;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::channels::{self, NoRows};
use super::{Order, Signal, Watch};
use crate::domain::training_job::{FinalMetric, TrainingJob, TrainingSummary};
use crate::engine::machine::training_job::{Ended, EndedBy, Event};
use crate::engine::message::Report;
use crate::engine::shared::Shared;
use crate::ml::{self, Continue, Dataset, Round, TrainError, Trained};
use crate::workspace::{MetricPoint, TrainingCurve, TrainingProgress};

/// How often progress is shown and the window woken, at most.
const SHOW_EVERY: Duration = Duration::from_millis(100);

/// A job in a worker's hands.
pub(super) struct Run {
    shared: Arc<Shared>,
    job: TrainingJob,
    signal: Arc<Signal>,
    watch: Arc<Watch>,
    seed: u64,
    begun: Duration,
}

/// Why a run ended without a model.
enum Stop {
    /// Told from outside.
    Interrupted,
    /// The reason, as SageMaker begins it.
    Failed(String),
}

fn client_error(why: impl std::fmt::Display) -> Stop {
    Stop::Failed(format!("ClientError: {why}"))
}

impl Run {
    pub(super) fn new(shared: Arc<Shared>, job: TrainingJob, signal: Arc<Signal>, seed: u64) -> Self {
        let (watch, fresh) = shared.watches.open(job.name());
        if fresh {
            // The log goes on where an earlier attempt left it.
            watch.load();
        }
        let begun = shared.clock.elapsed();
        Self { shared, job, signal, watch, seed, begun }
    }

    /// Runs to the end. `None`: the app closes, and the job is left as it is.
    pub(super) fn run(self) -> Option<Event> {
        let name = self.job.name().to_owned();
        self.say(&format!("Training job {name}, attempt {}: {}", self.job.attempts, self.job.spec.algorithm));
        let outcome = self.train();
        match outcome {
            Ok(ended) => {
                let words = match ended.by {
                    EndedBy::Itself => "Training completed",
                    EndedBy::Person => "Stopped",
                    EndedBy::MaxRuntime => "Stopped: the maximum run time is over",
                };
                self.say(words);
                self.watch.keep();
                Some(Event::Ended(Box::new(ended)))
            }
            Err(Stop::Failed(reason)) => {
                self.say(&reason);
                self.watch.keep();
                Some(Event::Failed(reason))
            }
            Err(Stop::Interrupted) if self.signal.order() == Order::Close => {
                self.say("The app closes; the job begins again at its next start");
                None
            }
            Err(Stop::Interrupted) => {
                self.say("Stopped before anything was learned");
                self.watch.keep();
                Some(Event::Ended(Box::new(Ended {
                    by: if self.time_is_up() { EndedBy::MaxRuntime } else { EndedBy::Person },
                    artifact: None,
                    metrics: Vec::new(),
                    summary: None,
                })))
            }
        }
    }

    fn say(&self, text: &str) {
        self.watch.say(self.shared.clock.wall_ms(), text);
    }

    fn report(&self, event: Event) {
        self.shared.report(Report::Training { job: self.job.name().to_owned(), event });
    }

    fn time_is_up(&self) -> bool {
        let limit = Duration::from_secs(u64::from(self.job.spec.max_runtime_s));
        self.shared.clock.elapsed().saturating_sub(self.begun) >= limit
    }

    fn train(&self) -> Result<Ended, Stop> {
        let spec = &self.job.spec;
        let mut progress = TrainingProgress::default();
        self.watch.show(&mut progress);
        let mut train = self.read("train")?.ok_or_else(|| client_error("there is no train channel"))?;
        let mut validation = self.read("validation")?;
        channels::fit(&mut train, validation.as_mut()).map_err(client_error)?;
        let (data, format) = train;
        let validation = validation.map(|(rows, _)| rows);
        let (rows, features) = (data.rows() as u64, data.features.cols() as u64);
        let density = data.features.density();
        self.say(&format!(
            "Train channel: {rows} rows, {features} features{}",
            validation.as_ref().map_or_else(String::new, |v| format!("; validation channel: {} rows", v.rows()))
        ));
        if spec.channel("test").is_some() {
            self.say("Test channel: not read, since models are not tested after training in Counterpoise");
        }
        progress.shape = Some((rows, features));
        progress.density = Some(density);
        progress.best_metric = Some(ml::watched_metric(spec.algorithm, &spec.hyperparameters, validation.is_some()));
        self.watch.show(&mut progress);
        self.report(Event::Read { rows, features });
        self.shared.wake();
        let begun = Instant::now();
        let trained = self.rounds(&data, validation.as_ref(), format, &mut progress)?;
        let training_s = begun.elapsed().as_secs_f64();
        let by = match self.signal.order() {
            Order::Close => return Err(Stop::Interrupted),
            Order::Stop if trained.stopped => EndedBy::Person,
            _ if trained.stopped => EndedBy::MaxRuntime,
            _ => EndedBy::Itself,
        };
        drop((data, validation));
        self.report(Event::Learned { rounds: trained.rounds });
        let artifact = spec.artifact_uri();
        let artifact_bytes = self.write(&trained)?;
        let summary = TrainingSummary {
            rows,
            features,
            density,
            rounds: trained.rounds,
            best_round: trained.best_round,
            training_s,
            artifact_bytes,
        };
        self.say(&format!("Model written to {artifact} ({artifact_bytes} bytes)"));
        Ok(Ended {
            by,
            artifact: Some(artifact),
            metrics: final_metrics(&progress, trained.best_round),
            summary: Some(summary),
        })
    }

    fn read(&self, name: &str) -> Result<Option<(Dataset, crate::domain::training_job::ChannelFormat)>, Stop> {
        let Some(channel) = self.job.spec.channel(name) else { return Ok(None) };
        let objects = channels::objects_of(&self.shared.published.load(), &channel.data);
        if objects.is_empty() {
            return Err(client_error(format!("Data download failed: there is nothing under {}", channel.data)));
        }
        for object in &objects {
            self.say(&format!("Reading s3://{}/{} ({} bytes)", channel.data.bucket, object.key, object.size));
        }
        let algorithm = self.job.spec.algorithm;
        match channels::read_channel(self.shared.store.objects(), channel, &objects, algorithm, &self.signal) {
            Ok(rows) => Ok(Some(rows)),
            Err(NoRows::Interrupted) => Err(Stop::Interrupted),
            Err(NoRows::Because(why)) => Err(client_error(why)),
        }
    }

    fn rounds(
        &self,
        data: &Dataset,
        validation: Option<&Dataset>,
        format: crate::domain::training_job::ChannelFormat,
        progress: &mut TrainingProgress,
    ) -> Result<Trained, Stop> {
        let spec = &self.job.spec;
        let begun = Instant::now();
        let mut shown: Option<Instant> = None;
        let mut on_round = |round: &Round<'_>| {
            let now = self.shared.clock.wall_ms();
            note_round(progress, round, now, begun.elapsed());
            self.shared.measurements.training_round(spec.name.as_str(), round.metrics, now);
            self.say(&log_line(round));
            if let Some(line) = &round.log {
                self.say(line);
            }
            let stop = self.signal.order() != Order::Go || self.time_is_up();
            if stop || round.round >= round.rounds || shown.is_none_or(|at| at.elapsed() >= SHOW_EVERY) {
                shown = Some(Instant::now());
                self.watch.show(progress);
                self.shared.wake();
            }
            if stop { Continue::Stop } else { Continue::Yes }
        };
        let trained =
            ml::train(spec.algorithm, &spec.hyperparameters, data, validation, format, self.seed, &mut on_round);
        progress.left_ms = None;
        self.watch.show(progress);
        self.shared.wake();
        match trained {
            Ok(trained) => {
                trained.notes.iter().for_each(|note| self.say(note));
                Ok(trained)
            }
            Err(TrainError::StoppedEarly) => Err(Stop::Interrupted),
            Err(error @ TrainError::Failed(_)) => Err(Stop::Failed(format!("AlgorithmError: {error}"))),
            Err(error) => Err(client_error(error)),
        }
    }

    fn write(&self, trained: &Trained) -> Result<u64, Stop> {
        let broken = |why: String| Stop::Failed(format!("InternalServerError: the model could not be written: {why}"));
        // In memory first: an archive that fails half-way must not look like a whole one to the bucket.
        let mut archive = Vec::new();
        ml::archive::write_archive(trained, &mut archive).map_err(|error| broken(error.to_string()))?;
        let uri = self.job.spec.artifact_uri();
        let object = self
            .shared
            .store
            .objects()
            .put(&uri, &mut Cursor::new(archive), Some("application/gzip"))
            .map_err(|error| broken(error.to_string()))?;
        Ok(object.size)
    }
}

/// `[12]#011train-rmse:3.21400#011validation-rmse:4.10200`, as SageMaker's containers write it; rounds count from 1 here.
fn log_line(round: &Round<'_>) -> String {
    let mut line = format!("[{}]", round.round);
    for (metric, value) in round.metrics {
        // Writing to a string can't fail.
        let _ = write!(line, "#011{}:{value:.5}", metric.replacen(':', "-", 1));
    }
    line
}

fn note_round(progress: &mut TrainingProgress, round: &Round<'_>, now: i64, since: Duration) {
    progress.round = round.round;
    progress.rounds = round.rounds;
    let pace_ms = since.as_secs_f64() * 1_000.0 / f64::from(round.round.max(1));
    progress.left_ms = Some((pace_ms * f64::from(round.rounds.saturating_sub(round.round))) as i64);
    for (metric, value) in round.metrics {
        let point = MetricPoint { round: round.round, value: *value, at_ms: now };
        if let Some(curve) = progress.curves.iter_mut().find(|curve| curve.metric == *metric) {
            curve.points.push_back(point);
        } else {
            let points = [point].into_iter().collect();
            progress.curves.push(TrainingCurve { metric: metric.clone(), points });
        }
        let watched = progress.best_metric.as_deref() == Some(metric);
        if watched && value.is_finite() && progress.best.is_none_or(|best| is_better(metric, *value, best.value)) {
            progress.best = Some(point);
        }
    }
}

/// Scores grow, losses shrink.
fn is_better(metric: &str, new: f64, old: f64) -> bool {
    let name = metric.rsplit(':').next().unwrap_or(metric);
    if ml::metrics::larger_is_better(name) { new > old } else { new < old }
}

/// Each metric in the round that the artefact holds: the best one where early stopping chose one, else the last.
fn final_metrics(progress: &TrainingProgress, best_round: Option<u32>) -> Vec<FinalMetric> {
    let point = |curve: &TrainingCurve| {
        let best = best_round.and_then(|best| curve.points.iter().find(|point| point.round == best));
        best.or(curve.points.last()).copied()
    };
    progress
        .curves
        .iter()
        .filter_map(|curve| Some((curve.metric.clone(), point(curve)?)))
        // The store's records hold numbers only.
        .filter(|(_, point)| point.value.is_finite())
        .map(|(name, point)| FinalMetric { name, value: point.value, at: crate::domain::time::Timestamp(point.at_ms) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(n: u32, metrics: &[(String, f64)]) -> Round<'_> {
        Round { round: n, rounds: 4, metrics, log: None }
    }

    fn run(metric: &str, values: &[f64]) -> TrainingProgress {
        let mut progress = TrainingProgress { best_metric: Some(metric.to_owned()), ..TrainingProgress::default() };
        for (i, value) in (1..).zip(values) {
            let metrics = [("train:rmse".to_owned(), 9.0), (metric.to_owned(), *value)];
            note_round(&mut progress, &round(i, &metrics), 1_000, Duration::from_millis(10 * u64::from(i)));
        }
        progress
    }

    #[test]
    fn pace_and_best_follow_the_rounds() {
        let progress = run("validation:rmse", &[3.0, 1.0, 2.0]);
        assert_eq!((progress.round, progress.rounds, progress.left_ms), (3, 4, Some(10)));
        assert_eq!(progress.best.map(|best| (best.round, best.value)), Some((2, 1.0)));
        assert_eq!(run("validation:auc", &[0.5, 0.7, 0.6]).best.map(|best| best.round), Some(2));
        assert_eq!(run("validation:rmse", &[f64::NAN, 2.0]).best.map(|best| best.round), Some(2));
    }

    #[test]
    fn final_metrics_are_those_of_the_artefact() {
        let progress = run("validation:rmse", &[3.0, 1.0, 2.0]);
        let value = |best| final_metrics(&progress, best)[1].value;
        assert_eq!((value(Some(2)), value(None)), (1.0, 2.0));
        assert!(final_metrics(&run("validation:rmse", &[f64::NAN]), None).iter().all(|m| m.name == "train:rmse"));
    }

    #[test]
    fn log_lines_read_like_the_container() {
        let metrics = [("train:rmse".to_owned(), 3.214), ("validation:rmse".to_owned(), 4.1)];
        assert_eq!(log_line(&round(2, &metrics)), "[2]#011train-rmse:3.21400#011validation-rmse:4.10000");
    }
}
