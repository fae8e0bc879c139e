//! What a model server would write to its log: lines said by us (loaded, in service, refused, replaced) and one line a request. The newest
//! are kept in memory. A request costs a few numbers in a ring, under the lock that its meter takes anyway; words are made when
//! somebody reads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::tally::Tally;
use super::window::Meter;
use crate::util::ring::Ring;
use crate::util::seed::mix;

/// Requests that are remembered: as many as a reader gets at once.
const KEPT_REQUESTS: usize = 10_000;

/// Lines in words that are remembered. Apart from the requests, so that many of them don't push out what happened.
const KEPT_WORDS: usize = 2_000;

/// Characters of the longest line in words.
const LONGEST: usize = 1_000;

/// Streams of variants that serve no more and are still remembered, over all endpoints.
const KEPT_STREAMS: usize = 100;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Counts up within a stream; numbers of lines that were forgotten are missing.
    pub number: u64,
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// In words.
    pub text: String,
}

/// The lines of one variant.
#[derive(Debug)]
pub(super) struct Lines {
    next: u64,
    words: Ring<(u64, i64, Box<str>)>,
    requests: Ring<(u64, Request)>,
}

/// One answered request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) at_ms: i64,
    pub(super) status: u16,
    pub(super) rows: u32,
    pub(super) bytes: u32,
    pub(super) latency_us: u32,
}

/// A line in words: its number, its time, its text.
type Words = (u64, i64, Box<str>);

impl Lines {
    pub(super) fn new() -> Self {
        Self { next: 0, words: Ring::new(KEPT_WORDS), requests: Ring::new(KEPT_REQUESTS) }
    }

    fn number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// Adds a line in words.
    pub(super) fn say(&mut self, at_ms: i64, text: &str) {
        let number = self.number();
        // What a client sent may stand in it.
        let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
        self.words.push((number, at_ms, text[..end].into()));
    }

    /// Adds a line for a request.
    pub(super) fn request(&mut self, request: Request) {
        let number = self.number();
        self.requests.push((number, request));
    }

    /// What is kept from number `from` on, not put into words yet.
    fn copy(&self, from: u64) -> (Vec<Words>, Vec<(u64, Request)>) {
        let words = self.words.iter().filter(|(number, ..)| *number >= from).cloned().collect();
        let requests = self.requests.iter().filter(|(number, _)| *number >= from).copied().collect();
        (words, requests)
    }

    /// Times of the first and the last kept line.
    fn span_ms(&self) -> Option<(i64, i64)> {
        let mut words = self.words.iter().map(|(_, at_ms, _)| *at_ms);
        let mut requests = self.requests.iter().map(|(_, request)| request.at_ms);
        let (first_words, first_request) = (words.next(), requests.next());
        let first = first_words.into_iter().chain(first_request).min()?;
        let last = words.next_back().or(first_words).max(requests.next_back().or(first_request))?;
        Some((first, last))
    }
}

impl Request {
    fn in_words(&self) -> String {
        let rows = if self.rows == 1 { "row" } else { "rows" };
        format!(
            "\"POST /invocations HTTP/1.1\" {} {} - {} {rows}, {} us",
            self.status, self.bytes, self.rows, self.latency_us
        )
    }
}

/// The log of one variant with one model: what AWS calls a log stream.
#[derive(Debug)]
pub struct LogStream {
    name: String,
    variant: Arc<str>,
    created_ms: i64,
    meter: Arc<Meter>,
}

impl LogStream {
    /// `VARIANT/i-0123456789abcdef0`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The variant.
    pub fn variant(&self) -> &str {
        &self.variant
    }

    /// What its requests measured.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// When the variant began to serve (or failed to), milliseconds since the Unix epoch.
    pub fn created_ms(&self) -> i64 {
        self.created_ms
    }

    /// The kept lines from number `from` on, oldest first.
    pub fn lines(&self, from: u64) -> Vec<LogLine> {
        // Copied with the lock held, put into words without it.
        let (words, requests) = self.meter.with_lines(|lines| lines.copy(from));
        let mut all: Vec<LogLine> = words
            .into_iter()
            .map(|(number, at_ms, text)| LogLine { number, at_ms, text: text.into() })
            .chain(requests.into_iter().map(|(number, request)| LogLine {
                number,
                at_ms: request.at_ms,
                text: request.in_words(),
            }))
            .collect();
        all.sort_unstable_by_key(|line| line.number);
        all
    }

    fn collect(&self, endpoint: &str) -> Option<Collected> {
        let tallies = self.meter.take_tallies();
        let variant = Arc::clone(&self.variant);
        (!tallies.is_empty()).then(|| Collected { endpoint: endpoint.to_owned(), variant, tallies })
    }

    /// Times of the first and the last kept line, milliseconds since the Unix epoch.
    pub fn span_ms(&self) -> Option<(i64, i64)> {
        self.meter.with_lines(|lines| lines.span_ms())
    }
}

/// The streams of all endpoints, those that serve no more included: what was said and measured outlives the fleet.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<Streams>);

#[derive(Debug, Default)]
struct Streams {
    of: BTreeMap<String, Vec<Arc<LogStream>>>,
    count: u64,
    /// What streams that were forgotten had measured and nobody had collected.
    left: Vec<Collected>,
}

/// What a variant measured, by ten seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Collected {
    /// Endpoint.
    pub endpoint: String,
    /// Variant.
    pub variant: Arc<str>,
    /// Oldest first.
    pub tallies: Vec<Tally>,
}

impl Book {
    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a stream for a meter, where it has none.
    pub(super) fn open(&self, endpoint: &str, variant: &Arc<str>, meter: &Arc<Meter>, now_ms: i64, seed: u64) {
        let mut streams = self.lock();
        let known = streams.of.get(endpoint).is_some_and(|of| of.iter().any(|one| Arc::ptr_eq(&one.meter, meter)));
        if known {
            return;
        }
        streams.count += 1;
        let instance = mix(seed ^ mix(streams.count));
        let stream = LogStream {
            // 17 hexadecimal digits, as instances of EC2 have.
            name: format!("{variant}/i-0{instance:016x}"),
            variant: Arc::clone(variant),
            created_ms: now_ms,
            meter: Arc::clone(meter),
        };
        streams.of.entry(endpoint.to_owned()).or_default().push(Arc::new(stream));
        streams.forget();
    }

    /// Takes what all variants have measured since the last time, those that serve no more included.
    pub(super) fn collect(&self) -> Vec<Collected> {
        let mut streams = self.lock();
        let mut collected = std::mem::take(&mut streams.left);
        for (endpoint, of) in &streams.of {
            collected.extend(of.iter().filter_map(|stream| stream.collect(endpoint)));
        }
        collected
    }

    /// Endpoints that have a stream, with the time of the first.
    pub(super) fn endpoints(&self) -> Vec<(String, i64)> {
        let streams = self.lock();
        let first = |of: &[Arc<LogStream>]| of.iter().map(|one| one.created_ms).min();
        streams.of.iter().filter_map(|(endpoint, of)| Some((endpoint.clone(), first(of)?))).collect()
    }

    /// The streams of one endpoint, oldest first.
    pub(super) fn streams(&self, endpoint: &str) -> Vec<Arc<LogStream>> {
        self.lock().of.get(endpoint).cloned().unwrap_or_default()
    }
}

impl Streams {
    /// Forgets the oldest streams that nothing serves, beyond [`KEPT_STREAMS`].
    fn forget(&mut self) {
        // A meter that only the book holds belongs to no fleet any more.
        let is_left = |one: &Arc<LogStream>| Arc::strong_count(&one.meter) == 1;
        let mut left: Vec<i64> = self.of.values().flatten().filter(|one| is_left(one)).map(|s| s.created_ms).collect();
        if left.len() <= KEPT_STREAMS {
            return;
        }
        left.sort_unstable();
        let oldest_kept = left[left.len() - KEPT_STREAMS];
        for (endpoint, of) in &mut self.of {
            of.retain(|one| {
                let keeps = !is_left(one) || one.created_ms >= oldest_kept;
                if !keeps {
                    self.left.extend(one.collect(endpoint));
                }
                keeps
            });
        }
        self.of.retain(|_, of| !of.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::live::Score;

    fn meter() -> Arc<Meter> {
        Arc::new(Meter::new(Score::Accuracy))
    }

    #[test]
    fn words_and_requests_stand_in_the_order_they_came() {
        let mut lines = Lines::new();
        lines.say(1, "loaded");
        lines.request(Request { at_ms: 2, status: 200, rows: 1, bytes: 4, latency_us: 30 });
        lines.say(3, "replaced");
        assert_eq!(lines.span_ms(), Some((1, 3)));
        let (words, requests) = lines.copy(1);
        assert_eq!((words.len(), requests.len()), (1, 1));
        assert_eq!(requests[0].1.in_words(), "\"POST /invocations HTTP/1.1\" 200 4 - 1 row, 30 us");
        assert_eq!(Lines::new().span_ms(), None);
    }

    #[test]
    fn many_requests_do_not_push_out_what_happened() {
        let meter = meter();
        meter.say(0, "loaded");
        for at_ms in 0..i64::try_from(KEPT_REQUESTS).unwrap() + 10 {
            let request = Request { at_ms, status: 200, rows: 1, bytes: 1, latency_us: 1 };
            meter.with_lines(|lines| lines.request(request));
        }
        let book = Book::default();
        book.open("e", &"A".into(), &meter, 0, 1);
        let lines = book.streams("e")[0].lines(0);
        assert_eq!((lines.len(), lines[0].text.as_str()), (KEPT_REQUESTS + 1, "loaded"));
        assert_eq!(lines[1].number, 11, "the first ten requests are forgotten");
        let last = lines.last().unwrap().number;
        assert_eq!(book.streams("e")[0].lines(last).len(), 1);
    }

    #[test]
    fn what_is_forgotten_leaves_its_measurements() {
        let book = Book::default();
        let measured = crate::serving::window::Measured {
            at_ms: 12_000,
            latency_ns: 1_000,
            overhead_ns: None,
            status: 200,
            rows: 1,
            bytes: 1,
            drawn: true,
        };
        for at in 0..i64::try_from(KEPT_STREAMS).unwrap() + 3 {
            let meter = meter();
            meter.record(&measured, None);
            book.open(&format!("e{at}"), &"A".into(), &meter, at, 7);
        }
        let collected = book.collect();
        assert_eq!(collected.len(), KEPT_STREAMS + 3);
        assert!(collected.iter().all(|one| one.tallies.len() == 1 && one.tallies[0].at_s == 10));
        assert_eq!(book.collect(), [], "each is handed over once");
    }

    #[test]
    fn a_stream_a_meter_and_the_oldest_left_ones_are_forgotten() {
        let book = Book::default();
        let serving = meter();
        book.open("first", &"A".into(), &serving, 0, 7);
        book.open("first", &"A".into(), &serving, 1, 7);
        assert_eq!(book.streams("first").len(), 1);
        for at in 1..=i64::try_from(KEPT_STREAMS).unwrap() + 5 {
            book.open(&format!("e{at}"), &"A".into(), &meter(), at, 7);
        }
        // The newest one was still held when it was opened.
        assert!(book.streams("e4").is_empty() && !book.streams("e6").is_empty());
        assert_eq!(book.streams("first").len(), 1, "what serves is never forgotten");
        assert_eq!(book.endpoints().first().unwrap().0, "e10".to_owned());
        let names: std::collections::HashSet<String> =
            book.endpoints().iter().map(|(e, _)| book.streams(e)[0].name().to_owned()).collect();
        assert!(names.iter().all(|name| name.len() == "A/i-".len() + 17) && names.len() > KEPT_STREAMS);
    }
}
