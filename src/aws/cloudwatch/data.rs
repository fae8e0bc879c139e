//! `GetMetricData`: several metrics at once, and expressions over them.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use serde_json::Value;

use super::super::errors::WireError;
use super::super::{Wire, json};
use super::math::{self, Expression, Line, Scope};
use super::output::Output;
use super::range::{self, Dimension, Range, metric_id};
use super::{Outcome, bad_token};
use crate::domain::metric::MetricId;
use crate::stats::metric::Statistic;

/// Queries that one request may have.
const MOST_QUERIES: usize = 500;

/// Points on a page.
const MOST_POINTS: usize = 100_800;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    metric_data_queries: Vec<Given>,
    start_time: f64,
    end_time: f64,
    #[serde(default)]
    next_token: Option<String>,
    #[serde(default)]
    scan_by: Option<String>,
    #[serde(default)]
    max_datapoints: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    id: String,
    #[serde(default)]
    metric_stat: Option<MetricStat>,
    #[serde(default)]
    expression: Option<String>,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    return_data: Option<bool>,
    #[serde(default)]
    period: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricStat {
    metric: Metric,
    period: i64,
    stat: String,
    #[serde(default)]
    unit: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(clippy::struct_field_names, reason = "the members have these names")]
struct Metric {
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Option<Vec<Dimension>>,
}

/// A query that was checked.
struct Query {
    id: String,
    label: Option<String>,
    returns: bool,
    of: Of,
}

enum Of {
    Metric { id: MetricId, statistic: Statistic, period_s: i64, unit: Option<String> },
    Expression { text: String, tree: Expression, period_s: Option<i64> },
}

fn validation(message: impl Into<String>) -> WireError {
    WireError::validation(message)
}

/// `GetMetricData`.
pub(super) fn get(wire: &Wire, input: Value) -> Outcome {
    let asked: Asked = json::members(input)?;
    let range = Range::new(asked.start_time, asked.end_time)?;
    let queries = check(asked.metric_data_queries)?;
    let now_s = wire.serving.clock().wall_ms().div_euclid(1_000);
    let mut work =
        Work { wire, range, now_s, queries: &queries, lines: HashMap::new(), under_way: HashSet::new(), period_s: 60 };
    let mut results: Vec<(&str, Line)> = Vec::new();
    for query in queries.iter().filter(|query| query.returns) {
        let lines = work.lines_of(query).map_err(|why| in_expression(query, &why))?;
        results.extend(lines.into_iter().map(|line| (query.id.as_str(), line)));
    }
    let descending = asked.scan_by.as_deref() != Some("TimestampAscending");
    page(results, descending, asked.next_token.as_deref(), asked.max_datapoints)
}

fn in_expression(query: &Query, why: &str) -> WireError {
    validation(format!("Error in expression '{}': {why}.", query.id))
}

fn check(given: Vec<Given>) -> Result<Vec<Query>, WireError> {
    if given.is_empty() || given.len() > MOST_QUERIES {
        return Err(validation(format!("The parameter MetricDataQueries must have 1 to {MOST_QUERIES} members.")));
    }
    let mut ids = HashSet::new();
    let mut queries = Vec::with_capacity(given.len());
    for given in given {
        let id = given.id;
        let good = id.starts_with(|c: char| c.is_ascii_lowercase())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !good {
            return Err(validation(format!(
                "The value {id} for parameter MetricDataQueries.member.{}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
                queries.len() + 1
            )));
        }
        if !ids.insert(id.clone()) {
            return Err(validation(format!(
                "The values for parameter id in MetricDataQueries must be unique: {id} is there twice."
            )));
        }
        let of = match (given.metric_stat, given.expression) {
            (Some(stat), None) => of_metric(stat, &id)?,
            (None, Some(text)) => {
                if text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("SELECT")) {
                    return Err(validation(format!(
                        "Error in expression '{id}': Metrics Insights queries are not available in Counterpoise."
                    )));
                }
                let tree =
                    math::parse(&text).map_err(|why| validation(format!("Error in expression '{id}': {why}.")))?;
                Of::Expression { text, tree, period_s: given.period.map(range::period).transpose()? }
            }
            _ => {
                return Err(validation(format!(
                    "The query {id} must have exactly one of the parameters Expression and MetricStat."
                )));
            }
        };
        queries.push(Query { id, label: given.label, returns: given.return_data.unwrap_or(true), of });
    }
    if queries.iter().all(|query| !query.returns) {
        return Err(validation("At least one query must have ReturnData set to true."));
    }
    Ok(queries)
}

fn of_metric(stat: MetricStat, id: &str) -> Result<Of, WireError> {
    let (Some(namespace), Some(name)) = (stat.metric.namespace, stat.metric.metric_name) else {
        return Err(validation(format!("The metric of query {id} must have a Namespace and a MetricName.")));
    };
    Ok(Of::Metric {
        id: metric_id(namespace, name, stat.metric.dimensions.unwrap_or_default()),
        statistic: range::statistic(&stat.stat, "Stat")?,
        period_s: range::period(stat.period)?,
        unit: stat.unit,
    })
}

/// The queries as they are worked out, each once.
struct Work<'a> {
    wire: &'a Wire,
    range: Range,
    now_s: i64,
    queries: &'a [Query],
    lines: HashMap<&'a str, Vec<Line>>,
    /// Expressions that are being worked out: one of them that is asked for again would never end.
    under_way: HashSet<&'a str>,
    /// Of the expression under way.
    period_s: i64,
}

impl<'a> Work<'a> {
    fn lines_of(&mut self, query: &'a Query) -> Result<Vec<Line>, String> {
        if let Some(known) = self.lines.get(query.id.as_str()) {
            return Ok(known.clone());
        }
        let lines = match &query.of {
            Of::Metric { id, statistic, period_s, unit } => {
                let found = range::read(self.wire, id, self.range, *period_s, unit.as_deref());
                let periods = range::merged(&found, self.range, *period_s);
                let points = periods.iter().filter_map(|(at_s, summary)| Some((*at_s, statistic.of(summary)?)));
                let label = query.label.clone().unwrap_or_else(|| id.name.clone());
                vec![Line { label, period_s: *period_s, points: points.collect() }]
            }
            Of::Expression { text, tree, period_s } => {
                if !self.under_way.insert(&query.id) {
                    return Err(format!("{} leads back to itself", query.id));
                }
                let outer = self.period_s;
                self.period_s = period_s.unwrap_or_else(|| self.common_period());
                let mut lines = math::evaluate(tree, self)?;
                self.period_s = outer;
                self.under_way.remove(query.id.as_str());
                let single = lines.len() == 1;
                for line in &mut lines {
                    if let Some(label) = &query.label {
                        line.label.clone_from(label);
                    } else if single {
                        line.label =
                            if matches!(tree, Expression::Name(_)) { line.label.clone() } else { text.clone() };
                    }
                }
                lines
            }
        };
        self.lines.insert(&query.id, lines.clone());
        Ok(lines)
    }

    /// The period of numbers where the request says none: the shortest of the metrics.
    fn common_period(&self) -> i64 {
        let periods = self.queries.iter().filter_map(|query| match &query.of {
            Of::Metric { period_s, .. } => Some(*period_s),
            Of::Expression { .. } => None,
        });
        periods.min().unwrap_or(60)
    }
}

impl Scope for Work<'_> {
    fn line(&mut self, id: &str) -> Result<Option<Vec<Line>>, String> {
        let queries = self.queries;
        queries.iter().find(|query| query.id == id).map(|query| self.lines_of(query)).transpose()
    }

    fn metrics(&self) -> Vec<Line> {
        let mut work = Work { lines: HashMap::new(), under_way: HashSet::new(), ..*self };
        let metrics = self.queries.iter().filter(|query| matches!(query.of, Of::Metric { .. }));
        metrics.filter_map(|query| work.lines_of(query).ok()).flatten().collect()
    }

    fn periods(&self, period_s: i64) -> Vec<i64> {
        // Nothing was measured yet in periods that are still to come.
        let end_s = self.range.end_s.min(self.now_s);
        let mut at_s = self.range.first(period_s);
        let mut periods = Vec::new();
        while at_s < end_s && periods.len() < MOST_POINTS {
            periods.push(at_s);
            at_s += period_s;
        }
        periods
    }

    fn period_s(&self) -> i64 {
        self.period_s
    }
}

/// A page of points: those of the first result, then those of the next, as many as fit.
fn page(results: Vec<(&str, Line)>, descending: bool, token: Option<&str>, most: Option<usize>) -> Outcome {
    let from: usize = token.map_or(Ok(0), |token| token.parse().map_err(|_| bad_token()))?;
    let most = most.unwrap_or(MOST_POINTS).clamp(1, MOST_POINTS);
    let all: usize = results.iter().map(|(_, line)| line.points.len()).sum();
    if from > 0 && from >= all {
        return Err(bad_token());
    }
    let (mut passed, mut told) = (0, 0);
    let mut out = Vec::new();
    for (id, line) in results {
        let points: Vec<(i64, f64)> = in_order(line.points, descending);
        let count = points.len();
        let skipped = from.saturating_sub(passed).min(count);
        passed += count;
        // Results that ended on an earlier page are not told again; those that have no points are told on the first.
        if skipped == count && (count > 0 || from > 0) {
            continue;
        }
        let here: Vec<(i64, f64)> = points[skipped..].iter().take(most - told).copied().collect();
        if here.is_empty() && count > 0 {
            continue;
        }
        told += here.len();
        let ends = skipped + here.len() == count;
        out.push(Output::Object(vec![
            ("Id", id.into()),
            ("Label", line.label.into()),
            ("Timestamps", Output::List(here.iter().map(|(at_s, _)| Output::seconds(*at_s)).collect())),
            ("Values", Output::List(here.iter().map(|(_, value)| Output::Number(*value)).collect())),
            ("StatusCode", if ends { "Complete" } else { "PartialData" }.into()),
        ]));
    }
    let mut members = vec![("MetricDataResults", Output::List(out)), ("Messages", Output::List(Vec::new()))];
    if from + told < all {
        members.push(("NextToken", (from + told).to_string().into()));
    }
    Ok(Some(Output::Object(members)))
}

fn in_order(points: BTreeMap<i64, f64>, descending: bool) -> Vec<(i64, f64)> {
    if descending { points.into_iter().rev().collect() } else { points.into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(points: &[(i64, f64)]) -> Line {
        Line { label: "l".to_owned(), period_s: 60, points: points.iter().copied().collect() }
    }

    #[test]
    fn pages_hold_so_many_points_and_go_on_where_they_ended() {
        let results =
            || vec![("a", line(&[(0, 1.0), (60, 2.0), (120, 3.0)])), ("b", line(&[])), ("c", line(&[(0, 9.0)]))];
        let told = |token: Option<&str>| {
            let json = page(results(), true, token, Some(2)).unwrap().unwrap().json();
            let results = json["MetricDataResults"].as_array().unwrap().iter();
            let results: Vec<Value> = results.map(|r| json!([r["Id"], r["Values"], r["StatusCode"]])).collect();
            (results, json["NextToken"].clone())
        };
        let first = (vec![json!(["a", [3.0, 2.0], "PartialData"]), json!(["b", [], "Complete"])], json!("2"));
        assert_eq!(told(None), first);
        let second = (vec![json!(["a", [1.0], "Complete"]), json!(["c", [9.0], "Complete"])], Value::Null);
        assert_eq!(told(Some("2")), second);
        assert_eq!(page(results(), true, Some("4"), None).unwrap_err().code, "InvalidNextToken");
        assert_eq!(page(results(), true, Some("x"), None).unwrap_err().code, "InvalidNextToken");
    }

    #[test]
    fn queries_are_checked() {
        let code = |given: Value| match check(serde_json::from_value(given).unwrap()) {
            Ok(_) => String::new(),
            Err(error) => error.message,
        };
        let metric = json!({ "Metric": { "Namespace": "N", "MetricName": "m" }, "Period": 60, "Stat": "p99" });
        assert_eq!(code(json!([{ "Id": "m1", "MetricStat": metric }, { "Id": "e1", "Expression": "m1*2" }])), "");
        assert!(code(json!([])).contains("MetricDataQueries"));
        assert!(code(json!([{ "Id": "M1", "MetricStat": metric }])).contains("pattern"));
        assert!(
            code(json!([{ "Id": "m", "MetricStat": metric }, { "Id": "m", "MetricStat": metric }])).contains("unique")
        );
        assert!(code(json!([{ "Id": "m", "MetricStat": metric, "Expression": "1" }])).contains("exactly one"));
        assert!(code(json!([{ "Id": "m", "MetricStat": metric, "ReturnData": false }])).contains("ReturnData"));
        assert!(code(json!([{ "Id": "e", "Expression": "SELECT AVG(x) FROM y" }])).contains("Insights"));
        assert!(code(json!([{ "Id": "e", "Expression": "m1 +" }])).contains("ends too early"));
    }
}
