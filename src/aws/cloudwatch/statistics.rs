//! `GetMetricStatistics`: statistics of one metric, period by period.

use serde::Deserialize;
use serde_json::Value;

use super::super::{Wire, json};
use super::output::Output;
use super::range::{self, Dimension, Range, metric_id};
use super::{Outcome, combination};
use crate::stats::metric::{Statistic, Summary};

/// Points that one answer may have.
const MOST_POINTS: i64 = 1_440;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: Option<Vec<Dimension>>,
    start_time: f64,
    end_time: f64,
    period: i64,
    #[serde(default)]
    statistics: Option<Vec<String>>,
    #[serde(default)]
    extended_statistics: Option<Vec<String>>,
    #[serde(default)]
    unit: Option<String>,
}

/// `GetMetricStatistics`.
pub(super) fn get(wire: &Wire, input: Value) -> Outcome {
    let asked: Asked = json::members(input)?;
    let (plain, extended) = (asked.statistics.unwrap_or_default(), asked.extended_statistics.unwrap_or_default());
    if plain.is_empty() && extended.is_empty() {
        return Err(combination("At least one of the parameters Statistics and ExtendedStatistics must be specified."));
    }
    let period_s = range::period(asked.period)?;
    let range = Range::new(asked.start_time, asked.end_time)?;
    let points = range.periods(period_s);
    if points > MOST_POINTS {
        return Err(combination(format!(
            "You have requested up to {points} datapoints, which exceeds the limit of {MOST_POINTS}. You may reduce the datapoints \
             requested by increasing Period, or decreasing the time range."
        )));
    }
    let parse = |names: &[String], parameter: &str| {
        names.iter().map(|name| range::statistic(name, parameter)).collect::<Result<Vec<Statistic>, _>>()
    };
    let (told, more) = (parse(&plain, "Statistics")?, parse(&extended, "ExtendedStatistics")?);
    let label = asked.metric_name.clone();
    let id = metric_id(asked.namespace, asked.metric_name, asked.dimensions.unwrap_or_default());
    let mut datapoints = Vec::new();
    for measured in range::read(wire, &id, range, period_s, asked.unit.as_deref()) {
        for (at_s, summary) in measured.series.periods(range.first(period_s), range.end_s, period_s) {
            let mut point = vec![("Timestamp", Output::seconds(at_s))];
            point.extend(told.iter().filter_map(|statistic| Some((name(*statistic)?, number(*statistic, &summary)?))));
            if !more.is_empty() {
                // Under the names that they were asked for by.
                let values = extended.iter().zip(&more);
                let values = values.filter_map(|(name, statistic)| Some((name.clone(), number(*statistic, &summary)?)));
                point.push(("ExtendedStatistics", Output::Map(values.collect())));
            }
            point.push(("Unit", measured.unit.clone().into()));
            datapoints.push((at_s, Output::Object(point)));
        }
    }
    // AWS promises no order; with several units the times come mixed.
    datapoints.sort_by_key(|(at_s, _)| *at_s);
    let datapoints = datapoints.into_iter().map(|(_, point)| point).collect();
    Ok(Some(Output::Object(vec![("Label", label.into()), ("Datapoints", Output::List(datapoints))])))
}

fn number(statistic: Statistic, summary: &Summary) -> Option<Output> {
    statistic.of(summary).map(Output::Number)
}

/// The member of a data point; `None` for what is no plain statistic.
fn name(statistic: Statistic) -> Option<&'static str> {
    match statistic {
        Statistic::SampleCount => Some("SampleCount"),
        Statistic::Sum => Some("Sum"),
        Statistic::Average => Some("Average"),
        Statistic::Minimum => Some("Minimum"),
        Statistic::Maximum => Some("Maximum"),
        _ => None,
    }
}
