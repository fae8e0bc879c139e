//! Menu rows, the same in menus, context menus and drop-downs.

use egui::{Color32, CornerRadius, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use crate::gui::theme::{Theme, fonts};

/// One row; `true` when it was pressed. A chosen one carries a tick.
pub fn item(ui: &mut Ui, words: &str, chosen: bool) -> bool {
    row(ui, if chosen { Some(Icon::Check) } else { None }, words, "", true, false)
}

/// One row with an icon, and keys at the right end; `true` when it was pressed.
pub fn action(ui: &mut Ui, icon: Icon, words: &str, keys: &str) -> bool {
    row(ui, Some(icon), words, keys, true, false)
}

/// One row that destroys something; `true` when it was pressed.
pub fn danger(ui: &mut Ui, icon: Icon, words: &str) -> bool {
    row(ui, Some(icon), words, "", true, true)
}

/// One row that can be switched off; `true` when it was pressed.
pub fn enabled(ui: &mut Ui, can: bool, icon: Icon, words: &str) -> bool {
    row(ui, Some(icon), words, "", can, false)
}

/// A hairline between groups.
pub fn line(ui: &mut Ui) {
    let theme = Theme::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 9.0), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, egui::Stroke::new(1.0, theme.line));
}

fn row(ui: &mut Ui, icon: Option<Icon>, words: &str, keys: &str, can: bool, danger: bool) -> bool {
    let theme = Theme::of(ui);
    ui.spacing_mut().item_spacing.y = 1.0;
    let galley = ui.painter().layout_no_wrap(words.to_owned(), fonts::body(), Color32::PLACEHOLDER);
    let keys = ui.painter().layout_no_wrap(keys.to_owned(), fonts::mono(), theme.faint);
    let keys_space = if keys.size().x > 0.0 { keys.size().x + 20.0 } else { 0.0 };
    let natural = 30.0 + galley.size().x + keys_space + 10.0;
    let width = natural.max(ui.available_width().min(320.0));
    let sense = if can { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(width, 28.0), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::MenuItem, can, words));
    let on = can && (response.hovered() || response.has_focus());
    let color = match (can, danger) {
        (false, _) => theme.faint,
        (true, true) => theme.error.text,
        (true, false) => theme.text,
    };
    if on {
        let ground = if danger { theme.error.soft } else { theme.hover };
        ui.painter().rect_filled(rect, CornerRadius::same(5), ground);
    }
    if let Some(icon) = icon {
        let tint = if danger { color } else { theme.muted };
        super::icon::paint(ui.painter(), icon, pos2(rect.left() + 15.0, rect.center().y), 14.0, tint);
    }
    let at = |galley: &egui::Galley, x: f32| pos2(x, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at(&keys, rect.right() - 10.0 - keys.size().x), keys, theme.faint);
    ui.painter().galley(at(&galley, rect.left() + 30.0), galley, color);
    response.clicked()
}
