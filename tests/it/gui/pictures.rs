//! Pictures of the pages in their states, for the eye: `COUNTERPOISE_PICTURES=folder cargo test --test it gui::pictures`.

use std::sync::Arc;

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::gui::App;
use counterpoise::gui::route::Route;
use counterpoise::gui::theme::ThemeChoice;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::{choose, picture, window_of};
use crate::support::scripted::ScriptedWorkspace;
use crate::support::scripted::world::{self, BUCKET};

type Prepare = fn(&mut Harness<'static, App>);

fn nothing(_: &mut Harness<'static, App>) {}

fn click(harness: &mut Harness<'static, App>, name: &str) {
    harness.get_by_label(name).click();
    harness.run();
}

fn text(name: &str) -> String {
    name.to_owned()
}

/// Name, place, what is done there before the picture.
fn states() -> Vec<(&'static str, Route, Prepare)> {
    let bucket = |prefix: &str| Route::Bucket { name: text(BUCKET), prefix: text(prefix) };
    let job = |name: &str| Route::TrainingJob(text(name));
    let new_job = || Route::NewTrainingJob { clone_of: None };
    let clone = || Route::NewTrainingJob { clone_of: Some(text("sentiment-xgb-2")) };
    let new_config =
        |models: &[&str]| Route::NewEndpointConfig { clone_of: None, models: models.iter().map(|m| text(m)).collect() };
    vec![
        ("data", Route::Buckets, nothing),
        ("data-new", Route::Buckets, |h| click(h, "New bucket")),
        ("bucket", bucket(""), |h| click(h, "Upload")),
        ("bucket-preview", bucket("boston/"), |h| click(h, "train.csv")),
        ("bucket-preview-text", bucket("reviews/"), |h| click(h, "train.libsvm")),
        ("training", Route::TrainingJobs, nothing),
        ("job", job("sentiment-xgb-3"), nothing),
        ("job-log", job("sentiment-xgb-3"), |h| click(h, "Log")),
        ("job-data", job("sentiment-xgb-2"), |h| h.get_all_by_label("Data").last().unwrap().click()),
        ("job-parameters", job("sentiment-xgb-2"), |h| click(h, "Hyperparameters")),
        ("job-done", job("boston-xgb-2"), nothing),
        ("job-failed", job("boston-typo"), nothing),
        ("wizard-1", new_job(), nothing),
        ("wizard-2", new_job(), |h| {
            click(h, "Next");
            click(h, "Use data set boston");
        }),
        ("wizard-2-browse", new_job(), |h| {
            click(h, "Next");
            click(h, "Browse for train data");
        }),
        ("wizard-3", new_job(), |h| {
            click(h, "Next");
            click(h, "Use data set reviews");
            click(h, "Next");
        }),
        ("wizard-4", clone(), |h| click(h, "Next")),
        ("wizard-5", clone(), |h| {
            click(h, "Next");
            click(h, "Next");
        }),
        ("wizard-5-errors", new_job(), |h| {
            for _ in 0..4 {
                click(h, "Next");
            }
        }),
        ("models", Route::Models, nothing),
        ("model", Route::Model(text("sentiment-linear-2")), nothing),
        ("model-new", Route::NewModel { from_job: Some(text("boston-xgb-3")) }, nothing),
        ("configs", Route::EndpointConfigs, nothing),
        ("config", Route::EndpointConfig(text("sentiment-ab")), nothing),
        ("config-new", new_config(&["sentiment-linear-2", "sentiment-xgb-2"]), nothing),
    ]
}

fn draw(workspace: &Arc<ScriptedWorkspace>, states: Vec<(&'static str, Route, Prepare)>, prefix: &str) {
    let only = std::env::var("COUNTERPOISE_ONLY").unwrap_or_default();
    for (name, route, prepare) in states {
        if !name.contains(&only) {
            continue;
        }
        for (size, label) in [([1280.0, 800.0], "1280"), ([900.0, 600.0], "900"), ([1920.0, 1080.0], "1920")] {
            let mut harness = window_of(workspace, route.clone(), size, None);
            prepare(&mut harness);
            picture(&mut harness, &format!("{prefix}{name}-light-{label}"));
            choose(&mut harness, ThemeChoice::Dark);
            picture(&mut harness, &format!("{prefix}{name}-dark-{label}"));
        }
    }
}

#[test]
fn pictures_of_the_pages() {
    if std::env::var_os("COUNTERPOISE_PICTURES").is_none() {
        return;
    }
    draw(&ScriptedWorkspace::realistic(), states(), "");
    let lists = || {
        vec![
            ("data", Route::Buckets, nothing as Prepare),
            ("training", Route::TrainingJobs, nothing),
            ("models", Route::Models, nothing),
            ("configs", Route::EndpointConfigs, nothing),
            ("wizard-2", Route::NewTrainingJob { clone_of: None }, |h| click(h, "Next")),
        ]
    };
    draw(&ScriptedWorkspace::empty(), lists(), "empty-");
    let long = "a-very-long-name-that-somebody-gave-in-a-hurry-and-never-change";
    let workspace = ScriptedWorkspace::realistic();
    workspace.change(|world| {
        let mut spec = world::spec(long, Algorithm::XGBoost, "reviews");
        spec.channels[0].data.key = format!("{}/{}/train.libsvm", "deeply".repeat(12), "nested".repeat(9));
        let job = world::completed(spec, world::ago(1000), 12, &[("validation:logloss", 0.6)]);
        let artifact = job.artifact.clone().unwrap();
        world::put(world, BUCKET, world::object(&artifact.key, 80_000, world::NOW));
        world::put(world, BUCKET, world::object(&format!("{}.csv", "long".repeat(40)), 80_000, world::NOW));
        world.training_jobs.insert(long, job);
        world.models.insert(long, world::model(long, Algorithm::XGBoost, artifact, world::ago(10)));
        let variants: Vec<(String, f64)> =
            (0..10).map(|i| (format!("variant-{i}-with-a-long-name-too"), f64::from(i))).collect();
        let variants: Vec<(&str, &str, f64)> =
            variants.iter().map(|(name, weight)| (name.as_str(), long, *weight)).collect();
        world.endpoint_configs.insert(long, world::config(long, &variants, world::ago(5)));
    });
    let long = || text(long);
    let states = vec![
        ("bucket", Route::Bucket { name: text(BUCKET), prefix: String::new() }, nothing as Prepare),
        ("training", Route::TrainingJobs, nothing),
        ("job", Route::TrainingJob(long()), nothing),
        ("models", Route::Models, nothing),
        ("model", Route::Model(long()), nothing),
        ("configs", Route::EndpointConfigs, nothing),
        ("config", Route::EndpointConfig(long()), nothing),
        ("config-new", Route::NewEndpointConfig { clone_of: Some(long()), models: Vec::new() }, nothing),
    ];
    draw(&workspace, states, "long-");
}
