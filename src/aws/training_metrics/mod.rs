//! `BatchPutMetrics`: metrics that a program sends of a training job, kept beside those that the job measures itself.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Wire;
use super::answer::Response;
use super::call::Call;
use super::errors::WireError;
use super::json as input;
use super::model::{self, ModelOf};
use crate::domain::metric::{MetricId, NO_UNIT};
use crate::stats::metric::{KEPT_S, Summary};
use crate::workspace::Datum;

/// Answers one operation from its input.
type Handler = fn(&Wire, Value) -> Result<Value, WireError>;

/// What is answered; an operation's path is its name.
#[allow(private_interfaces, reason = "other rooms read the names; only this one calls the handlers")]
pub const OPERATIONS: &[(&str, Handler)] = &[("BatchPutMetrics", put)];

/// What SageMaker calls the trial component that every training job has: the job's name and this, in lower case.
const OF_JOB: &str = "-aws-training-job";

/// How far in the future a value may be, seconds.
const AHEAD_S: i64 = 2 * 3_600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    trial_component_name: String,
    metric_data: Vec<Given>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    metric_name: String,
    timestamp: f64,
    value: f64,
}

/// Whether a path is of this service.
pub fn has_path(path: &str) -> bool {
    model::has(ModelOf::Metrics, path.trim_start_matches('/'))
}

/// Answers one request.
///
/// # Errors
/// What the client sees when it is refused.
pub async fn answer(wire: &Arc<Wire>, call: Call) -> Result<Response, WireError> {
    let path = call.parts.uri.path().trim_start_matches('/').to_owned();
    let Some((name, handler)) = OPERATIONS.iter().find(|(name, _)| *name == path) else {
        return Err(WireError::not_here("SageMaker Metrics", &path));
    };
    let input = input::input(call).await?;
    model::check(ModelOf::Metrics, name, &input)?;
    let output = handler(wire, input)?;
    let mut response = Response::new(output.to_string().into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn put(wire: &Wire, input: Value) -> Result<Value, WireError> {
    let asked: Asked = input::members(input)?;
    let snapshot = wire.workspace.snapshot();
    let component = &asked.trial_component_name;
    let job = component.strip_suffix(OF_JOB).and_then(|name| snapshot.training_jobs.any_case(name));
    let Some(job) = job else {
        let message = format!(
            "There is no trial component {component}: Counterpoise has those of its training jobs, named like the job with {OF_JOB} \
             behind it."
        );
        return Err(WireError::new(StatusCode::BAD_REQUEST, "ValidationException", message));
    };
    let now_s = wire.serving.clock().wall_ms().div_euclid(1_000);
    let (mut data, mut errors) = (Vec::new(), Vec::new());
    for (index, given) in asked.metric_data.into_iter().enumerate() {
        let at_s = given.timestamp.floor() as i64;
        if !(now_s - KEPT_S..=now_s + AHEAD_S).contains(&at_s) {
            errors.push(json!({ "Code": "VALIDATION_ERROR", "MetricIndex": index }));
            continue;
        }
        data.push(Datum {
            id: MetricId::of_training_job(&given.metric_name, job.name()),
            unit: NO_UNIT.to_owned(),
            at_s,
            summary: Summary::of(given.value, 1.0),
        });
    }
    wire.workspace.put_metrics(data);
    // A list of no errors would be shorter than the model allows.
    Ok(if errors.is_empty() { json!({}) } else { json!({ "Errors": errors }) })
}
