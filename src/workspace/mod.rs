//! The contract: what the window and the AWS listener know of the rest. They send a [`Command`], read a [`Snapshot`], and see nothing behind it.

mod alarms;
mod command;
mod environment;
mod local_file;
mod metrics;
mod reading;
mod replay;
mod roles;
mod shell;
mod snapshot;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

pub use alarms::{AlarmCommand, AlarmError};
pub use command::{Command, CommandError, LabelSource, MatchBy, Reply, Source, Staged};
pub use environment::{UNSET, environment};
pub use local_file::LocalFile;
pub use metrics::{Datum, Known, Measured};
pub use reading::{LogPage, MetricPoint, Preview, TrainingCurve, TrainingProgress};
pub use replay::{Disagreement, Measure, ModelScore, PairScore, Replay, ReplayResult, ReplayStatus};
pub use roles::{RoleCommand, RoleError};
pub use shell::Shell;
pub use snapshot::{Restored, Row, Snapshot, Table, WorkspaceInfo};

use crate::domain::bucket::Object;
use crate::domain::metric::MetricId;
use crate::domain::multipart_upload::{MultipartUpload, Part};
use crate::domain::s3_uri::S3Uri;
use crate::stats::live::EndpointLive;
use crate::util::promise::Promise;

/// The answer to a command or to a slow question, when it comes.
pub type Ticket<T = Reply> = Promise<Result<T, CommandError>>;

/// Called from any thread when there is something new to draw.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A workspace: one implementation runs here (the engine), another could speak to a real AWS account.
pub trait Workspace: Send + Sync {
    /// The world as of now. Lock-free; never older than the last command that was answered.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Hands in a command. Returns at once; the ticket carries the answer after the change is on disk.
    fn submit(&self, command: Command) -> Ticket;

    /// Registers a callback for changes: after each published snapshot at once, and for live numbers at most ten times a second.
    fn on_change(&self, wake: Wake);

    /// How far a running (or finished) training job is, with its metric curves. `None` for a job that does not exist.
    fn training_progress(&self, job: &str) -> Option<Arc<TrainingProgress>>;

    /// Lines of a job's log from line number `from` (0-based) on, at most `limit`.
    fn training_log(&self, job: &str, from: u64, limit: usize) -> LogPage;

    /// Live numbers of an endpoint. `None` when it does not serve.
    fn endpoint_live(&self, endpoint: &str) -> Option<Arc<EndpointLive>>;

    /// What was measured of a metric from `start_s` to before `end_s` (seconds since the Unix epoch), by unit.
    fn metric(&self, id: &MetricId, start_s: i64, end_s: i64) -> Vec<Measured>;

    /// All metrics that have values, in the order of their names.
    fn metrics(&self) -> Vec<Known>;

    /// Adds measurements of a client. They are readable when this returns, and on disk within about a minute.
    fn put_metrics(&self, data: Vec<Datum>);

    /// The newest comparison of models on labelled rows; `None` before the first one since the app was started.
    fn replay(&self) -> Option<Arc<Replay>>;

    /// The first `max_rows` rows of an object, read as its content type says.
    fn preview(&self, object: &S3Uri, max_rows: usize) -> Ticket<Arc<Preview>>;

    /// An object and its body, to be read from the start; it stays readable while it is replaced or deleted. Blocks as long as a file
    /// takes to open: not for a frame.
    fn open_object(&self, object: &S3Uri) -> Result<(Object, File), CommandError>;

    /// A folder on the disk of the buckets, for bodies on their way in. What is left in it when the workspace is opened is deleted.
    fn staging(&self) -> PathBuf;

    /// The uploads in parts that are under way in a bucket, by key and then by age. Blocks: not for a frame.
    fn multipart_uploads(&self, bucket: &str) -> Result<Vec<MultipartUpload>, CommandError>;

    /// One of them, and the parts that have arrived, by number. Blocks: not for a frame.
    fn parts(&self, upload: &str) -> Result<(MultipartUpload, Vec<Part>), CommandError>;

    /// Copies an object to a file on this machine; answers with the bytes written.
    fn download(&self, object: &S3Uri, to: PathBuf) -> Ticket<u64>;
}
