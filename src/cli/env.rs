//! `counterpoise env` and `counterpoise run`: the environment in which AWS's own clients find the workspace that runs.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, ExitCode};

#[cfg(not(unix))]
use anyhow::Context as _;
use anyhow::{Result, bail};
use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::client::Client;
use super::note::Note;
use crate::workspace::{Shell, UNSET};

impl ValueEnum for Shell {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

/// Prints the environment of the instance that serves `folder`, in the words of a shell.
pub fn print(folder: &Path, port: Option<u16>, shell: Option<Shell>) -> Result<()> {
    let note = running(folder, port)?;
    print!("{}", shell.unwrap_or_else(Shell::usual).script(&note.environment));
    Ok(())
}

/// Runs a program with that environment. Its exit code is ours; on Unix it takes this process's place, so that signals are its own.
pub fn run(folder: &Path, port: Option<u16>, line: &[OsString]) -> Result<ExitCode> {
    let note = running(folder, port)?;
    let [program, arguments @ ..] = line else { bail!("no program was named") };
    let mut command = Command::new(program);
    command.args(arguments).envs(note.environment);
    for name in UNSET {
        command.env_remove(name);
    }
    take_over(command, program)
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn take_over(mut command: Command, program: &OsStr) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    // As shells say it.
    let code = if error.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 };
    eprintln!("counterpoise: {} cannot be run: {error}", program.display());
    Ok(ExitCode::from(code))
}

#[cfg(not(unix))]
fn take_over(mut command: Command, program: &OsStr) -> Result<ExitCode> {
    let status = command.status().with_context(|| format!("{} cannot be run", program.display()))?;
    Ok(ExitCode::from(status.code().map_or(1, |code| code as u8)))
}

/// The note of the instance that serves `folder`, once it has answered.
fn running(folder: &Path, port: Option<u16>) -> Result<Note> {
    let shown = folder.display();
    let start = "start `counterpoise` or `counterpoise serve` first";
    let Some(note) = Note::read(folder) else {
        bail!("nothing serves the workspace in {shown}: {start}, or name another one with --data DIR");
    };
    let answer = Client::connect(&note.url).and_then(|mut client| client.get("/ping", &[]));
    let answers = answer.is_ok_and(|answer| answer.status == 200 && answer.is_ours);
    if !answers {
        bail!("nothing answers at {}, where the workspace in {shown} was served last: {start}", note.url);
    }
    if note.environment.is_empty() {
        bail!("the workspace in {shown} is served by an older version: stop it, and {start}");
    }
    if let Some(port) = port
        && !note.url.ends_with(&format!(":{port}"))
    {
        bail!("the workspace in {shown} is served at {}, not on port {port}", note.url);
    }
    Ok(note)
}
