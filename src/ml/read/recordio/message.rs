//! The protobuf message of a record, read by hand: there are six fields that matter, and a generated reader would be a thousand lines.

/// Records may hold features under several names; the containers read this one.
const VALUES: &[u8] = b"values";

/// Numbers, with their places where only some are given.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tensor {
    pub(super) values: Vec<f32>,
    pub(super) keys: Vec<u64>,
    pub(super) shape: Vec<u64>,
}

/// What a record holds for us.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) features: Option<Tensor>,
    pub(super) label: Option<Tensor>,
}

impl Record {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut record = Self::default();
        for field in Fields(bytes) {
            match field? {
                (1, Field::Bytes(entry)) => merge(&mut record.features, named(entry, "feature")?),
                (2, Field::Bytes(entry)) => merge(&mut record.label, named(entry, "label")?),
                // Uid, metadata, configuration, and what others may add.
                _ => {}
            }
        }
        Ok(record)
    }
}

/// The last of an entry that is there twice counts, as in every reader of such maps.
fn merge(place: &mut Option<Tensor>, found: Option<Tensor>) {
    if found.is_some() {
        *place = found;
    }
}

/// The tensor of a map's entry, if the entry is the one that counts.
fn named(entry: &[u8], what: &str) -> Result<Option<Tensor>, String> {
    let (mut key, mut value) = (&b""[..], None);
    for field in Fields(entry) {
        match field? {
            (1, Field::Bytes(name)) => key = name,
            (2, Field::Bytes(bytes)) => value = Some(bytes),
            _ => {}
        }
    }
    let Some(value) = value.filter(|_| key == VALUES) else { return Ok(None) };
    let mut tensor = None;
    for field in Fields(value) {
        tensor = match field? {
            (2, Field::Bytes(bytes)) => Some(Tensor::parse(bytes, Kind::Float32)?),
            (3, Field::Bytes(bytes)) => Some(Tensor::parse(bytes, Kind::Float64)?),
            (7, Field::Bytes(bytes)) => Some(Tensor::parse(bytes, Kind::Int32)?),
            (9, _) => return Err(format!("holds bytes where its {what}s should be numbers")),
            _ => tensor,
        };
    }
    Ok(tensor)
}

#[derive(Clone, Copy)]
enum Kind {
    Float32,
    Float64,
    Int32,
}

impl Tensor {
    fn parse(bytes: &[u8], kind: Kind) -> Result<Self, String> {
        let mut tensor = Self::default();
        for field in Fields(bytes) {
            match field? {
                (1, field) => values(&field, kind, &mut tensor.values)?,
                (2, field) => numbers(&field, &mut tensor.keys)?,
                (3, field) => numbers(&field, &mut tensor.shape)?,
                _ => {}
            }
        }
        Ok(tensor)
    }
}

const BROKEN: &str = "is no valid protobuf message";

/// Values of a tensor, in one field together or each in a field of its own.
fn values(field: &Field<'_>, kind: Kind, out: &mut Vec<f32>) -> Result<(), String> {
    let whole =
        |bytes: &[u8], width: usize| if bytes.len().is_multiple_of(width) { Ok(()) } else { Err(BROKEN.to_owned()) };
    match (kind, field) {
        (Kind::Float32, Field::Bytes(bytes)) => {
            whole(bytes, 4)?;
            out.extend(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        }
        (Kind::Float32, Field::Four(bytes)) => out.push(f32::from_le_bytes(*bytes)),
        (Kind::Float64, Field::Bytes(bytes)) => {
            whole(bytes, 8)?;
            out.extend(bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32));
        }
        (Kind::Float64, Field::Eight(bytes)) => out.push(f64::from_le_bytes(*bytes) as f32),
        (Kind::Int32, field) => {
            let mut whole = Vec::new();
            numbers(field, &mut whole)?;
            out.extend(whole.into_iter().map(|value| value as i32 as f32));
        }
        _ => return Err(BROKEN.to_owned()),
    }
    Ok(())
}

fn numbers(field: &Field<'_>, out: &mut Vec<u64>) -> Result<(), String> {
    match field {
        Field::Number(number) => out.push(*number),
        Field::Bytes(packed) => {
            let mut packed = *packed;
            while !packed.is_empty() {
                out.push(varint(&mut packed).ok_or(BROKEN)?);
            }
        }
        Field::Four(_) | Field::Eight(_) => return Err(BROKEN.to_owned()),
    }
    Ok(())
}

/// A field's value as the wire has it.
enum Field<'a> {
    Number(u64),
    Eight([u8; 8]),
    Bytes(&'a [u8]),
    Four([u8; 4]),
}

/// The fields of a message in their order.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = field(&mut self.0);
        if field.is_none() {
            // Nothing behind it can be read.
            self.0 = &[];
        }
        Some(field.ok_or_else(|| BROKEN.to_owned()))
    }
}

fn field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Field<'a>)> {
    let tag = varint(bytes)?;
    let value = match tag & 7 {
        0 => Field::Number(varint(bytes)?),
        1 => Field::Eight(take(bytes, 8)?.try_into().ok()?),
        2 => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            Field::Bytes(take(bytes, length)?)
        }
        5 => Field::Four(take(bytes, 4)?.try_into().ok()?),
        _ => return None,
    };
    Some((tag >> 3, value))
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
