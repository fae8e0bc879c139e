//! Tabs below a page's header: words with a line under the chosen one, arrow keys move.

use egui::{Color32, Key, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::gui::theme::{Theme, fonts};

/// Draws the tabs and, at the right end, whatever `right` draws (from right to left). `true` when another one was chosen.
pub fn tabs(ui: &mut Ui, labels: &[&str], chosen: &mut usize, right: impl FnOnce(&mut Ui)) -> bool {
    let theme = Theme::of(ui);
    let before = *chosen;
    *chosen = (*chosen).min(labels.len().saturating_sub(1));
    let line = ui
        .horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 18.0;
            ui.set_min_height(34.0);
            for (i, label) in labels.iter().enumerate() {
                let selected = i == *chosen;
                let font = if selected { fonts::strong() } else { fonts::body() };
                // The widest of both faces, so that nothing moves when the choice does.
                let width =
                    ui.painter().layout_no_wrap((*label).to_owned(), fonts::strong(), Color32::PLACEHOLDER).size().x;
                let (rect, response) = ui.allocate_exact_size(vec2(width, 34.0), Sense::click());
                response.widget_info(|| WidgetInfo::selected(Role::Tab, ui.is_enabled(), selected, label));
                let color = if selected || response.hovered() { theme.text } else { theme.muted };
                let galley = ui.painter().layout_no_wrap((*label).to_owned(), font, color);
                ui.painter().galley(pos2(rect.left(), rect.center().y - galley.size().y / 2.0), galley, color);
                if selected {
                    let y = rect.bottom() - 1.0;
                    ui.painter().hline(rect.x_range(), y, Stroke::new(2.0, theme.accent));
                }
                super::button::focus_ring(ui, &response, rect.shrink2(vec2(-3.0, 6.0)), 4);
                if response.clicked() {
                    *chosen = i;
                }
                if response.has_focus() {
                    let step = ui.input(|input| {
                        i32::from(input.key_pressed(Key::ArrowRight)) - i32::from(input.key_pressed(Key::ArrowLeft))
                    });
                    *chosen = chosen.saturating_add_signed(step as isize).min(labels.len() - 1);
                }
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), right);
        })
        .response
        .rect;
    let y = ui.painter().round_to_pixel_center(line.bottom());
    ui.painter().hline(ui.max_rect().x_range(), y, Stroke::new(1.0, theme.line));
    ui.add_space(crate::gui::theme::size::GAP - ui.spacing().item_spacing.y);
    before != *chosen
}
