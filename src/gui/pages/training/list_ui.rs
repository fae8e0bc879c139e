//! The list of training jobs.

use std::cmp::Ordering;

use egui::{Align, Layout, Ui, vec2};
use lucide_icons::Icon;

use super::compare_ui::Compare;
use super::data::{self, JobRow};
use crate::domain::time::Timestamp;
use crate::domain::training_job::TrainingJobStatus;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::cache::Cached;
use crate::gui::pages::parts::{self, Deletion};
use crate::gui::route::Route;
use crate::gui::theme::size;
use crate::gui::widgets::table::contains;
use crate::gui::widgets::{Button, Cell, Column, Pill, Rows, Table, TableState, empty_state, header, menu};
use crate::workspace::{Command, Snapshot};

const COLUMNS: &[Column] = &[
    Column::new("Name", 180.0).grow(2.0),
    Column::new("Algorithm", 110.0).hide_below(820.0),
    Column::new("Status", 120.0),
    Column::new("Metric", 130.0).grow(0.5).hide_below(900.0),
    Column::number("Value", 70.0),
    Column::number("Duration", 90.0).hide_below(640.0),
    Column::number("Cost", 80.0).hide_below(700.0),
    Column::new("Created", 110.0),
];

/// Jobs that are laid over each other at most: as many as there are colours.
const MOST_COMPARED: usize = 8;

/// The page.
pub struct TrainingJobsPage {
    table: TableState,
    /// Rows, and what the list says below its title.
    rows: Cached<(Vec<JobRow>, String)>,
    /// The jobs on show in the comparison.
    compared: Vec<String>,
    compare: Compare,
    comparing: bool,
}

impl Default for TrainingJobsPage {
    fn default() -> Self {
        Self {
            table: TableState::sorted(7, true),
            rows: Cached::default(),
            compared: Vec::new(),
            compare: Compare::default(),
            comparing: false,
        }
    }
}

struct JobRows<'a> {
    rows: &'a [JobRow],
    now: Timestamp,
}

impl Rows for JobRows<'_> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn key(&self, row: usize) -> &str {
        &self.rows[row].name
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        let row = &self.rows[row];
        match column {
            0 => Cell::Name(row.name.clone()),
            1 => Cell::Muted(row.algorithm.as_str().to_owned()),
            2 => Cell::Pill(Pill::training(row.status, None)),
            3 => row.objective.as_ref().map_or(Cell::Empty, |(name, _)| Cell::Muted(name.clone())),
            4 => row.objective.as_ref().map_or(Cell::Empty, |(_, value)| Cell::Number(data::number(*value))),
            5 => row.duration_ms(self.now).map_or(Cell::Empty, |ms| Cell::Number(format::duration(ms))),
            6 if row.duration_ms(self.now).is_none() => Cell::Empty,
            6 => Cell::Number(format::usd(row.usd(self.now))),
            _ => Cell::Time(row.created),
        }
    }

    fn compare(&self, a: usize, b: usize, column: usize) -> Ordering {
        let (a, b) = (&self.rows[a], &self.rows[b]);
        match column {
            0 => a.name.cmp(&b.name),
            1 => a.algorithm.cmp(&b.algorithm),
            2 => data::status_rank(a.status).cmp(&data::status_rank(b.status)),
            3 => a.objective.as_ref().map(|o| &o.0).cmp(&b.objective.as_ref().map(|o| &o.0)),
            4 => {
                let value = |row: &JobRow| row.objective.as_ref().map_or(f64::INFINITY, |o| o.1);
                value(a).total_cmp(&value(b))
            }
            5 => a.duration_ms(self.now).cmp(&b.duration_ms(self.now)),
            6 => a.usd(self.now).total_cmp(&b.usd(self.now)),
            _ => a.created.cmp(&b.created),
        }
    }

    fn matches(&self, row: usize, needle: &str) -> bool {
        let row = &self.rows[row];
        [row.name.as_str(), row.algorithm.as_str(), row.status.as_str()].iter().any(|hay| contains(hay, needle))
    }
}

impl TrainingJobsPage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let snapshot = cx.snapshot;
        let revision = snapshot.training_jobs.revision();
        let cached = self.rows.get(revision, || {
            let rows = data::rows(snapshot);
            let below = summary(&rows);
            (rows, below)
        });
        let (rows, below) = &*cached;
        header(ui, "Training", None, below, |ui| {
            if Button::primary("New training job").large().icon(Icon::Plus).show(ui) {
                cx.actions.go(Route::NewTrainingJob { clone_of: None });
            }
        });
        if rows.is_empty() {
            let sentence = "A training job learns a model from data in a bucket: gradient boosted trees or a linear model, \
                            with the hyperparameters of SageMaker's own.";
            if empty_state(ui, Icon::ChartLine, "No training jobs yet", sentence, Some("Start the first one")) {
                cx.actions.go(Route::NewTrainingJob { clone_of: None });
            }
            return;
        }
        self.compared.retain(|name| snapshot.training_jobs.contains(name));
        self.comparing &= self.compared.len() > 1;
        let panel = if self.comparing { (ui.available_height() * 0.5).clamp(260.0, 420.0) } else { 0.0 };
        let room =
            vec2(ui.available_width(), ui.available_height() - panel - if self.comparing { size::GAP } else { 0.0 });
        ui.allocate_ui_with_layout(room, Layout::top_down(Align::Min), |ui| self.table(ui, cx, rows, revision));
        if self.comparing {
            ui.add_space(size::GAP - ui.spacing().item_spacing.y);
            if self.compare.ui(ui, cx, &self.compared) {
                self.comparing = false;
            }
        }
    }

    fn table(&mut self, ui: &mut Ui, cx: &mut Context<'_>, rows: &[JobRow], revision: u64) {
        let comparing = std::cell::Cell::new(self.comparing);
        let outcome = Table::new("training-jobs", COLUMNS)
            .filter("Filter jobs")
            .fit()
            .toolbar(|ui, cx, selected| selection_ui(ui, cx, selected, &comparing))
            .menu(|ui, cx, selected| menu_ui(ui, cx, selected, &comparing))
            .show(ui, cx, &mut self.table, revision, &JobRows { rows, now: cx.now });
        let opened = comparing.get() && !self.comparing;
        self.comparing = comparing.get();
        if opened || self.comparing && outcome.selection_changed {
            self.compared = self.table.selected().to_vec();
            self.compared.truncate(MOST_COMPARED);
        }
        if let Some(name) = outcome.open {
            cx.actions.go(Route::TrainingJob(name));
        }
        if rows.iter().any(|row| row.running_since.is_some()) {
            // Durations of running jobs grow by the second.
            crate::gui::ticking(ui.ctx(), 1000);
        }
    }
}

fn selection_ui(ui: &mut Ui, cx: &mut Context<'_>, selected: &[String], comparing: &std::cell::Cell<bool>) {
    if selected.is_empty() {
        return;
    }
    if Button::danger("Delete…").name("Delete selected jobs").show(ui) {
        confirm_delete(cx, selected, None);
    }
    if let [one] = selected {
        if Button::secondary("Clone").name("Clone selected job").show(ui) {
            cx.actions.go(Route::NewTrainingJob { clone_of: Some(one.clone()) });
        }
    } else {
        let words = if comparing.get() { "Hide curves" } else { "Compare curves" };
        if ui.add(Button::secondary(words).icon(Icon::ChartLine)).clicked() {
            comparing.set(!comparing.get());
        }
    }
}

fn menu_ui(ui: &mut Ui, cx: &mut Context<'_>, selected: &[String], comparing: &std::cell::Cell<bool>) {
    if let [one] = selected {
        let job = cx.snapshot.training_jobs.get(one);
        if menu::action(ui, Icon::Copy, "Clone", "") {
            cx.actions.go(Route::NewTrainingJob { clone_of: Some(one.clone()) });
            ui.close();
        }
        let artifact = job.is_some_and(|job| job.artifact.is_some());
        if menu::enabled(ui, artifact, Icon::Box, "Create model") {
            cx.actions.go(Route::NewModel { from_job: Some(one.clone()) });
            ui.close();
        }
        let running = job.is_some_and(|job| job.status == TrainingJobStatus::InProgress);
        if menu::enabled(ui, running, Icon::Square, "Stop") {
            stop(cx, one);
            ui.close();
        }
    } else if menu::action(ui, Icon::ChartLine, "Compare curves", "") {
        comparing.set(true);
        ui.close();
    }
    menu::line(ui);
    if menu::danger(ui, Icon::Trash, "Delete…") {
        confirm_delete(cx, selected, None);
        ui.close();
    }
}

/// Stops a job; what it has learned so far is kept.
pub(super) fn stop(cx: &mut Context<'_>, job: &str) {
    cx.actions.submit(Command::StopTrainingJob { name: job.to_owned() }, format!("Stopping {job}"));
}

/// Asks before jobs are forgotten. Running ones have to be stopped first.
pub(super) fn confirm_delete(cx: &mut Context<'_>, jobs: &[String], then: Option<&Route>) {
    let goes = goes_with_jobs(cx.snapshot, jobs);
    let body = "Its curves and its log go. The artefact stays in its bucket, and models made of it go on working.";
    let what = Deletion { noun: "training job", names: jobs, body, goes_along: goes };
    parts::confirm_delete(cx, what, then, |name| Command::DeleteTrainingJob { name });
}

/// Running jobs among these, which can't be deleted yet.
fn goes_with_jobs(snapshot: &Snapshot, jobs: &[String]) -> Vec<String> {
    let running = jobs.iter().filter(|name| snapshot.training_jobs.get(name).is_some_and(|job| !job.status.is_final()));
    running.map(|name| format!("{name} is still running: stop it first, or it stays")).collect()
}

/// What the list says below its title.
fn summary(rows: &[JobRow]) -> String {
    let of = |status: TrainingJobStatus| rows.iter().filter(|row| row.status == status).count();
    let mut words = vec![format::plural(rows.len(), "job")];
    for (status, word) in [(TrainingJobStatus::InProgress, "running"), (TrainingJobStatus::Failed, "failed")] {
        if of(status) > 0 {
            words.push(format!("{} {word}", format::count(of(status) as u64)));
        }
    }
    if rows.is_empty() { String::new() } else { words.join(" · ") }
}
