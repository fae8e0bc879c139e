//! Whether a fleet that takes over answers worse than the one that served: the accuracy alarm of an update, by the labels of both.
//!
//! It can be looked at after each label, under any path of shares and any drift, and it looks to one side only: that the new fleet is
//! better, or as good, never raises it.
//!
//! - While both fleets answer, a label bets as in [`Duel`](super::duel): the payoff is (y − d)/π, above 0 for the new fleet and below for the
//!   old one, so that its expectation is p(new) − p(old) at the time of the draw, whatever the shares.
//! - After all traffic has moved there is nothing beside the new fleet to compare with, and what the old one did *before* would take a drift
//!   for a fault. But the old fleet is still loaded: asked the same request again, it shows what it would have been worth. The payoff is
//!   y(new) − y(old), on the same row. It holds where labels do not come more readily for answers that were wrong.
//!
//! Each epoch of draws is of one of the two kinds, so what the past decides is which payoff comes next, and both have an expectation of at
//! least 0 where the new fleet is not worse: together they are one e-process.

use super::duel::Lateness;
use super::epoch::Tally;
use super::srm::Srm;
use super::wealth::{Side, Wealth};
use super::{Rule, robbins};
use crate::domain::accuracy::{Compared, Labelled, Measure, Watched};

/// Evidence that labels come unevenly at which the rule changes, as in [`super::judge`].
const UNEVEN: f64 = 100.0;

/// What the label of one request came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// The outcome in [0, 1], 1 = right or without an error.
    pub y: f64,
    /// Regression: the sum of the squared errors of its rows, in the label's unit.
    pub squares: f64,
    /// Its rows.
    pub rows: f64,
}

/// The labels of one fleet.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    y: Tally,
    squares: f64,
    rows: f64,
}

impl Sum {
    fn add(&mut self, seen: &Seen) {
        self.y.add(seen.y);
        self.squares += seen.squares;
        self.rows += seen.rows;
    }

    fn labelled(&self, measure: Measure) -> Labelled {
        let score = match measure {
            Measure::Accuracy => self.y.mean(),
            Measure::Rmse => (self.squares / self.rows).sqrt(),
        };
        Labelled { labels: self.y.n, score: (self.y.n > 0).then_some(score) }
    }
}

/// A running comparison of two fleets, the old one first. Its memory is bounded by the steps of the update.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    wealth: Wealth,
    /// The most that ln of the wealth against the new fleet ever was, under the rule in force.
    peak: f64,
    rule: Rule,
    labelled: Srm,
    lateness: Lateness,
    /// Labels and sum of the outcomes of both, for the running mean d.
    labels: f64,
    sum: f64,
    /// Labels by epoch, for the rule that takes each fleet by itself.
    epochs: Vec<(u64, [Tally; 2])>,
    apart: [Sum; 2],
    same: [Sum; 2],
}

impl Guard {
    /// A label of a request that was drawn in `epoch`, while the new fleet had a `share` of the traffic above 0 and below 1, and how long after
    /// its answer it came.
    pub fn apart(&mut self, epoch: u64, share: f64, is_new: bool, seen: &Seen, lateness_ms: Option<f64>) {
        if !(share > 0.0 && share < 1.0 && seen.y.is_finite()) {
            return;
        }
        let place = usize::from(is_new);
        self.labelled.count(&[0, 1], &[1.0 - share, share], place);
        let (drawn, sign) = if is_new { (share, 1.0) } else { (1.0 - share, -1.0) };
        let to_unit = sign * share.min(1.0 - share) / drawn;
        if let Some(lateness_ms) = lateness_ms {
            self.lateness.take(lateness_ms, to_unit);
        }
        // The mean before this label: the bet is predictable.
        let mean = (self.sum + 0.5) / (self.labels + 1.0);
        if self.rule == Rule::ArrivalOrder {
            self.bet(to_unit * (seen.y - mean));
        }
        self.labels += 1.0;
        self.sum += seen.y;
        self.apart[place].add(seen);
        let at = self.epochs.iter().position(|(number, _)| *number == epoch).unwrap_or_else(|| {
            self.epochs.push((epoch, [Tally::default(); 2]));
            self.epochs.len() - 1
        });
        self.epochs[at].1[place].add(seen.y);
        let ln_enough = UNEVEN.ln();
        let uneven = self.labelled.evidence().ln_e >= ln_enough || self.lateness.ln_e() >= ln_enough;
        if self.rule == Rule::ArrivalOrder && uneven {
            // What was won so far may have been won by the order of arrival.
            (self.rule, self.wealth, self.peak) = (Rule::PerVariant, Wealth::default(), 0.0);
        }
    }

    /// A label of a request that the new fleet answered when all traffic had moved, and what the old one says to the same request.
    pub fn same(&mut self, old: &Seen, new: &Seen) {
        if !(old.y.is_finite() && new.y.is_finite()) {
            return;
        }
        self.bet((new.y - old.y).clamp(-1.0, 1.0));
        self.same[0].add(old);
        self.same[1].add(new);
    }

    fn bet(&mut self, payoff: f64) {
        self.wealth.bet(payoff);
        self.peak = self.peak.max(self.wealth.ln_of(Side::Down));
    }

    /// Whether the new fleet is worse. Of updates to a fleet that is not, this is ever said in at most a share `alpha`.
    ///
    /// In the order of arrival the alarm is a wealth of 1/α (Ville 1939). Where labels come unevenly that order says something itself, and half
    /// of α is left for what both fleets say to the same requests, half for bands of each fleet (Robbins) that part within an epoch, at
    /// α/2 ÷ (m(m + 1)) for its epoch number m. The rule changes for no reason in at most 2 of 100 updates, which is what these
    /// halves may add.
    pub fn is_worse(&self, alpha: f64) -> bool {
        match self.rule {
            Rule::ArrivalOrder => self.peak >= -alpha.ln(),
            Rule::PerVariant => self.peak >= -(alpha / 2.0).ln() || self.bands_part(alpha / 2.0),
        }
    }

    fn bands_part(&self, alpha: f64) -> bool {
        // Where some answers are labelled more readily than others, even a fleet by itself says little.
        if self.labelled.evidence().is_alarming() {
            return false;
        }
        self.epochs.iter().zip(1_u32..).any(|((_, tallies), m)| {
            let m = f64::from(m);
            let bands = tallies.map(|tally| robbins::band(tally.sum, tally.n, alpha / (m * (m + 1.0)) / 2.0));
            matches!(bands, [Some(old), Some(new)] if new.high < old.low)
        })
    }

    /// The numbers.
    pub fn watched(&self, measure: Measure) -> Watched {
        let compared = |[old, new]: &[Sum; 2]| Compared { old: old.labelled(measure), new: new.labelled(measure) };
        Watched {
            measure,
            apart: compared(&self.apart),
            same: compared(&self.same),
            // Large enough for whoever reads it, and a number in any form of writing.
            evidence: self.peak.clamp(0.0, 30.0).exp(),
            is_uneven: self.rule == Rule::PerVariant,
        }
    }
}

#[cfg(test)]
mod tests;
