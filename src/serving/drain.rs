//! How many requests a fleet is answering, and waiting until it answers none: what makes a swap lose nothing.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts the requests of one fleet.
///
/// Entering and retiring are ordered (all `SeqCst`): a request adds itself, then looks whether the fleet is retired; a swap first replaces
/// the pointer, then retires the fleet, then looks at the count. So either the request sees that the fleet is retired and turns to the
/// new one, or the swap sees the request. After `retire` a count of 0 stays 0.
#[derive(Debug, Default)]
pub struct Gauge {
    in_flight: AtomicU32,
    retired: AtomicBool,
    requests: AtomicU64,
    failed: AtomicU64,
    lock: Mutex<()>,
    idle: Condvar,
}

/// A request that a fleet has taken; leaves the count when dropped. Most are over before anybody moves, and borrow their fleet's gauge; one
/// that waits keeps it.
#[derive(Debug)]
pub struct Entered<G: Deref<Target = Gauge>> {
    gauge: G,
    failed: bool,
    /// Cleared for one that was turned away: it leaves the count as it came and was no request.
    counted: bool,
}

impl Gauge {
    /// Takes a request; `None` when the fleet has been replaced: look again which one serves.
    pub fn enter(&self) -> Option<Entered<&Self>> {
        Entered::begin(self)
    }

    /// As [`Gauge::enter`], for a request that outlives the look at its fleet.
    pub fn enter_for_long(self: &Arc<Self>) -> Option<Entered<Arc<Self>>> {
        Entered::begin(Arc::clone(self))
    }

    /// From now on nothing enters. Call it after the pointer has been swapped.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::SeqCst);
    }

    /// Whether it has been retired and answers nothing any more.
    pub fn is_drained(&self) -> bool {
        self.retired.load(Ordering::SeqCst) && self.in_flight() == 0
    }

    /// Requests being answered now.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Requests answered so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Acquire)
    }

    /// Of these, the ones that failed through our fault (5xx).
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Acquire)
    }

    fn wait(&self, deadline: Instant) -> bool {
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.in_flight() > 0 {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return false;
            };
            guard = self.idle.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl<G: Deref<Target = Gauge>> Entered<G> {
    fn begin(gauge: G) -> Option<Self> {
        gauge.in_flight.fetch_add(1, Ordering::SeqCst);
        let counted = !gauge.retired.load(Ordering::SeqCst);
        let entered = Self { gauge, failed: false, counted };
        counted.then_some(entered)
    }

    /// Notes that the answer is a 5xx.
    pub fn fail(&mut self) {
        self.failed = true;
    }
}

impl<G: Deref<Target = Gauge>> Drop for Entered<G> {
    fn drop(&mut self) {
        let gauge = &*self.gauge;
        if self.counted {
            gauge.requests.fetch_add(1, Ordering::AcqRel);
            if self.failed {
                gauge.failed.fetch_add(1, Ordering::AcqRel);
            }
        }
        if gauge.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 && gauge.retired.load(Ordering::SeqCst) {
            // The lock orders this after a waiter's look at the count, so that no wake-up is lost.
            drop(gauge.lock.lock().unwrap_or_else(PoisonError::into_inner));
            gauge.idle.notify_all();
        }
    }
}

/// Fleets that were replaced and finish what they took.
#[derive(Clone, Debug)]
pub struct Draining(Vec<Arc<Gauge>>);

impl Draining {
    /// Watches the gauges of retired fleets.
    pub(super) fn new(gauges: impl IntoIterator<Item = Arc<Gauge>>) -> Self {
        Self(gauges.into_iter().collect())
    }

    /// Requests they are still answering.
    pub fn in_flight(&self) -> u32 {
        self.0.iter().map(|gauge| gauge.in_flight()).sum()
    }

    /// Requests they answered in their lives.
    pub fn requests(&self) -> u64 {
        self.0.iter().map(|gauge| gauge.requests()).sum()
    }

    /// Of these, the ones answered with a 5xx.
    pub fn failed(&self) -> u64 {
        self.0.iter().map(|gauge| gauge.failed()).sum()
    }

    /// Blocks until nothing is in flight (`true`) or `limit` has passed (`false`).
    pub fn wait(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        self.0.iter().all(|gauge| gauge.wait(deadline))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retired_fleet_takes_nothing_and_drains() {
        let gauge = Arc::new(Gauge::default());
        let request = gauge.enter().unwrap();
        gauge.retire();
        assert!(gauge.enter().is_none());
        let draining = Draining::new([Arc::clone(&gauge)]);
        assert_eq!(draining.in_flight(), 1);
        assert!(!draining.wait(Duration::ZERO));
        drop(request);
        assert!(draining.wait(Duration::ZERO) && gauge.is_drained());
        assert_eq!((draining.requests(), draining.failed()), (1, 0), "the one that bounced is no request");
    }

    #[test]
    fn the_last_request_wakes_the_waiter() {
        let gauge = Arc::new(Gauge::default());
        std::thread::scope(|scope| {
            let mut request = gauge.enter().unwrap();
            gauge.retire();
            let draining = Draining::new([Arc::clone(&gauge)]);
            let waiter = scope.spawn(move || draining.wait(Duration::from_mins(1)));
            request.fail();
            drop(request);
            assert!(waiter.join().unwrap());
        });
        assert_eq!((gauge.requests(), gauge.failed()), (1, 1));
    }

    #[test]
    fn nothing_enters_after_a_drain_was_seen() {
        // Many swaps against many requests: once a drained gauge was seen, no request may be inside.
        for _ in 0..200 {
            let gauge = Arc::new(Gauge::default());
            std::thread::scope(|scope| {
                let worker = scope.spawn(|| {
                    let mut answered = 0_u64;
                    while let Some(request) = gauge.enter() {
                        answered += 1;
                        drop(request);
                    }
                    answered
                });
                while gauge.requests() == 0 {
                    std::thread::yield_now();
                }
                gauge.retire();
                assert!(Draining::new([Arc::clone(&gauge)]).wait(Duration::from_mins(1)));
                let answered = gauge.requests();
                assert_eq!(worker.join().unwrap(), answered);
            });
        }
    }
}
