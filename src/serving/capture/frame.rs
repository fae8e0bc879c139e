//! Records as the disk has them: frames with a length and a checksum. A request's frame is made once, on its way into the capture
//! ([`write_request`]); memory and disk keep it as it is.

use std::sync::Arc;

use super::super::answers::Reading;
use super::super::router::Weights;
use super::arms::{Arm, Arms, Source};
use super::record::{Facts, Given, Record, Sizes};
use crate::ml::Task;

/// What a frame says, read back.
#[derive(Debug)]
pub(super) enum Frame<'a> {
    /// A number stands for this source from here on.
    Source(u32, Source),
    /// A request. `bytes` are its pieces.
    Request { source: u32, facts: Facts, bytes: &'a [u8] },
    /// A label, and what came of it for each row: 1 and 0 for right and wrong, or the error.
    Label { source: u32, arm: u16, drawn: bool, id: &'a str, given: Given, scores: Vec<f64> },
}

const SOURCE: u8 = 1;
const REQUEST: u8 = 2;
const LABEL: u8 = 3;

/// Stands for a body that was not kept.
const NO_BODY: u32 = u32::MAX;

/// Bytes of a frame before what it says: how many those are, and their checksum.
pub(super) const HEAD: usize = 8;

/// Bytes of a request's frame before its pieces.
const BEFORE_PIECES: usize = HEAD + 41;

/// Appends a frame, sealed.
fn frame(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let begin = out.len();
    out.extend_from_slice(&[0; HEAD]);
    write(out);
    let length = u32::try_from(out.len() - begin - HEAD).unwrap_or(u32::MAX);
    out[begin..begin + 4].copy_from_slice(&length.to_le_bytes());
    seal(&mut out[begin..]);
}

/// Writes the checksum into a frame that is whole but for that.
pub(super) fn seal(frame: &mut [u8]) {
    let (head, said) = frame.split_at_mut(HEAD);
    head[4..].copy_from_slice(&crc32fast::hash(said).to_le_bytes());
}

/// The first frame, and what follows it; `None` where there is no whole one.
pub(super) fn split_frame(frames: &mut [u8]) -> Option<(&mut [u8], &mut [u8])> {
    let length = u32::from_le_bytes(*frames.first_chunk()?) as usize;
    frames.split_at_mut_checked(HEAD + length)
}

/// Appends a source's frame.
pub(super) fn write_source(out: &mut Vec<u8>, source: &Source) {
    frame(out, |out| {
        out.push(SOURCE);
        put(out, source.number.to_le_bytes());
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
    });
}

/// Appends a request's frame but for its checksum ([`seal`]): whoever answers requests has no time for that. The pieces make up as many
/// bytes as the facts say.
pub(super) fn write_request(out: &mut Vec<u8>, source: u32, facts: &Facts, pieces: &[&[u8]]) {
    let Facts { arm, drawn, status, rows, at_ms, latency_ns, sizes } = *facts;
    let total = BEFORE_PIECES + sizes.total();
    let mut before = [0; BEFORE_PIECES];
    let mut at = 0;
    let mut set = |bytes: &[u8]| {
        before[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    set(&u32::try_from(total - HEAD).unwrap_or(u32::MAX).to_le_bytes());
    set(&[0; 4]);
    set(&[REQUEST]);
    set(&source.to_le_bytes());
    set(&arm.to_le_bytes());
    set(&[u8::from(drawn)]);
    set(&status.to_le_bytes());
    set(&rows.to_le_bytes());
    set(&at_ms.to_le_bytes());
    set(&latency_ns.to_le_bytes());
    set(&[sizes.id, sizes.content_type, sizes.answer_type]);
    set(&sizes.request.unwrap_or(NO_BODY).to_le_bytes());
    set(&sizes.answer.unwrap_or(NO_BODY).to_le_bytes());
    out.reserve(total);
    out.extend_from_slice(&before);
    for piece in pieces {
        out.extend_from_slice(piece);
    }
}

/// Appends a label's frame.
pub(super) fn write_label(out: &mut Vec<u8>, record: &Record<impl AsRef<[u8]>>, given: &Given, scores: &[f64]) {
    frame(out, |out| {
        out.push(LABEL);
        put(out, record.source.number.to_le_bytes());
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
    });
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

/// Reads what a frame says; `None` where it makes no sense.
pub(super) fn read_frame(said: &[u8]) -> Option<Frame<'_>> {
    if let Some((source, facts, bytes)) = read_request(said) {
        return Some(Frame::Request { source, facts, bytes });
    }
    let mut rest = said;
    let kind = u8::from_le_bytes(take(&mut rest)?);
    let source = u32::from_le_bytes(take(&mut rest)?);
    Some(match kind {
        SOURCE => Frame::Source(source, read_source(&mut rest)?),
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

/// The number of a request's source, its facts and its pieces; `None` where it is none.
pub(super) fn read_request(said: &[u8]) -> Option<(u32, Facts, &[u8])> {
    let mut rest = said;
    let [kind] = take(&mut rest)?;
    if kind != REQUEST {
        return None;
    }
    let source = u32::from_le_bytes(take(&mut rest)?);
    let mut facts = Facts {
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
    (facts.sizes.total() == rest.len()).then_some((source, facts, rest))
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
    Some(Source::new(Arc::new(Arms::new(all)), Arc::new(Weights::new(&weights, epoch).ok()?)))
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
    use super::super::record::tests::{record, source};
    use super::*;

    /// Its frame, sealed.
    pub(in super::super) fn framed(record: &Record) -> Vec<u8> {
        let mut out = Vec::new();
        write_request(&mut out, record.source.number, &record.facts, &[&record.bytes]);
        seal(&mut out);
        out
    }

    /// What a frame says; its length and checksum must be right.
    fn said(frame: &[u8]) -> &[u8] {
        let (head, said) = frame.split_at(HEAD);
        assert_eq!(head[..4], (said.len() as u32).to_le_bytes());
        assert_eq!(head[4..], crc32fast::hash(said).to_le_bytes());
        said
    }

    #[test]
    fn what_is_written_is_read_back() {
        let source = source(7, &[1.0, 3.0]);
        let mut record = record(&source, "an-id", "1,2", "0.75");
        record.facts.arm = 1;
        let mut out = Vec::new();
        write_source(&mut out, &source);
        let Some(Frame::Source(number, back)) = read_frame(said(&out)) else { panic!("{:?}", read_frame(said(&out))) };
        assert_eq!(number, source.number);
        assert_eq!((back.weights.epoch(), back.weights.probabilities()), (7, [0.25, 0.75].as_slice()));
        assert_eq!(back.arms.get(1).unwrap().artifact, "/fleets/m1.tar.gz");
        assert_eq!(back.arms.get(1).unwrap().reading, source.arms.get(1).unwrap().reading);

        out = framed(&record);
        let Some(Frame::Request { source: of, facts, bytes }) = read_frame(said(&out)) else { panic!("no request") };
        assert_eq!(of, number);
        let read = Record { source: Arc::new(back), facts, bytes };
        assert_eq!((read.id(), read.content_type(), read.answer_type()), ("an-id", "text/csv", "text/csv"));
        assert_eq!((read.request(), read.answer()), (Some(b"1,2".as_slice()), Some(b"0.75".as_slice())));
        assert_eq!((&*read.arm().unwrap().variant, read.is_drawn(), read.status()), ("B", true, 200));

        out.clear();
        let given = Given { at_ms: 9, values: vec![1.0, f64::MAX] };
        write_label(&mut out, &record, &given, &[1.0, 0.0]);
        match read_frame(said(&out)) {
            Some(Frame::Label { source: of, arm: 1, drawn: true, id: "an-id", given: read, scores }) => {
                assert_eq!((of, read, scores), (number, given, vec![1.0, 0.0]));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn frames_are_split_off_one_by_one() {
        let source = source(7, &[1.0]);
        let frames = ["a", "bc"].map(|id| framed(&record(&source, id, "1,2", "0.75")));
        let mut all = frames.concat();
        let (first, rest) = split_frame(&mut all).unwrap();
        assert_eq!(first, frames[0]);
        let mut cut = rest[..frames[1].len() - 1].to_vec();
        assert!(split_frame(&mut cut).is_none());
        let (second, rest) = split_frame(rest).unwrap();
        assert_eq!(second, frames[1]);
        assert!(split_frame(rest).is_none());
    }

    #[test]
    fn a_body_that_was_not_kept_is_told_from_an_empty_one() {
        let source = source(1, &[1.0]);
        let mut record = record(&source, "i", "", "");
        assert_eq!((record.request(), record.answer()), (Some(b"".as_slice()), Some(b"".as_slice())));
        record.facts.sizes.request = None;
        let Some((_, facts, _)) = read_request(&framed(&record)[HEAD..]) else { panic!("no request") };
        assert_eq!((facts.sizes.request, facts.sizes.answer), (None, Some(0)));
    }

    #[test]
    fn every_cut_of_a_frame_is_refused_and_none_panics() {
        let source = source(7, &[1.0, 3.0]);
        let record = record(&source, "an-id", "1,2", "0.75");
        let mut frames = vec![framed(&record), Vec::new(), Vec::new()];
        write_source(&mut frames[1], &source);
        write_label(&mut frames[2], &record, &Given { at_ms: 9, values: vec![1.0] }, &[1.0]);
        for frame in frames {
            let said = said(&frame);
            for cut in 0..said.len() {
                assert!(read_frame(&said[..cut]).is_none(), "{cut} of {}", said.len());
            }
        }
    }
}
