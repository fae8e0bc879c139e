//! libsvm text as XGBoost reads it: `label index:value …`, indices from 0, what is absent is missing. Sparse stays sparse.

use std::io::{BufRead, BufReader, Read};

use super::{RowError, number, quote};
use crate::ml::{Csr, Dataset, Matrix};

/// The highest index that is taken: a file that names one beyond it is not a feature file, and must not cost its memory later.
const MAX_INDEX: u32 = 100_000_000;

/// Reads libsvm rows. `labelled`: the first field is the label; otherwise a leading field without a colon is skipped, if it is there.
///
/// Everything behind `#` is a comment, blank lines are skipped. Indices count from 0, as XGBoost reads them (a file that counts from 1 just
/// leaves column 0 empty).
///
/// # Errors
/// The first field that is not `index:value`, indices that do not rise, weights and `qid` (not used here): with file, line and field.
pub fn read_libsvm(file: &str, reader: impl Read, labelled: bool) -> Result<Dataset, RowError> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let mut csr = Csr::new(0);
    let mut labels = Vec::new();
    let mut buffer = Vec::new();
    let mut line = 0_u64;
    loop {
        buffer.clear();
        line += 1;
        let got = reader.read_until(b'\n', &mut buffer).map_err(|error| RowError {
            file: file.to_owned(),
            line,
            column: None,
            what: format!("cannot be read: {error}"),
        })?;
        if got == 0 {
            break;
        }
        let text = buffer.split(|byte| *byte == b'#').next().unwrap_or_default();
        let text = if line == 1 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
        read_line(text, labelled, &mut csr, &mut labels).map_err(|(column, what)| RowError {
            file: file.to_owned(),
            line,
            column,
            what,
        })?;
    }
    Ok(Dataset { features: Matrix::Sparse(csr), labels })
}

type Trouble = (Option<u64>, String);

fn read_line(text: &[u8], labelled: bool, csr: &mut Csr, labels: &mut Vec<f32>) -> Result<(), Trouble> {
    let mut fields = text.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty()).enumerate().peekable();
    let Some((_, first)) = fields.peek() else { return Ok(()) };
    if labelled {
        if first.contains(&b',') {
            return Err((None, "looks like CSV, but the channel is libsvm: label index:value …".to_owned()));
        }
        if first.contains(&b':') {
            return Err((
                Some(1),
                format!("{} stands where the label belongs (weights after a colon are not supported)", quote(first)),
            ));
        }
        labels.push(number(first).map_err(|what| (Some(1), format!("the label {what}")))?);
        fields.next();
    } else if !first.contains(&b':') {
        fields.next();
    }
    let mut previous: Option<u32> = None;
    for (at, field) in fields {
        let trouble = |what: String| (Some(at as u64 + 1), what);
        let Some(colon) = field.iter().position(|byte| *byte == b':') else {
            return Err(trouble(format!("{} is not index:value", quote(field))));
        };
        let (index, value) = (&field[..colon], &field[colon + 1..]);
        if index == b"qid" {
            return Err(trouble("qid is for ranking, which is not supported here: remove it".to_owned()));
        }
        let index: u32 = std::str::from_utf8(index)
            .ok()
            .and_then(|index| index.parse().ok())
            .ok_or_else(|| trouble(format!("{} is not a feature index", quote(index))))?;
        if index > MAX_INDEX {
            return Err(trouble(format!("index {index} is beyond the {MAX_INDEX} that are supported")));
        }
        match previous {
            Some(previous) if previous == index => return Err(trouble(format!("index {index} is there twice"))),
            Some(previous) if previous > index => {
                return Err(trouble(format!("index {index} comes after {previous}: indices must rise within a line")));
            }
            _ => previous = Some(index),
        }
        csr.indices.push(index);
        csr.values.push(number(value).map_err(trouble)?);
        csr.cols = csr.cols.max(index as usize + 1);
    }
    csr.indptr.push(csr.indices.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Dataset, RowError> {
        read_libsvm("train.libsvm", text.as_bytes(), true)
    }

    #[test]
    fn sparse_stays_sparse() {
        let data = read("1 0:0.5 4999:2 # a comment\n\n0\n-1\t3:0\r\n").unwrap();
        let Matrix::Sparse(csr) = &data.features else { panic!("sparse") };
        assert_eq!(data.labels, [1.0, 0.0, -1.0]);
        assert_eq!((csr.rows(), csr.cols), (3, 5000));
        assert_eq!(csr.row(0), (&[0, 4999][..], &[0.5, 2.0][..]));
        assert_eq!(csr.row(1), (&[][..], &[][..]));
        assert_eq!(csr.row(2), (&[3][..], &[0.0][..]), "a written zero is a value");
    }

    #[test]
    fn errors_name_file_line_and_column() {
        let say = |text| read(text).unwrap_err().to_string();
        assert_eq!(
            say("1 0:1\n0 3:1 2:1\n"),
            "train.libsvm, line 2, column 3: index 2 comes after 3: indices must rise within a line"
        );
        assert_eq!(say("1 3:1 3:2\n"), "train.libsvm, line 1, column 3: index 3 is there twice");
        assert_eq!(
            say("1 qid:3 3:2\n"),
            "train.libsvm, line 1, column 2: qid is for ranking, which is not supported here: remove it"
        );
        assert_eq!(say("1 x:2\n"), "train.libsvm, line 1, column 2: \u{201c}x\u{201d} is not a feature index");
        assert_eq!(say("1 2:\n"), "train.libsvm, line 1, column 2: \u{201c}\u{201d} is not a number");
        assert_eq!(say("1 2\n"), "train.libsvm, line 1, column 2: \u{201c}2\u{201d} is not index:value");
        assert!(say("1:0.5 2:1\n").contains("weights after a colon are not supported"));
        assert!(say("1,2,3\n").contains("looks like CSV"));
        assert!(say("1 4294967295:1\n").contains("beyond"));
    }

    #[test]
    fn unlabelled_rows_may_still_carry_a_label() {
        let rows = |text: &str| read_libsvm("body", text.as_bytes(), false).unwrap().features;
        assert_eq!(rows("0:1 2:3\n"), rows("1 0:1 2:3\n"));
    }
}
