//! Cleanup: what runs, what it costs, and how to end it.

pub mod data;

use std::cmp::Ordering;

use egui::{Align, Layout, Ui, vec2};

use self::data::{Group, LastRequests, Plan, Row};
use crate::gui::action::{Action, Confirm};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::route::Route;
use crate::gui::theme::{fonts, size};
use crate::gui::tickets::Progress;
use crate::gui::widgets::{Button, Cell, Column, Icon, Rows, Table, TableState, card, header, icon, progress, text};

const COLUMNS: &[Column] = &[
    Column::new("Name", 150.0).grow(2.0).unsorted(),
    Column::new("Uses", 150.0).grow(3.0).unsorted().hide_below(640.0),
    Column::new("Since", 92.0).unsorted(),
    Column::new("Last used", 106.0).unsorted().hide_below(820.0),
    Column::number("Per hour", 84.0).unsorted(),
    Column::number("So far", 84.0).unsorted(),
    Column::new("Status", 128.0).unsorted(),
];

/// A line of the table.
#[derive(Clone, Copy)]
enum Line {
    Head(Group),
    Row(usize),
}

/// What the table shows.
#[derive(Default)]
struct Lines {
    rows: Vec<Row>,
    lines: Vec<Line>,
}

impl Lines {
    fn new(rows: Vec<Row>) -> Self {
        let mut lines = Vec::with_capacity(rows.len() + 6);
        let mut group = None;
        for (i, row) in rows.iter().enumerate() {
            if group.replace(row.group) != Some(row.group) {
                lines.push(Line::Head(row.group));
            }
            lines.push(Line::Row(i));
        }
        Self { rows, lines }
    }

    fn row(&self, line: usize) -> Option<&Row> {
        match self.lines.get(line)? {
            Line::Head(_) => None,
            Line::Row(i) => self.rows.get(*i),
        }
    }
}

impl Rows for Lines {
    fn len(&self) -> usize {
        self.lines.len()
    }

    fn key(&self, line: usize) -> &str {
        self.row(line).map_or_else(|| self.heading(line).unwrap_or_default(), |row| &row.key)
    }

    fn cell(&self, line: usize, column: usize) -> Cell {
        let Some(row) = self.row(line) else { return Cell::Empty };
        match column {
            0 => Cell::Name(row.about.name.clone()),
            1 => Cell::Muted(row.uses.clone()),
            2 => Cell::Since(row.since),
            3 => row.last_used.map_or_else(|| Cell::Muted("–".to_owned()), Cell::Time),
            4 => Cell::Number(format::usd(row.per_hour)),
            5 => row.so_far.map_or_else(|| Cell::Number("–".to_owned()), |usd| Cell::Number(format::usd(usd))),
            _ => Cell::Pill(row.pill.clone()),
        }
    }

    fn compare(&self, a: usize, b: usize, _: usize) -> Ordering {
        a.cmp(&b)
    }

    fn matches(&self, line: usize, needle: &str) -> bool {
        use crate::gui::widgets::table::contains;
        self.row(line).is_some_and(|row| contains(&row.key, needle) || contains(&row.uses, needle))
    }

    fn heading(&self, line: usize) -> Option<&str> {
        match self.lines.get(line)? {
            Line::Head(group) => Some(group.title()),
            Line::Row(_) => None,
        }
    }
}

/// What the lines were made from.
#[derive(Clone, Debug, PartialEq)]
struct Made {
    revision: u64,
    last: LastRequests,
    minute: i64,
}

/// The page.
#[derive(Default)]
pub struct CleanupPage {
    state: TableState,
    lines: Lines,
    idle: Vec<String>,
    summary: String,
    made: Option<Made>,
    generation: u64,
}

impl CleanupPage {
    /// Draws it.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Context<'_>) {
        self.refresh(cx);
        let summary = self.summary.clone();
        let idle = &self.idle;
        header(ui, "Cleanup", None, &summary, |ui| {
            let button = Button::secondary("Select what is idle").large().enabled(!idle.is_empty());
            if button.tip("Endpoints without a request for an hour, and what nothing uses").show(ui) {
                self.state.select(idle.iter().cloned());
            }
        });
        let (_, running) = cx.snapshot.running_cost();
        if running == 0 {
            all_clear(ui, cx, self.lines.rows.is_empty());
        }
        if self.lines.rows.is_empty() {
            return;
        }
        let plan = data::plan(cx.snapshot, &self.lines.rows, &self.state.selected());
        let working = cx.tickets.batch().is_some();
        let foot = if working {
            150.0
        } else if plan.items.is_empty() {
            0.0
        } else {
            76.0
        };
        let room = ui.available_height() - if foot > 0.0 { foot + size::GAP } else { 0.0 };
        let outcome = ui
            .allocate_ui(vec2(ui.available_width(), room.max(160.0)), |ui| {
                let table = Table::new("cleanup", COLUMNS).ticks().fit();
                table.show(ui, cx, &mut self.state, self.generation, &self.lines)
            })
            .inner;
        if let Some(key) = outcome.open
            && let Some(row) = self.lines.rows.iter().find(|row| row.key == key)
        {
            cx.actions.go(Route::of(&row.about));
        }
        ui.add_space(size::GAP - ui.spacing().item_spacing.y);
        if working {
            batch_card(ui, cx);
        } else if !plan.items.is_empty() {
            plan_card(ui, cx, &plan);
        }
    }

    /// Makes the lines again when the workspace changed, a request came, or a minute has passed.
    fn refresh(&mut self, cx: &Context<'_>) {
        let last: LastRequests = cx
            .snapshot
            .endpoints
            .iter()
            .filter_map(|(name, _)| {
                Some((name.clone(), cx.workspace.endpoint_live(name)?.last_request_ms? / 1_000 * 1_000))
            })
            .collect();
        let made = Made { revision: cx.snapshot.revision, last, minute: cx.now.0 / 60_000 };
        if self.made.as_ref() == Some(&made) {
            return;
        }
        self.lines = Lines::new(data::rows(cx.snapshot, &made.last, cx.now));
        self.idle = data::idle(&self.lines.rows);
        self.summary = data::summary(cx.snapshot, &self.lines.rows);
        self.made = Some(made);
        self.generation += 1;
    }
}

/// The green word that nothing runs.
fn all_clear(ui: &mut Ui, cx: &Context<'_>, alone: bool) {
    let theme = cx.theme;
    let tone = theme.ok;
    let frame = egui::Frame::new()
        .fill(tone.soft)
        .corner_radius(size::CARD_RADIUS)
        .inner_margin(egui::Margin::symmetric(16, 12));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 10.0;
            icon(ui, Icon::CircleCheck, 18.0, tone.text);
            text::text(ui, "Nothing is running. You will not get a surprise bill.", fonts::strong(), tone.text);
        });
    });
    if alone {
        ui.add_space(8.0);
        text::muted(ui, "Endpoints, training jobs, models and buckets show here as soon as there are some.");
    }
    ui.add_space(size::GAP - ui.spacing().item_spacing.y);
}

fn plan_card(ui: &mut Ui, cx: &mut Context<'_>, plan: &Plan) {
    let theme = cx.theme;
    card(ui, |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 14.0;
            ui.set_min_height(46.0);
            let words = format!("Delete {}…", plan.items.len());
            if Button::danger(&words).large().show(ui) {
                cx.actions.push(Action::Confirm(Box::new(question(plan))));
            }
            ui.allocate_ui_with_layout(vec2(96.0, 44.0), Layout::top_down(Align::Max), |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                ui.add_space(1.0);
                text::text(ui, format::usd_per_hour(plan.saved), fonts::title(), theme.text);
                text::text(ui, "saved", fonts::small(), theme.faint);
            });
            let room = ui.available_width();
            ui.allocate_ui_with_layout(vec2(room, 40.0), Layout::top_down(Align::Min), |ui| {
                ui.set_width(room);
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.add_space(4.0);
                text::elided(ui, &format!("Selected: {}", plan.counted), fonts::strong(), theme.text, room);
                let below = [data::order(plan), plan.beware.clone()].join(" ");
                let below = if below.trim().is_empty() { "Nothing else is touched." } else { below.trim() };
                text::elided(ui, below, fonts::body(), theme.muted, room);
            });
        });
    });
}

/// The question before a plan is carried out: everything by name, in order.
fn question(plan: &Plan) -> Confirm {
    let lines = plan.items.iter().map(|(about, command)| {
        let verb = if matches!(command, crate::workspace::Command::StopTrainingJob { .. }) { "Stop" } else { "Delete" };
        format!("{verb} {about}")
    });
    let mut body = data::order(plan);
    if plan.saved > 0.0 {
        body = format!("{body} Saves {} at list price.", format::usd_per_hour(plan.saved));
    }
    body = format!("{body} {}", plan.beware);
    let mut confirm = Confirm::new(
        format!("Delete {}?", all_and(&plan.counted)),
        format!("Delete {}", plan.items.len()),
        vec![Action::Batch { items: plan.items.clone(), saved: plan.saved }],
    )
    .goes_along(lines.collect());
    match plan.full_buckets.as_slice() {
        [] => {}
        [one] => {
            body = format!("{body} The bucket {one} and all objects in it cannot be brought back.");
            confirm = confirm.type_name(one.clone());
        }
        many => {
            body = format!("{body} {} buckets and all objects in them cannot be brought back.", many.len());
            confirm = confirm.type_name(format!("delete {} buckets", many.len()));
        }
    }
    confirm.body(body.trim())
}

/// "1 endpoint, 2 models" → "1 endpoint and 2 models".
fn all_and(counted: &str) -> String {
    counted.rsplit_once(", ").map_or_else(|| counted.to_owned(), |(head, last)| format!("{head} and {last}"))
}

/// How far each of the handed-in deletions is.
fn batch_card(ui: &mut Ui, cx: &mut Context<'_>) {
    let theme = cx.theme;
    let mut dismiss = false;
    if let Some(batch) = cx.tickets.batch() {
        card(ui, |ui| {
            let (answered, all) = (batch.answered(), batch.items().len());
            ui.horizontal(|ui| {
                text::strong(ui, if batch.is_over() { "Cleaned up" } else { "Cleaning up" });
                text::muted(ui, format!("{answered} of {all}"));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if batch.is_over() {
                        dismiss = Button::secondary("Done").show(ui);
                    } else {
                        progress::progress_bar(
                            ui,
                            answered as f32 / all.max(1) as f32,
                            160.0,
                            "Progress of the cleanup",
                        );
                    }
                });
            });
            egui::ScrollArea::vertical().max_height(76.0).auto_shrink([false, true]).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.spacing_mut().interact_size.y = 20.0;
                for (about, progress) in batch.items() {
                    ui.horizontal(|ui| {
                        ui.set_min_height(18.0);
                        let (sign, color, words) = match progress {
                            Progress::Waiting => (Icon::Circle, theme.faint, ""),
                            Progress::Done => (Icon::Check, theme.ok.text, ""),
                            Progress::Failed(why) => (Icon::X, theme.error.text, why.as_str()),
                        };
                        icon(ui, sign, 13.0, color);
                        text::body(ui, about.to_string());
                        if !words.is_empty() {
                            text::elided(ui, words, fonts::body(), theme.error.text, ui.available_width());
                        }
                    });
                }
            });
        });
    }
    if dismiss {
        cx.tickets.dismiss_batch();
    }
}
