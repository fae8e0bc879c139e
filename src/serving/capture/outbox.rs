//! SageMaker's data capture: lines of JSON, collected into files of a few seconds each, and handed over to whoever keeps the buckets.
//!
//! A line is what SageMaker writes: `captureData` with both directions, `eventMetadata` with the inference id (which is the event's id
//! here, so that ground truth that names either finds its request) and the time, `eventVersion` "0". A file is called
//! `PREFIX/ENDPOINT/VARIANT/yyyy/mm/dd/hh/MM-SS-mmm-UUID.jsonl` by the time of its first line.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::record::Record;
use crate::domain::data_capture::DataCapture;
use crate::domain::s3_uri::S3Uri;
use crate::util::seed::Rng;

/// A file is handed over after so long, milliseconds.
const FILE_MS: i64 = 5_000;

/// A file is handed over at this size, bytes.
const FILE_BYTES: usize = 4 << 20;

/// A file for a bucket.
#[derive(Debug, PartialEq, Eq)]
pub struct CaptureFile {
    /// The endpoint.
    pub endpoint: String,
    /// Where it goes.
    pub to: S3Uri,
    /// JSON Lines.
    pub bytes: Vec<u8>,
}

/// The files of one endpoint that are being filled, by variant and destination.
#[derive(Debug)]
pub(super) struct Outbox {
    endpoint: String,
    open: HashMap<(String, S3Uri), Open>,
    rng: Rng,
}

#[derive(Debug)]
struct Open {
    begun_ms: i64,
    bytes: Vec<u8>,
}

impl Outbox {
    pub(super) fn new(endpoint: &str, seed: u64) -> Self {
        Self { endpoint: endpoint.to_owned(), open: HashMap::new(), rng: Rng::new(seed) }
    }

    /// Writes a request's line, if its fleet wants it and the draw takes it.
    pub(super) fn put(&mut self, record: &Record, now_ms: i64) {
        let facts = &record.facts;
        // SageMaker captures what was answered.
        let Some(arm) = facts.source.arms.get(usize::from(facts.arm)).filter(|_| record.status() == 200) else {
            return;
        };
        let Some(wanted) = arm.data_capture.as_ref().filter(|wanted| wanted.enabled) else { return };
        if self.rng.below(100) >= usize::from(wanted.sampling_percent) {
            return;
        }
        let Some(line) = line(record, wanted) else { return };
        let place = (arm.variant.to_string(), wanted.destination.clone());
        let open = self.open.entry(place).or_insert_with(|| Open { begun_ms: now_ms, bytes: Vec::new() });
        // A value of strings can always be written.
        if serde_json::to_writer(&mut open.bytes, &line).is_ok() {
            open.bytes.push(b'\n');
        }
    }

    /// When the oldest file is due, milliseconds since the Unix epoch.
    pub(super) fn due_ms(&self) -> Option<i64> {
        self.open.values().map(|open| open.begun_ms + FILE_MS).min()
    }

    /// Takes out the files that are due, or all of them.
    pub(super) fn take(&mut self, now_ms: i64, all: bool) -> Vec<CaptureFile> {
        let is_due = |open: &Open| all || open.bytes.len() >= FILE_BYTES || now_ms >= open.begun_ms + FILE_MS;
        let due: Vec<_> = self.open.extract_if(|_, open| is_due(open)).collect();
        due.into_iter()
            .map(|((variant, destination), open)| {
                let name = file_name(open.begun_ms, &mut self.rng);
                let to = destination.join(&format!("{}/{variant}/{name}", self.endpoint));
                CaptureFile { endpoint: self.endpoint.clone(), to, bytes: open.bytes }
            })
            .collect()
    }
}

/// `yyyy/mm/dd/hh/MM-SS-mmm-UUID.jsonl`.
fn file_name(at_ms: i64, rng: &mut Rng) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default().to_zoned(TimeZone::UTC);
    let (a, b) = (rng.next_u64(), rng.next_u64());
    format!(
        "{}-{:03}-{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}.jsonl",
        at.strftime("%Y/%m/%d/%H/%M-%S"),
        at.millisecond(),
        a >> 32,
        (a >> 16) & 0xFFFF,
        a & 0xFFF,
        ((b >> 48) & 0x3FFF) | 0x8000,
        b & 0xFFFF_FFFF_FFFF
    )
}

/// One request; `None` when a body that is wanted was too long to be kept.
fn line(record: &Record, wanted: &DataCapture) -> Option<Value> {
    let mut data = serde_json::Map::new();
    if wanted.input {
        data.insert("endpointInput".to_owned(), side(record.content_type(), "INPUT", record.request()?, wanted));
    }
    if wanted.output {
        data.insert("endpointOutput".to_owned(), side(record.answer_type(), "OUTPUT", record.answer()?, wanted));
    }
    let at = jiff::Timestamp::from_millisecond(record.at_ms()).unwrap_or_default();
    Some(json!({
        "captureData": data,
        "eventMetadata": {
            "eventId": record.id(),
            "inferenceId": record.id(),
            "inferenceTime": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        },
        "eventVersion": "0",
    }))
}

fn side(content_type: &str, mode: &str, bytes: &[u8], wanted: &DataCapture) -> Value {
    let name = content_type.split(';').next().unwrap_or_default().trim();
    let is_in = |list: &[String]| list.iter().any(|one| one.eq_ignore_ascii_case(name));
    let encoding = if is_in(&wanted.csv_content_types) {
        "CSV"
    } else if is_in(&wanted.json_content_types) {
        "JSON"
    } else {
        "BASE64"
    };
    let text = std::str::from_utf8(bytes).ok().filter(|_| encoding != "BASE64");
    let (data, encoding) = match text {
        Some(text) => (text.to_owned(), encoding),
        None => (STANDARD.encode(bytes), "BASE64"),
    };
    json!({ "observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding })
}

#[cfg(test)]
mod tests {
    use super::super::arms::{Arm, Arms, Source};
    use super::super::record::tests::{record, source};
    use super::*;
    use std::sync::Arc;

    fn captured_by(wanted: DataCapture) -> Arc<Source> {
        let plain = source(1, &[1.0]);
        let wanted = Some(Arc::new(wanted));
        let arms = plain.arms.iter().map(|arm| Arm { data_capture: wanted.clone(), ..arm.clone() });
        Arc::new(Source { arms: Arc::new(Arms::new(arms)), weights: Arc::clone(&plain.weights) })
    }

    fn fine() -> DataCapture {
        DataCapture::to(S3Uri::new("bucket", "captured"))
    }

    #[test]
    fn a_file_is_named_and_written_as_sagemaker_does() {
        let mut outbox = Outbox::new("live", 1);
        let source = captured_by(fine());
        // 2026-11-26 11:22:33.456 UTC.
        let at_ms = 1_795_692_153_456;
        let mut record = record(&source, "an-id", "1,2", "0.75");
        record.facts.at_ms = at_ms;
        outbox.put(&record, at_ms);
        outbox.put(&record, at_ms + 1);
        assert_eq!(outbox.take(at_ms + FILE_MS - 1, false), []);
        assert_eq!(outbox.due_ms(), Some(at_ms + FILE_MS));
        let file = outbox.take(at_ms + FILE_MS, false).pop().unwrap();
        let (folder, name) = file.to.key.rsplit_once('/').unwrap();
        assert_eq!(folder, "captured/live/A/2026/11/26/11");
        assert!(name.starts_with("22-33-456-") && name.ends_with("jsonl"), "{name}");
        assert_eq!(name.len(), "22-33-456-00000000-0000-0000-0000-000000000000.jsonl".len());
        let text = String::from_utf8(file.bytes).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        let side = |data: &str, mode: &str| json!({ "observedContentType": "text/csv", "mode": mode, "data": data, "encoding": "CSV" });
        let expected = json!({
            "captureData": { "endpointInput": side("1,2", "INPUT"), "endpointOutput": side("0.75", "OUTPUT") },
            "eventMetadata": { "eventId": "an-id", "inferenceId": "an-id", "inferenceTime": "2026-11-26T11:22:33Z" },
            "eventVersion": "0",
        });
        assert_eq!(lines[0], expected);
        assert_eq!((outbox.take(i64::MAX, true), outbox.due_ms()), (vec![], None));
    }

    #[test]
    fn what_is_no_text_or_in_no_list_is_in_base64() {
        let wanted = DataCapture { csv_content_types: vec![], input: false, ..fine() };
        let record = record(&captured_by(wanted.clone()), "i", "1", "2");
        let line = line(&record, &wanted).unwrap();
        assert_eq!(line["captureData"]["endpointInput"], Value::Null);
        assert_eq!(line["captureData"]["endpointOutput"]["data"], "Mg==");
        let side = side("text/csv", "INPUT", b"\xff", &fine());
        assert_eq!((&side["data"], &side["encoding"]), (&json!("/w=="), &json!("BASE64")));
    }

    #[test]
    fn a_share_of_the_requests_is_taken_and_off_means_none() {
        for (wanted, low, high) in [
            (DataCapture { sampling_percent: 30, ..fine() }, 230, 370),
            (DataCapture { sampling_percent: 0, ..fine() }, 0, 0),
            (DataCapture { enabled: false, ..fine() }, 0, 0),
        ] {
            let mut outbox = Outbox::new("live", 7);
            let record = record(&captured_by(wanted), "i", "1", "2");
            (0..1_000).for_each(|_| outbox.put(&record, 0));
            let lines = outbox
                .take(0, true)
                .iter()
                .map(|file| String::from_utf8_lossy(&file.bytes).lines().count())
                .sum::<usize>();
            assert!((low..=high).contains(&lines), "{lines}");
        }
    }
}
