//! How the capture's thread is called. Requests wait in their endpoints' inboxes ([`super::inbox`]), and the thread naps between two looks at
//! them: waking it for every request would cost more than all the rest. Whatever else it is asked for (labels and such) stands here.
//!
//! The thread takes the orders first and empties the inboxes after that, and carries the orders out last, so that a label always finds a
//! request that was taken before it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The thread's nap between two looks while requests come in: short enough that little waits in memory only, long enough that falling
/// asleep and waking up are a small part of the work.
const NAP: Duration = Duration::from_millis(20);

/// Orders that wait where another one that may get lost does.
const MOST_OFFERED: usize = 50_000;

/// The queue of orders, `O`, and the thread's bed.
pub(super) struct Queue<O> {
    state: Mutex<State<O>>,
    wake: Condvar,
    /// The thread waits until it is called.
    asleep: AtomicBool,
}

struct State<O> {
    orders: Vec<O>,
    /// Somebody waits for an order: no nap.
    urgent: bool,
    closing: bool,
}

impl<O> Default for Queue<O> {
    fn default() -> Self {
        let state = State { orders: Vec::new(), urgent: false, closing: false };
        Self { state: Mutex::new(state), wake: Condvar::new(), asleep: AtomicBool::new(false) }
    }
}

impl<O> Queue<O> {
    fn lock(&self) -> MutexGuard<'_, State<O>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something has been put into an inbox. A look at a flag, but for the first time in a while.
    pub(super) fn call(&self) {
        if self.asleep.load(Ordering::SeqCst) && self.asleep.swap(false, Ordering::SeqCst) {
            // Whoever falls asleep holds the lock until it sleeps.
            drop(self.lock());
            self.wake.notify_all();
        }
    }

    /// No nap now: an inbox fills faster than the thread naps.
    pub(super) fn hurry(&self) {
        self.lock().urgent = true;
        self.asleep.store(false, Ordering::SeqCst);
        self.wake.notify_all();
    }

    /// Asks the thread for something. `urgent` where somebody waits for it.
    pub(super) fn order(&self, order: O, urgent: bool) {
        let mut state = self.lock();
        state.orders.push(order);
        state.urgent |= urgent;
        let is_asleep = self.asleep.swap(false, Ordering::SeqCst);
        drop(state);
        if urgent || is_asleep {
            self.wake.notify_all();
        }
    }

    /// As [`Queue::order`], of what may get lost: it does where too much waits.
    pub(super) fn offer(&self, order: O) {
        let mut state = self.lock();
        if state.orders.len() < MOST_OFFERED {
            state.orders.push(order);
            drop(state);
            self.call();
        }
    }

    /// No more after this.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.wake.notify_all();
    }

    /// For the thread: takes the orders that have come, after a nap or, when there are none and the inboxes are empty too (`is_idle`), after
    /// a sleep of at most `limit`. `false` when the queue is closed; what has come is then the last.
    pub(super) fn wait(&self, orders: &mut Vec<O>, limit: Duration, is_idle: impl FnOnce() -> bool) -> bool {
        let mut state = self.lock();
        if state.orders.is_empty() && !state.closing {
            // First the flag, then the look: whoever puts something in later sees the flag.
            self.asleep.store(true, Ordering::SeqCst);
            if is_idle() {
                let sleeps = |state: &mut State<O>| self.asleep.load(Ordering::SeqCst) && !state.closing;
                state = self.wake.wait_timeout_while(state, limit, sleeps).unwrap_or_else(PoisonError::into_inner).0;
            }
            self.asleep.store(false, Ordering::SeqCst);
        }
        let quiet = |state: &mut State<O>| !state.urgent && !state.closing;
        state = self.wake.wait_timeout_while(state, NAP, quiet).unwrap_or_else(PoisonError::into_inner).0;
        state.urgent = false;
        orders.append(&mut state.orders);
        !state.closing
    }
}

#[cfg(test)]
mod tests {
    use super::super::inbox::{Inbox, Put, Waiting};
    use super::super::record::tests::{record, source};
    use super::*;

    #[test]
    fn an_order_is_never_carried_out_before_a_request_that_was_there_first() {
        let (queue, inbox) = (Queue::<u32>::default(), Inbox::default());
        let record = record(&source(1, &[1.0]), "i", "1", "2");
        let (mut requests, mut last) = (0, 0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in 1..=10_000 {
                    assert_ne!(inbox.push(&record.source, &record.facts, &[]), Put::Refused);
                    queue.call();
                    queue.order(number, number % 1_000 == 0);
                }
                queue.close();
            });
            let (mut orders, mut waiting) = (Vec::new(), Waiting::default());
            loop {
                let goes_on = queue.wait(&mut orders, Duration::from_mins(1), || inbox.is_empty());
                inbox.swap(&mut waiting);
                requests += waiting.requests as u32;
                waiting.clear();
                last = orders.drain(..).fold(last, |_, order| order);
                assert!(requests >= last, "{last} came before its request");
                if !goes_on {
                    break;
                }
            }
        });
        assert_eq!((requests, last), (10_000, 10_000));
    }

    #[test]
    fn a_request_wakes_a_thread_that_is_asleep_for_long() {
        let (queue, inbox) = (Queue::<()>::default(), Inbox::default());
        let record = record(&source(1, &[1.0]), "i", "1", "2");
        std::thread::scope(|scope| {
            let (queue, inbox) = (&queue, &inbox);
            // Each request is taken before the next one comes: the thread falls asleep between them, and sleeps for good if it misses a call.
            let (taken, heard) = std::sync::mpsc::channel();
            scope.spawn(move || {
                let (mut orders, mut waiting) = (Vec::new(), Waiting::default());
                while queue.wait(&mut orders, Duration::from_hours(1), || inbox.is_empty()) {
                    inbox.swap(&mut waiting);
                    (0..waiting.requests).for_each(|_| taken.send(()).unwrap());
                    waiting.clear();
                }
            });
            for _ in 0..20 {
                assert_eq!(inbox.push(&record.source, &record.facts, &[]), Put::Waits);
                queue.call();
                heard.recv_timeout(Duration::from_mins(1)).unwrap();
            }
            queue.close();
        });
    }
}
