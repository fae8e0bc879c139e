//! The Scores tab: a line a model, and who is better of each two.

use std::cmp::Ordering;

use egui::Ui;

use super::data;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::theme::{fonts, size};
use crate::gui::widgets::{Cell, Column, Pill, PillTone, Rows, Table, TableState, card, text};
use crate::workspace::{Measure, ReplayResult};

const CLASSES: &[Column] = &columns(data::score_titles(Measure::Classes));
const NUMBERS: &[Column] = &columns(data::score_titles(Measure::Number));

const fn columns(titles: [&'static str; 3]) -> [Column; 8] {
    [
        Column::new("#", 34.0).unsorted(),
        Column::new("Model", 170.0).grow(1.0),
        Column::number(titles[0], 96.0),
        Column::number(titles[1], 96.0),
        Column::number(titles[2], 96.0),
        Column::number("p50", 84.0).hide_below(620.0),
        Column::number("p99", 84.0).hide_below(620.0),
        Column::number("Cost", 92.0).hide_below(720.0),
    ]
}

struct Scores<'a> {
    result: &'a ReplayResult,
    best: [Option<usize>; 3],
}

impl Scores<'_> {
    fn values(&self, row: usize) -> [f64; 7] {
        let model = &self.result.models[row];
        let [a, b, c] = data::score_values(self.result.measure, model);
        [0.0, a, b, c, model.p50_us, model.p99_us, model.usd_per_hour.unwrap_or(f64::NAN)]
    }
}

impl Rows for Scores<'_> {
    fn len(&self) -> usize {
        self.result.models.len()
    }

    fn key(&self, row: usize) -> &str {
        &self.result.models[row].name
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        let model = &self.result.models[row];
        match column {
            0 => Cell::Muted(data::letter(row).to_string()),
            1 => Cell::Text(model.name.clone()),
            2..=4 => {
                let words = data::score_words(self.result.measure, column - 2, self.values(row)[column - 1]);
                // The best stands out where there is one.
                if self.best[column - 2].is_none_or(|best| best == row) {
                    Cell::Number(words)
                } else {
                    Cell::Muted(words)
                }
            }
            5 => Cell::Text(data::latency(model.p50_us)),
            6 => Cell::Text(data::latency(model.p99_us)),
            _ => model
                .usd_per_hour
                .map_or(Cell::Muted("not deployed".to_owned()), |usd| Cell::Text(format::usd_per_hour(usd))),
        }
    }

    fn compare(&self, a: usize, b: usize, column: usize) -> Ordering {
        match column {
            0 => a.cmp(&b),
            1 => self.key(a).cmp(self.key(b)),
            _ => self.values(a)[column - 1].total_cmp(&self.values(b)[column - 1]),
        }
    }
}

/// Draws the tab.
pub(super) fn ui(ui: &mut Ui, cx: &mut Context<'_>, table: &mut TableState, revision: u64, result: &ReplayResult) {
    let values: Vec<[f64; 3]> = result.models.iter().map(|model| data::score_values(result.measure, model)).collect();
    let best = [0, 1, 2].map(|column| {
        let column_values: Vec<f64> = values.iter().map(|row| row[column]).collect();
        data::best(result.measure, column, &column_values)
    });
    let rows = Scores { result, best };
    let columns = if result.measure == Measure::Number { NUMBERS } else { CLASSES };
    Table::new("compare-scores", columns).fit().show(ui, cx, table, revision, &rows);
    ui.add_space(size::GAP);
    verdicts(ui, cx, result);
}

fn verdicts(ui: &mut Ui, cx: &Context<'_>, result: &ReplayResult) {
    if result.pairs.is_empty() {
        return;
    }
    card::titled(
        ui,
        "Who is better",
        |ui| {
            let words = match result.measure {
                Measure::Number => "sequential test by betting on the same rows, α = .05",
                Measure::TwoClasses | Measure::Classes => "sequential McNemar test on the same rows, α = .05",
            };
            text::text(ui, words, fonts::small(), cx.theme.faint);
        },
        |ui| {
            for pair in &result.pairs {
                let (tone, words, detail) = data::verdict(result, pair);
                ui.add_space(6.0);
                ui.horizontal_wrapped(|ui| {
                    let name = if tone == PillTone::Ok { "Decided" } else { "Open" };
                    ui.add(Pill::new(name, tone));
                    text::strong(ui, words);
                });
                ui.scope(|ui| {
                    let words = egui::RichText::new(detail).font(fonts::small()).color(cx.theme.muted);
                    ui.add(egui::Label::new(words).wrap());
                });
            }
        },
    );
}
