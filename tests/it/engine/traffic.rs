//! Traffic tests: real requests at a steady rate, outcomes by variant, stop, failures with their reason.

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::traffic_test::{TrafficTest, TrafficTestSpec, TrafficTestStatus};
use counterpoise::stats::live::Score;
use counterpoise::workspace::{Command, CommandError};
use std::sync::Arc;

use super::lab::{BUCKET, Lab, classes, regression};

fn spec(endpoint: &str, key: &str, rate: f64, duration_s: u32, rows: u32) -> TrafficTestSpec {
    TrafficTestSpec {
        endpoint: endpoint.into(),
        data: S3Uri::new(BUCKET, key),
        requests_per_second: rate,
        duration_s,
        rows_per_request: rows,
        connections: 4,
        seed: 1,
    }
}

fn start(spec: TrafficTestSpec) -> Command {
    Command::StartTrafficTest(Box::new(spec))
}

fn over(lab: &Lab, endpoint: &str) -> Arc<TrafficTest> {
    lab.wait("the end of the test", |world| {
        world.traffic_tests.get(endpoint).filter(|test| test.status != TrafficTestStatus::Running).cloned()
    })
}

#[test]
fn answers_are_compared_with_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("trees", Algorithm::XGBoost, 20);
    lab.trained_model("line", Algorithm::LinearLearner, 20);
    lab.config("numbers", &[("a", "trees", 1.0), ("b", "trees", 1.0)]);
    lab.config("classes", &[("only", "line", 1.0)]);
    lab.serve("numbers", "numbers");
    lab.serve("classes", "classes");
    lab.put("reg/test.csv", regression(3, 100).as_bytes());
    lab.put("cls/test.libsvm", classes(3, 100).as_bytes());

    lab.ok(start(spec("numbers", "reg/test.csv", 100.0, 1, 2)));
    let twice = lab.refused(start(spec("numbers", "reg/test.csv", 100.0, 1, 2)));
    assert!(twice.to_string().contains("running already"), "{twice}");
    let test = over(&lab, "numbers");
    assert_eq!((test.status, test.planned), (TrafficTestStatus::Completed, 100), "{:?}", test.failure_reason);
    assert_eq!((test.sent, test.failed, test.failure_reason.clone()), (100, 0, None));
    let live = lab.wait("all labels", |_| {
        let live = lab.workspace.endpoint_live("numbers")?;
        (live.variants.iter().map(|v| v.labelled).sum::<u64>() == 200).then_some(live)
    });
    assert_eq!(live.score, Score::Rmse);
    for variant in &live.variants {
        assert!(variant.labelled > 0 && variant.score.is_some(), "both were drawn: {variant:?}");
    }

    lab.ok(start(spec("classes", "cls/test.libsvm", 200.0, 1, 1)));
    let test = over(&lab, "classes");
    assert_eq!((test.sent, test.failed), (200, 0), "{:?}", test.failure_reason);
    let live = lab
        .wait("all labels", |_| lab.workspace.endpoint_live("classes").filter(|live| live.variants[0].labelled == 200));
    assert_eq!(live.score, Score::Accuracy);
    let right = live.variants[0].right;
    assert!(right > 170, "a line divides these classes: {right} of 200");
    lab.close();
}

#[test]
fn failures_are_counted_with_the_first_reason() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("trees", Algorithm::XGBoost, 2);
    lab.config("c", &[("a", "trees", 1.0)]);
    lab.serve("live", "c");
    lab.put("wide.csv", b"1,2,3,4,5\n");
    lab.ok(start(spec("live", "wide.csv", 20.0, 1, 1)));
    let test = over(&lab, "live");
    assert_eq!((test.status, test.sent, test.failed), (TrafficTestStatus::Completed, 20, 20));
    assert!(test.failure_reason.as_ref().unwrap().starts_with('4'), "{:?}", test.failure_reason);

    lab.put("words.csv", b"label,a,b\n1,2,3\n");
    lab.ok(start(spec("live", "words.csv", 20.0, 1, 1)));
    let test = over(&lab, "live");
    assert_eq!((test.status, test.sent), (TrafficTestStatus::Failed, 0));
    assert!(test.failure_reason.as_ref().unwrap().contains("line 1"), "{:?}", test.failure_reason);

    let none = spec("live", "none.csv", 1.0, 1, 1);
    assert_eq!(lab.refused(start(none)), CommandError::NoObject(S3Uri::new(BUCKET, "none.csv")));
    let mut bad = spec("live", "wide.csv", 1.0, 1, 1);
    bad.connections = 0;
    assert!(matches!(lab.refused(start(bad)), CommandError::Invalid(_)));
    assert!(matches!(lab.refused(start(spec("none", "wide.csv", 1.0, 1, 1))), CommandError::NotFound(_)));
    lab.close();
}

#[test]
fn a_test_stops_by_hand_and_with_its_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("trees", Algorithm::XGBoost, 2);
    lab.config("c", &[("a", "trees", 1.0)]);
    lab.serve("live", "c");
    let idle = lab.refused(Command::StopTrafficTest { endpoint: "live".into() });
    assert!(idle.to_string().contains("no traffic test is running"), "{idle}");
    lab.ok(start(spec("live", "reg/train.csv", 50.0, 3_600, 1)));
    lab.wait("the first answers", |world| world.traffic_tests.get("live").filter(|test| test.sent > 0).cloned());
    lab.ok(Command::StopTrafficTest { endpoint: "live".into() });
    let test = over(&lab, "live");
    assert_eq!((test.status, test.failed), (TrafficTestStatus::Stopped, 0), "{:?}", test.failure_reason);
    assert!(test.ended.is_some() && test.sent < test.planned);

    lab.ok(start(spec("live", "reg/train.csv", 50.0, 3_600, 1)));
    lab.wait("the first answers", |world| world.traffic_tests.get("live").filter(|test| test.sent > 0).cloned());
    lab.ok(Command::DeleteEndpoint { name: "live".into() });
    let test = over(&lab, "live");
    assert_eq!(test.status, TrafficTestStatus::Stopped);
    assert_eq!(test.failure_reason.as_deref(), Some("The endpoint was deleted"));
    lab.serve("live", "c");
    assert!(!lab.world().traffic_tests.contains("live"), "a new endpoint begins without its namesake's test");
    lab.close();
}
