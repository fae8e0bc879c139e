//! A heavy request on its way: its variant is drawn and it is counted in before it waits, so that the draw, the measurements and the count in
//! flight are those of the moment it came, and an update's old fleet keeps its queue.

use std::sync::Arc;
use std::time::Duration;

use super::capture::Source;
use super::drain::{Entered, Gauge};
use super::error::InvokeError;
use super::instances::Instance;
use super::lineup::OwnedArm;
use super::slot::{Slot, finish};
use super::{Answer, Drawn, Invocation, Prediction, Serving, content};

/// A request that a variant has taken and that waits for one of its instances. Dropped, it leaves without an answer, as one whose client
/// has gone.
#[derive(Debug)]
pub struct Taken {
    pub(super) serving: Arc<Serving>,
    pub(super) slot: Arc<Slot>,
    pub(super) arm: OwnedArm,
    /// Who could have taken it, and who of them did.
    pub(super) seat: (Arc<Source>, usize),
    pub(super) drawn: Option<Drawn>,
    pub(super) entered: Entered<Arc<Gauge>>,
    /// When it came, by the data plane's clock. Its waiting is part of its latency, as at SageMaker.
    pub(super) started: Duration,
    /// When its head came, if somebody looked.
    pub(super) received: Option<Duration>,
}

/// One whose turn has come.
#[derive(Debug)]
pub struct Seated {
    taken: Taken,
    instance: Instance,
}

impl Taken {
    /// Waits for an instance, without a thread.
    ///
    /// # Errors
    /// The request itself, to be turned away, where `most_waiting` requests wait for one already.
    pub async fn seat(self, most_waiting: usize) -> Result<Seated, Box<Self>> {
        let instances = &self.arm.variant().instances;
        let instance = match instances.ask(most_waiting) {
            Some(turn) => turn.come().await,
            None => None,
        };
        match instance {
            Some(instance) => Ok(Seated { taken: self, instance }),
            None => Err(Box::new(self)),
        }
    }

    /// Answers that every instance is busy: [`InvokeError::Busy`].
    pub fn turn_away(self, request: &Invocation<'_>) -> Answer {
        let occupation = self.arm.variant().instances.occupation();
        let busy = InvokeError::Busy {
            variant: self.arm.variant().name.to_string(),
            instances: occupation.count,
            waiting: occupation.waiting,
        };
        self.finish(request, Err(busy))
    }

    fn finish(self, request: &Invocation<'_>, result: Result<Prediction, InvokeError>) -> Answer {
        let Self { serving, slot, arm, seat: (source, index), drawn, entered, started, received } = self;
        let overhead = received.map(|received| started.saturating_sub(received));
        let (answer, measured) = finish(arm.arm(), drawn, entered, result, started, overhead, &serving.clock);
        slot.show(request, arm.arm(), (&source, index), &measured, &answer);
        slot.touch();
        serving.bell.touch();
        answer
    }
}

impl Seated {
    /// Answers. Takes as long as the rows take; not for a thread that others wait for.
    pub fn answer(self, request: &Invocation<'_>) -> Answer {
        let Self { taken, instance } = self;
        let model = &taken.arm.variant().model;
        let result = content::answer(model, request.content_type, request.accept, request.body);
        // Before the request leaves the count: who sees that it has left sees the instance free.
        drop(instance);
        taken.finish(request, result)
    }
}
