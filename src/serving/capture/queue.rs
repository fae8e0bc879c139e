//! The way from the requests to the thread that writes: a bounded queue that never makes a request wait, and copies each record once.
//!
//! Requests are written into two buffers that the thread swaps for empty ones, so that in the long run nothing is allocated. The thread
//! naps for a moment between two swaps: waking it for every request would cost more than all the rest. Orders (labels and such) are
//! drained before the requests and carried out after them, so that a label always finds a request that was taken before it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::record::Facts;

/// Requests that may wait for the thread.
const MOST: usize = 50_000;

/// Bytes of theirs that may wait.
const MOST_BYTES: usize = 32 << 20;

/// The thread's nap between two swaps while requests come in.
const NAP: Duration = Duration::from_millis(5);

/// A request on its way, and whose it is.
pub(super) struct Taken {
    pub(super) tap: u64,
    pub(super) facts: Facts,
}

/// What waits. Bytes of the requests stand one after the other.
pub(super) struct Batch<O> {
    pub(super) orders: Vec<O>,
    pub(super) taken: Vec<Taken>,
    pub(super) bytes: Vec<u8>,
}

impl<O> Default for Batch<O> {
    fn default() -> Self {
        Self { orders: Vec::new(), taken: Vec::new(), bytes: Vec::new() }
    }
}

/// The queue. `O` is what else the thread is asked for.
pub(super) struct Queue<O> {
    state: Mutex<State<O>>,
    wake: Condvar,
}

struct State<O> {
    batch: Batch<O>,
    /// The thread waits until it is called.
    asleep: bool,
    /// Somebody waits for an order: no nap.
    urgent: bool,
    closing: bool,
}

impl<O> Default for Queue<O> {
    fn default() -> Self {
        let state = State { batch: Batch::default(), asleep: false, urgent: false, closing: false };
        Self { state: Mutex::new(state), wake: Condvar::new() }
    }
}

impl<O> Queue<O> {
    fn lock(&self) -> MutexGuard<'_, State<O>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a request, whose pieces make up as many bytes as its facts say; `false` when there is no room.
    pub(super) fn push(&self, taken: Taken, pieces: &[&[u8]]) -> bool {
        let mut state = self.lock();
        if state.batch.taken.len() >= MOST || state.batch.bytes.len() >= MOST_BYTES {
            return false;
        }
        for piece in pieces {
            state.batch.bytes.extend_from_slice(piece);
        }
        state.batch.taken.push(taken);
        self.call(state);
        true
    }

    /// Asks the thread for something. `urgent` where somebody waits for it.
    pub(super) fn order(&self, order: O, urgent: bool) {
        let mut state = self.lock();
        state.batch.orders.push(order);
        state.urgent |= urgent;
        if urgent {
            state.asleep = false;
            drop(state);
            self.wake.notify_all();
        } else {
            self.call(state);
        }
    }

    /// As [`Queue::order`], of what may get lost: it does where as much waits as requests may.
    pub(super) fn offer(&self, order: O) {
        let mut state = self.lock();
        if state.batch.orders.len() < MOST {
            state.batch.orders.push(order);
            self.call(state);
        }
    }

    fn call(&self, mut state: MutexGuard<'_, State<O>>) {
        if std::mem::take(&mut state.asleep) {
            drop(state);
            self.wake.notify_all();
        }
    }

    /// No more after this.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.wake.notify_all();
    }

    /// For the thread: gives the emptied buffers back and takes what has come, after a nap or, when nothing is there, after a sleep of at
    /// most `limit`. `false` when the queue is closed; what is in the batch is then the last.
    pub(super) fn swap(&self, batch: &mut Batch<O>, limit: Duration) -> bool {
        let mut state = self.lock();
        let is_empty = |state: &State<O>| state.batch.taken.is_empty() && state.batch.orders.is_empty();
        if is_empty(&state) && !state.closing {
            state.asleep = true;
            let called = |state: &mut State<O>| state.asleep && !state.closing;
            state = self.wake.wait_timeout_while(state, limit, called).unwrap_or_else(PoisonError::into_inner).0;
            state.asleep = false;
        }
        let quiet = |state: &mut State<O>| !state.urgent && !state.closing;
        state = self.wake.wait_timeout_while(state, NAP, quiet).unwrap_or_else(PoisonError::into_inner).0;
        state.urgent = false;
        std::mem::swap(&mut state.batch, batch);
        !state.closing
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{record, source};
    use super::*;

    #[test]
    fn a_full_queue_refuses_and_never_waits() {
        let queue = Queue::<()>::default();
        let facts = record(&source(1, &[1.0]), "i", "1", "2").facts;
        let piece = vec![0; 1 << 20];
        let mut taken = 0;
        while queue.push(Taken { tap: 1, facts: facts.clone() }, &[&piece]) {
            taken += 1;
        }
        assert_eq!(taken, MOST_BYTES >> 20);
        let mut batch = Batch::default();
        assert!(queue.swap(&mut batch, Duration::from_mins(1)));
        assert_eq!((batch.taken.len(), batch.bytes.len()), (taken, MOST_BYTES));
        assert!(queue.push(Taken { tap: 1, facts: facts.clone() }, &[b"1"]), "there is room again");
        for _ in 1..MOST {
            assert!(queue.push(Taken { tap: 1, facts: facts.clone() }, &[]));
        }
        assert!(!queue.push(Taken { tap: 1, facts }, &[]));
    }

    #[test]
    fn an_order_is_never_drained_before_a_request_that_was_there_first() {
        let queue = Queue::<u32>::default();
        let facts = record(&source(1, &[1.0]), "i", "1", "2").facts;
        let (mut requests, mut orders) = (0, 0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in 1..=10_000 {
                    assert!(queue.push(Taken { tap: 1, facts: facts.clone() }, &[]));
                    queue.order(number, number % 1_000 == 0);
                }
                queue.close();
            });
            let mut batch = Batch::default();
            loop {
                let goes_on = queue.swap(&mut batch, Duration::from_mins(1));
                requests += batch.taken.drain(..).count() as u32;
                orders = batch.orders.drain(..).fold(orders, |_, order| order);
                assert!(requests >= orders, "{orders} came before its request");
                if !goes_on {
                    break;
                }
            }
        });
        assert_eq!((requests, orders), (10_000, 10_000));
    }
}
