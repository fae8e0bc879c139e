//! The Deployments tab: every move of the endpoint onto a configuration, newest first.

use egui::{Align, Layout, Sense, Stroke, Ui, vec2};

use super::{EndpointPage, Frame, timeline};
use crate::domain::endpoint::{Deployment, DeploymentOutcome};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::route::Route;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{Button, Pill, PillTone, card, text};

/// Widths of the columns after the first: started, took, outcome, requests, failed, action.
const COLUMNS: [f32; 6] = [104.0, 74.0, 116.0, 84.0, 62.0, 132.0];

impl EndpointPage {
    pub(super) fn deployments(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        ui.spacing_mut().item_spacing.y = size::GAP;
        if let Some(newest) = frame.endpoint.deployments.last().filter(|d| d.outcome == DeploymentOutcome::InProgress) {
            timeline::card(ui, cx, frame, newest);
        }
        card(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let theme = cx.theme;
            let first = ui.available_width() - COLUMNS.iter().sum::<f32>();
            row(ui, 26.0, |ui| {
                cell(ui, first, false, |ui| text::text(ui, "Configuration", fonts::small_medium(), theme.muted));
                let heads = ["Started", "Took", "Outcome", "Requests", "Failed", ""];
                for (i, (head, width)) in heads.into_iter().zip(COLUMNS).enumerate() {
                    cell(ui, width, i > 2, |ui| text::text(ui, head, fonts::small_medium(), theme.muted));
                }
            });
            for deployment in frame.endpoint.deployments.iter().rev() {
                let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover());
                ui.painter().hline(line.x_range(), line.center().y, Stroke::new(1.0, theme.line));
                self.deployment(ui, cx, frame, deployment, first);
            }
        });
    }

    fn deployment(
        &mut self,
        ui: &mut Ui,
        cx: &mut Context<'_>,
        frame: &Frame<'_>,
        deployment: &Deployment,
        first: f32,
    ) {
        let theme = cx.theme;
        let exists = cx.snapshot.endpoint_configs.contains(&deployment.config_name);
        let (pill, why) = match &deployment.outcome {
            DeploymentOutcome::InProgress => (Pill::new("In progress", PillTone::Changing), None),
            DeploymentOutcome::Succeeded => (Pill::new("Succeeded", PillTone::Ok), None),
            DeploymentOutcome::Failed(why) => (Pill::new("Failed", PillTone::Error), Some(why)),
        };
        row(ui, size::ROW + 4.0, |ui| {
            cell(ui, first, false, |ui| {
                text::text(ui, format!("{}", deployment.number), fonts::body(), theme.faint);
                let room = first - 46.0;
                if exists {
                    let name =
                        text::elided_galley(ui, &deployment.config_name, fonts::medium(), theme.text, room * 0.62);
                    let link = ui
                        .add(egui::Label::new(name).sense(Sense::click()))
                        .on_hover_cursor(egui::CursorIcon::PointingHand);
                    if link.on_hover_text(format!("Open configuration {}", deployment.config_name)).clicked() {
                        cx.actions.go(Route::EndpointConfig(deployment.config_name.clone()));
                    }
                } else {
                    text::elided(ui, &deployment.config_name, fonts::medium(), theme.muted, room * 0.62)
                        .on_hover_text("This configuration was deleted");
                }
                if let Some(from) = &deployment.from_config {
                    let room = ui.available_width() - 8.0;
                    text::elided(ui, &format!("from {from}"), fonts::small(), theme.faint, room);
                }
            });
            let [started, took, outcome, requests, failed, action] = COLUMNS;
            cell(ui, started, false, |ui| {
                text::muted(ui, format::ago(cx.now, deployment.started))
                    .on_hover_text(format::exact(deployment.started, cx.zone))
            });
            cell(ui, took, false, |ui| {
                let ms = deployment.ended.unwrap_or(cx.now).ms_since(deployment.started);
                text::muted(ui, format::duration(ms))
            });
            cell(ui, outcome, false, |ui| ui.add(&pill));
            cell(ui, requests, true, |ui| text::body(ui, format::count(deployment.requests)));
            cell(ui, failed, true, |ui| {
                let color = if deployment.failed_requests == 0 { theme.text } else { theme.error.text };
                text::text(ui, format::count(deployment.failed_requests), fonts::medium(), color)
            });
            cell(ui, action, true, |ui| {
                let good = frame.endpoint.deployments.iter().rfind(|d| d.outcome == DeploymentOutcome::Succeeded);
                let serves = frame.endpoint.status.serves() && good.is_some_and(|d| d.number == deployment.number);
                if serves {
                    text::text(ui, "serves now", fonts::small(), theme.ok.text);
                } else if exists && !frame.endpoint.status.is_changing() {
                    let name = format!("Deploy {} again", deployment.config_name);
                    if Button::secondary("Deploy again").name(&name).show(ui) {
                        self.open_update(cx, frame, Some(deployment.config_name.clone()));
                    }
                }
            });
        });
        if let Some(why) = why {
            ui.horizontal(|ui| {
                ui.add_space(22.0);
                let words =
                    egui::RichText::new(why).font(fonts::small()).color(theme.error.text).line_height(Some(17.0));
                ui.add(egui::Label::new(words).wrap().selectable(true));
            });
            ui.add_space(10.0);
        }
    }
}

fn row(ui: &mut Ui, height: f32, content: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.set_height(height);
        content(ui);
    });
}

fn cell<R>(ui: &mut Ui, width: f32, right: bool, content: impl FnOnce(&mut Ui) -> R) {
    let layout = if right { Layout::right_to_left(Align::Center) } else { Layout::left_to_right(Align::Center) };
    ui.allocate_ui_with_layout(vec2(width, ui.available_height()), layout, |ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        ui.set_width(width);
        content(ui);
    });
}
