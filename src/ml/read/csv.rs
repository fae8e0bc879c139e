//! SageMaker's CSV: the label first, no header, 0 is a value, an empty field is missing.

use std::io::{BufRead, BufReader, Read};

use super::{RowError, number, quote};
use crate::ml::{Dataset, Dense, Matrix};

/// Reads CSV rows. `labelled`: the first field is the label; otherwise every field is a feature and the labels stay empty.
///
/// An empty field or `nan` is missing (not in the label). Blank lines are skipped, spaces and quotes around a number are ignored, a
/// byte-order mark is skipped. A field is never more than a number, so a line is always a row: the file is split by hand, which keeps line
/// numbers true and is twice as fast as a general CSV reader.
///
/// # Errors
/// The first field that is no number, a row of another width, a header line, an unreadable stream: with file, line and field.
pub fn read_csv(file: &str, reader: impl Read, labelled: bool) -> Result<Dataset, RowError> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let mut buffer = Vec::new();
    let mut rows = Rows { labelled, width: 0, first_line: 0, count: 0, values: Vec::new(), labels: Vec::new() };
    let mut line = 0_u64;
    loop {
        buffer.clear();
        line += 1;
        let at = |(column, what): Trouble| RowError { file: file.to_owned(), line, column, what };
        let got =
            reader.read_until(b'\n', &mut buffer).map_err(|error| at((None, format!("cannot be read: {error}"))))?;
        if got == 0 {
            break;
        }
        let text = if line == 1 { buffer.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&buffer) } else { &buffer };
        rows.push(text.trim_ascii_end(), line).map_err(at)?;
    }
    let cols = rows.width.saturating_sub(usize::from(labelled));
    Ok(Dataset { features: Matrix::Dense(Dense { rows: rows.count, cols, values: rows.values }), labels: rows.labels })
}

/// The column where there is one, and what is wrong.
type Trouble = (Option<u64>, String);

struct Rows {
    labelled: bool,
    width: usize,
    first_line: u64,
    count: usize,
    values: Vec<f32>,
    labels: Vec<f32>,
}

impl Rows {
    fn push(&mut self, text: &[u8], line: u64) -> Result<(), Trouble> {
        if text.trim_ascii().is_empty() {
            return Ok(());
        }
        if self.count == 0 {
            (self.width, self.first_line) = (fields(text).count(), line);
            check_first(text, self.width, self.labelled)?;
        }
        let mut width = 0;
        for field in fields(text) {
            width += 1;
            let label = self.labelled && width == 1;
            // Beyond the width nothing is read: the row is wrong anyway, and the count says so below.
            if width > self.width {
                continue;
            }
            match (field, label) {
                ([], true) => return Err((Some(1), "the label is missing".to_owned())),
                (field, true) => {
                    self.labels.push(number(field).map_err(|what| (Some(1), format!("the label {what}")))?);
                }
                (field, false) if field.is_empty() || field.eq_ignore_ascii_case(b"nan") => self.values.push(f32::NAN),
                (field, false) => self.values.push(number(field).map_err(|what| (Some(width as u64), what))?),
            }
        }
        if width != self.width {
            let columns = if width == 1 { "column" } else { "columns" };
            return Err((None, format!("has {width} {columns}, but line {} has {}", self.first_line, self.width)));
        }
        self.count += 1;
        Ok(())
    }
}

fn check_first(text: &[u8], width: usize, labelled: bool) -> Result<(), Trouble> {
    let words = fields(text).filter(|field| !field.is_empty() && number(field).is_err()).count();
    // Mostly words: a header, and it deserves to be called one.
    if words * 2 > width && !text.contains(&b':') {
        let first = quote(fields(text).next().unwrap_or_default());
        return Err((
            None,
            format!("looks like a header ({first}, …): the rows must come without one, the label first"),
        ));
    }
    if width == 1 && text.contains(&b':') {
        return Err((None, "looks like libsvm, but is to be read as CSV: label,feature,…".to_owned()));
    }
    if width == 1 && labelled {
        return Err((None, "has a label but no features: expected label,feature,…".to_owned()));
    }
    Ok(())
}

/// The fields of a line without the spaces and quotes around them.
fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b',').map(|field| {
        let field = field.trim_ascii();
        match field {
            [b'"', inner @ .., b'"'] => inner.trim_ascii(),
            _ => field,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ml::Row;

    fn read(text: &str) -> Result<Dataset, RowError> {
        read_csv("train.csv", text.as_bytes(), true)
    }

    #[test]
    fn zero_is_a_value_and_empty_is_missing() {
        let data = read("1,0,,2.5\r\n0, 7 ,nan,-1e3\n").unwrap();
        assert_eq!(data.labels, [1.0, 0.0]);
        let Row::Dense(first) = data.features.row(0) else { panic!("dense") };
        assert!(first[0] == 0.0 && first[1].is_nan() && first[2] == 2.5);
        let Row::Dense(second) = data.features.row(1) else { panic!("dense") };
        assert!(second[0] == 7.0 && second[1].is_nan() && second[2] == -1000.0);
    }

    #[test]
    fn without_a_label_every_field_is_a_feature() {
        let data = read_csv("rows", "1,2\n3,4\n".as_bytes(), false).unwrap();
        assert_eq!((data.features.cols(), data.labels.len()), (2, 0));
    }

    #[test]
    fn a_trailing_empty_field_is_a_missing_value() {
        let data = read("1,2,\n0,,3\n").unwrap();
        assert_eq!((data.features.cols(), data.features.stored()), (2, 2));
    }

    #[test]
    fn errors_name_file_line_and_column() {
        let say = |text| read(text).unwrap_err().to_string();
        assert_eq!(say("1,2,3\n\n1,2,x7\n"), "train.csv, line 3, column 3: \u{201c}x7\u{201d} is not a number");
        assert_eq!(say("1,2,3\n1,2\n"), "train.csv, line 2: has 2 columns, but line 1 has 3");
        assert_eq!(say("1,2,3\n1,2,3,4\n"), "train.csv, line 2: has 4 columns, but line 1 has 3");
        assert_eq!(say(",2,3\n"), "train.csv, line 1, column 1: the label is missing");
        assert_eq!(say("1,inf,3\n"), "train.csv, line 1, column 2: \u{201c}inf\u{201d} is not a finite number");
        assert!(
            say("medv,crim,zn\n1,2,3\n").starts_with("train.csv, line 1: looks like a header (\u{201c}medv\u{201d}")
        );
        assert_eq!(say("5\n"), "train.csv, line 1: has a label but no features: expected label,feature,…");
        assert!(say("1 0:3 4:5\n").contains("looks like libsvm"));
    }

    #[test]
    fn a_byte_order_mark_and_quotes_do_no_harm() {
        let data = read("\u{feff}1,\"2\",3\n").unwrap();
        assert_eq!((data.labels[0], data.features), (1.0, read("1,2,3").unwrap().features));
    }

    #[test]
    fn no_rows_is_not_an_error_of_the_reader() {
        assert_eq!(read("\n\n").unwrap().rows(), 0);
    }
}
