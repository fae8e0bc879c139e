//! `Search` and `GetSearchSuggestions`: resources by any of their properties.

mod expression;
mod record;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::errors::WireError;
use super::list::{self, SortOrder, cut, read_token, write_token};
use super::refusal::validation;
use super::{Outcome, Request};
use crate::workspace::Snapshot;
use expression::Expression;
use record::{Key, Record, Searched};

/// Results on a page when the request does not say.
const MAX_RESULTS: usize = 10;

/// What is sorted by when the request does not say.
const SORT_BY: &str = "LastModifiedTime";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    resource: String,
    search_expression: Option<Expression>,
    sort_by: Option<String>,
    #[serde(default)]
    sort_order: SortOrder,
    next_token: Option<String>,
    max_results: Option<usize>,
    cross_account_filter_option: Option<String>,
    #[serde(default)]
    visibility_conditions: Vec<Value>,
}

/// The last result of a page: the next one begins behind it.
#[derive(Serialize, Deserialize)]
struct Token {
    resource: String,
    by: String,
    order: SortOrder,
    at: (Key, String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Suggest {
    resource: String,
    suggestion_query: Option<SuggestionQuery>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SuggestionQuery {
    property_name_query: Option<PropertyNameQuery>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PropertyNameQuery {
    property_name_hint: String,
}

pub(super) async fn search(request: Request) -> Outcome {
    let query: Query = request.read()?;
    list::aside(request.snapshot(), move |snapshot| found(&query, snapshot)).await
}

pub(super) fn suggest(request: &Request) -> Outcome {
    let Suggest { resource, suggestion_query } = request.read()?;
    let hint = suggestion_query.and_then(|query| query.property_name_query).map(|query| query.property_name_hint);
    let hint = hint.unwrap_or_default().to_ascii_lowercase();
    let properties = Searched::of(&resource).map_or(&[][..], Searched::properties);
    let names = properties.iter().filter(|name| name.to_ascii_lowercase().starts_with(&hint));
    let names: Value = names.map(|name| json!({ "PropertyName": name })).collect();
    Ok(Some(json!({ "PropertyNameSuggestions": names })))
}

fn found(query: &Query, snapshot: &Snapshot) -> Outcome {
    let by = query.sort_by.as_deref().unwrap_or(SORT_BY);
    let after = after(query, by)?;
    let mut matches: Vec<((Key, String), Record)> = Vec::new();
    let mut total = 0_usize;
    // Of the kinds that have no engine here there is nothing to be found, and nothing of other accounts.
    if let Some(kind) = Searched::of(&query.resource).filter(|_| !query.is_elsewhere()) {
        if let Some(expression) = &query.search_expression {
            expression.check(kind)?;
        }
        kind.knows(by)?;
        let order = query.sort_order;
        kind.each(snapshot, &mut |name, record| {
            if query.search_expression.as_ref().is_some_and(|expression| !expression.holds(&record)) {
                return;
            }
            total += 1;
            let place = (record.key(by), name.to_owned());
            if after.as_ref().is_none_or(|after| order.apply(compare(&place, after)).is_gt()) {
                matches.push((place, record));
            }
        });
        let most = query.max_results.unwrap_or(MAX_RESULTS);
        let more = cut(&mut matches, most, |a, b| order.apply(compare(&a.0, &b.0)));
        let next = matches.last().filter(|_| more).map(|(at, _)| Token {
            resource: query.resource.clone(),
            by: by.to_owned(),
            order,
            at: at.clone(),
        });
        return Ok(Some(answer(kind.member(), matches, next.as_ref(), total)));
    }
    Ok(Some(answer("", matches, None, 0)))
}

impl Query {
    /// Whether only resources are wanted that others share, of which there are none.
    fn is_elsewhere(&self) -> bool {
        self.cross_account_filter_option.as_deref() == Some("CrossAccount") || !self.visibility_conditions.is_empty()
    }
}

fn compare(a: &(Key, String), b: &(Key, String)) -> std::cmp::Ordering {
    a.0.compare(&b.0).then_with(|| a.1.cmp(&b.1))
}

fn after(query: &Query, by: &str) -> Result<Option<(Key, String)>, WireError> {
    let Some(text) = &query.next_token else { return Ok(None) };
    let token: Token = read_token(text)?;
    if (token.resource.as_str(), token.by.as_str(), token.order) != (query.resource.as_str(), by, query.sort_order) {
        return Err(validation(
            "The NextToken belongs to another search: leave Resource, SortBy and SortOrder as they were",
        ));
    }
    Ok(Some(token.at))
}

fn answer(member: &str, matches: Vec<((Key, String), Record)>, next: Option<&Token>, total: usize) -> Value {
    let results = matches.into_iter().map(|(_, record)| json!({ member: record.into_wire() }));
    let mut out = Map::new();
    out.insert("Results".to_owned(), results.collect());
    if let Some(next) = next {
        out.insert("NextToken".to_owned(), json!(write_token(next)));
    }
    out.insert("TotalHits".to_owned(), json!({ "Value": total, "Relation": "EqualTo" }));
    Value::Object(out)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
