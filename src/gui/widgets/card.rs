//! Cards: a raised ground with a hairline; no shadow, no box in a box.

use egui::{CornerRadius, Frame, InnerResponse, Margin, Stroke, Ui};

use crate::gui::theme::{Theme, size};

/// A card's frame, for `Frame`-taking containers.
pub fn frame(theme: &Theme) -> Frame {
    Frame::new()
        .fill(theme.raised)
        .stroke(Stroke::new(1.0, theme.line))
        .corner_radius(CornerRadius::same(size::CARD_RADIUS))
        .inner_margin(Margin::symmetric(16, 14))
}

/// Content on a card that takes the whole width.
pub fn card<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> InnerResponse<R> {
    frame(Theme::of(ui)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        content(ui)
    })
}

/// The same with a head: words at the left, whatever `right` draws at the right (from right to left).
pub fn titled<R>(
    ui: &mut Ui,
    title: &str,
    right: impl FnOnce(&mut Ui),
    content: impl FnOnce(&mut Ui) -> R,
) -> InnerResponse<R> {
    card(ui, |ui| {
        // Words alone need no control's height; buttons in the head bring their own.
        ui.spacing_mut().interact_size.y = 18.0;
        ui.horizontal(|ui| {
            ui.set_min_height(18.0);
            super::text::strong(ui, title);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), right);
        });
        content(ui)
    })
}
