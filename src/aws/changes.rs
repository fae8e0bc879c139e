//! Waiting for the workspace to change, without a thread and without polling.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::workspace::{Snapshot, Workspace};

/// Rings whenever the workspace says that something changed.
pub struct Changes {
    workspace: Arc<dyn Workspace>,
    rings: watch::Receiver<u64>,
}

impl Changes {
    /// Listens to a workspace from now on.
    pub fn of(workspace: &Arc<dyn Workspace>) -> Self {
        let (sender, rings) = watch::channel(0);
        workspace.on_change(Arc::new(move || sender.send_modify(|n| *n += 1)));
        Self { workspace: Arc::clone(workspace), rings }
    }

    /// Waits until `look` finds something in the snapshot, at most `limit`. `None`: it did not in that time.
    pub async fn until<T>(&self, limit: Duration, mut look: impl FnMut(&Snapshot) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + limit;
        let mut rings = self.rings.clone();
        loop {
            // Marked as seen before looking: what changes after this look rings again.
            rings.borrow_and_update();
            if let Some(found) = look(&self.workspace.snapshot()) {
                return Some(found);
            }
            if !matches!(timeout_at(deadline, rings.changed()).await, Ok(Ok(()))) {
                return None;
            }
        }
    }
}
