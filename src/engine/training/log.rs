//! A job's log: a text file on disk, its newest lines in memory.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use crate::util::ring::Ring;
use crate::workspace::LogPage;

/// Lines kept in memory; the file keeps all.
const KEPT: usize = 20_000;

/// The log of one job.
#[derive(Debug)]
pub(super) struct JobLog {
    path: PathBuf,
    file: Option<File>,
    lines: Ring<(i64, String)>,
}

impl JobLog {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None, lines: Ring::new(KEPT) }
    }

    /// Appends a line. A disk that refuses it does not stop a training; the line is still in memory.
    pub(super) fn push(&mut self, at_ms: i64, text: &str) {
        if self.file.is_none() {
            let opened = self
                .path
                .parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| OpenOptions::new().create(true).append(true).open(&self.path));
            match opened {
                Ok(file) => self.file = Some(file),
                Err(error) => tracing::warn!("{} could not be written: {error}", self.path.display()),
            }
        }
        for line in text.lines() {
            if let Some(file) = &mut self.file
                && let Err(error) = writeln!(file, "{} {line}", stamp(at_ms))
            {
                tracing::warn!("{} could not be written: {error}", self.path.display());
            }
            self.lines.push((at_ms, line.to_owned()));
        }
    }

    /// Reads what an earlier run of the app wrote.
    pub(super) fn load(&mut self) {
        let Ok(file) = File::open(&self.path) else { return };
        let mut lines = Ring::new(KEPT);
        let mut last = 0;
        for line in BufReader::new(file).lines().map_while(Result::ok) {
            let (at, text) = parse(&line).unwrap_or((last, &line));
            last = at;
            lines.push((at, text.to_owned()));
        }
        self.lines = lines;
    }

    /// Lines from number `from` on, or from the first one kept in memory where that is later.
    pub(super) fn page(&self, from: u64, limit: usize) -> LogPage {
        let first = from.max(self.lines.dropped());
        let skip = usize::try_from(first - self.lines.dropped()).unwrap_or(usize::MAX);
        LogPage {
            from: first,
            lines: self.lines.iter().skip(skip).take(limit).cloned().collect(),
            total: self.lines.dropped() + self.lines.len() as u64,
        }
    }

    /// Forgets it, on disk too.
    pub(super) fn remove(path: &Path) {
        // A log that is not there is what was wanted.
        let _ = std::fs::remove_file(path);
    }
}

/// `2026-11-23T16:00:00.123Z`.
fn stamp(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| format!("{at:.3}"))
}

fn parse(line: &str) -> Option<(i64, &str)> {
    let (at, text) = line.split_once(' ').unwrap_or((line, ""));
    Some((at.parse::<jiff::Timestamp>().ok()?.as_millisecond(), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs").join("j.log");
        let mut log = JobLog::new(path.clone());
        log.push(1_700_000_000_123, "one two\nthree");
        log.push(1_700_000_001_000, "");
        log.push(1_700_000_002_000, "[1]#011train-rmse:1.0");
        let page = log.page(0, 10);
        assert_eq!(page.total, 3);
        assert_eq!(page.lines[1], (1_700_000_000_123, "three".to_owned()));
        let mut again = JobLog::new(path.clone());
        again.load();
        assert_eq!(again.page(0, 10), page);
        assert_eq!(again.page(2, 10).lines.len(), 1);
        assert_eq!(again.page(9, 10), LogPage { from: 9, lines: vec![], total: 3 });
        assert!(std::fs::read_to_string(path).unwrap().starts_with("2023-11-14T22:13:20.123Z one two\n"));
    }
}
