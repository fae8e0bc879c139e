//! The state machines of the control plane: pure `step(state, event, now)`, no clock, no disk, no thread.
//!
//! A machine's state is the record that the store keeps; an event is something that a person asked for or that a worker
//! reported; an effect is something that the engine must do after the new state is on disk.

pub mod autopilot;
pub mod endpoint;
pub mod training_job;

use crate::domain::event::Severity;

/// An event for the activity drawer, before it has a number and a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tell {
    /// How loud.
    pub severity: Severity,
    /// One sentence without a full stop.
    pub text: String,
    /// Why and what to do.
    pub detail: Option<String>,
}

impl Tell {
    /// Something that a person did.
    pub fn info(text: impl Into<String>) -> Self {
        Self { severity: Severity::Info, text: text.into(), detail: None }
    }

    /// Something that ended well by itself.
    pub fn success(text: impl Into<String>) -> Self {
        Self { severity: Severity::Success, text: text.into(), detail: None }
    }

    /// Something that needs a look.
    pub fn warning(text: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, text: text.into(), detail: Some(detail.into()) }
    }

    /// Something that failed: why, and what mends it.
    pub fn error(text: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Error, text: text.into(), detail: Some(detail.into()) }
    }
}
