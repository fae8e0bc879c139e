//! One endpoint's place in the data plane: the fleets that serve, what was measured, and the fleets that are still finishing.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::bell;
use super::capture::{Answered, Joined, Past, Source, Tap};
use super::content;
use super::drain::{Entered, Gauge};
use super::error::InvokeError;
use super::fleet::{Fleet, Variant};
use super::instances::Occupation;
use super::lineup::{Arm, Lineup, Placed};
use super::router::{Draw, Router};
use super::shadow::Shadow;
use super::taken::Taken;
use super::trial::Trial;
use super::window::{Measured, Meter, TURNED_AWAY, Totals};
use super::{Answer, Drawn, Invocation, Prediction, Serving};
use crate::domain::algorithm::Algorithm;
use crate::domain::deployment::FleetMeasured;
use crate::stats::live::{EndpointLive, Mark, MarkKind, ShadowLive, ShiftLive, VariantLive};
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
    /// Its instances, and who waits for one.
    pub instances: Occupation,
    /// Of a shadow variant: copies that were not made because its queue was full. Its weight is the share of requests that is copied.
    pub dropped: Option<u64>,
}

impl VariantTotals {
    fn of(variant: &Variant, weight: f64, instances: Occupation, dropped: Option<u64>) -> Self {
        Self {
            name: Arc::clone(&variant.name),
            model_name: variant.model_name.clone(),
            weight,
            totals: variant.meter.totals(),
            instances,
            dropped,
        }
    }
}

/// One line a name and model: of a model that was made anew under its name, the numbers of the fleet that serves.
fn add(totals: &mut Vec<VariantTotals>, one: VariantTotals) {
    let same = |known: &&mut VariantTotals| known.name == one.name && known.model_name == one.model_name;
    let Some(known) = totals.iter_mut().find(same) else {
        totals.push(one);
        return;
    };
    match (&mut known.dropped, one.dropped) {
        // Each of two fleets copies that share of what it answers.
        (Some(dropped), Some(more)) => *dropped += more,
        _ => known.weight += one.weight,
    }
    known.instances = known.instances.and(one.instances);
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
            let fleet = chosen.as_ref().map_or(&draw.table.of.serving.fleet, |(_, arm, _)| arm.fleet);
            if let Some(entered) = fleet.gauge.enter() {
                let answer = match chosen {
                    Ok((index, arm, drawn)) => {
                        if let Some(drawn) = &drawn {
                            self.trial.drawn(drawn);
                        }
                        let (answer, measured) = answer(arm, drawn, entered, request, clock);
                        self.show(request, arm, (&draw.table.of.seats, index), &measured, &answer);
                        answer
                    }
                    Err(error) => refuse(error, entered),
                };
                self.touch();
                return Some(answer);
            }
            if self.closed.load(Ordering::SeqCst) {
                return None;
            }
            // The fleet was replaced between the draw and the entry; the new table is there already.
        }
    }

    /// As [`Slot::invoke`], without answering yet; an answer at once where no variant takes the request.
    pub fn take(
        self: &Arc<Self>,
        serving: &Arc<Serving>,
        target: Option<&str>,
        received: Option<Duration>,
    ) -> Option<Result<Taken, Box<Answer>>> {
        loop {
            let draw = self.router.draw();
            let chosen = self.choose(&draw, target);
            let fleet = chosen.as_ref().map_or(&draw.table.of.serving.fleet, |(_, arm, _)| arm.fleet);
            if let Some(entered) = fleet.gauge.enter_for_long() {
                return Some(match chosen {
                    Ok((index, arm, drawn)) => {
                        if let Some(drawn) = &drawn {
                            self.trial.drawn(drawn);
                        }
                        Ok(Taken {
                            serving: Arc::clone(serving),
                            slot: Arc::clone(self),
                            arm: arm.own(),
                            seat: (Arc::clone(&draw.table.of.seats), index),
                            drawn,
                            entered,
                            started: serving.clock.elapsed(),
                            received,
                        })
                    }
                    Err(error) => {
                        let refused = refuse(error, entered);
                        self.touch();
                        Err(Box::new(refused))
                    }
                });
            }
            if self.closed.load(Ordering::SeqCst) {
                return None;
            }
        }
    }

    /// Tells of a request that is answered: the capture, then the shadow variants. `seat`: who could have answered, and who of them did.
    pub(super) fn show(
        &self,
        request: &Invocation<'_>,
        arm: Arm<'_>,
        (source, index): (&Arc<Source>, usize),
        measured: &Measured,
        answer: &Answer,
    ) {
        // In this order: what a shadow variant says of a request finds it captured.
        self.tap.take(request, Answered { source, arm: index, measured, result: &answer.result });
        if answer.drawn.is_some() && measured.status != TURNED_AWAY {
            arm.fleet.show(request);
        }
    }

    /// Something was measured. Called after the request has left the count: whoever sees the change sees all of it.
    pub(super) fn touch(&self) {
        if !self.changed.load(Ordering::Relaxed) {
            self.changed.store(true, Ordering::Release);
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

    /// Columns of a row that it answers.
    pub fn features(&self) -> usize {
        self.router.table().of.serving.fleet.features()
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
        let judged = joined.count(&self.trial);
        let table = self.router.table();
        if let (Some(judged), Some(coming)) = (judged, &table.of.coming) {
            coming.watch.labelled(joined, judged, &table.of.serving, &self.trial);
        }
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
            score: lineup.score(),
            variants: fleet.variants.iter().map(read).collect(),
            shadows: fleet.shadows.iter().map(read_shadow).collect(),
            shift: lineup.coming.as_ref().map(|coming| ShiftLive {
                config_name: coming.placed.fleet.config_name.clone(),
                deployment: coming.placed.fleet.deployment,
                share: coming.share,
                variants: coming.placed.fleet.variants.iter().map(read).collect(),
                in_flight: coming.placed.fleet.gauge.in_flight(),
                old: coming.watch.old.read(),
                new: coming.watch.new.read(),
                accuracy: coming.watch.accuracy(lineup.score()),
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
        let shadows = table.of.fleets().flat_map(|fleet| &fleet.shadows).map(Shadow::variant);
        let measured = table.of.measured().chain(shadows);
        measured.map(|variant| (Arc::clone(&variant.name), Arc::clone(&variant.meter))).collect()
    }

    /// Cumulative numbers, and the requests in flight on all fleets.
    pub fn totals(&self) -> (Vec<VariantTotals>, u32) {
        let table = self.router.table();
        let mut totals: Vec<VariantTotals> = Vec::new();
        for (arm, weight) in table.of.arms().zip(table.weights.weights()) {
            let instances = arm.variant.instances.occupation();
            add(&mut totals, VariantTotals::of(arm.variant, *weight, instances, None));
        }
        let mut shadows: Vec<VariantTotals> = Vec::new();
        for shadow in table.of.fleets().flat_map(|fleet| &fleet.shadows) {
            let (share, dropped) = (shadow.share(), Some(shadow.dropped()));
            add(&mut shadows, VariantTotals::of(shadow.variant(), share, shadow.occupation(), dropped));
        }
        let serving: u32 = table.of.fleets().map(|fleet| fleet.gauge.in_flight()).sum();
        let leaving: u32 = self.history().leaving.iter().map(|gauge| gauge.in_flight()).sum();
        totals.append(&mut shadows);
        (totals, serving + leaving)
    }
}

fn in_ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// No variant takes the request.
fn refuse<G: Deref<Target = Gauge>>(error: InvokeError, mut entered: Entered<G>) -> Answer {
    if error.is_server() {
        entered.fail();
    }
    Answer { variant: None, deployment: None, drawn: None, result: Err(error) }
}

fn answer(
    arm: Arm<'_>,
    drawn: Option<Drawn>,
    entered: Entered<&Gauge>,
    request: &Invocation<'_>,
    clock: &Clock,
) -> (Answer, Measured) {
    let started = clock.elapsed();
    let result = content::answer(&arm.variant.model, request.content_type, request.accept, request.body);
    let overhead = request.received.map(|received| started.saturating_sub(received));
    finish(arm, drawn, entered, result, started, overhead, clock)
}

/// Measures what came of a request that a variant took, and lets it leave the count.
pub(super) fn finish<G: Deref<Target = Gauge>>(
    arm: Arm<'_>,
    drawn: Option<Drawn>,
    mut entered: Entered<G>,
    result: Result<Prediction, InvokeError>,
    started: Duration,
    overhead: Option<Duration>,
    clock: &Clock,
) -> (Answer, Measured) {
    let variant = arm.variant;
    let (status, rows, bytes, refused) = match &result {
        Ok(prediction) => (200, prediction.rows, prediction.body.len(), None),
        Err(error) => {
            let status = error.status_of_variant();
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
        overhead_ns: overhead.map(in_ns),
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

fn read_shadow(shadow: &Shadow) -> ShadowLive {
    let Occupation { count, busy, waiting } = shadow.occupation();
    let variant = VariantLive { instances: count, busy, waiting, ..read(shadow.variant()) };
    ShadowLive { variant, share: shadow.share(), dropped: shadow.dropped(), versus: shadow.versus().live() }
}

fn read(variant: &Variant) -> VariantLive {
    let answers_in = match variant.model.algorithm() {
        Algorithm::XGBoost => "text/csv",
        Algorithm::LinearLearner => "application/json",
    };
    let instances = variant.instances.occupation();
    let mut live = VariantLive {
        name: variant.name.to_string(),
        model_name: variant.model_name.clone(),
        answers_in,
        instances: instances.count,
        busy: instances.busy,
        waiting: instances.waiting,
        ..VariantLive::default()
    };
    variant.meter.read(&mut live);
    live
}
