//! Words: sized, coloured, elided with the whole on hover.

use egui::text::{LayoutJob, TextWrapping};
use egui::{Color32, FontId, Label, Response, RichText, Ui};

use crate::gui::theme::{Theme, fonts};

/// One line or a wrapped paragraph in a font and colour.
pub fn text(ui: &mut Ui, words: impl Into<String>, font: FontId, color: Color32) -> Response {
    ui.add(Label::new(RichText::new(words).font(font).color(color)))
}

/// 13 regular.
pub fn body(ui: &mut Ui, words: impl Into<String>) -> Response {
    text(ui, words, fonts::body(), Theme::of(ui).text)
}

/// 13 regular, muted.
pub fn muted(ui: &mut Ui, words: impl Into<String>) -> Response {
    text(ui, words, fonts::body(), Theme::of(ui).muted)
}

/// 12 regular, muted.
pub fn small(ui: &mut Ui, words: impl Into<String>) -> Response {
    text(ui, words, fonts::small(), Theme::of(ui).muted)
}

/// 13 semibold: the head of a card or of a group.
pub fn strong(ui: &mut Ui, words: impl Into<String>) -> Response {
    text(ui, words, fonts::strong(), Theme::of(ui).text)
}

/// 12 monospaced.
pub fn mono(ui: &mut Ui, words: impl Into<String>) -> Response {
    text(ui, words, fonts::mono(), Theme::of(ui).muted)
}

/// One line that ends in … where `width` ends; the whole text on hover when something is missing.
pub fn elided(ui: &mut Ui, words: &str, font: FontId, color: Color32, width: f32) -> Response {
    let galley = elided_galley(ui, words, font, color, width);
    let missing = galley.elided;
    let response = ui.add(Label::new(galley));
    if missing { response.on_hover_text(words) } else { response }
}

/// The same, laid out for painting.
pub fn elided_galley(ui: &Ui, words: &str, font: FontId, color: Color32, width: f32) -> std::sync::Arc<egui::Galley> {
    let mut job = LayoutJob::simple_singleline(words.to_owned(), font, color);
    job.wrap = TextWrapping::truncate_at_width(width.max(0.0));
    ui.painter().layout_job(job)
}

/// A link within the app or to a page that a click copies; underlined under the pointer.
pub fn link(ui: &mut Ui, words: impl Into<String>) -> Response {
    let theme = Theme::of(ui);
    ui.add(egui::Link::new(RichText::new(words).font(fonts::body()).color(theme.accent)))
}
