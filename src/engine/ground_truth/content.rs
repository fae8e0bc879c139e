//! A labelled file held against captured requests by what stands in their rows: for labels that come without inference ids.

use std::collections::HashMap;

use super::super::traffic::Labelled;
use crate::domain::label::Label;
use crate::domain::training_job::ChannelFormat;
use crate::serving::capture::Record;

/// The rows of a labelled file, to be found by their content.
#[derive(Debug)]
pub(super) struct ByContent {
    /// Row → its label; `None` where the file says two different things of one row.
    rows: HashMap<String, Option<f64>>,
    format: ChannelFormat,
    /// Requests of which every row was found.
    pub(super) matched: u64,
    /// Requests of which a row is not in the file, or has two labels there.
    pub(super) unmatched: u64,
}

impl ByContent {
    /// Takes a file apart.
    pub(super) fn new(file: &Labelled) -> Self {
        let mut rows = HashMap::new();
        for row in 0..file.len() {
            let label = f64::from(file.label(row));
            let body = file.body(&[row]);
            let known = rows.entry(plain(&String::from_utf8_lossy(&body), file.format)).or_insert(Some(label));
            if *known != Some(label) {
                *known = None;
            }
        }
        Self { rows, format: file.format, matched: 0, unmatched: 0 }
    }

    /// The label of a captured request, when all its rows are in the file.
    pub(super) fn label(&mut self, record: &Record) -> Option<Label> {
        let content_type = record.content_type();
        let is_ours = ChannelFormat::from_content_type(content_type) == Some(self.format);
        let body = record.request().filter(|_| is_ours && record.status() == 200 && !record.id().is_empty())?;
        let text = std::str::from_utf8(body).ok()?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let values: Option<Vec<f64>> = lines.map(|line| *self.rows.get(&plain(line, self.format))?).collect();
        let label = values.map(|values| Label { id: record.id().to_owned(), values });
        let count = if label.is_some() { &mut self.matched } else { &mut self.unmatched };
        *count += 1;
        label
    }
}

/// A row in one way of writing: `1.0` and ` 1` are the same number.
fn plain(row: &str, format: ChannelFormat) -> String {
    let number = |text: &str| {
        let text = text.trim();
        text.parse::<f32>().map_or_else(|_| text.to_owned(), |number| number.to_string())
    };
    let mut out = String::with_capacity(row.len());
    match format {
        // Of a file of records no labelled rows are made, so nothing is ever looked up.
        ChannelFormat::RecordIo => {}
        ChannelFormat::Csv => {
            for field in row.trim_end_matches(['\r', '\n']).split(',') {
                out.push_str(&number(field));
                out.push(',');
            }
        }
        ChannelFormat::Libsvm => {
            for pair in row.split_whitespace() {
                // A label may stand before the features, and a row without any is written as a lone 0.
                let Some((index, value)) = pair.split_once(':') else { continue };
                out.push_str(index);
                out.push(':');
                out.push_str(&number(value));
                out.push(' ');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        let csv = |row| plain(row, ChannelFormat::Csv);
        assert_eq!(csv("1.0, 2,\r"), csv("1,2.00,"));
        assert_ne!(csv("1,2"), csv("1,2,"), "a missing value is a value");
        let libsvm = |row| plain(row, ChannelFormat::Libsvm);
        assert_eq!(libsvm("1 0:0.50  3:1"), libsvm("0:0.5 3:1.0\n"));
        assert_eq!(libsvm("0"), "");
    }
}
