//! `PutMetricAlarm`.

use serde::Deserialize;
use serde_json::Value;

use super::super::super::Wire;
use super::super::super::errors::WireError;
use super::super::super::json::{self, WireTag};
use super::super::range::{self, Dimension, metric_id};
use super::super::{Outcome, combination, invalid, missing};
use super::ask;
use crate::domain::alarm::{Actions, Alarm, AlarmState, Comparison, Missing};
use crate::domain::tag::Tag;
use crate::domain::time::Timestamp;
use crate::workspace::AlarmCommand;

/// Members that lead to alarms of other kinds.
const OTHER_KINDS: [&str; 5] =
    ["Metrics", "ThresholdMetricId", "EvaluationCriteria", "EvaluationInterval", "EvaluationWindow"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    alarm_name: String,
    #[serde(default)]
    alarm_description: Option<String>,
    #[serde(default)]
    actions_enabled: Option<bool>,
    #[serde(default, rename = "OKActions")]
    ok_actions: Option<Vec<String>>,
    #[serde(default)]
    alarm_actions: Option<Vec<String>>,
    #[serde(default)]
    insufficient_data_actions: Option<Vec<String>>,
    #[serde(default)]
    metric_name: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    statistic: Option<String>,
    #[serde(default)]
    extended_statistic: Option<String>,
    #[serde(default)]
    dimensions: Option<Vec<Dimension>>,
    #[serde(default)]
    period: Option<u32>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    evaluation_periods: Option<u32>,
    #[serde(default)]
    datapoints_to_alarm: Option<u32>,
    #[serde(default)]
    threshold: Option<f64>,
    #[serde(default)]
    comparison_operator: Option<String>,
    #[serde(default)]
    treat_missing_data: Option<String>,
    #[serde(default)]
    evaluate_low_sample_count_percentile: Option<String>,
    #[serde(default)]
    tags: Option<Vec<WireTag>>,
}

/// `PutMetricAlarm`.
pub(in crate::aws::cloudwatch) fn put(wire: &Wire, input: Value) -> Outcome {
    let is_given = |value: &Value| !value.is_null() && *value != Value::Array(Vec::new());
    if let Some(member) = OTHER_KINDS.iter().find(|member| input.get(**member).is_some_and(is_given)) {
        return Err(invalid(format!(
            "The parameter {member} is not available in Counterpoise: alarms watch one metric against one threshold."
        )));
    }
    let asked: Asked = json::members(input)?;
    ask(wire, AlarmCommand::Put(Box::new(alarm(asked)?)))?;
    Ok(None)
}

fn alarm(asked: Asked) -> Result<Alarm, WireError> {
    let statistic = match (asked.statistic, asked.extended_statistic) {
        (Some(plain), None) => (plain, "Statistic"),
        (None, Some(extended)) => (extended, "ExtendedStatistic"),
        _ => {
            return Err(combination(
                "Exactly one of the parameters Statistic and ExtendedStatistic must be specified.",
            ));
        }
    };
    range::statistic(&statistic.0, statistic.1)?;
    let needed = |name: &str| missing(format!("The parameter {name} is required for an alarm on a metric."));
    let comparison = asked.comparison_operator.ok_or_else(|| needed("ComparisonOperator"))?;
    let comparison = Comparison::ALL.into_iter().find(|known| known.as_str() == comparison).ok_or_else(|| {
        invalid(format!("The value {comparison} for parameter ComparisonOperator is not available in Counterpoise: it needs a band and not a threshold."))
    })?;
    let treated = asked.treat_missing_data.map(|treated| {
        let known = Missing::ALL.into_iter().find(|known| known.as_str() == treated);
        known.ok_or_else(|| {
            invalid(format!("The value {treated} for parameter TreatMissingData is invalid: it must be breaching, notBreaching, ignore or missing."))
        })
    });
    if let Some(low) = &asked.evaluate_low_sample_count_percentile
        && !matches!(low.as_str(), "evaluate" | "ignore")
    {
        return Err(invalid(format!(
            "The value {low} for parameter EvaluateLowSampleCountPercentile is invalid: it must be evaluate or ignore."
        )));
    }
    let name = asked.metric_name.ok_or_else(|| needed("MetricName"))?;
    let namespace = asked.namespace.ok_or_else(|| needed("Namespace"))?;
    // The engine's clock and the state of an alarm that is there already overwrite the rest.
    let unset = Timestamp(0);
    Ok(Alarm {
        name: asked.alarm_name,
        description: asked.alarm_description,
        metric: metric_id(namespace, name, asked.dimensions.unwrap_or_default()),
        unit: asked.unit,
        statistic: statistic.0,
        period_s: asked.period.ok_or_else(|| needed("Period"))?,
        evaluation_periods: asked.evaluation_periods.ok_or_else(|| needed("EvaluationPeriods"))?,
        datapoints_to_alarm: asked.datapoints_to_alarm,
        threshold: asked.threshold.ok_or_else(|| needed("Threshold"))?,
        comparison,
        missing: treated.transpose()?,
        low_sample_count: asked.evaluate_low_sample_count_percentile,
        actions: Actions {
            enabled: asked.actions_enabled.unwrap_or(true),
            ok: asked.ok_actions.unwrap_or_default(),
            alarm: asked.alarm_actions.unwrap_or_default(),
            insufficient_data: asked.insufficient_data_actions.unwrap_or_default(),
        },
        tags: asked.tags.unwrap_or_default().into_iter().map(Tag::from).collect(),
        configured: unset,
        state: AlarmState::default(),
        state_reason: String::new(),
        state_data: None,
        state_updated: unset,
        state_transitioned: unset,
    })
}
