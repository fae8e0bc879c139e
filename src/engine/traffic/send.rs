//! The sender: requests become due at a steady rate whatever the answers do (open loop), over a fixed number of kept connections.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::super::message::TrafficProgress;
use super::super::shared::Shared;
use super::rows::{Labelled, Order};
use crate::domain::label::{Label, LabelReport};
use crate::domain::traffic_test::{TrafficTestSpec, TrafficTestStatus};
use crate::util::promise::{Broken, Promise};

/// The header that names a request for its labels.
const INFERENCE_ID: &str = "x-amzn-sagemaker-inference-id";
/// How often progress is published, at most.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);
/// How long a request may take before it counts as failed.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// How long after its planned end a test that can't keep its rate goes on.
const LATE: Duration = Duration::from_secs(30);

/// What to send.
pub(super) struct Plan {
    pub(super) spec: TrafficTestSpec,
    pub(super) url: String,
    pub(super) planned: u64,
    /// What the inference ids of its requests begin with.
    pub(super) ids: String,
}

/// Labels on their way.
type Labels = VecDeque<Promise<LabelReport>>;

/// What the connections of one test share.
struct Test {
    plan: Plan,
    rows: Labelled,
    next: Mutex<(u64, Order)>,
    begun: Instant,
    shared: Arc<Shared>,
    sent: AtomicU64,
    failed: AtomicU64,
    reason: Mutex<Option<String>>,
}

/// Runs a test to its end, telling how far it is.
pub(super) async fn run(
    plan: Plan,
    shared: Arc<Shared>,
    stopped: watch::Receiver<bool>,
    report: impl Fn(TrafficProgress) + Send,
) {
    let (reader, uri) = (Arc::clone(&shared), plan.spec.data.clone());
    let read = tokio::task::spawn_blocking(move || Labelled::read(reader.store.objects(), &uri)).await;
    let rows = match read.map_err(|error| error.to_string()).and_then(|rows| rows) {
        Ok(rows) => rows,
        Err(why) => {
            let over = Some(TrafficTestStatus::Failed);
            return report(TrafficProgress { sent: 0, failed: 0, failure_reason: Some(why), over });
        }
    };
    let order = Order::new(rows.len(), plan.spec.seed);
    let connections = plan.spec.connections;
    let test = Arc::new(Test {
        plan,
        rows,
        next: Mutex::new((0, order)),
        begun: Instant::now(),
        shared,
        sent: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        reason: Mutex::new(None),
    });
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        tasks.spawn(connection(Arc::clone(&test), stopped.clone()));
    }
    let mut ticks = interval(PROGRESS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = 0;
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(Err(error)) => test.fail(&format!("a connection ended with an internal error: {error}")),
                Some(Ok(())) => {}
                None => break,
            },
            _ = ticks.tick() => {
                let sent = test.sent.load(Ordering::Acquire);
                if sent != told {
                    told = sent;
                    report(test.progress(None));
                }
            }
        }
    }
    let sent = test.sent.load(Ordering::Acquire);
    let status = if *stopped.borrow() { TrafficTestStatus::Stopped } else { TrafficTestStatus::Completed };
    if status == TrafficTestStatus::Completed && sent < test.plan.planned {
        test.note(&format!(
            "Only {sent} of {} requests could be sent in time: the endpoint answered more slowly than the rate asks for; use more connections or a lower rate",
            test.plan.planned
        ));
    }
    report(test.progress(Some(status)));
}

/// One kept connection: takes the next request that is due, sends it, compares the answer.
async fn connection(test: Arc<Test>, mut stopped: watch::Receiver<bool>) {
    let client =
        reqwest::Client::builder().no_proxy().tcp_nodelay(true).pool_max_idle_per_host(1).timeout(ANSWER_LIMIT).build();
    let client = match client {
        Ok(client) => client,
        Err(error) => return test.fail(&format!("no HTTP client could be made: {error}")),
    };
    let mut labels = Labels::new();
    while let Some((number, rows)) = test.take() {
        let due = test.begun + Duration::from_secs_f64(number as f64 / test.plan.spec.requests_per_second);
        tokio::select! {
            biased;
            // A sender that is gone says the same as one that speaks.
            _ = stopped.wait_for(|stop| *stop) => break,
            () = sleep_until(due) => {}
        }
        match test.send(&client, number, &rows).await {
            Ok(()) => labels.extend(test.label(number, &rows)),
            Err(why) => {
                test.failed.fetch_add(1, Ordering::AcqRel);
                test.note(&why);
            }
        }
        test.sent.fetch_add(1, Ordering::AcqRel);
        while let Some(answer) = labels.front().and_then(Promise::poll_now) {
            labels.pop_front();
            test.labelled(answer);
        }
    }
    // A test is over when its last label is counted.
    for answer in labels {
        test.labelled(answer.await);
    }
}

impl Test {
    /// The number and the rows of the next request; `None` when all are taken or it is far too late for more.
    fn take(&self) -> Option<(u64, Vec<usize>)> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let late = Duration::from_secs(u64::from(self.plan.spec.duration_s)) + LATE;
        if next.0 >= self.plan.planned || self.begun.elapsed() > late {
            return None;
        }
        let rows = next.1.take(self.plan.spec.rows_per_request as usize);
        next.0 += 1;
        Some((next.0 - 1, rows))
    }

    /// Sends one request. The error is why there was no 2xx answer.
    async fn send(&self, client: &reqwest::Client, number: u64, rows: &[usize]) -> Result<(), String> {
        let response = client
            .post(&self.plan.url)
            .header(CONTENT_TYPE, self.rows.content_type())
            .header(INFERENCE_ID, self.id(number))
            .body(self.rows.body(rows))
            .send()
            .await
            .map_err(|error| format!("No answer: {}", chain(&error)))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| format!("The answer broke off: {}", chain(&error)))?;
        if !status.is_success() {
            let text = String::from_utf8_lossy(&body);
            return Err(format!("{status}: {}", text.chars().take(500).collect::<String>()));
        }
        Ok(())
    }

    /// The inference id of a request.
    fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.plan.ids)
    }

    /// Says what was right about the rows of an answered request.
    fn label(&self, number: u64, rows: &[usize]) -> Option<Promise<LabelReport>> {
        let values = rows.iter().map(|row| f64::from(self.rows.label(*row))).collect();
        self.shared.serving.label(&self.plan.spec.endpoint, vec![Label { id: self.id(number), values }], false)
    }

    fn labelled(&self, answer: Result<LabelReport, Broken>) {
        // A broken promise is a workspace that closes, or an endpoint that is gone.
        if let Some(why) = answer.ok().and_then(|report| report.problems.into_iter().next()) {
            self.note(&format!("A label was not counted: {why}"));
        }
    }

    /// Keeps the first reason.
    fn note(&self, why: &str) {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| why.to_owned());
    }

    fn fail(&self, why: &str) {
        self.failed.fetch_add(1, Ordering::AcqRel);
        self.note(why);
    }

    fn progress(&self, over: Option<TrafficTestStatus>) -> TrafficProgress {
        TrafficProgress {
            sent: self.sent.load(Ordering::Acquire),
            failed: self.failed.load(Ordering::Acquire),
            failure_reason: self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            over,
        }
    }
}

/// An error with what caused it: the outer one alone says little.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
