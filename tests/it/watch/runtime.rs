//! Answers as a stream of events, and answers that become an object.

use std::time::{Duration, Instant};

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::extras::Extras;
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::workspace::Command;
use serde_json::{Value, json};

use crate::engine::lab::{BUCKET, LIMIT, Lab, config};

/// A lab with endpoint `e`, whose configuration sends later answers to the bucket.
fn lab(folder: &std::path::Path) -> Lab {
    let lab = Lab::with_data(folder);
    lab.trained_model("m", Algorithm::XGBoost, 3);
    let mut later = config("later", &[("A", "m", 1.0)]);
    let request = json!({ "AsyncInferenceConfig": { "OutputConfig": {
        "S3OutputPath": format!("s3://{BUCKET}/out"), "S3FailurePath": format!("s3://{BUCKET}/failed") } } });
    let Value::Object(request) = request else { unreachable!() };
    later.extras = Extras::of(request);
    lab.ok(Command::CreateEndpointConfig(Box::new(later)));
    lab.serve("e", "later");
    lab
}

/// The body of an object, once it is there.
fn object(lab: &Lab, uri: &str) -> String {
    let uri: S3Uri = uri.parse().unwrap();
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Ok((_, mut file)) = lab.workspace.open_object(&uri) {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut file, &mut text).unwrap();
            return text;
        }
        assert!(Instant::now() < deadline, "{uri} did not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_streamed_answer_is_the_plain_one_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(folder.path());
    let rows = "0.5,0.5\n".repeat(20_000);
    let (_, _, plain) = lab.post("/endpoints/e/invocations", &[("content-type", "text/csv")], rows.as_bytes());
    let path = "/endpoints/e/invocations-response-stream";
    let (status, headers, mut stream) = lab.post(path, &[("content-type", "text/csv")], rows.as_bytes());
    assert_eq!((status, &headers["content-type"]), (200, &"application/vnd.amazon.eventstream".parse().unwrap()));
    assert_eq!(headers["x-amzn-sagemaker-content-type"], "text/csv; charset=utf-8");
    assert_eq!(headers["x-amzn-invoked-production-variant"], "A");
    let mut joined = Vec::new();
    let mut parts = 0;
    while !stream.is_empty() {
        let number = |at: usize| u32::from_be_bytes(stream[at..at + 4].try_into().unwrap()) as usize;
        let (whole, head) = (number(0), number(4));
        joined.extend_from_slice(&stream[12 + head..whole - 4]);
        stream.drain(..whole);
        parts += 1;
    }
    assert!(parts > 1 && joined == plain, "{parts} parts");

    let (status, headers, _) = lab.post(path, &[("content-type", "text/csv")], b"1,x");
    assert_eq!((status, &headers["x-amzn-errortype"]), (424, &"ModelError".parse().unwrap()));
    lab.close();
}

#[test]
fn a_later_answer_is_written_where_the_configuration_says() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(folder.path());
    let rows = "0.5,0.5\n0.1,0.9\n";
    lab.put("in/rows.csv", rows.as_bytes());
    let (_, _, expected) = lab.post("/endpoints/e/invocations", &[("content-type", "text/csv")], rows.as_bytes());
    let path = "/endpoints/e/async-invocations";
    let input = format!("s3://{BUCKET}/in/rows.csv");
    let location = ("x-amzn-sagemaker-inputlocation", input.as_str());
    let (status, headers, body) = lab.post(
        path,
        &[location, ("x-amzn-sagemaker-content-type", "text/csv"), ("x-amzn-sagemaker-inference-id", "mine")],
        b"",
    );
    assert_eq!(status, 202, "{}", String::from_utf8_lossy(&body));
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["InferenceId"], "mine");
    let output = headers["x-amzn-sagemaker-outputlocation"].to_str().unwrap();
    assert!(output.starts_with(&format!("s3://{BUCKET}/out/")), "{output}");
    assert_eq!(object(&lab, output).as_bytes(), expected);

    // What the model refuses, and what is not there, is told where failures go.
    for (key, says) in [("in/bad.csv", "row 1, column 2"), ("in/none.csv", "There is no object")] {
        if key == "in/bad.csv" {
            lab.put(key, b"1,x");
        }
        let input = format!("s3://{BUCKET}/{key}");
        let (status, headers, _) = lab.post(path, &[("x-amzn-sagemaker-inputlocation", &input)], b"");
        assert_eq!(status, 202);
        let failure = headers["x-amzn-sagemaker-failurelocation"].to_str().unwrap();
        let said = object(&lab, failure);
        assert!(said.contains(says), "{said}");
    }
    lab.close();
}

#[test]
fn a_later_answer_needs_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab(folder.path());
    lab.config("plain", &[("A", "m", 1.0)]);
    lab.serve("p", "plain");
    let input = ("x-amzn-sagemaker-inputlocation", "s3://lab-bucket/in/rows.csv");
    let refused = |endpoint: &str, headers: &[(&str, &str)]| {
        let (status, headers, body) = lab.post(&format!("/endpoints/{endpoint}/async-invocations"), headers, b"");
        assert_eq!((status, &headers["x-amzn-errortype"]), (400, &"ValidationError".parse().unwrap()));
        String::from_utf8(body).unwrap()
    };
    assert!(refused("p", &[input]).contains("no AsyncInferenceConfig"));
    assert!(refused("nobody", &[input]).contains("not found"));
    assert!(refused("e", &[]).contains("InputLocation"));
    assert!(refused("e", &[("x-amzn-sagemaker-inputlocation", "https://a/b")]).contains("must look like"));
    assert!(refused("e", &[input, ("x-amzn-sagemaker-requestttlseconds", "5")]).contains("from 60 to 21600"));
    lab.close();
}
