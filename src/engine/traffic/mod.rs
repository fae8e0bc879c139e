//! Traffic tests: labelled rows sent to an endpoint's real URL at a steady rate, and what came back compared with the labels.

mod rows;
mod send;

pub(super) use rows::Labelled;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::change::{Change, Row};
use super::control::Control;
use super::machine::Tell;
use super::message::{Report, TrafficProgress};
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::traffic_test::{TrafficTest, TrafficTestSpec, TrafficTestStatus};
use crate::workspace::CommandError;

/// The tests that run, and the runtime that they run on.
#[derive(Default)]
pub(super) struct TrafficTests {
    /// Made with the first test; a workspace that sends none has no thread for it.
    runtime: Option<Runtime>,
    running: HashMap<String, Running>,
}

struct Running {
    /// Told apart from earlier tests of the same endpoint by this.
    id: u64,
    stop: watch::Sender<bool>,
}

impl TrafficTests {
    /// Asks every test to end, and does not wait for it.
    pub(super) fn close(&mut self) {
        self.running.clear();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Control {
    /// Starts a test whose specification is checked.
    pub(super) fn traffic_start(&mut self, spec: TrafficTestSpec) -> Result<(), CommandError> {
        let name = spec.endpoint.clone();
        let refuse = |why: String| CommandError::InUse { resource: ResourceRef::new(Kind::Endpoint, &name), why };
        let endpoint = self.world.endpoints.get(&name);
        let endpoint = endpoint.ok_or_else(|| CommandError::NotFound(ResourceRef::new(Kind::Endpoint, &name)))?;
        if !endpoint.status.serves() {
            return Err(refuse(format!("it is {} and answers no requests", endpoint.status.as_str())));
        }
        if self.traffic.running.contains_key(&name) {
            return Err(refuse("a traffic test is running already; stop it first".to_owned()));
        }
        let objects = self.world.objects.get(&spec.data.bucket);
        let objects =
            objects.ok_or_else(|| CommandError::NotFound(ResourceRef::new(Kind::Bucket, &spec.data.bucket)))?;
        if !objects.contains(&spec.data.key) {
            return Err(CommandError::NoObject(spec.data.clone()));
        }
        let Some(url) = self.world.invocations_url(&name) else {
            return Err(CommandError::Failed("The listener does not accept requests yet".to_owned()));
        };
        let runtime = match &mut self.traffic.runtime {
            Some(runtime) => runtime,
            none => none.insert(
                tokio::runtime::Builder::new_multi_thread()
                    .worker_threads(1)
                    .thread_name("traffic")
                    .enable_all()
                    .build()
                    .map_err(|error| CommandError::Failed(format!("The traffic test has no thread: {error}")))?,
            ),
        }
        .handle()
        .clone();
        let planned = (spec.requests_per_second * f64::from(spec.duration_s)).ceil() as u64;
        let test = TrafficTest {
            spec: spec.clone(),
            status: TrafficTestStatus::Running,
            started: self.now(),
            ended: None,
            planned,
            sent: 0,
            failed: 0,
            failure_reason: None,
        };
        let tell = Tell::info(format!(
            "Traffic test of {name} started: {planned} requests at {} a second",
            spec.requests_per_second
        ));
        self.commit(Change::row(Row::TrafficTest(test)).tell(tell, Kind::Endpoint, &name))?;
        let id = self.fresh_id();
        let (stop, stopped) = watch::channel(false);
        self.traffic.running.insert(name.clone(), Running { id, stop });
        let shared = Arc::clone(&self.shared);
        let ids = format!("traffic-{}-{id}", self.now().0);
        let plan = send::Plan { spec, url, planned, ids };
        runtime.spawn(async move {
            let report = {
                let shared = Arc::clone(&shared);
                let endpoint = name.clone();
                move |progress: TrafficProgress| {
                    let progress = Box::new(progress);
                    shared.report(Report::Traffic { endpoint: endpoint.clone(), test: id, progress });
                }
            };
            // A task of its own, so that a panic in it is a failed test with a reason.
            let run = tokio::spawn(send::run(plan, Arc::clone(&shared), stopped, report.clone()));
            if let Err(error) = run.await {
                report(TrafficProgress {
                    sent: 0,
                    failed: 0,
                    failure_reason: Some(format!("The traffic test ended with an internal error: {error}")),
                    over: Some(TrafficTestStatus::Failed),
                });
            }
        });
        Ok(())
    }

    /// Stops a test; it ends with the answers to the requests that are under way.
    pub(super) fn traffic_stop(&mut self, endpoint: &str) -> Result<(), CommandError> {
        let Some(running) = self.traffic.running.get(endpoint) else {
            let resource = ResourceRef::new(Kind::Endpoint, endpoint);
            return Err(if self.world.endpoints.contains(endpoint) {
                CommandError::InUse { resource, why: "no traffic test is running".to_owned() }
            } else {
                CommandError::NotFound(resource)
            });
        };
        // The receiver lives as long as the test; a test that has just ended needs no word.
        let _ = running.stop.send(true);
        Ok(())
    }

    /// How far a test is, or how it ended.
    pub(super) fn traffic_report(&mut self, endpoint: &str, id: u64, progress: TrafficProgress) {
        if self.traffic.running.get(endpoint).is_none_or(|running| running.id != id) {
            return;
        }
        let Some(test) = self.world.traffic_tests.get(endpoint) else { return };
        let mut test = (**test).clone();
        test.sent = test.sent.max(progress.sent);
        test.failed = test.failed.max(progress.failed);
        test.failure_reason = progress.failure_reason;
        let Some(status) = progress.over else { return self.show(Row::TrafficTest(test)) };
        self.traffic.running.remove(endpoint);
        self.traffic_end(test, status);
    }

    fn traffic_end(&mut self, mut test: TrafficTest, status: TrafficTestStatus) {
        test.status = status;
        test.ended = Some(self.now());
        let name = test.spec.endpoint.clone();
        let counted = format!("{} of {} requests sent, {} failed", test.sent, test.planned, test.failed);
        let why = test.failure_reason.clone().unwrap_or_default();
        let tell = match status {
            TrafficTestStatus::Failed => Tell::error(format!("The traffic test of {name} could not go on"), why),
            _ if test.failed > 0 => Tell::warning(format!("The traffic test of {name} is over: {counted}"), why),
            TrafficTestStatus::Stopped => Tell::info(format!("The traffic test of {name} was stopped: {counted}")),
            _ => Tell::success(format!("The traffic test of {name} is over: {counted}")),
        };
        self.commit_or_show(&name, Row::TrafficTest(test), vec![tell], Kind::Endpoint);
    }

    /// The endpoint is gone, and with it whom the test talked to.
    pub(super) fn traffic_endpoint_gone(&mut self, endpoint: &str) {
        let Some(running) = self.traffic.running.remove(endpoint) else { return };
        let _ = running.stop.send(true);
        self.traffic_stopped_because(endpoint, "The endpoint was deleted");
    }

    /// The app closes.
    pub(super) fn traffic_closed(&mut self) {
        let names: Vec<String> = self.traffic.running.keys().cloned().collect();
        for name in names {
            self.traffic_stopped_because(&name, "The app was closed while the test was running");
        }
        self.traffic.close();
    }

    fn traffic_stopped_because(&mut self, endpoint: &str, why: &str) {
        let Some(test) = self.world.traffic_tests.get(endpoint) else { return };
        let mut test = (**test).clone();
        test.failure_reason.get_or_insert_with(|| why.to_owned());
        self.traffic_end(test, TrafficTestStatus::Stopped);
    }
}
