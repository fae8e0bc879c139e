//! Instances of an endpoint's variants: how many there are, what they do now, and the buttons for more and fewer.

use egui::{Align, Layout, Ui, vec2};

use super::Frame;
use crate::domain::endpoint::{EndpointStatus, EndpointVariant};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{Button, Icon, card, text};
use crate::stats::live::{EndpointLive, VariantLive};
use crate::workspace::Command;

/// What instances are, in one sentence.
const MEANING: &str = "A variant answers as many heavy requests (over 64 KB) at a time as it has instances. 32 more may wait; the next are turned away with 503. Small requests are answered at once. A shadow variant answers as many copies at a time.";

/// For a tooltip: how many of which, and what they do; `requests` says what kind of request they are for.
pub(super) fn explained(variant: &EndpointVariant, requests: &str) -> String {
    let count = variant.instance_count as usize;
    let at_a_time = format::plural(count, requests);
    format!("{count} × {}: answers {at_a_time} at a time", variant.instance_type)
}

/// What they do now: "1 busy · 3 waiting · 12 turned away", or "idle".
fn doing(live: &VariantLive) -> String {
    let parts = [(u64::from(live.busy), "busy"), (live.waiting.into(), "waiting"), (live.turned_away, "turned away")];
    let said: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", format::count(*n))).collect();
    if said.is_empty() { "idle".to_owned() } else { said.join(" · ") }
}

/// A line a variant.
pub(super) fn ui(ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
    let can = frame.endpoint.status == EndpointStatus::InService;
    card::titled(
        ui,
        "Instances",
        |_| {},
        |ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            for variant in frame.endpoint.all_variants() {
                line(ui, cx, frame, variant, can);
            }
            let words = egui::RichText::new(MEANING).font(fonts::small()).color(cx.theme.muted);
            ui.add(egui::Label::new(words).wrap());
        },
    );
}

fn line<'a>(ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'a>, variant: &EndpointVariant, can: bool) {
    let numbers =
        |live: &'a EndpointLive| live.variants.iter().chain(live.shadows.iter().map(|shadow| &shadow.variant));
    let live = frame.live.and_then(|live| numbers(live).find(|v| v.name == variant.name));
    let (name, count) = (&variant.name, variant.instance_count);
    ui.horizontal(|ui| {
        ui.set_height(size::CONTROL);
        let width = (ui.available_width() * 0.24).clamp(96.0, 200.0);
        ui.allocate_ui_with_layout(vec2(width, size::CONTROL), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(width);
            text::elided(ui, name, fonts::medium(), cx.theme.text, width);
        });
        let wanted = stepper(ui, cx, name, count, can);
        text::muted(ui, format!("× {}", variant.instance_type));
        if let Some(live) = live {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                text::elided(ui, &doing(live), fonts::body(), cx.theme.muted, ui.available_width());
            });
        }
        if let Some(wanted) = wanted {
            let command = Command::UpdateWeights {
                name: frame.endpoint.name.clone(),
                weights: Vec::new(),
                instance_counts: vec![(name.clone(), wanted)],
            };
            let said = format!("{name} has {}", format::plural(wanted as usize, "instance"));
            cx.actions.submit(command, said);
        }
    });
}

/// Minus, the number, plus; the number that is wanted now.
fn stepper(ui: &mut Ui, cx: &Context<'_>, name: &str, count: u32, can: bool) -> Option<u32> {
    let mut wanted = None;
    ui.spacing_mut().item_spacing.x = 4.0;
    let fewer = format!("One instance fewer for {name}");
    if Button::icon_only(Icon::Minus, &fewer).enabled(can && count > 1).show(ui) {
        wanted = Some(count - 1);
    }
    let (rect, response) = ui.allocate_exact_size(vec2(30.0, size::CONTROL), egui::Sense::hover());
    let words = format!("Instances of {name}: {count}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &words));
    let at = rect.center();
    ui.painter().text(at, egui::Align2::CENTER_CENTER, count.to_string(), fonts::strong(), cx.theme.text);
    let more = format!("One instance more for {name}");
    if Button::icon_only(Icon::Plus, &more).enabled(can).show(ui) {
        wanted = Some(count + 1);
    }
    ui.spacing_mut().item_spacing.x = 8.0;
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tooltip_says_what_they_are_for() {
        let variant = EndpointVariant {
            name: "s".into(),
            model_name: "m".into(),
            weight: 1.0,
            instance_count: 2,
            instance_type: "ml.m5.large".into(),
        };
        assert_eq!(explained(&variant, "copied request"), "2 × ml.m5.large: answers 2 copied requests at a time");
    }

    #[test]
    fn what_instances_do_is_said_in_one_line() {
        assert_eq!(doing(&VariantLive::default()), "idle");
        let live = VariantLive { busy: 2, waiting: 3, turned_away: 1_200, ..VariantLive::default() };
        assert_eq!(doing(&live), "2 busy · 3 waiting · 1,200 turned away");
    }
}
