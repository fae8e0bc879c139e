//! Endpoints: the list, the endpoint page, the form.

use crate::gui::context::Context;
use crate::gui::widgets::header;

/// The list.
#[derive(Default)]
pub struct EndpointsPage {}

impl EndpointsPage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut egui::Ui, _cx: &mut Context<'_>) {
        header(ui, "Endpoints", None, "", |_| {});
    }
}

/// One of them.
pub struct EndpointPage {
    name: String,
}

impl EndpointPage {
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
pub struct NewEndpointPage {
    _config: Option<String>,
}

impl NewEndpointPage {
    /// A form that starts from what is given.
    pub fn new(config: Option<String>) -> Self {
        Self { _config: config }
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut egui::Ui, _cx: &mut Context<'_>) {
        header(ui, "New endpoint", None, "", |_| {});
    }
}
