//! The database: the only file that names sled. One tree of `table\0key` → bytes, and a tally that proves that all of it is there.
//!
//! The tally (how many commits, how many records, and a sum over the hashes of all of them) is part of every batch. sled
//! cuts off what it cannot read at the end of its log without a word; with the tally a loss is noticed when the database is opened.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::{StoreError, is_full};

/// No table has an empty name, so nothing else can have this key.
const TALLY_KEY: &[u8] = b"\0tally";

/// Pages kept in memory, bytes. A workspace of 100,000 resources fits.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// How long a database that this process has just closed may take to let go of its file.
const LET_GO: Duration = Duration::from_secs(5);

/// What the database should hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Batches committed in the life of the workspace.
    pub(super) commit: u64,
    /// Records there are.
    pub(super) records: u64,
    /// Sum of [`hash`] over all records, modulo 2⁶⁴.
    sum: u64,
}

impl Tally {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        self.records = self.records.wrapping_add(1);
        self.sum = self.sum.wrapping_add(hash(key, value));
    }

    fn take(&mut self, key: &[u8], value: &[u8]) {
        self.records = self.records.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(hash(key, value));
    }
}

/// The first 64 bits of SHA-256 over the key, its length and the value.
fn hash(key: &[u8], value: &[u8]) -> u64 {
    let digest =
        Sha256::new().chain_update((key.len() as u64).to_le_bytes()).chain_update(key).chain_update(value).finalize();
    digest.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

/// The key under which a record is stored.
pub(super) fn storage_key(table: &str, key: &str) -> Vec<u8> {
    [table.as_bytes(), b"\0", key.as_bytes()].concat()
}

/// One record as it lies in the database: table, key, value.
pub(super) type Row = (String, String, Vec<u8>);

/// Why the database did not open.
#[derive(Debug)]
pub(super) enum NotOpened {
    /// Its files are damaged or not complete; what was found.
    Damaged(String),
    /// The files may be fine, but the system refused.
    Refused(StoreError),
}

/// One open database.
#[derive(Debug)]
pub(super) struct Db {
    tree: sled::Db,
    folder: PathBuf,
    /// sled flushes with `sync_file_range` on Linux, which leaves the disk's own cache alone; this handle is for a real `fdatasync`.
    log: File,
    writer: Mutex<Writer>,
    /// The newest commit that has been applied.
    applied: AtomicU64,
    flushed: Mutex<Flushed>,
}

#[derive(Debug)]
struct Writer {
    tally: Tally,
    /// Set by a failure in the middle of a commit: what is in memory and what is on disk may differ from then on.
    failed: bool,
}

#[derive(Debug)]
struct Flushed {
    commit: u64,
    blobs: HashSet<OsString>,
}

/// Every write below is a single assignment or is guarded by `Writer::failed`, so a poisoned lock still holds a whole state.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Db {
    /// Opens the database in `folder`, makes it where there is none, and checks all of it against its tally.
    pub(super) fn open(folder: &Path) -> Result<Self, NotOpened> {
        let tree = open_sled(folder)?;
        let counted = catch_unwind(AssertUnwindSafe(|| count(&tree)))
            .unwrap_or_else(|panic| Err(NotOpened::Damaged(format!("reading it failed: {}", words(&*panic)))))?;
        let tally = match counted {
            (found, Some(noted)) if found.records == noted.records && found.sum == noted.sum => noted,
            (found, None) if found == Tally::default() => found,
            (found, Some(noted)) if found.records != noted.records => {
                return Err(NotOpened::Damaged(format!(
                    "it should hold {} records and holds {}",
                    noted.records, found.records
                )));
            }
            (_, Some(_)) => {
                return Err(NotOpened::Damaged("its records are not the ones that were written".to_owned()));
            }
            (found, None) => {
                return Err(NotOpened::Damaged(format!("it holds {} records but not their tally", found.records)));
            }
        };
        let path = folder.join("db");
        let log = File::options().read(true).write(true).open(&path);
        let log = log.map_err(|source| NotOpened::Refused(StoreError::io("open", &path)(source)))?;
        Ok(Self {
            tree,
            folder: folder.to_owned(),
            log,
            writer: Mutex::new(Writer { tally, failed: false }),
            applied: AtomicU64::new(tally.commit),
            flushed: Mutex::new(Flushed { commit: tally.commit, blobs: HashSet::new() }),
        })
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it holds.
    pub(super) fn tally(&self) -> Tally {
        lock(&self.writer).tally
    }

    /// One record's bytes.
    pub(super) fn get(&self, table: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.tree.get(storage_key(table, key)).map_err(|error| self.error("read", &error))?;
        Ok(found.map(|bytes| bytes.to_vec()))
    }

    /// Visits the records of a table whose keys begin with `prefix`, in the byte order of their keys.
    pub(super) fn scan(
        &self,
        table: &str,
        prefix: &str,
        mut visit: impl FnMut(&str, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for pair in self.tree.scan_prefix(storage_key(table, prefix)) {
            let (key, value) = pair.map_err(|error| self.error("read", &error))?;
            // Keys are written from `&str` only.
            if let Ok(key) = std::str::from_utf8(&key[table.len() + 1..]) {
                visit(key, &value)?;
            }
        }
        Ok(())
    }

    /// Everything there is, as of one moment: (table, key, value).
    pub(super) fn dump(&self) -> Result<(Tally, Vec<Row>), StoreError> {
        let writer = lock(&self.writer);
        let mut rows = Vec::with_capacity(writer.tally.records as usize);
        for pair in self.tree.iter() {
            let (key, value) = pair.map_err(|error| self.error("read", &error))?;
            let Ok(key) = std::str::from_utf8(&key) else { continue };
            if let Some((table, key)) = key.split_once('\0').filter(|(table, _)| !table.is_empty()) {
                rows.push((table.to_owned(), key.to_owned(), value.to_vec()));
            }
        }
        Ok((writer.tally, rows))
    }

    /// Applies changes as one, and returns when they are on the disk. Commits that wait at the same time share one flush.
    pub(super) fn commit(&self, changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Result<(), StoreError> {
        self.commit_as(changes, None)
    }

    /// As [`Db::commit`]; `number` sets the commit's number instead of counting up by one.
    pub(super) fn commit_as(
        &self,
        changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>,
        number: Option<u64>,
    ) -> Result<(), StoreError> {
        let commit = {
            let mut writer = lock(&self.writer);
            if writer.failed {
                return Err(self.gave_up());
            }
            let mut tally = writer.tally;
            tally.commit = number.unwrap_or(tally.commit + 1);
            let mut batch = sled::Batch::default();
            for (key, change) in changes {
                if let Some(old) = self.tree.get(key).map_err(|error| self.error("read", &error))? {
                    tally.take(key, &old);
                }
                match change {
                    Some(value) => {
                        tally.add(key, value);
                        batch.insert(key.as_slice(), value.as_slice());
                    }
                    None => batch.remove(key.as_slice()),
                }
            }
            let noted = serde_json::to_vec(&tally).map_err(|error| self.gone_wrong("write", error.to_string()))?;
            batch.insert(TALLY_KEY, noted);
            writer.failed = true;
            self.tree.apply_batch(batch).map_err(|error| self.error("write", &error))?;
            writer.failed = false;
            writer.tally = tally;
            self.applied.store(tally.commit, Ordering::Release);
            tally.commit
        };
        self.flush(commit)
    }

    /// Makes sure that `commit` and all before it are on the disk.
    pub(super) fn flush(&self, commit: u64) -> Result<(), StoreError> {
        let mut flushed = lock(&self.flushed);
        if flushed.commit >= commit {
            return Ok(());
        }
        // A flush that is tried again after a failed one may succeed without the lost pages: the failure is final.
        if lock(&self.writer).failed {
            return Err(self.gave_up());
        }
        let up_to = self.applied.load(Ordering::Acquire);
        let done = self
            .tree
            .flush()
            .map_err(|error| self.error("flush", &error))
            .and_then(|_| self.log.sync_data().map_err(StoreError::io("flush", self.folder.join("db"))))
            .and_then(|()| self.sync_blobs(&mut flushed.blobs));
        if done.is_err() {
            lock(&self.writer).failed = true;
        } else {
            flushed.commit = up_to;
        }
        done
    }

    /// sled puts large values (above 128 kB) into files of their own and does not flush those.
    fn sync_blobs(&self, known: &mut HashSet<OsString>) -> Result<(), StoreError> {
        let folder = self.folder.join("blobs");
        let mut there = HashSet::new();
        let mut fresh = false;
        for entry in fs::read_dir(&folder).map_err(StoreError::io("read", &folder))? {
            let entry = entry.map_err(StoreError::io("read", &folder))?;
            let name = entry.file_name();
            if !known.contains(&name) {
                match File::open(entry.path()).and_then(|blob| blob.sync_all()) {
                    Ok(()) => fresh = true,
                    // sled removes blobs that nothing points to any more whenever it likes.
                    Err(gone) if gone.kind() == io::ErrorKind::NotFound => continue,
                    Err(source) => return Err(StoreError::io("flush", entry.path())(source)),
                }
            }
            there.insert(name);
        }
        *known = there;
        if fresh { super::sync_folder(&folder) } else { Ok(()) }
    }

    fn error(&self, doing: &'static str, error: &sled::Error) -> StoreError {
        let full = matches!(error, sled::Error::Io(source) if is_full(source.kind()));
        let advice = if full {
            "The disk is full: free some space and open the workspace again"
        } else {
            "Open the workspace again: it is checked then, and restored from its newest backup if need be"
        };
        StoreError::Database { doing, path: self.folder.clone(), why: error.to_string(), advice, full }
    }

    fn gone_wrong(&self, doing: &'static str, why: String) -> StoreError {
        StoreError::Database { doing, path: self.folder.clone(), why, advice: "Please report it", full: false }
    }

    fn gave_up(&self) -> StoreError {
        StoreError::Database {
            doing: "write",
            path: self.folder.clone(),
            why: "an earlier write failed".to_owned(),
            advice: "Make sure that the disk has space and can be written, then open the workspace again",
            full: false,
        }
    }
}

/// Opens sled; its panics over files that it cannot make sense of count as damage.
fn open_sled(folder: &Path) -> Result<sled::Db, NotOpened> {
    let deadline = Instant::now() + LET_GO;
    loop {
        // Flushing is done at each commit, so sled needs no thread of its own for it.
        let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let opened = catch_unwind(AssertUnwindSafe(|| config.open()))
            .map_err(|panic| NotOpened::Damaged(format!("opening it failed: {}", words(&*panic))))?;
        match opened {
            Ok(tree) => return Ok(tree),
            // The workspace's own lock is ours, so this is a database that is being closed in this very process.
            Err(sled::Error::Io(busy))
                if busy.to_string().contains("could not acquire lock") && Instant::now() < deadline =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(classify(folder, &error)),
        }
    }
}

/// Whether an error speaks of the files' content or of the system around them. A backup is restored over the former only.
fn classify(folder: &Path, error: &sled::Error) -> NotOpened {
    if let sled::Error::Io(source) = error {
        let content = matches!(
            source.kind(),
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::InvalidData
                | io::ErrorKind::InvalidInput
                | io::ErrorKind::NotFound
                | io::ErrorKind::NotADirectory
                | io::ErrorKind::IsADirectory
                | io::ErrorKind::AlreadyExists
                | io::ErrorKind::Other
        );
        if !content {
            let source = io::Error::new(source.kind(), source.to_string());
            return NotOpened::Refused(StoreError::io("open the database in", folder)(source));
        }
    }
    NotOpened::Damaged(error.to_string())
}

/// Counts what there is, and reads the tally that was noted.
fn count(tree: &sled::Db) -> Result<(Tally, Option<Tally>), NotOpened> {
    let (mut found, mut noted) = (Tally::default(), None);
    for pair in tree.iter() {
        let (key, value) = pair.map_err(|error| NotOpened::Damaged(error.to_string()))?;
        if &*key == TALLY_KEY {
            noted = Some(serde_json::from_slice(&value).map_err(|error| NotOpened::Damaged(error.to_string()))?);
        } else {
            found.add(&key, &value);
        }
    }
    Ok((found, noted))
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "it gave no reason".to_owned())
}
