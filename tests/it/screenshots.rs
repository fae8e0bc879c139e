//! Every page drawn in light and dark. `tests/screenshots` keeps the pictures; without it a few are held against the kept ones, and all
//! against being blank.
//!
//! The workspace behind them is the scripted one, with fixed times: the same pictures on every machine.

use std::path::Path;
use std::sync::Arc;

use counterpoise::gui::route::Route;
use counterpoise::gui::{App, Options};
use counterpoise::util::clock::Clock;
use counterpoise::workspace::{Shell, Workspace};
use egui_kittest::{Harness, SnapshotOptions, try_image_snapshot_options};
use jiff::tz::TimeZone;

use super::gui::{shadows, updates};
use super::support::scripted::{NOW, ScriptedWorkspace, replay, world::BUCKET};

/// The pages whose pictures must stay as they are kept: where the look is hardest to get right. Few, so that a change of one widget asks
/// for few looks.
const HELD: [&str; 3] = ["home", "training-job", "endpoint"];

/// Pixels (of 1,024,000) that may differ: another version of the software renderer may round an edge otherwise, a moved label may not.
const MAY_DIFFER: usize = 600;

/// File name, workspace and place, in the order of the README's tour.
fn pages() -> Vec<(&'static str, Arc<ScriptedWorkspace>, Route)> {
    let text = |name: &str| name.to_owned();
    let workspace = ScriptedWorkspace::realistic();
    workspace.set_replay(replay::completed());
    let pages = vec![
        ("home", Route::Home),
        ("data", Route::Buckets),
        ("bucket", Route::Bucket { name: text(BUCKET), prefix: text("boston/") }),
        ("training", Route::TrainingJobs),
        ("training-job", Route::TrainingJob(text("sentiment-xgb-2"))),
        ("new-training-job", Route::NewTrainingJob { clone_of: Some(text("sentiment-xgb-2")) }),
        ("models", Route::Models),
        ("endpoint-configs", Route::EndpointConfigs),
        ("endpoints", Route::Endpoints),
        ("endpoint", Route::Endpoint(text("sentiment-live"))),
        ("compare", Route::Compare),
        ("cleanup", Route::Cleanup),
        ("settings", Route::Settings),
    ];
    let live = Route::Endpoint(text("sentiment-live"));
    let mut all: Vec<_> = pages.into_iter().map(|(name, route)| (name, Arc::clone(&workspace), route)).collect();
    all.push(("endpoint-updating", updates::watching(), live.clone()));
    all.push(("endpoint-shadow", shadows::shadowed(2), live));
    all
}

fn window(workspace: &Arc<ScriptedWorkspace>, route: &Route, theme: egui::Theme) -> Harness<'static, App> {
    let workspace: Arc<dyn Workspace> = Arc::clone(workspace) as _;
    let options = Options {
        folder: None,
        clock: Clock::paused(NOW.0),
        zone: TimeZone::UTC,
        shell: Shell::Bash,
        start: Some(route.clone()),
        ..Options::default()
    };
    let mut harness = Harness::builder()
        .with_size([1280.0, 800.0])
        .with_pixels_per_point(1.0)
        .with_max_steps(60)
        .with_theme(theme)
        .build_eframe(move |cc| App::new(cc, workspace, options));
    harness.run_ok();
    harness
}

#[test]
fn every_page_draws_in_light_and_dark() {
    let keep =
        std::env::var_os("COUNTERPOISE_SCREENSHOTS").map(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots"));
    for (name, workspace, route) in pages() {
        for (ending, theme) in [("light", egui::Theme::Light), ("dark", egui::Theme::Dark)] {
            let picture = window(&workspace, &route, theme).render().unwrap_or_else(|why| panic!("{name}: {why}"));
            let mut colours: Vec<_> = picture.pixels().map(|pixel| pixel.0).collect();
            colours.sort_unstable();
            colours.dedup();
            assert!(colours.len() > 50, "{name}-{ending} shows {} colours: is it drawn?", colours.len());
            let background = picture.get_pixel(640, 6).0;
            assert_eq!(background[0] > 128, theme == egui::Theme::Light, "{name}-{ending}: {background:?}");
            let file = format!("{name}-{ending}");
            if let Some(folder) = &keep {
                std::fs::create_dir_all(folder).unwrap();
                picture.save(folder.join(format!("{file}.png"))).unwrap();
            } else if HELD.contains(&name) {
                let options = SnapshotOptions::new().output_path("screenshots").max_failed_pixels(MAY_DIFFER);
                if let Err(why) = try_image_snapshot_options(&picture, file.clone(), &options) {
                    panic!("{file} looks different: {why}. If that is meant, run tests/screenshots and look at it");
                }
            }
        }
    }
}
