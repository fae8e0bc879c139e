//! Models: the list, one model, the form.

use crate::gui::context::Context;
use crate::gui::widgets::header;

/// The list.
#[derive(Default)]
pub struct ModelsPage {}

impl ModelsPage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut egui::Ui, _cx: &mut Context<'_>) {
        header(ui, "Models", None, "", |_| {});
    }
}

/// One of them.
pub struct ModelPage {
    name: String,
}

impl ModelPage {
    /// The page of that name.
    pub fn new(name: String) -> Self {
        Self { name }
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut egui::Ui, _cx: &mut Context<'_>) {
        header(ui, &self.name, None, "", |_| {});
    }
}

/// The form that makes one.
pub struct NewModelPage {
    _from_job: Option<String>,
}

impl NewModelPage {
    /// A form that starts from what is given.
    pub fn new(from_job: Option<String>) -> Self {
        Self { _from_job: from_job }
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut egui::Ui, _cx: &mut Context<'_>) {
        header(ui, "New model", None, "", |_| {});
    }
}
