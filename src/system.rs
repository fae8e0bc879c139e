//! The composition root: opens store → engine → serving → listener, and shuts them down in the opposite order under one grace period.

mod look;

pub use look::look;

pub use crate::aws::WireOptions;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use tokio::sync::oneshot;

use crate::aws::sigv4::headers_of_get;
use crate::aws::{Authority, BindError, Listener, Wire};
use crate::domain::access_key::AccessKey;
use crate::domain::time::Timestamp;
use crate::engine::{Engine, EngineOptions};
use crate::serving::Serving;
use crate::store::Store;
use crate::util::clock::Clock;
use crate::util::seed::Rng;
use crate::workspace::Workspace;

/// The port that the console asks for when nobody names one.
pub const DEFAULT_PORT: u16 = 8770;

/// How long endpoints of the last run may take to come back before the listener opens without the missing ones.
const RESTORE_LIMIT: Duration = Duration::from_mins(2);

/// How a system is set up.
#[derive(Clone, Debug)]
pub struct SystemOptions {
    /// The workspace's folder; made where it is missing.
    pub folder: PathBuf,
    /// Where to listen. Port 0 takes any free one.
    pub bind: SocketAddr,
    /// Take any free port when this one is in use, instead of failing. For a port that nobody asked for by name.
    pub any_port_if_taken: bool,
    /// Time.
    pub clock: Clock,
    /// Seed of the router's draws; equal seeds draw equal sequences.
    pub seed: u64,
    /// How the wire behaves.
    pub wire: WireOptions,
    /// How long [`System::shutdown`] waits for requests and jobs.
    pub grace: Duration,
}

impl Default for SystemOptions {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("counterpoise-data"),
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)),
            any_port_if_taken: true,
            clock: Clock::system(),
            seed: Rng::from_os().next_u64(),
            wire: WireOptions::default(),
            grace: Duration::from_secs(10),
        }
    }
}

/// A running workspace with its listener. Dropped without [`System::shutdown`], it shuts down all the same.
pub struct System {
    store: Option<Store>,
    engine: Arc<Engine>,
    address: SocketAddr,
    wanted_port: u16,
    requires_signature: bool,
    grace: Duration,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl System {
    /// Opens everything and returns when the listener accepts and every endpoint that served before serves again (or says why not).
    ///
    /// # Errors
    /// The folder can't be opened (another process has it, for example), or the port can't be had.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "options are made for one start; a reference would only add a word"
    )]
    pub fn start(options: SystemOptions) -> anyhow::Result<Self> {
        let opened = Store::open(&options.folder, &options.clock)?;
        let store = opened.store;
        let captured = store.folder().join("capture");
        let serving = Serving::with_capture(options.clock.clone(), options.seed, Some(captured));
        // The port comes first, so that a port that can't be had stops nothing that was begun; nothing is accepted yet.
        let bound = bind(options.bind, options.any_port_if_taken, options.grace)?;
        let engine_options =
            EngineOptions { restored: opened.restored, mended: opened.mended, ..EngineOptions::default() };
        let engine = Engine::start(store.clone(), Arc::clone(&serving), options.clock.clone(), engine_options)
            .context("the workspace could not be started")?;
        let address = bound.address;
        let mut wire_options = options.wire;
        wire_options.require_signature |= !address.ip().is_loopback();
        let system = Self {
            store: Some(store.clone()),
            engine: Arc::clone(&engine),
            address,
            wanted_port: options.bind.port(),
            requires_signature: wire_options.require_signature,
            grace: options.grace,
            stop: Some(bound.stop),
            thread: Some(bound.thread),
        };
        if !engine.wait_restored(RESTORE_LIMIT) {
            tracing::warn!("some endpoints are still being loaded; the listener opens without them");
        }
        let now = Timestamp(options.clock.wall_ms());
        // Everything but STS through the proxy works without it, so a workspace opens all the same.
        let authority = Authority::open(store.folder(), now)
            .inspect_err(|error| tracing::warn!("clients that make STS's address themselves can't be served: {error}"))
            .ok();
        let ca_bundle = authority.as_ref().map(Authority::bundle);
        let wire =
            Wire::new(serving, Arc::clone(&engine) as Arc<dyn Workspace>, wire_options).with_authority(authority);
        bound.go.send(Arc::new(wire)).map_err(|_| anyhow!("the listener's thread ended before it began"))?;
        engine.set_base_url(format!("http://{}", reachable(address)), ca_bundle);
        if let Some(port) = system.moved_from() {
            tracing::warn!("port {port} is in use, so the listener took {}", address.port());
        }
        Ok(system)
    }

    /// The workspace: what the window and the command line speak to.
    pub fn workspace(&self) -> Arc<dyn Workspace> {
        Arc::clone(&self.engine) as Arc<dyn Workspace>
    }

    /// Where the listener accepts.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether every request must be signed with the workspace's key.
    pub fn requires_signature(&self) -> bool {
        self.requires_signature
    }

    /// The port that was wanted, when it was taken and another one is used. Worth telling the person.
    pub fn moved_from(&self) -> Option<u16> {
        (self.wanted_port != 0 && self.wanted_port != self.address.port()).then_some(self.wanted_port)
    }

    /// Ends everything in order: no new connections, requests finish, training is interrupted so that it begins again at the next start,
    /// a backup is written. Takes at most about the grace period.
    ///
    /// # Errors
    /// The last backup could not be written.
    pub fn shutdown(mut self) -> anyhow::Result<()> {
        self.stop_all()
    }

    fn stop_all(&mut self) -> anyhow::Result<()> {
        let Some(store) = self.store.take() else { return Ok(()) };
        let deadline = Instant::now() + self.grace;
        // Traffic tests end before the listener they talk to, so that its end is not counted as their failures.
        self.engine.begin_shutdown(self.grace);
        if let Some(stop) = self.stop.take() {
            // A listener that has ended by itself needs no order.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the listener's thread ended with a panic");
        }
        self.engine.shutdown(deadline.saturating_duration_since(Instant::now()));
        store.close().context("the workspace's last backup could not be written")
    }
}

impl Drop for System {
    fn drop(&mut self) {
        if let Err(error) = self.stop_all() {
            tracing::error!("{error:#}");
        }
    }
}

/// The headers that sign a GET of a page of a running workspace, `host` being its `host:port`.
pub fn signed_get(host: &str, path: &str, key: &AccessKey, region: &str) -> Vec<(String, String)> {
    headers_of_get(host, path, key, region, "sagemaker", Timestamp(Clock::system().wall_ms()))
}

/// The address that a program of this machine reaches the listener at.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// A bound port, with its thread waiting for the word.
struct Bound {
    address: SocketAddr,
    go: oneshot::Sender<Arc<Wire>>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// Binds on a thread of its own with its own runtime, which then waits for the wire and serves it.
fn bind(address: SocketAddr, any_port_if_taken: bool, grace: Duration) -> anyhow::Result<Bound> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the serving runtime could not be started")?;
    let listener = runtime.block_on(async {
        match Listener::bind(address).await {
            Err(BindError::InUse(_)) if any_port_if_taken => Listener::bind(SocketAddr::new(address.ip(), 0)).await,
            other => other,
        }
    })?;
    let address = listener.address();
    let (go, wire) = oneshot::channel::<Arc<Wire>>();
    let (stop, stopped) = oneshot::channel::<()>();
    let serve = move || {
        runtime.block_on(async move {
            // Dropped without a word: the start failed, and the port is given back.
            let Ok(wire) = wire.await else { return };
            let shutdown = async {
                // A sender that is gone says the same as one that speaks.
                let _ = stopped.await;
            };
            if let Err(error) = listener.run(wire, shutdown, grace).await {
                tracing::error!("the listener could not start its workers: {error}");
            }
        });
    };
    let thread = std::thread::Builder::new()
        .name("serving".to_owned())
        .spawn(serve)
        .context("the serving thread could not be started")?;
    Ok(Bound { address, go, stop, thread })
}
