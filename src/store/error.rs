//! What can go wrong with the workspace's folder: each error says what failed, on what, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::invalid::Invalid;
use crate::domain::s3_uri::S3Uri;
use crate::domain::time::Timestamp;

/// An error of the store. The workspace is as it was before, unless a variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process (or another part of this one) has the folder open.
    #[error("{}", locked(folder, *pid, *since))]
    Locked {
        /// The workspace's folder.
        folder: PathBuf,
        /// The process that has it, where its note could be read.
        pid: Option<u32>,
        /// When that process opened it.
        since: Option<Timestamp>,
    },
    /// The system refused something on a file or folder.
    #[error("could not {doing} {}: {source}. {}", path.display(), advice(source))]
    Io {
        /// What was being done, as a verb phrase: "write", "create the folder".
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
    /// The database refused. After a failed commit it takes no more writes until the workspace is opened again.
    #[error("the database in {} failed to {doing}: {why}. {advice}", path.display())]
    Database {
        /// What was being done.
        doing: &'static str,
        /// Its folder.
        path: PathBuf,
        /// Its own words.
        why: String,
        /// What to do.
        advice: &'static str,
        /// Whether it was the disk that is full.
        full: bool,
    },
    /// The workspace was written by a newer version of the app. Nothing was changed.
    #[error(
        "{what} in {} has version {found}, and this version of Counterpoise knows {known} at most. Open it with the newer version that wrote it",
        path.display()
    )]
    Newer {
        /// What is newer: "the workspace", "record models/boston".
        what: String,
        /// The workspace's folder.
        path: PathBuf,
        /// Version found.
        found: u32,
        /// Newest version known.
        known: u32,
    },
    /// A record could not be written or read as what its table holds.
    #[error("record {table}/{key}: {why}")]
    Record {
        /// Table.
        table: &'static str,
        /// Key.
        key: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// A step from one schema version to the next failed. The workspace is as it was.
    #[error("could not bring the workspace from schema {from} to {to}: {why}. Nothing was changed; please report it")]
    Migration {
        /// Schema found.
        from: u32,
        /// Schema wanted.
        to: u32,
        /// What failed.
        why: String,
    },
    /// A name or key breaks a rule.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// The bucket is not there.
    #[error("there is no bucket {0}")]
    NoBucket(String),
    /// The bucket is there already.
    #[error("there is a bucket {0} already")]
    BucketExists(String),
    /// The bucket still holds objects.
    #[error("bucket {0} is not empty: delete its objects first, or delete it together with them")]
    BucketNotEmpty(String),
    /// The object is not there.
    #[error("there is no object {0}")]
    NoObject(S3Uri),
    /// The object that is there is not the one that was to be replaced.
    #[error("object {0} has changed or is there already; nothing was written")]
    PreconditionFailed(S3Uri),
    /// There is no such upload.
    #[error("there is no multipart upload {0}")]
    NoUpload(String),
    /// A part is not there, or not the one that was meant.
    #[error("part {0} was not uploaded, or was replaced since")]
    NoPart(u16),
    /// The bytes to be written could not be read from where they come from. Nothing was written.
    #[error("could not read what was to be written to {to}: {source}. Nothing was written")]
    Source {
        /// The object that was to be written.
        to: S3Uri,
        /// The reader's own words.
        source: io::Error,
    },
}

impl StoreError {
    /// Wraps the system's refusal: `map_err(StoreError::io("write", &path))`.
    pub(crate) fn io(doing: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.as_ref().to_owned(), source }
    }

    /// Whether the disk (or the quota on it) is full.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => is_full(source.kind()),
            Self::Database { full, .. } => *full,
            _ => false,
        }
    }
}

pub(super) fn is_full(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// What to do about a refusal of the system.
pub(super) fn advice_for(kind: io::ErrorKind) -> &'static str {
    match kind {
        kind if is_full(kind) => "The disk is full: free some space, then try again",
        io::ErrorKind::FileTooLarge => "A file has reached the size limit of this process or disk",
        io::ErrorKind::ReadOnlyFilesystem => {
            "The disk is read-only: choose a workspace folder on one that can be written"
        }
        io::ErrorKind::PermissionDenied => {
            "This user may not write there: change the folder's permissions or choose another workspace folder"
        }
        io::ErrorKind::NotFound => "It is missing: was the folder moved, or its disk taken out?",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "Something that is not a folder stands in the way: choose another workspace folder"
        }
        io::ErrorKind::InvalidFilename => "The name is too long for this disk: use a shorter key",
        _ => "Check the disk, then try again",
    }
}

fn advice(source: &io::Error) -> &'static str {
    advice_for(source.kind())
}

fn locked(folder: &Path, pid: Option<u32>, since: Option<Timestamp>) -> String {
    let who = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
    let when = since
        .and_then(|at| jiff::Timestamp::from_millisecond(at.0).ok())
        .map_or_else(String::new, |at| format!(" since {}", at.strftime("%Y-%m-%d %H:%M:%S UTC")));
    format!(
        "the workspace {} is open in {who}{when}. Close that one first, or choose another folder with --data",
        folder.display()
    )
}
