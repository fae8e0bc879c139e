//! The outcome of a regression as a number in [0, 1]: its absolute error, clipped at a cap that is fixed before it matters.

/// Errors that the cap is taken from; none of them counts in the experiment.
const FIRST: usize = 50;

/// The cap as a multiple of the median of the first errors: 2.7 standard deviations where errors are normal, so that 1 in 140 is clipped.
const MEDIANS: f64 = 4.0;

/// Maps errors to outcomes, 1 = no error, 0 = an error of the cap or more.
///
/// A bounded outcome is what the tests need. The cap follows from the first 50 errors of all variants together and stays: outcomes after
/// them are then judged by a rule that does not depend on them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoundedLoss {
    first: Vec<f64>,
    cap: Option<f64>,
}

impl BoundedLoss {
    /// The outcome of one error (in the label's unit), or `None` while the cap is being found, and for an error that is no number.
    pub fn outcome(&mut self, error: f64) -> Option<f64> {
        let error = error.abs();
        if !error.is_finite() {
            return None;
        }
        if self.cap.is_none() {
            self.first.push(error);
            if self.first.len() == FIRST {
                self.first.sort_by(f64::total_cmp);
                let median = self.first[FIRST / 2];
                let largest = self.first[FIRST - 1];
                // Half of the first answers were exact: any cap will do that tells exact from not.
                let cap = if median > 0.0 { MEDIANS * median } else { largest };
                self.cap = Some(if cap > 0.0 { cap } else { 1.0 });
                self.first = Vec::new();
            }
            return None;
        }
        self.rated(error)
    }

    /// The outcome of an error that teaches nothing about the cap; `None` as for [`BoundedLoss::outcome`].
    pub fn rated(&self, error: f64) -> Option<f64> {
        let cap = self.cap.filter(|_| error.is_finite())?;
        Some(1.0 - error.abs().min(cap) / cap)
    }

    /// The cap in the label's unit; `None` while it is being found.
    pub fn cap(&self) -> Option<f64> {
        self.cap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_is_four_medians_of_the_first_errors() {
        let mut loss = BoundedLoss::default();
        for i in 0..50 {
            assert_eq!((loss.cap(), loss.outcome(if i % 2 == 0 { 2.0 } else { -2.0 })), (None, None));
        }
        assert_eq!(loss.cap(), Some(8.0));
        assert_eq!(loss.outcome(-2.0), Some(0.75));
        assert_eq!(loss.outcome(100.0), Some(0.0));
        assert_eq!(loss.outcome(0.0), Some(1.0));
        assert_eq!(loss.outcome(f64::NAN), None);
    }

    #[test]
    fn exact_answers_leave_a_cap_above_zero() {
        let mut loss = BoundedLoss::default();
        for _ in 0..50 {
            loss.outcome(0.0);
        }
        assert_eq!((loss.cap(), loss.outcome(0.5)), (Some(1.0), Some(0.5)));
    }
}
