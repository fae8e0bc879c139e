//! The circumstances of a draw, and how they travel with an answer: a label that comes later then counts for the model that answered.

use std::fmt;
use std::str::FromStr;

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

/// Words that are no draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A draw is written as epoch=7;place=1;probability=0.25")]
pub struct NotDrawn;

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch={};place={};probability={}", self.epoch, self.place, self.probability)
    }
}

impl FromStr for Drawn {
    type Err = NotDrawn;

    fn from_str(words: &str) -> Result<Self, NotDrawn> {
        let mut parts = words.split(';');
        let mut part = |name: &str| parts.next()?.strip_prefix(name)?.strip_prefix('=');
        let read = (part("epoch"), part("place"), part("probability"));
        let (Some(epoch), Some(place), Some(probability)) = read else { return Err(NotDrawn) };
        Ok(Self {
            epoch: epoch.parse().map_err(|_| NotDrawn)?,
            place: place.parse().map_err(|_| NotDrawn)?,
            probability: probability.parse().map_err(|_| NotDrawn)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let drawn = Drawn { epoch: 7, place: 1, probability: 0.1 + 0.2 };
        assert_eq!(drawn.to_string().parse(), Ok(drawn));
        for words in ["", "epoch=7", "epoch=7;place=1;probability=x", "place=1;epoch=7;probability=1"] {
            assert_eq!(words.parse::<Drawn>(), Err(NotDrawn), "{words}");
        }
    }
}
