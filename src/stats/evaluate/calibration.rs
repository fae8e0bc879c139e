//! Calibration: whether what is called likely happens as often as it is said to.

/// Bins over [0, 1].
const BINS: usize = 10;

/// The scores within one stretch of [0, 1].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// How many.
    pub n: u64,
    /// Their mean score.
    pub score: f64,
    /// The share of ones among them.
    pub ones: f64,
}

/// The bins that hold something, in the order of their scores, and what is wrong with them together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// Ten equal stretches of [0, 1], the empty ones left out.
    pub bins: Vec<Bin>,
    /// Expected calibration error: mean of |ones − score| over the bins, weighted by their sizes (Naeini et al. 2015, AAAI).
    pub error: f64,
}

/// Bins scores; `None` when one of them is no probability, or there is none.
pub fn calibration(scores: &[f32], labels: &[f32]) -> Option<Calibration> {
    if scores.is_empty() || scores.iter().any(|score| !(0.0..=1.0).contains(score)) {
        return None;
    }
    let mut bins = [Bin::default(); BINS];
    for (score, label) in scores.iter().zip(labels) {
        let score = f64::from(*score);
        let bin = &mut bins[((score * BINS as f64) as usize).min(BINS - 1)];
        bin.n += 1;
        bin.score += score;
        bin.ones += f64::from(u8::from(*label > 0.5));
    }
    let mut found = Calibration::default();
    for bin in bins.iter().filter(|bin| bin.n > 0) {
        let n = bin.n as f64;
        let bin = Bin { n: bin.n, score: bin.score / n, ones: bin.ones / n };
        found.error += n / scores.len() as f64 * (bin.ones - bin.score).abs();
        found.bins.push(bin);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_compare_what_is_said_with_what_happens() {
        let found = calibration(&[0.05, 0.08, 0.92, 1.0], &[0.0, 1.0, 1.0, 1.0]).unwrap();
        assert_eq!(found.bins.len(), 2);
        assert_eq!((found.bins[0].n, found.bins[0].ones), (2, 0.5));
        assert!((found.bins[0].score - 0.065).abs() < 1e-6 && (found.bins[1].score - 0.96).abs() < 1e-6);
        assert!((found.error - 0.2375).abs() < 1e-6, "{}", found.error);
    }

    #[test]
    fn margins_are_no_probabilities() {
        assert_eq!(calibration(&[0.5, 1.5], &[0.0, 1.0]), None);
        assert_eq!(calibration(&[f32::NAN], &[0.0]), None);
        assert_eq!(calibration(&[], &[]), None);
    }
}
