//! A deployment as it goes: its stations, the two fleets, and the number to see: 0 failed requests.

use egui::{Align2, CornerRadius, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::{Frame, colors};
use crate::domain::endpoint::{Deployment, DeploymentOutcome, DeploymentStage, Endpoint};
use crate::domain::time::Timestamp;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{self, Button, Icon, icon, text};

/// How long the timeline of a deployment that went well stays, milliseconds.
const STAYS_MS: i64 = 120_000;

/// All stations, with what is going on at each.
const STAGES: [(DeploymentStage, &str, &str); 5] = [
    (DeploymentStage::Loading, "Loading", "reads and checks the models"),
    (DeploymentStage::Probing, "Probing", "asks the new fleet once"),
    (DeploymentStage::Swapped, "Swapped", "new requests go to the new fleet"),
    (DeploymentStage::Draining, "Draining", "old requests are finished"),
    (DeploymentStage::Done, "Done", ""),
];

/// The deployment whose timeline the Live tab shows: the one under way, or the last update for two minutes unless it was closed.
pub(super) fn to_show(endpoint: &Endpoint, closed: Option<u64>, now: Timestamp) -> Option<&Deployment> {
    let newest = endpoint.deployments.last()?;
    match (&newest.outcome, newest.ended) {
        (DeploymentOutcome::InProgress, _) => Some(newest),
        (DeploymentOutcome::Succeeded, Some(ended)) if newest.from_config.is_some() => {
            (closed != Some(newest.number) && now.ms_since(ended) < STAYS_MS).then_some(newest)
        }
        // A failed one has its banner.
        _ => None,
    }
}

/// "4 requests", "1 request".
fn requests(n: u64) -> String {
    format::plural(usize::try_from(n).unwrap_or(usize::MAX), "request")
}

/// Draws the card; `true` when it was closed.
pub(super) fn card(ui: &mut Ui, cx: &Context<'_>, frame: &Frame<'_>, deployment: &Deployment) -> bool {
    let running = deployment.outcome == DeploymentOutcome::InProgress;
    let mut close = false;
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 10.0;
        ui.horizontal(|ui| {
            ui.set_height(24.0);
            let title = match (&deployment.from_config, running) {
                (Some(_), true) => format!("Moving to {}", deployment.config_name),
                (Some(_), false) => format!("Moved to {}", deployment.config_name),
                (None, _) => format!("Bringing {} into service", deployment.config_name),
            };
            let room = ui.available_width() - 320.0;
            text::elided(ui, &title, fonts::strong(), cx.theme.text, room);
            let took = deployment.ended.unwrap_or(cx.now).ms_since(deployment.started);
            text::muted(
                ui,
                if running {
                    format!("since {}", format::duration(took))
                } else {
                    format!("in {}", format::duration(took))
                },
            );
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if !running {
                    close = Button::icon_only(Icon::X, "Close the timeline").show(ui);
                }
                let failed = deployment.failed_requests;
                let tone = if failed == 0 { cx.theme.ok } else { cx.theme.error };
                text::muted(ui, format!("of {} meanwhile", requests(deployment.requests)));
                text::text(
                    ui,
                    format!("{} failed", format::count(failed)),
                    fonts::inter(15.0, fonts::Weight::Semibold),
                    tone.text,
                );
            });
        });
        stations(ui, cx, deployment);
        fleets(ui, cx, frame, deployment);
    });
    if running {
        ui.ctx().request_repaint_after(std::time::Duration::from_secs(1));
    }
    close
}

fn stations(ui: &mut Ui, cx: &Context<'_>, deployment: &Deployment) {
    let theme = cx.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 52.0), Sense::hover());
    let reached = deployment.stages.last().map(|(stage, _)| *stage);
    response.widget_info(|| {
        let now = STAGES.iter().find(|(stage, ..)| Some(*stage) == reached).map_or("", |(_, name, _)| name);
        WidgetInfo::labeled(Role::ProgressIndicator, true, format!("Deployment: {now}"))
    });
    let step = rect.width() / STAGES.len() as f32;
    let y = rect.top() + 9.0;
    let painter = ui.painter();
    for (i, (stage, name, says)) in STAGES.iter().enumerate() {
        let x = rect.left() + 9.0 + step * i as f32;
        let over = reached.is_some_and(|r| *stage < r || (*stage == r && r == DeploymentStage::Done));
        let here = reached == Some(*stage) && !over;
        if i + 1 < STAGES.len() {
            let color = if over { theme.ok.text } else { theme.line_strong };
            painter.hline(x + 13.0..=x + step - 13.0, y, Stroke::new(2.0, color));
        }
        if over {
            painter.circle_filled(pos2(x, y), 9.0, theme.ok.soft);
            icon::paint(painter, Icon::Check, pos2(x, y), 12.0, theme.ok.text);
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

/// The old fleet and the new one, side by side.
fn fleets(ui: &mut Ui, cx: &Context<'_>, frame: &Frame<'_>, deployment: &Deployment) {
    let reached = deployment.stages.last().map_or(DeploymentStage::Loading, |(stage, _)| *stage);
    let swapped = reached >= DeploymentStage::Swapped;
    let (in_flight, draining) = frame.live.map_or((0, 0), |live| (live.in_flight, live.draining));
    let old = deployment.from_config.as_ref().map(|config| {
        let says = match reached {
            _ if !swapped => format!("serves · {in_flight} in flight"),
            DeploymentStage::Done => "gone".to_owned(),
            _ => format!("draining · {draining} left"),
        };
        (config.clone(), says, !swapped)
    });
    let says = match reached {
        DeploymentStage::Loading => "loading".to_owned(),
        DeploymentStage::Probing => "answering its probe".to_owned(),
        _ => format!("serves · {in_flight} in flight"),
    };
    let new = (deployment.config_name.clone(), says, swapped);
    let two = old.is_some();
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 54.0), Sense::hover());
    let middle = rect.center().x;
    if let Some((config, says, serves)) = old {
        fleet(
            ui,
            cx,
            frame,
            Rect::from_min_max(rect.min, pos2(middle - 18.0, rect.bottom())),
            "Old fleet",
            &config,
            &says,
            serves,
        );
        icon::paint(ui.painter(), Icon::ArrowRight, pos2(middle, rect.center().y), 16.0, cx.theme.muted);
    }
    let left = if two { middle + 18.0 } else { rect.left() };
    fleet(ui, cx, frame, rect.with_min_x(left), if two { "New fleet" } else { "Fleet" }, &new.0, &new.1, new.2);
}

#[expect(clippy::too_many_arguments, reason = "a box and what stands in it")]
fn fleet(ui: &Ui, cx: &Context<'_>, frame: &Frame<'_>, rect: Rect, who: &str, config: &str, says: &str, serves: bool) {
    let theme = cx.theme;
    let line = if serves { theme.ok.text } else { theme.line };
    ui.painter().rect(
        rect,
        CornerRadius::same(size::RADIUS + 2),
        theme.panel,
        Stroke::new(1.0, line),
        StrokeKind::Inside,
    );
    let inner = rect.shrink2(vec2(12.0, 9.0));
    let head =
        text::elided_galley(ui, &format!("{who} · {config}"), fonts::small_medium(), theme.text, inner.width() * 0.62);
    ui.painter().galley(inner.min, head, theme.text);
    let color = if serves { theme.ok.text } else { theme.muted };
    ui.painter().text(pos2(inner.right(), inner.top() + 8.0), Align2::RIGHT_CENTER, says, fonts::small(), color);
    let colors = colors::of(cx.snapshot, frame.endpoint);
    let Some(config) = cx.snapshot.endpoint_configs.get(config) else { return };
    let mut x = inner.left();
    let y = inner.bottom() - 7.0;
    for variant in &config.variants {
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
