//! Backups: everything in the database as checksummed lines of JSON, gzipped, for the day when the database cannot be opened.
//!
//! The first line says what it is and how far it goes, a line a record follows, and the last line holds the SHA-256 of all bytes before it.
//! `zcat` and `jq` read it. Names begin with the number of the last change in them, so that the newest sorts last.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::db::Row;
use super::error::StoreError;
use super::{hex, sync_folder};
use crate::domain::time::Timestamp;

/// How many are kept.
pub(super) const KEPT: usize = 10;

const FOLDER: &str = "backups";
const ENDING: &str = ".jsonl.gz";

/// The first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// Version of this file format.
    pub(super) counterpoise_backup: u32,
    /// Schema version of the records in it.
    pub(super) schema: u32,
    /// When it was made.
    pub(super) made: Timestamp,
    /// Number of the last change in it.
    pub(super) commit: u64,
}

/// The file format that is written, and the newest that is read.
pub(super) const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Line {
    table: String,
    key: String,
    value: Value,
}

/// The last line.
#[derive(Serialize, Deserialize)]
struct Seal {
    records: u64,
    sha256: String,
}

/// Writes a backup: under a temporary name, flushed, renamed. Then the oldest beyond [`KEPT`] go.
pub(super) fn write(workspace: &Path, header: Header, rows: &[Row]) -> Result<PathBuf, StoreError> {
    let folder = workspace.join(FOLDER);
    fs::create_dir_all(&folder).map_err(StoreError::io("create the folder", &folder))?;
    let stamp = jiff::Timestamp::from_millisecond(header.made.0).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ");
    let path = folder.join(format!("{:016}-{stamp}{ENDING}", header.commit));
    let temporary = path.with_extension("tmp");
    let written = write_to(&temporary, header, rows)
        .and_then(|()| fs::rename(&temporary, &path).map_err(StoreError::io("write the backup", &path)))
        .and_then(|()| sync_folder(&folder));
    if let Err(error) = written {
        // Best effort: a half-written file has no name that counts as a backup.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    for old in list(workspace)?.into_iter().skip(KEPT) {
        fs::remove_file(&old).map_err(StoreError::io("remove the old backup", &old))?;
    }
    Ok(path)
}

fn write_to(path: &Path, header: Header, rows: &[Row]) -> Result<(), StoreError> {
    let mut sealed = Sealed { to: GzEncoder::new(Vec::new(), Compression::fast()), sum: Sha256::new() };
    let mut compose = || -> std::io::Result<()> {
        sealed.line(&header)?;
        for (table, key, bytes) in rows {
            let value = serde_json::from_slice(bytes)?;
            sealed.line(&Line { table: table.clone(), key: key.clone(), value })?;
        }
        let seal = Seal { records: rows.len() as u64, sha256: hex(&sealed.sum.clone().finalize()) };
        sealed.line(&seal)
    };
    let failed = |source| StoreError::io("write the backup", path)(source);
    compose().map_err(failed)?;
    let bytes = sealed.to.finish().map_err(failed)?;
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    file.write_all(&bytes).and_then(|()| file.flush()).and_then(|()| file.get_ref().sync_all()).map_err(failed)
}

struct Sealed {
    to: GzEncoder<Vec<u8>>,
    sum: Sha256,
}

impl Sealed {
    fn line(&mut self, line: &impl Serialize) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.sum.update(&bytes);
        self.to.write_all(&bytes)
    }
}

/// The backups there are, newest first.
pub(super) fn list(workspace: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let folder = workspace.join(FOLDER);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(StoreError::io("read the folder", &folder)(source)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(StoreError::io("read the folder", &folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(ENDING) && name.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            found.push(path);
        }
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found)
}

/// Only the first line: how far a backup says that it goes. Not yet a proof that the rest can be read.
pub(super) fn read_header(path: &Path) -> Result<Header, String> {
    let mut line = String::new();
    lines_of(path)?.read_line(&mut line).map_err(|error| error.to_string())?;
    parse_header(&line)
}

fn parse_header(line: &str) -> Result<Header, String> {
    let header: Header = serde_json::from_str(line).map_err(|error| format!("its first line is broken: {error}"))?;
    if header.counterpoise_backup > FORMAT {
        return Err(format!("its format {} is newer than this version knows", header.counterpoise_backup));
    }
    Ok(header)
}

/// All of a backup, every byte checked; the error says what is wrong with it.
pub(super) fn read(path: &Path) -> Result<(Header, Vec<Row>), String> {
    let mut lines = lines_of(path)?;
    let (mut sum, mut header, mut rows) = (Sha256::new(), None, Vec::new());
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line).map_err(|error| format!("it cannot be unpacked: {error}"))? == 0 {
            return Err("it has no end: it was cut off".to_owned());
        }
        let Some(header) = header else {
            header = Some(parse_header(&line)?);
            sum.update(&line);
            continue;
        };
        if let Ok(Line { table, key, value }) = serde_json::from_str(&line) {
            sum.update(&line);
            rows.push((table, key, serde_json::to_vec(&value).map_err(|error| error.to_string())?));
            continue;
        }
        let seal: Seal = serde_json::from_str(&line).map_err(|_| format!("line {} is broken", rows.len() + 2))?;
        if seal.records != rows.len() as u64 || seal.sha256 != hex(&sum.finalize()) {
            return Err("its checksum does not match".to_owned());
        }
        return Ok((header, rows));
    }
}

fn lines_of(path: &Path) -> Result<BufReader<GzDecoder<BufReader<File>>>, String> {
    let file = File::open(path).map_err(|error| format!("it cannot be opened: {error}"))?;
    Ok(BufReader::new(GzDecoder::new(BufReader::new(file))))
}

/// Takes a backup that cannot be read out of the list, and keeps it.
pub(super) fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".damaged");
    let aside = PathBuf::from(name);
    fs::rename(path, &aside).map_err(StoreError::io("rename the damaged backup", path))?;
    Ok(aside)
}

/// Removes what a crash in the middle of writing left behind.
pub(super) fn sweep(workspace: &Path) {
    let Ok(entries) = fs::read_dir(workspace.join(FOLDER)) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|extension| extension == "tmp") {
            // Best effort: it is in nobody's way.
            let _ = fs::remove_file(path);
        }
    }
}
