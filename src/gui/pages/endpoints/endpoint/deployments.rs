//! The Deployments tab: every move of the endpoint onto a configuration, newest first.

use egui::{Align, Layout, Sense, Stroke, Ui, vec2};

use super::{EndpointPage, Frame, course, plan, watching};
use crate::domain::deployment::DeploymentPlan;
use crate::domain::endpoint::{Deployment, DeploymentOutcome, Retain};
use crate::domain::extras::Extras;
use crate::gui::action::{Action, Confirm};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::route::Route;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{Button, Pill, PillTone, card, text};
use crate::workspace::Command;

/// Widths of the columns after the first: started, took, outcome, requests, failed, action.
const COLUMNS: [f32; 6] = [104.0, 74.0, 116.0, 84.0, 62.0, 132.0];

impl EndpointPage {
    pub(super) fn deployments(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        ui.spacing_mut().item_spacing.y = size::GAP;
        if let Some(newest) = frame.endpoint.deployments.last().filter(|d| d.outcome == DeploymentOutcome::InProgress) {
            self.timeline(ui, cx, frame, newest);
        }
        let mut again = None;
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
                again = history(ui, cx, frame, deployment, first).or_else(|| again.take());
            }
        });
        if again.is_some() {
            self.open_update(cx, frame, again);
        }
    }
}

/// One deployment: its line, and below it why it did not arrive and what was measured. The configuration that is to be tried again, when that
/// is clicked.
fn history(
    ui: &mut Ui,
    cx: &mut Context<'_>,
    frame: &Frame<'_>,
    deployment: &Deployment,
    first: f32,
) -> Option<String> {
    let theme = cx.theme;
    let mut again = None;
    let exists = cx.snapshot.endpoint_configs.contains(&deployment.config_name);
    let (pill, why) = match &deployment.outcome {
        DeploymentOutcome::InProgress => (Pill::new("In progress", PillTone::Changing), None),
        DeploymentOutcome::Succeeded => (Pill::new("Succeeded", PillTone::Ok), None),
        DeploymentOutcome::Failed(why) => (Pill::new("Failed", PillTone::Error), Some(why)),
        DeploymentOutcome::RolledBack { reason, .. } => (Pill::new("Rolled back", PillTone::Warn), Some(reason)),
    };
    row(ui, size::ROW + 4.0, |ui| {
        cell(ui, first, false, |ui| {
            text::text(ui, format!("{}", deployment.number), fonts::body(), theme.faint);
            let room = first - 46.0;
            if exists {
                let name = text::elided_galley(ui, &deployment.config_name, fonts::medium(), theme.text, room * 0.62);
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
            let from = deployment.from_config.as_ref().map(|from| format!("from {from}"));
            let words: Vec<String> =
                from.into_iter().chain(Some(plan::brief(&deployment.plan)).filter(|brief| !brief.is_empty())).collect();
            if !words.is_empty() {
                let room = ui.available_width() - 8.0;
                text::elided(ui, &words.join(" · "), fonts::small(), theme.faint, room);
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
        cell(ui, action, true, |ui| match course::back(cx.snapshot, frame.endpoint, deployment) {
            course::Back::Serves => drop(text::text(ui, "serves now", fonts::small(), theme.ok.text)),
            course::Back::Can(lines) => {
                let name = format!("Go back to {}, deployment {}", deployment.config_name, deployment.number);
                if Button::secondary("Go back").name(&name).show(ui) {
                    ask_back(cx, frame, deployment, lines);
                }
            }
            course::Back::Again => {
                let name = format!("Try {} again, deployment {}", deployment.config_name, deployment.number);
                if Button::secondary("Try again…").name(&name).show(ui) {
                    again = Some(deployment.config_name.clone());
                }
            }
            course::Back::Not(why) => {
                text::elided(ui, &why, fonts::small(), theme.faint, action - 8.0).on_hover_text(why);
            }
            course::Back::Later => {}
        });
    });
    let tone = if matches!(deployment.outcome, DeploymentOutcome::Failed(_)) { theme.error } else { theme.warn };
    let measured = deployment
        .measured
        .map(|(old, new)| format!("Old fleet: {}; new fleet: {}", course::numbers(old), course::numbers(new)));
    let labels = deployment.accuracy.as_ref().map(|watched| format!("Labels: {}", watching::seen(watched)));
    let lines: Vec<_> = why
        .map(|why| (why.as_str(), tone.text))
        .into_iter()
        .chain(measured.as_deref().into_iter().chain(labels.as_deref()).map(|words| (words, theme.muted)))
        .collect();
    for (words, color) in &lines {
        ui.horizontal(|ui| {
            ui.add_space(22.0);
            let words = egui::RichText::new(*words).font(fonts::small()).color(*color).line_height(Some(17.0));
            ui.add(egui::Label::new(words).wrap().selectable(true));
        });
    }
    if !lines.is_empty() {
        ui.add_space(10.0);
    }
    again
}

/// Asks before going back, and names what will serve.
fn ask_back(cx: &mut Context<'_>, frame: &Frame<'_>, deployment: &Deployment, lines: Vec<String>) {
    let (name, config_name) = (&frame.endpoint.name, &deployment.config_name);
    let command = Command::UpdateEndpoint {
        name: name.clone(),
        config_name: config_name.clone(),
        retain: Retain::as_left(deployment.number),
        plan: DeploymentPlan::default(),
        extras: Extras::default(),
    };
    let said = format!("{name} goes back to {config_name}");
    let weights = if deployment.served.is_empty() {
        "It takes the weights that its configuration begins with"
    } else {
        "It gets the weights and instance counts back that it had when it was replaced"
    };
    let body = format!(
        "It serves {} now. The fleet of {config_name} is loaded and asked once beside it, then takes all traffic in one step; no request is dropped. {weights}. Update… at the top does it in steps or with alarms.",
        frame.endpoint.config_name
    );
    let go = Action::Submit { command, said, then: None };
    let confirm = Confirm::new(format!("Go back to {config_name}?"), "Go back", vec![go]).body(body).harmless(lines);
    cx.actions.push(Action::Confirm(Box::new(confirm)));
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
