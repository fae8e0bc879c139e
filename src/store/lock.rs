//! One process a workspace: an advisory lock on `workspace.lock`, with a note of who holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use crate::domain::time::Timestamp;

/// The lock's file name in the workspace's folder.
pub const FILE_NAME: &str = "workspace.lock";

/// Who holds the lock; written into the file for the next one to read.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    since: Timestamp,
}

/// The held lock. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of `folder`, or says who has it.
    pub(super) fn take(folder: &Path, now: Timestamp) -> Result<Self, StoreError> {
        let path = folder.join(FILE_NAME);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                // Where locks are mandatory (Windows) the note cannot be read, and the error names nobody.
                let mut note = String::new();
                let holder: Option<Holder> =
                    file.read_to_string(&mut note).ok().and_then(|_| serde_json::from_str(&note).ok());
                return Err(StoreError::Locked {
                    folder: folder.to_owned(),
                    pid: holder.as_ref().map(|holder| holder.pid),
                    since: holder.map(|holder| holder.since),
                });
            }
            Err(TryLockError::Error(source)) => return Err(StoreError::io("lock", &path)(source)),
        }
        let note = serde_json::to_string(&Holder { pid: std::process::id(), since: now }).unwrap_or_default();
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(note.as_bytes()))
            .map_err(StoreError::io("write", &path))?;
        Ok(Self { _file: file })
    }
}
