//! Who may talk to the port: programs of this machine, and no web page of somebody else's. A page that a browser on this machine shows could
//! reach any local port; what gives it away is the `Host` it thinks it talks to (DNS rebinding) or the `Origin` it comes from.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{HOST, HeaderMap, ORIGIN};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;

use super::errors::WireError;

/// How a request came in.
#[derive(Clone, Debug)]
pub enum Door {
    /// At the port; this is the address that the connection was made to.
    Port(SocketAddr),
    /// Through the proxy, inside a connection to a host that is ended here.
    Inside {
        /// In lower case.
        host: Arc<str>,
    },
}

impl Door {
    /// The region that a host stands for, where the request came to a host of AWS's.
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Port(_) => None,
            Self::Inside { host, .. } => match host.split('.').collect::<Vec<_>>()[..] {
                [_, region, "amazonaws", "com"] => Some(region),
                // The global address.
                _ => Some("us-east-1"),
            },
        }
    }
}

/// Lets a request in, or says why not.
///
/// # Errors
/// 403 for a foreign name or origin, 400 for a request that names no host.
pub fn admit(request: &Parts, door: &Door) -> Result<(), WireError> {
    let host = host(request)?;
    let known = match door {
        Door::Port(local) => is_ours(host, *local),
        Door::Inside { host: ended, .. } => without_port(host).eq_ignore_ascii_case(ended),
    };
    if !known {
        return Err(refused(match door {
            Door::Port(local) if local.ip().to_canonical().is_loopback() => format!(
                "Host {host} is not a name of this machine: use http://localhost:{} or http://127.0.0.1:{0}",
                local.port()
            ),
            Door::Port(local) => format!(
                "Host {host} is not the address that this connection was made to: use http://{}",
                SocketAddr::new(local.ip().to_canonical(), local.port())
            ),
            Door::Inside { host: ended, .. } => {
                format!("Host {host} is not {ended}, which this connection was made to")
            }
        }));
    }
    let mut origins = request.headers.get_all(ORIGIN).iter();
    let (origin, another) = (origins.next(), origins.next());
    let ours = match (origin, door) {
        _ if another.is_some() => false,
        (None, _) => !is_cross_site(&request.headers),
        (Some(origin), Door::Port(local)) => origin.to_str().is_ok_and(|origin| {
            origin
                .strip_prefix("http://")
                .is_some_and(|origin| port_of(origin) == Some(local.port()) && is_ours(origin, *local))
        }),
        (Some(_), Door::Inside { .. }) => false,
    };
    if ours {
        return Ok(());
    }
    Err(refused("A web page of another origin may not call this workspace".to_owned()))
}

/// The one host that a request names. Two that differ would be checked in one place and believed in another.
fn host(request: &Parts) -> Result<&str, WireError> {
    let bad = |message: &str| Err(WireError::new(StatusCode::BAD_REQUEST, "InvalidRequest", message));
    let mut headers = request.headers.get_all(HOST).iter();
    let (header, another) = (headers.next(), headers.next());
    if another.is_some() {
        return bad("The request has more than one Host header");
    }
    let header = match header.map(|value| value.to_str()) {
        Some(Err(_)) => return bad("The request's Host header is no host"),
        Some(Ok(header)) => Some(header),
        None => None,
    };
    match (request.uri.authority().map(Authority::as_str), header) {
        (Some(named), Some(header)) if !named.eq_ignore_ascii_case(header) => {
            bad("The request's address and its Host header name different hosts")
        }
        (Some(host), _) | (None, Some(host)) => Ok(host),
        (None, None) => bad("The request has no Host header"),
    }
}

/// Whether a browser says that a page of another origin makes it ask. Browsers say so of links, pictures and forms too, which carry no
/// `Origin`; nothing but a browser sends the header.
pub fn is_cross_site(headers: &HeaderMap) -> bool {
    headers.get_all("sec-fetch-site").iter().any(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"))
}

fn refused(message: String) -> WireError {
    WireError::new(StatusCode::FORBIDDEN, "AccessDeniedException", message)
}

/// Whether `host`, with or without a port, names this machine: `localhost`, a name below it (which resolves to this machine by RFC 6761),
/// a loopback address, or the very address that the connection was made to. Addresses can't be rebound, only names can.
pub(super) fn is_ours(host: &str, local: SocketAddr) -> bool {
    let name = without_port(host);
    let name = name.strip_suffix('.').unwrap_or(name);
    if let Ok(address) = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        // Canonical: a socket for both families shows IPv4 addresses inside IPv6 ones.
        return address.is_loopback() || address == local.ip().to_canonical();
    }
    // Nothing but a name: what else an address can hold (a user, a path) is not to end in one.
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return false;
    }
    let Some(at) = name.len().checked_sub("localhost".len()) else {
        return false;
    };
    name[at..].eq_ignore_ascii_case("localhost") && (at == 0 || name.as_bytes()[at - 1] == b'.')
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // Colons inside the brackets of an IPv6 address are no port.
        Some((name, port))
            if port.bytes().all(|b| b.is_ascii_digit()) && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => host,
    }
}

/// The port of an http origin, 80 when it names none.
fn port_of(origin: &str) -> Option<u16> {
    let name = without_port(origin);
    if name.len() == origin.len() { Some(80) } else { origin[name.len() + 1..].parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(headers: &[(&str, &str)]) -> Result<(), u16> {
        let mut request = hyper::Request::builder().uri("/ping");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let local = SocketAddr::from(([127, 0, 0, 1], 8770));
        admit(&request.body(()).unwrap().into_parts().0, &Door::Port(local)).map_err(|error| error.status.as_u16())
    }

    #[test]
    fn names_of_this_machine_are_let_in() {
        for host in [
            "localhost",
            "localhost:8770",
            "LocalHost:1",
            "localhost.:8770",
            "bucket.localhost:8770",
            "127.0.0.1:8770",
            "127.9.8.7",
            "[::1]:8770",
            "[::1]",
        ] {
            assert_eq!(admitted(&[("host", host)]), Ok(()), "{host}");
        }
    }

    #[test]
    fn foreign_names_are_not() {
        for host in [
            "",
            "evil.example",
            "evil.example:8770",
            "notlocalhost",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1:8770",
            "0.0.0.0:8770",
            "2130706433",
            "evil.example/.localhost",
            "evil.example#.localhost",
            "evil.example@localhost",
            "a@b.localhost",
            "localhost:8770@evil.example",
            "localhost:8770.evil.example",
            "[::ffff:10.0.0.1]:8770",
        ] {
            assert_eq!(admitted(&[("host", host)]), Err(403), "{host}");
        }
        assert_eq!(admitted(&[]), Err(400));
        assert_eq!(admitted(&[("host", "élocalhost")]), Err(400), "no name at all");
    }

    #[test]
    fn a_request_names_one_host() {
        let asked = |uri: &str, headers: &[(&str, &str)]| {
            let request = hyper::Request::builder().uri(uri);
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            let local = SocketAddr::from(([127, 0, 0, 1], 8770));
            admit(&request.body(()).unwrap().into_parts().0, &Door::Port(local)).map_err(|error| error.status.as_u16())
        };
        let ours = ("host", "localhost:8770");
        assert_eq!(asked("/", &[ours, ours]), Err(400), "twice");
        assert_eq!(asked("/", &[ours, ("host", "evil.example")]), Err(400));
        assert_eq!(asked("http://localhost:8770/", &[ours]), Ok(()));
        assert_eq!(asked("http://LOCALHOST:8770/", &[ours]), Ok(()));
        assert_eq!(asked("http://localhost:8770/", &[]), Ok(()), "HTTP/1.0 through a proxy");
        assert_eq!(asked("http://evil.example/", &[ours]), Err(400));
        assert_eq!(asked("http://localhost:8770/", &[("host", "evil.example")]), Err(400));
        assert_eq!(asked("http://evil.example/", &[("host", "evil.example")]), Err(403));
        assert_eq!(asked("http://evil.example/", &[]), Err(403));
        assert_eq!(asked("http://x@localhost:8770/", &[]), Err(403));
    }

    #[test]
    fn what_pages_can_send_without_a_preflight_is_refused() {
        // A form, a WebSocket, a preflight, a picture: each as a browser sends it from somebody else's page.
        let ours = ("host", "127.0.0.1:8770");
        for headers in [
            &[ours, ("origin", "null"), ("content-type", "text/plain")][..],
            &[ours, ("origin", "http://evil.example"), ("upgrade", "websocket"), ("connection", "upgrade")],
            &[ours, ("origin", "http://evil.example"), ("access-control-request-method", "PUT")],
            &[ours, ("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "image")],
            &[ours, ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
            &[ours, ("origin", "http://127.0.0.1:8770"), ("origin", "http://evil.example")],
        ] {
            assert_eq!(admitted(headers), Err(403), "{headers:?}");
        }
    }

    #[test]
    fn the_address_that_was_dialled_is_let_in() {
        let local = SocketAddr::from(([192, 168, 7, 7], 8770));
        assert!(is_ours("192.168.7.7:8770", local) && !is_ours("192.168.7.8:8770", local));
        let mapped: SocketAddr = "[::ffff:192.168.7.7]:8770".parse().unwrap();
        assert!(is_ours("192.168.7.7:8770", mapped));
    }

    #[test]
    fn only_our_own_origin_is_let_in() {
        let from = |origin| admitted(&[("host", "localhost:8770"), ("origin", origin)]);
        assert_eq!(from("http://localhost:8770"), Ok(()));
        assert_eq!(from("http://127.0.0.1:8770"), Ok(()));
        for foreign in
            ["null", "http://localhost", "http://localhost:3000", "https://localhost:8770", "http://evil.example:8770"]
        {
            assert_eq!(from(foreign), Err(403), "{foreign}");
        }
    }

    #[test]
    fn what_a_browser_says_of_other_sites_is_heard() {
        let from = |site| admitted(&[("host", "localhost:8770"), ("sec-fetch-site", site)]);
        assert_eq!((from("same-origin"), from("none")), (Ok(()), Ok(())));
        for foreign in ["cross-site", "same-site", "", "anything"] {
            assert_eq!(from(foreign), Err(403), "{foreign}");
        }
    }

    #[test]
    fn behind_an_ended_host_only_that_host_is_known() {
        let door = Door::Inside { host: "sts.amazonaws.com".into() };
        let inside = |headers: &[(&str, &str)]| {
            let request = hyper::Request::builder().uri("/");
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            admit(&request.body(()).unwrap().into_parts().0, &door).map_err(|error| error.status.as_u16())
        };
        assert_eq!(inside(&[("host", "STS.amazonaws.com:443")]), Ok(()));
        for host in ["localhost:8770", "sts.us-east-1.amazonaws.com", "evil.example"] {
            assert_eq!(inside(&[("host", host)]), Err(403), "{host}");
        }
        let host = ("host", "sts.amazonaws.com");
        assert_eq!(inside(&[host, ("origin", "https://sts.amazonaws.com")]), Err(403));
        assert_eq!(inside(&[host, ("sec-fetch-site", "cross-site")]), Err(403));
    }
}
