//! What happened: the lines of the activity drawer.

use serde::{Deserialize, Serialize};

use super::reference::ResourceRef;
use super::time::Timestamp;

/// How much an event wants to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Severity {
    /// Something that a person did or that went as planned.
    Info,
    /// Something ended well after running by itself; worth a toast.
    Success,
    /// Something needs a look.
    Warning,
    /// Something failed; carries why and what mends it.
    Error,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Counts up within a workspace.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// How loud.
    pub severity: Severity,
    /// One sentence without a full stop: "Weights of sentiment-live set to 62 / 38".
    pub text: String,
    /// Why and what to do, for errors.
    pub detail: Option<String>,
    /// Where a click leads.
    pub about: Option<ResourceRef>,
}
