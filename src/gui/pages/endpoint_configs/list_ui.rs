//! The list of endpoint configurations.

use std::cmp::Ordering;

use egui::Ui;
use lucide_icons::Icon;

use super::data::{self, ConfigRow};
use crate::domain::reference::Kind;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::cache::Cached;
use crate::gui::pages::parts::{self, Deletion};
use crate::gui::route::Route;
use crate::gui::widgets::relations::kind_icon;
use crate::gui::widgets::table::contains;
use crate::gui::widgets::{Button, Cell, Column, Rows, Table, TableState, empty_state, header, menu};
use crate::workspace::Command;

const COLUMNS: &[Column] = &[
    Column::new("Name", 190.0).grow(1.0),
    Column::new("Variants", 240.0).grow(2.0).hide_below(700.0),
    Column::number("Per hour", 90.0).hide_below(480.0),
    Column::new("Used by", 160.0).grow(0.6).hide_below(600.0),
    Column::new("Created", 110.0),
];

/// The page.
pub struct EndpointConfigsPage {
    table: TableState,
    rows: Cached<Vec<ConfigRow>>,
}

impl Default for EndpointConfigsPage {
    fn default() -> Self {
        Self { table: TableState::sorted(4, true), rows: Cached::default() }
    }
}

struct ConfigRows<'a>(&'a [ConfigRow]);

impl Rows for ConfigRows<'_> {
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
            1 => Cell::Muted(row.variants.clone()),
            2 => Cell::Number(format::usd_per_hour(row.usd_per_hour)),
            3 => match row.endpoints.as_slice() {
                [] => Cell::Muted("nothing".to_owned()),
                [one] => Cell::Link { text: one.clone(), to: Route::Endpoint(one.clone()) },
                more => Cell::Muted(more.join(", ")),
            },
            _ => Cell::Time(row.created),
        }
    }

    fn compare(&self, a: usize, b: usize, column: usize) -> Ordering {
        let (a, b) = (&self.0[a], &self.0[b]);
        match column {
            0 => a.name.cmp(&b.name),
            1 => a.count.cmp(&b.count).then_with(|| a.variants.cmp(&b.variants)),
            2 => a.usd_per_hour.total_cmp(&b.usd_per_hour),
            3 => a.endpoints.cmp(&b.endpoints),
            _ => a.created.cmp(&b.created),
        }
    }

    fn matches(&self, row: usize, needle: &str) -> bool {
        contains(&self.0[row].name, needle) || contains(&self.0[row].variants, needle)
    }
}

impl EndpointConfigsPage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let snapshot = cx.snapshot;
        let revision = snapshot.endpoint_configs.revision().wrapping_add(snapshot.endpoints.revision());
        let rows = self.rows.get(revision, || data::rows(snapshot));
        let idle = rows.iter().filter(|row| row.endpoints.is_empty()).count();
        let below = match (rows.len(), idle) {
            (0, _) => String::new(),
            (all, 0) => format::plural(all, "configuration"),
            (all, idle) => {
                format!("{} · nothing uses {}", format::plural(all, "configuration"), format::count(idle as u64))
            }
        };
        header(ui, "Endpoint configs", None, &below, |ui| {
            if Button::primary("New endpoint config").large().icon(Icon::Plus).show(ui) {
                cx.actions.go(Route::NewEndpointConfig { clone_of: None, models: Vec::new() });
            }
        });
        if rows.is_empty() {
            let sentence = "An endpoint configuration says which models stand behind an endpoint, \
                            how the traffic is shared between them, and on what instances they run.";
            let can = !snapshot.models.is_empty();
            let button = if can { "New endpoint config" } else { "Make a model first" };
            if empty_state(
                ui,
                kind_icon(Kind::EndpointConfig),
                "No endpoint configurations yet",
                sentence,
                Some(button),
            ) {
                let form = Route::NewEndpointConfig { clone_of: None, models: Vec::new() };
                cx.actions.go(if can { form } else { Route::NewModel { from_job: None } });
            }
            return;
        }
        let outcome = Table::new("endpoint-configs", COLUMNS)
            .filter("Filter configurations")
            .fit()
            .toolbar(|ui, cx, selected| {
                if selected.is_empty() {
                    return;
                }
                if Button::danger("Delete…").name("Delete selected configurations").show(ui) {
                    confirm_delete(cx, selected, None);
                }
                if let [one] = selected {
                    if Button::secondary("Clone").name("Clone selected configuration").show(ui) {
                        clone(cx, one);
                    }
                    if Button::secondary("Create endpoint").name("Create endpoint from selected configuration").show(ui)
                    {
                        cx.actions.go(Route::NewEndpoint { config: Some(one.clone()) });
                    }
                }
            })
            .menu(|ui, cx, selected| {
                if let [one] = selected {
                    if menu::action(ui, kind_icon(Kind::Endpoint), "Create endpoint", "") {
                        cx.actions.go(Route::NewEndpoint { config: Some(one.clone()) });
                        ui.close();
                    }
                    if menu::action(ui, Icon::Copy, "Clone", "") {
                        clone(cx, one);
                        ui.close();
                    }
                    menu::line(ui);
                }
                if menu::danger(ui, Icon::Trash, "Delete…") {
                    confirm_delete(cx, selected, None);
                    ui.close();
                }
            })
            .show(ui, cx, &mut self.table, revision, &ConfigRows(&rows));
        if let Some(name) = outcome.open {
            cx.actions.go(Route::EndpointConfig(name));
        }
    }
}

/// Opens the form with a configuration's values.
pub(super) fn clone(cx: &mut Context<'_>, config: &str) {
    cx.actions.go(Route::NewEndpointConfig { clone_of: Some(config.to_owned()), models: Vec::new() });
}

/// Asks before configurations go.
pub(super) fn confirm_delete(cx: &mut Context<'_>, configs: &[String], then: Option<&Route>) {
    let goes = configs
        .iter()
        .flat_map(|config| data::users(cx.snapshot, config).map(move |e| (config, e.name.clone())))
        .map(|(config, endpoint)| {
            let line = format!("endpoint {endpoint} goes on with it until its next update");
            if configs.len() > 1 { format!("{config}: {line}") } else { line }
        })
        .collect();
    let body = "The models in it stay.";
    let what = Deletion { noun: "endpoint configuration", names: configs, body, goes_along: goes };
    parts::confirm_delete(cx, what, then, |name| Command::DeleteEndpointConfig { name });
}
