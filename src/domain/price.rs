//! What AWS would charge: on-demand list prices, us-east-1, as an estimate and never a bill.

/// One instance type that can train and host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InstanceType {
    /// For example `ml.m5.large`.
    pub name: &'static str,
    /// USD an hour for hosting or training.
    pub usd_per_hour: f64,
    /// Virtual CPUs.
    pub vcpus: u32,
    /// Memory, GiB.
    pub memory_gib: f64,
    /// When the price was looked up (ISO date).
    pub as_of: &'static str,
}

const fn row(name: &'static str, usd_per_hour: f64, vcpus: u32, memory_gib: f64) -> InstanceType {
    InstanceType { name, usd_per_hour, vcpus, memory_gib, as_of: "2026-11-01" }
}

/// The instance types on offer, cheapest family first.
pub const INSTANCE_TYPES: &[InstanceType] = &[
    row("ml.t2.medium", 0.056, 2, 4.0),
    row("ml.t3.medium", 0.05, 2, 4.0),
    row("ml.m4.xlarge", 0.24, 4, 16.0),
    row("ml.m5.large", 0.115, 2, 8.0),
    row("ml.m5.xlarge", 0.23, 4, 16.0),
    row("ml.m5.2xlarge", 0.461, 8, 32.0),
    row("ml.c5.large", 0.102, 2, 4.0),
    row("ml.c5.xlarge", 0.204, 4, 8.0),
    row("ml.c5.2xlarge", 0.408, 8, 16.0),
    row("ml.g4dn.xlarge", 0.7364, 4, 16.0),
    row("ml.g5.xlarge", 1.408, 4, 16.0),
    row("ml.p3.2xlarge", 3.825, 8, 61.0),
];

/// The row of an instance type; `None` where we know no price. Such a type still works and costs "unknown".
pub fn instance_type(name: &str) -> Option<&'static InstanceType> {
    INSTANCE_TYPES.iter().find(|row| row.name == name)
}

/// USD an hour of `count` instances of a type; 0 where the price is not known.
pub fn usd_per_hour(name: &str, count: u32) -> f64 {
    instance_type(name).map_or(0.0, |row| row.usd_per_hour * f64::from(count))
}

/// USD for `ms` milliseconds at an hourly price.
pub fn usd_for(usd_per_hour: f64, ms: i64) -> f64 {
    usd_per_hour * ms.max(0) as f64 / 3_600_000.0
}
