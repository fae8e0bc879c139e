//! Training jobs: the list, one job with its curves and log, the wizard.

use crate::gui::context::Context;
use crate::gui::widgets::header;

/// The list.
#[derive(Default)]
pub struct TrainingJobsPage {}

impl TrainingJobsPage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut egui::Ui, _cx: &mut Context<'_>) {
        header(ui, "Training", None, "", |_| {});
    }
}

/// One of them.
pub struct TrainingJobPage {
    name: String,
}

impl TrainingJobPage {
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
pub struct NewTrainingJobPage {
    _clone_of: Option<String>,
}

impl NewTrainingJobPage {
    /// A form that starts from what is given.
    pub fn new(clone_of: Option<String>) -> Self {
        Self { _clone_of: clone_of }
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut egui::Ui, _cx: &mut Context<'_>) {
        header(ui, "New training job", None, "", |_| {});
    }
}
