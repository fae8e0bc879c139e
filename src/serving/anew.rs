//! An endpoint's experiment begins anew at a point that a person chooses, and a restart of the app remembers it.

use std::io;

use super::Serving;
use super::slot::Slot;
use crate::stats::live::MarkKind;

/// Why an experiment did not begin anew; it goes on as it was.
#[derive(Debug, thiserror::Error)]
pub enum AnewError {
    /// No fleet serves under this name.
    #[error("Endpoint {0} does not serve")]
    UnknownEndpoint(String),
    /// The next start would not know of it.
    #[error("That the experiment begins anew could not be written down: {0}")]
    Disk(#[from] io::Error),
}

impl Serving {
    /// Begins an endpoint's experiment anew: with the next draw, in an epoch of its own, nothing counted so far counts for its verdict. What
    /// was captured stays. `mark` is the label of the mark on the plots.
    ///
    /// # Errors
    /// See [`AnewError`].
    pub fn begin_anew(&self, endpoint: &str, mark: &str) -> Result<(), AnewError> {
        let slot = self.slot(endpoint).map_err(|_| AnewError::UnknownEndpoint(endpoint.to_owned()))?;
        slot.begin_anew(mark, self.clock().wall_ms(), |epoch| self.capture.begin_anew(endpoint, epoch))?;
        self.bell.touch();
        Ok(())
    }
}

impl Slot {
    /// `remember` writes down the first epoch of the new experiment, before there is one.
    fn begin_anew(&self, mark: &str, now_ms: i64, remember: impl FnOnce(u64) -> io::Result<()>) -> io::Result<()> {
        let mut history = self.history();
        remember(history.epoch + 1)?;
        self.trial.begin_anew();
        let lineup = self.router.table().of.clone();
        self.put(&mut history, lineup, MarkKind::Weights, mark, now_ms);
        Ok(())
    }
}
