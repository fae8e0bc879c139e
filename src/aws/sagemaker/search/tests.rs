//! Tests of searches over three jobs.

use super::*;
use crate::domain::algorithm::Algorithm;
use crate::domain::extras::Extras;
use crate::domain::s3_uri::S3Uri;
use crate::domain::tag::Tag;
use crate::domain::time::Timestamp;
use crate::domain::training_job::{
    Channel, FinalMetric, SecondaryStatus, TrainingJob, TrainingJobSpec, TrainingJobStatus,
};

fn job(name: &str, created: i64, eta: &str, rmse: Option<f64>) -> TrainingJob {
    let channel =
        |name: &str, key: &str| Channel { name: name.into(), data: S3Uri::new("bkt", key), content_type: None };
    TrainingJob {
        spec: TrainingJobSpec {
            name: name.into(),
            algorithm: Algorithm::XGBoost,
            image: "xgboost".into(),
            hyperparameters: [("eta".to_owned(), eta.to_owned())].into(),
            channels: vec![channel("train", "a/one.csv"), channel("validation", "b/two.csv")],
            output: S3Uri::new("bkt", "out"),
            instance_type: "ml.m5.large".into(),
            instance_count: 1,
            volume_size_gb: 1,
            max_runtime_s: 60,
            role_arn: None,
            tags: vec![Tag { key: "team.name".into(), value: name.to_uppercase() }],
            extras: Extras::default(),
        },
        status: if rmse.is_some() { TrainingJobStatus::Completed } else { TrainingJobStatus::InProgress },
        secondary: SecondaryStatus::Starting,
        transitions: Vec::new(),
        created: Timestamp(created),
        started: None,
        ended: None,
        failure_reason: None,
        artifact: None,
        final_metrics: rmse
            .map(|value| FinalMetric { name: "validation:rmse".into(), value, at: Timestamp(created) })
            .into_iter()
            .collect(),
        summary: None,
        attempts: 1,
    }
}

fn world() -> Snapshot {
    let jobs = [job("a", 1_000, "0.1", Some(3.0)), job("b", 2_000, "0.25", Some(1.5)), job("c", 3_000, "1e-1", None)];
    Snapshot {
        training_jobs: jobs.map(|job| (job.spec.name.clone(), job)).into_iter().collect(),
        ..Snapshot::default()
    }
}

fn ask(members: Value) -> Result<Value, WireError> {
    found(&serde_json::from_value(members).unwrap(), &world()).map(Option::unwrap)
}

fn names(expression: &Value) -> String {
    let answer = ask(
        json!({ "Resource": "TrainingJob", "SearchExpression": expression, "SortBy": "TrainingJobName", "SortOrder": "Ascending" }),
    );
    let answer = answer.unwrap();
    let results = answer["Results"].as_array().unwrap();
    assert_eq!(answer["TotalHits"]["Value"], results.len());
    results.iter().map(|result| result["TrainingJob"]["TrainingJobName"].as_str().unwrap()).collect()
}

fn filter(name: &str, operator: &str, value: &str) -> String {
    names(&json!({ "Filters": [{ "Name": name, "Operator": operator, "Value": value }] }))
}

#[test]
fn operators() {
    for (name, operator, value, expected) in [
        ("TrainingJobName", "Equals", "b", "b"),
        ("TrainingJobName", "NotEquals", "b", "ac"),
        ("TrainingJobName", "In", "a, c,x", "ac"),
        ("TrainingJobArn", "Contains", "training-job/c", "c"),
        ("TrainingJobStatus", "Equals", "Completed", "ab"),
        ("HyperParameters.eta", "LessThan", "0.2", "ac"),
        ("HyperParameters.eta", "Equals", "0.1", "a"),
        ("HyperParameters.eta", "GreaterThanOrEqualTo", "0.25", "b"),
        ("Metrics.validation:rmse", "LessThanOrEqualTo", "1.5", "b"),
        ("Metrics.validation:rmse", "Exists", "", "ab"),
        ("Metrics.validation:rmse", "NotExists", "", "c"),
        ("Tags.team.name", "Equals", "C", "c"),
        ("EnableNetworkIsolation", "Equals", "false", "abc"),
        ("ResourceConfig.InstanceCount", "Equals", "1", "abc"),
        ("CreationTime", "GreaterThan", "1970-01-01T00:00:01Z", "bc"),
        ("CreationTime", "LessThan", "1970-01-01T00:00:02.5", "ab"),
        ("CreationTime", "GreaterThan", "2.5", "c"),
        ("TrainingJobName", "GreaterThan", "a", ""),
        ("InputDataConfig.DataSource.S3DataSource.S3Uri", "Contains", "/b/", "abc"),
    ] {
        assert_eq!(filter(name, operator, value), expected, "{name} {operator} {value}");
    }
}

#[test]
fn expressions_nest() {
    let channel = |name: &str, part: &str| {
        json!({ "NestedFilters": [{ "NestedPropertyName": "InputDataConfig", "Filters": [
            { "Name": "InputDataConfig.ChannelName", "Operator": "Equals", "Value": name },
            { "Name": "InputDataConfig.DataSource.S3DataSource.S3Uri", "Operator": "Contains", "Value": part },
        ] }] })
    };
    assert_eq!(names(&channel("train", "one")), "abc");
    assert_eq!(names(&channel("train", "two")), "", "one and the same channel must satisfy both");
    let is = |name: &str| json!({ "Name": "TrainingJobName", "Value": name });
    assert_eq!(names(&json!({ "Filters": [is("a"), is("b")] })), "", "And is the default, Equals too");
    assert_eq!(names(&json!({ "Filters": [is("a"), is("b")], "Operator": "Or" })), "ab");
    let either = json!({ "Filters": [is("a"), is("c")], "Operator": "Or" });
    let done = json!({ "Filters": [{ "Name": "TrainingJobStatus", "Value": "Completed" }] });
    assert_eq!(names(&json!({ "SubExpressions": [either, done] })), "a");
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (expression, part) in [
        (json!({}), "needs at least one of"),
        (json!({ "Filters": [{ "Name": "Colour", "Value": "red" }] }), "Unknown property name: Colour"),
        (json!({ "Filters": [{ "Name": "TrainingJobName" }] }), "needs a Value"),
        (json!({ "Filters": vec![json!({ "Name": "Tags", "Operator": "Exists" }); 51] }), "at most 50"),
    ] {
        let refused = ask(json!({ "Resource": "TrainingJob", "SearchExpression": expression })).unwrap_err();
        assert!(refused.code == "ValidationException" && refused.message.contains(part), "{refused:?}");
    }
    assert!(ask(json!({ "Resource": "TrainingJob", "SortBy": "Colour" })).is_err());
}

#[test]
fn pages_are_newest_first_and_go_on_behind_the_last() {
    let page = |token: Value| ask(json!({ "Resource": "TrainingJob", "MaxResults": 2, "NextToken": token })).unwrap();
    let first = page(Value::Null);
    let name = |answer: &Value, i: usize| answer["Results"][i]["TrainingJob"]["TrainingJobName"].clone();
    assert_eq!((name(&first, 0), name(&first, 1), &first["TotalHits"]["Value"]), (json!("c"), json!("b"), &json!(3)));
    let second = page(first["NextToken"].clone());
    assert_eq!((name(&second, 0), second.get("NextToken")), (json!("a"), None));
    let other = ask(json!({ "Resource": "TrainingJob", "SortOrder": "Ascending", "NextToken": first["NextToken"] }));
    assert!(other.unwrap_err().message.contains("belongs to another search"));
}

#[test]
fn kinds_without_an_engine_have_nothing_to_find() {
    let none = ask(json!({ "Resource": "Experiment" })).unwrap();
    assert_eq!(none, json!({ "Results": [], "TotalHits": { "Value": 0, "Relation": "EqualTo" } }));
    let shared = ask(json!({ "Resource": "TrainingJob", "CrossAccountFilterOption": "CrossAccount" })).unwrap();
    assert_eq!(shared["Results"], json!([]));
}
