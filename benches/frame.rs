//! What a frame costs, on the processor: the Endpoint page with 1,000,000 points a chart, standing and growing, and the Training table with
//! 100,000 rows. A frame is everything from the snapshot to triangles (layout, drawing, tessellation); the graphics card is not in it.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and fails by panicking")]

#[path = "../tests/it/support/scripted.rs"]
#[allow(unused_imports, reason = "its own tests are not compiled here")]
mod scripted;

use std::sync::Arc;
use std::time::Instant;

use counterpoise::gui::files::ScriptedPicker;
use counterpoise::gui::prefs::{self, Kept};
use counterpoise::gui::route::Route;
use counterpoise::gui::{App, Options};
use counterpoise::util::clock::Clock;
use counterpoise::workspace::{Shell, Workspace};
use scripted::{NOW, ScriptedWorkspace, world};

/// A frame at 60 Hz has 16.7 ms; half of it is ours.
const BUDGET_MS: f64 = 8.0;
const FRAMES: usize = 240;
const LIVE: &str = "sentiment-live";
/// Two variants of so many seconds each: 1,000,000 points in each of the three charts.
const SECONDS: usize = 500_000;

/// The window without a window.
struct Headless {
    ctx: egui::Context,
    app: App,
    frame: eframe::Frame,
    time: f64,
}

impl Headless {
    fn open(workspace: &Arc<ScriptedWorkspace>, start: Route, kept: &Kept) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(prefs::FILE), serde_json::to_vec(kept).unwrap()).unwrap();
        let ctx = egui::Context::default();
        let options = Options {
            folder: Some(folder.path().to_owned()),
            clock: Clock::paused(NOW.0),
            zone: jiff::tz::TimeZone::UTC,
            shell: Shell::Bash,
            files: Box::new(ScriptedPicker::default()),
            start: Some(start),
        };
        let app = App::new(&eframe::CreationContext::_new_kittest(ctx.clone()), Arc::clone(workspace) as _, options);
        Self { ctx, app, frame: eframe::Frame::_new_kittest(), time: 0.0 }
    }

    /// Milliseconds of one frame.
    fn frame(&mut self, events: Vec<egui::Event>) -> f64 {
        use eframe::App as _;
        let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1280.0, 800.0));
        self.time += 1.0 / 60.0;
        let input = egui::RawInput { screen_rect: Some(screen), time: Some(self.time), events, ..Default::default() };
        let started = Instant::now();
        let mut output = self.ctx.run_ui(input, |ui| self.app.ui(ui, &mut self.frame));
        let shapes = std::mem::take(&mut output.shapes);
        let triangles = self.ctx.tessellate(shapes, output.pixels_per_point);
        let ms = started.elapsed().as_secs_f64() * 1e3;
        std::hint::black_box(&triangles);
        output.drop_without_applying_deltas();
        ms
    }

    fn frames(&mut self, mut events: impl FnMut(usize) -> Vec<egui::Event>) -> Vec<f64> {
        (0..FRAMES).map(|i| self.frame(events(i))).collect()
    }
}

fn report(what: &str, mut ms: Vec<f64>) {
    ms.sort_by(f64::total_cmp);
    let (median, p99) = (ms[ms.len() / 2], ms[ms.len() * 99 / 100]);
    println!(
        "{what:<58} median {median:6.2} ms  p99 {p99:6.2} ms  {:.2} and {:.2} of the {BUDGET_MS} ms budget",
        median / BUDGET_MS,
        p99 / BUDGET_MS
    );
}

fn all_points() -> Kept {
    let mut kept = Kept::default();
    kept.pages.insert("endpoint.range".to_owned(), serde_json::json!(0.0));
    kept
}

fn main() {
    let workspace = ScriptedWorkspace::realistic();
    workspace.grow_points(LIVE, SECONDS);
    let mut window = Headless::open(&workspace, Route::Endpoint(LIVE.into()), &all_points());
    let first: Vec<f64> = (0..30).map(|_| window.frame(Vec::new())).collect();
    println!("fonts and the first frame: {:.1} ms", first[0]);
    report("endpoint, 1,000,000 points a chart: being taken in", first[1..].to_vec());
    report("endpoint, 1,000,000 points a chart: standing still", window.frames(|_| Vec::new()));
    let hover = |i: usize| vec![egui::Event::PointerMoved(egui::pos2(600.0 + (i * 2) as f32, 430.0))];
    report("endpoint, 1,000,000 points a chart: crosshair moving", window.frames(hover));
    let wheel = |i: usize| {
        let y = if i % 120 < 60 { 12.0 } else { -12.0 };
        vec![egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, y),
            phase: egui::TouchPhase::Move,
            modifiers: egui::Modifiers::NONE,
            source: egui::MouseWheelSource::Unknown,
        }]
    };
    report("endpoint, 1,000,000 points a chart: zooming", window.frames(wheel));

    let mut window = Headless::open(&workspace, Route::Endpoint(LIVE.into()), &all_points());
    for _ in 0..30 {
        window.frame(Vec::new());
    }
    let mut live = (*workspace.endpoint_live(LIVE).unwrap()).clone();
    let mut growing = Vec::with_capacity(FRAMES);
    for _ in 0..FRAMES {
        live.revision += 1;
        for variant in &mut live.variants {
            let mut second = *variant.seconds.last().unwrap();
            second.at_s += 1;
            variant.seconds.push_back(second);
        }
        workspace.set_live(live.clone());
        growing.push(window.frame(Vec::new()));
    }
    report("endpoint, 1,000,000 points a chart: a new second a frame", growing);

    let workspace = ScriptedWorkspace::realistic();
    let mut window = Headless::open(&workspace, Route::Endpoint(LIVE.into()), &Kept::default());
    report("endpoint, ten minutes", window.frames(|_| Vec::new())[30..].to_vec());

    workspace.grow_jobs(100_000);
    let mut window = Headless::open(&workspace, Route::TrainingJobs, &Kept::default());
    println!("training, 100,000 rows: first frame (order of all rows) {:.1} ms", window.frame(Vec::new()));
    report("training, 100,000 rows: standing still", window.frames(|_| Vec::new()));
    let at = egui::pos2(700.0, 500.0);
    let scroll = |_| {
        let wheel = egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -90.0),
            phase: egui::TouchPhase::Move,
            modifiers: egui::Modifiers::NONE,
            source: egui::MouseWheelSource::Unknown,
        };
        vec![egui::Event::PointerMoved(at), wheel]
    };
    report("training, 100,000 rows: scrolling", window.frames(scroll));
    assert_eq!(world::NOW, NOW);
}
