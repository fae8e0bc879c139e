//! Ground truth from everywhere: by call, by command, by object and by content; and data capture as SageMaker writes it.

use std::time::Duration;

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::data_capture::DataCapture;
use counterpoise::domain::deployment::DeploymentPlan;
use counterpoise::domain::endpoint::Retain;
use counterpoise::domain::endpoint_config::EndpointConfig;
use counterpoise::domain::extras::Extras;
use counterpoise::domain::label::{Label, LabelCounts, LabelReport};
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::stats::live::{CaptureLive, EndpointLive};
use counterpoise::workspace::{Command, CommandError, LabelSource, MatchBy, Reply, Source};
use serde_json::{Value, json};
use std::sync::Arc;

use super::lab::{BUCKET, LIMIT, Lab, config, regression};

const CSV: (&str, &str) = ("content-type", "text/csv");

/// A lab with endpoint `live` over two equal models at 50/50.
fn serving(folder: &std::path::Path) -> Lab {
    let lab = Lab::with_data(folder);
    lab.trained_model("trees", Algorithm::XGBoost, 3);
    lab.config("both", &[("a", "trees", 1.0), ("b", "trees", 1.0)]);
    lab.serve("live", "both");
    lab
}

/// Rows without their labels.
fn rows(n: usize) -> Vec<(String, String)> {
    let table = regression(9, n);
    table.lines().map(|line| line.split_once(',').map(|(y, x)| (y.to_owned(), x.to_owned())).unwrap()).collect()
}

fn ask(lab: &Lab, headers: &[(&str, &str)], body: &str) -> String {
    let (status, headers, _) = lab.post("/endpoints/live/invocations", headers, body.as_bytes());
    assert_eq!(status, 200);
    headers["x-amzn-sagemaker-inference-id"].to_str().unwrap().to_owned()
}

fn live(lab: &Lab) -> Arc<EndpointLive> {
    lab.workspace.endpoint_live("live").unwrap()
}

/// Waits until the numbers say so; they are a tenth of a second old at most.
fn until(lab: &Lab, what: &str, is: impl Fn(&EndpointLive) -> bool) -> Arc<EndpointLive> {
    lab.wait(what, |_| lab.workspace.endpoint_live("live").filter(|live| is(live)))
}

fn labelled(live: &EndpointLive) -> u64 {
    live.variants.iter().map(|variant| variant.labelled).sum()
}

fn report(reply: Reply) -> LabelReport {
    match reply {
        Reply::Labels(report) => *report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_answer_has_an_id_that_a_label_can_name() {
    let folder = tempfile::tempdir().unwrap();
    let lab = serving(folder.path());
    let rows = rows(3);
    let made = ask(&lab, &[CSV], &rows[0].1);
    assert_eq!(made.len(), 36, "{made}");
    let own = ask(&lab, &[CSV, ("x-amzn-sagemaker-inference-id", "mine")], &rows[1].1);
    assert_eq!(own, "mine");
    let forced = ask(&lab, &[CSV, ("x-amzn-sagemaker-target-variant", "a")], &rows[2].1);

    // By an HTTP call, first as JSON and then as CSV.
    let body = json!([{ "inferenceId": made, "label": 1.5 }, { "inferenceId": forced, "label": 2 }]).to_string();
    let (status, headers, answer) = lab.post("/endpoints/live/ground-truth", &[], body.as_bytes());
    assert_eq!((status, headers["content-type"].as_bytes()), (200, b"application/json".as_slice()));
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!((&answer["counted"], &answer["forced"]), (&json!(1), &json!(1)), "{answer}");
    let (status, _, answer) = lab.post("/endpoints/live/ground-truth", &[], b"inference_id,label\nmine,3\nnobody,1\n");
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!((status, &answer["counted"], &answer["unknown"]), (200, &json!(1), &json!(1)));
    assert!(answer["problems"][0].as_str().unwrap().starts_with("nobody:"), "{answer}");
    let live = until(&lab, "the labels", |live| labelled(live) == 2);
    assert_eq!(live.variants.iter().map(|v| v.predictions).sum::<u64>(), 2, "coverage leaves out what was forced");
    assert_eq!((live.capture.labels.forced, live.capture.labels.unknown, live.capture.taken), (1, 1, 3));

    for (path, body, status, words) in [
        ("/endpoints/none/ground-truth", "a,1", 404, "Could not find"),
        ("/endpoints/live/ground-truth", "a,x\nb,y", 400, "line 2"),
        ("/endpoints/live/ground-truth", "", 400, "no labels"),
    ] {
        let (got, _, answer) = lab.post(path, &[], body.as_bytes());
        let answer = String::from_utf8(answer).unwrap();
        assert!(got == status && answer.contains(words), "{got} {answer}");
    }
    lab.close();
}

#[test]
fn labels_come_from_objects_by_id_and_by_content() {
    let folder = tempfile::tempdir().unwrap();
    let lab = serving(folder.path());
    let rows = rows(40);
    let mut ids: Vec<String> = rows[..35].iter().map(|(_, x)| ask(&lab, &[CSV], x)).collect();
    // The last few write their numbers as JSON.
    ids.extend(rows[35..].iter().map(|(_, x)| ask(&lab, &[("content-type", "application/json")], &format!("[{x}]"))));

    // SageMaker's ground truth, written below the endpoint's own folder, is read at once.
    let truth = |id: &str, label: &str| {
        json!({ "groundTruthData": { "data": label, "encoding": "CSV" }, "eventMetadata": { "eventId": id }, "eventVersion": "0" })
            .to_string()
    };
    let lines: Vec<String> = (0..10).map(|i| truth(&ids[i], &rows[i].0)).collect();
    lab.put("monitoring/ground-truth/live/2026/11/26/one.jsonl", lines.join("\n").as_bytes());
    until(&lab, "ten labels", |live| labelled(live) == 10);
    lab.wait("the event", |world| {
        world.events.iter().find(|event| event.text.contains("one.jsonl of live: 10 labels counted")).map(|_| ())
    });

    // Below a prefix of one's own too, once it is set; elsewhere not.
    let prefix = S3Uri::new(BUCKET, "mine");
    lab.put("mine/early.csv", format!("{},{}\n", ids[10], rows[10].0).as_bytes());
    lab.ok(Command::SetGroundTruth { endpoint: "live".into(), prefix: Some(prefix.clone()) });
    assert_eq!(lab.endpoint("live").ground_truth, Some(prefix));
    lab.put("mine/two.csv", format!("{},{}\n", ids[11], rows[11].0).as_bytes());
    let live = until(&lab, "the eleventh label", |live| labelled(live) == 11);
    assert_eq!(live.capture.labels.joined, 11, "what was there before is not read");
    let nowhere = Command::SetGroundTruth { endpoint: "live".into(), prefix: Some(S3Uri::new("no-bucket", "")) };
    assert!(matches!(lab.refused(nowhere), CommandError::NotFound(_)));

    // By command from an object, and by hand.
    let by = |at: &str, by| Command::AddLabels {
        endpoint: "live".into(),
        source: LabelSource::Object { at: S3Uri::new(BUCKET, at), by },
    };
    let told = report(lab.ok(by("mine/early.csv", MatchBy::InferenceId)));
    assert_eq!(
        told,
        LabelReport { counts: LabelCounts { joined: 1, ..LabelCounts::default() }, ..LabelReport::default() }
    );
    let by_hand = LabelSource::Given(vec![Label { id: ids[12].clone(), values: vec![1.0] }]);
    let told = report(lab.ok(Command::AddLabels { endpoint: "live".into(), source: by_hand }));
    assert_eq!(told.counts.joined, 1);

    // The rest by content: a data set with the label first, its numbers written another way.
    let set = rows.iter().map(|(y, x)| format!("{y}, {x}\n")).collect::<Vec<_>>().concat();
    lab.put("sets/all.csv", set.as_bytes());
    let told = report(lab.ok(by("sets/all.csv", MatchBy::Content)));
    assert_eq!((told.counts.joined, told.counts.total()), (27, 27), "{told:?}");
    let again = report(lab.ok(by("sets/all.csv", MatchBy::Content)));
    assert!(again.counts.total() == 0 && again.problems[0].contains("no captured request"), "{again:?}");
    until(&lab, "all labels", |live| labelled(live) == 40);

    lab.put("ground-truth/live/bad.jsonl", b"{");
    lab.wait("the warning", |world| {
        let bad = world.events.iter().find(|event| event.text.contains("bad.jsonl of live was not read"))?;
        bad.detail.as_ref().filter(|why| why.contains("line 1")).map(|_| ())
    });
    assert!(matches!(lab.refused(by("none.csv", MatchBy::InferenceId)), CommandError::NoObject(_)));
    lab.close();
}

#[test]
fn labels_and_numbers_are_there_after_a_restart_and_gone_with_the_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let lab = serving(folder.path());
    let rows = rows(20);
    let ids: Vec<String> = rows.iter().map(|(_, x)| ask(&lab, &[CSV], x)).collect();
    let csv = ids.iter().zip(&rows).take(12).map(|(id, (y, _))| format!("{id},{y}\n")).collect::<Vec<_>>().concat();
    let source = LabelSource::Text(csv.into_bytes().into());
    assert_eq!(report(lab.ok(Command::AddLabels { endpoint: "live".into(), source })).counts.joined, 12);
    let before = until(&lab, "the labels", |live| labelled(live) == 12);
    let numbers = |live: &EndpointLive| -> Vec<_> {
        live.variants.iter().map(|v| (v.name.clone(), v.requests, v.predictions, v.labelled, v.score)).collect()
    };
    lab.close();

    let lab = Lab::open(folder.path());
    assert_eq!(numbers(&live(&lab)), numbers(&before));
    let rest = ids.iter().zip(&rows).map(|(id, (y, _))| format!("{id},{y}\n")).collect::<Vec<_>>().concat();
    let source = LabelSource::Text(rest.into_bytes().into());
    let told = report(lab.ok(Command::AddLabels { endpoint: "live".into(), source }));
    assert_eq!((told.counts.joined, told.counts.repeated), (8, 12));
    let captured = folder.path().join("capture").join("live");
    assert!(captured.exists());
    lab.ok(Command::DeleteEndpoint { name: "live".into() });
    lab.serve("live", "both");
    let live = live(&lab);
    assert_eq!((live.variants[0].requests, labelled(&live)), (0, 0), "a new endpoint of an old name begins at nought");
    assert_eq!(live.capture, CaptureLive::default());
    lab.close();
}

#[test]
fn a_traffic_test_that_a_swap_overtakes_labels_the_model_that_answered() {
    let folder = tempfile::tempdir().unwrap();
    let lab = serving(folder.path());
    lab.trained_model("other", Algorithm::XGBoost, 3);
    lab.config("moved", &[("a", "other", 1.0)]);
    let rows = rows(4);
    let before = ask(&lab, &[CSV], &rows[0].1);
    lab.ok(Command::UpdateEndpoint {
        name: "live".into(),
        config_name: "moved".into(),
        retain: Retain::NOTHING,
        plan: DeploymentPlan::default(),
        extras: Extras::default(),
    });
    lab.settled("live");
    let after = ask(&lab, &[CSV], &rows[1].1);
    let labels = [&before, &after].map(|id| Label { id: id.clone(), values: vec![1.0] });
    let source = LabelSource::Given(labels.to_vec());
    assert_eq!(report(lab.ok(Command::AddLabels { endpoint: "live".into(), source })).counts.joined, 2);
    let live = until(&lab, "the label", |live| labelled(live) > 0);
    assert_eq!((labelled(&live), live.capture.labels.joined), (1, 2), "the other one is the old model's");
    lab.close();
}

#[test]
fn data_capture_writes_sagemakers_lines_to_the_bucket() {
    let folder = tempfile::tempdir().unwrap();
    let lab = serving(folder.path());
    let capture = DataCapture::to(S3Uri::new(BUCKET, "captured"));
    let captured = EndpointConfig { data_capture: Some(capture), ..config("captured", &[("a", "trees", 1.0)]) };
    lab.ok(Command::CreateEndpointConfig(Box::new(captured)));
    lab.serve("kept", "captured");
    let (status, _, answer) = lab.post("/endpoints/kept/invocations", &[CSV], rows(1)[0].1.as_bytes());
    assert_eq!(status, 200);
    let key = lab.wait("the file", |world| {
        let objects = world.objects.get(BUCKET)?;
        objects.range("captured/kept/a/").next().map(|(key, _)| key.clone()).filter(|key| key.starts_with("captured/"))
    });
    let parts: Vec<&str> = key.split('/').collect();
    assert!(parts.len() == 8 && parts[7].ends_with("jsonl"), "{key}");
    let (object, mut file) = lab.workspace.open_object(&S3Uri::new(BUCKET, &key)).unwrap();
    assert_eq!(object.content_type, "application/jsonlines");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut file, &mut text).unwrap();
    let line: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(line["captureData"]["endpointInput"]["data"], json!(rows(1)[0].1));
    assert_eq!(line["captureData"]["endpointOutput"]["data"], json!(String::from_utf8(answer).unwrap()));
    assert_eq!(
        (&line["captureData"]["endpointOutput"]["encoding"], &line["eventVersion"]),
        (&json!("CSV"), &json!("0"))
    );

    // What is not due yet is written when the app ends; a bucket that is gone is told of.
    let (_, _, _) = lab.post("/endpoints/kept/invocations", &[CSV], rows(1)[0].1.as_bytes());
    lab.close();
    let lab = Lab::open(folder.path());
    let files = lab.world().objects.get(BUCKET).unwrap().range("captured/kept/a/").count();
    assert!(files >= 2, "{files}");
    let nowhere = DataCapture::to(S3Uri::new("gone-bucket", "x"));
    let lost = EndpointConfig { data_capture: Some(nowhere), ..config("lost", &[("a", "trees", 1.0)]) };
    lab.ok(Command::CreateEndpointConfig(Box::new(lost)));
    lab.serve("losing", "lost");
    lab.post("/endpoints/losing/invocations", &[CSV], rows(1)[0].1.as_bytes());
    lab.wait("the warning", |world| {
        let told = world.events.iter().find(|event| event.text.contains("endpoint losing could not be written"))?;
        told.detail.as_ref().filter(|why| why.contains("gone-bucket")).map(|_| ())
    });
    lab.close();
}

#[test]
fn an_acknowledged_label_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let lab = serving(folder.path());
    let id = ask(&lab, &[CSV], &rows(1)[0].1);
    let source = LabelSource::Given(vec![Label { id: id.clone(), values: vec![4.25] }]);
    let promise = lab.workspace.submit(Command::AddLabels { endpoint: "live".into(), source });
    assert!(matches!(promise.wait(LIMIT), Some(Ok(Ok(_)))));
    // What another process would read now, without any goodbye from this one.
    let segments = std::fs::read_dir(folder.path().join("capture/live")).unwrap();
    let bytes: Vec<u8> = segments.flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect();
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(holds(id.as_bytes()) && holds(&4.25_f64.to_le_bytes()));
    let put = Command::put_object(S3Uri::new(BUCKET, "x"), Source::Bytes(b"1".as_slice().into()));
    assert!(lab.workspace.submit(put).wait(Duration::from_mins(1)).is_some(), "the loop was not held up");
    lab.close();
}
