//! The Code tab: what can be done with this endpoint, as code, with a row that its models understand.

use egui::Ui;

use super::Frame;
use super::try_it::TryIt;
use crate::gui::context::Context;
use crate::gui::pages::code;
use crate::gui::snippets::{self, Row};

pub(super) fn ui(ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>, try_it: &mut TryIt) {
    let row = try_it
        .example(ui, cx, frame)
        .map_or_else(Row::default, |(body, format)| Row { body, content_type: format.content_type().to_owned() });
    let snippets = snippets::endpoint(cx.snapshot, frame.endpoint, &row);
    code::tab(ui, cx, "endpoint", &snippets);
}
