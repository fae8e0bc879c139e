//! The band of a rate that holds at every look: Robbins' beta-binomial confidence sequence.

use super::single_look::Interval;
use crate::stats::special::ln_beta;

/// The parameter of the mixing Beta(½, ½).
const PRIOR: f64 = 0.5;

/// The confidence sequence of a mean of values in [0, 1] with sum `sum` over `n` of them: the rates p that a mixture over Beta(½, ½)
/// does not refute at level `alpha`,
///
/// M(p) = B(½ + s, ½ + n − s) ÷ (B(½, ½) · pˢ (1 − p)ⁿ⁻ˢ) < 1/α.
///
/// M(p) is a martingale where each value is 1 with probability p and else 0, so the true p leaves the band *ever* with probability at most
/// α (Robbins 1970, Ann. Math. Stat. 41; Howard et al., arXiv 1810.08240). For values between 0 and 1 it is a supermartingale, since
/// (q/p)ˣ ((1 − q)/(1 − p))¹⁻ˣ is convex in x. The rate is taken to be the same throughout: across epochs it may not be.
/// `None` when `n` is 0.
pub fn band(sum: f64, n: u64, alpha: f64) -> Option<Interval> {
    if n == 0 {
        return None;
    }
    let (right, wrong) = split(sum, n);
    let estimate = right / n as f64;
    let refuted = Refuted::new(right, wrong, alpha);
    let low = if right > 0.0 { edge(0.0, estimate, |p| refuted.at(p)) } else { 0.0 };
    let high = if wrong > 0.0 { edge(1.0, estimate, |p| refuted.at(p)) } else { 1.0 };
    Some(Interval { estimate, low, high })
}

/// Whether the band of [`band`] leaves out the rate `p`, without working out the whole band.
pub fn refutes(p: f64, sum: f64, n: u64, alpha: f64) -> bool {
    let (right, wrong) = split(sum, n);
    Refuted::new(right, wrong, alpha).at(p)
}

/// What was right and what was wrong, both at least 0 whatever rounding did to the sum.
fn split(sum: f64, n: u64) -> (f64, f64) {
    let right = sum.clamp(0.0, n as f64);
    (right, n as f64 - right)
}

/// ln M(p) against ln 1/α.
struct Refuted {
    right: f64,
    wrong: f64,
    /// ln B(½ + s, ½ + f) − ln B(½, ½) − ln 1/α.
    constant: f64,
}

impl Refuted {
    fn new(right: f64, wrong: f64, alpha: f64) -> Self {
        let constant = ln_beta(PRIOR + right, PRIOR + wrong) - ln_beta(PRIOR, PRIOR) + alpha.ln();
        Self { right, wrong, constant }
    }

    fn at(&self, p: f64) -> bool {
        let power = |count: f64, base: f64| if count > 0.0 { count * base.ln() } else { 0.0 };
        self.constant - power(self.right, p) - power(self.wrong, 1.0 - p) >= 0.0
    }
}

/// Where `refuted` begins on the way from `inside` to `outside`: ln M is convex in p, so there is one such place on each side.
fn edge(mut outside: f64, mut inside: f64, refuted: impl Fn(f64) -> bool) -> f64 {
    // 2⁻⁴⁰ is far below what is shown; the outer end is returned, so that rounding only widens the band.
    for _ in 0..40 {
        let middle = 0.5 * (outside + inside);
        if refuted(middle) {
            outside = middle;
        } else {
            inside = middle;
        }
    }
    outside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::seed::Rng;

    #[test]
    fn the_band_holds_the_estimate_and_narrows() {
        let wide = band(8.0, 10, 0.05).unwrap();
        let narrow = band(8_000.0, 10_000, 0.05).unwrap();
        assert!(wide.low < 0.8 && wide.high > 0.8 && wide.low > 0.3 && wide.high < 0.995, "{wide:?}");
        assert!(narrow.high - narrow.low < 0.04 && narrow.high - narrow.low > 0.02, "{narrow:?}");
        assert!(!refutes(0.8, 8_000.0, 10_000, 0.05) && refutes(narrow.low - 1e-6, 8_000.0, 10_000, 0.05));
        assert_eq!(band(0.0, 0, 0.05), None);
    }

    #[test]
    fn nothing_right_or_nothing_wrong_leaves_one_side_open() {
        let all = band(30.0, 30, 0.05).unwrap();
        assert_eq!((all.estimate, all.high), (1.0, 1.0));
        assert!(all.low > 0.8 && all.low < 0.95, "{all:?}");
        let none = band(0.0, 30, 0.05).unwrap();
        assert!((none.high - (1.0 - all.low)).abs() < 1e-9 && none.low == 0.0);
    }

    /// 1 of 1 right: M(p) = ½ ÷ p, so p is refuted at α below α/2.
    #[test]
    fn one_label_by_hand() {
        let one = band(1.0, 1, 0.05).unwrap();
        assert!((one.low - 0.025).abs() < 1e-9, "{one:?}");
    }

    /// Peeking after each of 2,000 labels; with a single-look interval the truth would leave at some look in most runs.
    #[test]
    fn the_truth_leaves_the_band_at_no_look() {
        const RUNS: u64 = 60;
        let (mut missed, mut wilson_missed) = (0, 0);
        for run in 0..RUNS {
            let mut rng = Rng::new(run);
            let (mut right, mut out, mut wilson_out) = (0_u64, false, false);
            for n in 1..=2_000 {
                right += u64::from(rng.unit() < 0.9);
                // Steps of the count at which the band is looked at are a subset of all: often enough to catch an excursion.
                if n % 10 == 0 {
                    let band = band(right as f64, n, 0.05).unwrap();
                    out |= 0.9 < band.low || 0.9 > band.high;
                    let wilson = super::super::single_look::wilson(right, n, super::super::single_look::Z_95).unwrap();
                    wilson_out |= 0.9 < wilson.low || 0.9 > wilson.high;
                }
            }
            missed += u32::from(out);
            wilson_missed += u32::from(wilson_out);
        }
        assert!(missed <= 5, "{missed} of {RUNS} runs left the band");
        assert!(wilson_missed >= 15, "{wilson_missed}: the check has lost its teeth");
    }
}
