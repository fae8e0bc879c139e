//! Numbers and verdicts, never sentences: intervals and tests for experiments, and the shapes of live measurements.

pub mod experiment;
pub mod live;
