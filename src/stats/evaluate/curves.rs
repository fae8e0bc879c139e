//! Receiver operating characteristic and precision–recall, for two classes, over every threshold that tells scores apart.

/// Points that a curve keeps; more can't be told apart on a plot.
const POINTS: usize = 512;

/// A curve from left to right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// (x, y), each in [0, 1].
    pub points: Vec<[f64; 2]>,
    /// The area under it, of all its points.
    pub area: f64,
}

/// Both curves of some scores.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// x: share of zeros called 1; y: share of ones called 1. The area is the AUC, ties counting half (Fawcett 2006, Pattern Recognition
    /// Letters 27).
    pub roc: Curve,
    /// x: recall; y: precision. The area is the average precision Σ (Rₙ − Rₙ₋₁) Pₙ, without interpolation.
    pub precision_recall: Curve,
}

/// Works out both; `None` unless both classes occur. A label is 1 where it is above ½. Scores that are no numbers come last.
pub fn curves(scores: &[f32], labels: &[f32]) -> Option<Curves> {
    let mut order: Vec<(f32, bool)> = scores.iter().zip(labels).map(|(score, label)| (*score, *label > 0.5)).collect();
    let ones = order.iter().filter(|(_, one)| *one).count() as f64;
    let zeros = order.len() as f64 - ones;
    if ones == 0.0 || zeros == 0.0 {
        return None;
    }
    let last = |score: f32| if score.is_nan() { f32::NEG_INFINITY } else { score };
    order.sort_unstable_by(|a, b| last(b.0).total_cmp(&last(a.0)));
    let (mut hits, mut alarms) = (0.0, 0.0);
    let mut roc = Curve { points: vec![[0.0, 0.0]], area: 0.0 };
    let mut precision_recall = Curve::default();
    let mut at = 0;
    while at < order.len() {
        let score = last(order[at].0);
        let (hits_before, alarms_before) = (hits, alarms);
        // All of one score are called at once: a threshold can't part them.
        while at < order.len() && last(order[at].0).total_cmp(&score).is_eq() {
            if order[at].1 {
                hits += 1.0;
            } else {
                alarms += 1.0;
            }
            at += 1;
        }
        roc.area += (alarms - alarms_before) / zeros * (hits + hits_before) / 2.0 / ones;
        roc.points.push([alarms / zeros, hits / ones]);
        let precision = hits / (hits + alarms);
        precision_recall.area += (hits - hits_before) / ones * precision;
        if precision_recall.points.is_empty() {
            precision_recall.points.push([0.0, precision]);
        }
        precision_recall.points.push([hits / ones, precision]);
    }
    roc.thin();
    precision_recall.thin();
    Some(Curves { roc, precision_recall })
}

impl Curve {
    /// Keeps about [`POINTS`] points, evenly, the ends among them.
    fn thin(&mut self) {
        let n = self.points.len();
        if n > POINTS {
            let last = (POINTS - 1) as f64;
            self.points =
                (0..POINTS).map(|i| self.points[(i as f64 / last * (n - 1) as f64).round() as usize]).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_example_by_hand() {
        // scikit-learn's own example of roc_auc_score and average_precision_score: 0.75 and 0.8333.
        let found = curves(&[0.1, 0.4, 0.35, 0.8], &[0.0, 0.0, 1.0, 1.0]).unwrap();
        assert!((found.roc.area - 0.75).abs() < 1e-12);
        assert!((found.precision_recall.area - 5.0 / 6.0).abs() < 1e-12);
        assert_eq!(found.roc.points, [[0.0, 0.0], [0.0, 0.5], [0.5, 0.5], [0.5, 1.0], [1.0, 1.0]]);
        let [_, precision] = found.precision_recall.points[4];
        assert!((precision - 0.5).abs() < 1e-12);
    }

    #[test]
    fn ties_count_half_and_one_class_has_no_curve() {
        let tied = curves(&[0.5; 6], &[0.0, 1.0, 0.0, 1.0, 1.0, 0.0]).unwrap();
        assert_eq!((tied.roc.area, tied.roc.points.len()), (0.5, 2));
        assert_eq!(curves(&[0.1, 0.9], &[1.0, 1.0]), None);
        let with_nan = curves(&[f32::NAN, 0.9], &[0.0, 1.0]).unwrap();
        assert_eq!(with_nan.roc.area, 1.0);
    }

    #[test]
    fn long_curves_are_thinned_and_keep_their_ends_and_area() {
        let scores: Vec<f32> = (0..10_000_u16).map(|i| f32::from(i) / 10_000.0).collect();
        let labels: Vec<f32> = (0..10_000_u16).map(|i| f32::from(u8::from(i % 3 == 0 || i > 9_000))).collect();
        let found = curves(&scores, &labels).unwrap();
        assert_eq!((found.roc.points.len(), found.roc.points[0]), (POINTS, [0.0, 0.0]));
        assert_eq!(found.roc.points[POINTS - 1], [1.0, 1.0]);
        let ones: Vec<f32> = scores.iter().zip(&labels).filter(|(_, y)| **y > 0.5).map(|(s, _)| *s).collect();
        let zeros: Vec<f32> = scores.iter().zip(&labels).filter(|(_, y)| **y < 0.5).map(|(s, _)| *s).collect();
        // The AUC is the share of pairs in which the one has the higher score: counted by merging.
        let mut won = 0;
        for one in &ones {
            won += zeros.partition_point(|zero| zero < one);
        }
        let expected = won as f64 / (ones.len() * zeros.len()) as f64;
        assert!((found.roc.area - expected).abs() < 1e-9);
    }
}
