//! One endpoint's place in the data plane: the fleet that serves, what was measured, and the fleets that are still finishing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};

use super::bell;
use super::content;
use super::drain::{Draining, Entered, Gauge};
use super::error::InvokeError;
use super::fleet::{Fleet, Variant};
use super::router::Weights;
use super::trial::{self, Trial};
use super::window::{Measured, Meter, Totals};
use super::{Answer, Drawn, Invocation, SetWeightsError};
use crate::domain::algorithm::Algorithm;
use crate::stats::live::{EndpointLive, Mark, MarkKind, Outcome, VariantLive};
use crate::util::clock::Clock;
use crate::util::ring::Ring;

/// Marks on the plots that an endpoint remembers.
const MARKS: usize = 1_000;

/// One endpoint.
#[derive(Debug)]
pub struct Slot {
    name: String,
    fleet: ArcSwap<Fleet>,
    /// Set before the last fleet is retired: a request that finds its fleet retired then knows that no other comes.
    closed: AtomicBool,
    /// Something was measured since the last snapshot.
    changed: AtomicBool,
    history: Mutex<History>,
    trial: Trial,
}

#[derive(Debug)]
struct History {
    marks: Ring<Mark>,
    /// Number of the newest epoch.
    epoch: u64,
    /// Fleets that were replaced and may still be answering.
    leaving: Vec<Arc<Gauge>>,
    /// Requests and failures of fleets that are gone.
    gone: (u64, u64),
    revision: u64,
    snapshot: Option<Snapshot>,
}

#[derive(Debug)]
struct Snapshot {
    built: Duration,
    ring: u64,
    live: Arc<EndpointLive>,
}

/// Cumulative numbers of one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantTotals {
    /// Variant.
    pub name: Arc<str>,
    /// Its model.
    pub model_name: String,
    /// The weight in force.
    pub weight: f64,
    /// The numbers.
    pub totals: Totals,
}

impl History {
    /// Counts of fleets that were replaced; those that have drained can't change any more and are folded into one sum.
    fn past(&mut self) -> (u64, u64) {
        let gone = &mut self.gone;
        self.leaving.retain(|gauge| {
            let drained = gauge.is_drained();
            if drained {
                *gone = (gone.0 + gauge.requests(), gone.1 + gauge.failed());
            }
            !drained
        });
        self.leaving.iter().fold(*gone, |sum, gauge| (sum.0 + gauge.requests(), sum.1 + gauge.failed()))
    }
}

impl Slot {
    /// A place with its first fleet.
    pub fn new(name: &str, fleet: Fleet, mark: &str, now_ms: i64) -> Self {
        let mut marks = Ring::new(MARKS);
        marks.push(Mark { at_ms: now_ms, kind: MarkKind::Fleet, label: mark.to_owned() });
        let history = History { marks, epoch: 1, leaving: Vec::new(), gone: (0, 0), revision: 0, snapshot: None };
        fleet.router.renumber(1);
        let trial = Trial::default();
        trial.begin(&fleet.variants, &fleet.router.weights());
        for (variant, weight) in fleet.variants.iter().zip(fleet.router.weights().weights()) {
            variant.meter.say(now_ms, &in_service(mark, variant, *weight));
        }
        Self {
            name: name.to_owned(),
            fleet: ArcSwap::from_pointee(fleet),
            closed: AtomicBool::new(false),
            changed: AtomicBool::new(true),
            history: Mutex::new(history),
            trial,
        }
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts another fleet in service.
    pub fn replace(&self, mut fleet: Fleet, mark: &str, now_ms: i64) -> Draining {
        let mut history = self.history();
        let before = self.fleet.load_full();
        for variant in &mut fleet.variants {
            if let Some(same) = before.variants.iter().find(|old| variant.continues(old)) {
                variant.meter = Arc::clone(&same.meter);
            }
        }
        for variant in &before.variants {
            if !fleet.variants.iter().any(|new| Arc::ptr_eq(&new.meter, &variant.meter)) {
                let words = format!("Replaced by endpoint configuration {mark}: finishes the requests that it took");
                variant.meter.say(now_ms, &words);
            }
        }
        for (variant, weight) in fleet.variants.iter().zip(fleet.router.weights().weights()) {
            variant.meter.say(now_ms, &in_service(mark, variant, *weight));
        }
        history.epoch += 1;
        fleet.router.renumber(history.epoch);
        self.trial.begin(&fleet.variants, &fleet.router.weights());
        // The order matters, see `Gauge`: first the pointer, then the retirement.
        self.fleet.store(Arc::new(fleet));
        before.gauge.retire();
        history.leaving.push(Arc::clone(&before.gauge));
        history.marks.push(Mark { at_ms: now_ms, kind: MarkKind::Fleet, label: mark.to_owned() });
        history.snapshot = None;
        Draining::new(Arc::clone(&before.gauge))
    }

    /// Takes the last fleet out of service.
    pub fn close(&self, now_ms: i64) -> Draining {
        self.closed.store(true, Ordering::SeqCst);
        let fleet = self.fleet.load_full();
        for variant in &fleet.variants {
            variant.meter.say(now_ms, "Out of service: finishes the requests that it took");
        }
        fleet.gauge.retire();
        Draining::new(Arc::clone(&fleet.gauge))
    }

    /// Sets weights of some variants; the others keep theirs.
    pub fn set_weights(&self, weights: &[(String, f64)], label: &str, now_ms: i64) -> Result<(), SetWeightsError> {
        let mut history = self.history();
        let fleet = self.fleet.load_full();
        let mut all = fleet.router.weights().weights().to_vec();
        for (name, weight) in weights {
            let Some(index) = fleet.variants.iter().position(|variant| *variant.name == **name) else {
                return Err(SetWeightsError::UnknownVariant { endpoint: self.name.clone(), variant: name.clone() });
            };
            all[index] = *weight;
        }
        // The experiment hears of an epoch before the first draw of it.
        self.trial.begin(&fleet.variants, &Weights::new(&all, history.epoch + 1)?);
        fleet.router.set(&all, history.epoch + 1)?;
        for variant in &fleet.variants {
            variant.meter.say(now_ms, &format!("Weights changed: {label}"));
        }
        history.epoch += 1;
        history.marks.push(Mark { at_ms: now_ms, kind: MarkKind::Weights, label: label.to_owned() });
        history.snapshot = None;
        Ok(())
    }

    /// Answers one request; `None` when the endpoint has just been taken out of service.
    pub fn invoke(&self, request: &Invocation<'_>, clock: &Clock) -> Option<Answer> {
        loop {
            let fleet = self.fleet.load();
            if let Some(entered) = fleet.gauge.enter() {
                let answer = self.answer(&fleet, entered, request, clock);
                // After the request has left the count: whoever sees the change sees all of it.
                if !self.changed.load(Ordering::Relaxed) {
                    self.changed.store(true, Ordering::Release);
                }
                return Some(answer);
            }
            if self.closed.load(Ordering::SeqCst) {
                return None;
            }
            // The fleet was replaced between the look and the entry; the new one is there already.
        }
    }

    fn answer(&self, fleet: &Fleet, mut entered: Entered<'_>, request: &Invocation<'_>, clock: &Clock) -> Answer {
        let started = clock.elapsed();
        let (index, drawn) = match self.choose(fleet, request.target_variant) {
            Ok(chosen) => chosen,
            Err(error) => {
                if error.is_server() {
                    entered.fail();
                }
                return Answer { variant: None, drawn: None, result: Err(error) };
            }
        };
        let variant = &fleet.variants[index];
        if let Some(drawn) = &drawn {
            self.trial.drawn(drawn);
        }
        let result = content::answer(&variant.model, request.content_type, request.accept, request.body);
        let (status, rows, bytes, refused) = match &result {
            Ok(prediction) => (200, prediction.rows, prediction.body.len(), None),
            Err(error) => {
                let status = error.container_status().unwrap_or(500);
                if status >= 500 {
                    entered.fail();
                }
                (status, 0, 0, Some(error.to_string()))
            }
        };
        let took = clock.elapsed().saturating_sub(started);
        let measured = Measured {
            at_ms: clock.wall_ms(),
            latency_ns: in_ns(took),
            overhead_ns: request.received.map(|received| in_ns(started.saturating_sub(received))),
            status,
            rows: rows as u64,
            bytes: bytes as u64,
            drawn: drawn.is_some(),
        };
        variant.meter.record(&measured, refused.as_deref());
        Answer { variant: Some(Arc::clone(&variant.name)), drawn, result }
    }

    fn choose(&self, fleet: &Fleet, target: Option<&str>) -> Result<(usize, Option<Drawn>), InvokeError> {
        if let Some(target) = target {
            let forced = fleet.variants.iter().position(|variant| *variant.name == *target);
            return forced.map(|index| (index, None)).ok_or_else(|| InvokeError::UnknownVariant {
                endpoint: self.name.clone(),
                target: target.to_owned(),
                have: fleet.variant_names().collect::<Vec<_>>().join(", "),
            });
        }
        let draw = fleet.router.draw().ok_or_else(|| InvokeError::NoWeight(self.name.clone()))?;
        let weights = draw.weights();
        let probability = weights.probabilities()[draw.index];
        let drawn = Drawn { epoch: weights.epoch(), place: draw.index, probability };
        Ok((draw.index, Some(drawn)))
    }

    /// Counts the labels of one drawn request: the outcomes of its rows.
    pub fn record_outcomes(&self, drawn: &Drawn, outcomes: &[Outcome], now_ms: i64) {
        let (arm, judged) = self.trial.labelled(drawn, outcomes, None);
        let fleet = self.fleet.load();
        // A model that serves no more has no numbers on show.
        if let Some(variant) = arm.and_then(|arm| fleet.variants.iter().find(|variant| trial::is_arm(variant, &arm))) {
            variant.meter.label(now_ms, outcomes, judged);
        }
        self.changed.store(true, Ordering::Release);
    }

    /// Requests answered and failed, over all fleets.
    pub fn counts(&self) -> (u64, u64) {
        let mut history = self.history();
        let (requests, failed) = history.past();
        let fleet = self.fleet.load();
        (requests + fleet.gauge.requests(), failed + fleet.gauge.failed())
    }

    /// Live numbers: the last snapshot, or a new one when something changed since and the last one has had its time (a ring of the bell or
    /// [`bell::PERIOD`]).
    pub fn live(&self, now: Duration, ring: u64) -> Arc<EndpointLive> {
        let mut history = self.history();
        if let Some(last) = &history.snapshot {
            let fresh = last.ring == ring && now.saturating_sub(last.built) < bell::PERIOD;
            if fresh || !self.changed.load(Ordering::Acquire) {
                return Arc::clone(&last.live);
            }
        }
        // Cleared before the meters are read: what comes in meanwhile makes another snapshot.
        self.changed.store(false, Ordering::Release);
        history.revision += 1;
        history.past();
        let fleet: Guard<Arc<Fleet>> = self.fleet.load();
        let variants: Vec<VariantLive> = fleet.variants.iter().map(read).collect();
        let live = Arc::new(EndpointLive {
            endpoint: self.name.clone(),
            revision: history.revision,
            score: fleet.variants.first().map(Variant::score).unwrap_or_default(),
            variants,
            marks: history.marks.iter().cloned().collect(),
            in_flight: fleet.gauge.in_flight(),
            draining: history.leaving.iter().map(|gauge| gauge.in_flight()).sum(),
            last_request_ms: fleet.variants.iter().filter_map(|variant| variant.meter.last_request_ms()).max(),
            experiment: Some(Arc::new(self.trial.live())),
        });
        history.snapshot = Some(Snapshot { built: now, ring, live: Arc::clone(&live) });
        live
    }

    /// The meters of the variants that serve.
    pub fn meters(&self) -> Vec<(Arc<str>, Arc<Meter>)> {
        let fleet = self.fleet.load();
        fleet.variants.iter().map(|variant| (Arc::clone(&variant.name), Arc::clone(&variant.meter))).collect()
    }

    /// Cumulative numbers, and the requests in flight on all fleets.
    pub fn totals(&self) -> (Vec<VariantTotals>, u32) {
        let fleet = self.fleet.load();
        let weights = fleet.router.weights();
        let totals = fleet.variants.iter().zip(weights.weights()).map(|(variant, weight)| VariantTotals {
            name: Arc::clone(&variant.name),
            model_name: variant.model_name.clone(),
            weight: *weight,
            totals: variant.meter.totals(),
        });
        let leaving: u32 = self.history().leaving.iter().map(|gauge| gauge.in_flight()).sum();
        (totals.collect(), fleet.gauge.in_flight() + leaving)
    }
}

fn in_ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn in_service(config: &str, variant: &Variant, weight: f64) -> String {
    let (name, model) = (&variant.name, &variant.model_name);
    format!("In service: endpoint configuration {config}, variant {name}, model {model}, weight {weight}")
}

fn read(variant: &Variant) -> VariantLive {
    let answers_in = match variant.model.algorithm() {
        Algorithm::XGBoost => "text/csv",
        Algorithm::LinearLearner => "application/json",
    };
    let mut live = VariantLive {
        name: variant.name.to_string(),
        model_name: variant.model_name.clone(),
        answers_in,
        ..VariantLive::default()
    };
    variant.meter.read(&mut live);
    live
}
