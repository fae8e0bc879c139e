//! Where an endpoint's requests wait for the capture's thread: a bounded buffer of frames that never makes a request wait for room.
//!
//! The thread takes the whole buffer and leaves an empty one, so that in the long run nothing is allocated, and a request costs one copy
//! of what is kept of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::arms::Source;
use super::frame::write_request;
use super::record::Facts;

/// Requests that may wait for the thread.
const MOST: usize = 50_000;

/// Bytes of theirs that may wait.
const MOST_BYTES: usize = 32 << 20;

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Frames, one after the other, without their checksums.
    pub(super) frames: Vec<u8>,
    pub(super) requests: usize,
    /// The sources that the frames name by their numbers.
    pub(super) sources: Vec<Arc<Source>>,
}

/// What became of a request at the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// It waits.
    Waits,
    /// It waits, and half of the room has just been filled.
    HalfFull,
    /// There was no room.
    Refused,
}

/// See above.
#[derive(Debug, Default)]
pub(super) struct Inbox(Mutex<Waiting>);

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a request, whose pieces make up as many bytes as its facts say, if there is room.
    pub(super) fn push(&self, source: &Arc<Source>, facts: &Facts, pieces: &[&[u8]]) -> Put {
        let mut waiting = self.lock();
        if waiting.requests >= MOST || waiting.frames.len() >= MOST_BYTES {
            return Put::Refused;
        }
        let was_half_full = waiting.is_half_full();
        // Held once for all requests: a count of holders that changed with each of them would go back and forth between the cores.
        if !waiting.sources.iter().rev().any(|known| Arc::ptr_eq(known, source)) {
            waiting.sources.push(Arc::clone(source));
        }
        waiting.requests += 1;
        write_request(&mut waiting.frames, source.number, facts, pieces);
        if waiting.is_half_full() && !was_half_full { Put::HalfFull } else { Put::Waits }
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().requests == 0
    }

    /// Takes what waits, and leaves an emptied buffer.
    pub(super) fn swap(&self, emptied: &mut Waiting) {
        std::mem::swap(&mut *self.lock(), emptied);
    }
}

impl Waiting {
    fn is_half_full(&self) -> bool {
        self.requests >= MOST / 2 || self.frames.len() >= MOST_BYTES / 2
    }

    /// Keeps the room and nothing else.
    pub(super) fn clear(&mut self) {
        self.frames.clear();
        self.sources.clear();
        self.requests = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::framed;
    use super::super::frame::{seal, split_frame};
    use super::super::record::tests::{record, source};
    use super::*;

    #[test]
    fn a_full_one_refuses_and_never_waits() {
        let inbox = Inbox::default();
        let record = record(&source(1, &[1.0]), "i", "1", "2");
        let piece = vec![0; 1 << 20];
        let push = |pieces: &[&[u8]]| inbox.push(&record.source, &record.facts, pieces);
        let puts: Vec<Put> = std::iter::from_fn(|| Some(push(&[&piece])).filter(|put| *put != Put::Refused)).collect();
        let taken = puts.len();
        assert_eq!(taken, MOST_BYTES >> 20);
        let half: Vec<usize> = (0..taken).filter(|at| puts[*at] == Put::HalfFull).collect();
        assert_eq!(half, [taken / 2 - 1], "said once");
        let mut waiting = Waiting::default();
        inbox.swap(&mut waiting);
        assert_eq!((waiting.requests, waiting.sources.len()), (taken, 1));
        assert!(waiting.frames.len() >= MOST_BYTES && inbox.is_empty());
        assert_eq!(push(&[b"1"]), Put::Waits, "there is room again");
        for number in 2..=MOST {
            assert_eq!(push(&[]), if number == MOST / 2 { Put::HalfFull } else { Put::Waits });
        }
        assert!(push(&[]) == Put::Refused && !inbox.is_empty());
    }

    #[test]
    fn requests_stand_in_their_order_with_the_sources_that_they_name() {
        let inbox = Inbox::default();
        let (old, new) = (source(1, &[1.0]), source(2, &[1.0]));
        let records = [&old, &new, &old].map(|source| record(source, "i", "1", "2"));
        for record in &records {
            assert_eq!(inbox.push(&record.source, &record.facts, &[&record.bytes]), Put::Waits);
        }
        let mut waiting = Waiting::default();
        inbox.swap(&mut waiting);
        let mut rest = waiting.frames.as_mut_slice();
        for record in &records {
            let (frame, after) = split_frame(rest).unwrap();
            seal(frame);
            assert_eq!(frame, framed(record));
            rest = after;
        }
        let numbers: Vec<u32> = waiting.sources.iter().map(|source| source.number).collect();
        assert_eq!((rest.len(), numbers), (0, vec![old.number, new.number]));
        waiting.clear();
        assert!(waiting.frames.is_empty() && waiting.sources.is_empty() && waiting.frames.capacity() > 0);
    }
}
