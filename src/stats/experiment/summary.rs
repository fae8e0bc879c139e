//! What an experiment says now: numbers and a verdict, for whoever finds the words.

use std::sync::Arc;

use super::best::{self, Beta};
use super::epoch::Tally;
use super::single_look::Interval;
use super::srm::Evidence;
use super::wealth::Side;
use super::{Experiment, Rule, robbins};

/// Right and wrong answers of each arm from which on an asymptotic band is shown, and a forecast made.
const ENOUGH: f64 = 20.0;

/// Effects below this are shown as none, and can't contradict each other in sign.
const VISIBLE: f64 = 0.001;

/// An experiment at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// A false winner is ever declared with at most this probability.
    pub alpha: f64,
    /// The rule that may declare one.
    pub rule: Rule,
    /// Number of the epoch in force.
    pub epoch: u64,
    /// Epochs so far.
    pub epochs: u64,
    /// The arms in force, in the fleet's order.
    pub arms: Vec<ArmSummary>,
    /// Pairs of arms that took part, by place in `arms`.
    pub pairs: Vec<PairSummary>,
    /// What it comes to.
    pub verdict: Verdict,
    /// Whether requests came in the proportions that they were drawn by.
    pub all: Evidence,
    /// Whether labels did.
    pub labelled: Evidence,
    /// Labels that came after their epoch was let go or the experiment had begun anew, and count nowhere.
    pub too_late: u64,
}

/// One arm.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmSummary {
    /// The variant.
    pub variant: Arc<str>,
    /// Its model.
    pub model: Arc<str>,
    /// Its probability in the epoch in force.
    pub probability: f64,
    /// Requests drawn for it, in all epochs.
    pub drawn: u64,
    /// Requests drawn for it since this fleet serves: what [`Summary::all`] is about.
    pub counted: u64,
    /// How many of these the weights in force at each draw add up to.
    pub expected: f64,
    /// Requests of those drawn whose label is known.
    pub labelled: u64,
    /// Its rate in the newest epoch in which it has labels, with the band that holds at every look.
    pub band: Option<Band>,
    /// Probability of being the best of those that took part; not a stopping rule. `None` until all have labels in one epoch.
    pub p_best: Option<f64>,
    /// The same among those alone that can be drawn now: to steer by. `None` for the others too.
    pub p_best_drawn: Option<f64>,
    /// How far the best rate is above its own on average; not a stopping rule.
    pub expected_loss: Option<f64>,
}

/// A rate in one epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// The rate and its band.
    pub interval: Interval,
    /// Labels that it stands on.
    pub labels: u64,
    /// The epoch.
    pub epoch: u64,
}

/// Two arms; effects are B's rate minus A's.
#[derive(Clone, Debug, PartialEq)]
pub struct PairSummary {
    /// Place of A.
    pub a: usize,
    /// Place of B.
    pub b: usize,
    /// Labelled requests of the two.
    pub labels: u64,
    /// ln of the e-value against "no difference".
    pub ln_e: f64,
    /// Place of the one that was declared better than the other.
    pub better: Option<usize>,
    /// The average of the differences within epochs, weighted by labels.
    pub effect: Option<f64>,
    /// The difference of the rates over all labels, which weights and drift can turn round.
    pub pooled: Option<f64>,
    /// Whether the two differ in sign (Simpson's paradox).
    pub simpson: bool,
    /// The band of the effect that holds at every look, once there is enough for it.
    pub band: Option<Interval>,
    /// About how many more labelled requests decide it at this split; `None` without a difference, or without enough to tell.
    pub more: Option<u64>,
    /// The same where all that take part have equal weights.
    pub more_if_even: Option<u64>,
}

/// The better-looking arm against the strongest other.
#[derive(Clone, Debug, PartialEq)]
pub struct Contrast {
    /// Place of the one.
    pub leader: usize,
    /// Place of the other.
    pub other: usize,
    /// As in [`PairSummary`], with the leader as B.
    pub pair: PairSummary,
}

/// A winner, with the data at which it was declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Winner {
    /// Its place in [`Summary::arms`].
    pub arm: usize,
    /// Names of the variants that it was better than.
    pub over: Vec<Arc<str>>,
    /// Labelled requests of all of them at that time.
    pub labels: u64,
    /// The epoch in force at that time.
    pub epoch: u64,
    /// The rule that declared it.
    pub rule: Rule,
    /// The effect over the strongest other at that time.
    pub effect: f64,
}

/// What the numbers come to.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Fewer than two arms take part.
    NothingToCompare,
    /// No epoch has labels of two arms yet.
    NoLabels,
    /// Requests do not come in the proportions that they were drawn by: nothing else can be believed.
    SplitBroken,
    /// Labels do not come in these proportions (now): what they say may be a matter of which ones are known.
    LabelsLopsided,
    /// Nothing is declared yet.
    Undecided(Contrast),
    /// One is better than all others.
    Winner(Winner, Option<Contrast>),
}

impl Experiment {
    /// What it says now. Some tens of microseconds, more with many epochs.
    pub fn summary(&self) -> Summary {
        let newest = self.epochs.back();
        let places = newest.map_or(&[][..], |epoch| &epoch.arms);
        let field: Vec<usize> = self.contestants().collect();
        let standing = self.standing(&field);
        let drawn: Vec<usize> = newest.map_or_else(Vec::new, |newest| {
            let chances = newest.arms.iter().zip(&newest.probabilities);
            chances.filter(|(_, chance)| **chance > 0.0).map(|(arm, _)| *arm).collect()
        });
        let standing_drawn = if drawn == field { standing.clone() } else { self.standing(&drawn) };
        let arms: Vec<ArmSummary> = places
            .iter()
            .enumerate()
            .map(|(place, number)| {
                let arm = &self.arms[*number];
                let best = standing.as_ref().and_then(|standing| standing.of(&field, *number));
                let best_drawn = standing_drawn.as_ref().and_then(|standing| standing.of(&drawn, *number));
                ArmSummary {
                    variant: Arc::clone(&arm.key.variant),
                    model: Arc::clone(&arm.key.model),
                    probability: newest.map_or(0.0, |epoch| epoch.probabilities[place]),
                    drawn: arm.drawn,
                    counted: self.all.observed(*number),
                    expected: self.all.expected(*number),
                    labelled: arm.labels.n,
                    band: self.newest_band(*number),
                    p_best: best.map(|best| best.probability),
                    p_best_drawn: best_drawn.map(|best| best.probability),
                    expected_loss: best.map(|best| best.expected_loss),
                }
            })
            .collect();
        let pairs = self.pairs(places, &field);
        let verdict = self.verdict(places, &field, &pairs);
        Summary {
            alpha: self.alpha,
            rule: self.rule,
            epoch: newest.map_or(0, |epoch| epoch.number),
            epochs: self.epochs_begun,
            arms,
            pairs,
            verdict,
            all: self.all.evidence(),
            labelled: self.labelled.evidence(),
            too_late: self.too_late,
        }
    }

    fn newest_band(&self, arm: usize) -> Option<Band> {
        self.epochs.iter().rev().find_map(|epoch| {
            let labels = epoch.labels_of(arm).filter(|labels| labels.n > 0)?;
            let interval = robbins::band(labels.sum, labels.n, self.alpha)?;
            Some(Band { interval, labels: labels.n, epoch: epoch.number })
        })
    }

    fn pairs(&self, places: &[usize], field: &[usize]) -> Vec<PairSummary> {
        let mut pairs = Vec::new();
        for (a, one) in places.iter().enumerate() {
            for (b, other) in places.iter().enumerate().skip(a + 1) {
                if field.contains(one) && field.contains(other) {
                    pairs.extend(self.pair([a, b], [*one, *other], field.len()));
                }
            }
        }
        pairs
    }

    /// A pair by its places and its arms, where it was ever drawn from one split.
    fn pair(&self, places: [usize; 2], arms: [usize; 2], field: usize) -> Option<PairSummary> {
        let swapped = arms[0] > arms[1];
        let duel = self.duels.iter().find(|duel| duel.arms == [arms[0].min(arms[1]), arms[0].max(arms[1])])?;
        let labels = arms.map(|arm| &self.arms[arm].labels);
        let effect = self.effect(arms[0], arms[1]);
        let pooled = labels.iter().all(|tally| tally.n > 0).then(|| labels[1].mean() - labels[0].mean());
        let enough = |tally: &&Tally| tally.sum >= ENOUGH && tally.n as f64 - tally.sum >= ENOUGH;
        let enough = labels.iter().all(enough);
        let band = duel.effect.band(self.alpha).filter(|_| enough).map(|band| {
            if swapped { Interval { estimate: -band.estimate, low: -band.high, high: -band.low } } else { band }
        });
        let newest = self.epochs.back();
        let chances = places.map(|place| newest.map_or(0.0, |epoch| epoch.probabilities[place]));
        let forecast = |chances: [f64; 2]| {
            let effect = effect.filter(|_| duel.won.is_none() && self.rule == Rule::ArrivalOrder && enough)?;
            let side = if (effect > 0.0) == swapped { Side::Down } else { Side::Up };
            let more = duel.wealth.more(self.ln_threshold(), side, |stake| {
                // Seen from the better arm: its gains grow the capital on its side.
                let (better, worse) = if effect > 0.0 { (1, 0) } else { (0, 1) };
                growth(stake, [chances[worse], chances[better]], [labels[worse], labels[better]], effect.abs())
            })?;
            let more = (more / (chances[0] + chances[1])).ceil();
            (more.is_finite() && more < 1e12).then_some(more as u64)
        };
        Some(PairSummary {
            a: places[0],
            b: places[1],
            labels: duel.labels,
            ln_e: duel.wealth.ln(),
            better: duel.won.map(|(side, _)| places[usize::from((side == Side::Up) != swapped)]),
            effect,
            pooled,
            simpson: effect.zip(pooled).is_some_and(|(effect, pooled)| {
                effect * pooled < 0.0 && effect.abs() >= VISIBLE && pooled.abs() >= VISIBLE
            }) && enough,
            band,
            more: forecast(chances),
            more_if_even: forecast([1.0 / field as f64; 2]),
        })
    }

    fn verdict(&self, places: &[usize], field: &[usize], pairs: &[PairSummary]) -> Verdict {
        if self.all.evidence().has_alarmed() {
            return Verdict::SplitBroken;
        }
        if field.len() < 2 {
            return Verdict::NothingToCompare;
        }
        if self.labelled.evidence().is_alarming() {
            return Verdict::LabelsLopsided;
        }
        let place_of = |number: usize| places.iter().position(|arm| *arm == number).unwrap_or_default();
        if let Some(winner) = &self.winner {
            let arm = place_of(winner.arm);
            let said = Winner {
                arm,
                over: winner.over.iter().map(|arm| Arc::clone(&self.arms[*arm].key.variant)).collect(),
                labels: winner.labels,
                epoch: winner.epoch,
                rule: winner.rule,
                effect: winner.effect,
            };
            return Verdict::Winner(said, strongest_other(arm, pairs));
        }
        // The leader has the smallest effect against it, over all others.
        let behind = |place: usize| {
            let effects = pairs.iter().filter_map(|pair| against(pair, place)).filter_map(|pair| pair.effect);
            effects.map(|effect| -effect).fold(f64::NEG_INFINITY, f64::max)
        };
        let leader = (0..places.len())
            .filter(|place| behind(*place).is_finite())
            .min_by(|one, other| behind(*one).total_cmp(&behind(*other)));
        match leader.and_then(|leader| strongest_other(leader, pairs)) {
            Some(contrast) => Verdict::Undecided(contrast),
            None => Verdict::NoLabels,
        }
    }

    /// Posteriors of the field, from the epochs in which all of it has labels; `None` when there is none. Each epoch weighs 1 ÷ Σ 1/n over
    /// the arms' labels (Mantel & Haenszel 1959, J. Natl. Cancer Inst. 22: the weights that tell a common difference best). Weighed by all
    /// of its labels, a lopsided epoch would blur what an even one has shown.
    fn standing(&self, field: &[usize]) -> Option<Standing> {
        if field.len() < 2 {
            return None;
        }
        let mut total = 0.0;
        let mut sums = vec![Weighted::default(); field.len()];
        for epoch in &self.epochs {
            let labels: Option<Vec<&Tally>> =
                field.iter().map(|arm| epoch.labels_of(*arm).filter(|labels| labels.n > 0)).collect();
            let Some(labels) = labels else { continue };
            let weight = 1.0 / labels.iter().map(|tally| 1.0 / tally.n as f64).sum::<f64>();
            total += weight;
            for (sum, tally) in sums.iter_mut().zip(labels) {
                sum.add(weight, tally);
            }
        }
        (total > 0.0).then(|| Standing(best::best(&sums.iter().map(|sum| sum.posterior(total)).collect::<Vec<_>>())))
    }
}

/// The probabilities of being best, in the order of the field.
#[derive(Clone)]
struct Standing(Vec<best::Best>);

impl Standing {
    fn of(&self, field: &[usize], arm: usize) -> Option<best::Best> {
        field.iter().position(|known| *known == arm).map(|at| self.0[at])
    }
}

/// One arm's rate, standardised: epochs weigh the same for all arms.
#[derive(Clone, Copy, Default)]
struct Weighted {
    rate: f64,
    /// Σ wₑ² ÷ n(arm, e): the variance of the standardised rate, in units of the variance of one outcome.
    spread: f64,
    variance: f64,
    labels: f64,
    graded: bool,
}

impl Weighted {
    fn add(&mut self, weight: f64, tally: &Tally) {
        let own = tally.n as f64;
        self.rate += weight * tally.mean();
        self.spread += weight * weight / own;
        self.variance += own * tally.variance();
        self.labels += own;
        self.graded |= tally.is_graded();
    }

    /// The posterior after as many answers as tell the same (Kish's effective size): all of them where there is one epoch. Outcomes between
    /// right and wrong vary less than right and wrong do, and count for more by as much.
    fn posterior(&self, total: f64) -> Beta {
        let rate = self.rate / total;
        let mut answers = total * total / self.spread;
        let variance = self.variance / self.labels;
        if self.graded && variance > 0.0 {
            answers *= (rate * (1.0 - rate) / variance).max(1.0);
        }
        Beta::after(rate * answers, (1.0 - rate) * answers)
    }
}

/// The pair seen from the arm at `place`, as B.
fn against(pair: &PairSummary, place: usize) -> Option<PairSummary> {
    if pair.b == place {
        return Some(pair.clone());
    }
    (pair.a == place).then(|| PairSummary {
        a: pair.b,
        b: pair.a,
        effect: pair.effect.map(|effect| -effect),
        pooled: pair.pooled.map(|effect| -effect),
        band: pair.band.map(|band| Interval { estimate: -band.estimate, low: -band.high, high: -band.low }),
        ..pair.clone()
    })
}

/// The pair of `leader` with the arm over which its effect is the smallest.
fn strongest_other(leader: usize, pairs: &[PairSummary]) -> Option<Contrast> {
    let seen = pairs.iter().filter_map(|pair| against(pair, leader)).filter(|pair| pair.effect.is_some());
    let pair = seen.min_by(|one, other| one.effect.unwrap_or(0.0).total_cmp(&other.effect.unwrap_or(0.0)))?;
    Some(Contrast { leader, other: pair.a, pair })
}

/// The expected ln(1 + λx) of a labelled request of a pair (worse, better) at probabilities `chances`, where outcomes are spread as the
/// labels so far and their means differ by `effect`.
fn growth(stake: f64, chances: [f64; 2], labels: [&Tally; 2], effect: f64) -> f64 {
    let [worse, better] = chances.map(|chance| chance / (chances[0] + chances[1]));
    if !(worse > 0.0 && better > 0.0) {
        return 0.0;
    }
    // Around the common mean of the labels so far, apart by the effect within epochs.
    let both = labels[0].n as f64 + labels[1].n as f64;
    let centre = (labels[0].sum + labels[1].sum) / both;
    let means = [centre - better * effect, centre + worse * effect];
    let mut expected = 0.0;
    for (arm, (share, sign)) in [(worse, -1.0), (better, 1.0)].into_iter().enumerate() {
        let to_unit = sign * worse.min(better) / share;
        let mean = means[arm].clamp(0.0, 1.0);
        let outcomes = if labels[arm].is_graded() {
            let deviation = labels[arm].variance().sqrt();
            [((mean + deviation).min(1.0), 0.5), ((mean - deviation).max(0.0), 0.5)]
        } else {
            [(1.0, mean), (0.0, 1.0 - mean)]
        };
        for (y, chance) in outcomes {
            expected += share * chance * (stake * to_unit * (y - centre)).ln_1p();
        }
    }
    expected
}
