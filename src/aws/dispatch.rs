//! Which request goes where. One address stands for every service: told apart by `X-Amz-Target`, by the service in the credential scope,
//! and for what is not signed by path and form.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, EXPECT, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};

use super::answer::{Payload, Response};
use super::call::{Call, Proof, RequestBody};
use super::errors::{Protocol, WireError};
use super::guard::Door;
use super::listener::Limits;
use super::request_id::RequestIds;
use super::scope::Scope;
use super::sigv4::{self, Asked};
use super::{Wire, cloudwatch, guard, iam, logs, metrics, proxy, runtime, s3, sagemaker, sts, training_metrics};

/// The header that names a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const TARGET: &str = "x-amz-target";

/// What all connections share.
pub struct Service {
    pub(super) wire: Arc<Wire>,
    pub(super) limits: Limits,
    pub(super) ids: RequestIds,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Destination {
    /// Whether we are there.
    Ping,
    /// Prometheus's page.
    Metrics,
    Runtime,
    SageMaker,
    S3,
    Sts,
    Iam,
    Logs,
    CloudWatch,
    /// `BatchPutMetrics`.
    TrainingMetrics,
    /// A service that AWS has and we don't, or nothing at all.
    Nowhere,
}

impl Destination {
    /// By target, then scope, then path.
    fn of(request: &Parts, scope: Option<&Scope>) -> Self {
        let path = request.uri.path();
        let target = request.headers.get(TARGET).and_then(|value| value.to_str().ok());
        if let Some(target) = target {
            return match target.split_once('.').map_or(target, |(service, _)| service) {
                "SageMaker" => Self::SageMaker,
                "Logs_20140328" => Self::Logs,
                "GraniteServiceVersion20100801" => Self::CloudWatch,
                _ => Self::Nowhere,
            };
        }
        if let Some(scope) = scope {
            return match scope.service.as_str() {
                "sagemaker" if is_runtime(path) => Self::Runtime,
                "sagemaker" if path == "/ping" => Self::Ping,
                "sagemaker" if path == "/metrics" => Self::Metrics,
                "sagemaker" if training_metrics::has_path(path) => Self::TrainingMetrics,
                "sagemaker" => Self::SageMaker,
                "s3" => Self::S3,
                "sts" => Self::Sts,
                "iam" => Self::Iam,
                "logs" => Self::Logs,
                "monitoring" => Self::CloudWatch,
                _ => Self::Nowhere,
            };
        }
        match path {
            "/ping" => Self::Ping,
            "/metrics" => Self::Metrics,
            "/" if request.method == Method::POST => Self::Sts,
            _ if is_runtime(path) => Self::Runtime,
            _ if cloudwatch::has_path(path) => Self::CloudWatch,
            _ => Self::S3,
        }
    }

    /// Behind the door of a host that the proxy ends, there is that host's service and nothing else.
    fn within(self, door: &Door, request: &Parts) -> Self {
        match (door, self) {
            (Door::Port(_), _) | (Door::Inside { .. }, Self::Sts) => self,
            // A GET that is not signed looks like one to S3 from outside.
            (Door::Inside { .. }, Self::S3) if request.uri.path() == "/" => Self::Sts,
            (Door::Inside { .. }, _) => Self::Nowhere,
        }
    }

    /// The service that a signature must be for, as scopes name it; `None` for what is not ours, and then whichever the signature names.
    fn service(self) -> Option<&'static str> {
        match self {
            Self::Ping | Self::Metrics | Self::Runtime | Self::TrainingMetrics | Self::SageMaker => Some("sagemaker"),
            Self::S3 => Some("s3"),
            Self::Sts => Some("sts"),
            Self::Iam => Some("iam"),
            Self::Logs => Some("logs"),
            Self::CloudWatch => Some("monitoring"),
            Self::Nowhere => None,
        }
    }

    /// The shape of its errors.
    fn protocol(self, request: &Parts) -> Protocol {
        match self {
            Self::SageMaker | Self::Logs => Protocol::Json(1),
            Self::CloudWatch => cloudwatch::protocol(request),
            Self::Sts => Protocol::Query(sts::NAMESPACE),
            Self::Iam => Protocol::Query(iam::NAMESPACE),
            Self::S3 => Protocol::S3,
            Self::Ping | Self::Metrics | Self::Runtime | Self::TrainingMetrics | Self::Nowhere => Protocol::RestJson,
        }
    }
}

/// Paths of SageMaker's runtime.
fn is_runtime(path: &str) -> bool {
    path.strip_prefix("/endpoints/").and_then(|rest| rest.split_once('/')).is_some_and(|(endpoint, action)| {
        let is_known = action == runtime::GROUND_TRUTH || runtime::OPERATIONS.iter().any(|(_, known)| *known == action);
        !endpoint.is_empty() && is_known
    })
}

impl Service {
    /// Answers one request that came in at `door`.
    pub async fn answer(self: &Arc<Self>, request: Request<Incoming>, door: &Door) -> Response {
        let id = self.ids.next();
        if request.method() == Method::CONNECT
            && let Door::Port(local) = door
        {
            let result = proxy::connect(self, request, *local).await;
            return result.unwrap_or_else(|error| error.into_response(Protocol::RestJson, "-"));
        }
        let (parts, incoming) = request.into_parts();
        let scope = Scope::of(&parts);
        let destination = Destination::of(&parts, scope.as_ref()).within(door, &parts);
        let protocol = destination.protocol(&parts);
        let result = if let Err(refused) = guard::admit(&parts, door) {
            Err(refused)
        } else {
            let body = RequestBody::new(incoming, self.limits);
            let scope = scope.map(Arc::new);
            let mut call = Call { id: id.clone(), parts, scope, body, proof: Proof::default() };
            match self.check(destination, door, &mut call).await {
                Ok(()) => self.lead(destination, call).await,
                Err(refused) => {
                    // Whoever waits to be told to go on sends nothing.
                    if !call.parts.headers.contains_key(EXPECT) {
                        Box::pin(call.body.throw_away()).await;
                    }
                    Err(refused)
                }
            }
        };
        let mut response =
            result.unwrap_or_else(|error| error.into_response(protocol, id.to_str().unwrap_or_default()));
        response.headers_mut().insert(REQUEST_ID, id);
        response
    }

    /// Whether the signature of a request is what it must be. Whether we are there, everybody may ask.
    async fn check(&self, destination: Destination, door: &Door, call: &mut Call) -> Result<(), WireError> {
        if destination == Destination::Ping {
            return Ok(());
        }
        let protocol = destination.protocol(&call.parts);
        let scope = call.scope.clone();
        let named = scope.as_ref().map_or("", |scope| &scope.service);
        let asked = Asked { service: destination.service().unwrap_or(named), protocol, region: door.region() };
        sigv4::pass(&self.wire, &asked, call).await
    }

    async fn lead(&self, destination: Destination, call: Call) -> Result<Response, WireError> {
        let wire = &self.wire;
        // Boxed but for the one that must be quick: a future is moved for every request, and has the size of its largest branch.
        match destination {
            Destination::Runtime => runtime::answer(wire, call).await,
            Destination::SageMaker => Box::pin(sagemaker::answer(wire, call)).await,
            Destination::S3 => Box::pin(s3::answer(wire, call)).await,
            Destination::Sts => Box::pin(sts::answer(wire, call)).await,
            Destination::Iam => Box::pin(iam::answer(wire, call)).await,
            Destination::Logs => Box::pin(logs::answer(wire, call)).await,
            Destination::CloudWatch => Box::pin(cloudwatch::answer(wire, call)).await,
            Destination::TrainingMetrics => Box::pin(training_metrics::answer(wire, call)).await,
            Destination::Ping | Destination::Metrics => Ok(self.page(destination, &call)),
            Destination::Nowhere => Err(nowhere(&call)),
        }
    }

    /// What is not AWS's: for people and for Prometheus.
    fn page(&self, destination: Destination, call: &Call) -> Response {
        if !matches!(call.parts.method, Method::GET | Method::HEAD) {
            return wrong_method("GET, HEAD");
        }
        if destination == Destination::Ping {
            text("", "text/plain; charset=utf-8")
        } else {
            text(metrics::write(&self.wire.serving), metrics::CONTENT_TYPE)
        }
    }
}

fn nowhere(call: &Call) -> WireError {
    let target = call.header(TARGET);
    let service = call.scope.as_ref().map(|scope| scope.service.as_str());
    let what = match (target, service) {
        (Some(target), _) => target.to_owned(),
        (None, Some(service)) => format!("{} {} of service {service}", call.parts.method, call.parts.uri.path()),
        (None, None) => format!("{} {}", call.parts.method, call.parts.uri.path()),
    };
    let message = format!("{what} is not available in Counterpoise");
    WireError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
}

fn text(body: impl Into<Payload>, content_type: &'static str) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// 405 with what the path takes.
pub(super) fn wrong_method(allowed: &'static str) -> Response {
    let message = format!("This path takes {allowed}");
    let error = WireError::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowedException", message);
    let mut response = error.into_response(Protocol::RestJson, "-");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(method: &str, uri: &str, headers: &[(&str, &str)]) -> Destination {
        let mut request = hyper::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let parts = request.body(()).unwrap().into_parts().0;
        Destination::of(&parts, Scope::of(&parts).as_ref())
    }

    fn signed(service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIA/20261125/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        )
    }

    #[test]
    fn services_are_told_apart() {
        let by_scope = |method, path, service: &str| destination(method, path, &[("authorization", &signed(service))]);
        assert_eq!(destination("POST", "/", &[(TARGET, "SageMaker.ListModels")]), Destination::SageMaker);
        assert_eq!(destination("POST", "/", &[(TARGET, "Logs_20140328.GetLogEvents")]), Destination::Logs);
        assert_eq!(
            destination("POST", "/", &[(TARGET, "GraniteServiceVersion20100801.ListMetrics")]),
            Destination::CloudWatch
        );
        assert_eq!(destination("POST", "/", &[(TARGET, "DynamoDB_20120810.ListTables")]), Destination::Nowhere);
        assert_eq!(by_scope("POST", "/endpoints/e/invocations", "sagemaker"), Destination::Runtime);
        assert_eq!(by_scope("PUT", "/BatchPutMetrics", "sagemaker"), Destination::TrainingMetrics);
        assert_eq!(by_scope("PUT", "/endpoints/e/invocations", "s3"), Destination::S3, "a bucket may be called that");
        assert_eq!(by_scope("POST", "/", "sts"), Destination::Sts);
        assert_eq!(by_scope("POST", "/", "iam"), Destination::Iam);
        assert_eq!(by_scope("POST", "/", "monitoring"), Destination::CloudWatch);
        assert_eq!(by_scope("GET", "/", "s3"), Destination::S3);
        assert_eq!(by_scope("POST", "/", "dynamodb"), Destination::Nowhere);
    }

    #[test]
    fn unsigned_requests_go_by_their_path() {
        assert_eq!(destination("GET", "/ping", &[]), Destination::Ping);
        assert_eq!(destination("GET", "/metrics", &[]), Destination::Metrics);
        assert_eq!(destination("POST", "/", &[]), Destination::Sts);
        for path in
            ["/endpoints/a-b/invocations", "/endpoints/a/async-invocations", "/endpoints/a/invocations-response-stream"]
        {
            assert_eq!(destination("POST", path, &[]), Destination::Runtime, "{path}");
        }
        let cbor = "/service/GraniteServiceVersion20100801/operation/ListMetrics";
        assert_eq!(destination("POST", cbor, &[]), Destination::CloudWatch);
        for path in ["/", "/bucket/key", "/endpoints//invocations", "/endpoints/a/b/invocations", "/endpoints/a"] {
            assert_eq!(destination("GET", path, &[]), Destination::S3, "{path}");
        }
    }
}
