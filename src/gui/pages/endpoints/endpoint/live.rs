//! The Live tab: failure banner, timeline of an update, traffic split, verdict line, variant cards and plots.

use egui::{CornerRadius, Sense, Stroke, Ui, vec2};

use super::{EndpointPage, Frame, Open, anew, cards, course, focus, labels, score};
use crate::domain::endpoint::EndpointStatus;
use crate::gui::context::Context;
use crate::gui::pages::parts;
use crate::gui::theme::{Theme, fonts, size};
use crate::gui::widgets::plot::{self, Chart, Kind, Plots, Points, Sample, Series, Unit};
use crate::gui::widgets::split_bar::{Segment, Shares};
use crate::gui::widgets::{Button, Icon, card, icon, text};
use crate::stats::live::Second;
use crate::workspace::Command;

/// Where nothing happened for longer than this, lines have a gap.
const GAP_S: f64 = 10.0;

impl EndpointPage {
    pub(super) fn live(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        ui.spacing_mut().item_spacing.y = size::GAP;
        self.failure(ui, cx, frame);
        if let Some(deployment) = course::to_show(frame.endpoint, self.closed_timeline, cx.now) {
            self.timeline(ui, cx, frame, deployment);
        }
        if !frame.data.status.serves() {
            not_serving(ui, cx, frame);
            return;
        }
        labels::losses(ui, frame.live);
        for banner in &frame.data.banners {
            anew::banner(ui, cx, frame, banner);
        }
        self.split_card(ui, cx, frame);
        self.verdict(ui, cx, frame);
        self.shadows(ui, cx, frame);
        self.numbers(ui, cx, frame);
    }

    fn failure(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        let Some(failure) = &frame.data.failure else { return };
        let (tone, sign) =
            if failure.is_wished { (cx.theme.warn, Icon::Undo2) } else { (cx.theme.error, Icon::TriangleAlert) };
        let ground = egui::Frame::new()
            .fill(cx.theme.raised.lerp_to_gamma(tone.soft, 0.6))
            .stroke(Stroke::new(1.0, cx.theme.line.lerp_to_gamma(tone.text, 0.35)))
            .corner_radius(CornerRadius::same(size::CARD_RADIUS))
            .inner_margin(egui::Margin::symmetric(14, 11));
        ground.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 4.0;
            ui.horizontal(|ui| {
                icon(ui, sign, 15.0, tone.text);
                let room = ui.available_width() - if failure.requested.is_some() { 250.0 } else { 0.0 };
                text::elided(ui, &failure.title, fonts::strong(), tone.text, room);
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if let Some(requested) = &failure.requested {
                        if Button::secondary("Try again…").show(ui) {
                            self.open_update(cx, frame, Some(requested.clone()));
                        }
                        if Button::secondary("Open configuration").show(ui) {
                            cx.actions.go(crate::gui::route::Route::EndpointConfig(requested.clone()));
                        }
                    }
                });
            });
            // Who wished it knows why.
            let why = (!failure.is_wished).then_some((&failure.why, cx.theme.text));
            for (words, color) in why.into_iter().chain([(&failure.what_to_do, cx.theme.muted)]) {
                let words = egui::RichText::new(words).font(fonts::body()).color(color).line_height(Some(18.0));
                ui.add(egui::Label::new(words).wrap().selectable(true));
            }
        });
    }

    fn split_card(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        card(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let below = ui.horizontal(|ui| {
                ui.set_height(size::CONTROL);
                text::strong(ui, "Traffic split");
                let several = frame.data.variants.len() > 1;
                let rests = frame.data.status != EndpointStatus::InService;
                let hint = if several {
                    "drag the divider, or click a share and type; the next request obeys"
                } else {
                    "one variant takes all"
                };
                let room = ui.available_width() - if several { 310.0 } else { 0.0 };
                let hint = if rests { "the weights rest until the update is over" } else { hint };
                let hint = if several && !rests && room < 400.0 { "drag, or click a share and type" } else { hint };
                let (said, accent) = (frame.data.autopilot.as_ref(), cx.theme.accent);
                let below = said.filter(|said| text::elided_galley(ui, said, fonts::body(), accent, room).elided);
                match said.filter(|_| below.is_none()) {
                    Some(said) => text::elided(ui, said, fonts::body(), accent, room),
                    None => text::elided(ui, hint, fonts::body(), cx.theme.faint, room),
                };
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if !several {
                        return;
                    }
                    let changes = frame.endpoint.weight_changes.len();
                    let tip = frame.endpoint.weight_changes.last().map_or_else(
                        || "No weights were changed yet".to_owned(),
                        |change| format!("Back to {}", split_text(&change.before)),
                    );
                    if Button::secondary("Undo")
                        .name("Undo the last change of weights")
                        .enabled(changes > 0 && !rests)
                        .tip(&tip)
                        .show(ui)
                    {
                        self.undo_weights(ui, cx);
                    }
                    let equal = Shares::equal(frame.data.variants.len());
                    let differs = self.split.shown(&frame.data.shares) != &equal;
                    if Button::secondary("Equalise").enabled(differs && !rests).show(ui) {
                        self.set_weights(ui, cx, frame, &equal);
                    }
                    self.autopilot_button(ui, cx, frame);
                });
                below
            });
            if let Some(said) = below.inner {
                text::elided(ui, said, fonts::body(), cx.theme.accent, ui.available_width());
            }
            ui.add_space(6.0);
            let segments: Vec<Segment<'_>> =
                frame.data.variants.iter().map(|v| Segment { name: &v.name, color: v.color }).collect();
            let observed = frame.data.observed.as_ref();
            let can = frame.data.status == EndpointStatus::InService;
            if let Some(shares) = self.split.ui(ui, &segments, &frame.data.shares, observed, can) {
                self.set_weights(ui, cx, frame, &shares);
            }
        });
    }

    /// Stops it at a press, without a question; starting asks for the floor.
    fn autopilot_button(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        let name = &frame.endpoint.name;
        if frame.data.autopilot.is_some() {
            if Button::secondary("Stop autopilot").tip("Leave the weights as they are now").show(ui) {
                let command = Command::SetAutopilot { name: name.clone(), floor: None };
                cx.actions.submit(command, format!("Autopilot of {name} stopped"));
            }
            return;
        }
        let with_traffic = frame.endpoint.variants.iter().filter(|variant| variant.weight > 0.0).count();
        let (can, tip) = match frame.data.status {
            EndpointStatus::InService if with_traffic > 1 => (true, "Let the weights follow the labels"),
            EndpointStatus::InService => (false, "Needs two variants with traffic"),
            _ => (false, "The weights rest until the update is over"),
        };
        if Button::secondary("Autopilot…").enabled(can).tip(tip).show(ui) {
            self.dialog = Some(Open::Autopilot(super::autopilot::Form::new(name)));
        }
    }

    fn numbers(&mut self, ui: &mut Ui, cx: &mut Context<'_>, frame: &Frame<'_>) {
        let available = ui.available_size() - vec2(0.0, parts::SCROLL_FOOT);
        let theme = Theme::of(ui);
        let left = (available.x * 0.276).clamp(224.0, 320.0);
        let height = available.y.max(cards::height(&frame.data.variants, left));
        let (rect, _) = ui.allocate_exact_size(vec2(available.x, height), Sense::hover());
        let (cards_rect, plots_rect) = rect.split_left_right_at_x(rect.left() + left);
        ui.scope_builder(egui::UiBuilder::new().max_rect(cards_rect), |ui| {
            cards::column(ui, cx, &frame.data.variants, &mut self.chosen);
        });
        let plots_rect = plots_rect.with_min_x(plots_rect.left() + size::GAP);
        let radius = CornerRadius::same(size::CARD_RADIUS);
        let line = Stroke::new(1.0, theme.line);
        ui.painter().rect(plots_rect, radius, theme.raised, line, egui::StrokeKind::Inside);
        let inner = plots_rect.shrink2(vec2(16.0, 12.0));
        ui.scope_builder(egui::UiBuilder::new().max_rect(inner), |ui| self.plots(ui, cx, frame));
    }

    fn plots(&mut self, ui: &mut Ui, cx: &Context<'_>, frame: &Frame<'_>) {
        let theme = Theme::of(ui);
        let empty = crate::stats::live::EndpointLive::default();
        let live = frame.live.unwrap_or(&empty);
        let chosen = self.chosen.as_deref();
        let series = |pick: fn(&Second) -> Sample| -> Vec<Series<'_>> {
            let variants = frame.data.variants.iter();
            variants
                .filter_map(|variant| {
                    let numbers = live.variants.iter().find(|v| v.name == variant.name)?;
                    let color = theme.variant(variant.color);
                    let series = Series::new(&variant.name, color, Points::Seconds(&numbers.seconds, pick));
                    Some(series.faint(!focus::stands_out(live, chosen, &variant.name)))
                })
                .collect()
        };
        // Beside the others where they are compared, not where the traffic is counted.
        let with_shadows = |pick: fn(&Second) -> Sample| -> Vec<Series<'_>> {
            let shadows = frame.data.shadows.iter().filter_map(|shadow| {
                let numbers = live.shadows.iter().find(|s| s.variant.name == shadow.card.name)?;
                let color = theme.variant(shadow.card.color);
                Some(Series::new(&shadow.card.name, color, Points::Seconds(&numbers.variant.seconds, pick)))
            });
            series(pick).into_iter().chain(shadows).collect()
        };
        let scores = |s: &Second| Sample { x: s.at_s as f64, y: s.score, low: s.score_low, high: s.score_high };
        let requests = |s: &Second| Sample::new(s.at_s as f64, f64::from(s.requests));
        let latency = |s: &Second| Sample::new(s.at_s as f64, f64::from(s.p99_us) / 1000.0);
        let room = ui.available_height() - 3.0 * (plot::HEAD + plot::FOOT) - 2.0 * plot::BETWEEN;
        let mut title = score::title(live);
        if focus::is_needed(live) {
            title.push_str(" (best and clicked)");
        }
        let mut charts = vec![
            Chart::new(&title, score::unit(live.score), Kind::Banded, series(scores))
                .empty("No labelled answers yet: run a traffic test"),
            Chart::new("Requests/s", Unit::Count, Kind::Stacked, series(requests)).empty("No requests yet").no_legend(),
            Chart::new("Latency p99, ms", Unit::Milliseconds, Kind::Line, with_shadows(latency))
                .empty("No requests yet")
                .no_legend(),
        ];
        for (chart, share) in charts.iter_mut().zip([0.55, 0.24, 0.21]) {
            chart.height = (room * share).floor().max(44.0);
            chart.gap = GAP_S;
        }
        let mut plots = Plots::new("endpoint", &mut self.view)
            .revision(live.revision.max(1))
            .zone(cx.zone)
            .now(cx.now.epoch_seconds());
        for mark in &live.marks {
            plots = plots.mark(mark.at_ms as f64 / 1000.0, &mark.label);
        }
        plots.show(ui, &charts);
    }
}

/// "62 / 38" from weights by name.
fn split_text(weights: &[(String, f64)]) -> String {
    let weights: Vec<f64> = weights.iter().map(|(_, weight)| *weight).collect();
    let shares = Shares::of_weights(&weights);
    let parts = shares
        .tenths()
        .iter()
        .map(|t| crate::gui::widgets::split_bar::shares::percent(*t).trim_end_matches(" %").to_owned());
    parts.collect::<Vec<_>>().join(" / ")
}

/// While nothing serves there is nothing live; say what is going on instead.
fn not_serving(ui: &mut Ui, cx: &Context<'_>, frame: &Frame<'_>) {
    let words = match frame.data.status {
        EndpointStatus::Creating => {
            "The first fleet is being loaded. Requests are answered as soon as its probe has been."
        }
        EndpointStatus::Deleting => "The last requests are being finished; then the endpoint is gone.",
        _ => "Nothing serves here. Choose a configuration that can be loaded, or delete the endpoint.",
    };
    card(ui, |ui| {
        ui.set_min_height(120.0);
        ui.vertical_centered(|ui| {
            ui.add_space(44.0);
            text::text(ui, words, fonts::body(), cx.theme.muted);
        });
    });
}
