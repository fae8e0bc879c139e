//! The AWS wire: one port for every service. Requests are told apart here, carried out by the data plane or the workspace, and answered
//! in AWS's own shapes; nothing behind this room knows of HTTP.

mod body;
mod dispatch;
pub mod errors;
mod guard;
pub mod listener;
mod metrics;
mod request_id;
mod runtime;

use std::sync::Arc;

use crate::serving::Serving;
use crate::workspace::Workspace;

pub use listener::{BindError, Limits, Listener};

/// What the wire leads to.
pub struct Wire {
    /// Answers invocations.
    pub serving: Arc<Serving>,
    /// Knows what exists and in which state it is.
    pub workspace: Arc<dyn Workspace>,
}

/// A whole answer in memory.
type Response = hyper::Response<http_body_util::Full<hyper::body::Bytes>>;
