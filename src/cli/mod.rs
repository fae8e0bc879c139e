//! The command line: what was typed, and which of the outer rooms answers it.

// The command line speaks to a terminal, and may fail loudly.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod client;
mod demo;
mod display;
mod env;
mod folder;
mod log;
mod note;
mod serve;
mod status;
mod text;
mod window;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use args::{Args, Verb};
use clap::Parser;
use note::{Note, Pinned};

use crate::system::{System, SystemOptions};
use crate::workspace::environment;

/// Reads the arguments and does what they ask. 0: all went well; 1: it did not; 2: the arguments make no sense.
pub fn run() -> ExitCode {
    match obey(&Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("counterpoise: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn obey(args: &Args) -> Result<ExitCode> {
    let named = args.data.as_deref();
    let all_well = match &args.command {
        None => window::run(named)?,
        Some(Verb::Serve(how)) => serve::run(&folder::workspace(named)?, how).map(|()| true)?,
        Some(Verb::Env { port, shell }) => env::print(&folder::workspace(named)?, *port, *shell).map(|()| true)?,
        Some(Verb::Run { port, line }) => return env::run(&folder::workspace(named)?, *port, line),
        Some(Verb::Demo) => demo::run(named)?,
        Some(Verb::Status) => status::run(&folder::workspace(named)?).map(|()| true)?,
    };
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// An open workspace, with the note that says where it answers.
struct Open {
    system: System,
    note: Pinned,
}

impl Open {
    /// Opens a workspace and serves it.
    fn start(options: SystemOptions) -> Result<Self> {
        let folder = options.folder.clone();
        let system = System::start(options)?;
        let info = Arc::clone(&system.workspace().snapshot().info);
        let url = info.base_url.clone().unwrap_or_default();
        let note = Note::pin(&folder, url, environment(&info))?;
        Ok(Self { system, note })
    }

    /// Stops it cleanly.
    fn close(self) -> Result<()> {
        drop(self.note);
        self.system.shutdown()
    }
}
