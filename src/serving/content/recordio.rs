//! Answers as SageMaker's records: one a row, its score and its label in the map of labels.

/// What every record begins with.
const MAGIC: u32 = 0xCED7_230A;

/// Field numbers of `Record`, of an entry of its maps, of `Value` and of a tensor, each with the mark of a field that has a length.
const LABELS: u8 = 2 << 3 | 2;
const KEY: u8 = 1 << 3 | 2;
const VALUE: u8 = 2 << 3 | 2;
const FLOATS: u8 = 2 << 3 | 2;
const VALUES: u8 = 1 << 3 | 2;

/// Writes the record of one row. `label`: the class, where there is one.
pub(super) fn write(out: &mut Vec<u8>, scores: &[f32], label: Option<u32>) {
    let mut record = Vec::new();
    field(&mut record, LABELS, &entry("score", scores));
    if let Some(label) = label {
        field(&mut record, LABELS, &entry("predicted_label", &[label as f32]));
    }
    out.extend(MAGIC.to_le_bytes());
    out.extend((record.len() as u32).to_le_bytes());
    out.extend_from_slice(&record);
    out.resize(out.len() + record.len().next_multiple_of(4) - record.len(), 0);
}

fn entry(name: &str, values: &[f32]) -> Vec<u8> {
    let packed: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let (mut tensor, mut value, mut out) = (Vec::new(), Vec::new(), Vec::new());
    field(&mut tensor, VALUES, &packed);
    field(&mut value, FLOATS, &tensor);
    field(&mut out, KEY, name.as_bytes());
    field(&mut out, VALUE, &value);
    out
}

/// A field with its length, which is written in groups of seven bits.
fn field(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    let mut length = bytes.len();
    while length > 0x7F {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_what_protobuf_writes() {
        let mut out = Vec::new();
        write(&mut out, &[0.5], Some(1));
        let mut expected = vec![0x0A, 0x23, 0xD7, 0xCE, 48, 0, 0, 0];
        expected.extend([18, 17, 10, 5]);
        expected.extend(b"score");
        expected.extend([18, 8, 18, 6, 10, 4, 0, 0, 0, 0x3F]);
        expected.extend([18, 27, 10, 15]);
        expected.extend(b"predicted_label");
        expected.extend([18, 8, 18, 6, 10, 4, 0, 0, 0x80, 0x3F]);
        assert_eq!(out, expected);
        let mut long = Vec::new();
        write(&mut long, &[0.0; 100], None);
        assert_eq!(long.len() % 4, 0);
        assert!(long.windows(2).any(|pair| pair == [0x90, 0x03]), "400 in two groups");
    }
}
