//! What a page gets to draw with.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::action::Actions;
use super::files::FilePicker;
use super::prefs::Prefs;
use super::theme::Theme;
use super::tickets::Tickets;
use crate::domain::time::Timestamp;
use crate::workspace::{Shell, Snapshot, Workspace};

/// Borrowed for one frame.
pub struct Context<'a> {
    /// The world as of this frame.
    pub snapshot: &'a Arc<Snapshot>,
    /// For questions and commands whose answer the page itself waits for; others go through `actions`.
    pub workspace: &'a Arc<dyn Workspace>,
    /// Wishes, carried out after the frame.
    pub actions: &'a mut Actions,
    /// Colours.
    pub theme: &'static Theme,
    /// The time of this frame.
    pub now: Timestamp,
    /// Where times are shown in.
    pub zone: &'a TimeZone,
    /// The shell that commands are copied for.
    pub shell: Shell,
    /// What a person set: sort, filter, tabs, by key.
    pub prefs: &'a mut Prefs,
    /// Commands under way.
    pub tickets: &'a mut Tickets,
    /// Native dialogs.
    pub files: &'a dyn FilePicker,
}
