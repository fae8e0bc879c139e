//! The list of endpoints.

use std::cmp::Ordering;
use std::sync::Arc;

use egui::Ui;

use crate::domain::endpoint::Endpoint;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::pages::cache::Cached;
use crate::gui::route::Route;
use crate::gui::widgets::table::contains;
use crate::gui::widgets::{Button, Cell, Column, Icon, Pill, Rows, Table, TableState, empty_state, header, menu};
use crate::workspace::Workspace;

/// The list.
pub struct EndpointsPage {
    table: TableState,
    rows: Cached<Loaded>,
}

/// What is taken from the world when it changed, not in every frame.
#[derive(Default)]
struct Loaded {
    endpoints: Vec<Arc<Endpoint>>,
    below: String,
}

impl Loaded {
    fn of(endpoints: &crate::workspace::Table<Endpoint>) -> Self {
        let endpoints: Vec<Arc<Endpoint>> = endpoints.values().cloned().collect();
        let usd: f64 = endpoints.iter().map(|e| e.usd_per_hour()).sum();
        let serving = endpoints.iter().filter(|e| e.status.serves()).count();
        let below = format!(
            "{} in service, {} at AWS list price",
            format::plural(serving, "endpoint"),
            format::usd_per_hour(usd)
        );
        Self { endpoints, below }
    }
}

impl Default for EndpointsPage {
    fn default() -> Self {
        Self { table: TableState::sorted(0, false), rows: Cached::default() }
    }
}

const COLUMNS: [Column; 7] = [
    Column::new("Name", 190.0).grow(2.0),
    Column::new("Status", 116.0),
    Column::new("Variants", 150.0).grow(2.0).hide_below(680.0),
    Column::new("Configuration", 150.0).grow(1.0).hide_below(820.0),
    Column::number("Requests", 90.0),
    Column::number("Per hour", 84.0),
    Column::new("Created", 104.0).hide_below(600.0),
];

/// The rows of the table.
pub(super) struct EndpointRows<'a> {
    endpoints: &'a [Arc<Endpoint>],
    workspace: &'a dyn Workspace,
}

impl<'a> EndpointRows<'a> {
    pub(super) fn new(endpoints: &'a [Arc<Endpoint>], workspace: &'a dyn Workspace) -> Self {
        Self { endpoints, workspace }
    }

    fn requests(&self, row: usize) -> u64 {
        let live = self.workspace.endpoint_live(&self.endpoints[row].name);
        live.map_or(0, |live| live.variants.iter().map(|v| v.requests).sum())
    }
}

/// "linear-b 62 % · xgb-a 38 %"; names alone where they are many.
fn variants(endpoint: &Endpoint) -> String {
    let n = endpoint.variants.len();
    let parts: Vec<String> = endpoint
        .variants
        .iter()
        .zip(endpoint.shares())
        .map(|(v, share)| if n > 1 { format!("{} {}", v.name, format::percent(share)) } else { v.name.clone() })
        .collect();
    if n > 3 { format!("{n} variants: {}", parts.join(" · ")) } else { parts.join(" · ") }
}

impl Rows for EndpointRows<'_> {
    fn len(&self) -> usize {
        self.endpoints.len()
    }

    fn key(&self, row: usize) -> &str {
        &self.endpoints[row].name
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        let endpoint = &self.endpoints[row];
        match column {
            0 => Cell::Name(endpoint.name.clone()),
            1 => Cell::Pill(Pill::endpoint(endpoint.status)),
            2 => Cell::Muted(variants(endpoint)),
            3 => Cell::Link {
                text: endpoint.config_name.clone(),
                to: Route::EndpointConfig(endpoint.config_name.clone()),
            },
            4 => Cell::Number(format::count(self.requests(row))),
            5 => Cell::Number(format::usd(endpoint.usd_per_hour())),
            6 => Cell::Time(endpoint.created),
            _ => Cell::Empty,
        }
    }

    fn compare(&self, a: usize, b: usize, column: usize) -> Ordering {
        let (one, other) = (&self.endpoints[a], &self.endpoints[b]);
        match column {
            1 => one.status.as_str().cmp(other.status.as_str()),
            2 => one.variants.len().cmp(&other.variants.len()).then_with(|| variants(one).cmp(&variants(other))),
            3 => one.config_name.cmp(&other.config_name),
            4 => self.requests(a).cmp(&self.requests(b)),
            5 => one.usd_per_hour().total_cmp(&other.usd_per_hour()),
            // The newest age is the smallest.
            6 => other.created.cmp(&one.created),
            _ => one.name.cmp(&other.name),
        }
    }

    fn matches(&self, row: usize, needle: &str) -> bool {
        let endpoint = &self.endpoints[row];
        contains(&endpoint.name, needle)
            || contains(&endpoint.config_name, needle)
            || contains(endpoint.status.as_str(), needle)
            || endpoint.all_variants().any(|v| contains(&v.name, needle) || contains(&v.model_name, needle))
    }
}

impl EndpointsPage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        let endpoints = &cx.snapshot.endpoints;
        if endpoints.is_empty() {
            let sentence = "An endpoint is a URL with one or more models behind it. Requests are shared among them by weight, \
                            and the weights can be dragged while traffic flows.";
            header(ui, "Endpoints", None, "", |_| {});
            if empty_state(ui, Icon::Asterisk, "No endpoints yet", sentence, Some("New endpoint")) {
                cx.actions.go(Route::NewEndpoint { config: None });
            }
            return;
        }
        let revision = endpoints.revision();
        let loaded = self.rows.get(revision, || Loaded::of(endpoints));
        header(ui, "Endpoints", None, &loaded.below, |ui| {
            if Button::primary("New endpoint").large().show(ui) {
                cx.actions.go(Route::NewEndpoint { config: None });
            }
        });
        let workspace = Arc::clone(cx.workspace);
        let rows = EndpointRows::new(&loaded.endpoints, workspace.as_ref());
        let table = Table::new("endpoints", &COLUMNS).filter("Filter by name, variant, model or configuration").menu(
            |ui, cx, selected| {
                let [name] = selected else { return };
                if menu::action(ui, Icon::Link, "Copy URL", "")
                    && let Some(url) = cx.snapshot.invocations_url(name)
                {
                    cx.actions.copy(url, "URL");
                    ui.close();
                }
            },
        );
        let outcome = table.show(ui, cx, &mut self.table, revision, &rows);
        if let Some(name) = outcome.open {
            cx.actions.go(Route::Endpoint(name));
        }
    }
}
