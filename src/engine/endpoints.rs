//! Carries out what the endpoint machine asks for: fleets are built by workers, installed by the loop, drained by threads of their own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::change::{Change, Row, endpoint_tells};
use super::control::{Build, Control, sentence};
use super::effects::{guarded, spawn};
use super::fleets::{FleetKey, Origin, Planned, Prepared};
use super::machine::endpoint::{self, Effect, Event, Evidence, Labels, Traffic};
use super::message::Report;
use super::shared::Shared;
use crate::domain::alarm::AlarmState;
use crate::domain::data_capture::DataCapture;
use crate::domain::deployment::Alarm;
use crate::domain::endpoint::{DeploymentStage, Endpoint, EndpointVariant, Retain};
use crate::domain::reference::{Kind, ResourceRef};
use crate::serving::{Draining, Fleet, SetWeightsError};
use crate::workspace::CommandError;

/// How often an update that moves traffic looks at the time and at its alarms.
const LOOK: Duration = Duration::from_millis(50);

/// How often the requests that an update meets are shown, at most.
const SHOWN: Duration = Duration::from_millis(200);

/// The record and the fleets have the same variants and shares, so a refusal is a bug and not a state.
fn in_force(name: &str, outcome: Result<(), SetWeightsError>) {
    if let Err(error) = outcome {
        tracing::error!("weights of {name} are on disk and not in force: {error}");
    }
}

impl Control {
    /// One step of an endpoint that a person asks for: machine → store → effects. The loop publishes after it.
    pub(super) fn endpoint_step(&mut self, name: &str, event: Event) -> Result<(), CommandError> {
        self.endpoint_step_with(name, event, None)
    }

    fn endpoint_step_with(&mut self, name: &str, event: Event, fleet: Option<Box<Fleet>>) -> Result<(), CommandError> {
        let before = self.world.endpoints.get(name).cloned();
        let before = before.ok_or_else(|| CommandError::NotFound(ResourceRef::new(Kind::Endpoint, name)))?;
        let (next, effects) = endpoint::step(&before, event, self.now())?;
        // Before the change: what was measured so far belongs to the instances that there were.
        self.shared.collect();
        let row = match next {
            Some(next) if next == *before => None,
            Some(next) => Some(Row::Endpoint(next)),
            None => Some(Row::NoEndpoint(name.to_owned())),
        };
        let mut change = Change { rows: row.into_iter().collect(), tells: Vec::new() };
        for tell in endpoint_tells(&effects) {
            change = change.tell(tell, Kind::Endpoint, name);
        }
        if !(change.rows.is_empty() && change.tells.is_empty()) {
            self.commit(change)?;
        }
        self.endpoint_effects(name, effects, fleet);
        Ok(())
    }

    /// One step that nobody can be told a refusal of. Where the disk refuses, what is true in memory goes on: traffic that must go back goes
    /// back all the same.
    fn endpoint_report(&mut self, name: &str, event: Event) {
        let Some(before) = self.world.endpoints.get(name).cloned() else { return };
        // Reports are never refused.
        let Ok((Some(next), effects)) = endpoint::step(&before, event, self.now()) else { return };
        if next != *before {
            self.commit_or_show(name, Row::Endpoint(next), endpoint_tells(&effects), Kind::Endpoint);
        }
        self.endpoint_effects(name, effects, None);
    }

    /// Does what the machine asks for, once its state is on disk. `fleet` is the one that has just been built.
    pub(super) fn endpoint_effects(&mut self, name: &str, effects: Vec<Effect>, fleet: Option<Box<Fleet>>) {
        let serving = Arc::clone(&self.shared.serving);
        let mut fleet = fleet;
        let mut leaves = None;
        for effect in effects {
            match effect {
                Effect::Build => self.build_fleet(name),
                Effect::Restore => self.restore_fleet(name),
                Effect::Install { mark } => {
                    if let Some(fleet) = fleet.take() {
                        leaves = serving.install(name, *fleet, &mark);
                    }
                }
                Effect::Shift { share, mark } => {
                    if let Some(fleet) = fleet.take() {
                        in_force(name, serving.shift(name, *fleet, share, &mark));
                    }
                }
                Effect::SetShare { share, mark } => in_force(name, serving.set_share(name, share, &mark)),
                Effect::FinishShift { mark } => leaves = serving.finish_shift(name, &mark),
                Effect::TakeBack { mark } => leaves = serving.roll_back(name, &mark),
                Effect::GiveUp => self.give_up_fleet(name),
                Effect::Drain => self.drain_fleet(name, leaves.take()),
                Effect::SetWeights { weights, label } => in_force(name, serving.set_weights(name, &weights, &label)),
                Effect::SetShadowShares(shares) => in_force(name, serving.set_shadow_shares(name, &shares)),
                Effect::SetInstances(counts) => in_force(name, serving.set_instances(name, &counts)),
                Effect::Remove => self.remove_fleet(name),
                Effect::Tell(_) => {}
            }
        }
    }

    /// Loads the fleet of the newest deployment on a worker.
    fn build_fleet(&mut self, name: &str) {
        let Some(endpoint) = self.world.endpoints.get(name).cloned() else { return };
        let Some(deployment) = endpoint.deployments.last() else { return };
        let config_name = deployment.config_name.clone();
        let planned =
            self.plan(&config_name, endpoint.kept(deployment.retain), deployment.retain, &deployment.shadow_variants);
        let key = Self::fleet_key(&endpoint, deployment.number);
        let variants = planned.as_ref().map(|planned| planned.variants.iter().map(|(v, _)| v.clone()).collect());
        let build = self.begin_build(&key, variants.unwrap_or_default(), false);
        let data_capture = self.data_capture_of(&config_name);
        self.on_fleet_worker(name, build, move |shared| {
            shared.fleets.prepare(shared.store.objects(), &key, &config_name, &planned?, data_capture)
        });
    }

    /// The variants of a configuration as they will run, these shadow variants beside them, and where their models come from.
    fn plan(
        &self,
        config_name: &str,
        serving: &[EndpointVariant],
        retain: Retain,
        shadows: &[EndpointVariant],
    ) -> Result<Planned, String> {
        let gone = |kind: Kind, name: &str| format!("The {kind} {name} is not there any more");
        let config = self.world.endpoint_configs.get(config_name);
        let config = config.ok_or_else(|| gone(Kind::EndpointConfig, config_name))?;
        let variants = Endpoint::variants_for(config, serving, retain);
        let origin = |variant: EndpointVariant| {
            let model = self.world.models.get(&variant.model_name);
            let model = model.ok_or_else(|| gone(Kind::Model, &variant.model_name))?;
            let algorithm = model
                .algorithm()
                .ok_or_else(|| format!("Model {} has an image that cannot be served: {}", model.name, model.image))?;
            Ok((variant, Origin { algorithm, artifact: model.model_data.clone() }))
        };
        Ok(Planned {
            variants: variants.into_iter().map(origin).collect::<Result<_, String>>()?,
            shadows: shadows.iter().cloned().map(origin).collect::<Result<_, String>>()?,
        })
    }

    fn data_capture_of(&self, config_name: &str) -> Option<DataCapture> {
        self.world.endpoint_configs.get(config_name)?.data_capture.clone()
    }

    /// Loads the fleet that served before the app ended on a worker.
    fn restore_fleet(&mut self, name: &str) {
        let Some(endpoint) = self.world.endpoints.get(name).cloned() else { return };
        let (variants, shadows) = (endpoint.variants.clone(), endpoint.shadow_variants.clone());
        let number = endpoint::serving_deployment(&endpoint).unwrap_or_default();
        let key = Self::fleet_key(&endpoint, number);
        // An endpoint without a manifest (a restored backup, for example) may still have its configuration and models.
        let planned = self.plan(&endpoint.config_name, &endpoint.variants, Retain::all(true), &shadows);
        let config_name = endpoint.config_name.clone();
        let data_capture = self.data_capture_of(&config_name);
        let build = self.begin_build(&key, variants.clone(), true);
        self.on_fleet_worker(name, build, move |shared| {
            shared.fleets.restore(&key, &variants, &shadows).or_else(|why| {
                let planned = planned.map_err(|gone| format!("{why}. {gone}"))?;
                shared.fleets.prepare(shared.store.objects(), &key, &config_name, &planned, data_capture)
            })
        });
    }

    fn begin_build(&mut self, key: &FleetKey, variants: Vec<EndpointVariant>, restores: bool) -> u64 {
        let id = self.fresh_id();
        let base = self.shared.serving.counts(&key.endpoint).unwrap_or_default();
        self.shared.fleets.reserve(key);
        self.builds.insert(
            key.endpoint.clone(),
            Build { id, key: key.clone(), variants, base, restores, shown: Instant::now(), refused: false },
        );
        id
    }

    fn on_fleet_worker(
        &self,
        name: &str,
        build: u64,
        prepare: impl FnOnce(&Shared) -> Result<Prepared, String> + Send + 'static,
    ) {
        let shared = Arc::clone(&self.shared);
        let endpoint = name.to_owned();
        self.shared.workers.run(move || {
            let fleet = guarded("Loading the fleet", || {
                let prepared = prepare(&shared)?;
                let mut on_stage = |stage| {
                    if stage == DeploymentStage::Probing {
                        shared.report(Report::FleetStage { endpoint: endpoint.clone(), build, stage });
                    }
                };
                let built = shared.serving.build_fleet(&prepared.spec, &mut on_stage);
                built.map(Box::new).map_err(|error| prepared.explain(&error.to_string()))
            });
            let fleet = fleet.and_then(|fleet| fleet);
            shared.report(Report::Fleet { endpoint, build, fleet });
        });
    }

    fn is_current(&self, name: &str, build: u64) -> bool {
        self.builds.get(name).is_some_and(|current| current.id == build)
    }

    pub(super) fn fleet_stage(&mut self, name: &str, build: u64, stage: DeploymentStage) {
        if self.is_current(name, build)
            && let Err(error) = self.endpoint_step(name, Event::Stage(stage))
        {
            tracing::warn!("a stage of {name} is not on disk: {error}");
        }
    }

    /// A fleet is there or can't be. One that nobody waits for any more is dropped.
    pub(super) fn fleet_built(&mut self, name: &str, build: u64, fleet: Result<Box<Fleet>, String>) {
        if !self.is_current(name, build) {
            self.sweep_due = true;
            return;
        }
        let Some(current) = self.builds.get(name) else { return };
        let (variants, restores) = (current.variants.clone(), current.restores);
        self.shared.fleets.release(&current.key);
        let ready = if restores { Event::Restored } else { Event::FleetReady(variants) };
        let outcome = match fleet {
            Ok(fleet) => self
                .endpoint_step_with(name, ready, Some(fleet))
                .map_err(|error| format!("The fleet is ready, but that could not be written down: {error}")),
            Err(reason) => Err(reason),
        };
        if let Err(reason) = outcome {
            let (reason, traffic) = (sentence(&reason), self.traffic_since(name));
            let failed = if restores { Event::RestoreFailed(reason) } else { Event::FleetFailed { reason, traffic } };
            self.endpoint_report(name, failed);
        }
        let goes_on = self.world.endpoints.get(name).is_some_and(|endpoint| endpoint.status.is_changing());
        if !goes_on {
            self.builds.remove(name);
        }
        if restores {
            self.restores_done();
        } else if !goes_on {
            self.sweep_due = true;
        }
    }

    /// What the update under way is judged by.
    pub(super) fn evidence(&self, name: &str) -> Evidence {
        let (old, new) = self.shared.serving.measured(name).unwrap_or_default();
        Evidence {
            old,
            new,
            recent: self.shared.serving.recent(name).unwrap_or_default(),
            accuracy: self.labels_of(name),
            traffic: self.traffic_since(name),
            in_alarm: self.in_alarm(name),
        }
    }

    /// What labels say of the update under way, where its plan watches them.
    fn labels_of(&self, name: &str) -> Option<Labels> {
        let newest = self.world.endpoints.get(name)?.deployments.last()?;
        let alpha = newest.plan.accuracy_alpha()?;
        let (watched, is_worse) = self.shared.serving.accuracy(name, alpha)?;
        Some(Labels { watched, is_worse })
    }

    /// The CloudWatch alarms of the update under way that have gone off, and why.
    fn in_alarm(&self, name: &str) -> Vec<(String, String)> {
        let newest = self.world.endpoints.get(name).and_then(|endpoint| endpoint.deployments.last());
        let alarms = newest.into_iter().flat_map(|deployment| &deployment.plan.alarms);
        let state = |alarm: &Alarm| {
            let Alarm::CloudWatch(name) = alarm else { return None };
            let alarm = self.world.alarms.get(name).filter(|alarm| alarm.state == AlarmState::Alarm)?;
            Some((name.clone(), alarm.state_reason.clone()))
        };
        alarms.filter_map(state).collect()
    }

    /// Lets every update under way look at the time and at its alarms. How long the loop may sleep before the next look.
    pub(super) fn look_at_updates(&mut self) -> Duration {
        let names: Vec<String> =
            self.builds.iter().filter(|(_, build)| !build.restores).map(|(name, _)| name.clone()).collect();
        for name in &names {
            // A bug in one update must not take the others with it.
            if let Err(why) = guarded("an update", || self.look_at_update(name)) {
                tracing::error!("{why}");
            }
        }
        self.publish();
        let moves = |name: &String| {
            let endpoint = self.world.endpoints.get(name);
            endpoint.and_then(|e| e.deployments.last()).is_some_and(|d| d.due().is_some())
        };
        if names.iter().any(moves) { LOOK } else { Duration::MAX }
    }

    /// One look. A step forward is taken once it is on disk: the files of the old fleet go when the new one is of record, and a start after a
    /// crash must find what the record names. Until then the next look tries again. The way back is taken whatever the disk says.
    fn look_at_update(&mut self, name: &str) {
        let Some(before) = self.world.endpoints.get(name).cloned() else { return };
        let evidence = self.evidence(name);
        let traffic = evidence.traffic;
        // A look is never refused.
        let Ok((Some(next), effects)) = endpoint::step(&before, Event::Tick(evidence), self.now()) else { return };
        if next == *before {
            return self.show_traffic(name, traffic);
        }
        // Before the change: what was measured so far belongs to the instances that there were.
        self.shared.collect();
        let (goes_on, row, tells) = (next.status == before.status, Row::Endpoint(next), endpoint_tells(&effects));
        if !goes_on {
            self.commit_or_show(name, row, tells, Kind::Endpoint);
            return self.endpoint_effects(name, effects, None);
        }
        let change = tells.into_iter().fold(Change::row(row), |change, tell| change.tell(tell, Kind::Endpoint, name));
        if let Err(error) = self.commit(change) {
            if let Some(build) = self.builds.get_mut(name).filter(|build| !build.refused) {
                build.refused = true;
                tracing::error!("the update of {name} waits, because its next step is not on disk: {error}");
            }
            return;
        }
        self.endpoint_effects(name, effects, None);
    }

    /// Lets readers see how many requests an update has met so far. Not worth a write: the end of the update writes the last word.
    fn show_traffic(&mut self, name: &str, traffic: Traffic) {
        let Some(endpoint) = self.world.endpoints.get(name) else { return };
        let runs = endpoint.deployments.last().filter(|d| d.ended.is_none() && d.requests != traffic.requests);
        let Some(build) = self.builds.get_mut(name).filter(|build| runs.is_some() && build.shown.elapsed() >= SHOWN)
        else {
            return;
        };
        build.shown = Instant::now();
        let mut endpoint = (**endpoint).clone();
        if let Some(newest) = endpoint.deployments.last_mut() {
            (newest.requests, newest.failed_requests) = (traffic.requests, traffic.failed);
        }
        self.show(Row::Endpoint(endpoint));
    }

    fn give_up_fleet(&mut self, name: &str) {
        if let Some(build) = self.builds.remove(name) {
            self.shared.fleets.release(&build.key);
            self.sweep_due = true;
        }
    }

    fn traffic_since(&self, name: &str) -> Traffic {
        let (requests, failed) = self.shared.serving.counts(name).unwrap_or_default();
        let base = self.builds.get(name).map_or((requests, failed), |build| build.base);
        Traffic { requests: requests.saturating_sub(base.0), failed: failed.saturating_sub(base.1) }
    }

    /// Waits for the replaced fleet's requests on a thread of its own.
    fn drain_fleet(&self, name: &str, old: Option<Draining>) {
        let build = self.builds.get(name).map_or(0, |build| build.id);
        let shared = Arc::clone(&self.shared);
        let limit = self.options.drain_limit;
        let endpoint = name.to_owned();
        let done = move |left| shared.report(Report::Drained { endpoint, build, left });
        let Some(old) = old else { return done(0) };
        // Usually it is over before a thread would have started.
        if old.in_flight() == 0 {
            return done(0);
        }
        let (waiting, later) = (old.clone(), done.clone());
        let wait = move || {
            waiting.wait(limit);
            later(waiting.in_flight());
        };
        if spawn(format!("drain {name}"), wait).is_err() {
            done(old.in_flight());
        }
    }

    pub(super) fn fleet_drained(&mut self, name: &str, build: u64, left: u32) {
        if !self.is_current(name, build) {
            return;
        }
        let mut traffic = self.traffic_since(name);
        // Requests that the limit cut off got no answer.
        traffic.failed += u64::from(left);
        self.endpoint_report(name, Event::Drained(traffic));
        self.builds.remove(name);
        self.sweep_due = true;
    }

    /// Out of service at once; its last requests are finished by whoever holds the fleet.
    fn remove_fleet(&mut self, name: &str) {
        let build = self.builds.remove(name);
        if let Some(build) = &build {
            self.shared.fleets.release(&build.key);
        }
        let restores = build.is_some_and(|build| build.restores);
        let draining = self.shared.serving.remove(name);
        if draining.is_some_and(|old| old.in_flight() > 0) {
            tracing::info!("{name} is deleted and finishes its last requests");
        }
        self.traffic_endpoint_gone(name);
        self.show_autopilot(name, None);
        self.sweep_due = true;
        if restores {
            self.restores_done();
        }
    }

    /// Says that every endpoint serves again, when the last one that was to be brought back is.
    pub(super) fn restores_done(&mut self) {
        if !self.builds.values().any(|build| build.restores)
            && let Some(resolver) = self.restored.take()
        {
            self.publish();
            resolver.resolve(());
        }
    }

    /// Forgets the files of fleets that neither serve nor are on their way, on a worker.
    pub(super) fn sweep_fleets(&self) {
        let shared = Arc::clone(&self.shared);
        self.shared.workers.run(move || {
            shared.fleets.sweep(|key| {
                let world = shared.published.load();
                world.endpoints.get(&key.endpoint).is_some_and(|endpoint| {
                    endpoint.created == key.created
                        && (endpoint::serving_deployment(endpoint) == Some(key.number)
                            || endpoint.status.is_changing()
                                && endpoint.deployments.last().is_some_and(|last| last.number == key.number))
                })
            });
        });
    }
}
