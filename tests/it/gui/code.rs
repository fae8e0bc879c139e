//! The Code tab of every resource and the Code button of every form: there by name, in four languages, and what Copy puts on the clipboard.

use counterpoise::gui::App;
use counterpoise::gui::route::Route;
use counterpoise::gui::theme::ThemeChoice;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::{choose, picture, window, window_of};
use crate::support::scripted::ScriptedWorkspace;
use crate::support::scripted::world::BUCKET;

/// Presses what has that name.
fn press(harness: &mut Harness<'static, App>, name: &str) {
    harness.get_by_label(name).click();
    harness.run();
}

/// Presses a copy button; gives what it put on the clipboard.
pub fn copied(harness: &mut Harness<'static, App>, button: &str) -> String {
    // As a screen reader presses it: it may lie below the fold.
    harness.get_by_label(button).click_accesskit();
    for _ in 0..4 {
        harness.step();
        let text = harness.output().platform_output.commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        });
        if let Some(text) = text {
            harness.run();
            return text;
        }
    }
    panic!("{button} copied nothing");
}

fn places() -> Vec<(&'static str, Route, &'static str)> {
    let text = |name: &str| name.to_owned();
    vec![
        ("bucket", Route::Bucket { name: text(BUCKET), prefix: text("boston/") }, "List this folder"),
        ("job", Route::TrainingJob(text("sentiment-xgb-2")), "Start one like it"),
        ("model", Route::Model(text("sentiment-xgb-2")), "Make one like it"),
        ("config", Route::EndpointConfig(text("sentiment-ab")), "Make one like it"),
        ("endpoint", Route::Endpoint(text("sentiment-live")), "Move the weights"),
    ]
}

#[test]
fn every_resource_has_its_code_in_four_languages() {
    let workspace = ScriptedWorkspace::realistic();
    for (name, route, title) in places() {
        let mut harness = window(&workspace, route.clone());
        harness.get_by_role_and_label(Role::Tab, "Code").click();
        harness.run();
        for language in ["boto3", "AWS CLI", "curl", "SageMaker SDK"] {
            press(&mut harness, language);
            harness.check_accessibility();
            picture(&mut harness, &format!("code-{name}-{}", language.replace(' ', "-")));
            let text = copied(&mut harness, &format!("Copy {language} code: {title}"));
            let expected = match name {
                "bucket" => BUCKET,
                "config" => "sentiment-linear-2",
                "job" => "sentiment-xgb",
                "endpoint" => "linear-b",
                _ => "sentiment-xgb-2",
            };
            assert!(text.contains(expected), "{language}: {text}");
            let address = if language == "SageMaker SDK" { "counterpoise env" } else { "http://127.0.0.1:8770" };
            assert!(text.contains(address), "{language}: {text}");
        }
        choose(&mut harness, ThemeChoice::Dark);
        picture(&mut harness, &format!("code-{name}-dark"));
        assert_eq!(copied(&mut harness, "Copy environment command"), "eval \"$(counterpoise env)\"");
        // The language stays for the next page; narrow windows break the head into two lines.
        let mut narrow = window_of(&workspace, route, [900.0, 600.0], None);
        narrow.get_by_role_and_label(Role::Tab, "Code").click();
        narrow.run();
        picture(&mut narrow, &format!("code-{name}-900"));
    }
}

#[test]
fn an_object_that_is_looked_at_has_its_own_code() {
    let workspace = ScriptedWorkspace::realistic();
    let mut harness = window(&workspace, Route::Bucket { name: BUCKET.to_owned(), prefix: "boston/".to_owned() });
    press(&mut harness, "train.csv");
    press(&mut harness, "Show code of the object");
    picture(&mut harness, "code-object");
    let text = copied(&mut harness, "Copy boto3 code: Download it");
    assert!(text.contains(&format!("Bucket=\"{BUCKET}\", Key=\"boston/train.csv\"")), "{text}");
    press(&mut harness, "Show the folder's code");
    harness.get_by_label("Copy boto3 code: List this folder");
}

#[test]
fn a_form_shows_the_code_of_what_it_is_about_to_make() {
    let text = |name: &str| name.to_owned();
    let forms = [
        ("job", Route::NewTrainingJob { clone_of: Some(text("sentiment-xgb-2")) }, "create_training_job"),
        ("model", Route::NewModel { from_job: Some(text("boston-xgb-2")) }, "create_model"),
        (
            "config",
            Route::NewEndpointConfig { clone_of: Some(text("sentiment-ab")), models: Vec::new() },
            "create_endpoint_config",
        ),
        ("endpoint", Route::NewEndpoint { config: Some(text("sentiment-ab")) }, "create_endpoint("),
    ];
    for (name, route, operation) in forms {
        let workspace = ScriptedWorkspace::realistic();
        let mut harness = window(&workspace, route);
        if name == "job" {
            press(&mut harness, "Step 5: Review");
        }
        press(&mut harness, "Show code");
        picture(&mut harness, &format!("code-new-{name}"));
        let title = if name == "job" { "Start it" } else { "Make it" };
        let code = copied(&mut harness, &format!("Copy boto3 code: {title}"));
        assert!(code.contains(operation), "{code}");
        press(&mut harness, "Close");
        assert!(harness.query_by_label("Copy environment command").is_none(), "closed");
        assert!(workspace.commands().is_empty(), "looking makes nothing");
    }
}
