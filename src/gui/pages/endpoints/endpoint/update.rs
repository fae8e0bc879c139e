//! The Update dialog: choose a configuration, see what would change, start.

use egui::{Align2, CornerRadius, Sense, Stroke, Ui, pos2, vec2};

use super::Frame;
use super::plan::PlanForm;
use crate::domain::deployment::DeploymentPlan;
use crate::domain::endpoint::{Endpoint, EndpointVariant, Retain};
use crate::domain::endpoint_config::EndpointConfig;
use crate::domain::extras::Extras;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::theme::{Theme, fonts, size};
use crate::gui::widgets::dialog::{Dialog, dialog};
use crate::gui::widgets::split_bar::Shares;
use crate::gui::widgets::split_bar::shares::percent;
use crate::gui::widgets::{Button, Icon, field, icon, text};
use crate::stats::live::EndpointLive;
use crate::workspace::{Command, Snapshot};

/// What is chosen.
pub(super) struct Form {
    endpoint: String,
    config: String,
    keep_weights: bool,
    plan: PlanForm,
}

/// What happens to a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Same,
    Changed,
    Added,
    Removed,
}

/// One side of a line of the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) model: String,
    /// "62 %".
    pub(super) share: String,
    /// "1 × ml.m5.xlarge".
    pub(super) instances: String,
}

/// One variant, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) change: Change,
    pub(super) before: Option<Side>,
    pub(super) after: Option<Side>,
}

/// Whether there is something for the accuracy alarm to go by.
fn labels_come(live: &EndpointLive) -> bool {
    live.capture.labels.joined > 0 || live.variants.iter().any(|variant| variant.labelled > 0)
}

/// The variants as they would serve.
fn planned(endpoint: &Endpoint, config: &EndpointConfig, keep: bool) -> Vec<EndpointVariant> {
    Endpoint::variants_for(config, &endpoint.variants, Retain::all(keep))
}

fn instances(variants: &[EndpointVariant]) -> u32 {
    variants.iter().map(|variant| variant.instance_count).sum()
}

/// Compares what serves with what would serve.
pub(super) fn compare(endpoint: &Endpoint, config: &EndpointConfig, keep_weights: bool) -> Vec<Line> {
    let now = &endpoint.variants;
    let then = planned(endpoint, config, keep_weights);
    let sides = |variants: &[EndpointVariant]| -> Vec<(String, Side)> {
        let weights: Vec<f64> = variants.iter().map(|v| v.weight).collect();
        let shares = Shares::of_weights(&weights);
        let side = |(v, share): (&EndpointVariant, &u32)| {
            let instances = format!("{} × {}", v.instance_count, v.instance_type);
            (v.name.clone(), Side { model: v.model_name.clone(), share: percent(*share), instances })
        };
        variants.iter().zip(shares.tenths()).map(side).collect()
    };
    let (before, mut after) = (sides(now), sides(&then));
    let mut lines = Vec::new();
    for (name, side) in before {
        let place = after.iter().position(|(other, _)| *other == name);
        let new = place.map(|place| after.remove(place).1);
        let change = match &new {
            None => Change::Removed,
            Some(new) if *new == side => Change::Same,
            Some(_) => Change::Changed,
        };
        lines.push(Line { name, change, before: Some(side), after: new });
    }
    lines.extend(after.into_iter().map(|(name, side)| Line {
        name,
        change: Change::Added,
        before: None,
        after: Some(side),
    }));
    lines
}

/// Configurations to offer: newest first; the one that serves is last, since moving to it again is rare.
fn options(snapshot: &Snapshot, endpoint: &Endpoint) -> Vec<(String, String)> {
    let mut configs: Vec<_> = snapshot.endpoint_configs.values().collect();
    configs.sort_by_key(|config| (config.name == endpoint.config_name, std::cmp::Reverse(config.created)));
    let words = |config: &EndpointConfig| {
        let serves = if config.name == endpoint.config_name { " · serves now" } else { "" };
        format!("{}  ({}{serves})", config.name, format::plural(config.variants.len(), "variant"))
    };
    configs.into_iter().map(|config| (config.name.clone(), words(config))).collect()
}

impl Form {
    pub(super) fn new(cx: &Context<'_>, frame: &Frame<'_>, config: Option<String>) -> Self {
        let endpoint = frame.endpoint;
        let config = config.filter(|name| cx.snapshot.endpoint_configs.contains(name));
        let config = config.or_else(|| options(cx.snapshot, endpoint).into_iter().next().map(|(name, _)| name));
        // The settings of the last update are most likely those of the next.
        let last = endpoint.deployments.iter().rfind(|deployment| deployment.from_config.is_some());
        let alarms = cx.snapshot.alarms.values().map(|alarm| alarm.name.clone()).collect();
        let plan = PlanForm::new(last.map(|deployment| &deployment.plan), alarms, frame.live.is_some_and(labels_come));
        Self { endpoint: endpoint.name.clone(), config: config.unwrap_or_default(), keep_weights: false, plan }
    }

    /// The plan, for the fleet of the configuration that is chosen; none while there is something wrong with either.
    fn chosen_plan(&self, cx: &Context<'_>, endpoint: &Endpoint) -> Option<DeploymentPlan> {
        let config = cx.snapshot.endpoint_configs.get(&self.config)?;
        self.plan.plan(instances(&planned(endpoint, config, self.keep_weights))).ok()
    }

    /// Draws the dialog; `false` once it is closed.
    pub(super) fn ui(&mut self, ui: &Ui, cx: &mut Context<'_>, frame: &Frame<'_>) -> bool {
        let title = format!("Update {}", self.endpoint);
        let (mut start, mut cancel) = (None, false);
        let plan = self.chosen_plan(cx, frame.endpoint).filter(|_| !frame.endpoint.status.is_changing());
        let (cx_body, mut new_config) = (&*cx, false);
        let end = dialog(
            ui,
            "update",
            &title,
            720.0,
            self,
            |ui, form| new_config = form.body(ui, cx_body, frame),
            Some(Box::new(|ui, _| {
                let button = Button::primary("Update").name("Start the update").large().enabled(plan.is_some());
                let clicked = button.show(ui);
                start = plan.filter(|_| clicked);
                cancel = Button::secondary("Cancel").large().show(ui);
            })),
        );
        if new_config {
            let models = frame.endpoint.variants.iter().map(|v| v.model_name.clone()).collect();
            cx.actions.go(crate::gui::route::Route::NewEndpointConfig { clone_of: None, models });
            return false;
        }
        if let Some(plan) = start {
            let command = Command::UpdateEndpoint {
                name: self.endpoint.clone(),
                config_name: self.config.clone(),
                retain: Retain::all(self.keep_weights),
                plan,
                extras: Extras::default(),
            };
            // The timeline says how it goes; a refusal shows as a toast.
            cx.actions.submit(command, format!("Update of {} started", self.endpoint));
            return false;
        }
        end == Dialog::Open && !cancel
    }

    /// `true` when a new configuration is wanted.
    fn body(&mut self, ui: &mut Ui, cx: &Context<'_>, frame: &Frame<'_>) -> bool {
        let theme = cx.theme;
        let mut wants_new = false;
        ui.horizontal(|ui| {
            let options = options(cx.snapshot, frame.endpoint);
            field::choice(ui, "Move to configuration", &mut self.config, &options, 440.0);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Max), |ui| {
                wants_new = Button::ghost("New configuration…").icon(Icon::Plus).show(ui);
            });
        });
        let Some(config) = cx.snapshot.endpoint_configs.get(&self.config) else {
            text::muted(ui, "There is no configuration to move to yet.");
            return wants_new;
        };
        let shared = frame.endpoint.variants.iter().any(|v| config.variants.iter().any(|other| other.name == v.name));
        ui.add_enabled_ui(shared, |ui| {
            field::tick(
                ui,
                &mut self.keep_weights,
                "Keep the current weights and instance counts of variants that both have",
            );
        });
        comparison(ui, &frame.endpoint.config_name, config, &compare(frame.endpoint, config, self.keep_weights));
        let then = planned(frame.endpoint, config, self.keep_weights);
        self.plan.ui(ui, cx, instances(&then));
        let (from, to) = (frame.endpoint.usd_per_hour(), config.usd_per_hour());
        text::text(
            ui,
            format!(
                "{} → {}. The new fleet loads and answers a probe beside the old one before it gets any traffic.",
                format::usd_per_hour(from),
                format::usd_per_hour(to)
            ),
            fonts::small(),
            theme.faint,
        );
        wants_new
    }
}

const LINE: f32 = 52.0;

fn comparison(ui: &mut Ui, serving: &str, config: &EndpointConfig, lines: &[Line]) {
    let theme = Theme::of(ui);
    let frame = egui::Frame::new()
        .stroke(Stroke::new(1.0, theme.line))
        .corner_radius(CornerRadius::same(size::RADIUS + 2))
        .inner_margin(egui::Margin::symmetric(14, 6));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 0.0;
        let width = ui.available_width();
        let (names, sides) = (width * 0.27, width * 0.365);
        let (head, _) = ui.allocate_exact_size(vec2(width, 28.0), Sense::hover());
        let columns = [("Variant", 0.0, names), (serving, names, sides), (&config.name, names + sides, sides)];
        for (words, x, room) in columns {
            let galley = text::elided_galley(ui, words, fonts::small_medium(), theme.muted, room - 10.0);
            ui.painter().galley(pos2(head.left() + x, head.center().y - galley.size().y / 2.0), galley, theme.muted);
        }
        for line in lines {
            let (rect, response) = ui.allocate_exact_size(vec2(width, LINE), Sense::hover());
            response.widget_info(|| {
                let words = format!("Variant {}: {}", line.name, word(line.change));
                egui::WidgetInfo::labeled(egui::Role::Label, true, words)
            });
            ui.painter().hline(rect.x_range(), rect.top(), Stroke::new(1.0, theme.line));
            let (sign, tone) = match line.change {
                Change::Same => (Icon::Equal, theme.quiet),
                Change::Changed => (Icon::Pencil, theme.changing),
                Change::Added => (Icon::Plus, theme.ok),
                Change::Removed => (Icon::Minus, theme.error),
            };
            let top = rect.top() + 17.0;
            icon::paint(ui.painter(), sign, pos2(rect.left() + 7.0, top), 13.0, tone.text);
            let name = text::elided_galley(ui, &line.name, fonts::medium(), theme.text, names - 30.0);
            ui.painter().galley(pos2(rect.left() + 20.0, top - name.size().y / 2.0), name, theme.text);
            ui.painter().text(
                pos2(rect.left() + 20.0, top + 18.0),
                Align2::LEFT_CENTER,
                word(line.change),
                fonts::small(),
                tone.text,
            );
            for (one, other, x) in [(&line.before, &line.after, names), (&line.after, &line.before, names + sides)] {
                let x = rect.left() + x;
                let Some(one) = one else {
                    ui.painter().text(pos2(x, top), Align2::LEFT_CENTER, "–", fonts::body(), theme.faint);
                    continue;
                };
                let is_after = std::ptr::eq(one, line.after.as_ref().unwrap_or(one))
                    && line.after.is_some()
                    && x > rect.left() + names + 1.0;
                let differs =
                    |pick: fn(&Side) -> &String| is_after && other.as_ref().is_some_and(|o| pick(o) != pick(one));
                let tint = |changed: bool, else_: egui::Color32| if changed { theme.changing.text } else { else_ };
                let share = ui.painter().layout_no_wrap(
                    one.share.clone(),
                    fonts::strong(),
                    tint(differs(|s| &s.share), theme.text),
                );
                let share_width = share.size().x;
                ui.painter().galley(pos2(x, top - share.size().y / 2.0), share, theme.text);
                let color = tint(differs(|s| &s.model), theme.text);
                let model = text::elided_galley(ui, &one.model, fonts::body(), color, sides - share_width - 22.0);
                ui.painter().galley(pos2(x + share_width + 10.0, top - model.size().y / 2.0), model, color);
                let color = tint(differs(|s| &s.instances), theme.muted);
                let instances = text::elided_galley(ui, &one.instances, fonts::small(), color, sides - 12.0);
                ui.painter().galley(pos2(x, top + 18.0 - instances.size().y / 2.0), instances, color);
            }
        }
    });
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Same => "unchanged",
        Change::Changed => "changed",
        Change::Added => "added",
        Change::Removed => "removed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::endpoint::EndpointStatus;
    use crate::domain::endpoint_config::ProductionVariant;
    use crate::domain::time::Timestamp;

    fn config(variants: &[(&str, &str, f64)]) -> EndpointConfig {
        let variant = |(name, model, weight): &(&str, &str, f64)| ProductionVariant {
            name: (*name).into(),
            model_name: (*model).into(),
            initial_instance_count: 1,
            instance_type: "ml.m5.large".into(),
            initial_weight: *weight,
        };
        EndpointConfig {
            name: "next".into(),
            variants: variants.iter().map(variant).collect(),
            shadow_variants: Vec::new(),
            created: Timestamp(0),
            tags: vec![],
            data_capture: None,
            extras: Extras::default(),
        }
    }

    fn endpoint(now: &EndpointConfig) -> Endpoint {
        Endpoint {
            name: "e".into(),
            config_name: "now".into(),
            requested_config: None,
            status: EndpointStatus::InService,
            failure_reason: None,
            variants: Endpoint::variants_of(now),
            shadow_variants: Endpoint::shadows_of(now),
            created: Timestamp(0),
            modified: Timestamp(0),
            in_service_since: None,
            deployments: vec![],
            weight_changes: vec![],
            tags: vec![],
            ground_truth: None,
            extras: Extras::default(),
        }
    }

    fn words(lines: &[Line]) -> Vec<String> {
        let share =
            |side: &Option<Side>| side.as_ref().map_or("–".to_owned(), |s| format!("{} {}", s.model, s.share));
        lines.iter().map(|l| format!("{} {:?}: {} → {}", l.name, l.change, share(&l.before), share(&l.after))).collect()
    }

    #[test]
    fn the_difference_names_every_variant() {
        let endpoint = endpoint(&config(&[("a", "m1", 3.0), ("b", "m2", 1.0), ("c", "m3", 0.0)]));
        let next = config(&[("b", "m2-new", 1.0), ("d", "m4", 1.0), ("c", "m3", 0.0)]);
        assert_eq!(
            words(&compare(&endpoint, &next, false)),
            [
                "a Removed: m1 75 % → –",
                "b Changed: m2 25 % → m2-new 50 %",
                "c Same: m3 0 % → m3 0 %",
                "d Added: – → m4 50 %"
            ]
        );
    }

    #[test]
    fn kept_weights_are_the_current_ones() {
        let mut endpoint = endpoint(&config(&[("a", "m1", 1.0), ("b", "m2", 1.0)]));
        endpoint.variants[0].weight = 90.0;
        endpoint.variants[1].weight = 10.0;
        let next = config(&[("a", "m1", 1.0), ("b", "m2", 1.0)]);
        assert_eq!(compare(&endpoint, &next, true)[0].change, Change::Same);
        assert_eq!(words(&compare(&endpoint, &next, false))[0], "a Changed: m1 90 % → m1 50 %");
    }
}
