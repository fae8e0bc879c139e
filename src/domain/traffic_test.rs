//! Traffic tests: labelled rows sent to an endpoint as real HTTP requests at a steady rate.

use serde::{Deserialize, Serialize};

use super::invalid::Invalid;
use super::s3_uri::S3Uri;
use super::time::Timestamp;

/// What to send, where and how fast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrafficTestSpec {
    /// The endpoint.
    pub endpoint: String,
    /// A labelled file: CSV with the label first, or libsvm.
    pub data: S3Uri,
    /// Requests a second, 1–20,000.
    pub requests_per_second: f64,
    /// Seconds, 1–86,400. The file is read again from its start as often as needed.
    pub duration_s: u32,
    /// Rows a request, 1–512.
    pub rows_per_request: u32,
    /// Connections kept open, 1–256.
    pub connections: u32,
    /// Order of the rows: shuffled by this seed at each pass.
    pub seed: u64,
}

impl TrafficTestSpec {
    /// The rules that it breaks; empty when it is fine.
    pub fn validate(&self) -> Vec<Invalid> {
        let mut broken = Vec::new();
        if !(1.0..=20_000.0).contains(&self.requests_per_second) {
            broken.push(Invalid::new("RequestsPerSecond", self.requests_per_second, "must be from 1 to 20,000"));
        }
        if !(1..=86_400).contains(&self.duration_s) {
            broken.push(Invalid::new("DurationInSeconds", self.duration_s, "must be from 1 to 86,400"));
        }
        if !(1..=512).contains(&self.rows_per_request) {
            broken.push(Invalid::new("RowsPerRequest", self.rows_per_request, "must be from 1 to 512"));
        }
        if !(1..=256).contains(&self.connections) {
            broken.push(Invalid::new("Connections", self.connections, "must be from 1 to 256"));
        }
        broken
    }
}

/// State of a traffic test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrafficTestStatus {
    /// Sending.
    Running,
    /// Sent all.
    Completed,
    /// Stopped by hand, or because the endpoint was deleted.
    Stopped,
    /// Could not go on; the reason says why.
    Failed,
}

/// One traffic test; the newest of an endpoint is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrafficTest {
    /// What was asked for.
    pub spec: TrafficTestSpec,
    /// State.
    pub status: TrafficTestStatus,
    /// Start.
    pub started: Timestamp,
    /// End, when over.
    pub ended: Option<Timestamp>,
    /// Requests to send in all.
    pub planned: u64,
    /// Requests answered, well or badly.
    pub sent: u64,
    /// Requests without a 2xx answer.
    pub failed: u64,
    /// The first failure, in words.
    pub failure_reason: Option<String>,
}
