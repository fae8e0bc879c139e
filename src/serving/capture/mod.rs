//! The capture: every answered request with the probabilities that it was drawn by, in memory and on disk, to be joined by labels later
//! and to be replayed. It never makes a request wait: where the disk can't keep up, requests are left out and counted.
//!
//! A request is written once, as the frame that the disk gets, into its endpoint's inbox ([`inbox`]), which one thread empties many requests
//! at a time ([`queue`]). The thread appends them to the endpoint's segments ([`segments`]), keeps the newest in memory ([`ring`]) and
//! joins labels ([`desk`]). A label that comes after its request has left the memory is looked for on disk. Labels are acknowledged when
//! they are on disk; requests are handed to the system within hundredths of a second and survive the end of the process, not that of the
//! machine.

mod arms;
mod beginning;
mod desk;
mod frame;
mod inbox;
mod outbox;
mod queue;
mod record;
mod ring;
mod segments;
mod tap;
#[cfg(test)]
mod tests;
mod thread;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use crate::domain::label::{Label, LabelReport};
use crate::util::clock::Clock;
use crate::util::promise::{Promise, promise};
use crate::util::seed::mix;

pub use arms::{Arm, Arms, Source};
pub use desk::{Joined, Past};
pub use outbox::CaptureFile;
pub use record::{KEPT_BYTES, Record};
pub use segments::{ENDPOINT_BYTES, KEPT_MS};
pub use tap::{Answered, Tap};
pub use thread::Kept;

use desk::Sink;
use queue::Queue;
use thread::{Order, Writer};

/// Takes a file of data capture to its bucket.
pub type Post = Arc<dyn Fn(CaptureFile) + Send + Sync>;

/// The capture of all endpoints.
pub struct Capture {
    queue: Arc<Queue<Order>>,
    folder: Option<PathBuf>,
    clock: Clock,
    sink: Sink,
    thread: Mutex<Option<JoinHandle<()>>>,
    next: AtomicU64,
    seed: u64,
    post: Arc<OnceLock<Post>>,
}

impl std::fmt::Debug for Capture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capture").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Capture {
    /// A capture below `folder`, or one in memory only. `sink` hears of every label that counts, from the capture's thread.
    pub(super) fn new(
        clock: Clock,
        seed: u64,
        folder: Option<PathBuf>,
        sink: impl Fn(&Joined<'_>) + Send + Sync + 'static,
    ) -> Self {
        Self {
            queue: Arc::default(),
            folder,
            clock,
            sink: Arc::new(sink),
            thread: Mutex::default(),
            next: AtomicU64::new(0),
            seed,
            post: Arc::default(),
        }
    }

    /// Sets who takes the files of data capture to their buckets. It must not block. The first one stays.
    pub(super) fn post_by(&self, post: Post) {
        let _ = self.post.set(post);
    }

    /// What the segments of an earlier run say of an endpoint; its variants' meters count it. Blocks while they are read.
    pub(super) fn recall(&self, endpoint: &str, live: &Arc<Arms>) -> Past {
        // An endpoint of this name may just have been deleted; its segments go first.
        self.flush();
        self.folder.as_ref().map_or_else(Past::default, |folder| Past::read(endpoint, &folder.join(endpoint), live))
    }

    /// An endpoint comes into service. Gives back what it remembers, but for the requests.
    pub(super) fn open(&self, endpoint: &str, mut past: Past) -> (Arc<Tap>, Past) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let tap = Arc::new(Tap {
            id,
            seed: mix(self.seed ^ id),
            endpoint: endpoint.into(),
            counts: tap::Counts::default(),
            rests: AtomicBool::new(false),
            inbox: inbox::Inbox::default(),
            queue: Arc::clone(&self.queue),
        });
        self.queue.order(Order::Open(Arc::clone(&tap), std::mem::take(&mut past.ring)), false);
        self.start();
        (tap, past)
    }

    fn start(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_some() {
            return;
        }
        let writer = Writer {
            queue: Arc::clone(&self.queue),
            folder: self.folder.clone(),
            clock: self.clock.clone(),
            sink: Arc::clone(&self.sink),
            desks: std::collections::HashMap::new(),
            post: Arc::clone(&self.post),
            told: false,
        };
        match std::thread::Builder::new().name("capture".to_owned()).spawn(move || writer.run()) {
            Ok(handle) => *thread = Some(handle),
            // The queue fills and refuses: requests are answered, and counted as not captured.
            Err(error) => tracing::warn!(%error, "no thread to capture requests"),
        }
    }

    /// An endpoint is deleted, and what was captured of it.
    pub(super) fn close(&self, tap: &Tap) {
        // What finishes after this has nobody to tell.
        tap.rest(true);
        self.queue.order(Order::Close(tap.id), true);
    }

    /// Labels of an endpoint's requests. The promise is kept when those that count are on disk.
    pub(super) fn label(tap: &Tap, labels: Vec<Label>, is_awaited: bool) -> Promise<LabelReport> {
        let (answer, promise) = promise();
        tap.queue.order(Order::Labels { tap: tap.id, labels, answer }, is_awaited);
        promise
    }

    /// Returns when all that was taken before is handed to the system.
    pub(super) fn flush(&self) {
        self.flushed(false);
    }

    /// The same, and the files of data capture are on their way, due or not.
    pub(super) fn hand_over(&self) {
        self.flushed(true);
    }

    fn flushed(&self, all: bool) {
        if self.thread.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return;
        }
        let (answer, flushed) = promise();
        self.queue.order(Order::Flush { all, answer }, true);
        // Broken where the thread has ended: then there is nothing more to hand over.
        let _ = flushed.wait(std::time::Duration::from_mins(1));
    }

    /// Everything captured of an endpoint, oldest first, each with its label if it has one. Blocks while the segments are read.
    pub(super) fn read(&self, tap: &Tap, mut see: impl FnMut(Kept)) {
        self.flush();
        if let Some(folder) = &self.folder {
            thread::read_all(&folder.join(&*tap.endpoint), see);
            return;
        }
        let (answer, entries) = promise();
        self.queue.order(Order::Entries { tap: tap.id, answer }, true);
        if let Some(Ok(entries)) = entries.wait(std::time::Duration::from_mins(1)) {
            entries.into_iter().for_each(&mut see);
        }
    }

    /// Deletes what is on disk of an endpoint that does not serve.
    pub(super) fn forget(&self, endpoint: &str) {
        self.keep_only(|known| known != endpoint);
    }

    /// Deletes what is on disk of endpoints that are not there.
    pub(super) fn keep_only(&self, is_there: impl Fn(&str) -> bool) {
        let Some(entries) = self.folder.as_ref().and_then(|folder| std::fs::read_dir(folder).ok()) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_str().is_some_and(|name| !is_there(name))
                && let Err(error) = std::fs::remove_dir_all(entry.path())
            {
                tracing::warn!("{} could not be deleted: {error}", entry.path().display());
            }
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The last owner may be the thread itself, on its way through the sink.
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the capture's thread ended with a panic");
        }
    }
}
