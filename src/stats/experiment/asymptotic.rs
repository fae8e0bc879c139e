//! The band of an average effect that holds at every look, once there is enough: an asymptotic confidence sequence.

use super::single_look::Interval;

/// The variance sum at which the band is tightest: about what 2,000 labelled requests at 50/50 add up to.
const TIGHTEST_AT: f64 = 1_200.0;

/// Mean and variance of a stream, one value at a time (Welford 1962, Technometrics 4).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Running {
    n: u64,
    mean: f64,
    /// Sum of squared distances from the mean.
    squares: f64,
}

impl Running {
    /// Takes one value.
    pub fn push(&mut self, value: f64) {
        self.n += 1;
        let before = value - self.mean;
        self.mean += before / self.n as f64;
        self.squares += before * (value - self.mean);
    }

    /// How many values.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Their mean; 0 before the first.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The asymptotic confidence sequence of the mean of the conditional expectations so far, at level `alpha`: mean ± √((V + 1/ρ²) ·
    /// ln((Vρ² + 1)/α²)) ÷ n, with V the sum of squared distances (Waudby-Smith et al., arXiv 2103.06476, theorem 2.5). The values may
    /// drift and their variance may change, as it does when weights move. ρ makes it tightest where V = 1,200, by the paper's equation
    /// ρ² = (−2 ln α + ln(−2 ln α + 1)) ÷ V. `None` below two values.
    pub fn band(&self, alpha: f64) -> Option<Interval> {
        if self.n < 2 {
            return None;
        }
        let two_ln = -2.0 * alpha.ln();
        let rho2 = (two_ln + (two_ln + 1.0).ln()) / TIGHTEST_AT;
        let spread = ((self.squares + 1.0 / rho2) * ((self.squares * rho2 + 1.0).ln() + two_ln)).sqrt();
        let half = spread / self.n as f64;
        Some(Interval { estimate: self.mean, low: self.mean - half, high: self.mean + half })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::seed::Rng;

    #[test]
    fn mean_and_squares_are_those_of_the_values() {
        let mut running = Running::default();
        for value in [1.0, 2.0, 4.0, 9.0] {
            running.push(value);
        }
        assert_eq!((running.n(), running.mean()), (4, 4.0));
        assert!((running.squares - 38.0).abs() < 1e-12);
        assert_eq!(Running::default().band(0.05), None);
    }

    #[test]
    fn the_truth_stays_in_the_band_at_every_look() {
        let mut missed = 0;
        for run in 0..200 {
            let (mut rng, mut running, mut out) = (Rng::new(run), Running::default(), false);
            for _ in 0..1_500 {
                running.push(if rng.unit() < 0.5 { 2.0 } else { -1.0 });
                let band = running.band(0.05).unwrap_or(Interval { estimate: 0.5, low: 0.0, high: 1.0 });
                out |= 0.5 < band.low || 0.5 > band.high;
            }
            missed += u32::from(out);
        }
        // 5 % of 200 runs, and three standard deviations.
        assert!(missed <= 19, "{missed} of 200 runs");
    }
}
