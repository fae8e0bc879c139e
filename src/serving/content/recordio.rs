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
pub fn write(out: &mut Vec<u8>, scores: &[f32], label: Option<u32>) {
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

/// One row of an answer: its scores, and its class where there is one.
pub type Row = (Vec<f32>, Option<f32>);

/// Reads answers back that [`write`] wrote; `None` for anything else.
pub fn read(mut bytes: &[u8]) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        let magic = u32::from_le_bytes(bytes.split_off(..4)?.try_into().ok()?);
        let length = u32::from_le_bytes(bytes.split_off(..4)?.try_into().ok()?) as usize;
        let mut record = bytes.split_off(..length).filter(|_| magic == MAGIC)?;
        bytes.split_off(..length.next_multiple_of(4) - length)?;
        let mut row = Row::default();
        while !record.is_empty() {
            let mut entry = unwrapped(&mut record, LABELS)?;
            let name = unwrapped(&mut entry, KEY)?;
            let mut value = unwrapped(&mut entry, VALUE)?;
            let mut tensor = unwrapped(&mut value, FLOATS)?;
            let packed = unwrapped(&mut tensor, VALUES)?;
            let values: Vec<f32> = packed.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
            match name {
                b"score" => row.0 = values,
                _ => row.1 = values.first().copied(),
            }
        }
        rows.push(row);
    }
    Some(rows)
}

/// Takes the field with this tag off the front.
fn unwrapped<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    bytes.split_off_first().filter(|found| **found == tag)?;
    let mut length = 0;
    for shift in (0..28).step_by(7) {
        let group = *bytes.split_off_first()?;
        length |= usize::from(group & 0x7F) << shift;
        if group < 0x80 {
            return bytes.split_off(..length);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_back_and_no_cut_of_it() {
        let mut out = Vec::new();
        write(&mut out, &[0.25], Some(1));
        write(&mut out, &[0.5; 200], Some(7));
        write(&mut out, &[-3.0], None);
        let rows = [(vec![0.25], Some(1.0)), (vec![0.5; 200], Some(7.0)), (vec![-3.0], None)];
        assert_eq!(read(&out).as_deref(), Some(rows.as_slice()));
        let ends: Vec<usize> = (0..out.len()).filter(|end| read(&out[..*end]).is_some()).collect();
        assert_eq!(ends.len(), 3, "only after nothing, one or two whole records: {ends:?}");
        assert_eq!(read(b"0.1,0.2,0.3"), None);
    }

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
