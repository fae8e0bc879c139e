//! A labelled file, taken apart into labels and rows as a request carries them, and the order in which they are sent.

use std::io::Read;
use std::ops::Range;

use super::super::preview::plain;
use super::super::training::channels::sniff;
use crate::domain::s3_uri::S3Uri;
use crate::domain::training_job::ChannelFormat;
use crate::store::Objects;
use crate::util::seed::{Rng, mix};

/// The longest file that is taken: all of it is kept in memory.
const MAX_BYTES: u64 = 1 << 30;
/// How much of it is looked at to tell its format.
const SNIFF_BYTES: usize = 64 * 1024;

/// Labels and rows.
#[derive(Debug)]
pub(in crate::engine) struct Labelled {
    bytes: Vec<u8>,
    rows: Vec<(f32, Range<usize>)>,
    /// How the rows are written.
    pub(in crate::engine) format: ChannelFormat,
}

impl Labelled {
    /// Reads a file from its bucket.
    ///
    /// # Errors
    /// In words, with the line where there is one.
    pub(in crate::engine) fn read(objects: &Objects, uri: &S3Uri) -> Result<Self, String> {
        let (object, file) = objects.open(uri).map_err(|error| error.to_string())?;
        let unreadable = |error: std::io::Error| format!("{uri} could not be read: {error}");
        let mut bytes = Vec::new();
        plain(file).and_then(|body| body.inner.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(format!("{uri} is longer than {} MiB, the most that a traffic test takes", MAX_BYTES >> 20));
        }
        let format = ChannelFormat::from_content_type(&object.content_type)
            .or_else(|| sniff(&bytes[..bytes.len().min(SNIFF_BYTES)]));
        let format = format.filter(|format| *format != ChannelFormat::RecordIo).ok_or_else(|| {
            format!(
                "{uri} is neither CSV with the label first nor libsvm; set its content type to text/csv or text/libsvm"
            )
        })?;
        Self::parse(&uri.to_string(), bytes, format)
    }

    pub(in crate::engine) fn parse(file: &str, bytes: Vec<u8>, format: ChannelFormat) -> Result<Self, String> {
        let mut rows = Vec::new();
        let mut at = 0;
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            let begin = at;
            at += line.len() + 1;
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Ok(text) = std::str::from_utf8(line) else {
                return Err(format!("{file}, line {number}: is not text"));
            };
            let text = text.split('#').next().filter(|_| format == ChannelFormat::Libsvm).unwrap_or(text);
            if text.trim().is_empty() {
                continue;
            }
            let end = match format {
                ChannelFormat::Csv => text.find(','),
                // Refused before.
                ChannelFormat::RecordIo => None,
                ChannelFormat::Libsvm => Some(
                    text.trim_start()
                        .find(char::is_whitespace)
                        .map_or(text.len(), |space| space + text.len() - text.trim_start().len()),
                ),
            };
            let Some(end) = end else {
                return Err(format!(
                    "{file}, line {number}: has one column only; the label comes first, then the features"
                ));
            };
            let label = text[..end].trim();
            let value = label.parse::<f32>().ok().filter(|value| value.is_finite());
            let value = value.ok_or_else(|| {
                format!("{file}, line {number}, column 1: the label \u{201c}{label}\u{201d} is not a number; leave a header line out")
            })?;
            let rest = (end + 1).min(text.len());
            rows.push((value, begin + rest..begin + text.len()));
        }
        if rows.is_empty() {
            return Err(format!("{file} holds no rows"));
        }
        Ok(Self { bytes, rows, format })
    }

    /// How many rows.
    pub(in crate::engine) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The body of a request with these rows.
    pub(in crate::engine) fn body(&self, rows: &[usize]) -> Vec<u8> {
        let mut body = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            if i > 0 {
                body.push(b'\n');
            }
            let row = &self.bytes[self.rows[*row].1.clone()];
            // A line of nothing would be no row; a label alone is one without features.
            let bare = self.format == ChannelFormat::Libsvm && row.trim_ascii().is_empty();
            body.extend_from_slice(if bare { b"0" } else { row });
        }
        body
    }

    /// The label of a row.
    pub(in crate::engine) fn label(&self, row: usize) -> f32 {
        self.rows[row].0
    }

    /// The content type of a request.
    pub(in crate::engine) fn content_type(&self) -> &'static str {
        self.format.content_type()
    }
}

/// Rows in an endless order: every pass has each row once, shuffled anew.
#[derive(Debug)]
pub(super) struct Order {
    rows: Vec<usize>,
    at: usize,
    pass: u64,
    seed: u64,
}

impl Order {
    pub(super) fn new(rows: usize, seed: u64) -> Self {
        let mut order = Self { rows: (0..rows).collect(), at: 0, pass: 0, seed };
        order.shuffle();
        order
    }

    fn shuffle(&mut self) {
        self.rows.sort_unstable();
        Rng::new(mix(self.seed ^ mix(self.pass))).shuffle(&mut self.rows);
        self.at = 0;
        self.pass += 1;
    }

    /// The next rows; a file that ends in the middle begins again.
    pub(super) fn take(&mut self, n: usize) -> Vec<usize> {
        (0..n)
            .map(|_| {
                if self.at == self.rows.len() {
                    self.shuffle();
                }
                self.at += 1;
                self.rows[self.at - 1]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, format: ChannelFormat) -> Result<Labelled, String> {
        Labelled::parse("s3://bkt/f", text.as_bytes().to_vec(), format)
    }

    #[test]
    fn labels_are_taken_off_csv() {
        let rows = parse("24.5,1,2\r\n\n0,3,\n", ChannelFormat::Csv).unwrap();
        assert_eq!((rows.len(), rows.label(0), rows.label(1)), (2, 24.5, 0.0));
        assert_eq!(rows.body(&[0, 1]), b"1,2\n3,");
    }

    #[test]
    fn labels_are_taken_off_libsvm() {
        let rows = parse("1 0:0.5 3:1 # a comment\n0\n 1 2:2\n", ChannelFormat::Libsvm).unwrap();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows.body(&[2]), b"2:2");
        assert_eq!(rows.body(&[0]), b"0:0.5 3:1 ");
        assert_eq!(rows.body(&[1, 2]), b"0\n2:2", "a row without features is a row");
    }

    #[test]
    fn errors_name_the_line() {
        for (text, words) in [
            ("1,2\nx,3\n", "line 2, column 1: the label \u{201c}x\u{201d}"),
            ("1,2\n7\n", "line 2: has one column only"),
            ("\n", "holds no rows"),
        ] {
            let why = parse(text, ChannelFormat::Csv).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn every_pass_has_each_row_once() {
        let mut order = Order::new(5, 7);
        let (mut first, mut second) = (order.take(5), order.take(5));
        assert_ne!(first, second);
        first.sort_unstable();
        second.sort_unstable();
        assert_eq!((first, second), (vec![0, 1, 2, 3, 4], vec![0, 1, 2, 3, 4]));
        assert_eq!(Order::new(9, 3).take(20), Order::new(9, 3).take(20));
    }
}
