//! Labels as people and programs write them: SageMaker's ground-truth JSON Lines, a JSON list, or CSV of inference id and label.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::domain::label::Label;

/// Longest text that is read, bytes.
pub(super) const MOST_BYTES: u64 = 256 << 20;

/// Reads labels, in whichever of the three ways the text is written.
///
/// # Errors
/// In words, with the line where there is one. Nothing is taken of a text that can't be read in full.
pub(super) fn labels(bytes: &[u8]) -> Result<Vec<Label>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "labels must be text".to_owned())?;
    let text = text.trim_start_matches('\u{feff}');
    match text.trim_start().as_bytes().first() {
        None => Err("there are no labels in it".to_owned()),
        Some(b'[') => json_list(text),
        Some(b'{') => json_lines(text),
        Some(_) => csv(text),
    }
}

/// `[{"inferenceId": "…", "label": 1}, …]`; a request of several rows has a list of labels.
fn json_list(text: &str) -> Result<Vec<Label>, String> {
    let list: Vec<Value> = serde_json::from_str(text).map_err(|error| format!("it is no JSON list: {error}"))?;
    let read = |(number, item): (usize, &Value)| label_of(item).map_err(|why| format!("entry {}: {why}", number + 1));
    list.iter().enumerate().map(read).collect()
}

/// SageMaker's ground truth, one object a line; plain `inferenceId` and `label` will do too.
fn json_lines(text: &str) -> Result<Vec<Label>, String> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let value: Value =
                serde_json::from_str(line).map_err(|error| format!("line {number} is no JSON: {error}"))?;
            label_of(&value).map_err(|why| format!("line {number}: {why}"))
        })
        .collect()
}

fn label_of(value: &Value) -> Result<Label, String> {
    let metadata = value.get("eventMetadata");
    let id = metadata.and_then(|metadata| metadata.get("eventId").or_else(|| metadata.get("inferenceId")));
    let id = id.or_else(|| value.get("inferenceId")).or_else(|| value.get("InferenceId")).and_then(Value::as_str);
    let id = id.filter(|id| !id.is_empty()).ok_or("it names no request: set eventMetadata.eventId, or inferenceId")?;
    let values = if let Some(truth) = value.get("groundTruthData") {
        let data = truth.get("data").and_then(Value::as_str).ok_or("groundTruthData has no data")?;
        match truth.get("encoding").and_then(Value::as_str).unwrap_or("CSV") {
            "CSV" => numbers(data.split([',', '\n']))?,
            "JSON" => {
                json_numbers(&serde_json::from_str(data).map_err(|error| format!("its data is no JSON: {error}"))?)?
            }
            "BASE64" => {
                let bytes = STANDARD.decode(data).map_err(|error| format!("its data is not in base64: {error}"))?;
                let text = String::from_utf8(bytes).map_err(|_| "its data is not text")?;
                numbers(text.split([',', '\n']))?
            }
            other => return Err(format!("its encoding is {other}: CSV, JSON and BASE64 are read")),
        }
    } else {
        json_numbers(value.get("label").ok_or("it has neither groundTruthData nor label")?)?
    };
    Ok(Label { id: id.to_owned(), values })
}

fn json_numbers(value: &Value) -> Result<Vec<f64>, String> {
    let one = |value: &Value| match value {
        Value::Number(number) => number.as_f64().ok_or_else(|| format!("{number} is no label")),
        Value::String(text) => number(text),
        Value::Bool(yes) => Ok(f64::from(u8::from(*yes))),
        other => Err(format!("{other} is no label: it must be a number")),
    };
    match value {
        Value::Array(list) => list.iter().map(one).collect(),
        one_row => Ok(vec![one(one_row)?]),
    }
}

fn number(text: &str) -> Result<f64, String> {
    let value = text.trim().parse().ok().filter(|value: &f64| value.is_finite());
    value.ok_or_else(|| format!("\u{201c}{}\u{201d} is no label: it must be a number", text.trim()))
}

fn numbers<'a>(fields: impl Iterator<Item = &'a str>) -> Result<Vec<f64>, String> {
    fields.filter(|field| !field.trim().is_empty()).map(number).collect()
}

/// `id,label` or, for a request of several rows, `id,label,label,…`. A first line of words is a header.
fn csv(text: &str) -> Result<Vec<Label>, String> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut labels = Vec::new();
    for (number, row) in (1..).zip(reader.records()) {
        let row = row.map_err(|error| format!("line {number} is no CSV: {error}"))?;
        let mut fields = row.iter();
        let id = fields.next().unwrap_or_default();
        let values = match numbers(fields) {
            Ok(values) => values,
            Err(_) if number == 1 => continue,
            Err(why) => return Err(format!("line {number}: {why}")),
        };
        if id.is_empty() || values.is_empty() {
            return Err(format!("line {number}: an inference id and a label are needed, separated by a comma"));
        }
        labels.push(Label { id: id.to_owned(), values });
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, Vec<f64>)>, String> {
        Ok(labels(text.as_bytes())?.into_iter().map(|label| (label.id, label.values)).collect())
    }

    fn one(id: &str, values: &[f64]) -> Vec<(String, Vec<f64>)> {
        vec![(id.to_owned(), values.to_vec())]
    }

    #[test]
    fn sagemakers_ground_truth() {
        let line = |truth: &str| {
            format!(r#"{{"groundTruthData": {truth}, "eventMetadata": {{"eventId": "e-1"}}, "eventVersion": "0"}}"#)
        };
        assert_eq!(read(&line(r#"{"data": "1", "encoding": "CSV"}"#)).unwrap(), one("e-1", &[1.0]));
        assert_eq!(read(&line(r#"{"data": "1,0\n", "encoding": "CSV"}"#)).unwrap(), one("e-1", &[1.0, 0.0]));
        assert_eq!(read(&line(r#"{"data": "[1.5, 2]", "encoding": "JSON"}"#)).unwrap(), one("e-1", &[1.5, 2.0]));
        assert_eq!(read(&line(r#"{"data": "MQ==", "encoding": "BASE64"}"#)).unwrap(), one("e-1", &[1.0]));
        let two = format!("{}\n\n{}\n", line(r#"{"data": "1"}"#), line(r#"{"data": "0"}"#));
        assert_eq!(read(&two).unwrap().len(), 2);
    }

    #[test]
    fn lists_and_tables() {
        assert_eq!(read(r#"[{"inferenceId": "a", "label": 1}]"#).unwrap(), one("a", &[1.0]));
        assert_eq!(read(r#"[{"inferenceId": "a", "label": [1, "0", true]}]"#).unwrap(), one("a", &[1.0, 0.0, 1.0]));
        assert_eq!(read("\u{feff}a,1\n").unwrap(), one("a", &[1.0]));
        assert_eq!(read("inference_id,label\n a , 1.5 , 2\n").unwrap(), one("a", &[1.5, 2.0]));
        assert_eq!(read("[]").unwrap(), []);
    }

    #[test]
    fn what_can_not_be_read_is_said_with_its_place() {
        for (text, words) in [
            ("", "no labels"),
            ("a,1\nb,x\n", "line 2: \u{201c}x\u{201d} is no label"),
            ("a,1\nb\n", "line 2: an inference id and a label"),
            ("[1]", "entry 1: it names no request"),
            (r#"[{"inferenceId": "a"}]"#, "entry 1: it has neither"),
            (r#"[{"inferenceId": "a", "label": "inf"}]"#, "must be a number"),
            ("{\"inferenceId\": \"a\", \"label\": 1}\n{", "line 2 is no JSON"),
            (
                r#"{"groundTruthData": {"data": "1", "encoding": "X"}, "eventMetadata": {"eventId": "e"}}"#,
                "encoding is X",
            ),
        ] {
            let why = read(text).unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
        assert!(labels(b"\xff").unwrap_err().contains("text"));
    }
}
