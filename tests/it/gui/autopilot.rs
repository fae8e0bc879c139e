//! The autopilot on the endpoint page, by accessible names: started with a floor, saying what it does, stopped by one press.

use counterpoise::domain::autopilot::{Autopilot, Doing};
use counterpoise::gui::route::Route;
use counterpoise::gui::theme::ThemeChoice;
use counterpoise::workspace::Command;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;

use super::{choose, picture, window, window_of};
use crate::support::scripted::{ScriptedWorkspace, world};

const LIVE: &str = "sentiment-live";

/// The floor that was asked for last; `None` stops it.
fn wished(workspace: &ScriptedWorkspace) -> Option<f64> {
    match workspace.last_command() {
        Some(Command::SetAutopilot { name, floor }) if name == LIVE => floor,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_started_with_a_floor() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::Endpoint(LIVE.into()));
    harness.get_by_role_and_label(Role::Button, "Autopilot…").click();
    harness.run();
    harness.get_by_label_contains("Thompson sampling");
    picture(&mut harness, "autopilot-dialog-light");
    choose(&mut harness, ThemeChoice::Dark);
    picture(&mut harness, "autopilot-dialog-dark");
    harness.get_by_role_and_label(Role::Button, "5 %").click();
    harness.run();
    harness.get_by_role_and_label(Role::Button, "Start the autopilot").click();
    harness.run();
    assert_eq!(wished(&workspace), Some(0.05));
    harness.get_by_label("Autopilot on, floor 5 %: looks at the labels for half a minute first");
}

#[test]
fn it_says_what_it_does_and_stops_at_a_press() {
    let workspace = ScriptedWorkspace::realistic();
    let on = Autopilot {
        steps: 3,
        last_step: Some(world::ago(12 * 60_000)),
        doing: Doing::Rests,
        ..Autopilot::new(LIVE, 0.02, world::ago(3_600_000)).unwrap()
    };
    workspace.change(|world| world.autopilots.insert(LIVE, on));
    let mut harness = window(&workspace, Route::Endpoint(LIVE.into()));
    harness.get_by_label(
        "Autopilot on, floor 2 %: moved the weights 3 times, the last 12 min ago; rests, the split fits the labels",
    );
    for size in [[1280.0, 800.0], [900.0, 600.0]] {
        let mut harness = window_of(&workspace, Route::Endpoint(LIVE.into()), size, None);
        picture(&mut harness, &format!("autopilot-{}-light", size[0]));
        choose(&mut harness, ThemeChoice::Dark);
        picture(&mut harness, &format!("autopilot-{}-dark", size[0]));
    }
    harness.get_by_role_and_label(Role::Button, "Stop autopilot").click();
    harness.run();
    assert_eq!(wished(&workspace), None);
    harness.get_by_role_and_label(Role::Button, "Autopilot…");
}

#[test]
fn a_lone_variant_has_none() {
    let harness = window(&ScriptedWorkspace::realistic(), Route::Endpoint("boston-old".into()));
    assert!(harness.query_by_label("Autopilot…").is_none());
}
