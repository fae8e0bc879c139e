//! The endpoint pages: the split by mouse, keys and typing, the dialogs, and pictures of their states.

use std::sync::Arc;

use counterpoise::domain::endpoint::{Deployment, DeploymentOutcome, DeploymentStage, EndpointStatus, Retain};
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::traffic_test::{TrafficTest, TrafficTestSpec, TrafficTestStatus};
use counterpoise::gui::App;
use counterpoise::gui::route::Route;
use counterpoise::gui::theme::ThemeChoice;
use counterpoise::stats::live::Score;
use counterpoise::workspace::{Command, CommandError, Workspace};
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::{choose, picture, window, window_of};
use crate::support::scripted::ScriptedWorkspace;
use crate::support::scripted::world;

pub const LIVE: &str = "sentiment-live";

fn open() -> (Arc<ScriptedWorkspace>, Harness<'static, App>) {
    let workspace = ScriptedWorkspace::realistic();
    let harness = window(&workspace, Route::Endpoint(LIVE.into()));
    (workspace, harness)
}

pub fn both(workspace: &Arc<ScriptedWorkspace>, route: &Route, name: &str, size: [f32; 2]) {
    let mut harness = window_of(workspace, route.clone(), size, None);
    picture(&mut harness, &format!("{name}-light"));
    choose(&mut harness, ThemeChoice::Dark);
    picture(&mut harness, &format!("{name}-dark"));
}

#[test]
fn pictures() {
    let live = Route::Endpoint(LIVE.into());
    let realistic = ScriptedWorkspace::realistic();
    both(&realistic, &live, "endpoint-1280", [1280.0, 800.0]);
    both(&realistic, &live, "endpoint-900", [900.0, 600.0]);
    both(&realistic, &live, "endpoint-1920", [1920.0, 1080.0]);
    both(&realistic, &Route::Endpoints, "endpoints-1280", [1280.0, 800.0]);
    both(&realistic, &Route::NewEndpoint { config: None }, "new-endpoint-1280", [1280.0, 800.0]);
    both(&realistic, &Route::Endpoint("boston-old".into()), "endpoint-idle-1280", [1280.0, 800.0]);
}

/// The world with one endpoint changed.
pub fn changed(change: impl FnOnce(&mut counterpoise::domain::endpoint::Endpoint)) -> Arc<ScriptedWorkspace> {
    let workspace = ScriptedWorkspace::realistic();
    workspace.change(|snapshot| {
        let mut endpoint = (**snapshot.endpoints.get(LIVE).unwrap()).clone();
        change(&mut endpoint);
        snapshot.endpoints.insert(LIVE, endpoint);
    });
    workspace
}

/// An update under way, at a stage.
fn updating(stage: DeploymentStage) -> Arc<ScriptedWorkspace> {
    changed(|endpoint| {
        endpoint.status = EndpointStatus::Updating;
        endpoint.requested_config = Some("sentiment-linear-only".into());
        let all =
            [DeploymentStage::Loading, DeploymentStage::Probing, DeploymentStage::Swapped, DeploymentStage::Draining];
        let stages = all
            .iter()
            .filter(|s| **s <= stage)
            .enumerate()
            .map(|(i, s)| (*s, world::ago(2_400 - 600 * i64::try_from(i).unwrap())));
        endpoint.deployments.push(Deployment {
            stages: stages.collect(),
            requests: 1_986,
            ..Deployment::begun(2, "sentiment-linear-only", Some("sentiment-ab"), world::ago(2_400))
        });
    })
}

/// An update that failed on a corrupt artefact.
fn failed() -> Arc<ScriptedWorkspace> {
    changed(|endpoint| {
        let why = "Model sentiment-xgb-1: model.tar.gz is not a gzip archive (it starts with 3c 21 64 6f). Upload the artefact again.";
        endpoint.requested_config = Some("sentiment-first".into());
        endpoint.failure_reason = Some(why.into());
        endpoint.deployments.push(Deployment {
            ended: Some(world::ago(89_800)),
            outcome: DeploymentOutcome::Failed(why.into()),
            requests: 164,
            ..Deployment::begun(2, "sentiment-first", Some("sentiment-ab"), world::ago(90_000))
        });
    })
}

/// Ten variants with long names, one without traffic.
fn ten() -> Arc<ScriptedWorkspace> {
    let workspace = changed(|endpoint| {
        endpoint.deployments.clear();
        endpoint.weight_changes.clear();
        let model = endpoint.variants[0].clone();
        endpoint.variants = (0..10)
            .map(|i| {
                let mut variant = model.clone();
                variant.name = ["linear-b", "xgb-a-with-a-long-name-that-goes-on-and-on", "c"][i % 3].to_owned()
                    + &format!("-{i}");
                variant.weight = [400.0, 250.0, 120.0, 80.0, 60.0, 40.0, 30.0, 15.0, 5.0, 0.0][i];
                variant
            })
            .collect();
    });
    let endpoint = Arc::clone(workspace.snapshot().endpoints.get(LIVE).unwrap());
    workspace.set_live(world::live(&endpoint, 400, 5));
    workspace
}

/// The same ten with errors in the label's unit.
fn ten_regressions() -> Arc<ScriptedWorkspace> {
    let workspace = ten();
    workspace.change_live(LIVE, |live| {
        live.score = Score::Rmse;
        for (variant, n) in live.variants.iter_mut().zip(1_u8..) {
            let size = f64::from(n);
            (variant.rmse, variant.mae) = (Some(3.0 + 0.25 * size), Some(2.0 + 0.25 * size));
        }
    });
    workspace
}

#[test]
fn of_many_variants_the_one_that_is_clicked_stands_out() {
    let workspace = ten();
    let page = |workspace| window(workspace, Route::Endpoint(LIVE.into()));
    let mut harness = page(&workspace);
    harness.get_by_label_contains("(best and clicked)");
    let is_card = |label: String| label.starts_with("Variant c-2: ");
    harness.get_by(|node| node.role() == Role::Group && node.label().is_some_and(is_card)).click();
    harness.run();
    picture(&mut harness, "endpoint-ten-chosen");
    choose(&mut harness, ThemeChoice::Dark);
    picture(&mut harness, "endpoint-ten-chosen-dark");
    let live = Route::Endpoint(LIVE.into());
    both(&ten_regressions(), &live, "endpoint-ten-regressions", [1280.0, 800.0]);
    let few = ScriptedWorkspace::realistic();
    assert!(page(&few).query_by_label_contains("(best and clicked)").is_none());
}

#[test]
fn pictures_of_states() {
    let live = Route::Endpoint(LIVE.into());
    let size = [1280.0, 800.0];
    both(&updating(DeploymentStage::Probing), &live, "endpoint-probing", size);
    both(&updating(DeploymentStage::Draining), &live, "endpoint-draining", size);
    both(&failed(), &live, "endpoint-failed", size);
    both(&ten(), &live, "endpoint-ten", size);
    both(&ten(), &live, "endpoint-ten-900", [900.0, 600.0]);
    let creating = changed(|endpoint| {
        endpoint.status = EndpointStatus::Creating;
        endpoint.in_service_since = None;
        endpoint.deployments[0].outcome = DeploymentOutcome::InProgress;
        endpoint.deployments[0].ended = None;
        endpoint.deployments[0].stages.truncate(1);
    });
    both(&creating, &live, "endpoint-creating", size);
}

#[test]
fn pictures_of_tabs_and_dialogs() {
    let live = Route::Endpoint(LIVE.into());
    for (tab, name) in [("Deployments", "deployments"), ("Details", "details"), ("Code", "code")] {
        let mut harness = window(&failed(), live.clone());
        harness.get_by_role_and_label(Role::Tab, tab).click();
        harness.run();
        picture(&mut harness, &format!("endpoint-tab-{name}"));
    }
    for (button, name) in [
        ("Try it", "try-it"),
        ("Traffic test…", "traffic"),
        ("Update…", "update"),
        ("More actions", "more"),
        ("Range: 10 min · follow", "range"),
    ] {
        let (_, mut harness) = open();
        harness.get_by_role_and_label(Role::Button, button).click();
        harness.run();
        picture(&mut harness, &format!("endpoint-dialog-{name}"));
    }
    let (_, mut harness) = open();
    harness.hover_at(egui::pos2(900.0, 450.0));
    harness.run();
    picture(&mut harness, "endpoint-hover");
}

/// The weights of the newest command, which must be a change of weights.
fn weights(workspace: &ScriptedWorkspace) -> Vec<(String, f64)> {
    match workspace.last_command() {
        Some(Command::UpdateWeights { name, weights, .. }) if name == LIVE => weights,
        other => panic!("no weights were set: {other:?}"),
    }
}

fn split(a: f64, b: f64) -> Vec<(String, f64)> {
    vec![("linear-b".to_owned(), a), ("xgb-a".to_owned(), b)]
}

const DIVIDER: &str = "Divider between linear-b and xgb-a";

#[test]
fn a_dragged_divider_sets_the_weights_on_release() {
    let (workspace, mut harness) = open();
    let from = harness.get_by_role_and_label(Role::Slider, DIVIDER).rect().center();
    harness.drag_at(from);
    harness.step();
    // The bar is 1010 points wide: 202 of them are 20 %.
    harness.hover_at(from + egui::vec2(202.0, 0.0));
    harness.step();
    harness.run();
    assert_eq!(workspace.commands().len(), 0, "nothing is applied while the divider is held");
    assert_eq!(harness.get_by_role_and_label(Role::Slider, DIVIDER).accesskit_node().numeric_value(), Some(82.0));
    harness.drop_at(from + egui::vec2(202.0, 0.0));
    harness.run();
    assert_eq!(weights(&workspace), split(82.0, 18.0));
    assert_eq!(workspace.commands().len(), 1);
    harness.get_by_label("Weight of linear-b: 82 %");
}

#[test]
fn arrow_keys_step_the_focused_divider() {
    let (workspace, mut harness) = open();
    harness.get_by_role_and_label(Role::Slider, DIVIDER).focus();
    harness.run();
    harness.key_press(egui::Key::ArrowLeft);
    harness.run();
    assert_eq!(weights(&workspace), split(61.0, 39.0));
    harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::ArrowRight);
    harness.run();
    assert_eq!(weights(&workspace), split(71.0, 29.0));
    harness.key_press(egui::Key::End);
    harness.run();
    assert_eq!(weights(&workspace), split(100.0, 0.0));
}

#[test]
fn a_typed_share_equalise_and_undo() {
    let (workspace, mut harness) = open();
    harness.get_by_label("Weight of xgb-a: 38 %").click();
    harness.run();
    harness.get_by_role_and_label(Role::TextInput, "Weight of xgb-a in percent").type_text("12.5");
    harness.run();
    harness.key_press(egui::Key::Enter);
    harness.run();
    assert_eq!(weights(&workspace), split(87.5, 12.5));
    harness.get_by_label("Equalise").click();
    harness.run();
    assert_eq!(weights(&workspace), split(50.0, 50.0));
    harness.get_by_label("Undo the last change of weights").click();
    harness.run();
    assert!(matches!(workspace.last_command(), Some(Command::UndoWeights { name }) if name == LIVE));
}

#[test]
fn refused_weights_go_back_and_say_why() {
    let (workspace, mut harness) = open();
    workspace.answer_next(Err(CommandError::Failed("the disk is full".into())));
    harness.get_by_label("Equalise").click();
    harness.run();
    harness.get_by_label("Weight of linear-b: 62 %");
    harness.get_by_label_contains("the disk is full");
}

#[test]
fn weights_rest_while_an_update_runs() {
    let mut harness = window(&updating(DeploymentStage::Probing), Route::Endpoint(LIVE.into()));
    assert!(harness.query_by_role_and_label(Role::Slider, DIVIDER).is_none());
    harness.get_by_label("Deployment: Probing");
    harness.run();
}

#[test]
fn an_update_shows_the_difference_and_starts() {
    let (workspace, mut harness) = open();
    harness.get_by_label("Update…").click();
    harness.run();
    harness.get_by_label("Variant linear-b: changed");
    harness.get_by_label("Variant xgb-a: removed");
    harness
        .get_by_role_and_label(
            Role::CheckBox,
            "Keep the current weights and instance counts of variants that both have",
        )
        .click();
    harness.run();
    harness.get_by_label("Start the update").click();
    harness.run();
    match workspace.last_command() {
        Some(Command::UpdateEndpoint { name, config_name, retain, .. }) => {
            assert_eq!((name.as_str(), config_name.as_str()), (LIVE, "sentiment-linear-only"));
            assert_eq!(retain, Retain::all(true));
        }
        other => panic!("no update was asked for: {other:?}"),
    }
    assert!(harness.query_by_label("Start the update").is_none(), "the dialog is closed");
}

#[test]
fn a_traffic_test_starts_with_the_data_that_suit() {
    let (workspace, mut harness) = open();
    harness.get_by_label("Traffic test…").click();
    harness.run();
    harness.get_by_label("Start").click();
    harness.run();
    match workspace.last_command() {
        Some(Command::StartTrafficTest(spec)) => {
            assert_eq!(spec.endpoint, LIVE);
            assert!(spec.data.key.ends_with("reviews/test.libsvm"), "{}", spec.data);
            assert_eq!((spec.requests_per_second, spec.duration_s), (200.0, 60));
        }
        other => panic!("no test was started: {other:?}"),
    }
}

#[test]
fn a_running_test_shows_its_progress_and_can_be_stopped() {
    let workspace = ScriptedWorkspace::realistic();
    workspace.change(|snapshot| {
        let spec = TrafficTestSpec {
            endpoint: LIVE.into(),
            data: S3Uri::new(world::BUCKET, "samples/reviews/test.libsvm"),
            requests_per_second: 200.0,
            duration_s: 60,
            rows_per_request: 1,
            connections: 4,
            seed: 1,
        };
        let test = TrafficTest {
            spec,
            status: TrafficTestStatus::Running,
            started: world::ago(12_000),
            ended: None,
            planned: 12_000,
            sent: 2_404,
            failed: 0,
            failure_reason: None,
        };
        snapshot.traffic_tests.insert(LIVE, test);
    });
    both(&workspace, &Route::Endpoint(LIVE.into()), "endpoint-test-runs", [1280.0, 800.0]);
    let mut harness = window(&workspace, Route::Endpoint(LIVE.into()));
    harness.get_by_label("2,404 of 12,000 requests · 0 failed · 48 s left");
    harness.get_by_label("Stop test").click();
    harness.run();
    assert!(matches!(workspace.last_command(), Some(Command::StopTrafficTest { endpoint }) if endpoint == LIVE));
}

#[test]
fn deleting_names_what_goes_along() {
    let (workspace, mut harness) = open();
    harness.get_by_label("More actions").click();
    harness.run();
    harness.get_by_label("Delete…").click();
    harness.run();
    harness.get_by_label_contains("Variant linear-b with its live numbers");
    picture(&mut harness, "endpoint-delete");
    harness.get_by_label("Delete").click();
    harness.run();
    assert!(matches!(workspace.last_command(), Some(Command::DeleteEndpoint { name }) if name == LIVE));
}

#[test]
fn a_new_endpoint_from_models_makes_its_configuration_first() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::NewEndpoint { config: None });
    harness.get_by_role_and_label(Role::TextInput, "Name").focus();
    harness.run();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.run();
    harness.get_by_role_and_label(Role::TextInput, "Name").type_text("fresh");
    harness.run();
    harness.get_by_label("Straight from models").click();
    harness.run();
    picture(&mut harness, "new-endpoint-models");
    harness.get_by_label("Create endpoint").click();
    harness.run();
    let commands = workspace.commands();
    let [Command::CreateEndpointConfig(config), Command::CreateEndpoint { name, config_name, .. }] = &commands[..]
    else {
        panic!("{commands:?}");
    };
    assert_eq!((name.as_str(), config_name), ("fresh", &config.name));
    let models: Vec<&str> = config.variants.iter().map(|v| v.model_name.as_str()).collect();
    assert_eq!(models, ["sentiment-linear-2", "sentiment-xgb-2"], "the two newest models are ticked");
    assert_eq!(harness.state().route(), &Route::Endpoint("fresh".into()));
}

#[test]
fn trying_sends_one_real_request() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut sent = Vec::new();
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&sent).contains("\r\n\r\n1 4:2") {
            let n = stream.read(&mut buffer).unwrap();
            assert!(n > 0, "the client went away");
            sent.extend_from_slice(&buffer[..n]);
        }
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\nx-amzn-Invoked-Production-Variant: xgb-a\r\ncontent-length: 5\r\n\r\n0.731";
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(sent).unwrap()
    });
    let workspace = ScriptedWorkspace::realistic();
    workspace.change(|snapshot| {
        let mut info = (*snapshot.info).clone();
        info.base_url = Some(base.clone());
        snapshot.info = Arc::new(info);
    });
    let mut harness = window(&workspace, Route::Endpoint(LIVE.into()));
    harness.get_by_label("Try it").click();
    harness.run();
    harness.get_by_role_and_label(Role::MultilineTextInput, "Request body").focus();
    harness.run();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.get_by_role_and_label(Role::MultilineTextInput, "Request body").type_text("1 4:2");
    harness.run();
    harness.get_by_label("Send").click();
    harness.run();
    let sent = server.join().unwrap();
    assert!(sent.starts_with("POST /endpoints/sentiment-live/invocations HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("Content-Type: text/libsvm\r\n"), "{sent}");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while harness.query_by_label("answered by xgb-a").is_none() {
        assert!(std::time::Instant::now() < deadline, "the answer was never shown");
        harness.run();
    }
    harness.get_by_label("0.731");
    picture(&mut harness, "endpoint-tried");
}

#[test]
fn the_list_opens_an_endpoint() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::Endpoints);
    harness.get_by_role_and_label(Role::Link, "sentiment-live").click();
    harness.run();
    assert_eq!(harness.state().route(), &Route::Endpoint(LIVE.into()));
}
