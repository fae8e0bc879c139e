//! What an empty list says: what the thing is for, and the button that makes the first one.

use egui::{Color32, CornerRadius, Sense, Ui, vec2};
use lucide_icons::Icon;

use super::button::Button;
use crate::gui::theme::{Theme, fonts};

/// Draws it in the middle of the room that is left; `true` when the button was pressed.
pub fn empty_state(ui: &mut Ui, icon: Icon, title: &str, sentence: &str, button: Option<&str>) -> bool {
    let theme = Theme::of(ui);
    let room = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space(((room - 190.0) * 0.4).max(24.0));
        let (rect, _) = ui.allocate_exact_size(vec2(44.0, 44.0), Sense::hover());
        ui.painter().rect_filled(rect, CornerRadius::same(12), theme.accent_soft);
        super::icon::paint(ui.painter(), icon, rect.center(), 22.0, theme.accent);
        ui.add_space(8.0);
        super::text::text(ui, title, fonts::inter(15.0, fonts::Weight::Semibold), theme.text);
        ui.scope(|ui| {
            ui.set_max_width(440.0);
            let words = egui::RichText::new(sentence).font(fonts::body()).color(theme.muted).line_height(Some(19.0));
            ui.add(egui::Label::new(words).wrap());
        });
        ui.add_space(10.0);
        let pressed = button.is_some_and(|words| Button::primary(words).large().show(ui));
        ui.allocate_space(vec2(1.0, 24.0));
        pressed
    })
    .inner
}

/// A quiet line where a small part of a page has nothing to show.
pub fn nothing(ui: &mut Ui, sentence: &str) {
    let color: Color32 = Theme::of(ui).faint;
    super::text::text(ui, sentence, fonts::body(), color);
}
