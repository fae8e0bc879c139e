//! The AWS wire: one port for every service. Requests are told apart here, carried out by the data plane or the workspace, and answered
//! in AWS's own shapes; nothing behind this room knows of HTTP.

mod answer;
mod body;
mod call;
mod changes;
mod cloudwatch;
#[cfg(test)]
mod coverage;
mod dispatch;
pub mod errors;
mod express;
mod guard;
mod iam;
mod json;
pub mod listener;
mod logs;
mod metrics;
pub mod model;
mod proxy;
mod pulse;
pub mod query;
mod request_id;
mod runtime;
pub mod s3;
mod sagemaker;
pub mod scope;
pub mod sigv4;
mod sts;
mod training_metrics;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use crate::serving::Serving;
use crate::workspace::{Command, CommandError, Reply, Workspace};

pub use listener::{BindError, Limits, Listener};
pub use proxy::{Authority, AuthorityError};

use changes::Changes;

/// How the wire behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireOptions {
    /// Every request must carry a signature that the workspace's key made. Always so on addresses that other machines reach.
    pub require_signature: bool,
    /// How long `Describe*` of something that is changing may wait for the change.
    pub describe_hold: Duration,
}

impl Default for WireOptions {
    fn default() -> Self {
        Self { require_signature: false, describe_hold: Duration::from_secs(5) }
    }
}

/// What the wire leads to.
pub struct Wire {
    /// Answers invocations.
    pub serving: Arc<Serving>,
    /// Knows what exists and in which state it is, and takes commands.
    pub workspace: Arc<dyn Workspace>,
    /// How to behave.
    pub options: WireOptions,
    /// Vouches for STS's hosts inside the proxy; without it they can't be answered there.
    authority: Option<Authority>,
    changes: Changes,
    waiting: sagemaker::Waiting,
    background: runtime::Background,
}

impl Wire {
    /// Puts it together.
    pub fn new(serving: Arc<Serving>, workspace: Arc<dyn Workspace>, options: WireOptions) -> Self {
        let changes = Changes::of(&workspace);
        Self {
            serving,
            workspace,
            options,
            authority: None,
            changes,
            waiting: sagemaker::Waiting::default(),
            background: runtime::Background::default(),
        }
    }

    /// With an authority for the hosts that the proxy ends.
    #[must_use]
    pub fn with_authority(mut self, authority: Option<Authority>) -> Self {
        self.authority = authority;
        self
    }

    /// Hands in a command and waits for its answer, which comes after the change is on disk.
    async fn ask(&self, command: Command) -> Result<Reply, CommandError> {
        self.workspace.submit(command).await.unwrap_or(Err(CommandError::Closing))
    }
}
