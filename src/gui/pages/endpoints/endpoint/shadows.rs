//! Shadow variants: a card each, with the share of requests that it gets copies of, what it made of them, and the button that promotes it.

use egui::{Align, Color32, Layout, Sense, Slider, Stroke, Ui, pos2, vec2};

use super::data::{self, VariantData};
use super::{EndpointPage, Frame, instances, score};
use crate::domain::endpoint::{Endpoint, EndpointStatus};
use crate::domain::promotion;
use crate::gui::action::{Action, Confirm};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::{naming, paired};
use crate::gui::route::Route;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{Button, Icon, PillTone, card, icon, menu, text};
use crate::stats::live::{EndpointLive, Score};
use crate::workspace::{Command, Snapshot};

/// One shadow variant's card.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ShadowData {
    /// As a production variant's.
    pub(super) card: VariantData,
    /// The share of requests that it gets copies of, 0 to 1.
    pub(super) share: f64,
    /// "0", or "12 of 1,482".
    pub(super) dropped: String,
    pub(super) has_dropped: bool,
    /// What its score is called.
    pub(super) score: &'static str,
    /// Who is better on labelled requests, the shadow or what clients got: the tone, a sentence, why it may be said.
    pub(super) verdict: Option<(PillTone, String, String)>,
}

/// What clients got, in a comparison with a shadow.
const SERVED: &str = "production";

/// All of an endpoint's.
pub(super) fn of(
    snapshot: &Snapshot,
    endpoint: &Endpoint,
    live: Option<&EndpointLive>,
    color: impl Fn(&str) -> usize,
) -> Vec<ShadowData> {
    let shares = endpoint.shadow_shares();
    let one = |(variant, share): (&crate::domain::endpoint::EndpointVariant, f64)| {
        let numbers = live.and_then(|live| live.shadows.iter().find(|shadow| shadow.variant.name == variant.name));
        let dropped = numbers.map_or(0, |shadow| shadow.dropped);
        let model_exists = snapshot.models.contains(&variant.model_name);
        let answered = numbers.map_or(0, |shadow| shadow.variant.requests);
        ShadowData {
            card: VariantData {
                instances: instances::explained(variant, "copied request"),
                ..data::card(
                    variant,
                    (live, numbers.map(|shadow| &shadow.variant), None),
                    color(&variant.name),
                    model_exists,
                )
            },
            share,
            dropped: match dropped {
                0 => "0".to_owned(),
                n => format!("{} of {}", format::count(n), format::count(n + answered)),
            },
            has_dropped: dropped > 0,
            score: score::name(live.map_or_else(Score::default, |live| live.score)),
            verdict: numbers
                .and_then(|shadow| shadow.versus)
                .map(|versus| paired::verdict(SERVED, &variant.name, &versus.test, versus.cap)),
        }
    };
    endpoint.shadow_variants.iter().zip(shares).map(one).collect()
}

impl EndpointPage {
    /// The cards, below each other.
    pub(super) fn shadows(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        for shadow in &frame.data.shadows {
            card(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 6.0;
                ui.horizontal(|ui| {
                    ui.set_height(size::CONTROL);
                    name(ui, cx, shadow);
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        promote_button(ui, cx, frame, shadow);
                        self.share_slider(ui, cx, frame, shadow);
                    });
                });
                numbers(ui, cx, shadow);
                verdict(ui, cx, shadow);
            });
        }
    }

    /// From right to left: the number, the slider, its label.
    fn share_slider(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>, shadow: &ShadowData) {
        let name = &shadow.card.name;
        let held = self.shadow_share.as_ref().filter(|(of, _)| of == name).map(|(_, percent)| *percent);
        let before = shadow.share * 100.0;
        let mut percent = held.unwrap_or(before);
        ui.spacing_mut().item_spacing.x = 8.0;
        let (rect, _) = ui.allocate_exact_size(vec2(44.0, size::CONTROL), Sense::hover());
        let words = format::percent(percent / 100.0);
        ui.painter().text(rect.right_center(), egui::Align2::RIGHT_CENTER, words, fonts::strong(), cx.theme.text);
        let can = frame.data.status == EndpointStatus::InService;
        ui.spacing_mut().slider_width = (ui.available_width() - 90.0).clamp(60.0, 160.0);
        slider_look(ui, cx);
        let slider = Slider::new(&mut percent, 0.0..=100.0).step_by(1.0).show_value(false);
        let response = ui.add_enabled(can, slider);
        response.widget_info(|| egui::WidgetInfo::slider(can, percent, format!("Copies for {name}, percent")));
        let response = response.on_hover_text("The share of requests that it gets copies of; the next request obeys");
        if ui.available_width() > 60.0 {
            text::muted(ui, "Copies");
        }
        if response.changed() {
            self.shadow_share = Some((name.clone(), percent));
        }
        let moved = (percent - before).abs() > 1e-9;
        // With the pointer when it lets go, with the keyboard at every step.
        if held.is_some() && !response.dragged() && !response.is_pointer_button_down_on() {
            self.shadow_share = None;
            if moved {
                submit_share(cx, frame, name, percent);
            }
        } else if response.changed() && !response.dragged() && !response.is_pointer_button_down_on() {
            self.shadow_share = None;
            submit_share(cx, frame, name, percent);
        }
    }
}

/// A rail that is seen on a card, and a handle no higher than a line.
fn slider_look(ui: &mut Ui, cx: &Context<'_>) {
    ui.spacing_mut().interact_size.y = 18.0;
    let visuals = ui.visuals_mut();
    visuals.selection.bg_fill = cx.theme.accent;
    let widgets = &mut visuals.widgets;
    for state in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
        state.bg_fill = cx.theme.track;
        state.fg_stroke = Stroke::new(1.5, cx.theme.accent);
    }
}

fn submit_share(cx: &mut Context<'_>, frame: &Frame<'_>, shadow: &str, percent: f64) {
    let sum: f64 = frame.endpoint.variants.iter().map(|variant| variant.weight).sum();
    let weights = vec![(shadow.to_owned(), percent / 100.0 * sum)];
    let command = Command::UpdateWeights { name: frame.endpoint.name.clone(), weights, instance_counts: Vec::new() };
    cx.actions.submit(command, "");
}

/// Dot, name, mark, model.
fn name(ui: &mut Ui, cx: &mut Context<'_>, shadow: &ShadowData) {
    let (dot, _) = ui.allocate_exact_size(vec2(12.0, 12.0), Sense::hover());
    ui.painter().circle_filled(dot.center(), 5.0, cx.theme.variant(shadow.card.color));
    let room = (ui.available_width() * 0.22).max(80.0);
    text::elided(ui, &shadow.card.name, fonts::strong(), cx.theme.text, room);
    mark(ui, cx);
    let model = &shadow.card.model;
    let room = (ui.available_width() - 400.0).clamp(40.0, 260.0);
    if !shadow.card.model_exists {
        text::elided(ui, model, fonts::small(), cx.theme.faint, room);
        return;
    }
    let words = text::elided_galley(ui, model, fonts::small(), cx.theme.muted, room);
    if ui.add(egui::Link::new(words)).on_hover_text(format!("Open model {model}")).clicked() {
        cx.actions.go(Route::Model(model.clone()));
    }
}

/// "Shadow" on a quiet ground.
fn mark(ui: &mut Ui, cx: &Context<'_>) {
    let galley = ui.painter().layout_no_wrap("Shadow".to_owned(), fonts::small_medium(), Color32::PLACEHOLDER);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 34.0, 22.0), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, "Shadow"));
    ui.painter().rect_filled(rect, 11.0, cx.theme.quiet.soft);
    icon::paint(ui.painter(), Icon::Copy, pos2(rect.left() + 13.0, rect.center().y), 12.0, cx.theme.quiet.text);
    let at = pos2(rect.left() + 23.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, cx.theme.quiet.text);
    response.on_hover_text("It gets copies of requests, and nobody gets its answers");
}

/// What it made of the copies, as label and value after each other.
fn numbers(ui: &mut Ui, cx: &Context<'_>, shadow: &ShadowData) {
    let (theme, variant) = (cx.theme, &shadow.card);
    let alarm = |is: bool| if is { theme.error.text } else { theme.text };
    let said = [
        ("Copies answered", variant.requests.clone(), theme.text),
        (shadow.score, format!("{} {}", variant.score, variant.margin), theme.text),
        ("p50 / p99", variant.latency.clone(), theme.text),
        ("Errors", variant.errors.clone(), alarm(variant.has_errors)),
        ("Dropped", shadow.dropped.clone(), alarm(shadow.has_dropped)),
    ];
    let words = said.iter().map(|(label, value, _)| format!("{label} {value}")).collect::<Vec<_>>().join(", ");
    let group = ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
        for (label, value, color) in &said {
            text::text(ui, *label, fonts::small(), theme.muted);
            text::text(ui, value.as_str(), fonts::strong(), *color);
            ui.add_space(12.0);
        }
    });
    let name = &variant.name;
    group
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Group, true, format!("Shadow variant {name}: {words}")));
    group.response.on_hover_text(&variant.instances);
}

/// Who is better, in one line; why, on hover.
fn verdict(ui: &mut Ui, cx: &Context<'_>, shadow: &ShadowData) {
    let words = "Labels tell how it compares with what clients got, on the same requests";
    let Some((tone, said, why)) = &shadow.verdict else {
        text::elided(ui, words, fonts::small(), cx.theme.faint, ui.available_width());
        return;
    };
    let color = if *tone == PillTone::Ok { cx.theme.text } else { cx.theme.muted };
    text::elided(ui, said, fonts::small_medium(), color, ui.available_width()).on_hover_text(why);
}

/// One button; where several production variants could go, it asks in whose place.
fn promote_button(ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>, shadow: &ShadowData) {
    let name = &shadow.card.name;
    let can = frame.data.status == EndpointStatus::InService && shadow.card.model_exists;
    let words = format!("Promote shadow variant {name}");
    let tip = "Make it a production variant: a new configuration, and an update to it";
    let button = Button::secondary("Promote…").name(&words).enabled(can).tip(tip);
    if let [only] = frame.endpoint.variants.as_slice() {
        if button.show(ui) {
            ask(cx, frame, name, &only.name);
        }
        return;
    }
    let response = ui.add(button.trailing(Icon::ChevronDown));
    egui::Popup::menu(&response).id(egui::Id::unique(("promote", name))).show(|ui| {
        ui.set_min_width(200.0);
        for variant in &frame.endpoint.variants {
            if menu::item(ui, &format!("In place of {}", variant.name), false) {
                ask(cx, frame, name, &variant.name);
                ui.close();
            }
        }
    });
}

/// Says what will happen, and asks.
fn ask(cx: &mut Context<'_>, frame: &Frame<'_>, shadow: &str, instead_of: &str) {
    let endpoint = frame.endpoint;
    let taken = |name: &str| cx.snapshot.endpoint_configs.contains(name);
    let config_name = naming::free(naming::stem(&endpoint.config_name), taken);
    let serving = cx.snapshot.endpoint_configs.get(&endpoint.config_name);
    let Ok(config) = promotion::promoted(endpoint, serving.map(|c| &**c), shadow, instead_of, config_name.clone())
    else {
        return;
    };
    let sum: f64 = config.variants.iter().map(|variant| variant.initial_weight).sum();
    let mut lines = vec![format!("Endpoint configuration {config_name} is made")];
    lines.extend(config.variants.iter().map(|variant| {
        let share = if sum > 0.0 { variant.initial_weight / sum } else { 0.0 };
        let place = if variant.name == shadow { format!(" in place of {instead_of}") } else { String::new() };
        format!("{} ({}) answers {}{place}", variant.name, variant.model_name, format::percent(share))
    }));
    lines.extend(config.shadow_variants.iter().map(|variant| format!("Shadow variant {} stays", variant.name)));
    let command = Command::PromoteShadow {
        name: endpoint.name.clone(),
        shadow: shadow.to_owned(),
        instead_of: instead_of.to_owned(),
        config_name,
    };
    let submit = Action::Submit { command, said: format!("Promoting {shadow} on {}", endpoint.name), then: None };
    let body = format!(
        "The endpoint is updated without dropping a request. {instead_of} answers no more; its model stays, and {} can be gone back to.",
        endpoint.config_name
    );
    let confirm = Confirm::new(format!("Promote {shadow} to production?"), "Promote", vec![submit]);
    cx.actions.push(Action::Confirm(Box::new(confirm.body(body).harmless(lines))));
}
