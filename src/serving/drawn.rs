//! The circumstances of a draw, and how an answer tells of them.

use std::fmt;

use super::router::Weights;

/// The circumstances of a draw. Written as `epoch=7;place=1;probability=0.25`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawn {
    /// Number of the epoch: a new one with each change of weights or models.
    pub epoch: u64,
    /// The variant's place among those of the epoch.
    pub place: usize,
    /// The probability that this variant had.
    pub probability: f64,
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch={};place={};probability={}", self.epoch, self.place, self.probability)
    }
}

impl Drawn {
    /// The draw of the variant at `place` by these weights.
    pub(super) fn of(weights: &Weights, place: usize) -> Self {
        let probability = weights.probabilities().get(place).copied().unwrap_or_default();
        Self { epoch: weights.epoch(), place, probability }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_in_full() {
        let weights = Weights::new(&[1.0, 3.0], 7).unwrap();
        assert_eq!(Drawn::of(&weights, 1).to_string(), "epoch=7;place=1;probability=0.75");
    }
}
