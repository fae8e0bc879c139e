//! A deployment as it goes: its stations, the two fleets, and the number to see: 0 failed requests.

use egui::{
    Align, Align2, CornerRadius, Layout, Rect, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

use super::{Frame, colors, course, watching};
use crate::domain::endpoint::{Deployment, DeploymentOutcome, DeploymentStage};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{self, Button, Icon, icon, text};

/// "4 requests", "1 request".
fn requests(n: u64) -> String {
    format::plural(usize::try_from(n).unwrap_or(usize::MAX), "request")
}

/// What was clicked on a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Click {
    Close,
    RollBack,
}

/// Draws the card.
pub(super) fn card(ui: &mut Ui, cx: &Context<'_>, frame: &Frame<'_>, deployment: &Deployment) -> Option<Click> {
    let running = deployment.outcome == DeploymentOutcome::InProgress;
    let mut click = None;
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 10.0;
        click = head(ui, cx, frame, deployment);
        stations(ui, cx, deployment);
        traffic(ui, cx, deployment);
        fleets(ui, cx, frame, deployment);
        if let Some(words) = watching::line(deployment, frame.live) {
            let words = egui::RichText::new(words).font(fonts::small()).color(cx.theme.muted).line_height(Some(17.0));
            ui.add(egui::Label::new(words).wrap().selectable(true));
        }
    });
    if running {
        ui.ctx().request_repaint_after(std::time::Duration::from_secs(1));
    }
    click
}

/// What goes on, and at the right what it has cost so far and what can be done. The title gets the room that is left.
fn head(ui: &mut Ui, cx: &Context<'_>, frame: &Frame<'_>, deployment: &Deployment) -> Option<Click> {
    let running = deployment.outcome == DeploymentOutcome::InProgress;
    let mut click = None;
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::hover());
    let mut used = 0.0;
    ui.scope_builder(UiBuilder::new().max_rect(row).layout(Layout::right_to_left(Align::Center)), |ui| {
        if !running && Button::icon_only(Icon::X, "Close the timeline").show(ui) {
            click = Some(Click::Close);
        }
        if running && course::can_roll_back(frame.endpoint) {
            let from = deployment.from_config.as_deref().unwrap_or_default();
            let tip = format!("{from} answers every request again, from the next one on");
            if Button::secondary("Roll back").icon(Icon::Undo2).tip(&tip).show(ui) {
                click = Some(Click::RollBack);
            }
        }
        let failed = deployment.failed_requests;
        let tone = if failed == 0 { cx.theme.ok } else { cx.theme.error };
        text::muted(ui, format!("of {} meanwhile", requests(deployment.requests)));
        let words = format!("{} failed", format::count(failed));
        text::text(ui, words, fonts::inter(15.0, fonts::Weight::Semibold), tone.text);
        used = ui.min_rect().width();
    });
    let left = row.with_max_x(row.right() - used - 14.0);
    ui.scope_builder(UiBuilder::new().max_rect(left).layout(Layout::left_to_right(Align::Center)), |ui| {
        let lasts = format::duration(deployment.ended.unwrap_or(cx.now).ms_since(deployment.started));
        let lasts = if running { format!("since {lasts}") } else { format!("in {lasts}") };
        let width = ui.painter().layout_no_wrap(lasts.clone(), fonts::body(), cx.theme.muted).size().x;
        let room = (ui.available_width() - width - 10.0).max(60.0);
        text::elided(ui, &course::title(deployment), fonts::strong(), cx.theme.text, room);
        text::muted(ui, lasts);
    });
    click
}

fn stations(ui: &mut Ui, cx: &Context<'_>, deployment: &Deployment) {
    let theme = cx.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 52.0), Sense::hover());
    let all = course::stations(deployment);
    let reached = deployment.stage();
    response.widget_info(|| {
        let now = all.iter().find(|station| station.stage == reached).map_or("", |station| station.name);
        WidgetInfo::labeled(Role::ProgressIndicator, true, format!("Deployment: {now}"))
    });
    let step = rect.width() / all.len() as f32;
    let y = rect.top() + 9.0;
    let painter = ui.painter();
    for (i, course::Station { stage, name, says }) in all.iter().enumerate() {
        let x = rect.left() + 9.0 + step * i as f32;
        let over = *stage < reached || (*stage == reached && reached == DeploymentStage::Done);
        let here = reached == *stage && !over;
        // The way back is no failure, but it is not what was asked for either.
        let tone = if *stage == DeploymentStage::RollingBack { theme.warn } else { theme.ok };
        if i + 1 < all.len() {
            let color = if over { tone.text } else { theme.line_strong };
            painter.hline(x + 13.0..=x + step - 13.0, y, Stroke::new(2.0, color));
        }
        if over {
            let sign = if *stage == DeploymentStage::RollingBack { Icon::Undo2 } else { Icon::Check };
            painter.circle_filled(pos2(x, y), 9.0, tone.soft);
            icon::paint(painter, sign, pos2(x, y), 12.0, tone.text);
        } else if here {
            painter.circle_filled(pos2(x, y), 9.0, theme.changing.soft);
            painter.circle_filled(pos2(x, y), 4.0, theme.changing.text);
        } else {
            painter.circle_stroke(pos2(x, y), 8.0, Stroke::new(1.5, theme.line_strong));
        }
        let color = if here {
            theme.changing.text
        } else if over {
            theme.text
        } else {
            theme.faint
        };
        let font = if here { fonts::small_medium() } else { fonts::small() };
        painter.text(pos2(x - 8.0, y + 22.0), Align2::LEFT_CENTER, name, font, color);
        let entered = deployment.stages.iter().position(|(entered, _)| entered == stage);
        // How long it took, or what it does while it does it.
        let below = match entered {
            Some(at) => match deployment.stages.get(at + 1) {
                Some((_, next)) => format::duration(next.ms_since(deployment.stages[at].1)),
                None if here => (*says).to_owned(),
                None => String::new(),
            },
            None => String::new(),
        };
        let galley =
            text::elided_galley(ui, &below, fonts::inter(11.0, fonts::Weight::Regular), theme.faint, step - 4.0);
        painter.galley(pos2(x - 8.0, y + 30.0), galley, theme.faint);
    }
}

/// How the traffic is shared while two fleets serve, and what comes next.
fn traffic(ui: &mut Ui, cx: &Context<'_>, deployment: &Deployment) {
    let Some(share) = course::share(deployment) else { return };
    let theme = cx.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::hover());
    response.widget_info(|| {
        let words = format!("{} of the traffic goes to the new fleet", format::percent(share));
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, words);
        info.value = Some(share);
        info
    });
    let bar = rect.with_max_y(rect.top() + 8.0);
    let radius = CornerRadius::same(4);
    let painter = ui.painter();
    painter.rect_filled(bar, radius, theme.track);
    // The new fleet's part grows from its side of the card, the right one.
    let width = (bar.width() * share as f32).max(8.0);
    painter.rect_filled(bar.with_min_x(bar.right() - width), radius, theme.changing.text);
    for step in deployment.plan.routing.shares(deployment.instances()) {
        if step < 1.0 {
            let x = bar.right() - bar.width() * step as f32;
            painter.vline(x, bar.y_range().expand(2.0), Stroke::new(1.0, theme.line_strong));
        }
    }
    let y = bar.bottom() + 12.0;
    if let Some(next) = course::next(deployment, cx.now) {
        let galley = text::elided_galley(ui, &next, fonts::small(), theme.muted, rect.width() * 0.6);
        ui.painter().galley(pos2(rect.left(), y - galley.size().y / 2.0), galley, theme.muted);
    }
    let words = format!("{} to the new fleet", format::percent(share));
    ui.painter().text(pos2(rect.right(), y), Align2::RIGHT_CENTER, words, fonts::small_medium(), theme.changing.text);
}

/// The old fleet and the new one, side by side.
fn fleets(ui: &mut Ui, cx: &Context<'_>, frame: &Frame<'_>, deployment: &Deployment) {
    let (old, new) = course::fleets(deployment, frame.live);
    let height = if new.numbers.is_some() { 76.0 } else { 54.0 };
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let middle = rect.center().x;
    let Some(old) = old else { return fleet(ui, cx, frame, rect, &new) };
    fleet(ui, cx, frame, rect.with_max_x(middle - 18.0), &old);
    let back = deployment.entered(DeploymentStage::RollingBack);
    let arrow = if back { Icon::ArrowLeft } else { Icon::ArrowRight };
    icon::paint(ui.painter(), arrow, pos2(middle, rect.center().y), 16.0, cx.theme.muted);
    fleet(ui, cx, frame, rect.with_min_x(middle + 18.0), &new);
}

fn fleet(ui: &mut Ui, cx: &Context<'_>, frame: &Frame<'_>, rect: Rect, shown: &course::Fleet) {
    let theme = cx.theme;
    let response = ui.interact(rect, ui.scope_id().with(shown.who), Sense::hover());
    response.widget_info(|| {
        let numbers = shown.numbers.as_ref().map_or(String::new(), |numbers| format!(" · {numbers}"));
        WidgetInfo::labeled(Role::Label, true, format!("{} {}: {}{numbers}", shown.who, shown.config, shown.says))
    });
    let line = if shown.serves { theme.ok.text } else { theme.line };
    ui.painter().rect(
        rect,
        CornerRadius::same(size::RADIUS + 2),
        theme.panel,
        Stroke::new(1.0, line),
        StrokeKind::Inside,
    );
    let inner = rect.shrink2(vec2(12.0, 9.0));
    let color = if shown.serves { theme.ok.text } else { theme.muted };
    let says = ui.painter().layout_no_wrap(shown.says.clone(), fonts::small(), color);
    let room = inner.width() - says.size().x - 12.0;
    let head =
        text::elided_galley(ui, &format!("{} · {}", shown.who, shown.config), fonts::small_medium(), theme.text, room);
    ui.painter().galley(inner.min, head, theme.text);
    ui.painter().galley(pos2(inner.right() - says.size().x, inner.top()), says, color);
    if let Some(numbers) = &shown.numbers {
        let color = if shown.has_failed { theme.error.text } else { theme.muted };
        let galley = text::elided_galley(ui, numbers, fonts::small(), color, inner.width());
        ui.painter().galley(pos2(inner.left(), inner.top() + 20.0), galley, color);
    }
    let colors = colors::of(cx.snapshot, frame.endpoint);
    let Some(config) = cx.snapshot.endpoint_configs.get(&shown.config) else { return };
    let mut x = inner.left();
    let y = inner.bottom() - 7.0;
    for variant in config.all_variants() {
        let galley = ui.painter().layout_no_wrap(variant.name.clone(), fonts::small(), theme.muted);
        if x + 14.0 + galley.size().x > inner.right() {
            ui.painter().text(pos2(x, y), Align2::LEFT_CENTER, "…", fonts::small(), theme.muted);
            break;
        }
        ui.painter().circle_filled(
            pos2(x + 4.0, y),
            4.0,
            theme.variant(colors.get(&variant.name).copied().unwrap_or(0)),
        );
        let width = galley.size().x;
        ui.painter().galley(pos2(x + 13.0, y - galley.size().y / 2.0), galley, theme.muted);
        x += 13.0 + width + 14.0;
    }
}
