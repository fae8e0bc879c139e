//! When a winner is declared, and by which rule.

use super::wealth::Side;
use super::{Experiment, Rule, robbins};

/// Labels of an epoch between two tries of the per-variant rule; a band takes some microseconds.
const TRY_EVERY: u64 = 64;

/// Evidence that labels come unevenly at which the rule changes: of a hundred honest experiments, one changes without need.
const UNEVEN: f64 = 100.0;

/// A winner, with the data at which it was declared.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Crowned {
    pub(super) arm: usize,
    /// The arms that it was better than.
    pub(super) over: Vec<usize>,
    /// Labels of these arms and its own at that time.
    pub(super) labels: u64,
    pub(super) epoch: u64,
    pub(super) rule: Rule,
    /// The stratified effect over the strongest other at that time.
    pub(super) effect: f64,
}

impl Experiment {
    /// The arms in force that could ever be drawn: the field that a winner must beat.
    pub(super) fn contestants(&self) -> impl Iterator<Item = usize> + '_ {
        let newest = self.epochs.back().map_or(&[][..], |newest| &newest.arms);
        newest.iter().copied().filter(|arm| self.arms[*arm].took_part)
    }

    /// ln of the wealth that wins a duel: 1/α′ with α′ = α ÷ (K − 1).
    ///
    /// A false winner must have beaten the truly best of K arms, so one of K − 1 duels ended wrongly; each does with probability α′ at most.
    /// With equal arms either of the two may be declared, and the two-sided wealth accounts for both.
    pub(super) fn ln_threshold(&self) -> f64 {
        (self.contestants().count().max(2) as f64 - 1.0).ln() - self.alpha.ln()
    }

    /// Sees what a label at `place` of the epoch `at` has decided.
    pub(super) fn judge(&mut self, at: usize, place: usize) {
        let (arms, numbers) = (self.epochs[at].arms.len(), place * self.epochs[at].arms.len());
        if self.rule == Rule::ArrivalOrder {
            let ln_enough = UNEVEN.ln();
            let duels = self.epochs[at].duels[numbers..numbers + arms].iter().flatten();
            let uneven = self.labelled.evidence().ln_e >= ln_enough
                || duels.into_iter().any(|duel| self.duels[*duel].lateness.ln_e() >= ln_enough);
            if uneven {
                self.rule = Rule::PerVariant;
            }
        }
        // Where the split itself is in doubt nothing is declared.
        if self.all.evidence().has_alarmed() || self.labelled.evidence().is_alarming() {
            return;
        }
        let ln_threshold = self.ln_threshold();
        let mut news = false;
        for other in 0..arms {
            let Some(duel) = self.epochs[at].duels[numbers + other] else { continue };
            news |= match self.rule {
                Rule::ArrivalOrder => self.duels[duel].follow(ln_threshold),
                Rule::PerVariant => self.bands_part(at, duel, ln_threshold),
            };
        }
        if news {
            self.crown();
        }
    }

    /// The per-variant rule on the newest epoch of a duel: each arm's labels are a sequence of their own with a Robbins band at half of
    /// α′ ÷ (m(m + 1)), where m counts the epochs in which this was tried; the arms differ once the bands part. By the union bound it
    /// ever errs with probability at most Σ α′ ÷ (m(m + 1)) = α′. It stands on the event-time sequences of single arms that outcome
    /// delay leaves intact (Lindon & Kallus, arXiv 2603.25971), and pays for that with power.
    fn bands_part(&mut self, at: usize, duel: usize, ln_threshold: f64) -> bool {
        let epoch = &self.epochs[at];
        let duel = &mut self.duels[duel];
        let Some([a, b]) = epoch.labels_of_both(duel.arms) else { return false };
        let (newest, tries) = &mut duel.tried;
        if duel.won.is_some() || epoch.number < *newest || !(a.n + b.n).is_multiple_of(TRY_EVERY) {
            return false;
        }
        if epoch.number > *newest {
            (*newest, *tries) = (epoch.number, *tries + 1);
        }
        let m = f64::from(*tries);
        let alpha = (-ln_threshold).exp() / (m * (m + 1.0));
        let bands = [a, b].map(|tally| robbins::band(tally.sum, tally.n, alpha / 2.0));
        let [Some(a), Some(b)] = bands else { return false };
        let side = if b.low > a.high {
            Side::Up
        } else if a.low > b.high {
            Side::Down
        } else {
            return false;
        };
        duel.won = Some((side, ln_threshold));
        true
    }

    /// Declares the arm that has beaten the whole field, if there is one and none was declared yet.
    fn crown(&mut self) {
        if self.winner.is_some() {
            return;
        }
        let ln_threshold = self.ln_threshold();
        let field: Vec<usize> = self.contestants().collect();
        let beats = |arm: usize, other: usize| {
            let duel = self.duels.iter().find(|duel| duel.arms == [arm.min(other), arm.max(other)]);
            duel.is_some_and(|duel| duel.is_won_by(arm, ln_threshold))
        };
        let best = field.iter().find(|arm| field.iter().all(|other| *other == **arm || beats(**arm, *other)));
        let Some(arm) = best.copied().filter(|_| field.len() > 1) else { return };
        let over: Vec<usize> = field.iter().copied().filter(|other| *other != arm).collect();
        let effect = over.iter().filter_map(|other| self.effect(*other, arm)).fold(f64::INFINITY, f64::min);
        self.winner = Some(Crowned {
            arm,
            labels: field.iter().map(|arm| self.arms[*arm].labels.n).sum(),
            over,
            epoch: self.epochs.back().map_or(0, |newest| newest.number),
            rule: self.rule,
            effect: if effect.is_finite() { effect } else { 0.0 },
        });
    }

    /// After another epoch began: a winner stays the winner while it serves and nobody stands beside it whom it has not beaten.
    pub(super) fn field_changed(&mut self) {
        let field: Vec<usize> = self.contestants().collect();
        let stays = self.winner.as_ref().is_some_and(|winner| {
            field.contains(&winner.arm)
                && field.len() > 1
                && field.iter().all(|arm| *arm == winner.arm || winner.over.contains(arm))
        });
        if !stays {
            self.winner = None;
            self.crown();
        }
    }

    /// The stratified effect Σ (nₑ/N)(p̂(B, e) − p̂(A, e)) over the epochs e in which both have labels, nₑ of them; `None` without any.
    pub(super) fn effect(&self, a: usize, b: usize) -> Option<f64> {
        let arms = [a.min(b), a.max(b)];
        let sign = if a < b { 1.0 } else { -1.0 };
        let duel = self.duels.iter().find(|duel| duel.arms == arms)?;
        let (mut labels, mut weighted) = duel.folded;
        for epoch in &self.epochs {
            if let Some([a, b]) = epoch.labels_of_both(arms) {
                let n = (a.n + b.n) as f64;
                labels += n;
                weighted += n * (b.mean() - a.mean());
            }
        }
        (labels > 0.0).then(|| sign * weighted / labels)
    }
}
