//! The shells that people set variables in: how each writes a value, and the whole environment of a workspace as such lines.

use std::ffi::OsStr;
use std::path::Path;

use super::environment::UNSET;

/// A shell, as far as setting variables goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// bash, zsh, and every other descendant of sh.
    Bash,
    /// fish.
    Fish,
    /// `PowerShell`.
    Powershell,
}

impl Shell {
    /// All.
    pub const ALL: [Self; 3] = [Self::Bash, Self::Fish, Self::Powershell];

    /// The one that `$SHELL` names; where it names none, the platform's usual one.
    pub fn usual() -> Self {
        let shell = std::env::var_os("SHELL");
        match shell.as_deref().map(Path::new).and_then(Path::file_stem).and_then(OsStr::to_str) {
            Some("fish") => Self::Fish,
            Some("pwsh" | "powershell") => Self::Powershell,
            None if cfg!(windows) => Self::Powershell,
            _ => Self::Bash,
        }
    }

    /// Its name, as one types it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Fish => "fish",
            Self::Powershell => "powershell",
        }
    }

    /// The command that takes over what `counterpoise env` prints.
    pub fn takes_over(self) -> &'static str {
        match self {
            Self::Bash => "eval \"$(counterpoise env)\"",
            Self::Fish => "counterpoise env | source",
            Self::Powershell => "counterpoise env | Out-String | Invoke-Expression",
        }
    }

    /// Lines that set `environment`, and take away what would lead a client elsewhere; each ends in a line break.
    pub fn script(self, environment: &[(String, String)]) -> String {
        let gone = UNSET.iter().map(|name| self.unset(name));
        let set = environment.iter().map(|(name, value)| self.set(name, value));
        gone.chain(set).map(|line| line + "\n").collect()
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
        let environment = [("A".to_owned(), NASTY.to_owned())];
        let script = format!("{}printf '%s|%s' \"$A\" \"${{AWS_PROFILE-gone}}\"", Shell::Bash.script(&environment));
        let mut sh = std::process::Command::new("sh");
        let output = sh.arg("-c").arg(script).env("AWS_PROFILE", "here").output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{NASTY}|gone"));
    }
}
