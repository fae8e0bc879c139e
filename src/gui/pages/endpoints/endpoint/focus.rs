//! Which of many variants stand out in the plots: ten bands on top of each other say nothing. Pure.

use crate::stats::live::{EndpointLive, Score, VariantLive};

/// Up to this many variants are all drawn in full.
const FEW: usize = 3;

/// Whether there are so many that only some stand out.
pub(super) fn is_needed(live: &EndpointLive) -> bool {
    live.variants.len() > FEW
}

/// Whether a variant is drawn in full: the one that looks best, and the one that somebody has chosen.
pub(super) fn stands_out(live: &EndpointLive, chosen: Option<&str>, name: &str) -> bool {
    !is_needed(live) || chosen == Some(name) || best(live) == Some(name)
}

/// The variant whose score is the best; none without labels.
fn best(live: &EndpointLive) -> Option<&str> {
    let score = |variant: &VariantLive| {
        let estimate = variant.score?.estimate;
        Some(match live.score {
            Score::Accuracy => estimate,
            Score::Rmse => -estimate,
        })
    };
    let scored = live.variants.iter().filter_map(|variant| Some((variant, score(variant)?)));
    scored.max_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(variant, _)| variant.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::experiment::single_look::Interval;

    #[test]
    fn of_many_the_best_and_the_chosen_one_stand_out() {
        let variant = |(name, estimate): (&str, f64)| VariantLive {
            name: name.into(),
            score: Some(Interval { estimate, low: 0.0, high: 1.0 }),
            ..VariantLive::default()
        };
        let of = |scores: &[(&str, f64)], score| EndpointLive {
            variants: scores.iter().copied().map(variant).collect(),
            score,
            ..EndpointLive::default()
        };
        let four = [("a", 0.4), ("b", 0.9), ("c", 0.2), ("d", 0.5)];
        let out = |live: &EndpointLive, chosen: Option<&str>| -> String {
            ["a", "b", "c", "d"].into_iter().filter(|name| stands_out(live, chosen, name)).collect()
        };
        assert_eq!(out(&of(&four, Score::Accuracy), None), "b");
        assert_eq!(out(&of(&four, Score::Accuracy), Some("d")), "bd");
        assert_eq!(out(&of(&four, Score::Rmse), Some("c")), "c", "the smallest error is the best");
        assert_eq!(out(&of(&four[..3], Score::Accuracy), None), "abcd", "of few all are drawn");
        let mut unlabelled = of(&four, Score::Accuracy);
        unlabelled.variants.iter_mut().for_each(|variant| variant.score = None);
        assert_eq!(out(&unlabelled, None), "");
    }
}
