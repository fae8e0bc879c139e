//! Lists: filters, order, and pages that survive what is made and deleted between them.

use std::cmp::Ordering;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::errors::WireError;
use super::Outcome;
use super::refusal::validation;
use super::shapes::WireTime;
use crate::domain::time::Timestamp;
use crate::workspace::Snapshot;

/// Results on a page when the request does not say.
const MAX_RESULTS: usize = 10;

/// Tables of more rows than this are gone through away from the workers that serve the connections.
pub(super) const ASIDE_ROWS: usize = 2_000;

/// What a list may be asked for. Members that a list does not have at AWS are refused before, or passed over, as there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Query {
    sort_by: SortBy,
    sort_order: SortOrder,
    next_token: Option<String>,
    max_results: Option<usize>,
    name_contains: Option<String>,
    creation_time_after: Option<WireTime>,
    creation_time_before: Option<WireTime>,
    last_modified_time_after: Option<WireTime>,
    last_modified_time_before: Option<WireTime>,
    status_equals: Option<String>,
    warm_pool_status_equals: Option<String>,
    training_plan_arn_equals: Option<String>,
}

/// What a list is sorted by; equal ones by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SortBy {
    Name,
    #[default]
    CreationTime,
    Status,
}

/// Newest first unless the request says otherwise: what AWS does, also where its reference claims `Ascending` for training jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SortOrder {
    Ascending,
    #[default]
    Descending,
}

impl SortOrder {
    pub(super) fn apply(self, ordering: Ordering) -> Ordering {
        match self {
            Self::Ascending => ordering,
            Self::Descending => ordering.reverse(),
        }
    }
}

/// One row, as far as lists go by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) status: &'a str,
}

/// Where a row stands in the order: number, text, name.
type Place<'a> = (i64, &'a str, &'a str);

/// A place that is given to a client and comes back: the last row of a page. The next page begins behind it, whether that row is still
/// there or not.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Token {
    list: String,
    by: SortBy,
    order: SortOrder,
    at: (i64, String, String),
}

/// Hands every row of a table to somebody.
pub(super) type Rows = for<'a> fn(&'a Snapshot, &mut dyn FnMut(Entry<'a>));

/// A row by its name, as the list writes it.
pub(super) type Line = fn(&Snapshot, &str) -> Option<Value>;

/// One page. `member` is the name of the list in the answer.
pub(super) async fn answer(
    member: &'static str,
    operation: &'static str,
    query: Query,
    snapshot: Arc<Snapshot>,
    rows: Rows,
    line: Line,
) -> Outcome {
    aside(snapshot, move |snapshot| {
        let (names, next) = page(operation, &query, snapshot, rows)?;
        let mut out = Map::new();
        out.insert(member.to_owned(), names.into_iter().filter_map(|name| line(snapshot, name)).collect());
        if let Some(next) = next {
            out.insert("NextToken".to_owned(), json!(next));
        }
        Ok(Some(Value::Object(out)))
    })
    .await
}

/// Goes through the world: at once where it is small, else on a thread that may take its time.
pub(super) async fn aside(
    snapshot: Arc<Snapshot>,
    work: impl FnOnce(&Snapshot) -> Outcome + Send + 'static,
) -> Outcome {
    let rows = snapshot.training_jobs.len() + snapshot.models.len() + snapshot.endpoint_configs.len();
    if rows + snapshot.endpoints.len() <= ASIDE_ROWS {
        return work(&snapshot);
    }
    tokio::task::spawn_blocking(move || work(&snapshot)).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a list did not end");
        Err(WireError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", "The request could not be answered"))
    })
}

/// The names on a page, and the token of the next one.
fn page<'a>(
    operation: &str,
    query: &Query,
    snapshot: &'a Snapshot,
    rows: Rows,
) -> Result<(Vec<&'a str>, Option<String>), WireError> {
    let (by, order) = (query.sort_by, query.sort_order);
    let after = match &query.next_token {
        Some(token) => Some(Token::read(token, operation, by, order)?),
        None => None,
    };
    let after = after.as_ref().map(|token| (token.at.0, token.at.1.as_str(), token.at.2.as_str()));
    let mut found: Vec<(Place<'a>, &'a str)> = Vec::new();
    rows(snapshot, &mut |row| {
        let place = place(&row, by);
        let is_behind = after.is_none_or(|after| order.apply(place.cmp(&after)).is_gt());
        if is_behind && query.wants(operation, &row) {
            found.push((place, row.status));
        }
    });
    let most = query.max_results.unwrap_or(MAX_RESULTS);
    let next = cut(&mut found, most, |a, b| order.apply(a.0.cmp(&b.0)));
    let next = next.then(|| found.last().map(|(at, _)| Token::new(operation, by, order, *at).write())).flatten();
    if query.is_filtered_late(operation) {
        found.retain(|(_, status)| query.status_equals.as_deref() == Some(status));
    }
    Ok((found.into_iter().map(|((.., name), _)| name).collect(), next))
}

/// Sorts the first `most` to the front and drops the others; whether there were any.
pub(super) fn cut<T>(found: &mut Vec<T>, most: usize, compare: impl Fn(&T, &T) -> Ordering + Copy) -> bool {
    let more = found.len() > most;
    if more {
        // A page is short and the table may be long: only the page is sorted.
        found.select_nth_unstable_by(most, compare);
        found.truncate(most);
    }
    found.sort_unstable_by(compare);
    more
}

fn place<'a>(row: &Entry<'a>, by: SortBy) -> Place<'a> {
    match by {
        SortBy::Name => (0, "", row.name),
        SortBy::CreationTime => (row.created.0, "", row.name),
        SortBy::Status => (0, row.status, row.name),
    }
}

impl Query {
    /// AWS takes a page of training jobs first and looks for their status then when both are asked for: its reference says so, and a client
    /// that relies on a page not being full must meet the same here.
    fn is_filtered_late(&self, operation: &str) -> bool {
        operation == "ListTrainingJobs" && self.max_results.is_some() && self.status_equals.is_some()
    }

    fn wants(&self, operation: &str, row: &Entry<'_>) -> bool {
        self.name_contains.as_ref().is_none_or(|part| contains_ignoring_case(row.name, part))
            && self.creation_time_after.is_none_or(|limit| limit.is_before(row.created))
            && self.creation_time_before.is_none_or(|limit| limit.is_after(row.created))
            && self.last_modified_time_after.is_none_or(|limit| limit.is_before(row.modified))
            && self.last_modified_time_before.is_none_or(|limit| limit.is_after(row.modified))
            && (self.is_filtered_late(operation) || self.status_equals.as_ref().is_none_or(|status| status == row.status))
            // No job has a warm pool or a training plan here.
            && self.warm_pool_status_equals.is_none()
            && self.training_plan_arn_equals.is_none()
    }
}

/// Names are the same to SageMaker whatever their case.
fn contains_ignoring_case(name: &str, part: &str) -> bool {
    part.is_empty() || name.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

impl Token {
    fn new(list: &str, by: SortBy, order: SortOrder, at: Place<'_>) -> Self {
        Self { list: list.to_owned(), by, order, at: (at.0, at.1.to_owned(), at.2.to_owned()) }
    }

    fn write(&self) -> String {
        write_token(self)
    }

    fn read(text: &str, list: &str, by: SortBy, order: SortOrder) -> Result<Self, WireError> {
        let token: Self = read_token(text)?;
        if token.list != list {
            return Err(validation(format!("The NextToken is of {}, not of {list}", token.list)));
        }
        if (token.by, token.order) != (by, order) {
            return Err(validation(
                "The NextToken belongs to a list with another SortBy or SortOrder: leave those as they were",
            ));
        }
        Ok(token)
    }
}

/// A position as clients see it: text without a meaning.
pub(super) fn write_token(token: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(token).unwrap_or_default())
}

/// The position behind a token.
pub(super) fn read_token<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, WireError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let token = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    token.ok_or_else(|| validation("The NextToken is not one that this operation gave: ask for the first page again"))
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
