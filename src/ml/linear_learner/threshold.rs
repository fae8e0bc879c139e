//! The threshold of a binary classifier, chosen on labelled scores.

use super::settings::Criterion;

/// The threshold above which the label is 1 that serves the criterion best; among equals the nearest to `neutral` (½ for probabilities, 0
/// for margins). `neutral` itself where the criterion asks for nothing or one class is missing.
pub(super) fn choose(scores: &[f32], labels: &[f32], criterion: Criterion, neutral: f32) -> f32 {
    let mut order: Vec<(f32, bool)> = scores.iter().copied().zip(labels.iter().map(|y| *y > 0.5)).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let positives = order.iter().filter(|(_, positive)| *positive).count() as f64;
    let total = order.len() as f64;
    if criterion == Criterion::LossFunction || positives == 0.0 || positives == total {
        return neutral;
    }
    // Right and wrong among those called 1, with the threshold falling from above all scores.
    let (mut right, mut wrong) = (0.0_f64, 0.0_f64);
    let worth = |right: f64, wrong: f64| {
        let called = right + wrong;
        let precision = if called > 0.0 { right / called } else { 1.0 };
        let recall = right / positives;
        match criterion {
            Criterion::Accuracy => (right + (total - positives - wrong)) / total,
            Criterion::FBeta(beta) => {
                let missed = positives - right;
                (1.0 + beta * beta) * right / ((1.0 + beta * beta) * right + beta * beta * missed + wrong).max(1e-12)
            }
            // A target that is not met is worth less the further it is missed, and always less than one that is.
            Criterion::PrecisionAtRecall(target) if recall >= target => precision,
            Criterion::PrecisionAtRecall(target) => recall - target - 1.0,
            Criterion::RecallAtPrecision(target) if precision >= target => recall,
            Criterion::RecallAtPrecision(target) => precision - target - 1.0,
            Criterion::LossFunction => 0.0,
        }
    };
    let above_all = order[0].0 + (order[0].0 - neutral).abs() + f32::EPSILON;
    let mut best = (worth(0.0, 0.0), above_all);
    for (at, (score, positive)) in order.iter().enumerate() {
        if *positive {
            right += 1.0;
        } else {
            wrong += 1.0;
        }
        let next = order.get(at + 1).map(|(next, _)| *next);
        if next == Some(*score) {
            continue;
        }
        // Between two scores; where the neutral point lies between them, there.
        let low = next.unwrap_or(*score - (score - neutral).abs() - f32::EPSILON);
        let threshold = if low <= neutral && neutral < *score { neutral } else { low + (score - low) / 2.0 };
        let here = worth(right, wrong);
        let nearer = (threshold - neutral).abs() < (best.1 - neutral).abs();
        if here > best.0 + 1e-12 || (here > best.0 - 1e-12 && nearer) {
            best = (here, threshold);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f32; 6] = [0.1, 0.3, 0.35, 0.6, 0.7, 0.9];
    const LABELS: [f32; 6] = [0.0, 0.0, 1.0, 0.0, 1.0, 1.0];

    fn called(threshold: f32) -> Vec<bool> {
        SCORES.iter().map(|score| *score > threshold).collect()
    }

    #[test]
    fn each_criterion_has_its_threshold() {
        let at = |criterion| called(choose(&SCORES, &LABELS, criterion, 0.5)).iter().filter(|one| **one).count();
        assert_eq!(at(Criterion::Accuracy), 2, "2 and 4 are equally right; the border at 0.65 is nearer to ½");
        assert_eq!(at(Criterion::FBeta(1.0)), 4);
        assert_eq!(at(Criterion::PrecisionAtRecall(0.9)), 4);
        assert_eq!(at(Criterion::PrecisionAtRecall(0.5)), 2);
        assert_eq!(at(Criterion::RecallAtPrecision(0.7)), 4);
        assert_eq!(choose(&SCORES, &LABELS, Criterion::LossFunction, 0.5), 0.5);
    }

    #[test]
    fn scores_that_part_at_the_middle_keep_it() {
        assert_eq!(choose(&[0.2, 0.8], &[0.0, 1.0], Criterion::Accuracy, 0.5), 0.5);
        assert_eq!(choose(&[0.2, 0.8], &[1.0, 1.0], Criterion::Accuracy, 0.5), 0.5);
    }
}
