//! A page that is higher than the window.

use egui::{ScrollArea, Ui};

use crate::gui::theme::size;

/// Scrolls the page up and down; its bar stands in the page's margin, beside the content.
pub fn scroll<R>(ui: &mut Ui, id: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    let seen = ui.max_rect();
    let whole = egui::Rect::from_min_max(seen.min, egui::pos2(seen.right() + size::PAGE, seen.bottom() + size::PAGE));
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(whole).id_salt(("page", id)));
    ScrollArea::vertical()
        .id_salt(id)
        .auto_shrink([false, false])
        .show(&mut child, |ui| {
            let width = whole.width() - size::PAGE;
            ui.set_width(width);
            ui.set_max_width(width);
            ui.set_max_height(seen.height());
            let inner = content(ui);
            ui.add_space(size::PAGE - ui.spacing().item_spacing.y);
            inner
        })
        .inner
}
