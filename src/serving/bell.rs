//! Tells the window that there is something new: at most ten times a second, never while nothing happens.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Time between two rings.
pub const PERIOD: Duration = Duration::from_millis(100);

/// What the bell calls; from its own thread.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A bell that rings soon after activity. Its thread starts with the first listener and sleeps while nothing happens.
#[derive(Default)]
pub struct Bell(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Something happened since the last ring. The only thing that a request touches.
    pending: AtomicBool,
    rings: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    listeners: Vec<Wake>,
    started: bool,
    closing: bool,
}

impl std::fmt::Debug for Bell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bell").field("rings", &self.rings()).finish_non_exhaustive()
    }
}

impl Bell {
    /// Something happened. One load while a ring is due already.
    pub fn touch(&self) {
        self.0.touch();
    }

    /// For who measures on a thread of its own. Keeps nothing ringing.
    pub fn rope(&self) -> Rope {
        Rope(Arc::clone(&self.0))
    }

    /// How often it has rung.
    pub fn rings(&self) -> u64 {
        self.0.rings.load(Ordering::Acquire)
    }

    /// Adds a listener. It must be quick, and must not block.
    pub fn listen(&self, wake: Wake) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.listeners.push(wake);
        if !state.started {
            let shared = Arc::clone(&self.0);
            // Without the thread nobody is woken, and numbers are still right when somebody looks.
            match std::thread::Builder::new().name("serving-bell".to_owned()).spawn(move || shared.run()) {
                Ok(_) => state.started = true,
                Err(error) => tracing::warn!(%error, "no thread for live updates"),
            }
        }
    }
}

/// Touches a bell from elsewhere.
pub struct Rope(Arc<Shared>);

impl Rope {
    /// As [`Bell::touch`].
    pub fn touch(&self) {
        self.0.touch();
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).closing = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn touch(&self) {
        if !self.pending.load(Ordering::Acquire) && !self.pending.swap(true, Ordering::AcqRel) {
            // The lock orders this after the thread's look at `pending`, so that it can't fall asleep on it.
            drop(self.state.lock().unwrap_or_else(PoisonError::into_inner));
            self.changed.notify_all();
        }
    }

    fn run(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            while !state.closing && !self.pending.load(Ordering::Acquire) {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.closing {
                return;
            }
            // Cleared before the listeners look: what happens from now on rings again.
            self.pending.store(false, Ordering::Release);
            self.rings.fetch_add(1, Ordering::AcqRel);
            let listeners = state.listeners.clone();
            drop(state);
            for wake in &listeners {
                wake();
            }
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            // A pause whatever is pending; only closing ends it early.
            let (after, _) = self
                .changed
                .wait_timeout_while(state, PERIOD, |state| !state.closing)
                .unwrap_or_else(PoisonError::into_inner);
            state = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn until(what: impl Fn() -> bool) -> bool {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !what() {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::yield_now();
        }
        true
    }

    #[test]
    fn rings_after_activity_at_a_bounded_rate_and_is_silent_when_idle() {
        let bell = Bell::default();
        let heard = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&heard);
        bell.listen(Arc::new(move || {
            counter.fetch_add(1, Ordering::AcqRel);
        }));
        assert_eq!(bell.rings(), 0, "nothing has happened");
        let started = Instant::now();
        while bell.rings() < 3 {
            bell.touch();
        }
        // The third ring comes two periods after the first at the soonest.
        assert!(started.elapsed() >= PERIOD + PERIOD / 2, "{:?}", started.elapsed());
        assert!(until(|| heard.load(Ordering::Acquire) >= bell.rings()));
        // The last touch is never lost: it rings once more, and then no more.
        bell.touch();
        assert!(until(|| !bell.0.pending.load(Ordering::Acquire)));
    }

    #[test]
    fn its_thread_ends_with_it() {
        let bell = Bell::default();
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        bell.listen(Arc::new(move || {
            let _ = &held;
        }));
        bell.touch();
        drop(bell);
        assert!(until(|| Arc::strong_count(&alive) == 1));
    }
}
