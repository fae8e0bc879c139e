//! Opening the database whatever state it is in: as it is, or from the newest backup that can be read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::backup::{self, Header};
use super::db::{Db, NotOpened, Row, storage_key};
use super::error::StoreError;
use super::migrations::SCHEMA;
use super::sync_folder;
use crate::domain::time::Timestamp;

/// Records a batch while a backup is brought back.
const CHUNK: usize = 5_000;

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
    /// Newer backups that could not be used (where they were kept), and why.
    pub skipped: Vec<(PathBuf, String)>,
}

/// Opens `workspace/db`. What cannot be opened, or has lost changes that a backup knows of, is moved to `workspace/damaged/` and replaced.
pub(super) fn open(workspace: &Path, now: Timestamp) -> Result<(Db, Option<RestoreNote>), StoreError> {
    backup::sweep(workspace);
    let path = workspace.join("db");
    let backups = backup::list(workspace)?;
    let there = path.exists();
    let why = if !there && !backups.is_empty() {
        "its files are missing".to_owned()
    } else {
        match Db::open(&path) {
            Ok(db) => match ahead_of(db.tally().commit, &backups) {
                None => return Ok((db, None)),
                Some(commit) => {
                    format!("it ends with change {}, and a backup holds change {commit}", db.tally().commit)
                }
            },
            Err(NotOpened::Refused(error)) => return Err(error),
            Err(NotOpened::Damaged(why)) => why,
        }
    };
    let kept_at = there.then(|| keep(workspace, &path, now)).transpose()?;
    let (db, note) = restore(&path, &backups, kept_at, why)?;
    Ok((db, Some(note)))
}

/// The last change of the newest backup that can be read and goes further than the database, if there is one.
fn ahead_of(commit: u64, backups: &[PathBuf]) -> Option<u64> {
    backups
        .iter()
        .take_while(|path| backup::read_header(path).map_or(true, |header| header.commit > commit))
        .find_map(|path| backup::read(path).ok())
        .map(|(header, _)| header.commit)
        .filter(|held| *held > commit)
}

/// Moves the damaged database to a folder of its own.
fn keep(workspace: &Path, path: &Path, now: Timestamp) -> Result<PathBuf, StoreError> {
    let folder = workspace.join("damaged");
    fs::create_dir_all(&folder).map_err(StoreError::io("create the folder", &folder))?;
    let stamp = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut aside = folder.join(format!("db-{stamp}"));
    let mut number = 1;
    while aside.exists() {
        number += 1;
        aside = folder.join(format!("db-{stamp}-{number}"));
    }
    fs::rename(path, &aside).map_err(StoreError::io("keep the damaged database in", &aside))?;
    sync_folder(&folder)?;
    sync_folder(workspace)?;
    Ok(aside)
}

fn restore(
    path: &Path,
    backups: &[PathBuf],
    kept_at: Option<PathBuf>,
    why: String,
) -> Result<(Db, RestoreNote), StoreError> {
    let mut skipped = Vec::new();
    let mut found = None;
    for candidate in backups {
        match backup::read(candidate) {
            Ok((header, _)) if header.schema > SCHEMA => {
                return Err(StoreError::Newer {
                    what: "the newest backup".to_owned(),
                    path: candidate.clone(),
                    found: header.schema,
                    known: SCHEMA,
                });
            }
            Ok((header, rows)) => {
                found = Some((candidate.clone(), header, rows));
                break;
            }
            Err(why) => skipped.push((backup::set_aside(candidate)?, why)),
        }
    }
    let db = match Db::open(path) {
        Ok(db) => db,
        Err(NotOpened::Refused(error)) => return Err(error),
        Err(NotOpened::Damaged(why)) => {
            let advice = "A new database could not be made: check the disk";
            return Err(StoreError::Database { doing: "start anew", path: path.to_owned(), why, advice, full: false });
        }
    };
    let note = RestoreNote { backup: None, backup_made: None, records: 0, kept_at, why, skipped };
    let Some((backup, Header { made, commit, .. }, rows)) = found else { return Ok((db, note)) };
    let records = rows.len() as u64;
    fill(&db, rows, commit)?;
    Ok((db, RestoreNote { backup: Some(backup), backup_made: Some(made), records, ..note }))
}

/// Until the last batch the database says that it ends with change 0, so that a crash in between is noticed and everything done again.
fn fill(db: &Db, rows: Vec<Row>, commit: u64) -> Result<(), StoreError> {
    let mut batch = BTreeMap::new();
    for (table, key, value) in rows {
        batch.insert(storage_key(&table, &key), Some(value));
        if batch.len() == CHUNK {
            db.commit_as(&std::mem::take(&mut batch), Some(0))?;
        }
    }
    db.commit_as(&batch, Some(commit))
}
