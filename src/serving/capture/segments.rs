//! An endpoint's records on disk: files of checked frames that are only ever appended to, the oldest deleted where they grow too large or
//! too old. A file that was cut short by a crash is read up to the cut.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::arms::Source;
use super::frame::{Frame, read_frame, write_label, write_request, write_source};
use super::record::{Facts, Given, Record};

/// What a segment begins with; the last byte is the version.
const MAGIC: &[u8; 8] = b"CPCAPT\0\x01";

/// A segment of this size is closed and the next begun.
const SEGMENT_BYTES: u64 = 8 << 20;

/// So is one of this age, milliseconds, however little is in it: what is kept too long is deleted by whole segments.
const SEGMENT_MS: i64 = 24 * 3_600 * 1_000;

/// Segments of one endpoint together.
pub const ENDPOINT_BYTES: u64 = 256 << 20;

/// How long a closed segment is kept, milliseconds: 30 days.
pub const KEPT_MS: i64 = 30 * 24 * 3_600 * 1_000;

/// Longer than any frame that is written.
const FRAME_BYTES: u32 = 16 << 20;

/// A folder of segments that is written to.
#[derive(Debug)]
pub(super) struct Segments {
    folder: PathBuf,
    open: Option<File>,
    number: u64,
    size: u64,
    /// When the open segment was begun, and the time of the newest record in it.
    begun_ms: i64,
    newest_ms: i64,
    closed: VecDeque<Closed>,
    /// Numbers of the sources in the open segment.
    sources: HashSet<u32>,
    /// Frames not yet handed to the file.
    buffer: Vec<u8>,
    /// Why the file refused something since the last flush.
    refused: Option<io::Error>,
    /// Requests since the last flush.
    waiting: u64,
    /// Bytes of one segment, and of all of them.
    most: (u64, u64),
}

#[derive(Debug)]
struct Closed {
    number: u64,
    size: u64,
    newest_ms: i64,
}

impl Segments {
    /// Goes on in a folder, after what is there. Nothing is made before there is something to write.
    pub(super) fn open(folder: PathBuf) -> Self {
        let closed: VecDeque<Closed> = list(&folder)
            .into_iter()
            .filter_map(|(number, path)| {
                let metadata = fs::metadata(path).ok()?;
                let modified = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
                let newest_ms = i64::try_from(modified.as_millis()).unwrap_or(i64::MAX);
                Some(Closed { number, size: metadata.len(), newest_ms })
            })
            .collect();
        let number = closed.back().map_or(0, |last| last.number);
        Self {
            folder,
            open: None,
            number,
            size: 0,
            begun_ms: 0,
            newest_ms: 0,
            closed,
            sources: HashSet::new(),
            buffer: Vec::new(),
            refused: None,
            waiting: 0,
            most: (SEGMENT_BYTES, ENDPOINT_BYTES),
        }
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends requests, whose sealed frames go to the file as they are. `newest_ms` is when the newest of them was answered.
    pub(super) fn requests(&mut self, frames: &[u8], sources: &[Arc<Source>], count: u64, newest_ms: i64, now_ms: i64) {
        for source in sources {
            self.source(source);
        }
        if self.refused.is_none() {
            let written = self.write_out(now_ms).and_then(|()| self.append(frames, now_ms));
            self.refused = written.err();
        }
        self.newest_ms = self.newest_ms.max(newest_ms);
        self.waiting += count;
    }

    /// Requests since the last flush.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Appends a label of a request.
    pub(super) fn label(&mut self, record: &Record<impl AsRef<[u8]>>, given: &Given, scores: &[f64]) {
        self.source(&record.source);
        write_label(&mut self.buffer, record, given, scores);
        self.newest_ms = self.newest_ms.max(given.at_ms);
    }

    /// Writes a source where it is new to the open segment.
    fn source(&mut self, source: &Source) {
        if self.sources.insert(source.number) {
            write_source(&mut self.buffer, source);
        }
    }

    /// Hands what was appended to the system, `synced` to the disk itself. What can't be written is dropped, and the next attempt begins
    /// a new segment.
    pub(super) fn flush(&mut self, synced: bool, now_ms: i64) -> io::Result<()> {
        let written = match self.refused.take() {
            Some(error) => Err(error),
            None => self.write_out(now_ms).and_then(|()| match &self.open {
                Some(file) if synced => file.sync_data(),
                _ => Ok(()),
            }),
        };
        self.buffer.clear();
        self.waiting = 0;
        if written.is_err() || self.size >= self.most.0 {
            self.rotate();
            self.retire(now_ms);
        }
        written
    }

    /// Hands the buffer over.
    fn write_out(&mut self, now_ms: i64) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let written = self.append(&buffer, now_ms);
        buffer.clear();
        self.buffer = buffer;
        written
    }

    /// Appends to the open segment, or begins one.
    fn append(&mut self, frames: &[u8], now_ms: i64) -> io::Result<()> {
        if frames.is_empty() {
            return Ok(());
        }
        let file = match &mut self.open {
            Some(file) => file,
            none => {
                fs::create_dir_all(&self.folder)?;
                self.number += 1;
                let mut file =
                    OpenOptions::new().append(true).create_new(true).open(path(&self.folder, self.number))?;
                file.write_all(MAGIC)?;
                self.size = MAGIC.len() as u64;
                self.begun_ms = now_ms;
                none.insert(file)
            }
        };
        file.write_all(frames)?;
        self.size += frames.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) {
        if self.open.take().is_some() {
            self.closed.push_back(Closed { number: self.number, size: self.size, newest_ms: self.newest_ms });
        }
        (self.size, self.newest_ms) = (0, 0);
        self.sources.clear();
    }

    /// Deletes the oldest segments where there is too much, or where they are too old.
    pub(super) fn retire(&mut self, now_ms: i64) {
        if self.open.is_some() && self.buffer.is_empty() && now_ms - self.begun_ms >= SEGMENT_MS {
            self.rotate();
        }
        let mut total: u64 = self.size + self.closed.iter().map(|closed| closed.size).sum::<u64>();
        while let Some(oldest) = self.closed.front()
            && (total > self.most.1 || oldest.newest_ms < now_ms - KEPT_MS)
        {
            total -= oldest.size;
            if let Err(error) = fs::remove_file(path(&self.folder, oldest.number)) {
                tracing::warn!("an old capture segment could not be deleted: {error}");
            }
            self.closed.pop_front();
        }
    }

    /// Deletes everything.
    pub(super) fn delete(self) {
        drop(self.open);
        if let Err(error) = fs::remove_dir_all(&self.folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!("{} could not be deleted: {error}", self.folder.display());
        }
    }
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.seg"))
}

/// Segments in a folder, oldest first.
fn list(folder: &Path) -> Vec<(u64, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<(u64, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let number = name.to_str()?.strip_suffix(".seg")?.parse().ok()?;
            Some((number, entry.path()))
        })
        .collect();
    found.sort_unstable();
    found
}

/// What a reader of segments is shown.
pub(super) enum Seen<'a> {
    /// A request. Make a [`Record`] of it with [`Found::record`] only where it is wanted.
    Request(Found<'a>),
    /// A label of a request that was seen before.
    Label {
        /// The request's source and the arm that answered.
        source: &'a Arc<Source>,
        arm: u16,
        drawn: bool,
        id: &'a str,
        given: Given,
        scores: Vec<f64>,
    },
}

/// A request in a segment.
pub(super) struct Found<'a> {
    pub(super) source: &'a Arc<Source>,
    facts: Facts,
    bytes: &'a [u8],
}

impl Found<'_> {
    /// The inference id.
    pub(super) fn id(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.facts.sizes.id)).unwrap_or_default()
    }

    /// A copy of its own.
    pub(super) fn record(&self) -> Record {
        Record { source: Arc::clone(self.source), facts: self.facts, bytes: self.bytes.into() }
    }

    /// Its frame, as one of its source.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        write_request(out, self.source.number, &self.facts, &[self.bytes]);
    }
}

/// Reads all records of an endpoint, oldest first. `adopt` may replace each source by one that is known. A damaged frame ends its segment.
pub(super) fn read(
    folder: &Path,
    mut adopt: impl FnMut(Arc<Source>) -> Arc<Source>,
    mut see: impl FnMut(Seen<'_>) -> ControlFlow<()>,
) {
    for (_, path) in list(folder) {
        let mut sources = HashMap::new();
        let ended = File::open(&path).and_then(|file| {
            let mut reader = BufReader::with_capacity(1 << 18, file);
            let mut magic = [0; 8];
            reader.read_exact(&mut magic)?;
            if magic != *MAGIC {
                return Err(io::Error::other("it is no capture segment of this version"));
            }
            let mut payload = Vec::new();
            while next_frame(&mut reader, &mut payload)? {
                let seen = match read_frame(&payload) {
                    Some(Frame::Source(number, source)) => {
                        sources.insert(number, adopt(Arc::new(source)));
                        continue;
                    }
                    Some(Frame::Request { source, facts, bytes }) => {
                        sources.get(&source).map(|source| Seen::Request(Found { source, facts, bytes }))
                    }
                    Some(Frame::Label { source, arm, drawn, id, given, scores }) => {
                        sources.get(&source).map(|source| Seen::Label { source, arm, drawn, id, given, scores })
                    }
                    None => None,
                };
                let seen = seen.ok_or_else(|| io::Error::other("a frame in it makes no sense"))?;
                if see(seen).is_break() {
                    return Ok(true);
                }
            }
            Ok(false)
        });
        match ended {
            Ok(true) => return,
            Ok(false) => {}
            // Retention may delete a segment while it is being looked for.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!("{} was read up to a damaged place: {error}", path.display()),
        }
    }
}

/// Reads the next frame's payload; `false` at the end, which may be in the middle of a frame that a crash cut short.
fn next_frame(reader: &mut impl Read, payload: &mut Vec<u8>) -> io::Result<bool> {
    let mut head = [0; 8];
    let cut = |error: io::Error| if error.kind() == io::ErrorKind::UnexpectedEof { Ok(false) } else { Err(error) };
    if let Err(error) = reader.read_exact(&mut head) {
        return cut(error);
    }
    let [a, b, c, d, sum @ ..] = head;
    let length = u32::from_le_bytes([a, b, c, d]);
    if length > FRAME_BYTES {
        return Err(io::Error::other("a frame in it is too long"));
    }
    payload.resize(length as usize, 0);
    if let Err(error) = reader.read_exact(payload) {
        return cut(error);
    }
    if crc32fast::hash(payload) != u32::from_le_bytes(sum) {
        return Err(io::Error::other("a checksum in it is wrong"));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::framed;
    use super::super::record::tests::{record, source};
    use super::*;

    fn request(segments: &mut Segments, record: &Record) {
        segments.requests(&framed(record), &[Arc::clone(&record.source)], 1, record.at_ms(), 0);
    }

    fn ids(folder: &Path) -> Vec<String> {
        let mut ids = Vec::new();
        read(
            folder,
            |source| source,
            |seen| {
                match seen {
                    Seen::Request(found) => ids.push(found.record().id().to_owned()),
                    Seen::Label { id, .. } => ids.push(format!("label {id}")),
                }
                ControlFlow::Continue(())
            },
        );
        ids
    }

    #[test]
    fn records_are_read_back_in_order_by_whoever_opens_next() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (source(1, &[1.0]), source(2, &[1.0, 1.0]));
        for (number, source) in [one.clone(), two, one].into_iter().enumerate() {
            let mut segments = Segments::open(folder.path().to_owned());
            let record = record(&source, &number.to_string(), "1", "2");
            request(&mut segments, &record);
            segments.label(&record, &Given { at_ms: 1, values: vec![1.0] }, &[1.0]);
            segments.flush(true, 0).unwrap();
        }
        assert_eq!(ids(folder.path()), ["0", "label 0", "1", "label 1", "2", "label 2"]);
        assert_eq!(list(folder.path()).len(), 3);
    }

    #[test]
    fn a_torn_end_costs_the_last_frame_and_a_flipped_bit_the_rest_of_its_segment() {
        let folder = tempfile::tempdir().unwrap();
        let source = source(1, &[1.0]);
        let mut segments = Segments::open(folder.path().to_owned());
        for id in ["a", "b", "c"] {
            request(&mut segments, &record(&source, id, "1", "2"));
        }
        segments.flush(false, 0).unwrap();
        let file = path(folder.path(), 1);
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(ids(folder.path()), ["a", "b"]);
        let mut flipped = whole.clone();
        let at = whole.len() - 80;
        flipped[at] ^= 1;
        fs::write(&file, &flipped).unwrap();
        assert_eq!(ids(folder.path()), ["a"]);
    }

    #[test]
    fn the_oldest_go_when_there_is_too_much_or_when_they_are_too_old() {
        let folder = tempfile::tempdir().unwrap();
        let source = source(1, &[1.0]);
        let mut segments = Segments::open(folder.path().to_owned());
        let (segment, all) = (20_000, 200_000);
        segments.most = (segment, all);
        let long = "1".repeat(1_000);
        for _ in 0..600 {
            request(&mut segments, &record(&source, "x", &long, "2"));
            segments.flush(false, 0).unwrap();
        }
        let kept: u64 = list(folder.path()).iter().map(|(_, path)| fs::metadata(path).unwrap().len()).sum();
        assert!(kept <= all + segment && kept > all / 2, "{kept}");
        assert!(list(folder.path())[0].0 > 1, "the first are gone");
        request(&mut segments, &record(&source, "y", "1", "2"));
        segments.flush(false, 0).unwrap();
        segments.retire(SEGMENT_MS - 1);
        assert!(segments.open.is_some());
        segments.retire(SEGMENT_MS);
        assert!(segments.open.is_none() && !list(folder.path()).is_empty(), "closed, and kept for its time");
        segments.retire(1_000 + KEPT_MS);
        assert!(!list(folder.path()).is_empty());
        segments.retire(1_000 + KEPT_MS + 1);
        assert!(list(folder.path()).is_empty());
        segments.delete();
        assert!(!folder.path().exists());
    }
}
