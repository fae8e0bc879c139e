//! Connections that keep a worker waiting: how they are found, without a timer for every request.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::answer::{Payload, PayloadError, Response, Stream};

/// A connection's sign of life. Counts up when a request begins and when it is answered, so that it is even between requests.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    count: AtomicU64,
    /// The connection's task, once it runs.
    task: OnceLock<AbortHandle>,
}

impl Pulse {
    /// Says whose pulse it is.
    pub(super) fn is_of(&self, task: AbortHandle) {
        // Said once; a second word would be about another connection.
        let _ = self.task.set(task);
    }
}

/// A request that is being answered.
pub(super) struct Busy(Arc<Pulse>);

impl Busy {
    /// From the moment that its head is here.
    pub(super) fn begin(pulse: &Arc<Pulse>) -> Self {
        pulse.count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(pulse))
    }

    /// The answer is on its way. One that comes in pieces shows with each of them that it goes on; a client that takes none for too long
    /// is as silent as one that asks for nothing.
    pub(super) fn end(self, answer: Response) -> Response {
        answer.map(|payload| match payload {
            Payload::Stream(stream) => Payload::Stream(Box::pin(Beating { stream, pulse: Arc::clone(&self.0) })),
            whole @ Payload::Whole(_) => whole,
        })
    }
}

struct Beating {
    stream: Stream,
    pulse: Arc<Pulse>,
}

impl Body for Beating {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        let beating = self.get_mut();
        let polled = beating.stream.as_mut().poll_frame(cx);
        if polled.is_ready() {
            // By two: it stays even, as between requests.
            beating.pulse.count.fetch_add(2, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.stream.size_hint()
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Ends connections between whose requests too much time passes: those that say nothing, and those that send a head byte by byte.
/// What a request does after its head is timed by whoever reads its body.
#[derive(Debug)]
pub(super) struct Watch {
    patience: Duration,
    watched: Vec<Watched>,
}

#[derive(Debug)]
struct Watched {
    pulse: Weak<Pulse>,
    /// The count when it was last looked at, and since when it has been that.
    seen: u64,
    since: Instant,
}

impl Watch {
    /// Ends what is silent for longer than `patience`.
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, watched: Vec::new() }
    }

    /// One more connection, whose first request is awaited from now on.
    pub(super) fn add(&mut self, pulse: &Arc<Pulse>, now: Instant) {
        self.watched.push(Watched { pulse: Arc::downgrade(pulse), seen: 0, since: now });
    }

    /// Whether nothing is watched.
    pub(super) fn is_empty(&self) -> bool {
        self.watched.is_empty()
    }

    /// Looks at every connection once.
    pub(super) fn round(&mut self, now: Instant) {
        self.watched.retain_mut(|watched| {
            let Some(pulse) = watched.pulse.upgrade() else { return false };
            let count = pulse.count.load(Ordering::Relaxed);
            if count != watched.seen {
                (watched.seen, watched.since) = (count, now);
            }
            let waits = count.is_multiple_of(2) && now.duration_since(watched.since) >= self.patience;
            match pulse.task.get() {
                Some(task) if waits => {
                    task.abort();
                    false
                }
                _ => true,
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_silent_connection_is_ended_and_a_busy_one_is_not() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut watch = Watch::new(Duration::from_secs(10));
        let (silent, busy, talking) =
            (Arc::new(Pulse::default()), Arc::new(Pulse::default()), Arc::new(Pulse::default()));
        let tasks: Vec<_> = [&silent, &busy, &talking]
            .map(|pulse| {
                let task = tokio::spawn(std::future::pending::<()>());
                watch.add(pulse, start);
                pulse.is_of(task.abort_handle());
                task
            })
            .into();
        let request = Busy::begin(&busy);
        watch.round(after(9));
        drop(Busy::begin(&talking));
        watch.round(after(11));
        let ended = |watch: &Watch| 3 - watch.watched.len();
        assert_eq!(ended(&watch), 1, "the silent one");
        drop(request);
        watch.round(after(15));
        assert_eq!(ended(&watch), 1, "the answer began a new wait");
        watch.round(after(30));
        assert_eq!(ended(&watch), 3);
        for task in tasks {
            assert!(task.await.unwrap_err().is_cancelled());
        }
    }

    #[test]
    fn connections_that_are_gone_are_forgotten() {
        let mut watch = Watch::new(Duration::from_secs(10));
        let pulse = Arc::new(Pulse::default());
        let now = Instant::now();
        watch.add(&pulse, now);
        drop(pulse);
        watch.round(now);
        assert!(watch.is_empty());
    }
}
