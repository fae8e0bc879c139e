//! The losses: value and slope at a prediction. Labels of two classes are 0 and 1.

/// A loss of one prediction (a margin for classes, a number for a regressor).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Loss {
    /// −ln of the probability of the true class.
    Logistic,
    /// Distance short of the margin.
    Hinge { margin: f64 },
    /// Error squared.
    Squared,
    /// Error without its sign.
    Absolute,
    /// Error beyond a tolerance, squared.
    EpsSquared { epsilon: f64 },
    /// Error beyond a tolerance.
    EpsAbsolute { epsilon: f64 },
    /// Pinball loss.
    Quantile { quantile: f64 },
    /// Half the square up to `delta`, then a line.
    Huber { delta: f64 },
}

impl Loss {
    /// Loss and its slope by the prediction.
    pub(super) fn at(self, prediction: f64, label: f64) -> (f64, f64) {
        let error = prediction - label;
        match self {
            Self::Logistic => {
                // ln(1 + e^x) − y·x, without overflow.
                let value = prediction.max(0.0) + (-prediction.abs()).exp().ln_1p() - label * prediction;
                (value, 1.0 / (1.0 + (-prediction).exp()) - label)
            }
            Self::Hinge { margin } => {
                let sign = if label > 0.5 { 1.0 } else { -1.0 };
                let short = margin - sign * prediction;
                if short > 0.0 { (short, -sign) } else { (0.0, 0.0) }
            }
            Self::Squared => (error * error, 2.0 * error),
            Self::Absolute => (error.abs(), sign(error)),
            Self::EpsSquared { epsilon } => {
                let beyond = (error.abs() - epsilon).max(0.0);
                (beyond * beyond, 2.0 * beyond * sign(error))
            }
            Self::EpsAbsolute { epsilon } => {
                let beyond = error.abs() - epsilon;
                if beyond > 0.0 { (beyond, sign(error)) } else { (0.0, 0.0) }
            }
            Self::Quantile { quantile } => {
                if error < 0.0 {
                    (-quantile * error, -quantile)
                } else {
                    ((1.0 - quantile) * error, 1.0 - quantile)
                }
            }
            Self::Huber { delta } => {
                if error.abs() <= delta {
                    (error * error / 2.0, error)
                } else {
                    (delta * (error.abs() - delta / 2.0), delta * sign(error))
                }
            }
        }
    }
}

fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_the_derivatives() {
        let losses = [
            Loss::Logistic,
            Loss::Hinge { margin: 1.0 },
            Loss::Squared,
            Loss::Absolute,
            Loss::EpsSquared { epsilon: 0.1 },
            Loss::EpsAbsolute { epsilon: 0.1 },
            Loss::Quantile { quantile: 0.8 },
            Loss::Huber { delta: 0.7 },
        ];
        for loss in losses {
            for prediction in [-30.0, -1.35, -0.25, 0.33, 0.61, 2.7, 30.0] {
                for label in [0.0, 1.0] {
                    let h = 1e-6;
                    let measured = (loss.at(prediction + h, label).0 - loss.at(prediction - h, label).0) / (2.0 * h);
                    let (value, slope) = loss.at(prediction, label);
                    assert!((measured - slope).abs() < 1e-4, "{loss:?} at {prediction}, {label}: {measured} {slope}");
                    assert!(value >= 0.0 && value.is_finite());
                }
            }
        }
    }
}
