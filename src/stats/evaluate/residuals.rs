//! Residuals of a regression: how far off, to which side, and whether that depends on the size of the answer.

/// Stretches of the histogram.
const BINS: usize = 40;

/// Residuals that are kept one by one for a scatter plot.
const POINTS: usize = 2_000;

/// What is known of the errors prediction − label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Residuals {
    /// √ of the mean squared error.
    pub rmse: f64,
    /// Mean absolute error.
    pub mae: f64,
    /// Mean error: which side it leans to.
    pub bias: f64,
    /// Lower end of the histogram.
    pub low: f64,
    /// Width of one stretch of it.
    pub width: f64,
    /// How many errors fall into each stretch. What lies beyond the ends is in the outermost ones.
    pub counts: Vec<u64>,
    /// (prediction, error), at most 2,000 of them, evenly over the rows.
    pub points: Vec<[f64; 2]>,
}

/// Each prediction with its error; what is no number is left out.
fn pairs(predictions: &[f32], labels: &[f32]) -> Vec<[f64; 2]> {
    let pairs = predictions.iter().zip(labels).map(|(p, y)| [f64::from(*p), f64::from(*p) - f64::from(*y)]);
    pairs.filter(|[_, error]| error.is_finite()).collect()
}

/// Between which errors nearly all lie: the 0.5th and the 99.5th percentile. `None` without rows.
pub fn ends(predictions: &[f32], labels: &[f32]) -> Option<(f64, f64)> {
    let mut errors: Vec<f64> = pairs(predictions, labels).into_iter().map(|[_, error]| error).collect();
    errors.sort_unstable_by(f64::total_cmp);
    let last = errors.len().checked_sub(1)?;
    let at = |share: f64| errors[(share * last as f64).round() as usize];
    Some((at(0.005), at(0.995)))
}

/// Sums errors up; `None` without rows. The histogram lies between the ends: histograms of models that are compared need the same ones,
/// since a count in a narrow stretch says something else than one in a wide stretch.
pub fn residuals(predictions: &[f32], labels: &[f32], (low, high): (f64, f64)) -> Option<Residuals> {
    let pairs = pairs(predictions, labels);
    if pairs.is_empty() {
        return None;
    }
    let mean = |f: &dyn Fn(f64) -> f64| pairs.iter().map(|[_, error]| f(*error)).sum::<f64>() / pairs.len() as f64;
    let (rmse, mae, bias) = (mean(&|e| e * e).sqrt(), mean(&f64::abs), mean(&|e| e));
    let width = if high > low { (high - low) / BINS as f64 } else { 1.0 };
    let mut counts = vec![0; BINS];
    for [_, error] in &pairs {
        counts[(((error - low) / width).max(0.0) as usize).min(BINS - 1)] += 1;
    }
    let step = pairs.len().div_ceil(POINTS);
    let points = pairs.into_iter().step_by(step).collect();
    Some(Residuals { rmse, mae, bias, low, width, counts, points })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_a_size_a_side_and_a_shape() {
        let (said, labels) = ([1.0, 2.0, 3.0, f32::NAN], [0.0, 2.0, 5.0, 1.0]);
        assert_eq!(ends(&said, &labels), Some((-2.0, 1.0)));
        let found = residuals(&said, &labels, (-2.0, 1.0)).unwrap();
        assert!((found.rmse - (5.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((found.mae - 1.0).abs() < 1e-12 && (found.bias + 1.0 / 3.0).abs() < 1e-12);
        assert_eq!((found.low, found.counts.iter().sum::<u64>()), (-2.0, 3));
        assert_eq!((found.counts[0], found.counts[BINS - 1]), (1, 1));
        assert_eq!(found.points[2], [3.0, -2.0]);
    }

    #[test]
    fn equal_errors_and_many_of_them_are_no_trouble() {
        let found = residuals(&vec![1.5; 5_001], &vec![1.0; 5_001], (0.5, 0.5)).unwrap();
        assert_eq!((found.counts[0], found.rmse, found.points.len()), (5_001, 0.5, 1_667));
        assert_eq!((residuals(&[], &[], (0.0, 0.0)), ends(&[], &[])), (None, None));
    }

    #[test]
    fn what_lies_beyond_the_ends_is_counted_at_them() {
        let found = residuals(&[-9.0, 0.1, 9.0, 9.0], &[0.0; 4], (-1.0, 1.0)).unwrap();
        assert_eq!((found.counts[0], found.counts[BINS - 1], found.counts.iter().sum::<u64>()), (1, 2, 4));
    }
}
