//! Metrics as CloudWatch keeps them: what was measured in a stretch of time, folded so that any statistic of any longer stretch can still
//! be told.

pub mod alarm;
mod series;
mod sketch;
mod statistic;
mod summary;

pub use series::{FINE_KEPT_S, KEPT_S, Series};
pub use sketch::{RELATIVE_ERROR, Sketch};
pub use statistic::{BadStatistic, Statistic};
pub use summary::Summary;
