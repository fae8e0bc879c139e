//! Carries out what the endpoint machine asks for: fleets are built by workers, installed by the loop, drained by threads of their own.

use std::sync::Arc;

use super::control::{Build, Change, Control, Row, endpoint_tells, sentence};
use super::effects::{guarded, spawn};
use super::fleets::{FleetKey, Origin, Prepared};
use super::machine::endpoint::{self, Effect, Event, Traffic};
use super::message::Report;
use super::shared::Shared;
use crate::domain::endpoint::{DeploymentStage, Endpoint, EndpointVariant, Retain};
use crate::domain::reference::{Kind, ResourceRef};
use crate::serving::{Draining, Fleet};
use crate::workspace::CommandError;

impl Control {
    /// One step of an endpoint: machine → store → effects. The loop publishes after it.
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
        self.endpoint_effects(name, Some(&before), effects, fleet);
        Ok(())
    }

    /// Does what the machine asks for, once its state is on disk. `before` is the endpoint as it was; `fleet` the one to install.
    pub(super) fn endpoint_effects(
        &mut self,
        name: &str,
        before: Option<&Endpoint>,
        effects: Vec<Effect>,
        fleet: Option<Box<Fleet>>,
    ) {
        let mut fleet = fleet;
        let mut old = None;
        for effect in effects {
            match effect {
                Effect::Build { retain } => self.build_fleet(name, before, retain),
                Effect::Restore => self.restore_fleet(name),
                Effect::Install { mark } => {
                    if let Some(fleet) = fleet.take() {
                        old = self.shared.serving.install(name, *fleet, &mark);
                    }
                }
                Effect::Drain => self.drain_fleet(name, old.take()),
                Effect::SetWeights { weights, label } => {
                    if let Err(error) = self.shared.serving.set_weights(name, &weights, &label) {
                        // The record and the fleet have the same variants, so this is a bug and not a state.
                        tracing::error!("weights of {name} are on disk and not in force: {error}");
                    }
                }
                Effect::Remove => self.remove_fleet(name),
                Effect::Tell(_) => {}
            }
        }
    }

    /// Loads the fleet of the newest deployment on a worker.
    fn build_fleet(&mut self, name: &str, before: Option<&Endpoint>, retain: Retain) {
        let Some(endpoint) = self.world.endpoints.get(name).cloned() else { return };
        let Some(deployment) = endpoint.deployments.last() else { return };
        let config_name = deployment.config_name.clone();
        let serving = before.map_or(&[] as &[EndpointVariant], |before| &before.variants);
        let planned = self.plan(&config_name, serving, retain);
        let key = Self::fleet_key(&endpoint, deployment.number);
        let variants = planned.as_ref().map(|planned| planned.iter().map(|(v, _)| v.clone()).collect());
        let build = self.begin_build(&key, variants.unwrap_or_default(), false);
        self.on_fleet_worker(name, build, move |shared| {
            shared.fleets.prepare(shared.store.objects(), &key, &config_name, &planned?)
        });
    }

    /// The variants of a configuration as they will run, and where their models come from.
    fn plan(
        &self,
        config_name: &str,
        serving: &[EndpointVariant],
        retain: Retain,
    ) -> Result<Vec<(EndpointVariant, Origin)>, String> {
        let gone = |kind: Kind, name: &str| format!("The {kind} {name} is not there any more");
        let config = self.world.endpoint_configs.get(config_name);
        let config = config.ok_or_else(|| gone(Kind::EndpointConfig, config_name))?;
        let variants = endpoint::variants_for(config, serving, retain);
        let origin = |variant: EndpointVariant| {
            let model = self.world.models.get(&variant.model_name);
            let model = model.ok_or_else(|| gone(Kind::Model, &variant.model_name))?;
            let algorithm = model
                .algorithm()
                .ok_or_else(|| format!("Model {} has an image that cannot be served: {}", model.name, model.image))?;
            Ok((variant, Origin { algorithm, artifact: model.model_data.clone() }))
        };
        variants.into_iter().map(origin).collect()
    }

    /// Loads the fleet that served before the app ended on a worker.
    fn restore_fleet(&mut self, name: &str) {
        let Some(endpoint) = self.world.endpoints.get(name).cloned() else { return };
        let variants = endpoint.variants.clone();
        let number = endpoint::serving_deployment(&endpoint).unwrap_or_default();
        let key = Self::fleet_key(&endpoint, number);
        // An endpoint without a manifest (a restored backup, for example) may still have its configuration and models.
        let planned = self.plan(&endpoint.config_name, &endpoint.variants, Retain::all(true));
        let config_name = endpoint.config_name.clone();
        let build = self.begin_build(&key, variants.clone(), true);
        self.on_fleet_worker(name, build, move |shared| {
            shared.fleets.restore(&key, &variants).or_else(|why| {
                let planned = planned.map_err(|gone| format!("{why}. {gone}"))?;
                shared.fleets.prepare(shared.store.objects(), &key, &config_name, &planned)
            })
        });
    }

    fn begin_build(&mut self, key: &FleetKey, variants: Vec<EndpointVariant>, restores: bool) -> u64 {
        let id = self.fresh_id();
        let base = self.shared.serving.counts(&key.endpoint).unwrap_or_default();
        self.shared.fleets.reserve(key);
        self.builds.insert(key.endpoint.clone(), Build { id, key: key.clone(), variants, base, restores });
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
        let outcome = match fleet {
            Ok(fleet) => self
                .endpoint_step_with(name, Event::FleetReady(variants), Some(fleet))
                .map_err(|error| format!("The new fleet is ready, but that could not be written down: {error}")),
            Err(reason) => Err(reason),
        };
        if let Err(reason) = outcome {
            self.fleet_failed(name, sentence(&reason));
        }
        let draining = self.world.endpoints.get(name).is_some_and(|endpoint| endpoint.status.is_changing());
        if !draining {
            self.builds.remove(name);
        }
        if restores {
            self.restores_done();
        } else if !draining {
            self.sweep_due = true;
        }
    }

    fn fleet_failed(&mut self, name: &str, reason: String) {
        let Some(endpoint) = self.world.endpoints.get(name).cloned() else { return };
        let traffic = self.traffic_since(name);
        let failed = Event::FleetFailed { reason, traffic };
        match endpoint::step(&endpoint, failed, self.now()) {
            Ok((Some(next), effects)) => {
                let tells = endpoint_tells(&effects);
                self.commit_or_show(name, Row::Endpoint(next), tells, Kind::Endpoint);
            }
            Ok((None, _)) => {}
            Err(error) => tracing::error!("{name}: {error}"),
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
        if let Err(error) = self.endpoint_step(name, Event::Drained(traffic)) {
            tracing::warn!("the end of the update of {name} is not on disk: {error}");
        }
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
