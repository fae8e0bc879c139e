//! Updates that move traffic in steps, over real HTTP under load, by a clock that the test holds.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::deployment::{Alarm, Capacity, DeploymentPlan, Routing};
use counterpoise::domain::endpoint::{
    Deployment, DeploymentOutcome, DeploymentStage, Endpoint, EndpointStatus, Retain, RollbackCause,
};
use counterpoise::domain::extras::Extras;
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::util::clock::Clock;
use counterpoise::workspace::Command;

use super::lab::{BUCKET, Lab, model};

pub fn update(config_name: &str, plan: DeploymentPlan) -> Command {
    Command::UpdateEndpoint {
        name: "live".into(),
        config_name: config_name.into(),
        retain: Retain::NOTHING,
        plan,
        extras: Extras::default(),
    }
}

fn canary(alarms: Vec<Alarm>) -> DeploymentPlan {
    let routing = Routing::Canary { size: Capacity::Percent(20), wait_s: 60 };
    DeploymentPlan { routing, bake_s: 30, max_execution_s: None, alarms }
}

/// The endpoint `live` on `old` (deployment 1), and a configuration `new`.
pub fn lab(folder: &Path) -> (Lab, Clock) {
    let (lab, clock) = Lab::with_clock(folder);
    lab.trained_model("old", Algorithm::XGBoost, 2);
    lab.trained_model("new", Algorithm::XGBoost, 20);
    lab.config("old", &[("a", "old", 1.0)]);
    lab.config("new", &[("a", "new", 1.0)]);
    lab.serve("live", "old");
    (lab, clock)
}

pub fn newest(endpoint: &Endpoint) -> &Deployment {
    endpoint.deployments.last().unwrap()
}

pub fn at(lab: &Lab, stage: DeploymentStage) -> Arc<Endpoint> {
    lab.wait(&format!("{stage:?}"), |world| {
        let endpoint = world.endpoints.get("live")?;
        (newest(endpoint).stage() == stage).then(|| Arc::clone(endpoint))
    })
}

/// Requests without a pause over kept and fresh connections; every one must be answered with 200.
struct Load {
    stop: Arc<AtomicBool>,
    /// Requests answered, by thread.
    sent: Arc<[AtomicU64; 2]>,
    /// Answers by the deployment that gave them, since the last look.
    seen: Arc<Mutex<BTreeMap<String, u64>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn on(lab: &Lab) -> Self {
        let url = lab.world().invocations_url("live").unwrap();
        let stop: Arc<AtomicBool> = Arc::default();
        let sent: Arc<[AtomicU64; 2]> = Arc::default();
        let seen: Arc<Mutex<BTreeMap<String, u64>>> = Arc::default();
        let load = |thread: usize| {
            let (stop, sent, seen, url) = (Arc::clone(&stop), Arc::clone(&sent), Arc::clone(&seen), url.clone());
            std::thread::spawn(move || send(&url, thread == 1, &stop, &sent[thread], &seen))
        };
        let threads = vec![load(0), load(1)];
        Self { stop, sent, seen, threads }
    }

    /// Which deployments answer, over the next 30 requests of each thread.
    fn answered_by(&self) -> Vec<String> {
        // What is on its way now may have been drawn before the change that is being looked at.
        self.more(1);
        self.seen.lock().unwrap().clear();
        self.more(30);
        self.seen.lock().unwrap().keys().cloned().collect()
    }

    /// Waits until each thread has sent so many more.
    fn more(&self, requests: u64) {
        let before = self.sent.each_ref().map(|sent| sent.load(Ordering::Acquire));
        // One more: the one that is on its way was sent before.
        while self.sent.iter().zip(before).any(|(sent, before)| sent.load(Ordering::Acquire) < before + requests + 1) {
            assert!(self.threads.iter().all(|thread| !thread.is_finished()), "a request failed");
            std::thread::yield_now();
        }
    }

    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Release);
        for thread in self.threads {
            thread.join().expect("no request failed");
        }
        self.sent.iter().map(|sent| sent.load(Ordering::Acquire)).sum()
    }
}

fn send(url: &str, fresh: bool, stop: &AtomicBool, sent: &AtomicU64, seen: &Mutex<BTreeMap<String, u64>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let idle = usize::from(!fresh);
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(idle).timeout(Duration::from_secs(30));
    let client = client.build().unwrap();
    runtime.block_on(async {
        while !stop.load(Ordering::Acquire) {
            let request = client.post(url).header("content-type", "text/csv").body("0.1,0.9");
            let response = request.send().await.expect("an answer");
            let status = response.status().as_u16();
            let deployment = response.headers().get("x-counterpoise-deployment").cloned();
            let body = response.text().await.unwrap();
            assert_eq!(status, 200, "{body}");
            let deployment = deployment.unwrap().to_str().unwrap().to_owned();
            *seen.lock().unwrap().entry(deployment).or_default() += 1;
            sent.fetch_add(1, Ordering::AcqRel);
        }
    });
}

#[test]
fn no_request_fails_from_the_canary_to_the_drain() {
    let folder = tempfile::tempdir().unwrap();
    let (lab, clock) = lab(folder.path());
    let load = Load::on(&lab);
    lab.ok(update("new", canary(Vec::new())));
    let shifting = at(&lab, DeploymentStage::Shifting);
    assert_eq!((shifting.config_name.as_str(), newest(&shifting).share()), ("old", 0.2));
    assert_eq!(load.answered_by(), ["1", "2"], "both fleets answer");
    let live = lab.workspace.endpoint_live("live").unwrap();
    assert_eq!(live.shift.as_ref().map(|shift| shift.share), Some(0.2));

    clock.advance(Duration::from_mins(1));
    let baking = at(&lab, DeploymentStage::Baking);
    assert_eq!((baking.config_name.as_str(), newest(&baking).share()), ("old", 1.0), "the old one can still come back");
    assert_eq!(load.answered_by(), ["2"]);

    clock.advance(Duration::from_secs(30));
    let done = lab.settled("live");
    assert_eq!((done.status, done.config_name.as_str()), (EndpointStatus::InService, "new"));
    assert_eq!(load.answered_by(), ["2"]);
    let deployment = newest(&done);
    assert_eq!((&deployment.outcome, deployment.failed_requests), (&DeploymentOutcome::Succeeded, 0));
    let sent = load.end();
    assert!((100..=sent).contains(&deployment.requests), "{} of {sent}", deployment.requests);
    let (old, new) = deployment.measured.unwrap();
    assert!(old.requests > 0 && new.requests > 0 && old.errors() + new.errors() == 0, "{old:?} {new:?}");
    lab.close();
}

#[test]
fn no_request_fails_when_it_is_rolled_back_in_any_stage() {
    let folder = tempfile::tempdir().unwrap();
    let (lab, clock) = lab(folder.path());
    let load = Load::on(&lab);
    for stage in [DeploymentStage::Shifting, DeploymentStage::Baking] {
        lab.ok(update("new", canary(Vec::new())));
        at(&lab, DeploymentStage::Shifting);
        if stage == DeploymentStage::Baking {
            clock.advance(Duration::from_mins(1));
            at(&lab, stage);
        }
        lab.ok(Command::RollBackEndpoint { name: "live".into() });
        assert_eq!(load.answered_by(), ["1"], "obeyed from the answer on");
        let after = lab.settled("live");
        assert_eq!((after.config_name.as_str(), newest(&after).failed_requests), ("old", 0));
        assert!(matches!(newest(&after).outcome, DeploymentOutcome::RolledBack { cause: RollbackCause::ByHand, .. }));
        assert_eq!(after.requested_config.as_deref(), Some("new"), "what was asked for stays visible");
    }
    let refused = lab.refused(Command::RollBackEndpoint { name: "live".into() }).to_string();
    assert!(refused.contains("no update is under way"), "{refused}");
    load.end();
    lab.close();
}

#[test]
fn linear_steps_follow_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let (lab, clock) = lab(folder.path());
    let routing = Routing::Linear { step: Capacity::Percent(25), wait_s: 10 };
    lab.ok(update("new", DeploymentPlan { routing, ..DeploymentPlan::default() }));
    for share in [0.25, 0.5, 0.75] {
        lab.wait("the step", |world| {
            let endpoint = world.endpoints.get("live")?;
            (newest(endpoint).share() == share).then_some(())
        });
        clock.advance(Duration::from_secs(10));
    }
    let done = lab.settled("live");
    let shares: Vec<f64> = newest(&done).shares.iter().map(|(share, _)| *share).collect();
    assert_eq!((done.config_name.as_str(), shares), ("new", vec![0.25, 0.5, 0.75, 1.0]));
    lab.close();
}

#[test]
fn a_model_that_refuses_what_clients_send_is_taken_back_by_its_error_rate() {
    let folder = tempfile::tempdir().unwrap();
    let (lab, _clock) = lab(folder.path());
    // Three features, where clients send two: it loads, answers its probe, and refuses every request.
    let wide: Vec<String> = (0..60).map(|i| format!("{i},{},{},{}\n", i % 7, i % 5, i % 3)).collect();
    let wide = wide.concat();
    lab.put("reg/train.csv", wide.as_bytes());
    lab.put("reg/validation.csv", wide.as_bytes());
    lab.trained_model("wide", Algorithm::XGBoost, 2);
    lab.config("wide", &[("a", "wide", 1.0)]);
    lab.ok(update("wide", canary(vec!["counterpoise-error-rate>5%,min=10".into()])));
    at(&lab, DeploymentStage::Shifting);
    let mut refused = 0;
    let deadline = std::time::Instant::now() + super::lab::LIMIT;
    while lab.endpoint("live").status == EndpointStatus::Updating {
        refused += u32::from(lab.invoke("live", "text/csv", "0.5,0.5").0 != 200);
        assert!(std::time::Instant::now() < deadline, "{refused} refusals and no alarm");
    }
    let after = lab.settled("live");
    assert_eq!((after.status, after.config_name.as_str()), (EndpointStatus::InService, "old"));
    let DeploymentOutcome::RolledBack { cause: RollbackCause::Alarm, reason } = &newest(&after).outcome else {
        panic!("{:?}", newest(&after).outcome);
    };
    assert!(reason.starts_with("Alarm counterpoise-error-rate>5%,min=10: on the new fleet"), "{reason}");
    assert_eq!(after.failure_reason.as_ref(), Some(reason));
    assert!(refused >= 10, "{refused}");
    for _ in 0..30 {
        assert_eq!(lab.invoke("live", "text/csv", "0.5,0.5").0, 200);
    }
    let event = lab.world().events.iter().find(|event| event.text.contains("goes back")).cloned().unwrap();
    assert_eq!(event.text, "Endpoint live goes back from wide to old");
    assert_eq!(event.detail.as_ref(), Some(reason));
    lab.close();
}

#[test]
fn a_slow_fleet_is_taken_back_by_its_p99() {
    let folder = tempfile::tempdir().unwrap();
    // A clock that runs: latencies are measured by it. Every request takes longer than half a microsecond.
    let lab = Lab::with_data(folder.path());
    lab.trained_model("old", Algorithm::XGBoost, 2);
    lab.config("old", &[("a", "old", 1.0)]);
    lab.config("new", &[("a", "old", 1.0)]);
    lab.serve("live", "old");
    lab.ok(update("new", canary(vec!["counterpoise-p99>0.0005ms,min=10".into()])));
    let deadline = std::time::Instant::now() + super::lab::LIMIT;
    while lab.endpoint("live").status == EndpointStatus::Updating {
        assert_eq!(lab.invoke("live", "text/csv", "0.5,0.5").0, 200);
        assert!(std::time::Instant::now() < deadline, "no alarm: {:?}", lab.workspace.endpoint_live("live"));
    }
    let after = lab.settled("live");
    assert_eq!((after.config_name.as_str(), newest(&after).failed_requests), ("old", 0));
    let DeploymentOutcome::RolledBack { cause: RollbackCause::Alarm, reason } = &newest(&after).outcome else {
        panic!("{:?}", newest(&after).outcome);
    };
    assert!(reason.contains("99th percentile of the new fleet's latency is"), "{reason}");
    lab.close();
}

#[test]
fn a_corrupt_model_changes_nothing_whatever_the_plan() {
    let folder = tempfile::tempdir().unwrap();
    let (lab, _clock) = lab(folder.path());
    lab.put("broken/model.tar.gz", b"this is no archive");
    let uri = S3Uri::new(BUCKET, "broken/model.tar.gz");
    lab.ok(Command::CreateModel(Box::new(model("broken", Algorithm::XGBoost, uri))));
    lab.config("worse", &[("a", "broken", 1.0)]);
    let load = Load::on(&lab);
    lab.ok(update("worse", canary(Vec::new())));
    let after = lab.settled("live");
    assert_eq!((after.status, after.config_name.as_str()), (EndpointStatus::InService, "old"));
    assert!(matches!(&newest(&after).outcome, DeploymentOutcome::Failed(why) if why.contains("broken")));
    assert_eq!(load.answered_by(), ["1"]);
    load.end();
    lab.close();
}

#[test]
fn a_plan_that_breaks_rules_is_refused_and_one_that_is_given_up_early_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (lab, _clock) = lab(folder.path());
    let routing = Routing::Canary { size: Capacity::Instances(1), wait_s: 1 };
    let refused = lab.refused(update("new", DeploymentPlan { routing, ..DeploymentPlan::default() })).to_string();
    assert!(refused.contains("1 of 1 instances"), "{refused}");
    assert_eq!(lab.endpoint("live").status, EndpointStatus::InService);
    lab.ok(update("new", canary(Vec::new())));
    lab.ok(Command::RollBackEndpoint { name: "live".into() });
    let after = lab.settled("live");
    assert_eq!((after.status, after.config_name.as_str()), (EndpointStatus::InService, "old"));
    lab.wait("the sweep", |_| {
        let entries = std::fs::read_dir(folder.path().join("fleets")).unwrap().flatten();
        (entries.filter(|entry| entry.path().is_file()).count() == 1).then_some(())
    });
    lab.close();
}

#[test]
fn an_update_that_is_interrupted_in_the_middle_begins_again_with_the_old_fleet_in_service() {
    let folder = tempfile::tempdir().unwrap();
    let (lab, _) = lab(folder.path());
    lab.ok(update("new", canary(Vec::new())));
    at(&lab, DeploymentStage::Shifting);
    lab.close();

    let lab = Lab::open(folder.path());
    let found = lab.endpoint("live");
    assert_eq!((found.status, found.config_name.as_str()), (EndpointStatus::Updating, "old"));
    assert_eq!(lab.invoke("live", "text/csv", "0.5,0.5").0, 200);
    let again = at(&lab, DeploymentStage::Shifting);
    assert_eq!((newest(&again).resumed, newest(&again).share()), (1, 0.2));
    assert!(lab.events().contains(&"The update of endpoint live to new begins again".to_owned()));
    lab.ok(Command::RollBackEndpoint { name: "live".into() });
    assert_eq!(lab.settled("live").config_name, "old");
    lab.close();
}
