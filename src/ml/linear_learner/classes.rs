//! What differs with the classes of labels: the loss over several of them, and what a row of each counts.

use super::model::Link;
use super::settings::{PositiveWeight, Settings};
use crate::ml::Dataset;

/// Turns sums, one a class, into probabilities.
pub(super) fn softmax(sums: &mut [f64]) {
    let greatest = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for sum in sums.iter_mut() {
        *sum = (*sum - greatest).exp();
    }
    let all: f64 = sums.iter().sum();
    for sum in sums {
        *sum /= all;
    }
}

/// −ln of the probability of the true class, from the sums of all classes (without going through the probability, which may be 0).
pub(super) fn cross_entropy(sums: &[f64], class: usize) -> f64 {
    let greatest = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let all: f64 = sums.iter().map(|sum| (sum - greatest).exp()).sum();
    sums.get(class).map_or(f64::NAN, |own| greatest + all.ln() - own)
}

/// What a row counts, by its label.
#[derive(Clone, Debug)]
pub(super) struct RowWeights(Vec<f64>);

impl RowWeights {
    /// Of a training channel. Rows of a regressor all count 1.
    pub(super) fn of(settings: &Settings, data: &Dataset) -> Self {
        let rows = data.rows() as f64;
        let of_class = |class: usize| data.labels.iter().filter(|label| **label == class as f32).count() as f64;
        Self(match (settings.link, settings.positive_weight) {
            (Link::Softmax, _) if settings.balance_classes => {
                // As scikit-learn's "balanced": a class that is not there at all changes nothing.
                let weight = |count: f64| if count > 0.0 { rows / (settings.classes as f64 * count) } else { 1.0 };
                (0..settings.classes).map(|class| weight(of_class(class))).collect()
            }
            (Link::Identity | Link::Softmax, _) => Vec::new(),
            (Link::Logistic | Link::Margin, PositiveWeight::Times(times)) => vec![1.0, times],
            (Link::Logistic | Link::Margin, PositiveWeight::Balanced) => {
                let positives = of_class(1);
                vec![1.0, if positives == 0.0 { 1.0 } else { (rows - positives) / positives }]
            }
        })
    }

    /// Of a row with this label.
    pub(super) fn at(&self, label: f32) -> f64 {
        self.0.get(label as usize).copied().unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one_and_never_overflow() {
        for sums in [[1.0, 2.0, 3.0], [1e4, -1e4, 0.0], [-800.0, -801.0, -802.0]] {
            let mut shares = sums;
            softmax(&mut shares);
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{shares:?}");
            for (class, share) in shares.iter().enumerate() {
                let loss = cross_entropy(&sums, class);
                assert!(loss.is_finite() && loss >= 0.0);
                assert!(*share == 0.0 || (loss + share.ln()).abs() < 1e-9, "{sums:?} {class}");
            }
        }
    }

    #[test]
    fn the_slope_of_the_loss_is_the_probability_less_the_truth() {
        let sums = [0.3, -1.2, 0.9];
        let mut shares = sums;
        softmax(&mut shares);
        for at in 0..3 {
            let moved = |by: f64| {
                let mut sums = sums;
                sums[at] += by;
                cross_entropy(&sums, 1)
            };
            let measured = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            assert!((measured - (shares[at] - f64::from(u8::from(at == 1)))).abs() < 1e-6);
        }
    }
}
