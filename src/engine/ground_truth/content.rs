//! A labelled file held against captured requests by what stands in their rows: for labels that come without inference ids.

use std::collections::HashMap;

use super::super::traffic::Labelled;
use crate::domain::label::Label;
use crate::ml::{Matrix, Row};
use crate::serving::capture::Record;
use crate::serving::content;

/// The rows of a labelled file, to be found by their content, in whichever form a client wrote them.
#[derive(Debug)]
pub(super) struct ByContent {
    /// Row → its label; `None` where the file says two different things of one row.
    rows: HashMap<Key, Option<f64>>,
    features: usize,
    /// Requests of which every row was found.
    pub(super) matched: u64,
    /// Requests of which a row is not in the file, or has two labels there.
    pub(super) unmatched: u64,
}

/// A row's cells: columns and the bits of their numbers. A missing value is a value; what a sparse row leaves out is not.
type Key = Box<[(u32, u32)]>;

fn key(row: Row<'_>) -> Key {
    let bits = |value: f32| if value.is_nan() { f32::NAN.to_bits() } else { (value + 0.0).to_bits() };
    match row {
        Row::Dense(values) => (0..).zip(values).map(|(column, value)| (column, bits(*value))).collect(),
        Row::Sparse(columns, values) => {
            columns.iter().zip(values).map(|(column, value)| (*column, bits(*value))).collect()
        }
    }
}

fn keys(matrix: &Matrix) -> impl Iterator<Item = Key> {
    (0..matrix.rows()).map(|row| key(matrix.row(row)))
}

impl ByContent {
    /// Takes a file apart, for an endpoint that answers rows of as many columns.
    ///
    /// # Errors
    /// In words: the row that can't be read, or has another width.
    pub(super) fn new(file: &Labelled, features: usize) -> Result<Self, String> {
        let all: Vec<usize> = (0..file.len()).collect();
        let matrix = content::rows(file.content_type(), &file.body(&all), features).map_err(|why| why.to_string())?;
        let mut rows = HashMap::with_capacity(all.len());
        for (row, key) in keys(&matrix).enumerate() {
            let label = f64::from(file.label(row));
            let known = rows.entry(key).or_insert(Some(label));
            if *known != Some(label) {
                *known = None;
            }
        }
        Ok(Self { rows, features, matched: 0, unmatched: 0 })
    }

    /// The label of a captured request, when all its rows are in the file.
    pub(super) fn label(&mut self, record: &Record) -> Option<Label> {
        let body = record.request().filter(|_| record.status() == 200 && !record.id().is_empty())?;
        let values = self.labels(record.content_type(), body);
        let count = if values.is_some() { &mut self.matched } else { &mut self.unmatched };
        *count += 1;
        values.map(|values| Label { id: record.id().to_owned(), values })
    }

    /// Those of a body's rows; `None` where one is not in the file.
    fn labels(&self, content_type: &str, body: &[u8]) -> Option<Vec<f64>> {
        let matrix = content::rows(content_type, body, self.features).ok()?;
        keys(&matrix).map(|key| *self.rows.get(&key)?).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::training_job::ChannelFormat;

    fn file(text: &str, format: ChannelFormat, features: usize) -> ByContent {
        ByContent::new(&Labelled::parse("file", text.as_bytes().to_vec(), format).unwrap(), features).unwrap()
    }

    #[test]
    fn rows_are_the_same_however_they_are_written() {
        let csv = file("7,1.0, 2,\n8,0,2,3\n9,4,5,6\n1,4,5,6", ChannelFormat::Csv, 3);
        let of = |content_type, body: &str| csv.labels(content_type, body.as_bytes());
        assert_eq!(of("text/csv", "1,2.00,\r\n-0, 2,3e0"), Some(vec![7.0, 8.0]));
        assert_eq!(
            of("application/json", r#"{"instances": [{"features": [1, 2, null]}, [0, 2, 3]]}"#),
            Some(vec![7.0, 8.0])
        );
        assert_eq!(of("application/jsonlines", "[0, 2.0, 3]\n"), Some(vec![8.0]));
        assert_eq!(of("text/csv", "1,2,0"), None, "a missing value is a value");
        assert_eq!(of("text/csv", "0,2,3\n1,1,1"), None, "all rows or none");
        assert_eq!(of("text/csv", "4,5,6"), None, "the file contradicts itself");
        assert_eq!((of("text/csv", "1,2"), of("image/png", "0,2,3")), (None, None));
    }

    #[test]
    fn sparse_rows_are_found_by_what_they_store() {
        let libsvm = file("7 0:0.50 3:1\n8 2:1\n9", ChannelFormat::Libsvm, 4);
        let of = |content_type, body: &str| libsvm.labels(content_type, body.as_bytes());
        assert_eq!(of("text/libsvm", "0:0.5  3:1.0\n2:1"), Some(vec![7.0, 8.0]));
        assert_eq!(of("text/libsvm", "0"), Some(vec![9.0]), "a row without any is written as a lone 0");
        let json = r#"{"data": {"features": {"keys": [0, 3], "shape": [4], "values": [0.5, 1]}}}"#;
        assert_eq!(of("application/jsonlines", json), Some(vec![7.0]));
    }

    #[test]
    fn a_file_with_a_row_of_another_width_is_refused_with_the_row() {
        let file = Labelled::parse("file", b"1,2,3\n1,2".to_vec(), ChannelFormat::Csv).unwrap();
        let why = ByContent::new(&file, 2).unwrap_err();
        assert!(why.contains("row 2"), "{why}");
    }
}
