//! Alarms on metrics: a threshold, how many periods have to be beyond it, and the state that came of it.

use serde::{Deserialize, Serialize};

use super::arn::Account;
use super::invalid::Invalid;
use super::metric::MetricId;
use super::tag::{self, Tag};
use super::time::Timestamp;

/// Longest stretch that an alarm may look at, seconds: a day, or a week of periods of an hour and more.
const LONGEST_S: u64 = 86_400;
const LONGEST_OF_HOURS_S: u64 = 604_800;

/// CloudWatch's `ComparisonOperator`, as far as it needs one threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// Breaching from the threshold on.
    GreaterThanOrEqualToThreshold,
    /// Breaching above the threshold.
    GreaterThanThreshold,
    /// Breaching below the threshold.
    LessThanThreshold,
    /// Breaching up to the threshold.
    LessThanOrEqualToThreshold,
}

impl Comparison {
    /// All.
    pub const ALL: [Self; 4] = [
        Self::GreaterThanOrEqualToThreshold,
        Self::GreaterThanThreshold,
        Self::LessThanThreshold,
        Self::LessThanOrEqualToThreshold,
    ];

    /// CloudWatch's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GreaterThanOrEqualToThreshold => "GreaterThanOrEqualToThreshold",
            Self::GreaterThanThreshold => "GreaterThanThreshold",
            Self::LessThanThreshold => "LessThanThreshold",
            Self::LessThanOrEqualToThreshold => "LessThanOrEqualToThreshold",
        }
    }

    /// In words: "greater than the threshold".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::GreaterThanOrEqualToThreshold => "greater than or equal to the threshold",
            Self::GreaterThanThreshold => "greater than the threshold",
            Self::LessThanThreshold => "less than the threshold",
            Self::LessThanOrEqualToThreshold => "less than or equal to the threshold",
        }
    }

    /// Whether a value breaches.
    pub fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterThanOrEqualToThreshold => value >= threshold,
            Self::GreaterThanThreshold => value > threshold,
            Self::LessThanThreshold => value < threshold,
            Self::LessThanOrEqualToThreshold => value <= threshold,
        }
    }
}

/// CloudWatch's `TreatMissingData`: what a period without a value counts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Missing {
    /// As nothing; when there is no value at all, data are insufficient.
    #[default]
    #[serde(rename = "missing")]
    Missing,
    /// The state stays as it is.
    #[serde(rename = "ignore")]
    Ignore,
    /// As beyond the threshold.
    #[serde(rename = "breaching")]
    Breaching,
    /// As within the threshold.
    #[serde(rename = "notBreaching")]
    NotBreaching,
}

impl Missing {
    /// All.
    pub const ALL: [Self; 4] = [Self::Missing, Self::Ignore, Self::Breaching, Self::NotBreaching];

    /// CloudWatch's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Ignore => "ignore",
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
        }
    }
}

/// CloudWatch's `StateValue`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlarmState {
    /// Within the threshold.
    Ok,
    /// Beyond it.
    Alarm,
    /// Nobody knows yet.
    #[default]
    InsufficientData,
}

impl AlarmState {
    /// All.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Alarm, Self::InsufficientData];

    /// CloudWatch's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// What an alarm would tell when it changes its state. Kept and given back; nobody is told anything here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actions {
    /// Whether they are on.
    pub enabled: bool,
    /// ARNs for [`AlarmState::Ok`].
    pub ok: Vec<String>,
    /// ARNs for [`AlarmState::Alarm`].
    pub alarm: Vec<String>,
    /// ARNs for [`AlarmState::InsufficientData`].
    pub insufficient_data: Vec<String>,
}

/// An alarm on one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// 1–255 characters.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it watches.
    pub metric: MetricId,
    /// Only values in this unit; in any unit otherwise.
    pub unit: Option<String>,
    /// The name of a statistic, plain or extended.
    pub statistic: String,
    /// Seconds of a period.
    pub period_s: u32,
    /// How many periods are looked at.
    pub evaluation_periods: u32,
    /// How many of them have to breach; `None`: all.
    pub datapoints_to_alarm: Option<u32>,
    /// The threshold.
    pub threshold: f64,
    /// What breaching is.
    pub comparison: Comparison,
    /// What a period without a value is; `None` where the request said nothing, which means `missing`.
    pub missing: Option<Missing>,
    /// `EvaluateLowSampleCountPercentile`, kept and given back.
    pub low_sample_count: Option<String>,
    /// What it would tell.
    pub actions: Actions,
    /// Tags.
    pub tags: Vec<Tag>,
    /// When it was made or last changed.
    pub configured: Timestamp,
    /// Its state.
    pub state: AlarmState,
    /// Why it is in that state.
    pub state_reason: String,
    /// The same as JSON, where there is something to say.
    pub state_data: Option<String>,
    /// When state or reason last changed.
    pub state_updated: Timestamp,
    /// When the state last changed.
    pub state_transitioned: Timestamp,
}

impl Alarm {
    /// `arn:aws:cloudwatch:REGION:ACCOUNT:alarm:NAME`.
    pub fn arn(&self, account: &Account) -> String {
        format!("{}{}", arn_prefix(account), self.name)
    }

    /// How many periods have to breach.
    pub fn to_alarm(&self) -> u32 {
        self.datapoints_to_alarm.unwrap_or(self.evaluation_periods)
    }

    /// The rules that it breaks; empty when it is fine. Whether the statistic is one is not looked at.
    pub fn validate(&self) -> Vec<Invalid> {
        let mut broken = Vec::new();
        let long = self.name.chars().count();
        if !(1..=255).contains(&long) || self.name.chars().any(char::is_control) {
            broken.push(Invalid::new(
                "AlarmName",
                &self.name,
                "must have 1 to 255 characters, none of them a control character",
            ));
        }
        if !(matches!(self.period_s, 10 | 20 | 30) || (self.period_s > 0 && self.period_s.is_multiple_of(60))) {
            broken.push(Invalid::new("Period", self.period_s, "must be 10, 20, 30 or a multiple of 60"));
        }
        if self.evaluation_periods == 0 {
            broken.push(Invalid::new("EvaluationPeriods", 0, "must be at least 1"));
        }
        if !(1..=self.evaluation_periods.max(1)).contains(&self.to_alarm()) {
            broken.push(Invalid::new("DatapointsToAlarm", self.to_alarm(), "must be from 1 to EvaluationPeriods"));
        }
        let stretch_s = u64::from(self.period_s) * u64::from(self.evaluation_periods);
        let longest_s = if self.period_s >= 3_600 { LONGEST_OF_HOURS_S } else { LONGEST_S };
        if stretch_s > longest_s {
            let rule = format!("times Period must be at most {longest_s} seconds");
            broken.push(Invalid::new("EvaluationPeriods", self.evaluation_periods, rule));
        }
        if !self.threshold.is_finite() {
            broken.push(Invalid::new("Threshold", self.threshold, "must be a number"));
        }
        broken.extend(tag::validate(&self.tags));
        broken
    }
}

/// What the ARN of an alarm has before its name.
pub fn arn_prefix(account: &Account) -> String {
    format!("arn:aws:cloudwatch:{}:{}:alarm:", account.region, account.id)
}

/// An alarm for tests: more than four server errors in each of two minutes.
#[cfg(test)]
pub fn sample() -> Alarm {
    Alarm {
        name: "errors".to_owned(),
        description: None,
        metric: MetricId::of_variant("Invocation5XXErrors", "e", "A"),
        unit: None,
        statistic: "Sum".to_owned(),
        period_s: 60,
        evaluation_periods: 2,
        datapoints_to_alarm: None,
        threshold: 4.0,
        comparison: Comparison::GreaterThanThreshold,
        missing: None,
        low_sample_count: None,
        actions: Actions::default(),
        tags: Vec::new(),
        configured: Timestamp(0),
        state: AlarmState::default(),
        state_reason: String::new(),
        state_data: None,
        state_updated: Timestamp(0),
        state_transitioned: Timestamp(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_in_order_breaks_nothing() {
        assert_eq!(sample().validate(), []);
        assert_eq!(sample().arn(&Account::default()), "arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors");
    }

    #[test]
    fn every_broken_rule_is_named() {
        let broken = Alarm {
            name: String::new(),
            period_s: 45,
            datapoints_to_alarm: Some(3),
            threshold: f64::NAN,
            evaluation_periods: 2_000,
            ..sample()
        };
        let fields: Vec<String> = broken.validate().into_iter().map(|broken| broken.field).collect();
        assert_eq!(fields, ["AlarmName", "Period", "EvaluationPeriods", "Threshold"]);
        let broken = Alarm { datapoints_to_alarm: Some(3), ..sample() };
        assert_eq!(broken.validate()[0].field, "DatapointsToAlarm");
    }
}
