//! How the fleets of an endpoint change: replaced at once, or a share of the traffic moved to another one and back.
//!
//! Every change is one pointer: [`Lineup`] and its weights together. A fleet that leaves is retired after the pointer has moved, see
//! [`Gauge`](super::drain::Gauge); what it took, it finishes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::SetWeightsError;
use super::drain::Draining;
use super::fleet::Fleet;
use super::lineup::{Coming, Lineup, Placed};
use super::router::BadWeights;
use super::shadow::By;
use super::slot::{History, Slot, in_service};
use super::watch::Watch;
use crate::stats::live::{Mark, MarkKind};

impl Slot {
    /// Puts another fleet in service, in place of all that serve.
    pub fn replace(&self, fleet: Fleet, mark: &str, now_ms: i64) -> Draining {
        let mut history = self.history();
        let before = self.router.table().of.clone();
        let placed = take_in(&before, fleet);
        say_leaving(&before, &Lineup::alone(placed.clone()), &replaced_by(mark), now_ms);
        say_in_service(&placed, mark, now_ms);
        self.put(&mut history, Lineup::alone(placed), MarkKind::Fleet, mark, now_ms);
        retire(&mut history, before.fleets())
    }

    /// Lets a fleet answer beside the one that serves, with a share of the traffic. One that came earlier and has not taken over leaves.
    ///
    /// # Errors
    /// A share that is none.
    pub fn shift(&self, fleet: Fleet, share: f64, mark: &str, now_ms: i64) -> Result<(), BadWeights> {
        let mut history = self.history();
        let before = self.router.table().of.clone();
        let placed = take_in(&before, fleet);
        let coming = Coming { placed: placed.clone(), share, watch: Arc::new(Watch::new(history.epoch + 1)) };
        let lineup = Lineup { coming: Some(coming), ..Lineup::alone(before.serving) };
        lineup.check()?;
        say_in_service(&placed, &placed.fleet.config_name, now_ms);
        say_shares(&lineup, now_ms);
        self.put(&mut history, lineup, MarkKind::Fleet, mark, now_ms);
        retire(&mut history, before.coming.iter().map(|coming| &coming.placed.fleet));
        Ok(())
    }

    /// Gives the fleet that comes another share; changes nothing where there is none.
    ///
    /// # Errors
    /// A share that is none.
    pub fn set_share(&self, share: f64, mark: &str, now_ms: i64) -> Result<(), BadWeights> {
        let mut history = self.history();
        let mut lineup = self.router.table().of.clone();
        let Some(coming) = &mut lineup.coming else { return Ok(()) };
        coming.share = share;
        lineup.check()?;
        say_shares(&lineup, now_ms);
        self.put(&mut history, lineup, MarkKind::Weights, mark, now_ms);
        Ok(())
    }

    /// The fleet that came is the one that serves; the old one finishes what it took. `None` when none had come.
    pub fn finish_shift(&self, mark: &str, now_ms: i64) -> Option<Draining> {
        let mut history = self.history();
        let before = self.router.table().of.clone();
        let lineup = Lineup::alone(before.coming.clone()?.placed);
        say_leaving(&before, &lineup, &replaced_by(mark), now_ms);
        self.put(&mut history, lineup, MarkKind::Fleet, mark, now_ms);
        Some(retire(&mut history, [&before.serving.fleet]))
    }

    /// The fleet that served before answers everything again; the one that came finishes what it took. `None` when none had come.
    pub fn roll_back(&self, mark: &str, now_ms: i64) -> Option<Draining> {
        let mut history = self.history();
        let before = self.router.table().of.clone();
        let leaves = before.coming.clone()?.placed.fleet;
        let lineup = Lineup::alone(before.serving.clone());
        let words = format!("Rolled back to endpoint configuration {mark}: finishes the requests that it took");
        say_leaving(&before, &lineup, &words, now_ms);
        self.put(&mut history, lineup, MarkKind::Fleet, mark, now_ms);
        Some(retire(&mut history, [&leaves]))
    }

    /// Takes all fleets out of service.
    pub fn close(&self, now_ms: i64) -> Draining {
        self.closed.store(true, Ordering::SeqCst);
        let mut history = self.history();
        let lineup = self.router.table().of.clone();
        for variant in lineup.measured() {
            variant.meter.say(now_ms, "Out of service: finishes the requests that it took");
        }
        retire(&mut history, lineup.fleets())
    }

    /// Sets weights of some variants of the fleet that serves; the others keep theirs.
    pub fn set_weights(&self, weights: &[(String, f64)], label: &str, now_ms: i64) -> Result<(), SetWeightsError> {
        let mut history = self.history();
        let mut lineup = self.router.table().of.clone();
        let serving = &mut lineup.serving;
        for (name, weight) in weights {
            let Some(index) = serving.fleet.variants.iter().position(|variant| *variant.name == **name) else {
                return Err(SetWeightsError::UnknownVariant { endpoint: self.name.clone(), variant: name.clone() });
            };
            serving.weights[index] = *weight;
        }
        lineup.check()?;
        for variant in &lineup.serving.fleet.variants {
            variant.meter.say(now_ms, &format!("Weights changed: {label}"));
        }
        self.put(&mut history, lineup, MarkKind::Weights, label, now_ms);
        Ok(())
    }

    /// Sets how many heavy requests some variants of the fleet that serves answer at a time. Obeyed at once.
    pub fn set_instances(&self, counts: &[(String, u32)], now_ms: i64) -> Result<(), SetWeightsError> {
        let mut history = self.history();
        let table = self.router.table();
        let fleet = &table.of.serving.fleet;
        for (name, count) in counts {
            let meter = if let Some(variant) = fleet.variants.iter().find(|variant| *variant.name == **name) {
                variant.instances.set_count(*count);
                &variant.meter
            } else if let Some(shadow) = fleet.shadows.iter().find(|shadow| *shadow.variant().name == **name) {
                shadow.set_instances(*count);
                &shadow.variant().meter
            } else {
                return Err(SetWeightsError::UnknownVariant { endpoint: self.name.clone(), variant: name.clone() });
            };
            meter.say(now_ms, &format!("Instances: {count}"));
        }
        history.snapshot = None;
        Ok(())
    }

    /// Sets the shares of the requests, 0 to 1, that some shadow variants of the fleet that serves get copies of.
    pub fn set_shadow_shares(&self, shares: &[(String, f64)], now_ms: i64) {
        let mut history = self.history();
        let table = self.router.table();
        for shadow in &table.of.serving.fleet.shadows {
            let name = &shadow.variant().name;
            if let Some((_, share)) = shares.iter().find(|(wanted, _)| **wanted == **name)
                && shadow.share() != *share
            {
                shadow.set_share(*share);
                let words = format!("Gets copies of {:.1} % of the requests", share * 100.0);
                shadow.variant().meter.say(now_ms, &words);
            }
        }
        history.snapshot = None;
    }

    /// Lets the shadow variants of the fleets that serve begin, those that have not.
    pub fn start_shadows(&self, by: &By) {
        let table = self.router.table();
        table.of.fleets().flat_map(|fleet| &fleet.shadows).for_each(|shadow| shadow.start(by));
    }

    /// The one place where another table comes into force: a new epoch and a mark on the plots.
    pub(super) fn put(&self, history: &mut History, mut lineup: Lineup, kind: MarkKind, label: &str, now_ms: i64) {
        history.epoch += 1;
        let weights = Arc::new(lineup.weights(history.epoch));
        lineup.seat(&weights);
        // The experiment hears of an epoch before the first draw of it.
        self.trial.begin(&lineup.seats.arms, &weights);
        self.router.set(weights, lineup);
        history.marks.push(Mark { at_ms: now_ms, kind, label: label.to_owned() });
        history.snapshot = None;
    }
}

/// Tells the variants that answer no more.
fn say_leaving(before: &Lineup, after: &Lineup, words: &str, now_ms: i64) {
    for variant in before.measured() {
        if !after.measured().any(|stays| Arc::ptr_eq(&stays.meter, &variant.meter)) {
            variant.meter.say(now_ms, words);
        }
    }
}

fn say_shares(lineup: &Lineup, now_ms: i64) {
    let Some(coming) = &lineup.coming else { return };
    let (old, new) = (&lineup.serving.fleet.config_name, &coming.placed.fleet.config_name);
    let percent = coming.share * 100.0;
    let words = format!("Traffic: {percent:.0} % to endpoint configuration {new}, {:.0} % to {old}", 100.0 - percent);
    for variant in lineup.measured() {
        variant.meter.say(now_ms, &words);
    }
}

/// A fleet in its place; measurements of variants that it goes on with are taken over.
fn take_in(before: &Lineup, mut fleet: Fleet) -> Placed {
    for variant in &mut fleet.variants {
        if let Some(same) = before.measured().find(|old| variant.continues(old)) {
            variant.meter = Arc::clone(&same.meter);
        }
    }
    for shadow in &mut fleet.shadows {
        let mut before = before.fleets().flat_map(|fleet| &fleet.shadows);
        if let Some(same) = before.find(|old| shadow.variant().continues(old.variant())) {
            shadow.go_on_from(same);
        }
    }
    Placed::new(Arc::new(fleet))
}

/// The order matters, see `Gauge`: first the pointer has moved, then the retirement.
fn retire<'a>(history: &mut History, fleets: impl IntoIterator<Item = &'a Arc<Fleet>>) -> Draining {
    let gauges: Vec<_> = fleets.into_iter().map(|fleet| Arc::clone(&fleet.gauge)).collect();
    for gauge in &gauges {
        gauge.retire();
    }
    history.leaving.extend(gauges.iter().cloned());
    Draining::new(gauges)
}

fn replaced_by(config_name: &str) -> String {
    format!("Replaced by endpoint configuration {config_name}: finishes the requests that it took")
}

fn say_in_service(placed: &Placed, config_name: &str, now_ms: i64) {
    for (variant, weight) in placed.fleet.variants.iter().zip(&placed.weights) {
        variant.meter.say(now_ms, &in_service(config_name, variant, *weight));
    }
}
