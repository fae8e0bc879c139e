//! `counterpoise env` and `counterpoise run`: the environment in which AWS's own clients find the workspace that runs.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, ExitCode};

#[cfg(not(unix))]
use anyhow::Context as _;
use anyhow::{Result, bail};
use clap::ValueEnum;

use super::client::Client;
use super::note::Note;
use crate::workspace::UNSET;

/// A shell, as far as setting variables goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// bash, zsh, and every other descendant of sh
    Bash,
    /// fish
    Fish,
    /// `PowerShell`
    Powershell,
}

impl Shell {
    /// The one that `$SHELL` names; where it names none, the platform's usual one.
    fn of_this_terminal() -> Self {
        let shell = std::env::var_os("SHELL");
        match shell.as_deref().map(Path::new).and_then(Path::file_stem).and_then(OsStr::to_str) {
            Some("fish") => Self::Fish,
            Some("pwsh" | "powershell") => Self::Powershell,
            None if cfg!(windows) => Self::Powershell,
            _ => Self::Bash,
        }
    }

    fn set(self, name: &str, value: &str) -> String {
        match self {
            Self::Bash => format!("export {name}='{}'", value.replace('\'', r"'\''")),
            Self::Fish => format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'")),
            Self::Powershell => {
                // PowerShell takes typographic quotes for quotes too; any of them is written twice.
                let quotes = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];
                let quoted: String = value
                    .chars()
                    .flat_map(|c| std::iter::repeat_n(c, if quotes.contains(&c) { 2 } else { 1 }))
                    .collect();
                format!("$env:{name} = '{quoted}'")
            }
        }
    }

    fn unset(self, name: &str) -> String {
        match self {
            Self::Bash => format!("unset {name}"),
            Self::Fish => format!("set -e {name}"),
            Self::Powershell => format!("Remove-Item Env:{name} -ErrorAction SilentlyContinue"),
        }
    }
}

/// Prints the environment of the instance that serves `folder`, in the words of a shell.
pub fn print(folder: &Path, port: Option<u16>, shell: Option<Shell>) -> Result<()> {
    let shell = shell.unwrap_or_else(Shell::of_this_terminal);
    let note = running(folder, port)?;
    let gone = UNSET.iter().map(|name| shell.unset(name));
    let set = note.environment.iter().map(|(name, value)| shell.set(name, value));
    for line in gone.chain(set) {
        println!("{line}");
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const NASTY: &str = r#"a b'c"d\e$HOME`f`’g"#;

    #[test]
    fn values_are_quoted_for_each_shell() {
        assert_eq!(Shell::Bash.set("A", NASTY), r#"export A='a b'\''c"d\e$HOME`f`’g'"#);
        assert_eq!(Shell::Fish.set("A", NASTY), r#"set -gx A 'a b\'c"d\\e$HOME`f`’g'"#);
        assert_eq!(Shell::Powershell.set("A", NASTY), r#"$env:A = 'a b''c"d\e$HOME`f`’’g'"#);
    }

    #[cfg(unix)]
    #[test]
    fn bash_reads_back_what_was_written() {
        let script = format!(
            "{}; {}; printf '%s|%s' \"$A\" \"${{B-gone}}\"",
            Shell::Bash.set("A", NASTY),
            Shell::Bash.unset("B")
        );
        let output = Command::new("sh").arg("-c").arg(script).env("B", "here").output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{NASTY}|gone"));
    }
}
