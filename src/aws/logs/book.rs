//! Which groups and streams there are, and the lines in them.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::super::Wire;
use super::super::errors::WireError;
use super::{invalid, not_found};
use crate::domain::arn::Account;
use crate::domain::training_job::TrainingJob;
use crate::serving::LogStream;
use crate::workspace::Snapshot;

/// Where training jobs write.
const TRAINING: &str = "/aws/sagemaker/TrainingJobs";

/// Before the name of an endpoint: where its containers write.
const ENDPOINTS: &str = "/aws/sagemaker/Endpoints/";

/// How long the log of a job of an earlier run of the app may take to be read from its file.
const READ_TIME: Duration = Duration::from_secs(2);

/// A log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) created_ms: i64,
    source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Training,
    Endpoint(String),
}

/// A log stream.
pub(super) struct Stream {
    pub(super) name: String,
    pub(super) created_ms: i64,
    /// No line is younger; `None` while it is being written.
    pub(super) ended_ms: Option<i64>,
    lines: Lines,
}

enum Lines {
    Job(String),
    Variant(Arc<LogStream>),
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Counts up within a stream, not always by one.
    pub(super) number: u64,
    pub(super) at_ms: i64,
    pub(super) text: String,
}

impl Group {
    /// All groups, in the order of their names.
    pub(super) fn all(wire: &Wire) -> Vec<Self> {
        let snapshot = wire.workspace.snapshot();
        let first = jobs(&snapshot).map(|job| job.created.0).min();
        let training = first.map(|created_ms| Self { name: TRAINING.to_owned(), created_ms, source: Source::Training });
        let endpoints = wire.serving.logged().into_iter().map(|(endpoint, created_ms)| Self {
            name: format!("{ENDPOINTS}{endpoint}"),
            created_ms,
            source: Source::Endpoint(endpoint),
        });
        // "Endpoints" comes before "TrainingJobs", and the endpoints are in order.
        endpoints.chain(training).collect()
    }

    /// The group that a request names, by its name or by an identifier, which may be an ARN.
    pub(super) fn find(wire: &Wire, name: Option<&str>, identifier: Option<&str>) -> Result<Self, WireError> {
        let name = match (name, identifier) {
            (Some(name), None) => name,
            (None, Some(identifier)) => group_of(identifier),
            (None, None) => return Err(invalid("Either logGroupName or logGroupIdentifier must be given.")),
            (Some(_), Some(_)) => {
                return Err(invalid("LogGroup name and LogGroup identifier are mutually exclusive parameters."));
            }
        };
        Self::all(wire).into_iter().find(|group| group.name == name).ok_or_else(|| not_found("group"))
    }

    /// Its ARN, without the `:*` that some places end it with.
    pub(super) fn arn(&self, account: &Account) -> String {
        format!("arn:aws:logs:{}:{}:log-group:{}", account.region, account.id, self.name)
    }

    /// Its streams, in the order of their names.
    pub(super) fn streams(&self, wire: &Wire) -> Vec<Stream> {
        let mut streams: Vec<Stream> = match &self.source {
            Source::Training => jobs(&wire.workspace.snapshot()).map(|job| Stream::of_job(job)).collect(),
            Source::Endpoint(endpoint) => {
                wire.serving.log_streams(endpoint).into_iter().map(Stream::of_variant).collect()
            }
        };
        streams.sort_by(|a, b| a.name.cmp(&b.name));
        streams
    }

    /// One stream.
    pub(super) fn stream(&self, wire: &Wire, name: &str) -> Result<Stream, WireError> {
        let found = match &self.source {
            Source::Training => name
                .split_once('/')
                .and_then(|(job, _)| {
                    let snapshot = wire.workspace.snapshot();
                    snapshot.training_jobs.get(job).filter(|job| begun(job)).map(|job| Stream::of_job(job))
                })
                .filter(|stream| stream.name == name),
            Source::Endpoint(_) => self.streams(wire).into_iter().find(|stream| stream.name == name),
        };
        found.ok_or_else(|| not_found("stream"))
    }
}

/// The name of the group that an identifier stands for, which may be an ARN.
pub(super) fn group_of(identifier: &str) -> &str {
    let group = identifier.split_once(":log-group:").map_or(identifier, |(_, group)| group);
    group.strip_suffix(":*").unwrap_or(group)
}

/// Jobs that have a stream: a container makes it when it starts.
fn jobs(snapshot: &Snapshot) -> impl Iterator<Item = &Arc<TrainingJob>> {
    snapshot.training_jobs.values().filter(|job| begun(job))
}

fn begun(job: &TrainingJob) -> bool {
    job.started.is_some()
}

impl Stream {
    fn of_job(job: &TrainingJob) -> Self {
        Self {
            // When the job was made tells the streams of two jobs of one name apart, and stays when a restart begins a job again.
            name: format!("{}/algo-1-{}", job.name(), job.created.0.div_euclid(1000)),
            created_ms: job.created.0,
            ended_ms: job.ended.map(|ended| ended.0),
            lines: Lines::Job(job.name().to_owned()),
        }
    }

    fn of_variant(stream: Arc<LogStream>) -> Self {
        Self {
            name: stream.name().to_owned(),
            created_ms: stream.created_ms(),
            ended_ms: None,
            lines: Lines::Variant(stream),
        }
    }

    /// The kept lines from number `from` on, oldest first.
    pub(super) fn lines(&self, wire: &Wire, from: u64) -> Vec<Line> {
        match &self.lines {
            Lines::Job(job) => {
                settle(wire, job);
                let page = wire.workspace.training_log(job, from, usize::MAX);
                let numbered = (page.from..).zip(page.lines);
                numbered.map(|(number, (at_ms, text))| Line { number, at_ms, text }).filter(Line::says).collect()
            }
            Lines::Variant(stream) => {
                let lines = stream.lines(from).into_iter();
                lines.map(|l| Line { number: l.number, at_ms: l.at_ms, text: l.text }).filter(Line::says).collect()
            }
        }
    }

    /// Times of the first and the last kept line.
    pub(super) fn span(&self, wire: &Wire) -> Option<(i64, i64)> {
        let at = |page: crate::workspace::LogPage| page.lines.first().map(|(at_ms, _)| *at_ms);
        match &self.lines {
            Lines::Job(job) => {
                settle(wire, job);
                let first = wire.workspace.training_log(job, 0, 1);
                let last = wire.workspace.training_log(job, first.total.checked_sub(1)?, 1);
                Some((at(first)?, at(last)?))
            }
            Lines::Variant(stream) => stream.span_ms(),
        }
    }
}

impl Line {
    /// `CloudWatch` has no events without a message.
    fn says(&self) -> bool {
        !self.text.is_empty()
    }
}

/// Waits until the log of a job of an earlier run of the app is in memory. Only on threads that may block.
fn settle(wire: &Wire, job: &str) {
    let there = || wire.workspace.training_log(job, 0, 0).total > 0;
    if !there()
        && let Ok(runtime) = Handle::try_current()
    {
        // Without it the stream is shown empty, as one whose first line is still on its way.
        let _ = runtime.block_on(wire.changes.until(READ_TIME, |_| there().then_some(())));
    }
}
