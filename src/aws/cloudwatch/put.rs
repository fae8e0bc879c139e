//! `PutMetricData`: what a client measured itself.

use serde::Deserialize;
use serde_json::Value;

use super::super::errors::WireError;
use super::super::{Wire, json};
use super::range::{Dimension, metric_id};
use super::{Outcome, combination, invalid, missing};
use crate::domain::metric::NO_UNIT;
use crate::stats::metric::Summary;
use crate::workspace::Datum;

/// Data that one request may have.
const MOST_DATA: usize = 1_000;

/// Values that one datum may have.
const MOST_VALUES: usize = 150;

/// Values are within ±2³⁶⁰.
const LARGEST: f64 = 2.348_542_582_773_833e108;

/// How old a value may be, and how far in the future, seconds: two weeks and two hours.
const OLDEST_S: i64 = 14 * 86_400;
const AHEAD_S: i64 = 2 * 3_600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    namespace: String,
    #[serde(default)]
    metric_data: Option<Vec<Given>>,
    #[serde(default)]
    entity_metric_data: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    metric_name: String,
    #[serde(default)]
    dimensions: Option<Vec<Dimension>>,
    #[serde(default)]
    timestamp: Option<f64>,
    #[serde(default)]
    value: Option<f64>,
    #[serde(default)]
    statistic_values: Option<Totals>,
    #[serde(default)]
    values: Option<Vec<f64>>,
    #[serde(default)]
    counts: Option<Vec<f64>>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    storage_resolution: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Totals {
    sample_count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
}

/// `PutMetricData`.
pub(super) fn put(wire: &Wire, input: Value) -> Outcome {
    let asked: Asked = json::members(input)?;
    if asked.namespace.starts_with("AWS/") {
        return Err(invalid(format!(
            "The value {} for parameter Namespace is invalid: names that begin with AWS/ are kept for AWS's services.",
            asked.namespace
        )));
    }
    if asked.entity_metric_data.is_some_and(|data| !data.is_empty()) {
        return Err(invalid("The parameter EntityMetricData is not available in Counterpoise; use MetricData."));
    }
    let given = asked.metric_data.unwrap_or_default();
    if given.is_empty() {
        return Err(missing("The parameter MetricData is required."));
    }
    if given.len() > MOST_DATA {
        return Err(invalid(format!("The collection MetricData must not have a size greater than {MOST_DATA}.")));
    }
    let now_s = wire.serving.clock().wall_ms().div_euclid(1_000);
    // All of them, or none.
    let data: Vec<Datum> = given
        .into_iter()
        .enumerate()
        .map(|(index, given)| given.datum(&asked.namespace, &format!("MetricData.member.{}", index + 1), now_s))
        .collect::<Result<_, _>>()?;
    wire.workspace.put_metrics(data);
    Ok(None)
}

impl Given {
    fn datum(self, namespace: &str, at: &str, now_s: i64) -> Result<Datum, WireError> {
        let summary = self.summary(at)?;
        let time_s = self.timestamp.map_or(now_s, |time| time.floor() as i64);
        if !(now_s - OLDEST_S..=now_s + AHEAD_S).contains(&time_s) {
            return Err(invalid(format!(
                "The parameter {at}.Timestamp must specify a time no more than two weeks in the past and no more than two hours in the future."
            )));
        }
        let step_s = match self.storage_resolution {
            None | Some(60) => 60,
            Some(1) => 1,
            Some(other) => {
                return Err(invalid(format!(
                    "The value {other} for parameter {at}.StorageResolution is invalid: it must be 1 or 60."
                )));
            }
        };
        let dimensions = self.dimensions.unwrap_or_default();
        let names: std::collections::HashSet<&str> = dimensions.iter().map(|one| one.name.as_str()).collect();
        if names.len() < dimensions.len() {
            return Err(invalid(format!("The parameter {at}.Dimensions has a name twice.")));
        }
        Ok(Datum {
            id: metric_id(namespace.to_owned(), self.metric_name, dimensions),
            unit: self.unit.unwrap_or_else(|| NO_UNIT.to_owned()),
            at_s: time_s.div_euclid(step_s) * step_s,
            summary,
        })
    }

    fn summary(&self, at: &str) -> Result<Summary, WireError> {
        let kinds = [
            ("Value", self.value.is_some()),
            ("StatisticValues", self.statistic_values.is_some()),
            ("Values", self.values.as_ref().is_some_and(|values| !values.is_empty())),
        ];
        let mut given = kinds.iter().filter(|(_, given)| *given).map(|(name, _)| name);
        let Some(first) = given.next() else {
            return Err(missing(format!(
                "At least one of the parameters {at}.Value, {at}.Values and {at}.StatisticValues must be specified."
            )));
        };
        if let Some(second) = given.next() {
            return Err(combination(format!(
                "The parameters {at}.{first} and {at}.{second} are mutually exclusive and you have specified both."
            )));
        }
        let in_range = |value: f64, name: &str| {
            if value.abs() <= LARGEST {
                Ok(value)
            } else {
                Err(invalid(format!(
                    "The value {value} for parameter {at}.{name} is invalid: it must be within ±2^360."
                )))
            }
        };
        if let Some(value) = self.value {
            return Ok(Summary::of(in_range(value, "Value")?, 1.0));
        }
        if let Some(totals) = &self.statistic_values {
            let Totals { sample_count, sum, minimum, maximum } = *totals;
            for (value, name) in
                [(sample_count, "SampleCount"), (sum, "Sum"), (minimum, "Minimum"), (maximum, "Maximum")]
            {
                in_range(value, &format!("StatisticValues.{name}"))?;
            }
            if sample_count <= 0.0 {
                return Err(invalid(format!(
                    "The value {sample_count} for parameter {at}.StatisticValues.SampleCount is invalid: it must be greater than 0."
                )));
            }
            if minimum > maximum {
                return Err(combination(format!(
                    "The parameter {at}.StatisticValues.Maximum must be greater than or equal to {at}.StatisticValues.Minimum."
                )));
            }
            return Ok(Summary::given(sample_count, sum, minimum, maximum));
        }
        let values = self.values.as_deref().unwrap_or_default();
        let counts = self.counts.as_deref().unwrap_or_default();
        if values.len() > MOST_VALUES {
            return Err(invalid(format!(
                "The collection {at}.Values must not have a size greater than {MOST_VALUES}."
            )));
        }
        if !counts.is_empty() && counts.len() != values.len() {
            return Err(combination(format!("The parameters {at}.Values and {at}.Counts must be of the same size.")));
        }
        let mut all = Summary::default();
        for (index, value) in values.iter().enumerate() {
            let times = counts.get(index).copied().unwrap_or(1.0);
            if !(0.0..=LARGEST).contains(&times) {
                return Err(invalid(format!(
                    "The value {times} for parameter {at}.Counts is invalid: it must not be negative."
                )));
            }
            all.add(in_range(*value, "Values")?, times);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW_S: i64 = 1_795_687_230;

    fn datum(given: Value) -> Result<Datum, WireError> {
        serde_json::from_value::<Given>(given).unwrap().datum("Mine", "MetricData.member.1", NOW_S)
    }

    #[test]
    fn values_come_in_three_kinds() {
        let one = datum(json!({ "MetricName": "m", "Value": 2.5 })).unwrap();
        assert_eq!((one.at_s, one.unit.as_str(), one.summary), (NOW_S - 30, "None", Summary::of(2.5, 1.0)));
        let given = json!({
            "MetricName": "m", "Values": [1.0, 2.0], "Counts": [3.0, 1.0], "Unit": "Seconds", "StorageResolution": 1,
            "Timestamp": NOW_S - 7, "Dimensions": [{ "Name": "b", "Value": "2" }, { "Name": "a", "Value": "1" }],
        });
        let many = datum(given).unwrap();
        assert_eq!((many.at_s, many.unit.as_str(), many.summary.sum), (NOW_S - 7, "Seconds", 5.0));
        assert_eq!(many.id.dimensions[0].0, "a");
        let totals = json!({ "SampleCount": 4.0, "Sum": 10.0, "Minimum": 1.0, "Maximum": 4.0 });
        let totals = datum(json!({ "MetricName": "m", "StatisticValues": totals })).unwrap();
        assert_eq!((totals.summary.count, totals.summary.max), (4.0, 4.0));
    }

    #[test]
    fn what_is_wrong_is_said_with_aws_codes() {
        let code = |given: Value| datum(given).unwrap_err().code;
        assert_eq!(code(json!({ "MetricName": "m" })), "MissingParameter");
        assert_eq!(code(json!({ "MetricName": "m", "Value": 1.0, "Values": [1.0] })), "InvalidParameterCombination");
        assert_eq!(
            code(json!({ "MetricName": "m", "Values": [1.0], "Counts": [1.0, 2.0] })),
            "InvalidParameterCombination"
        );
        assert_eq!(code(json!({ "MetricName": "m", "Values": [1.0], "Counts": [-1.0] })), "InvalidParameterValue");
        assert_eq!(code(json!({ "MetricName": "m", "Value": 1e109 })), "InvalidParameterValue");
        assert_eq!(
            code(json!({ "MetricName": "m", "Value": 1.0, "Timestamp": NOW_S - OLDEST_S - 1 })),
            "InvalidParameterValue"
        );
        assert_eq!(
            code(json!({ "MetricName": "m", "Value": 1.0, "Timestamp": NOW_S + AHEAD_S + 1 })),
            "InvalidParameterValue"
        );
        assert_eq!(code(json!({ "MetricName": "m", "Value": 1.0, "StorageResolution": 5 })), "InvalidParameterValue");
        let twice = json!([{ "Name": "a", "Value": "1" }, { "Name": "a", "Value": "2" }]);
        assert_eq!(code(json!({ "MetricName": "m", "Value": 1.0, "Dimensions": twice })), "InvalidParameterValue");
    }
}
