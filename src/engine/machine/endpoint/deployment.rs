//! How an endpoint moves to another configuration, and back.
//!
//! A deployment walks `Loading → Probing → (Shifting → Baking →) Swapped → Draining → Done`. Until `Swapped` the configuration of record is
//! the old one, and its fleet is there in full: a failure, an alarm, a person or the end of the app brings it back. From `Swapped` on the
//! new one serves, and nothing goes back. There is no moment in between, and none without a fleet.
//!
//! An update that the end of the app interrupts before `Swapped` begins again at the next start, with its first stage: what was measured of
//! the new fleet ended with the app, so that it must prove itself anew. The old fleet serves meanwhile.

use super::alarms;
use super::{Effect, Evidence, Traffic, must_be_in_service, refuse};
use crate::domain::deployment::DeploymentPlan;
use crate::domain::endpoint::{
    Deployment, DeploymentOutcome, DeploymentStage, Endpoint, EndpointStatus, EndpointVariant, MAX_HISTORY, Retain,
    RollbackCause,
};
use crate::domain::time::Timestamp;
use crate::engine::machine::Tell;
use crate::workspace::CommandError;

/// How often an update that the end of the app interrupts begins again: one that ends the app itself must not do so for ever.
pub const MAX_RESUMED: u32 = 3;

/// A move to another configuration, as it was asked for.
pub(super) struct Wish {
    pub(super) config_name: String,
    pub(super) retain: Retain,
    pub(super) plan: DeploymentPlan,
    pub(super) shadows: Vec<EndpointVariant>,
}

/// Writes a deployment down.
pub(super) fn begin(endpoint: &mut Endpoint, wish: Wish, from_config: Option<&str>, now: Timestamp) {
    let number = endpoint.deployments.last().map_or(1, |last| last.number + 1);
    let begun = Deployment::begun(number, &wish.config_name, from_config, now);
    let deployment = Deployment { plan: wish.plan, retain: wish.retain, shadow_variants: wish.shadows, ..begun };
    endpoint.deployments.push(deployment);
    if endpoint.deployments.len() > MAX_HISTORY {
        // The one that serves stays, however many failed after it: a restart looks its files up by it.
        let oldest = usize::from(serving_deployment(endpoint) == Some(endpoint.deployments[0].number));
        endpoint.deployments.remove(oldest);
    }
}

/// The number of the deployment whose fleet serves.
pub fn serving_deployment(endpoint: &Endpoint) -> Option<u64> {
    endpoint.deployments.iter().rev().find(|d| d.entered(DeploymentStage::Swapped)).map(|d| d.number)
}

pub(super) fn enter(endpoint: &mut Endpoint, stage: DeploymentStage, now: Timestamp) {
    let Some(deployment) = endpoint.deployments.last_mut() else { return };
    if deployment.outcome == DeploymentOutcome::InProgress && deployment.stage() < stage {
        deployment.stages.push((stage, now));
    }
}

pub(super) fn finish(endpoint: &mut Endpoint, outcome: DeploymentOutcome, traffic: Traffic, now: Timestamp) {
    enter(endpoint, DeploymentStage::Done, now);
    if let Some(deployment) = endpoint.deployments.last_mut() {
        deployment.outcome = outcome;
        deployment.ended = Some(now);
        deployment.requests = traffic.requests;
        deployment.failed_requests = traffic.failed;
    }
}

pub(super) fn update(endpoint: &mut Endpoint, wish: Wish, now: Timestamp) -> Result<Vec<Effect>, CommandError> {
    must_be_in_service(endpoint)?;
    let config_name = wish.config_name.clone();
    let text = format!("Endpoint {} is being updated to {config_name}", endpoint.name);
    endpoint.status = EndpointStatus::Updating;
    endpoint.requested_config = Some(config_name);
    endpoint.failure_reason = None;
    endpoint.modified = now;
    let from = endpoint.config_name.clone();
    begin(endpoint, wish, Some(&from), now);
    Ok(vec![Effect::Build, Effect::Tell(Tell::info(text))])
}

/// Whether a deployment is under way, and the old fleet can still come back.
fn is_open(endpoint: &Endpoint) -> bool {
    let newest = endpoint.deployments.last();
    endpoint.status == EndpointStatus::Updating && newest.is_some_and(|d| !d.entered(DeploymentStage::Swapped))
}

/// The deployment under way, while the old fleet can still come back.
fn open(endpoint: &mut Endpoint) -> Option<&mut Deployment> {
    if is_open(endpoint) { endpoint.deployments.last_mut() } else { None }
}

/// The new fleet waits for its first requests.
pub(super) fn ready(endpoint: &mut Endpoint, variants: Vec<EndpointVariant>, now: Timestamp) -> Vec<Effect> {
    let Some(deployment) = open(endpoint).filter(|d| d.stage() < DeploymentStage::Shifting) else { return Vec::new() };
    deployment.variants = variants;
    if deployment.plan.is_immediate() {
        commit(endpoint, now);
        return vec![Effect::Install { mark: endpoint.config_name.clone() }, Effect::Drain];
    }
    let shares = deployment.plan.routing.shares(deployment.instances());
    let share = shares.first().copied().unwrap_or(1.0);
    let mark = share_mark(&deployment.config_name, share);
    let stage = if share < 1.0 { DeploymentStage::Shifting } else { DeploymentStage::Baking };
    deployment.shares.push((share, now));
    enter(endpoint, stage, now);
    endpoint.modified = now;
    vec![Effect::Shift { share, mark }]
}

/// From here on the new configuration is the one of record.
fn commit(endpoint: &mut Endpoint, now: Timestamp) {
    let (leaves, served) = (serving_deployment(endpoint), endpoint.all_variants().cloned().collect());
    if let Some(leaves) = endpoint.deployments.iter_mut().find(|deployment| Some(deployment.number) == leaves) {
        leaves.served = served;
    }
    if let Some(config) = endpoint.requested_config.take() {
        endpoint.config_name = config;
    }
    if let Some(deployment) = endpoint.deployments.last_mut() {
        endpoint.variants = deployment.variants.clone();
        endpoint.shadow_variants = deployment.shadow_variants.clone();
        if deployment.share() < 1.0 {
            deployment.shares.push((1.0, now));
        }
    }
    endpoint.modified = now;
    enter(endpoint, DeploymentStage::Swapped, now);
    enter(endpoint, DeploymentStage::Draining, now);
}

/// Looks at alarms, the time limit and the next step, in this order: what is bad goes before what is due.
pub(super) fn tick(endpoint: &mut Endpoint, evidence: &Evidence, now: Timestamp) -> Vec<Effect> {
    let Some(deployment) = open(endpoint) else { return Vec::new() };
    let moves = deployment.stage() >= DeploymentStage::Shifting;
    if moves && let Some(reason) = alarms::gone_off(&deployment.plan.alarms, evidence) {
        return roll_back(endpoint, RollbackCause::Alarm, reason, evidence, now);
    }
    let began = deployment.stages.first().map_or(deployment.started, |(_, at)| *at);
    if let Some(limit) = deployment.plan.max_execution_s
        && now >= began.plus_s(limit)
    {
        let reason = format!("The update took longer than the {limit} seconds that it was given");
        return roll_back(endpoint, RollbackCause::Timeout, reason, evidence, now);
    }
    if deployment.due().is_some_and(|due| now >= due) { advance(endpoint, evidence, now) } else { Vec::new() }
}

/// Writes down what was seen of both fleets so far.
fn note(deployment: &mut Deployment, evidence: &Evidence) {
    deployment.measured = Some((evidence.old, evidence.new));
    deployment.accuracy = evidence.accuracy.map(|labels| labels.watched);
}

/// The next share, the bake, or the end.
fn advance(endpoint: &mut Endpoint, evidence: &Evidence, now: Timestamp) -> Vec<Effect> {
    let Some(deployment) = open(endpoint) else { return Vec::new() };
    note(deployment, evidence);
    let shares = deployment.plan.routing.shares(deployment.instances());
    let bakes = deployment.plan.bake_s > 0;
    let next = shares.get(deployment.shares.len()).copied();
    let Some(share) = next.filter(|share| *share < 1.0 || bakes) else {
        commit(endpoint, now);
        return vec![Effect::FinishShift { mark: endpoint.config_name.clone() }, Effect::Drain];
    };
    let mark = share_mark(&deployment.config_name, share);
    deployment.shares.push((share, now));
    if share >= 1.0 {
        enter(endpoint, DeploymentStage::Baking, now);
    }
    endpoint.modified = now;
    vec![Effect::SetShare { share, mark }]
}

/// Label of the mark on the plots.
fn share_mark(config_name: &str, share: f64) -> String {
    format!("{config_name} {:.0} %", share * 100.0)
}

/// A person's wish to go back.
pub(super) fn roll_back_by_hand(
    endpoint: &mut Endpoint,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<Vec<Effect>, CommandError> {
    let why = match endpoint.status {
        EndpointStatus::Updating if is_open(endpoint) => {
            return Ok(roll_back(endpoint, RollbackCause::ByHand, "Rolled back by hand".to_owned(), evidence, now));
        }
        EndpointStatus::Updating => format!(
            "{} serves already and the old fleet only finishes its last requests, so there is nothing to roll back; update the endpoint to the configuration that it had",
            endpoint.config_name
        ),
        EndpointStatus::RollingBack => "it is being rolled back already".to_owned(),
        status => format!("no update is under way, its status is {}", status.as_str()),
    };
    Err(refuse(endpoint, why))
}

fn roll_back(
    endpoint: &mut Endpoint,
    cause: RollbackCause,
    reason: String,
    evidence: &Evidence,
    now: Timestamp,
) -> Vec<Effect> {
    let Some(deployment) = open(endpoint) else { return Vec::new() };
    let shifted = deployment.stage() >= DeploymentStage::Shifting;
    let wanted = deployment.config_name.clone();
    if shifted {
        note(deployment, evidence);
        deployment.rollback = Some((cause, reason.clone()));
        deployment.shares.push((0.0, now));
    }
    endpoint.failure_reason = Some(reason.clone());
    endpoint.modified = now;
    let old = endpoint.config_name.clone();
    let text = if shifted {
        format!("Endpoint {} goes back from {wanted} to {old}", endpoint.name)
    } else {
        format!("The update of endpoint {} to {wanted} was given up; {old} goes on serving", endpoint.name)
    };
    let tell = Effect::Tell(match cause {
        RollbackCause::ByHand => Tell::info(text),
        RollbackCause::Alarm | RollbackCause::Timeout => Tell::error(text, &reason),
    });
    if !shifted {
        endpoint.status = EndpointStatus::InService;
        finish(endpoint, DeploymentOutcome::RolledBack { cause, reason }, evidence.traffic, now);
        return vec![Effect::GiveUp, tell];
    }
    endpoint.status = EndpointStatus::RollingBack;
    enter(endpoint, DeploymentStage::RollingBack, now);
    enter(endpoint, DeploymentStage::Draining, now);
    vec![Effect::TakeBack { mark: old }, Effect::Drain, tell]
}

/// The new fleet can't be loaded; nothing has changed.
pub(super) fn failed(endpoint: &mut Endpoint, reason: String, traffic: Traffic, now: Timestamp) -> Vec<Effect> {
    if open(endpoint).is_none_or(|d| d.stage() >= DeploymentStage::Shifting) {
        return Vec::new();
    }
    endpoint.status = EndpointStatus::InService;
    finish(endpoint, DeploymentOutcome::Failed(reason.clone()), traffic, now);
    let wanted = endpoint.requested_config.clone().unwrap_or_default();
    let (name, old) = (&endpoint.name, &endpoint.config_name);
    let tell = Tell::error(format!("Endpoint {name} could not be updated to {wanted}; {old} goes on serving"), &reason);
    endpoint.failure_reason = Some(reason);
    endpoint.modified = now;
    vec![Effect::Tell(tell)]
}

/// The fleet that left is gone.
pub(super) fn drained(endpoint: &mut Endpoint, traffic: Traffic, now: Timestamp) -> Vec<Effect> {
    let (name, serves) = (endpoint.name.clone(), endpoint.config_name.clone());
    let failures = match traffic.failed {
        0 => "no failed requests".to_owned(),
        1 => "1 failed request".to_owned(),
        n => format!("{n} failed requests"),
    };
    let tell = match endpoint.status {
        EndpointStatus::Updating if !is_open(endpoint) => {
            finish(endpoint, DeploymentOutcome::Succeeded, traffic, now);
            Tell::success(format!("Endpoint {name} now serves {serves}, with {failures}"))
        }
        EndpointStatus::RollingBack => {
            let outcome = rolled_back(endpoint);
            finish(endpoint, outcome, traffic, now);
            Tell::info(format!("Endpoint {name} is back on {serves}, with {failures}"))
        }
        _ => return Vec::new(),
    };
    endpoint.status = EndpointStatus::InService;
    endpoint.modified = now;
    vec![Effect::Tell(tell)]
}

fn rolled_back(endpoint: &mut Endpoint) -> DeploymentOutcome {
    let noted = endpoint.deployments.last_mut().and_then(|deployment| deployment.rollback.take());
    let (cause, reason) = noted.unwrap_or((RollbackCause::ByHand, String::new()));
    DeploymentOutcome::RolledBack { cause, reason }
}

/// The app starts and finds an update or its way back under way; what is to be restored is the configuration of record.
pub(super) fn found(endpoint: &mut Endpoint, now: Timestamp) -> Vec<Effect> {
    let newest = endpoint.deployments.last();
    let noted = newest.map_or_else(Traffic::default, |d| Traffic { requests: d.requests, failed: d.failed_requests });
    if endpoint.status == EndpointStatus::RollingBack {
        let outcome = rolled_back(endpoint);
        endpoint.status = EndpointStatus::InService;
        finish(endpoint, outcome, noted, now);
        return Vec::new();
    }
    let Some(deployment) = open(endpoint) else {
        endpoint.status = EndpointStatus::InService;
        finish(endpoint, DeploymentOutcome::Succeeded, noted, now);
        return Vec::new();
    };
    let wanted = deployment.config_name.clone();
    if deployment.resumed >= MAX_RESUMED {
        let reason = format!(
            "The app ended {} times during the update to {wanted}, so it was not begun again. Start it again when the app stays up",
            MAX_RESUMED + 1
        );
        deployment.stages.truncate(1);
        return failed(endpoint, reason, noted, now);
    }
    deployment.resumed += 1;
    deployment.stages = vec![(DeploymentStage::Loading, now)];
    deployment.shares.clear();
    deployment.measured = None;
    deployment.variants.clear();
    let text = format!("The update of endpoint {} to {wanted} begins again", endpoint.name);
    let old = &endpoint.config_name;
    let detail = format!("The app ended in the middle of it. {old} serves until the new fleet has proved itself.");
    vec![Effect::Tell(Tell::warning(text, detail))]
}

/// The fleet of the configuration of record serves again; an update that waits for it goes on.
pub(super) fn restored(endpoint: &Endpoint) -> Vec<Effect> {
    let install = Effect::Install { mark: endpoint.config_name.clone() };
    match endpoint.status {
        EndpointStatus::InService => vec![install],
        EndpointStatus::Updating => vec![install, Effect::Build],
        _ => Vec::new(),
    }
}
