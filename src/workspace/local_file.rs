//! A file on this machine on its way into a bucket, and how much of it has been copied.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A handle; clones share how far it is.
#[derive(Clone, Debug)]
pub struct LocalFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    copied: AtomicU64,
}

impl LocalFile {
    /// A file of which nothing has been copied yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Inner { path: path.into(), copied: AtomicU64::new(0) }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Bytes that have been read so far.
    pub fn copied(&self) -> u64 {
        self.0.copied.load(Ordering::Relaxed)
    }

    /// Opens it; what is read from there on is counted.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(&self) -> io::Result<impl Read + Send + use<>> {
        self.0.copied.store(0, Ordering::Relaxed);
        Ok(Counted { file: File::open(&self.0.path)?, of: Arc::clone(&self.0) })
    }
}

struct Counted {
    file: File,
    of: Arc<Inner>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(into)?;
        self.of.copied.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, [7; 1000]).unwrap();
        let file = LocalFile::new(&path);
        let seen = file.clone();
        let mut reading = file.open().unwrap();
        reading.read_exact(&mut [0; 400]).unwrap();
        assert_eq!(seen.copied(), 400);
        io::copy(&mut reading, &mut io::sink()).unwrap();
        assert_eq!(seen.copied(), 1000);
    }
}
