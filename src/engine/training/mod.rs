//! Training jobs as they run: a queue in the loop, a thread a job, and what can be watched of it.

pub(super) mod channels;
mod log;
mod run;
mod watch;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::change::{Change, Row, training_tells};
use super::control::Control;
use super::effects::{guarded, spawn};
use super::machine::training_job::{self, Effect, Event};
use super::message::{Report, Touched};
use super::shared::Shared;
use crate::domain::reference::Kind;

pub(super) use watch::{Watch, Watches};

/// What a worker is told from outside. Its checks are between rounds and between pieces of input.
#[derive(Debug, Default)]
pub(super) struct Signal(AtomicU8);

/// What a [`Signal`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Go on.
    Go,
    /// Stop and keep what was learned.
    Stop,
    /// The app closes: leave everything, the job begins again.
    Close,
}

impl Signal {
    /// The order in force.
    pub(super) fn order(&self) -> Order {
        match self.0.load(Ordering::Acquire) {
            0 => Order::Go,
            1 => Order::Stop,
            _ => Order::Close,
        }
    }

    fn set(&self, order: Order) {
        self.0.fetch_max(order as u8, Ordering::AcqRel);
    }
}

/// Jobs that wait and jobs that run.
#[derive(Debug)]
pub(super) struct TrainingQueue {
    waiting: VecDeque<String>,
    running: HashMap<String, Arc<Signal>>,
    limit: usize,
    closed: bool,
}

impl TrainingQueue {
    pub(super) fn new(limit: usize) -> Self {
        Self { waiting: VecDeque::new(), running: HashMap::new(), limit: limit.max(1), closed: false }
    }

    /// Whether a worker is on a job of this name.
    pub(super) fn is_running(&self, name: &str) -> bool {
        self.running.contains_key(name)
    }

    /// Whether no worker is on any job.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// A worker is free again.
    pub(super) fn over(&mut self, name: &str) {
        self.running.remove(name);
    }

    /// Starts no more jobs, and asks the running ones to leave. One that is stopping still writes what it has learned.
    pub(super) fn close(&mut self) {
        self.closed = true;
        for signal in self.running.values().filter(|signal| signal.order() == Order::Go) {
            signal.set(Order::Close);
        }
    }
}

impl Control {
    /// What a worker says of its job.
    pub(super) fn training_event(&mut self, name: &str, event: Event) {
        let Some(job) = self.world.training_jobs.get(name).cloned() else { return };
        let step = training_job::step(&job, event, self.now());
        let Ok((next, effects)) = step else { return };
        if next == *job {
            return;
        }
        let artifact = next.artifact.clone();
        self.commit_or_show(name, Row::TrainingJob(next), training_tells(&effects), Kind::TrainingJob);
        if let Some(artifact) = artifact {
            self.look_again(&Touched { objects: vec![artifact], ..Touched::default() });
        }
        self.training_effects(name, effects);
    }

    /// Does what the machine asks for.
    pub(super) fn training_effects(&mut self, name: &str, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Queue => self.training.waiting.push_back(name.to_owned()),
                Effect::Unqueue => self.training.waiting.retain(|waiting| waiting != name),
                Effect::Interrupt => {
                    if let Some(signal) = self.training.running.get(name) {
                        signal.set(Order::Stop);
                    }
                }
                Effect::Tell(_) => {}
            }
        }
    }

    /// Gives waiting jobs to free workers.
    pub(super) fn training_dispatch(&mut self) {
        while !self.training.closed && self.training.running.len() < self.training.limit {
            // A job of this name may still be leaving its thread; its successor waits for that.
            let next = self.training.waiting.iter().position(|name| !self.training.is_running(name));
            let Some(name) = next.and_then(|at| self.training.waiting.remove(at)) else { return };
            self.training_start(&name);
        }
    }

    fn training_start(&mut self, name: &str) {
        let Some(job) = self.world.training_jobs.get(name).cloned() else { return };
        let Ok((next, _)) = training_job::step(&job, Event::Taken, self.now()) else { return };
        if next == *job {
            return;
        }
        if let Err(error) = self.commit(Change::row(Row::TrainingJob(next.clone()))) {
            let reason = format!("InternalServerError: the start could not be written down: {error}");
            return self.training_event(name, Event::Failed(reason));
        }
        let signal = Arc::new(Signal::default());
        self.training.running.insert(name.to_owned(), Arc::clone(&signal));
        let run = run::Run::new(Arc::clone(&self.shared), next, signal, self.options.seed);
        let (shared, job) = (Arc::clone(&self.shared), name.to_owned());
        let work = move || {
            let outcome = guarded("The training", || run.run());
            let event = outcome.unwrap_or_else(|why| Some(Event::Failed(format!("InternalServerError: {why}"))));
            if let Some(event) = event {
                shared.report(Report::Training { job: job.clone(), event });
            }
            shared.report(Report::TrainingOver { job });
        };
        if let Err(error) = spawn(format!("train {name}"), work) {
            self.training.over(name);
            let reason = format!("InternalServerError: the system gave no thread for it: {error}");
            self.training_event(name, Event::Failed(reason));
        }
    }

    /// The app has closed: jobs that a worker was on begin again at the next start.
    pub(super) fn training_closed(&mut self) {
        let open: Vec<String> = self
            .world
            .training_jobs
            .values()
            .filter(|job| !job.status.is_final())
            .map(|job| job.name().to_owned())
            .collect();
        for name in open {
            self.training_event(&name, Event::Closed);
        }
    }
}

/// What can be watched of a job; `None` when there is no such job. A job of an earlier run of the app is read from its files on a worker:
/// until that is done the watch is empty.
pub(super) fn watch_of(shared: &Arc<Shared>, name: &str) -> Option<Arc<Watch>> {
    if let Some(watch) = shared.watches.get(name) {
        return Some(watch);
    }
    let snapshot = shared.published.load();
    if !snapshot.training_jobs.contains(name) {
        return None;
    }
    let (watch, fresh) = shared.watches.open(name);
    if fresh {
        let (worker, loading) = (Arc::clone(shared), Arc::clone(&watch));
        shared.workers.run(move || {
            loading.load();
            worker.wake();
        });
    }
    Some(watch)
}

/// Forgets what can be watched of a job, on disk too.
pub(super) fn forget(shared: &Shared, name: &str) {
    shared.watches.forget(name);
}
