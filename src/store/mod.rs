//! What outlives the process: typed tables in a database, objects in buckets on disk, backups, and the lock that keeps a second process out.
//!
//! Layout of a workspace's folder: `db/` (the database) · `buckets/<bucket>/…` (objects) · `backups/*.jsonl.gz` · `damaged/` (what could not be
//! opened, kept) · `logs/` · `workspace.lock`. A change is on the disk before [`Store::commit`] returns.

mod batch;
mod db;
mod error;
mod lock;
pub mod objects;
mod records;
mod tables;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use batch::Batch;
pub use error::StoreError;
pub use objects::{Mended, Objects};
pub use records::{Record, Records, Upgrade};
use serde::Serialize;
use serde::de::DeserializeOwned;
pub use tables::{EVENTS_KEPT, event_key, object_key, split_object_key};

use self::db::{Db, NotOpened};
use self::lock::Lock;
use self::tables::Tables;
use crate::domain::time::Timestamp;
use crate::util::clock::Clock;

/// The table of single facts: account, settings, schema version.
const META: &str = "meta";

/// A workspace's memory. A handle; clones share it.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    db: Arc<Db>,
    tables: Tables,
    objects: Objects,
    // Dropped last: nobody else comes in before the database is closed.
    _lock: Lock,
}

/// An opened store, and what had to be done to open it.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// Set when the database could not be read and was brought back from a backup.
    pub restored: Option<RestoreNote>,
    /// Where bodies on disk and their records were found to differ, and what was done.
    pub mended: Mended,
}

/// What was brought back when the database could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreNote {
    /// The backup that was used; `None` when there was none that could be read, and the tables start empty.
    pub backup: Option<PathBuf>,
    /// When it was made.
    pub backup_made: Option<Timestamp>,
    /// Records brought back.
    pub records: u64,
    /// Where the damaged files were kept; `None` when there were none.
    pub kept_at: Option<PathBuf>,
    /// What was wrong with them.
    pub why: String,
    /// Newer backups that could not be used, and why.
    pub skipped: Vec<(PathBuf, String)>,
}

impl Store {
    /// Opens the workspace in `folder`, which is made where it is missing.
    pub fn open(folder: &Path, clock: &Clock) -> Result<Opened, StoreError> {
        fs::create_dir_all(folder).map_err(StoreError::io("create the folder", folder))?;
        let folder = fs::canonicalize(folder).map_err(StoreError::io("find the folder", folder))?;
        let lock = Lock::take(&folder, Timestamp(clock.wall_ms()))?;
        let path = folder.join("db");
        let db = match Db::open(&path) {
            Ok(db) => Arc::new(db),
            Err(NotOpened::Refused(error)) => return Err(error),
            Err(NotOpened::Damaged(why)) => {
                return Err(StoreError::Database { doing: "open", path, why, advice: "Restore it from a backup" });
            }
        };
        let tables = Tables::new(&db);
        tables.read_all()?;
        let objects = Objects::attach(&folder, &db, clock)?;
        let store = Self(Arc::new(Inner { folder, db, tables, objects, _lock: lock }));
        Ok(Opened { store, restored: None, mended: Mended::default() })
    }

    /// The workspace's folder, absolute.
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// The buckets on disk.
    pub fn objects(&self) -> &Objects {
        &self.0.objects
    }

    /// Carries a batch out: all of it or nothing, and on the disk when this returns.
    pub fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        if let Some(error) = batch.broken {
            return Err(error);
        }
        if batch.changes.is_empty() {
            return Ok(());
        }
        self.0.db.commit(&batch.changes)
    }

    /// A single fact of the workspace (account, settings) by its name.
    pub fn meta<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.0.db.get(META, name)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| meta_error(name, &error))
    }

    /// Makes room for a backup: writes one now if anything has changed since the last.
    pub fn backup_now(&self) -> Result<Option<PathBuf>, StoreError> {
        Ok(None)
    }

    /// Writes a backup when something has changed since the last one and nothing has for half a minute. For a loop to call, once a second or so.
    pub fn backup_if_quiet(&self, _now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
        Ok(None)
    }

    /// Writes a last backup and lets go of the workspace, once every clone of this handle is gone too.
    pub fn close(self) -> Result<(), StoreError> {
        self.backup_now().map(drop)
    }
}

impl Batch {
    /// Sets a single fact of the workspace.
    pub fn set_meta<T: Serialize>(&mut self, name: &str, value: &T) -> &mut Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => drop(self.changes.insert(db::storage_key(META, name), Some(bytes))),
            Err(error) => self.broken = self.broken.take().or(Some(meta_error(name, &error))),
        }
        self
    }
}

fn meta_error(name: &str, error: &serde_json::Error) -> StoreError {
    StoreError::Record { table: META, key: name.to_owned(), why: error.to_string() }
}

/// Makes renames and new names in a folder last. Only Unix has a way to ask for it.
fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        File::open(folder).and_then(|handle| handle.sync_all()).map_err(StoreError::io("flush the folder", folder))?;
    }
    Ok(())
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bucket::Bucket;
    use crate::domain::s3_uri::S3Uri;

    #[test]
    fn what_was_committed_is_there_after_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::paused(1_000);
        let uri = S3Uri::new("my-bucket", "a/b.csv");
        {
            let store = Store::open(folder.path(), &clock).unwrap().store;
            let bucket = Bucket { name: "my-bucket".to_owned(), created: Timestamp(1), tags: vec![] };
            store.objects().create_bucket(&bucket).unwrap();
            store.objects().put(&uri, &mut &b"1,2\n"[..], None).unwrap();
            let mut batch = Batch::new();
            batch.set_meta("account", &7_u32);
            store.commit(batch).unwrap();
            store.close().unwrap();
        }
        let store = Store::open(folder.path(), &clock).unwrap().store;
        assert_eq!(store.meta::<u32>("account").unwrap(), Some(7));
        assert_eq!(store.buckets().all().unwrap().len(), 1);
        let (object, bytes) = store.objects().read_range(&uri, 1, 2).unwrap();
        assert_eq!((bytes.as_slice(), object.content_type.as_str()), (&b",2"[..], "text/csv"));
    }
}
