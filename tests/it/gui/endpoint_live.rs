//! The Endpoint page over a real system: a request from Try it, weights by key, an update from the dialog.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpoise::domain::endpoint::{DeploymentOutcome, EndpointStatus};
use counterpoise::gui::route::Route;
use counterpoise::gui::{App, Options};
use counterpoise::workspace::Workspace;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use super::picture;
use crate::support::live::Live;

const LIMIT: Duration = Duration::from_mins(1);

/// Two models behind one endpoint, and a third to move to.
fn system(folder: &Path) -> Live {
    let live = Live::open(folder);
    live.with_house_prices();
    for (model, rounds) in [("few-trees", 2), ("more-trees", 6)] {
        live.make_model(model, rounds);
    }
    live.make_config("both", &[("few-trees", 1.0), ("more-trees", 1.0)]);
    live.make_config("better", &[("more-trees", 1.0)]);
    live.put_in_service("prices", "both");
    live
}

fn window(live: &Live) -> Harness<'static, App> {
    let workspace: Arc<dyn Workspace> = Arc::clone(&live.workspace);
    let start = Some(Route::Endpoint("prices".into()));
    let mut harness = Harness::builder()
        .with_size([1280.0, 800.0])
        .with_pixels_per_point(1.0)
        .with_theme(egui::Theme::Light)
        .build_eframe(move |cc| App::new(cc, workspace, Options { start, ..Options::default() }));
    harness.run_steps(4);
    harness
}

/// Draws frames until something is there. A live workspace wakes the window when it likes: `run` would never come to rest.
fn until(harness: &mut Harness<'static, App>, what: &str, mut there: impl FnMut(&Harness<'static, App>) -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !there(harness) {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        harness.step();
    }
}

fn press(harness: &mut Harness<'static, App>, name: &str) {
    until(harness, name, |h| h.query_by_role_and_label(Role::Button, name).is_some());
    // What just appeared may still move into its place; a click aims at where it was.
    harness.run_steps(3);
    harness.get_by_role_and_label(Role::Button, name).click();
    harness.run_steps(3);
}

#[test]
fn the_page_moves_real_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let live = system(folder.path());
    let mut harness = window(&live);

    // Try it: a sample row of the training data, sent over HTTP to the system's own listener.
    press(&mut harness, "Try it");
    until(&mut harness, "a sample row", |h| {
        let body = h.get_by_role_and_label(Role::MultilineTextInput, "Request body");
        egui_kittest::kittest::NodeT::accesskit_node(&body).value().is_some_and(|text| text.contains(','))
    });
    press(&mut harness, "Send");
    until(&mut harness, "the answer", |h| h.query_by_label("200").is_some());
    assert!(harness.query_by_label_contains("answered by ").is_some());
    picture(&mut harness, "endpoint-live-tried");
    press(&mut harness, "Close");

    // The divider by key: the next request obeys.
    harness.get_by_role_and_label(Role::Slider, "Divider between few-trees and more-trees").focus();
    harness.run_steps(2);
    harness.key_press(egui::Key::Home);
    let weights = |live: &Live| {
        let snapshot = live.workspace.snapshot();
        snapshot.endpoints.get("prices").unwrap().variants.iter().map(|v| v.weight).collect::<Vec<_>>()
    };
    until(&mut harness, "the weights", |_| weights(&live) == [0.0, 100.0]);
    press(&mut harness, "Undo the last change of weights");
    until(&mut harness, "the weights before", |_| weights(&live) == [1.0, 1.0]);

    // Update to the other configuration from the dialog.
    press(&mut harness, "Update…");
    harness.get_by_label("Variant few-trees: removed");
    press(&mut harness, "Start the update");
    until(&mut harness, "the update", |_| {
        let snapshot = live.workspace.snapshot();
        let endpoint = snapshot.endpoints.get("prices").unwrap();
        endpoint.status == EndpointStatus::InService && endpoint.config_name == "better"
    });
    let snapshot = live.workspace.snapshot();
    let newest = snapshot.endpoints.get("prices").unwrap().deployments.last().unwrap().clone();
    assert_eq!((newest.outcome, newest.failed_requests), (DeploymentOutcome::Succeeded, 0));
    until(&mut harness, "the timeline", |h| h.query_by_label("Moved to better").is_some());
    harness.get_by_label("0 failed");
    picture(&mut harness, "endpoint-live-moved");
    drop(harness);
    live.close();
}
