//! A window over a living workspace, at which somebody copies code.

use std::sync::Arc;
use std::time::{Duration, Instant};

use counterpoise::gui::route::Route;
use counterpoise::gui::snippets::Language;
use counterpoise::gui::{App, Options};
use counterpoise::workspace::{Shell, Workspace};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::support::live::Live;

const LIMIT: Duration = Duration::from_mins(1);

/// The window.
pub struct Desk(Harness<'static, App>);

impl Desk {
    /// Opens it.
    pub fn open(live: &Live) -> Self {
        let workspace: Arc<dyn Workspace> = Arc::clone(&live.workspace);
        let options = Options { start: Some(Route::Home), shell: Shell::Bash, ..Options::default() };
        let builder = Harness::builder().with_size([1280.0, 800.0]).with_pixels_per_point(1.0);
        Self(builder.build_eframe(move |cc| App::new(cc, workspace, options)))
    }

    /// Goes to a page, presses what leads to its code, chooses a language: titles and texts, as Copy puts them on the clipboard.
    pub fn snippets(&mut self, route: &Route, presses: &[&str], language: Language) -> Vec<(String, String)> {
        self.0.state_mut().go(route.clone());
        self.0.run_steps(3);
        for name in presses.iter().copied().chain([language.as_str()]) {
            self.press(name);
        }
        let copy = format!("Copy {} code: ", language.as_str());
        self.until(&copy, |harness| harness.query_all_by_label_contains(&copy).next().is_some());
        let labels: Vec<String> =
            self.0.query_all_by_label_contains(&copy).filter_map(|node| node.accesskit_node().label()).collect();
        let found = labels.iter().map(|label| (label[copy.len()..].to_owned(), self.text_of(label))).collect();
        // A dialog that stays open would lie above the next page.
        if presses.contains(&"Show code") {
            self.press("Close");
        }
        found
    }

    /// What a copy button copies. A row of sample data comes a moment after its page.
    fn text_of(&mut self, button: &str) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            let text = self.copied(button);
            if !text.contains("FEATURES,OF,ONE,ROW") {
                return text;
            }
            assert!(Instant::now() < deadline, "no example came: {text}");
        }
    }

    fn copied(&mut self, button: &str) -> String {
        // As a screen reader presses it: it may lie below the fold.
        self.0.get_by_label(button).click_accesskit();
        for _ in 0..4 {
            self.0.step();
            let text = self.0.output().platform_output.commands.iter().find_map(|command| match command {
                egui::OutputCommand::CopyText(text) => Some(text.clone()),
                _ => None,
            });
            if let Some(text) = text {
                return text;
            }
        }
        panic!("{button} copied nothing");
    }

    fn press(&mut self, name: &str) {
        self.until(name, |harness| harness.query_all_by_label(name).next().is_some());
        self.0.get_all_by_label(name).last().unwrap().click_accesskit();
        self.0.run_steps(4);
    }

    /// Draws frames until something is there: work goes on behind the window.
    fn until(&mut self, what: &str, mut there: impl FnMut(&Harness<'static, App>) -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !there(&self.0) {
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            self.0.step();
        }
    }
}
