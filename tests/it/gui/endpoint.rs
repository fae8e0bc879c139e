//! The endpoint pages: the split by mouse, keys and typing, the dialogs, and pictures of their states.

use std::sync::Arc;

use counterpoise::gui::App;
use counterpoise::gui::route::Route;
use counterpoise::gui::theme::ThemeChoice;
use counterpoise::workspace::{Command, Workspace};
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use super::{choose, picture, window, window_of};
use crate::support::scripted::ScriptedWorkspace;
use crate::support::scripted::world::{self, NOW};

const LIVE: &str = "sentiment-live";

fn open() -> (Arc<ScriptedWorkspace>, Harness<'static, App>) {
    let workspace = ScriptedWorkspace::realistic();
    let harness = window(&workspace, Route::Endpoint(LIVE.into()));
    (workspace, harness)
}

fn both(workspace: &Arc<ScriptedWorkspace>, route: &Route, name: &str, size: [f32; 2]) {
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
