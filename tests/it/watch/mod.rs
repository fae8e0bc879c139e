//! What can be watched from outside: CloudWatch Logs, CloudWatch metrics, and what the runtime does beside a plain invocation. A real system
//! and real HTTP.

mod logs;
mod metrics;
mod runtime;

use serde_json::Value;

use crate::engine::lab::Lab;

/// One operation of a service that speaks JSON 1.1: its output, or the error's type and message.
fn json_call(lab: &Lab, target: &str, input: &Value) -> Result<Value, (String, String)> {
    let headers = [("x-amz-target", target), ("content-type", "application/x-amz-json-1.1")];
    let (status, _, body) = lab.post("/", &headers, input.to_string().as_bytes());
    let body: Value = serde_json::from_slice(&body).unwrap();
    if status == 200 {
        return Ok(body);
    }
    assert!(matches!(status, 400 | 404), "{status}: {body}");
    let member = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{name} in {body}")).to_owned();
    Err((member("__type"), member("message")))
}
