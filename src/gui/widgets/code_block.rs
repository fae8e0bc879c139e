//! Code to paste elsewhere: monospaced, coloured, selectable, with a copy button.

use egui::{Label, Ui};
use lucide_icons::Icon;

use super::button::Button;
use super::syntax::{self, Syntax};
use crate::gui::action::Actions;
use crate::gui::theme::{Theme, size};

/// Draws it; `what` names it on the copy button ("boto3 code").
pub fn code_block(ui: &mut Ui, actions: &mut Actions, what: &str, code: &str, syntax: Syntax) {
    let theme = Theme::of(ui);
    egui::Frame::new()
        .fill(theme.panel)
        .stroke(egui::Stroke::new(1.0, theme.line))
        .corner_radius(egui::CornerRadius::same(size::RADIUS + 2))
        .inner_margin(egui::Margin { left: 14, right: 8, top: 10, bottom: 10 })
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
                if ui.add(Button::icon_only(Icon::Copy, &format!("Copy {what}"))).clicked() {
                    actions.copy(code, what);
                }
                ui.with_layout(egui::Layout::top_down(egui::Align::Min), |ui| {
                    egui::ScrollArea::horizontal().id_salt(("code", what)).show(ui, |ui| {
                        ui.add(Label::new(syntax::job(theme, code.trim_end(), syntax)).selectable(true).extend());
                    });
                });
            });
        });
}
