//! Where the workspace is: the folder that was named, or the platform's own.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use directories::ProjectDirs;

/// The folder that was named, made absolute; otherwise `~/.local/share/counterpoise` and its like on other platforms.
pub fn workspace(named: Option<&Path>) -> Result<PathBuf> {
    match named {
        Some(folder) => {
            std::path::absolute(folder).with_context(|| format!("{} cannot be made an absolute path", folder.display()))
        }
        None => ProjectDirs::from("", "", "counterpoise")
            .map(|folders| folders.data_dir().to_owned())
            .context("this account has no home folder to keep a workspace in: name a folder with --data DIR"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_folder_becomes_absolute() {
        let folder = workspace(Some(Path::new("some/where"))).unwrap();
        assert!(folder.is_absolute() && folder.ends_with("some/where"));
    }
}
