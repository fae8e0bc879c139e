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
use super::frame::{HEAD, read_request, seal, split_frame};
use super::inbox::Waiting;
use super::outbox::Outbox;
use super::record::{Given, Record};
use super::ring::{Entry, Held, Ring};
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
    /// Changes places with what waits in the inbox.
    waiting: Waiting,
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

fn weigh(record: &Record<impl AsRef<[u8]>>, known: Option<&Given>, values: &[f64]) -> Verdict {
    if let Some(known) = known {
        return if known.values == values { Verdict::Repeated } else { Verdict::Contradictory };
    }
    judged(record, values).map_or_else(Verdict::Unfit, Verdict::New)
}

/// What labels make of the rows of an answer, or why they do not fit it.
fn judged(record: &Record<impl AsRef<[u8]>>, values: &[f64]) -> Result<Vec<Outcome>, String> {
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
            waiting: Waiting::default(),
            ring: past,
            segments,
            served: Vec::new(),
            is_searching: false,
            unfound: Vec::new(),
            sources: Adopted::default(),
            outbox,
        }
    }

    /// Keeps the requests that wait in the inbox.
    pub(super) fn take(&mut self, now_ms: i64) {
        let Self { tap, waiting, ring, segments, outbox, served, .. } = self;
        tap.inbox.swap(waiting);
        let [first, ..] = waiting.sources.as_slice() else { return };
        let for_bucket = |source: &Arc<Source>| source.arms.iter().any(|arm| arm.data_capture.is_some());
        let for_bucket = waiting.sources.iter().any(for_bucket);
        let (mut source, mut newest_ms, mut without_body) = (first, 0, 0);
        let mut rest = waiting.frames.as_mut_slice();
        while let Some((frame, after)) = split_frame(rest) {
            rest = after;
            seal(frame);
            let Some((number, facts, bytes)) = read_request(&frame[HEAD..]) else { continue };
            if number != source.number {
                source = waiting.sources.iter().find(|known| known.number == number).unwrap_or(source);
            }
            newest_ms = newest_ms.max(facts.at_ms);
            without_body += u64::from(facts.lacks_a_body());
            if for_bucket {
                outbox.put(&Record { source: Arc::clone(source), facts, bytes }, now_ms);
            }
            ring.push(frame, source);
        }
        let count = waiting.requests as u64;
        tap.counts.taken.add(count);
        tap.counts.without_body.add(without_body);
        if let Some(segments) = segments {
            segments.requests(&waiting.frames, &waiting.sources, count, newest_ms, now_ms);
        }
        for source in &waiting.sources {
            if served.last().is_none_or(|last| last.as_ptr() != Arc::as_ptr(&source.arms)) {
                served.retain(|known| known.strong_count() > 0);
                served.push(Arc::downgrade(&source.arms));
            }
        }
        waiting.clear();
    }

    /// Takes what a shadow variant answered to a request; its label may have come already.
    pub(super) fn echo(&mut self, echo: Echo, now_ms: i64) {
        let Some(place) = self.ring.find(&echo.id) else { return };
        let Some((record, given)) = self.ring.at(place) else { return };
        let Some(given) = given else { return self.ring.keep(place, echo) };
        if let Ok(client) = judged(&record, &given.values) {
            echo.label(&client, &given.values, now_ms);
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
            match self.ring.find(&label.id).and_then(|place| Some((place, self.ring.at(place)?))) {
                Some((place, (record, known))) => {
                    let new =
                        apply(&self.tap.endpoint, &mut self.segments, &record, known, label, report, now_ms, sink);
                    if let Some((given, outcomes)) = new {
                        for echo in self.ring.take_echoes(place) {
                            echo.label(&outcomes, &given.values, now_ms);
                        }
                        self.ring.give(place, given);
                    }
                }
                None if has_more => elsewhere.push(label),
                None => unknown(&label, report),
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
            let source = &mut entry.record.source;
            *source = self.sources.adopt(source, &live);
        }
        for label in labels {
            match found.get_mut(&label.id) {
                Some(entry) => {
                    let before = report.counts.joined;
                    let Entry { record, given } = entry;
                    let known = given.as_ref();
                    let new = apply(&self.tap.endpoint, &mut self.segments, record, known, label, report, now_ms, sink);
                    if let Some((new, _)) = new {
                        *given = Some(new);
                    }
                    report.counts.late += report.counts.joined - before;
                }
                None => unknown(&label, report),
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
    pub(super) fn entries(&self) -> impl Iterator<Item = Held<'_>> {
        self.ring.iter()
    }

    /// The endpoint is gone, and its segments with it.
    pub(super) fn delete(self) {
        if let Some(segments) = self.segments {
            segments.delete();
        }
    }
}

fn unknown(label: &Label, report: &mut LabelReport) {
    report.counts.unknown += 1;
    report.problem(&label.id, "no captured request of this endpoint has this inference id");
}

/// Does what a label asks for. Gives it back as it is to be kept, and what it made of the rows, where it is the first one of its request.
#[allow(clippy::too_many_arguments, reason = "the desk is borrowed in parts")]
fn apply(
    endpoint: &str,
    segments: &mut Option<Segments>,
    record: &Record<impl AsRef<[u8]>>,
    known: Option<&Given>,
    label: Label,
    report: &mut LabelReport,
    now_ms: i64,
    sink: &Sink,
) -> Option<(Given, Vec<Outcome>)> {
    match weigh(record, known, &label.values) {
        Verdict::New(outcomes) => {
            let given = Given { at_ms: now_ms, values: label.values };
            if let Some(segments) = segments {
                segments.label(record, &given, &scores(&outcomes));
            }
            let (source, facts) = (&record.source, &record.facts);
            if facts.drawn {
                let content_type = record.content_type();
                let asked = record.request().map(|body| Asked { content_type, body, labels: &given.values });
                sink(&Joined {
                    endpoint,
                    arms: &source.arms,
                    arm: usize::from(facts.arm),
                    weights: &source.weights,
                    outcomes: &outcomes,
                    at_ms: now_ms,
                    lateness_ms: Some(lateness(facts.at_ms, now_ms)),
                    asked,
                });
                report.counts.joined += 1;
            } else {
                report.counts.forced += 1;
            }
            return Some((given, outcomes));
        }
        Verdict::Repeated => report.counts.repeated += 1,
        Verdict::Contradictory => {
            report.counts.contradictory += 1;
            report.problem(&label.id, "has another label already, and the first one counts");
        }
        Verdict::Unfit(why) => {
            report.counts.unfit += 1;
            report.problem(&label.id, &why);
        }
    }
    None
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
                    found.insert(record.id().to_owned(), Entry { record, given: None });
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
        let adopted = Arc::new(Source::new(Arc::new(Arms::new(arms)), Arc::clone(&source.weights)));
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
        let (mut adopted, mut frame) = (Adopted::default(), Vec::new());
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
                        if record.facts.drawn {
                            trial.drawn(&Drawn::of(&record.source.weights, usize::from(record.facts.arm)));
                        }
                        if let Some(meter) = record.arm().and_then(|arm| arm.meter.as_ref()) {
                            meter.recall(&record.measured());
                        }
                        frame.clear();
                        request.write(&mut frame);
                        ring.push(&frame, request.source);
                    }
                    Seen::Label { source, arm, drawn, id, given, scores } => {
                        let at_ms = given.at_ms;
                        let mut asked_ms = None;
                        if let Some(place) = ring.find(id) {
                            asked_ms = ring.at(place).map(|(record, _)| record.at_ms());
                            ring.give(place, given);
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
