//! Numbers and verdicts, never sentences: intervals and tests for experiments, the shapes of live measurements, and metrics.

pub mod experiment;
pub mod live;
pub mod metric;
