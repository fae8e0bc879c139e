//! Every state of an endpoint, in the usual and in odd orders, at fixed times.

use DeploymentStage::{Done, Draining, Loading, Probing, Swapped};

use super::*;
use crate::domain::endpoint::MAX_HISTORY;
use crate::domain::endpoint_config::ProductionVariant;
use crate::domain::event::Severity;
use crate::domain::extras::Extras;

pub(super) const T: fn(i64) -> Timestamp = Timestamp;

pub(super) fn config(name: &str, variants: &[(&str, f64)]) -> EndpointConfig {
    EndpointConfig {
        name: name.to_owned(),
        variants: variants
            .iter()
            .map(|(name, weight)| ProductionVariant {
                name: (*name).to_owned(),
                model_name: format!("model-{name}"),
                initial_instance_count: 1,
                instance_type: "ml.m5.large".to_owned(),
                initial_weight: *weight,
            })
            .collect(),
        shadow_variants: Vec::new(),
        created: T(0),
        tags: Vec::new(),
        data_capture: None,
        extras: Extras::default(),
    }
}

/// An update without a plan of its own.
fn to(config_name: &str) -> Event {
    let plan = DeploymentPlan::default();
    Event::UpdateRequested {
        config_name: config_name.into(),
        retain: Retain::NOTHING,
        plan,
        shadows: Vec::new(),
        extras: Extras::default(),
    }
}

pub(super) fn creating() -> Endpoint {
    create("live", &config("one", &[("a", 1.0), ("b", 1.0)]), Vec::new(), T(1)).0
}

pub(super) fn go(endpoint: &Endpoint, event: Event, at: i64) -> (Endpoint, Vec<Effect>) {
    let (next, effects) = step(endpoint, event, T(at)).unwrap();
    (next.unwrap(), effects)
}

pub(super) fn in_service() -> Endpoint {
    let endpoint = creating();
    let variants = endpoint.variants.clone();
    go(&endpoint, Event::FleetReady(variants), 2).0
}

fn updating() -> Endpoint {
    go(&in_service(), to("two"), 10).0
}

pub(super) fn two() -> Vec<EndpointVariant> {
    Endpoint::variants_of(&config("two", &[("c", 3.0)]))
}

fn weights(endpoint: &Endpoint) -> Vec<f64> {
    endpoint.variants.iter().map(|v| v.weight).collect()
}

fn ask(pairs: &[(&str, f64)]) -> Event {
    Event::WeightsRequested {
        weights: pairs.iter().map(|(n, w)| ((*n).to_owned(), *w)).collect(),
        instance_counts: Vec::new(),
    }
}

pub(super) fn stages(endpoint: &Endpoint) -> Vec<DeploymentStage> {
    endpoint.deployments.last().unwrap().stages.iter().map(|(stage, _)| *stage).collect()
}

pub(super) fn severity(effects: &[Effect]) -> Option<Severity> {
    effects.iter().find_map(|e| if let Effect::Tell(tell) = e { Some(tell.severity) } else { None })
}

fn broken(reason: &str) -> Event {
    Event::FleetFailed { reason: reason.into(), traffic: Traffic { requests: 7, failed: 0 } }
}

#[test]
fn creation_comes_into_service() {
    let endpoint = creating();
    assert_eq!((endpoint.status, stages(&endpoint)), (EndpointStatus::Creating, vec![DeploymentStage::Loading]));
    let (probing, _) = go(&endpoint, Event::Stage(DeploymentStage::Probing), 2);
    let (served, effects) = go(&probing, Event::FleetReady(endpoint.variants.clone()), 3);
    assert_eq!(stages(&served), [Loading, Probing, Swapped, Done]);
    assert_eq!((served.status, served.in_service_since), (EndpointStatus::InService, Some(T(3))));
    assert_eq!(served.deployments[0].outcome, DeploymentOutcome::Succeeded);
    assert_eq!(served.deployments[0].ended, Some(T(3)));
    assert_eq!(effects[0], Effect::Install { mark: "one".into() });
    assert_eq!(severity(&effects), Some(Severity::Success));
}

#[test]
fn a_first_fleet_that_fails_leaves_a_failed_endpoint() {
    let (failed, effects) = go(&creating(), broken("no artefact"), 2);
    assert_eq!(failed.status, EndpointStatus::Failed);
    assert_eq!(failed.failure_reason.as_deref(), Some("no artefact"));
    assert_eq!(failed.deployments[0].outcome, DeploymentOutcome::Failed("no artefact".into()));
    assert_eq!(severity(&effects), Some(Severity::Error));
    for event in [to("two"), ask(&[("a", 1.0)]), Event::UndoRequested] {
        let refused = step(&failed, event, T(3)).unwrap_err().to_string();
        assert!(refused.contains("Delete it and create it again"), "{refused}");
    }
    assert_eq!(step(&failed, Event::DeleteRequested, T(4)).unwrap().0, None);
}

#[test]
fn an_update_swaps_then_drains() {
    let before = updating();
    assert_eq!((before.status, before.config_name.as_str()), (EndpointStatus::Updating, "one"));
    assert_eq!(before.requested_config.as_deref(), Some("two"));
    assert_eq!(before.deployments[1].from_config.as_deref(), Some("one"));
    let (swapped, effects) = go(&before, Event::FleetReady(two()), 12);
    assert_eq!((swapped.status, swapped.config_name.as_str()), (EndpointStatus::Updating, "two"));
    assert_eq!((swapped.requested_config.clone(), swapped.variants.clone()), (None, two()));
    assert_eq!(effects, [Effect::Install { mark: "two".into() }, Effect::Drain]);
    let (done, effects) = go(&swapped, Event::Drained(Traffic { requests: 90, failed: 0 }), 13);
    assert_eq!(done.status, EndpointStatus::InService);
    assert_eq!((done.deployments[1].requests, done.deployments[1].failed_requests), (90, 0));
    assert_eq!(stages(&done), [Loading, Swapped, Draining, Done]);
    assert_eq!(done.in_service_since, Some(T(2)), "it never stopped serving");
    assert_eq!(effects, [Effect::Tell(Tell::success("Endpoint live now serves two, with no failed requests"))]);
}

#[test]
fn an_update_that_fails_leaves_the_old_fleet() {
    let (after, effects) = go(&updating(), broken("corrupt artefact"), 12);
    assert_eq!((after.status, after.config_name.as_str()), (EndpointStatus::InService, "one"));
    assert_eq!(after.requested_config.as_deref(), Some("two"), "what was asked for stays visible");
    assert_eq!(after.failure_reason.as_deref(), Some("corrupt artefact"));
    assert_eq!(after.variants, in_service().variants);
    assert_eq!((after.deployments[1].requests, after.deployments[1].ended), (7, Some(T(12))));
    assert_eq!(severity(&effects), Some(Severity::Error));
    assert!(!effects.iter().any(|e| matches!(e, Effect::Install { .. } | Effect::Remove)));
    let (again, _) = go(&after, to("three"), 20);
    assert_eq!((again.failure_reason, again.requested_config.as_deref()), (None, Some("three")));
    assert_eq!(again.deployments[2].number, 3);
}

#[test]
fn nothing_changes_an_endpoint_that_is_changing() {
    let swapped = go(&updating(), Event::FleetReady(two()), 12).0;
    for endpoint in [creating(), updating(), swapped] {
        for event in [to("x"), ask(&[("a", 2.0)]), Event::UndoRequested] {
            let refused = step(&endpoint, event, T(20)).unwrap_err().to_string();
            assert!(refused.contains("Cannot update in-progress endpoint \"live\""), "{refused}");
        }
    }
}

#[test]
fn deleting_frees_the_name_in_every_state() {
    let failed = go(&creating(), broken("x"), 2).0;
    let swapped = go(&updating(), Event::FleetReady(two()), 12).0;
    for endpoint in [creating(), in_service(), updating(), swapped, failed] {
        let (next, effects) = step(&endpoint, Event::DeleteRequested, T(20)).unwrap();
        assert_eq!((next, effects[0].clone()), (None, Effect::Remove));
    }
}

#[test]
fn weights_change_and_come_back() {
    let (first, effects) = go(&in_service(), ask(&[("a", 9.0)]), 5);
    assert_eq!(weights(&first), [9.0, 1.0]);
    let all = vec![("a".to_owned(), 9.0), ("b".to_owned(), 1.0)];
    assert_eq!(effects[0], Effect::SetWeights { weights: all, label: "50/50 \u{2192} 90/10".into() });
    assert_eq!(effects[1], Effect::Tell(Tell::info("Weights of live set to 90 / 10")));
    let (second, _) = go(&first, ask(&[("b", 0.0)]), 6);
    assert_eq!((weights(&second), second.weight_changes.len(), second.modified), (vec![9.0, 0.0], 2, T(6)));
    let (undone, _) = go(&second, Event::UndoRequested, 7);
    assert_eq!(weights(&undone), [9.0, 1.0]);
    let (undone, _) = go(&undone, Event::UndoRequested, 8);
    assert_eq!((weights(&undone), undone.weight_changes.len()), (vec![1.0, 1.0], 0));
    let refused = step(&undone, Event::UndoRequested, T(9)).unwrap_err().to_string();
    assert!(refused.contains("nothing to take back"), "{refused}");
}

#[test]
fn equal_weights_change_nothing() {
    let endpoint = in_service();
    assert_eq!(go(&endpoint, ask(&[("a", 1.0)]), 5), (endpoint, vec![]));
}

#[test]
fn bad_weights_are_refused_by_name() {
    let cases: [(&[(&str, f64)], &str); 6] = [
        (&[("z", 1.0)], "its variants are a, b"),
        (&[("a", -1.0)], "at least 0"),
        (&[("a", f64::NAN)], "at least 0"),
        (&[("a", 0.0), ("b", 0.0)], "at least one must be above 0"),
        (&[("a", 1.0), ("a", 2.0)], "twice"),
        (&[], "at least 1 entry"),
    ];
    for (pairs, words) in cases {
        let refused = step(&in_service(), ask(pairs), T(5)).unwrap_err();
        assert!(matches!(refused, CommandError::Invalid(_)));
        assert!(refused.to_string().contains(words), "{refused}");
    }
}

#[test]
fn undo_does_not_reach_across_an_update() {
    let changed = go(&in_service(), ask(&[("a", 9.0)]), 5).0;
    let updating = go(&changed, to("two"), 6).0;
    let swapped = go(&updating, Event::FleetReady(two()), 7).0;
    let done = go(&swapped, Event::Drained(Traffic::default()), 8).0;
    let refused = step(&done, Event::UndoRequested, T(9)).unwrap_err().to_string();
    assert!(refused.contains("configuration has changed"), "{refused}");
}

#[test]
fn late_reports_change_nothing() {
    let served = in_service();
    assert_eq!(go(&served, Event::Drained(Traffic::default()), 9), (served.clone(), vec![]));
    assert_eq!(go(&served, Event::Stage(DeploymentStage::Probing), 9), (served, vec![]));
    let swapped = go(&updating(), Event::FleetReady(two()), 12).0;
    assert_eq!(go(&swapped, Event::FleetReady(two()), 13), (swapped.clone(), vec![]));
    assert_eq!(go(&swapped, broken("late"), 13), (swapped.clone(), vec![]));
    assert_eq!(go(&swapped, Event::Stage(DeploymentStage::Probing), 13), (swapped, vec![]), "stages only go forward");
    let failed = go(&creating(), broken("x"), 2).0;
    assert_eq!(go(&failed, Event::FleetReady(two()), 3), (failed, vec![]));
}

#[test]
fn found_after_a_crash() {
    assert_eq!(go(&creating(), Event::Found, 50), (creating(), vec![Effect::Build]), "creation is begun again");
    assert_eq!(go(&in_service(), Event::Found, 50), (in_service(), vec![Effect::Restore]));
    let swapped = go(&updating(), Event::FleetReady(two()), 12).0;
    let (new, effects) = go(&swapped, Event::Found, 50);
    assert_eq!(
        (new.status, new.config_name.as_str(), effects),
        (EndpointStatus::InService, "two", vec![Effect::Restore])
    );
    assert_eq!(new.deployments[1].outcome, DeploymentOutcome::Succeeded);
    let failed = go(&creating(), broken("x"), 2).0;
    assert_eq!(go(&failed, Event::Found, 50), (failed, vec![]));
}

#[test]
fn brought_back_or_not() {
    let served = in_service();
    let (same, effects) = go(&served, Event::Restored, 60);
    assert_eq!((same, effects), (served.clone(), vec![Effect::Install { mark: "one".into() }]));
    let (gone, effects) = go(&served, Event::RestoreFailed("artefact missing".into()), 60);
    assert_eq!((gone.status, gone.in_service_since), (EndpointStatus::Failed, None));
    assert_eq!(severity(&effects), Some(Severity::Error));
    assert_eq!(go(&gone, Event::Restored, 61), (gone.clone(), vec![]));
    assert_eq!(go(&gone, Event::RestoreFailed("late".into()), 61), (gone, vec![]));
}

#[test]
fn retained_properties() {
    let serving = go(&in_service(), ask(&[("a", 9.0), ("b", 0.0)]), 5).0.variants;
    let next = config("next", &[("a", 1.0), ("c", 2.0)]);
    let pick = |variants: Vec<EndpointVariant>| variants.iter().map(|v| v.weight).collect::<Vec<_>>();
    assert_eq!(pick(Endpoint::variants_for(&next, &serving, Retain::all(true))), [9.0, 2.0]);
    assert_eq!(pick(Endpoint::variants_for(&next, &serving, Retain::NOTHING)), [1.0, 2.0]);
    let only_zero = config("zero", &[("b", 4.0)]);
    assert_eq!(
        pick(Endpoint::variants_for(&only_zero, &serving, Retain::all(true))),
        [4.0],
        "never a fleet that answers nobody"
    );
}

#[test]
fn history_is_bounded() {
    let mut endpoint = in_service();
    for i in 0..MAX_HISTORY + 5 {
        endpoint = go(&endpoint, ask(&[("a", 2.0 + i as f64)]), 10).0;
        endpoint = go(&endpoint, to("two"), 11).0;
        endpoint = go(&endpoint, broken("x"), 12).0;
    }
    assert_eq!((endpoint.weight_changes.len(), endpoint.deployments.len()), (MAX_HISTORY, MAX_HISTORY));
    assert_eq!(endpoint.deployments.last().unwrap().number, MAX_HISTORY as u64 + 6);
    assert_eq!((endpoint.deployments[0].number, serving_deployment(&endpoint)), (1, Some(1)), "the serving one stays");
}
