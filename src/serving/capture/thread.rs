//! The one thread behind the capture: writes what was taken to the segments, keeps the newest in memory, and joins labels to requests.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::super::versus::Echo;
use super::Post;
use super::desk::{Desk, Sink, Unfound, search};
use super::queue::Queue;
use super::record::Record;
use super::ring::{Entry, Held, Ring};
use super::segments;
use super::tap::Tap;
use crate::domain::label::{Label, LabelReport};
use crate::util::clock::Clock;
use crate::util::promise::Resolver;

/// How often segments are looked at that may be too old, also where nothing is captured any more.
const LOOK: Duration = Duration::from_hours(1);

/// What the thread is asked for beside requests.
pub(super) enum Order {
    /// An endpoint comes into service, with what it remembers.
    Open(Arc<Tap>, Ring),
    /// It is deleted.
    Close(u64),
    /// Labels of its requests.
    Labels { tap: u64, labels: Vec<Label>, answer: Resolver<LabelReport> },
    /// What a shadow variant answered to one of them.
    Echo { tap: u64, echo: Echo },
    /// Requests that a search found on disk, for labels that waited.
    Found { tap: u64, found: HashMap<String, Entry>, unfound: Vec<Unfound> },
    /// Answered when all that came before is handed to the system; `all` files of data capture too, due or not.
    Flush { all: bool, answer: Resolver<()> },
    /// Everything that is known of an endpoint's requests in memory, oldest first.
    Entries { tap: u64, answer: Resolver<Vec<Kept>> },
}

/// A captured request with its label.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The request.
    pub record: Record,
    /// Its label, one number a row.
    pub label: Option<Vec<f64>>,
}

impl From<Held<'_>> for Kept {
    fn from((record, given): Held<'_>) -> Self {
        Self { record: record.to_owned(), label: given.map(|given| given.values.clone()) }
    }
}

pub(super) struct Writer {
    pub(super) queue: Arc<Queue<Order>>,
    pub(super) folder: Option<PathBuf>,
    pub(super) clock: Clock,
    pub(super) sink: Sink,
    pub(super) desks: HashMap<u64, Desk>,
    pub(super) post: Arc<OnceLock<Post>>,
    /// An endpoint whose disk refuses is told of once.
    pub(super) told: bool,
}

/// Labels that are answered once they are on disk.
struct Acknowledged {
    tap: u64,
    report: LabelReport,
    answer: Resolver<LabelReport>,
}

impl Writer {
    /// Runs until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let mut orders = Vec::new();
        let mut looked = self.clock.elapsed();
        loop {
            let due_ms = self.desks.values().filter_map(|desk| desk.outbox.due_ms()).min();
            let left = due_ms.map(|due| u64::try_from(due - self.clock.wall_ms()).unwrap_or(0));
            let limit = left.map_or(LOOK, Duration::from_millis).min(LOOK);
            let is_idle = || self.desks.values().all(|desk| desk.tap.inbox.is_empty());
            let goes_on = self.queue.wait(&mut orders, limit, is_idle);
            self.work(&mut orders);
            self.post(!goes_on);
            if self.clock.elapsed().saturating_sub(looked) >= LOOK {
                looked = self.clock.elapsed();
                let now_ms = self.clock.wall_ms();
                self.desks.values_mut().for_each(|desk| desk.retire(now_ms));
            }
            if !goes_on {
                return;
            }
        }
    }

    fn work(&mut self, orders: &mut Vec<Order>) {
        let mut later = Vec::new();
        for order in orders.drain(..) {
            match order {
                Order::Open(tap, ring) => {
                    let folder = self.folder.as_ref().map(|folder| folder.join(&*tap.endpoint));
                    self.desks.insert(tap.id, Desk::new(tap, folder, ring, self.clock.wall_ms()));
                }
                Order::Close(tap) => {
                    if let Some(mut desk) = self.desks.remove(&tap) {
                        let now_ms = self.clock.wall_ms();
                        // What came before the end goes to the bucket all the same.
                        desk.take(now_ms);
                        post(&self.post, &mut desk, now_ms, true);
                        desk.delete();
                    }
                }
                other => later.push(other),
            }
        }
        let now_ms = self.clock.wall_ms();
        self.desks.values_mut().for_each(|desk| desk.take(now_ms));
        let acknowledged = self.carry_out(later);
        self.flush(acknowledged);
    }

    /// Hands the files of data capture over that are due, or all of them.
    fn post(&mut self, all: bool) {
        let now_ms = self.clock.wall_ms();
        self.desks.values_mut().for_each(|desk| post(&self.post, desk, now_ms, all));
    }

    fn carry_out(&mut self, orders: Vec<Order>) -> Vec<Acknowledged> {
        let mut acknowledged = Vec::new();
        let now_ms = self.clock.wall_ms();
        // Flushed after the loop; held until then.
        let mut flushed = Vec::new();
        for order in orders {
            match order {
                Order::Labels { tap, labels, answer } => {
                    let mut report = LabelReport::default();
                    let Some(desk) = self.desks.get_mut(&tap) else {
                        report.counts.unknown = labels.len() as u64;
                        answer.resolve(report);
                        continue;
                    };
                    let elsewhere = desk.label(labels, &mut report, now_ms, &self.sink);
                    if elsewhere.is_empty() {
                        desk.tap.labelled(report.counts);
                        acknowledged.push(Acknowledged { tap, report, answer });
                    } else {
                        desk.unfound.push(Unfound { labels: elsewhere, report, answer });
                    }
                }
                Order::Echo { tap, echo } => {
                    if let Some(desk) = self.desks.get_mut(&tap) {
                        desk.echo(echo, now_ms);
                    }
                }
                Order::Found { tap, mut found, unfound } => {
                    let Some(desk) = self.desks.get_mut(&tap) else { continue };
                    desk.is_searching = false;
                    for Unfound { labels, mut report, answer } in unfound {
                        desk.label_found(&mut found, labels, &mut report, now_ms, &self.sink);
                        desk.tap.labelled(report.counts);
                        acknowledged.push(Acknowledged { tap, report, answer });
                    }
                }
                Order::Flush { all, answer } => {
                    if all {
                        self.post(true);
                    }
                    flushed.push(answer);
                }
                Order::Entries { tap, answer } => {
                    let kept = self.desks.get(&tap).map(|desk| desk.entries().map(Kept::from).collect());
                    answer.resolve(kept.unwrap_or_default());
                }
                Order::Open(..) | Order::Close(_) => {}
            }
        }
        self.search();
        if !flushed.is_empty() {
            self.flush(Vec::new());
            for answer in flushed {
                answer.resolve(());
            }
        }
        acknowledged
    }

    /// Starts a search for what was not in memory, one an endpoint at a time.
    fn search(&mut self) {
        let now_ms = self.clock.wall_ms();
        for (tap, desk) in &mut self.desks {
            if desk.is_searching || desk.unfound.is_empty() {
                continue;
            }
            // What is looked for may be on its way to the disk.
            let _ = desk.flush(false, now_ms);
            let Some(folder) = desk.folder().map(std::path::Path::to_owned) else { continue };
            let unfound = std::mem::take(&mut desk.unfound);
            let (tap, queue) = (*tap, Arc::clone(&self.queue));
            desk.is_searching = true;
            let look = move || {
                let labels: Vec<Label> = unfound.iter().flat_map(|unfound| unfound.labels.clone()).collect();
                let found = search(&folder, &labels);
                queue.order(Order::Found { tap, found, unfound }, true);
            };
            if let Err(error) = std::thread::Builder::new().name("capture-search".to_owned()).spawn(look) {
                // The promises break, and whoever waits hears of it.
                tracing::warn!("late labels could not be looked for: {error}");
                desk.is_searching = false;
            }
        }
    }

    /// Hands everything to the system; what is acknowledged goes to the disk itself first.
    fn flush(&mut self, acknowledged: Vec<Acknowledged>) {
        let now_ms = self.clock.wall_ms();
        let mut refused = HashMap::new();
        for (tap, desk) in &mut self.desks {
            let synced = acknowledged.iter().any(|one| one.tap == *tap);
            if let Err(why) = desk.flush(synced, now_ms) {
                if !std::mem::replace(&mut self.told, true) {
                    tracing::warn!("captured requests could not be written to {why}");
                }
                refused.insert(*tap, why);
            }
        }
        for Acknowledged { tap, mut report, answer } in acknowledged {
            report.not_on_disk = refused.get(&tap).cloned();
            answer.resolve(report);
        }
    }
}

fn post(post: &OnceLock<Post>, desk: &mut Desk, now_ms: i64, all: bool) {
    let files = desk.outbox.take(now_ms, all);
    if let Some(post) = post.get() {
        for file in files {
            post(file);
        }
    }
}

/// All captured requests that are on disk, oldest first, with the labels that they have now. The newest request of an id has its label.
pub(super) fn read_all(folder: &std::path::Path, mut see: impl FnMut(Kept)) {
    let mut labels: HashMap<String, Vec<f64>> = HashMap::new();
    let go_on = std::ops::ControlFlow::Continue(());
    segments::read(
        folder,
        |source| source,
        |seen| {
            if let segments::Seen::Label { id, given, .. } = seen {
                labels.insert(id.to_owned(), given.values);
            }
            go_on
        },
    );
    segments::read(
        folder,
        |source| source,
        |seen| {
            if let segments::Seen::Request(found) = seen {
                let record = found.record();
                let label = labels.get(record.id()).cloned();
                see(Kept { record, label });
            }
            go_on
        },
    );
}
