//! What is seen of two fleets while both serve: what an update is judged by.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Serving;
use super::answers::{Reading, judge};
use super::capture::Joined;
use super::content;
use super::fleet::Variant;
use super::fleet_meter::{Counts, FleetMeter};
use super::lineup::Placed;
use super::slot::Slot;
use super::trial::{Judged, Trial};
use crate::domain::accuracy::{Measure, Watched};
use crate::domain::deployment::FleetMeasured;
use crate::stats::experiment::guard::{Guard, Seen};
use crate::stats::live::{Outcome, Score};

/// How far back "lately" goes.
const RECENT: Duration = Duration::from_mins(1);

/// How often the counts are noted, so that what is said of the last minute is of the last 60 to 65 seconds.
const NOTED: Duration = Duration::from_secs(5);

/// Two fleets since traffic began to move from one to the other.
#[derive(Debug)]
pub struct Watch {
    /// The fleet that served before.
    pub old: Arc<FleetMeter>,
    /// The fleet that takes over.
    pub new: Arc<FleetMeter>,
    /// The first epoch in which both may answer. A label of an earlier one says nothing of the fleet that comes.
    first_epoch: u64,
    /// The counts of both as they were noted, oldest first.
    noted: Mutex<VecDeque<(Duration, [Counts; 2])>>,
    guard: Mutex<Guard>,
}

impl Watch {
    /// Nothing seen yet. `first_epoch`: the one with which traffic begins to move.
    pub fn new(first_epoch: u64) -> Self {
        Self { old: Arc::default(), new: Arc::default(), first_epoch, noted: Mutex::default(), guard: Mutex::default() }
    }

    fn guard(&self) -> MutexGuard<'_, Guard> {
        // Sums stay usable whatever happened to a thread that held them.
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Both fleets in the minute before `now`, the old one first; since traffic began to move, where that is less. Whoever wants to know asks
    /// all along: the minute begins with the newest look that is old enough.
    pub fn recent(&self, now: Duration) -> (FleetMeasured, FleetMeasured) {
        let counts = [&self.old, &self.new].map(|meter| meter.counts());
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |at: Duration| at + RECENT <= now;
        while noted.get(1).is_some_and(|(at, _)| is_old(*at)) {
            noted.pop_front();
        }
        let before = noted.front().filter(|(at, _)| is_old(*at)).map(|(_, counts)| counts);
        let of = |place: usize| counts[place].since(before.map(|before| &before[place]));
        let (old, new) = (of(0), of(1));
        if noted.back().is_none_or(|(at, _)| *at + NOTED <= now) {
            noted.push_back((now, counts));
        }
        (old, new)
    }

    /// What a label says of the two fleets; `serving` is the old one. On the capture's thread.
    pub fn labelled(&self, joined: &Joined<'_>, judged: Judged, serving: &Placed, trial: &Trial) {
        let served = serving.fleet.variants.len();
        let chances = joined.weights.probabilities();
        if judged.epoch < self.first_epoch || chances.len() < served {
            return;
        }
        let seen = seen(judged.y, joined.outcomes);
        let (old, new): (f64, f64) = (chances[..served].iter().sum(), chances[served..].iter().sum());
        let is_new = joined.arm >= served;
        if old > 0.0 {
            self.guard().apart(judged.epoch, new, is_new, &seen, joined.lateness_ms);
        } else if let Some(old) = again(joined, serving, trial).filter(|_| is_new) {
            self.guard().same(&old, &seen);
        }
    }

    /// What the labels say so far.
    pub fn accuracy(&self, score: Score) -> Watched {
        self.guard().watched(match score {
            Score::Accuracy => Measure::Accuracy,
            Score::Rmse => Measure::Rmse,
        })
    }
}

fn seen(y: f64, outcomes: &[Outcome]) -> Seen {
    let square = |outcome: &Outcome| match outcome {
        Outcome::Class { .. } => 0.0,
        Outcome::Error(error) => error * error,
    };
    Seen { y, squares: outcomes.iter().map(square).sum(), rows: outcomes.len() as f64 }
}

/// What the old fleet says to a request that the new one has answered: the mean over its variants, by their weights. `None` where the
/// request was not kept, or one of them has no answer to it.
fn again(joined: &Joined<'_>, serving: &Placed, trial: &Trial) -> Option<Seen> {
    let sum: f64 = serving.weights.iter().sum();
    let mut mean = Seen::default();
    for (variant, weight) in serving.fleet.variants.iter().zip(&serving.weights).filter(|(_, weight)| **weight > 0.0) {
        let outcomes = ask(variant, joined)?;
        let seen = seen(trial.rated(&outcomes)?, &outcomes);
        let share = weight / sum;
        mean.y += share * seen.y;
        mean.squares += share * seen.squares;
        mean.rows += share * seen.rows;
    }
    (sum > 0.0).then_some(mean)
}

fn ask(variant: &Variant, joined: &Joined<'_>) -> Option<Vec<Outcome>> {
    let asked = joined.asked?;
    let content_type = (!asked.content_type.is_empty()).then_some(asked.content_type);
    let answer = content::answer(&variant.model, content_type, None, asked.body).ok()?;
    judge(answer.content_type, &answer.body, asked.labels, Reading::of(&variant.model)).ok()
}

impl Slot {
    fn watched<T>(&self, see: impl FnOnce(&Watch, Score) -> T) -> Option<T> {
        let table = self.router.table();
        let coming = table.of.coming.as_ref()?;
        Some(see(&coming.watch, table.of.score()))
    }
}

impl Serving {
    /// What the fleet that serves and the one that comes did in the last minute; `None` while one fleet serves alone. To be asked all along,
    /// see [`Watch::recent`].
    pub fn recent(&self, endpoint: &str) -> Option<(FleetMeasured, FleetMeasured)> {
        let now = self.clock().elapsed();
        self.endpoints.load().get(endpoint)?.watched(|watch, _| watch.recent(now))
    }

    /// What labels say of the fleet that serves and the one that comes, and whether that is enough to call the new one worse, with a share of
    /// at most `alpha` of false alarms; `None` while one fleet serves alone.
    pub fn accuracy(&self, endpoint: &str, alpha: f64) -> Option<(Watched, bool)> {
        let endpoints = self.endpoints.load();
        endpoints.get(endpoint)?.watched(|watch, score| (watch.accuracy(score), watch.guard().is_worse(alpha)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn the_last_minute_forgets_what_was_before() {
        let watch = Watch::new(1);
        for s in 0..600 {
            watch.new.record(200, 1_000_000);
            let (_, new) = watch.recent(S(s));
            // From the newest look that is a minute old.
            assert_eq!(new.requests, (s + 1).min(60 + s % 5), "after {s} s");
        }
        for s in 600..620 {
            watch.new.record(500, 900_000_000);
            watch.old.record(200, 1_000_000);
            let (old, new) = watch.recent(S(s));
            assert_eq!((old.requests, new.server_errors), (s - 599, s - 599));
        }
        let (_, new) = watch.recent(S(619));
        assert!(new.error_rate() > 0.3 && new.p99_us.unwrap() > 800_000, "{new:?}");
        let all = watch.new.read();
        assert!(all.error_rate() < 0.04 && all.requests == 620, "{all:?}");
        // Nobody looked for an hour: the minute begins with the counts that were noted last, at 615 s.
        assert_eq!(watch.recent(S(4_000)).1.requests, 4);
        assert_eq!(watch.recent(S(4_060)).1, FleetMeasured::default());
    }
}
