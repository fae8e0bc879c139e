//! What can be watched of a training job while it runs and after: curves, pace, log. Kept in a compact file beside the log at the end.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::log::JobLog;
use crate::util::file::write_whole;
use crate::workspace::{LogPage, MetricPoint, TrainingCurve, TrainingProgress};

/// The watches of all jobs.
#[derive(Debug)]
pub(in crate::engine) struct Watches {
    folder: PathBuf,
    jobs: RwLock<HashMap<String, Arc<Watch>>>,
}

/// What can be watched of one job.
#[derive(Debug)]
pub(in crate::engine) struct Watch {
    /// Published whole; a reader only copies the pointer.
    progress: arc_swap::ArcSwap<TrainingProgress>,
    log: Mutex<JobLog>,
    curves_file: PathBuf,
}

impl Watches {
    pub(in crate::engine) fn new(folder: PathBuf) -> Self {
        Self { folder, jobs: RwLock::default() }
    }

    /// The watch of a job, if it is in memory.
    pub(in crate::engine) fn get(&self, name: &str) -> Option<Arc<Watch>> {
        self.jobs.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// The watch of a job, made where it is missing; whether it was made now.
    pub(in crate::engine) fn open(&self, name: &str) -> (Arc<Watch>, bool) {
        let mut jobs = self.jobs.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(watch) = jobs.get(name) {
            return (Arc::clone(watch), false);
        }
        let watch = Arc::new(Watch {
            progress: arc_swap::ArcSwap::default(),
            log: Mutex::new(JobLog::new(self.folder.join(format!("{name}.log")))),
            curves_file: self.folder.join(format!("{name}.metrics.json")),
        });
        jobs.insert(name.to_owned(), Arc::clone(&watch));
        (watch, true)
    }

    /// Forgets a job, on disk too.
    pub(in crate::engine) fn forget(&self, name: &str) {
        self.jobs.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        JobLog::remove(&self.folder.join(format!("{name}.log")));
        JobLog::remove(&self.folder.join(format!("{name}.metrics.json")));
    }
}

impl Watch {
    /// How far it is.
    pub(in crate::engine) fn progress(&self) -> Arc<TrainingProgress> {
        self.progress.load_full()
    }

    /// Shows a new state; its revision counts up by itself.
    pub(super) fn show(&self, progress: &mut TrainingProgress) {
        progress.revision = self.progress.load().revision + 1;
        self.progress.store(Arc::new(progress.clone()));
    }

    /// A piece of the log.
    pub(in crate::engine) fn log(&self, from: u64, limit: usize) -> LogPage {
        self.lock().page(from, limit)
    }

    /// Appends to the log.
    pub(super) fn say(&self, at_ms: i64, text: &str) {
        self.lock().push(at_ms, text);
    }

    fn lock(&self) -> MutexGuard<'_, JobLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what an earlier run of the app wrote, unless the job has begun to run since.
    pub(in crate::engine) fn load(&self) {
        let kept = std::fs::read(&self.curves_file).ok().and_then(|b| serde_json::from_slice::<Kept>(&b).ok());
        let mut log = self.lock();
        if log.page(0, 0).total == 0 {
            log.load();
        }
        if let Some(kept) = kept
            && self.progress.load().revision == 0
        {
            self.show(&mut kept.into_progress());
        }
    }

    /// Writes the curves down for the next run of the app.
    pub(super) fn keep(&self) {
        let kept = Kept::of(&self.progress());
        let written = serde_json::to_vec(&kept)
            .map_err(std::io::Error::from)
            .and_then(|bytes| write_whole(&self.curves_file, &bytes));
        if let Err(error) = written {
            tracing::warn!("{} could not be written: {error}", self.curves_file.display());
        }
    }
}

/// Round, value, milliseconds since the job's first point.
type KeptPoint = (u32, Option<f64>, i64);

/// Progress as it is on disk: points as (round, value, milliseconds since the job's first point).
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    round: u32,
    rounds: u32,
    best: Option<(u32, f64, i64)>,
    best_metric: Option<String>,
    shape: Option<(u64, u64)>,
    density: Option<f64>,
    begun_ms: i64,
    /// `null` stands for a value that is no number.
    curves: Vec<(String, Vec<KeptPoint>)>,
}

impl Kept {
    fn of(progress: &TrainingProgress) -> Self {
        let begun_ms = progress.curves.first().and_then(|curve| curve.points.front()).map_or(0, |point| point.at_ms);
        let curve = |curve: &TrainingCurve| {
            let point = |p: &MetricPoint| (p.round, p.value.is_finite().then_some(p.value), p.at_ms - begun_ms);
            (curve.metric.clone(), curve.points.iter().map(point).collect())
        };
        Self {
            round: progress.round,
            rounds: progress.rounds,
            best: progress.best.filter(|best| best.value.is_finite()).map(|b| (b.round, b.value, b.at_ms)),
            best_metric: progress.best_metric.clone(),
            shape: progress.shape,
            density: progress.density,
            begun_ms,
            curves: progress.curves.iter().map(curve).collect(),
        }
    }

    fn into_progress(self) -> TrainingProgress {
        let begun = self.begun_ms;
        let point = |(round, value, after): KeptPoint| MetricPoint {
            round,
            value: value.unwrap_or(f64::NAN),
            at_ms: begun + after,
        };
        TrainingProgress {
            revision: 0,
            round: self.round,
            rounds: self.rounds,
            left_ms: None,
            curves: self
                .curves
                .into_iter()
                .map(|(metric, points)| TrainingCurve { metric, points: points.into_iter().map(point).collect() })
                .collect(),
            best: self.best.map(|(round, value, at_ms)| MetricPoint { round, value, at_ms }),
            best_metric: self.best_metric,
            shape: self.shape,
            density: self.density,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_come_back_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let watches = Watches::new(folder.path().to_owned());
        let (watch, fresh) = watches.open("j");
        assert!(fresh && !watches.open("j").1);
        let point = MetricPoint { round: 2, value: 3.25, at_ms: 1_700 };
        let mut progress = TrainingProgress {
            round: 2,
            rounds: 10,
            curves: vec![TrainingCurve { metric: "validation:rmse".into(), points: [point].into_iter().collect() }],
            best: Some(point),
            best_metric: Some("validation:rmse".into()),
            shape: Some((100, 13)),
            density: Some(1.0),
            ..TrainingProgress::default()
        };
        watch.show(&mut progress);
        watch.keep();
        let again = Watches::new(folder.path().to_owned());
        let (again, _) = again.open("j");
        again.load();
        assert_eq!(*again.progress(), progress);
        watches.forget("j");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
