//! The loop's own state, and the one way in which it changes: store first, then the world that readers see.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::alarms::Watching;
use super::change::{Change, Row};
use super::effects::guarded;
use super::fleets::FleetKey;
use super::ground_truth::LabelTells;
use super::machine::Tell;
use super::message::{Message, Report, Touched};
use super::object_traffic::Runs;
use super::shared::Shared;
use super::traffic::TrafficTests;
use super::training::TrainingQueue;
use super::{EngineOptions, commands};
use crate::domain::bucket::{Bucket, Object};
use crate::domain::endpoint::{Endpoint, EndpointVariant};
use crate::domain::event::Event;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::time::Timestamp;
use crate::store::{Batch, EVENTS_KEPT, StoreError};
use crate::util::promise::Resolver;
use crate::workspace::{CommandError, Reply, Snapshot, Table};

/// How often an idle loop looks whether a backup is due.
const TICK: Duration = Duration::from_secs(5);

/// How often what was measured is written down: what the end of the process may cost.
const KEEP_EVERY: Duration = Duration::from_mins(1);

/// A fleet under way.
pub(super) struct Build {
    /// Told apart from earlier builds of an endpoint of the same name by this.
    pub(super) id: u64,
    /// What its files are filed under.
    pub(super) key: FleetKey,
    /// What serves once it is installed.
    pub(super) variants: Vec<EndpointVariant>,
    /// Requests and failures of the endpoint when it began.
    pub(super) base: (u64, u64),
    /// Whether it brings back what served before a restart.
    pub(super) restores: bool,
    /// When the requests that it has met were last shown.
    pub(super) shown: Instant,
    /// Whether the disk has refused its next step, so that the log says so once.
    pub(super) refused: bool,
}

/// The loop's state.
pub(super) struct Control {
    pub(super) shared: Arc<Shared>,
    pub(super) options: EngineOptions,
    pub(super) world: Snapshot,
    pub(super) dirty: bool,
    /// Files of a fleet may have become superfluous.
    pub(super) sweep_due: bool,
    next_event: u64,
    pub(super) next_id: u64,
    pub(super) training: TrainingQueue,
    pub(super) traffic: TrafficTests,
    pub(super) builds: HashMap<String, Build>,
    /// Labels that came, not all told of yet.
    pub(super) label_tells: LabelTells,
    /// Objects that come and go, not all told of yet.
    runs: Runs,
    pub(super) restored: Option<Resolver<()>>,
    /// What the alarms have looked at.
    pub(super) watching: Watching,
    /// When measurements were written last, by the clock's time since its start.
    measurements_kept: Duration,
    /// Set when the app closes: commands are refused, and the loop ends at this time at the latest.
    closing: Option<Instant>,
}

impl Control {
    /// Reads the store into a first world. Nothing is started yet.
    pub(super) fn open(shared: Arc<Shared>, options: EngineOptions) -> Result<Self, StoreError> {
        let store = &shared.store;
        let mut world = Snapshot {
            training_jobs: store.training_jobs().all()?.into_iter().collect(),
            models: store.models().all()?.into_iter().collect(),
            endpoint_configs: store.endpoint_configs().all()?.into_iter().collect(),
            endpoints: store.endpoints().all()?.into_iter().collect(),
            traffic_tests: store.traffic_tests().all()?.into_iter().collect(),
            roles: store.roles().all()?.into_iter().collect(),
            alarms: store.alarms().all()?.into_iter().collect(),
            buckets: store.buckets().all()?.into_iter().collect(),
            events: store.events().all()?.into_iter().map(|(_, event)| Arc::new(event)).collect(),
            ..Snapshot::default()
        };
        for bucket in world.buckets.values() {
            let objects = store.objects().list(&bucket.name, "")?;
            world.objects.insert(bucket.name.clone(), objects.into_iter().map(|o| (o.key.clone(), o)).collect());
        }
        let next_event = world.events.back().map_or(1, |event| event.number + 1);
        let training = TrainingQueue::new(options.training_workers);
        let measurements_kept = shared.clock.elapsed();
        Ok(Self {
            shared,
            options,
            world,
            dirty: true,
            sweep_due: true,
            next_event,
            next_id: 1,
            training,
            traffic: TrafficTests::default(),
            builds: HashMap::new(),
            label_tells: LabelTells::default(),
            runs: Runs::default(),
            restored: None,
            watching: Watching::default(),
            measurements_kept,
            closing: None,
        })
    }

    /// The time now.
    pub(super) fn now(&self) -> Timestamp {
        self.shared.now()
    }

    /// Runs until the app closes.
    pub(super) fn run(mut self, receiver: &Receiver<Message>) {
        let mut quiet_since = Instant::now();
        self.publish();
        loop {
            // While the app closes, updates stand still: the next start takes them up.
            let look = if self.closing.is_none() { self.look_at_updates() } else { TICK };
            let wait = self.closing.map_or(TICK, |at| at.saturating_duration_since(Instant::now())).min(TICK).min(look);
            match receiver.recv_timeout(wait) {
                Ok(message) => {
                    // A bug in one command must not take the others with it. Its ticket breaks, and the store is whole: a change
                    // is committed in one piece before anything of it is shown.
                    if let Err(why) = guarded("a command", || self.hear(message)) {
                        tracing::error!("{why}");
                    }
                    self.training_dispatch();
                    self.publish();
                    quiet_since = Instant::now();
                }
                // An update wakes the loop more often than there is anything to tidy up.
                Err(RecvTimeoutError::Timeout) if quiet_since.elapsed() < TICK => {}
                Err(RecvTimeoutError::Timeout) => {
                    quiet_since = Instant::now();
                    self.tell_runs(false);
                    self.labels_over(false);
                    self.publish();
                    self.back_up();
                    self.shared.last_requests.keep(&self.world, &self.shared.serving, self.now().0, false);
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.keep_measurements();
            if self.closing.is_none() {
                self.watch_alarms();
                self.steer();
                self.publish();
            }
            if let Some(at) = self.closing
                && (self.training.is_idle() || Instant::now() >= at)
            {
                break;
            }
        }
        self.training_closed();
        self.shared.last_requests.keep(&self.world, &self.shared.serving, self.now().0, true);
        self.shared.serving.hand_over_captured();
        self.tell_runs(true);
        self.labels_over(true);
        self.publish();
        // Commands that came after the last one heard are answered, not forgotten.
        while let Ok(message) = receiver.try_recv() {
            if let Message::Command(_, answer) = message {
                answer.resolve(Err(CommandError::Closing));
            }
        }
    }

    /// Has a worker write down what was measured, where it is time.
    fn keep_measurements(&mut self) {
        let now = self.shared.clock.elapsed();
        if now.saturating_sub(self.measurements_kept) < KEEP_EVERY {
            return;
        }
        self.measurements_kept = now;
        let shared = Arc::clone(&self.shared);
        self.shared.workers.run(move || {
            shared.collect();
            if let Err(why) = guarded("Keeping the metrics", || shared.measurements.keep(shared.now_s())) {
                tracing::error!("{why}");
            }
        });
    }

    /// Writes the lines of runs of objects that are over.
    fn tell_runs(&mut self, closing: bool) {
        let over = self.runs.over(self.now().0, closing);
        let tells: Vec<_> =
            over.into_iter().map(|(tell, bucket)| (tell, Some(ResourceRef::new(Kind::Bucket, bucket)))).collect();
        if !tells.is_empty()
            && let Err(error) = self.commit(Change { rows: Vec::new(), tells })
        {
            tracing::warn!("an event was lost: {error}");
        }
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Command(_, answer) if self.closing.is_some() => answer.resolve(Err(CommandError::Closing)),
            Message::Command(command, answer) => commands::carry_out(self, *command, answer),
            Message::Report(report) => self.hear_report(report),
            Message::Close { grace } => {
                // A second word may only shorten the first.
                let at = Instant::now() + grace;
                self.closing = Some(self.closing.map_or(at, |before| before.min(at)));
                self.training.close();
                self.shared.replays.cancel();
                self.traffic_closed();
            }
        }
    }

    fn hear_report(&mut self, report: Report) {
        match report {
            Report::Data { touched, result, mut tells, traffic, answer } => {
                self.look_again(&touched);
                if let Ok(Reply::Object(_)) = &result {
                    touched.objects.iter().for_each(|at| self.object_written(at));
                }
                if let Some((bucket, traffic)) = traffic
                    && let Some(tell) = self.runs.note(&bucket, traffic, self.shared.now().0)
                {
                    tells.push((tell, Some(ResourceRef::new(Kind::Bucket, bucket))));
                }
                if result.is_ok()
                    && !tells.is_empty()
                    && let Err(error) = self.commit(Change { rows: Vec::new(), tells })
                {
                    tracing::warn!("an event was lost: {error}");
                }
                self.publish();
                answer.resolve(result);
            }
            Report::Training { job, event } => self.training_event(&job, event),
            Report::TrainingOver { job } => self.training.over(&job),
            Report::FleetStage { endpoint, build, stage } => self.fleet_stage(&endpoint, build, stage),
            Report::Fleet { endpoint, build, fleet } => self.fleet_built(&endpoint, build, fleet),
            Report::Drained { endpoint, build, left } => self.fleet_drained(&endpoint, build, left),
            Report::Traffic { endpoint, test, progress } => self.traffic_report(&endpoint, test, *progress),
            Report::Labels { endpoint, at, result } => self.labels_read(&endpoint, &at, result),
            Report::BaseUrl { url, ca_bundle, resolver } => {
                let mut info = (*self.world.info).clone();
                (info.base_url, info.ca_bundle) = (Some(url), ca_bundle);
                self.world.info = Arc::new(info);
                self.dirty = true;
                self.publish();
                resolver.resolve(());
            }
        }
    }

    /// Writes a change: all of it is on disk and in the world, or nothing.
    pub(super) fn commit(&mut self, change: Change) -> Result<(), CommandError> {
        let Change { rows, tells } = change;
        let store = self.shared.store.clone();
        let at = self.now();
        let events: Vec<Event> = tells
            .into_iter()
            .zip(self.next_event..)
            .map(|((tell, about), number)| Event {
                number,
                at,
                severity: tell.severity,
                text: tell.text,
                detail: tell.detail,
                about,
            })
            .collect();
        let mut batch = Batch::new();
        for row in &rows {
            match row {
                Row::TrainingJob(job) => batch.put(store.training_jobs(), job.name(), job),
                Row::NoTrainingJob(name) => batch.delete(store.training_jobs(), name),
                Row::Model(model) => batch.put(store.models(), &model.name, model),
                Row::NoModel(name) => batch.delete(store.models(), name),
                Row::EndpointConfig(config) => batch.put(store.endpoint_configs(), &config.name, config),
                Row::NoEndpointConfig(name) => batch.delete(store.endpoint_configs(), name),
                Row::Endpoint(endpoint) => batch.put(store.endpoints(), &endpoint.name, endpoint),
                Row::NoEndpoint(name) => batch.delete(store.endpoints(), name),
                Row::TrafficTest(test) => batch.put(store.traffic_tests(), &test.spec.endpoint, test),
                Row::NoTrafficTest(name) => batch.delete(store.traffic_tests(), name),
                Row::Role(role) => batch.put(store.roles(), &role.name, role),
                Row::NoRole(name) => batch.delete(store.roles(), name),
                Row::Alarm(alarm) => batch.put(store.alarms(), &alarm.name, alarm),
                Row::NoAlarm(name) => batch.delete(store.alarms(), name),
            };
        }
        for event in &events {
            batch.push_event(event);
        }
        store.commit(batch).map_err(|error| CommandError::Failed(sentence(&error.to_string())))?;
        for row in rows {
            self.show(row);
        }
        for event in events {
            self.next_event = event.number + 1;
            self.world.events.push_back(Arc::new(event));
            if self.world.events.len() as u64 > EVENTS_KEPT {
                self.world.events.pop_front();
            }
        }
        self.dirty = true;
        Ok(())
    }

    /// Changes what readers see, and only that: for progress that is not worth a write.
    pub(super) fn show(&mut self, row: Row) {
        let world = &mut self.world;
        match row {
            Row::TrainingJob(job) => world.training_jobs.insert(job.name().to_owned(), job),
            Row::NoTrainingJob(name) => drop(world.training_jobs.remove(&name)),
            Row::Model(model) => world.models.insert(model.name.clone(), model),
            Row::NoModel(name) => drop(world.models.remove(&name)),
            Row::EndpointConfig(config) => world.endpoint_configs.insert(config.name.clone(), config),
            Row::NoEndpointConfig(name) => drop(world.endpoint_configs.remove(&name)),
            Row::Endpoint(endpoint) => world.endpoints.insert(endpoint.name.clone(), endpoint),
            Row::NoEndpoint(name) => drop(world.endpoints.remove(&name)),
            Row::TrafficTest(test) => world.traffic_tests.insert(test.spec.endpoint.clone(), test),
            Row::NoTrafficTest(name) => drop(world.traffic_tests.remove(&name)),
            Row::Role(role) => world.roles.insert(role.name.clone(), role),
            Row::NoRole(name) => drop(world.roles.remove(&name)),
            Row::Alarm(alarm) => world.alarms.insert(alarm.name.clone(), alarm),
            Row::NoAlarm(name) => drop(world.alarms.remove(&name)),
        }
        self.dirty = true;
    }

    /// Commits; where even that fails, the world shows what is true in memory and the log says that the disk does not know.
    pub(super) fn commit_or_show(&mut self, name: &str, row: Row, tells: Vec<Tell>, kind: Kind) {
        let kept = match &row {
            Row::TrainingJob(job) => Some(Row::TrainingJob(job.clone())),
            Row::Endpoint(endpoint) => Some(Row::Endpoint(endpoint.clone())),
            Row::TrafficTest(test) => Some(Row::TrafficTest(test.clone())),
            _ => None,
        };
        let mut change = Change::row(row);
        for tell in tells {
            change = change.tell(tell, kind, name);
        }
        if let Err(error) = self.commit(change) {
            tracing::error!("the state of {kind} {name} is not on disk: {error}");
            if let Some(row) = kept {
                self.show(row);
            }
        }
    }

    /// Reads buckets and objects again that a worker has changed in the store. Reports may come in another order than the changes were
    /// made in; what the store holds now is always right.
    pub(super) fn look_again(&mut self, touched: &Touched) {
        if touched.buckets.is_empty() && touched.objects.is_empty() {
            return;
        }
        let store = self.shared.store.clone();
        let outcome = (|| -> Result<(), StoreError> {
            for name in &touched.buckets {
                if let Some(bucket) = store.buckets().get(name)? {
                    let objects = store.objects().list(name, "")?;
                    self.show_bucket(bucket, objects);
                } else {
                    self.world.buckets.remove(name);
                    self.world.objects.remove(name);
                }
            }
            for uri in &touched.objects {
                let found = match store.objects().head(uri) {
                    Ok(object) => Some(object),
                    Err(StoreError::NoObject(_) | StoreError::NoBucket(_)) => None,
                    Err(error) => return Err(error),
                };
                let Some(table) = self.world.objects.get_mut(&uri.bucket) else { continue };
                match found {
                    Some(object) => table.insert(uri.key.clone(), object),
                    None => drop(table.remove(&uri.key)),
                }
            }
            Ok(())
        })();
        if let Err(error) = outcome {
            tracing::error!("buckets could not be read again: {error}");
        }
        self.dirty = true;
    }

    fn show_bucket(&mut self, bucket: Bucket, objects: Vec<Object>) {
        let table: Table<Object> = objects.into_iter().map(|object| (object.key.clone(), object)).collect();
        self.world.objects.insert(bucket.name.clone(), table);
        self.world.buckets.insert(bucket.name.clone(), bucket);
    }

    /// Lets readers see the world as it is now, if anything has changed, and wakes them.
    pub(super) fn publish(&mut self) {
        if std::mem::take(&mut self.dirty) {
            self.world.revision += 1;
            self.world.made = self.now();
            self.shared.published.store(Arc::new(self.world.clone()));
            self.shared.wake();
        }
        // Only now: the sweep goes by what is published.
        if std::mem::take(&mut self.sweep_due) {
            self.sweep_fleets();
        }
    }

    /// Lets a worker write a backup, if one is due. One at a time: a slow disk must not collect them.
    fn back_up(&self) {
        if self.shared.backing_up.swap(true, Ordering::AcqRel) {
            return;
        }
        let (shared, now) = (Arc::clone(&self.shared), self.now());
        self.shared.workers.run(move || {
            let written =
                guarded("The backup", || shared.store.backup_if_quiet(now).map_err(|error| error.to_string()));
            if let Err(why) = written.and_then(|written| written) {
                tracing::warn!("the backup could not be written: {why}");
            }
            shared.backing_up.store(false, Ordering::Release);
        });
    }

    /// The key of an endpoint's fleet files.
    pub(super) fn fleet_key(endpoint: &Endpoint, number: u64) -> FleetKey {
        FleetKey { endpoint: endpoint.name.clone(), created: endpoint.created, number }
    }

    /// The next number for a build or a test.
    pub(super) fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}

/// A layer's error as a sentence of its own.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
