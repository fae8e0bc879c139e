//! How values are spread, in buckets whose width is a fixed share of their value: small, exact to add up, and good for every number.

use serde::{Deserialize, Serialize};

/// A bucket reaches from a value to less than 1 + 1/128 of it; its middle is off by half of that at most: 0.4 %.
pub const RELATIVE_ERROR: f64 = 1.0 / 256.0;

/// Bits of the mantissa that a bucket does not tell apart: 7 of 52 are left.
const DROPPED: u32 = 45;

/// Counts of values by bucket.
///
/// The bucket of a number is the head of its own binary form (sign, exponent, 7 bits of the mantissa), so finding it takes one shift, and
/// sketches add up without loss.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sketch {
    /// (bucket, count), in the order of the buckets, which is the order of the values.
    buckets: Vec<(i32, f64)>,
}

/// The bucket of a finite number.
fn bucket(value: f64) -> i32 {
    let head = (value.abs().to_bits() >> DROPPED) as i32;
    if value < 0.0 { -head - 1 } else { head }
}

/// The edge of a bucket that is nearer to 0, and the other.
fn edges(bucket: i32) -> (f64, f64) {
    let (head, sign) = if bucket < 0 { (-(bucket + 1), -1.0) } else { (bucket, 1.0) };
    let edge = |head: i32| f64::from_bits((head as u64) << DROPPED);
    (sign * edge(head), sign * edge(head + 1))
}

impl Sketch {
    /// Counts a value, `times` over.
    pub fn add(&mut self, value: f64, times: f64) {
        self.count(bucket(value), times);
    }

    fn count(&mut self, bucket: i32, times: f64) {
        match self.buckets.binary_search_by_key(&bucket, |(known, _)| *known) {
            Ok(at) => self.buckets[at].1 += times,
            Err(at) => self.buckets.insert(at, (bucket, times)),
        }
    }

    /// Adds another one to it.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, times) in &other.buckets {
            self.count(*bucket, *times);
        }
    }

    /// How many buckets it fills.
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Values and how often they came, smallest first: the middle of each bucket, within what is known of all values.
    pub fn values(&self, least: f64, greatest: f64) -> impl Iterator<Item = (f64, f64)> {
        self.buckets.iter().map(move |(bucket, times)| {
            let (near, far) = edges(*bucket);
            // The last bucket before infinity has no far edge.
            // The one at 0 holds what is too small to be told from it.
            let middle = if near != 0.0 && far.is_finite() { f64::midpoint(near, far) } else { near };
            (middle.clamp(least, greatest), *times)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_middle_of_a_bucket_is_near_the_value(value in prop_oneof![-1e300..1e300_f64, -1.0..1.0_f64, 1e-9..1e-3_f64]) {
            let mut sketch = Sketch::default();
            sketch.add(value, 1.0);
            let (middle, times) = sketch.values(f64::NEG_INFINITY, f64::INFINITY).next().unwrap();
            prop_assert_eq!(times, 1.0);
            prop_assert!((middle - value).abs() <= value.abs() * RELATIVE_ERROR * 1.000_001, "{value} became {middle}");
        }

        #[test]
        fn buckets_are_in_the_order_of_the_values(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(a.is_finite() && b.is_finite());
            prop_assert_eq!(bucket(a) <= bucket(b), a <= b || bucket(a) == bucket(b));
        }

        #[test]
        fn two_sketches_add_up_to_one_of_all_values(values in prop::collection::vec(-1e6..1e6_f64, 0..60), cut in 0_usize..60) {
            let of = |values: &[f64]| {
                let mut sketch = Sketch::default();
                for value in values {
                    sketch.add(*value, 1.0);
                }
                sketch
            };
            let cut = cut.min(values.len());
            let mut merged = of(&values[..cut]);
            merged.merge(&of(&values[cut..]));
            prop_assert_eq!(merged, of(&values));
        }
    }

    #[test]
    fn zero_and_the_ends_have_buckets_too() {
        let mut sketch = Sketch::default();
        for value in [0.0, -0.0, f64::MAX, f64::MIN] {
            sketch.add(value, 1.0);
        }
        let values: Vec<(f64, f64)> = sketch.values(f64::MIN, f64::MAX).collect();
        assert_eq!(values.len(), 3);
        assert_eq!(values[1], (0.0, 2.0));
        assert!(values[0].0 < -1e307 && values[2].0 > 1e307);
    }
}
