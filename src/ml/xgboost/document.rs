//! A model file as a tree of values, read from JSON or UBJSON, written as UBJSON. Arrays of numbers stay flat, so that a file of 100 MB does
//! not become a gigabyte of boxes.

use std::collections::BTreeMap;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// Any number; an `f32` or a whole number up to 2⁵³ survives exactly.
    Number(f64),
    /// Text.
    Text(String),
    /// An array that holds only numbers (or nothing).
    Numbers(Vec<f64>),
    /// Any other array.
    List(Vec<Value>),
    /// Names and values.
    Object(BTreeMap<String, Value>),
}

/// Deeper nesting than any model has; protects the stack.
const MAX_DEPTH: usize = 64;

impl Value {
    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Object(members) => members.get(name),
            _ => None,
        }
    }

    /// A member of an object, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        match self {
            Self::Object(members) => members.get_mut(name),
            _ => None,
        }
    }

    /// Text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number, also one that is written as text, as XGBoost does in its parameter blocks.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Bool(yes) => Some(f64::from(u8::from(*yes))),
            _ => None,
        }
    }

    /// An array of numbers; old files write `default_left` as booleans.
    pub fn numbers(&self) -> Option<std::borrow::Cow<'_, [f64]>> {
        match self {
            Self::Numbers(numbers) => Some(numbers.into()),
            Self::List(items) => items.iter().map(Self::number).collect::<Option<Vec<f64>>>().map(Into::into),
            _ => None,
        }
    }

    /// Reads a model file of either kind, told apart by its second byte: JSON goes on with a quote, UBJSON with a type marker.
    ///
    /// # Errors
    /// Where and why it is neither.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
        let second = bytes.get(start + 1..).and_then(|rest| rest.iter().find(|byte| !byte.is_ascii_whitespace()));
        match (bytes.get(start), second) {
            (Some(b'{'), Some(b'"' | b'}')) => Self::read_json(bytes),
            (Some(b'{'), Some(_)) => Self::read_ubj(bytes),
            _ => Err("it is neither JSON nor UBJSON (it does not begin with a brace)".to_owned()),
        }
    }

    /// Reads JSON, with `NaN` and `Infinity` as XGBoost writes them.
    ///
    /// # Errors
    /// Where and why it is not JSON.
    pub fn read_json(bytes: &[u8]) -> Result<Self, String> {
        let mut json = Json { bytes, at: 0 };
        let value = json.value(0)?;
        json.space();
        if json.at == bytes.len() { Ok(value) } else { Err(json.wrong("something follows the end")) }
    }

    /// Reads UBJSON, plain and optimised.
    ///
    /// # Errors
    /// Where and why it is not UBJSON.
    pub fn read_ubj(bytes: &[u8]) -> Result<Self, String> {
        let mut ubj = Ubj { bytes, at: 0 };
        let marker = ubj.marker()?;
        ubj.value(marker, 0)
    }

    /// Writes UBJSON the way XGBoost does: typed arrays where its reader insists on them.
    pub fn write_ubj(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write(self, "", &mut out);
        out
    }
}

struct Json<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Json<'_> {
    fn wrong(&self, what: &str) -> String {
        format!("broken JSON at byte {}: {what}", self.at)
    }

    fn space(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.bytes[self.at..].starts_with(word.as_bytes());
        if found {
            self.at += word.len();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(self.wrong("nested too deeply"));
        }
        self.space();
        match self.bytes.get(self.at) {
            Some(b'{') => {
                self.at += 1;
                self.object(depth)
            }
            Some(b'[') => {
                self.at += 1;
                self.array(depth)
            }
            Some(b'"') => self.string().map(Value::Text),
            Some(_) if self.take("true") => Ok(Value::Bool(true)),
            Some(_) if self.take("false") => Ok(Value::Bool(false)),
            Some(_) if self.take("null") => Ok(Value::Null),
            Some(_) => self.number().map(Value::Number),
            None => Err(self.wrong("it ends in the middle")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        let mut members = BTreeMap::new();
        self.space();
        if self.take("}") {
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            let name = self.string()?;
            self.space();
            if !self.take(":") {
                return Err(self.wrong("a colon is missing"));
            }
            members.insert(name, self.value(depth + 1)?);
            self.space();
            if self.take("}") {
                return Ok(Value::Object(members));
            }
            if !self.take(",") {
                return Err(self.wrong("a comma or brace is missing"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        let mut items = Items::new();
        self.space();
        if self.take("]") {
            return Ok(items.finish());
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take("]") {
                return Ok(items.finish());
            }
            if !self.take(",") {
                return Err(self.wrong("a comma or bracket is missing"));
            }
        }
    }

    fn number(&mut self) -> Result<f64, String> {
        let start = self.at;
        for (word, value) in [("NaN", f64::NAN), ("Infinity", f64::INFINITY), ("-Infinity", f64::NEG_INFINITY)] {
            if self.take(word) {
                return Ok(value);
            }
        }
        while self.bytes.get(self.at).is_some_and(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte)) {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.bytes[start..self.at]).unwrap_or_default();
        text.parse().map_err(|_| {
            self.at = start;
            self.wrong("a value was expected")
        })
    }

    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        if !self.take("\"") {
            return Err(self.wrong("a name in quotes was expected"));
        }
        let mut escaped = false;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => {
                    escaped = true;
                    self.at += 1;
                }
                b'"' => {
                    let inner = &self.bytes[start + 1..self.at - 1];
                    // Escapes are rare (attributes only): the general parser unpacks them.
                    return if escaped {
                        serde_json::from_slice(&self.bytes[start..self.at])
                            .map_err(|error| self.wrong(&error.to_string()))
                    } else {
                        Ok(String::from_utf8_lossy(inner).into_owned())
                    };
                }
                _ => {}
            }
        }
        Err(self.wrong("a text without end"))
    }
}

/// Collects an array; flat as long as it holds only numbers.
struct Items {
    numbers: Vec<f64>,
    others: Vec<Value>,
}

impl Items {
    fn new() -> Self {
        Self { numbers: Vec::new(), others: Vec::new() }
    }

    fn push(&mut self, value: Value) {
        match value {
            Value::Number(number) if self.others.is_empty() => self.numbers.push(number),
            value => {
                self.others.extend(self.numbers.drain(..).map(Value::Number));
                self.others.push(value);
            }
        }
    }

    fn finish(self) -> Value {
        if self.others.is_empty() { Value::Numbers(self.numbers) } else { Value::List(self.others) }
    }
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

fn write(value: &Value, name: &str, out: &mut Vec<u8>) {
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
                write(item, "", out);
            }
        }
        Value::Object(members) => {
            out.push(b'{');
            for (name, value) in members {
                length(out, name.len());
                out.extend(name.as_bytes());
                write(value, name, out);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_its_ubjson_are_the_same_document() {
        let text = r#"{"learner": {"a": [1, 2.5, -3e-1], "left_children": [1,-1,-1], "b": "x\n\"y\"", "split_conditions":[0.1, 0],
            "c": [[1],"z",null,true], "d": {}, "e": [], "n": 70000, "default_left": [0,1]}, "version": [3,4,1]}"#;
        let json = Value::read(text.as_bytes()).unwrap();
        assert_eq!(json.get("learner").unwrap().get("b").unwrap().text(), Some("x\n\"y\""));
        let ubj = Value::read(&json.write_ubj()).unwrap();
        // What XGBoost keeps as f32 comes back as f32; nothing else moves.
        let f32s = ubj.get("learner").unwrap().get("split_conditions").unwrap().numbers().unwrap().into_owned();
        assert_eq!(f32s, [f64::from(0.1_f32), 0.0]);
        assert_eq!(ubj.get("learner").unwrap().get("c"), json.get("learner").unwrap().get("c"));
        assert_eq!(ubj.get("version"), json.get("version"));
        assert_eq!(ubj.write_ubj(), json.write_ubj());
    }

    #[test]
    fn xgboosts_words_for_numbers_are_read() {
        let json = Value::read(br#"{"a":[NaN,Infinity,-Infinity]}"#).unwrap();
        let numbers = json.get("a").unwrap().numbers().unwrap().into_owned();
        assert!(numbers[0].is_nan() && numbers[1] == f64::INFINITY && numbers[2] == f64::NEG_INFINITY);
    }

    #[test]
    fn broken_files_are_refused_not_crashed_on() {
        for text in
            ["", "x", "{", r#"{"a""#, r#"{"a":}"#, r#"{"a":[1,}"#, r#"{"a":1}}"#, r#"{"a":"\"#, r#"{"a":"\uD8"}"#]
        {
            assert!(Value::read(text.as_bytes()).is_err(), "{text}");
        }
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(Value::read(deep.as_bytes()).unwrap_err().contains("deep"));
        let good = Value::read(br#"{"left_children":[1,2,3],"b":"text"}"#).unwrap().write_ubj();
        for cut in 0..good.len() {
            assert!(Value::read_ubj(&good[..cut]).is_err(), "cut at {cut}");
        }
        assert!(Value::read(b"{L\x7f\xff\xff\xff\xff\xff\xff\xffx").unwrap_err().contains("length"));
    }
}
