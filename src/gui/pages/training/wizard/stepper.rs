//! The row of steps above the wizard: where it is, what is done, where something is wrong.

use egui::{Color32, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::training::draft::{Draft, Problem, Step};
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{button, icon, text};

/// Draws the row; a click goes to a step.
pub(super) fn ui(ui: &mut Ui, cx: &mut Context<'_>, draft: &mut Draft, problems: &[Problem]) {
    let theme = cx.theme;
    let width = ui.available_width();
    let compact = width < 760.0;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = if compact { 10.0 } else { 18.0 };
        for step in Step::ALL {
            let current = step == draft.step;
            let wrong = problems.iter().filter(|problem| problem.step == step).count();
            let left = draft.seen > step || (draft.seen == step && !current);
            let (ground, ink) = match (current, left, wrong) {
                (true, ..) => (theme.accent, theme.on_accent),
                (false, true, 0) => (theme.ok.soft, theme.ok.text),
                (false, true, _) => (theme.error.soft, theme.error.text),
                (false, false, _) => (Color32::TRANSPARENT, theme.faint),
            };
            let words = if current { theme.text } else { theme.muted };
            let font = if current { fonts::strong() } else { fonts::body() };
            let title = if compact && !current { "" } else { step.title() };
            let galley = text::elided_galley(ui, title, font, words, 200.0);
            let desired = vec2(22.0 + if title.is_empty() { 0.0 } else { 8.0 + galley.size().x }, 30.0);
            let (rect, response) = ui.allocate_exact_size(desired, Sense::click());
            response.widget_info(|| {
                let state = match (left, wrong) {
                    (true, 0) => ", done".to_owned(),
                    (true, n) => format!(", {}", format::plural(n, "problem")),
                    (false, _) => String::new(),
                };
                let name = format!("Step {}: {}{state}", step.position() + 1, step.title());
                WidgetInfo::selected(egui::Role::Tab, ui.is_enabled(), current, name)
            });
            let center = pos2(rect.left() + 11.0, rect.center().y);
            ui.painter().circle_filled(center, 11.0, ground);
            if !current && !left {
                ui.painter().circle_stroke(center, 10.5, Stroke::new(1.0, theme.line_strong));
            }
            if !current && left {
                let sign = if wrong == 0 { Icon::Check } else { Icon::CircleAlert };
                icon::paint(ui.painter(), sign, center, 13.0, ink);
            } else {
                let number = (step.position() + 1).to_string();
                ui.painter().text(center, egui::Align2::CENTER_CENTER, number, fonts::small_medium(), ink);
            }
            ui.painter().galley(pos2(rect.left() + 30.0, rect.center().y - galley.size().y / 2.0), galley, words);
            button::focus_ring(ui, &response, rect, size::RADIUS);
            if response.on_hover_text(step.title()).clicked() {
                draft.go(step);
            }
            if step.next().is_some() {
                let (line, _) = ui.allocate_exact_size(vec2(if compact { 10.0 } else { 22.0 }, 30.0), Sense::hover());
                ui.painter().hline(line.x_range(), line.center().y, Stroke::new(1.0, theme.line_strong));
            }
        }
    });
    ui.add_space(size::GAP - ui.spacing().item_spacing.y);
}
