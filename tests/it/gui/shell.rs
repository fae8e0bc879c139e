//! What surrounds every page: rail, palette, drawer, toasts, questions, the keyboard, what is kept.

use counterpoise::domain::event::{Event, Severity};
use counterpoise::domain::reference::{Kind, ResourceRef};
use counterpoise::gui::route::Route;
use counterpoise::gui::theme::ThemeChoice;
use counterpoise::workspace::{Command, CommandError, Shell, Workspace as _, environment};
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};

use super::{choose, picture, window, window_of};
use crate::support::scripted::ScriptedWorkspace;
use crate::support::scripted::world::NOW;

/// The places of the rail, by their accessible names.
const RAIL: [(&str, Route); 9] = [
    ("Data", Route::Buckets),
    ("Training", Route::TrainingJobs),
    ("Models", Route::Models),
    ("Endpoint configs", Route::EndpointConfigs),
    ("Endpoints", Route::Endpoints),
    ("Compare", Route::Compare),
    ("Cleanup", Route::Cleanup),
    ("Settings", Route::Settings),
    ("Home", Route::Home),
];

#[test]
fn the_rail_leads_everywhere_and_every_control_has_a_name() {
    for workspace in [ScriptedWorkspace::realistic(), ScriptedWorkspace::empty()] {
        let mut harness = window(&workspace, Route::Home);
        for (name, route) in RAIL {
            harness.get_by_role_and_label(Role::Link, name).click();
            harness.run();
            assert_eq!(*harness.state().route(), route);
            harness.check_accessibility();
        }
    }
}

#[test]
fn every_page_of_a_resource_opens_and_a_deleted_one_says_so() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::Home);
    let snapshot = counterpoise::workspace::Workspace::snapshot(workspace.as_ref());
    let first = |kind: Kind, name: Option<&String>| ResourceRef::new(kind, name.expect("the world has one"));
    for resource in [
        first(Kind::Bucket, snapshot.buckets.iter().next().map(|(name, _)| name)),
        first(Kind::TrainingJob, snapshot.training_jobs.iter().next().map(|(name, _)| name)),
        first(Kind::Model, snapshot.models.iter().next().map(|(name, _)| name)),
        first(Kind::EndpointConfig, snapshot.endpoint_configs.iter().next().map(|(name, _)| name)),
        first(Kind::Endpoint, snapshot.endpoints.iter().next().map(|(name, _)| name)),
    ] {
        harness.state_mut().go(Route::of(&resource));
        harness.run();
        assert!(harness.query_by_label_contains("There is no").is_none(), "{resource}");
        harness.check_accessibility();
    }
    harness.state_mut().go(Route::Model("gone".into()));
    harness.run();
    harness.get_by_label("There is no model gone");
    harness.get_by_label("Show models").click();
    harness.run();
    assert_eq!(*harness.state().route(), Route::Models);
}

#[test]
fn the_palette_finds_commands_and_resources_by_a_few_letters() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::Home);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run();
    picture(&mut harness, "palette");
    harness.get_by_label("Search commands and resources").type_text("ntj");
    harness.run();
    let hit = harness.get_all_by_role(Role::ListBoxOption).next().unwrap().accesskit_node().label().unwrap();
    assert_eq!(hit, "New training job");
    harness.key_press(Key::Escape);
    harness.run();
    assert!(harness.query_by_role(Role::ListBoxOption).is_none(), "Esc closes it");

    harness.get_by_role_and_label(Role::Button, "Search or run a command").click();
    harness.run();
    harness.get_by_label("Search commands and resources").type_text("sentiment live");
    harness.run();
    picture(&mut harness, "palette-hit");
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(*harness.state().route(), Route::Endpoint("sentiment-live".into()));
    harness.key_press_modifiers(Modifiers::ALT, Key::ArrowLeft);
    harness.run();
    assert_eq!(*harness.state().route(), Route::Home, "Alt+Left goes back");
}

#[test]
fn slash_focuses_the_filter_and_letters_are_no_shortcuts_while_typing() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::Models);
    harness.key_press(Key::Slash);
    harness.run();
    let field = harness.get_by_role(Role::TextInput);
    assert!(field.is_focused());
    field.type_text("boston");
    harness.run();
    assert!(harness.query_by_role_and_label(Role::Row, "boston-xgb-1").is_some());
    assert!(harness.query_by_role_and_label(Role::Row, "sentiment-xgb-2").is_none());
    harness.key_press(Key::Escape);
    harness.run();
    assert!(harness.query_by_role_and_label(Role::Row, "sentiment-xgb-2").is_some(), "Esc clears it");
}

fn event(number: u64, severity: Severity, text: &str, about: ResourceRef) -> std::sync::Arc<Event> {
    let detail = (severity == Severity::Error).then(|| "Line 3, column 2 is not a number".to_owned());
    Event { number, at: NOW, severity, text: text.to_owned(), detail, about: Some(about) }.into()
}

#[test]
fn what_ends_elsewhere_brings_a_toast_that_leads_there_and_there_are_never_more_than_four() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::Models);
    let job = ResourceRef::new(Kind::TrainingJob, "sentiment-xgb-3");
    let other = |n: u64| ResourceRef::new(Kind::TrainingJob, format!("job-{n}"));
    workspace.change(|world| {
        world.events.push_back(event(100, Severity::Info, "A person did that", job.clone()));
        for n in 0..6 {
            world.events.push_back(event(101 + n, Severity::Success, &format!("Job {n} trained"), other(n)));
        }
        world.events.push_back(event(107, Severity::Error, "Job 7 failed", job.clone()));
    });
    harness.run();
    assert_eq!(harness.get_all_by_role(Role::Alert).count(), 4);
    assert!(
        harness.query_by_label_contains("A person did that").is_none()
            || harness.query_all_by_role(Role::Alert).count() == 4
    );
    picture(&mut harness, "toasts");
    harness.get_by_role_and_label(Role::Alert, "Job 7 failed Line 3, column 2 is not a number").click();
    harness.run();
    assert_eq!(*harness.state().route(), Route::TrainingJob("sentiment-xgb-3".into()));
    assert_eq!(harness.get_all_by_role(Role::Alert).count(), 3, "the pressed one is gone");
    // Hold the pointer elsewhere and let their time pass.
    harness.hover_at(egui::pos2(600.0, 300.0));
    harness.run_steps(60); // of a quarter of a second
    assert_eq!(harness.query_all_by_role(Role::Alert).count(), 0, "they time out");
}

#[test]
fn the_drawer_opens_upwards_to_the_log_and_errors_carry_a_button() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::Home);
    harness.get_by_label("Open the activity log").click();
    harness.run();
    picture(&mut harness, "drawer");
    choose(&mut harness, ThemeChoice::Dark);
    picture(&mut harness, "drawer-dark");
    harness.check_accessibility();
    harness.hover_at(egui::pos2(700.0, 700.0));
    harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, -400.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
    harness.run();
    harness.get_by_role_and_label(Role::Button, "Open training job boston-typo").click();
    harness.run();
    assert_eq!(*harness.state().route(), Route::TrainingJob("boston-typo".into()));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::J);
    harness.run();
    harness.get_by_label("Open the activity log");
}

#[test]
fn the_chips_copy_the_environment_and_lead_to_cleanup() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::Home);
    harness.get_by_label_contains("Server 127.0.0.1:8770").click();
    harness.step();
    let copied: Vec<String> = harness
        .output()
        .platform_output
        .commands
        .iter()
        .filter_map(|command| if let egui::OutputCommand::CopyText(text) = command { Some(text.clone()) } else { None })
        .collect();
    let info = &workspace.snapshot().info;
    assert_eq!(copied, [Shell::Bash.script(&environment(info))], "what `counterpoise env` prints");
    assert!(copied[0].contains("\nexport AWS_ENDPOINT_URL='http://127.0.0.1:8770'\n"), "{}", copied[0]);
    assert!(copied[0].starts_with("unset AWS_PROFILE\n"), "{}", copied[0]);
    harness.run();
    harness.get_by_label_contains("at list price · ").click();
    harness.run();
    assert_eq!(*harness.state().route(), Route::Cleanup);
}

#[test]
fn cleanup_asks_with_names_and_shows_each_step() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::Cleanup);
    harness.get_by_label("Select what is idle").click();
    harness.run();
    picture(&mut harness, "cleanup-selected");
    choose(&mut harness, ThemeChoice::Dark);
    picture(&mut harness, "cleanup-selected-dark");
    choose(&mut harness, ThemeChoice::Light);
    harness.get_by_label_contains("Delete ").click();
    harness.run();
    picture(&mut harness, "cleanup-question");
    harness.get_by_label("Delete endpoint boston-old");
    assert!(workspace.commands().is_empty(), "nothing before the answer");
    workspace.hold();
    let mut yes = harness
        .get_all_by_role(Role::Button)
        .filter(|b| b.accesskit_node().label().is_some_and(|l| l.starts_with("Delete ") && !l.ends_with('…')));
    yes.next_back().unwrap().click();
    drop(yes);
    harness.run();
    picture(&mut harness, "cleanup-working");
    harness.get_by_label("Cleaning up");
    workspace.release();
    harness.run();
    picture(&mut harness, "cleanup-done");
    let order: Vec<&str> = workspace
        .commands()
        .iter()
        .map(|command| match command {
            Command::DeleteEndpoint { .. } => "endpoint",
            Command::DeleteEndpointConfig { .. } => "config",
            Command::DeleteModel { .. } => "model",
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(order.is_sorted_by_key(|kind| ["endpoint", "config", "model"].iter().position(|k| k == kind)), "{order:?}");
    harness.get_by_label("Done").click();
    harness.run();
    assert!(harness.query_by_role_and_label(Role::Row, "endpoint boston-old").is_none());
}

#[test]
fn a_full_bucket_needs_its_name_typed_and_escape_keeps_it() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::Cleanup);
    let ask = |harness: &mut egui_kittest::Harness<'static, counterpoise::gui::App>| {
        harness.get_by_role_and_label(Role::Button, "Delete 1…").click();
        harness.run();
    };
    harness.get_by_role_and_label(Role::CheckBox, "Select bucket film-reviews").click();
    harness.run();
    ask(&mut harness);
    picture(&mut harness, "cleanup-bucket");
    harness.get_by_role_and_label(Role::Button, "Delete 1").click();
    harness.run();
    assert!(workspace.commands().is_empty(), "the button does not work before the name is typed");
    harness.key_press(Key::Escape);
    harness.run();
    assert!(harness.query_by_label("Type film-reviews to go on").is_none(), "Esc closes the question");
    ask(&mut harness);
    harness.get_by_label("Type film-reviews to go on").type_text("film-reviews");
    harness.run();
    harness.get_by_role_and_label(Role::Button, "Delete 1").click();
    harness.run();
    assert!(
        matches!(workspace.last_command(), Some(Command::DeleteBucket { name, with_objects: true }) if name == "film-reviews")
    );
}

#[test]
fn a_refused_command_says_why() {
    let workspace = ScriptedWorkspace::empty();
    workspace.answer_next(Err(CommandError::Failed("The disk is full".to_owned())));
    let mut harness = window(&workspace, Route::Home);
    picture(&mut harness, "home-first-start");
    harness.get_by_label("Add sample data").click();
    harness.run();
    harness.get_by_role_and_label(Role::Alert, "Not done: Added the sample data The disk is full");
}

#[test]
fn the_first_buttons_of_home_do_what_they_say() {
    let workspace = ScriptedWorkspace::empty();
    let mut harness = window(&workspace, Route::Home);
    harness.get_by_label("Add sample data").click();
    harness.run();
    harness.get_by_label("Put sample data in a bucket (done)");
    harness.get_by_label("Train both").click();
    harness.run();
    let snapshot = counterpoise::workspace::Workspace::snapshot(workspace.as_ref());
    let jobs: Vec<&String> = snapshot.training_jobs.iter().map(|(name, _)| name).collect();
    assert_eq!(jobs, ["sentiment-linear", "sentiment-xgb"]);
    harness.get_by_label("Show jobs");
    picture(&mut harness, "home-training");
}

#[test]
fn theme_place_and_tables_are_found_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = ScriptedWorkspace::realistic();
    let size = [1280.0, 800.0];
    {
        let mut harness = window_of(&workspace, Route::Settings, size, Some(folder.path().into()));
        harness.get_by_role_and_label(Role::Button, "Dark").click();
        harness.run();
        assert_eq!(harness.ctx.theme(), egui::Theme::Dark);
        harness.state_mut().go(Route::Models);
        harness.run();
        harness.get_by_role_and_label(Role::ColumnHeader, "Name").click();
        harness.run();
    }
    let kept = std::fs::read_to_string(folder.path().join("console.json")).unwrap();
    assert!(kept.contains("\"Dark\"") && kept.contains("\"Models\"") && kept.contains("table."), "{kept}");
    // The harness sets a theme of its own after the window is made; the kept choice is what Settings shows.
    let harness = window_of(&workspace, Route::Settings, size, Some(folder.path().into()));
    let dark = harness.get_by_role_and_label(Role::Button, "Dark");
    assert_eq!(dark.accesskit_node().toggled(), Some(egui::accesskit::Toggled::True));
}

#[test]
fn a_hundred_thousand_rows_draw_only_what_is_seen_and_keys_reach_the_end() {
    let workspace = ScriptedWorkspace::realistic();
    workspace.grow_jobs(100_000);
    let mut harness = window(&workspace, Route::TrainingJobs);
    let rows = harness.get_all_by_role(Role::Row).count();
    assert!((5..40).contains(&rows), "{rows} rows in the tree");
    harness.key_press(Key::End);
    harness.run();
    harness.key_press(Key::ArrowUp);
    harness.run();
    let selected: Vec<_> = harness
        .get_all_by_role(Role::Row)
        .filter(|row| row.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True))
        .collect();
    assert_eq!(selected.len(), 1, "the row before the last is selected and in view");
    drop(selected);
    harness.key_press(Key::Enter);
    harness.run();
    assert!(matches!(harness.state().route(), Route::TrainingJob(_)), "Enter opens it");
}

#[test]
fn a_still_window_asks_for_no_frames() {
    let workspace = ScriptedWorkspace::realistic();
    for (name, route) in RAIL {
        let mut harness = window(&workspace, route);
        harness.remove_cursor();
        harness.run();
        let delay = harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
        assert!(
            delay >= std::time::Duration::from_secs(4),
            "{name} wants a frame after {delay:?}: {:?}",
            harness.ctx.repaint_causes()
        );
    }
}

#[test]
fn pictures_of_every_page() {
    if std::env::var_os("COUNTERPOISE_PICTURES").is_none() {
        return;
    }
    for (size, label) in [([1280.0, 800.0], "1280"), ([900.0, 600.0], "900"), ([1920.0, 1080.0], "1920")] {
        for (name, route) in RAIL {
            let name = name.to_lowercase().replace(' ', "-");
            let workspace = ScriptedWorkspace::realistic();
            let mut harness = window_of(&workspace, route, size, None);
            picture(&mut harness, &format!("{name}-light-{label}"));
            choose(&mut harness, ThemeChoice::Dark);
            picture(&mut harness, &format!("{name}-dark-{label}"));
        }
    }
}
