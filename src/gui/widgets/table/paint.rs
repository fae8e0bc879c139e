//! How a table looks: columns' widths, head, grounds, cells.

use egui::{Color32, CornerRadius, FontId, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use lucide_icons::Icon;

use super::{Cell, Column, Outcome, Rows, TableState};
use crate::gui::context::Context;
use crate::gui::format;
use crate::gui::theme::{Theme, fonts, size};
use crate::gui::widgets::{field, icon, text};

/// Width of the column of tick boxes.
pub(super) const TICK: f32 = 34.0;
/// Between the edge of a cell and its words.
const PAD: f32 = 12.0;

/// Width of each column; 0 for one that is left out.
pub(super) fn widths(columns: &[Column], room: f32, ticks: bool) -> Vec<f32> {
    let room = room - if ticks { TICK } else { 0.0 };
    let mut widths: Vec<f32> = columns.iter().map(|c| if room < c.hide_below { 0.0 } else { c.width }).collect();
    let used: f32 = widths.iter().sum();
    let grow: f32 = columns.iter().zip(&widths).filter(|(_, w)| **w > 0.0).map(|(c, _)| c.grow).sum();
    for (width, column) in widths.iter_mut().zip(columns) {
        if *width <= 0.0 {
            continue;
        }
        if used > room {
            *width *= room / used;
        } else if grow > 0.0 {
            *width += (room - used) * column.grow / grow;
        }
    }
    widths
}

pub(super) fn card(ui: &Ui, rect: Rect) {
    let theme = Theme::of(ui);
    let radius = CornerRadius::same(size::CARD_RADIUS);
    ui.painter().rect(rect, radius, theme.raised, Stroke::new(1.0, theme.line), StrokeKind::Inside);
}

/// The head; gives the column whose title was clicked.
#[allow(clippy::too_many_arguments)] // As for `Table::row`.
pub(super) fn head(
    ui: &mut Ui,
    id: egui::Id,
    rect: Rect,
    columns: &[Column],
    widths: &[f32],
    ticks: bool,
    state: &mut TableState,
    rows: &dyn Rows,
    outcome: &mut Outcome,
) -> Option<usize> {
    let theme = Theme::of(ui);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.line));
    let mut x = rect.left();
    if ticks {
        let all = state.all_selected(rows);
        let box_rect = Rect::from_min_size(rect.min, vec2(TICK, rect.height()));
        if tick(ui, id.with("all"), box_rect, all, "all rows") {
            if all {
                state.clear_selection();
            } else {
                state.select_all(rows);
            }
            outcome.selection_changed = true;
        }
        x += TICK;
    }
    let mut clicked = None;
    for (i, (column, width)) in columns.iter().zip(widths).enumerate() {
        if *width <= 0.0 {
            continue;
        }
        let cell = Rect::from_min_size(pos2(x, rect.top()), vec2(*width, rect.height()));
        x += width;
        let sorted = state.sort().filter(|(by, _)| *by == i);
        let sense = if column.sortable { Sense::click() } else { Sense::hover() };
        let response = ui.interact(cell, id.with(("head", i)), sense);
        response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, column.title));
        let color = if sorted.is_some() || (column.sortable && response.hovered()) { theme.text } else { theme.muted };
        let arrow = if sorted.is_some() { 14.0 } else { 0.0 };
        let galley =
            text::elided_galley(ui, column.title, fonts::small_medium(), color, cell.width() - 2.0 * PAD - arrow);
        let left = if column.right { cell.right() - PAD - galley.size().x } else { cell.left() + PAD };
        if let Some((_, descending)) = sorted {
            let sign = if descending { Icon::ArrowDown } else { Icon::ArrowUp };
            let at = if column.right { left - 9.0 } else { left + galley.size().x + 9.0 };
            icon::paint(ui.painter(), sign, pos2(at, cell.center().y), 12.0, color);
        }
        ui.painter().galley(pos2(left, cell.center().y - galley.size().y / 2.0), galley, color);
        crate::gui::widgets::button::focus_ring(ui, &response, cell.shrink(5.0), 4);
        if column.sortable && response.clicked() {
            clicked = Some(i);
        }
    }
    clicked
}

pub(super) fn heading(ui: &Ui, rect: Rect, words: &str) {
    let theme = Theme::of(ui);
    let ground = Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom()));
    ui.painter().rect_filled(ground, 0.0, theme.panel);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.line));
    let at = pos2(rect.left() + PAD, rect.center().y);
    ui.painter().text(at, egui::Align2::LEFT_CENTER, words, fonts::small_medium(), theme.muted);
}

pub(super) fn row_ground(ui: &Ui, rect: Rect, body: Rect, selected: bool, hovered: bool, cursor: bool) {
    let theme = Theme::of(ui);
    // A row at the foot of the card wears the card's corners.
    let low = rect.bottom() > body.bottom() - 2.0;
    let corner = if low { size::CARD_RADIUS - 1 } else { 0 };
    let radius = CornerRadius { sw: corner, se: corner, ..CornerRadius::ZERO };
    let seen = rect.intersect(body);
    if selected {
        ui.painter().rect_filled(seen, radius, theme.accent_soft);
    } else if hovered {
        ui.painter().rect_filled(seen, radius, theme.panel);
    }
    if rect.bottom() < body.bottom() {
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.line));
    }
    if cursor {
        let bar = Rect::from_min_size(rect.min, vec2(2.0, rect.height()));
        ui.painter().rect_filled(bar, 0.0, theme.accent);
    }
}

/// A tick box in a cell; `true` when it was clicked.
pub(super) fn tick(ui: &Ui, id: egui::Id, rect: Rect, ticked: bool, what: &str) -> bool {
    let response = ui.interact(rect, id, Sense::CLICK);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, ticked, format!("Select {what}")));
    field::paint_tick(ui, pos2(rect.left() + PAD + 7.0, rect.center().y), ticked, response.hovered());
    response.clicked()
}

/// Draws a cell; `true` when a click on it opens the row.
pub(super) fn cell(ui: &mut Ui, cx: &mut Context<'_>, id: egui::Id, rect: Rect, cell: &Cell, right: bool) -> bool {
    let theme = cx.theme;
    let room = rect.width() - 2.0 * PAD;
    match cell {
        Cell::Empty => {}
        Cell::Name(words) => return link(ui, id, rect, words, theme.text, fonts::medium()),
        Cell::Link { text: words, to } => {
            if link(ui, id, rect, words, theme.muted, fonts::body()) {
                cx.actions.go(to.clone());
            }
        }
        Cell::Text(text) => words(ui, id, rect, text, fonts::body(), theme.text, right, None),
        Cell::Muted(text) => words(ui, id, rect, text, fonts::body(), theme.muted, right, None),
        Cell::Number(text) => words(ui, id, rect, text, fonts::body(), theme.text, true, None),
        Cell::Mono(text) => words(ui, id, rect, text, fonts::mono(), theme.muted, right, None),
        Cell::Time(at) => {
            let ago = format::ago(cx.now, *at);
            crate::gui::ticking(ui.ctx(), format::ago_changes_in_ms(cx.now, *at));
            words(ui, id, rect, &ago, fonts::body(), theme.muted, right, Some(format::exact(*at, cx.zone)));
        }
        Cell::Since(at) => {
            let long = format::duration(cx.now.ms_since(*at));
            crate::gui::ticking(ui.ctx(), format::ago_changes_in_ms(cx.now, *at));
            words(ui, id, rect, &long, fonts::body(), theme.muted, right, Some(format::exact(*at, cx.zone)));
        }
        Cell::Pill(pill) => {
            let width = pill.width(ui).min(room.max(20.0));
            let left = if right { rect.right() - PAD - width } else { rect.left() + PAD };
            let at = Rect::from_min_size(pos2(left, rect.center().y - 11.0), vec2(room + PAD, 22.0));
            ui.new_child(egui::UiBuilder::new().max_rect(at).id_salt(id)).add(pill);
        }
        Cell::Progress { fraction, text: after } => {
            let at = Rect::from_center_size(pos2(rect.left() + PAD + 36.0, rect.center().y), vec2(72.0, 4.0));
            ui.painter().rect_filled(at, CornerRadius::same(2), theme.track);
            let done = Rect::from_min_size(at.min, vec2(at.width() * fraction.clamp(0.0, 1.0), 4.0));
            ui.painter().rect_filled(done, CornerRadius::same(2), theme.accent);
            let rest = Rect::from_min_max(pos2(rect.left() + 72.0 + PAD - 2.0, rect.top()), rect.max);
            words(ui, id, rest, after, fonts::small(), theme.muted, false, None);
        }
        Cell::Icon { icon: sign, text: after } => {
            icon::paint(ui.painter(), *sign, pos2(rect.left() + PAD + 7.0, rect.center().y), 14.0, theme.muted);
            let rest = Rect::from_min_max(pos2(rect.left() + 22.0, rect.top()), rect.max);
            words(ui, id, rest, after, fonts::body(), theme.text, false, None);
        }
    }
    false
}

#[allow(clippy::too_many_arguments)] // A cell's looks, each used once a call.
fn words(
    ui: &mut Ui,
    id: egui::Id,
    rect: Rect,
    words: &str,
    font: FontId,
    color: Color32,
    right: bool,
    hover: Option<String>,
) {
    let galley = text::elided_galley(ui, words, font, color, rect.width() - 2.0 * PAD);
    let left = if right { rect.right() - PAD - galley.size().x } else { rect.left() + PAD };
    let at = Rect::from_min_size(pos2(left, rect.center().y - galley.size().y / 2.0), galley.size());
    let hover = hover.or_else(|| galley.elided.then(|| words.to_owned()));
    let response = ui.interact(at, id, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    ui.painter().galley(at.min, galley, color);
    if let Some(hover) = hover {
        response.on_hover_text(hover);
    }
}

fn link(ui: &mut Ui, id: egui::Id, rect: Rect, words: &str, color: Color32, font: FontId) -> bool {
    let theme = Theme::of(ui);
    let galley = text::elided_galley(ui, words, font.clone(), color, rect.width() - 2.0 * PAD);
    let at = Rect::from_min_size(pos2(rect.left() + PAD, rect.center().y - galley.size().y / 2.0), galley.size());
    let response = ui.interact(at, id, Sense::CLICK).on_hover_cursor(egui::CursorIcon::PointingHand);
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, words));
    let elided = galley.elided;
    if response.hovered() {
        let galley = text::elided_galley(ui, words, font, theme.accent, rect.width() - 2.0 * PAD);
        ui.painter().galley(at.min, galley, theme.accent);
        ui.painter().hline(at.x_range(), at.bottom() - 1.0, Stroke::new(1.0, theme.accent));
    } else {
        ui.painter().galley(at.min, galley, color);
    }
    let clicked = response.clicked();
    if elided {
        response.on_hover_text(words);
    }
    clicked
}
