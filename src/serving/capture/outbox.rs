//! SageMaker's data capture: lines of JSON, collected into files of a few seconds each, and handed over to whoever keeps the buckets.
//!
//! A line is what SageMaker writes: `captureData` with both directions, `eventMetadata` with the inference id (which is the event's id
//! here, so that ground truth that names either finds its request) and the time, `eventVersion` "0". A file is called
//! `PREFIX/ENDPOINT/VARIANT/yyyy/mm/dd/hh/MM-SS-mmm-UUID.jsonl` by the time of its first line.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use serde::Serialize;

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

/// The files of one endpoint that are being filled, one for each variant and destination.
#[derive(Debug)]
pub(super) struct Outbox {
    endpoint: String,
    open: Vec<Open>,
    rng: Rng,
    /// The second of the newest line, in words.
    time: (i64, String),
}

#[derive(Debug)]
struct Open {
    variant: Arc<str>,
    destination: S3Uri,
    begun_ms: i64,
    bytes: Vec<u8>,
}

impl Outbox {
    pub(super) fn new(endpoint: &str, seed: u64) -> Self {
        Self { endpoint: endpoint.to_owned(), open: Vec::new(), rng: Rng::new(seed), time: (0, in_words(0)) }
    }

    /// Writes a request's line, if its fleet wants it and the draw takes it.
    pub(super) fn put(&mut self, record: &Record<&[u8]>, now_ms: i64) {
        // SageMaker captures what was answered.
        let Some(arm) = record.arm().filter(|_| record.status() == 200) else { return };
        let Some(wanted) = arm.data_capture.as_ref().filter(|wanted| wanted.enabled) else { return };
        if self.rng.below(100) >= usize::from(wanted.sampling_percent) {
            return;
        }
        let second = record.at_ms().div_euclid(1_000);
        if self.time.0 != second {
            self.time = (second, in_words(second));
        }
        let Some(line) = line(record, wanted, &self.time.1) else { return };
        let is_it = |open: &Open| open.variant == arm.variant && open.destination == wanted.destination;
        let at = self.open.iter().position(is_it).unwrap_or_else(|| {
            let (variant, destination) = (Arc::clone(&arm.variant), wanted.destination.clone());
            self.open.push(Open { variant, destination, begun_ms: now_ms, bytes: Vec::new() });
            self.open.len() - 1
        });
        // A line of strings can always be written.
        let bytes = &mut self.open[at].bytes;
        if serde_json::to_writer(&mut *bytes, &line).is_ok() {
            bytes.push(b'\n');
        }
    }

    /// When the oldest file is due, milliseconds since the Unix epoch.
    pub(super) fn due_ms(&self) -> Option<i64> {
        self.open.iter().map(|open| open.begun_ms + FILE_MS).min()
    }

    /// Takes out the files that are due, or all of them.
    pub(super) fn take(&mut self, now_ms: i64, all: bool) -> Vec<CaptureFile> {
        let is_due = |open: &mut Open| all || open.bytes.len() >= FILE_BYTES || now_ms >= open.begun_ms + FILE_MS;
        let due: Vec<Open> = self.open.extract_if(.., is_due).collect();
        due.into_iter()
            .map(|Open { variant, destination, begun_ms, bytes }| {
                let name = file_name(begun_ms, &mut self.rng);
                let to = destination.join(&format!("{}/{variant}/{name}", self.endpoint));
                CaptureFile { endpoint: self.endpoint.clone(), to, bytes }
            })
            .collect()
    }
}

/// `2026-11-26T11:22:33Z`.
fn in_words(second: i64) -> String {
    jiff::Timestamp::from_second(second).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
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

/// A line, member by member as SageMaker has them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    capture_data: Sides<'a>,
    event_metadata: Event<'a>,
    event_version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sides<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint_input: Option<Side<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint_output: Option<Side<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Side<'a> {
    observed_content_type: &'a str,
    mode: &'static str,
    data: Cow<'a, str>,
    encoding: &'static str,
}

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "eventId")]
    id: &'a str,
    #[serde(rename = "inferenceId")]
    inference: &'a str,
    #[serde(rename = "inferenceTime")]
    time: &'a str,
}

/// One request; `None` when a body that is wanted was too long to be kept.
fn line<'a>(record: &'a Record<&[u8]>, wanted: &DataCapture, time: &'a str) -> Option<Line<'a>> {
    let (mut endpoint_input, mut endpoint_output) = (None, None);
    if wanted.input {
        endpoint_input = Some(side(record.content_type(), "INPUT", record.request()?, wanted));
    }
    if wanted.output {
        endpoint_output = Some(side(record.answer_type(), "OUTPUT", record.answer()?, wanted));
    }
    Some(Line {
        capture_data: Sides { endpoint_input, endpoint_output },
        event_metadata: Event { id: record.id(), inference: record.id(), time },
        event_version: "0",
    })
}

fn side<'a>(observed_content_type: &'a str, mode: &'static str, bytes: &'a [u8], wanted: &DataCapture) -> Side<'a> {
    let name = observed_content_type.split(';').next().unwrap_or_default().trim();
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
        Some(text) => (Cow::Borrowed(text), encoding),
        None => (Cow::Owned(STANDARD.encode(bytes)), "BASE64"),
    };
    Side { observed_content_type, mode, data, encoding }
}

#[cfg(test)]
mod tests {
    use super::super::arms::{Arm, Arms, Source};
    use super::super::record::tests::{record, source};
    use super::*;
    use serde_json::{Value, json};

    fn captured_by(wanted: DataCapture) -> Arc<Source> {
        let plain = source(1, &[1.0]);
        let wanted = Some(Arc::new(wanted));
        let arms = plain.arms.iter().map(|arm| Arm { data_capture: wanted.clone(), ..arm.clone() });
        Arc::new(Source::new(Arc::new(Arms::new(arms)), Arc::clone(&plain.weights)))
    }

    fn lent(record: &Record) -> Record<&[u8]> {
        Record { source: Arc::clone(&record.source), facts: record.facts, bytes: &record.bytes }
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
        outbox.put(&lent(&record), at_ms);
        outbox.put(&lent(&record), at_ms + 1);
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
        let record = lent(&record);
        let line = serde_json::to_value(line(&record, &wanted, "").unwrap()).unwrap();
        assert_eq!(line["captureData"]["endpointInput"], Value::Null);
        assert_eq!(line["captureData"]["endpointOutput"]["data"], "Mg==");
        let side = side("text/csv", "INPUT", b"\xff", &fine());
        assert_eq!((&*side.data, side.encoding), ("/w==", "BASE64"));
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
            (0..1_000).for_each(|_| outbox.put(&lent(&record), 0));
            let lines = outbox
                .take(0, true)
                .iter()
                .map(|file| String::from_utf8_lossy(&file.bytes).lines().count())
                .sum::<usize>();
            assert!((low..=high).contains(&lines), "{lines}");
        }
    }
}
