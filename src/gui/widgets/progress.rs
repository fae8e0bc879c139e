//! Progress bars.

use egui::{Color32, CornerRadius, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};

use crate::gui::theme::Theme;

/// A thin bar, `fraction` of it done (0–1). `what` is its accessible name.
pub fn progress_bar(ui: &mut Ui, fraction: f32, width: f32, what: &str) -> Response {
    let theme = Theme::of(ui);
    bar(ui, fraction, vec2(width, 4.0), theme.accent, what)
}

/// The same in another size and colour.
pub fn bar(ui: &mut Ui, fraction: f32, size: egui::Vec2, color: Color32, what: &str) -> Response {
    let theme = Theme::of(ui);
    let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, what);
        info.value = Some(f64::from(fraction));
        info
    });
    let radius = CornerRadius::same((size.y / 2.0) as u8);
    ui.painter().rect_filled(rect, radius, theme.track);
    if fraction > 0.0 {
        let done = Rect::from_min_size(rect.min, vec2((rect.width() * fraction).max(size.y), size.y));
        ui.painter().rect_filled(done, radius, color);
    }
    response
}
