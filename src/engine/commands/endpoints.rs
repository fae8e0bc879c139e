//! Endpoints: create, update, weights, delete; and the traffic tests that run against them.

use super::super::change::{Change, Row, endpoint_tells};
use super::super::control::Control;
use super::super::ground_truth;
use super::super::machine::endpoint::{self, Event};
use super::super::message::{Answer, Touched};
use super::data::{Done, on_worker};
use super::{Outcome, free, made, missing, models, valid};
use crate::domain::deployment::{Alarm, DeploymentPlan};
use crate::domain::endpoint::{Endpoint, Retain};
use crate::domain::endpoint_config::EndpointConfig;
use crate::domain::extras::Extras;
use crate::domain::invalid::Invalid;
use crate::domain::promotion::promoted;
use crate::domain::reference::Kind;
use crate::domain::replay::ReplaySpec;
use crate::domain::tag::{self, Tag};
use crate::domain::traffic_test::TrafficTestSpec;
use crate::workspace::{CommandError, LabelSource, Reply};

/// The configuration, when it and every model that it names are there.
fn config_of(control: &Control, name: &str) -> Result<std::sync::Arc<EndpointConfig>, CommandError> {
    let config = control.world.endpoint_configs.get(name).ok_or_else(|| missing(Kind::EndpointConfig, name))?;
    match config.all_variants().find(|variant| !control.world.models.contains(&variant.model_name)) {
        Some(variant) => Err(missing(Kind::Model, &variant.model_name)),
        None => Ok(std::sync::Arc::clone(config)),
    }
}

pub(super) fn create(control: &mut Control, name: &str, config_name: &str, tags: Vec<Tag>, extras: Extras) -> Outcome {
    let mut broken = tag::validate(&tags);
    broken.extend(Endpoint::validate_name(name).err());
    valid(broken)?;
    free(control.world.endpoints.any_case(name).is_some(), Kind::Endpoint, name)?;
    let config = config_of(control, config_name)?;
    let (mut endpoint, effects) = endpoint::create(name, &config, tags, control.now());
    endpoint.extras = extras;
    let mut change = Change::row(Row::Endpoint(endpoint));
    if control.world.traffic_tests.contains(name) {
        change = change.and(Row::NoTrafficTest(name.to_owned()));
    }
    for tell in endpoint_tells(&effects) {
        change = change.tell(tell, Kind::Endpoint, name);
    }
    control.commit(change)?;
    control.endpoint_effects(name, effects, None);
    Ok(made(Kind::Endpoint, name))
}

pub(super) fn update(
    control: &mut Control,
    name: &str,
    config_name: String,
    retain: Retain,
    plan: DeploymentPlan,
    extras: Extras,
) -> Outcome {
    let endpoint = control.world.endpoints.get(name).cloned().ok_or_else(|| missing(Kind::Endpoint, name))?;
    let config = config_of(control, &config_name)?;
    let variants = Endpoint::variants_for(&config, endpoint.kept(retain), retain);
    let mut broken = plan.validate(variants.iter().map(|variant| variant.instance_count).sum());
    let unknown = plan.alarms.iter().filter(|alarm| match alarm {
        Alarm::CloudWatch(name) => !control.world.alarms.contains(name),
        Alarm::ErrorRate { .. } | Alarm::P99Latency { .. } | Alarm::Accuracy { .. } => false,
    });
    broken.extend(unknown.map(|alarm| {
        let rule = "must be the name of an alarm that PutMetricAlarm made, or one like counterpoise-error-rate>1%, counterpoise-p99>250ms or counterpoise-accuracy";
        Invalid::new("AutoRollbackConfiguration.Alarms", alarm, rule)
    }));
    valid(broken)?;
    let shadows = Endpoint::shadows_for(&config, endpoint.kept_shadows(retain), retain);
    control.endpoint_step(name, Event::UpdateRequested { config_name, retain, plan, shadows, extras })?;
    control.autopilot_ends(name, "the endpoint is being updated");
    Ok(made(Kind::Endpoint, name))
}

pub(super) fn roll_back(control: &mut Control, name: &str) -> Outcome {
    let evidence = control.evidence(name);
    control.endpoint_step(name, Event::RollBackRequested(evidence))?;
    Ok(made(Kind::Endpoint, name))
}

pub(super) fn promote(
    control: &mut Control,
    name: &str,
    shadow: &str,
    instead_of: &str,
    config_name: String,
) -> Outcome {
    let endpoint = control.world.endpoints.get(name).cloned().ok_or_else(|| missing(Kind::Endpoint, name))?;
    // Looked at first: no configuration is left behind by a promotion that can't begin.
    endpoint::must_be_in_service(&endpoint)?;
    let serving = control.world.endpoint_configs.get(&endpoint.config_name).cloned();
    let config = promoted(&endpoint, serving.as_deref(), shadow, instead_of, config_name.clone());
    let config = config.map_err(|invalid| CommandError::Invalid(vec![invalid]))?;
    models::create_config(control, config)?;
    let extras = endpoint.extras.clone();
    update(control, name, config_name, Retain::NOTHING, DeploymentPlan::default(), extras)
}

pub(super) fn weights(
    control: &mut Control,
    name: &str,
    weights: Vec<(String, f64)>,
    instance_counts: Vec<(String, u32)>,
) -> Outcome {
    // A shadow variant's weight is none of those that an autopilot moves.
    let is_shadow = |endpoint: &Endpoint, name: &str| endpoint.shadow_variants.iter().any(|shadow| shadow.name == name);
    let endpoint = control.world.endpoints.get(name);
    let are_set = weights.iter().any(|(variant, _)| !endpoint.is_some_and(|endpoint| is_shadow(endpoint, variant)));
    control.endpoint_step(name, Event::WeightsRequested { weights, instance_counts })?;
    if are_set {
        control.autopilot_ends(name, "somebody set the weights");
    }
    Ok(made(Kind::Endpoint, name))
}

pub(super) fn undo(control: &mut Control, name: &str) -> Outcome {
    control.endpoint_step(name, Event::UndoRequested)?;
    control.autopilot_ends(name, "somebody took the weights back");
    Ok(made(Kind::Endpoint, name))
}

pub(super) fn set_autopilot(control: &mut Control, name: &str, floor: Option<f64>) -> Outcome {
    if !control.world.endpoints.contains(name) {
        return Err(missing(Kind::Endpoint, name));
    }
    match floor {
        Some(floor) => control.autopilot_begins(name, floor)?,
        None => control.autopilot_ends(name, "it was switched off"),
    }
    Ok(made(Kind::Endpoint, name))
}

pub(super) fn delete(control: &mut Control, name: &str) -> Outcome {
    control.endpoint_step(name, Event::DeleteRequested)?;
    Ok(Reply::Done)
}

pub(super) fn add_labels(control: &mut Control, endpoint: String, source: LabelSource, answer: Answer) {
    if !control.world.endpoints.contains(&endpoint) {
        return answer.resolve(Err(missing(Kind::Endpoint, &endpoint)));
    }
    on_worker(control, Touched::default(), answer, move |shared| {
        let report = ground_truth::add(shared, &endpoint, source)?;
        Ok(Done::quiet(Reply::Labels(Box::new(report))))
    });
}

pub(super) fn start_replay(control: &mut Control, spec: ReplaySpec) -> Outcome {
    valid(spec.validate())?;
    control.replay_start(spec)?;
    Ok(Reply::Done)
}

pub(super) fn start_traffic(control: &mut Control, spec: TrafficTestSpec) -> Outcome {
    valid(spec.validate())?;
    let name = spec.endpoint.clone();
    control.traffic_start(spec)?;
    Ok(made(Kind::Endpoint, &name))
}

pub(super) fn stop_traffic(control: &mut Control, endpoint: &str) -> Outcome {
    control.traffic_stop(endpoint)?;
    Ok(made(Kind::Endpoint, endpoint))
}
