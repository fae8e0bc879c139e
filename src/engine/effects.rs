//! Where long things run: a small pool for copies, previews and fleets, and threads of their own for training and draining.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

type Task = Box<dyn FnOnce() + Send>;

/// How many copies, previews and fleets are worked on at the same time.
const POOL: usize = 4;

/// A pool of worker threads that live as long as it does.
#[derive(Debug)]
pub(super) struct Workers(Mutex<Sender<Task>>);

impl Workers {
    /// Starts the threads. Fewer than planned are fine, none is an error.
    pub(super) fn start() -> std::io::Result<Self> {
        let (sender, receiver) = channel::<Task>();
        let receiver = Arc::new(Mutex::new(receiver));
        let mut started = 0;
        let mut refused = None;
        for i in 0..POOL {
            let receiver = Arc::clone(&receiver);
            match std::thread::Builder::new().name(format!("worker-{i}")).spawn(move || work(&receiver)) {
                Ok(_) => started += 1,
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            Some(error) if started == 0 => Err(error),
            _ => Ok(Self(Mutex::new(sender))),
        }
    }

    /// Runs a task as soon as a worker is free. The task guards itself; see [`guarded`].
    pub(super) fn run(&self, task: impl FnOnce() + Send + 'static) {
        // The receivers live in threads that never end before the sender does, so nothing is lost here.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).send(Box::new(task));
    }
}

fn work(receiver: &Mutex<Receiver<Task>>) {
    loop {
        // The guard is gone before the task runs, so that another worker can wait for the next one.
        let task = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = task else { return };
        if let Err(why) = guarded("a worker", task) {
            tracing::error!("{why}");
        }
    }
}

/// Starts a thread of its own for something long; answers whether the system had one.
pub(super) fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name).spawn(work).map(drop)
}

/// Runs work and turns a panic into words, so that a bug in one job fails that job only.
pub(super) fn guarded<T>(what: &str, work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        format!("{what} ended with an internal error: {}. This is a bug in Counterpoise", words(&*panic))
    })
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::promise::promise;
    use std::time::Duration;

    #[test]
    fn a_panicking_task_does_not_end_the_pool() {
        let workers = Workers::start().unwrap();
        for _ in 0..POOL * 2 {
            workers.run(|| panic!("expected in this test"));
        }
        let (resolver, answered) = promise();
        workers.run(move || resolver.resolve(7));
        assert_eq!(answered.wait(Duration::from_mins(1)), Some(Ok(7)));
    }

    #[test]
    fn a_panic_becomes_words() {
        let why = guarded("training", || -> u8 { panic!("at {}", 3) }).unwrap_err();
        assert!(why.contains("training") && why.contains("at 3"), "{why}");
    }
}
