//! Intervals that are valid for a single look, and are named so wherever they are shown.

use serde::{Deserialize, Serialize};

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Point estimate.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The 97.5 % quantile of the standard normal: two-sided 95 %.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// Wilson's score interval for a proportion (Wilson 1927, J. Am. Stat. Assoc. 22): `right` of `n`, `z` standard deviations.
/// `None` when `n` is 0.
pub fn wilson(right: u64, n: u64, z: f64) -> Option<Interval> {
    if n == 0 {
        return None;
    }
    let n = n as f64;
    let p = right as f64 / n;
    let z2 = z * z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    Some(Interval { estimate: p, low: (centre - half).max(0.0), high: (centre + half).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_matches_published_values() {
        // Newcombe 1998, Statistics in Medicine 17, table I, method 3: 81/263 and 15/148.
        let interval = wilson(81, 263, Z_95).unwrap();
        assert!((interval.low - 0.2553).abs() < 5e-5 && (interval.high - 0.3662).abs() < 5e-5, "{interval:?}");
        let interval = wilson(15, 148, Z_95).unwrap();
        assert!((interval.low - 0.0624).abs() < 5e-5 && (interval.high - 0.1605).abs() < 5e-5, "{interval:?}");
        assert_eq!(wilson(0, 0, Z_95), None);
        assert_eq!(wilson(0, 20, Z_95).unwrap().low, 0.0);
    }
}
