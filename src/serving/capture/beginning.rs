//! Where the experiment of an endpoint last began anew: a small file beside the segments, so that what is read from them is told apart.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Capture;
use crate::util::file::write_whole;

/// The file's name; it holds the number of an epoch.
const NAME: &str = "experiment-from";

fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// The first epoch of the experiment; `None` where it never began anew, or that can't be read.
pub(super) fn read(folder: &Path) -> Option<u64> {
    fs::read_to_string(path(folder)).ok()?.trim().parse().ok()
}

fn write(folder: &Path, epoch: u64) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    write_whole(&path(folder), format!("{epoch}\n").as_bytes())
}

impl Capture {
    /// Writes down with which epoch an endpoint's experiment begins anew.
    ///
    /// # Errors
    /// What the disk refused.
    pub(in crate::serving) fn begin_anew(&self, endpoint: &str, epoch: u64) -> io::Result<()> {
        self.folder.as_ref().map_or(Ok(()), |folder| write(&folder.join(endpoint), epoch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_beginning_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let of_endpoint = folder.path().join("e");
        assert_eq!(read(&of_endpoint), None);
        write(&of_endpoint, 7).unwrap();
        write(&of_endpoint, 19).unwrap();
        assert_eq!(read(&of_endpoint), Some(19));
        assert_eq!(fs::read_dir(&of_endpoint).unwrap().count(), 1);
    }
}
