//! An answer that arrives later: the window polls it, a thread waits for it, async code awaits it. No runtime needed.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// The receiving end. Every clone sees the same answer.
#[derive(Debug)]
pub struct Promise<T>(Arc<Shared<T>>);

/// The answering end. Dropped without an answer, the promise is [`Broken`].
#[derive(Debug)]
pub struct Resolver<T>(Option<Arc<Shared<T>>>);

/// The answering side went away without an answer (its thread ended or panicked).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    ready: Condvar,
}

#[derive(Debug)]
struct State<T> {
    answer: Option<Result<T, Broken>>,
    wakers: Vec<Waker>,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // A poisoned lock still holds a whole state: every write below is a single assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, answer: Result<T, Broken>) {
        let wakers = {
            let mut state = self.lock();
            if state.answer.is_some() {
                return;
            }
            state.answer = Some(answer);
            std::mem::take(&mut state.wakers)
        };
        self.ready.notify_all();
        for waker in wakers {
            waker.wake();
        }
    }
}

/// A connected pair.
pub fn promise<T>() -> (Resolver<T>, Promise<T>) {
    let shared =
        Arc::new(Shared { state: Mutex::new(State { answer: None, wakers: Vec::new() }), ready: Condvar::new() });
    (Resolver(Some(Arc::clone(&shared))), Promise(shared))
}

impl<T> Resolver<T> {
    /// Delivers the answer and wakes whoever waits.
    pub fn resolve(mut self, answer: T) {
        if let Some(shared) = self.0.take() {
            shared.settle(Ok(answer));
        }
    }
}

impl<T> Drop for Resolver<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            shared.settle(Err(Broken));
        }
    }
}

impl<T> Clone for Promise<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone> Promise<T> {
    /// An answer that is there already.
    pub fn ready(answer: T) -> Self {
        let (resolver, promise) = promise();
        resolver.resolve(answer);
        promise
    }

    /// The answer if it is there; never blocks.
    pub fn poll_now(&self) -> Option<Result<T, Broken>> {
        self.0.lock().answer.clone()
    }

    /// Blocks until the answer is there or `limit` has passed (`None`).
    pub fn wait(&self, limit: Duration) -> Option<Result<T, Broken>> {
        let deadline = Instant::now() + limit;
        let mut state = self.0.lock();
        loop {
            if let Some(answer) = &state.answer {
                return Some(answer.clone());
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            state = self.0.ready.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl<T: Clone> Future for Promise<T> {
    type Output = Result<T, Broken>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock();
        if let Some(answer) = &state.answer {
            return Poll::Ready(answer.clone());
        }
        if !state.wakers.iter().any(|known| known.will_wake(cx.waker())) {
            state.wakers.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reaches_a_waiting_thread() {
        let (resolver, promise) = promise();
        assert_eq!(promise.poll_now(), None);
        let waiting = promise.clone();
        let thread = std::thread::spawn(move || waiting.wait(Duration::from_secs(10)));
        resolver.resolve(7);
        assert_eq!(thread.join().unwrap(), Some(Ok(7)));
    }

    #[test]
    fn a_dropped_resolver_breaks_the_promise() {
        let (resolver, promise) = promise::<u8>();
        drop(resolver);
        assert_eq!(promise.poll_now(), Some(Err(Broken)));
    }

    #[test]
    fn waiting_has_an_end() {
        let (_resolver, promise) = promise::<u8>();
        assert_eq!(promise.wait(Duration::from_millis(1)), None);
    }
}
