//! The whole way by hand, in a window over a real workspace: sample data, a training job, a model, a configuration, an endpoint that answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpoise::domain::endpoint::EndpointStatus;
use counterpoise::gui::route::Route;
use counterpoise::gui::{App, Options};
use counterpoise::workspace::Workspace;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use crate::support::live::Live;

const DEADLINE: Duration = Duration::from_mins(2);

type Window = Harness<'static, App>;

fn shows(harness: &Window, words: &str) -> bool {
    harness.query_all_by_label_contains(words).next().is_some()
}

/// Draws frames until the condition holds: work goes on behind the window.
fn until(harness: &mut Window, what: &str, mut holds: impl FnMut(&Window) -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds(harness) {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
        harness.step();
    }
}

/// Presses what has that name, once it is there.
fn click(harness: &mut Window, name: &str) {
    until(harness, name, |harness| harness.query_all_by_label(name).next().is_some());
    harness.get_all_by_label(name).last().unwrap().click();
    harness.run_steps(4);
}

#[test]
fn from_sample_data_to_an_endpoint_in_service() {
    let folder = tempfile::tempdir().unwrap();
    let live = Live::open(folder.path());
    let workspace: Arc<dyn Workspace> = Arc::clone(&live.workspace);
    let options = Options { start: Some(Route::NewTrainingJob { clone_of: None }), ..Options::default() };
    let mut harness =
        Harness::builder().with_size([1280.0, 800.0]).build_eframe(move |cc| App::new(cc, workspace, options));
    harness.run_steps(4);

    click(&mut harness, "Next");
    click(&mut harness, "Add sample data");
    click(&mut harness, "Use data set reviews");
    until(&mut harness, "the labels of libsvm", |harness| shows(harness, "Labels are 0 and 1"));
    click(&mut harness, "Use data set boston");
    until(&mut harness, "the labels of CSV", |harness| shows(harness, "Labels are numbers"));
    click(&mut harness, "Step 5: Review");
    click(&mut harness, "Start training");
    until(&mut harness, "the end of the job", |harness| shows(harness, "Completed"));
    assert!(shows(&harness, "validation:rmse"), "what was measured is on show");
    assert!(!shows(&harness, "Nothing was measured"));

    click(&mut harness, "Create model");
    click(&mut harness, "Create model");
    until(&mut harness, "the model", |harness| *harness.state().route() == Route::Model("boston-xgb-1".into()));
    click(&mut harness, "Deploy");
    click(&mut harness, "Create configuration");
    until(&mut harness, "the configuration", |harness| matches!(harness.state().route(), Route::EndpointConfig(_)));
    click(&mut harness, "Create endpoint");
    until(&mut harness, "the form", |harness| matches!(harness.state().route(), Route::NewEndpoint { .. }));
    click(&mut harness, "Create endpoint");
    until(&mut harness, "the endpoint's page", |harness| matches!(harness.state().route(), Route::Endpoint(_)));
    until(&mut harness, "InService", |harness| shows(harness, "InService"));
    let snapshot = live.workspace.snapshot();
    let endpoint = snapshot.endpoints.values().next().unwrap();
    assert_eq!(endpoint.status, EndpointStatus::InService);
    let job = snapshot.training_jobs.get("boston-xgb-1").unwrap();
    let rmse = job.final_metric("validation:rmse").unwrap();
    assert!((1.0..6.0).contains(&rmse), "the suggested hyperparameters do their work: {rmse}");
}
