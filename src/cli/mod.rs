//! The command line: what was typed, and which of the outer rooms answers it.

// The command line speaks to a terminal, and may fail loudly.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod client;
mod demo;
mod display;
mod folder;
mod log;
mod note;
mod serve;
mod status;
mod text;
mod window;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use args::{Args, Verb};
use clap::Parser;
use note::{Note, Pinned};

use crate::system::{System, SystemOptions};

/// Reads the arguments and does what they ask. 0: all went well; 1: it did not; 2: the arguments make no sense.
pub fn run() -> ExitCode {
    match obey(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("counterpoise: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all went well.
fn obey(args: &Args) -> Result<bool> {
    let named = args.data.as_deref();
    match args.command {
        None => window::run(named),
        Some(Verb::Serve { port }) => serve::run(&folder::workspace(named)?, port).map(|()| true),
        Some(Verb::Demo) => demo::run(named),
        Some(Verb::Status) => status::run(&folder::workspace(named)?).map(|()| true),
    }
}

/// An open workspace, with the note that says where it answers.
struct Open {
    system: System,
    note: Pinned,
}

impl Open {
    /// Opens a workspace and serves it on a port of this machine; 0 picks a free one. `or_any`: take another one where that is taken.
    fn start(folder: &Path, port: u16, or_any: bool) -> Result<Self> {
        let system = System::start(SystemOptions {
            folder: folder.to_owned(),
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            any_port_if_taken: or_any,
            ..SystemOptions::default()
        })?;
        let note = Note::pin(folder, format!("http://{}", system.address()))?;
        Ok(Self { system, note })
    }

    /// Stops it cleanly.
    fn close(self) -> Result<()> {
        drop(self.note);
        self.system.shutdown()
    }
}
