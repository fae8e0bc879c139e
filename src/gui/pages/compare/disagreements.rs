//! The Disagreements tab: the rows on which models say different things, and one of them in full.

use std::cmp::Ordering;
use std::sync::Arc;

use egui::{ScrollArea, Ui};

use super::data;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::plot::Unit;
use crate::gui::widgets::plot::scale::grouped;
use crate::gui::widgets::{
    Button, Cell, Column, Icon, Pill, PillTone, Rows, Table, TableState, card, empty_state, text,
};
use crate::workspace::{Disagreement, Measure, ReplayResult};

/// Models that have a column of their own; the others are seen when a row is opened.
const SHOWN: usize = 4;

const ROW: Column = Column::new("Row", 90.0);
const LABEL: Column = Column::number("Label", 90.0);
const ANSWERS: [Column; SHOWN] = [
    Column::number("A", 96.0),
    Column::number("B", 96.0),
    Column::number("C", 96.0).hide_below(640.0),
    Column::number("D", 96.0).hide_below(760.0),
];
const SPREAD: Column = Column::number("Spread", 90.0);
const REQUEST: Column = Column::new("Request", 160.0).grow(1.0).unsorted().hide_below(520.0);

/// The tab's memory.
#[derive(Default)]
pub(super) struct Disagreements {
    table: TableState,
    of: Option<u64>,
    keys: Vec<String>,
    columns: Vec<Column>,
}

struct Different<'a> {
    result: &'a ReplayResult,
    keys: &'a [String],
    shown: usize,
}

impl Different<'_> {
    fn row(&self, row: usize) -> &Disagreement {
        &self.result.disagreements[row]
    }
}

/// An answer as it stands in a cell: the class, and the score behind it where that is something else.
fn answer(measure: Measure, (score, class): (f64, Option<u32>)) -> String {
    match (measure, class) {
        (Measure::TwoClasses, Some(class)) => format!("{class}  ({})", grouped(score, 3)),
        (_, Some(class)) => class.to_string(),
        (_, None) => Unit::Number.precise(score),
    }
}

impl Rows for Different<'_> {
    fn len(&self) -> usize {
        self.result.disagreements.len()
    }

    fn key(&self, row: usize) -> &str {
        &self.keys[row]
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        let one = self.row(row);
        match column {
            0 => Cell::Name(self.keys[row].clone()),
            1 => Cell::Number(format_label(one.label)),
            _ if column < 2 + self.shown => {
                let said = one.answers[column - 2];
                let words = answer(self.result.measure, said);
                let is_right = said.1.is_some_and(|class| f64::from(class) == one.label);
                let has_right = said.1.is_some();
                if is_right || !has_right { Cell::Number(words) } else { Cell::Muted(words) }
            }
            _ if column == 2 + self.shown => Cell::Text(Unit::Number.precise(one.spread)),
            _ => Cell::Mono(one.request.to_string()),
        }
    }

    fn compare(&self, a: usize, b: usize, column: usize) -> Ordering {
        let (a, b) = (self.row(a), self.row(b));
        match column {
            0 => a.row.cmp(&b.row),
            1 => a.label.total_cmp(&b.label),
            _ if column < 2 + self.shown => a.answers[column - 2].0.total_cmp(&b.answers[column - 2].0),
            _ => a.spread.total_cmp(&b.spread),
        }
    }

    fn matches(&self, row: usize, needle: &str) -> bool {
        crate::gui::widgets::table::contains(&self.row(row).request, needle) || self.keys[row].contains(needle)
    }
}

fn format_label(label: f64) -> String {
    if label.fract() == 0.0 { format!("{label:.0}") } else { Unit::Number.precise(label) }
}

impl Disagreements {
    /// Draws the tab.
    pub(super) fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>, revision: u64, result: &Arc<ReplayResult>) {
        if result.disagreements.is_empty() {
            empty_state::nothing(ui, "They agree on every row.");
            return;
        }
        let shown = result.models.len().min(SHOWN);
        if self.of != Some(revision) {
            self.of = Some(revision);
            self.keys = result.disagreements.iter().map(|one| one.row.to_string()).collect();
            self.columns =
                [ROW, LABEL].into_iter().chain(ANSWERS.into_iter().take(shown)).chain([SPREAD, REQUEST]).collect();
            self.table.clear_selection();
        }
        let rows = Different { result, keys: &self.keys, shown };
        let names: Vec<String> =
            result.models.iter().enumerate().map(|(i, model)| format!("{}  {}", data::letter(i), model.name)).collect();
        let more = if result.disagreed > result.disagreements.len() as u64 { ", the first of them here" } else { "" };
        let of = format!("{} of {} rows differ{more} · ", format::count(result.disagreed), format::count(result.rows));
        let room = ui.available_width();
        text::elided(ui, &format!("{of}{}", names.join(" · ")), fonts::small(), cx.theme.muted, room);
        let opened = self.table.selected().first().and_then(|key| self.keys.iter().position(|known| known == key));
        let height = ui.available_height();
        let detail = opened.map_or(0.0, |opened| {
            // What it needs: a head, a line a model, and the row, of which about so many letters stand on a line.
            let letters = result.disagreements[opened].request.len() as f32;
            let lines = (letters * 7.4 / (room - 40.0).max(100.0)).ceil().max(1.0);
            let wants = 92.0 + 34.0 * result.models.len() as f32 + 16.0 * lines;
            wants.min((height * 0.5).max(120.0))
        });
        let table = egui::vec2(room, (height - detail - size::GAP).max(120.0));
        let state = &mut self.table;
        let mut open = None;
        ui.allocate_ui_with_layout(table, egui::Layout::top_down(egui::Align::Min), |ui| {
            ui.set_max_height(table.y);
            let outcome =
                Table::new("disagreements", &self.columns).filter("Filter rows").show(ui, cx, state, revision, &rows);
            open = outcome.open;
        });
        if let Some(key) = open {
            self.table.select([key]);
            ui.ctx().request_repaint();
        }
        let Some(opened) = opened else { return };
        if Self::detail(ui, cx, result, &result.disagreements[opened]) {
            self.table.clear_selection();
        }
    }

    /// One row in full; `true` when it was closed.
    fn detail(ui: &mut Ui, cx: &mut Context<'_>, result: &ReplayResult, one: &Disagreement) -> bool {
        let mut closed = false;
        card(ui, |ui| {
            ui.horizontal(|ui| {
                text::strong(ui, format!("Row {} · label {}", one.row, format_label(one.label)));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    closed = Button::icon_only(Icon::X, "Close row").show(ui);
                    if Button::icon_only(Icon::Copy, "Copy request").show(ui) {
                        cx.actions.copy(&*one.request, "request");
                    }
                });
            });
            let room = ui.available_height() - 6.0;
            ScrollArea::vertical().id_salt("row").max_height(room.max(60.0)).show(ui, |ui| {
                for (i, (model, said)) in result.models.iter().zip(&one.answers).enumerate() {
                    ui.horizontal(|ui| {
                        let (dot, _) = ui.allocate_exact_size(egui::vec2(10.0, 18.0), egui::Sense::hover());
                        ui.painter().circle_filled(dot.center(), 4.0, cx.theme.variant(i));
                        text::text(ui, model.name.clone(), fonts::medium(), cx.theme.text);
                        text::body(ui, answer(result.measure, *said));
                        match said.1 {
                            Some(class) if f64::from(class) == one.label => {
                                drop(ui.add(Pill::new("right", PillTone::Ok)));
                            }
                            Some(_) => drop(ui.add(Pill::new("wrong", PillTone::Error))),
                            None => drop(text::muted(
                                ui,
                                format!("off by {}", Unit::Number.precise((said.0 - one.label).abs())),
                            )),
                        }
                    });
                }
                ui.add_space(4.0);
                let words = egui::RichText::new(one.request.to_string()).font(fonts::mono()).color(cx.theme.text);
                ui.add(egui::Label::new(words).selectable(true).wrap());
            });
        });
        closed
    }
}
