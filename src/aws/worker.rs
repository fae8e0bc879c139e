//! The threads that answer: each with a runtime of its own, so that a request never moves between threads on its way. A runtime whose
//! threads share their work wakes a neighbour for almost every request, and that costs more than a prediction.

use std::convert::Infallible;
use std::future::pending;
use std::io::{self, Cursor};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::dispatch::Service;
use super::express;
use super::guard::Door;
use super::pulse::{Busy, Pulse, Watch};

/// Headers of a request; AWS's own clients send about a dozen.
const MOST_HEADERS: usize = 100;

/// Bytes of a head: a client that sends a longer one is told so. Presigned URLs with a session's token have some 2 KB.
const HEAD_BYTES: usize = 128 * 1024;

/// Threads for work that may block (disks), a worker.
const BLOCKING_THREADS: usize = 64;

/// All workers of a listener.
pub(super) struct Workers {
    workers: Vec<Worker>,
    watch: Watch,
}

/// A connection on its way to its worker.
type Handed = (std::net::TcpStream, Arc<Pulse>);

struct Worker {
    streams: UnboundedSender<Handed>,
    /// Connections that it has.
    load: Arc<AtomicUsize>,
    ended: oneshot::Receiver<()>,
}

impl Workers {
    /// Starts `count` threads.
    pub(super) fn start(count: usize, service: &Arc<Service>, grace: Duration) -> io::Result<Self> {
        let workers = (0..count).map(|number| Worker::start(number, Arc::clone(service), grace));
        Ok(Self { workers: workers.collect::<io::Result<_>>()?, watch: Watch::new(service.limits.head_time) })
    }

    /// Gives a connection to the worker that has the fewest.
    pub(super) fn hand_over(&mut self, stream: TcpStream) {
        // A stream that cannot leave its runtime, or whose worker is gone, is closed by being dropped.
        let Ok(stream) = stream.into_std() else { return };
        if let Some(worker) = self.workers.iter().min_by_key(|worker| worker.load.load(Ordering::Relaxed)) {
            let pulse = Arc::new(Pulse::default());
            self.watch.add(&pulse, Instant::now());
            worker.load.fetch_add(1, Ordering::Relaxed);
            if worker.streams.send((stream, pulse)).is_err() {
                worker.load.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// Whether there is a connection to watch.
    pub(super) fn has_connections(&self) -> bool {
        !self.watch.is_empty()
    }

    /// Ends connections that have been silent for too long. Done here, for all workers, because a worker with a timer of its own sets the
    /// system's alarm before each of its short sleeps.
    pub(super) fn end_silent(&mut self) {
        self.watch.round(Instant::now());
    }

    /// No more connections; returns when the requests under way are finished or cut off.
    pub(super) async fn end(self) {
        // First all are told, then all are waited for: their times of grace run side by side.
        let ended: Vec<_> = self.workers.into_iter().map(|Worker { ended, .. }| ended).collect();
        for end in ended {
            // A worker that is gone without a word has ended too.
            let _ = end.await;
        }
    }
}

impl Worker {
    fn start(number: usize, service: Arc<Service>, grace: Duration) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name(format!("serving-disk-{number}"))
            .build()?;
        let (streams, incoming) = unbounded_channel();
        let (done, ended) = oneshot::channel();
        let load = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&load);
        std::thread::Builder::new().name(format!("serving-worker-{number}")).spawn(move || {
            runtime.block_on(work(incoming, &service, &counted, grace));
            // Work on disks that nobody waits for any more is left behind.
            runtime.shutdown_background();
            let _ = done.send(());
        })?;
        Ok(Self { streams, load, ended })
    }
}

/// One connection less when it is dropped, however its task ends.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn work(
    mut incoming: UnboundedReceiver<Handed>,
    service: &Arc<Service>,
    load: &Arc<AtomicUsize>,
    grace: Duration,
) {
    let (end, ends) = watch::channel(());
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            biased;
            stream = incoming.recv() => stream,
            () = reap(&mut connections) => continue,
        };
        let Some((stream, pulse)) = stream else { break };
        let (service, ends, counted) = (Arc::clone(service), ends.clone(), Counted(Arc::clone(load)));
        let beating = Arc::clone(&pulse);
        let task = connections.spawn(async move {
            connection(stream, service, ends, beating).await;
            drop(counted);
        });
        pulse.is_of(task);
    }
    end.send_replace(());
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(grace, all).await.is_err() {
        tracing::warn!(left = connections.len(), "connections were cut off after the grace period");
    }
    connections.shutdown().await;
}

/// Waits for a connection to end.
async fn reap(connections: &mut JoinSet<()>) {
    if connections.join_next().await.is_none() {
        pending::<()>().await;
    }
}

async fn connection(
    stream: std::net::TcpStream,
    service: Arc<Service>,
    mut ends: watch::Receiver<()>,
    pulse: Arc<Pulse>,
) {
    // Without it, a small answer may wait 40 ms for the acknowledgement of the one before.
    let prepared = TcpStream::from_std(stream).and_then(|stream| {
        stream.set_nodelay(true)?;
        let local = stream.local_addr()?;
        Ok((stream, local))
    });
    let (stream, local) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return tracing::debug!(%error, "a connection was gone before it began"),
    };
    let door = Door::Port(local);
    let (stream, begun) = match express::serve(stream, &service, &door, &mut ends, &pulse).await {
        Ok(express::End::Else(stream, begun)) => (stream, begun),
        Ok(express::End::Over) => return,
        Err(error) => return tracing::debug!(%error, "a connection ended early"),
    };
    let (reader, writer) = stream.into_split();
    let stream = tokio::io::join(Cursor::new(begun).chain(reader), writer);
    let answer = service_fn(move |request| {
        let (service, door) = (Arc::clone(&service), door.clone());
        let busy = Busy::begin(&pulse);
        async move {
            let response = service.answer(request, &door).await;
            Ok::<_, Infallible>(busy.end(response))
        }
    });
    // Without hyper's own timer, which it sets anew for every request: silence is found by the watch.
    let served = http1::Builder::new()
        .max_headers(MOST_HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), answer);
    // For CONNECT; a connection on which nobody asks for it runs as without.
    let mut served = pin!(served.with_upgrades());
    let result = tokio::select! {
        biased;
        result = served.as_mut() => result,
        _ = ends.changed() => {
            // The request under way is finished; an idle connection ends at once.
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}
