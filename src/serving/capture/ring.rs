//! The newest requests in memory, to be found by their inference ids when labels come.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use super::super::versus::Echo;
use super::record::{Given, Record};

/// Requests that are kept.
const MOST: usize = 50_000;

/// Bytes of theirs that are kept.
const MOST_BYTES: usize = 32 << 20;

/// A request and its label.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) given: Option<Given>,
    /// What shadow variants answered, until the label comes.
    pub(super) echoes: Vec<Echo>,
    /// Bytes of all echoes that came.
    echoed: usize,
    /// Hash of its id, in the ring that it is in.
    hash: u64,
}

impl Entry {
    /// A request that stands for itself.
    pub(super) fn new(record: Record) -> Self {
        Self { record, given: None, echoes: Vec::new(), echoed: 0, hash: 0 }
    }
}

/// Newest last.
#[derive(Debug, Default)]
pub(super) struct Ring {
    entries: VecDeque<Entry>,
    /// Position of the first entry in the whole stream.
    first: u64,
    bytes: usize,
    /// Hash of an id → position of the newest request that has it. Two ids of one hash are told apart by looking.
    places: HashMap<u64, u64, BuildHasherDefault<AsItIs>>,
    hasher: RandomState,
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
    /// Appends a request; the oldest leave where there is no room.
    pub(super) fn push(&mut self, record: Record) {
        self.bytes += record.bytes.len();
        while self.entries.len() >= MOST || self.bytes > MOST_BYTES {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.record.bytes.len() + oldest.echoed;
            if self.places.get(&oldest.hash) == Some(&self.first) {
                self.places.remove(&oldest.hash);
            }
            self.first += 1;
        }
        let hash = self.hasher.hash_one(record.id());
        if !record.id().is_empty() {
            let place = self.first + self.entries.len() as u64;
            self.places.insert(hash, place);
        }
        self.entries.push_back(Entry { hash, ..Entry::new(record) });
    }

    /// Keeps what a shadow variant answered to a request until its label comes; forgets it where the request has left.
    pub(super) fn keep(&mut self, echo: Echo) {
        let size = echo.body.len();
        if let Some(entry) = self.get(&echo.id) {
            entry.echoes.push(echo);
            entry.echoed += size;
            self.bytes += size;
        }
    }

    /// The newest request with this id.
    pub(super) fn get(&mut self, id: &str) -> Option<&mut Entry> {
        let place = *self.places.get(&self.hasher.hash_one(id))?;
        let at = usize::try_from(place.checked_sub(self.first)?).ok()?;
        self.entries.get_mut(at).filter(|entry| entry.record.id() == id)
    }

    /// Whether a request has had to leave.
    pub(super) fn is_partial(&self) -> bool {
        self.first > 0
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{record, source};
    use super::*;

    #[test]
    fn the_newest_are_found_by_id() {
        let source = source(1, &[1.0]);
        let mut ring = Ring::default();
        for number in 0..MOST + 10 {
            ring.push(record(&source, &number.to_string(), "1", "2"));
        }
        assert!(ring.get("9").is_none() && ring.is_partial());
        assert_eq!(ring.get("10").unwrap().record.id(), "10");
        assert_eq!(ring.iter().count(), MOST);
        ring.get("11").unwrap().given = Some(Given { at_ms: 1, values: vec![] });
        ring.push(record(&source, "11", "3", "4"));
        assert!(ring.get("11").unwrap().given.is_none(), "an id that comes again means the newer request");
        ring.push(record(&source, "", "3", "4"));
        assert!(ring.get("").is_none(), "no id is no name");
    }

    #[test]
    fn long_bodies_take_the_room_of_many() {
        let source = source(1, &[1.0]);
        let mut ring = Ring::default();
        let long = "1".repeat(64 * 1024);
        for number in 0..1_000 {
            ring.push(record(&source, &number.to_string(), &long, "2"));
        }
        assert!(ring.bytes <= MOST_BYTES && ring.iter().count() > 400, "{}", ring.iter().count());
        assert!(ring.get("0").is_none() && ring.get("999").is_some());
        assert!(ring.places.len() == ring.iter().count());
    }
}
