//! Killed with SIGKILL while weights change and updates run: the endpoint comes back on the old or the new configuration, never on
//! neither, with at least what was acknowledged.
//!
//! The child is this very test binary, told by an environment variable to change things and to print a line for each acknowledgement.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command as Program, Stdio};

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::deployment::{Capacity, DeploymentPlan, Routing};
use counterpoise::domain::endpoint::{DeploymentOutcome, DeploymentStage, EndpointStatus, Retain};
use counterpoise::domain::extras::Extras;
use counterpoise::domain::training_job::{SecondaryStatus, TrainingJobStatus};
use counterpoise::workspace::Command;

use super::lab::{Lab, regression, spec};

/// Set for the child: the workspace's folder.
const FOLDER: &str = "COUNTERPOISE_TEST_ENGINE_KILL";
/// Set for the child: what to do until it is killed.
const TASK: &str = "COUNTERPOISE_TEST_ENGINE_KILL_TASK";
/// Printed before each acknowledgement, so that the test runner's own lines are told apart.
const ACK: &str = "ack ";

fn acknowledge(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{ACK}{what}").unwrap();
    out.flush().unwrap();
}

/// Not a test of its own: what the child runs. In the parent the variable is not set, and there is nothing to do.
#[test]
fn child_changes_things_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let lab = Lab::open(Path::new(&folder));
    match std::env::var(TASK).unwrap().as_str() {
        "update" => {
            for n in 0.. {
                let config_name = ["c-two", "c-one"][n % 2].to_owned();
                acknowledge(&format!("asking {config_name}"));
                lab.ok(Command::UpdateEndpoint {
                    name: "live".into(),
                    config_name: config_name.clone(),
                    retain: Retain::NOTHING,
                    plan: DeploymentPlan::default(),
                    extras: Extras::default(),
                });
                acknowledge(&format!("updating {config_name}"));
                lab.settled("live");
                acknowledge(&format!("serving {config_name}"));
            }
        }
        stage @ ("shifting" | "baking" | "rolled back") => {
            // Waits an hour in the stage: nothing but the kill ends it there.
            let (wait_s, bake_s, wanted) = if stage == "baking" {
                (0, 3_600, DeploymentStage::Baking)
            } else {
                (3_600, 0, DeploymentStage::Shifting)
            };
            let routing = Routing::Canary { size: Capacity::Percent(50), wait_s };
            lab.ok(Command::UpdateEndpoint {
                name: "live".into(),
                config_name: "c-two".into(),
                retain: Retain::NOTHING,
                plan: DeploymentPlan { routing, bake_s, ..DeploymentPlan::default() },
                extras: Extras::default(),
            });
            lab.wait("the stage", |world| {
                (world.endpoints.get("live")?.deployments.last()?.stage() == wanted).then_some(())
            });
            if stage == "rolled back" {
                lab.ok(Command::RollBackEndpoint { name: "live".into() });
            }
            acknowledge(stage);
            loop {
                std::thread::park();
            }
        }
        "weights" => {
            for n in 1.. {
                let weights = vec![("a".to_owned(), f64::from(n))];
                lab.ok(Command::UpdateWeights { name: "live".into(), weights, instance_counts: Vec::new() });
                acknowledge(&n.to_string());
            }
        }
        _ => {
            lab.wait("a round", |_| lab.workspace.training_progress("long").filter(|p| p.round > 0));
            acknowledge("training");
            lab.finished("long");
        }
    }
}

/// Lets the child run until it has acknowledged `lines` times, kills it, and answers with all that it acknowledged.
fn run_and_kill(folder: &Path, task: &str, lines: usize) -> Vec<String> {
    let mut child = Program::new(std::env::current_exe().unwrap())
        .args(["engine::killed::child_changes_things_until_it_is_killed", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .env(TASK, task)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    let output = BufReader::new(child.stdout.take().unwrap());
    for line in output.lines() {
        // The runner may print the test's name before the first line.
        let Some((_, words)) = line.as_ref().ok().and_then(|line| line.split_once(ACK)) else { continue };
        said.push(words.to_owned());
        if said.len() == lines {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(said.len() >= lines, "the child ended by itself after {said:?}");
    said
}

fn prepare(folder: &Path) {
    let lab = Lab::with_data(folder);
    lab.trained_model("one", Algorithm::XGBoost, 2);
    lab.trained_model("two", Algorithm::XGBoost, 9);
    lab.config("c-one", &[("a", "one", 1.0), ("b", "two", 1.0)]);
    lab.config("c-two", &[("b", "two", 1.0)]);
    lab.serve("live", "c-one");
    lab.close();
}

#[test]
fn in_the_middle_of_updates() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    // The line after which the child dies differs, so that different moments of an update are hit.
    for lines in [1, 2, 4, 5, 8, 10] {
        let said = run_and_kill(folder.path(), "update", lines);
        let lab = Lab::open(folder.path());
        let endpoint = lab.settled("live");
        assert_eq!(endpoint.status, EndpointStatus::InService, "{:?}", endpoint.failure_reason);
        assert!(["c-one", "c-two"].contains(&endpoint.config_name.as_str()));
        let (status, variant, body) = lab.invoke("live", "text/csv", "0.5,0.5");
        assert_eq!(status, 200, "{body}");
        assert!(endpoint.variants.iter().any(|v| v.name == variant), "{variant} is of {}", endpoint.config_name);
        // Whatever was told to serve does, unless a later update was already under way.
        let last = said.last().unwrap();
        if let Some(config) = last.strip_prefix("serving ") {
            let next = endpoint.deployments.last().unwrap();
            assert!(endpoint.config_name == config || next.config_name == endpoint.config_name, "{said:?}");
        }
        let last = endpoint.deployments.last().unwrap();
        match &last.outcome {
            DeploymentOutcome::InProgress => panic!("nothing is left hanging: {last:?}"),
            DeploymentOutcome::Succeeded => assert_eq!(endpoint.config_name, last.config_name),
            other => panic!("an update that was interrupted is taken up again: {other:?}"),
        }
        lab.close();
    }
}

#[test]
fn while_traffic_moves_or_bakes_or_goes_back() {
    for stage in ["shifting", "baking", "rolled back"] {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        run_and_kill(folder.path(), stage, 1);
        let lab = Lab::open(folder.path());
        // The listener is open, so whatever is under way: somebody serves.
        let (status, variant, body) = lab.invoke("live", "text/csv", "0.5,0.5");
        assert_eq!(status, 200, "{stage}: {body}");
        assert!(["a", "b"].contains(&variant.as_str()));
        let endpoint = lab.endpoint("live");
        let newest = endpoint.deployments.last().unwrap();
        assert_eq!(endpoint.config_name, "c-one", "{stage}: nothing was decided yet");
        if stage == "rolled back" {
            assert_eq!((endpoint.status, newest.resumed), (EndpointStatus::InService, 0), "what was given up stays so");
        } else {
            assert_eq!((endpoint.status, newest.resumed), (EndpointStatus::Updating, 1), "{stage}: it begins again");
            lab.wait("the same stage again", |world| {
                let newest = world.endpoints.get("live")?.deployments.last()?;
                (format!("{:?}", newest.stage()).to_lowercase() == stage).then_some(())
            });
            lab.ok(Command::RollBackEndpoint { name: "live".into() });
        }
        let after = lab.settled("live");
        assert_eq!((after.status, after.config_name.as_str()), (EndpointStatus::InService, "c-one"));
        assert!(matches!(after.deployments.last().unwrap().outcome, DeploymentOutcome::RolledBack { .. }));
        lab.close();
    }
}

#[test]
fn after_weights_were_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    for lines in [1, 3, 20] {
        let said = run_and_kill(folder.path(), "weights", lines);
        let acknowledged: f64 = said.last().unwrap().parse().unwrap();
        let lab = Lab::open(folder.path());
        let weight = lab.endpoint("live").variants[0].weight;
        // One more may be on disk whose acknowledgement was not printed any more.
        assert!(weight == acknowledged || weight == acknowledged + 1.0, "{weight} after {acknowledged}");
        assert_eq!(lab.invoke("live", "text/csv", "0.5,0.5").0, 200);
        lab.close();
    }
}

#[test]
fn in_the_middle_of_training_it_begins_again_once() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.put("reg/train.csv", regression(1, 20_000).as_bytes());
    lab.ok(Command::CreateTrainingJob(Box::new(spec("long", Algorithm::XGBoost, 1_000_000))));
    lab.close();
    run_and_kill(folder.path(), "train", 1);
    run_and_kill(folder.path(), "train", 1);
    let lab = Lab::open(folder.path());
    let job = lab.job("long");
    assert_eq!((job.status, job.secondary), (TrainingJobStatus::Failed, SecondaryStatus::Failed));
    assert!(job.failure_reason.as_ref().unwrap().contains("2 times"), "{:?}", job.failure_reason);
    assert!(job.transitions.iter().any(|t| t.status == SecondaryStatus::Restarting));
    assert!(!lab.world().objects[super::lab::BUCKET].contains("models/long/output/model.tar.gz"));
    assert!(lab.events().iter().any(|text| text == "Training job long begins again"));
    lab.close();
}
