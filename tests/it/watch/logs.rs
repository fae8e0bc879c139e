//! CloudWatch Logs: a job's log as the SDK reads it, an endpoint's log through its life, and the log of an earlier run.

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::deployment::DeploymentPlan;
use counterpoise::domain::endpoint::Retain;
use counterpoise::domain::extras::Extras;
use counterpoise::workspace::Command;
use serde_json::{Value, json};

use super::json_call;
use crate::engine::lab::Lab;

const TRAINING: &str = "/aws/sagemaker/TrainingJobs";

fn logs(lab: &Lab, operation: &str, input: &Value) -> Result<Value, (String, String)> {
    json_call(lab, &format!("Logs_20140328.{operation}"), input)
}

fn code(answer: Result<Value, (String, String)>) -> String {
    answer.expect_err("a refusal").0
}

fn messages(answer: &Value) -> Vec<String> {
    let events = answer["events"].as_array().unwrap();
    events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

fn stream_of(lab: &Lab, job: &str) -> String {
    let input = json!({ "logGroupName": TRAINING, "logStreamNamePrefix": format!("{job}/"), "orderBy": "LogStreamName", "limit": 1 });
    let answer = logs(lab, "DescribeLogStreams", &input).unwrap();
    let stream = &answer["logStreams"][0];
    assert!(stream["firstEventTimestamp"].as_i64() <= stream["lastEventTimestamp"].as_i64(), "{stream}");
    stream["logStreamName"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[test]
fn a_jobs_log_is_read_to_its_end_and_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    let of_group = json!({ "logGroupName": TRAINING });
    assert_eq!(code(logs(&lab, "DescribeLogStreams", &of_group)), "ResourceNotFoundException", "no job yet");

    lab.trained_model("fit", Algorithm::XGBoost, 12);
    let nothing =
        logs(&lab, "DescribeLogStreams", &json!({ "logGroupName": TRAINING, "logStreamNamePrefix": "other/" }));
    assert_eq!(nothing.unwrap()["logStreams"], json!([]));
    let stream = stream_of(&lab, "fit");
    let epoch = lab.job("fit").created.0 / 1000;
    assert_eq!(stream, format!("fit/algo-1-{epoch}"));

    // Page by page from the head, until the token repeats.
    let mut read = Vec::new();
    let mut token = Value::Null;
    loop {
        let mut input = json!({ "logGroupName": TRAINING, "logStreamName": stream, "startFromHead": true, "startTime": 0, "limit": 5 });
        if !token.is_null() {
            input["nextToken"] = token.clone();
        }
        let page = logs(&lab, "GetLogEvents", &input).unwrap();
        read.extend(messages(&page));
        if page["nextForwardToken"] == token {
            assert_eq!(page["events"], json!([]));
            break;
        }
        token = page["nextForwardToken"].clone();
    }
    let kept: Vec<String> =
        lab.workspace.training_log("fit", 0, usize::MAX).lines.into_iter().map(|(_, text)| text).collect();
    assert_eq!(read, kept);
    assert!(read.iter().any(|line| line.contains("validation-rmse")), "{read:?}");
    assert!(read.last().unwrap().starts_with("Training completed"), "{read:?}");

    let tail =
        logs(&lab, "GetLogEvents", &json!({ "logGroupName": TRAINING, "logStreamName": stream, "limit": 2 })).unwrap();
    assert_eq!(messages(&tail), kept[kept.len() - 2..]);
    let missing = json!({ "logGroupName": TRAINING, "logStreamName": "fit/algo-1-1" });
    assert_eq!(code(logs(&lab, "GetLogEvents", &missing)), "ResourceNotFoundException");

    lab.close();
    let lab = Lab::open(folder.path());
    let input = json!({ "logGroupName": TRAINING, "logStreamName": stream_of(&lab, "fit"), "startFromHead": true });
    assert_eq!(messages(&logs(&lab, "GetLogEvents", &input).unwrap()), kept, "read from its file");
    lab.close();
}

#[test]
fn a_filter_goes_over_all_jobs_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("one", Algorithm::XGBoost, 4);
    lab.trained_model("two", Algorithm::XGBoost, 4);
    let filter = |input: Value| {
        let mut all = json!({ "logGroupName": TRAINING });
        all.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
        logs(&lab, "FilterLogEvents", &all)
    };
    let rounds = filter(json!({ "filterPattern": "\"validation-rmse\"" })).unwrap();
    assert_eq!(messages(&rounds).len(), 8, "{rounds}");
    assert_eq!(rounds["searchedLogStreams"], json!([]));
    let mut paged = Vec::new();
    let mut token = None::<String>;
    loop {
        let mut input = json!({ "filterPattern": "\"validation-rmse\"", "limit": 3 });
        if let Some(token) = &token {
            input["nextToken"] = token.as_str().into();
        }
        let page = filter(input).unwrap();
        assert!(page["events"].as_array().unwrap().len() <= 3);
        paged.extend(page["events"].as_array().unwrap().clone());
        token = page["nextToken"].as_str().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(&paged, rounds["events"].as_array().unwrap());
    let one = filter(json!({ "filterPattern": "completed", "logStreamNamePrefix": "one/" })).unwrap();
    assert_eq!(messages(&one).len(), 1);
    assert_eq!(code(filter(json!({ "filterPattern": "{ $.a = 1 }" }))), "InvalidParameterException");
    assert_eq!(code(filter(json!({ "logStreamNames": ["nobody"] }))), "ResourceNotFoundException");
    assert_eq!(code(logs(&lab, "PutLogEvents", &json!({}))), "UnknownOperationException");
    lab.close();
}

#[test]
fn an_endpoint_tells_what_its_containers_would() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("first", Algorithm::XGBoost, 3);
    lab.trained_model("second", Algorithm::XGBoost, 5);
    lab.config("one", &[("A", "first", 1.0)]);
    lab.config("two", &[("B", "second", 1.0)]);
    lab.serve("e", "one");
    assert_eq!(lab.invoke("e", "text/csv", "0.5,0.5").0, 200);
    assert_ne!(lab.invoke("e", "text/csv", "0.5,x").0, 200);

    let group = "/aws/sagemaker/Endpoints/e";
    let groups = logs(&lab, "DescribeLogGroups", &json!({ "logGroupNamePrefix": "/aws/sagemaker/" })).unwrap();
    let names: Vec<&str> =
        groups["logGroups"].as_array().unwrap().iter().map(|g| g["logGroupName"].as_str().unwrap()).collect();
    assert_eq!(names, [group, TRAINING]);
    let said = || {
        let streams = logs(&lab, "DescribeLogStreams", &json!({ "logGroupName": group })).unwrap();
        let names: Vec<String> = streams["logStreams"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["logStreamName"].as_str().unwrap().to_owned())
            .collect();
        let read = |name: &String| {
            let input = json!({ "logGroupName": group, "logStreamName": name, "startFromHead": true });
            messages(&logs(&lab, "GetLogEvents", &input).unwrap())
        };
        let lines: Vec<Vec<String>> = names.iter().map(read).collect();
        (names, lines)
    };
    let (streams, lines) = said();
    assert!(streams.len() == 1 && streams[0].starts_with("A/i-0"), "{streams:?}");
    let expected = [
        "Model first loaded: ",
        "A row of zeros",
        "In service: endpoint configuration one",
        "\"POST /invocations HTTP/1.1\" 200",
        "\"POST /invocations HTTP/1.1\" 400",
        "row 1, column 2",
    ];
    assert_eq!(lines[0].len(), expected.len(), "{lines:?}");
    for (line, expected) in lines[0].iter().zip(expected) {
        assert!(line.contains(expected), "{line}: {expected}");
    }

    lab.ok(Command::UpdateEndpoint {
        name: "e".into(),
        config_name: "two".into(),
        retain: Retain::NOTHING,
        plan: DeploymentPlan::default(),
        extras: Extras::default(),
    });
    lab.settled("e");
    lab.ok(Command::DeleteEndpoint { name: "e".into() });
    let (streams, lines) = said();
    assert!(streams.len() == 2 && streams[1].starts_with("B/i-0"), "{streams:?}");
    assert!(lines[0].last().unwrap().starts_with("Replaced by endpoint configuration two"), "{lines:?}");
    assert!(lines[1].last().unwrap().starts_with("Out of service"), "a deleted endpoint keeps its log: {lines:?}");
    lab.close();
}
