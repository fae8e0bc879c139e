//! The activity drawer at the foot: what runs, and what happened.

use egui::{Stroke, Ui};

use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::text;

/// Draws it.
pub(super) fn ui(ui: &mut Ui, cx: &mut Context<'_>) {
    let theme = cx.theme;
    let frame = egui::Frame::new().fill(theme.panel).inner_margin(egui::Margin::symmetric(size::PAGE as i8, 0));
    egui::Panel::bottom("foot").exact_size(size::FOOT).resizable(false).show_separator_line(false).frame(frame).show(
        ui,
        |ui| {
            let whole = ui.max_rect().expand2(egui::vec2(size::PAGE, 0.0));
            ui.painter().hline(whole.x_range(), whole.top() + 0.5, Stroke::new(1.0, theme.line));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if let Some(event) = cx.snapshot.events.last() {
                    let words = format!("{} {}", format::clock_seconds(event.at, cx.zone), event.text);
                    text::elided(ui, &words, fonts::small(), theme.muted, ui.available_width());
                }
            });
        },
    );
}
