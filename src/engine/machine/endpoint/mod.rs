//! The life of an endpoint: `Creating → InService ⇄ Updating`, `Failed` where the first fleet never came up, and gone.
//!
//! How it moves to another configuration, and back, is in [`deployment`]; its weights are in [`weights`].

mod alarms;
mod deployment;
mod weights;

use super::Tell;
use super::autopilot::{self, Step};
use crate::domain::accuracy::Watched;
use crate::domain::deployment::{DeploymentPlan, FleetMeasured};
use crate::domain::endpoint::{DeploymentOutcome, DeploymentStage, Endpoint, EndpointStatus, EndpointVariant, Retain};
use crate::domain::endpoint_config::EndpointConfig;
use crate::domain::extras::Extras;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::tag::Tag;
use crate::domain::time::Timestamp;
use crate::workspace::CommandError;

pub use deployment::serving_deployment;
pub use weights::split_label;
pub(super) use weights::{keep_shadow_shares, push_limited, weights_of};

use deployment::{enter, finish};

/// What happened to an endpoint.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A person wants it to move to another configuration.
    UpdateRequested {
        /// The configuration.
        config_name: String,
        /// What variants that both configurations have keep.
        retain: Retain,
        /// How it goes.
        plan: DeploymentPlan,
        /// The shadow variants of the configuration as they will run.
        shadows: Vec<EndpointVariant>,
        /// The request, where a client made one.
        extras: Extras,
    },
    /// A person wants the update under way to be given up.
    RollBackRequested(Evidence),
    /// A person sets weights and instance counts of some or all variants.
    WeightsRequested {
        /// Variant → weight.
        weights: Vec<(String, f64)>,
        /// Variant → instances.
        instance_counts: Vec<(String, u32)>,
    },
    /// The autopilot makes a step.
    Steered(Step),
    /// A person takes the last change of weights back.
    UndoRequested,
    /// A person deletes it.
    DeleteRequested,
    /// The fleet under way entered a stage before it is ready.
    Stage(DeploymentStage),
    /// The fleet under way is loaded and has answered its probe; these are its variants.
    FleetReady(Vec<EndpointVariant>),
    /// The fleet under way can't be loaded.
    FleetFailed {
        /// Why, and what to do.
        reason: String,
        /// What the serving fleet did in the meantime.
        traffic: Traffic,
    },
    /// Time goes by while an update is under way.
    Tick(Evidence),
    /// The fleet that left has finished its requests, or the limit for it has passed.
    Drained(Traffic),
    /// The app starts and finds it in this state.
    Found,
    /// The fleet that served before the app ended is loaded again.
    Restored,
    /// It can't be loaded.
    RestoreFailed(String),
}

/// Requests answered while a deployment ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// All.
    pub requests: u64,
    /// 5xx, or no answer at all.
    pub failed: u64,
}

/// What an update under way is judged by: both fleets since traffic began to move.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Both fleets in the last minute, the old one first.
    pub recent: (FleetMeasured, FleetMeasured),
    /// What the labels of both say, where the plan watches them.
    pub accuracy: Option<Labels>,
    /// The fleet that served before.
    pub old: FleetMeasured,
    /// The fleet that comes.
    pub new: FleetMeasured,
    /// Requests and failures since the update began, of all fleets.
    pub traffic: Traffic,
    /// The CloudWatch alarms of the plan that are in the state `ALARM`, and why.
    pub in_alarm: Vec<(String, String)>,
}

/// What labels say of the two fleets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Labels {
    /// The numbers.
    pub watched: Watched,
    /// Whether they are enough to say that the new fleet is worse.
    pub is_worse: bool,
}

/// What the engine must do once the new state is on disk.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Load and probe the fleet of the newest deployment.
    Build,
    /// Load the fleet that served before the app ended.
    Restore,
    /// Let the built fleet serve: one pointer swap, with this mark on the plots.
    Install {
        /// Label of the mark.
        mark: String,
    },
    /// Let the built fleet answer beside the one that serves.
    Shift {
        /// Its share of the traffic, 0 to 1.
        share: f64,
        /// Label of the mark.
        mark: String,
    },
    /// Give the fleet that comes another share.
    SetShare {
        /// 0 to 1.
        share: f64,
        /// Label of the mark.
        mark: String,
    },
    /// The fleet that came is the one that serves, and the old one leaves.
    FinishShift {
        /// Label of the mark.
        mark: String,
    },
    /// The old fleet answers everything again, and the one that came leaves.
    TakeBack {
        /// Label of the mark.
        mark: String,
    },
    /// Nobody waits for the fleet that is being loaded any more.
    GiveUp,
    /// Let the fleet that left finish its requests, then report [`Event::Drained`].
    Drain,
    /// Change the weights of the serving fleet; the next draw obeys.
    SetWeights {
        /// Variant → weight, all variants.
        weights: Vec<(String, f64)>,
        /// Label of the mark: `50/50 → 62/38`.
        label: String,
    },
    /// Change how many heavy requests the variants of the serving fleet answer at a time: variant → instances, all variants.
    SetInstances(Vec<(String, u32)>),
    /// Change the shares of the requests, 0 to 1, that the shadow variants of the serving fleet get copies of.
    SetShadowShares(Vec<(String, f64)>),
    /// Take it out of service, finish its requests, forget its files.
    Remove,
    /// Add an event.
    Tell(Tell),
}

/// The state after a step: `None` when the endpoint is gone and its name is free.
pub type Next = (Option<Endpoint>, Vec<Effect>);

/// A new endpoint and the effects that bring it into service.
pub fn create(name: &str, config: &EndpointConfig, tags: Vec<Tag>, now: Timestamp) -> (Endpoint, Vec<Effect>) {
    let mut endpoint = Endpoint {
        name: name.to_owned(),
        config_name: config.name.clone(),
        requested_config: None,
        status: EndpointStatus::Creating,
        failure_reason: None,
        variants: Endpoint::variants_of(config),
        shadow_variants: Endpoint::shadows_of(config),
        created: now,
        modified: now,
        in_service_since: None,
        deployments: Vec::new(),
        weight_changes: Vec::new(),
        tags,
        ground_truth: None,
        extras: Extras::default(),
    };
    let wish = deployment::Wish {
        config_name: config.name.clone(),
        retain: Retain::NOTHING,
        plan: DeploymentPlan::default(),
        shadows: endpoint.shadow_variants.clone(),
    };
    deployment::begin(&mut endpoint, wish, None, now);
    let text = format!("Endpoint {name} is being created with {}", config.name);
    (endpoint, vec![Effect::Build, Effect::Tell(Tell::info(text))])
}

/// The next state of an endpoint.
///
/// # Errors
/// A wish of a person that breaks a rule or that the state does not allow; the state stays. Reports of workers are never
/// refused: one that comes too late changes nothing.
pub fn step(endpoint: &Endpoint, event: Event, now: Timestamp) -> Result<Next, CommandError> {
    let mut next = endpoint.clone();
    let effects = match event {
        Event::UpdateRequested { config_name, retain, plan, shadows, extras } => {
            next.extras = extras;
            deployment::update(&mut next, deployment::Wish { config_name, retain, plan, shadows }, now)?
        }
        Event::RollBackRequested(evidence) => deployment::roll_back_by_hand(&mut next, &evidence, now)?,
        Event::WeightsRequested { weights, instance_counts } => {
            weights::set_weights(&mut next, &weights, &instance_counts, now)?
        }
        Event::Steered(step) => autopilot::step(&mut next, &step, now),
        Event::UndoRequested => weights::undo_weights(&mut next, now)?,
        Event::DeleteRequested => {
            let text = format!("Endpoint {} deleted", endpoint.name);
            return Ok((None, vec![Effect::Remove, Effect::Tell(Tell::info(text))]));
        }
        Event::Stage(stage) => {
            if stage < DeploymentStage::Shifting {
                enter(&mut next, stage, now);
            }
            Vec::new()
        }
        Event::FleetReady(variants) => ready(&mut next, variants, now),
        Event::FleetFailed { reason, traffic } => failed(&mut next, reason, traffic, now),
        Event::Tick(evidence) => deployment::tick(&mut next, &evidence, now),
        Event::Drained(traffic) => deployment::drained(&mut next, traffic, now),
        Event::Found => found(&mut next, now),
        Event::Restored => deployment::restored(&next),
        Event::RestoreFailed(reason) => not_restored(&mut next, reason, now),
    };
    Ok((Some(next), effects))
}

fn refuse(endpoint: &Endpoint, why: String) -> CommandError {
    CommandError::InUse { resource: ResourceRef::new(Kind::Endpoint, &endpoint.name), why }
}

/// SageMaker changes nothing about an endpoint that is changing, nor about one that failed.
pub fn must_be_in_service(endpoint: &Endpoint) -> Result<(), CommandError> {
    match endpoint.status {
        EndpointStatus::InService => Ok(()),
        EndpointStatus::Failed => Err(refuse(
            endpoint,
            "Cannot update a Failed endpoint. Delete it and create it again; its name is free at once".to_owned(),
        )),
        status => Err(refuse(
            endpoint,
            format!(
                "Cannot update in-progress endpoint \"{}\". Its status is {}; wait until it is InService",
                endpoint.name,
                status.as_str()
            ),
        )),
    }
}

fn ready(endpoint: &mut Endpoint, variants: Vec<EndpointVariant>, now: Timestamp) -> Vec<Effect> {
    match endpoint.status {
        EndpointStatus::Creating => {
            endpoint.status = EndpointStatus::InService;
            endpoint.variants = variants;
            endpoint.failure_reason = None;
            endpoint.in_service_since = Some(now);
            endpoint.modified = now;
            enter(endpoint, DeploymentStage::Swapped, now);
            finish(endpoint, DeploymentOutcome::Succeeded, Traffic::default(), now);
            let text = format!("Endpoint {} is in service", endpoint.name);
            vec![Effect::Install { mark: endpoint.config_name.clone() }, Effect::Tell(Tell::success(text))]
        }
        EndpointStatus::Updating => deployment::ready(endpoint, variants, now),
        _ => Vec::new(),
    }
}

fn failed(endpoint: &mut Endpoint, reason: String, traffic: Traffic, now: Timestamp) -> Vec<Effect> {
    match endpoint.status {
        EndpointStatus::Creating => {
            endpoint.status = EndpointStatus::Failed;
            finish(endpoint, DeploymentOutcome::Failed(reason.clone()), traffic, now);
            let tell = Tell::error(format!("Endpoint {} could not be created", endpoint.name), &reason);
            endpoint.failure_reason = Some(reason);
            endpoint.modified = now;
            vec![Effect::Tell(tell)]
        }
        EndpointStatus::Updating => deployment::failed(endpoint, reason, traffic, now),
        _ => Vec::new(),
    }
}

fn found(endpoint: &mut Endpoint, now: Timestamp) -> Vec<Effect> {
    match endpoint.status {
        EndpointStatus::Creating => vec![Effect::Build],
        EndpointStatus::InService => vec![Effect::Restore],
        EndpointStatus::Updating | EndpointStatus::RollingBack => {
            let mut effects = deployment::found(endpoint, now);
            effects.push(Effect::Restore);
            effects
        }
        EndpointStatus::Deleting => vec![Effect::Remove],
        EndpointStatus::Failed => Vec::new(),
    }
}

/// Nothing is left that could serve.
fn not_restored(endpoint: &mut Endpoint, reason: String, now: Timestamp) -> Vec<Effect> {
    if !endpoint.status.serves() {
        return Vec::new();
    }
    if endpoint.status.is_changing() {
        finish(endpoint, DeploymentOutcome::Failed(reason.clone()), Traffic::default(), now);
    }
    endpoint.status = EndpointStatus::Failed;
    endpoint.in_service_since = None;
    endpoint.modified = now;
    let tell = Tell::error(format!("Endpoint {} could not be brought back", endpoint.name), &reason);
    endpoint.failure_reason = Some(reason);
    vec![Effect::Tell(tell)]
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod update_tests;
