//! `POST /endpoints/{name}/ground-truth`: labels of captured requests. Not AWS's, which takes ground truth from buckets only: a program that
//! learns what was right may say so in one call, and hears what became of it.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde_json::json;

use super::super::Wire;
use super::super::answer::Response;
use super::super::call::RequestBody;
use super::super::errors::WireError;
use crate::domain::label::LabelReport;
use crate::workspace::{Command, CommandError, LabelSource, Reply};

/// Takes labels: the body is a JSON list of `inferenceId` and `label`, CSV of the two, or SageMaker's ground-truth JSON Lines.
pub(super) async fn add(wire: &Arc<Wire>, endpoint: &str, body: RequestBody) -> Result<Response, WireError> {
    let most = body.limits.body_bytes;
    let bytes = body.read(most).await?;
    let source = LabelSource::Text(bytes.as_ref().into());
    let answer = wire.ask(Command::AddLabels { endpoint: endpoint.to_owned(), source }).await;
    let report = match answer {
        Ok(Reply::Labels(report)) => report,
        Ok(_) => Box::default(),
        Err(CommandError::NotFound(resource)) => {
            return Err(WireError::new(
                StatusCode::NOT_FOUND,
                "ResourceNotFound",
                format!("Could not find {resource}."),
            ));
        }
        Err(CommandError::Closing) => {
            let message = CommandError::Closing.to_string();
            return Err(WireError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message));
        }
        Err(error) => return Err(WireError::validation(error.to_string())),
    };
    let status = if report.not_on_disk.is_some() { StatusCode::INSUFFICIENT_STORAGE } else { StatusCode::OK };
    let mut response = Response::new(written(&report).into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn written(report: &LabelReport) -> String {
    let mut out = json!({
        "counted": report.counts.joined,
        "late": report.counts.late,
        "forced": report.counts.forced,
        "repeated": report.counts.repeated,
        "contradictory": report.counts.contradictory,
        "unknown": report.counts.unknown,
        "unfit": report.counts.unfit,
        "problems": report.problems,
    });
    if let Some(why) = &report.not_on_disk {
        out["notOnDisk"] = json!(why);
    }
    out.to_string()
}
