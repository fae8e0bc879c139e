//! A conversation with a workspace: hand in a command and wait for its answer, or wait until something is so.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::domain::s3_uri::S3Uri;
use crate::stats::live::EndpointLive;
use crate::workspace::{Command, Reply, Snapshot, Workspace};

/// Longer than this for one answer, and something is wrong.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long a look at live numbers may be late; they ring at most ten times a second and not at all when nothing happens.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// The workspace, and a bell that it rings.
pub struct Session {
    workspace: Arc<dyn Workspace>,
    bell: Arc<Bell>,
}

#[derive(Default)]
struct Bell {
    rung: Mutex<u64>,
    changed: Condvar,
}

impl Session {
    /// Begins to listen.
    pub fn new(workspace: Arc<dyn Workspace>) -> Self {
        let bell = Arc::new(Bell::default());
        let rings = Arc::clone(&bell);
        workspace.on_change(Arc::new(move || {
            *rings.rung.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            rings.changed.notify_all();
        }));
        Self { workspace, bell }
    }

    /// The workspace itself.
    pub fn workspace(&self) -> &dyn Workspace {
        &*self.workspace
    }

    /// The world as of now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.workspace.snapshot()
    }

    /// Hands in a command and waits for its answer.
    pub fn tell(&self, command: Command) -> Result<Reply> {
        let answer = self.workspace.submit(command).wait(PATIENCE).context("the workspace does not answer")?;
        answer.map_err(|_| anyhow!("the workspace stopped before it answered"))?.map_err(Into::into)
    }

    /// Waits until `look` finds what it looks for; it may also give up with an error.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut(&Snapshot) -> Result<Option<T>>) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let before = *self.bell.rung.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = look(&self.workspace.snapshot())? {
                return Ok(found);
            }
            if Instant::now() > deadline {
                bail!("waited {} s for {what}", PATIENCE.as_secs());
            }
            let rung = self.bell.rung.lock().unwrap_or_else(PoisonError::into_inner);
            drop(self.bell.changed.wait_timeout_while(rung, BETWEEN_LOOKS, |rung| *rung == before));
        }
    }

    /// Live numbers of an endpoint that serves.
    pub fn live(&self, endpoint: &str) -> Result<Arc<EndpointLive>> {
        self.workspace.endpoint_live(endpoint).with_context(|| format!("{endpoint} has no live numbers"))
    }

    /// The text of an object.
    pub fn text(&self, object: &S3Uri, scratch: &std::path::Path) -> Result<String> {
        let to = scratch.join(format!("counterpoise-demo-{}-{}", std::process::id(), object.file_name()));
        let copied =
            self.workspace.download(object, to.clone()).wait(PATIENCE).context("the workspace does not answer")?;
        copied.map_err(|_| anyhow!("the workspace stopped before it answered"))??;
        let text = std::fs::read_to_string(&to).with_context(|| format!("{} cannot be read", to.display()));
        // Only a copy in the temporary folder; left there, it harms nobody.
        let _ = std::fs::remove_file(&to);
        text
    }
}
