//! Which request goes where: the table of paths that this port answers.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};

use super::errors::WireError;
use super::listener::Limits;
use super::request_id::RequestIds;
use super::{Response, Wire, guard, metrics, runtime};

/// The header that names a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// What all connections share.
pub struct Service {
    pub(super) wire: Arc<Wire>,
    pub(super) limits: Limits,
    pub(super) ids: RequestIds,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route<'a> {
    Ping,
    Metrics,
    Invoke { endpoint: &'a str },
}

/// What is at a path.
fn route(path: &str) -> Option<Route<'_>> {
    match path {
        "/ping" => Some(Route::Ping),
        "/metrics" => Some(Route::Metrics),
        _ => {
            let endpoint = path.strip_prefix("/endpoints/")?.strip_suffix("/invocations")?;
            (!endpoint.is_empty() && !endpoint.contains('/')).then_some(Route::Invoke { endpoint })
        }
    }
}

impl Route<'_> {
    /// The methods that it takes.
    fn allows(self) -> &'static [Method] {
        match self {
            Self::Ping | Self::Metrics => &[Method::GET, Method::HEAD],
            Self::Invoke { .. } => &[Method::POST],
        }
    }
}

impl Service {
    /// Answers one request. `local` is the address that the connection was made to.
    pub async fn answer(&self, request: Request<Incoming>, local: SocketAddr) -> Response {
        let (parts, body) = request.into_parts();
        let result = match guard::admit(&parts, local) {
            Err(refused) => Err(refused),
            Ok(()) => match route(parts.uri.path()) {
                None => Err(self.unknown_path(&parts.method, parts.uri.path())),
                Some(found) if !found.allows().contains(&parts.method) => Ok(wrong_method(found)),
                Some(Route::Ping) => Ok(text("", "text/plain; charset=utf-8")),
                Some(Route::Metrics) => Ok(text(metrics::write(&self.wire.serving), metrics::CONTENT_TYPE)),
                Some(Route::Invoke { endpoint }) => {
                    runtime::invoke(&self.wire, &self.limits, endpoint, &parts.headers, body).await
                }
            },
        };
        let mut response = result.unwrap_or_else(WireError::into_response);
        response.headers_mut().insert(REQUEST_ID, self.ids.next());
        response
    }

    fn unknown_path(&self, method: &Method, path: &str) -> WireError {
        let endpoints = self.wire.serving.endpoints();
        let shown: Vec<&str> = endpoints.iter().take(5).map(String::as_str).collect();
        let serving = match endpoints.len() {
            0 => "no endpoint serves yet".to_owned(),
            n if n > shown.len() => format!("endpoints in service: {} and {} more", shown.join(", "), n - shown.len()),
            _ => format!("endpoints in service: {}", shown.join(", ")),
        };
        let message = format!(
            "{method} {path} is not here. Here are POST /endpoints/NAME/invocations ({serving}), GET /ping and GET /metrics"
        );
        WireError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
    }
}

fn text(body: impl Into<Bytes>, content_type: &'static str) -> Response {
    let mut response = Response::new(Full::new(body.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn wrong_method(route: Route<'_>) -> Response {
    let allowed = route.allows().iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let message = format!("This path takes {allowed}");
    let error = WireError::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowedException", message);
    let mut response = error.into_response();
    if let Ok(value) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(ALLOW, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_where_they_should() {
        assert_eq!(route("/ping"), Some(Route::Ping));
        assert_eq!(route("/metrics"), Some(Route::Metrics));
        assert_eq!(route("/endpoints/a-b/invocations"), Some(Route::Invoke { endpoint: "a-b" }));
        for nowhere in [
            "/",
            "",
            "/pings",
            "/endpoints//invocations",
            "/endpoints/a/b/invocations",
            "/endpoints/a",
            "/endpoints/invocations",
        ] {
            assert_eq!(route(nowhere), None, "{nowhere}");
        }
    }
}
