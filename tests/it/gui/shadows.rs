//! Shadow variants and instances on the endpoint page, and shadow variants in the form of a configuration, by accessible name.

use std::sync::Arc;

use counterpoise::domain::endpoint::EndpointVariant;
use counterpoise::gui::App;
use counterpoise::gui::route::Route;
use counterpoise::gui::theme::ThemeChoice;
use counterpoise::stats::experiment::paired::Paired;
use counterpoise::stats::live::{ShadowLive, VersusLive};
use counterpoise::workspace::{Command, Workspace};
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::{choose, picture, window, window_of};
use crate::support::scripted::{ScriptedWorkspace, world};

const LIVE: &str = "sentiment-live";
const SLIDER: &str = "Copies for xgb-s, percent";

/// The endpoint with a shadow variant that gets a quarter of the requests and could not keep up once.
pub fn shadowed(production: usize) -> Arc<ScriptedWorkspace> {
    let workspace = ScriptedWorkspace::realistic();
    workspace.change(|snapshot| {
        let mut endpoint = (**snapshot.endpoints.get(LIVE).unwrap()).clone();
        endpoint.variants.truncate(production);
        let sum: f64 = endpoint.variants.iter().map(|variant| variant.weight).sum();
        endpoint.shadow_variants = vec![EndpointVariant {
            name: "xgb-s".into(),
            model_name: "sentiment-xgb-1".into(),
            weight: sum / 4.0,
            instance_count: 2,
            instance_type: "ml.m5.large".into(),
        }];
        snapshot.endpoints.insert(LIVE, endpoint);
    });
    let endpoint = Arc::clone(workspace.snapshot().endpoints.get(LIVE).unwrap());
    let mut live = world::live(&endpoint, 400, 5);
    let mut test = Paired::classes(0.05);
    for row in 0..400 {
        test.row(f64::from(u8::from(row % 8 != 0)), f64::from(u8::from(row % 40 != 0)));
    }
    let versus = Some(VersusLive { test: test.summary(), cap: None });
    let mut shadow = ShadowLive { variant: live.variants[0].clone(), share: 0.25, dropped: 12, versus };
    shadow.variant.name = "xgb-s".into();
    shadow.variant.model_name = "sentiment-xgb-1".into();
    live.shadows = vec![shadow];
    live.variants[0].busy = 1;
    live.variants[0].waiting = 3;
    workspace.set_live(live);
    workspace
}

fn open(production: usize) -> (Arc<ScriptedWorkspace>, Harness<'static, App>) {
    let workspace = shadowed(production);
    let harness = window(&workspace, Route::Endpoint(LIVE.into()));
    (workspace, harness)
}

fn weights(workspace: &ScriptedWorkspace) -> Vec<(String, f64)> {
    match workspace.last_command() {
        Some(Command::UpdateWeights { name, weights, .. }) if name == LIVE => weights,
        other => panic!("no weights were set: {other:?}"),
    }
}

#[test]
fn the_verdict_over_what_clients_got_is_in_words() {
    let (workspace, mut harness) = open(2);
    harness.get_by_label_contains("xgb-s is better than production: +10.0 points (95 % band +");
    workspace.change_live(LIVE, |live| live.shadows[0].versus = None);
    harness.run();
    harness.get_by_label("Labels tell how it compares with what clients got, on the same requests");
}

#[test]
fn pictures() {
    for (size, name) in [([1280.0, 800.0], "1280"), ([900.0, 600.0], "900")] {
        let mut harness = window_of(&shadowed(2), Route::Endpoint(LIVE.into()), size, None);
        picture(&mut harness, &format!("endpoint-shadow-{name}-light"));
        choose(&mut harness, ThemeChoice::Dark);
        picture(&mut harness, &format!("endpoint-shadow-{name}-dark"));
        harness.get_by_role_and_label(Role::Tab, "Details").click();
        harness.run();
        picture(&mut harness, &format!("endpoint-instances-{name}"));
    }
    let (_, mut harness) = open(1);
    harness.get_by_label("Promote shadow variant xgb-s").click();
    harness.run();
    picture(&mut harness, "endpoint-shadow-promote");
    let mut harness =
        window(&ScriptedWorkspace::realistic(), Route::NewEndpointConfig { clone_of: None, models: Vec::new() });
    harness.get_by_label("Add shadow variant").click();
    harness.run();
    picture(&mut harness, "config-form-shadow");
}

#[test]
fn a_card_is_marked_and_says_what_the_shadow_made_of_the_copies() {
    let (_, harness) = open(2);
    harness.get_by_label("Shadow");
    let card = harness.get_by_label_contains("Shadow variant xgb-s: Copies answered");
    let said = card.accesskit_node().label().unwrap();
    for part in ["p50 / p99", "Dropped 12 of", "Errors"] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn arrow_keys_step_the_share_of_copies_and_the_split_leaves_it_alone() {
    let (workspace, mut harness) = open(2);
    let slider = harness.get_by_role_and_label(Role::Slider, SLIDER);
    assert_eq!(slider.accesskit_node().numeric_value(), Some(25.0));
    slider.focus();
    harness.run();
    harness.key_press(egui::Key::ArrowRight);
    harness.run();
    let set = weights(&workspace);
    assert_eq!((set.len(), set[0].0.as_str()), (1, "xgb-s"));
    // The production variants' weights sum to 100.
    assert!((set[0].1 - 26.0).abs() < 1e-9, "{set:?}");
    // A change of the split takes the shadow's weight along, so that its share stays what it was.
    harness.get_by_label("Equalise").click();
    harness.run();
    let set = weights(&workspace);
    assert_eq!(set[..2], [("linear-b".to_owned(), 50.0), ("xgb-a".to_owned(), 50.0)]);
    assert!(set[2].0 == "xgb-s" && (set[2].1 - 26.0).abs() < 1e-9, "{set:?}");
}

#[test]
fn a_dragged_slider_applies_when_it_is_let_go() {
    let (workspace, mut harness) = open(2);
    let rect = harness.get_by_role_and_label(Role::Slider, SLIDER).rect();
    let at = egui::pos2(rect.left() + rect.width() * 0.26, rect.center().y);
    harness.drag_at(at);
    harness.step();
    harness.hover_at(egui::pos2(rect.right() + 20.0, at.y));
    harness.step();
    harness.run();
    assert_eq!(workspace.commands().len(), 0, "nothing is applied while it is held");
    harness.drop_at(egui::pos2(rect.right() + 20.0, at.y));
    harness.run();
    let set = weights(&workspace);
    assert_eq!(set, [("xgb-s".to_owned(), 100.0)]);
    assert_eq!(workspace.commands().len(), 1);
}

#[test]
fn promote_names_what_will_happen_and_asks_in_whose_place() {
    let (workspace, mut harness) = open(2);
    harness.get_by_label("Promote shadow variant xgb-s").click();
    harness.run();
    harness.get_by_role_and_label(Role::MenuItem, "In place of xgb-a").click();
    harness.run();
    harness.get_by_label_contains("Promote xgb-s to production?");
    harness.get_by_label_contains("xgb-s (sentiment-xgb-1) answers 38 % in place of xgb-a");
    assert!(workspace.commands().is_empty(), "nothing happens before the answer");
    harness.get_by_role_and_label(Role::Button, "Promote").click();
    harness.run();
    match workspace.last_command() {
        Some(Command::PromoteShadow { name, shadow, instead_of, config_name }) => {
            assert_eq!((name.as_str(), shadow.as_str(), instead_of.as_str()), (LIVE, "xgb-s", "xgb-a"));
            assert!(!workspace.snapshot().endpoint_configs.contains(&config_name), "{config_name} is a new one");
        }
        other => panic!("nothing was promoted: {other:?}"),
    }
}

#[test]
fn a_configuration_gets_a_shadow_variant_in_the_form() {
    let workspace = ScriptedWorkspace::realistic();
    let models = vec!["sentiment-linear-2".to_owned()];
    let mut harness = window(&workspace, Route::NewEndpointConfig { clone_of: None, models });
    harness.get_by_label("Add shadow variant").click();
    harness.run();
    harness.get_by_label("Shadow variant 2");
    harness.get_by_role_and_label(Role::ComboBox, "Model 2").click();
    harness.run();
    harness.get_by_label_contains("sentiment-xgb-1 · ").click();
    harness.run();
    let copies = harness.get_by_role_and_label(Role::TextInput, "Copies 2");
    copies.focus();
    harness.run();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.get_by_role_and_label(Role::TextInput, "Copies 2").type_text("50");
    harness.run();
    harness.get_by_label("Create configuration").click();
    harness.run();
    let Some(Command::CreateEndpointConfig(config)) = workspace.last_command() else { panic!("none was made") };
    assert_eq!(config.validate(), []);
    assert_eq!((config.variants.len(), config.shadow_variants.len()), (1, 1));
    let shadow = &config.shadow_variants[0];
    assert_eq!((shadow.model_name.as_str(), shadow.initial_weight), ("sentiment-xgb-1", 0.5));
}

#[test]
fn instances_are_stepped_on_the_details_tab() {
    let (workspace, mut harness) = open(2);
    harness.get_by_role_and_label(Role::Tab, "Details").click();
    harness.run();
    harness.get_by_label("1 busy · 3 waiting");
    harness.get_by_label("One instance more for linear-b").click();
    harness.run();
    match workspace.last_command() {
        Some(Command::UpdateWeights { name, weights, instance_counts }) => {
            assert_eq!((name.as_str(), weights.len()), (LIVE, 0));
            assert_eq!(instance_counts, [("linear-b".to_owned(), 2)]);
        }
        other => panic!("no instances were set: {other:?}"),
    }
    harness.get_by_label("One instance fewer for xgb-s").click();
    harness.run();
    let Some(Command::UpdateWeights { instance_counts, .. }) = workspace.last_command() else { panic!() };
    assert_eq!(instance_counts, [("xgb-s".to_owned(), 1)]);
}
