//! `GetLogEvents`: one stream, read forwards or backwards.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::errors::WireError;
use super::super::{Wire, json as input};
use super::bad_token;
use super::book::{Group, Line};

/// Most events a page, and as many as come unasked.
pub(super) const PAGE: usize = 10_000;

/// Most bytes a page, counted as AWS does: the message and 26 bytes an event.
const PAGE_BYTES: usize = 1_048_576;
const EVENT_BYTES: usize = 26;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Asked {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<usize>,
    start_from_head: bool,
}

/// Where a page begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The page begins with the line of this number, or the next one that is there.
    From(u64),
    /// The page ends before the line of this number.
    Before(u64),
}

impl Place {
    fn parse(token: &str) -> Result<Self, WireError> {
        let (kind, rest) = token.split_once('/').ok_or_else(bad_token)?;
        let number = rest.strip_suffix("/s").and_then(|number| number.parse().ok()).ok_or_else(bad_token)?;
        match kind {
            "f" => Ok(Self::From(number)),
            "b" => Ok(Self::Before(number)),
            _ => Err(bad_token()),
        }
    }

    fn token(self) -> String {
        match self {
            Self::From(number) => format!("f/{number:056}/s"),
            Self::Before(number) => format!("b/{number:056}/s"),
        }
    }
}

/// A page, and where the pages after and before it are.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    lines: Vec<Line>,
    after: u64,
    before: u64,
}

/// `GetLogEvents`.
pub(super) fn get(wire: &Wire, given: Value) -> Result<Value, WireError> {
    let asked: Asked = input::members(given)?;
    let group = Group::find(wire, asked.log_group_name.as_deref(), asked.log_group_identifier.as_deref())?;
    let stream = group.stream(wire, &asked.log_stream_name)?;
    let place = match &asked.next_token {
        Some(token) => Place::parse(token)?,
        None if asked.start_from_head => Place::From(0),
        None => Place::Before(u64::MAX),
    };
    let from = if let Place::From(number) = place { number } else { 0 };
    let times = (asked.start_time.unwrap_or(i64::MIN), asked.end_time.unwrap_or(i64::MAX));
    let page = page(stream.lines(wire, from), place, times, asked.limit.unwrap_or(PAGE).clamp(1, PAGE));
    let events: Vec<Value> = page
        .lines
        .into_iter()
        .map(|line| json!({ "timestamp": line.at_ms, "ingestionTime": line.at_ms, "message": line.text }))
        .collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": Place::From(page.after).token(),
        "nextBackwardToken": Place::Before(page.before).token(),
    }))
}

/// Cuts a page out of the lines of a stream. `end` of the times is not part of them. A page without lines stays where it was asked for, so
/// that its tokens are those it was asked with.
fn page(lines: Vec<Line>, place: Place, (start, end): (i64, i64), limit: usize) -> Page {
    let beyond = lines.last().map_or(0, |last| last.number + 1);
    let fits = |line: &Line| (start..end).contains(&line.at_ms);
    let (mut kept, here): (Vec<Line>, u64) = match place {
        Place::From(number) => (lines.into_iter().filter(|l| l.number >= number && fits(l)).collect(), number),
        Place::Before(number) => {
            (lines.into_iter().filter(|l| l.number < number && fits(l)).collect(), number.min(beyond))
        }
    };
    let mut bytes = 0;
    let mut room = |line: &Line| {
        bytes += line.text.len() + EVENT_BYTES;
        bytes <= PAGE_BYTES
    };
    if matches!(place, Place::From(_)) {
        let most = kept.iter().take(limit).take_while(|line| room(line)).count();
        kept.truncate(most.max(1));
    } else {
        let most = kept.iter().rev().take(limit).take_while(|line| room(line)).count();
        kept.drain(..kept.len().saturating_sub(most.max(1)));
    }
    let after = kept.last().map_or(here, |last| last.number + 1);
    let before = kept.first().map_or(here, |first| first.number);
    Page { lines: kept, after, before }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALWAYS: (i64, i64) = (i64::MIN, i64::MAX);

    fn lines(count: u64) -> Vec<Line> {
        (0..count).map(|n| Line { number: n, at_ms: n.cast_signed() * 10, text: format!("line {n}") }).collect()
    }

    fn numbers(page: &Page) -> Vec<u64> {
        page.lines.iter().map(|line| line.number).collect()
    }

    #[test]
    fn forwards_to_the_end_and_no_further() {
        let first = page(lines(5), Place::From(0), ALWAYS, 3);
        assert_eq!((numbers(&first), first.after, first.before), (vec![0, 1, 2], 3, 0));
        let second = page(lines(5), Place::From(first.after), ALWAYS, 3);
        assert_eq!(numbers(&second), [3, 4]);
        let end = page(lines(5), Place::From(second.after), ALWAYS, 3);
        assert_eq!((numbers(&end), end.after), (vec![], second.after), "the token repeats");
        let grown = page(lines(7), Place::From(end.after), ALWAYS, 3);
        assert_eq!(numbers(&grown), [5, 6], "what is written later is found by the same token");
    }

    #[test]
    fn backwards_from_the_end() {
        let last = page(lines(5), Place::Before(u64::MAX), ALWAYS, 2);
        assert_eq!((numbers(&last), last.after), (vec![3, 4], 5));
        let earlier = page(lines(5), Place::Before(last.before), ALWAYS, 10);
        assert_eq!(numbers(&earlier), [0, 1, 2]);
        let none = page(lines(5), Place::Before(earlier.before), ALWAYS, 10);
        assert_eq!((numbers(&none), none.before), (vec![], 0));
        let empty = page(vec![], Place::Before(u64::MAX), ALWAYS, 10);
        assert_eq!((empty.after, empty.before), (0, 0), "a stream without lines is read on from its first");
    }

    #[test]
    fn times_are_from_start_to_before_end() {
        let some = page(lines(5), Place::From(0), (10, 30), 10);
        assert_eq!(numbers(&some), [1, 2]);
        let none_yet = page(lines(5), Place::Before(u64::MAX), (1_000, i64::MAX), 10);
        assert_eq!(none_yet.after, 5);
    }

    #[test]
    fn a_page_has_at_most_a_megabyte_and_at_least_a_line() {
        let long = |n| Line { number: n, at_ms: 0, text: "x".repeat(600_000) };
        assert_eq!(numbers(&page(vec![long(0), long(1)], Place::From(0), ALWAYS, 10)), [0]);
        assert_eq!(numbers(&page(vec![long(0), long(1)], Place::Before(9), ALWAYS, 10)), [1]);
        let huge = Line { number: 0, at_ms: 0, text: "x".repeat(2_000_000) };
        assert_eq!(numbers(&page(vec![huge], Place::From(0), ALWAYS, 10)), [0]);
    }

    #[test]
    fn tokens_round_trip() {
        for place in [Place::From(7), Place::Before(0)] {
            assert_eq!(Place::parse(&place.token()).unwrap(), place);
        }
        for nonsense in ["", "x", "f/", "f/1", "g/1/s", "f/-1/s"] {
            assert!(Place::parse(nonsense).is_err(), "{nonsense}");
        }
    }
}
