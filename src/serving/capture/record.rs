//! One captured request. What has a length of its own (id, content types, bodies) stands in one piece of bytes.

use std::sync::Arc;

use super::super::window::Measured;
use super::arms::{Arm, Source};

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

/// All of a request but its source and its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) arm: u16,
    pub(super) drawn: bool,
    pub(super) status: u16,
    pub(super) rows: u32,
    pub(super) at_ms: i64,
    pub(super) latency_ns: u64,
    pub(super) sizes: Sizes,
}

impl Facts {
    /// Whether a body, or an answer that there was, is left out because it was too long.
    pub(super) fn lacks_a_body(&self) -> bool {
        self.sizes.request.is_none() || (self.status == 200 && self.sizes.answer.is_none())
    }
}

/// A captured request. `B` holds its bytes: id, content types and bodies, one after the other.
#[derive(Clone, Debug)]
pub struct Record<B = Box<[u8]>> {
    pub(super) source: Arc<Source>,
    pub(super) facts: Facts,
    pub(super) bytes: B,
}

impl Record<&[u8]> {
    /// A copy that stands for itself.
    pub(super) fn to_owned(&self) -> Record {
        Record { source: Arc::clone(&self.source), facts: self.facts, bytes: self.bytes.into() }
    }
}

impl<B: AsRef<[u8]>> Record<B> {
    pub(super) fn piece(&self, number: usize) -> &[u8] {
        let sizes = self.facts.sizes;
        let lengths = [
            usize::from(sizes.id),
            usize::from(sizes.content_type),
            usize::from(sizes.answer_type),
            sizes.request.unwrap_or(0) as usize,
            sizes.answer.unwrap_or(0) as usize,
        ];
        let begin: usize = lengths[..number].iter().sum();
        self.bytes.as_ref().get(begin..begin + lengths[number]).unwrap_or_default()
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
        self.source.arms.get(usize::from(self.facts.arm))
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

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::answers::Reading;
    use super::super::super::router::Weights;
    use super::super::arms::Arms;
    use super::*;
    use crate::ml::Task;

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
        Arc::new(Source::new(Arc::new(arms), Arc::new(Weights::new(weights, epoch).unwrap())))
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
            arm: 0,
            drawn: true,
            status: 200,
            rows: request.lines().count() as u32,
            at_ms: 1_000,
            latency_ns: 5_000,
            sizes,
        };
        Record { source: Arc::clone(source), facts, bytes: pieces.concat().into_bytes().into() }
    }
}
