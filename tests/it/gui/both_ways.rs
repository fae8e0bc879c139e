//! One workspace, two faces: what an AWS client does is in the window with its next frame, and what a person does there is in the next answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::gui::route::Route;
use counterpoise::gui::{App, Options};
use counterpoise::workspace::Workspace;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use serde_json::{Value, json};

use crate::engine::lab::{BUCKET, Lab};
use crate::sagemaker::{ROLE, call, ok};

const LIMIT: Duration = Duration::from_mins(1);

type Window = Harness<'static, App>;

fn window(lab: &Lab, start: Route) -> Window {
    let workspace: Arc<dyn Workspace> = Arc::clone(&lab.workspace);
    let options = Options { start: Some(start), ..Options::default() };
    let mut harness =
        Harness::builder().with_size([1280.0, 800.0]).build_eframe(move |cc| App::new(cc, workspace, options));
    harness.run_steps(4);
    harness
}

fn go(harness: &mut Window, route: Route) {
    harness.state_mut().go(route);
    harness.run_steps(3);
}

fn shows(harness: &Window, words: &str) -> bool {
    harness.query_all_by_label_contains(words).next().is_some()
}

fn until(harness: &mut Window, what: &str, mut there: impl FnMut(&Window) -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !there(harness) {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        harness.step();
    }
}

/// A client's request, and one frame after its answer.
fn client_does(lab: &Lab, harness: &mut Window, operation: &str, input: &Value) {
    ok(lab, operation, input);
    assert!(harness.ctx.has_requested_repaint(), "{operation} wakes the window");
    harness.step();
}

#[test]
fn what_a_client_does_is_in_the_window_with_its_next_frame() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("trained", Algorithm::XGBoost, 2);
    let mut harness = window(&lab, Route::Models);

    let container = json!({ "Image": Algorithm::XGBoost.image(), "ModelDataUrl": format!("s3://{BUCKET}/models/trained/output/model.tar.gz") });
    let model = json!({ "ModelName": "from-a-client", "ExecutionRoleArn": ROLE, "PrimaryContainer": container });
    assert!(!shows(&harness, "from-a-client"));
    client_does(&lab, &mut harness, "CreateModel", &model);
    assert!(shows(&harness, "from-a-client"), "the list of models");

    let variants = json!([
        { "VariantName": "left", "ModelName": "from-a-client", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large" },
        { "VariantName": "right", "ModelName": "trained", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large" },
    ]);
    go(&mut harness, Route::EndpointConfigs);
    let config = json!({ "EndpointConfigName": "both-sides", "ProductionVariants": variants });
    client_does(&lab, &mut harness, "CreateEndpointConfig", &config);
    assert!(shows(&harness, "both-sides"), "the list of configurations");

    go(&mut harness, Route::Endpoints);
    let endpoint = json!({ "EndpointName": "served", "EndpointConfigName": "both-sides" });
    client_does(&lab, &mut harness, "CreateEndpoint", &endpoint);
    assert!(shows(&harness, "served"), "the list of endpoints");
    lab.settled("served");
    harness.step();
    assert!(shows(&harness, "InService"), "the list of endpoints");

    go(&mut harness, Route::Endpoint("served".into()));
    harness.get_by_role_and_label(Role::Slider, "Divider between left and right");
    let weights =
        json!([{ "VariantName": "left", "DesiredWeight": 1 }, { "VariantName": "right", "DesiredWeight": 3 }]);
    let moved = json!({ "EndpointName": "served", "DesiredWeightsAndCapacities": weights });
    client_does(&lab, &mut harness, "UpdateEndpointWeightsAndCapacities", &moved);
    assert!(shows(&harness, "25") && shows(&harness, "75"), "the split bar");

    go(&mut harness, Route::Endpoints);
    client_does(&lab, &mut harness, "DeleteEndpoint", &json!({ "EndpointName": "served" }));
    assert!(harness.query_by_role_and_label(Role::Row, "served").is_none());
    assert!(!shows(&harness, "InService"), "it is gone");
    drop(harness);
    lab.close();
}

#[test]
fn what_a_person_does_is_in_the_next_answer() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("old", Algorithm::XGBoost, 2);
    lab.trained_model("new", Algorithm::XGBoost, 4);
    lab.config("pair", &[("a", "old", 1.0), ("b", "new", 1.0)]);
    let mut harness = window(&lab, Route::NewEndpoint { config: Some("pair".into()) });

    harness.get_by_role_and_label(Role::Button, "Create endpoint").click();
    harness.run_steps(4);
    let listed = |lab: &Lab| ok(lab, "ListEndpoints", &json!({}))["Endpoints"].as_array().unwrap().clone();
    until(&mut harness, "the endpoint", |_| !listed(&lab).is_empty());
    let name = listed(&lab)[0]["EndpointName"].as_str().unwrap().to_owned();
    lab.settled(&name);
    let named = json!({ "EndpointName": name });
    assert_eq!(ok(&lab, "DescribeEndpoint", &named)["EndpointStatus"], "InService");

    until(&mut harness, "the page", |h| h.query_by_role_and_label(Role::Slider, "Divider between a and b").is_some());
    harness.get_by_role_and_label(Role::Slider, "Divider between a and b").focus();
    harness.run_steps(2);
    harness.key_press(egui::Key::Home);
    let weights = |lab: &Lab| {
        let variants = ok(lab, "DescribeEndpoint", &named)["ProductionVariants"].as_array().unwrap().clone();
        variants.iter().map(|variant| variant["DesiredWeight"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    until(&mut harness, "the weights", |_| weights(&lab) == [0.0, 100.0]);
    assert_eq!(lab.invoke(&name, "text/csv", "0.5,0.5").1, "b", "the next request obeys");

    go(&mut harness, Route::Model("old".into()));
    harness.get_by_role_and_label(Role::Button, "Delete model").click();
    harness.run_steps(4);
    harness.get_all_by_role_and_label(Role::Button, "Delete").last().unwrap().click();
    let model = json!({ "ModelName": "old" });
    until(&mut harness, "the end of the model", |_| call(&lab, "DescribeModel", &model).is_err());
    drop(harness);
    lab.close();
}
