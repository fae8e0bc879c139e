//! A workspace that is closed and opened again in this process: everything is where it was.

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::deployment::DeploymentPlan;
use counterpoise::domain::endpoint::{EndpointStatus, Retain};
use counterpoise::domain::extras::Extras;
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::traffic_test::{TrafficTestSpec, TrafficTestStatus};
use counterpoise::domain::training_job::{SecondaryStatus, TrainingJobStatus};
use counterpoise::workspace::Command;

use super::lab::{BUCKET, Lab, regression, spec};

#[test]
fn endpoints_serve_again_with_their_weights() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("one", Algorithm::XGBoost, 3);
    lab.trained_model("two", Algorithm::XGBoost, 9);
    lab.config("both", &[("a", "one", 1.0), ("b", "two", 1.0)]);
    lab.serve("live", "both");
    lab.ok(Command::UpdateWeights {
        name: "live".into(),
        weights: vec![("a".into(), 0.0), ("b".into(), 5.0)],
        instance_counts: Vec::new(),
    });
    let before = lab.invoke("live", "text/csv", "0.3,0.4");
    let events = lab.world().events.len();
    let last_request = |lab: &Lab| lab.workspace.endpoint_live("live").unwrap().last_request_ms;
    let asked = last_request(&lab).expect("it was asked");
    // What serves does not depend on what it was made from.
    lab.ok(Command::DeleteModel { name: "two".into() });
    lab.ok(Command::DeleteEndpointConfig { name: "both".into() });
    lab.put("models/two/output/model.tar.gz", b"overwritten");
    lab.close();

    let lab = Lab::open(folder.path());
    let endpoint = lab.endpoint("live");
    assert_eq!(endpoint.status, EndpointStatus::InService, "{:?}", endpoint.failure_reason);
    assert_eq!(endpoint.variants.iter().map(|v| v.weight).collect::<Vec<_>>(), [0.0, 5.0]);
    assert_eq!(last_request(&lab), Some(asked), "how long it has been idle is not forgotten");
    for _ in 0..30 {
        assert_eq!(lab.invoke("live", "text/csv", "0.3,0.4"), before, "the same variant, the same answer");
    }
    // Live numbers may be a tenth of a second old.
    lab.wait("the newest request", |_| last_request(&lab).filter(|at| *at > asked));
    assert!(lab.world().events.len() >= events, "the log goes on");
    let progress = lab
        .wait("the curves", |_| lab.workspace.training_progress("two").filter(|progress| !progress.curves.is_empty()));
    assert_eq!(progress.round, 9);
    let log = lab.wait("the log", |_| Some(lab.workspace.training_log("two", 0, 10)).filter(|log| log.total > 0));
    assert!(log.lines[0].1.contains("Training job two"), "{log:?}");
    lab.close();
}

#[test]
fn an_orderly_close_begins_training_again() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.put("reg/train.csv", regression(1, 20_000).as_bytes());
    lab.ok(Command::CreateTrainingJob(Box::new(spec("long", Algorithm::XGBoost, 100_000))));
    lab.wait("the first round", |_| lab.workspace.training_progress("long").filter(|p| p.round > 0));
    lab.close();

    let lab = Lab::open(folder.path());
    let job = lab.job("long");
    assert_eq!((job.status, job.attempts), (TrainingJobStatus::InProgress, 1));
    assert!(job.transitions.iter().any(|t| t.status == SecondaryStatus::Restarting), "{:?}", job.transitions);
    lab.wait("the first round", |_| lab.workspace.training_progress("long").filter(|p| p.round > 0));
    lab.ok(Command::StopTrainingJob { name: "long".into() });
    assert_eq!(lab.finished("long").status, TrainingJobStatus::Stopped);
    lab.close();
}

#[test]
fn a_traffic_test_ends_with_the_app() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("one", Algorithm::XGBoost, 3);
    lab.config("c", &[("a", "one", 1.0)]);
    lab.serve("live", "c");
    lab.ok(Command::StartTrafficTest(Box::new(TrafficTestSpec {
        endpoint: "live".into(),
        data: S3Uri::new(BUCKET, "reg/train.csv"),
        requests_per_second: 50.0,
        duration_s: 3_600,
        rows_per_request: 1,
        connections: 2,
        seed: 1,
    })));
    lab.wait("the first answers", |world| world.traffic_tests.get("live").filter(|test| test.sent > 0).cloned());
    lab.close();

    let lab = Lab::open(folder.path());
    let test = lab.world().traffic_tests.get("live").unwrap().clone();
    assert_eq!((test.status, test.failed), (TrafficTestStatus::Stopped, 0));
    assert!(test.failure_reason.as_ref().unwrap().contains("closed"), "{:?}", test.failure_reason);
    lab.close();
}

#[test]
fn files_of_fleets_that_are_gone_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("one", Algorithm::XGBoost, 3);
    lab.config("c", &[("a", "one", 1.0)]);
    lab.serve("live", "c");
    lab.serve("other", "c");
    let count = |part: &str| {
        let entries = std::fs::read_dir(folder.path().join(part)).unwrap().flatten();
        entries.filter(|entry| entry.path().is_file()).count()
    };
    for _ in 0..3 {
        lab.ok(Command::UpdateEndpoint {
            name: "live".into(),
            config_name: "c".into(),
            retain: Retain::NOTHING,
            plan: DeploymentPlan::default(),
            extras: Extras::default(),
        });
        lab.settled("live");
    }
    lab.wait("the sweep", |_| (count("fleets") == 2).then_some(()));
    assert_eq!(count("fleets/artifacts"), 1, "one artefact is one file");
    lab.ok(Command::DeleteEndpoint { name: "other".into() });
    lab.wait("the sweep", |_| (count("fleets") == 1).then_some(()));
    lab.ok(Command::DeleteEndpoint { name: "live".into() });
    lab.wait("the sweep", |_| (count("fleets") + count("fleets/artifacts") == 0).then_some(()));
    lab.close();
}
