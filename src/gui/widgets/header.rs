//! A page's head: title, status, a line below; actions at the right.

use egui::{Align, Layout, Ui};

use super::pill::Pill;
use super::text;
use crate::gui::theme::{Theme, fonts, size};

/// Draws it. `right` draws from right to left: the primary button first.
pub fn header(ui: &mut Ui, title: &str, pill: Option<&Pill>, below: &str, right: impl FnOnce(&mut Ui)) {
    let theme = Theme::of(ui);
    ui.horizontal(|ui| {
        ui.set_min_height(if below.is_empty() { 34.0 } else { 44.0 });
        let whole = ui.available_width();
        // Actions first: they keep their place, and the title is elided where both don't fit.
        let right_edge = ui.max_rect().right();
        let mut used = 0.0;
        let row =
            egui::Rect::from_min_max(ui.cursor().min, egui::pos2(right_edge, ui.cursor().min.y + ui.min_size().y));
        ui.scope_builder(egui::UiBuilder::new().max_rect(row).layout(Layout::right_to_left(Align::Center)), |ui| {
            right(ui);
            used = ui.min_rect().width();
        });
        let left = egui::Rect::from_min_max(row.min, egui::pos2(row.right() - used - 12.0, row.bottom()));
        ui.scope_builder(egui::UiBuilder::new().max_rect(left).layout(Layout::top_down(Align::Min)), |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.horizontal(|ui| {
                let pill_space = pill.map_or(0.0, |pill| pill.width(ui) + 10.0);
                let room = (left.width() - pill_space).max(80.0).min(whole);
                ui.spacing_mut().item_spacing.x = 10.0;
                text::elided(ui, title, fonts::title(), theme.text, room);
                if let Some(pill) = pill {
                    ui.add(pill);
                }
            });
            if !below.is_empty() {
                text::elided(ui, below, fonts::body(), theme.muted, left.width());
            }
        });
    });
    ui.add_space(size::GAP - ui.spacing().item_spacing.y);
}
