//! SageMaker's control plane over real HTTP: what a client sends, what comes back, and what it does to the workspace.

mod deployments;
mod endpoints;
mod jobs;
mod lists;
mod refusals;
mod search;
mod waiting;

use counterpoise::domain::algorithm::Algorithm;
use serde_json::{Value, json};

use crate::engine::lab::{BUCKET, Lab};

pub const ROLE: &str = "arn:aws:iam::123456789012:role/Tester";

/// One operation: its output (`Null` where there is none), or the error's type and message.
pub fn call(lab: &Lab, operation: &str, input: &Value) -> Result<Value, (String, String)> {
    call_as(lab, "test", operation, input)
}

/// As [`call`], by a client of this name.
fn call_as(lab: &Lab, user_agent: &str, operation: &str, input: &Value) -> Result<Value, (String, String)> {
    let target = format!("SageMaker.{operation}");
    let headers =
        [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1"), ("user-agent", user_agent)];
    let (status, headers, body) = lab.post("/", &headers, input.to_string().as_bytes());
    assert_eq!(headers["content-type"], "application/x-amz-json-1.1");
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
    if status == 200 {
        return Ok(body);
    }
    assert_eq!(status, 400, "{operation}: {body}");
    let member = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{name} in {body}")).to_owned();
    Err((member("__type"), member("message")))
}

/// An operation that must succeed.
pub fn ok(lab: &Lab, operation: &str, input: &Value) -> Value {
    call(lab, operation, input).unwrap_or_else(|error| panic!("{operation} {input}: {error:?}"))
}

/// `ValidationException`'s message.
pub fn refused(lab: &Lab, operation: &str, input: &Value) -> String {
    let (code, message) = call(lab, operation, input).expect_err("a refusal");
    assert_eq!(code, "ValidationException", "{message}");
    message
}

/// What `CreateTrainingJob` takes for a job on the lab's data.
pub fn job(name: &str, rounds: u32) -> Value {
    json!({
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1",
            "TrainingInputMode": "File",
        },
        "RoleArn": ROLE,
        "HyperParameters": { "objective": "reg:linear", "num_round": rounds.to_string(), "silent": "0" },
        "InputDataConfig": [channel("train", "reg/train"), channel("validation", "reg/validation.csv")],
        "OutputDataConfig": { "S3OutputPath": format!("s3://{BUCKET}/models/") },
        "ResourceConfig": { "InstanceType": "ml.m4.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5 },
        "StoppingCondition": { "MaxRuntimeInSeconds": 3600 },
    })
}

fn channel(name: &str, key: &str) -> Value {
    json!({
        "ChannelName": name,
        "ContentType": "csv",
        "CompressionType": "None",
        "DataSource": { "S3DataSource": { "S3DataType": "S3Prefix", "S3Uri": format!("s3://{BUCKET}/{key}") } },
    })
}

fn variant(name: &str, model: &str, weight: f64) -> Value {
    json!({
        "VariantName": name,
        "ModelName": model,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m4.xlarge",
        "InitialVariantWeight": weight,
    })
}

/// Two models, a configuration of both (`both`), one of the second alone (`one`), and the endpoint `live` on the first.
fn deployed(lab: &Lab) {
    lab.trained_model("old", Algorithm::XGBoost, 2);
    lab.trained_model("new", Algorithm::XGBoost, 20);
    let both = json!([variant("a", "old", 1.0), variant("b", "new", 1.0)]);
    ok(lab, "CreateEndpointConfig", &json!({ "EndpointConfigName": "both", "ProductionVariants": both }));
    let one = json!([variant("b", "new", 1.0)]);
    ok(lab, "CreateEndpointConfig", &json!({ "EndpointConfigName": "one", "ProductionVariants": one }));
    ok(lab, "CreateEndpoint", &json!({ "EndpointName": "live", "EndpointConfigName": "both" }));
    lab.settled("live");
}
