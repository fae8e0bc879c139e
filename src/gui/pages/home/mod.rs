//! Home: what to do next, what runs, what it costs, what happened.

pub mod data;
pub mod summary;

use std::collections::BTreeSet;

use egui::{Align, CornerRadius, Layout, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use self::data::{Step, StepId};
use self::summary::JobCosts;
use crate::domain::event::Severity;
use crate::domain::reference::{Kind, ResourceRef};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::route::Route;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{Button, Icon, Pill, at, button, card, empty_state, header, icon, page, text};

const STEP: f32 = 59.0;
/// On a large screen the cards stay a page and don't become a wall.
const WIDEST: f32 = 1_320.0;
const HIGHEST: f32 = 720.0;
const REMEMBERED: &str = "home.done";

/// The steps and what they were made from.
struct Cached {
    revision: u64,
    requests: Option<u64>,
    remembered: BTreeSet<StepId>,
    steps: Vec<Step>,
}

/// The page.
#[derive(Default)]
pub struct HomePage {
    cached: Option<Cached>,
    costs: Option<(u64, JobCosts)>,
}

impl HomePage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let steps = self.steps(cx);
        let greeting = summary::greeting(format::hour(cx.now, cx.zone));
        let revision = cx.snapshot.training_jobs.revision();
        if self.costs.as_ref().is_none_or(|(seen, _)| *seen != revision) {
            self.costs = Some((revision, summary::job_costs(cx.snapshot)));
        }
        let costs = self.costs.as_ref().map(|(_, costs)| costs.clone()).unwrap_or_default();
        let below = summary::summary(cx.snapshot, &steps, cx.now);
        page::scroll(ui, "home", |ui| {
            header(ui, greeting, None, &below, |ui| {
                if Button::secondary("New training job").large().show(ui) {
                    cx.actions.go(Route::NewTrainingJob { clone_of: None });
                }
            });
            let width = ui.available_width().min(WIDEST);
            let height = ui.available_height().min(HIGHEST);
            if width < 640.0 {
                checklist(ui, cx, &steps, 0.0);
                ui.add_space(size::GAP - ui.spacing().item_spacing.y);
                beside(ui, cx, &costs, 0.0);
                return;
            }
            let right = (width * 0.36).clamp(270.0, 400.0);
            ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.x = 16.0;
                let column = |ui: &mut Ui, width: f32, draw: &mut dyn FnMut(&mut Ui)| {
                    ui.allocate_ui_with_layout(vec2(width, height), Layout::top_down(Align::Min), |ui| {
                        ui.set_width(width);
                        draw(ui);
                    });
                };
                column(ui, width - right - 16.0, &mut |ui| checklist(ui, cx, &steps, height));
                column(ui, right, &mut |ui| beside(ui, cx, &costs, height));
            });
        });
    }

    /// The steps, made again when the workspace changed; new ticks are kept.
    fn steps(&mut self, cx: &mut Context<'_>) -> Vec<Step> {
        let requests = data::playing_endpoint(cx.snapshot)
            .and_then(|name| cx.workspace.endpoint_live(&name))
            .map(|live| live.variants.iter().map(|variant| variant.requests).sum());
        let remembered: BTreeSet<StepId> = cx.prefs.get(REMEMBERED);
        if let Some(cached) = &self.cached
            && (cached.revision, cached.requests) == (cx.snapshot.revision, requests)
            && cached.remembered == remembered
        {
            return cached.steps.clone();
        }
        let steps = data::steps(cx.snapshot, &remembered, requests);
        let done: BTreeSet<StepId> = steps.iter().filter(|step| step.done).map(|step| step.id).collect();
        cx.prefs.set(REMEMBERED, &done);
        self.cached = Some(Cached { revision: cx.snapshot.revision, requests, remembered, steps: steps.clone() });
        steps
    }
}

fn checklist(ui: &mut Ui, cx: &mut Context<'_>, steps: &[Step], height: f32) {
    let next = data::next(steps);
    card::frame(cx.theme).inner_margin(egui::Margin::symmetric(18, 6)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.set_min_height((height - 14.0).max(0.0));
        ui.spacing_mut().item_spacing.y = 0.0;
        for (i, step) in steps.iter().enumerate() {
            step_ui(ui, cx, i, step, next == Some(step.id), i + 1 == steps.len());
        }
        if next.is_none() {
            ui.add_space(14.0);
            ui.horizontal(|ui| {
                text::muted(ui, "The whole loop is done.");
                if Button::ghost("Begin again").icon(Icon::RotateCcw).show(ui) {
                    cx.prefs.set(REMEMBERED, &BTreeSet::<StepId>::new());
                }
            });
        }
    });
}

fn step_ui(ui: &mut Ui, cx: &mut Context<'_>, place: usize, step: &Step, next: bool, last: bool) {
    let theme = cx.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), STEP), Sense::hover());
    response.widget_info(|| {
        let state = if step.done { "done" } else { "to do" };
        WidgetInfo::labeled(Role::ListItem, true, format!("{} ({state})", step.id.title()))
    });
    let middle = rect.center().y - 1.0;
    let disc = pos2(rect.left() + 12.0, middle);
    let painter = ui.painter();
    if step.done {
        painter.circle_filled(disc, 10.0, theme.ok.soft);
        icon::paint(painter, Icon::Check, disc, 13.0, theme.ok.text);
    } else {
        let (line, color) = if next { (theme.accent, theme.accent) } else { (theme.line_strong, theme.muted) };
        painter.circle_stroke(disc, 9.5, Stroke::new(1.0, line));
        let font = fonts::inter(11.0, fonts::Weight::Medium);
        painter.text(disc, egui::Align2::CENTER_CENTER, (place + 1).to_string(), font, color);
    }
    if !last {
        painter.hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.line));
    }
    let right = Rect::from_min_max(pos2(rect.center().x, rect.top()), pos2(rect.right(), rect.bottom() - 1.0));
    let mut edge = rect.right();
    at(ui, right, Layout::right_to_left(Align::Center), |ui| {
        if step.done {
            text::muted(ui, "done");
        } else {
            let button = if next { Button::primary(step.button) } else { Button::secondary(step.button) };
            let can = !step.does.is_empty();
            let button = button.large().enabled(can);
            let button = if can { button } else { button.tip(step.why_not) };
            if button.show(ui) {
                step.does.iter().cloned().for_each(|action| cx.actions.push(action));
            }
        }
        edge = ui.min_rect().left();
    });
    let x = rect.left() + 34.0;
    let room = edge - x - 16.0;
    let font = if next { fonts::strong() } else { fonts::medium() };
    let title = text::elided_galley(ui, step.id.title(), font, theme.text, room);
    let below = text::elided_galley(ui, &step.below, fonts::small(), theme.muted, room);
    ui.painter().galley(pos2(x, middle - title.size().y + 1.0), title, theme.text);
    ui.painter().galley(pos2(x, middle + 3.0), below, theme.muted);
}

/// Running now, cost, recent events: the right column.
fn beside(ui: &mut Ui, cx: &mut Context<'_>, costs: &JobCosts, height: f32) {
    let top = ui.cursor().top();
    ui.spacing_mut().item_spacing.y = size::GAP;
    running_card(ui, cx, costs);
    cost_card(ui, cx, costs);
    let left = height - (ui.cursor().top() - top);
    recent_card(ui, cx, left);
}

fn running_card(ui: &mut Ui, cx: &mut Context<'_>, costs: &JobCosts) {
    const MOST: usize = 4;
    let theme = cx.theme;
    let mut rows: Vec<(ResourceRef, &'static str, f64, Pill)> = Vec::new();
    let endpoints = cx.snapshot.endpoints.values().filter(|endpoint| endpoint.usd_per_hour() > 0.0);
    rows.extend(endpoints.map(|endpoint| {
        let about = ResourceRef::new(Kind::Endpoint, &endpoint.name);
        (about, "Endpoint", endpoint.usd_per_hour(), Pill::endpoint(endpoint.status))
    }));
    let jobs = costs.under_way.iter().filter_map(|name| cx.snapshot.training_jobs.get(name));
    rows.extend(jobs.map(|job| {
        let about = ResourceRef::new(Kind::TrainingJob, job.name());
        (about, "Training job", job.spec.usd_per_hour(), Pill::training(job.status, None))
    }));
    let (usd, _) = cx.snapshot.running_cost();
    let right = if rows.is_empty() { String::new() } else { format::usd_per_hour(usd) };
    card::titled(
        ui,
        "Running now",
        |ui| {
            text::muted(ui, right);
        },
        |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            if rows.is_empty() {
                ui.add_space(8.0);
                ui.horizontal(|ui| {
                    icon(ui, Icon::CircleCheck, 16.0, theme.ok.text);
                    text::muted(ui, "Nothing is running.");
                });
                return;
            }
            for (i, (about, noun, usd, pill)) in rows.iter().take(MOST).enumerate() {
                if i > 0 {
                    let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover());
                    ui.painter().hline(line.x_range(), line.center().y, Stroke::new(1.0, theme.line));
                }
                running_row(ui, cx, about, noun, *usd, pill);
            }
            if rows.len() > MOST {
                ui.add_space(6.0);
                if text::link(ui, format!("and {} more", rows.len() - MOST)).clicked() {
                    cx.actions.go(Route::Cleanup);
                }
            }
        },
    );
}

fn running_row(ui: &mut Ui, cx: &mut Context<'_>, about: &ResourceRef, noun: &str, usd: f64, pill: &Pill) {
    let theme = cx.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 54.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, about.to_string()));
    if response.hovered() {
        let ground = rect.expand2(vec2(8.0, -4.0));
        ui.painter().rect_filled(ground, CornerRadius::same(size::RADIUS), theme.hover);
    }
    button::focus_ring(ui, &response, rect.shrink2(vec2(0.0, 5.0)), size::RADIUS);
    let mut edge = rect.right();
    at(ui, rect, Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        ui.add(pill);
        text::muted(ui, format::usd_per_hour(usd));
        edge = ui.min_rect().left();
    });
    let room = edge - rect.left() - 12.0;
    let name = text::elided_galley(ui, &about.name, fonts::medium(), theme.text, room);
    let below = text::elided_galley(ui, noun, fonts::small(), theme.faint, room);
    ui.painter().galley(pos2(rect.left(), rect.center().y - name.size().y - 0.0), name, theme.text);
    ui.painter().galley(pos2(rect.left(), rect.center().y + 2.0), below, theme.faint);
    if response.clicked() {
        cx.actions.go(Route::of(about));
    }
}

fn cost_card(ui: &mut Ui, cx: &mut Context<'_>, costs: &JobCosts) {
    let theme = cx.theme;
    let (per_hour, _) = cx.snapshot.running_cost();
    let so_far = summary::so_far(cx.snapshot, costs, cx.now);
    card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        text::strong(ui, "What is here, at AWS list price");
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 10.0;
            // Whole cents: the one number of a card is no place for "<$0.001".
            let cents = (so_far * 100.0).round() / 100.0;
            text::text(ui, format::usd(cents), fonts::number(), theme.text);
            let now = if per_hour > 0.0 {
                format!("so far · {} a day now", format::usd(per_hour * 24.0))
            } else {
                "so far · nothing bills now".to_owned()
            };
            let color = theme.muted;
            text::elided(ui, &now, fonts::body(), color, ui.available_width());
        });
        let words = egui::RichText::new("An estimate of what this would cost on AWS. Here it is free.")
            .font(fonts::small())
            .color(theme.faint);
        ui.add(egui::Label::new(words).wrap());
    });
}

fn recent_card(ui: &mut Ui, cx: &mut Context<'_>, height: f32) {
    let theme = cx.theme;
    card(ui, |ui| {
        ui.set_min_height((height - 30.0).max(0.0));
        ui.spacing_mut().item_spacing.y = 0.0;
        text::strong(ui, "Recently");
        ui.add_space(4.0);
        let fit = (((height - 60.0) / 28.0) as usize).clamp(5, 14);
        let snapshot = std::sync::Arc::clone(cx.snapshot);
        if snapshot.events.is_empty() {
            ui.add_space(4.0);
            empty_state::nothing(ui, "Nothing yet.");
        }
        for event in snapshot.events.iter().rev().take(fit) {
            let about = event.about.as_ref().filter(|about| cx.snapshot.contains(about));
            let sense = if about.is_some() { Sense::click() } else { Sense::hover() };
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), sense);
            response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, &event.text));
            if about.is_some() && response.hovered() {
                let ground = rect.expand2(vec2(8.0, 0.0));
                ui.painter().rect_filled(ground, CornerRadius::same(size::RADIUS), theme.hover);
            }
            button::focus_ring(ui, &response, rect.shrink(2.0), size::RADIUS);
            let old = cx.now.ms_since(event.at) > 20 * 3_600_000;
            let when = if old { format::day(event.at, cx.zone) } else { format::clock(event.at, cx.zone) };
            let start = pos2(rect.left(), rect.center().y);
            ui.painter().text(start, egui::Align2::LEFT_CENTER, when, fonts::body(), theme.faint);
            let color = if event.severity == Severity::Error { theme.error.text } else { theme.muted };
            let words = text::elided_galley(ui, &event.text, fonts::body(), color, rect.width() - 54.0);
            let elided = words.elided;
            ui.painter().galley(pos2(rect.left() + 54.0, rect.center().y - words.size().y / 2.0), words, color);
            if response.clicked()
                && let Some(about) = about
            {
                cx.actions.go(Route::of(about));
            }
            if elided {
                response.on_hover_text(&event.text);
            }
        }
    });
}
