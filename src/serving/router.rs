//! Which variant answers the next request: a weighted random draw that readers make without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, Guard};

use crate::util::seed::mix;

/// The step of `SplitMix64`: an odd number near 2⁶⁴ ÷ φ, so that the counter visits every 64-bit state.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Draws by current weights, from what stands behind them.
///
/// The table (weights, and what they are the weights of) is one immutable value behind an atomic pointer: a draw sees the old or the new one in
/// full, and each draw that starts after [`Router::set`] has returned sees the new one. The random numbers are `SplitMix64` over a shared
/// counter, so that one thread that draws alone gets the same sequence for the same seed.
#[derive(Debug)]
pub struct Router<T = ()> {
    table: ArcSwap<Table<T>>,
    counter: AtomicU64,
}

/// Weights, and what they are the weights of.
#[derive(Debug)]
pub struct Table<T = ()> {
    /// One a candidate. Shared, so that whoever keeps a draw's circumstances copies none of them.
    pub weights: Arc<Weights>,
    /// What the index of a draw counts in.
    pub of: T,
}

/// Weights as of one epoch, with what follows from them.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    epoch: u64,
    /// As given.
    given: Box<[f64]>,
    probabilities: Box<[f64]>,
    /// Upper end of each variant's stretch of `0..2⁶⁴`; a variant of weight 0 has an empty stretch.
    ends: Box<[u64]>,
    /// The last variant with a weight above 0: it owns what rounding leaves at the upper end. `None` when nothing can be drawn.
    last: Option<usize>,
}

/// One draw.
#[derive(Debug)]
pub struct Draw<T = ()> {
    /// Index of the candidate, in the table's order; `None` when all weights are 0. Never one of weight 0.
    pub index: Option<usize>,
    /// What it was drawn from.
    pub table: Guard<Arc<Table<T>>>,
}

/// Weights that can't be used; the router keeps the ones it has.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BadWeights {
    /// A share of the traffic that is none.
    #[error("A share of the traffic must be from 0 to 1, not {0}")]
    Share(f64),
    /// Negative, infinite or not a number.
    #[error("A weight must be a finite number that is at least 0, not {0}")]
    Value(f64),
}

impl Weights {
    /// Works out shares from weights; epoch numbers are the caller's.
    ///
    /// # Errors
    /// A weight that is negative or not finite. All weights 0 is no error: nothing is drawn then.
    pub fn new(weights: &[f64], epoch: u64) -> Result<Self, BadWeights> {
        if let Some(bad) = weights.iter().find(|w| !w.is_finite() || **w < 0.0) {
            return Err(BadWeights::Value(*bad));
        }
        // Scaled by the largest first: the sum of weights near f64::MAX would overflow, and subnormal ones would lose their ratio.
        let largest = weights.iter().copied().fold(0.0, f64::max);
        let scaled: Vec<f64> = weights.iter().map(|w| if largest > 0.0 { w / largest } else { 0.0 }).collect();
        let sum: f64 = scaled.iter().sum();
        let probabilities: Box<[f64]> = scaled.iter().map(|w| if sum > 0.0 { w / sum } else { 0.0 }).collect();
        let mut below = 0.0;
        let ends = scaled
            .iter()
            .map(|w| {
                below += w;
                // `as` saturates: 1.0 · 2⁶⁴ becomes u64::MAX, and the last variant owns that value too.
                if sum > 0.0 { (below / sum * 18_446_744_073_709_551_616.0) as u64 } else { 0 }
            })
            .collect();
        let last = weights.iter().rposition(|w| *w > 0.0);
        Ok(Self { epoch, given: weights.into(), probabilities, ends, last })
    }

    /// Two sets of candidates at once, `first` then `second`: the second gets `share` of the draws, the first the rest, and within each they fall
    /// by its own weights. The probability of a candidate is the product.
    ///
    /// # Errors
    /// As [`Weights::new`], and a share outside 0 to 1.
    pub fn blend(first: &[f64], second: &[f64], share: f64, epoch: u64) -> Result<Self, BadWeights> {
        if !(0.0..=1.0).contains(&share) {
            return Err(BadWeights::Share(share));
        }
        let (first, second) = (Self::new(first, epoch)?, Self::new(second, epoch)?);
        let first = first.probabilities.iter().map(|p| p * (1.0 - share));
        let all: Vec<f64> = first.chain(second.probabilities.iter().map(|p| p * share)).collect();
        Self::new(&all, epoch)
    }

    /// Weights of nobody.
    pub fn nothing(epoch: u64) -> Self {
        Self { epoch, given: Box::default(), probabilities: Box::default(), ends: Box::default(), last: None }
    }

    /// Counts up with each change of weights or models of an endpoint: draws of one epoch were made by the same probabilities.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The weights as given.
    pub fn weights(&self) -> &[f64] {
        &self.given
    }

    /// Probability of each variant; sums to 1, or all are 0 when nothing can be drawn.
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// The variant that owns a uniform 64-bit number; `None` when all weights are 0.
    pub fn pick(&self, bits: u64) -> Option<usize> {
        let last = self.last?;
        // At most ten variants: a scan over one cache line beats a search or an alias table.
        Some(self.ends[..last].iter().position(|end| bits < *end).unwrap_or(last))
    }
}

impl<T> Router<T> {
    /// A router over `of`, drawing the sequence of `seed`.
    pub fn new(weights: impl Into<Arc<Weights>>, of: T, seed: u64) -> Self {
        Self { table: ArcSwap::from_pointee(Table { weights: weights.into(), of }), counter: AtomicU64::new(seed) }
    }

    /// Draws a candidate.
    pub fn draw(&self) -> Draw<T> {
        let table = self.table.load();
        // Relaxed: the counter orders nothing but itself, and every value is handed out once.
        let bits = mix(self.counter.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP));
        Draw { index: table.weights.pick(bits), table }
    }

    /// Puts another table in force. Every draw that starts after this returns obeys it.
    pub fn set(&self, weights: impl Into<Arc<Weights>>, of: T) {
        self.table.store(Arc::new(Table { weights: weights.into(), of }));
    }

    /// The table in force.
    pub fn table(&self) -> Guard<Arc<Table<T>>> {
        self.table.load()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn router(weights: &[f64], epoch: u64, seed: u64) -> Router {
        Router::new(Weights::new(weights, epoch).unwrap(), (), seed)
    }

    fn counts(router: &Router, draws: usize, variants: usize) -> Vec<usize> {
        let mut counts = vec![0; variants];
        for _ in 0..draws {
            counts[router.draw().index.unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn equal_seeds_draw_equal_sequences() {
        let sequence = |seed| {
            let router = router(&[3.0, 1.0], 1, seed);
            (0..64).map(|_| router.draw().index.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(sequence(5), sequence(5));
        assert_ne!(sequence(5), sequence(6));
    }

    #[test]
    fn nothing_is_drawn_when_all_weights_are_zero() {
        let router = router(&[0.0, 0.0], 1, 1);
        assert!(router.draw().index.is_none());
        assert_eq!(router.table().weights.probabilities(), [0.0, 0.0]);
        router.set(Weights::new(&[0.0, 2.0], 2).unwrap(), ());
        assert_eq!(router.draw().index.unwrap(), 1);
    }

    #[test]
    fn bad_weights_are_none() {
        assert_eq!(Weights::new(&[-1.0, 1.0], 8), Err(BadWeights::Value(-1.0)));
        assert!(Weights::new(&[f64::NAN, 1.0], 8).is_err());
        assert_eq!(Weights::blend(&[1.0], &[1.0], 1.5, 8), Err(BadWeights::Share(1.5)));
        assert!(Weights::blend(&[1.0], &[1.0], f64::NAN, 8).is_err());
        assert!(Weights::blend(&[1.0], &[f64::INFINITY], 0.5, 8).is_err());
    }

    #[test]
    fn extreme_weights_keep_their_ratio() {
        let huge = Weights::new(&[f64::MAX, f64::MAX], 1).unwrap();
        assert_eq!(huge.probabilities(), [0.5, 0.5]);
        let tiny = Weights::new(&[f64::MIN_POSITIVE, 3.0 * f64::MIN_POSITIVE], 1).unwrap();
        assert_eq!(tiny.probabilities(), [0.25, 0.75]);
    }

    #[test]
    fn the_ends_of_the_range_have_owners() {
        let weights = Weights::new(&[0.0, 1.0, 1.0, 0.0], 1).unwrap();
        assert_eq!((weights.pick(0), weights.pick(u64::MAX)), (Some(1), Some(2)));
        assert_eq!((weights.pick((1 << 63) - 1), weights.pick(1 << 63)), (Some(1), Some(2)));
    }

    #[test]
    fn threads_together_draw_by_the_weights() {
        let router = router(&[1.0, 3.0], 1, 11);
        let drawn: Vec<Vec<usize>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| counts(&router, 10_000, 2))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let second: usize = drawn.iter().map(|counts| counts[1]).sum();
        // 40,000 draws: five standard deviations of a share of 3/4 are 0.011.
        assert!((second as f64 / 40_000.0 - 0.75).abs() < 0.011, "{second}");
    }

    #[test]
    fn a_change_is_obeyed_by_every_draw_after_it_returns() {
        use std::sync::atomic::AtomicUsize;
        let router = router(&[1.0, 0.0], 0, 3);
        let acknowledged = AtomicUsize::new(0);
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !done.load(Ordering::Acquire) {
                        let known = acknowledged.load(Ordering::Acquire);
                        let draw = router.draw();
                        let epoch = draw.table.weights.epoch();
                        assert!(epoch >= known as u64, "drawn by epoch {epoch} after {known} was acknowledged");
                        assert_eq!(draw.index, Some(usize::from(epoch % 2 == 1)), "epoch {epoch}");
                    }
                });
            }
            for epoch in 1..=2_000_usize {
                let odd = (epoch % 2) as f64;
                router.set(Weights::new(&[1.0 - odd, odd], epoch as u64).unwrap(), ());
                acknowledged.store(epoch, Ordering::Release);
            }
            done.store(true, Ordering::Release);
        });
    }

    proptest! {
        #[test]
        fn shares_converge_to_the_weights(weights in prop::collection::vec(prop_oneof![Just(0.0), 0.01..100.0_f64], 1..10), seed: u64) {
            prop_assume!(weights.iter().any(|w| *w > 0.0));
            let router = router(&weights, 1, seed);
            let draws = 20_000;
            let counts = counts(&router, draws, weights.len());
            for (count, p) in counts.iter().zip(router.table().weights.probabilities()) {
                if *p == 0.0 {
                    prop_assert_eq!(*count, 0);
                }
                // Six standard deviations of a binomial share, and one draw for the rounding of tiny ones.
                let allowed = 6.0 * (p * (1.0 - p) / draws as f64).sqrt() + 1.0 / draws as f64;
                prop_assert!((*count as f64 / draws as f64 - p).abs() <= allowed, "{} of {} at p = {}", count, draws, p);
            }
        }

        #[test]
        fn probabilities_are_the_weights_over_their_sum(weights in prop::collection::vec(prop_oneof![Just(0.0), 1e-6..1e6_f64], 1..10)) {
            prop_assume!(weights.iter().any(|w| *w > 0.0));
            let table = Weights::new(&weights, 1).unwrap();
            let sum: f64 = weights.iter().sum();
            for (w, p) in weights.iter().zip(table.probabilities()) {
                prop_assert!((w / sum - p).abs() < 1e-12);
            }
            prop_assert!((table.probabilities().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }

        #[test]
        fn two_fleets_share_by_the_share_and_each_by_its_weights(
            old in prop::collection::vec(0.01..100.0_f64, 1..10),
            new in prop::collection::vec(0.01..100.0_f64, 1..10),
            share in prop_oneof![Just(0.0), Just(1.0), 0.0..1.0_f64],
            bits: u64,
        ) {
            let table = Weights::blend(&old, &new, share, 1).unwrap();
            let (first, second) = table.probabilities().split_at(old.len());
            for (part, weights, of_all) in [(first, &old, 1.0 - share), (second, &new, share)] {
                let sum: f64 = weights.iter().sum();
                for (p, w) in part.iter().zip(weights) {
                    prop_assert!((p - of_all * w / sum).abs() < 1e-12);
                }
            }
            let index = table.pick(bits).unwrap();
            prop_assert!(table.probabilities()[index] > 0.0, "a fleet without a share is never drawn");
        }

        #[test]
        fn no_number_draws_a_variant_of_weight_zero(weights in prop::collection::vec(prop_oneof![Just(0.0), Just(1e-300), 0.1..9.0_f64], 1..10), bits: u64) {
            let table = Weights::new(&weights, 1).unwrap();
            match table.pick(bits) {
                Some(index) => prop_assert!(weights[index] > 0.0),
                None => prop_assert!(weights.iter().all(|w| *w == 0.0)),
            }
        }
    }
}
