//! The autopilot of an endpoint's weights. It is no record: it lives as long as the app runs, and after a restart it is off.

use super::invalid::Invalid;
use super::time::Timestamp;

/// The least share of the traffic that it may leave to a variant, 1 % to 5 %: below, a variant is hardly ever tried again.
pub const FLOORS: std::ops::RangeInclusive<f64> = 0.01..=0.05;

/// An autopilot that is on.
#[derive(Clone, Debug, PartialEq)]
pub struct Autopilot {
    /// The endpoint whose weights it moves.
    pub endpoint: String,
    /// No variant that takes part gets less than this share, 0 to 1.
    pub floor: f64,
    /// When it was switched on.
    pub started: Timestamp,
    /// How often it has moved the weights.
    pub steps: u32,
    /// When it last did.
    pub last_step: Option<Timestamp>,
    /// Labels that its last step stands on.
    pub labels: u64,
    /// What it does now.
    pub doing: Doing,
}

/// What an autopilot does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Lets time pass since it moved the weights last, or was switched on.
    Pauses,
    /// Waits for labels to come.
    Waits,
    /// Leaves the weights as they are: every share is near its variant's chance to be the best.
    Rests,
    /// Leaves them, since requests or labels do not follow the weights.
    Doubts,
}

impl Autopilot {
    /// One that was just switched on.
    ///
    /// # Errors
    /// A floor outside [`FLOORS`].
    pub fn new(endpoint: &str, floor: f64, now: Timestamp) -> Result<Self, Invalid> {
        if !FLOORS.contains(&floor) {
            return Err(Invalid::new("Floor", floor, "must be from 0.01 to 0.05"));
        }
        Ok(Self {
            endpoint: endpoint.to_owned(),
            floor,
            started: now,
            steps: 0,
            last_step: None,
            labels: 0,
            doing: Doing::Pauses,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_out_of_range_is_refused() {
        for floor in [0.0, 0.009, 0.051, -1.0, f64::INFINITY, f64::NAN] {
            let refused = Autopilot::new("e", floor, Timestamp(0)).unwrap_err();
            assert!(refused.to_string().contains("0.01 to 0.05"), "{refused}");
        }
        assert!(Autopilot::new("e", 0.05, Timestamp(0)).is_ok());
    }
}
