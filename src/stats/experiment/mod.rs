//! Which variant is better: intervals for one look at the data.

pub mod single_look;
