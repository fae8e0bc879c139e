//! Lists: virtualised rows, sorting, a filter box, a selection by mouse and keyboard, a context menu. Sort and filter are kept over restarts.

mod paint;
mod selection;
mod state;

use std::cmp::Ordering;

use egui::{Key, Modifiers, ScrollArea, Sense, Ui, vec2};
use lucide_icons::Icon;

pub use state::TableState;

use super::button::Button;
use super::field::Field;
use super::pill::Pill;
use super::{menu, text};
use crate::domain::time::Timestamp;
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::route::Route;
use crate::gui::theme::{Theme, fonts, size};

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// In the head.
    pub title: &'static str,
    /// At least this wide.
    pub width: f32,
    /// Share of the room that is left over.
    pub grow: f32,
    /// Right-aligned.
    pub right: bool,
    /// A click on the head sorts.
    pub sortable: bool,
    /// Left out where the table is narrower than this.
    pub hide_below: f32,
}

impl Column {
    /// A left-aligned, sortable column.
    pub const fn new(title: &'static str, width: f32) -> Self {
        Self { title, width, grow: 0.0, right: false, sortable: true, hide_below: 0.0 }
    }

    /// A right-aligned, sortable column.
    pub const fn number(title: &'static str, width: f32) -> Self {
        Self { right: true, ..Self::new(title, width) }
    }

    /// Takes a share of the room that is left over.
    #[must_use]
    pub const fn grow(mut self, share: f32) -> Self {
        self.grow = share;
        self
    }

    /// Its order means nothing.
    #[must_use]
    pub const fn unsorted(mut self) -> Self {
        self.sortable = false;
        self
    }

    /// Left out where the table is narrower than this.
    #[must_use]
    pub const fn hide_below(mut self, width: f32) -> Self {
        self.hide_below = width;
        self
    }
}

/// What stands in a cell.
#[derive(Clone, Debug)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// The row's name: a click opens it.
    Name(String),
    /// Words.
    Text(String),
    /// Words that matter less.
    Muted(String),
    /// A number, in full strength.
    Number(String),
    /// Monospaced.
    Mono(String),
    /// "3 min ago", with the exact time on hover.
    Time(Timestamp),
    /// "3 min", with the exact start on hover.
    Since(Timestamp),
    /// A status.
    Pill(Pill),
    /// A link to elsewhere.
    Link {
        /// Words.
        text: String,
        /// Where.
        to: Route,
    },
    /// A progress bar with words after it.
    Progress {
        /// 0–1.
        fraction: f32,
        /// "round 192 of 300".
        text: String,
    },
    /// A small icon before words.
    Icon {
        /// Icon.
        icon: Icon,
        /// Words.
        text: String,
    },
}

/// What a table shows. Cells are asked for only where they are seen; order and matches for all rows, when something changed.
pub trait Rows {
    /// How many rows there are, before the filter.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A row's name: unique, the same as long as the row lives.
    fn key(&self, row: usize) -> &str;

    /// A cell.
    fn cell(&self, row: usize, column: usize) -> Cell;

    /// The order of two rows by a column, ascending.
    fn compare(&self, a: usize, b: usize, column: usize) -> Ordering;

    /// Whether a row passes the filter. `needle` is in lower case.
    fn matches(&self, row: usize, needle: &str) -> bool {
        contains(self.key(row), needle)
    }

    /// Set for a line that heads a group: not a row, not selectable. Only for tables that don't sort.
    fn heading(&self, _row: usize) -> Option<&str> {
        None
    }
}

/// Whether `hay` contains `needle` (in lower case), without regard to ASCII case; no allocation.
pub fn contains(hay: &str, needle: &str) -> bool {
    let (hay, needle) = (hay.as_bytes(), needle.as_bytes());
    needle.is_empty() || hay.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

/// What happened to a table in a frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The row to open: a click on its name, a double click, or Enter.
    pub open: Option<String>,
    /// Whether the selection changed.
    pub selection_changed: bool,
}

type Draw<'a> = Box<dyn FnMut(&mut Ui, &mut Context<'_>, &[String]) + 'a>;

/// A table to draw.
#[must_use = "call `show`"]
pub struct Table<'a> {
    id: &'a str,
    columns: &'a [Column],
    filter_hint: Option<&'a str>,
    ticks: bool,
    fit: bool,
    menu: Option<Draw<'a>>,
    toolbar: Option<Draw<'a>>,
}

impl<'a> Table<'a> {
    /// `id` names it in the kept settings and must be unique in the app: "models".
    pub fn new(id: &'a str, columns: &'a [Column]) -> Self {
        Self { id, columns, filter_hint: None, ticks: false, fit: false, menu: None, toolbar: None }
    }

    /// With a filter box that says this while it is empty.
    pub fn filter(mut self, hint: &'a str) -> Self {
        self.filter_hint = Some(hint);
        self
    }

    /// With tick boxes.
    pub fn ticks(mut self) -> Self {
        self.ticks = true;
        self
    }

    /// Only as high as its rows need (but never higher than the room that is left).
    pub fn fit(mut self) -> Self {
        self.fit = true;
        self
    }

    /// What the context menu offers for the selected rows, below "Copy name".
    pub fn menu(mut self, draw: impl FnMut(&mut Ui, &mut Context<'_>, &[String]) + 'a) -> Self {
        self.menu = Some(Box::new(draw));
        self
    }

    /// What stands at the right of the filter box, drawn from right to left, for the selected rows.
    pub fn toolbar(mut self, draw: impl FnMut(&mut Ui, &mut Context<'_>, &[String]) + 'a) -> Self {
        self.toolbar = Some(Box::new(draw));
        self
    }

    /// Draws it. `revision` must change whenever `rows` do: order and matches are cached by it.
    pub fn show(
        mut self,
        ui: &mut Ui,
        cx: &mut Context<'_>,
        state: &mut TableState,
        revision: u64,
        rows: &dyn Rows,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        state.load(self.id, cx.prefs);
        let id = egui::Id::unique(("table", self.id));
        self.head_bar(ui, cx, state, rows);
        state.refresh(revision, rows);

        let theme = cx.theme;
        let shown = state.order().len();
        let room = ui.available_height();
        let body_height = size::ROW * shown.max(1) as f32;
        let wanted = if self.fit { (body_height + size::HEAD + 2.0).min(room) } else { room };
        let height = wanted.max(size::HEAD + 2.0 * size::ROW);
        let (card, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        paint::card(ui, card);
        let inner = card.shrink(1.0);
        let widths = paint::widths(self.columns, inner.width(), self.ticks);
        let head = egui::Rect::from_min_size(inner.min, vec2(inner.width(), size::HEAD));
        let body = egui::Rect::from_min_max(head.left_bottom(), inner.max);

        if let Some(column) = paint::head(ui, id, head, self.columns, &widths, self.ticks, state, rows, &mut outcome) {
            state.sort_by(column);
            state.store(self.id, cx.prefs);
            state.refresh(revision, rows);
        }
        let focus = ui.interact(body, id.with("body"), Sense::focusable_noninteractive());
        focus.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Grid, true, format!("{}, {}", self.id, format::plural(shown, "row")))
        });
        if focus.has_focus() {
            ui.painter().rect_stroke(
                card,
                size::CARD_RADIUS,
                egui::Stroke::new(1.5, theme.accent),
                egui::StrokeKind::Inside,
            );
        }
        let scroll_to = Self::keys(ui, cx, &focus, state, rows, &mut outcome);

        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(body).id_salt(id.with("scroll")));
        child.spacing_mut().item_spacing.y = 0.0;
        child.shrink_clip_rect(body);
        if shown == 0 {
            self.nothing(&mut child, cx, state, body);
            return outcome;
        }
        let mut area = ScrollArea::vertical().auto_shrink([false, false]).id_salt(id.with("rows"));
        // The last row's line lies under the card's: a point that is no reason to scroll.
        if size::ROW * shown as f32 <= body.height() + 1.5 {
            area = area.scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden);
        }
        if let Some(row) = scroll_to {
            let top = row as f32 * size::ROW;
            let (from, view) = (state.scroll, body.height());
            if top < from {
                area = area.vertical_scroll_offset(top);
            } else if top + size::ROW > from + view {
                area = area.vertical_scroll_offset(top + size::ROW - view);
            }
        }
        let output = area.show_rows(&mut child, size::ROW, shown, |ui, range| {
            for place in range {
                let Some(row) = state.order().get(place).copied() else { continue };
                self.row(ui, cx, &focus, state, rows, row as usize, place, &widths, &mut outcome);
            }
        });
        state.scroll = output.state.clamped_offset().y;
        outcome
    }

    fn head_bar(&mut self, ui: &mut Ui, cx: &mut Context<'_>, state: &mut TableState, rows: &dyn Rows) {
        if self.filter_hint.is_none() && self.toolbar.is_none() {
            return;
        }
        ui.horizontal(|ui| {
            if let Some(hint) = self.filter_hint {
                let id = filter_id();
                let mut words = state.filter().to_owned();
                let response = Field::new(hint)
                    .bare()
                    .hint(hint)
                    .width(260.0)
                    .unit(if state.filter().is_empty() { "/" } else { "" })
                    .id(id)
                    .show(ui, &mut words);
                // egui takes the focus away on Escape by itself, before the field is drawn.
                if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
                    words.clear();
                }
                if words != state.filter() {
                    state.set_filter(words);
                    state.store(self.id, cx.prefs);
                }
                if !state.filter().is_empty() {
                    let of = format!(
                        "{} of {}",
                        format::count(state.order().len() as u64),
                        format::count(rows.len() as u64)
                    );
                    text::small(ui, of);
                }
            }
            if let Some(draw) = &mut self.toolbar {
                let selected = state.selected();
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| draw(ui, cx, &selected));
            }
        });
        ui.add_space(4.0);
    }

    fn nothing(&self, ui: &mut Ui, cx: &mut Context<'_>, state: &mut TableState, body: egui::Rect) {
        let theme = Theme::of(ui);
        let words = if state.filter().is_empty() {
            "Nothing here yet".to_owned()
        } else {
            format!("Nothing matches “{}”", state.filter())
        };
        ui.scope_builder(egui::UiBuilder::new().max_rect(body.shrink(12.0)), |ui| {
            ui.vertical_centered(|ui| {
                ui.add_space(((body.height() - 90.0) / 3.0).max(0.0));
                text::text(ui, words, fonts::body(), theme.muted);
                if !state.filter().is_empty() && Button::secondary("Clear filter").show(ui) {
                    state.set_filter(String::new());
                    state.store(self.id, cx.prefs);
                }
            });
        });
    }

    /// Arrow keys, Enter, Ctrl+A, Ctrl+C, Escape. Gives the place to scroll into view.
    fn keys(
        ui: &Ui,
        cx: &mut Context<'_>,
        focus: &egui::Response,
        state: &mut TableState,
        rows: &dyn Rows,
        outcome: &mut Outcome,
    ) -> Option<usize> {
        let nothing_focused = ui.memory(|memory| memory.focused().is_none());
        let covered = ui.memory(|memory| memory.top_modal_layer().is_some()) || egui::Popup::is_any_open(ui.ctx());
        if covered || !(focus.has_focus() || nothing_focused) {
            return None;
        }
        ui.memory_mut(|memory| {
            let keep = egui::EventFilter { vertical_arrows: true, escape: true, ..Default::default() };
            memory.set_focus_lock_filter(focus.id, keep);
        });
        // Asked before: within `input_mut` the context is locked.
        let focused = focus.has_focus();
        let page = ((focus.rect.height() / size::ROW) as isize - 1).max(1);
        let (step, shift, all, copy, escape, enter) = ui.input_mut(|input| {
            let mut step = 0isize;
            let mut shift = false;
            for (key, by) in [
                (Key::ArrowDown, 1),
                (Key::ArrowUp, -1),
                (Key::PageDown, page),
                (Key::PageUp, -page),
                (Key::Home, isize::MIN / 2),
                (Key::End, isize::MAX / 2),
            ] {
                // With Shift first: a plain pattern would match it too.
                let extended = input.count_and_consume_key(Modifiers::SHIFT, key);
                shift |= extended > 0;
                let n = extended + input.count_and_consume_key(Modifiers::NONE, key);
                if n > 0 {
                    step = step.saturating_add(by.saturating_mul(isize::try_from(n).unwrap_or(1)));
                }
            }
            (
                step,
                shift,
                input.consume_key(Modifiers::COMMAND, Key::A),
                input.events.iter().any(|event| matches!(event, egui::Event::Copy)),
                focused && input.key_pressed(Key::Escape),
                input.key_pressed(Key::Enter),
            )
        });
        if all {
            state.select_all(rows);
            outcome.selection_changed = true;
        }
        if copy && !state.selected().is_empty() {
            cx.actions.copy(state.selected().join("\n"), "name");
        }
        if escape {
            outcome.selection_changed |= state.clear_selection();
        }
        if enter {
            outcome.open = state.cursor().map(str::to_owned);
        }
        if step == 0 {
            return None;
        }
        outcome.selection_changed = true;
        state.step(step, shift, rows)
    }

    #[allow(clippy::too_many_arguments)] // One row's worth of what `show` has at hand; a struct would only rename it.
    fn row(
        &mut self,
        ui: &mut Ui,
        cx: &mut Context<'_>,
        focus: &egui::Response,
        state: &mut TableState,
        rows: &dyn Rows,
        row: usize,
        place: usize,
        widths: &[f32],
        outcome: &mut Outcome,
    ) {
        let (_, rect) = ui.allocate_space(vec2(ui.available_width(), size::ROW));
        if let Some(words) = rows.heading(row) {
            paint::heading(ui, rect, words);
            return;
        }
        let key = rows.key(row);
        // CLICK without the focus flag: the arrow keys walk rows, Tab walks controls.
        let response = ui.interact(rect, focus.id.with(key), Sense::CLICK);
        let selected = state.is_selected(key);
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Row, true, selected, key));
        let cursor = state.cursor() == Some(key) && focus.has_focus();
        paint::row_ground(ui, rect, focus.rect, selected, response.hovered(), cursor);
        let mut x = rect.left();
        if self.ticks {
            let box_rect = egui::Rect::from_min_size(rect.min, vec2(paint::TICK, rect.height()));
            if paint::tick(ui, focus.id.with(("tick", key)), box_rect, selected, key) {
                state.toggle(key, place);
                outcome.selection_changed = true;
            }
            x += paint::TICK;
        }
        let mut opened = false;
        for (column, width) in widths.iter().enumerate() {
            if *width <= 0.0 {
                continue;
            }
            let cell_rect = egui::Rect::from_min_size(egui::pos2(x, rect.top()), vec2(*width, rect.height()));
            x += width;
            let cell = rows.cell(row, column);
            opened |= paint::cell(ui, cx, focus.id.with((key, column)), cell_rect, &cell, self.columns[column].right);
        }
        if opened || response.double_clicked() {
            outcome.open = Some(key.to_owned());
        } else if response.clicked() {
            focus.request_focus();
            let modifiers = ui.input(|input| input.modifiers);
            state.click(key, place, modifiers, self.ticks, rows);
            outcome.selection_changed = true;
        }
        if response.secondary_clicked() && !selected {
            state.click(key, place, Modifiers::NONE, false, rows);
            outcome.selection_changed = true;
        }
        response.context_menu(|ui| {
            ui.set_min_width(180.0);
            let selected = state.selected();
            if menu::action(ui, Icon::Copy, if selected.len() == 1 { "Copy name" } else { "Copy names" }, "Ctrl C") {
                cx.actions.copy(selected.join("\n"), "name");
                ui.close();
            }
            if let Some(draw) = &mut self.menu {
                draw(ui, cx, &selected);
            }
        });
    }
}

/// The id of the page's filter box: `/` gives it the focus.
pub fn filter_id() -> egui::Id {
    egui::Id::unique("page-filter")
}
