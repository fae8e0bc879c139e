//! Streaming readers of training data: rows go straight into a [`Dataset`], nothing else of the file is kept.

mod csv;
mod libsvm;
mod recordio;

pub use csv::read_csv;
pub use libsvm::read_libsvm;
pub use recordio::{is_recordio, read_recordio};

use std::io::Read;

use super::{Csr, Dataset, Dense, Matrix};
use crate::domain::training_job::ChannelFormat;

/// A row that cannot be read: where, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The file or object.
    pub file: String,
    /// Line, counted from 1; 0 where the trouble is not in a line.
    pub line: u64,
    /// Field within the line, counted from 1; `None` where it is the line as a whole.
    pub column: Option<u64>,
    /// What is wrong, and where it helps, what to do.
    pub what: String,
}

impl std::fmt::Display for RowError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for RowError {}

/// Reads a channel's file in its format.
///
/// # Errors
/// The first row that cannot be read.
pub fn read(format: ChannelFormat, file: &str, reader: impl Read, labelled: bool) -> Result<Dataset, RowError> {
    match format {
        ChannelFormat::Csv => read_csv(file, reader, labelled),
        ChannelFormat::Libsvm => read_libsvm(file, reader, labelled),
        ChannelFormat::RecordIo => read_recordio(file, reader, labelled),
    }
}

/// Puts the rows of several files of one channel together, in order. Sparse parts may differ in width, dense ones may not.
///
/// # Errors
/// Dense parts of different width, or dense and sparse ones together.
pub fn concat(parts: Vec<Dataset>) -> Result<Dataset, String> {
    let mut parts = parts.into_iter();
    let Some(mut all) = parts.next() else {
        return Ok(Dataset { features: Matrix::Dense(Dense::default()), labels: Vec::new() });
    };
    for part in parts {
        match (&mut all.features, part.features) {
            (Matrix::Dense(all), Matrix::Dense(part)) => {
                if all.rows > 0 && part.rows > 0 && all.cols != part.cols {
                    return Err(format!(
                        "the files of the channel differ in width: one has {} features in a row, another has {}",
                        all.cols, part.cols
                    ));
                }
                all.cols = all.cols.max(part.cols);
                all.rows += part.rows;
                all.values.extend(part.values);
            }
            (Matrix::Sparse(all), Matrix::Sparse(part)) => {
                let before = all.indices.len();
                all.indptr.extend(part.indptr.iter().skip(1).map(|offset| before + offset));
                all.indices.extend(part.indices);
                all.values.extend(part.values);
                all.cols = all.cols.max(part.cols);
            }
            _ => return Err("the files of the channel are of different formats: keep to CSV or to libsvm".to_owned()),
        }
        all.labels.extend(part.labels);
    }
    Ok(all)
}

/// The sparse form of a matrix: cells that are missing are left out, zeros are kept.
#[must_use]
pub fn to_sparse(matrix: &Matrix) -> Csr {
    match matrix {
        Matrix::Sparse(csr) => csr.clone(),
        Matrix::Dense(dense) => {
            let mut csr = Csr::new(dense.cols);
            for row in 0..dense.rows {
                for (index, value) in dense.row(row).iter().enumerate().filter(|(_, value)| !value.is_nan()) {
                    csr.indices.push(index as u32);
                    csr.values.push(*value);
                }
                csr.indptr.push(csr.indices.len());
            }
            csr
        }
    }
}

/// Text for an error message: short, and never half a character.
fn quote(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("\u{201c}{short}\u{201d}")
}

/// A finite number, or what is wrong with the text.
fn number(bytes: &[u8]) -> Result<f32, String> {
    let value: Option<f32> = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
    match value {
        Some(value) if value.is_finite() => Ok(value),
        Some(_) => Err(format!("{} is not a finite number", quote(bytes))),
        None => Err(format!("{} is not a number", quote(bytes))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_channel_become_one() {
        let a = read_csv("a", "1,2,3\n4,5,6\n".as_bytes(), true).unwrap();
        let b = read_csv("b", "7,8,9\n".as_bytes(), true).unwrap();
        let all = concat(vec![a.clone(), b]).unwrap();
        assert_eq!((all.rows(), all.labels), (3, vec![1.0, 4.0, 7.0]));
        let narrow = read_csv("c", "7,8\n".as_bytes(), true).unwrap();
        assert!(concat(vec![a.clone(), narrow]).unwrap_err().contains("2 features"));
        let sparse = read_libsvm("d", "1 0:2\n".as_bytes(), true).unwrap();
        assert!(concat(vec![a, sparse.clone()]).unwrap_err().contains("formats"));
        let wide = read_libsvm("e", "0 5:2\n".as_bytes(), true).unwrap();
        let all = concat(vec![sparse, wide]).unwrap();
        assert_eq!((all.rows(), all.features.cols()), (2, 6));
    }
}
