//! What was measured in one stretch of time: count, sum, least, greatest, all exact, and a sketch of how the values are spread.

use serde::{Deserialize, Serialize};

use super::sketch::Sketch;

/// Values of a stretch of time. Sums up with others of any other stretch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many values. A client may count a value a fraction of a time.
    #[serde(rename = "n")]
    pub count: f64,
    /// Their sum.
    #[serde(rename = "s")]
    pub sum: f64,
    /// The least; of no meaning when there are none.
    #[serde(rename = "l")]
    pub min: f64,
    /// The greatest; of no meaning when there are none.
    #[serde(rename = "g")]
    pub max: f64,
    /// How they are spread; empty where only the numbers above were given, and then there are no percentiles.
    #[serde(rename = "d", default, skip_serializing_if = "Sketch::is_empty")]
    pub spread: Sketch,
}

impl Default for Summary {
    fn default() -> Self {
        Self { count: 0.0, sum: 0.0, min: 0.0, max: 0.0, spread: Sketch::default() }
    }
}

impl Summary {
    /// Of one value that came `times` over.
    pub fn of(value: f64, times: f64) -> Self {
        let mut one = Self::default();
        one.add(value, times);
        one
    }

    /// Of values that somebody else has summed up.
    pub fn given(count: f64, sum: f64, min: f64, max: f64) -> Self {
        let mut spread = Sketch::default();
        if min == max {
            // All values are the same, so it is known how they are spread.
            spread.add(min, count);
        }
        Self { count, sum, min, max, spread }
    }

    /// Adds a finite value that came `times` over.
    pub fn add(&mut self, value: f64, times: f64) {
        if times <= 0.0 {
            return;
        }
        let spread_is_known = self.is_empty() || !self.spread.is_empty();
        self.range(value, value);
        self.count += times;
        self.sum += value * times;
        if spread_is_known {
            self.spread.add(value, times);
        }
    }

    /// Adds all that another one holds.
    pub fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        self.range(other.min, other.max);
        let had = !self.is_empty();
        self.count += other.count;
        self.sum += other.sum;
        // A spread of some of the values would be none.
        if other.spread.is_empty() || (had && self.spread.is_empty()) {
            self.spread = Sketch::default();
        } else {
            self.spread.merge(&other.spread);
        }
    }

    fn range(&mut self, min: f64, max: f64) {
        if self.is_empty() {
            (self.min, self.max) = (min, max);
        } else {
            (self.min, self.max) = (self.min.min(min), self.max.max(max));
        }
    }

    /// Whether it holds no value.
    pub fn is_empty(&self) -> bool {
        self.count <= 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_add_up() {
        let mut all = Summary::default();
        all.merge(&Summary::of(3.0, 2.0));
        all.merge(&Summary::default());
        all.merge(&Summary::of(-1.0, 1.0));
        assert_eq!((all.count, all.sum, all.min, all.max), (3.0, 5.0, -1.0, 3.0));
        assert_eq!(all.spread.len(), 2);
    }

    #[test]
    fn what_was_summed_up_elsewhere_has_no_spread_and_takes_it_from_the_whole() {
        let mut all = Summary::of(1.0, 1.0);
        all.merge(&Summary::given(4.0, 10.0, 1.0, 4.0));
        assert_eq!((all.count, all.sum, all.max), (5.0, 11.0, 4.0));
        assert!(all.spread.is_empty());
        all.merge(&Summary::of(1.0, 1.0));
        assert!(all.spread.is_empty(), "and one value more does not bring it back");
        assert_eq!(Summary::given(3.0, 6.0, 2.0, 2.0).spread, Summary::of(2.0, 3.0).spread);
    }
}
