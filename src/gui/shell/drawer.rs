//! The activity drawer at the foot: what runs with how much is left; opened, everything that happened, newest first.

use egui::{CornerRadius, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::running::{Running, running};
use crate::domain::event::{Event, Severity};
use crate::gui::action::Action;
use crate::gui::commands;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::route::Route;
use crate::gui::theme::{Theme, fonts, size};
use crate::gui::widgets::{Button, Icon, button, empty_state, icon, progress, text};

/// Height of an event's line, and what a detail below adds.
const LINE: f32 = 30.0;
const DETAIL: f32 = 20.0;
/// Room for "19 Nov, 07:41:07".
const WHEN: f32 = 118.0;

/// Draws it.
pub(super) fn ui(ui: &mut Ui, cx: &mut Context<'_>) {
    let theme = cx.theme;
    let open = cx.prefs.kept().drawer_open;
    let all = running(cx.snapshot, cx.workspace.as_ref(), cx.now);
    let frame = egui::Frame::new().fill(theme.panel);
    let room = (ui.available_height() * 0.6).min(size::DRAWER);
    let height = if open { room.max(120.0) } else { size::FOOT };
    egui::Panel::bottom("foot").exact_size(height).resizable(false).show_separator_line(false).frame(frame).show(
        ui,
        |ui| {
            let whole = ui.max_rect();
            let bar = Rect::from_min_size(whole.min, vec2(whole.width(), size::FOOT));
            foot(ui, cx, bar, open, &all);
            ui.painter().hline(whole.x_range(), whole.top() + 0.5, Stroke::new(1.0, theme.line));
            if open {
                ui.painter().hline(whole.x_range(), bar.bottom() - 0.5, Stroke::new(1.0, theme.line));
                let below = Rect::from_min_max(pos2(whole.left(), bar.bottom()), whole.max);
                ui.scope_builder(egui::UiBuilder::new().max_rect(below), |ui| log(ui, cx, &all));
            }
        },
    );
}

fn foot(ui: &mut Ui, cx: &mut Context<'_>, bar: Rect, open: bool, all: &[Running]) {
    let theme = cx.theme;
    let name = if open { "Close the activity log" } else { "Open the activity log" };
    let response = ui.interact(bar, ui.scope_id().with("foot"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    if response.clicked() {
        cx.actions.push(Action::ToggleDrawer);
    }
    if response.hovered() {
        ui.painter().rect_filled(bar, 0.0, theme.hover);
    }
    button::focus_ring(ui, &response, bar.shrink(4.0), 4);
    let inner = bar.shrink2(vec2(size::PAGE, 0.0));
    let sign = if open { Icon::ChevronDown } else { Icon::ChevronUp };
    icon::paint(ui.painter(), sign, pos2(inner.right() - 5.0, bar.center().y), 14.0, theme.muted);
    let tip = format!("{name}  {}", commands::keys_of("Open or close the activity log"));
    response.on_hover_text(tip.trim_end());

    let mut left = inner.left();
    if let Some(first) = all.first() {
        ui.scope_builder(
            egui::UiBuilder::new().max_rect(inner).layout(egui::Layout::left_to_right(egui::Align::Center)),
            |ui| {
                ui.spacing_mut().item_spacing.x = 14.0;
                if tag(ui, &first.about.name).clicked() {
                    cx.actions.go(Route::of(&first.about));
                }
                if let Some(fraction) = first.fraction {
                    progress::progress_bar(ui, fraction, 120.0, &format!("{} of {}", first.what, first.about.name));
                }
                text::small(ui, &first.words);
                if all.len() > 1 {
                    text::text(ui, format!("+ {} more", all.len() - 1), fonts::small(), theme.faint);
                }
                left = ui.min_rect().right() + 24.0;
            },
        );
    }
    if let Some(event) = cx.snapshot.events.last().filter(|_| !open) {
        let words = format!("{}  {}", format::clock_seconds(event.at, cx.zone), event.text);
        let color = if event.severity == Severity::Error { theme.error.text } else { theme.muted };
        let galley = text::elided_galley(ui, &words, fonts::small(), color, inner.right() - 22.0 - left);
        let at = pos2(inner.right() - 22.0 - galley.size().x, bar.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, color);
    } else if cx.snapshot.events.is_empty() && all.is_empty() {
        let at = pos2(left, bar.center().y);
        ui.painter().text(at, egui::Align2::LEFT_CENTER, "Nothing is running", fonts::small(), theme.faint);
    } else if open {
        let words = if all.is_empty() { "Activity" } else { "" };
        ui.painter().text(
            pos2(left, bar.center().y),
            egui::Align2::LEFT_CENTER,
            words,
            fonts::small_medium(),
            theme.muted,
        );
    }
}

/// A name in a soft pill that leads somewhere.
fn tag(ui: &mut Ui, name: &str) -> egui::Response {
    let theme = Theme::of(ui);
    let tone = theme.changing;
    let galley = text::elided_galley(ui, name, fonts::small_medium(), tone.text, 180.0);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 14.0, 20.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, name));
    ui.painter().rect_filled(rect, CornerRadius::same(10), tone.soft);
    ui.painter().galley(pos2(rect.left() + 7.0, rect.center().y - galley.size().y / 2.0), galley, tone.text);
    button::focus_ring(ui, &response, rect, 10);
    response
}

fn log(ui: &mut Ui, cx: &mut Context<'_>, all: &[Running]) {
    let events = &cx.snapshot.events;
    if events.is_empty() && all.is_empty() {
        ui.scope_builder(egui::UiBuilder::new().max_rect(ui.max_rect().shrink(size::PAGE)), |ui| {
            empty_state::nothing(ui, "Nothing has happened yet. What you and your AWS clients do shows here.");
        });
        return;
    }
    egui::ScrollArea::vertical().auto_shrink([false, false]).id_salt("log").show_viewport(ui, |ui, seen| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let top = ui.max_rect().top();
        let left = ui.max_rect().left() + size::PAGE;
        let width = ui.max_rect().width() - 2.0 * size::PAGE;
        let mut y = 6.0;
        // The first one has its bar in the foot already.
        for one in all.iter().skip(1) {
            let row = Rect::from_min_size(pos2(left, top + y), vec2(width, LINE));
            ui.scope_builder(
                egui::UiBuilder::new().max_rect(row).layout(egui::Layout::left_to_right(egui::Align::Center)),
                |ui| {
                    ui.spacing_mut().item_spacing.x = 14.0;
                    if tag(ui, &one.about.name).clicked() {
                        cx.actions.go(Route::of(&one.about));
                    }
                    if let Some(fraction) = one.fraction {
                        progress::progress_bar(ui, fraction, 120.0, &format!("{} of {}", one.what, one.about.name));
                    }
                    text::small(ui, &one.words);
                },
            );
            y += LINE;
        }
        for event in events.iter().rev() {
            let height = LINE + if event.detail.is_some() { DETAIL } else { 0.0 };
            if y + height >= seen.top() && y <= seen.bottom() {
                let row = Rect::from_min_size(pos2(left, top + y), vec2(width, height));
                event_row(ui, cx, event, row);
            }
            y += height;
        }
        ui.allocate_rect(Rect::from_min_size(pos2(left, top), vec2(width, y + 6.0)), Sense::hover());
    });
}

fn event_row(ui: &mut Ui, cx: &mut Context<'_>, event: &Event, row: Rect) {
    let theme = cx.theme;
    let (sign, color) = match event.severity {
        Severity::Info => (None, theme.faint),
        Severity::Success => (Some(Icon::Check), theme.ok.text),
        Severity::Warning => (Some(Icon::TriangleAlert), theme.warn.text),
        Severity::Error => (Some(Icon::CircleX), theme.error.text),
    };
    let about = event.about.as_ref().filter(|about| cx.snapshot.contains(about));
    let sense = if about.is_some() { Sense::CLICK } else { Sense::hover() };
    let response = ui.interact(row.expand2(vec2(8.0, 0.0)), ui.scope_id().with(("event", event.number)), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, &event.text));
    if about.is_some() && response.hovered() {
        ui.painter().rect_filled(response.rect, CornerRadius::same(size::RADIUS), theme.hover);
    }
    let middle = row.top() + LINE / 2.0;
    let day = if cx.now.ms_since(event.at) > 20 * 3_600_000 {
        format!("{}, ", format::day(event.at, cx.zone))
    } else {
        String::new()
    };
    let when = format!("{day}{}", format::clock_seconds(event.at, cx.zone));
    ui.painter().text(pos2(row.left(), middle), egui::Align2::LEFT_CENTER, when, fonts::small(), theme.faint);
    let mark = pos2(row.left() + WHEN + 8.0, middle);
    match sign {
        Some(sign) => icon::paint(ui.painter(), sign, mark, 14.0, color),
        None => drop(ui.painter().circle_filled(mark, 2.5, color)),
    }
    let open = about.filter(|_| event.severity == Severity::Error || event.severity == Severity::Warning);
    let room = row.width() - WHEN - 28.0 - if open.is_some() { 120.0 } else { 0.0 };
    let words = text::elided_galley(ui, &event.text, fonts::body(), theme.text, room);
    let x = row.left() + WHEN + 28.0;
    ui.painter().galley(pos2(x, middle - words.size().y / 2.0), words, theme.text);
    if let Some(detail) = &event.detail {
        let galley = text::elided_galley(ui, detail, fonts::small(), theme.muted, room);
        let at = Rect::from_min_size(pos2(x, row.top() + LINE - 5.0), galley.size());
        let elided = galley.elided;
        ui.painter().galley(at.min, galley, theme.muted);
        if elided {
            ui.interact(at, ui.scope_id().with(("detail", event.number)), Sense::hover()).on_hover_text(detail);
        }
    }
    if let Some(about) = open {
        let at =
            Rect::from_min_max(pos2(row.right() - 112.0, row.top() + 1.0), pos2(row.right(), row.top() + LINE - 1.0));
        ui.scope_builder(
            egui::UiBuilder::new().max_rect(at).layout(egui::Layout::right_to_left(egui::Align::Center)),
            |ui| {
                let name = format!("Open {about}");
                if Button::secondary("Open").name(&name).tip(&name).show(ui) {
                    cx.actions.go(Route::of(about));
                }
            },
        );
    } else if response.clicked()
        && let Some(about) = about
    {
        cx.actions.go(Route::of(about));
    }
}
