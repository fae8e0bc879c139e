//! A model file in UBJSON, plain and optimised.

use std::collections::BTreeMap;

use super::{Items, MAX_DEPTH, Value};

/// Reads a file.
pub(super) fn read(bytes: &[u8]) -> Result<Value, String> {
    let mut ubj = Ubj { bytes, at: 0 };
    let marker = ubj.marker()?;
    ubj.value(marker, 0)
}

/// Writes a file as XGBoost's reader wants it.
pub(super) fn write(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    append(value, "", &mut out);
    out
}

struct Ubj<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Ubj<'a> {
    fn wrong(&self, what: &str) -> String {
        format!("broken UBJSON at byte {}: {what}", self.at)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.wrong("it ends in the middle"))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array_of<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    /// The next type marker; no-ops are skipped.
    fn marker(&mut self) -> Result<u8, String> {
        loop {
            match self.take(1)? {
                b"N" => {}
                marker => return Ok(marker[0]),
            }
        }
    }

    fn number(&mut self, marker: u8) -> Result<Option<f64>, String> {
        Ok(Some(match marker {
            b'i' => f64::from(i8::from_be_bytes(self.array_of()?)),
            b'U' => f64::from(u8::from_be_bytes(self.array_of()?)),
            b'I' => f64::from(i16::from_be_bytes(self.array_of()?)),
            b'l' => f64::from(i32::from_be_bytes(self.array_of()?)),
            b'L' => i64::from_be_bytes(self.array_of()?) as f64,
            b'd' => f64::from(f32::from_be_bytes(self.array_of()?)),
            b'D' => f64::from_be_bytes(self.array_of()?),
            _ => return Ok(None),
        }))
    }

    fn count(&mut self) -> Result<usize, String> {
        let marker = self.marker()?;
        match self.number(marker)? {
            // Each item costs at least a byte unless it is a constant, so a count beyond the file is a lie.
            Some(count) if count >= 0.0 && count <= self.bytes.len() as f64 => Ok(count as usize),
            _ => Err(self.wrong("an impossible length")),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        let count = self.count()?;
        Ok(String::from_utf8_lossy(self.take(count)?).into_owned())
    }

    fn value(&mut self, marker: u8, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(self.wrong("nested too deeply"));
        }
        if let Some(number) = self.number(marker)? {
            return Ok(Value::Number(number));
        }
        match marker {
            b'Z' => Ok(Value::Null),
            b'T' => Ok(Value::Bool(true)),
            b'F' => Ok(Value::Bool(false)),
            b'C' => Ok(Value::Text(String::from_utf8_lossy(self.take(1)?).into_owned())),
            b'S' | b'H' => self.text().map(Value::Text),
            b'[' => self.array(depth),
            b'{' => self.object(depth),
            _ => {
                self.at -= 1;
                Err(self.wrong("an unknown type marker"))
            }
        }
    }

    /// `$type` and `#count` in front of an optimised container.
    fn header(&mut self) -> Result<(Option<u8>, Option<usize>), String> {
        let mut kind = None;
        if self.bytes.get(self.at) == Some(&b'$') {
            self.at += 1;
            kind = Some(self.marker()?);
        }
        if self.bytes.get(self.at) == Some(&b'#') {
            self.at += 1;
            return Ok((kind, Some(self.count()?)));
        }
        if kind.is_some() { Err(self.wrong("a type without a count")) } else { Ok((None, None)) }
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        let (kind, count) = self.header()?;
        let mut items = Items::new();
        match (kind, count) {
            (Some(kind), Some(count)) if b"iUIlLdD".contains(&kind) => {
                items.numbers.reserve(count);
                for _ in 0..count {
                    items.numbers.extend(self.number(kind)?);
                }
            }
            (kind, Some(count)) => {
                for _ in 0..count {
                    let marker = kind.map_or_else(|| self.marker(), Ok)?;
                    items.push(self.value(marker, depth + 1)?);
                }
            }
            (_, None) => loop {
                match self.marker()? {
                    b']' => break,
                    marker => items.push(self.value(marker, depth + 1)?),
                }
            },
        }
        Ok(items.finish())
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        let (kind, count) = self.header()?;
        let mut members = BTreeMap::new();
        let mut left = count;
        loop {
            match left.as_mut() {
                Some(0) => break,
                Some(left) => *left -= 1,
                None if self.bytes.get(self.at) == Some(&b'}') => {
                    self.at += 1;
                    break;
                }
                None => {}
            }
            let name = self.text()?;
            let marker = kind.map_or_else(|| self.marker(), Ok)?;
            members.insert(name, self.value(marker, depth + 1)?);
        }
        Ok(Value::Object(members))
    }
}

/// The element type that XGBoost's reader wants for an array of this name; the others are generic.
fn typed(name: &str) -> Option<u8> {
    Some(match name {
        "split_conditions" | "base_weights" | "loss_changes" | "sum_hessian" | "leaf_weights" | "weights" => b'd',
        "left_children" | "right_children" | "parents" | "split_indices" | "categories" | "categories_nodes" => b'l',
        "default_left" | "split_type" => b'U',
        "categories_segments" | "categories_sizes" => b'L',
        _ => return None,
    })
}

fn append(value: &Value, name: &str, out: &mut Vec<u8>) {
    let length = |out: &mut Vec<u8>, length: usize| {
        out.push(b'L');
        out.extend((length as u64).to_be_bytes());
    };
    match value {
        Value::Null => out.push(b'Z'),
        Value::Bool(yes) => out.push(if *yes { b'T' } else { b'F' }),
        Value::Number(number) => write_number(*number, out),
        Value::Text(text) => {
            out.push(b'S');
            length(out, text.len());
            out.extend(text.as_bytes());
        }
        Value::Numbers(numbers) => {
            out.push(b'[');
            let kind = typed(name);
            if let Some(kind) = kind {
                out.extend([b'$', kind]);
            }
            out.push(b'#');
            length(out, numbers.len());
            for number in numbers {
                match kind {
                    Some(b'd') => out.extend((*number as f32).to_be_bytes()),
                    Some(b'l') => out.extend((*number as i32).to_be_bytes()),
                    Some(b'U') => out.push(*number as u8),
                    Some(_) => out.extend((*number as i64).to_be_bytes()),
                    None => write_number(*number, out),
                }
            }
        }
        Value::List(items) => {
            out.extend(b"[#");
            length(out, items.len());
            for item in items {
                append(item, "", out);
            }
        }
        Value::Object(members) => {
            out.push(b'{');
            for (name, value) in members {
                length(out, name.len());
                out.extend(name.as_bytes());
                append(value, name, out);
            }
            out.push(b'}');
        }
    }
}

fn write_number(number: f64, out: &mut Vec<u8>) {
    if number.fract() != 0.0 || number.abs() > f64::from(i32::MAX) {
        out.push(b'd');
        out.extend((number as f32).to_be_bytes());
    } else if let Ok(small) = i8::try_from(number as i64) {
        out.push(b'i');
        out.extend(small.to_be_bytes());
    } else {
        out.push(b'l');
        out.extend((number as i32).to_be_bytes());
    }
}
