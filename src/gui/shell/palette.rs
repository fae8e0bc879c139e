//! The command palette: every action of the app and every resource, found by typing a few letters.

use egui::Ui;

use crate::gui::context::Context;

/// Whether it is open, and what was typed.
#[derive(Default)]
pub struct Palette {
    open: bool,
}

impl Palette {
    /// Opens or closes it.
    pub fn toggle(&mut self) {
        self.open = !self.open;
    }

    /// Draws it.
    pub(super) fn ui(&mut self, _ui: &mut Ui, _cx: &mut Context<'_>) {}
}
