//! Labels and data capture in the window: by hand after a try, from a file, and the switch of a configuration.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use counterpoise::domain::data_capture::DataCapture;
use counterpoise::domain::label::{Label, LabelCounts, LabelReport};
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::gui::App;
use counterpoise::gui::route::Route;
use counterpoise::gui::theme::ThemeChoice;
use counterpoise::stats::live::EndpointLive;
use counterpoise::workspace::{Command, LabelSource, MatchBy, Reply, Workspace, WorkspaceInfo};
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use super::{choose, picture, window, window_of};
use crate::support::scripted::ScriptedWorkspace;
use crate::support::scripted::world;

const LIVE: &str = "sentiment-live";

fn open_labels(workspace: &Arc<ScriptedWorkspace>, size: [f32; 2]) -> Harness<'static, App> {
    let mut harness = window_of(workspace, Route::Endpoint(LIVE.into()), size, None);
    harness.get_by_label("More actions").click();
    harness.run();
    harness.get_by_label("Labels…").click();
    harness.run();
    harness
}

#[test]
fn labels_are_read_from_a_file_and_the_outcome_is_said() {
    let workspace = ScriptedWorkspace::realistic();
    workspace.change(|snapshot| {
        world::put(snapshot, world::BUCKET, world::object("truth/monday.csv", 812, world::ago(1_000)));
    });
    let mut harness = open_labels(&workspace, [1280.0, 800.0]);
    harness.get_by_label_contains("requests captured");
    let uri = S3Uri::new(world::BUCKET, "truth/monday.csv");
    harness.get_by_role_and_label(Role::TextInput, "File").focus();
    harness.run();
    harness.get_by_role_and_label(Role::TextInput, "File").type_text("monday");
    harness.run();
    harness.get_by_role_and_label(Role::RadioButton, &uri.to_string()).click();
    harness.run();
    let report = LabelReport {
        counts: LabelCounts { joined: 40, unknown: 2, ..LabelCounts::default() },
        problems: vec!["r-7: no captured request of this endpoint has this inference id".into()],
        ..LabelReport::default()
    };
    workspace.answer_next(Ok(Reply::Labels(Box::new(report))));
    harness.get_by_label("Read labels").click();
    harness.run();
    match workspace.last_command() {
        Some(Command::AddLabels { endpoint, source: LabelSource::Object { at, by } }) => {
            assert_eq!((endpoint.as_str(), at, by), (LIVE, uri, MatchBy::InferenceId));
        }
        other => panic!("{other:?}"),
    }
    harness.get_by_label_contains("40 labels counted, 2 of unknown requests");
    harness.get_by_label_contains("r-7: no captured request");
    harness.check_accessibility();
    picture(&mut harness, "labels-light");
    choose(&mut harness, ThemeChoice::Dark);
    picture(&mut harness, "labels-dark");
    let mut small = open_labels(&workspace, [900.0, 600.0]);
    picture(&mut small, "labels-900");
}

#[test]
fn what_the_capture_lost_is_said_on_the_page() {
    let workspace = ScriptedWorkspace::realistic();
    let mut live = EndpointLive::clone(&workspace.endpoint_live(LIVE).unwrap());
    let harness = window(&workspace, Route::Endpoint(LIVE.into()));
    assert!(harness.query_by_label_contains("not captured").is_none(), "nothing was lost");
    (live.capture.dropped, live.capture.unwritten) = (1_300, 1);
    workspace.set_live(live);
    let mut harness = window(&workspace, Route::Endpoint(LIVE.into()));
    harness.get_by_label_contains("1,300 requests not captured");
    harness.get_by_label_contains("1 request not on disk");
    picture(&mut harness, "endpoint-losses");
    harness.get_by_label("More actions").click();
    harness.run();
    harness.get_by_label("Labels…").click();
    harness.run();
    harness.get_by_label_contains("1,300 not captured: the disk could not keep up");
}

#[test]
fn a_ground_truth_prefix_is_checked_and_set() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = open_labels(&workspace, [1280.0, 800.0]);
    harness.get_by_role_and_label(Role::TextInput, "Read every object below").focus();
    harness.run();
    harness.get_by_role_and_label(Role::TextInput, "Read every object below").type_text("s3://nowhere-bucket/x");
    harness.run();
    harness.get_by_label_contains("there is no bucket nowhere-bucket");
    let mut harness = open_labels(&workspace, [1280.0, 800.0]);
    let prefix = S3Uri::new(world::BUCKET, "truth");
    harness.get_by_role_and_label(Role::TextInput, "Read every object below").focus();
    harness.run();
    harness.get_by_role_and_label(Role::TextInput, "Read every object below").type_text(&prefix.to_string());
    harness.run();
    harness.get_by_label("Set ground-truth prefix").click();
    harness.run();
    let snapshot = workspace.snapshot();
    assert_eq!(snapshot.endpoints.get(LIVE).unwrap().ground_truth, Some(prefix));
}

#[test]
fn the_right_answer_to_a_try_is_a_label() {
    let workspace = ScriptedWorkspace::realistic();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    workspace.change(|snapshot| {
        let info = WorkspaceInfo { base_url: Some(format!("http://{address}")), ..(*snapshot.info).clone() };
        snapshot.info = Arc::new(info);
    });
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut sent = Vec::new();
        let mut buffer = [0; 4096];
        while !sent.windows(4).any(|four| four == b"\r\n\r\n") {
            let n = stream.read(&mut buffer).unwrap();
            sent.extend_from_slice(&buffer[..n]);
        }
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\nx-amzn-sagemaker-inference-id: r-1\r\nx-amzn-invoked-production-variant: a\r\ncontent-length: 3\r\n\r\n0.9";
        stream.write_all(answer).unwrap();
    });
    let mut harness = window(&workspace, Route::Endpoint(LIVE.into()));
    harness.get_by_label("Try it").click();
    harness.run();
    harness.get_by_role_and_label(Role::MultilineTextInput, "Request body").focus();
    harness.run();
    harness.get_by_role_and_label(Role::MultilineTextInput, "Request body").type_text("1 4:2");
    harness.run();
    harness.get_by_label("Send").click();
    harness.run();
    server.join().unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while harness.query_by_label("Label it").is_none() {
        assert!(std::time::Instant::now() < deadline, "the answer did not come");
        harness.run();
    }
    harness.get_by_role_and_label(Role::TextInput, "The right answer").focus();
    harness.run();
    harness.get_by_role_and_label(Role::TextInput, "The right answer").type_text("1");
    harness.run();
    harness.get_by_label("Label it").click();
    harness.run();
    match workspace.last_command() {
        Some(Command::AddLabels { endpoint, source: LabelSource::Given(labels) }) => {
            assert_eq!((endpoint.as_str(), labels), (LIVE, vec![Label { id: "r-1".into(), values: vec![1.0] }]));
        }
        other => panic!("{other:?}"),
    }
    harness.get_by_label_contains("1 label counted");
    picture(&mut harness, "try-it-label");
}

#[test]
fn data_capture_is_a_switch_with_a_place_and_a_share() {
    let workspace = ScriptedWorkspace::realistic();
    let models = vec!["boston-xgb-1".to_owned()];
    let mut harness = window(&workspace, Route::NewEndpointConfig { clone_of: None, models });
    harness.get_by_label("Capture requests and answers").click();
    harness.run();
    harness.check_accessibility();
    picture(&mut harness, "config-capture");
    harness.get_by_label_contains("Create configuration").click();
    harness.run();
    let Some(Command::CreateEndpointConfig(config)) = workspace.last_command() else {
        panic!("{:?}", workspace.last_command())
    };
    let bucket = workspace.snapshot().info.account.default_bucket();
    assert_eq!(config.data_capture, Some(DataCapture::to(S3Uri::new(bucket, "captured"))));
}
