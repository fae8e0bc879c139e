//! `counterpoise serve`: the workspace without a window, until it is told to stop.

use std::path::Path;

use anyhow::{Context, Result};

use super::{Open, log};

/// Serves `folder` on 127.0.0.1 until SIGTERM or Ctrl-C, then stops cleanly.
pub fn run(folder: &Path, port: u16) -> Result<()> {
    log::start(folder)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime that waits for signals cannot start")?;
    // Signals are taken before `ready` is said: whoever reads it may send one at once.
    let stop = {
        let _within = runtime.enter();
        Stop::listen()?
    };
    let open = Open::start(folder, port, false)?;
    println!("ready http://{}", open.system.address());
    let why = runtime.block_on(stop.wait());
    tracing::info!("{why}: stopping");
    open.close()
}

/// The signals that end the server.
#[cfg(unix)]
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stop {
    fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("SIGTERM cannot be listened to")?,
            interrupt: signal(SignalKind::interrupt()).context("SIGINT cannot be listened to")?,
        })
    }

    async fn wait(mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
struct Stop;

#[cfg(not(unix))]
impl Stop {
    #[allow(clippy::unnecessary_wraps, reason = "the same face as on Unix")]
    fn listen() -> Result<Self> {
        Ok(Self)
    }

    async fn wait(self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => "no way to listen to Ctrl-C",
        }
    }
}
