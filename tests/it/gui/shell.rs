//! What surrounds every page.

use counterpoise::gui::route::Route;
use counterpoise::gui::theme::ThemeChoice;

use super::{choose, picture, window_of};
use crate::support::scripted::ScriptedWorkspace;

#[test]
fn pictures_of_every_page() {
    let routes = [
        ("home", Route::Home),
        ("cleanup", Route::Cleanup),
        ("settings", Route::Settings),
        ("training", Route::TrainingJobs),
    ];
    for (size, label) in [([1280.0, 800.0], "1280"), ([900.0, 600.0], "900"), ([1920.0, 1080.0], "1920")] {
        for (name, route) in &routes {
            let workspace = ScriptedWorkspace::realistic();
            let mut harness = window_of(&workspace, route.clone(), size, None);
            picture(&mut harness, &format!("{name}-light-{label}"));
            choose(&mut harness, ThemeChoice::Dark);
            picture(&mut harness, &format!("{name}-dark-{label}"));
        }
    }
}
