//! A shadow variant against what clients got: the same requests, and the same labels.
//!
//! A label counts here once both answers are there, whichever came last. The comparison is paired, so what makes a row hard is hard for
//! both, and far fewer labels tell two models apart than where each answers requests of its own.

use std::mem::discriminant;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::answers::{Reading, judge};
use super::trial::{Judged, mean};
use super::window::Meter;
use crate::stats::experiment::ALPHA;
use crate::stats::experiment::loss::BoundedLoss;
use crate::stats::experiment::paired::Paired;
use crate::stats::live::{Outcome, VersusLive};

/// The comparison; it goes on through updates that keep the shadow variant and its model.
#[derive(Debug, Default)]
pub struct Versus(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    paired: Option<Paired>,
    loss: BoundedLoss,
}

impl Versus {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Sums stay usable whatever happened to a thread that held them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the label of a request by what it makes of the rows of both answers, and says what the shadow's came to: the mean of its rows,
    /// `None` where they do not count (yet).
    fn labelled(&self, client: &[Outcome], shadow: &[Outcome]) -> Option<Judged> {
        let mut state = self.lock();
        let State { paired, loss } = &mut *state;
        let rows = client.iter().zip(shadow).filter_map(|(client, shadow)| {
            // Where one of them answers a class and the other a number, nothing is comparable.
            if discriminant(client) != discriminant(shadow) {
                return None;
            }
            let [client_y, shadow_y] = [client, shadow].map(|outcome| outcome.graded(|error| loss.outcome(error)));
            let (client_y, shadow_y) = client_y.zip(shadow_y)?;
            let new = || match shadow {
                Outcome::Class { .. } => Paired::classes(ALPHA),
                Outcome::Error(_) => Paired::graded(ALPHA),
            };
            paired.get_or_insert_with(new).row(client_y, shadow_y);
            Some(shadow_y)
        });
        // One epoch only: its share of the requests says nothing about its answers.
        mean(rows).map(|y| Judged { epoch: 0, y, cap: loss.cap() })
    }

    /// What it says now; `None` before the first row that both answered.
    pub fn live(&self) -> Option<VersusLive> {
        let state = self.lock();
        state.paired.as_ref().map(|paired| VersusLive { test: paired.summary(), cap: state.loss.cap() })
    }
}

/// Whose answers are compared, and who hears of it.
pub struct Compared {
    pub reading: Reading,
    pub meter: Arc<Meter>,
    pub versus: Arc<Versus>,
    pub told: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Compared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compared").field("versus", &self.versus).finish_non_exhaustive()
    }
}

/// What a shadow variant answered to one request. Its label may be there already or come later.
#[derive(Debug)]
pub struct Echo {
    pub by: Arc<Compared>,
    /// The request's inference id.
    pub id: Box<str>,
    pub content_type: &'static str,
    pub body: Box<[u8]>,
}

impl Echo {
    /// Counts a label, one number a row, and what it made of the client's answer. One that does not fit this answer is passed over.
    pub fn label(&self, client: &[Outcome], values: &[f64], at_ms: i64) {
        let Ok(outcomes) = judge(self.content_type, &self.body, values, self.by.reading) else { return };
        let judged = self.by.versus.labelled(client, &outcomes);
        self.by.meter.label(at_ms, &outcomes, judged);
        (self.by.told)();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(right: bool) -> Outcome {
        Outcome::Class { right }
    }

    #[test]
    fn a_shadow_that_is_right_where_clients_got_wrong_answers_wins() {
        let versus = Versus::default();
        assert!(versus.live().is_none());
        assert_eq!(versus.labelled(&[class(true)], &[class(true)]), Some(Judged { epoch: 0, y: 1.0, cap: None }));
        for _ in 0..20 {
            versus.labelled(&[class(false), class(true)], &[class(true), class(true)]);
        }
        let live = versus.live().unwrap();
        assert_eq!((live.test.rows, live.test.b_only, live.test.a_only, live.cap), (41, 20, 0, None));
        assert!(live.test.decided.unwrap().b_better);
    }

    #[test]
    fn errors_are_compared_by_one_cap_and_kinds_are_never_mixed() {
        let versus = Versus::default();
        assert_eq!(versus.labelled(&[Outcome::Error(1.0)], &[class(true)]), None);
        for _ in 0..25 {
            assert_eq!(versus.labelled(&[Outcome::Error(2.0)], &[Outcome::Error(-2.0)]), None);
        }
        let judged = versus.labelled(&[Outcome::Error(4.0)], &[Outcome::Error(2.0)]).unwrap();
        assert_eq!((judged.y, judged.cap), (0.75, Some(8.0)));
        let live = versus.live().unwrap();
        assert_eq!((live.test.rows, live.test.b_only, live.cap), (1, 1, Some(8.0)));
    }
}
