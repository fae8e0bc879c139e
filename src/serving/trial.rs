//! An endpoint's experiment: what draws and labels tell it. One short lock, taken once a request for some tens of nanoseconds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Drawn;
use super::capture::{Arm, Arms};
use super::router::Weights;
use crate::stats::experiment::loss::BoundedLoss;
use crate::stats::experiment::{ArmKey, Experiment};
use crate::stats::live::{ExperimentLive, Outcome};

/// The experiment over whatever serves, and served, under one endpoint.
#[derive(Debug, Default)]
pub struct Trial(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    experiment: Experiment,
    loss: BoundedLoss,
}

/// What the label of one request came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// The epoch in which it was drawn.
    pub epoch: u64,
    /// The outcome in [0, 1].
    pub y: f64,
    /// Regression: the error that counts as the largest.
    pub cap: Option<f64>,
}

impl Trial {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Sums stay usable whatever happened to a thread that held them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws are made from these variants by these weights, in their epoch. Must be said before the first of them is made; said again, it
    /// changes nothing.
    pub fn begin(&self, arms: &Arms, weights: &Weights) {
        let arms: Vec<ArmKey> = arms.iter().map(key).collect();
        self.epoch(weights.epoch(), &arms, weights.probabilities());
    }

    fn epoch(&self, number: u64, arms: &[ArmKey], probabilities: &[f64]) {
        self.lock().experiment.epoch(number, arms, probabilities);
    }

    /// Forgets what was counted: the next epoch is the first one of another experiment. How large an error may count stays as it was found.
    pub fn begin_anew(&self) {
        self.lock().experiment.begin_anew();
    }

    /// Counts a draw.
    pub fn drawn(&self, drawn: &Drawn) {
        self.lock().experiment.drawn(drawn.epoch, drawn.place);
    }

    /// Takes the label of a drawn request, by the outcomes of its rows, and says what it came to. Rows of one request were drawn together, so
    /// they count as one: their mean. They come to `None` where they do not count (yet): the first errors of a regression tell how large an
    /// error may count.
    pub fn labelled(&self, drawn: &Drawn, outcomes: &[Outcome], lateness_ms: Option<f64>) -> Option<Judged> {
        let mut state = self.lock();
        let State { experiment, loss } = &mut *state;
        let y = mean(outcomes.iter().filter_map(|outcome| outcome.graded(|error| loss.outcome(error))))?;
        experiment.labelled(drawn.epoch, drawn.place, y, lateness_ms);
        let is_error = matches!(outcomes.first(), Some(Outcome::Error(_)));
        let cap = loss.cap().filter(|_| is_error);
        Some(Judged { epoch: drawn.epoch, y, cap })
    }

    /// What outcomes come to that count nowhere, such as another model's on the same rows; `None` as for [`Trial::labelled`].
    pub fn rated(&self, outcomes: &[Outcome]) -> Option<f64> {
        let state = self.lock();
        mean(outcomes.iter().filter_map(|outcome| outcome.graded(|error| state.loss.rated(error))))
    }

    /// What it says now.
    pub fn live(&self) -> ExperimentLive {
        let state = self.lock();
        ExperimentLive { summary: state.experiment.summary(), cap: state.loss.cap() }
    }
}

/// The mean of the rows of a request; `None` without any.
pub(super) fn mean(graded: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, rows) = graded.fold((0.0, 0.0), |(sum, rows), y| (sum + y, rows + 1.0));
    (rows > 0.0).then(|| sum / rows)
}

fn key(arm: &Arm) -> ArmKey {
    ArmKey { variant: Arc::clone(&arm.variant), model: Arc::clone(&arm.model), version: arm.artifact.as_str().into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::experiment::Verdict;

    fn drawn(place: usize) -> Drawn {
        Drawn { epoch: 1, place, probability: 0.5 }
    }

    fn arms() -> [ArmKey; 2] {
        ["A", "B"].map(|name| ArmKey { variant: name.into(), model: name.into(), version: "1".into() })
    }

    #[test]
    fn the_rows_of_a_request_count_as_one() {
        let trial = Trial::default();
        trial.epoch(1, &arms(), &[0.5, 0.5]);
        trial.drawn(&drawn(0));
        let rows = [true, true, true, false].map(|right| Outcome::Class { right });
        let judged = Judged { epoch: 1, y: 0.75, cap: None };
        assert_eq!(trial.labelled(&drawn(0), &rows, None), Some(judged));
        assert_eq!(trial.live().summary.arms[0].labelled, 1);
        assert_eq!(trial.labelled(&drawn(1), &[], None), None);
        let unknown = Drawn { epoch: 2, ..drawn(0) };
        trial.labelled(&unknown, &rows, None);
        let labelled: Vec<u64> = trial.live().summary.arms.iter().map(|arm| arm.labelled).collect();
        assert_eq!(labelled, [1, 0], "neither nothing nor an epoch that is not known counts");
    }

    #[test]
    fn errors_count_once_it_is_known_how_large_they_may_be() {
        let trial = Trial::default();
        trial.epoch(1, &arms(), &[0.5, 0.5]);
        for _ in 0..50 {
            assert_eq!(trial.labelled(&drawn(0), &[Outcome::Error(-2.0)], None), None);
        }
        let errors = [Outcome::Error(2.0), Outcome::Error(f64::NAN)];
        let judged = trial.labelled(&drawn(1), &errors, None).unwrap();
        assert_eq!((judged.y, judged.cap), (0.75, Some(8.0)));
        let live = trial.live();
        assert_eq!((live.summary.arms[0].labelled, live.summary.arms[1].labelled, live.cap), (0, 1, Some(8.0)));
    }

    #[test]
    fn a_trial_that_begins_anew_forgets_a_broken_split_and_keeps_its_cap() {
        let trial = Trial::default();
        trial.epoch(1, &arms(), &[0.5, 0.5]);
        for _ in 0..60 {
            trial.drawn(&drawn(1));
            trial.labelled(&drawn(1), &[Outcome::Error(2.0)], None);
        }
        assert_eq!(trial.live().summary.verdict, Verdict::SplitBroken);
        trial.begin_anew();
        trial.epoch(2, &arms(), &[0.5, 0.5]);
        let live = trial.live();
        assert_eq!((live.summary.verdict, live.cap), (Verdict::NoLabels, Some(8.0)));
        assert_eq!(trial.labelled(&Drawn { epoch: 2, ..drawn(0) }, &[Outcome::Error(4.0)], None).unwrap().y, 0.5);
        assert_eq!(trial.rated(&[Outcome::Error(8.0), Outcome::Error(0.0)]), Some(0.5), "and what counts nowhere");
        assert_eq!(trial.live().summary.arms[0].labelled, 1);
    }
}
