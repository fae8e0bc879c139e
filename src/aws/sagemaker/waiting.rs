//! Short waits: a look at something that is changing may be answered when it has changed, so that clients which sleep for half a minute
//! between their looks need not sleep at all.
//!
//! The first look at a change is answered at once, so that a client can still see `Updating`; but not for a client that says that it is
//! waiting: what it wants to see is the end. Nor for one that looks at what was made a moment ago: most things are there within a second, and
//! whoever hears `Creating` sleeps (SDK 1.72 for 30 s, and with a botocore of today it does not say who it is). Where an update moves traffic at
//! the pace that its plan asks for, only a client that says that it is waiting is held: others want to see how it goes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Request;
use crate::domain::arn::ArnKind;
use crate::domain::endpoint::EndpointStatus;
use crate::domain::time::Timestamp;
use crate::workspace::Snapshot;

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Subject {
    pub(super) kind: ArnKind,
    pub(super) name: String,
}

/// The state of a subject, as far as waiting goes by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    /// When the subject was made: a later one of the same name is another.
    pub(super) made: Timestamp,
    /// Status and finer status.
    pub(super) stage: (&'static str, &'static str),
    /// Whether it will change by itself.
    pub(super) is_changing: bool,
    /// Whether it changes at a pace that somebody has chosen.
    pub(super) is_paced: bool,
}

impl State {
    /// Whether another look would tell nothing new. What changes by itself passes through finer stages within moments: of those only the end
    /// is waited for, unless somebody has chosen the pace.
    fn is_still(&self, now: &Self) -> bool {
        let is_same = self.made == now.made && self.stage.0 == now.stage.0 && self.is_changing == now.is_changing;
        is_same && (self.stage == now.stage || !(self.is_paced || now.is_paced))
    }
}

/// Which states were told already. Subjects that no longer change are forgotten.
#[derive(Debug, Default)]
pub struct Waiting(Mutex<HashMap<Subject, State>>);

/// More subjects than this are never under way at once in earnest; then everything is forgotten, and a look may come back early.
const SUBJECTS_MAX: usize = 4_096;

impl Waiting {
    /// Whether this state was told before; from now on it was.
    fn told(&self, subject: &Subject, state: State) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.is_changing {
            told.remove(subject);
            return false;
        }
        if told.len() >= SUBJECTS_MAX && !told.contains_key(subject) {
            told.clear();
        }
        told.insert(subject.clone(), state).is_some_and(|before| before.is_still(&state))
    }

    fn forget(&self, subject: &Subject) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(subject);
    }
}

/// Whether a client's name says that it waits: boto3 marks its waiters (feature `B` in its `m/` part), and the SageMaker SDK does little else
/// than wait when it describes.
pub(super) fn is_waiter(user_agent: &str) -> bool {
    user_agent.split(' ').any(|part| {
        part.strip_prefix("m/").is_some_and(|features| features.split(',').any(|feature| feature == "B"))
            || part.starts_with("AWS-SageMaker-Python-SDK/")
    })
}

impl Request {
    /// The world once the subject has changed (once it is there, where it is being made), or now when it is not changing, its change was not
    /// told of yet, or it does not change in time.
    pub(super) async fn settled(
        &self,
        subject: Subject,
        look: impl Fn(&Snapshot) -> Option<State> + Send,
    ) -> Arc<Snapshot> {
        let waiting = &self.wire.waiting;
        let before = look(&self.snapshot());
        if let Some(before) = before.filter(|before| before.is_changing) {
            let is_new = subject.kind == ArnKind::TrainingJob || before.stage.0 == EndpointStatus::Creating.as_str();
            let was_told = waiting.told(&subject, before);
            let hold = self.wire.options.describe_hold;
            let age = Duration::from_millis((self.wire.serving.clock().wall_ms() - before.made.0).unsigned_abs());
            let is_fresh = is_new && !was_told && age < hold;
            if (was_told && !before.is_paced) || self.is_waiter || is_fresh {
                let limit = if is_fresh && !self.is_waiter { hold.saturating_sub(age) } else { hold };
                let to_the_end = self.is_waiter || is_fresh;
                let ended = |now: Option<State>| match now {
                    Some(now) if to_the_end => now.made != before.made || !now.is_changing,
                    now => now.is_none_or(|now| !before.is_still(&now)),
                };
                self.wire.changes.until(limit, |snapshot| ended(look(snapshot)).then_some(())).await;
            }
        }
        let snapshot = self.snapshot();
        match look(&snapshot) {
            Some(now) => drop(waiting.told(&subject, now)),
            None => waiting.forget(&subject),
        }
        snapshot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_new_once() {
        let waiting = Waiting::default();
        let subject = Subject { kind: ArnKind::Endpoint, name: "e".into() };
        let state = |stage, is_changing| State { made: Timestamp(1), stage: (stage, ""), is_changing, is_paced: false };
        assert!(!waiting.told(&subject, state("Creating", true)));
        assert!(waiting.told(&subject, state("Creating", true)));
        let finer = State { stage: ("Creating", "Baking"), ..state("Creating", true) };
        assert!(waiting.told(&subject, finer), "a finer stage of what was told");
        assert!(
            !waiting.told(&subject, State { stage: ("Creating", ""), is_paced: true, ..finer }),
            "at a chosen pace each is news"
        );
        assert!(!waiting.told(&subject, state("Updating", true)));
        assert!(
            !waiting.told(&subject, State { made: Timestamp(2), ..state("Updating", true) }),
            "another of that name"
        );
        assert!(!waiting.told(&subject, state("InService", false)));
        assert!(waiting.0.lock().unwrap().is_empty(), "what is settled is forgotten");
    }

    #[test]
    fn memory_is_bounded() {
        let waiting = Waiting::default();
        for i in 0..3 * SUBJECTS_MAX {
            let subject = Subject { kind: ArnKind::TrainingJob, name: i.to_string() };
            let stage = ("InProgress", "");
            waiting.told(&subject, State { made: Timestamp(1), stage, is_changing: true, is_paced: false });
        }
        assert!(waiting.0.lock().unwrap().len() <= SUBJECTS_MAX);
    }

    #[test]
    fn waiters_say_so() {
        assert!(is_waiter("Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux m/b,B,Z cfg/retry-mode#legacy"));
        assert!(is_waiter("AWS-SageMaker-Python-SDK/1.72.0 Python/3.11 Boto3/1.44.5"));
        assert!(!is_waiter("Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 m/b,Z"));
        assert!(!is_waiter(""));
    }
}
