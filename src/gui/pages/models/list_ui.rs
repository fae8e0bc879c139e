//! The list of models.

use std::cmp::Ordering;

use egui::Ui;
use lucide_icons::Icon;

use super::data::{self, ModelRow};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::cache::Cached;
use crate::gui::pages::parts::{self, Deletion};
use crate::gui::route::Route;
use crate::gui::widgets::table::contains;
use crate::gui::widgets::{Button, Cell, Column, Rows, Table, TableState, empty_state, header, menu};
use crate::workspace::Command;

const COLUMNS: &[Column] = &[
    Column::new("Name", 180.0).grow(1.0),
    Column::new("Algorithm", 120.0),
    Column::new("Artefact", 220.0).grow(2.0).hide_below(900.0),
    Column::number("Size", 80.0).hide_below(560.0),
    Column::new("Used by", 190.0).hide_below(680.0),
    Column::new("Created", 110.0),
];

/// The page.
pub struct ModelsPage {
    table: TableState,
    rows: Cached<Vec<ModelRow>>,
}

impl Default for ModelsPage {
    fn default() -> Self {
        Self { table: TableState::sorted(5, true), rows: Cached::default() }
    }
}

struct ModelRows<'a>(&'a [ModelRow]);

impl Rows for ModelRows<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn key(&self, row: usize) -> &str {
        &self.0[row].name
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        let row = &self.0[row];
        match column {
            0 => Cell::Name(row.name.clone()),
            1 => Cell::Muted(row.algorithm.clone()),
            2 => Cell::Mono(row.artifact.to_string()),
            3 => row.bytes.map_or(Cell::Muted("gone".to_owned()), |bytes| Cell::Number(format::bytes(bytes))),
            4 => Cell::Muted(used_by(row)),
            _ => Cell::Time(row.created),
        }
    }

    fn compare(&self, a: usize, b: usize, column: usize) -> Ordering {
        let (a, b) = (&self.0[a], &self.0[b]);
        match column {
            0 => a.name.cmp(&b.name),
            1 => a.algorithm.cmp(&b.algorithm),
            2 => a.artifact.cmp(&b.artifact),
            3 => a.bytes.cmp(&b.bytes),
            4 => (a.endpoints, a.configs).cmp(&(b.endpoints, b.configs)),
            _ => a.created.cmp(&b.created),
        }
    }

    fn matches(&self, row: usize, needle: &str) -> bool {
        contains(&self.0[row].name, needle) || contains(&self.0[row].algorithm, needle)
    }
}

/// `1 config · 1 endpoint`, or that nothing does.
fn used_by(row: &ModelRow) -> String {
    match (row.configs, row.endpoints) {
        (0, 0) => "nothing".to_owned(),
        (configs, 0) => format::plural(configs, "config"),
        (0, endpoints) => format::plural(endpoints, "endpoint"),
        (configs, endpoints) => {
            format!("{} · {}", format::plural(configs, "config"), format::plural(endpoints, "endpoint"))
        }
    }
}

impl ModelsPage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let snapshot = cx.snapshot;
        // A row says who uses the model and how big its artefact is, so other tables count too.
        let revision =
            [snapshot.models.revision(), snapshot.endpoint_configs.revision(), snapshot.endpoints.revision()]
                .into_iter()
                .chain(snapshot.objects.values().map(crate::workspace::Table::revision))
                .fold(0, u64::wrapping_add);
        let rows = self.rows.get(revision, || data::rows(snapshot));
        let idle = rows.iter().filter(|row| row.configs == 0 && row.endpoints == 0).count();
        let below = match (rows.len(), idle) {
            (0, _) => String::new(),
            (all, 0) => format::plural(all, "model"),
            (all, idle) => format!("{} · nothing uses {}", format::plural(all, "model"), format::count(idle as u64)),
        };
        header(ui, "Models", None, &below, |ui| {
            if Button::primary("New model").large().icon(Icon::Plus).show(ui) {
                cx.actions.go(Route::NewModel { from_job: None });
            }
        });
        if rows.is_empty() {
            let sentence = "A model is a name for an artefact and the container that serves it. A completed training job gives one.";
            let trained = !data::finished_jobs(snapshot).is_empty();
            let button = if trained { "New model" } else { "Train one first" };
            if empty_state(ui, Icon::Box, "No models yet", sentence, Some(button)) {
                let to =
                    if trained { Route::NewModel { from_job: None } } else { Route::NewTrainingJob { clone_of: None } };
                cx.actions.go(to);
            }
            return;
        }
        let outcome = Table::new("models", COLUMNS)
            .filter("Filter models")
            .fit()
            .toolbar(|ui, cx, selected| {
                if selected.is_empty() {
                    return;
                }
                if Button::danger("Delete…").name("Delete selected models").show(ui) {
                    confirm_delete(cx, selected, None);
                }
                let words = if selected.len() == 1 {
                    "Deploy".to_owned()
                } else {
                    format!("Deploy {} together", selected.len())
                };
                if Button::secondary(&words).name("Deploy selected models").show(ui) {
                    deploy(cx, selected);
                }
            })
            .menu(|ui, cx, selected| {
                if menu::action(ui, Icon::Rocket, if selected.len() == 1 { "Deploy" } else { "Deploy together" }, "") {
                    deploy(cx, selected);
                    ui.close();
                }
                menu::line(ui);
                if menu::danger(ui, Icon::Trash, "Delete…") {
                    confirm_delete(cx, selected, None);
                    ui.close();
                }
            })
            .show(ui, cx, &mut self.table, revision, &ModelRows(&rows));
        if let Some(name) = outcome.open {
            cx.actions.go(Route::Model(name));
        }
    }
}

/// Opens the form for a configuration with these models, one variant each.
pub(super) fn deploy(cx: &mut Context<'_>, models: &[String]) {
    cx.actions.go(Route::NewEndpointConfig { clone_of: None, models: models.to_vec() });
}

/// Asks before models go.
pub(super) fn confirm_delete(cx: &mut Context<'_>, models: &[String], then: Option<&Route>) {
    let goes = models
        .iter()
        .flat_map(|name| {
            let left = data::left_behind(&data::users(cx.snapshot, name));
            left.into_iter().map(move |line| if models.len() > 1 { format!("{name}: {line}") } else { line })
        })
        .collect();
    let body = "The artefact stays in its bucket: the model can be made again.";
    let what = Deletion { noun: "model", names: models, body, goes_along: goes };
    parts::confirm_delete(cx, what, then, |name| Command::DeleteModel { name });
}
