//! `server.json` in the workspace's folder: where the process that has it open answers. Written once it does, removed when it stops.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Who answers, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Process id.
    pub pid: u32,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// What clients find it with, the workspace's key among it: the file is for its owner's eyes only.
    #[serde(default)]
    pub environment: Vec<(String, String)>,
}

/// The note on disk; removed when dropped.
#[derive(Debug)]
pub struct Pinned(PathBuf);

impl Note {
    /// Writes the note of this process.
    pub fn pin(folder: &Path, url: String, environment: Vec<(String, String)>) -> Result<Pinned> {
        let path = path(folder);
        let text = serde_json::to_string(&Self { pid: std::process::id(), url, environment })?;
        write_private(&path, text.as_bytes()).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(Pinned(path))
    }

    /// The note, if there is one. After a crash it may be about a process that is gone: ask before believing it.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(path(folder)).ok()?).ok()
    }
}

/// Writes a file that nobody else may read, whoever made one of that name before.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(&new)?.write_all(bytes)?;
    fs::rename(&new, path)
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // A note that stays is one of a process that is gone, which readers expect.
        let _ = fs::remove_file(&self.0);
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("server.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_there_as_long_as_its_process_serves() {
        let folder = tempfile::tempdir().unwrap();
        let environment = vec![("A".to_owned(), "b".to_owned())];
        let pinned = Note::pin(folder.path(), "http://127.0.0.1:1".to_owned(), environment.clone()).unwrap();
        let expected = Note { pid: std::process::id(), url: "http://127.0.0.1:1".to_owned(), environment };
        assert_eq!(Note::read(folder.path()), Some(expected));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(path(folder.path())).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "it holds the key");
        }
        drop(pinned);
        assert_eq!(Note::read(folder.path()), None);
    }
}
