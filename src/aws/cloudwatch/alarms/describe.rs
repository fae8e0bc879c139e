//! `DescribeAlarms` and `DescribeAlarmsForMetric`.

use serde::Deserialize;
use serde_json::Value;

use super::super::super::{Wire, json};
use super::super::list::dimensions;
use super::super::output::Output;
use super::super::range::{Dimension, metric_id};
use super::super::{Outcome, bad_token};
use crate::domain::alarm::Alarm;
use crate::domain::arn::Account;
use crate::stats::metric::Statistic;

/// Alarms on a page when the request does not say.
const PAGE: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    #[serde(default)]
    alarm_names: Option<Vec<String>>,
    #[serde(default)]
    alarm_name_prefix: Option<String>,
    #[serde(default)]
    alarm_types: Option<Vec<String>>,
    #[serde(default)]
    children_of_alarm_name: Option<String>,
    #[serde(default)]
    parents_of_alarm_name: Option<String>,
    #[serde(default)]
    state_value: Option<String>,
    #[serde(default)]
    action_prefix: Option<String>,
    #[serde(default)]
    max_records: Option<usize>,
    #[serde(default)]
    next_token: Option<String>,
}

impl Asked {
    fn fits(&self, alarm: &Alarm) -> bool {
        let acts = |prefix: &String| {
            let actions = &alarm.actions;
            let mut all = actions.ok.iter().chain(&actions.alarm).chain(&actions.insufficient_data);
            all.any(|action| action.starts_with(prefix.as_str()))
        };
        // Children and parents are of composite alarms, of which there are none.
        let is_of_family = self.children_of_alarm_name.is_some() || self.parents_of_alarm_name.is_some();
        !is_of_family
            && self.alarm_names.as_ref().is_none_or(|names| names.is_empty() || names.contains(&alarm.name))
            && self.alarm_name_prefix.as_ref().is_none_or(|prefix| alarm.name.starts_with(prefix))
            && self.state_value.as_ref().is_none_or(|state| alarm.state.as_str() == state)
            && self.action_prefix.as_ref().is_none_or(acts)
            && self
                .alarm_types
                .as_ref()
                .is_none_or(|types| types.is_empty() || types.iter().any(|t| t == "MetricAlarm"))
    }
}

/// `DescribeAlarms`: in the order of their names.
pub(in crate::aws::cloudwatch) fn describe(wire: &Wire, input: Value) -> Outcome {
    let asked: Asked = json::members(input)?;
    let snapshot = wire.workspace.snapshot();
    let from = asked.next_token.clone().unwrap_or_default();
    if from.chars().count() > 255 {
        return Err(bad_token());
    }
    let most = asked.max_records.unwrap_or(PAGE).clamp(1, 100);
    let mut rest = snapshot.alarms.range(&from).map(|(_, alarm)| alarm).filter(|alarm| asked.fits(alarm));
    let page: Vec<Output> = rest.by_ref().take(most).map(|alarm| described(alarm, &snapshot.info.account)).collect();
    let mut members = vec![("MetricAlarms", Output::List(page)), ("CompositeAlarms", Output::List(Vec::new()))];
    // The first that did not fit: one that is made between two pages moves nothing.
    members.extend(rest.next().map(|next| ("NextToken", next.name.clone().into())));
    Ok(Some(Output::Object(members)))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Of {
    metric_name: String,
    namespace: String,
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
}

/// `DescribeAlarmsForMetric`.
pub(in crate::aws::cloudwatch) fn of_metric(wire: &Wire, input: Value) -> Outcome {
    let of: Of = json::members(input)?;
    let id = metric_id(of.namespace, of.metric_name, of.dimensions.unwrap_or_default());
    let statistic = of.statistic.or(of.extended_statistic);
    let snapshot = wire.workspace.snapshot();
    let found = snapshot.alarms.values().filter(|alarm| {
        alarm.metric == id
            && statistic.as_ref().is_none_or(|statistic| *statistic == alarm.statistic)
            && of.period.is_none_or(|period| period == alarm.period_s)
            && of.unit.as_ref().is_none_or(|unit| alarm.unit.as_ref() == Some(unit))
    });
    let found = found.map(|alarm| described(alarm, &snapshot.info.account)).collect();
    Ok(Some(Output::Object(vec![("MetricAlarms", Output::List(found))])))
}

fn described(alarm: &Alarm, account: &Account) -> Output {
    let texts = |all: &[String]| Output::List(all.iter().map(|text| text.clone().into()).collect());
    let mut members = vec![("AlarmName", alarm.name.clone().into()), ("AlarmArn", alarm.arn(account).into())];
    members.extend(alarm.description.clone().map(|text| ("AlarmDescription", text.into())));
    members.extend([
        ("AlarmConfigurationUpdatedTimestamp", Output::Time(alarm.configured)),
        ("ActionsEnabled", Output::Flag(alarm.actions.enabled)),
        ("OKActions", texts(&alarm.actions.ok)),
        ("AlarmActions", texts(&alarm.actions.alarm)),
        ("InsufficientDataActions", texts(&alarm.actions.insufficient_data)),
        ("StateValue", alarm.state.as_str().into()),
        ("StateReason", alarm.state_reason.clone().into()),
    ]);
    members.extend(alarm.state_data.clone().map(|data| ("StateReasonData", data.into())));
    members.extend([
        ("StateUpdatedTimestamp", Output::Time(alarm.state_updated)),
        ("StateTransitionedTimestamp", Output::Time(alarm.state_transitioned)),
        ("MetricName", alarm.metric.name.clone().into()),
        ("Namespace", alarm.metric.namespace.clone().into()),
        (statistic_member(&alarm.statistic), alarm.statistic.clone().into()),
        ("Dimensions", dimensions(alarm.metric.dimensions.clone())),
        ("Period", Output::Whole(alarm.period_s.into())),
    ]);
    members.extend(alarm.unit.clone().map(|unit| ("Unit", unit.into())));
    members.push(("EvaluationPeriods", Output::Whole(alarm.evaluation_periods.into())));
    members.extend(alarm.datapoints_to_alarm.map(|points| ("DatapointsToAlarm", Output::Whole(points.into()))));
    members.extend([
        ("Threshold", Output::Number(alarm.threshold)),
        ("ComparisonOperator", alarm.comparison.as_str().into()),
    ]);
    members.extend(alarm.missing.map(|missing| ("TreatMissingData", missing.as_str().into())));
    members.extend(alarm.low_sample_count.clone().map(|low| ("EvaluateLowSampleCountPercentile", low.into())));
    Output::Object(members)
}

/// Where a statistic stands.
fn statistic_member(statistic: &str) -> &'static str {
    match statistic.parse() {
        Ok(Statistic::SampleCount | Statistic::Sum | Statistic::Average | Statistic::Minimum | Statistic::Maximum) => {
            "Statistic"
        }
        _ => "ExtendedStatistic",
    }
}
