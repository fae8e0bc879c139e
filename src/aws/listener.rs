//! The listener: one TCP port, HTTP/1.1, every connection a task of its own, and an end that finishes what it began.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Wire;
use super::dispatch::Service;
use super::request_id::RequestIds;

/// SageMaker's limit for the body of an invocation, bytes.
pub const BODY_BYTES: usize = 6_291_456;

/// Pause after an `accept` that failed for want of something (file descriptors, memory) that may come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a client may ask of the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Time for a body to arrive.
    pub body_time: Duration,
    /// Time for the head of a request to arrive; also how long a kept connection may idle.
    pub head_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: BODY_BYTES, body_time: Duration::from_mins(1), head_time: Duration::from_mins(1) }
    }
}

/// The port can't be had.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody has it.
    #[error(
        "Port {0} is in use by another program (another Counterpoise, perhaps): stop it, or choose another port with --port, or 0 for any free one"
    )]
    InUse(u16),
    /// The system doesn't allow it.
    #[error("Port {0} may not be used by this user: choose one above 1023 with --port, or 0 for any free one")]
    Denied(u16),
    /// Something else.
    #[error("{address} cannot be listened on: {source}")]
    Other {
        /// What was asked for.
        address: SocketAddr,
        /// The system's words.
        source: io::Error,
    },
}

/// A bound port, not yet answering.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    limits: Limits,
}

impl Listener {
    /// Takes the port; port 0 takes any free one.
    ///
    /// # Errors
    /// See [`BindError`].
    pub async fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse(address.port()),
            io::ErrorKind::PermissionDenied => BindError::Denied(address.port()),
            _ => BindError::Other { address, source },
        };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { socket, address, limits: Limits::default() })
    }

    /// With other limits than SageMaker's.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The address that clients reach it at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts and answers until `shutdown` completes. Then takes no new connection, lets the requests under way finish for at most
    /// `grace`, and cuts off what is left.
    pub async fn run(self, wire: Arc<Wire>, shutdown: impl Future<Output = ()>, grace: Duration) {
        let service = Arc::new(Service { wire, limits: self.limits, ids: RequestIds::new() });
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(connection(stream, Arc::clone(&service), graceful.watcher()));
                    }
                    Err(error) if is_connections_own(&error) => {}
                    Err(error) => {
                        tracing::warn!(%error, "no connection could be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
        drop(self.socket);
        if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
            tracing::warn!(left = connections.len(), "connections were cut off after the grace period");
        }
        connections.shutdown().await;
    }
}

/// Whether `accept` failed because of the connection that it took, which says nothing about the next one.
fn is_connections_own(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(stream: TcpStream, service: Arc<Service>, watcher: Watcher) {
    // Without it, a small answer may wait 40 ms for the acknowledgement of the one before.
    let prepared = stream.set_nodelay(true).and_then(|()| stream.local_addr());
    let local = match prepared {
        Ok(local) => local,
        Err(error) => return tracing::debug!(%error, "a connection was gone before it began"),
    };
    let limits = service.limits;
    let answer = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(service.answer(request, local).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = watcher.watch(served).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
