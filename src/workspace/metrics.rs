//! Metrics as they are asked for and handed in.

use crate::domain::metric::MetricId;
use crate::stats::metric::{Series, Summary};

/// What was measured of a metric in one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// CloudWatch's name of the unit: `Microseconds`, `None`.
    pub unit: String,
    /// The values.
    pub series: Series,
}

/// A measurement on its way into the workspace.
#[derive(Clone, Debug, PartialEq)]
pub struct Datum {
    /// Of which metric.
    pub id: MetricId,
    /// CloudWatch's name of the unit.
    pub unit: String,
    /// When, seconds since the Unix epoch.
    pub at_s: i64,
    /// The values.
    pub summary: Summary,
}

/// A metric that has values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub id: MetricId,
    /// When the newest value was measured, seconds since the Unix epoch.
    pub newest_s: i64,
}
