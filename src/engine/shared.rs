//! What the loop, its workers and the readers share.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arc_swap::ArcSwap;

use super::effects::Workers;
use super::fleets::FleetFiles;
use super::last_requests::LastRequests;
use super::measurements::Measurements;
use super::message::{Message, Report};
use super::replay::Replays;
use super::training::Watches;
use crate::domain::time::Timestamp;
use crate::serving::Serving;
use crate::store::{Store, StoreError};
use crate::util::clock::Clock;
use crate::workspace::{Snapshot, Wake};

/// Shared by the loop, its workers and the readers.
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) serving: Arc<Serving>,
    pub(super) clock: Clock,
    pub(super) sender: Sender<Message>,
    pub(super) published: ArcSwap<Snapshot>,
    pub(super) workers: Workers,
    pub(super) watches: Watches,
    pub(super) fleets: FleetFiles,
    pub(super) measurements: Measurements,
    pub(super) last_requests: LastRequests,
    pub(super) replays: Replays,
    /// A backup is being written.
    pub(super) backing_up: AtomicBool,
    /// Endpoints whose captured requests could not be written to their buckets.
    pub(super) capture_refused: Mutex<HashSet<String>>,
    wakes: RwLock<Vec<Wake>>,
}

impl Shared {
    pub(super) fn new(
        store: Store,
        serving: Arc<Serving>,
        clock: Clock,
        sender: Sender<Message>,
    ) -> Result<Arc<Self>, StoreError> {
        let folder = store.folder().to_owned();
        let refused = |doing: &'static str, path: PathBuf| move |source| StoreError::Io { doing, path, source };
        let workers = Workers::start().map_err(refused("start workers for", folder.clone()))?;
        Ok(Arc::new(Self {
            watches: Watches::new(folder.join("logs").join("training")),
            fleets: FleetFiles::new(folder.join("fleets")),
            measurements: Measurements::open(folder.join("metrics"), clock.wall_ms().div_euclid(1_000)),
            last_requests: LastRequests::open(folder.join("last_requests.json")),
            replays: Replays::default(),
            store,
            serving,
            clock,
            sender,
            published: ArcSwap::default(),
            workers,
            backing_up: AtomicBool::new(false),
            capture_refused: Mutex::default(),
            wakes: RwLock::default(),
        }))
    }

    /// The time now.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp(self.clock.wall_ms())
    }

    /// The time now, in seconds since the Unix epoch.
    pub(super) fn now_s(&self) -> i64 {
        self.clock.wall_ms().div_euclid(1_000)
    }

    /// Takes over what the data plane has measured since the last time.
    pub(super) fn collect(&self) {
        self.measurements.collect(&self.serving, &self.published.load());
    }

    /// Posts news to the loop. After the loop has ended nobody needs them.
    pub(super) fn report(&self, report: Report) {
        let _ = self.sender.send(Message::Report(report));
    }

    /// Registers somebody who wants to know about changes.
    pub(super) fn add_wake(&self, wake: Wake) {
        self.wakes.write().unwrap_or_else(PoisonError::into_inner).push(wake);
    }

    /// Tells everybody that there is something new to draw.
    pub(super) fn wake(&self) {
        // Called without the lock held: a callback may register another one.
        let wakes = self.wakes.read().unwrap_or_else(PoisonError::into_inner).clone();
        for wake in wakes {
            wake();
        }
    }
}
