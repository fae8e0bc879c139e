//! How well answers fit labels: what one number says, and the curves behind it. Pure; scores are probabilities unless said otherwise.

pub mod calibration;
pub mod confusion;
pub mod curves;
pub mod residuals;
