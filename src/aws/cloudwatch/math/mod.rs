//! Metric math: expressions over metrics, as `GetMetricData` takes them.

mod eval;
mod functions;
mod parse;

pub(super) use eval::{Line, Scope, evaluate};
pub(super) use parse::{Expression, parse};
