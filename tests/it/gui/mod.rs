//! The window, walked by accessible name. No display needed; pictures (for the eye, `COUNTERPOISE_PICTURES=folder`) need a Vulkan driver.

mod autopilot;
mod both_ways;
mod code;
mod compare;
mod endpoint;
mod endpoint_live;
mod endpoint_verdict;
mod labels;
mod page_data;
mod pages;
mod pictures;
pub mod shadows;
mod shell;
mod snippets;
pub mod updates;
mod whole_way;

use std::path::PathBuf;
use std::sync::Arc;

use counterpoise::gui::files::ScriptedPicker;
use counterpoise::gui::route::Route;
use counterpoise::gui::theme::ThemeChoice;
use counterpoise::gui::{App, Options};
use counterpoise::util::clock::Clock;
use counterpoise::workspace::Shell;
use egui_kittest::Harness;

use crate::support::scripted::ScriptedWorkspace;
use crate::support::scripted::world::NOW;

/// The window over a workspace, at a place, in 1280×800.
pub fn window(workspace: &Arc<ScriptedWorkspace>, start: Route) -> Harness<'static, App> {
    window_of(workspace, start, [1280.0, 800.0], None)
}

/// The same in another size, with settings kept in a folder.
pub fn window_of(
    workspace: &Arc<ScriptedWorkspace>,
    start: Route,
    size: [f32; 2],
    folder: Option<PathBuf>,
) -> Harness<'static, App> {
    let workspace = Arc::clone(workspace);
    let mut harness = Harness::builder()
        .with_size(size)
        .with_pixels_per_point(1.0)
        .with_theme(egui::Theme::Light)
        .with_max_steps(40)
        .build_eframe(move |cc| {
            let options = Options {
                folder,
                clock: Clock::paused(NOW.0),
                zone: jiff::tz::TimeZone::UTC,
                shell: Shell::Bash,
                files: Box::new(ScriptedPicker::default()),
                start: Some(start),
            };
            App::new(cc, workspace, options)
        });
    harness.run();
    harness
}

/// Writes a picture where `COUNTERPOISE_PICTURES` says; does nothing without it.
pub fn picture(harness: &mut Harness<'static, App>, name: &str) {
    let Some(folder) = std::env::var_os("COUNTERPOISE_PICTURES") else { return };
    std::fs::create_dir_all(&folder).unwrap();
    harness.run();
    harness.render().unwrap().save(PathBuf::from(folder).join(format!("{name}.png"))).unwrap();
}

/// Chooses a theme, as Settings would.
pub fn choose(harness: &mut Harness<'static, App>, choice: ThemeChoice) {
    counterpoise::gui::theme::choose(&harness.ctx, choice);
    harness.run();
}
