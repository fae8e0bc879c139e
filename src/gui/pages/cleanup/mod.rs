//! Cleanup: what runs, what it costs, and how to end it.

use crate::gui::context::Context;
use crate::gui::widgets::header;

/// The page.
#[derive(Default)]
pub struct CleanupPage {}

impl CleanupPage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut egui::Ui, _cx: &mut Context<'_>) {
        header(ui, "Cleanup", None, "", |_| {});
    }
}
