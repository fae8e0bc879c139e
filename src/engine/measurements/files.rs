//! Metrics on disk: a file a day, a line a metric and minute's work, only ever appended to. A line that was cut off is passed over.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ledger::Fresh;
use crate::domain::metric::MetricId;
use crate::stats::metric::{KEPT_S, Summary};
use crate::workspace::Datum;

const DAY_S: i64 = 86_400;

/// The ending of the files.
const ENDING: &str = "jsonl";

/// The folder.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
}

/// A line. What a metric measured in a minute may stand in several lines, and is added up when they are read.
#[derive(Serialize, Deserialize)]
struct Line {
    metric: MetricId,
    unit: String,
    points: Vec<(i64, Summary)>,
}

impl Files {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The days of which there is a file, as numbers since the Unix epoch.
    fn days(&self) -> Vec<(i64, PathBuf)> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let day = |path: PathBuf| {
            let is_ours = path.extension().is_some_and(|ending| ending == ENDING);
            let number = path.file_stem()?.to_str()?.parse().ok().filter(|_| is_ours)?;
            Some((number, path))
        };
        let mut days: Vec<(i64, PathBuf)> = entries.filter_map(|entry| day(entry.ok()?.path())).collect();
        days.sort_unstable();
        days
    }

    /// Reads all that is young enough, and deletes the rest.
    pub(super) fn read(&self, now_s: i64, mut each: impl FnMut(Datum)) {
        let oldest = (now_s - KEPT_S).div_euclid(DAY_S);
        for (day, path) in self.days() {
            let result = if day < oldest { fs::remove_file(&path) } else { read_file(&path, &mut each) };
            if let Err(error) = result {
                tracing::warn!("metrics in {} could not be read: {error}", path.display());
            }
        }
    }

    /// Appends what is new to today's file, and deletes files that are too old.
    pub(super) fn append(&mut self, now_s: i64, fresh: &Fresh) -> io::Result<()> {
        if fresh.is_empty() {
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        let today = now_s.div_euclid(DAY_S);
        let path = self.folder.join(format!("{today}.{ENDING}"));
        let begins = !path.exists();
        let mut text = Vec::new();
        if !begins && !ends_with_line_break(&path)? {
            // The last line was cut off when the process died; what follows must not be lost with it.
            text.push(b'\n');
        }
        for ((metric, unit), series) in fresh {
            let points = series.points().map(|(at_s, summary)| (at_s, summary.clone())).collect();
            serde_json::to_writer(&mut text, &Line { metric: metric.clone(), unit: unit.clone(), points })?;
            text.push(b'\n');
        }
        OpenOptions::new().create(true).append(true).open(&path)?.write_all(&text)?;
        if begins {
            let oldest = today - KEPT_S / DAY_S;
            self.days().into_iter().filter(|(day, _)| *day < oldest).try_for_each(|(_, path)| fs::remove_file(path))?;
        }
        Ok(())
    }
}

fn ends_with_line_break(path: &std::path::Path) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == [b'\n'])
}

fn read_file(path: &std::path::Path, each: &mut impl FnMut(Datum)) -> io::Result<()> {
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        let Ok(Line { metric, unit, points }) = serde_json::from_slice(&line?) else { continue };
        for (at_s, summary) in points {
            each(Datum { id: metric.clone(), unit: unit.clone(), at_s, summary });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::metric::Series;

    fn fresh(at_s: i64, value: f64) -> Fresh {
        let series: Series = [(at_s, Summary::of(value, 1.0))].into_iter().collect();
        [((MetricId::of_variant("ModelLatency", "e", "A"), "Microseconds".to_owned()), series)].into_iter().collect()
    }

    fn read(files: &Files, now_s: i64) -> Vec<(i64, f64)> {
        let mut found = Vec::new();
        files.read(now_s, |datum| found.push((datum.at_s, datum.summary.sum)));
        found
    }

    #[test]
    fn what_was_written_is_read_again_even_after_a_line_was_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::new(folder.path().join("metrics"));
        assert_eq!(read(&files, 0), []);
        files.append(60, &fresh(0, 187.5)).unwrap();
        let path = folder.path().join("metrics").join("0.jsonl");
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"metric\":{\"na").unwrap();
        files.append(120, &fresh(60, -2.0)).unwrap();
        assert_eq!(read(&files, 200), [(0, 187.5), (60, -2.0)]);
    }

    #[test]
    fn files_of_days_that_are_too_old_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::new(folder.path().to_owned());
        for day in [1, 2, 3] {
            files.append(day * DAY_S, &fresh(day * DAY_S, 1.0)).unwrap();
        }
        files.append(KEPT_S + 3 * DAY_S, &fresh(KEPT_S + 3 * DAY_S, 1.0)).unwrap();
        assert_eq!(files.days().iter().map(|(day, _)| *day).collect::<Vec<_>>(), [3, 18]);
        assert_eq!(read(&files, KEPT_S + 4 * DAY_S).len(), 1);
        assert_eq!(files.days().len(), 1);
    }
}
