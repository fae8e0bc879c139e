//! The listener: one TCP port, whose connections are handed to workers, and an end that finishes what it began.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::MissedTickBehavior;

use super::Wire;
use super::dispatch::Service;
use super::request_id::RequestIds;
use super::worker::Workers;

/// SageMaker's limit for the body of an invocation, bytes.
pub const BODY_BYTES: usize = 6_291_456;

/// Pause after an `accept` that failed for want of something (file descriptors, memory) that may come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How often connections that wait too long are looked for, within the time that they may.
const ROUNDS: u32 = 16;

/// More threads than this don't answer more: a prediction takes microseconds, and the models share the machine with training.
const MOST_WORKERS: usize = 8;

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
    ///
    /// # Errors
    /// The system gives no threads.
    pub async fn run(self, wire: Arc<Wire>, shutdown: impl Future<Output = ()>, grace: Duration) -> io::Result<()> {
        let service = Arc::new(Service { wire, limits: self.limits, ids: RequestIds::new() });
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let mut workers = Workers::start(cores.clamp(2, MOST_WORKERS), &service, grace)?;
        let mut shutdown = pin!(shutdown);
        let mut rounds = tokio::time::interval(self.limits.head_time / ROUNDS);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                // Without connections nothing ticks.
                _ = rounds.tick(), if workers.has_connections() => workers.end_silent(),
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, _)) => workers.hand_over(stream),
                    Err(error) if is_connections_own(&error) => {}
                    Err(error) => {
                        tracing::warn!(%error, "no connection could be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(self.socket);
        workers.end().await;
        Ok(())
    }
}

/// Whether `accept` failed because of the connection that it took, which says nothing about the next one.
fn is_connections_own(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
