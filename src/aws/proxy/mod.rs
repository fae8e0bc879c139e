//! The proxy on the same port, for clients that build STS's address themselves and heed no other setting: `CONNECT sts.*.amazonaws.com:443`
//! is ended here and answered by our own STS; the SDK's telemetry is refused; everything else is passed through untouched.

mod authority;
mod tunnel;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::ORIGIN;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

pub use authority::{Authority, AuthorityError};

use super::answer::{Payload, Response};
use super::dispatch::Service;
use super::errors::WireError;
use super::guard::{self, Door};
use crate::domain::time::Timestamp;

/// Time for a TLS handshake, and for a connection to the outside.
const SETUP: Duration = Duration::from_secs(10);

/// What goes on in a connection of its own.
type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What becomes of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Road {
    /// Ended here.
    Sts,
    /// Refused.
    Telemetry,
    /// Passed through.
    Outside,
}

impl Road {
    fn to(host: &str) -> Self {
        let region = host.strip_prefix("sts.").and_then(|rest| rest.strip_suffix("amazonaws.com"));
        let is_region = |region: &str| {
            region.strip_suffix('.').is_some_and(|region| {
                !region.is_empty() && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            })
        };
        match region {
            Some(region) if region.is_empty() || is_region(region) => Self::Sts,
            _ if host.starts_with("sm-pysdk-t-") && host.ends_with(".amazonaws.com") => Self::Telemetry,
            _ => Self::Outside,
        }
    }
}

/// Answers a `CONNECT` that came to `local`; what follows in the connection goes on in a task of its own.
///
/// # Errors
/// 403 for other machines, web pages and the SDK's telemetry; 400 for a target without a port; 502 and 504 for an outside that can't be
/// reached.
pub(super) async fn connect(
    service: &Arc<Service>,
    request: Request<Incoming>,
    local: SocketAddr,
) -> Result<Response, WireError> {
    let refused = |message: String| Err(WireError::new(StatusCode::FORBIDDEN, "AccessDeniedException", message));
    if !local.ip().to_canonical().is_loopback() {
        return refused("The proxy serves programs of this machine only: use http://127.0.0.1".to_owned());
    }
    if request.headers().contains_key(ORIGIN) || guard::is_cross_site(request.headers()) {
        return refused("A web page may not use the proxy".to_owned());
    }
    let authority = request.uri().authority();
    let Some((host, port)) = authority.and_then(|a| Some((a.host().to_ascii_lowercase(), a.port_u16()?))) else {
        let message = "CONNECT needs a host and a port, such as example.org:443";
        return Err(WireError::new(StatusCode::BAD_REQUEST, "InvalidRequest", message));
    };
    match Road::to(&host) {
        Road::Telemetry => refused(format!("{host} takes the SDK's telemetry, which is not sent from here")),
        Road::Sts if port == 443 => end(service, request, host).await,
        Road::Sts | Road::Outside => pass(request, host, port).await,
    }
}

/// Ends TLS here and answers what is inside.
async fn end(service: &Arc<Service>, request: Request<Incoming>, host: String) -> Result<Response, WireError> {
    let config = certificate(service, &host).await?;
    let service = Arc::clone(service);
    after(request, move |upgraded| inside(service, upgraded, config, host));
    Ok(Response::new(Payload::empty()))
}

async fn certificate(service: &Arc<Service>, host: &str) -> Result<Arc<ServerConfig>, WireError> {
    let wire = Arc::clone(&service.wire);
    let name = host.to_owned();
    let made = tokio::task::spawn_blocking(move || {
        let now = Timestamp(wire.serving.clock().wall_ms());
        wire.authority.as_ref().map(|authority| authority.config_for(&name, now))
    });
    let why = match made.await {
        Ok(Some(Ok(config))) => return Ok(config),
        Ok(Some(Err(error))) => error.to_string(),
        Ok(None) => "this workspace has no certificate authority; its log says why".to_owned(),
        Err(error) => error.to_string(),
    };
    tracing::warn!("{host} cannot be answered: {why}");
    Err(WireError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "ServiceUnavailable",
        format!("{host} cannot be answered: {why}"),
    ))
}

/// Answers what is inside. Boxed, because the function that answers it is the very one that led here.
fn inside(service: Arc<Service>, upgraded: Upgraded, config: Arc<ServerConfig>, host: String) -> Task {
    Box::pin(async move {
        let handshake = TlsAcceptor::from(config).accept(TokioIo::new(upgraded));
        let stream = match timeout(SETUP, handshake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(%error, host, "a client would not have our certificate"),
            Err(_) => return tracing::debug!(host, "a TLS handshake took too long"),
        };
        let head_time = service.limits.head_time;
        let door = Door::Inside { host: host.into() };
        let answer = service_fn(move |request| {
            let (service, door) = (Arc::clone(&service), door.clone());
            async move { Ok::<_, Infallible>(service.answer(request, &door).await) }
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head_time)
            .serve_connection(TokioIo::new(stream), answer);
        if let Err(error) = served.await {
            tracing::debug!(%error, "a connection through the proxy ended early");
        }
    })
}

/// Connects to the outside, then carries bytes.
async fn pass(request: Request<Incoming>, host: String, port: u16) -> Result<Response, WireError> {
    let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let outside = match timeout(SETUP, TcpStream::connect((name, port))).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            let message = format!("No connection to {host}:{port}: {error}");
            return Err(WireError::new(StatusCode::BAD_GATEWAY, "BadGateway", message));
        }
        Err(_) => {
            let message = format!("No connection to {host}:{port} within {} s", SETUP.as_secs());
            return Err(WireError::new(StatusCode::GATEWAY_TIMEOUT, "GatewayTimeout", message));
        }
    };
    // Small pieces of a handshake go out as they come; without it they only wait.
    let _ = outside.set_nodelay(true);
    after(request, move |upgraded| tunnel::run(TokioIo::new(upgraded), outside, tunnel::IDLE));
    Ok(Response::new(Payload::empty()))
}

/// Goes on with the connection once the client has read that it may.
fn after<F: Future<Output = ()> + Send + 'static>(
    request: Request<Incoming>,
    next: impl FnOnce(Upgraded) -> F + Send + 'static,
) {
    tokio::spawn(async move {
        match hyper::upgrade::on(request).await {
            Ok(upgraded) => next(upgraded).await,
            Err(error) => tracing::debug!(%error, "a client left before its tunnel was there"),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_go_their_road() {
        for host in ["sts.amazonaws.com", "sts.us-east-1.amazonaws.com", "sts.ap-southeast-2.amazonaws.com"] {
            assert_eq!(Road::to(host), Road::Sts, "{host}");
        }
        assert_eq!(Road::to("sm-pysdk-t-us-west-2.s3.us-west-2.amazonaws.com"), Road::Telemetry);
        for host in [
            "sts.evilamazonaws.com",
            "sts.amazonaws.com.evil.example",
            "sts.a.b.amazonaws.com",
            "sts..amazonaws.com",
            "xsts.us-east-1.amazonaws.com",
            "sm-pysdk-t-x.example",
            "pypi.org",
            "[::1]",
        ] {
            assert_eq!(Road::to(host), Road::Outside, "{host}");
        }
    }
}
