//! Which variant is better, while a person moves the weights, labels come late and the traffic drifts: every number here holds at every look.
//!
//! The naive comparison of accuracies is wrong in just this case. Where B is ramped up while requests get harder, B's labels are the hard
//! ones: the pooled accuracies differ by many points without any difference between the models, and a z-test that is looked at again and
//! again finds a "winner" for certain. So:
//!
//! - The **winner** comes from a bet on each labelled request that is fair where there is no difference ([`wealth`]), weighted by the
//!   logged probability of the draw. It can be looked at after each label, and neither weights nor drift can fool it.
//! - The **effect** is the average of the differences *within* epochs, and its band an asymptotic confidence sequence ([`asymptotic`]).
//! - The **band of each variant** is a confidence sequence within an epoch ([`robbins`]).
//! - Whether requests and labels come in the proportions of the split at all is tested all along ([`srm`]).
//! - [`guard`] is the one-sided form for an update: whether the fleet that takes over is worse.
//! - [`best`] says how likely each variant is the best: to steer by, never to stop by.
//!
//! Where both models answer the same rows, [`paired`] is stronger by far.

pub mod asymptotic;
pub mod best;
mod duel;
mod epoch;
pub mod guard;
mod judge;
pub mod loss;
pub mod paired;
pub mod robbins;
#[cfg(test)]
mod scenarios;
pub mod single_look;
pub mod srm;
mod summary;
#[cfg(test)]
mod tests;
pub mod wealth;

use std::collections::VecDeque;
use std::sync::Arc;

use duel::{Duel, Turn};
use epoch::{Epoch, Tally};
use srm::Srm;
pub use summary::{ArmSummary, Band, Contrast, PairSummary, Summary, Verdict, Winner};

#[cfg(test)]
use crate::util::seed::Rng;

/// The probability with which a false winner is ever declared, at most.
pub const ALPHA: f64 = 0.05;

/// Epochs whose labels are still taken. A label of an older one comes too late.
const EPOCHS: usize = 1_024;

/// Arms in the life of one experiment; beyond, it begins anew with those that serve.
const ARMS: usize = 256;

/// What makes two variants the same arm: weights may change, the model may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArmKey {
    /// The variant's name.
    pub variant: Arc<str>,
    /// The model's name.
    pub model: Arc<str>,
    /// What tells models of one name apart, such as where the artefact is.
    pub version: Arc<str>,
}

/// Which rule may declare a winner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    /// Bets on labels in the order in which they arrive: right where lateness does not depend on the variant.
    #[default]
    ArrivalOrder,
    /// Bands of the variants that part within an epoch: each is a sequence of its own, so the other's lateness does not touch it. Chosen
    /// for good where labels were found to come unevenly, at an e-value of 100.
    PerVariant,
}

#[derive(Clone, Debug)]
struct Arm {
    key: ArmKey,
    drawn: u64,
    /// Over all epochs: for coverage, and to say where pooling misleads.
    labels: Tally,
    /// Whether it could ever be drawn.
    took_part: bool,
}

/// A running experiment: what it takes from each draw and each label is a few dozen multiplications, and its memory is bounded.
#[derive(Clone, Debug)]
pub struct Experiment {
    alpha: f64,
    arms: Vec<Arm>,
    duels: Vec<Duel>,
    /// Oldest first; the newest is in force.
    epochs: VecDeque<Epoch>,
    epochs_begun: u64,
    all: Srm,
    labelled: Srm,
    rule: Rule,
    winner: Option<judge::Crowned>,
    too_late: u64,
}

impl Default for Experiment {
    fn default() -> Self {
        Self::new(ALPHA)
    }
}

impl Experiment {
    /// Nothing seen yet. A false winner is declared with probability at most `alpha`, however often it is looked at.
    pub fn new(alpha: f64) -> Self {
        Self {
            alpha,
            arms: Vec::new(),
            duels: Vec::new(),
            epochs: VecDeque::new(),
            epochs_begun: 0,
            all: Srm::default(),
            labelled: Srm::default(),
            rule: Rule::default(),
            winner: None,
            too_late: 0,
        }
    }

    /// Begins an epoch: from here on draws are made from `arms` with `probabilities` (as many; they sum to 1, or all are 0). An arm may
    /// stand in two positions, as it does while two fleets serve at once. A number that is not above the last one changes nothing.
    pub fn epoch(&mut self, number: u64, arms: &[ArmKey], probabilities: &[f64]) {
        if self.epochs.back().is_some_and(|newest| newest.number >= number) {
            return;
        }
        if self.arms.len() + arms.len() > ARMS {
            self.begin_anew();
        }
        self.fleet_changes(arms);
        let (mut places, mut numbers, mut chances): (Vec<usize>, Vec<usize>, Vec<f64>) = Default::default();
        for (key, probability) in arms.iter().zip(probabilities) {
            let arm = self.arm(key);
            self.arms[arm].took_part |= *probability > 0.0;
            let place = numbers.iter().position(|known| *known == arm).unwrap_or_else(|| {
                numbers.push(arm);
                chances.push(0.0);
                numbers.len() - 1
            });
            chances[place] += probability;
            places.push(place);
        }
        let mut duels = Vec::with_capacity(numbers.len() * numbers.len());
        for (one, one_chance) in numbers.iter().zip(&chances) {
            for (other, other_chance) in numbers.iter().zip(&chances) {
                let meet = one != other && *one_chance > 0.0 && *other_chance > 0.0;
                duels.push(meet.then(|| self.duel(*one, *other)));
            }
        }
        self.epochs_begun += 1;
        self.epochs.push_back(Epoch {
            number,
            labels: vec![Tally::default(); numbers.len()].into(),
            places: places.into(),
            arms: numbers.into(),
            probabilities: chances.into(),
            duels: duels.into(),
        });
        if self.epochs.len() > EPOCHS {
            self.fold_oldest();
        }
        self.field_changed();
    }

    /// Forgets everything but how many epochs there were: the next epoch is the first one of another experiment.
    ///
    /// Its guarantees are its own. Each experiment declares a false winner with probability at most α, and calls an honest split broken
    /// with at most 1 in 1,000; of k experiments in a row some one does with at most k times that (union bound). Nothing else is asked of
    /// the moment: it may be chosen by what was seen, since what was seen counts no more.
    pub fn begin_anew(&mut self) {
        *self = Self { epochs_begun: self.epochs_begun, ..Self::new(self.alpha) };
    }

    /// Another fleet is another split: whether draws and labels follow it is counted from its first draw on. Where the split before it was
    /// found to be broken, nothing that was measured under it is taken along.
    fn fleet_changes(&mut self, arms: &[ArmKey]) {
        let Some(newest) = self.epochs.back() else { return };
        let stays = newest.arms.iter().all(|known| arms.contains(&self.arms[*known].key))
            && arms.iter().all(|key| newest.arms.iter().any(|known| self.arms[*known].key == *key));
        if stays {
            return;
        }
        if self.all.evidence().has_alarmed() {
            return self.begin_anew();
        }
        (self.all, self.labelled) = (Srm::default(), Srm::default());
    }

    /// The number of an arm, known or new.
    fn arm(&mut self, key: &ArmKey) -> usize {
        self.arms.iter().position(|arm| arm.key == *key).unwrap_or_else(|| {
            self.arms.push(Arm { key: key.clone(), drawn: 0, labels: Tally::default(), took_part: false });
            self.arms.len() - 1
        })
    }

    /// The number of the duel of two arms, known or new.
    fn duel(&mut self, one: usize, other: usize) -> usize {
        let arms = [one.min(other), one.max(other)];
        self.duels.iter().position(|duel| duel.arms == arms).unwrap_or_else(|| {
            self.duels.push(Duel::new(arms));
            self.duels.len() - 1
        })
    }

    /// Lets the oldest epoch go; what it says about effects is kept as a sum.
    fn fold_oldest(&mut self) {
        let Some(oldest) = self.epochs.pop_front() else { return };
        for duel in &mut self.duels {
            if let Some([a, b]) = oldest.labels_of_both(duel.arms) {
                let n = (a.n + b.n) as f64;
                duel.folded.0 += n;
                duel.folded.1 += n * (b.mean() - a.mean());
            }
        }
    }

    /// The place of an epoch among those that are kept.
    fn find(&self, number: u64) -> Option<usize> {
        // Nearly all draws and most labels belong to the newest.
        match self.epochs.back() {
            Some(newest) if newest.number == number => Some(self.epochs.len() - 1),
            _ => self.epochs.binary_search_by_key(&number, |epoch| epoch.number).ok(),
        }
    }

    /// The arm at `position` of an epoch; `None` where the epoch is not kept, or has no such position.
    pub fn arm_at(&self, epoch: u64, position: usize) -> Option<&ArmKey> {
        let epoch = &self.epochs[self.find(epoch)?];
        let place = *epoch.places.get(position)?;
        Some(&self.arms[epoch.arms[place]].key)
    }

    /// Whether a winner is declared now; cheaper than all of [`Experiment::summary`].
    pub fn has_winner(&self) -> bool {
        self.winner.is_some()
    }

    /// Counts a request that was drawn (not forced) in `epoch` for the arm at `position`.
    pub fn drawn(&mut self, epoch: u64, position: usize) {
        let Some(at) = self.find(epoch) else { return };
        let epoch = &self.epochs[at];
        let Some(place) = epoch.places.get(position) else { return };
        self.arms[epoch.arms[*place]].drawn += 1;
        self.all.count(&epoch.arms, &epoch.probabilities, *place);
    }

    /// Takes the label of a drawn request: the outcome `y` in [0, 1] (1 = right; the mean over its rows where it had several, since they
    /// were drawn together), and how long after the answer it came, where that is known.
    pub fn labelled(&mut self, epoch: u64, position: usize, y: f64, lateness_ms: Option<f64>) {
        let Some(at) = self.find(epoch) else {
            self.too_late += 1;
            return;
        };
        let epoch = &self.epochs[at];
        let Some(place) = epoch.places.get(position).copied() else { return };
        let y = if y.is_finite() { y.clamp(0.0, 1.0) } else { return };
        let arms = epoch.arms.len();
        self.labelled.count(&epoch.arms, &epoch.probabilities, place);
        for other in 0..arms {
            let Some(number) = epoch.duels[place * arms + other] else { continue };
            let duel = &mut self.duels[number];
            let is_b = epoch.arms[place] == duel.arms[1];
            let pair = if is_b { [other, place] } else { [place, other] };
            let prior = duel.mean();
            let turn = Turn {
                b: is_b,
                y,
                probabilities: pair.map(|place| epoch.probabilities[place]),
                means: pair.map(|place| {
                    let labels = &epoch.labels[place];
                    (labels.sum + prior) / (labels.n as f64 + 1.0)
                }),
                lateness_ms,
            };
            duel.take(&turn);
        }
        let arm = epoch.arms[place];
        self.epochs[at].labels[place].add(y);
        self.arms[arm].labels.add(y);
        self.judge(at, place);
    }
}
