//! The arithmetic of a traffic split: shares in tenths of a percent that always sum to exactly 100 %.

/// The whole: 100 % in tenths of a percent.
pub const WHOLE: u32 = 1000;

/// Shares of the traffic, in the variants' order. They sum to [`WHOLE`], or are all 0 where every weight is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares(Vec<u32>);

impl Shares {
    /// The shares that weights stand for. Negative and non-finite weights count as 0.
    pub fn of_weights(weights: &[f64]) -> Self {
        Self(apportion(WHOLE, weights))
    }

    /// `n` shares that are as equal as whole tenths allow.
    pub fn equal(n: usize) -> Self {
        Self::of_weights(&vec![1.0; n])
    }

    /// Tenths of a percent, in order.
    pub fn tenths(&self) -> &[u32] {
        &self.0
    }

    /// How many variants.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no variant at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether no variant gets traffic.
    pub fn all_zero(&self) -> bool {
        self.0.iter().all(|share| *share == 0)
    }

    /// The weights to send: percent, so that they read as shares.
    pub fn weights(&self) -> Vec<f64> {
        self.0.iter().map(|share| f64::from(*share) / 10.0).collect()
    }

    /// The place of the divider after variant `index`: the sum of the shares up to and with it.
    pub fn divider(&self, index: usize) -> u32 {
        self.0.iter().take(index + 1).sum()
    }

    /// The range in which the divider after `index` can move: from the divider before it to the one after it.
    pub fn divider_range(&self, index: usize) -> (u32, u32) {
        let low = self.0.iter().take(index).sum();
        (low, self.0.iter().take(index + 2).sum())
    }

    /// Moves the divider after `index` to a place (tenths from the left): only its two neighbours change.
    #[must_use]
    pub fn with_divider_at(&self, index: usize, place: u32) -> Self {
        let mut shares = self.0.clone();
        if index + 1 < shares.len() {
            let (low, high) = self.divider_range(index);
            let place = place.clamp(low, high);
            shares[index] = place - low;
            shares[index + 1] = high - place;
        }
        Self(shares)
    }

    /// Moves the divider after `index` by some tenths; it stops at its neighbours.
    #[must_use]
    pub fn stepped(&self, index: usize, by: i32) -> Self {
        let place = i64::from(self.divider(index)) + i64::from(by);
        self.with_divider_at(index, u32::try_from(place.max(0)).unwrap_or(WHOLE))
    }

    /// Gives variant `index` a share; the others keep their proportion. Where the others are all 0 they share the rest equally.
    #[must_use]
    pub fn with_share(&self, index: usize, share: u32) -> Self {
        let n = self.0.len();
        if index >= n {
            return self.clone();
        }
        if n == 1 {
            return Self(vec![WHOLE]);
        }
        let share = share.min(WHOLE);
        let mut others: Vec<f64> = self.0.iter().map(|s| f64::from(*s)).collect();
        others.remove(index);
        if others.iter().all(|s| *s == 0.0) {
            others.fill(1.0);
        }
        let mut shares = apportion(WHOLE - share, &others);
        shares.insert(index, share);
        Self(shares)
    }
}

/// Divides `total` in proportion to `weights` by largest remainders (Hamilton's method); ties go to the earlier one.
fn apportion(total: u32, weights: &[f64]) -> Vec<u32> {
    let clean: Vec<f64> = weights.iter().map(|w| if w.is_finite() && *w > 0.0 { *w } else { 0.0 }).collect();
    // Divided by the largest first, so that a sum of huge weights stays finite.
    let largest = clean.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        return vec![0; weights.len()];
    }
    let sum: f64 = clean.iter().map(|w| w / largest).sum();
    let exact: Vec<f64> = clean.iter().map(|w| f64::from(total) * (w / largest) / sum).collect();
    let mut parts: Vec<u32> = exact.iter().map(|e| e.floor() as u32).collect();
    let mut order: Vec<usize> = (0..parts.len()).filter(|i| clean[*i] > 0.0).collect();
    order.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()).then(a.cmp(b)));
    let mut left = total.saturating_sub(parts.iter().sum());
    for i in order.into_iter().cycle() {
        if left == 0 {
            break;
        }
        parts[i] += 1;
        left -= 1;
    }
    parts
}

/// `62 %`, or `62.5 %` where it is not a whole percent.
pub fn percent(tenths: u32) -> String {
    if tenths.is_multiple_of(10) { format!("{} %", tenths / 10) } else { format!("{}.{} %", tenths / 10, tenths % 10) }
}

/// Reads what a person types as a share: `62`, `62.5`, `62,5`, with or without `%`. `None` unless it is from 0 to 100.
pub fn parse_percent(text: &str) -> Option<u32> {
    let text = text.trim().trim_end_matches('%').trim().replace(',', ".");
    let value: f64 = text.parse().ok()?;
    (0.0..=100.0).contains(&value).then(|| (value * 10.0).round() as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn thirds_sum_to_the_whole() {
        assert_eq!(Shares::equal(3).tenths(), [334, 333, 333]);
        assert_eq!(Shares::of_weights(&[1.0, 1.0]).tenths(), [500, 500]);
        assert_eq!(Shares::of_weights(&[0.0, 0.0]).tenths(), [0, 0]);
        assert_eq!(Shares::of_weights(&[f64::NAN, -3.0, 2.0]).tenths(), [0, 0, 1000]);
    }

    #[test]
    fn a_divider_moves_its_two_neighbours_only() {
        let shares = Shares(vec![200, 300, 500]);
        assert_eq!(shares.with_divider_at(0, 350).tenths(), [350, 150, 500]);
        assert_eq!(shares.with_divider_at(0, 900).tenths(), [500, 0, 500]);
        assert_eq!(shares.with_divider_at(1, 0).tenths(), [200, 0, 800]);
        assert_eq!(shares.stepped(1, -100).tenths(), [200, 200, 600]);
        assert_eq!(shares.stepped(0, -1000).tenths(), [0, 500, 500]);
    }

    #[test]
    fn a_typed_share_leaves_the_others_in_proportion() {
        let shares = Shares(vec![200, 300, 500]);
        assert_eq!(shares.with_share(0, 500).tenths(), [500, 188, 312]);
        assert_eq!(shares.with_share(2, 1000).tenths(), [0, 0, 1000]);
        assert_eq!(Shares(vec![1000, 0, 0]).with_share(0, 400).tenths(), [400, 300, 300]);
        assert_eq!(Shares(vec![1000]).with_share(0, 400).tenths(), [1000]);
    }

    #[test]
    fn percent_is_read_and_written() {
        assert_eq!((percent(620), percent(5), percent(1000)), ("62 %".into(), "0.5 %".into(), "100 %".into()));
        assert_eq!(parse_percent(" 62,5 % "), Some(625));
        assert_eq!(parse_percent("0"), Some(0));
        assert_eq!((parse_percent("101"), parse_percent("-1"), parse_percent("x")), (None, None, None));
    }

    fn some_shares() -> impl Strategy<Value = Shares> {
        proptest::collection::vec(0.0..1e12_f64, 1..=10)
            .prop_filter("some weight", |w| w.iter().any(|w| *w > 0.0))
            .prop_map(|weights| Shares::of_weights(&weights))
    }

    proptest! {
        #[test]
        fn shares_always_sum_to_the_whole(shares in some_shares(), index in 0..10_usize, place in 0..=WHOLE, by in -1500..1500_i32) {
            let sum = |s: &Shares| s.tenths().iter().sum::<u32>();
            prop_assert_eq!(sum(&shares), WHOLE);
            prop_assert_eq!(sum(&shares.with_divider_at(index, place)), WHOLE);
            prop_assert_eq!(sum(&shares.stepped(index, by)), WHOLE);
            prop_assert_eq!(sum(&shares.with_share(index, place)), WHOLE);
        }

        #[test]
        fn weight_zero_stays_zero(weights in proptest::collection::vec(prop_oneof![Just(0.0), 1e-9..1e300_f64], 1..=10)) {
            let shares = Shares::of_weights(&weights);
            for (weight, share) in weights.iter().zip(shares.tenths()) {
                prop_assert!(*weight > 0.0 || *share == 0);
            }
        }

        #[test]
        fn sent_weights_come_back_as_the_same_shares(shares in some_shares()) {
            prop_assert_eq!(Shares::of_weights(&shares.weights()), shares);
        }

        #[test]
        fn a_share_is_within_a_tenth_of_the_exact_one(weights in proptest::collection::vec(0.1..100.0_f64, 1..=10)) {
            let sum: f64 = weights.iter().sum();
            for (weight, share) in weights.iter().zip(Shares::of_weights(&weights).tenths()) {
                prop_assert!((weight / sum * 1000.0 - f64::from(*share)).abs() < 1.0 + 1e-9);
            }
        }

        #[test]
        fn typing_keeps_the_order_of_the_others(shares in some_shares(), index in 0..10_usize, share in 0..=WHOLE) {
            let index = index % shares.len();
            let after = shares.with_share(index, share);
            prop_assert!(shares.len() == 1 || after.tenths()[index] == share);
            for a in (0..shares.len()).filter(|i| *i != index) {
                for b in (0..shares.len()).filter(|i| *i != index) {
                    if shares.tenths()[a] > shares.tenths()[b] + 1 && share < WHOLE {
                        prop_assert!(after.tenths()[a] + 1 >= after.tenths()[b]);
                    }
                }
            }
        }
    }
}
