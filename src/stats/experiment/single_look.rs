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

/// Root mean squared error with a normal interval on the mean squared error (central limit theorem), mapped through the root.
/// `sum` = Σe², `sum_of_squares` = Σe⁴ over `n` errors e. `None` below 2 errors.
pub fn rmse(n: u64, sum: f64, sum_of_squares: f64, z: f64) -> Option<Interval> {
    if n < 2 {
        return None;
    }
    let count = n as f64;
    let mean = sum / count;
    let variance = ((sum_of_squares - count * mean * mean) / (count - 1.0)).max(0.0);
    let half = z * (variance / count).sqrt();
    Some(Interval { estimate: mean.sqrt(), low: (mean - half).max(0.0).sqrt(), high: (mean + half).sqrt() })
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

    #[test]
    fn rmse_of_equal_errors_has_no_width() {
        let interval = rmse(10, 40.0, 160.0, Z_95).unwrap();
        assert!((interval.estimate - 2.0).abs() < 1e-12 && (interval.high - interval.low).abs() < 1e-9);
        assert_eq!(rmse(1, 4.0, 16.0, Z_95), None);
    }
}
