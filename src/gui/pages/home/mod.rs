//! Home: what to do next, what runs, what it costs, what happened.

use crate::gui::context::Context;
use crate::gui::widgets::header;

/// The page.
#[derive(Default)]
pub struct HomePage {}

impl HomePage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut egui::Ui, _cx: &mut Context<'_>) {
        header(ui, "Home", None, "", |_| {});
    }
}
