//! Dialogs: a card that floats over the dimmed window, with a title, a body that scrolls, and a row of buttons.

use egui::{Align, Id, Layout, ScrollArea, Ui, vec2};
use lucide_icons::Icon;

use super::button::Button;
use super::{card, text};
use crate::gui::theme::{Theme, fonts};

/// Room for the bar of a body that scrolls, points.
const BAR: f32 = 12.0;

/// How a frame of a dialog ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// Still open.
    Open,
    /// Closed by its cross, by Escape or by a click beside it.
    Closed,
}

/// Draws a row of buttons.
pub type Buttons<'a, T> = Box<dyn FnOnce(&mut Ui, &mut T) + 'a>;

/// Draws a dialog `width` wide. `buttons` draws from right to left: the primary one first.
pub fn dialog<T>(
    ui: &Ui,
    id: &str,
    title: &str,
    width: f32,
    state: &mut T,
    body: impl FnOnce(&mut Ui, &mut T),
    buttons: Option<Buttons<'_, T>>,
) -> Dialog {
    let theme = Theme::of(ui);
    let screen = ui.ctx().content_rect();
    let frame = card::frame(theme)
        .inner_margin(20)
        .stroke(egui::Stroke::new(1.0, theme.line_strong))
        .shadow(egui::Shadow { offset: [0, 12], blur: 40, spread: 0, color: theme.shadow });
    let modal = egui::Modal::new(Id::unique("dialog").with(id)).frame(frame).backdrop_color(theme.scrim);
    let mut closed = false;
    let shown = modal.show(ui.ctx(), |ui| {
        ui.set_width(width.min(screen.width() - 64.0));
        ui.spacing_mut().item_spacing = vec2(8.0, 10.0);
        ui.horizontal(|ui| {
            let room = ui.available_width() - 40.0;
            text::elided(ui, title, fonts::inter(15.0, fonts::Weight::Semibold), theme.text, room);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                closed |= Button::icon_only(Icon::X, "Close").show(ui);
            });
        });
        let room = (screen.height() - 190.0).max(120.0);
        // A bar that floats over the page would lie on the fields of a form. Inside, bars float as everywhere.
        let floating = std::mem::replace(&mut ui.spacing_mut().scroll.floating_allocated_width, BAR);
        ScrollArea::vertical()
            .id_salt(id)
            .max_height(room)
            // Without it a dialog keeps the height of its first frame, and an answer would hide below its edge.
            .min_scrolled_height(room)
            .show(ui, |ui| {
                ui.spacing_mut().scroll.floating_allocated_width = floating;
                ui.set_width(ui.available_width());
                body(ui, state);
            });
        if let Some(buttons) = buttons {
            ui.add_space(2.0);
            // In a row of its own height: what is left of a taller frame before would go to it, and the dialog would never shrink.
            ui.horizontal(|ui| ui.with_layout(Layout::right_to_left(Align::Center), |ui| buttons(ui, state)));
        }
    });
    if closed || shown.should_close() { Dialog::Closed } else { Dialog::Open }
}
