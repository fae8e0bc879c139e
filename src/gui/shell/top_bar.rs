//! The top bar: where we are, the palette, what it costs, where the server is.

use egui::{Align, CornerRadius, Layout, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::gui::action::Action;
use crate::gui::commands;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::route::Route;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{button, text};

/// Draws it.
pub(super) fn ui(ui: &mut Ui, cx: &mut Context<'_>, route: &Route) {
    let theme = cx.theme;
    let frame = egui::Frame::new().fill(theme.background).inner_margin(egui::Margin::symmetric(size::PAGE as i8, 0));
    egui::Panel::top("top-bar")
        .exact_size(size::TOP_BAR)
        .resizable(false)
        .show_separator_line(false)
        .frame(frame)
        .show(ui, |ui| {
            let whole = ui.max_rect().expand2(vec2(size::PAGE, 0.0));
            ui.painter().hline(whole.x_range(), whole.bottom() - 0.5, Stroke::new(1.0, theme.line));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 10.0;
                chips(ui, cx);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| crumbs(ui, cx, route));
            });
        });
}

/// The last crumb is given this much before the ones before it are.
const LAST_CRUMB: f32 = 120.0;
/// Room of "… /".
const FOLDED: f32 = 34.0;

/// Which crumbs of these widths to leave out, so that the rest fits into `room`: the first stays as long as it can.
fn crumbs_that_fit(widths: &[f32], room: f32) -> std::ops::Range<usize> {
    let all: f32 = widths.iter().sum();
    if all <= room {
        return 0..0;
    }
    (1..=widths.len())
        .map(|end| 1.min(end - 1)..end)
        .find(|left_out| all - widths[left_out.clone()].iter().sum::<f32>() + FOLDED <= room)
        .unwrap_or(0..widths.len())
}

fn crumbs(ui: &mut Ui, cx: &mut Context<'_>, route: &Route) {
    let theme = cx.theme;
    ui.spacing_mut().item_spacing.x = 6.0;
    let width = |words: &str, font| ui.painter().layout_no_wrap(words.to_owned(), font, theme.text).size().x;
    let parents = route.parents();
    let widths: Vec<f32> =
        parents.iter().map(|parent| width(&parent.title(), fonts::body()) + width("/", fonts::body()) + 12.0).collect();
    let last = width(&route.title(), fonts::medium()).min(LAST_CRUMB);
    let shown = crumbs_that_fit(&widths, ui.available_width() - last - 4.0);
    for (i, parent) in parents.into_iter().enumerate() {
        if i >= shown.start && i + 1 < shown.end {
            continue;
        }
        // The last of those that are left out stands for all of them.
        let folded = i >= shown.start && i < shown.end;
        let words = if folded { "…".to_owned() } else { parent.title() };
        let words = egui::RichText::new(words).font(fonts::body()).color(theme.muted);
        let mut link = ui.add(egui::Link::new(words));
        if folded {
            let title = parent.title();
            link.widget_info(|| WidgetInfo::labeled(Role::Link, true, &title));
            link = link.on_hover_text(&title);
        }
        if link.clicked() {
            cx.actions.go(parent);
        }
        text::text(ui, "/", fonts::body(), theme.faint);
    }
    let room = ui.available_width() - 4.0;
    text::elided(ui, &route.title(), fonts::medium(), theme.text, room);
}

fn chips(ui: &mut Ui, cx: &mut Context<'_>) {
    let theme = cx.theme;
    let roomy = ui.available_width() > 620.0;
    let server = cx.snapshot.info.base_url.as_deref();
    let address = server.map_or("starting…", |url| url.trim_start_matches("http://"));
    let tone = if server.is_some() { theme.ok.text } else { theme.changing.text };
    let name = format!("Server {address}: copy environment");
    let tip = format!(
        "Click to copy the environment of AWS clients for {}, as `counterpoise env` prints it",
        cx.shell.as_str()
    );
    if chip(ui, address, fonts::mono(), Some(tone), &name).on_hover_text(tip).clicked() {
        cx.actions.push(commands::copy_environment(&cx.snapshot.info, cx.shell));
    }
    let (usd, running) = cx.snapshot.running_cost();
    let words = match (running, roomy) {
        (0, _) => "Nothing running".to_owned(),
        (_, true) => format!("{} at list price · {running} running", format::usd_per_hour(usd)),
        (_, false) => format::usd_per_hour(usd),
    };
    let tip =
        "What this would cost on AWS, at list price: an estimate, not a bill. Here it is free. Click to see what runs.";
    if chip(ui, &words, fonts::small(), None, &words).on_hover_text(tip).clicked() {
        cx.actions.go(Route::Cleanup);
    }
    if palette_box(ui, cx, if roomy { 220.0 } else { 120.0 }).clicked() {
        cx.actions.push(Action::TogglePalette);
    }
}

fn chip(ui: &mut Ui, words: &str, font: egui::FontId, dot: Option<egui::Color32>, name: &str) -> Response {
    let theme = crate::gui::theme::Theme::of(ui);
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font, theme.muted);
    let dot_space = if dot.is_some() { 14.0 } else { 0.0 };
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 20.0 + dot_space, 26.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    ground(ui, &response, rect);
    if let Some(color) = dot {
        ui.painter().circle_filled(pos2(rect.left() + 13.0, rect.center().y), 3.5, color);
    }
    let at = pos2(rect.left() + 10.0 + dot_space, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, theme.muted);
    response
}

fn palette_box(ui: &mut Ui, cx: &Context<'_>, width: f32) -> Response {
    let theme = cx.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(width, 26.0), Sense::click());
    let name = "Search or run a command";
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    ground(ui, &response, rect);
    let keys = commands::keys_of(name);
    let words = if width > 200.0 { name } else { "Search" };
    let at = pos2(rect.left() + 10.0, rect.center().y);
    ui.painter().text(at, egui::Align2::LEFT_CENTER, words, fonts::small(), theme.faint);
    let at = pos2(rect.right() - 8.0, rect.center().y);
    ui.painter().text(
        at,
        egui::Align2::RIGHT_CENTER,
        keys,
        egui::FontId::new(11.0, egui::FontFamily::Monospace),
        theme.faint,
    );
    response
}

fn ground(ui: &Ui, response: &Response, rect: egui::Rect) {
    let theme = crate::gui::theme::Theme::of(ui);
    let fill = if response.hovered() { theme.hover } else { theme.raised };
    ui.painter().rect(rect, CornerRadius::same(size::RADIUS), fill, Stroke::new(1.0, theme.line), StrokeKind::Inside);
    button::focus_ring(ui, response, rect, size::RADIUS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crumbs_in_the_middle_give_way_first() {
        let widths = [40.0, 200.0, 60.0, 60.0];
        assert_eq!(crumbs_that_fit(&widths, 360.0), 0..0);
        assert_eq!(crumbs_that_fit(&widths, 200.0), 1..2);
        assert_eq!(crumbs_that_fit(&widths, 140.0), 1..3);
        assert_eq!(crumbs_that_fit(&widths, 80.0), 1..4);
        assert_eq!(crumbs_that_fit(&widths, 50.0), 0..4);
        assert_eq!(crumbs_that_fit(&[], 0.0), 0..0);
    }
}
