//! Toasts: short words at the corner for what ended while you looked elsewhere. Never more than four; a pointer on them holds the time.

use egui::{CornerRadius, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::domain::event::{Event, Severity};
use crate::gui::action::{Toast, ToastKind};
use crate::gui::context::Context;
use crate::gui::route::Route;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{Icon, icon};
use crate::workspace::Snapshot;

/// Never more than this many at a time.
const MOST: usize = 4;

struct Shown {
    toast: Toast,
    /// egui time at which it goes; set when it is first drawn.
    until: Option<f64>,
}

/// Those on screen, oldest first.
pub struct Toasts {
    shown: Vec<Shown>,
    seen: u64,
}

fn newest(snapshot: &Snapshot) -> u64 {
    snapshot.events.last().map_or(0, |event| event.number)
}

/// The toast of an event, if it is worth one: things that ended by themselves, unless one looks at them.
fn of_event(event: &Event, here: &Route) -> Option<Toast> {
    let kind = match event.severity {
        Severity::Info => return None,
        Severity::Success => ToastKind::Success,
        Severity::Warning | Severity::Error => ToastKind::Error,
    };
    let to = event.about.as_ref().map(Route::of);
    if kind == ToastKind::Success && to.as_ref() == Some(here) {
        return None;
    }
    Some(Toast { kind, text: event.text.clone(), detail: event.detail.clone().unwrap_or_default(), to })
}

impl Toasts {
    /// None yet; events up to now bring none.
    pub fn new(snapshot: &Snapshot) -> Self {
        Self { shown: Vec::new(), seen: newest(snapshot) }
    }

    /// Shows one more; the oldest gives way.
    pub fn push(&mut self, toast: Toast) {
        // The same words twice are one toast with new time; and of one thing the newest word counts: "is being created", then "is in service".
        // What went wrong stays until it was read.
        self.shown.retain(|shown| {
            let same = shown.toast.to.is_some() && shown.toast.to == toast.to && shown.toast.kind != ToastKind::Error;
            !same && shown.toast.text != toast.text
        });
        if self.shown.len() == MOST {
            self.shown.remove(0);
        }
        self.shown.push(Shown { toast, until: None });
    }

    /// Draws them.
    pub(super) fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>, here: &Route) {
        let newest = newest(cx.snapshot);
        if newest > self.seen {
            let events = &cx.snapshot.events;
            let fresh: Vec<_> = events.iter().rev().take_while(|event| event.number > self.seen).cloned().collect();
            self.seen = newest;
            fresh.iter().rev().filter_map(|event| of_event(event, here)).for_each(|toast| self.push(toast));
        }
        if self.shown.is_empty() {
            return;
        }
        let now = ui.input(|input| input.time);
        let screen = ui.ctx().content_rect();
        let mut bottom = screen.bottom() - size::FOOT - 12.0;
        let mut held = false;
        let mut gone = Vec::new();
        for (i, shown) in self.shown.iter_mut().enumerate().rev() {
            let area = egui::Area::new(egui::Id::unique(("toast", &shown.toast.text))).order(egui::Order::Foreground);
            let (rect, hovered, close) = area
                .fixed_pos(pos2(screen.right() - 360.0 - 16.0, bottom))
                .pivot(egui::Align2::LEFT_BOTTOM)
                .constrain(false)
                .show(ui.ctx(), |ui| toast_ui(ui, cx, &shown.toast))
                .inner;
            bottom -= rect.height() + 8.0;
            held |= hovered;
            if close {
                gone.push(i);
            }
        }
        for (i, shown) in self.shown.iter_mut().enumerate() {
            let lasts = if shown.toast.kind == ToastKind::Error { 12.0 } else { 5.0 };
            let until = *shown.until.get_or_insert(now + lasts);
            if held {
                shown.until = Some(until.max(now + 2.0));
            } else if now >= until {
                gone.push(i);
            } else {
                ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(until - now));
            }
        }
        gone.sort_unstable();
        gone.dedup();
        for i in gone.into_iter().rev() {
            self.shown.remove(i);
            ui.ctx().request_repaint();
        }
    }
}

/// One toast: (where, whether the pointer is on it, whether it is to go).
fn toast_ui(ui: &mut Ui, cx: &mut Context<'_>, toast: &Toast) -> (Rect, bool, bool) {
    let theme = cx.theme;
    let (sign, tone) = match toast.kind {
        ToastKind::Info => (Icon::Info, theme.quiet),
        ToastKind::Success => (Icon::CircleCheck, theme.ok),
        ToastKind::Error => (Icon::CircleAlert, theme.error),
    };
    let inside = 360.0 - 44.0 - 34.0;
    let lay = |words: &str, font, color| ui.painter().layout(words.to_owned(), font, color, inside);
    let head = lay(&toast.text, fonts::medium(), theme.text);
    let detail = (!toast.detail.is_empty()).then(|| lay(&toast.detail, fonts::small(), theme.muted));
    let height = 22.0 + head.size().y + detail.as_ref().map_or(0.0, |galley| galley.size().y + 4.0);
    let sense = if toast.to.is_some() { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(360.0, height), sense);
    response
        .widget_info(|| WidgetInfo::labeled(Role::Alert, true, format!("{} {}", toast.text, toast.detail).trim_end()));
    let painter = ui.painter();
    let shadow = egui::Shadow { offset: [0, 6], blur: 24, spread: 0, color: theme.shadow };
    painter.add(shadow.as_shape(rect, CornerRadius::same(size::CARD_RADIUS)));
    let fill = if response.hovered() && toast.to.is_some() { theme.hover } else { theme.raised };
    painter.rect(
        rect,
        CornerRadius::same(size::CARD_RADIUS),
        fill,
        Stroke::new(1.0, theme.line_strong),
        StrokeKind::Inside,
    );
    icon::paint(
        painter,
        sign,
        pos2(rect.left() + 22.0, rect.top() + 11.0 + head.size().y.min(18.0) / 2.0),
        16.0,
        tone.text,
    );
    let mut y = rect.top() + 11.0;
    let x = rect.left() + 44.0;
    let head_height = head.size().y;
    painter.galley(pos2(x, y), head, theme.text);
    y += head_height + 4.0;
    if let Some(detail) = detail {
        painter.galley(pos2(x, y), detail, theme.muted);
    }
    let cross = Rect::from_center_size(pos2(rect.right() - 20.0, rect.top() + 19.0), vec2(22.0, 22.0));
    let close = ui.interact(cross, response.id.with("close"), Sense::click());
    close.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Dismiss"));
    let tint = if close.hovered() { theme.text } else { theme.faint };
    icon::paint(ui.painter(), Icon::X, cross.center(), 14.0, tint);
    if response.clicked()
        && let Some(to) = &toast.to
    {
        cx.actions.go(to.clone());
        return (rect, true, true);
    }
    (rect, response.contains_pointer() || close.hovered(), close.clicked())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_thing_the_newest_word_is_shown() {
        let mut toasts = Toasts { shown: Vec::new(), seen: 0 };
        let about = |kind, text: &str, name: &str| Toast::new(kind, text).to(Route::Endpoint(name.into()));
        toasts.push(about(ToastKind::Success, "Creating endpoint a", "a"));
        toasts.push(about(ToastKind::Error, "Endpoint b failed", "b"));
        toasts.push(about(ToastKind::Success, "Endpoint a is in service", "a"));
        toasts.push(about(ToastKind::Success, "Updating b", "b"));
        toasts.push(Toast::new(ToastKind::Info, "Copied URL"));
        toasts.push(Toast::new(ToastKind::Info, "Copied ARN"));
        let texts: Vec<&str> = toasts.shown.iter().map(|shown| shown.toast.text.as_str()).collect();
        assert_eq!(texts, ["Endpoint a is in service", "Updating b", "Copied URL", "Copied ARN"], "four at the most");
    }
}
