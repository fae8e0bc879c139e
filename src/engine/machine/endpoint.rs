//! The life of an endpoint: `Creating → InService ⇄ Updating`, `Failed` where the first fleet never came up, and gone.
//!
//! A deployment walks `Loading → Probing → Swapped → Draining → Done`. Until `Swapped` the old configuration serves and
//! nothing of it is touched; from `Swapped` on the new one serves. There is no moment in between.

use super::Tell;
use crate::domain::endpoint::{
    Deployment, DeploymentOutcome, DeploymentStage, Endpoint, EndpointStatus, EndpointVariant, MAX_HISTORY, Retain,
    WeightChange,
};
use crate::domain::endpoint_config::{EndpointConfig, validate_weight};
use crate::domain::extras::Extras;
use crate::domain::invalid::Invalid;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::tag::Tag;
use crate::domain::time::Timestamp;
use crate::workspace::CommandError;

/// What happened to an endpoint.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A person wants it to move to another configuration.
    UpdateRequested {
        /// The configuration.
        config_name: String,
        /// What variants that both configurations have keep.
        retain: Retain,
        /// The request, where a client made one.
        extras: Extras,
    },
    /// A person sets weights and instance counts of some or all variants.
    WeightsRequested {
        /// Variant → weight.
        weights: Vec<(String, f64)>,
        /// Variant → instances.
        instance_counts: Vec<(String, u32)>,
    },
    /// A person takes the last change of weights back.
    UndoRequested,
    /// A person deletes it.
    DeleteRequested,
    /// The fleet under way entered a stage before the swap.
    Stage(DeploymentStage),
    /// The fleet under way is loaded and has answered its probe; these variants serve once it is installed.
    FleetReady(Vec<EndpointVariant>),
    /// The fleet under way can't be loaded.
    FleetFailed {
        /// Why, and what to do.
        reason: String,
        /// What the serving fleet did in the meantime.
        traffic: Traffic,
    },
    /// The old fleet has finished its requests, or the limit for it has passed.
    Drained(Traffic),
    /// The app starts and finds it in this state.
    Found,
}

/// Requests answered while a deployment ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// All.
    pub requests: u64,
    /// 5xx, or no answer at all.
    pub failed: u64,
}

/// What the engine must do once the new state is on disk.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Load and probe the fleet of the newest deployment.
    Build {
        /// What variants that serve now keep.
        retain: Retain,
    },
    /// Load the fleet that served before the app ended.
    Restore,
    /// Let the built fleet serve: one pointer swap, with this mark on the plots.
    Install {
        /// Label of the mark.
        mark: String,
    },
    /// Let the replaced fleet finish its requests, then report [`Event::Drained`].
    Drain,
    /// Change the weights of the serving fleet; the next draw obeys.
    SetWeights {
        /// Variant → weight, all variants.
        weights: Vec<(String, f64)>,
        /// Label of the mark: `50/50 → 62/38`.
        label: String,
    },
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
        created: now,
        modified: now,
        in_service_since: None,
        deployments: Vec::new(),
        weight_changes: Vec::new(),
        tags,
        extras: Extras::default(),
    };
    deploy(&mut endpoint, config.name.clone(), None, now);
    let text = format!("Endpoint {name} is being created with {}", config.name);
    (endpoint, vec![Effect::Build { retain: Retain::NOTHING }, Effect::Tell(Tell::info(text))])
}

/// The next state of an endpoint.
///
/// # Errors
/// A wish of a person that breaks a rule or that the state does not allow; the state stays. Reports of workers are never
/// refused: one that comes too late changes nothing.
pub fn step(endpoint: &Endpoint, event: Event, now: Timestamp) -> Result<Next, CommandError> {
    let mut next = endpoint.clone();
    let effects = match event {
        Event::UpdateRequested { config_name, retain, extras } => {
            next.extras = extras;
            update(&mut next, config_name, retain, now)?
        }
        Event::WeightsRequested { weights, instance_counts } => {
            set_weights(&mut next, &weights, &instance_counts, now)?
        }
        Event::UndoRequested => undo_weights(&mut next, now)?,
        Event::DeleteRequested => {
            let text = format!("Endpoint {} deleted", endpoint.name);
            return Ok((None, vec![Effect::Remove, Effect::Tell(Tell::info(text))]));
        }
        Event::Stage(stage) => {
            enter(&mut next, stage, now);
            Vec::new()
        }
        Event::FleetReady(variants) => ready(&mut next, variants, now),
        Event::FleetFailed { reason, traffic } => failed(&mut next, reason, traffic, now),
        Event::Drained(traffic) => drained(&mut next, traffic, now),
        Event::Found => found(&mut next, now),
    };
    Ok((Some(next), effects))
}

/// The variants of a configuration as they will run; `retain` says what variants that serve now keep.
pub fn variants_for(config: &EndpointConfig, serving: &[EndpointVariant], retain: Retain) -> Vec<EndpointVariant> {
    let fresh = Endpoint::variants_of(config);
    let mut variants = fresh.clone();
    for variant in &mut variants {
        if let Some(old) = serving.iter().find(|old| old.name == variant.name) {
            if retain.weights {
                variant.weight = old.weight;
            }
            if retain.instance_counts {
                variant.instance_count = old.instance_count;
            }
        }
    }
    // A new variant beside retained ones may leave every weight at 0, and such a fleet could answer nobody.
    if variants.iter().all(|v| v.weight == 0.0) {
        for (variant, fresh) in variants.iter_mut().zip(fresh) {
            variant.weight = fresh.weight;
        }
    }
    variants
}

/// Weights in whole percent of their sum: `62/38`.
pub fn split_label(weights: &[(String, f64)]) -> String {
    let sum: f64 = weights.iter().map(|(_, w)| w).sum();
    let share = |w: f64| if sum > 0.0 { w / sum * 100.0 } else { 0.0 };
    weights.iter().map(|(_, w)| format!("{:.0}", share(*w))).collect::<Vec<_>>().join("/")
}

/// Whether the newest deployment has let its new fleet serve.
fn is_swapped(endpoint: &Endpoint) -> bool {
    endpoint.deployments.last().is_some_and(|d| d.stages.iter().any(|(stage, _)| *stage >= DeploymentStage::Swapped))
}

fn refuse(endpoint: &Endpoint, why: String) -> CommandError {
    CommandError::InUse { resource: ResourceRef::new(Kind::Endpoint, &endpoint.name), why }
}

/// SageMaker changes nothing about an endpoint that is changing, nor about one that failed.
fn must_be_in_service(endpoint: &Endpoint) -> Result<(), CommandError> {
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

fn push_limited<T>(history: &mut Vec<T>, item: T) {
    history.push(item);
    if history.len() > MAX_HISTORY {
        history.drain(..history.len() - MAX_HISTORY);
    }
}

fn deploy(endpoint: &mut Endpoint, config_name: String, from_config: Option<String>, now: Timestamp) {
    let number = endpoint.deployments.last().map_or(1, |last| last.number + 1);
    let deployment = Deployment {
        number,
        config_name,
        from_config,
        started: now,
        ended: None,
        stages: vec![(DeploymentStage::Loading, now)],
        outcome: DeploymentOutcome::InProgress,
        requests: 0,
        failed_requests: 0,
    };
    endpoint.deployments.push(deployment);
    if endpoint.deployments.len() > MAX_HISTORY {
        // The one that serves stays, however many failed after it: a restart looks its files up by it.
        let oldest = usize::from(serving_deployment(endpoint) == Some(endpoint.deployments[0].number));
        endpoint.deployments.remove(oldest);
    }
}

/// The number of the deployment whose fleet serves.
pub fn serving_deployment(endpoint: &Endpoint) -> Option<u64> {
    let swapped = |d: &&Deployment| d.stages.iter().any(|(stage, _)| *stage == DeploymentStage::Swapped);
    endpoint.deployments.iter().rev().find(swapped).map(|d| d.number)
}

fn enter(endpoint: &mut Endpoint, stage: DeploymentStage, now: Timestamp) {
    let Some(deployment) = endpoint.deployments.last_mut() else { return };
    let further = deployment.stages.last().is_none_or(|(last, _)| *last < stage);
    if deployment.outcome == DeploymentOutcome::InProgress && further {
        deployment.stages.push((stage, now));
    }
}

fn finish(endpoint: &mut Endpoint, outcome: DeploymentOutcome, traffic: Traffic, now: Timestamp) {
    enter(endpoint, DeploymentStage::Done, now);
    if let Some(deployment) = endpoint.deployments.last_mut() {
        deployment.outcome = outcome;
        deployment.ended = Some(now);
        deployment.requests = traffic.requests;
        deployment.failed_requests = traffic.failed;
    }
}

fn update(
    endpoint: &mut Endpoint,
    config_name: String,
    retain: Retain,
    now: Timestamp,
) -> Result<Vec<Effect>, CommandError> {
    must_be_in_service(endpoint)?;
    let text = format!("Endpoint {} is being updated to {config_name}", endpoint.name);
    endpoint.status = EndpointStatus::Updating;
    endpoint.requested_config = Some(config_name.clone());
    endpoint.failure_reason = None;
    endpoint.modified = now;
    let from = endpoint.config_name.clone();
    deploy(endpoint, config_name, Some(from), now);
    Ok(vec![Effect::Build { retain }, Effect::Tell(Tell::info(text))])
}

fn weights_of(endpoint: &Endpoint) -> Vec<(String, f64)> {
    endpoint.variants.iter().map(|v| (v.name.clone(), v.weight)).collect()
}

/// Carries wishes about variants out one by one; the rules that they break.
fn change_variants<T>(
    endpoint: &mut Endpoint,
    wanted: &[(String, T)],
    mut change: impl FnMut(&mut EndpointVariant, &T, &str) -> Option<Invalid>,
) -> Vec<Invalid> {
    let mut broken = Vec::new();
    let known = endpoint.variants.iter().map(|variant| variant.name.as_str()).collect::<Vec<_>>().join(", ");
    for (i, (name, value)) in wanted.iter().enumerate() {
        let at = format!("DesiredWeightsAndCapacities[{i}]");
        if let Some(variant) = endpoint.variants.iter_mut().find(|variant| &variant.name == name) {
            broken.extend(change(variant, value, &at));
        } else {
            let rule = format!("is not a variant of endpoint {}; its variants are {known}", endpoint.name);
            broken.push(Invalid::new(format!("{at}.VariantName"), name, rule));
        }
        if wanted[..i].iter().any(|(earlier, _)| earlier == name) {
            broken.push(Invalid::new(format!("{at}.VariantName"), name, "is there twice"));
        }
    }
    broken
}

fn set_weights(
    endpoint: &mut Endpoint,
    weights: &[(String, f64)],
    instance_counts: &[(String, u32)],
    now: Timestamp,
) -> Result<Vec<Effect>, CommandError> {
    must_be_in_service(endpoint)?;
    let before = weights_of(endpoint);
    let counts_before: Vec<u32> = endpoint.variants.iter().map(|variant| variant.instance_count).collect();
    let mut broken = change_variants(endpoint, weights, |variant, weight, at| {
        variant.weight = *weight;
        validate_weight(&format!("{at}.DesiredWeight"), *weight).err()
    });
    broken.extend(change_variants(endpoint, instance_counts, |variant, count, at| {
        variant.instance_count = *count;
        (*count == 0).then(|| Invalid::new(format!("{at}.DesiredInstanceCount"), 0, "must be at least 1"))
    }));
    if weights.is_empty() && instance_counts.is_empty() {
        broken.push(Invalid::new("DesiredWeightsAndCapacities", 0, "must have at least 1 entry"));
    }
    if broken.is_empty() && endpoint.variants.iter().all(|v| v.weight == 0.0) {
        let rule = "would leave every variant at 0: at least one must be above 0, or nobody could answer";
        broken.push(Invalid::new("DesiredWeightsAndCapacities", 0, rule));
    }
    if !broken.is_empty() {
        return Err(CommandError::Invalid(broken));
    }
    let mut effects = Vec::new();
    let counts: Vec<u32> = endpoint.variants.iter().map(|variant| variant.instance_count).collect();
    if counts != counts_before {
        endpoint.modified = now;
        let list = counts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" / ");
        effects.push(Effect::Tell(Tell::info(format!("Instance counts of {} set to {list}", endpoint.name))));
    }
    let after = weights_of(endpoint);
    if after == before {
        return Ok(effects);
    }
    push_limited(&mut endpoint.weight_changes, WeightChange { at: now, before: before.clone(), after: after.clone() });
    effects.extend(weights_changed(endpoint, &before, after, now, "set"));
    Ok(effects)
}

fn weights_changed(
    endpoint: &mut Endpoint,
    before: &[(String, f64)],
    after: Vec<(String, f64)>,
    now: Timestamp,
    verb: &str,
) -> Vec<Effect> {
    endpoint.modified = now;
    let label = format!("{} \u{2192} {}", split_label(before), split_label(&after));
    let text = format!("Weights of {} {verb} to {}", endpoint.name, split_label(&after).replace('/', " / "));
    vec![Effect::SetWeights { weights: after, label }, Effect::Tell(Tell::info(text))]
}

fn undo_weights(endpoint: &mut Endpoint, now: Timestamp) -> Result<Vec<Effect>, CommandError> {
    must_be_in_service(endpoint)?;
    let current = weights_of(endpoint);
    let Some(last) = endpoint.weight_changes.pop_if(|last| last.after == current) else {
        let why = if endpoint.weight_changes.is_empty() {
            "its weights have not been changed, so there is nothing to take back"
        } else {
            "its configuration has changed since its weights were last set, so there is nothing to take back"
        };
        return Err(refuse(endpoint, why.to_owned()));
    };
    for variant in &mut endpoint.variants {
        if let Some((_, weight)) = last.before.iter().find(|(name, _)| *name == variant.name) {
            variant.weight = *weight;
        }
    }
    Ok(weights_changed(endpoint, &current, last.before, now, "taken back"))
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
        EndpointStatus::Updating if !is_swapped(endpoint) => {
            if let Some(config) = endpoint.requested_config.take() {
                endpoint.config_name = config;
            }
            endpoint.variants = variants;
            endpoint.modified = now;
            enter(endpoint, DeploymentStage::Swapped, now);
            enter(endpoint, DeploymentStage::Draining, now);
            vec![Effect::Install { mark: endpoint.config_name.clone() }, Effect::Drain]
        }
        // A fleet that is brought back after a restart: the record says it serves, and now it does.
        EndpointStatus::InService => vec![Effect::Install { mark: endpoint.config_name.clone() }],
        EndpointStatus::Updating | EndpointStatus::Failed | EndpointStatus::Deleting => Vec::new(),
    }
}

fn failed(endpoint: &mut Endpoint, reason: String, traffic: Traffic, now: Timestamp) -> Vec<Effect> {
    let name = endpoint.name.clone();
    let tell = match endpoint.status {
        EndpointStatus::Creating => {
            endpoint.status = EndpointStatus::Failed;
            finish(endpoint, DeploymentOutcome::Failed(reason.clone()), traffic, now);
            Tell::error(format!("Endpoint {name} could not be created"), &reason)
        }
        EndpointStatus::Updating if !is_swapped(endpoint) => {
            endpoint.status = EndpointStatus::InService;
            finish(endpoint, DeploymentOutcome::Failed(reason.clone()), traffic, now);
            let wanted = endpoint.requested_config.clone().unwrap_or_default();
            let text =
                format!("Endpoint {name} could not be updated to {wanted}; {} goes on serving", endpoint.config_name);
            Tell::error(text, &reason)
        }
        EndpointStatus::InService => {
            endpoint.status = EndpointStatus::Failed;
            endpoint.in_service_since = None;
            Tell::error(format!("Endpoint {name} could not be brought back"), &reason)
        }
        EndpointStatus::Updating | EndpointStatus::Failed | EndpointStatus::Deleting => return Vec::new(),
    };
    endpoint.failure_reason = Some(reason);
    endpoint.modified = now;
    vec![Effect::Tell(tell)]
}

fn drained(endpoint: &mut Endpoint, traffic: Traffic, now: Timestamp) -> Vec<Effect> {
    if endpoint.status != EndpointStatus::Updating || !is_swapped(endpoint) {
        return Vec::new();
    }
    endpoint.status = EndpointStatus::InService;
    endpoint.modified = now;
    finish(endpoint, DeploymentOutcome::Succeeded, traffic, now);
    let failures = match traffic.failed {
        0 => "no failed requests".to_owned(),
        1 => "1 failed request".to_owned(),
        n => format!("{n} failed requests"),
    };
    let text = format!("Endpoint {} now serves {}, with {failures}", endpoint.name, endpoint.config_name);
    vec![Effect::Tell(Tell::success(text))]
}

fn found(endpoint: &mut Endpoint, now: Timestamp) -> Vec<Effect> {
    match endpoint.status {
        EndpointStatus::Creating => vec![Effect::Build { retain: Retain::NOTHING }],
        EndpointStatus::InService => vec![Effect::Restore],
        EndpointStatus::Updating if is_swapped(endpoint) => {
            endpoint.status = EndpointStatus::InService;
            finish(endpoint, DeploymentOutcome::Succeeded, Traffic::default(), now);
            vec![Effect::Restore]
        }
        EndpointStatus::Updating => {
            let wanted = endpoint.requested_config.clone().unwrap_or_default();
            let reason = format!(
                "The app ended before the fleet of {wanted} was ready, so {} goes on serving. Start the update again",
                endpoint.config_name
            );
            let mut effects = failed(endpoint, reason, Traffic::default(), now);
            effects.push(Effect::Restore);
            effects
        }
        EndpointStatus::Deleting => vec![Effect::Remove],
        EndpointStatus::Failed => Vec::new(),
    }
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
