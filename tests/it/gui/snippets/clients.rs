//! The clients that snippets are for: one interpreter a language, led to the workspace by its environment alone.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use counterpoise::gui::snippets::Language;
use counterpoise::workspace::{WorkspaceInfo, environment};

/// Runs one file after the other: loading boto3 and the SDK takes longer than all that is done with them.
const PYTHON: &str = r#"
import contextlib, io, json, runpy, sys, traceback
for path in sys.stdin:
    said, well = io.StringIO(), True
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            runpy.run_path(path.rstrip("\n"), run_name="__main__")
        except BaseException:
            well = False
            traceback.print_exc()
    print(json.dumps([well, said.getvalue()]), flush=True)
"#;

/// curl signs requests from this version on.
const CURL: (u32, u32) = (7, 76);

/// An interpreter with a folder of its own to work in.
pub struct Client {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
    python: Option<(Child, ChildStdin, BufReader<ChildStdout>)>,
}

impl Client {
    /// The interpreter of a language; says why there is none.
    pub fn of(language: Language, info: &WorkspaceInfo) -> Result<Self, String> {
        let Some(clients) = std::env::var_os("COUNTERPOISE_CLIENTS").map(PathBuf::from) else {
            return Err("COUNTERPOISE_CLIENTS names no folder of clients (tests/run makes one)".to_owned());
        };
        let folder = tempfile::tempdir().unwrap();
        let bin = clients.join("aws/bin");
        let path = std::env::join_paths(
            std::iter::once(bin.clone()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
        );
        let home = folder.path().display().to_string();
        let mut environment = environment(info);
        environment.extend(
            [("PATH", path.unwrap().into_string().unwrap()), ("HOME", home), ("PYTHONWARNINGS", "ignore".to_owned())]
                .map(|(name, value)| (name.to_owned(), value)),
        );
        let mut client = Self { folder, environment, python: None };
        match language {
            Language::Boto3 => client.start(&bin.join("python"))?,
            Language::Sdk => client.start(&clients.join("sdk2/bin/python"))?,
            Language::Cli if !bin.join("aws").exists() => return Err(format!("no AWS CLI is in {}", bin.display())),
            Language::Cli => {}
            Language::Curl => client.knows_signatures()?,
        }
        Ok(client)
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a snippet as it stands; what it said.
    pub fn run(&mut self, text: &str) -> Result<String, String> {
        if let Some((_, input, output)) = &mut self.python {
            let file = self.folder.path().join("snippet.py");
            std::fs::write(&file, text).unwrap();
            writeln!(input, "{}", file.display()).unwrap();
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            let (well, said): (bool, String) =
                serde_json::from_str(&line).map_err(|_| format!("Python said {line}"))?;
            return if well { Ok(said) } else { Err(said) };
        }
        let file = self.folder.path().join("snippet.sh");
        std::fs::write(&file, text).unwrap();
        let done = self.command("sh").arg("-e").arg(file).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        if done.status.success() { Ok(said) } else { Err(said) }
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let variables = self.environment.iter().map(|(name, value)| (name, value));
        command.env_clear().envs(variables).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn start(&mut self, python: &Path) -> Result<(), String> {
        if !python.exists() {
            return Err(format!("{} is not there", python.display()));
        }
        let mut command = self.command(python);
        command.args(["-c", PYTHON]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        self.python = Some((child, input, output));
        Ok(())
    }

    fn knows_signatures(&self) -> Result<(), String> {
        let told = self.command("curl").arg("--version").output().map_err(|why| format!("curl does not run: {why}"))?;
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        let version = told.split_whitespace().nth(1).unwrap_or_default();
        let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if found >= CURL { Ok(()) } else { Err(format!("curl {version} cannot sign requests")) }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some((mut child, input, _)) = self.python.take() {
            // It ends with its input.
            drop(input);
            let _ = child.wait();
        }
    }
}
