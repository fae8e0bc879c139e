//! SageMaker's RecordIO-protobuf: each record a message with a tensor of features, dense or sparse, and one of labels.

mod message;

use std::io::Read;

use super::RowError;
use crate::ml::{Csr, Dataset, Dense, Matrix};
use message::{Record, Tensor};

/// What every record begins with.
const MAGIC: u32 = 0xCED7_230A;

/// The longest record; what claims more is no feature row.
const MOST_BYTES: u32 = 1 << 28;

/// The highest column, as in libsvm.
const MAX_INDEX: u64 = 100_000_000;

/// Reads records. `labelled`: each must have a label; otherwise labels are left out.
///
/// All records dense: a dense matrix, and all must be of one width. One sparse among them: a sparse matrix, in which what a record leaves out is
/// absent; its width is the largest shape, or what the highest key needs. Values of 64 bits and whole numbers become floats.
///
/// # Errors
/// The first record that can't be read: its file, and its number in place of a line.
pub fn read_recordio(file: &str, mut reader: impl Read, labelled: bool) -> Result<Dataset, RowError> {
    let mut rows = Rows::default();
    let mut bytes = Vec::new();
    for number in 1.. {
        let at = |what: String| RowError {
            file: file.to_owned(),
            line: 0,
            column: None,
            what: format!("record {number} {what}"),
        };
        if !next_record(&mut reader, &mut bytes).map_err(at)? {
            break;
        }
        let record = Record::parse(&bytes).map_err(at)?;
        rows.push(record, labelled).map_err(at)?;
    }
    Ok(rows.into_dataset())
}

/// Whether bytes begin as a record does.
pub fn is_recordio(head: &[u8]) -> bool {
    head.starts_with(&MAGIC.to_le_bytes())
}

/// Leaves the next record in `out`; false at the end. A record may come in parts, between which the magic number stood in its bytes.
fn next_record(reader: &mut impl Read, out: &mut Vec<u8>) -> Result<bool, String> {
    out.clear();
    let mut parts = 0;
    loop {
        let Some(magic) = word(reader)? else {
            return if parts == 0 { Ok(false) } else { Err("ends in the middle".to_owned()) };
        };
        if magic != MAGIC {
            return Err("does not begin as a record of RecordIO does".to_owned());
        }
        let head = word(reader)?.ok_or("ends in the middle")?;
        let (part, length) = (head >> 29, head & 0x1FFF_FFFF);
        let joins = match (part, parts) {
            (0 | 1, 0) => false,
            (2 | 3, 1..) => true,
            _ => return Err("is a part of a record that stands alone".to_owned()),
        };
        if u64::from(length) + out.len() as u64 > u64::from(MOST_BYTES) {
            return Err(format!("has more than {MOST_BYTES} bytes"));
        }
        if joins {
            out.extend_from_slice(&MAGIC.to_le_bytes());
        }
        let before = out.len();
        let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
        // Through a reader that ends, so that a length that is a lie takes no memory.
        reader.by_ref().take(u64::from(length)).read_to_end(out).map_err(unreadable)?;
        let mut padding = [0; 3];
        let padding = &mut padding[..(length.next_multiple_of(4) - length) as usize];
        if out.len() - before < length as usize || reader.read_exact(padding).is_err() {
            return Err("ends in the middle".to_owned());
        }
        parts += 1;
        if part == 0 || part == 3 {
            return Ok(true);
        }
    }
}

/// Four bytes; `None` at the end.
fn word(reader: &mut impl Read) -> Result<Option<u32>, String> {
    let mut bytes = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(bytes) => Ok(Some(u32::from_le_bytes(bytes))),
        Err(_) if bytes.is_empty() => Ok(None),
        Err(_) => Err("ends in the middle".to_owned()),
    }
}

/// Rows so far: dense as long as all are.
#[derive(Default)]
struct Rows {
    dense: Dense,
    sparse: Option<Csr>,
    labels: Vec<f32>,
}

impl Rows {
    fn push(&mut self, record: Record, labelled: bool) -> Result<(), String> {
        let features = record.features.ok_or("has no features under the name \u{201c}values\u{201d}")?;
        if labelled {
            let label = record.label.ok_or("has no label")?;
            let [label] = label.values[..] else {
                return Err(format!("has {} labels; one is expected", label.values.len()));
            };
            if !label.is_finite() {
                return Err("has a label that is not a finite number".to_owned());
            }
            self.labels.push(label);
        }
        if features.values.iter().any(|value| value.is_infinite()) {
            return Err("has a value that is not a finite number".to_owned());
        }
        // A sparse row without a single value still says how wide it is.
        if features.keys.is_empty() && (!features.values.is_empty() || features.shape.is_empty()) {
            self.push_dense(features.values)
        } else {
            self.push_sparse(&features)
        }
    }

    fn push_dense(&mut self, values: Vec<f32>) -> Result<(), String> {
        if let Some(csr) = &mut self.sparse {
            append_dense(csr, &values);
            return Ok(());
        }
        if self.dense.rows == 0 {
            self.dense.cols = values.len();
        }
        if values.len() != self.dense.cols {
            return Err(format!("has {} features, but record 1 has {}", values.len(), self.dense.cols));
        }
        self.dense.rows += 1;
        self.dense.values.extend(values);
        Ok(())
    }

    fn push_sparse(&mut self, row: &Tensor) -> Result<(), String> {
        if row.keys.len() != row.values.len() {
            return Err(format!("has {} values for {} keys", row.values.len(), row.keys.len()));
        }
        let width = match row.shape[..] {
            [] => row.keys.iter().max().map_or(0, |last| last.saturating_add(1)),
            [width] => width,
            _ => return Err(format!("has a tensor of {} dimensions; a row has one", row.shape.len())),
        };
        if width > MAX_INDEX {
            return Err(format!("is {width} columns wide, beyond the {MAX_INDEX} that are supported"));
        }
        let mut cells: Vec<(u64, f32)> = row.keys.iter().copied().zip(row.values.iter().copied()).collect();
        cells.sort_by_key(|(key, _)| *key);
        if let Some(twice) = cells.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(format!("has key {} twice", twice[0].0));
        }
        if let Some((key, _)) = cells.last().filter(|(key, _)| *key >= width) {
            return Err(format!("has key {key}, but is {width} columns wide"));
        }
        let dense = &mut self.dense;
        let csr = self.sparse.get_or_insert_with(|| {
            let mut csr = Csr::new(dense.cols);
            for row in 0..dense.rows {
                append_dense(&mut csr, dense.row(row));
            }
            *dense = Dense::default();
            csr
        });
        csr.cols = csr.cols.max(width as usize);
        csr.indices.extend(cells.iter().map(|(key, _)| *key as u32));
        csr.values.extend(cells.iter().map(|(_, value)| *value));
        csr.indptr.push(csr.indices.len());
        Ok(())
    }

    fn into_dataset(self) -> Dataset {
        let features = self.sparse.map_or(Matrix::Dense(self.dense), Matrix::Sparse);
        Dataset { features, labels: self.labels }
    }
}

fn append_dense(csr: &mut Csr, values: &[f32]) {
    csr.cols = csr.cols.max(values.len());
    csr.indices.extend(0..values.len() as u32);
    csr.values.extend_from_slice(values);
    csr.indptr.push(csr.indices.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes as SageMaker's SDK 1.72 writes them; `tests/fixtures/recordio/make.py` made them.
    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../../../tests/fixtures/recordio/", $name, ".pbr"))
        };
    }

    fn read(bytes: &[u8], labelled: bool) -> Result<Dataset, String> {
        read_recordio("train.pbr", bytes, labelled).map_err(|error| error.to_string())
    }

    #[test]
    fn dense_rows_of_every_type_are_read() {
        for bytes in [&fixture!("dense_float32")[..], fixture!("dense_float64"), fixture!("dense_int32")] {
            let data = read(bytes, true).unwrap();
            let expected = Dense::new(3, 2, vec![1.0, 2.0, -3.0, 0.0, 5.0, 70_000.0]).unwrap();
            assert_eq!((data.features, data.labels), (Matrix::Dense(expected), vec![0.0, 1.0, -2.0]));
        }
        let unlabelled = read(fixture!("dense_unlabelled"), false).unwrap();
        assert_eq!((unlabelled.rows(), unlabelled.labels.len()), (3, 0));
        assert_eq!(read(fixture!("dense_unlabelled"), true).unwrap_err(), "train.pbr: record 1 has no label");
    }

    #[test]
    fn sparse_rows_stay_sparse() {
        for bytes in [&fixture!("sparse_float32")[..], fixture!("sparse_float64")] {
            let data = read(bytes, true).unwrap();
            let Matrix::Sparse(csr) = &data.features else { panic!("dense") };
            assert_eq!((csr.rows(), csr.cols), (3, 1_000));
            assert_eq!(csr.row(0), (&[0, 999][..], &[1.5, -2.0][..]));
            assert_eq!(csr.row(1), (&[][..], &[][..]), "a row without a value");
            assert_eq!(csr.row(2), (&[300][..], &[4.0][..]));
            assert_eq!(data.labels, [1.0, 0.0, 1.0]);
        }
    }

    fn framed(message: &[u8]) -> Vec<u8> {
        let mut out = MAGIC.to_le_bytes().to_vec();
        out.extend((message.len() as u32).to_le_bytes());
        out.extend(message);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    /// `map<string, Value>` entry `values` in field `field`, with the tensor as field `kind` of the value.
    fn entry(field: u8, kind: u8, tensor: &[u8]) -> Vec<u8> {
        let mut value = vec![kind << 3 | 2, tensor.len() as u8];
        value.extend(tensor);
        let mut entry = b"\x0a\x06values\x12".to_vec();
        entry.push(value.len() as u8);
        entry.extend(value);
        let mut out = vec![field << 3 | 2, entry.len() as u8];
        out.extend(entry);
        out
    }

    #[test]
    fn a_record_may_come_in_parts_and_values_one_by_one() {
        let mut tensor = vec![1 << 3 | 5];
        tensor.extend(1.5_f32.to_le_bytes());
        tensor.push(1 << 3 | 5);
        tensor.extend(f32::from_bits(MAGIC).to_le_bytes());
        let message = entry(1, 2, &tensor);
        let whole = read(&framed(&message), false).unwrap();
        // The magic number inside is where writers cut.
        let cut = message.windows(4).position(|bytes| bytes == MAGIC.to_le_bytes()).unwrap();
        let mut parts = Vec::new();
        for (flag, part) in [(1_u32, &message[..cut]), (3, &message[cut + 4..])] {
            let mut bytes = framed(part);
            bytes[4..8].copy_from_slice(&(flag << 29 | part.len() as u32).to_le_bytes());
            parts.extend(bytes);
        }
        assert_eq!(read(&parts, false).unwrap(), whole);
        assert_eq!(whole.features.cols(), 2);
        let lone = [&parts[parts.len() - 8..]].concat();
        assert!(read(&lone, false).is_err());
    }

    #[test]
    fn dense_and_sparse_rows_become_sparse_ones() {
        let mut two = Vec::new();
        two.extend([1 << 3 | 2, 4]);
        two.extend(2.0_f32.to_le_bytes());
        let dense = framed(&entry(1, 2, &two));
        let mut sparse = two.clone();
        sparse.extend([2 << 3 | 2, 1, 4]);
        let sparse = framed(&entry(1, 2, &sparse));
        for order in [[&dense[..], &sparse].concat(), [&sparse[..], &dense].concat()] {
            let Matrix::Sparse(csr) = read(&order, false).unwrap().features else { panic!("dense") };
            assert_eq!((csr.rows(), csr.cols, csr.values), (2, 5, vec![2.0, 2.0]));
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_the_number_of_its_record() {
        let good = fixture!("dense_float32");
        let says = |bytes: &[u8]| read(bytes, true).unwrap_err();
        assert_eq!(says(b"1,2,3\n"), "train.pbr: record 1 does not begin as a record of RecordIO does");
        for cut in [2, 4, 7, 10, good.len() - 1] {
            assert!(says(&good[..cut]).ends_with("ends in the middle"), "{cut}");
        }
        let mut huge = good.to_vec();
        huge[4..8].copy_from_slice(&0x1FFF_FFFF_u32.to_le_bytes());
        assert!(says(&huge).contains("has more than 268435456 bytes"));
        assert_eq!(says(&framed(b"\xff")), "train.pbr: record 1 is no valid protobuf message");
        assert!(says(&framed(b"")).contains("has no features"));
        let mut narrow = good.to_vec();
        narrow
            .extend(framed(&[entry(1, 2, &[1 << 3 | 5, 0, 0, 0, 0]), entry(2, 2, &[1 << 3 | 5, 0, 0, 0, 0])].concat()));
        assert_eq!(says(&narrow), "train.pbr: record 4 has 1 features, but record 1 has 2");
        let keyed = |keys: &[u8], shape: u8| {
            let mut tensor = vec![1 << 3 | 2, 8, 0, 0, 0, 0, 0, 0, 0, 0, 2 << 3 | 2, keys.len() as u8];
            tensor.extend(keys);
            tensor.extend([3 << 3, shape]);
            read(&framed(&entry(1, 2, &tensor)), false).unwrap_err()
        };
        assert!(keyed(&[1], 9).ends_with("has 2 values for 1 keys"));
        assert!(keyed(&[1, 1], 9).ends_with("has key 1 twice"));
        assert!(keyed(&[1, 9], 9).ends_with("has key 9, but is 9 columns wide"));
    }
}
