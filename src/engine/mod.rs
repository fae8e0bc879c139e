//! The control plane: one event loop takes commands and reports of workers, changes the store, then answers and publishes.
//!
//! The order never varies: check → store (flushed) → data plane → publish the snapshot → answer the ticket. The loop blocks on nothing but
//! the store; everything long runs on workers ([`effects`]) and comes back as a [`message::Report`]. A worker that panics is a failed job
//! or update with a reason, and the loop lives on.

mod alarms;
mod autopilot;
mod change;
mod commands;
mod control;
mod data_capture;
mod effects;
mod endpoints;
mod experiments;
mod fleets;
mod ground_truth;
mod last_requests;
pub mod machine;
mod measurements;
mod message;
mod object_traffic;
mod preview;
mod recovery;
mod replay;
pub mod sample;
mod shared;
mod traffic;
mod training;

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use self::control::Control;
use self::message::{Message, Report};
use self::shared::Shared;
use crate::domain::bucket::Object;
use crate::domain::metric::MetricId;
use crate::domain::multipart_upload::{MultipartUpload, Part};
use crate::domain::s3_uri::S3Uri;
use crate::serving::Serving;
use crate::stats::live::EndpointLive;
use crate::store::{Mended, RestoreNote, Store, StoreError};
use crate::util::clock::Clock;
use crate::util::promise::{Promise, promise};
use crate::workspace::{
    Command, CommandError, Datum, Known, LogPage, Measured, Preview, Replay, Snapshot, Ticket, TrainingProgress, Wake,
    Workspace,
};

/// How the engine is set up.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Training jobs that run at the same time; others wait.
    pub training_workers: usize,
    /// How long a replaced or deleted fleet may take to finish its requests.
    pub drain_limit: Duration,
    /// Seed of training jobs that name none.
    pub seed: u64,
    /// What the store had to do to open; shown to the person.
    pub restored: Option<RestoreNote>,
    /// Where bodies on disk and their records differed, and what the store did; told as an event.
    pub mended: Mended,
}

impl Default for EngineOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            training_workers: cores.saturating_sub(1).max(1),
            drain_limit: Duration::from_secs(30),
            seed: 0,
            restored: None,
            mended: Mended::default(),
        }
    }
}

/// The engine: the [`Workspace`] that runs here.
pub struct Engine {
    shared: Arc<Shared>,
    restored: Promise<()>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How long small internal questions may take before they count as unanswered.
const INTERNAL: Duration = Duration::from_secs(30);

impl Engine {
    /// Reads the store, picks up what the last run left, and starts the loop.
    ///
    /// # Errors
    /// Those of the store.
    pub fn start(
        store: Store,
        serving: Arc<Serving>,
        clock: Clock,
        options: EngineOptions,
    ) -> Result<Arc<Self>, StoreError> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let shared = Shared::new(store, serving, clock, sender)?;
        // Weak: the data plane must not keep the workspace open that keeps the data plane.
        let waker = Arc::downgrade(&shared);
        shared.serving.on_activity(Arc::new(move || {
            if let Some(shared) = waker.upgrade() {
                shared.wake();
            }
        }));
        data_capture::begin(&shared);
        let mut control = Control::open(Arc::clone(&shared), options)?;
        let restored = control.recover();
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || control.run(&receiver))
            .map_err(|source| StoreError::Io { doing: "start the engine for", path: PathBuf::new(), source })?;
        Ok(Arc::new(Self { shared, restored, thread: Mutex::new(Some(thread)) }))
    }

    /// Blocks until every endpoint that served before serves again (or has failed with its reason), or `limit` has passed (`false`).
    pub fn wait_restored(&self, limit: Duration) -> bool {
        self.restored.wait(limit).is_some()
    }

    /// Says where the listener accepts, and which certificates its clients need. The snapshot shows both when this returns.
    pub fn set_base_url(&self, url: impl Into<String>, ca_bundle: Option<PathBuf>) {
        let (resolver, answered) = promise();
        self.shared.report(Report::BaseUrl { url: url.into(), ca_bundle, resolver });
        answered.wait(INTERNAL);
    }

    /// Takes no more commands from now on, interrupts training so that it begins again at the next start, and ends traffic tests. Returns
    /// at once; [`Engine::shutdown`] waits for it.
    pub fn begin_shutdown(&self, grace: Duration) {
        // A loop that has ended needs no word.
        let _ = self.shared.sender.send(Message::Close { grace });
    }

    /// As [`Engine::begin_shutdown`], and returns when the loop has ended. Workers that need longer than `grace` are left behind; nothing
    /// that they do counts any more.
    pub fn shutdown(&self, grace: Duration) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        self.begin_shutdown(grace);
        if thread.join().is_err() {
            tracing::error!("the engine's loop ended with a panic");
        }
        // Here and not in the loop: the listener's last requests may end after it.
        self.shared.collect();
        self.shared.measurements.keep(self.shared.now_s());
    }

    fn ask<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&Shared) -> Result<T, CommandError> + Send + 'static,
    ) -> Ticket<T> {
        let (resolver, ticket) = promise();
        let shared = Arc::clone(&self.shared);
        let what = name.to_owned();
        self.shared.workers.run(move || {
            let answer = effects::guarded(&what, || work(&shared)).unwrap_or_else(|why| Err(CommandError::Failed(why)));
            resolver.resolve(answer);
            shared.wake();
        });
        ticket
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shutdown(Duration::ZERO);
    }
}

impl Workspace for Engine {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.published.load_full()
    }

    fn submit(&self, command: Command) -> Ticket {
        let (resolver, ticket) = promise();
        match self.shared.sender.send(Message::Command(Box::new(command), resolver)) {
            Ok(()) => ticket,
            Err(_) => Promise::ready(Err(CommandError::Closing)),
        }
    }

    fn on_change(&self, wake: Wake) {
        self.shared.add_wake(wake);
    }

    fn training_progress(&self, job: &str) -> Option<Arc<TrainingProgress>> {
        Some(training::watch_of(&self.shared, job)?.progress())
    }

    fn training_log(&self, job: &str, from: u64, limit: usize) -> LogPage {
        training::watch_of(&self.shared, job).map_or_else(LogPage::default, |watch| watch.log(from, limit))
    }

    fn endpoint_live(&self, endpoint: &str) -> Option<Arc<EndpointLive>> {
        let live = self.shared.serving.live(endpoint)?;
        Some(self.shared.last_requests.complete(&self.snapshot(), endpoint, live))
    }

    fn metric(&self, id: &MetricId, start_s: i64, end_s: i64) -> Vec<Measured> {
        self.shared.collect();
        self.shared.measurements.read(id, start_s, end_s)
    }

    fn metrics(&self) -> Vec<Known> {
        self.shared.collect();
        self.shared.measurements.known()
    }

    fn put_metrics(&self, data: Vec<Datum>) {
        self.shared.measurements.put(data);
    }

    fn replay(&self) -> Option<Arc<Replay>> {
        self.shared.replays.look()
    }

    fn preview(&self, object: &S3Uri, max_rows: usize) -> Ticket<Arc<Preview>> {
        let uri = object.clone();
        self.ask("preview", move |shared| preview::preview(shared.store.objects(), &uri, max_rows).map(Arc::new))
    }

    fn open_object(&self, object: &S3Uri) -> Result<(Object, File), CommandError> {
        self.shared.store.objects().open(object).map_err(commands::command_error)
    }

    fn staging(&self) -> PathBuf {
        self.shared.store.objects().staging()
    }

    fn multipart_uploads(&self, bucket: &str) -> Result<Vec<MultipartUpload>, CommandError> {
        self.shared.store.objects().uploads(bucket).map_err(commands::command_error)
    }

    fn parts(&self, upload: &str) -> Result<(MultipartUpload, Vec<Part>), CommandError> {
        self.shared.store.objects().parts(upload).map_err(commands::command_error)
    }

    fn download(&self, object: &S3Uri, to: PathBuf) -> Ticket<u64> {
        let uri = object.clone();
        self.ask("download", move |shared| preview::download(shared.store.objects(), &uri, &to))
    }
}
