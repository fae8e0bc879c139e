//! One captured request, in memory and on disk. What has a length of its own (id, content types, bodies) stands in one piece of bytes, so
//! that a request costs one copy and no allocation on its way to the disk.

use std::sync::Arc;

use super::super::answers::Reading;
use super::super::router::Weights;
use super::super::window::Measured;
use super::arms::{Arm, Arms, Source};
use crate::ml::Task;

/// The longest body, and the longest answer, that is kept. Longer ones are left out, and counted.
pub const KEPT_BYTES: usize = 64 * 1024;

/// Lengths of the pieces of a record's bytes, in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) id: u8,
    pub(super) content_type: u8,
    pub(super) answer_type: u8,
    pub(super) request: Option<u32>,
    pub(super) answer: Option<u32>,
}

impl Sizes {
    pub(super) fn total(self) -> usize {
        let short = usize::from(self.id) + usize::from(self.content_type) + usize::from(self.answer_type);
        short + self.request.unwrap_or(0) as usize + self.answer.unwrap_or(0) as usize
    }
}

/// All of a request but its bytes.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) source: Arc<Source>,
    pub(super) arm: u16,
    pub(super) drawn: bool,
    pub(super) status: u16,
    pub(super) rows: u32,
    pub(super) at_ms: i64,
    pub(super) latency_ns: u64,
    pub(super) sizes: Sizes,
}

/// A captured request.
#[derive(Clone, Debug)]
pub struct Record {
    pub(super) facts: Facts,
    pub(super) bytes: Box<[u8]>,
}

impl Record {
    fn piece(&self, number: usize) -> &[u8] {
        let sizes = self.facts.sizes;
        let lengths = [
            usize::from(sizes.id),
            usize::from(sizes.content_type),
            usize::from(sizes.answer_type),
            sizes.request.unwrap_or(0) as usize,
            sizes.answer.unwrap_or(0) as usize,
        ];
        let begin: usize = lengths[..number].iter().sum();
        self.bytes.get(begin..begin + lengths[number]).unwrap_or_default()
    }

    fn text(&self, number: usize) -> &str {
        // Headers are ASCII, and what the disk holds is under a checksum.
        std::str::from_utf8(self.piece(number)).unwrap_or_default()
    }

    /// The inference id.
    pub fn id(&self) -> &str {
        self.text(0)
    }

    /// `Content-Type` of the request; empty when it had none.
    pub fn content_type(&self) -> &str {
        self.text(1)
    }

    /// Media type of the answer; empty when there is none.
    pub fn answer_type(&self) -> &str {
        self.text(2)
    }

    /// The request's body; `None` when it was too long to be kept.
    pub fn request(&self) -> Option<&[u8]> {
        self.facts.sizes.request.map(|_| self.piece(3))
    }

    /// The answer; `None` when there was none or it was too long to be kept.
    pub fn answer(&self) -> Option<&[u8]> {
        self.facts.sizes.answer.map(|_| self.piece(4))
    }

    /// Who answered. `None` never happens but for a damaged file.
    pub fn arm(&self) -> Option<&Arm> {
        self.facts.source.arms.get(usize::from(self.facts.arm))
    }

    /// When it was answered, milliseconds since the Unix epoch.
    pub fn at_ms(&self) -> i64 {
        self.facts.at_ms
    }

    /// Rows predicted; 0 for a request without a prediction.
    pub fn rows(&self) -> usize {
        self.facts.rows as usize
    }

    /// What a meter makes of it.
    pub(super) fn measured(&self) -> Measured {
        Measured {
            at_ms: self.facts.at_ms,
            latency_ns: self.facts.latency_ns,
            overhead_ns: None,
            status: self.facts.status,
            rows: u64::from(self.facts.rows),
            bytes: u64::from(self.facts.sizes.answer.unwrap_or(0)),
            drawn: self.facts.drawn,
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> u16 {
        self.facts.status
    }

    /// From body to answer, nanoseconds.
    pub fn latency_ns(&self) -> u64 {
        self.facts.latency_ns
    }

    /// Whether the router drew the variant; `false` where the client had chosen it.
    pub fn is_drawn(&self) -> bool {
        self.facts.drawn
    }
}

/// What a label did, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Given {
    /// When it came, milliseconds since the Unix epoch.
    pub(super) at_ms: i64,
    /// One a row.
    pub(super) values: Vec<f64>,
}

/// A frame of a segment, read back. Sources are numbered within their segment.
#[derive(Debug)]
pub(super) enum Frame<'a> {
    /// A number stands for this source from here on.
    Source(u32, Source),
    /// A request. `bytes` are its pieces.
    Request { source: u32, facts: Bare, bytes: &'a [u8] },
    /// A label, and what came of it for each row: 1 and 0 for right and wrong, or the error.
    Label { source: u32, arm: u16, drawn: bool, id: &'a str, given: Given, scores: Vec<f64> },
}

/// [`Facts`] without a source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bare {
    arm: u16,
    drawn: bool,
    status: u16,
    rows: u32,
    at_ms: i64,
    latency_ns: u64,
    pub(super) sizes: Sizes,
}

impl Bare {
    pub(super) fn with(self, source: Arc<Source>) -> Facts {
        let Self { arm, drawn, status, rows, at_ms, latency_ns, sizes } = self;
        Facts { source, arm, drawn, status, rows, at_ms, latency_ns, sizes }
    }
}

const SOURCE: u8 = 1;
const REQUEST: u8 = 2;
const LABEL: u8 = 3;

/// Stands for a body that was not kept.
const NO_BODY: u32 = u32::MAX;

/// Appends a source's frame.
pub(super) fn write_source(out: &mut Vec<u8>, number: u32, source: &Source) {
    out.push(SOURCE);
    put(out, number.to_le_bytes());
    put(out, source.weights.epoch().to_le_bytes());
    put(out, count(source.arms.iter().len()));
    for (place, arm) in source.arms.iter().enumerate() {
        for text in [&*arm.variant, &*arm.model, &arm.artifact] {
            put_text(out, text);
        }
        // Where nothing can be drawn, a request may still have chosen its variant.
        put(out, source.weights.weights().get(place).copied().unwrap_or(0.0).to_le_bytes());
        let (task, classes) = match arm.reading.task {
            Task::Regression => (0, 0),
            Task::Binary => (1, 2),
            Task::Multiclass(classes) => (2, classes),
        };
        out.push(task);
        put(out, classes.to_le_bytes());
        put(out, arm.reading.threshold.to_le_bytes());
    }
}

/// Appends a request's frame.
pub(super) fn write_request(out: &mut Vec<u8>, number: u32, facts: &Facts, bytes: &[u8]) {
    let sizes = facts.sizes;
    out.push(REQUEST);
    put(out, number.to_le_bytes());
    put(out, facts.arm.to_le_bytes());
    out.push(u8::from(facts.drawn));
    put(out, facts.status.to_le_bytes());
    put(out, facts.rows.to_le_bytes());
    put(out, facts.at_ms.to_le_bytes());
    put(out, facts.latency_ns.to_le_bytes());
    out.extend_from_slice(&[sizes.id, sizes.content_type, sizes.answer_type]);
    put(out, sizes.request.unwrap_or(NO_BODY).to_le_bytes());
    put(out, sizes.answer.unwrap_or(NO_BODY).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Appends a label's frame.
pub(super) fn write_label(out: &mut Vec<u8>, number: u32, record: &Record, given: &Given, scores: &[f64]) {
    out.push(LABEL);
    put(out, number.to_le_bytes());
    put(out, record.facts.arm.to_le_bytes());
    out.push(u8::from(record.facts.drawn));
    put(out, given.at_ms.to_le_bytes());
    out.push(record.facts.sizes.id);
    out.extend_from_slice(record.piece(0));
    for numbers in [given.values.as_slice(), scores] {
        put(out, u32::try_from(numbers.len()).unwrap_or(0).to_le_bytes());
        for number in numbers {
            put(out, number.to_le_bytes());
        }
    }
}

fn put<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) {
    out.extend_from_slice(&bytes);
}

fn count(n: usize) -> [u8; 2] {
    u16::try_from(n).unwrap_or(u16::MAX).to_le_bytes()
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    let bytes = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
    put(out, count(bytes.len()));
    out.extend_from_slice(bytes);
}

/// Reads a frame; `None` for one that is none.
pub(super) fn read_frame(payload: &[u8]) -> Option<Frame<'_>> {
    let mut rest = payload;
    let kind = u8::from_le_bytes(take(&mut rest)?);
    let source = u32::from_le_bytes(take(&mut rest)?);
    Some(match kind {
        SOURCE => Frame::Source(source, read_source(&mut rest)?),
        REQUEST => {
            let mut facts = Bare {
                arm: u16::from_le_bytes(take(&mut rest)?),
                drawn: u8::from_le_bytes(take(&mut rest)?) != 0,
                status: u16::from_le_bytes(take(&mut rest)?),
                rows: u32::from_le_bytes(take(&mut rest)?),
                at_ms: i64::from_le_bytes(take(&mut rest)?),
                latency_ns: u64::from_le_bytes(take(&mut rest)?),
                sizes: Sizes::default(),
            };
            let [id, content_type, answer_type] = take(&mut rest)?;
            let request = Some(u32::from_le_bytes(take(&mut rest)?)).filter(|length| *length != NO_BODY);
            let answer = Some(u32::from_le_bytes(take(&mut rest)?)).filter(|length| *length != NO_BODY);
            facts.sizes = Sizes { id, content_type, answer_type, request, answer };
            (facts.sizes.total() == rest.len()).then_some(Frame::Request { source, facts, bytes: rest })?
        }
        LABEL => {
            let arm = u16::from_le_bytes(take(&mut rest)?);
            let drawn = u8::from_le_bytes(take(&mut rest)?) != 0;
            let at_ms = i64::from_le_bytes(take(&mut rest)?);
            let [length] = take(&mut rest)?;
            let id = std::str::from_utf8(rest.split_off(..usize::from(length))?).ok()?;
            let values = read_numbers(&mut rest)?;
            let scores = read_numbers(&mut rest)?;
            Frame::Label { source, arm, drawn, id, given: Given { at_ms, values }, scores }
        }
        _ => return None,
    })
}

fn read_source(rest: &mut &[u8]) -> Option<Source> {
    let epoch = u64::from_le_bytes(take(rest)?);
    let arms = u16::from_le_bytes(take(rest)?);
    let mut all = Vec::new();
    let mut weights = Vec::new();
    for _ in 0..arms {
        let (variant, model, artifact) = (read_text(rest)?, read_text(rest)?, read_text(rest)?);
        weights.push(f64::from_le_bytes(take(rest)?));
        let [task] = take(rest)?;
        let classes = u32::from_le_bytes(take(rest)?);
        let task = match task {
            0 => Task::Regression,
            1 => Task::Binary,
            _ => Task::Multiclass(classes),
        };
        let reading = Reading { task, threshold: f64::from_le_bytes(take(rest)?) };
        all.push(Arm {
            variant: variant.into(),
            model: model.into(),
            artifact: artifact.to_owned(),
            reading,
            meter: None,
            data_capture: None,
        });
    }
    Some(Source { arms: Arc::new(Arms::new(all)), weights: Arc::new(Weights::new(&weights, epoch).ok()?) })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    rest.split_off(..N)?.try_into().ok()
}

fn read_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = u16::from_le_bytes(take(rest)?);
    std::str::from_utf8(rest.split_off(..usize::from(length))?).ok()
}

fn read_numbers(rest: &mut &[u8]) -> Option<Vec<f64>> {
    let n = u32::from_le_bytes(take(rest)?) as usize;
    let bytes = rest.split_off(..n.checked_mul(8)?)?;
    Some(bytes.as_chunks::<8>().0.iter().map(|eight| f64::from_le_bytes(*eight)).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn source(epoch: u64, weights: &[f64]) -> Arc<Source> {
        let arm = |at: usize| Arm {
            variant: ["A", "B", "C"][at].into(),
            model: format!("m{at}").into(),
            artifact: format!("/fleets/m{at}.tar.gz"),
            reading: Reading { task: Task::Binary, threshold: 0.5 },
            meter: None,
            data_capture: None,
        };
        let arms = Arms::new((0..weights.len()).map(arm));
        Arc::new(Source { arms: Arc::new(arms), weights: Arc::new(Weights::new(weights, epoch).unwrap()) })
    }

    /// A good answer of the first arm.
    pub(in super::super) fn record(source: &Arc<Source>, id: &str, request: &str, answer: &str) -> Record {
        let pieces = [id, "text/csv", "text/csv", request, answer];
        let sizes = Sizes {
            id: id.len() as u8,
            content_type: 8,
            answer_type: 8,
            request: Some(request.len() as u32),
            answer: Some(answer.len() as u32),
        };
        let facts = Facts {
            source: Arc::clone(source),
            arm: 0,
            drawn: true,
            status: 200,
            rows: request.lines().count() as u32,
            at_ms: 1_000,
            latency_ns: 5_000,
            sizes,
        };
        Record { facts, bytes: pieces.concat().into_bytes().into() }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let source = source(7, &[1.0, 3.0]);
        let mut record = record(&source, "an-id", "1,2", "0.75");
        record.facts.arm = 1;
        let mut out = Vec::new();
        write_source(&mut out, 4, &source);
        let Some(Frame::Source(4, back)) = read_frame(&out) else { panic!("{:?}", read_frame(&out)) };
        assert_eq!((back.weights.epoch(), back.weights.probabilities()), (7, [0.25, 0.75].as_slice()));
        assert_eq!(back.arms.get(1).unwrap().artifact, "/fleets/m1.tar.gz");
        assert_eq!(back.arms.get(1).unwrap().reading, source.arms.get(1).unwrap().reading);

        out.clear();
        write_request(&mut out, 4, &record.facts, &record.bytes);
        let Some(Frame::Request { source: 4, facts, bytes }) = read_frame(&out) else { panic!("no request") };
        let read = Record { facts: facts.with(Arc::new(back.clone())), bytes: bytes.into() };
        assert_eq!((read.id(), read.content_type(), read.answer_type()), ("an-id", "text/csv", "text/csv"));
        assert_eq!((read.request(), read.answer()), (Some(b"1,2".as_slice()), Some(b"0.75".as_slice())));
        assert_eq!((&*read.arm().unwrap().variant, read.is_drawn(), read.status()), ("B", true, 200));

        out.clear();
        let given = Given { at_ms: 9, values: vec![1.0, f64::MAX] };
        write_label(&mut out, 4, &record, &given, &[1.0, 0.0]);
        match read_frame(&out) {
            Some(Frame::Label { source: 4, arm: 1, drawn: true, id: "an-id", given: read, scores }) => {
                assert_eq!((read, scores), (given, vec![1.0, 0.0]));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_body_that_was_not_kept_is_told_from_an_empty_one() {
        let source = source(1, &[1.0]);
        let mut record = record(&source, "i", "", "");
        assert_eq!((record.request(), record.answer()), (Some(b"".as_slice()), Some(b"".as_slice())));
        record.facts.sizes.request = None;
        let mut out = Vec::new();
        write_request(&mut out, 0, &record.facts, &record.bytes);
        let Some(Frame::Request { facts, .. }) = read_frame(&out) else { panic!("no request") };
        assert_eq!((facts.sizes.request, facts.sizes.answer), (None, Some(0)));
    }

    #[test]
    fn every_cut_of_a_frame_is_refused_and_none_panics() {
        let source = source(7, &[1.0, 3.0]);
        let record = record(&source, "an-id", "1,2", "0.75");
        let mut frames = vec![Vec::new(), Vec::new(), Vec::new()];
        write_source(&mut frames[0], 4, &source);
        write_request(&mut frames[1], 4, &record.facts, &record.bytes);
        write_label(&mut frames[2], 4, &record, &Given { at_ms: 9, values: vec![1.0] }, &[1.0]);
        for frame in frames {
            for cut in 0..frame.len() {
                assert!(read_frame(&frame[..cut]).is_none(), "{cut} of {}", frame.len());
            }
        }
    }
}
