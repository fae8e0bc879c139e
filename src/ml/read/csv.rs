//! SageMaker's CSV: the label first, no header, 0 is a value, an empty field is missing.

use std::io::Read;

use super::{RowError, number, quote};
use crate::ml::{Dataset, Dense, Matrix};

/// Reads CSV rows. `labelled`: the first field is the label; otherwise every field is a feature and the labels stay empty.
///
/// An empty field or `nan` is missing (not in the label). Blank lines are skipped, spaces around a number are ignored, a byte-order mark is
/// skipped.
///
/// # Errors
/// The first field that is no number, a row of another width, a header line, an unreadable stream: with file, line and field.
pub fn read_csv(file: &str, reader: impl Read, labelled: bool) -> Result<Dataset, RowError> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(1 << 16).from_reader(reader);
    let mut record = csv::ByteRecord::new();
    let skip = usize::from(labelled);
    let (mut width, mut first_line, mut rows) = (0_usize, 0_u64, 0_usize);
    let mut values: Vec<f32> = Vec::new();
    let mut labels: Vec<f32> = Vec::new();
    loop {
        let line = reader.position().line();
        let more = reader.read_byte_record(&mut record).map_err(|error| RowError {
            file: file.to_owned(),
            line: error.position().map_or(line, csv::Position::line),
            column: None,
            what: format!("cannot be read: {error}"),
        })?;
        if !more {
            break;
        }
        let line = record.position().map_or(line, csv::Position::line);
        let at = |column: Option<usize>, what: String| RowError {
            file: file.to_owned(),
            line,
            column: column.map(|column| column as u64),
            what,
        };
        if record.len() == 1 && trim(&record[0]).is_empty() && (width != 1 || labelled) {
            continue; // A line of spaces; an empty line never becomes a record.
        }
        if rows == 0 {
            (width, first_line) = (record.len(), line);
            check_not_a_header(&record).map_err(|what| at(None, what))?;
            if labelled && width == 1 {
                return Err(at(None, "has a label but no features: expected label,feature,…".to_owned()));
            }
        } else if record.len() != width {
            let what = format!("has {} columns, but line {first_line} has {width}", record.len());
            return Err(at(None, what));
        }
        if labelled {
            match trim(&record[0]) {
                [] => return Err(at(Some(1), "the label is missing".to_owned())),
                text => labels.push(number(text).map_err(|what| at(Some(1), format!("the label {what}")))?),
            }
        }
        values.reserve(width - skip);
        for (column, field) in record.iter().enumerate().skip(skip) {
            let text = trim(field);
            values.push(if text.is_empty() || text.eq_ignore_ascii_case(b"nan") {
                f32::NAN
            } else {
                number(text).map_err(|what| at(Some(column + 1), what))?
            });
        }
        rows += 1;
    }
    let cols = width.saturating_sub(skip);
    Ok(Dataset { features: Matrix::Dense(Dense { rows, cols, values }), labels })
}

/// A first line in which most fields are words is a header, and deserves to be called one.
fn check_not_a_header(record: &csv::ByteRecord) -> Result<(), String> {
    // A byte-order mark reaches us only if the csv crate leaves it; it strips it from the first record.
    let words = record.iter().filter(|field| !trim(field).is_empty() && number(trim(field)).is_err()).count();
    if words * 2 > record.len() {
        return Err(format!(
            "looks like a header ({}, …): the rows must come without one, the label first",
            quote(trim(&record[0]))
        ));
    }
    Ok(())
}

fn trim(field: &[u8]) -> &[u8] {
    field.trim_ascii()
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
    fn errors_name_file_line_and_column() {
        let say = |text| read(text).unwrap_err().to_string();
        assert_eq!(say("1,2,3\n\n1,2,x7\n"), "train.csv, line 3, column 3: \u{201c}x7\u{201d} is not a number");
        assert_eq!(say("1,2,3\n1,2\n"), "train.csv, line 2: has 2 columns, but line 1 has 3");
        assert_eq!(say(",2,3\n"), "train.csv, line 1, column 1: the label is missing");
        assert_eq!(say("1,inf,3\n"), "train.csv, line 1, column 2: \u{201c}inf\u{201d} is not a finite number");
        assert!(
            say("medv,crim,zn\n1,2,3\n").starts_with("train.csv, line 1: looks like a header (\u{201c}medv\u{201d}")
        );
        assert_eq!(say("5\n"), "train.csv, line 1: has a label but no features: expected label,feature,…");
    }

    #[test]
    fn a_byte_order_mark_and_quotes_do_no_harm() {
        let data = read("\u{feff}1,\"2\",3\n").unwrap();
        assert_eq!(data.labels, [1.0]);
    }

    #[test]
    fn no_rows_is_not_an_error_of_the_reader() {
        assert_eq!(read("\n\n").unwrap().rows(), 0);
    }
}
