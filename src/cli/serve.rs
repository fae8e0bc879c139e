//! `counterpoise serve`: the workspace without a window, until it is told to stop.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};

use super::args::Serve;
use super::{Open, log};
use crate::system::{SystemOptions, WireOptions};

/// Serves `folder` until SIGTERM or Ctrl-C, then stops cleanly.
pub fn run(folder: &Path, how: &Serve) -> Result<()> {
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
    let open = Open::start(SystemOptions {
        folder: folder.to_owned(),
        bind: SocketAddr::new(how.bind, how.port),
        any_port_if_taken: false,
        wire: how.wire(),
        ..SystemOptions::default()
    })?;
    if open.system.requires_signature() {
        eprintln!(
            "counterpoise: every request must be signed with the workspace's key; `counterpoise env` prints it on this machine"
        );
    }
    println!("ready http://{}", open.system.address());
    let why = runtime.block_on(stop.wait());
    tracing::info!("{why}: stopping");
    open.close()
}

impl Serve {
    fn wire(&self) -> WireOptions {
        let usual = WireOptions::default();
        WireOptions {
            require_signature: self.require_signature,
            describe_hold: self.describe_hold.unwrap_or(usual.describe_hold),
        }
    }
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
