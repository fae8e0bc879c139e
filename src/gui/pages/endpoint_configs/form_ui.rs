//! The form that makes an endpoint configuration. What is typed is kept until it is made.

use egui::Ui;
use lucide_icons::Icon;

use super::capture;
use super::config_ui::share_bar;
use super::data::{Draft, VariantDraft};
use crate::domain::endpoint_config::MAX_VARIANTS;
use crate::domain::price;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::making::Making;
use crate::gui::pages::{parts, training};
use crate::gui::route::Route;
use crate::gui::snippets;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::field::choice;
use crate::gui::widgets::{Button, Field, card, header, text};
use crate::workspace::Command;

/// Where the draft is kept.
const DRAFT: &str = "endpoint-configs.draft";

/// A broken rule: variant or `None`, field, rule.
type Problem = (Option<usize>, &'static str, String);

/// The page.
pub struct NewEndpointConfigPage {
    clone_of: Option<String>,
    models: Vec<String>,
    begun: bool,
    making: Making,
}

impl NewEndpointConfigPage {
    /// A form that starts from a configuration's values, from models, or from the draft.
    pub fn new(clone_of: Option<String>, models: Vec<String>) -> Self {
        Self { clone_of, models, begun: false, making: Making::default() }
    }

    /// The draft to go on with: with the first frame, what the form was opened for.
    fn draft(&mut self, cx: &Context<'_>) -> Draft {
        let kept: Option<Draft> = cx.prefs.get(DRAFT);
        if !std::mem::replace(&mut self.begun, true) {
            let original = self.clone_of.as_ref().and_then(|name| cx.snapshot.endpoint_configs.get(name));
            let fresh = match original {
                Some(config) => Some(Draft::clone_of(config)),
                None if self.models.is_empty() => None,
                None => Some(Draft::of_models(&self.models)),
            };
            // What was typed for the same start is still there.
            if let Some(fresh) = fresh {
                return kept.filter(|kept| kept.begins_like(&fresh)).unwrap_or(fresh);
            }
        }
        kept.filter(|draft| !draft.variants.is_empty()).unwrap_or_else(|| Draft::of_models(&[]))
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let mut draft = self.draft(cx);
        let problems = draft.problems(cx.snapshot);
        let below = match &draft.clone_of {
            Some(name) => format!("Starts with the values of {name}"),
            None => "Which models stand behind an endpoint, and how they share the traffic".to_owned(),
        };
        header(ui, "New endpoint config", None, &below, |ui| {
            let tip = "Forget what was chosen and typed";
            if Button::ghost("Start over").large().tip(tip).show(ui) {
                draft = Draft::of_models(&[]);
                self.making.start_over();
            }
        });
        self.making.banner(ui, "The configuration was not made");
        let room = egui::vec2(ui.available_width(), ui.available_height() - 52.0);
        ui.allocate_ui_with_layout(room, egui::Layout::top_down(egui::Align::Min), |ui| {
            parts::scroll(ui, "new-config", |ui| {
                self.name(ui, cx, &mut draft, &problems);
                split(ui, cx, &draft);
                self.variants(ui, cx, &mut draft, &problems);
                ui.add_space(size::GAP);
                let error = |field: &str| self.error(&problems, None, field, false);
                capture::ui(ui, cx.snapshot, &mut draft.capture, error);
            });
        });
        let snapshot = std::sync::Arc::clone(cx.snapshot);
        self.making.foot(ui, cx, "Create configuration", problems.len(), || {
            let config = draft.config(&snapshot);
            let to = Route::EndpointConfig(config.name.clone());
            (Command::CreateEndpointConfig(Box::new(config)), to)
        });
        self.making.code.ui(ui, cx, "New endpoint config as code", || {
            snippets::new_endpoint_config(&snapshot, &draft.config(&snapshot))
        });
        cx.prefs.set(DRAFT, &Some(draft));
        if self.making.follow(cx) {
            cx.prefs.set(DRAFT, &None::<Draft>);
        }
    }

    fn error<'a>(&self, problems: &'a [Problem], variant: Option<usize>, field: &str, empty: bool) -> Option<&'a str> {
        let (.., rule) = problems.iter().find(|(at, name, _)| *at == variant && *name == field)?;
        if empty && !self.making.tried { None } else { Some(rule) }
    }

    fn name(&self, ui: &mut Ui, cx: &Context<'_>, draft: &mut Draft, problems: &[Problem]) {
        card(ui, |ui| {
            let mut name = draft.name(cx.snapshot);
            let before = name.clone();
            let error = self.error(problems, None, "name", false);
            Field::new("Configuration name")
                .width(420.0)
                .error(error)
                .help("1 to 63 letters, digits or hyphens")
                .show(ui, &mut name);
            if name != before {
                draft.name = Some(name);
            }
        });
        ui.add_space(size::GAP - ui.spacing().item_spacing.y);
    }

    fn variants(&self, ui: &mut Ui, cx: &mut Context<'_>, draft: &mut Draft, problems: &[Problem]) {
        let mut gone = None;
        let many = draft.production().count() > 1;
        for i in 0..draft.variants.len() {
            card(ui, |ui| {
                ui.horizontal(|ui| {
                    let (dot, _) = ui.allocate_exact_size(egui::vec2(12.0, 12.0), egui::Sense::hover());
                    ui.painter().circle_filled(dot.center(), 5.0, cx.theme.variant(i));
                    let shadow = draft.variants[i].shadow;
                    let title = if shadow { "Shadow variant" } else { "Variant" };
                    text::strong(ui, format!("{title} {}", i + 1));
                    text::small(ui, cost_words(&draft.variants[i]));
                    if shadow {
                        text::small(ui, "gets copies of requests; nobody gets its answers");
                    }
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        if (many || shadow)
                            && ui.add(Button::icon_only(Icon::X, &format!("Remove variant {}", i + 1))).clicked()
                        {
                            gone = Some(i);
                        }
                    });
                });
                ui.add_space(2.0);
                self.variant(ui, cx, &mut draft.variants[i], i, problems);
            });
            ui.add_space(size::GAP - ui.spacing().item_spacing.y);
        }
        if let Some(i) = gone {
            draft.variants.remove(i);
        }
        if let Some(error) = self.error(problems, None, "variants", false) {
            text::text(ui, format!("The variants {error}"), fonts::small(), cx.theme.error.text);
        }
        let room = draft.production().count() < MAX_VARIANTS;
        let tip = format!("Up to {MAX_VARIANTS} variants");
        let room_in_shadow = draft.shadows().count() < MAX_VARIANTS;
        ui.horizontal(|ui| {
            if Button::secondary("Add variant").icon(Icon::Plus).enabled(room).tip(&tip).show(ui) {
                draft.add("");
            }
            let tip = "A model that gets copies of the requests; no client sees its answers or waits for them";
            if Button::secondary("Add shadow variant").icon(Icon::Plus).enabled(room_in_shadow).tip(tip).show(ui) {
                draft.add_shadow();
            }
        });
    }

    fn variant(&self, ui: &mut Ui, cx: &Context<'_>, variant: &mut VariantDraft, i: usize, problems: &[Problem]) {
        let number = i + 1;
        let room = ui.available_width();
        let gap = 14.0;
        let wide = room > 760.0;
        let half = (room - gap) / 2.0;
        let (model_width, name_width) = if wide { (room * 0.34, room * 0.18) } else { (half, half) };
        let models: Vec<(String, String)> = newest_models(cx)
            .map(|model| {
                let words = format!("{} · {}", model.name, crate::gui::pages::models::data::algorithm_words(model));
                (model.name.clone(), words)
            })
            .collect();
        let before = variant.model.clone();
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            ui.vertical(|ui| {
                ui.set_width(model_width);
                choice(ui, &format!("Model {number}"), &mut variant.model, &models, model_width);
                note(ui, cx, self.error(problems, Some(i), "model", variant.model.is_empty()));
            });
            let label = format!("Variant name {number}");
            Field::new(&label)
                .error(self.error(problems, Some(i), "name", false))
                .width(name_width)
                .show(ui, &mut variant.name);
            if wide {
                let left = ui.available_width();
                self.numbers(ui, variant, i, problems, left);
            }
        });
        if !wide {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = gap;
                self.numbers(ui, variant, i, problems, room);
            });
        }
        // A name that nobody typed follows the model: `variant-a` says less than what answers.
        if variant.model != before && variant.name.starts_with("variant-") && variant.model.len() <= 40 {
            variant.name.clone_from(&variant.model);
        }
    }

    fn numbers(&self, ui: &mut Ui, variant: &mut VariantDraft, i: usize, problems: &[Problem], room: f32) {
        let number = i + 1;
        let weight_error = self.error(problems, Some(i), "weight", false);
        let label = if variant.shadow { format!("Copies {number}") } else { format!("Weight {number}") };
        let unit = if variant.shadow { "%" } else { "" };
        Field::new(&label).error(weight_error).unit(unit).width(76.0).show(ui, &mut variant.weight);
        let options = training::instance_options(&variant.instance_type);
        ui.vertical(|ui| {
            let width = (room - 76.0 - 76.0 - 28.0).clamp(140.0, 320.0);
            ui.set_width(width);
            choice(ui, &format!("Instance type {number}"), &mut variant.instance_type, &options, width);
        });
        let count_error = self.error(problems, Some(i), "count", false);
        let label = format!("Instances {number}");
        Field::new(&label).error(count_error).width(76.0).show(ui, &mut variant.count);
    }
}

/// Models to choose from, newest first; a drop-down of thousands is no choice.
fn newest_models<'a>(
    cx: &Context<'a>,
) -> impl Iterator<Item = &'a std::sync::Arc<crate::domain::model::Model>> + use<'a> {
    let mut models: Vec<_> = cx.snapshot.models.values().collect();
    models.sort_by_key(|model| std::cmp::Reverse(model.created));
    models.into_iter().take(200)
}

fn note(ui: &mut Ui, cx: &Context<'_>, error: Option<&str>) {
    if let Some(error) = error {
        text::text(ui, error, fonts::small(), cx.theme.error.text);
    }
}

/// The live bar of shares, and what an endpoint with it costs.
fn split(ui: &mut Ui, cx: &Context<'_>, draft: &Draft) {
    card(ui, |ui| {
        ui.horizontal(|ui| {
            text::strong(ui, "Traffic split");
            text::small(ui, "share = weight ÷ sum of the weights");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                text::muted(ui, format!("{} at AWS list price", format::usd_per_hour(draft.usd_per_hour())));
            });
        });
        ui.add_space(4.0);
        let names: Vec<&str> = draft.production().map(|variant| variant.name.as_str()).collect();
        share_bar(ui, cx, &names, &draft.shares());
    });
    ui.add_space(size::GAP - ui.spacing().item_spacing.y);
}

fn cost_words(variant: &VariantDraft) -> String {
    match price::instance_type(variant.instance_type.trim()) {
        Some(_) => format::usd_per_hour(variant.usd_per_hour()),
        None => "price unknown".to_owned(),
    }
}
