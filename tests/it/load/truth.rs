//! Who may answer, and when: kept by the scenario, held against every answer afterwards.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Instant;

/// The name of the variant whose model answers `number`.
pub fn variant(number: u32) -> String {
    format!("v{number}")
}

/// From each moment on, the models of which one must have answered.
pub struct Truth(Mutex<Vec<(Instant, BTreeSet<u32>)>>);

/// While a change is under way, either state may answer.
pub struct Meanwhile<'a>(&'a Truth);

impl Truth {
    pub fn new(models: &[u32]) -> Self {
        Self(Mutex::new(vec![(Instant::now(), models.iter().copied().collect())]))
    }

    /// A change is about to be asked for: from now on these may answer too.
    pub fn may_also(&self, models: &[u32]) -> Meanwhile<'_> {
        let mut history = self.0.lock().unwrap();
        let mut both = history.last().unwrap().1.clone();
        both.extend(models);
        history.push((Instant::now(), both));
        Meanwhile(self)
    }

    /// Who may have answered a request that was sent and answered at these times: everybody who might at any moment in between.
    pub fn between(&self, sent: Instant, answered: Instant) -> BTreeSet<u32> {
        let history = self.0.lock().unwrap();
        let first = history.partition_point(|(from, _)| *from <= sent).saturating_sub(1);
        let upto = history.partition_point(|(from, _)| *from <= answered);
        history[first..upto.max(first + 1)].iter().flat_map(|(_, models)| models.iter().copied()).collect()
    }
}

impl Meanwhile<'_> {
    /// The change is acknowledged: who is sent from now on is answered by one of these.
    pub fn over(self, models: &[u32]) {
        self.0.0.lock().unwrap().push((Instant::now(), models.iter().copied().collect()));
    }
}

#[test]
fn an_answer_is_held_against_all_that_was_allowed_while_it_was_under_way() {
    let truth = Truth::new(&[0]);
    let before = Instant::now();
    let meanwhile = truth.may_also(&[1]);
    let during = Instant::now();
    meanwhile.over(&[1]);
    let after = Instant::now();
    let set = |models: &[u32]| models.iter().copied().collect::<BTreeSet<u32>>();
    assert_eq!(truth.between(before, before), set(&[0]));
    assert_eq!(truth.between(before, after), set(&[0, 1]));
    assert_eq!(truth.between(during, during), set(&[0, 1]));
    assert_eq!(truth.between(after, after), set(&[1]));
}
