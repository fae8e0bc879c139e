//! Numbers and verdicts, never sentences: tests and intervals for experiments, the shapes of live measurements, and metrics.

pub mod evaluate;
pub mod experiment;
pub mod live;
pub mod metric;
pub mod special;
