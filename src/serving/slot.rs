//! One endpoint's place in the data plane: the fleets that serve, what was measured, and the fleets that are still finishing.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::bell;
use super::capture::{Answered, Joined, Past, Tap};
use super::content;
use super::drain::{Entered, Gauge};
use super::error::InvokeError;
use super::fleet::{Fleet, Variant};
use super::lineup::{Arm, Lineup, Placed};
use super::router::{Draw, Router};
use super::trial::Trial;
use super::window::{Measured, Meter, Totals};
use super::{Answer, Drawn, Invocation};
use crate::domain::algorithm::Algorithm;
use crate::domain::deployment::FleetMeasured;
use crate::stats::live::{EndpointLive, Mark, MarkKind, ShiftLive, VariantLive};
use crate::util::clock::Clock;
use crate::util::ring::Ring;

/// Marks on the plots that an endpoint remembers.
const MARKS: usize = 1_000;

/// One endpoint. How its fleets change is in [`super::moves`].
#[derive(Debug)]
pub struct Slot {
    pub(super) name: String,
    pub(super) router: Router<Lineup>,
    /// Set before the last fleet is retired: a request that finds its fleet retired then knows that no other comes.
    pub(super) closed: AtomicBool,
    /// Something was measured since the last snapshot.
    changed: AtomicBool,
    history: Mutex<History>,
    pub(super) trial: Trial,
    tap: Arc<Tap>,
}

/// What changes together with the fleets; held by whoever changes them.
#[derive(Debug)]
pub(super) struct History {
    pub(super) marks: Ring<Mark>,
    /// Number of the newest epoch.
    pub(super) epoch: u64,
    /// Fleets that were replaced and may still be answering.
    pub(super) leaving: Vec<Arc<Gauge>>,
    /// Requests and failures of fleets that are gone.
    gone: (u64, u64),
    revision: u64,
    pub(super) snapshot: Option<Snapshot>,
}

#[derive(Debug)]
pub(super) struct Snapshot {
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
    /// The weight in force; while two fleets serve, the share of the endpoint's traffic.
    pub weight: f64,
    /// The numbers.
    pub totals: Totals,
}

impl History {
    /// Counts of fleets that were replaced; those that have drained can't change any more and are folded into one sum.
    pub(super) fn past(&mut self) -> (u64, u64) {
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
    /// A place with its first fleet, its way into the capture, and what that remembers of an earlier run. Equal seeds draw equal sequences.
    pub fn new(name: &str, fleet: Fleet, (tap, past): (Arc<Tap>, Past), mark: &str, seed: u64, now_ms: i64) -> Self {
        let Past { trial, last_epoch, .. } = past;
        let epoch = last_epoch + 1;
        let mut marks = Ring::new(MARKS);
        marks.push(Mark { at_ms: now_ms, kind: MarkKind::Fleet, label: mark.to_owned() });
        let history = History { marks, epoch, leaving: Vec::new(), gone: (0, 0), revision: 0, snapshot: None };
        for (variant, weight) in fleet.variants.iter().zip(&fleet.weights) {
            variant.meter.say(now_ms, &in_service(mark, variant, *weight));
        }
        let mut lineup = Lineup::alone(Placed::new(Arc::new(fleet)));
        let weights = Arc::new(lineup.weights(epoch));
        lineup.seat(&weights);
        trial.begin(&lineup.seats.arms, &weights);
        Self {
            name: name.to_owned(),
            router: Router::new(weights, lineup, seed),
            closed: AtomicBool::new(false),
            changed: AtomicBool::new(true),
            history: Mutex::new(history),
            trial,
            tap,
        }
    }

    pub(super) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request; `None` when the endpoint has just been taken out of service.
    pub fn invoke(&self, request: &Invocation<'_>, clock: &Clock) -> Option<Answer> {
        loop {
            let draw = self.router.draw();
            let chosen = self.choose(&draw, request.target_variant);
            // Whoever is at fault for a request that no variant takes, the fleet that serves has had it.
            let fleet = chosen.as_ref().map_or(&*draw.table.of.serving.fleet, |(_, arm, _)| arm.fleet);
            if let Some(entered) = fleet.gauge.enter() {
                let answer = match chosen {
                    Ok((index, arm, drawn)) => {
                        if let Some(drawn) = &drawn {
                            self.trial.drawn(drawn);
                        }
                        let (answer, measured) = answer(arm, drawn, entered, request, clock);
                        let source = &draw.table.of.seats;
                        let answered = Answered { source, arm: index, measured: &measured, result: &answer.result };
                        self.tap.take(request, answered);
                        answer
                    }
                    Err(error) => refuse(error, entered),
                };
                // After the request has left the count: whoever sees the change sees all of it.
                if !self.changed.load(Ordering::Relaxed) {
                    self.changed.store(true, Ordering::Release);
                }
                return Some(answer);
            }
            if self.closed.load(Ordering::SeqCst) {
                return None;
            }
            // The fleet was replaced between the draw and the entry; the new table is there already.
        }
    }

    fn choose<'a>(
        &self,
        draw: &'a Draw<Lineup>,
        target: Option<&str>,
    ) -> Result<(usize, Arm<'a>, Option<Drawn>), InvokeError> {
        let lineup = &draw.table.of;
        if let Some(target) = target {
            let forced = lineup.named(target, draw.index).and_then(|index| Some((index, lineup.arm(index)?, None)));
            return forced.ok_or_else(|| InvokeError::UnknownVariant {
                endpoint: self.name.clone(),
                target: target.to_owned(),
                have: lineup.names().join(", "),
            });
        }
        let weights = &draw.table.weights;
        let drawn = draw.index.and_then(|index| Some((index, lineup.arm(index)?, Some(Drawn::of(weights, index)))));
        drawn.ok_or_else(|| InvokeError::NoWeight(self.name.clone()))
    }

    /// What a variant serves: the algorithm and the artefact on disk.
    pub fn artifact(&self, variant: &str) -> Option<(Algorithm, PathBuf)> {
        let table = self.router.table();
        let found = table.of.measured().find(|known| *known.name == *variant)?;
        Some((found.model.algorithm(), found.artifact.clone()))
    }

    /// Its way into the capture.
    pub fn tap(&self) -> &Arc<Tap> {
        &self.tap
    }

    /// Counts what a label says, for the variant and the model that answered and the weights that were in force, whatever serves now.
    pub fn labelled(&self, joined: &Joined<'_>) {
        joined.count(&self.trial);
        self.changed.store(true, Ordering::Release);
    }

    /// Requests answered and failed, over all fleets.
    pub fn counts(&self) -> (u64, u64) {
        let mut history = self.history();
        let past = history.past();
        let table = self.router.table();
        table.of.fleets().fold(past, |sum, fleet| (sum.0 + fleet.gauge.requests(), sum.1 + fleet.gauge.failed()))
    }

    /// Live numbers: the last snapshot, or a new one when something changed since and the last one has had its time (a ring of the bell or
    /// [`bell::PERIOD`]).
    pub fn live(&self, now: Duration, ring: u64) -> Arc<EndpointLive> {
        let mut history = self.history();
        if let Some(last) = &history.snapshot {
            let fresh = last.ring == ring && now.saturating_sub(last.built) < bell::PERIOD;
            // The capture counts on a thread of its own.
            let same = !self.changed.load(Ordering::Acquire) && last.live.capture == self.tap.live();
            if fresh || same {
                return Arc::clone(&last.live);
            }
        }
        // Cleared before the meters are read: what comes in meanwhile makes another snapshot.
        self.changed.store(false, Ordering::Release);
        history.revision += 1;
        history.past();
        let table = self.router.table();
        let lineup = &table.of;
        let fleet = &lineup.serving.fleet;
        let live = Arc::new(EndpointLive {
            endpoint: self.name.clone(),
            revision: history.revision,
            score: fleet.variants.first().map(Variant::score).unwrap_or_default(),
            variants: fleet.variants.iter().map(read).collect(),
            shift: lineup.coming.as_ref().map(|coming| ShiftLive {
                config_name: coming.placed.fleet.config_name.clone(),
                deployment: coming.placed.fleet.deployment,
                share: coming.share,
                variants: coming.placed.fleet.variants.iter().map(read).collect(),
                in_flight: coming.placed.fleet.gauge.in_flight(),
                old: coming.watch.old.read(),
                new: coming.watch.new.read(),
            }),
            marks: history.marks.iter().cloned().collect(),
            in_flight: fleet.gauge.in_flight(),
            draining: history.leaving.iter().map(|gauge| gauge.in_flight()).sum(),
            last_request_ms: lineup.measured().filter_map(|variant| variant.meter.last_request_ms()).max(),
            experiment: Some(Arc::new(self.trial.live())),
            capture: self.tap.live(),
        });
        history.snapshot = Some(Snapshot { built: now, ring, live: Arc::clone(&live) });
        live
    }

    /// What two fleets did since traffic began to move.
    pub fn measured(&self) -> Option<(FleetMeasured, FleetMeasured)> {
        let table = self.router.table();
        table.of.coming.as_ref().map(|coming| (coming.watch.old.read(), coming.watch.new.read()))
    }

    /// The meters of the variants that serve.
    pub fn meters(&self) -> Vec<(Arc<str>, Arc<Meter>)> {
        let table = self.router.table();
        table.of.measured().map(|variant| (Arc::clone(&variant.name), Arc::clone(&variant.meter))).collect()
    }

    /// Cumulative numbers, and the requests in flight on all fleets.
    pub fn totals(&self) -> (Vec<VariantTotals>, u32) {
        let table = self.router.table();
        let mut totals: Vec<VariantTotals> = Vec::new();
        for (arm, weight) in table.of.arms().zip(table.weights.weights()) {
            let variant = arm.variant;
            let same =
                |known: &&mut VariantTotals| known.name == variant.name && known.model_name == variant.model_name;
            // One line a name and model: of a model that was made anew under its name, the numbers of the fleet that serves.
            match totals.iter_mut().find(same) {
                Some(known) => known.weight += weight,
                None => totals.push(VariantTotals {
                    name: Arc::clone(&variant.name),
                    model_name: variant.model_name.clone(),
                    weight: *weight,
                    totals: variant.meter.totals(),
                }),
            }
        }
        let serving: u32 = table.of.fleets().map(|fleet| fleet.gauge.in_flight()).sum();
        let leaving: u32 = self.history().leaving.iter().map(|gauge| gauge.in_flight()).sum();
        (totals, serving + leaving)
    }
}

fn in_ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// No variant takes the request.
fn refuse(error: InvokeError, mut entered: Entered<'_>) -> Answer {
    if error.is_server() {
        entered.fail();
    }
    Answer { variant: None, deployment: None, drawn: None, result: Err(error) }
}

fn answer(
    arm: Arm<'_>,
    drawn: Option<Drawn>,
    mut entered: Entered<'_>,
    request: &Invocation<'_>,
    clock: &Clock,
) -> (Answer, Measured) {
    let started = clock.elapsed();
    let variant = arm.variant;
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
    let latency_ns = in_ns(took);
    let measured = Measured {
        at_ms: clock.wall_ms(),
        latency_ns,
        overhead_ns: request.received.map(|received| in_ns(started.saturating_sub(received))),
        status,
        rows: rows as u64,
        bytes: bytes as u64,
        drawn: drawn.is_some(),
    };
    variant.meter.record(&measured, refused.as_deref());
    if let Some(meter) = arm.meter {
        meter.record(status, latency_ns);
    }
    let variant = Some(Arc::clone(&variant.name));
    (Answer { variant, deployment: Some(arm.fleet.deployment), drawn, result }, measured)
}

/// The line of a variant's log when it comes into service.
pub(super) fn in_service(config: &str, variant: &Variant, weight: f64) -> String {
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
