//! `text/csv` bodies: rows of numbers, no header, no label. An empty field is missing, blank lines are skipped.

use super::number;
use crate::serving::error::InvokeError;

/// Reads all rows into `values`, row after row, and returns how many there are. Every row must have `features` fields. Nothing is allocated
/// but what `values` may need to grow.
///
/// # Errors
/// The first row of another width, or the first field that is no number: row and column counted from 1, what was expected and what came.
pub fn read(body: &[u8], features: usize, values: &mut Vec<f32>) -> Result<usize, InvokeError> {
    values.clear();
    let mut rest = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut rows = 0;
    loop {
        rest = skip_blank_lines(rest);
        if rest.is_empty() {
            return Ok(rows);
        }
        rows += 1;
        let mut columns = 0;
        loop {
            columns += 1;
            let (value, length) = match number::quick(rest) {
                Some((value, length)) if ends_field(rest.get(length)) => (value, length),
                _ => {
                    let length = rest.iter().position(|b| ends_field(Some(b))).unwrap_or(rest.len());
                    let field = &rest[..length];
                    // A field beyond the width is wrong whatever it holds, and the width says so better.
                    let value = number::careful(field).or((columns > features).then_some(0.0));
                    (value.ok_or_else(|| no_number(rows, columns, field))?, length)
                }
            };
            if columns <= features {
                values.push(value);
            }
            let end = rest.get(length).copied();
            rest = &rest[(length + 1).min(rest.len())..];
            if end != Some(b',') {
                break;
            }
        }
        if columns != features {
            return Err(wrong_width(rows, columns, features));
        }
    }
}

/// Whether a byte (or the end of the body) ends a field. A lone carriage return ends a row; one before a line feed leaves a blank line.
fn ends_field(byte: Option<&u8>) -> bool {
    matches!(byte, None | Some(b',' | b'\n' | b'\r'))
}

fn skip_blank_lines(mut rest: &[u8]) -> &[u8] {
    loop {
        match rest {
            [b'\n' | b'\r', tail @ ..] => rest = tail,
            [b' ' | b'\t', ..] => {
                let inked = rest.iter().position(|b| !matches!(b, b' ' | b'\t')).unwrap_or(rest.len());
                match rest.get(inked) {
                    None => return &[],
                    Some(b'\n' | b'\r') => rest = &rest[inked..],
                    Some(_) => return rest,
                }
            }
            _ => return rest,
        }
    }
}

fn no_number(row: usize, column: usize, field: &[u8]) -> InvokeError {
    let shown = super::shown(field);
    let is_word = field.iter().find(|b| !matches!(b, b' ' | b'"')).is_some_and(u8::is_ascii_alphabetic);
    let hint = if row == 1 && is_word { " (send rows without a header)" } else { "" };
    InvokeError::Body(format!("row {row}, column {column}: {shown} is not a finite number{hint}"))
}

fn wrong_width(row: usize, columns: usize, features: usize) -> InvokeError {
    let s = if columns == 1 { "" } else { "s" };
    let hint = if columns == features + 1 { " (send rows without the label)" } else { "" };
    InvokeError::Body(format!("row {row} has {columns} column{s}, but the model takes {features} features{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(body: &str, features: usize) -> Result<Vec<f32>, String> {
        let mut values = vec![9.0; 3];
        let rows = read(body.as_bytes(), features, &mut values).map_err(|error| error.to_string())?;
        assert_eq!(values.len(), rows * features);
        Ok(values)
    }

    #[test]
    fn rows_end_in_any_way() {
        for body in [
            "1,2\n3,4",
            "1,2\n3,4\n",
            "1,2\r\n3,4\r\n",
            "\r\n\n1,2\n \t\n3,4\n\n",
            "1,2\r3,4",
            "\u{feff}1,2\n3,4",
            " 1 , 2 \n\"3\",4",
        ] {
            assert_eq!(all(body, 2).unwrap(), [1.0, 2.0, 3.0, 4.0], "{body:?}");
        }
        assert_eq!(all("", 2).unwrap(), [0.0; 0]);
    }

    #[test]
    fn empty_fields_are_missing() {
        let values = all(",1,\n2,,nan", 3).unwrap();
        let missing: Vec<bool> = values.iter().map(|value| value.is_nan()).collect();
        assert_eq!(missing, [true, false, true, false, true, true]);
    }

    #[test]
    fn errors_name_the_place_and_what_was_expected() {
        assert_eq!(all("1,2\n1", 2).unwrap_err(), "row 2 has 1 column, but the model takes 2 features");
        assert_eq!(
            all("1,2,3", 2).unwrap_err(),
            "row 1 has 3 columns, but the model takes 2 features (send rows without the label)"
        );
        assert_eq!(all("1,2,x,", 2).unwrap_err(), "row 1 has 4 columns, but the model takes 2 features");
        assert_eq!(all("1,2\n\n3,4 5", 2).unwrap_err(), "row 2, column 2: \u{201c}4 5\u{201d} is not a finite number");
        assert_eq!(
            all("crim,zn", 2).unwrap_err(),
            "row 1, column 1: \u{201c}crim\u{201d} is not a finite number (send rows without a header)"
        );
        assert_eq!(all("1,1e99", 2).unwrap_err(), "row 1, column 2: \u{201c}1e99\u{201d} is not a finite number");
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(rows in prop::collection::vec(prop::collection::vec(-1e6..1e6_f32, 3), 1..8), crlf: bool) {
            let end = if crlf { "\r\n" } else { "\n" };
            let lines: Vec<String> = rows.iter().map(|row| row.iter().map(f32::to_string).collect::<Vec<_>>().join(",")).collect();
            prop_assert_eq!(all(&lines.join(end), 3).unwrap(), rows.concat());
        }

        #[test]
        fn no_body_makes_it_panic(body in prop::collection::vec(prop_oneof![Just(b','), Just(b'\n'), Just(b'\r'), Just(b' '), Just(b'-'), Just(b'.'), Just(b'e'), Just(b'"'), b'0'..=b'9', any::<u8>()], 0..64)) {
            let mut values = Vec::new();
            if let Ok(rows) = read(&body, 2, &mut values) {
                prop_assert_eq!(values.len(), rows * 2);
            }
        }
    }
}
