//! One endpoint configuration: its variants with their shares, what it costs, who uses it, and what can be done with it.

use egui::{Align, Layout, Sense, Ui, vec2};
use lucide_icons::Icon;

use super::data;
use super::list_ui::{clone, confirm_delete};
use crate::domain::arn::ArnKind;
use crate::domain::deployment::DeploymentPlan;
use crate::domain::endpoint::Retain;
use crate::domain::endpoint_config::{EndpointConfig, ProductionVariant};
use crate::domain::extras::Extras;
use crate::domain::price;
use crate::domain::reference::Kind;
use crate::gui::action::{Action, Confirm};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::{code, parts};
use crate::gui::route::Route;
use crate::gui::snippets;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::relations::{kind_icon, relations};
use crate::gui::widgets::{Button, PillTone, card, header, menu, tabs, text};
use crate::workspace::Command;

/// The page.
pub struct EndpointConfigPage {
    name: String,
}

impl EndpointConfigPage {
    /// The page of that name.
    pub fn new(name: String) -> Self {
        Self { name }
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let name = self.name.as_str();
        let Some(config) = cx.snapshot.endpoint_configs.get(name).cloned() else { return };
        let cost = format::usd_per_hour(config.usd_per_hour());
        let below = format!(
            "{} · {cost} at AWS list price · made {}",
            data::variants_words(&config),
            format::ago(cx.now, config.created)
        );
        let missing: Vec<String> = data::missing_models(cx.snapshot, &config).map(str::to_owned).collect();
        header(ui, name, None, &below, |ui| {
            if Button::primary("Create endpoint").large().enabled(missing.is_empty()).show(ui) {
                cx.actions.go(Route::NewEndpoint { config: Some(name.to_owned()) });
            }
            if Button::danger("Delete…").large().name("Delete configuration").show(ui) {
                confirm_delete(cx, &[name.to_owned()], Some(&Route::EndpointConfigs));
            }
            update_menu(ui, cx, name, missing.is_empty());
            if Button::secondary("Clone").large().show(ui) {
                clone(cx, name);
            }
        });
        if !missing.is_empty() {
            let words = format!("{} can't be found: the configuration can't be deployed.", missing.join(", "));
            parts::banner(ui, PillTone::Warn, "A model is gone", &words, |_| {});
        }
        let mut tab: usize = cx.prefs.get("endpoint-config.tab");
        if tabs(ui, &["Overview", "Code"], &mut tab, |_| {}) {
            cx.prefs.set("endpoint-config.tab", &tab);
        }
        if tab == 1 {
            let snippets = snippets::endpoint_config(cx.snapshot, &config);
            code::tab(ui, cx, "endpoint-config", &snippets);
            return;
        }
        parts::scroll(ui, "config", |ui| {
            let weights: Vec<f64> = config.variants.iter().map(|v| v.initial_weight).collect();
            card(ui, |ui| {
                text::strong(ui, "Initial traffic split");
                ui.add_space(6.0);
                let names: Vec<&str> = config.variants.iter().map(|v| v.name.as_str()).collect();
                share_bar(ui, cx, &names, &data::shares(&weights));
            });
            ui.add_space(size::GAP - ui.spacing().item_spacing.y);
            variants(ui, cx, "Production variants", &config.variants, &data::shares(&weights), 0);
            if !config.shadow_variants.is_empty() {
                ui.add_space(size::GAP - ui.spacing().item_spacing.y);
                let shares = data::shadow_shares(&config);
                variants(ui, cx, "Shadow variants", &config.shadow_variants, &shares, config.variants.len());
            }
            ui.add_space(size::GAP - ui.spacing().item_spacing.y);
            uses(ui, cx, &config);
            ui.add_space(size::GAP - ui.spacing().item_spacing.y);
            card(ui, |ui| {
                let arn = cx.snapshot.info.account.arn(ArnKind::EndpointConfig, name);
                parts::fact_copy(ui, cx, "ARN", &arn, 110.0);
                if let Some(capture) = config.data_capture.as_ref().filter(|capture| capture.enabled) {
                    let words = format!("{} % of the requests, to {}", capture.sampling_percent, capture.destination);
                    parts::fact(ui, "Data capture", &words, 110.0);
                }
                parts::fact(ui, "Created", &format::exact(config.created, cx.zone), 110.0);
            });
        });
    }
}

/// "Update endpoint to this…": one line an endpoint that could move here.
fn update_menu(ui: &mut Ui, cx: &mut Context<'_>, config: &str, deployable: bool) {
    let endpoints: Vec<(String, String)> =
        data::movable(cx.snapshot, config).map(|e| (e.name.clone(), e.config_name.clone())).collect();
    let can = deployable && !endpoints.is_empty();
    let tip = if can {
        "Moves an endpoint to this configuration without dropping a request"
    } else {
        "No endpoint could move to it now"
    };
    let button =
        ui.add(Button::secondary("Update endpoint…").large().trailing(Icon::ChevronDown).enabled(can).tip(tip));
    egui::Popup::menu(&button).id(egui::Id::unique("update-endpoint-menu")).show(|ui| {
        ui.set_min_width(220.0);
        for (endpoint, from) in &endpoints {
            if menu::action(ui, kind_icon(Kind::Endpoint), endpoint, "") {
                confirm_update(cx, endpoint, from, config);
                ui.close();
            }
        }
    });
}

fn confirm_update(cx: &mut Context<'_>, endpoint: &str, from: &str, to: &str) {
    let command = Command::UpdateEndpoint {
        name: endpoint.to_owned(),
        config_name: to.to_owned(),
        retain: Retain::NOTHING,
        plan: DeploymentPlan::default(),
        extras: Extras::default(),
    };
    let submit = Action::Submit {
        command,
        said: format!("Updating {endpoint} to {to}"),
        then: Some(Route::Endpoint(endpoint.to_owned())),
    };
    let describe = |name: &str| {
        let config = cx.snapshot.endpoint_configs.get(name)?;
        let variants: Vec<&str> = config.all_variants().map(|v| v.model_name.as_str()).collect();
        Some(format!("{name}: {} · {}", variants.join(", "), format::usd_per_hour(config.usd_per_hour())))
    };
    let lines = [describe(from).map(|line| format!("from {line}")), describe(to).map(|line| format!("to {line}"))];
    let confirm = Confirm::new(format!("Update {endpoint} to {to}?"), "Update", vec![submit])
        .body("The new fleet loads and answers a probe beside the old one; requests move over without a break.")
        .harmless(lines.into_iter().flatten().collect());
    cx.actions.push(Action::Confirm(Box::new(confirm)));
}

/// A bar of shares, a segment a variant in its colour, with name and share where there is room.
pub(super) fn share_bar(ui: &mut Ui, cx: &Context<'_>, names: &[&str], shares: &[f64]) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 32.0), Sense::hover());
    let words: Vec<String> =
        names.iter().zip(shares).map(|(name, share)| format!("{name} {}", format::percent(*share))).collect();
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Label, true, format!("Traffic split: {}", words.join(", ")))
    });
    ui.painter().rect_filled(rect, size::RADIUS, cx.theme.track);
    let visible: Vec<usize> = (0..shares.len()).filter(|i| shares[*i] > 0.0).collect();
    let mut x = rect.left();
    for (place, i) in visible.iter().enumerate() {
        let width = rect.width() * shares[*i] as f32;
        let gap = if place + 1 < visible.len() { 2.0 } else { 0.0 };
        let segment = egui::Rect::from_min_size(egui::pos2(x, rect.top()), vec2((width - gap).max(1.0), rect.height()));
        let round = |yes: bool| if yes { size::RADIUS } else { 0 };
        let (first, last) = (place == 0, place + 1 == visible.len());
        let corners = egui::CornerRadius { nw: round(first), sw: round(first), ne: round(last), se: round(last) };
        ui.painter().rect_filled(segment, corners, cx.theme.variant(*i));
        let color = cx.theme.on_variant(*i);
        let share = text::elided_galley(ui, &format::percent(shares[*i]), fonts::strong(), color, width);
        let name_room = width - share.size().x - 30.0;
        let y = |galley: &egui::Galley| segment.center().y - galley.size().y / 2.0;
        if name_room > 24.0 {
            let name = text::elided_galley(ui, names[*i], fonts::strong(), color, name_room);
            ui.painter().galley(egui::pos2(segment.left() + 10.0, y(&name)), name, color);
        }
        if width > share.size().x + 12.0 {
            let at = egui::pos2(segment.right() - 8.0 - share.size().x, y(&share));
            ui.painter().galley(at, share, color);
        }
        x += width;
    }
    response.on_hover_text(words.join("\n"));
}

/// A table of variants; the first has the colour at `color`.
fn variants(ui: &mut Ui, cx: &mut Context<'_>, title: &str, list: &[ProductionVariant], shares: &[f64], color: usize) {
    card(ui, |ui| {
        text::strong(ui, title);
        ui.add_space(4.0);
        let room = ui.available_width();
        let number = if room > 620.0 { 90.0 } else { 62.0 };
        let flexible = room - 18.0 - 3.0 * number;
        let widths = [18.0, flexible * 0.30, flexible * 0.40, flexible * 0.30, number, number, number];
        let head = ["", "Variant", "Model", "Instances", "Weight", "Share", "Per hour"];
        line(ui, &widths, |ui, i| {
            let words = head[i];
            cell(ui, words, fonts::small_medium(), cx.theme.muted, i > 3);
            None
        });
        for (i, variant) in list.iter().enumerate() {
            hairline(ui, cx);
            let instances = format!("{} × {}", variant.initial_instance_count, variant.instance_type);
            let usd = price::usd_per_hour(&variant.instance_type, variant.initial_instance_count);
            let usd = if price::instance_type(&variant.instance_type).is_some() {
                format::usd_per_hour(usd)
            } else {
                "unknown".to_owned()
            };
            let there = cx.snapshot.models.contains(&variant.model_name);
            let go = line(ui, &widths, |ui, column| {
                let (text_color, muted) = (cx.theme.text, cx.theme.muted);
                match column {
                    0 => {
                        let (rect, _) = ui.allocate_exact_size(vec2(12.0, 12.0), Sense::hover());
                        ui.painter().circle_filled(rect.center(), 5.0, cx.theme.variant(color + i));
                        None
                    }
                    1 => {
                        cell(ui, &variant.name, fonts::medium(), text_color, false);
                        None
                    }
                    2 if there => {
                        let words = text::elided_galley(
                            ui,
                            &variant.model_name,
                            fonts::body(),
                            cx.theme.accent,
                            ui.available_width(),
                        );
                        ui.add(egui::Link::new(words))
                            .on_hover_text(&variant.model_name)
                            .clicked()
                            .then(|| Route::Model(variant.model_name.clone()))
                    }
                    2 => {
                        cell(ui, &format!("{} (gone)", variant.model_name), fonts::body(), cx.theme.error.text, false);
                        None
                    }
                    3 => {
                        cell(ui, &instances, fonts::body(), muted, false);
                        None
                    }
                    4 => {
                        cell(ui, &variant.initial_weight.to_string(), fonts::body(), text_color, true);
                        None
                    }
                    5 => {
                        cell(ui, &format::percent(shares[i]), fonts::body(), text_color, true);
                        None
                    }
                    _ => {
                        cell(ui, &usd, fonts::body(), text_color, true);
                        None
                    }
                }
            });
            if let Some(go) = go {
                cx.actions.go(go);
            }
        }
    });
}

fn hairline(ui: &mut Ui, cx: &Context<'_>) {
    let y = ui.cursor().top();
    ui.painter().hline(ui.max_rect().x_range(), y, egui::Stroke::new(1.0, cx.theme.line));
}

/// One line of cells of these widths; gives what a cell gave.
fn line(ui: &mut Ui, widths: &[f32], mut draw: impl FnMut(&mut Ui, usize) -> Option<Route>) -> Option<Route> {
    let mut given = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::HEAD + 2.0), Sense::hover());
    let mut x = row.left();
    for (i, width) in widths.iter().enumerate() {
        let rect = egui::Rect::from_min_size(egui::pos2(x, row.top()), vec2((width - 8.0).max(4.0), row.height()));
        let layout = Layout::left_to_right(Align::Center);
        ui.scope_builder(
            egui::UiBuilder::new().max_rect(rect).layout(layout).id_salt(("cell", row.top() as i32, i)),
            |ui| {
                given = draw(ui, i).or_else(|| given.take());
            },
        );
        x += width;
    }
    given
}

fn cell(ui: &mut Ui, words: &str, font: egui::FontId, color: egui::Color32, right: bool) {
    let room = ui.available_width();
    if right {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| text::elided(ui, words, font, color, room));
    } else {
        text::elided(ui, words, font, color, room);
    }
}

fn uses(ui: &mut Ui, cx: &mut Context<'_>, config: &EndpointConfig) {
    let snapshot = cx.snapshot;
    let mut models: Vec<&str> = Vec::new();
    for variant in config.all_variants() {
        if !models.contains(&variant.model_name.as_str()) {
            models.push(&variant.model_name);
        }
    }
    let uses: Vec<_> = models.into_iter().map(|name| parts::chip(snapshot, Kind::Model, name)).collect();
    let users: Vec<_> =
        data::users(snapshot, &config.name).map(|e| parts::chip(snapshot, Kind::Endpoint, &e.name)).collect();
    card(ui, |ui| {
        text::strong(ui, "Uses and used by");
        ui.add_space(4.0);
        relations(ui, cx.actions, "this configuration", &uses, "", &users, "no endpoint uses it");
    });
}
