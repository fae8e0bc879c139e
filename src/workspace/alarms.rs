//! What can be asked about alarms, and why it may be refused.

use crate::domain::alarm::{Alarm, AlarmState};
use crate::domain::tag::Tag;

/// A wish about alarms.
#[derive(Clone, Debug)]
pub enum AlarmCommand {
    /// Makes an alarm, or changes one: that keeps its state and its tags.
    Put(Box<Alarm>),
    /// Deletes alarms: all of them, or none when one of them is not there.
    Delete {
        /// Names.
        names: Vec<String>,
    },
    /// Sets a state by hand. It holds until the alarm looks at its metric again, at the end of the period.
    SetState {
        /// Name.
        name: String,
        /// The state.
        state: AlarmState,
        /// Why.
        reason: String,
        /// The same as JSON.
        data: Option<String>,
    },
    /// Turns actions on or off.
    EnableActions {
        /// Names; those that are not there are passed over.
        names: Vec<String>,
        /// On.
        enabled: bool,
    },
    /// Adds or replaces tags.
    Tag {
        /// Name.
        name: String,
        /// Tags.
        tags: Vec<Tag>,
    },
    /// Takes tags away; keys that are not there are no error.
    Untag {
        /// Name.
        name: String,
        /// Keys.
        keys: Vec<String>,
    },
}

/// Why it was refused. The workspace is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlarmError {
    /// No alarm has this name.
    #[error("There is no alarm {0}")]
    Missing(String),
    /// There are as many as there may be.
    #[error("There are {0} alarms, and no more can be made: delete some")]
    TooMany(usize),
}
