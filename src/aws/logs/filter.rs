//! `FilterLogEvents`: the events of several streams that fit a pattern, in the order of their times.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::errors::WireError;
use super::super::{Wire, json as input};
use super::book::{Group, Line, Stream};
use super::events::PAGE;
use super::pattern::Pattern;
use super::{bad_token, invalid, not_found};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Asked {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
    start_from_head: Option<bool>,
}

/// Before 2024, events can't be read from the newest on; milliseconds since the Unix epoch.
const OLDEST_FROM_END_MS: i64 = 1_704_067_200_000;

/// Where an event stands in the order of all.
type Place = (i64, String, u64);

/// `FilterLogEvents`.
pub(super) fn filter(wire: &Wire, given: Value) -> Result<Value, WireError> {
    let asked: Asked = input::members(given)?;
    if asked.log_stream_names.is_some() && asked.log_stream_name_prefix.is_some() {
        return Err(invalid("LogStream names and LogStream name prefix are mutually exclusive parameters."));
    }
    let group = Group::find(wire, asked.log_group_name.as_deref(), asked.log_group_identifier.as_deref())?;
    let pattern = Pattern::parse(asked.filter_pattern.as_deref().unwrap_or_default())?;
    let after = asked.next_token.as_deref().map(parse).transpose()?;
    // A token goes on in the direction that it was given in.
    let from_head = after.as_ref().map_or(asked.start_from_head.unwrap_or(true), |(from_head, _)| *from_head);
    if !from_head && asked.start_time.is_some_and(|start| start < OLDEST_FROM_END_MS) {
        return Err(invalid("startFromHead can be false only when startTime is on or after Jan 1, 2024 00:00:00 UTC."));
    }
    let after = after.map(|(_, place)| place);
    // Unlike GetLogEvents, an event at the very end is found.
    let (start, end) = (asked.start_time.unwrap_or(i64::MIN), asked.end_time.unwrap_or(i64::MAX));
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let mut found: Vec<(Place, String)> = Vec::new();
    for stream in chosen(wire, &group, asked.log_stream_names, asked.log_stream_name_prefix)? {
        if stream.created_ms > end || stream.ended_ms.is_some_and(|ended| ended < start) {
            continue;
        }
        let fits = |line: &Line| (start..=end).contains(&line.at_ms) && pattern.fits(&line.text);
        let placed = stream
            .lines(wire, 0)
            .into_iter()
            .filter(fits)
            .map(|line| ((line.at_ms, stream.name.clone(), line.number), line.text))
            .filter(|(place, _)| {
                after.as_ref().is_none_or(|after| if from_head { place > after } else { place < after })
            });
        found.extend(placed);
        // Kept short while many streams are read: only the first events can be on this page.
        if from_head {
            found.sort_unstable();
        } else {
            found.sort_unstable_by(|one, other| other.cmp(one));
        }
        found.truncate(limit + 1);
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(place, _)| token(from_head, place));
    let events: Vec<Value> = found
        .into_iter()
        .map(|((at_ms, stream, number), message)| {
            json!({
                "logStreamName": stream,
                "timestamp": at_ms,
                "ingestionTime": at_ms,
                "message": message,
                "eventId": event_id(&stream, at_ms, number),
            })
        })
        .collect();
    // AWS has left this list empty since 2019.
    let mut output = json!({ "events": events, "searchedLogStreams": [] });
    if let Some(next) = next {
        output["nextToken"] = next.into();
    }
    Ok(output)
}

/// The streams to look at.
fn chosen(
    wire: &Wire,
    group: &Group,
    names: Option<Vec<String>>,
    prefix: Option<String>,
) -> Result<Vec<Stream>, WireError> {
    let mut streams = group.streams(wire);
    if let Some(names) = names {
        if let Some(missing) = names.iter().find(|name| streams.iter().all(|stream| stream.name != **name)) {
            let mut error = not_found("stream");
            error.message = format!("The specified log stream {missing} does not exist.");
            return Err(error);
        }
        streams.retain(|stream| names.contains(&stream.name));
    }
    if let Some(prefix) = prefix {
        streams.retain(|stream| stream.name.starts_with(&prefix));
    }
    Ok(streams)
}

fn token(from_head: bool, place: &Place) -> String {
    format!("{}/{}/{}/{}", if from_head { "f" } else { "b" }, place.0, place.2, place.1)
}

fn parse(token: &str) -> Result<(bool, Place), WireError> {
    let mut parts = token.splitn(4, '/');
    let mut part = || parts.next().ok_or_else(bad_token);
    let from_head = match part()? {
        "f" => true,
        "b" => false,
        _ => return Err(bad_token()),
    };
    let at_ms = part()?.parse().map_err(|_| bad_token())?;
    let number = part()?.parse().map_err(|_| bad_token())?;
    Ok((from_head, (at_ms, part()?.to_owned(), number)))
}

/// Digits only, as AWS's; the same event always has the same.
fn event_id(stream: &str, at_ms: i64, number: u64) -> String {
    // FNV-1a: small, and the same in every build.
    let hash = stream
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    format!("{at_ms:016}{hash:020}{number:020}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_ids() {
        let place = (1_700, "job/algo-1-9".to_owned(), 12);
        assert_eq!(parse(&token(true, &place)).unwrap(), (true, place.clone()));
        assert_eq!(parse(&token(false, &place)).unwrap(), (false, place));
        assert!(parse("x").is_err() && parse("1/2").is_err());
        let ids = [event_id("a", 1, 1), event_id("b", 1, 1), event_id("a", 1, 2)];
        assert!(ids.iter().all(|id| id.len() == 56 && id.bytes().all(|b| b.is_ascii_digit())));
        assert!(ids[0] != ids[1] && ids[0] != ids[2]);
    }
}
