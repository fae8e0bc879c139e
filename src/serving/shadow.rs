//! Shadow variants: models that get copies of requests which the production variants answer. What they answer goes nowhere but into the
//! measurements. They have a bounded queue and threads of their own, so that no client ever waits for one: what does not fit is dropped
//! and counted.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::answers::Reading;
use super::capture::Tap;
use super::fleet::Variant;
use super::instances::Occupation;
use super::versus::{Compared, Echo, Versus};
use super::window::Measured;
use super::{Invocation, Prediction, content};
use crate::util::clock::Clock;
use crate::util::seed::mix;

/// Copies that may wait for one shadow variant.
const MOST: usize = 1_000;

/// Bytes of theirs that may wait.
const MOST_BYTES: usize = 32 << 20;

/// A worker that has nothing to do looks again after this long, before it sleeps until it is called: calling a thread for every request
/// would cost the request more than the copy does.
const NAP: Duration = Duration::from_millis(2);

/// Looks without finding anything before a worker sleeps.
const NAPS: u32 = 50;

/// The step of `SplitMix64`, as in the router.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A shadow variant in its place. It answers nothing before [`Shadow::start`]. Its threads end with it; copies that wait then are forgotten.
#[derive(Debug)]
pub struct Shadow(Arc<Place>);

#[derive(Debug)]
struct Place {
    variant: Variant,
    versus: Arc<Versus>,
    /// The share of requests that is copied, as a stretch of `0..2⁶⁴`.
    below: AtomicU64,
    /// Copies everything: the whole of `0..2⁶⁴` has no number of 64 bits.
    all: AtomicBool,
    draws: AtomicU64,
    dropped: AtomicU64,
    queue: Mutex<Queue>,
    called: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    copies: VecDeque<Copied>,
    bytes: usize,
    /// Workers that there should be, and that there are.
    wanted: u32,
    working: u32,
    /// Workers that answer a copy.
    busy: u32,
    /// Workers that sleep until they are called.
    asleep: u32,
    closing: bool,
    /// Set when it is started.
    by: Option<By>,
}

/// What a worker measures by, where its answers wait for labels, and whom it tells that it has.
#[derive(Clone)]
pub struct By {
    pub clock: Clock,
    pub tap: Arc<Tap>,
    pub told: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("By").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// A request of its own, without a client.
#[derive(Debug)]
struct Copied {
    content_type: Option<Box<str>>,
    accept: Option<Box<str>>,
    inference_id: Option<Box<str>>,
    body: Box<[u8]>,
}

impl Shadow {
    /// With a share of the requests (0 to 1) and as many threads as it has instances. Equal seeds make equal choices.
    pub fn new(variant: Variant, share: f64, instances: u32, seed: u64) -> Self {
        let place = Place {
            variant,
            versus: Arc::default(),
            below: AtomicU64::new(0),
            all: AtomicBool::new(false),
            draws: AtomicU64::new(seed),
            dropped: AtomicU64::new(0),
            queue: Mutex::new(Queue { wanted: instances, ..Queue::default() }),
            called: Condvar::new(),
        };
        let shadow = Self(Arc::new(place));
        shadow.set_share(share);
        shadow
    }

    /// Goes on with the measurements of another, which is the same model in the same place. Before it is started.
    pub fn go_on_from(&mut self, other: &Self) {
        if let Some(place) = Arc::get_mut(&mut self.0) {
            place.variant.meter = Arc::clone(&other.0.variant.meter);
            place.versus = Arc::clone(&other.0.versus);
        }
    }

    /// Lets its threads begin; does nothing where they have.
    pub fn start(&self, by: &By) {
        let mut queue = self.0.lock();
        queue.by.get_or_insert_with(|| by.clone());
        self.0.staff(&mut queue);
    }

    /// The model in its place, and what is measured of it.
    pub fn variant(&self) -> &Variant {
        &self.0.variant
    }

    /// How it compares with what clients got.
    pub fn versus(&self) -> &Versus {
        &self.0.versus
    }

    /// Copies that were not made because the queue was full.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Another share, 0 to 1; the next request obeys.
    pub fn set_share(&self, share: f64) {
        let share = share.clamp(0.0, 1.0);
        // `as` saturates, and 1 is told apart by itself.
        self.0.below.store((share * 18_446_744_073_709_551_616.0) as u64, Ordering::Relaxed);
        self.0.all.store(share >= 1.0, Ordering::Release);
    }

    /// The share in force, 0 to 1.
    pub fn share(&self) -> f64 {
        if self.0.all.load(Ordering::Acquire) {
            return 1.0;
        }
        self.0.below.load(Ordering::Relaxed) as f64 / 18_446_744_073_709_551_616.0
    }

    /// Another number of instances: copies that are answered at a time.
    pub fn set_instances(&self, count: u32) {
        let mut queue = self.0.lock();
        queue.wanted = count;
        self.0.staff(&mut queue);
        drop(queue);
        self.0.called.notify_all();
    }

    /// Its instances, those that answer a copy now, and the copies that wait.
    pub fn occupation(&self) -> Occupation {
        let queue = self.0.lock();
        let waiting = u32::try_from(queue.copies.len()).unwrap_or(u32::MAX);
        Occupation { count: queue.wanted, busy: queue.busy, waiting }
    }

    /// Looks at a request that a production variant has answered, and copies it if the dice say so. Never waits for anything.
    pub fn look(&self, request: &Invocation<'_>) {
        let place = &*self.0;
        let bits = mix(place.draws.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP));
        if bits >= place.below.load(Ordering::Relaxed) && !place.all.load(Ordering::Acquire) {
            return;
        }
        if !place.is_open_to(request.body.len()) {
            place.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        // Not in the lock: megabytes take their time.
        let copied = Copied {
            content_type: request.content_type.map(Box::from),
            accept: request.accept.map(Box::from),
            inference_id: request.inference_id.map(Box::from),
            body: Box::from(request.body),
        };
        place.push(copied);
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.closing = true;
        queue.copies.clear();
        drop(queue);
        self.0.called.notify_all();
    }
}

impl Place {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_open_to(&self, bytes: usize) -> bool {
        let queue = self.lock();
        queue.copies.len() < MOST && queue.bytes + bytes <= MOST_BYTES
    }

    /// Hires what is missing.
    fn staff(self: &Arc<Self>, queue: &mut Queue) {
        let Some(by) = queue.by.clone() else { return };
        while queue.working < queue.wanted {
            let (place, by) = (Arc::clone(self), by.clone());
            let name = format!("shadow-{}", self.variant.name);
            match std::thread::Builder::new().name(name).spawn(move || place.work(&by)) {
                Ok(_) => queue.working += 1,
                Err(error) => {
                    tracing::error!("shadow variant {} has a thread too few: {error}", self.variant.name);
                    return;
                }
            }
        }
    }

    fn push(&self, copied: Copied) {
        let mut queue = self.lock();
        queue.bytes += copied.body.len();
        queue.copies.push_back(copied);
        let call = queue.asleep > 0;
        drop(queue);
        if call {
            self.called.notify_one();
        }
    }

    /// A worker's life.
    fn work(&self, by: &By) {
        let compared = Arc::new(Compared {
            reading: Reading::of(&self.variant.model),
            meter: Arc::clone(&self.variant.meter),
            versus: Arc::clone(&self.versus),
            told: Arc::clone(&by.told),
        });
        while let Some(copied) = self.next() {
            if let Some(echo) = self.answer(copied, &by.clock, &compared) {
                by.tap.echo(echo);
            }
            self.lock().busy -= 1;
            (by.told)();
        }
    }

    /// The next copy; `None` when this worker is one too many or there are no more requests.
    fn next(&self) -> Option<Copied> {
        let mut queue = self.lock();
        let mut naps = 0;
        loop {
            if queue.closing || queue.working > queue.wanted {
                queue.working -= 1;
                return None;
            }
            if let Some(copied) = queue.copies.pop_front() {
                queue.bytes -= copied.body.len();
                queue.busy += 1;
                return Some(copied);
            }
            if naps < NAPS {
                naps += 1;
                queue = self.called.wait_timeout(queue, NAP).unwrap_or_else(PoisonError::into_inner).0;
            } else {
                queue.asleep += 1;
                queue = self.called.wait(queue).unwrap_or_else(PoisonError::into_inner);
                queue.asleep -= 1;
                naps = 0;
            }
        }
    }

    /// Answers a copy; an answer that a label may name waits for it.
    fn answer(&self, copied: Copied, clock: &Clock, compared: &Arc<Compared>) -> Option<Echo> {
        let Copied { content_type, accept, inference_id, body } = copied;
        let started = clock.elapsed();
        let result = content::answer(&self.variant.model, content_type.as_deref(), accept.as_deref(), &body);
        let took = clock.elapsed().saturating_sub(started);
        let (status, rows, bytes, refused) = match &result {
            Ok(prediction) => (200, prediction.rows, prediction.body.len(), None),
            Err(error) => (error.status_of_variant(), 0, 0, Some(error.to_string())),
        };
        let measured = Measured {
            at_ms: clock.wall_ms(),
            latency_ns: u64::try_from(took.as_nanos()).unwrap_or(u64::MAX),
            overhead_ns: None,
            status,
            rows: rows as u64,
            bytes: bytes as u64,
            drawn: true,
        };
        self.variant.meter.record(&measured, refused.as_deref());
        let (prediction, id) = result.ok().zip(inference_id)?;
        let Prediction { content_type, body, .. } = prediction;
        Some(Echo { by: Arc::clone(compared), id, content_type, body: body.into() })
    }
}
