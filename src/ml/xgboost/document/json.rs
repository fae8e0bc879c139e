//! A model file in JSON, with `NaN` and `Infinity` as XGBoost writes them.

use std::collections::BTreeMap;

use super::{Items, MAX_DEPTH, Value};

/// Reads a whole file.
pub(super) fn read(bytes: &[u8]) -> Result<Value, String> {
    let mut json = Json { bytes, at: 0 };
    let value = json.value(0)?;
    json.space();
    if json.at == bytes.len() { Ok(value) } else { Err(json.wrong("something follows the end")) }
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
