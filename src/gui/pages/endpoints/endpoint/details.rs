//! The Details tab: facts, what the endpoint uses, its changes of weights, and its tags.

use egui::Ui;

use super::{Frame, instances};
use crate::domain::arn::ArnKind;
use crate::domain::reference::Kind;
use crate::domain::tag::{self, Tag};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::route::Route;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::relations::{Relation, relations};
use crate::gui::widgets::split_bar::Shares;
use crate::gui::widgets::split_bar::shares::percent;
use crate::gui::widgets::{Button, Field, Icon, card, empty_state, text};
use crate::workspace::Command;

/// What is typed into the tag form.
#[derive(Debug, Default)]
pub(super) struct Details {
    key: String,
    value: String,
}

/// How many changes of weights are listed.
const CHANGES: usize = 20;

impl Details {
    pub(super) fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        ui.spacing_mut().item_spacing.y = size::GAP;
        facts(ui, cx, frame);
        instances::ui(ui, cx, frame);
        card::titled(ui, "Uses", |_| {}, |ui| uses(ui, cx, frame));
        self.tags(ui, cx, frame);
        card::titled(ui, "Changes of weights", |_| {}, |ui| changes(ui, cx, frame));
    }

    fn tags(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        let name = &frame.endpoint.name;
        card::titled(
            ui,
            "Tags",
            |_| {},
            |ui| {
                for tag in &frame.endpoint.tags {
                    ui.horizontal(|ui| {
                        ui.set_height(size::CONTROL);
                        text::elided(ui, &tag.key, fonts::medium(), cx.theme.text, 220.0);
                        let room = ui.available_width() - 44.0;
                        text::elided(ui, &tag.value, fonts::body(), cx.theme.muted, room);
                        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                            if Button::icon_only(Icon::X, &format!("Remove tag {}", tag.key)).show(ui) {
                                let keys = vec![tag.key.clone()];
                                let command = Command::DeleteTags { kind: ArnKind::Endpoint, name: name.clone(), keys };
                                cx.actions.submit(command, format!("Removed tag {}", tag.key));
                            }
                        });
                    });
                }
                let new = Tag { key: self.key.trim().to_owned(), value: self.value.trim().to_owned() };
                let untouched = self.key.is_empty() && self.value.is_empty();
                let broken = if untouched { Vec::new() } else { tag::validate(std::slice::from_ref(&new)) };
                let error = |end: &str| broken.iter().find(|b| b.field.ends_with(end)).map(|b| b.rule.clone());
                let (key_error, value_error) = (error("Key"), error("Value"));
                ui.horizontal_top(|ui| {
                    Field::new("Key").width(220.0).error(key_error.as_deref()).show(ui, &mut self.key);
                    let room = (ui.available_width() - 110.0).clamp(120.0, 360.0);
                    Field::new("Value").width(room).error(value_error.as_deref()).show(ui, &mut self.value);
                    ui.vertical(|ui| {
                        ui.add_space(19.0);
                        if Button::secondary("Add tag").enabled(!untouched && broken.is_empty()).show(ui) {
                            let said = format!("Tagged {name} with {}", new.key);
                            cx.actions.submit(
                                Command::AddTags {
                                    kind: ArnKind::Endpoint,
                                    name: name.clone(),
                                    tags: vec![new.clone()],
                                },
                                said,
                            );
                            (self.key, self.value) = Default::default();
                        }
                    });
                });
            },
        );
    }
}

fn facts(ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
    let endpoint = frame.endpoint;
    let time = |at| format!("{} ({})", format::exact(at, cx.zone), format::ago(cx.now, at));
    let mut lines = vec![
        ("ARN", frame.data.arn.clone(), true),
        ("URL", frame.data.url.clone().unwrap_or_else(|| "not listening yet".to_owned()), true),
        ("Status", endpoint.status.as_str().to_owned(), false),
        ("Configuration", endpoint.config_name.clone(), false),
        ("Created", time(endpoint.created), false),
        ("Last modified", time(endpoint.modified), false),
    ];
    if let Some(since) = endpoint.in_service_since {
        lines.push(("In service since", time(since), false));
    }
    lines.push((
        "Cost",
        format!("{} at AWS list price, an estimate; here it is free", format::usd_per_hour(endpoint.usd_per_hour())),
        false,
    ));
    card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (label, value, code) in lines {
            ui.horizontal(|ui| {
                ui.set_height(28.0);
                let (rect, _) = ui.allocate_exact_size(egui::vec2(140.0, 20.0), egui::Sense::hover());
                let at = rect.left_center();
                ui.painter().text(at, egui::Align2::LEFT_CENTER, label, fonts::body(), cx.theme.muted);
                let font = if code { fonts::mono() } else { fonts::body() };
                let room = ui.available_width() - 40.0;
                text::elided(ui, &value, font, cx.theme.text, room);
                if code && Button::icon_only(Icon::Copy, &format!("Copy {label} from details")).show(ui) {
                    cx.actions.copy(value, label);
                }
            });
        }
    });
}

fn uses(ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
    let endpoint = frame.endpoint;
    let config = &endpoint.config_name;
    let mut uses = vec![Relation {
        name: config.clone(),
        kind: Some(Kind::EndpointConfig),
        to: cx.snapshot.endpoint_configs.contains(config).then(|| Route::EndpointConfig(config.clone())),
    }];
    let mut models: Vec<&str> = endpoint.all_variants().map(|v| v.model_name.as_str()).collect();
    models.sort_unstable();
    models.dedup();
    for model in models {
        uses.push(Relation {
            name: model.to_owned(),
            kind: Some(Kind::Model),
            to: cx.snapshot.models.contains(model).then(|| Route::Model(model.to_owned())),
        });
    }
    relations(ui, cx.actions, "this endpoint", &uses, "", &[], "whoever posts to its URL");
}

fn changes(ui: &mut Ui, cx: &Context<'_>, frame: &Frame<'_>) {
    let changes = &frame.endpoint.weight_changes;
    if changes.is_empty() {
        empty_state::nothing(ui, "The weights are as the configuration set them.");
        return;
    }
    for change in changes.iter().rev().take(CHANGES) {
        let weights: Vec<f64> = change.after.iter().map(|(_, weight)| *weight).collect();
        let shares = Shares::of_weights(&weights);
        let parts =
            change.after.iter().zip(shares.tenths()).map(|((name, _), share)| format!("{name} {}", percent(*share)));
        ui.horizontal(|ui| {
            let at = text::muted(ui, format::clock_seconds(change.at, cx.zone));
            at.on_hover_text(format::exact(change.at, cx.zone));
            let room = ui.available_width();
            text::elided(ui, &parts.collect::<Vec<_>>().join(" · "), fonts::body(), cx.theme.text, room);
        });
    }
}
