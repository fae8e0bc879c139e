//! Betting against "no difference": a wealth that grows only where the difference is real, whoever looks and whenever.

/// Fractions of the wealth that are put at stake, as multiples of the largest payoff that a bet can lose. A bet never risks more than
/// three quarters, and never less than what a difference of a point or so needs.
pub const STAKES: [f64; 5] = [0.75, 0.375, 0.187_5, 0.093_75, 0.046_875];

/// Capitals are brought back to a middle size beyond this, and taken for lost below its inverse cubed.
const LARGE: f64 = 1e100;

/// The side on which a wealth was won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Payoffs are above 0 on average.
    Up,
    /// Payoffs are below 0 on average.
    Down,
}

/// A two-sided betting e-process.
///
/// Each capital starts with 1 and is multiplied by 1 + λx at each payoff x ∈ [−1, 1], with one λ = ± [`STAKES`] for good. Where E[x | past]
/// is 0 each capital is a martingale, so their average is one too, and it ever reaches 1/α with probability at most α (Ville 1939;
/// Waudby-Smith & Ramdas, arXiv 2010.09686; Waudby-Smith et al., arXiv 2210.10768). A mixture over λ is itself a bet with a predictable
/// λ: the average of the stakes, weighted by what each has won so far. Where E[x | past] ≤ 0 throughout, the upper half alone is a
/// supermartingale, so the wrong *side* is reached with probability at most α as well.
#[derive(Clone, Debug, PartialEq)]
pub struct Wealth {
    up: [f64; STAKES.len()],
    down: [f64; STAKES.len()],
    /// Logarithm of what the capitals were divided by.
    ln_scale: f64,
}

impl Default for Wealth {
    fn default() -> Self {
        Self { up: [1.0; STAKES.len()], down: [1.0; STAKES.len()], ln_scale: 0.0 }
    }
}

impl Wealth {
    /// Takes one payoff in [−1, 1].
    pub fn bet(&mut self, payoff: f64) {
        for ((up, down), stake) in self.up.iter_mut().zip(&mut self.down).zip(STAKES) {
            *up *= 1.0 + stake * payoff;
            *down *= 1.0 - stake * payoff;
        }
        let sum = self.sum();
        if !(1.0 / LARGE..=LARGE).contains(&sum) {
            self.rescale(sum);
        }
    }

    #[cold]
    fn rescale(&mut self, sum: f64) {
        for capital in self.up.iter_mut().chain(&mut self.down) {
            *capital /= sum;
            // Never back in the game, and arithmetic on the smallest numbers is slow.
            if *capital < LARGE.powi(-3) {
                *capital = 0.0;
            }
        }
        self.ln_scale += sum.ln();
    }

    fn sum(&self) -> f64 {
        self.up.iter().chain(&self.down).sum()
    }

    /// Logarithm of the wealth: the average of all capitals. Starts at 0.
    pub fn ln(&self) -> f64 {
        (self.sum() / (2 * STAKES.len()) as f64).ln() + self.ln_scale
    }

    /// Logarithm of the average of the capitals of one side: by itself an e-process against "payoffs are not on this side". Starts at 0.
    pub fn ln_of(&self, side: Side) -> f64 {
        let capitals = match side {
            Side::Up => &self.up,
            Side::Down => &self.down,
        };
        (capitals.iter().sum::<f64>() / STAKES.len() as f64).ln() + self.ln_scale
    }

    /// The side that has won more.
    pub fn side(&self) -> Side {
        if self.up.iter().sum::<f64>() >= self.down.iter().sum::<f64>() { Side::Up } else { Side::Down }
    }

    /// About how many more payoffs it takes until the wealth reaches `ln_target` on `side`, where `growth` is the expected logarithm of
    /// 1 + λx as a function of λ ≥ 0 (payoffs mirrored for [`Side::Down`]): each capital grows at its own rate. `None` where none grows.
    pub fn more(&self, ln_target: f64, side: Side, growth: impl Fn(f64) -> f64) -> Option<f64> {
        let capitals = match side {
            Side::Up => &self.up,
            Side::Down => &self.down,
        };
        let rates = STAKES.map(growth);
        let ln_share = self.ln_scale - ((2 * STAKES.len()) as f64).ln() - ln_target;
        let is_enough = |n: f64| {
            let grown = capitals.iter().zip(rates).map(|(capital, rate)| (capital.ln() + ln_share + rate * n).exp());
            grown.sum::<f64>() >= 1.0
        };
        if is_enough(0.0) {
            return Some(0.0);
        }
        // A sum of exponentials is convex: from below there is one crossing.
        let mut high = 1.0;
        while !is_enough(high) {
            high *= 2.0;
            if high > 1e15 {
                return None;
            }
        }
        let mut low = high / 2.0;
        for _ in 0..20 {
            let middle = 0.5 * (low + high);
            if is_enough(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn starts_at_one_and_moves_to_the_side_of_the_payoffs() {
        let mut wealth = Wealth::default();
        assert_eq!(wealth.ln(), 0.0);
        for _ in 0..50 {
            wealth.bet(-0.5);
        }
        assert!(wealth.ln() > 10.0);
        assert_eq!(wealth.side(), Side::Down);
        // The losing side is worth next to nothing, so the winning one is worth all of the average, which is of twice as many.
        assert!((wealth.ln_of(Side::Down) - wealth.ln() - 2_f64.ln()).abs() < 1e-6 && wealth.ln_of(Side::Up) < 0.0);
    }

    #[test]
    fn long_runs_neither_overflow_nor_vanish() {
        let mut wealth = Wealth::default();
        for _ in 0..100_000 {
            wealth.bet(1.0);
        }
        // The largest stake alone: 100,000 · ln 1.75, of a tenth of the capital.
        let expected = 100_000.0 * 1.75_f64.ln() - 10_f64.ln();
        assert!((wealth.ln() - expected).abs() < 1e-6 * expected, "{}", wealth.ln());
        for i in 0..200_000 {
            wealth.bet(if i % 2 == 0 { 1.0 } else { -1.0 });
        }
        assert!(wealth.ln().is_finite() && wealth.ln() < expected);
    }

    #[test]
    fn the_forecast_is_what_constant_payoffs_take() {
        let target = 20_f64.ln();
        let more = Wealth::default().more(target, Side::Up, |stake| (stake * 0.2).ln_1p()).unwrap();
        let mut wealth = Wealth::default();
        let mut taken = 0.0;
        while wealth.ln() < target {
            wealth.bet(0.2);
            taken += 1.0;
        }
        assert!((more - taken).abs() < 0.03 * taken, "{more} forecast, {taken} taken");
        assert_eq!(Wealth::default().more(target, Side::Down, |stake| (-stake * 0.2).ln_1p()), None);
    }

    proptest! {
        /// The martingale property, exactly: over a payoff with two values and mean 0, the expected wealth is the wealth before.
        #[test]
        fn a_fair_payoff_leaves_the_expected_wealth_as_it_was(history in prop::collection::vec(-1.0..1.0_f64, 0..40), high in 0.01..1.0_f64, low in 0.01..1.0_f64) {
            let mut before = Wealth::default();
            for payoff in history {
                before.bet(payoff);
            }
            let after = |payoff: f64| {
                let mut wealth = before.clone();
                wealth.bet(payoff);
                wealth.ln().exp()
            };
            let chance = low / (high + low);
            let expected = chance * after(high) + (1.0 - chance) * after(-low);
            let was = before.ln().exp();
            prop_assert!((expected - was).abs() <= 1e-9 * was, "{} {}", expected, was);
        }
    }
}
