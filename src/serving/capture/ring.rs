//! The newest requests in memory, to be found by their inference ids when labels come.
//!
//! They lie as frames in blocks that are used again: keeping a request is one copy, and allocates nothing. Their ids are looked at when
//! the first label comes after them, since requests come at any rate and most labels never.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::Arc;

use super::super::versus::Echo;
use super::arms::Source;
use super::frame::{HEAD, read_request};
use super::record::{Given, Record};

/// Requests that are kept.
const MOST: usize = 50_000;

/// Bytes of theirs that are kept.
const MOST_BYTES: usize = 32 << 20;

/// A block of this size takes no more; its last frame may reach beyond.
const BLOCK_BYTES: usize = 256 << 10;

/// A request that stands for itself, and its label.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) given: Option<Given>,
}

/// A request in the ring, and its label.
pub(super) type Held<'a> = (Record<&'a [u8]>, Option<&'a Given>);

/// Newest last. A request's place counts in the whole stream.
#[derive(Debug, Default)]
pub(super) struct Ring {
    blocks: VecDeque<Block>,
    /// A block that was emptied.
    spare: Block,
    /// Place of the oldest request that is kept, how many there are, and the bytes of their frames and of
    /// their echoes.
    first: u64,
    count: usize,
    bytes: usize,
    /// Hash of an id → place of the newest request that has it, for all before `looked_at`; some of them may have left. Two ids of one hash
    /// are told apart by looking.
    places: HashMap<u64, u64, BuildHasherDefault<AsItIs>>,
    looked_at: u64,
    hasher: RandomState,
    /// What shadow variants answered to the requests at these places, until their labels come.
    echoes: HashMap<u64, Vec<Echo>>,
}

#[derive(Debug, Default)]
struct Block {
    /// Place of its first request.
    begin: u64,
    frames: Vec<u8>,
    /// Where each request's frame ends.
    ends: Vec<u32>,
    /// What the frames name by number.
    sources: Vec<Arc<Source>>,
    /// One a request, or none at all as long as none has a label.
    given: Vec<Option<Given>>,
}

/// Of keys that are hashes already.
#[derive(Clone, Copy, Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl Ring {
    /// Appends a request by its frame; the oldest leave where there is no room.
    pub(super) fn push(&mut self, frame: &[u8], source: &Arc<Source>) {
        let place = self.first + self.count as u64;
        if self.blocks.back().is_none_or(|last| last.frames.len() >= BLOCK_BYTES) {
            let mut block = std::mem::take(&mut self.spare);
            block.begin = place;
            self.blocks.push_back(block);
        }
        let Some(block) = self.blocks.back_mut() else { return };
        block.push(frame, source);
        self.count += 1;
        self.bytes += frame.len();
        while self.count > MOST || self.bytes > MOST_BYTES {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some(oldest) = self.blocks.front() else { return };
        let (begin, end) = oldest.span((self.first - oldest.begin) as usize);
        self.bytes -= end - begin;
        let is_last = end == oldest.frames.len();
        if !self.echoes.is_empty() {
            self.take_echoes(self.first);
        }
        self.first += 1;
        self.count -= 1;
        if is_last && let Some(mut block) = self.blocks.pop_front() {
            block.clear();
            self.spare = block;
        }
    }

    /// The place of the newest request with this id.
    pub(super) fn find(&mut self, id: &str) -> Option<u64> {
        self.look();
        let place = *self.places.get(&self.hasher.hash_one(id.as_bytes()))?;
        self.at(place).is_some_and(|(record, _)| record.id() == id).then_some(place)
    }

    /// Notes the ids of the requests that have come since the last time.
    fn look(&mut self) {
        let end = self.first + self.count as u64;
        for place in self.looked_at.max(self.first)..end {
            let Some(block) = block(&self.blocks, place) else { continue };
            let Some((record, _)) = block.at(place) else { continue };
            let id = record.id().as_bytes();
            if !id.is_empty() {
                self.places.insert(self.hasher.hash_one(id), place);
            }
        }
        self.looked_at = end;
        // Those that have left are few in the long run, and forgetting them costs each of the others little.
        if self.places.len() > 2 * self.count + 1_000 {
            self.places.retain(|_, place| *place >= self.first);
        }
    }

    /// The request at a place; `None` when it has left.
    pub(super) fn at(&self, place: u64) -> Option<Held<'_>> {
        if place < self.first {
            return None;
        }
        block(&self.blocks, place)?.at(place)
    }

    /// Keeps the label of the request at a place.
    pub(super) fn give(&mut self, place: u64, given: Given) {
        let after = self.blocks.partition_point(|block| block.begin <= place);
        let Some(block) = after.checked_sub(1).and_then(|at| self.blocks.get_mut(at)) else { return };
        block.given.resize(block.ends.len(), None);
        if let Some(label) = block.given.get_mut((place - block.begin) as usize) {
            *label = Some(given);
        }
    }

    /// Keeps what a shadow variant answered to the request at a place, until its label comes.
    pub(super) fn keep(&mut self, place: u64, echo: Echo) {
        self.bytes += echo.body.len();
        self.echoes.entry(place).or_default().push(echo);
    }

    /// Takes what shadow variants answered to the request at a place.
    pub(super) fn take_echoes(&mut self, place: u64) -> Vec<Echo> {
        let echoes = self.echoes.remove(&place).unwrap_or_default();
        self.bytes -= echoes.iter().map(|echo| echo.body.len()).sum::<usize>();
        echoes
    }

    /// Whether a request has had to leave.
    pub(super) fn is_partial(&self) -> bool {
        self.first > 0
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Held<'_>> {
        (self.first..self.first + self.count as u64).filter_map(|place| self.at(place))
    }
}

fn block(blocks: &VecDeque<Block>, place: u64) -> Option<&Block> {
    blocks.get(blocks.partition_point(|block| block.begin <= place).checked_sub(1)?)
}

impl Block {
    fn push(&mut self, frame: &[u8], source: &Arc<Source>) {
        if self.sources.last().is_none_or(|last| !Arc::ptr_eq(last, source))
            && !self.sources.iter().any(|known| Arc::ptr_eq(known, source))
        {
            self.sources.push(Arc::clone(source));
        }
        self.frames.extend_from_slice(frame);
        self.ends.push(u32::try_from(self.frames.len()).unwrap_or(u32::MAX));
    }

    /// Where a request's frame begins and ends, by its number in the block.
    fn span(&self, number: usize) -> (usize, usize) {
        let end = |number: usize| self.ends.get(number).map_or(self.frames.len(), |end| *end as usize);
        (number.checked_sub(1).map_or(0, end), end(number))
    }

    fn at(&self, place: u64) -> Option<Held<'_>> {
        let number = usize::try_from(place.checked_sub(self.begin)?).ok()?;
        let (begin, end) = self.span(number);
        let (source, facts, bytes) = read_request(self.frames.get(begin + HEAD..end)?)?;
        let source = Arc::clone(self.sources.iter().rev().find(|known| known.number == source)?);
        Some((Record { source, facts, bytes }, self.given.get(number).and_then(Option::as_ref)))
    }

    fn clear(&mut self) {
        self.frames.clear();
        self.ends.clear();
        self.sources.clear();
        self.given.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::framed;
    use super::super::record::tests::{record, source};
    use super::*;

    fn push(ring: &mut Ring, source: &Arc<Source>, id: &str, request: &str) {
        ring.push(&framed(&record(source, id, request, "2")), source);
    }

    fn found<'a>(ring: &'a mut Ring, id: &str) -> Option<Held<'a>> {
        let place = ring.find(id)?;
        ring.at(place)
    }

    #[test]
    fn the_newest_are_found_by_id() {
        let source = source(1, &[1.0]);
        let mut ring = Ring::default();
        for number in 0..MOST + 10 {
            push(&mut ring, &source, &number.to_string(), "1");
        }
        assert!(ring.find("9").is_none() && ring.is_partial());
        assert_eq!(found(&mut ring, "10").unwrap().0.id(), "10");
        assert_eq!(ring.iter().count(), MOST);
        let place = ring.find("11").unwrap();
        ring.give(place, Given { at_ms: 1, values: vec![] });
        assert!(found(&mut ring, "11").unwrap().1.is_some() && found(&mut ring, "12").unwrap().1.is_none());
        push(&mut ring, &source, "11", "3");
        assert!(found(&mut ring, "11").unwrap().1.is_none(), "an id that comes again means the newer request");
        assert!(ring.at(place).is_some_and(|(_, given)| given.is_some()), "and the older one keeps its label");
        push(&mut ring, &source, "", "3");
        assert!(ring.find("").is_none(), "no id is no name");
    }

    #[test]
    fn long_bodies_take_the_room_of_many() {
        let source = source(1, &[1.0]);
        let mut ring = Ring::default();
        let long = "1".repeat(64 * 1024);
        for number in 0..1_000 {
            push(&mut ring, &source, &number.to_string(), &long);
        }
        assert!(ring.bytes <= MOST_BYTES && ring.iter().count() > 400, "{}", ring.iter().count());
        assert!(ring.find("0").is_none() && ring.find("999").is_some());
        assert!(ring.places.len() == ring.iter().count());
        let held: usize = ring.blocks.iter().map(|block| block.frames.len()).sum();
        assert!(held <= ring.bytes + 2 * BLOCK_BYTES, "a block goes when its last request does");
    }

    #[test]
    fn each_request_is_of_its_own_source_and_those_that_left_are_forgotten() {
        let sources = [source(1, &[1.0]), source(2, &[1.0])];
        let mut ring = Ring::default();
        for round in 0..4 {
            for number in 0..MOST {
                push(&mut ring, &sources[number % 2], &format!("{round}-{number}"), "1");
            }
            for number in [0, 1, MOST - 1] {
                let (record, _) = found(&mut ring, &format!("{round}-{number}")).unwrap();
                assert!(Arc::ptr_eq(&record.source, &sources[number % 2]), "{round}-{number}");
            }
        }
        assert!(ring.find("2-49999").is_none());
        assert!(ring.places.len() <= 2 * MOST + 1_000, "{}", ring.places.len());
        let held = sources.iter().map(Arc::strong_count).sum::<usize>();
        assert!(held <= 2 * (ring.blocks.len() + 1), "held by blocks, not by requests: {held}");
    }
}
