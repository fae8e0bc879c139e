//! One training job: how far it is, its curves as they grow, its log, its data, its hyperparameters.

use std::sync::Arc;

use egui::{Align, Layout, Ui, vec2};
use lucide_icons::Icon;

use super::data;
use super::list_ui::{confirm_delete, stop};
use super::log_ui::LogTab;
use crate::domain::price;
use crate::domain::reference::Kind as Resource;
use crate::domain::training_job::{ChannelFormat, TrainingJob, TrainingJobStatus};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::models::data::models_of;
use crate::gui::pages::{code, parts};
use crate::gui::route::Route;
use crate::gui::snippets;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::plot::{Chart, Kind, Plots, Points, Sample, Series, Unit, View};
use crate::gui::widgets::relations::{Relation, relations};
use crate::gui::widgets::{Button, Pill, PillTone, card, empty_state, header, menu, progress_bar, tabs, text};
use crate::workspace::TrainingProgress;

/// Stands for all metrics, one below the other.
const ALL: &str = "all";

const TABS: &[&str] = &["Metrics", "Log", "Data", "Hyperparameters", "Code"];

/// The page.
pub struct TrainingJobPage {
    name: String,
    view: View,
    /// The metric on show, or [`ALL`].
    metric: String,
    smoothing: f64,
    smoothed: Smoothed,
    log: LogTab,
}

/// Smoothed curves, for (revision, factor): by metric.
#[derive(Default)]
struct Smoothed {
    made_for: Option<(u64, u64)>,
    curves: Vec<(String, Vec<Sample>)>,
}

impl TrainingJobPage {
    /// The page of that name.
    pub fn new(name: String) -> Self {
        Self {
            name,
            view: View::rounds(),
            metric: String::new(),
            smoothing: 0.0,
            smoothed: Smoothed::default(),
            log: LogTab::default(),
        }
    }

    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let name = self.name.clone();
        let name = name.as_str();
        let Some(job) = cx.snapshot.training_jobs.get(name).cloned() else { return };
        let progress = cx.workspace.training_progress(name).unwrap_or_default();
        head(ui, cx, &job, &progress);
        let mut tab: usize = cx.prefs.get("training.tab");
        let facts = facts(cx, &job);
        let chosen = tabs(ui, TABS, &mut tab, |ui| {
            let room = ui.available_width();
            text::elided(ui, &facts, fonts::body(), cx.theme.muted, room);
        });
        if chosen {
            cx.prefs.set("training.tab", &tab);
        }
        if let Some(reason) = &job.failure_reason {
            failure(ui, cx, &job, reason);
        }
        if tab == 1 {
            self.log.ui(ui, cx, name);
            return;
        }
        if tab == 4 {
            let snippets = snippets::training_job(cx.snapshot, &job);
            code::tab(ui, cx, "training-job", &snippets);
            return;
        }
        parts::scroll(ui, ("job", tab), |ui| match tab {
            0 => self.metrics(ui, cx, &job, &progress),
            2 => data_tab(ui, cx, &job),
            _ => parameters(ui, cx, &job),
        });
    }

    fn metrics(&mut self, ui: &mut Ui, cx: &mut Context<'_>, job: &Arc<TrainingJob>, progress: &TrainingProgress) {
        let lines = data::now_lines(job, progress);
        let empty = progress.curves.is_empty() && job.status.is_final();
        // High enough for the card at the side, low enough that what it uses and is used by stays in sight.
        let height = if empty { 96.0 } else { (ui.available_height() - 128.0).clamp(250.0, 460.0) };
        let height = height.max(if empty { 0.0 } else { 64.0 + 28.0 * lines.len() as f32 });
        let this = &mut *self;
        parts::with_side(
            ui,
            cx,
            300.0,
            |ui, cx| this.curves(ui, cx, progress, height, job.status.is_final()),
            |ui, _| {
                card(ui, |ui| {
                    ui.set_min_height(height - 30.0);
                    text::strong(ui, if job.status.is_final() { "At the end" } else { "Now" });
                    ui.spacing_mut().item_spacing.y = 4.0;
                    if lines.is_empty() {
                        empty_state::nothing(ui, "Nothing measured.");
                    }
                    for (label, value) in &lines {
                        parts::fact_right(ui, label, value);
                    }
                });
            },
        );
        ui.add_space(size::GAP - ui.spacing().item_spacing.y);
        uses(ui, cx, job);
    }

    fn curves(&mut self, ui: &mut Ui, cx: &mut Context<'_>, progress: &TrainingProgress, height: f32, over: bool) {
        let charts = data::charts(progress);
        card(ui, |ui| {
            ui.set_min_height(height - 30.0);
            if charts.is_empty() {
                text::strong(ui, "Metrics");
                let words = if over { "Nothing was measured." } else { "Curves appear with the first round." };
                empty_state::nothing(ui, words);
                return;
            }
            if !charts.iter().any(|chart| chart.word == self.metric) && self.metric != ALL {
                charts[0].word.clone_into(&mut self.metric);
            }
            self.chooser(ui, cx, &charts);
            self.smooth(progress);
            let best = data::best_words(progress);
            let room = height - 30.0 - size::CONTROL - 8.0;
            let shown: Vec<_> = charts.iter().filter(|chart| self.metric == ALL || chart.word == self.metric).collect();
            let each = (room - 46.0 * shown.len() as f32) / shown.len() as f32;
            let drawn: Vec<Chart<'_>> = shown
                .into_iter()
                .map(|chart| {
                    let series = chart.curves.iter().map(|(channel, curve)| {
                        // Train and validation keep their colours on every chart.
                        let color = cx.theme.variant(usize::from(*channel == "validation"));
                        let points = match self.smoothed.curves.iter().find(|(metric, _)| *metric == curve.metric) {
                            Some((_, samples)) => Points::Samples(samples),
                            None => Points::Curve(&curve.points),
                        };
                        Series::new(if channel.is_empty() { chart.word } else { channel }, color, points)
                    });
                    Chart::new(chart.word, Unit::Number, Kind::Line, series.collect()).height(each.max(110.0))
                })
                .collect();
            let revision = progress.revision.wrapping_mul(1000).wrapping_add((self.smoothing * 100.0) as u64);
            let mut plots = Plots::new(&self.metric, &mut self.view).revision(revision);
            if let Some((round, words)) = &best {
                plots = plots.best(*round, words);
            }
            plots.show(ui, &drawn);
        });
    }

    /// Which metric is on show, and how smooth.
    fn chooser(&mut self, ui: &mut Ui, cx: &Context<'_>, charts: &[data::MetricChart<'_>]) {
        let before = self.metric.clone();
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            if charts.len() > 1 {
                for word in charts.iter().map(|chart| chart.word).chain([ALL]) {
                    let name = format!("Show {word}");
                    if ui.add(Button::ghost(word).name(&name).selected(word == self.metric)).clicked() {
                        word.clone_into(&mut self.metric);
                    }
                }
            } else {
                text::text(ui, "Metrics", fonts::strong(), cx.theme.text);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let words = format!("smoothing {}", self.smoothing);
                let button = ui.add(Button::ghost(&words).name("Smoothing").trailing(Icon::ChevronDown));
                egui::Popup::menu(&button).id(egui::Id::unique("smoothing-menu")).show(|ui| {
                    for factor in [0.0, 0.3, 0.6, 0.8, 0.9] {
                        if menu::item(ui, &format!("{factor}"), factor == self.smoothing) {
                            self.smoothing = factor;
                            ui.close();
                        }
                    }
                });
            });
        });
        if self.metric != before {
            // Other charts, other caches.
            self.view = View::rounds();
        }
    }

    fn smooth(&mut self, progress: &TrainingProgress) {
        let factor = self.smoothing;
        let wanted = Some((progress.revision, factor.to_bits()));
        if self.smoothed.made_for == wanted {
            return;
        }
        self.smoothed.made_for = wanted;
        self.smoothed.curves = if factor > 0.0 {
            progress.curves.iter().map(|curve| (curve.metric.clone(), data::smooth(curve, factor))).collect()
        } else {
            Vec::new()
        };
    }
}

fn head(ui: &mut Ui, cx: &mut Context<'_>, job: &TrainingJob, progress: &TrainingProgress) {
    let name = job.name();
    let pill = Pill::training(job.status, Some(job.secondary));
    let over = job.status.is_final();
    let below = if over { data::progress_words(job, progress) } else { String::new() };
    let below = if job.status == TrainingJobStatus::Failed { String::new() } else { below };
    let mut actions = |ui: &mut Ui| {
        if over {
            if job.artifact.is_some() && Button::primary("Create model").large().show(ui) {
                cx.actions.go(Route::NewModel { from_job: Some(name.to_owned()) });
            }
            if Button::danger("Delete…").large().name("Delete job").show(ui) {
                confirm_delete(cx, &[name.to_owned()], Some(&Route::TrainingJobs));
            }
        } else {
            let can = job.status == TrainingJobStatus::InProgress;
            let tip = "Ends the job after this round; what it has learned is kept as its artefact";
            if Button::secondary("Stop").large().enabled(can).tip(tip).show(ui) {
                stop(cx, name);
            }
        }
        if Button::secondary("Clone").large().tip("A new job with the same values").show(ui) {
            cx.actions.go(Route::NewTrainingJob { clone_of: Some(name.to_owned()) });
        }
    };
    if over {
        header(ui, name, Some(&pill), &below, actions);
        return;
    }
    let theme = crate::gui::theme::Theme::of(ui);
    // Under way: the bar and the time left stand beside the status.
    let words = data::progress_words(job, progress);
    let fraction = if progress.rounds == 0 { 0.0 } else { progress.round as f32 / progress.rounds as f32 };
    ui.horizontal(|ui| {
        ui.set_min_height(34.0);
        let row = egui::Rect::from_min_size(ui.cursor().min, vec2(ui.available_width(), 34.0));
        let mut used = 0.0;
        ui.scope_builder(egui::UiBuilder::new().max_rect(row).layout(Layout::right_to_left(Align::Center)), |ui| {
            actions(ui);
            used = ui.min_rect().width();
        });
        let left = egui::Rect::from_min_max(row.min, egui::pos2(row.right() - used - 12.0, row.bottom()));
        ui.scope_builder(egui::UiBuilder::new().max_rect(left).layout(Layout::left_to_right(Align::Center)), |ui| {
            ui.spacing_mut().item_spacing.x = 10.0;
            let words_width = text::elided_galley(ui, &words, fonts::body(), theme.muted, 400.0).size().x;
            let rest = pill.width(ui) + words_width + 40.0;
            // The name first, the bar where there is room for it.
            let name_width = text::elided_galley(ui, name, fonts::title(), theme.text, f32::INFINITY).size().x;
            let bar = (left.width() - rest - name_width).clamp(0.0, 180.0);
            text::elided(ui, name, fonts::title(), theme.text, (left.width() - rest - bar).max(100.0));
            ui.add(&pill);
            if bar > 40.0 {
                progress_bar(ui, fraction, bar, &format!("Progress of {name}"));
            }
            let room = ui.available_width();
            text::elided(ui, &words, fonts::body(), theme.muted, room);
        });
    });
    ui.add_space(6.0);
}

/// The line at the right of the tabs.
fn facts(cx: &Context<'_>, job: &TrainingJob) -> String {
    let ms = job.billable_ms(cx.now);
    let mut words = vec![job.spec.algorithm.as_str().to_owned(), job.spec.instance_type.clone()];
    if job.started.is_some() {
        words.push(format::duration(ms));
        words.push(format::usd(price::usd_for(job.spec.usd_per_hour(), ms)));
    }
    words.join(" · ")
}

fn failure(ui: &mut Ui, cx: &mut Context<'_>, job: &TrainingJob, reason: &str) {
    let words = match data::what_to_do(reason) {
        Some(way_out) => format!("{reason}\n{way_out}"),
        None => reason.to_owned(),
    };
    parts::banner(ui, PillTone::Error, "The job failed", &words, |ui| {
        if Button::secondary("Clone and mend").show(ui) {
            cx.actions.go(Route::NewTrainingJob { clone_of: Some(job.name().to_owned()) });
        }
    });
}

fn uses(ui: &mut Ui, cx: &mut Context<'_>, job: &TrainingJob) {
    let snapshot = cx.snapshot;
    let channels: Vec<Relation> =
        job.spec.channels.iter().map(|channel| parts::object_chip(snapshot, &channel.data)).collect();
    let mut users = Vec::new();
    if let Some(artifact) = &job.artifact {
        users.push(parts::object_chip(snapshot, artifact));
        users.extend(models_of(snapshot, artifact).map(|model| parts::chip(snapshot, Resource::Model, &model.name)));
    }
    let none = if job.status.is_final() { "no artefact" } else { "model.tar.gz when done" };
    card(ui, |ui| {
        text::strong(ui, "Uses and used by");
        ui.add_space(4.0);
        relations(ui, cx.actions, "this job", &channels, "no data", &users, none);
    });
}

fn data_tab(ui: &mut Ui, cx: &mut Context<'_>, job: &TrainingJob) {
    for channel in &job.spec.channels {
        card(ui, |ui| {
            text::strong(ui, format!("Channel {}", channel.name));
            ui.add_space(2.0);
            parts::fact_copy(ui, cx, "S3 URI", &channel.data.to_string(), 130.0);
            let format = match channel.content_type.as_deref().map(ChannelFormat::from_content_type) {
                Some(Some(ChannelFormat::Csv)) => {
                    "CSV, label first, no header; 0 is a value, an empty field is missing"
                }
                Some(Some(ChannelFormat::Libsvm)) => "libsvm; what is absent is missing",
                Some(Some(ChannelFormat::RecordIo)) => "RecordIO-protobuf; what a sparse record leaves out is 0",
                Some(None) | None => "as the container takes it",
            };
            parts::fact(ui, "Format", format, 130.0);
            if let Some(to) = parts::folder_of(cx.snapshot, &channel.data)
                && Button::secondary("Open in Data").name(&format!("Open {} in Data", channel.name)).show(ui)
            {
                cx.actions.go(to);
            }
        });
        ui.add_space(size::GAP - ui.spacing().item_spacing.y);
    }
    card(ui, |ui| {
        text::strong(ui, "Output");
        ui.add_space(2.0);
        parts::fact_copy(ui, cx, "Output path", &job.spec.output.to_string(), 130.0);
        match &job.artifact {
            Some(artifact) => parts::fact_copy(ui, cx, "Artefact", &artifact.to_string(), 130.0),
            None => {
                parts::fact(
                    ui,
                    "Artefact",
                    if job.status.is_final() { "none was written" } else { "when done" },
                    130.0,
                );
            }
        }
    });
    ui.add_space(size::GAP - ui.spacing().item_spacing.y);
    card(ui, |ui| {
        text::strong(ui, "Job");
        ui.add_space(2.0);
        let arn = cx.snapshot.info.account.arn(crate::domain::arn::ArnKind::TrainingJob, job.name());
        parts::fact_copy(ui, cx, "ARN", &arn, 130.0);
        parts::fact_copy(ui, cx, "Image", &job.spec.image, 130.0);
        let instances = format!("{} × {}", job.spec.instance_count, job.spec.instance_type);
        parts::fact(ui, "Instances", &instances, 130.0);
        let limit = format::duration(i64::from(job.spec.max_runtime_s) * 1000);
        parts::fact(ui, "Longest run", &limit, 130.0);
        parts::fact(ui, "Created", &format::exact(job.created, cx.zone), 130.0);
        if let Some(ended) = job.ended {
            parts::fact(ui, "Ended", &format::exact(ended, cx.zone), 130.0);
        }
        if job.attempts > 1 {
            parts::fact(
                ui,
                "Attempts",
                &format!("{}: the app ended in the middle of an earlier one", job.attempts),
                130.0,
            );
        }
    });
}

fn parameters(ui: &mut Ui, cx: &mut Context<'_>, job: &TrainingJob) {
    let rows = data::parameter_rows(job);
    let (given, defaults): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.given);
    for (title, rows) in [("Given", given), ("Defaults", defaults)] {
        if rows.is_empty() {
            continue;
        }
        card(ui, |ui| {
            text::strong(ui, title);
            ui.add_space(2.0);
            ui.spacing_mut().item_spacing.y = 2.0;
            for row in &rows {
                ui.horizontal(|ui| {
                    parts::fixed(ui, &row.name, fonts::mono(), cx.theme.text, 210.0);
                    parts::fixed(ui, &row.value, fonts::mono(), cx.theme.text, 170.0);
                    let room = ui.available_width();
                    text::elided(ui, row.help, fonts::small(), cx.theme.muted, room);
                });
            }
        });
        ui.add_space(size::GAP - ui.spacing().item_spacing.y);
    }
}
