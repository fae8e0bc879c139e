//! The data plane: which models stand behind which endpoint, which of them answers a request, and what was measured. Knows files and
//! models, not the store; everything on the way of a request is lock-free but for one short lock of the variant's own meter.

mod anew;
pub mod answers;
mod bell;
pub mod capture;
pub mod content;
pub mod drain;
mod drawn;
pub mod error;
pub mod fleet;
mod fleet_meter;
pub mod instances;
mod lineup;
mod log;
mod moves;
pub mod router;
mod scored;
mod shadow;
#[cfg(test)]
mod shift_tests;
mod slot;
mod taken;
mod tally;
#[cfg(test)]
mod tests;
pub mod trial;
mod versus;
mod watch;
pub mod window;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::domain::algorithm::Algorithm;
use crate::domain::deployment::FleetMeasured;
use crate::domain::endpoint::DeploymentStage;
use crate::domain::label::{Label, LabelReport};
use crate::ml::Model;
use crate::stats::live::{CaptureLive, EndpointLive, Score};
use crate::util::clock::Clock;
use crate::util::promise::Promise;
use crate::util::seed::mix;

pub use anew::AnewError;
pub use bell::Wake;
pub use content::Prediction;
pub use drain::Draining;
pub use drawn::Drawn;
pub use error::InvokeError;
pub use fleet::{Fleet, FleetError, FleetSpec, VariantSpec};
pub use log::{Collected, LogLine, LogStream};
pub use slot::VariantTotals;
pub use taken::{Seated, Taken};
pub use tally::{TALLY_S, Tally};

use bell::Bell;
use capture::{Arms, Capture, Joined, Kept, Post, Tap};
use log::Book;
use shadow::By;
use slot::Slot;
use window::Meter;

/// All endpoints that serve. Share it behind the `Arc` that [`Serving::new`] gives.
#[derive(Debug)]
pub struct Serving {
    clock: Clock,
    seed: u64,
    endpoints: ArcSwap<HashMap<String, Arc<Slot>>>,
    /// Held by whoever adds or removes an endpoint; readers never take it. Counts the endpoints made, for their seeds.
    writer: Mutex<u64>,
    bell: Bell,
    book: Book,
    capture: Capture,
}

/// One request, as it came from the wire.
#[derive(Clone, Copy, Debug, Default)]
pub struct Invocation<'a> {
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Accept`.
    pub accept: Option<&'a str>,
    /// `X-Amzn-SageMaker-Target-Variant`: answers whatever the weights.
    pub target_variant: Option<&'a str>,
    /// What labels will name it by; `None` for a request that no label is for.
    pub inference_id: Option<&'a str>,
    /// The rows.
    pub body: &'a [u8],
    /// When it came in, by [`Serving::clock`]; `None` when nobody looked.
    pub received: Option<Duration>,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The variant that took it; `None` when none did.
    pub variant: Option<Arc<str>>,
    /// The deployment whose fleet answered; `None` when none did.
    pub deployment: Option<u64>,
    /// How it was drawn; `None` for a forced variant and when none took it.
    pub drawn: Option<Drawn>,
    /// The prediction, or why there is none.
    pub result: Result<Prediction, InvokeError>,
}

impl Answer {
    fn of_no_endpoint(endpoint: &str) -> Self {
        let result = Err(InvokeError::UnknownEndpoint(endpoint.to_owned()));
        Self { variant: None, deployment: None, drawn: None, result }
    }
}

/// Why weights were not set; the old ones stay in force.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SetWeightsError {
    /// No fleet serves under this name.
    #[error("Endpoint {0} does not serve")]
    UnknownEndpoint(String),
    /// The fleet has no such variant.
    #[error("Endpoint {endpoint} has no variant {variant}")]
    UnknownVariant {
        /// Endpoint.
        endpoint: String,
        /// What was asked for.
        variant: String,
    },
    /// A weight that is no weight.
    #[error(transparent)]
    Bad(#[from] router::BadWeights),
}

impl Serving {
    /// A data plane without endpoints, which captures requests in memory only. Equal seeds draw equal sequences.
    pub fn new(clock: Clock, seed: u64) -> Arc<Self> {
        Self::with_capture(clock, seed, None)
    }

    /// As [`Serving::new`], with captured requests and their labels in a folder.
    pub fn with_capture(clock: Clock, seed: u64, folder: Option<PathBuf>) -> Arc<Self> {
        Arc::new_cyclic(|this: &Weak<Self>| {
            let this = Weak::clone(this);
            let sink = move |joined: &Joined<'_>| {
                if let Some(serving) = this.upgrade() {
                    serving.labelled(joined);
                }
            };
            Self {
                capture: Capture::new(clock.clone(), seed, folder, sink),
                clock,
                seed,
                endpoints: ArcSwap::default(),
                writer: Mutex::default(),
                bell: Bell::default(),
                book: Book::default(),
            }
        })
    }

    /// The time that measurements are taken by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Reads, checks and probes all that a fleet needs, without touching what serves. Blocks; tells which stage it enters
    /// (`Loading`, `Probing`).
    ///
    /// # Errors
    /// See [`FleetError`]: which variant, which model, and why.
    pub fn build_fleet(
        &self,
        spec: &FleetSpec,
        on_stage: &mut dyn FnMut(DeploymentStage),
    ) -> Result<Fleet, FleetError> {
        let mut built = Fleet::build(spec, on_stage);
        let now_ms = self.clock.wall_ms();
        match &mut built {
            Ok(fleet) => {
                fleet.say_loaded(now_ms);
                if !self.endpoints.load().contains_key(&spec.endpoint) {
                    fleet.past = self.capture.recall(&spec.endpoint, &Arc::new(Arms::new(fleet.arms())));
                }
            }
            Err(error) => self.log_failure(spec, error, now_ms),
        }
        built
    }

    /// A fleet that was not built leaves a log all the same: what its containers said last.
    fn log_failure(&self, spec: &FleetSpec, error: &FleetError, now_ms: i64) {
        let all = spec.variants.iter().chain(&spec.shadows);
        for variant in all.filter(|variant| error.variant().is_none_or(|name| name == variant.name)) {
            let meter = Arc::new(Meter::new(Score::default()));
            meter.say(now_ms, &error.to_string());
            self.book.open(&spec.endpoint, &variant.name.as_str().into(), &meter, now_ms, self.seed);
        }
    }

    /// As [`Serving::build_fleet`], with models that are in memory already, one a variant.
    ///
    /// # Errors
    /// See [`FleetError`].
    pub fn build_fleet_of(&self, spec: &FleetSpec, models: Vec<Model>) -> Result<Fleet, FleetError> {
        let fleet = Fleet::assemble(spec, models)?;
        fleet.probe()?;
        Ok(fleet)
    }

    /// Puts a fleet in service under a name: one pointer swap. Every request that starts after this returns is answered by it; the fleet
    /// before it, if there was one, finishes what it took. Measurements of a variant go on when its name and model stay the same.
    /// `mark` is the label of the mark on the plots.
    pub fn install(&self, endpoint: &str, fleet: Fleet, mark: &str) -> Option<Draining> {
        let mut made = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let endpoints = self.endpoints.load_full();
        let now_ms = self.clock.wall_ms();
        let (slot, draining) = if let Some(slot) = endpoints.get(endpoint) {
            (Arc::clone(slot), Some(slot.replace(fleet, mark, now_ms)))
        } else {
            let mut with = HashMap::clone(&endpoints);
            // Every endpoint draws a sequence of its own.
            *made += 1;
            let seed = mix(self.seed ^ mix(*made));
            let mut fleet = fleet;
            let (tap, past) = self.capture.open(endpoint, std::mem::take(&mut fleet.past));
            let slot = Arc::new(Slot::new(endpoint, fleet, (tap, past), mark, seed, now_ms));
            with.insert(endpoint.to_owned(), Arc::clone(&slot));
            self.endpoints.store(Arc::new(with));
            (slot, None)
        };
        self.opened(endpoint, &slot, now_ms);
        draining
    }

    /// The logs of all that serves are open, shadow variants begin, and who watches knows of it.
    fn opened(&self, endpoint: &str, slot: &Arc<Slot>, now_ms: i64) {
        let (measured, bell) = (Arc::downgrade(slot), self.bell.rope());
        let told = move || {
            if let Some(slot) = measured.upgrade() {
                slot.touch();
                bell.touch();
            }
        };
        let by = By { clock: self.clock.clone(), tap: Arc::clone(slot.tap()), told: Arc::new(told) };
        slot.start_shadows(&by);
        for (variant, meter) in slot.meters() {
            self.book.open(endpoint, &variant, &meter, now_ms, self.seed);
        }
        self.bell.touch();
    }

    /// Lets a fleet answer beside the one that serves, with a share of the traffic (0 to 1). Every draw after this returns obeys. `mark` is the
    /// label of the mark on the plots, for example `c-two 10 %`.
    ///
    /// # Errors
    /// No fleet serves under this name, or the share is none; nothing has changed then.
    pub fn shift(&self, endpoint: &str, fleet: Fleet, share: f64, mark: &str) -> Result<(), SetWeightsError> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let (slot, now_ms) = (self.slot(endpoint)?, self.clock.wall_ms());
        slot.shift(fleet, share, mark, now_ms)?;
        self.opened(endpoint, &slot, now_ms);
        Ok(())
    }

    /// Gives the fleet that [`Serving::shift`] brought another share. Every draw after this returns obeys.
    ///
    /// # Errors
    /// As [`Serving::shift`].
    pub fn set_share(&self, endpoint: &str, share: f64, mark: &str) -> Result<(), SetWeightsError> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.slot(endpoint)?.set_share(share, mark, self.clock.wall_ms())?;
        self.bell.touch();
        Ok(())
    }

    /// Ends a shift well: the fleet that came is the one that serves, and the old one finishes what it took. `None` without a shift.
    pub fn finish_shift(&self, endpoint: &str, mark: &str) -> Option<Draining> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let draining = self.slot(endpoint).ok()?.finish_shift(mark, self.clock.wall_ms());
        self.bell.touch();
        draining
    }

    /// Ends a shift badly: the old fleet answers everything again, and the one that came finishes what it took. `None` without a shift.
    pub fn roll_back(&self, endpoint: &str, mark: &str) -> Option<Draining> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let draining = self.slot(endpoint).ok()?.roll_back(mark, self.clock.wall_ms());
        self.bell.touch();
        draining
    }

    fn slot(&self, endpoint: &str) -> Result<Arc<Slot>, SetWeightsError> {
        let endpoints = self.endpoints.load();
        endpoints.get(endpoint).cloned().ok_or_else(|| SetWeightsError::UnknownEndpoint(endpoint.to_owned()))
    }

    /// Sets the weights of some or all variants; the others keep theirs. Every draw after this returns obeys. `label` is the label of the
    /// mark on the plots, for example `50/50 → 62/38`.
    ///
    /// # Errors
    /// See [`SetWeightsError`].
    pub fn set_weights(&self, endpoint: &str, weights: &[(String, f64)], label: &str) -> Result<(), SetWeightsError> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.slot(endpoint)?.set_weights(weights, label, self.clock.wall_ms())?;
        self.bell.touch();
        Ok(())
    }

    /// Sets the shares of the requests, 0 to 1, that some shadow variants get copies of. The next request obeys. Names that are not there are
    /// passed over.
    ///
    /// # Errors
    /// No fleet serves under this name.
    pub fn set_shadow_shares(&self, endpoint: &str, shares: &[(String, f64)]) -> Result<(), SetWeightsError> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.slot(endpoint)?.set_shadow_shares(shares, self.clock.wall_ms());
        self.bell.touch();
        Ok(())
    }

    /// Sets how many heavy requests some variants answer at a time. More begin at once with what waits; fewer finish what they took.
    ///
    /// # Errors
    /// See [`SetWeightsError`].
    pub fn set_instances(&self, endpoint: &str, counts: &[(String, u32)]) -> Result<(), SetWeightsError> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.slot(endpoint)?.set_instances(counts, self.clock.wall_ms())?;
        self.bell.touch();
        Ok(())
    }

    /// Takes an endpoint out of service. Its name is free at once; requests that it took are finished.
    pub fn remove(&self, endpoint: &str) -> Option<Draining> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let endpoints = self.endpoints.load_full();
        let Some(slot) = endpoints.get(endpoint) else {
            // One that could not be brought back may have been captured in an earlier run.
            self.capture.forget(endpoint);
            return None;
        };
        let mut without = HashMap::clone(&endpoints);
        without.remove(endpoint);
        self.endpoints.store(Arc::new(without));
        let draining = slot.close(self.clock.wall_ms());
        self.capture.close(slot.tap());
        self.bell.touch();
        Some(draining)
    }

    /// Takes a request that may need long: draws its variant (or takes the one that the client names) and counts it in. What is left to do is
    /// to wait for an instance of that variant, and to answer. `received`: as in [`Invocation`].
    ///
    /// # Errors
    /// The answer, where there is no such endpoint or no variant takes the request.
    pub fn take(
        self: &Arc<Self>,
        endpoint: &str,
        target_variant: Option<&str>,
        received: Option<Duration>,
    ) -> Result<Taken, Box<Answer>> {
        let endpoints = self.endpoints.load();
        let taken = endpoints.get(endpoint).and_then(|slot| slot.take(self, target_variant, received));
        self.bell.touch();
        taken.unwrap_or_else(|| Err(Box::new(Answer::of_no_endpoint(endpoint))))
    }

    /// Answers one request, at once whatever its variant does besides. Never blocks; microseconds for a few rows.
    pub fn invoke(&self, endpoint: &str, request: &Invocation<'_>) -> Answer {
        let endpoints = self.endpoints.load();
        let answer = endpoints.get(endpoint).and_then(|slot| slot.invoke(request, &self.clock));
        let Some(answer) = answer else {
            return Answer::of_no_endpoint(endpoint);
        };
        self.bell.touch();
        answer
    }

    /// Joins labels to the captured requests that they are for. What they say counts for the variant, the model and the epoch that
    /// answered, whatever serves by now; a request whose variant the client chose counts for none. The promise is kept when the labels
    /// are on disk; where nobody waits for that (`is_awaited`), it may take some milliseconds longer. `None` when the endpoint does not
    /// serve.
    pub fn label(&self, endpoint: &str, labels: Vec<Label>, is_awaited: bool) -> Option<Promise<LabelReport>> {
        let endpoints = self.endpoints.load();
        Some(Capture::label(endpoints.get(endpoint)?.tap(), labels, is_awaited))
    }

    /// A label was joined; on the capture's thread.
    fn labelled(&self, joined: &Joined<'_>) {
        if let Some(slot) = self.endpoints.load().get(joined.endpoint) {
            slot.labelled(joined);
            self.bell.touch();
        }
    }

    /// Shows everything captured of an endpoint, oldest first, with the labels that have come. Blocks while the segments are read;
    /// `false` when the endpoint does not serve.
    pub fn captured(&self, endpoint: &str, see: impl FnMut(Kept)) -> bool {
        let tap: Option<Arc<Tap>> = self.endpoints.load().get(endpoint).map(|slot| Arc::clone(slot.tap()));
        let Some(tap) = tap else { return false };
        self.capture.read(&tap, see);
        true
    }

    /// What was captured of an endpoint, and what became of its labels.
    pub fn capture_live(&self, endpoint: &str) -> Option<CaptureLive> {
        Some(self.endpoints.load().get(endpoint)?.tap().live())
    }

    /// Columns of a row that an endpoint answers; `None` where it does not serve.
    pub fn features(&self, endpoint: &str) -> Option<usize> {
        Some(self.endpoints.load().get(endpoint)?.features())
    }

    /// Lets an endpoint's requests pass uncaptured from now on, or captures them again: for measurements of what the capture costs. `false`
    /// when the endpoint does not serve.
    pub fn rest_capture(&self, endpoint: &str, rests: bool) -> bool {
        self.endpoints.load().get(endpoint).map(|slot| slot.tap().rest(rests)).is_some()
    }

    /// What a variant serves: the algorithm and the artefact on disk.
    pub fn artifact(&self, endpoint: &str, variant: &str) -> Option<(Algorithm, PathBuf)> {
        self.endpoints.load().get(endpoint)?.artifact(variant)
    }

    /// Sets who takes the files of data capture to their buckets. It must not block. The first one stays.
    pub fn on_capture_file(&self, post: Post) {
        self.capture.post_by(post);
    }

    /// Hands over every file of data capture that was begun, before whoever takes them goes.
    pub fn hand_over_captured(&self) {
        self.capture.hand_over();
    }

    /// Deletes what is on disk of endpoints that are not there any more. Before the first of them serves.
    pub fn keep_captured(&self, is_there: impl Fn(&str) -> bool) {
        self.capture.keep_only(is_there);
    }

    /// Live numbers, at most a tenth of a second old. Cheap to ask in every frame.
    pub fn live(&self, endpoint: &str) -> Option<Arc<EndpointLive>> {
        let endpoints = self.endpoints.load();
        Some(endpoints.get(endpoint)?.live(self.clock.elapsed(), self.bell.rings()))
    }

    /// What the fleet that serves and the one that comes did since traffic began to move; `None` while one fleet serves alone.
    pub fn measured(&self, endpoint: &str) -> Option<(FleetMeasured, FleetMeasured)> {
        self.endpoints.load().get(endpoint)?.measured()
    }

    /// Registers a callback for activity: at most ten times a second, from a thread of its own; never while nothing happens, and
    /// always once after the last thing that happened.
    pub fn on_activity(&self, wake: Wake) {
        self.bell.listen(wake);
    }

    /// Requests answered since the endpoint came into service, and of these the ones answered with a 5xx; over all its fleets.
    pub fn counts(&self, endpoint: &str) -> Option<(u64, u64)> {
        Some(self.endpoints.load().get(endpoint)?.counts())
    }

    /// Endpoints of which there is a log, with the time of the oldest stream in milliseconds since the Unix epoch; in the order of their
    /// names, those that serve no more included.
    pub fn logged(&self) -> Vec<(String, i64)> {
        self.book.endpoints()
    }

    /// The logs of an endpoint's variants, oldest first. Reading one takes its lock for as long as its lines take to copy.
    pub fn log_streams(&self, endpoint: &str) -> Vec<Arc<LogStream>> {
        self.book.streams(endpoint)
    }

    /// Takes what all variants have measured since the last time, by ten seconds; those that serve no more included. Handed over once.
    pub fn collect(&self) -> Vec<Collected> {
        self.book.collect()
    }

    /// Names of the endpoints that serve, in order.
    pub fn endpoints(&self) -> Vec<String> {
        let mut names: Vec<String> = self.endpoints.load().keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Cumulative numbers of all variants of an endpoint, and its requests in flight, for `/metrics`.
    pub fn totals(&self, endpoint: &str) -> Option<(Vec<VariantTotals>, u32)> {
        Some(self.endpoints.load().get(endpoint)?.totals())
    }
}
