//! Updates that move traffic in steps: every stage, everything that brings the old fleet back, and every stage in which the app may end.

use DeploymentStage::{Baking, Done, Draining, Loading, Probing, RollingBack, Shifting, Swapped};

use super::tests::{T, creating, go, in_service, severity, stages, two};
use super::*;
use crate::domain::accuracy::{Compared, Labelled, Measure};
use crate::domain::deployment::{Alarm, Capacity, Routing};
use crate::domain::endpoint::{Deployment, RollbackCause};
use crate::domain::event::Severity;

fn canary() -> DeploymentPlan {
    DeploymentPlan {
        routing: Routing::Canary { size: Capacity::Percent(10), wait_s: 60 },
        bake_s: 30,
        max_execution_s: Some(600),
        alarms: vec![
            Alarm::ErrorRate { above: 0.01, min_requests: 20 },
            Alarm::P99Latency { above_ms: 50.0, min_requests: 20 },
        ],
    }
}

fn updating(plan: DeploymentPlan) -> Endpoint {
    let extras = Extras::default();
    let event = Event::UpdateRequested {
        config_name: "two".into(),
        retain: Retain::NOTHING,
        plan,
        shadows: Vec::new(),
        extras,
    };
    go(&in_service(), event, 1_000).0
}

fn ready(plan: DeploymentPlan) -> (Endpoint, Vec<Effect>) {
    go(&updating(plan), Event::FleetReady(two()), 2_000)
}

fn shifting() -> Endpoint {
    ready(canary()).0
}

fn baking() -> Endpoint {
    tick(&shifting(), 62_000).0
}

fn rolling_back() -> Endpoint {
    go(&baking(), Event::RollBackRequested(quiet()), 63_000).0
}

fn measured(requests: u64, errors: u64, p99_us: u64) -> FleetMeasured {
    let p99_us = (requests > 0).then_some(p99_us);
    FleetMeasured { requests, server_errors: errors / 2, model_errors: errors.div_ceil(2), p50_us: p99_us, p99_us }
}

/// Nothing to complain of.
fn quiet() -> Evidence {
    let traffic = Traffic { requests: 1_000, failed: 1 };
    let (old, new) = (measured(900, 3, 700), measured(100, 0, 800));
    Evidence { old, new, recent: (old, new), accuracy: None, traffic, in_alarm: Vec::new() }
}

fn tick(endpoint: &Endpoint, at: i64) -> (Endpoint, Vec<Effect>) {
    go(endpoint, Event::Tick(quiet()), at)
}

fn newest(endpoint: &Endpoint) -> &Deployment {
    endpoint.deployments.last().unwrap()
}

fn shares(endpoint: &Endpoint) -> Vec<f64> {
    newest(endpoint).shares.iter().map(|(share, _)| *share).collect()
}

/// What serves by the record, and what was asked for.
fn record(endpoint: &Endpoint) -> (EndpointStatus, &str, Option<&str>) {
    (endpoint.status, &endpoint.config_name, endpoint.requested_config.as_deref())
}

const OLD: (EndpointStatus, &str, Option<&str>) = (EndpointStatus::Updating, "one", Some("two"));

#[test]
fn a_canary_goes_over_bakes_and_drains() {
    let (first, effects) = ready(canary());
    assert_eq!(effects, [Effect::Shift { share: 0.1, mark: "two 10 %".into() }]);
    assert_eq!((record(&first), stages(&first)), (OLD, vec![Loading, Shifting]));
    assert_eq!(newest(&first).due(), Some(T(62_000)));
    assert_eq!(first.variants, in_service().variants, "the old variants are the endpoint's until nothing goes back");
    assert_eq!(tick(&first, 61_999), (first.clone(), vec![]), "not due yet");

    let (all, effects) = tick(&first, 62_000);
    assert_eq!(effects, [Effect::SetShare { share: 1.0, mark: "two 100 %".into() }]);
    assert_eq!((record(&all), stages(&all), shares(&all)), (OLD, vec![Loading, Shifting, Baking], vec![0.1, 1.0]));
    assert_eq!(tick(&all, 91_999), (all.clone(), vec![]), "it bakes for 30 seconds");

    let (over, effects) = tick(&all, 92_000);
    assert_eq!(effects, [Effect::FinishShift { mark: "two".into() }, Effect::Drain]);
    assert_eq!(record(&over), (EndpointStatus::Updating, "two", None));
    assert_eq!((over.variants.clone(), stages(&over)), (two(), vec![Loading, Shifting, Baking, Swapped, Draining]));
    assert_eq!(newest(&over).measured, Some((quiet().old, quiet().new)));
    assert_eq!(tick(&over, 93_000), (over.clone(), vec![]), "nothing is due any more");

    let (done, effects) = go(&over, Event::Drained(Traffic { requests: 1_000, failed: 0 }), 94_000);
    assert_eq!((done.status, stages(&done).last()), (EndpointStatus::InService, Some(&Done)));
    assert_eq!((&newest(&done).outcome, newest(&done).requests), (&DeploymentOutcome::Succeeded, 1_000));
    assert_eq!(severity(&effects), Some(Severity::Success));
    assert_eq!(serving_deployment(&done), Some(2));
}

#[test]
fn linear_steps_follow_each_other() {
    let plan = DeploymentPlan {
        routing: Routing::Linear { step: Capacity::Percent(40), wait_s: 10 },
        ..DeploymentPlan::default()
    };
    let (first, effects) = ready(plan);
    assert_eq!(effects, [Effect::Shift { share: 0.4, mark: "two 40 %".into() }]);
    let (second, effects) = tick(&first, 12_000);
    assert_eq!(effects, [Effect::SetShare { share: 0.8, mark: "two 80 %".into() }]);
    assert_eq!(stages(&second), [Loading, Shifting]);
    let (third, effects) = tick(&second, 22_000);
    assert_eq!(
        effects,
        [Effect::FinishShift { mark: "two".into() }, Effect::Drain],
        "without a bake, the last step is the end"
    );
    assert_eq!((shares(&third), stages(&third)), (vec![0.4, 0.8, 1.0], vec![Loading, Shifting, Swapped, Draining]));
}

#[test]
fn all_at_once_may_bake_too() {
    let (baking, effects) = ready(DeploymentPlan { bake_s: 5, ..DeploymentPlan::default() });
    assert_eq!(effects, [Effect::Shift { share: 1.0, mark: "two 100 %".into() }]);
    assert_eq!((record(&baking), stages(&baking)), (OLD, vec![Loading, Baking]));
    let (over, effects) = tick(&baking, 7_000);
    assert_eq!((over.config_name.as_str(), effects.len()), ("two", 2));
}

#[test]
fn instances_make_steps_of_the_new_fleet() {
    let mut variants = two();
    variants[0].instance_count = 4;
    let plan = DeploymentPlan {
        routing: Routing::Linear { step: Capacity::Instances(1), wait_s: 1 },
        ..DeploymentPlan::default()
    };
    let (first, _) = go(&updating(plan), Event::FleetReady(variants), 2_000);
    assert_eq!(shares(&first), [0.25]);
}

#[test]
fn an_alarm_brings_the_old_fleet_back() {
    let bad = [
        (
            Evidence { new: measured(100, 2, 800), ..quiet() },
            "2 of 100 (2.0 %) requests got no prediction, against 3 of 900 (0.3 %) on the old one",
        ),
        (Evidence { new: measured(100, 0, 51_000), ..quiet() }, "latency is 51.0 ms over 100 requests, against 0.7 ms"),
    ];
    for endpoint in [shifting(), baking()] {
        for (evidence, words) in &bad {
            let (back, effects) = go(&endpoint, Event::Tick(evidence.clone()), 200_000);
            assert_eq!(record(&back), (EndpointStatus::RollingBack, "one", Some("two")), "bad goes before due");
            assert_eq!(effects[..2], [Effect::TakeBack { mark: "one".into() }, Effect::Drain]);
            assert_eq!(severity(&effects), Some(Severity::Error));
            let reason = back.failure_reason.clone().unwrap();
            assert!(reason.contains(words) && reason.starts_with("Alarm counterpoise-"), "{reason}");
            assert_eq!(shares(&back).last(), Some(&0.0));
            let (done, effects) = go(&back, Event::Drained(Traffic { requests: 50, failed: 2 }), 200_100);
            assert_eq!(record(&done), (EndpointStatus::InService, "one", Some("two")));
            assert_eq!(newest(&done).outcome, DeploymentOutcome::RolledBack { cause: RollbackCause::Alarm, reason });
            assert_eq!(
                (newest(&done).failed_requests, newest(&done).measured),
                (2, Some((evidence.old, evidence.new)))
            );
            assert_eq!(done.variants, in_service().variants);
            assert_eq!(serving_deployment(&done), Some(1));
            let said = Tell::info("Endpoint live is back on one, with 2 failed requests");
            assert_eq!(effects, [Effect::Tell(said)]);
        }
    }
}

#[test]
fn an_alarm_waits_for_its_requests_and_for_traffic() {
    let few = Evidence { new: measured(19, 19, 90_000_000), ..quiet() };
    assert_eq!(go(&shifting(), Event::Tick(few), 3_000), (shifting(), vec![]));
    let many = Evidence { new: measured(100, 100, 900_000), ..quiet() };
    let loading = updating(canary());
    assert_eq!(
        go(&loading, Event::Tick(many), 1_500),
        (loading.clone(), vec![]),
        "nothing of it was measured by this fleet"
    );
    let at_the_bound = Evidence { new: measured(100, 1, 50_000), ..quiet() };
    assert_eq!(go(&shifting(), Event::Tick(at_the_bound), 3_000), (shifting(), vec![]), "above, not at");
}

/// A long bake that went well, and a minute of another kind.
fn after_hours(minute: FleetMeasured) -> Evidence {
    let before = measured(90_000, 0, 800);
    let requests = before.requests + minute.requests;
    let errors = minute.errors();
    Evidence {
        old: measured(900, 3, 700),
        new: FleetMeasured { requests, model_errors: errors, ..before },
        recent: (measured(0, 0, 0), minute),
        ..quiet()
    }
}

#[test]
fn a_fault_that_begins_late_in_a_long_bake_is_still_caught() {
    let baking = baking();
    for (minute, words) in [
        (
            measured(400, 20, 800),
            "in the last minute 20 of 400 (5.0 %) requests got no prediction from the new fleet, against 0 of 0 from the old one (since traffic began to move: 20 of 90400 (0.0 %))",
        ),
        (
            measured(400, 0, 51_000),
            "in the last minute the 99th percentile of the new fleet's latency is 51.0 ms over 400 requests, against none",
        ),
    ] {
        let evidence = after_hours(minute);
        assert!(
            evidence.new.error_rate() < 0.01 && evidence.new.p99_us < Some(50_000),
            "all of it together looks well"
        );
        let (back, _) = go(&baking, Event::Tick(evidence), 70_000);
        assert_eq!(record(&back), (EndpointStatus::RollingBack, "one", Some("two")));
        let reason = back.failure_reason.unwrap();
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn one_stray_request_in_a_quiet_minute_brings_nothing_back() {
    let baking = baking();
    for (minute, why) in [
        (measured(30, 1, 800), "one error is 3.3 % of 30 requests, and an accident"),
        (measured(19, 19, 800), "too few requests, as for all of it"),
        (measured(99, 0, 51_000), "of 99 requests the slowest is the 99th percentile"),
        (measured(400, 4, 800), "at the bound, not above"),
    ] {
        let (still, effects) = go(&baking, Event::Tick(after_hours(minute)), 70_000);
        assert_eq!((still, effects), (baking.clone(), vec![]), "{why}");
    }
    for minute in [measured(30, 2, 800), measured(100, 0, 51_000)] {
        let (back, _) = go(&baking, Event::Tick(after_hours(minute)), 70_000);
        assert_eq!(back.status, EndpointStatus::RollingBack);
    }
}

fn labels(is_worse: bool, measure: Measure) -> Evidence {
    let of = |labels, score| Labelled { labels, score: Some(score) };
    let apart = Compared { old: of(1_042, 0.804), new: of(120, 0.612) };
    let watched = Watched { measure, apart, ..Watched::default() };
    Evidence { accuracy: Some(Labels { watched, is_worse }), ..quiet() }
}

#[test]
fn a_fleet_whose_answers_are_worse_is_taken_back_and_the_history_knows_why() {
    let plan = DeploymentPlan { alarms: vec![Alarm::Accuracy { alpha: 0.05 }], ..canary() };
    let (shifting, _) = ready(plan);
    assert_eq!(go(&shifting, Event::Tick(labels(false, Measure::Accuracy)), 3_000), (shifting.clone(), vec![]));
    let evidence = labels(true, Measure::Accuracy);
    let watched = evidence.accuracy.unwrap().watched;
    let (back, effects) = go(&shifting, Event::Tick(evidence), 3_000);
    assert_eq!(effects[..2], [Effect::TakeBack { mark: "one".into() }, Effect::Drain]);
    let reason = back.failure_reason.clone().unwrap();
    let words = "Alarm counterpoise-accuracy: the new fleet's answers are worse: 61.2 % right of 120 labelled, against 80.4 % right of 1042 labelled on the old fleet, while both answered (alpha 0.05:";
    assert!(reason.starts_with(words), "{reason}");
    let (done, _) = go(&back, Event::Drained(Traffic::default()), 3_100);
    assert_eq!(newest(&done).outcome, DeploymentOutcome::RolledBack { cause: RollbackCause::Alarm, reason });
    assert_eq!(newest(&done).accuracy, Some(watched));

    let mut evidence = labels(true, Measure::Rmse);
    let labels = evidence.accuracy.as_mut().unwrap();
    (labels.watched.apart.old.score, labels.watched.apart.new.score) = (Some(2.104), Some(4.312));
    labels.watched.same.old = Labelled { labels: 80, score: Some(2.0) };
    labels.watched.same.new = Labelled { labels: 80, score: Some(412.4) };
    let reason = go(&shifting, Event::Tick(evidence), 3_000).0.failure_reason.unwrap();
    for words in [
        "RMSE 4.31 over 120 labelled, against RMSE 2.10 over 1042 labelled on the old fleet, while both answered; ",
        "RMSE 412 over 80 labelled after all traffic had moved, where the old fleet would have had an RMSE of 2.00 on the same requests",
    ] {
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn too_few_labels_do_not_hold_a_bake_up() {
    let plan = DeploymentPlan { alarms: vec![Alarm::Accuracy { alpha: 0.05 }], ..canary() };
    let (shifting, _) = ready(plan);
    let (baking, _) = go(&shifting, Event::Tick(labels(false, Measure::Accuracy)), 62_000);
    let (over, effects) = go(&baking, Event::Tick(labels(false, Measure::Accuracy)), 92_000);
    assert_eq!((over.config_name.as_str(), effects.len()), ("two", 2));
    assert_eq!(newest(&over).accuracy.map(|watched| watched.labels_of_new()), Some(120));
}

#[test]
fn a_cloudwatch_alarm_of_the_plan_brings_the_old_fleet_back_too() {
    let plan = DeploymentPlan { alarms: vec![Alarm::from("mine")], ..DeploymentPlan::default() };
    let in_alarm = |name: &str| Evidence { in_alarm: vec![(name.into(), "5 above 3".into())], ..quiet() };
    let (at_once, effects) = ready(plan);
    assert_eq!(effects, [Effect::Shift { share: 1.0, mark: "two 100 %".into() }], "there is a look before the end");
    let (back, _) = go(&at_once, Event::Tick(in_alarm("mine")), 2_000);
    assert_eq!(back.failure_reason.as_deref(), Some("Alarm mine: its state is ALARM: 5 above 3"));
    let (over, _) = go(&at_once, Event::Tick(in_alarm("another")), 2_000);
    assert_eq!(over.config_name, "two");
}

#[test]
fn a_person_goes_back_at_any_time_before_the_swap() {
    let probing = go(&updating(canary()), Event::Stage(Probing), 1_500).0;
    for endpoint in [updating(canary()), probing] {
        let (after, effects) = go(&endpoint, Event::RollBackRequested(quiet()), 1_600);
        assert_eq!(record(&after), (EndpointStatus::InService, "one", Some("two")));
        assert_eq!(effects[0], Effect::GiveUp, "no fleet is waited for, and none has to go");
        let outcome = &newest(&after).outcome;
        assert!(matches!(outcome, DeploymentOutcome::RolledBack { cause: RollbackCause::ByHand, .. }), "{outcome:?}");
        assert_eq!((newest(&after).ended, newest(&after).requests), (Some(T(1_600)), 1_000));
        assert_eq!(go(&after, Event::FleetReady(two()), 1_700), (after.clone(), vec![]), "too late");
    }
    for endpoint in [shifting(), baking()] {
        let (back, effects) = go(&endpoint, Event::RollBackRequested(quiet()), 70_000);
        assert_eq!((back.status, severity(&effects)), (EndpointStatus::RollingBack, Some(Severity::Info)));
        assert_eq!(stages(&back)[stages(&back).len() - 2..], [RollingBack, Draining]);
        let (done, _) = go(&back, Event::Drained(Traffic::default()), 70_001);
        assert_eq!(done.failure_reason.as_deref(), Some("Rolled back by hand"));
    }
}

#[test]
fn where_nothing_can_be_rolled_back_it_says_why() {
    let swapped = tick(&baking(), 92_000).0;
    for (endpoint, words) in [
        (in_service(), "no update is under way, its status is InService"),
        (creating(), "no update is under way, its status is Creating"),
        (swapped, "two serves already"),
        (rolling_back(), "being rolled back already"),
    ] {
        let refused = step(&endpoint, Event::RollBackRequested(quiet()), T(99_000)).unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
}

#[test]
fn one_that_takes_too_long_goes_back() {
    let loading = updating(canary());
    assert_eq!(tick(&loading, 600_999), (loading.clone(), vec![]));
    let (after, effects) = tick(&loading, 601_000);
    assert_eq!((after.status, &effects[0]), (EndpointStatus::InService, &Effect::GiveUp));
    let plan = DeploymentPlan { bake_s: 3_000, max_execution_s: Some(700), ..DeploymentPlan::default() };
    let (back, effects) = tick(&ready(plan).0, 701_000);
    assert_eq!((back.status, severity(&effects)), (EndpointStatus::RollingBack, Some(Severity::Error)));
    assert!(back.failure_reason.as_ref().unwrap().contains("longer than the 700 seconds"), "{back:?}");
    assert!(matches!(newest(&back).rollback, Some((RollbackCause::Timeout, _))));
}

#[test]
fn nothing_else_changes_an_endpoint_in_between() {
    for endpoint in [shifting(), baking(), rolling_back()] {
        for event in [
            Event::UpdateRequested {
                config_name: "x".into(),
                retain: Retain::NOTHING,
                plan: DeploymentPlan::default(),
                shadows: Vec::new(),
                extras: Extras::default(),
            },
            Event::WeightsRequested { weights: vec![("a".into(), 2.0)], instance_counts: Vec::new() },
            Event::UndoRequested,
        ] {
            let refused = step(&endpoint, event, T(70_000)).unwrap_err().to_string();
            assert!(refused.contains("Cannot update in-progress endpoint \"live\""), "{refused}");
        }
        let (gone, effects) = step(&endpoint, Event::DeleteRequested, T(70_000)).unwrap();
        assert_eq!((gone, &effects[0]), (None, &Effect::Remove), "but deleting is always possible");
    }
}

#[test]
fn late_reports_change_nothing() {
    let late = [
        Event::FleetReady(two()),
        Event::FleetFailed { reason: "late".into(), traffic: Traffic::default() },
        Event::Stage(Probing),
        Event::Stage(Done),
    ];
    for endpoint in [shifting(), baking(), rolling_back()] {
        for event in &late {
            assert_eq!(go(&endpoint, event.clone(), 70_000), (endpoint.clone(), vec![]), "{event:?}");
        }
    }
    for endpoint in [shifting(), baking()] {
        assert_eq!(go(&endpoint, Event::Drained(Traffic::default()), 3_000), (endpoint.clone(), vec![]));
    }
    assert_eq!(tick(&rolling_back(), 999_000), (rolling_back(), vec![]), "on its way back nothing is judged any more");
    assert_eq!(tick(&in_service(), 999_000), (in_service(), vec![]));
}

#[test]
fn an_update_that_the_end_of_the_app_interrupts_begins_again() {
    let probing = go(&updating(canary()), Event::Stage(Probing), 1_500).0;
    for endpoint in [updating(canary()), probing, shifting(), baking()] {
        let (found, effects) = go(&endpoint, Event::Found, 500_000);
        assert_eq!(record(&found), OLD, "the old configuration is the one of record");
        assert_eq!((stages(&found), shares(&found)), (vec![Loading], vec![]), "it must prove itself anew");
        assert_eq!((newest(&found).resumed, newest(&found).started), (1, T(1_000)));
        assert_eq!((severity(&effects), effects.last()), (Some(Severity::Warning), Some(&Effect::Restore)));
        let (serves, effects) = go(&found, Event::Restored, 500_100);
        assert_eq!(serves, found);
        assert_eq!(
            effects,
            [Effect::Install { mark: "one".into() }, Effect::Build],
            "first what serves, then what comes"
        );
        let (again, effects) = go(&serves, Event::FleetReady(two()), 501_000);
        assert_eq!(effects, [Effect::Shift { share: 0.1, mark: "two 10 %".into() }]);
        assert_eq!(tick(&again, 560_999).1, [], "the wait begins anew, and so does the time limit");
        assert_eq!(shares(&tick(&again, 561_000).0), [0.1, 1.0]);
    }
}

#[test]
fn an_update_that_ends_the_app_again_and_again_is_given_up() {
    let mut endpoint = shifting();
    for n in 1..=deployment::MAX_RESUMED {
        endpoint = go(&endpoint, Event::Found, 100_000 + i64::from(n)).0;
        assert_eq!(endpoint.status, EndpointStatus::Updating);
        endpoint = go(&endpoint, Event::FleetReady(two()), 200_000).0;
    }
    let (given_up, effects) = go(&endpoint, Event::Found, 300_000);
    assert_eq!(record(&given_up), (EndpointStatus::InService, "one", Some("two")));
    assert!(matches!(&newest(&given_up).outcome, DeploymentOutcome::Failed(why) if why.contains("4 times")));
    assert_eq!((severity(&effects), effects.last()), (Some(Severity::Error), Some(&Effect::Restore)));
}

#[test]
fn the_way_back_ends_at_the_next_start() {
    let (found, effects) = go(&rolling_back(), Event::Found, 500_000);
    assert_eq!(record(&found), (EndpointStatus::InService, "one", Some("two")));
    assert_eq!(effects, [Effect::Restore]);
    let reason = "Rolled back by hand".to_owned();
    assert_eq!(newest(&found).outcome, DeploymentOutcome::RolledBack { cause: RollbackCause::ByHand, reason });
}

#[test]
fn an_old_fleet_that_cannot_come_back_ends_the_update_too() {
    let found = go(&shifting(), Event::Found, 500_000).0;
    let (failed, effects) = go(&found, Event::RestoreFailed("gone".into()), 500_100);
    assert_eq!((failed.status, severity(&effects)), (EndpointStatus::Failed, Some(Severity::Error)));
    assert_eq!(newest(&failed).outcome, DeploymentOutcome::Failed("gone".into()));
}

#[test]
fn what_served_is_noted_with_its_weights_when_another_fleet_takes_over() {
    let mut endpoint = in_service();
    let set = Event::WeightsRequested { weights: vec![("a".into(), 9.0)], instance_counts: vec![("a".into(), 3)] };
    endpoint = go(&endpoint, set, 900).0;
    let served = endpoint.variants.clone();
    assert!(endpoint.deployments[0].served.is_empty(), "it serves still");
    let extras = Extras::default();
    let retain = Retain::NOTHING;
    let event =
        Event::UpdateRequested { config_name: "two".into(), retain, plan: canary(), shadows: Vec::new(), extras };
    let updating = go(&endpoint, event, 1_000).0;
    let shifting = go(&updating, Event::FleetReady(two()), 2_000).0;
    let back = go(&shifting, Event::RollBackRequested(quiet()), 3_000).0;
    assert!(back.deployments.iter().all(|deployment| deployment.served.is_empty()), "nothing took over");
    let over = tick(&tick(&shifting, 62_000).0, 92_000).0;
    assert_eq!((&over.deployments[0].served, over.config_name.as_str()), (&served, "two"));
    assert_eq!(over.kept(Retain::as_left(1)), served);
    assert_eq!((over.kept(retain), over.kept(Retain::as_left(2))), (&over.variants[..], &[][..]));
}
