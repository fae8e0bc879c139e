//! `DescribeLogGroups` and `DescribeLogStreams`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::errors::WireError;
use super::super::{Wire, json as input};
use super::book::{Group, Stream, group_of};
use super::{bad_token, invalid};

/// Most groups or streams a page, and as many as come unasked.
const PAGE: usize = 50;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Groups {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    log_group_identifiers: Option<Vec<String>>,
    log_group_class: Option<String>,
    include_linked_accounts: bool,
    account_identifiers: Option<Vec<Option<String>>>,
    next_token: Option<String>,
    limit: Option<usize>,
}

impl Groups {
    fn wants(&self, name: &str, account: &str) -> bool {
        let of_identifier = |identifier: &String| group_of(identifier) == name;
        let accounts = self.account_identifiers.iter().flatten();
        let other_accounts_only = self.include_linked_accounts
            && self.account_identifiers.is_some()
            && !accounts.clone().any(|known| known.as_ref().is_none_or(|known| known == account));
        // All groups are of the standard class.
        self.log_group_class.as_ref().is_none_or(|class| class == "STANDARD")
            && !other_accounts_only
            && self.log_group_name_prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
            && self.log_group_name_pattern.as_ref().is_none_or(|pattern| name.contains(pattern))
            && self.log_group_identifiers.as_ref().is_none_or(|identifiers| identifiers.iter().any(of_identifier))
    }
}

/// `DescribeLogGroups`.
pub(super) fn groups(wire: &Wire, given: Value) -> Result<Value, WireError> {
    let asked: Groups = input::members(given)?;
    if asked.log_group_name_prefix.is_some() && asked.log_group_name_pattern.is_some() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    let snapshot = wire.workspace.snapshot();
    let found: Vec<Group> =
        Group::all(wire).into_iter().filter(|group| asked.wants(&group.name, &snapshot.info.account.id)).collect();
    let (page, next) = page(found, |group| &group.name, asked.next_token.as_deref(), asked.limit)?;
    // AWS says no more of groups that were looked for by a pattern.
    let in_short = asked.log_group_name_pattern.is_some();
    let shown: Vec<Value> = page
        .iter()
        .map(|group| {
            let arn = group.arn(&snapshot.info.account);
            if in_short {
                return json!({
                    "logGroupName": group.name,
                    "creationTime": group.created_ms,
                    "arn": format!("{arn}:*"),
                });
            }
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
    fn groups_are_chosen_by_every_filter() {
        let name = "/aws/sagemaker/Endpoints/boston";
        let wants = |asked: Value| serde_json::from_value::<Groups>(asked).unwrap().wants(name, "123");
        assert!(wants(json!({})) && wants(json!({ "logGroupNamePrefix": "/aws/sagemaker/E" })));
        assert!(wants(json!({ "logGroupNamePattern": "Endpoints" })));
        assert!(!wants(json!({ "logGroupNamePattern": "endpoints" })), "upper and lower case differ");
        assert!(
            wants(json!({ "logGroupIdentifiers": ["x", name] })) && !wants(json!({ "logGroupIdentifiers": ["x"] }))
        );
        assert!(wants(json!({ "logGroupClass": "STANDARD" })) && !wants(json!({ "logGroupClass": "DELIVERY" })));
        assert!(!wants(json!({ "includeLinkedAccounts": true, "accountIdentifiers": ["9"] })));
        assert!(wants(json!({ "includeLinkedAccounts": true, "accountIdentifiers": ["9", null] })));
    }

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
