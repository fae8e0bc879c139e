//! Endpoint configurations: the list, one of them, the form.

use crate::gui::context::Context;
use crate::gui::widgets::header;

/// The list.
#[derive(Default)]
pub struct EndpointConfigsPage {}

impl EndpointConfigsPage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut egui::Ui, _cx: &mut Context<'_>) {
        header(ui, "Endpoint configs", None, "", |_| {});
    }
}

/// One of them.
pub struct EndpointConfigPage {
    name: String,
}

impl EndpointConfigPage {
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
pub struct NewEndpointConfigPage {
    _clone_of: Option<String>,
    _models: Vec<String>,
}

impl NewEndpointConfigPage {
    /// A form that starts from what is given.
    pub fn new(clone_of: Option<String>, models: Vec<String>) -> Self {
        Self { _clone_of: clone_of, _models: models }
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut egui::Ui, _cx: &mut Context<'_>) {
        header(ui, "New endpoint config", None, "", |_| {});
    }
}
