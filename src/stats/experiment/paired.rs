//! Two models over the same labelled rows: the strongest comparison, since what makes a row hard is hard for both.

use super::asymptotic::Running;
use super::single_look::Interval;
use super::wealth::{Side, Wealth};

/// Which of two models is better on the rows that both were asked.
///
/// Classification is the exact sequential McNemar test: only rows on which exactly one of the two is right say anything, and without a
/// difference each of them is a fair coin. The e-value is the mixture of Beta(½, ½) over that coin,
/// B(½ + b, ½ + c) ÷ B(½, ½) · 2ᵇ⁺ᶜ for b rows won by B and c by A; it may be looked at after each row (McNemar 1947; Robbins 1970;
/// Grünwald et al., arXiv 1906.07801). Regression bets on the difference of two bounded losses, which lies in [−1, 1].
#[derive(Clone, Debug, PartialEq)]
pub struct Paired {
    alpha: f64,
    rows: u64,
    b_only: u64,
    a_only: u64,
    ln_coin: f64,
    wealth: Wealth,
    /// Differences of outcomes, B − A.
    difference: Running,
    /// Whether outcomes lie between right and wrong too.
    graded: bool,
    decided: Option<PairedDecision>,
}

/// A difference that was found, with the rows at which it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairedDecision {
    /// Whether B is the better one.
    pub b_better: bool,
    /// Rows at that time.
    pub rows: u64,
}

/// What is known now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedSummary {
    /// Rows that both answered.
    pub rows: u64,
    /// Rows on which only A was right.
    pub a_only: u64,
    /// Rows on which only B was right.
    pub b_only: u64,
    /// ln of the e-value against "no difference".
    pub ln_e: f64,
    /// Mean of the difference of outcomes, B − A, with its asymptotic confidence sequence; `None` below 20 rows on which they differ.
    pub difference: Option<Interval>,
    /// The difference that was found; stays once it is there.
    pub decided: Option<PairedDecision>,
}

/// Rows that differ below which no band is shown.
const MIN_DIFFERENT: u64 = 20;

impl Paired {
    /// Nothing seen yet, for outcomes that are 0 or 1; a difference is declared at an e-value of 1/`alpha`.
    pub fn classes(alpha: f64) -> Self {
        Self::new(alpha, false)
    }

    /// Nothing seen yet, for outcomes anywhere in [0, 1], such as those of [`super::loss::BoundedLoss`].
    pub fn graded(alpha: f64) -> Self {
        Self::new(alpha, true)
    }

    fn new(alpha: f64, graded: bool) -> Self {
        Self {
            alpha,
            rows: 0,
            b_only: 0,
            a_only: 0,
            ln_coin: 0.0,
            wealth: Wealth::default(),
            difference: Running::default(),
            graded,
            decided: None,
        }
    }

    /// Takes one row: the outcomes of A and B in [0, 1], 1 = right. Rows must come in an order that does not depend on the outcomes.
    pub fn row(&mut self, a: f64, b: f64) {
        self.rows += 1;
        self.difference.push(b - a);
        self.wealth.bet(b - a);
        if a != b {
            let won = if b > a { &mut self.b_only } else { &mut self.a_only };
            // The predictive probability of this side, against ½.
            let before = *won as f64;
            *won += 1;
            self.ln_coin += (2.0 * (0.5 + before) / (self.a_only + self.b_only) as f64).ln();
        }
        if self.decided.is_none() && self.ln_e() >= -self.alpha.ln() {
            self.decided = Some(PairedDecision { b_better: self.is_b_ahead(), rows: self.rows });
        }
    }

    fn ln_e(&self) -> f64 {
        if self.graded { self.wealth.ln() } else { self.ln_coin }
    }

    fn is_b_ahead(&self) -> bool {
        if self.graded { self.wealth.side() == Side::Up } else { self.b_only > self.a_only }
    }

    /// What is known now.
    pub fn summary(&self) -> PairedSummary {
        let enough = self.a_only + self.b_only >= MIN_DIFFERENT;
        PairedSummary {
            rows: self.rows,
            a_only: self.a_only,
            b_only: self.b_only,
            ln_e: self.ln_e(),
            difference: if enough { self.difference.band(self.alpha) } else { None },
            decided: self.decided,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::special::ln_beta;
    use crate::util::seed::Rng;

    #[test]
    fn the_e_value_is_the_beta_mixture() {
        let mut paired = Paired::classes(0.05);
        for (a, b) in [(0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (0.0, 1.0)] {
            paired.row(a, b);
        }
        let summary = paired.summary();
        assert_eq!((summary.rows, summary.a_only, summary.b_only), (6, 1, 3));
        let expected = ln_beta(3.5, 1.5) - ln_beta(0.5, 0.5) + 4.0 * 2_f64.ln();
        assert!((summary.ln_e - expected).abs() < 1e-12, "{} {expected}", summary.ln_e);
    }

    #[test]
    fn a_decision_names_the_row_and_stays() {
        let mut paired = Paired::classes(0.05);
        for _ in 0..40 {
            paired.row(0.0, 1.0);
        }
        let decided = paired.summary().decided.unwrap();
        assert!(decided.b_better && decided.rows < 12, "{decided:?}");
        for _ in 0..200 {
            paired.row(1.0, 0.0);
        }
        assert_eq!(paired.summary().decided, Some(decided));
    }

    #[test]
    fn graded_outcomes_are_decided_by_bets() {
        let (mut paired, mut rng) = (Paired::graded(0.05), Rng::new(4));
        for _ in 0..800 {
            // Losses that share what is hard about the row; A's are larger by 0.05.
            let hard = 0.6 * rng.unit();
            paired.row(1.0 - (hard + 0.05 + 0.1 * rng.unit()), 1.0 - (hard + 0.1 * rng.unit()));
        }
        let summary = paired.summary();
        assert!(summary.decided.unwrap().b_better);
        let band = summary.difference.unwrap();
        assert!(band.low > 0.0 && band.low < 0.05 && band.high > 0.05, "{band:?}");
    }
}
