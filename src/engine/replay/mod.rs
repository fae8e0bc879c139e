//! Paired replay: labelled rows, captured or from a file, answered again by several models on a thread of its own, with progress and an end
//! that can be asked for. Nothing that serves is touched: models are read from their artefacts.

mod judge;
mod rows;
mod run;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::control::Control;
use super::effects::{guarded, spawn};
use super::shared::Shared;
use crate::domain::algorithm::Algorithm;
use crate::domain::price;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::replay::{Contestant, ReplaySource, ReplaySpec};
use crate::domain::time::Timestamp;
use crate::workspace::{CommandError, Replay, ReplayResult, ReplayStatus};

/// Who answers, and from which artefact.
struct Entrant {
    name: String,
    model_name: String,
    algorithm: Algorithm,
    artifact: PathBuf,
    usd_per_hour: Option<f64>,
}

/// The newest replay, and the flag that ends it.
#[derive(Default)]
pub(super) struct Replays(Mutex<Option<Arc<Under>>>);

/// A replay that is under way or over.
struct Under {
    spec: ReplaySpec,
    started: Timestamp,
    cancelled: AtomicBool,
    revision: AtomicU64,
    done: AtomicU64,
    total: AtomicU64,
    over: Mutex<Option<ReplayStatus>>,
}

impl Replays {
    fn newest(&self) -> Option<Arc<Under>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest replay as it stands.
    pub(super) fn look(&self) -> Option<Arc<Replay>> {
        Some(Arc::new(self.newest()?.look()))
    }

    /// Asks the one that runs to end.
    pub(super) fn cancel(&self) -> bool {
        let running = self.newest().filter(|under| under.is_running());
        if let Some(under) = &running {
            under.cancelled.store(true, Ordering::Release);
        }
        running.is_some()
    }
}

impl Under {
    fn over(&self) -> std::sync::MutexGuard<'_, Option<ReplayStatus>> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_running(&self) -> bool {
        self.over().is_none()
    }

    fn look(&self) -> Replay {
        let over = self.over().clone();
        let status = over.unwrap_or_else(|| {
            let total = self.total.load(Ordering::Acquire);
            let doing = if total == 0 { "Reading" } else { "Answering" };
            ReplayStatus::Running { doing, done: self.done.load(Ordering::Acquire), total }
        });
        let revision = self.revision.load(Ordering::Acquire);
        Replay { revision, spec: self.spec.clone(), started: self.started, status }
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    fn end(&self, outcome: Result<ReplayResult, Stop>) {
        let status = match outcome {
            Ok(result) => ReplayStatus::Completed(Arc::new(result)),
            Err(Stop::Cancelled) => ReplayStatus::Cancelled,
            Err(Stop::Failed(why)) => ReplayStatus::Failed(why),
        };
        *self.over() = Some(status);
        self.revision.fetch_add(1, Ordering::AcqRel);
    }
}

/// Why a replay has no result.
enum Stop {
    Cancelled,
    Failed(String),
}

impl Control {
    /// Starts a replay; one runs at a time.
    pub(super) fn replay_start(&mut self, spec: ReplaySpec) -> Result<(), CommandError> {
        match &spec.source {
            ReplaySource::Captured { endpoint } if !self.world.endpoints.contains(endpoint) => {
                return Err(CommandError::NotFound(ResourceRef::new(Kind::Endpoint, endpoint)));
            }
            ReplaySource::File(uri) if !self.world.objects.get(&uri.bucket).is_some_and(|o| o.contains(&uri.key)) => {
                return Err(CommandError::NoObject(uri.clone()));
            }
            _ => {}
        }
        let entrants = spec.contestants.iter().map(|one| self.entrant(one)).collect::<Result<Vec<_>, _>>()?;
        let under = Arc::new(Under {
            spec,
            started: self.now(),
            cancelled: AtomicBool::new(false),
            revision: AtomicU64::new(self.fresh_id() << 32),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            over: Mutex::default(),
        });
        {
            let mut newest = self.shared.replays.0.lock().unwrap_or_else(PoisonError::into_inner);
            if newest.as_ref().is_some_and(|newest| newest.is_running()) {
                return Err(CommandError::Failed(
                    "A comparison is running already: wait for it, or cancel it".to_owned(),
                ));
            }
            *newest = Some(Arc::clone(&under));
        }
        let shared = Arc::clone(&self.shared);
        let running = Arc::clone(&under);
        let work = move || {
            let outcome = guarded("The comparison", || run::run(&shared, &running, &entrants));
            running.end(outcome.unwrap_or_else(|why| Err(Stop::Failed(why))));
            shared.wake();
        };
        if let Err(error) = spawn("replay".to_owned(), work) {
            under.end(Err(Stop::Failed(format!("The comparison has no thread: {error}"))));
        }
        self.shared.wake();
        Ok(())
    }

    /// Stops the one that runs.
    pub(super) fn replay_cancel(&self) -> Result<(), CommandError> {
        let was_running = self.shared.replays.cancel();
        if was_running { Ok(()) } else { Err(CommandError::Failed("No comparison is running".to_owned())) }
    }

    fn entrant(&self, contestant: &Contestant) -> Result<Entrant, CommandError> {
        match contestant {
            Contestant::Model(name) => {
                let resource = ResourceRef::new(Kind::Model, name);
                let model = self.world.models.get(name).ok_or_else(|| CommandError::NotFound(resource.clone()))?;
                let algorithm = model.algorithm().ok_or_else(|| CommandError::InUse {
                    resource,
                    why: format!("its image {} can't be served here", model.image),
                })?;
                if !self.world.objects.get(&model.model_data.bucket).is_some_and(|o| o.contains(&model.model_data.key))
                {
                    return Err(CommandError::NoObject(model.model_data.clone()));
                }
                let artifact = self.shared.store.objects().path(&model.model_data);
                let deployed = self.world.endpoints.values().flat_map(|endpoint| &endpoint.variants);
                let usd = deployed.filter(|variant| variant.model_name == *name);
                let usd = usd.map(|v| price::usd_per_hour(&v.instance_type, v.instance_count)).reduce(f64::min);
                Ok(Entrant {
                    name: contestant.to_string(),
                    model_name: name.clone(),
                    algorithm,
                    artifact,
                    usd_per_hour: usd,
                })
            }
            Contestant::Variant { endpoint: name, variant } => {
                let resource = ResourceRef::new(Kind::Endpoint, name);
                let endpoint =
                    self.world.endpoints.get(name).ok_or_else(|| CommandError::NotFound(resource.clone()))?;
                let none = || CommandError::InUse { resource, why: format!("it serves no variant {variant}") };
                let runs = endpoint.variants.iter().find(|one| one.name == *variant);
                let (algorithm, artifact) = self.shared.serving.artifact(name, variant).ok_or_else(none.clone())?;
                let runs = runs.ok_or_else(none)?;
                Ok(Entrant {
                    name: contestant.to_string(),
                    model_name: runs.model_name.clone(),
                    algorithm,
                    artifact,
                    usd_per_hour: Some(price::usd_per_hour(&runs.instance_type, runs.instance_count)),
                })
            }
        }
    }
}

/// Tells the window about progress, now and then.
struct Teller<'a> {
    shared: &'a Shared,
    under: &'a Under,
    told: std::time::Instant,
}

/// Time between two tellings.
const EVERY: std::time::Duration = std::time::Duration::from_millis(100);

impl Teller<'_> {
    /// So many rows are done. The error is that no more are wanted.
    fn done(&mut self, rows: u64) -> Result<(), Stop> {
        if self.under.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        self.under.done.store(rows, Ordering::Release);
        if self.told.elapsed() >= EVERY {
            self.told = std::time::Instant::now();
            self.under.revision.fetch_add(1, Ordering::AcqRel);
            self.shared.wake();
        }
        Ok(())
    }
}
