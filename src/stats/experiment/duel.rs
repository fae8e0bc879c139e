//! Two arms against each other: who wins, by how much, and whether their labels come at the same pace.

use super::asymptotic::Running;
use super::wealth::{Side, Wealth};

/// What is known of a pair when a labelled request of one of the two comes in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// Whether the second arm, B, was drawn.
    pub(super) b: bool,
    /// The outcome, 1 = right, 0 = wrong.
    pub(super) y: f64,
    /// Probabilities of A and B at the draw, as logged; both above 0.
    pub(super) probabilities: [f64; 2],
    /// Means of A and B in the epoch of the draw before this label, drawn together where there are few.
    pub(super) means: [f64; 2],
    /// Milliseconds from answer to label, where known.
    pub(super) lateness_ms: Option<f64>,
}

/// Two arms that were drawn from the same split at some time.
#[derive(Clone, Debug)]
pub(super) struct Duel {
    /// The numbers of A and B; A is the smaller.
    pub(super) arms: [usize; 2],
    pub(super) wealth: Wealth,
    /// Labelled requests of the two, and the sum of their outcomes.
    pub(super) labels: u64,
    sum: f64,
    /// Influence values of the average effect p(B) − p(A).
    pub(super) effect: Running,
    pub(super) lateness: Lateness,
    /// The side that reached the threshold first, and how far it has come since.
    pub(super) won: Option<(Side, f64)>,
    /// What epochs that are not kept any more add to the stratified effect: labels, and labels times effect.
    pub(super) folded: (f64, f64),
    /// The newest epoch in which the per-variant rule was tried, and how many there were.
    pub(super) tried: (u64, u32),
}

impl Duel {
    pub(super) fn new(arms: [usize; 2]) -> Self {
        Self {
            arms,
            wealth: Wealth::default(),
            labels: 0,
            sum: 0.0,
            effect: Running::default(),
            lateness: Lateness::default(),
            won: None,
            folded: (0.0, 0.0),
            tried: (0, 0),
        }
    }

    /// The running mean of the outcomes of both, before the next one.
    pub(super) fn mean(&self) -> f64 {
        (self.sum + 0.5) / (self.labels as f64 + 1.0)
    }

    /// Takes one labelled request.
    ///
    /// The payoff is φ = 1[B](y − d)/π(B) − 1[A](y − d)/π(A), with d the mean before this label and π the probabilities among the two. Its
    /// expectation given the past is p(B) − p(A) whatever the path of the weights and however both drift. It is brought to [−1, 1] by the
    /// smaller of the two probabilities, so the stakes of [`Wealth`] are |λ| ≤ ¾ · min π.
    pub(super) fn take(&mut self, turn: &Turn) {
        let [a, b] = turn.probabilities.map(|p| p / (turn.probabilities[0] + turn.probabilities[1]));
        let (drawn, sign) = if turn.b { (b, 1.0) } else { (a, -1.0) };
        let to_unit = sign * a.min(b) / drawn;
        self.wealth.bet(to_unit * (turn.y - self.mean()));
        // Augmented inverse probability weighting: the difference of the means, corrected by what this outcome was off.
        let mean = turn.means[usize::from(turn.b)];
        self.effect.push(turn.means[1] - turn.means[0] + sign * (turn.y - mean) / drawn);
        if let Some(lateness_ms) = turn.lateness_ms {
            self.lateness.take(lateness_ms, to_unit);
        }
        self.labels += 1;
        self.sum += turn.y;
    }

    /// Follows how far the wealth has come; true when it has just reached `ln_threshold` for the first time.
    pub(super) fn follow(&mut self, ln_threshold: f64) -> bool {
        let ln = self.wealth.ln();
        match &mut self.won {
            None if ln < ln_threshold => false,
            None => {
                self.won = Some((self.wealth.side(), ln));
                true
            }
            Some((side, peak)) => {
                // A larger field asks for more than the first crossing did: only the side that crossed can add to it.
                if ln > *peak && self.wealth.side() == *side {
                    *peak = ln;
                }
                false
            }
        }
    }

    /// Whether `arm` has beaten the other at `ln_threshold`.
    pub(super) fn is_won_by(&self, arm: usize, ln_threshold: f64) -> bool {
        let side = if arm == self.arms[1] { Side::Up } else { Side::Down };
        self.won.is_some_and(|(won, peak)| won == side && peak >= ln_threshold)
    }
}

/// Whether the labels of one arm come later than those of the other: the same bet, on "later than the median".
#[derive(Clone, Debug, Default)]
pub(super) struct Lateness {
    wealth: Wealth,
    n: u64,
    late: f64,
    /// ln of a running median of milliseconds.
    ln_median: f64,
}

impl Lateness {
    pub(super) fn take(&mut self, lateness_ms: f64, to_unit: f64) {
        let ln = lateness_ms.max(1.0).ln();
        if self.n == 0 {
            self.ln_median = ln;
        }
        // Median and mean are those before this label: the bet is predictable.
        let late = f64::from(u8::from(ln > self.ln_median));
        let mean = (self.late + 0.5) / (self.n as f64 + 1.0);
        self.wealth.bet(to_unit * (late - mean));
        // A step of 5 % up or down: half of the steps go either way where the median is right.
        self.ln_median += 0.1 * (late - 0.5);
        self.n += 1;
        self.late += late;
    }

    /// ln of the e-value against "lateness does not depend on the arm".
    pub(super) fn ln_e(&self) -> f64 {
        self.wealth.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::seed::Rng;

    fn turn(b: bool, y: f64, b_probability: f64) -> Turn {
        let probabilities = [1.0 - b_probability, b_probability];
        Turn { b, y, probabilities, means: [0.5, 0.5], lateness_ms: None }
    }

    #[test]
    fn the_better_arm_wins_whatever_the_split() {
        for b_probability in [0.5, 0.1, 0.8] {
            let (mut duel, mut rng) = (Duel::new([0, 1]), Rng::new(1));
            let mut crossed = 0;
            for _ in 0..4_000 {
                let b = rng.unit() < b_probability;
                let y = f64::from(u8::from(rng.unit() < if b { 0.9 } else { 0.7 }));
                duel.take(&turn(b, y, b_probability));
                crossed += u32::from(duel.follow(20_f64.ln()));
            }
            assert_eq!(crossed, 1, "the threshold is crossed for the first time once");
            assert!(duel.is_won_by(1, 20_f64.ln()) && !duel.is_won_by(0, 20_f64.ln()));
            let band = duel.effect.band(0.05).unwrap();
            assert!(band.low < 0.2 && band.high > 0.2 && band.low > 0.0, "{band:?} at {b_probability}");
        }
    }

    #[test]
    fn a_won_duel_stays_won() {
        let mut duel = Duel::new([0, 1]);
        for (b, y) in [(true, 1.0), (false, 0.0)].into_iter().cycle().take(60) {
            duel.take(&turn(b, y, 0.5));
            duel.follow(20_f64.ln());
        }
        assert!(duel.is_won_by(1, 20_f64.ln()));
        for (b, y) in [(true, 0.0), (false, 1.0)].into_iter().cycle().take(600) {
            duel.take(&turn(b, y, 0.5));
            assert!(!duel.follow(20_f64.ln()));
        }
        assert_eq!(duel.wealth.side(), Side::Down, "the world turned round");
        assert!(duel.is_won_by(1, 20_f64.ln()), "but what was declared stays declared");
    }

    #[test]
    fn labels_of_one_arm_that_come_later_are_noticed() {
        let run = |later: f64| {
            let (mut duel, mut rng) = (Duel::new([0, 1]), Rng::new(9));
            for _ in 0..1_000 {
                let b = rng.unit() < 0.5;
                let lateness = rng.unit() * 1_000.0 * if b { later } else { 1.0 };
                duel.take(&Turn { lateness_ms: Some(lateness), ..turn(b, 1.0, 0.5) });
            }
            duel.lateness.ln_e()
        };
        assert!(run(3.0) > 20_f64.ln());
        assert!(run(1.0) < 20_f64.ln());
    }
}
