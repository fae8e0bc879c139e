//! One endpoint's place on the writing thread: its newest requests, its segments, and what a label does to a request.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Weak};

use super::super::Drawn;
use super::super::answers::judge;
use super::super::trial::{Judged, Trial};
use super::super::versus::Echo;
use super::arms::{Arm, Arms, Source};
use super::beginning;
use super::outbox::Outbox;
use super::record::{Given, Record};
use super::ring::{Entry, Ring};
use super::segments::{Seen, Segments, read};
use super::tap::Tap;
use crate::domain::label::{Label, LabelReport};
use crate::serving::router::Weights;
use crate::stats::live::{Outcome, Score};

/// A label that counts, and the request that it is for.
#[derive(Clone, Copy, Debug)]
pub struct Joined<'a> {
    /// The endpoint.
    pub endpoint: &'a str,
    /// The variants among which the request's was drawn.
    pub arms: &'a Arms,
    /// Place of the one that answered among them.
    pub arm: usize,
    /// The weights that it was drawn by, with their epoch and probabilities.
    pub weights: &'a Arc<Weights>,
    /// One a row, in order.
    pub outcomes: &'a [Outcome],
    /// When the label came, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// How long after its answer, milliseconds; `None` where that is not known any more.
    pub lateness_ms: Option<f64>,
    /// The request and its labels, where it was short enough to be kept.
    pub asked: Option<Asked<'a>>,
}

/// A request that is known in full, so that another model can be asked the same.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `Content-Type`; empty where it had none.
    pub content_type: &'a str,
    /// The rows.
    pub body: &'a [u8],
    /// The label of each.
    pub labels: &'a [f64],
}

/// A label that comes sooner comes at once: below, the pace is that of the machine, and says nothing of the world.
const AT_ONCE_MS: i64 = 1_000;

fn lateness(asked_ms: i64, at_ms: i64) -> f64 {
    at_ms.saturating_sub(asked_ms).max(AT_ONCE_MS) as f64
}

impl Joined<'_> {
    /// Counts it, for the variant that answered and in the experiment; what it came to, where it counts.
    pub(in crate::serving) fn count(&self, trial: &Trial) -> Option<Judged> {
        let judged = trial.labelled(&Drawn::of(self.weights, self.arm), self.outcomes, self.lateness_ms);
        if let Some(meter) = self.arms.get(self.arm).and_then(|arm| arm.meter.as_ref()) {
            meter.label(self.at_ms, self.outcomes, judged);
        }
        judged
    }
}

/// What hears of labels that count.
pub(super) type Sink = Arc<dyn Fn(&Joined<'_>) + Send + Sync>;

/// The state of one endpoint.
pub(super) struct Desk {
    pub(super) tap: Arc<Tap>,
    ring: Ring,
    segments: Option<Segments>,
    /// The fleets that served in this run, to find the meters of what is read from disk.
    served: Vec<Weak<Arms>>,
    /// A search in the segments is under way; what comes meanwhile waits in `unfound`.
    pub(super) is_searching: bool,
    pub(super) unfound: Vec<Unfound>,
    sources: Adopted,
    pub(super) outbox: Outbox,
}

/// Labels whose requests were not in memory, and who waits for them.
pub(super) struct Unfound {
    pub(super) labels: Vec<Label>,
    pub(super) report: LabelReport,
    pub(super) answer: crate::util::promise::Resolver<LabelReport>,
}

/// What a label does.
#[derive(Debug, PartialEq)]
enum Verdict {
    New(Vec<Outcome>),
    Repeated,
    Contradictory,
    Unfit(String),
}

fn weigh(entry: &Entry, values: &[f64]) -> Verdict {
    if let Some(given) = &entry.given {
        return if given.values == values { Verdict::Repeated } else { Verdict::Contradictory };
    }
    judged(&entry.record, values).map_or_else(Verdict::Unfit, Verdict::New)
}

/// What labels make of the rows of an answer, or why they do not fit it.
fn judged(record: &Record, values: &[f64]) -> Result<Vec<Outcome>, String> {
    if record.status() != 200 {
        return Err(format!("the request was answered with status {}, not with a prediction", record.status()));
    }
    if record.rows() != values.len() {
        return Err(format!("{} labels came for {} rows", values.len(), record.rows()));
    }
    let (Some(answer), Some(arm)) = (record.answer(), record.arm()) else {
        return Err(format!("the answer was longer than {} KiB and not kept", super::KEPT_BYTES >> 10));
    };
    judge(record.answer_type(), answer, values, arm.reading)
}

/// 1 and 0 for right and wrong, or the error.
fn scores(outcomes: &[Outcome]) -> Vec<f64> {
    let score = |outcome: &Outcome| match outcome {
        Outcome::Class { right } => f64::from(u8::from(*right)),
        Outcome::Error(error) => *error,
    };
    outcomes.iter().map(score).collect()
}

/// The way back.
fn outcomes(scores: &[f64], arm: &Arm) -> Vec<Outcome> {
    let outcome = |score: &f64| match arm.reading.score() {
        Score::Accuracy => Outcome::Class { right: *score == 1.0 },
        Score::Rmse => Outcome::Error(*score),
    };
    scores.iter().map(outcome).collect()
}

impl Desk {
    pub(super) fn new(tap: Arc<Tap>, folder: Option<std::path::PathBuf>, past: Ring, now_ms: i64) -> Self {
        let outbox = Outbox::new(&tap.endpoint, tap.seed);
        let mut segments = folder.map(Segments::open);
        if let Some(segments) = &mut segments {
            segments.retire(now_ms);
        }
        Self {
            tap,
            ring: past,
            segments,
            served: Vec::new(),
            is_searching: false,
            unfound: Vec::new(),
            sources: Adopted::default(),
            outbox,
        }
    }

    /// Keeps a request.
    pub(super) fn take(&mut self, record: Record, now_ms: i64) {
        let arms = &record.facts.source.arms;
        if self.served.last().is_none_or(|last| last.as_ptr() != Arc::as_ptr(arms)) {
            self.served.retain(|known| known.strong_count() > 0);
            self.served.push(Arc::downgrade(arms));
        }
        let counts = &self.tap.counts;
        counts.taken.add(1);
        let has_answer = record.status() == 200;
        if record.request().is_none() || (has_answer && record.answer().is_none()) {
            counts.without_body.add(1);
        }
        if let Some(segments) = &mut self.segments {
            segments.request(&record);
        }
        self.outbox.put(&record, now_ms);
        self.ring.push(record);
    }

    /// Takes what a shadow variant answered to a request; its label may have come already.
    pub(super) fn echo(&mut self, echo: Echo, now_ms: i64) {
        match self.ring.get(&echo.id) {
            Some(Entry { record, given: Some(given), .. }) => {
                if let Ok(client) = judged(record, &given.values) {
                    echo.label(&client, &given.values, now_ms);
                }
            }
            Some(_) => self.ring.keep(echo),
            None => {}
        }
    }

    /// Joins labels to their requests. Answers the labels whose requests may be on disk and are not in memory.
    pub(super) fn label(
        &mut self,
        labels: Vec<Label>,
        report: &mut LabelReport,
        now_ms: i64,
        sink: &Sink,
    ) -> Vec<Label> {
        let mut elsewhere = Vec::new();
        let has_more = self.segments.is_some() && self.ring.is_partial();
        for label in labels {
            match self.ring.get(&label.id) {
                Some(entry) => apply(&self.tap, &mut self.segments, entry, label, report, now_ms, sink),
                None if has_more => elsewhere.push(label),
                None => unknown(&self.tap, &label, report),
            }
        }
        elsewhere
    }

    /// As [`Desk::label`], for requests that were found on disk.
    pub(super) fn label_found(
        &mut self,
        found: &mut HashMap<String, Entry>,
        labels: Vec<Label>,
        report: &mut LabelReport,
        now_ms: i64,
        sink: &Sink,
    ) {
        let live: Vec<Arc<Arms>> = self.served.iter().filter_map(Weak::upgrade).collect();
        for entry in found.values_mut() {
            let source = &mut entry.record.facts.source;
            *source = self.sources.adopt(source, &live);
        }
        for label in labels {
            match found.get_mut(&label.id) {
                Some(entry) => {
                    let before = report.joined;
                    apply(&self.tap, &mut self.segments, entry, label, report, now_ms, sink);
                    let late = report.joined - before;
                    report.late += late;
                    self.tap.counts.late.add(late);
                }
                None => unknown(&self.tap, &label, report),
            }
        }
    }

    /// Hands everything to the system, `synced` to the disk itself; the error is why not. A workspace without a folder has no disk.
    pub(super) fn flush(&mut self, synced: bool, now_ms: i64) -> Result<(), String> {
        let Some(segments) = &mut self.segments else { return Ok(()) };
        let requests = segments.waiting();
        segments.flush(synced, now_ms).map_err(|error| {
            self.tap.counts.unwritten.add(requests);
            format!("{}: {error}", segments.folder().display())
        })
    }

    /// Deletes what is kept too long.
    pub(super) fn retire(&mut self, now_ms: i64) {
        if let Some(segments) = &mut self.segments {
            segments.retire(now_ms);
        }
    }

    /// The folder of its segments.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.segments.as_ref().map(Segments::folder)
    }

    /// Requests in memory, oldest first.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.ring.iter()
    }

    /// The endpoint is gone, and its segments with it.
    pub(super) fn delete(self) {
        if let Some(segments) = self.segments {
            segments.delete();
        }
    }
}

fn unknown(tap: &Tap, label: &Label, report: &mut LabelReport) {
    report.unknown += 1;
    tap.counts.unknown.add(1);
    report.problem(&label.id, "no captured request of this endpoint has this inference id");
}

fn apply(
    tap: &Tap,
    segments: &mut Option<Segments>,
    entry: &mut Entry,
    label: Label,
    report: &mut LabelReport,
    now_ms: i64,
    sink: &Sink,
) {
    let counts = &tap.counts;
    match weigh(entry, &label.values) {
        Verdict::New(outcomes) => {
            let given = Given { at_ms: now_ms, values: label.values };
            if let Some(segments) = segments {
                segments.label(&entry.record, &given, &scores(&outcomes));
            }
            for echo in std::mem::take(&mut entry.echoes) {
                echo.label(&outcomes, &given.values, now_ms);
            }
            let given = entry.given.insert(given);
            let facts = &entry.record.facts;
            if facts.drawn {
                let asked = entry.record.request().map(|body| Asked {
                    content_type: entry.record.content_type(),
                    body,
                    labels: &given.values,
                });
                sink(&Joined {
                    endpoint: &tap.endpoint,
                    arms: &facts.source.arms,
                    arm: usize::from(facts.arm),
                    weights: &facts.source.weights,
                    outcomes: &outcomes,
                    at_ms: now_ms,
                    lateness_ms: Some(lateness(facts.at_ms, now_ms)),
                    asked,
                });
                report.joined += 1;
                counts.labels.add(1);
            } else {
                report.forced += 1;
                counts.forced.add(1);
            }
        }
        Verdict::Repeated => {
            report.repeated += 1;
            counts.repeated.add(1);
        }
        Verdict::Contradictory => {
            report.contradictory += 1;
            counts.contradictory.add(1);
            report.problem(&label.id, "has another label already, and the first one counts");
        }
        Verdict::Unfit(why) => {
            report.unfit += 1;
            counts.unfit.add(1);
            report.problem(&label.id, &why);
        }
    }
}

/// Looks for requests on disk, with the labels that they have. The newest request of an id is meant.
pub(super) fn search(folder: &Path, labels: &[Label]) -> HashMap<String, Entry> {
    let wanted: std::collections::HashSet<&[u8]> = labels.iter().map(|label| label.id.as_bytes()).collect();
    let mut found: HashMap<String, Entry> = HashMap::new();
    read(
        folder,
        |source| source,
        |seen| {
            match seen {
                Seen::Request(request) if wanted.contains(request.id()) => {
                    let record = request.record();
                    found.insert(record.id().to_owned(), Entry::new(record));
                }
                Seen::Label { id, given, .. } => {
                    if let Some(entry) = found.get_mut(id) {
                        entry.given = Some(given);
                    }
                }
                Seen::Request(_) => {}
            }
            ControlFlow::Continue(())
        },
    );
    found
}

/// Sources read from disk: each once, with the meters of the variants that still serve.
#[derive(Debug, Default)]
pub(super) struct Adopted(Vec<Arc<Source>>);

impl Adopted {
    /// The one that is known already, or this one from now on.
    pub(super) fn adopt(&mut self, source: &Source, live: &[Arc<Arms>]) -> Arc<Source> {
        let same = |known: &&Arc<Source>| {
            *known.weights == *source.weights
                && known.arms.list.len() == source.arms.list.len()
                && known.arms.iter().zip(source.arms.iter()).all(|(a, b)| a.is_same(b))
        };
        if let Some(known) = self.0.iter().find(same) {
            return Arc::clone(known);
        }
        let meter = |arm: &Arm| live.iter().rev().find_map(|arms| arms.same(arm)?.meter.clone());
        let arms = source.arms.iter().map(|arm| Arm { meter: meter(arm), ..arm.clone() });
        let adopted = Arc::new(Source { arms: Arc::new(Arms::new(arms)), weights: Arc::clone(&source.weights) });
        self.0.push(Arc::clone(&adopted));
        adopted
    }
}

/// What the segments of an earlier run say of an endpoint that comes back.
#[derive(Debug, Default)]
pub struct Past {
    pub(super) ring: Ring,
    /// Number of the newest epoch in it.
    pub(in crate::serving) last_epoch: u64,
    /// The experiment as far as it had come.
    pub(in crate::serving) trial: Trial,
}

impl Past {
    /// Reads the segments, and lets the meters of `live` and an experiment count what they say, in the order in which it happened.
    pub(super) fn read(endpoint: &str, folder: &Path, live: &Arc<Arms>) -> Self {
        let live = [Arc::clone(live)];
        let trial = Trial::default();
        let (mut ring, mut last_epoch) = (Ring::default(), 0);
        let mut adopted = Adopted::default();
        let mut anew = beginning::read(folder);
        read(
            folder,
            |source| {
                last_epoch = last_epoch.max(source.weights.epoch());
                if anew.take_if(|from| *from <= last_epoch).is_some() {
                    trial.begin_anew();
                }
                trial.begin(&source.arms, &source.weights);
                adopted.adopt(&source, &live)
            },
            |seen| {
                match seen {
                    Seen::Request(request) => {
                        let record = request.record();
                        let facts = &record.facts;
                        if facts.drawn {
                            trial.drawn(&Drawn::of(&facts.source.weights, usize::from(facts.arm)));
                        }
                        if let Some(meter) = record.arm().and_then(|arm| arm.meter.as_ref()) {
                            meter.recall(&record.measured());
                        }
                        ring.push(record);
                    }
                    Seen::Label { source, arm, drawn, id, given, scores } => {
                        let at_ms = given.at_ms;
                        let mut asked_ms = None;
                        if let Some(entry) = ring.get(id) {
                            asked_ms = Some(entry.record.at_ms());
                            entry.given = Some(given);
                        }
                        if drawn && let Some(known) = source.arms.get(usize::from(arm)) {
                            let joined = Joined {
                                endpoint,
                                arms: &source.arms,
                                arm: usize::from(arm),
                                weights: &source.weights,
                                outcomes: &outcomes(&scores, known),
                                at_ms,
                                lateness_ms: asked_ms.map(|asked_ms| lateness(asked_ms, at_ms)),
                                asked: None,
                            };
                            joined.count(&trial);
                        }
                    }
                }
                ControlFlow::Continue(())
            },
        );
        if let Some(from) = anew {
            // It began anew, and nothing was asked since.
            trial.begin_anew();
            last_epoch = last_epoch.max(from);
        }
        Self { ring, last_epoch, trial }
    }
}
