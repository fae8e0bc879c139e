//! What all readings have in common: which metric, which stretch of time, which period; and the rules that AWS has for them.

use serde::Deserialize;

use super::super::Wire;
use super::super::errors::WireError;
use super::{combination, invalid};
use crate::domain::metric::MetricId;
use crate::stats::metric::{BadStatistic, Series, Statistic, Summary};
use crate::workspace::Measured;

/// A dimension, as requests have it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Dimension {
    pub(super) name: String,
    pub(super) value: String,
}

/// A metric's full name.
pub(super) fn metric_id(namespace: String, name: String, dimensions: Vec<Dimension>) -> MetricId {
    MetricId::new(namespace, name, dimensions.into_iter().map(|dimension| (dimension.name, dimension.value)))
}

/// A stretch of time in whole seconds, the end not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start_s: i64,
    pub(super) end_s: i64,
}

impl Range {
    /// Of two times in seconds since 1970.
    pub(super) fn new(start: f64, end: f64) -> Result<Self, WireError> {
        // Ten thousand years to both sides, so that nothing overflows.
        let bound = |time: f64| time.clamp(-3e11, 3e11);
        let (start_s, end_s) = (bound(start).floor() as i64, bound(end).ceil() as i64);
        if start_s < end_s {
            Ok(Self { start_s, end_s })
        } else {
            Err(combination("The parameter StartTime must be less than the parameter EndTime."))
        }
    }

    /// The beginning of the first period: AWS rounds the start down to a minute, or to a period that is shorter.
    pub(super) fn first(self, period_s: i64) -> i64 {
        let step = period_s.min(60);
        self.start_s.div_euclid(step) * step
    }

    /// How many periods there are in it at most.
    pub(super) fn periods(self, period_s: i64) -> i64 {
        (self.end_s - self.first(period_s) + period_s - 1) / period_s
    }
}

/// Checks a period: 1, 5, 10, 20 or 30 seconds, or minutes.
pub(super) fn period(period_s: i64) -> Result<i64, WireError> {
    if matches!(period_s, 1 | 5 | 10 | 20 | 30) || (period_s > 0 && period_s % 60 == 0) {
        Ok(period_s)
    } else {
        Err(invalid(format!(
            "The value {period_s} for parameter Period is invalid: it must be 1, 5, 10, 20, 30 or a multiple of 60."
        )))
    }
}

/// Reads the name of a statistic.
pub(super) fn statistic(name: &str, parameter: &str) -> Result<Statistic, WireError> {
    name.parse()
        .map_err(|BadStatistic(name)| invalid(format!("The value {name} for parameter {parameter} is not supported.")))
}

/// What was measured in a stretch of time, by unit; only in `unit` where one is given.
pub(super) fn read(wire: &Wire, id: &MetricId, range: Range, period_s: i64, unit: Option<&str>) -> Vec<Measured> {
    let mut found = wire.workspace.metric(id, range.first(period_s), range.end_s);
    found.retain(|measured| unit.is_none_or(|unit| unit == measured.unit));
    found
}

/// The periods of all units together.
pub(super) fn merged(found: &[Measured], range: Range, period_s: i64) -> Vec<(i64, Summary)> {
    match found {
        [one] => one.series.periods(range.first(period_s), range.end_s, period_s),
        many => {
            let mut all = Series::default();
            for measured in many {
                all.merge(&measured.series);
            }
            all.periods(range.first(period_s), range.end_s, period_s)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_rounded_down_to_the_minute_or_to_a_shorter_period() {
        let range = Range::new(125.7, 300.2).unwrap();
        assert_eq!((range.start_s, range.end_s), (125, 301));
        assert_eq!((range.first(300), range.first(60), range.first(10), range.first(1)), (120, 120, 120, 125));
        assert_eq!((range.periods(60), range.periods(300)), (4, 1));
        assert_eq!(Range::new(5.0, 5.0).unwrap_err().code, "InvalidParameterCombination");
        assert!(Range::new(f64::MIN, f64::MAX).is_ok());
    }

    #[test]
    fn periods_are_as_aws_takes_them() {
        for good in [1, 5, 10, 20, 30, 60, 300, 86_400] {
            assert_eq!(period(good).unwrap(), good);
        }
        for bad in [0, -60, 2, 45, 90] {
            assert_eq!(period(bad).unwrap_err().code, "InvalidParameterValue");
        }
    }
}
