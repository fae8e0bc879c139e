//! Icons from Lucide's font, drawn optically centred.

use egui::{Align2, Color32, Painter, Pos2, Response, Sense, Ui, vec2};
use lucide_icons::Icon;

use crate::gui::theme::fonts;

/// Draws an icon around a point.
pub fn paint(painter: &Painter, icon: Icon, center: Pos2, size: f32, color: Color32) {
    painter.text(center, Align2::CENTER_CENTER, char::from(icon), fonts::icons(size), color);
}

/// An icon in the flow of a row. Decoration only: meaning belongs into the words beside it.
pub fn icon(ui: &mut Ui, icon: Icon, size: f32, color: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(size, size), Sense::hover());
    if ui.is_rect_visible(rect) {
        paint(ui.painter(), icon, rect.center(), size, color);
    }
    response
}
