//! Settings: theme, addresses, the workspace, licences.

use crate::gui::context::Context;
use crate::gui::widgets::header;

/// The page.
#[derive(Default)]
pub struct SettingsPage {}

impl SettingsPage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut egui::Ui, _cx: &mut Context<'_>) {
        header(ui, "Settings", None, "", |_| {});
    }
}
