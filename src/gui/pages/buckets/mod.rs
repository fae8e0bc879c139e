//! Data: buckets and the objects in them.

use crate::gui::context::Context;
use crate::gui::widgets::header;

/// All buckets.
#[derive(Default)]
pub struct BucketsPage {}

impl BucketsPage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut egui::Ui, _cx: &mut Context<'_>) {
        header(ui, "Data", None, "", |_| {});
    }
}

/// One bucket, at a prefix.
pub struct BucketPage {
    name: String,
    _prefix: String,
}

impl BucketPage {
    /// A bucket's page; `prefix` is empty or ends in `/`.
    pub fn new(name: String, prefix: String) -> Self {
        Self { name, _prefix: prefix }
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut egui::Ui, _cx: &mut Context<'_>) {
        header(ui, &self.name, None, "", |_| {});
    }
}
