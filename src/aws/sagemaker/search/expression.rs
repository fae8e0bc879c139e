//! Search expressions: filters, nested filters and expressions within, joined by And or Or.

use serde::Deserialize;
use serde_json::Value;

use super::super::super::errors::WireError;
use super::super::refusal::validation;
use super::record::{Record, Searched, within};

/// The most filters that AWS takes in one expression, nested ones included.
const FILTERS_MAX: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Expression {
    filters: Vec<Filter>,
    nested_filters: Vec<Nested>,
    sub_expressions: Vec<Expression>,
    operator: Joined,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
enum Joined {
    #[default]
    And,
    Or,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    name: String,
    #[serde(default)]
    operator: Operator,
    value: Option<String>,
}

/// Filters that one and the same element of a list must satisfy.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Nested {
    nested_property_name: String,
    filters: Vec<Filter>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
enum Operator {
    #[default]
    Equals,
    NotEquals,
    GreaterThan,
    GreaterThanOrEqualTo,
    LessThan,
    LessThanOrEqualTo,
    Contains,
    Exists,
    NotExists,
    In,
}

impl Expression {
    /// Refuses what AWS refuses: nothing at all, too much, properties that the kind does not have, filters without a value.
    pub(super) fn check(&self, kind: Searched) -> Result<(), WireError> {
        if self.count() > FILTERS_MAX {
            return Err(validation(format!("A SearchExpression may have at most {FILTERS_MAX} filters")));
        }
        self.check_parts(kind)
    }

    fn count(&self) -> usize {
        let nested = self.nested_filters.iter().map(|nested| nested.filters.len());
        self.filters.len() + nested.sum::<usize>() + self.sub_expressions.iter().map(Self::count).sum::<usize>()
    }

    fn check_parts(&self, kind: Searched) -> Result<(), WireError> {
        if self.filters.is_empty() && self.nested_filters.is_empty() && self.sub_expressions.is_empty() {
            return Err(validation(
                "A SearchExpression needs at least one of Filters, NestedFilters and SubExpressions",
            ));
        }
        for filter in self.filters.iter().chain(self.nested_filters.iter().flat_map(|nested| &nested.filters)) {
            kind.knows(&filter.name)?;
            if filter.value.is_none() && !matches!(filter.operator, Operator::Exists | Operator::NotExists) {
                return Err(validation(format!("The filter on {} needs a Value", filter.name)));
            }
        }
        for nested in &self.nested_filters {
            kind.knows(&nested.nested_property_name)?;
        }
        self.sub_expressions.iter().try_for_each(|expression| expression.check_parts(kind))
    }

    /// Whether a resource is wanted.
    pub(super) fn holds(&self, record: &Record) -> bool {
        let filters = self.filters.iter().map(|filter| filter.holds(&record.values(&filter.name)));
        let nested = self.nested_filters.iter().map(|nested| nested.holds(record));
        let expressions = self.sub_expressions.iter().map(|expression| expression.holds(record));
        let mut each = filters.chain(nested).chain(expressions);
        match self.operator {
            Joined::And => each.all(|holds| holds),
            Joined::Or => each.any(|holds| holds),
        }
    }
}

impl Nested {
    fn holds(&self, record: &Record) -> bool {
        let property = format!("{}.", self.nested_property_name);
        let matches = |element: &Value| {
            self.filters.iter().all(|filter| {
                let mut found = Vec::new();
                within(element, filter.name.strip_prefix(&property).unwrap_or(&filter.name), &mut found);
                filter.holds(&found)
            })
        };
        record.values(&self.nested_property_name).into_iter().any(matches)
    }
}

impl Filter {
    /// Whether one of the values found satisfies it; for the negative operators, whether none speaks against it.
    fn holds(&self, found: &[&Value]) -> bool {
        let wanted = self.value.as_deref().unwrap_or_default();
        let any = |test: &dyn Fn(&Value) -> bool| found.iter().any(|value| test(value));
        match self.operator {
            Operator::Exists => !found.is_empty(),
            Operator::NotExists => found.is_empty(),
            Operator::Equals => any(&|value| equals(value, wanted)),
            Operator::NotEquals => !any(&|value| equals(value, wanted)),
            Operator::Contains => any(&|value| value.as_str().is_some_and(|text| text.contains(wanted))),
            Operator::In => any(&|value| wanted.split(',').any(|one| equals(value, one.trim()))),
            Operator::GreaterThan => any(&|value| compared(value, wanted, |a, b| a > b)),
            Operator::GreaterThanOrEqualTo => any(&|value| compared(value, wanted, |a, b| a >= b)),
            Operator::LessThan => any(&|value| compared(value, wanted, |a, b| a < b)),
            Operator::LessThanOrEqualTo => any(&|value| compared(value, wanted, |a, b| a <= b)),
        }
    }
}

fn equals(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Bool(flag) => wanted.eq_ignore_ascii_case(&flag.to_string()),
        Value::Number(_) => compared(value, wanted, |a, b| a == b),
        _ => false,
    }
}

/// Compares numbers, and numbers written as text, as hyperparameters are. Text that is no number is neither more nor less.
fn compared(value: &Value, wanted: &str, test: fn(f64, f64) -> bool) -> bool {
    let found = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    found.zip(number(wanted)).is_some_and(|(found, wanted)| test(found, wanted))
}

/// A number, or a time in ISO 8601 as the seconds that times are.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_millisecond() as f64 / 1000.0);
    }
    // Without an offset it is UTC.
    let time = text.parse::<jiff::civil::DateTime>().ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond() as f64 / 1000.0)
}
