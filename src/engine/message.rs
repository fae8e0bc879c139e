//! What the event loop hears: commands of people and clients, reports of workers.

use std::path::PathBuf;
use std::time::Duration;

use super::machine::{Tell, training_job};
use super::object_traffic::Traffic;
use crate::domain::label::LabelReport;
use crate::domain::reference::ResourceRef;
use crate::domain::s3_uri::S3Uri;
use crate::serving::Fleet;
use crate::util::promise::Resolver;
use crate::workspace::{Command, CommandError, Reply};

/// Where the answer to a command goes.
pub(super) type Answer = Resolver<Result<Reply, CommandError>>;

/// One message to the loop.
pub(super) enum Message {
    /// A wish.
    Command(Box<Command>, Answer),
    /// News from a worker.
    Report(Report),
    /// The app closes.
    Close {
        /// How long workers may take to end.
        grace: Duration,
    },
}

/// News from a worker.
pub(super) enum Report {
    /// Work on buckets or objects is done; the store is changed already, the snapshot is to follow.
    Data {
        /// Buckets and objects to look at again.
        touched: Touched,
        /// The answer to the command.
        result: Result<Reply, CommandError>,
        /// Events to add when it went well.
        tells: Vec<(Tell, Option<ResourceRef>)>,
        /// Objects that came or went, and the bucket.
        traffic: Option<(String, Traffic)>,
        /// Where the answer goes.
        answer: Answer,
    },
    /// Something happened to a training job.
    Training {
        /// Its name.
        job: String,
        /// What.
        event: training_job::Event,
    },
    /// The worker of a training job is free again.
    TrainingOver {
        /// The job's name.
        job: String,
    },
    /// A fleet entered a stage before the swap.
    FleetStage {
        /// The endpoint.
        endpoint: String,
        /// Which build, so that one that was given up is told apart.
        build: u64,
        /// The stage.
        stage: crate::domain::endpoint::DeploymentStage,
    },
    /// A fleet is loaded and has answered its probe, or can't be.
    Fleet {
        /// The endpoint.
        endpoint: String,
        /// Which build.
        build: u64,
        /// The fleet, or why there is none.
        fleet: Result<Box<Fleet>, String>,
    },
    /// A replaced fleet has finished its requests.
    Drained {
        /// The endpoint.
        endpoint: String,
        /// The build that replaced it.
        build: u64,
        /// Requests that were still running when the limit passed.
        left: u32,
    },
    /// Ground truth that was written as an object is read.
    Labels {
        /// The endpoint.
        endpoint: String,
        /// The object.
        at: S3Uri,
        /// What became of its labels, or why they could not be read.
        result: Result<LabelReport, String>,
    },
    /// A traffic test goes on or is over.
    Traffic {
        /// The endpoint.
        endpoint: String,
        /// Which test.
        test: u64,
        /// How far it is.
        progress: Box<TrafficProgress>,
    },
    /// The listener accepts.
    BaseUrl {
        /// `http://127.0.0.1:8770`.
        url: String,
        /// What clients verify the proxy's hosts with.
        ca_bundle: Option<PathBuf>,
        /// Answered when the snapshot shows it.
        resolver: Resolver<()>,
    },
}

/// Buckets and objects whose records changed.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Buckets, with everything in them.
    pub(super) buckets: Vec<String>,
    /// Single objects.
    pub(super) objects: Vec<S3Uri>,
}

/// How far a traffic test is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TrafficProgress {
    /// Requests answered, well or badly.
    pub(super) sent: u64,
    /// Requests without a 2xx answer.
    pub(super) failed: u64,
    /// The first failure, or why it could not go on.
    pub(super) failure_reason: Option<String>,
    /// Set when it is over.
    pub(super) over: Option<crate::domain::traffic_test::TrafficTestStatus>,
}
