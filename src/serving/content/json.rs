//! `application/json` and `application/jsonlines` bodies, in all forms of SageMaker's linear learner, and plain arrays.
//!
//! `{"instances": [ROW, …]}`, `[ROW, …]`, or one ROW; one ROW a line in jsonlines. A ROW is `[1, 2]`, `{"features": [1, 2]}`,
//! `{"data": {"features": {"values": [1, 2]}}}`, or sparse `{"data": {"features": {"keys": [0, 7], "shape": [10], "values": [1, 2]}}}`.
//! `null` is missing.

use serde_json::{Map, Value};

use super::shown;
use crate::ml::{Csr, Dense, Matrix};
use crate::serving::error::InvokeError;

/// What a row should have looked like.
const FORMS: &str = "[1, 2], {\"features\": [1, 2]} or {\"data\": {\"features\": {\"keys\": [0, 7], \"shape\": [10], \"values\": [1, 2]}}}";

/// Reads a JSON body. `features` is the width that dense rows must have.
///
/// # Errors
/// Text that isn't JSON, rows of no known form or of the wrong width: the row counted from 1, what was expected and what came.
pub fn read(body: &[u8], features: usize) -> Result<Matrix, InvokeError> {
    let document: Value = serde_json::from_slice(body).map_err(|error| not_json("the body", &error))?;
    let mut rows = Rows::new(features);
    match &document {
        Value::Object(object) if object.contains_key("instances") => match &object["instances"] {
            Value::Array(instances) => instances.iter().try_for_each(|row| rows.push(row))?,
            other => {
                return Err(InvokeError::Body(format!("\"instances\" must be a list of rows, not {}", kind(other))));
            }
        },
        // A list of numbers is one row, a list of anything else is a list of rows.
        Value::Array(list) if !list.first().is_none_or(|first| first.is_number() || first.is_null()) => {
            list.iter().try_for_each(|row| rows.push(row))?;
        }
        Value::Array(empty) if empty.is_empty() => {}
        row => rows.push(row)?,
    }
    Ok(rows.finish())
}

/// Reads jsonlines: one row a line; blank lines are skipped.
///
/// # Errors
/// As [`read`].
pub fn read_lines(body: &[u8], features: usize) -> Result<Matrix, InvokeError> {
    let mut rows = Rows::new(features);
    for (line, text) in body.split(|b| *b == b'\n').enumerate().filter(|(_, text)| !text.trim_ascii().is_empty()) {
        let row: Value =
            serde_json::from_slice(text).map_err(|error| not_json(&format!("line {}", line + 1), &error))?;
        rows.push(&row)?;
    }
    Ok(rows.finish())
}

fn not_json(what: &str, error: &serde_json::Error) -> InvokeError {
    InvokeError::Body(format!("{what} is not JSON: {error}"))
}

struct Rows {
    features: usize,
    count: usize,
    dense: Vec<f32>,
    sparse: Option<Csr>,
}

impl Rows {
    fn new(features: usize) -> Self {
        Self { features, count: 0, dense: Vec::new(), sparse: None }
    }

    fn wrong(&self, what: impl std::fmt::Display) -> InvokeError {
        InvokeError::Body(format!("row {}: {what}", self.count))
    }

    fn push(&mut self, row: &Value) -> Result<(), InvokeError> {
        self.count += 1;
        match row {
            Value::Array(values) => self.push_dense(values),
            Value::Object(object) => self.push_object(object),
            other => Err(self.wrong(format!("a row must look like {FORMS}, not like {}", kind(other)))),
        }
    }

    fn push_object(&mut self, object: &Map<String, Value>) -> Result<(), InvokeError> {
        let tensor = object.get("data").and_then(|data| data.get("features"));
        match (object.get("features"), tensor) {
            (Some(Value::Array(values)), _) | (None, Some(Value::Array(values))) => self.push_dense(values),
            (Some(Value::Object(tensor)), _) | (None, Some(Value::Object(tensor))) => {
                let Some(values) = tensor.get("values").and_then(Value::as_array) else {
                    return Err(self.wrong("\"features\" must have a list of \"values\""));
                };
                match tensor.get("keys") {
                    None => self.push_dense(values),
                    Some(keys) => self.push_sparse(keys, values, tensor.get("shape")),
                }
            }
            _ => {
                let names: Vec<&str> = object.keys().take(5).map(String::as_str).collect();
                let got = shown(names.join(", ").as_bytes());
                Err(self.wrong(format!("a row must look like {FORMS}; it has {got}")))
            }
        }
    }

    fn push_dense(&mut self, values: &[Value]) -> Result<(), InvokeError> {
        if self.sparse.is_some() {
            return Err(self.wrong("it is dense, but the rows before it are sparse: send one kind in a request"));
        }
        if values.len() != self.features {
            let hint = if values.len() == self.features + 1 { " (send rows without the label)" } else { "" };
            let (got, features) = (values.len(), self.features);
            return Err(self.wrong(format!("it has {got} features, but the model takes {features}{hint}")));
        }
        for (at, value) in values.iter().enumerate() {
            let value = number(value, at).map_err(|what| self.wrong(what))?;
            self.dense.push(value);
        }
        Ok(())
    }

    fn push_sparse(&mut self, keys: &Value, values: &[Value], shape: Option<&Value>) -> Result<(), InvokeError> {
        if !self.dense.is_empty() {
            return Err(self.wrong("it is sparse, but the rows before it are dense: send one kind in a request"));
        }
        let keys = keys.as_array().ok_or_else(|| self.wrong("\"keys\" must be a list of column numbers"))?;
        if keys.len() != values.len() {
            return Err(self.wrong(format!("it has {} keys, but {} values", keys.len(), values.len())));
        }
        let features = self.features;
        if let Some(shape) = shape {
            let width = shape.as_array().and_then(|shape| shape.last()).and_then(Value::as_u64);
            if width != Some(features as u64) {
                return Err(self.wrong(format!("its shape is {shape}, but the model takes [{features}]")));
            }
        }
        let mut cells = Vec::with_capacity(keys.len());
        for (at, (key, value)) in keys.iter().zip(values).enumerate() {
            let Some(column) = key.as_u64().filter(|column| (*column as usize) < features) else {
                let what =
                    format!("key {key} is not a column: the model takes columns 0 to {}", features.saturating_sub(1));
                return Err(self.wrong(what));
            };
            cells.push((column as u32, number(value, at).map_err(|what| self.wrong(what))?));
        }
        cells.sort_unstable_by_key(|(column, _)| *column);
        if let Some(twice) = cells.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(self.wrong(format!("key {} is there twice", twice[0].0)));
        }
        // A value that says that it is missing is as good as one that isn't there.
        cells.retain(|(_, value)| !value.is_nan());
        self.sparse.get_or_insert_with(|| Csr::new(features)).push_row(&cells);
        Ok(())
    }

    fn finish(self) -> Matrix {
        match self.sparse {
            Some(csr) => Matrix::Sparse(csr),
            None => Matrix::Dense(Dense { rows: self.count, cols: self.features, values: self.dense }),
        }
    }
}

/// A finite number, or `NaN` for `null`; `at` is its place in the list, counted from 0.
fn number(value: &Value, at: usize) -> Result<f32, String> {
    if value.is_null() {
        return Ok(f32::NAN);
    }
    let read = value.as_f64().map(|value| value as f32).filter(|value| value.is_finite());
    read.ok_or_else(|| match value {
        Value::Number(number) => format!("value {} is {number}, which is too large", at + 1),
        other => format!("value {} is {}, not a number", at + 1, kind(other)),
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dense(body: &str) -> Vec<f32> {
        match read(body.as_bytes(), 2).unwrap() {
            Matrix::Dense(dense) => dense.values,
            Matrix::Sparse(csr) => panic!("{csr:?}"),
        }
    }

    fn refused(body: &str) -> String {
        read(body.as_bytes(), 2).unwrap_err().to_string()
    }

    #[test]
    fn dense_rows_in_all_forms() {
        let two = [1.0, 2.5, 3.0, 4.0];
        assert_eq!(dense(r#"{"instances": [{"features": [1, 2.5]}, {"features": [3, 4]}]}"#), two);
        assert_eq!(
            dense(r#"{"instances": [{"data": {"features": {"values": [1, 2.5]}}}, {"features": [3, 4]}]}"#),
            two
        );
        assert_eq!(dense(r#"{"instances": [[1, 2.5], [3, 4]]}"#), two);
        assert_eq!(dense("[[1, 2.5], [3, 4]]"), two);
        assert_eq!(dense("[1, 2.5]"), two[..2]);
        assert_eq!(dense(r#"{"features": [1, 2.5]}"#), two[..2]);
        assert!(dense("[null, 1]")[0].is_nan());
        assert!(dense("[]").is_empty() && dense(r#"{"instances": []}"#).is_empty());
        let lines = read_lines(b"{\"features\": [1, 2.5]}\r\n\n[3, 4]\n", 2).unwrap();
        assert_eq!(lines, Matrix::Dense(Dense { rows: 2, cols: 2, values: two.to_vec() }));
    }

    #[test]
    fn sparse_rows() {
        let row = |keys: &str, values: &str| {
            format!(
                r#"{{"instances": [{{"data": {{"features": {{"keys": {keys}, "shape": [2], "values": {values}}}}}}}]}}"#
            )
        };
        let Matrix::Sparse(csr) = read(row("[1, 0]", "[5, 7]").as_bytes(), 2).unwrap() else { panic!("dense") };
        assert_eq!((csr.row(0), csr.cols), ((&[0, 1][..], &[7.0, 5.0][..]), 2));
        let Matrix::Sparse(csr) = read(row("[1, 0]", "[null, 7]").as_bytes(), 2).unwrap() else { panic!("dense") };
        assert_eq!(csr.row(0), (&[0][..], &[7.0][..]));
        assert_eq!(refused(&row("[1]", "[5, 7]")), "row 1: it has 1 keys, but 2 values");
        assert_eq!(refused(&row("[2]", "[5]")), "row 1: key 2 is not a column: the model takes columns 0 to 1");
        assert_eq!(refused(&row("[1, 1]", "[5, 6]")), "row 1: key 1 is there twice");
        assert!(
            refused(&row("[0]", "[5]").replace("[2]", "[9]")).contains("its shape is [9], but the model takes [2]")
        );
    }

    #[test]
    fn errors_name_the_row_and_what_came() {
        assert_eq!(refused("[[1, 2], [1]]"), "row 2: it has 1 features, but the model takes 2");
        assert_eq!(
            refused("[1, 2, 3]"),
            "row 1: it has 3 features, but the model takes 2 (send rows without the label)"
        );
        assert_eq!(refused(r#"[[1, "x"]]"#), "row 1: value 2 is text, not a number");
        assert_eq!(refused("[[1, 1e300]]"), "row 1: value 2 is 1e+300, which is too large");
        assert_eq!(refused(r#"{"instances": 5}"#), "\"instances\" must be a list of rows, not a number");
        assert!(refused(r#"{"rows": []}"#).contains("it has \u{201c}rows\u{201d}"), "{}", refused(r#"{"rows": []}"#));
        assert!(refused("{").starts_with("the body is not JSON"));
        assert!(read_lines(b"[1, 2]\n{", 2).unwrap_err().to_string().starts_with("line 2 is not JSON"));
        let mixed = r#"[[1, 2], {"data": {"features": {"keys": [0], "values": [1]}}}]"#;
        assert!(refused(mixed).starts_with("row 2: it is sparse"));
    }
}
