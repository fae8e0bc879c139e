//! Writing answers the way each of SageMaker's containers does.

use std::io::Write;

use super::recordio;
use crate::domain::algorithm::Algorithm;
use crate::ml::Model;
use crate::serving::error::InvokeError;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All rows on one line, separated by commas: what XGBoost's container answers unless asked otherwise.
    Csv,
    /// `{"predictions": [{"score": …}]}`: what the linear learner's container answers unless asked otherwise.
    Json,
    /// One object a line.
    JsonLines,
    /// One record a row, of the linear learner only.
    RecordIo,
}

impl Form {
    /// What an algorithm writes, what it prefers first.
    pub fn of(algorithm: Algorithm) -> &'static [Self] {
        match algorithm {
            Algorithm::XGBoost => &[Self::Csv, Self::Json, Self::JsonLines],
            Algorithm::LinearLearner => &[Self::Json, Self::JsonLines, Self::RecordIo],
        }
    }

    /// MIME type, as the containers send it.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::JsonLines => "application/jsonlines",
            Self::RecordIo => "application/x-recordio-protobuf",
        }
    }

    fn is(self, name: &str) -> bool {
        match self {
            Self::Csv => name.eq_ignore_ascii_case("text/csv"),
            Self::Json => name.eq_ignore_ascii_case("application/json"),
            Self::RecordIo => name.eq_ignore_ascii_case("application/x-recordio-protobuf"),
            Self::JsonLines => ["application/jsonlines", "application/x-jsonlines", "application/jsonl"]
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known)),
        }
    }

    /// The form that an `Accept` header asks for: the first in it that the algorithm writes; wildcards and no header mean the preferred one.
    ///
    /// # Errors
    /// Nothing in the header is written by this algorithm.
    pub fn accepted(accept: Option<&str>, algorithm: Algorithm) -> Result<Self, InvokeError> {
        let forms = Self::of(algorithm);
        let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else {
            return Ok(forms[0]);
        };
        for part in accept.split(',') {
            let name = part.split(';').next().unwrap_or_default().trim();
            if name == "*/*" {
                return Ok(forms[0]);
            }
            let family = name.strip_suffix('*').filter(|family| family.ends_with('/'));
            let found =
                forms.iter().find(|form| form.is(name) || family.is_some_and(|f| form.content_type().starts_with(f)));
            if let Some(form) = found {
                return Ok(*form);
            }
        }
        let can = forms
            .iter()
            .map(|form| form.content_type().split(';').next().unwrap_or_default())
            .collect::<Vec<_>>()
            .join(", ");
        Err(InvokeError::Accept { given: accept.to_owned(), algorithm: algorithm.to_string(), can })
    }
}

/// Writes the outputs of all rows.
pub fn write(model: &Model, form: Form, outputs: &[f32]) -> Vec<u8> {
    let width = model.outputs_per_row().max(1);
    let rows = outputs.chunks_exact(width);
    // A number has about ten characters; an object about thirty more.
    let each = if form == Form::Csv { 12 } else { 48 };
    let mut out = Vec::with_capacity(32 + outputs.len() * each);
    match form {
        Form::Csv => join(&mut out, rows, b",", |out, row| match row {
            [one] => csv_number(out, *one),
            // As Python prints a list, which is what the container does with the rows of `multi:softprob`.
            several => bracketed(out, several, csv_number),
        }),
        Form::Json => {
            out.extend_from_slice(b"{\"predictions\": [");
            join(&mut out, rows, b", ", |out, row| object(out, model, row));
            out.extend_from_slice(b"]}");
        }
        Form::RecordIo => {
            for row in rows {
                recordio::write(&mut out, row, model.predicted_label(row));
            }
        }
        Form::JsonLines => {
            for row in rows {
                object(&mut out, model, row);
                out.push(b'\n');
            }
        }
    }
    out
}

fn join<'a, T>(
    out: &mut Vec<u8>,
    items: impl Iterator<Item = T>,
    between: &[u8],
    mut write: impl FnMut(&mut Vec<u8>, T),
) where
    T: 'a,
{
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.extend_from_slice(between);
        }
        write(out, item);
    }
}

fn bracketed(out: &mut Vec<u8>, values: &[f32], number: fn(&mut Vec<u8>, f32)) {
    out.push(b'[');
    join(out, values.iter(), b", ", |out, value| number(out, *value));
    out.push(b']');
}

/// `{"score": 0.7, "predicted_label": 1}`; the label only where the linear learner's container gives one.
fn object(out: &mut Vec<u8>, model: &Model, row: &[f32]) {
    out.extend_from_slice(b"{\"score\": ");
    match row {
        [one] => json_number(out, *one),
        several => bracketed(out, several, json_number),
    }
    if model.algorithm() == Algorithm::LinearLearner
        && let Some(label) = model.predicted_label(row)
    {
        // Writing to a Vec can't fail.
        let _ = write!(out, ", \"predicted_label\": {label}");
    }
    out.push(b'}');
}

/// The shortest text that reads back as the same `f32`.
fn csv_number(out: &mut Vec<u8>, value: f32) {
    let _ = match value {
        v if v.is_nan() => write!(out, "nan"),
        v => write!(out, "{v}"),
    };
}

/// As [`csv_number`]; JSON has no word for what isn't finite but `null`.
fn json_number(out: &mut Vec<u8>, value: f32) {
    let _ = if value.is_finite() { write!(out, "{value}") } else { write!(out, "null") };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_headers_choose_the_form() {
        use Algorithm::{LinearLearner, XGBoost};
        let form = |accept: &str, algorithm| Form::accepted(Some(accept), algorithm);
        assert_eq!(Form::accepted(None, XGBoost), Ok(Form::Csv));
        assert_eq!(Form::accepted(None, LinearLearner), Ok(Form::Json));
        assert_eq!(form("*/*", LinearLearner), Ok(Form::Json));
        assert_eq!(form("", XGBoost), Ok(Form::Csv));
        assert_eq!(form("application/json", XGBoost), Ok(Form::Json));
        assert_eq!(form("Application/JSONLines; q=0.5", XGBoost), Ok(Form::JsonLines));
        assert_eq!(form("text/html, application/xhtml+xml, */*;q=0.8", XGBoost), Ok(Form::Csv));
        assert_eq!(form("application/*", XGBoost), Ok(Form::Json));
        let refused = form("text/csv", LinearLearner).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "Accept type text/csv is not supported: linear-learner answers application/json, application/jsonlines, application/x-recordio-protobuf"
        );
        assert!(form("image/png", XGBoost).is_err());
    }

    #[test]
    fn numbers_read_back() {
        for value in [0.1_f32, 1.0, -2.5e-7, f32::MAX, f32::MIN_POSITIVE, 24.513_21] {
            let mut out = Vec::new();
            csv_number(&mut out, value);
            assert_eq!(std::str::from_utf8(&out).unwrap().parse::<f32>().unwrap(), value);
        }
        let mut out = Vec::new();
        bracketed(&mut out, &[0.5, f32::NAN, f32::INFINITY], json_number);
        assert_eq!(out, b"[0.5, null, null]");
    }
}
