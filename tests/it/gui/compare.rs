//! The Compare page: empty, the form, progress and cancel, results of every kind, a row on which models disagree.

use std::sync::Arc;

use counterpoise::domain::replay::{Contestant, ReplaySource};
use counterpoise::gui::App;
use counterpoise::gui::route::Route;
use counterpoise::gui::theme::ThemeChoice;
use counterpoise::workspace::{Command, Measure, ReplayStatus};
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::{choose, picture, window, window_of};
use crate::support::scripted::ScriptedWorkspace;
use crate::support::scripted::replay;

const LIVE: &str = "sentiment-live";

fn opened(status: ReplayStatus) -> (Arc<ScriptedWorkspace>, Harness<'static, App>) {
    let workspace = ScriptedWorkspace::realistic();
    workspace.set_replay(replay::of(status));
    let harness = window(&workspace, Route::Compare);
    (workspace, harness)
}

fn completed(measure: Measure) -> ReplayStatus {
    ReplayStatus::Completed(Arc::new(replay::result(measure)))
}

#[test]
fn an_empty_page_offers_the_form_and_the_form_starts_with_the_variants_that_serve() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::Compare);
    harness.get_by_label("Nothing compared yet");
    picture(&mut harness, "compare-empty");
    harness.get_all_by_label("New comparison…").last().unwrap().click();
    harness.run();
    harness.check_accessibility();
    picture(&mut harness, "compare-form");
    harness.get_by_label("Start comparison").click();
    harness.run();
    let Some(Command::StartReplay(spec)) = workspace.last_command() else { panic!("{:?}", workspace.last_command()) };
    assert_eq!(spec.source, ReplaySource::Captured { endpoint: LIVE.into() });
    let variants =
        spec.contestants.iter().filter(|one| matches!(one, Contestant::Variant { endpoint, .. } if endpoint == LIVE));
    assert_eq!((variants.count(), spec.contestants.len()), (2, 2));
}

#[test]
fn the_form_takes_a_file_and_models_by_name() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::Compare);
    harness.get_all_by_label("New comparison…").last().unwrap().click();
    harness.run();
    harness.get_by_label("A file").click();
    harness.run();
    let object = harness.get_all_by_role(Role::RadioButton).next().unwrap();
    let name = object.accesskit_node().label().unwrap();
    object.click();
    harness.run();
    let filter = "Who answers (2 of at most 10)";
    harness.get_by_role_and_label(Role::TextInput, filter).focus();
    harness.run();
    harness.get_by_role_and_label(Role::TextInput, filter).type_text("boston-xgb-1");
    harness.run();
    harness.get_by_role_and_label(Role::CheckBox, "boston-xgb-1").click();
    harness.run();
    harness.get_by_label("Start comparison").click();
    harness.run();
    let Some(Command::StartReplay(spec)) = workspace.last_command() else { panic!("{:?}", workspace.last_command()) };
    assert_eq!(spec.source.to_string(), name);
    assert!(spec.contestants.contains(&Contestant::Model("boston-xgb-1".into())), "{:?}", spec.contestants);
}

#[test]
fn a_workspace_without_models_leads_to_training() {
    let workspace = ScriptedWorkspace::empty();
    let mut harness = window(&workspace, Route::Compare);
    harness.get_by_label("Train a model first").click();
    harness.run();
    assert_eq!(*harness.state().route(), Route::NewTrainingJob { clone_of: None });
}

#[test]
fn progress_is_shown_and_can_be_cancelled_and_a_failure_says_why() {
    let (workspace, mut harness) = opened(ReplayStatus::Running { doing: "Answering", done: 4_100, total: 10_000 });
    harness.get_by_label_contains("Answering: 4,100 of 10,000 rows");
    harness.check_accessibility();
    picture(&mut harness, "compare-running");
    harness.get_by_label("Cancel comparison").click();
    harness.run();
    assert!(matches!(workspace.last_command(), Some(Command::CancelReplay)));
    let (_, harness) = opened(ReplayStatus::Failed("No captured request of live has a label yet".into()));
    harness.get_by_label_contains("No captured request of live");
    let (_, harness) = opened(ReplayStatus::Cancelled);
    harness.get_by_label_contains("was cancelled");
}

#[test]
fn every_tab_of_every_kind_draws_and_has_names() {
    for (measure, name, tabs) in [
        (Measure::TwoClasses, "classes", &["Scores", "Curves", "Confusion", "Disagreements"][..]),
        (Measure::Number, "numbers", &["Scores", "Residuals", "Disagreements"]),
        (Measure::Classes, "many", &["Scores", "Confusion", "Disagreements"]),
    ] {
        for size in [[1280.0, 800.0], [900.0, 600.0]] {
            let workspace = ScriptedWorkspace::realistic();
            workspace.set_replay(replay::of(completed(measure)));
            let mut harness = window_of(&workspace, Route::Compare, size, None);
            for tab in tabs {
                harness.get_by_role_and_label(Role::Tab, tab).click();
                harness.run();
                harness.check_accessibility();
                for (ending, theme) in [("light", ThemeChoice::Light), ("dark", ThemeChoice::Dark)] {
                    choose(&mut harness, theme);
                    picture(&mut harness, &format!("compare-{name}-{}-{}-{ending}", tab.to_lowercase(), size[0]));
                }
            }
        }
    }
}

#[test]
fn the_verdict_is_in_words_and_a_row_opens_with_each_answer() {
    let (_, mut harness) = opened(completed(Measure::TwoClasses));
    harness.get_by_label_contains("xgb-a is better than linear-b: +");
    harness.get_by_role_and_label(Role::Tab, "Disagreements").click();
    harness.run();
    let first = replay::result(Measure::TwoClasses).disagreements[0].clone();
    harness.get_by_role_and_label(Role::Link, &first.row.to_string()).click();
    harness.run();
    harness.get_by_label_contains(&format!("Row {} · label", first.row));
    assert!(harness.get_all_by_label("right").count() + harness.get_all_by_label("wrong").count() >= 2);
    picture(&mut harness, "compare-row-light");
    choose(&mut harness, ThemeChoice::Dark);
    picture(&mut harness, "compare-row-dark");
    harness.get_by_label("Close row").click();
    harness.run();
    assert!(harness.query_by_label_contains("Row ").is_none());
}
