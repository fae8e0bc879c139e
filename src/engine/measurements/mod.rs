//! What was measured, kept as metrics: collected from the data plane, handed in by training jobs and clients, and written to files so that a
//! restart forgets no more than the last minute.

mod endpoints;
mod files;
mod ledger;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use self::files::Files;
use self::ledger::Ledger;
use crate::domain::metric::MetricId;
use crate::serving::Serving;
use crate::stats::metric::Summary;
use crate::workspace::{Datum, Known, Measured, Snapshot};

/// The metrics of a workspace.
#[derive(Debug)]
pub(super) struct Measurements {
    ledger: Mutex<Ledger>,
    /// Held while the files are written: one writer at a time.
    files: Mutex<Files>,
}

impl Measurements {
    /// Reads what the last run wrote. Files that can't be read are told of and passed over: metrics are no reason not to start.
    pub(super) fn open(folder: PathBuf, now_s: i64) -> Self {
        let files = Files::new(folder);
        let mut ledger = Ledger::default();
        files.read(now_s, |datum| ledger.restore(datum));
        ledger.age(now_s);
        Self { ledger: Mutex::new(ledger), files: Mutex::new(files) }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Every change of the ledger leaves it whole.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what the data plane has measured. `snapshot` says how many instances the variants had meanwhile.
    pub(super) fn collect(&self, serving: &Serving, snapshot: &Snapshot) {
        // The lock is held from taking to adding, so that nobody reads in between.
        let mut ledger = self.ledger();
        for collected in serving.collect() {
            let instances = snapshot
                .endpoints
                .get(&collected.endpoint)
                .and_then(|endpoint| endpoint.variants.iter().find(|variant| *variant.name == *collected.variant))
                .map(|variant| variant.instance_count);
            endpoints::data(&collected, instances.unwrap_or(1), |datum| ledger.add(datum));
        }
    }

    /// Adds measurements.
    pub(super) fn put(&self, data: Vec<Datum>) {
        let mut ledger = self.ledger();
        for datum in data {
            ledger.add(datum);
        }
    }

    /// Adds the metrics of one round of a training job.
    pub(super) fn training_round(&self, job: &str, metrics: &[(String, f64)], at_ms: i64) {
        let finite = metrics.iter().filter(|(_, value)| value.is_finite());
        let datum = |(name, value): &(String, f64)| Datum {
            id: MetricId::of_training_job(name, job),
            unit: crate::domain::metric::NO_UNIT.to_owned(),
            at_s: at_ms.div_euclid(1_000),
            summary: Summary::of(*value, 1.0),
        };
        self.put(finite.map(datum).collect());
    }

    /// What was measured of a metric from `start_s` to before `end_s`, by unit.
    pub(super) fn read(&self, id: &MetricId, start_s: i64, end_s: i64) -> Vec<Measured> {
        self.ledger().read(id, start_s, end_s)
    }

    /// All metrics, in the order of their names.
    pub(super) fn known(&self) -> Vec<Known> {
        self.ledger().known()
    }

    /// Writes what is new since the last time, and forgets what is too old.
    pub(super) fn keep(&self, now_s: i64) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = {
            let mut ledger = self.ledger();
            ledger.age(now_s);
            ledger.take_fresh()
        };
        if let Err(error) = files.append(now_s, &fresh) {
            // Still in memory; a restart forgets it.
            tracing::warn!("metrics could not be written: {error}");
        }
    }
}
