//! `DescribeLogGroups` and `DescribeLogStreams`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::errors::WireError;
use super::super::{Wire, json as input};
use super::book::{Group, Stream};
use super::{bad_token, invalid};

/// Most groups or streams a page, and as many as come unasked.
const PAGE: usize = 50;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Groups {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

/// `DescribeLogGroups`.
pub(super) fn groups(wire: &Wire, given: Value) -> Result<Value, WireError> {
    let asked: Groups = input::members(given)?;
    if asked.log_group_name_prefix.is_some() && asked.log_group_name_pattern.is_some() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    let prefix = asked.log_group_name_prefix.unwrap_or_default();
    let pattern = asked.log_group_name_pattern.unwrap_or_default().to_lowercase();
    let found: Vec<Group> = Group::all(wire)
        .into_iter()
        .filter(|group| group.name.starts_with(&prefix) && group.name.to_lowercase().contains(&pattern))
        .collect();
    let (page, next) = page(found, |group| &group.name, asked.next_token.as_deref(), asked.limit)?;
    let snapshot = wire.workspace.snapshot();
    let shown: Vec<Value> = page
        .iter()
        .map(|group| {
            let arn = group.arn(&snapshot.info.account);
            json!({
                "logGroupName": group.name,
                "creationTime": group.created_ms,
                "metricFilterCount": 0,
                "arn": format!("{arn}:*"),
                "logGroupArn": arn,
                "logGroupClass": "STANDARD",
            })
        })
        .collect();
    Ok(with_token(json!({ "logGroups": shown }), next))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Streams {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    descending: bool,
    next_token: Option<String>,
    limit: Option<usize>,
}

/// `DescribeLogStreams`.
pub(super) fn streams(wire: &Wire, given: Value) -> Result<Value, WireError> {
    let asked: Streams = input::members(given)?;
    let by_time = match asked.order_by.as_deref() {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") => true,
        Some(other) => {
            return Err(invalid(format!("orderBy must be LogStreamName or LastEventTime, not {other}.")));
        }
    };
    if by_time && asked.log_stream_name_prefix.is_some() {
        return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let group = Group::find(wire, asked.log_group_name.as_deref(), asked.log_group_identifier.as_deref())?;
    let prefix = asked.log_stream_name_prefix.unwrap_or_default();
    let mut found: Vec<Stream> =
        group.streams(wire).into_iter().filter(|stream| stream.name.starts_with(&prefix)).collect();
    if by_time {
        // A job's last line comes just before its end, so that its log need not be read for this.
        found.sort_by_key(|stream| (stream.ended_ms.is_none(), stream.ended_ms, stream.created_ms));
    }
    if asked.descending {
        found.reverse();
    }
    let (page, next) = page(found, |stream| &stream.name, asked.next_token.as_deref(), asked.limit)?;
    let account = &wire.workspace.snapshot().info.account;
    let shown: Vec<Value> = page.iter().map(|stream| shown(wire, stream, &group.arn(account))).collect();
    Ok(with_token(json!({ "logStreams": shown }), next))
}

fn shown(wire: &Wire, stream: &Stream, group_arn: &str) -> Value {
    let mut shown = json!({
        "logStreamName": stream.name,
        "creationTime": stream.created_ms,
        "arn": format!("{group_arn}:log-stream:{}", stream.name),
        // AWS reports 0 for every stream since 2019.
        "storedBytes": 0,
    });
    if let Some((first, last)) = stream.span(wire) {
        shown["firstEventTimestamp"] = first.into();
        shown["lastEventTimestamp"] = last.into();
        shown["lastIngestionTime"] = last.into();
    }
    shown
}

/// The items after the one that a token names, and the token of the page after this one.
fn page<T>(
    mut items: Vec<T>,
    name: impl Fn(&T) -> &str,
    token: Option<&str>,
    limit: Option<usize>,
) -> Result<(Vec<T>, Option<String>), WireError> {
    if let Some(token) = token {
        let at = items.iter().position(|item| name(item) == token).ok_or_else(bad_token)?;
        items.drain(..=at);
    }
    let limit = limit.unwrap_or(PAGE).clamp(1, PAGE);
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| name(last).to_owned());
    Ok((items, next))
}

fn with_token(mut output: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        output["nextToken"] = next.into();
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_without_gap_or_overlap() {
        let all = || vec!["a", "b", "c"];
        let of = |token, limit| page(all(), |name| name, token, limit);
        assert_eq!(of(None, Some(2)).unwrap(), (vec!["a", "b"], Some("b".to_owned())));
        assert_eq!(of(Some("b"), Some(2)).unwrap(), (vec!["c"], None));
        assert_eq!(of(None, Some(3)).unwrap(), (all(), None), "a full last page has no token");
        assert_eq!(of(Some("x"), None).unwrap_err().code, "InvalidParameterException");
    }
}
