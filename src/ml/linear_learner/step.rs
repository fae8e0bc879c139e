//! One step of an optimiser.

use super::settings::Optimiser;

/// Keeps an optimiser's running means and moves weights by a gradient.
#[derive(Debug)]
pub(super) struct Stepper {
    optimiser: Optimiser,
    mean: Vec<f64>,
    square: Vec<f64>,
    steps: i32,
}

/// Rate and penalties of a group of weights.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pull {
    pub rate: f64,
    pub l1: f64,
    pub wd: f64,
}

/// Adam's and `RMSProp`'s guard against a division by zero (Kingma & Ba 2015).
const EPSILON: f64 = 1e-8;
/// `RMSProp`'s decay (Hinton's lecture).
const DECAY: f64 = 0.9;

impl Stepper {
    pub(super) fn new(optimiser: Optimiser, size: usize) -> Self {
        Self { optimiser, mean: vec![0.0; size], square: vec![0.0; size], steps: 0 }
    }

    /// Moves `weights` against `gradient`; L2 is part of the gradient, L1 shrinks the moved weights towards 0 and stops there, so that
    /// weights become exactly 0.
    pub(super) fn step(&mut self, weights: &mut [f64], gradient: &[f64], pull: Pull) {
        self.steps = self.steps.saturating_add(1);
        let (fix_1, fix_2) = match self.optimiser {
            Optimiser::Adam { beta_1, beta_2 } => (1.0 - beta_1.powi(self.steps), 1.0 - beta_2.powi(self.steps)),
            _ => (1.0, 1.0),
        };
        let state = self.mean.iter_mut().zip(self.square.iter_mut());
        for ((weight, gradient), (mean, square)) in weights.iter_mut().zip(gradient).zip(state) {
            let gradient = gradient + pull.wd * *weight;
            // The step, and how much the optimiser divided the gradient by: the L1 penalty is divided alike (proximal step in the
            // optimiser's own metric), or Adam's unit steps would swamp it.
            let (moved, scale) = match self.optimiser {
                Optimiser::Adam { beta_1, beta_2 } => {
                    *mean = beta_1 * *mean + (1.0 - beta_1) * gradient;
                    *square = beta_2 * *square + (1.0 - beta_2) * gradient * gradient;
                    let scale = (*square / fix_2).sqrt() + EPSILON;
                    ((*mean / fix_1) / scale, scale)
                }
                Optimiser::Sgd { momentum } => {
                    *mean = momentum * *mean + gradient;
                    (*mean, 1.0)
                }
                Optimiser::RmsProp => {
                    *square = DECAY * *square + (1.0 - DECAY) * gradient * gradient;
                    let scale = square.sqrt() + EPSILON;
                    (gradient / scale, scale)
                }
            };
            *weight -= pull.rate * moved;
            if pull.l1 > 0.0 {
                *weight = weight.signum() * (weight.abs() - pull.rate * pull.l1 / scale).max(0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_optimiser_finds_the_bottom_of_a_bowl() {
        for optimiser in
            [Optimiser::Adam { beta_1: 0.9, beta_2: 0.999 }, Optimiser::Sgd { momentum: 0.5 }, Optimiser::RmsProp]
        {
            let mut stepper = Stepper::new(optimiser, 2);
            let mut weights = [4.0, -3.0];
            for step in 0..4_000 {
                let gradient = [weights[0] - 1.0, 4.0 * (weights[1] + 2.0)];
                stepper.step(
                    &mut weights,
                    &gradient,
                    Pull { rate: 0.05 / (1.0 + f64::from(step) / 50.0), l1: 0.0, wd: 0.0 },
                );
            }
            assert!((weights[0] - 1.0).abs() < 0.01 && (weights[1] + 2.0).abs() < 0.01, "{optimiser:?} {weights:?}");
        }
    }

    #[test]
    fn l1_gives_exact_zeros_and_wd_shrinks() {
        let mut stepper = Stepper::new(Optimiser::Sgd { momentum: 0.0 }, 1);
        let mut weights = [0.3];
        for _ in 0..100 {
            stepper.step(&mut weights, &[0.0], Pull { rate: 0.1, l1: 0.1, wd: 0.0 });
        }
        assert_eq!(weights, [0.0]);
        let mut weights = [1.0];
        stepper.step(&mut weights, &[0.0], Pull { rate: 0.1, l1: 0.0, wd: 0.5 });
        assert!((weights[0] - 0.95).abs() < 1e-12);
    }
}
