//! Curves of several jobs laid over each other, one metric at a time.

use std::sync::Arc;

use egui::Ui;
use lucide_icons::Icon;

use super::data;
use crate::gui::context::Context;
use crate::gui::theme::fonts;
use crate::gui::widgets::field::choice;
use crate::gui::widgets::plot::{Chart, Kind, Plots, Points, Series, Unit, View};
use crate::gui::widgets::{Button, card, empty_state, text};
use crate::workspace::TrainingProgress;

/// The panel's memory.
pub struct Compare {
    view: View,
    metric: String,
}

impl Default for Compare {
    fn default() -> Self {
        Self { view: View::rounds(), metric: String::new() }
    }
}

impl Compare {
    /// Draws the panel; `true` when it was closed.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>, jobs: &[String]) -> bool {
        let known: Vec<(&String, Arc<TrainingProgress>)> =
            jobs.iter().filter_map(|job| Some((job, cx.workspace.training_progress(job)?))).collect();
        let progress: Vec<_> = known.iter().map(|(_, progress)| Arc::clone(progress)).collect();
        let metrics = data::compared_metrics(&progress);
        if !metrics.contains(&self.metric) {
            self.metric = metrics.first().cloned().unwrap_or_default();
        }
        let mut closed = false;
        let room = ui.available_height();
        card(ui, |ui| {
            ui.set_min_height(room - 30.0);
            ui.horizontal(|ui| {
                text::strong(ui, format!("{} jobs", known.len()));
                let options: Vec<(String, String)> =
                    metrics.iter().map(|metric| (metric.clone(), metric.clone())).collect();
                if !options.is_empty() {
                    choice(ui, "Metric", &mut self.metric, &options, 220.0);
                }
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
                    closed = ui.add(Button::icon_only(Icon::X, "Close comparison")).clicked();
                });
            });
            let series: Vec<Series<'_>> = known
                .iter()
                .enumerate()
                .filter_map(|(i, (job, progress))| {
                    let curve = progress.curves.iter().find(|curve| curve.metric == self.metric)?;
                    Some(Series::new(job, cx.theme.variant(i), Points::Curve(&curve.points)))
                })
                .collect();
            if series.is_empty() {
                empty_state::nothing(ui, "None of these jobs has measured anything yet.");
                return;
            }
            let better = if data::more_is_better(&self.metric) { "higher is better" } else { "lower is better" };
            text::text(ui, better, fonts::small(), cx.theme.faint);
            let height = (ui.available_height() - 56.0).max(90.0);
            let revision = progress.iter().map(|one| one.revision).fold(0, u64::wrapping_add);
            let chart = Chart::new(&self.metric, Unit::Number, Kind::Line, series).height(height);
            Plots::new("compare", &mut self.view).revision(revision).show(ui, &[chart]);
        });
        closed
    }
}
