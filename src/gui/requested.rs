//! Slow things as the frame sees them: not asked, pending (with the value before), done, failed. Polling never waits.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Wake, Waker};

use crate::util::promise::Promise;
use crate::workspace::CommandError;

/// Wakes the window when an answer has come.
struct Repaint(egui::Context);

impl Wake for Repaint {
    fn wake(self: Arc<Self>) {
        self.0.request_repaint();
    }
}

/// Asks a promise to wake the window when it has its answer; an answer that is there already is found by the poll that follows.
pub fn wake_on_answer<T: Clone>(ctx: &egui::Context, promise: &Promise<T>) {
    let waker = Waker::from(Arc::new(Repaint(ctx.clone())));
    let mut promise = promise.clone();
    if Pin::new(&mut promise).poll(&mut std::task::Context::from_waker(&waker)).is_ready() {
        ctx.request_repaint();
    }
}

/// Something asked for.
#[derive(Debug, Default)]
pub enum Requested<T, E = CommandError> {
    /// Not asked yet.
    #[default]
    NotAsked,
    /// Asked; the value before, if there was one.
    Pending {
        /// The answer to come.
        ticket: Promise<Result<T, E>>,
        /// What to show meanwhile.
        before: Option<T>,
    },
    /// Here.
    Done(T),
    /// Refused or failed.
    Failed(E),
}

/// What a frame can do with it.
#[derive(Debug)]
pub enum State<'a, T, E> {
    /// Not asked yet.
    NotAsked,
    /// On its way.
    Pending(Option<&'a T>),
    /// Here.
    Done(&'a T),
    /// Refused or failed.
    Failed(&'a E),
}

/// The answering side went away without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

impl From<Gone> for CommandError {
    fn from(_: Gone) -> Self {
        Self::Closing
    }
}

impl<T: Clone, E: Clone + From<Gone>> Requested<T, E> {
    /// Asks; the window wakes when the answer comes.
    pub fn ask(&mut self, ctx: &egui::Context, ticket: Promise<Result<T, E>>) {
        wake_on_answer(ctx, &ticket);
        let before = match std::mem::replace(self, Self::NotAsked) {
            Self::Done(value) | Self::Pending { before: Some(value), .. } => Some(value),
            _ => None,
        };
        *self = Self::Pending { ticket, before };
    }

    /// Looks whether the answer has come. `true` in the one frame in which it does.
    pub fn poll(&mut self) -> bool {
        let Self::Pending { ticket, .. } = self else { return false };
        let Some(answer) = ticket.poll_now() else { return false };
        *self = match answer {
            Ok(Ok(value)) => Self::Done(value),
            Ok(Err(why)) => Self::Failed(why),
            Err(_) => Self::Failed(Gone.into()),
        };
        true
    }

    /// Polls, then says how it stands.
    pub fn state(&mut self) -> State<'_, T, E> {
        self.poll();
        match self {
            Self::NotAsked => State::NotAsked,
            Self::Pending { before, .. } => State::Pending(before.as_ref()),
            Self::Done(value) => State::Done(value),
            Self::Failed(why) => State::Failed(why),
        }
    }

    /// Whether an answer is on its way.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Pending { .. })
    }

    /// Whether it was never asked.
    pub fn is_not_asked(&self) -> bool {
        matches!(self, Self::NotAsked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::promise::promise;

    #[test]
    fn an_answer_is_pending_then_done_and_the_old_value_stays_meanwhile() {
        let ctx = egui::Context::default();
        let mut asked: Requested<u8> = Requested::default();
        assert!(matches!(asked.state(), State::NotAsked));
        let (resolver, answer) = promise();
        asked.ask(&ctx, answer);
        assert!(matches!(asked.state(), State::Pending(None)));
        resolver.resolve(Ok(1));
        assert!(asked.poll() && !asked.poll());
        assert!(matches!(asked.state(), State::Done(1)));
        let (resolver, answer) = promise();
        asked.ask(&ctx, answer);
        assert!(matches!(asked.state(), State::Pending(Some(1))));
        drop(resolver);
        assert!(matches!(asked.state(), State::Failed(CommandError::Closing)));
    }
}
