//! What outlives the process: typed tables in a database, objects in buckets on disk, backups, and the lock that keeps a second process out.
//!
//! Layout of a workspace's folder: `db/` (the database) · `buckets/<bucket>/…` (objects) · `backups/*.jsonl.gz` · `damaged/` (what could not be
//! opened, kept) · `logs/` · `fleets/` (what endpoints serve) and `metrics/` (both kept by the engine) · `workspace.lock`. A change is on the
//! disk before [`Store::commit`] returns.

mod backup;
mod batch;
mod db;
mod error;
mod lock;
mod migrations;
pub mod objects;
mod records;
mod recovery;
mod tables;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use batch::Batch;
pub use error::StoreError;
pub use objects::{Kept, Mended, Objects};
pub use records::{Record, Records, Upgrade};
pub use recovery::RestoreNote;
use serde::Serialize;
use serde::de::DeserializeOwned;
pub use tables::{EVENTS_KEPT, event_key, object_key, split_object_key};

use self::backup::Header;
use self::db::Db;
use self::lock::Lock;
use self::migrations::{MIGRATIONS, SCHEMA};
use self::tables::Tables;
use crate::domain::time::Timestamp;
use crate::util::clock::Clock;

/// The table of single facts: account, settings, schema version.
const META: &str = "meta";

/// A backup is written when nothing has changed for so long.
const QUIET_MS: i64 = 30_000;
/// And when there was no quiet for so long.
const AT_LATEST_MS: i64 = 600_000;

/// A workspace's memory. A handle; clones share it.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    db: Arc<Db>,
    tables: Tables,
    objects: Objects,
    clock: Clock,
    backups: Mutex<Backups>,
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

impl Store {
    /// Opens the workspace in `folder`, which is made where it is missing.
    pub fn open(folder: &Path, clock: &Clock) -> Result<Opened, StoreError> {
        fs::create_dir_all(folder).map_err(StoreError::io("create the folder", folder))?;
        let folder = fs::canonicalize(folder).map_err(StoreError::io("find the folder", folder))?;
        let now = Timestamp(clock.wall_ms());
        let lock = Lock::take(&folder, now)?;
        let (db, restored) = recovery::open(&folder, now)?;
        let db = Arc::new(db);
        migrations::migrate(&db, MIGRATIONS, |from| write_backup(&folder, &db, now, from).map(drop))?;
        let tables = Tables::new(&db);
        let objects = Objects::attach(&folder, &db, clock)?;
        let mended = objects.mend()?;
        let newest = backup::list(&folder)?.first().and_then(|path| backup::read_header(path).ok());
        let backups = Mutex::new(Backups {
            saved: newest.map_or(0, |header| header.commit),
            seen: 0,
            changed: now,
            unsaved: now,
        });
        let inner = Inner { folder, db, tables, objects, clock: clock.clone(), backups, _lock: lock };
        Ok(Opened { store: Self(Arc::new(inner)), restored, mended })
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

    /// Writes a backup if anything has changed since the last one; answers where it is.
    pub fn backup_now(&self) -> Result<Option<PathBuf>, StoreError> {
        let mut backups = self.0.backups.lock().unwrap_or_else(PoisonError::into_inner);
        self.save(&mut backups, Timestamp(self.0.clock.wall_ms()))
    }

    /// Writes a backup when something has changed since the last one and nothing has for half a minute (or there was no quiet for ten).
    /// For a loop to call, once a second or so, on a thread that may wait: 100,000 records take about a second. Free when there is nothing to do.
    pub fn backup_if_quiet(&self, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
        let mut backups = self.0.backups.lock().unwrap_or_else(PoisonError::into_inner);
        if backups.wants_one(self.0.db.tally().commit, now) { self.save(&mut backups, now) } else { Ok(None) }
    }

    fn save(&self, backups: &mut Backups, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
        if self.0.db.tally().commit == backups.saved {
            return Ok(None);
        }
        // Set first: after a failure the next try waits for another quiet period.
        (backups.changed, backups.unsaved) = (now, now);
        let (path, commit) = write_backup(&self.0.folder, &self.0.db, now, SCHEMA)?;
        backups.saved = commit;
        Ok(Some(path))
    }

    /// Writes a last backup and lets go of the workspace, once every clone of this handle is gone too.
    pub fn close(self) -> Result<(), StoreError> {
        self.backup_now().map(drop)
    }
}

/// What backups there are, and what has happened since.
#[derive(Debug)]
struct Backups {
    /// The last change that a backup holds.
    saved: u64,
    /// The last change that was seen when somebody asked.
    seen: u64,
    /// When it was first seen.
    changed: Timestamp,
    /// Since when there has been something to save.
    unsaved: Timestamp,
}

impl Backups {
    fn wants_one(&mut self, commit: u64, now: Timestamp) -> bool {
        if commit == self.saved {
            (self.seen, self.unsaved) = (commit, now);
            return false;
        }
        // A clock that was set back starts the wait again.
        if commit != self.seen || now < self.changed {
            (self.seen, self.changed) = (commit, now);
        }
        self.unsaved = self.unsaved.min(now);
        now.ms_since(self.changed) >= QUIET_MS || now.ms_since(self.unsaved) >= AT_LATEST_MS
    }
}

fn write_backup(folder: &Path, db: &Db, made: Timestamp, schema: u32) -> Result<(PathBuf, u64), StoreError> {
    let (tally, rows) = db.dump()?;
    // A backup must not know of more than the database on disk, or the next start would take the database for cut off.
    db.flush(tally.commit)?;
    let header = Header { counterpoise_backup: backup::FORMAT, schema, made, commit: tally.commit };
    Ok((backup::write(folder, header, &rows)?, tally.commit))
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
