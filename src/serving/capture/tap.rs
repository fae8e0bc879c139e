//! Where an endpoint's requests are captured from: counts them in and out, and never makes one wait.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::super::content::Prediction;
use super::super::versus::Echo;
use super::super::window::Measured;
use super::super::{Invocation, InvokeError};
use super::arms::Source;
use super::inbox::{Inbox, Put};
use super::queue::Queue;
use super::record::{Facts, KEPT_BYTES, Sizes};
use super::thread::Order;
use crate::domain::label::LabelCounts;
use crate::stats::live::CaptureLive;

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// See [`CaptureLive`].
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) taken: Count,
    pub(super) dropped: Count,
    pub(super) without_body: Count,
    pub(super) unwritten: Count,
    pub(super) labels: Mutex<LabelCounts>,
}

/// One endpoint's way into the capture, from its first fleet to its deletion.
pub struct Tap {
    pub(super) id: u64,
    /// Of what is drawn for its files.
    pub(super) seed: u64,
    pub(super) endpoint: Arc<str>,
    pub(super) counts: Counts,
    /// See [`Tap::rest`].
    pub(super) rests: AtomicBool,
    pub(super) inbox: Inbox,
    pub(super) queue: Arc<Queue<Order>>,
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tap").field("endpoint", &self.endpoint).field("counts", &self.counts).finish_non_exhaustive()
    }
}

/// What became of a request, as its endpoint's slot sees it.
#[derive(Clone, Copy)]
pub struct Answered<'a> {
    /// The variants that there are, and the weights in force.
    pub source: &'a Arc<Source>,
    /// The place of the one that answered.
    pub arm: usize,
    /// What was measured.
    pub measured: &'a Measured,
    /// The prediction, or why there is none.
    pub result: &'a Result<Prediction, InvokeError>,
}

impl Tap {
    /// Captures one request. Costs a short lock and one copy of what is short enough to be kept.
    pub fn take(&self, request: &Invocation<'_>, answered: Answered<'_>) {
        if self.rests.load(Ordering::Relaxed) {
            return;
        }
        let Answered { source, arm, measured, result } = answered;
        let id = cut(request.inference_id);
        let content_type = cut(request.content_type);
        let (answer_type, answer) = match result {
            Ok(prediction) => (cut(Some(prediction.content_type)), kept(&prediction.body)),
            Err(_) => (&[] as &[u8], None),
        };
        let body = kept(request.body);
        let length = |kept: Option<&[u8]>| kept.map(|bytes| u32::try_from(bytes.len()).unwrap_or(0));
        let short = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap_or(0);
        let sizes = Sizes {
            id: short(id),
            content_type: short(content_type),
            answer_type: short(answer_type),
            request: length(body),
            answer: length(answer),
        };
        let facts = Facts {
            arm: u16::try_from(arm).unwrap_or(u16::MAX),
            drawn: measured.drawn,
            status: measured.status,
            rows: u32::try_from(measured.rows).unwrap_or(u32::MAX),
            at_ms: measured.at_ms,
            latency_ns: measured.latency_ns,
            sizes,
        };
        let pieces = [id, content_type, answer_type, body.unwrap_or_default(), answer.unwrap_or_default()];
        match self.inbox.push(source, &facts, &pieces) {
            Put::Waits => self.queue.call(),
            Put::HalfFull => self.queue.hurry(),
            Put::Refused => self.counts.dropped.add(1),
        }
    }

    /// Takes what a shadow variant answered to a request that was taken before.
    pub(in crate::serving) fn echo(&self, echo: Echo) {
        if echo.body.len() <= KEPT_BYTES {
            self.queue.offer(Order::Echo { tap: self.id, echo });
        }
    }

    /// Lets requests pass from now on as if there were no capture, or captures them again.
    pub fn rest(&self, rests: bool) {
        self.rests.store(rests, Ordering::Relaxed);
    }

    /// Counts what became of labels.
    pub(super) fn labelled(&self, counts: LabelCounts) {
        self.counts.labels.lock().unwrap_or_else(PoisonError::into_inner).add(counts);
    }

    /// The counts as of now.
    pub fn live(&self) -> CaptureLive {
        let counts = &self.counts;
        CaptureLive {
            taken: counts.taken.get(),
            dropped: counts.dropped.get(),
            without_body: counts.without_body.get(),
            unwritten: counts.unwritten.get(),
            labels: *counts.labels.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// A header's value; one that is longer than any that means something is left out.
fn cut(text: Option<&str>) -> &[u8] {
    text.filter(|text| u8::try_from(text.len()).is_ok()).unwrap_or_default().as_bytes()
}

fn kept(body: &[u8]) -> Option<&[u8]> {
    (body.len() <= KEPT_BYTES).then_some(body)
}
