//! Looks after the autopilots that are on: asks each what is to be done, and does it. They live in memory, so a restart finds them off.

use std::time::Duration;

use super::change::Change;
use super::control::Control;
use super::effects::guarded;
use super::machine::autopilot::{look, started, stopped};
use super::machine::endpoint::Event;
use crate::domain::autopilot::{Autopilot, Doing};
use crate::domain::endpoint::{Endpoint, EndpointStatus};
use crate::domain::invalid::Invalid;
use crate::domain::reference::{Kind, ResourceRef};
use crate::workspace::CommandError;

/// How often it is asked what is to be done.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Control {
    /// Switches one on, or gives it another floor.
    ///
    /// # Errors
    /// A floor that is not allowed, fewer than two variants with traffic, an endpoint that is not in service.
    pub(super) fn autopilot_begins(&mut self, name: &str, floor: f64) -> Result<(), CommandError> {
        let endpoint = self.endpoint_named(name)?;
        if endpoint.status != EndpointStatus::InService {
            let why =
                format!("An autopilot needs an endpoint that is InService; this one is {}", endpoint.status.as_str());
            return Err(CommandError::InUse { resource: ResourceRef::new(Kind::Endpoint, name), why });
        }
        let with_traffic = endpoint.variants.iter().filter(|variant| variant.weight > 0.0).count();
        let mut broken = Vec::new();
        if with_traffic < 2 {
            broken.push(Invalid::new(
                "VariantsWithTraffic",
                with_traffic,
                "must be at least 2: there is nothing to weigh",
            ));
        }
        let autopilot = Autopilot::new(name, floor, self.now()).map_err(|invalid| broken.push(invalid));
        let Some(autopilot) = autopilot.ok().filter(|_| broken.is_empty()) else {
            return Err(CommandError::Invalid(broken));
        };
        self.commit(Change::default().tell(started(&autopilot), Kind::Endpoint, name))?;
        self.show_autopilot(name, Some(autopilot));
        Ok(())
    }

    /// Switches one off, where it is on; `why` goes on after "stopped: ". Whatever becomes of the line about it, it is off.
    pub(super) fn autopilot_ends(&mut self, name: &str, why: &str) {
        let Some(autopilot) = self.world.autopilots.get(name) else { return };
        let tell = stopped(autopilot, why);
        self.show_autopilot(name, None);
        if let Err(error) = self.commit(Change::default().tell(tell, Kind::Endpoint, name)) {
            tracing::warn!("an event was lost: {error}");
        }
    }

    /// Lets each do what is to be done now.
    pub(super) fn steer(&mut self) {
        let now = self.shared.clock.elapsed();
        if self.world.autopilots.is_empty()
            || self.watching.steered.is_some_and(|at| now.saturating_sub(at) < LOOK_EVERY)
        {
            return;
        }
        self.watching.steered = Some(now);
        let on: Vec<Autopilot> = self.world.autopilots.values().map(|autopilot| (**autopilot).clone()).collect();
        for autopilot in on {
            // A bug in one must not take the others with it.
            if let Err(why) = guarded("the autopilot", || self.steer_one(autopilot)) {
                tracing::error!("{why}");
            }
        }
    }

    fn steer_one(&mut self, mut autopilot: Autopilot) {
        let name = autopilot.endpoint.clone();
        let Ok(endpoint) = self.endpoint_named(&name) else { return };
        if endpoint.status != EndpointStatus::InService {
            return self.autopilot_ends(&name, "the endpoint is not in service");
        }
        let live = self.shared.serving.live(&name);
        let Some(experiment) = live.as_ref().and_then(|live| live.experiment.as_deref()) else { return };
        let now = self.now();
        match look(&endpoint, &autopilot, &experiment.summary, now) {
            Ok(step) => {
                let labels = step.labels;
                if let Err(error) = self.endpoint_step(&name, Event::Steered(step)) {
                    tracing::warn!("the autopilot of {name} could not move the weights, and tries again: {error}");
                    return;
                }
                (autopilot.labels, autopilot.last_step, autopilot.doing) = (labels, Some(now), Doing::Pauses);
                autopilot.steps += 1;
                self.show_autopilot(&name, Some(autopilot));
            }
            Err(doing) if doing != autopilot.doing => {
                self.show_autopilot(&name, Some(Autopilot { doing, ..autopilot }));
            }
            Err(_) => {}
        }
    }

    /// Lets readers see the autopilot of an endpoint as it is now, or that it is off. It is no record.
    pub(super) fn show_autopilot(&mut self, name: &str, autopilot: Option<Autopilot>) {
        match autopilot {
            Some(autopilot) => self.world.autopilots.insert(name, autopilot),
            None => drop(self.world.autopilots.remove(name)),
        }
        self.dirty = true;
    }

    fn endpoint_named(&self, name: &str) -> Result<std::sync::Arc<Endpoint>, CommandError> {
        let found = self.world.endpoints.get(name).cloned();
        found.ok_or_else(|| CommandError::NotFound(ResourceRef::new(Kind::Endpoint, name)))
    }
}
