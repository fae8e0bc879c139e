//! What an update is judged by, over real HTTP: the labels of both fleets, the last minute, and the way back to what was.

use std::path::Path;
use std::time::Duration;

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::deployment::{Alarm, Capacity, DeploymentPlan, Routing};
use counterpoise::domain::endpoint::{
    DeploymentOutcome, DeploymentStage, Endpoint, EndpointStatus, Retain, RollbackCause,
};
use counterpoise::domain::extras::Extras;
use counterpoise::util::clock::Clock;
use counterpoise::workspace::Command;

use super::lab::Lab;
use super::updates::{at, lab, newest, update};

/// Asks with an inference id; the id where the new fleet (deployment 2) answered, and where the old one did.
fn ask(lab: &Lab, n: u32) -> (String, bool) {
    let id = format!("id-{n}");
    let headers = [("content-type", "text/csv"), ("x-amzn-sagemaker-inference-id", id.as_str())];
    let (status, headers, _) = lab.post("/endpoints/live/invocations", &headers, b"0.1,0.9");
    assert_eq!(status, 200);
    let is_new = headers["x-counterpoise-deployment"].as_bytes() == b"2";
    (id, is_new)
}

fn label(lab: &Lab, id: &str, value: f64) {
    let (status, _, answer) = lab.post("/endpoints/live/ground-truth", &[], format!("{id},{value}\n").as_bytes());
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
}

/// A lab whose configuration `new` serves a model that was trained on another target; what the good one answers to [`ask`]'s row; and labels
/// that have come already.
fn labelled_lab(folder: &Path) -> (Lab, Clock, f64) {
    let (lab, clock) = Lab::with_clock(folder);
    lab.trained_model("old", Algorithm::XGBoost, 20);
    let off: Vec<String> = (0..200).map(|i| format!("{},{},{}\n", 50 + i % 3, i % 7, i % 5)).collect();
    lab.put("reg/train.csv", off.concat().as_bytes());
    lab.put("reg/validation.csv", off.concat().as_bytes());
    lab.trained_model("off", Algorithm::XGBoost, 20);
    lab.config("old", &[("a", "old", 1.0)]);
    lab.config("new", &[("a", "off", 1.0)]);
    lab.config("same", &[("a", "old", 1.0)]);
    lab.serve("live", "old");
    let truth: f64 = lab.invoke("live", "text/csv", "0.1,0.9").2.trim().parse().unwrap();
    for n in 0..60 {
        let (id, _) = ask(&lab, n);
        label(&lab, &id, truth);
    }
    (lab, clock, truth)
}

fn watching_labels() -> DeploymentPlan {
    let routing = Routing::Linear { step: Capacity::Percent(50), wait_s: 600 };
    let alarms = vec![Alarm::from("counterpoise-accuracy")];
    DeploymentPlan { routing, bake_s: 600, max_execution_s: None, alarms }
}

#[test]
fn a_fleet_whose_answers_are_worse_is_taken_back_by_its_labels() {
    let folder = tempfile::tempdir().unwrap();
    let (lab, _clock, truth) = labelled_lab(folder.path());
    lab.ok(update("new", watching_labels()));
    at(&lab, DeploymentStage::Shifting);
    let (mut n, mut of_new) = (1_000, 0);
    while lab.endpoint("live").status == EndpointStatus::Updating {
        let (id, is_new) = ask(&lab, n);
        (n, of_new) = (n + 1, of_new + u32::from(is_new));
        label(&lab, &id, truth);
        // Said again, and otherwise: the first one counts, and once.
        label(&lab, &id, truth);
        label(&lab, &id, truth + 1.0);
        assert!(n < 1_400, "{of_new} labels and no alarm: {:?}", lab.workspace.endpoint_live("live").unwrap().shift);
    }
    let after = lab.settled("live");
    assert_eq!((after.status, after.config_name.as_str()), (EndpointStatus::InService, "old"));
    let DeploymentOutcome::RolledBack { cause: RollbackCause::Alarm, reason } = &newest(&after).outcome else {
        panic!("{:?}", newest(&after).outcome);
    };
    let words = "Alarm counterpoise-accuracy: the new fleet's answers are worse: RMSE ";
    assert!(reason.starts_with(words) && reason.contains("RMSE 0.00 over"), "{reason}");
    let watched = newest(&after).accuracy.unwrap();
    assert!(watched.evidence >= 20.0 && watched.labels_of_new() <= u64::from(of_new), "{watched:?}");
    assert!(watched.labels_of_new() >= 3, "{watched:?}");
    for n in 0..10 {
        assert!(!ask(&lab, 5_000 + n).1);
    }
    lab.close();
}

#[test]
fn labels_without_a_verdict_do_not_hold_an_update_up() {
    let folder = tempfile::tempdir().unwrap();
    let (lab, clock, truth) = labelled_lab(folder.path());
    lab.ok(update("same", watching_labels()));
    at(&lab, DeploymentStage::Shifting);
    let mut of_new = 0;
    for n in 0..30 {
        let (id, is_new) = ask(&lab, 1_000 + n);
        label(&lab, &id, truth);
        of_new += u64::from(is_new);
    }
    clock.advance(Duration::from_mins(10));
    at(&lab, DeploymentStage::Baking);
    let (id, _) = ask(&lab, 2_000);
    label(&lab, &id, truth);
    clock.advance(Duration::from_mins(10));
    let done = lab.settled("live");
    assert_eq!((&newest(&done).outcome, done.config_name.as_str()), (&DeploymentOutcome::Succeeded, "same"));
    let watched = newest(&done).accuracy.unwrap();
    assert_eq!((watched.apart.new.labels, watched.same.new.labels), (of_new, 1));
    assert!(watched.evidence < 20.0, "{watched:?}");
    lab.close();
}

/// Waits until an update has been looked at since it met so many requests.
fn looked_at(lab: &Lab, requests: u64) {
    lab.wait("a look", |world| (newest(world.endpoints.get("live")?).requests >= requests).then_some(()));
}

#[test]
fn a_fault_that_begins_late_in_a_long_bake_is_still_caught() {
    let folder = tempfile::tempdir().unwrap();
    let (lab, clock) = lab(folder.path());
    let alarms = vec![Alarm::from("counterpoise-error-rate>20%")];
    lab.ok(update("new", DeploymentPlan { bake_s: 3_600, alarms, ..DeploymentPlan::default() }));
    at(&lab, DeploymentStage::Baking);
    let good = || assert_eq!(lab.invoke("live", "text/csv", "0.5,0.5").0, 200);
    (0..1_000).for_each(|_| good());
    clock.advance(Duration::from_mins(10));
    good();
    looked_at(&lab, 1_001);
    // One stray error in a quiet minute is a quarter of it, and brings nothing back.
    let refused = || lab.invoke("live", "text/csv", "0.5,0.5,0.5").0 != 200;
    assert!(refused());
    (0..3).for_each(|_| good());
    clock.advance(Duration::from_mins(2));
    good();
    looked_at(&lab, 1_006);
    assert_eq!(lab.endpoint("live").status, EndpointStatus::Updating);
    let (mut faults, deadline) = (0, std::time::Instant::now() + super::lab::LIMIT);
    while lab.endpoint("live").status == EndpointStatus::Updating {
        faults += u32::from(refused());
        assert!(std::time::Instant::now() < deadline, "{faults} refusals and no alarm");
    }
    let after = lab.settled("live");
    let DeploymentOutcome::RolledBack { cause: RollbackCause::Alarm, reason } = &newest(&after).outcome else {
        panic!("{:?}", newest(&after).outcome);
    };
    assert!(reason.contains("in the last minute") && reason.contains("requests got no prediction"), "{reason}");
    // All of it together is below the bound still.
    let (_, new) = newest(&after).measured.unwrap();
    assert!(new.error_rate() < 0.2 && faults >= 10, "{new:?} {faults}");
    lab.close();
}

#[test]
fn going_back_brings_the_weights_and_instances_back_that_served() {
    let folder = tempfile::tempdir().unwrap();
    let (lab, _clock) = lab(folder.path());
    lab.config("both", &[("a", "old", 1.0), ("b", "new", 1.0)]);
    lab.ok(update("both", DeploymentPlan::default()));
    lab.settled("live");
    lab.ok(Command::UpdateWeights {
        name: "live".into(),
        weights: vec![("a".into(), 9.0)],
        instance_counts: vec![("b".into(), 2)],
    });
    lab.ok(update("new", DeploymentPlan::default()));
    let new = lab.settled("live");
    assert_eq!((new.config_name.as_str(), new.variants.len()), ("new", 1));
    let back = Command::UpdateEndpoint {
        name: "live".into(),
        config_name: "both".into(),
        retain: Retain::as_left(2),
        plan: DeploymentPlan::default(),
        extras: Extras::default(),
    };
    lab.ok(back);
    let served = |endpoint: &Endpoint| -> Vec<(f64, u32)> {
        endpoint.variants.iter().map(|variant| (variant.weight, variant.instance_count)).collect()
    };
    let back = lab.settled("live");
    assert_eq!((back.config_name.as_str(), served(&back)), ("both", vec![(9.0, 1), (1.0, 2)]));
    lab.close();

    // The history is on disk.
    let lab = Lab::open(folder.path());
    lab.ok(update("new", DeploymentPlan::default()));
    let again = lab.settled("live");
    assert_eq!(again.kept(Retain::as_left(4)).len(), 2);
    assert_eq!(again.kept(Retain::as_left(2)), again.kept(Retain::as_left(4)));
    lab.close();
}

#[test]
fn an_experiment_begins_anew_where_somebody_says_so_and_its_past_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (lab, _clock, truth) = labelled_lab(folder.path());
    let refused = lab.refused(Command::RestartExperiment { name: "none".into() }).to_string();
    assert!(refused.contains("none"), "{refused}");
    let arm = |lab: &Lab| {
        let live = lab.workspace.endpoint_live("live").unwrap();
        let summary = &live.experiment.as_ref().unwrap().summary;
        (summary.arms[0].counted, summary.arms[0].labelled, summary.epochs)
    };
    let until = |lab: &Lab, what: &str, is: (u64, u64, u64)| {
        lab.wait(what, |_| (arm(lab) == is).then_some(()));
    };
    // One request came without a label, and the first 50 labels tell how large an error may be.
    until(&lab, "the labels", (61, 10, 1));
    lab.ok(Command::RestartExperiment { name: "live".into() });
    until(&lab, "the beginning", (0, 0, 2));
    let event = lab.world().events.back().cloned().unwrap();
    assert_eq!(event.text, "The experiment of endpoint live begins anew");
    let detail = event.detail.clone().unwrap();
    assert!(
        detail.starts_with("The one before it: a 61 requests of this fleet (61 expected), 10 labelled"),
        "{detail}"
    );
    let (id, _) = ask(&lab, 900);
    label(&lab, &id, truth);
    until(&lab, "the first label", (1, 1, 2));
    assert_eq!(lab.workspace.endpoint_live("live").unwrap().variants[0].requests, 62, "nothing is lost");
    lab.close();

    let lab = Lab::open(folder.path());
    lab.wait("the endpoint", |_| lab.workspace.endpoint_live("live").map(drop));
    let (counted, labelled, _) = arm(&lab);
    assert_eq!((counted, labelled), (1, 1), "a restart remembers it");
    lab.close();
}
