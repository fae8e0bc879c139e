//! Describe of what is changing: told at once the first time, held until the change after that.

use std::time::{Duration, Instant};

use counterpoise::aws::WireOptions;
use counterpoise::util::clock::Clock;
use serde_json::json;

use super::{call_as, deployed, job, ok};
use crate::engine::lab::{LIMIT, Lab};

const WAITER: &str = "Boto3/1.44.5 md/Botocore#1.44.5 m/Z,B,b cfg/retry-mode#legacy";

fn status(lab: &Lab, name: &str) -> (String, Duration) {
    let begun = Instant::now();
    let job = ok(lab, "DescribeTrainingJob", &json!({ "TrainingJobName": name }));
    (job["SecondaryStatus"].as_str().unwrap().to_owned(), begun.elapsed())
}

/// Waits until a job trains and is older than the hold: from then on, a first look at it is answered at once.
fn no_longer_fresh(lab: &Lab, name: &str, hold: Duration) {
    lab.wait("a job that trains for a while", |world| {
        let job = world.training_jobs.get(name).filter(|job| job.secondary.as_str() == "Training")?;
        let age = Clock::system().wall_ms() - job.created.0;
        (u128::from(age.unsigned_abs()) > hold.as_millis()).then_some(())
    });
}

#[test]
fn what_was_just_made_is_told_when_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    ok(&lab, "CreateTrainingJob", &job("short", 3));
    assert_eq!(status(&lab, "short").0, "Completed", "the first look, by somebody who does not say that he waits");
    ok(&lab, "CreateEndpoint", &json!({ "EndpointName": "more", "EndpointConfigName": "one" }));
    let told = ok(&lab, "DescribeEndpoint", &json!({ "EndpointName": "more" }));
    assert_eq!(told["EndpointStatus"], "InService");
    lab.close();
}

#[test]
fn the_second_look_at_a_state_waits_for_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let hold = Duration::from_secs(3);
    let lab = Lab::open_with(folder.path(), WireOptions { describe_hold: hold, ..WireOptions::default() });
    lab.fill();
    ok(&lab, "CreateTrainingJob", &job("long", 500_000));
    no_longer_fresh(&lab, "long", hold);
    let (first, took) = status(&lab, "long");
    assert_eq!(first, "Training");
    assert!(took < hold / 2, "the first look is answered at once: {took:?}");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(400));
            let stop = counterpoise::workspace::Command::StopTrainingJob { name: "long".into() };
            lab.workspace.submit(stop).wait(LIMIT).unwrap().unwrap().unwrap();
        });
        let (second, took) = status(&lab, "long");
        assert_ne!(second, "Training");
        assert!(took >= Duration::from_millis(300) && took < hold, "it waits for the change and no longer: {took:?}");
    });
    lab.finished("long");
    let (last, took) = status(&lab, "long");
    assert_eq!(last, "Stopped");
    assert!(took < hold / 2, "what is over is told at once: {took:?}");
    lab.close();
}

#[test]
fn nobody_is_held_for_longer_than_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let hold = Duration::from_millis(300);
    let lab = Lab::open_with(folder.path(), WireOptions { describe_hold: hold, ..WireOptions::default() });
    lab.fill();
    ok(&lab, "CreateTrainingJob", &job("long", 500_000));
    lab.wait("training", |world| {
        world.training_jobs.get("long").filter(|job| job.secondary.as_str() == "Training").cloned()
    });
    status(&lab, "long");
    let (second, took) = status(&lab, "long");
    assert_eq!(second, "Training");
    assert!(took >= hold && took < hold + Duration::from_secs(3), "{took:?}");
    ok(&lab, "StopTrainingJob", &json!({ "TrainingJobName": "long" }));
    lab.finished("long");
    lab.close();
}

#[test]
fn a_client_that_says_it_waits_sees_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    deployed(&lab);
    ok(&lab, "CreateTrainingJob", &job("short", 3));
    let told = call_as(&lab, WAITER, "DescribeTrainingJob", &json!({ "TrainingJobName": "short" })).unwrap();
    assert_eq!(told["TrainingJobStatus"], "Completed");
    for config in ["one", "both", "one"] {
        ok(&lab, "UpdateEndpoint", &json!({ "EndpointName": "live", "EndpointConfigName": config }));
        let told = call_as(&lab, WAITER, "DescribeEndpoint", &json!({ "EndpointName": "live" })).unwrap();
        assert_eq!((&told["EndpointStatus"], &told["EndpointConfigName"]), (&json!("InService"), &json!(config)));
    }
    lab.close();
}
