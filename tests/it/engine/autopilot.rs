//! The autopilot of the weights in a real system: it follows the labels, tells what it does, and stops when somebody else takes over.

use std::time::Duration;

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::deployment::DeploymentPlan;
use counterpoise::domain::endpoint::Retain;
use counterpoise::domain::extras::Extras;
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::traffic_test::{TrafficTestSpec, TrafficTestStatus};
use counterpoise::util::clock::Clock;
use counterpoise::workspace::Command;

use super::lab::{BUCKET, Lab};

fn set(floor: Option<f64>) -> Command {
    Command::SetAutopilot { name: "live".into(), floor }
}

fn weights(lab: &Lab) -> Vec<f64> {
    lab.endpoint("live").variants.iter().map(|variant| variant.weight).collect()
}

/// Labelled requests, all of them answered and counted.
fn traffic(lab: &Lab, requests: u64) {
    let before = lab.workspace.endpoint_live("live").map_or(0, |live| live.variants.iter().map(|v| v.labelled).sum());
    lab.ok(Command::StartTrafficTest(Box::new(TrafficTestSpec {
        endpoint: "live".into(),
        data: S3Uri::new(BUCKET, "reg/validation.csv"),
        requests_per_second: requests as f64,
        duration_s: 1,
        rows_per_request: 1,
        connections: 4,
        seed: 1,
    })));
    lab.wait("the end of the traffic", |world| {
        world.traffic_tests.get("live").filter(|test| test.status == TrafficTestStatus::Completed).cloned()
    });
    lab.wait("all labels", |_| {
        let live = lab.workspace.endpoint_live("live")?;
        (live.variants.iter().map(|v| v.labelled).sum::<u64>() >= before + requests).then_some(())
    });
}

#[test]
fn it_follows_the_labels_until_somebody_takes_over_and_is_off_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::paused(1_700_000_000_000);
    let lab = Lab::open_at(folder.path(), &clock);
    lab.fill();
    lab.trained_model("rough", Algorithm::XGBoost, 1);
    lab.trained_model("fine", Algorithm::XGBoost, 30);
    lab.config("both", &[("a", "rough", 1.0), ("b", "fine", 1.0)]);
    lab.serve("live", "both");
    let why = lab.refused(set(Some(0.5))).to_string();
    assert!(why.contains("0.01 to 0.05"), "{why}");
    lab.ok(set(Some(0.05)));
    assert_eq!(lab.world().autopilots.get("live").unwrap().floor, 0.05);

    traffic(&lab, 400);
    // The meters show it a tenth of a second later, the autopilot half a minute.
    clock.advance(Duration::from_secs(31));
    lab.wait("a step", |world| world.autopilots.get("live").filter(|on| on.steps == 1).cloned());
    assert_eq!(weights(&lab), [5.0, 95.0], "the floor and the rest");
    let events = lab.events();
    let said =
        events.iter().find(|text| text.starts_with("Autopilot set the weights of live to 5 / 95: b is the best"));
    assert!(said.is_some(), "{events:?}");
    let live = lab.wait("the mark", |_| {
        clock.advance(Duration::from_millis(200));
        lab.workspace.endpoint_live("live").filter(|live| live.marks.len() == 2)
    });
    assert_eq!(live.marks[1].label, "auto 50/50 \u{2192} 5/95");
    assert_eq!(live.experiment.as_ref().unwrap().summary.epoch, 2, "a step begins an epoch");
    assert_eq!(lab.endpoint("live").weight_changes.len(), 1);

    let by_hand = vec![("a".to_owned(), 50.0), ("b".to_owned(), 50.0)];
    lab.ok(Command::UpdateWeights { name: "live".into(), weights: by_hand, instance_counts: Vec::new() });
    assert!(lab.world().autopilots.is_empty());
    let last = lab.events().pop().unwrap();
    assert_eq!(last, "Autopilot of live stopped: somebody set the weights; it had moved the weights once");
    lab.ok(set(Some(0.01)));
    lab.ok(Command::UndoWeights { name: "live".into() });
    assert!(lab.world().autopilots.is_empty());
    assert_eq!(weights(&lab), [5.0, 95.0]);
    lab.ok(set(Some(0.01)));
    let counts = vec![("a".to_owned(), 2)];
    lab.ok(Command::UpdateWeights { name: "live".into(), weights: Vec::new(), instance_counts: counts });
    assert_eq!(lab.world().autopilots.len(), 1, "instances are no weights");
    lab.ok(Command::UpdateEndpoint {
        name: "live".into(),
        config_name: "both".into(),
        retain: Retain::all(true),
        plan: DeploymentPlan::default(),
        extras: Extras::default(),
    });
    assert!(lab.world().autopilots.is_empty());
    assert!(lab.events().contains(
        &"Autopilot of live stopped: the endpoint is being updated; it had not moved the weights".to_owned()
    ));
    lab.settled("live");

    lab.ok(set(Some(0.01)));
    lab.ok(set(None));
    assert!(lab.events().pop().unwrap().starts_with("Autopilot of live stopped: it was switched off; "));
    lab.ok(set(Some(0.01)));
    lab.close();
    let lab = Lab::open_at(folder.path(), &clock);
    assert!(lab.world().autopilots.is_empty(), "off after a restart");
    assert_eq!(weights(&lab), [5.0, 95.0]);
    lab.ok(Command::UpdateWeights {
        name: "live".into(),
        weights: vec![("b".to_owned(), 0.0)],
        instance_counts: Vec::new(),
    });
    let why = lab.refused(set(Some(0.01))).to_string();
    assert!(why.contains("at least 2"), "{why}");
    lab.ok(Command::DeleteEndpoint { name: "live".into() });
    assert!(lab.refused(set(Some(0.01))).to_string().contains("live"));
    lab.close();
}
