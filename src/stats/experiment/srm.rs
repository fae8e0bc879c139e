//! Sample ratio mismatch: do the draws, or the labels, come in the proportions that they were drawn by?

/// Evidence at which the split is called broken.
pub const ALARM: f64 = 1_000.0;

/// Strength of the belief that the split is as logged, in requests.
const PRIOR: f64 = 100.0;

/// How strong the evidence is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// ln of the e-value now.
    pub ln_e: f64,
    /// The largest that it ever was.
    pub peak_ln_e: f64,
}

impl Evidence {
    /// Whether it is at the alarm now.
    pub fn is_alarming(self) -> bool {
        self.ln_e >= ALARM.ln()
    }

    /// Whether it ever was.
    pub fn has_alarmed(self) -> bool {
        self.peak_ln_e >= ALARM.ln()
    }
}

/// A sequential multinomial test against logged probabilities (Lindon & Malek, arXiv 2011.03567).
///
/// Each draw multiplies the e-value by q(i)/π(i), where π are the logged probabilities of this draw and q a prediction from the draws
/// before it: π(j) tilted by (κπ(j) + observed(j)) ÷ (κπ(j) + expected(j)), and brought to the sum 1. Any q that the past decides makes
/// this a martingale where the draws follow π, so under any path of weights it ever reaches 1/α with probability at most α. While π
/// stays the same, q is the posterior predictive of a Dirichlet(κπ), and the e-value is the paper's Bayes factor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Srm {
    /// Observed and expected draws by arm.
    counts: Vec<(f64, f64)>,
    evidence: Evidence,
}

impl Srm {
    /// Counts a draw of `arms[drawn]`, made with `probabilities` over `arms` (numbers of arms, each below the count of all arms).
    pub fn count(&mut self, arms: &[usize], probabilities: &[f64], drawn: usize) {
        let most = arms.iter().max().map_or(0, |last| last + 1);
        if self.counts.len() < most {
            self.counts.resize(most, (0.0, 0.0));
        }
        let (mut sum, mut tilted) = (0.0, 0.0);
        for (position, (arm, probability)) in arms.iter().zip(probabilities).enumerate() {
            let (observed, expected) = &mut self.counts[*arm];
            let prior = PRIOR * probability;
            // 0 ÷ 0 for an arm that has never had a chance: it takes no part.
            let tilt = if prior + *expected > 0.0 { (prior + *observed) / (prior + *expected) } else { 0.0 };
            sum += probability * tilt;
            *expected += probability;
            if position == drawn {
                *observed += 1.0;
                // An arm with probability 0 was drawn: no split explains that.
                tilted = if *probability > 0.0 { tilt } else { f64::INFINITY };
            }
        }
        self.evidence.ln_e += (tilted / sum).ln();
        self.evidence.peak_ln_e = self.evidence.peak_ln_e.max(self.evidence.ln_e);
    }

    /// How many draws of an arm the logged probabilities add up to.
    pub fn expected(&self, arm: usize) -> f64 {
        self.counts.get(arm).map_or(0.0, |(_, expected)| *expected)
    }

    /// How many draws of an arm there were.
    pub fn observed(&self, arm: usize) -> u64 {
        self.counts.get(arm).map_or(0, |(observed, _)| *observed as u64)
    }

    /// The evidence against the logged split.
    pub fn evidence(&self) -> Evidence {
        self.evidence
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::special::ln_gamma;
    use crate::util::seed::Rng;

    /// Draws with other probabilities than the logged ones.
    fn drawn(logged: [f64; 2], true_b: f64, draws: u32, seed: u64) -> Evidence {
        let (mut srm, mut rng) = (Srm::default(), Rng::new(seed));
        for _ in 0..draws {
            srm.count(&[0, 1], &logged, usize::from(rng.unit() < true_b));
        }
        srm.evidence()
    }

    #[test]
    fn with_a_constant_split_it_is_the_bayes_factor_of_the_paper() {
        let probabilities = [0.5, 0.3, 0.2];
        let (mut srm, mut rng, mut counts) = (Srm::default(), Rng::new(3), [0_u32; 3]);
        for _ in 0..500 {
            let arm = rng.below(3);
            counts[arm] += 1;
            srm.count(&[0, 1, 2], &probabilities, arm);
        }
        // ln of B(κπ + n) ÷ B(κπ) ÷ Ππⁿ, with B the multivariate beta function.
        let mut expected = ln_gamma(PRIOR) - ln_gamma(PRIOR + 500.0);
        for (n, p) in counts.into_iter().zip(probabilities) {
            let n = f64::from(n);
            expected += ln_gamma(PRIOR * p + n) - ln_gamma(PRIOR * p) - n * p.ln();
        }
        assert!((srm.evidence().ln_e - expected).abs() < 1e-9, "{} {expected}", srm.evidence().ln_e);
        assert!((srm.expected(1) - 150.0).abs() < 1e-9 && srm.expected(7) == 0.0);
    }

    #[test]
    fn an_honest_split_raises_no_alarm_however_the_weights_move() {
        for run in 0..100 {
            let (mut srm, mut rng) = (Srm::default(), Rng::new(run));
            for draw in 0..2_000_u32 {
                let b = [0.5, 0.1, 0.9, 0.02][(draw / 300 % 4) as usize];
                srm.count(&[0, 1], &[1.0 - b, b], usize::from(rng.unit() < b));
            }
            assert!(!srm.evidence().has_alarmed(), "run {run}: {:?}", srm.evidence());
        }
    }

    #[test]
    fn a_split_that_loses_a_tenth_of_one_arm_is_found() {
        // 10 % of B's requests never arrive: 50/50 becomes 52.6/47.4.
        assert!(drawn([0.5, 0.5], 0.45 / 0.95, 20_000, 1).has_alarmed());
        assert!(drawn([0.9, 0.1], 0.2, 500, 2).has_alarmed());
    }

    #[test]
    fn evidence_is_carried_over_a_change_of_weights() {
        let (mut srm, mut rng) = (Srm::default(), Rng::new(5));
        for draw in 0..6_000_u32 {
            let b = if draw % 200 < 100 { 0.5 } else { 0.4 };
            // A fifth of B's requests is lost.
            let seen = 0.8 * b / (1.0 - 0.2 * b);
            srm.count(&[0, 1], &[1.0 - b, b], usize::from(rng.unit() < seen));
        }
        assert!(srm.evidence().is_alarming());
    }

    #[test]
    fn a_draw_that_could_not_happen_is_proof() {
        let mut srm = Srm::default();
        srm.count(&[0, 1], &[1.0, 0.0], 0);
        assert!(!srm.evidence().has_alarmed());
        srm.count(&[0, 1], &[1.0, 0.0], 1);
        assert!(srm.evidence().is_alarming());
    }
}
