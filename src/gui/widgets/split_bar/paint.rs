//! How the split bar looks: segments, labels, handles, and the marks below.

use egui::text::CCursor;
use egui::text_selection::CCursorRange;
use egui::{
    Align2, Color32, CornerRadius, Id, Rect, Response, Sense, Shape, Stroke, StrokeKind, TextEdit, Ui, pos2, vec2,
};

use super::shares::{Shares, percent};
use super::{HANDLE, NARROWEST, Observed, STANDS_OUT, Segment};
use crate::gui::theme::{Theme, fonts, size};
use crate::gui::widgets::text;

/// Corner of the bar.
const RADIUS: u8 = 7;

/// The x of each divider. A segment is as wide as its share, but never narrower than [`NARROWEST`].
pub(super) fn edges(bar: Rect, shares: &Shares) -> Vec<f32> {
    let n = shares.len();
    let mut fixed = vec![false; n];
    let natural = |room: f32, sum: u32, share: u32| if sum == 0 { 0.0 } else { room * share as f32 / sum as f32 };
    // Fixing one segment makes the others narrower, which may fix another: at most n rounds.
    let (mut room, mut sum) = (bar.width(), shares.tenths().iter().sum::<u32>());
    loop {
        let narrow = (0..n).find(|i| !fixed[*i] && natural(room, sum, shares.tenths()[*i]) < NARROWEST);
        let Some(i) = narrow else { break };
        fixed[i] = true;
        room = (room - NARROWEST).max(0.0);
        sum -= shares.tenths()[i];
    }
    // With no weight at all, all are equally wide.
    let equal = bar.width() / n.max(1) as f32;
    let mut x = bar.left();
    let mut edges = Vec::with_capacity(n.saturating_sub(1));
    for (share, fixed) in shares.tenths().iter().zip(&fixed).take(n.saturating_sub(1)) {
        x += match (shares.all_zero(), fixed) {
            (true, _) => equal,
            (false, true) => NARROWEST,
            (false, false) => natural(room, sum, *share),
        };
        edges.push(x);
    }
    edges
}

/// The edges on their way to where they should be; at once while a divider is dragged.
pub(super) fn animated(ui: &Ui, salt: Id, edges: &[f32], at_once: bool) -> Vec<f32> {
    let time = if at_once { 0.0 } else { 0.12 };
    let mut last = f32::NEG_INFINITY;
    edges
        .iter()
        .enumerate()
        .map(|(i, x)| {
            let x = ui.ctx().animate_value_with_time(salt.with("edge").with(i).with(edges.len()), *x, time);
            last = last.max(x);
            last
        })
        .collect()
}

pub(super) fn bar(ui: &Ui, bar: Rect, segments: &[Segment<'_>], shares: &Shares, edges: &[f32]) {
    let theme = Theme::of(ui);
    let mut left = bar.left();
    for (i, segment) in segments.iter().enumerate() {
        let right = edges.get(i).copied().unwrap_or(bar.right());
        let rect = Rect::from_min_max(pos2(left, bar.top()), pos2(right, bar.bottom()));
        let mut corners = CornerRadius::ZERO;
        if i == 0 {
            (corners.nw, corners.sw) = (RADIUS, RADIUS);
        }
        if i + 1 == segments.len() {
            (corners.ne, corners.se) = (RADIUS, RADIUS);
        }
        let color = theme.variant(segment.color);
        // No traffic: no more than a hint of its colour.
        let fill = if shares.tenths()[i] == 0 { soften(color, theme.raised) } else { color };
        ui.painter().rect_filled(rect, corners, fill);
        left = right;
    }
    if shares.all_zero() {
        let words = "All weights are 0: no variant gets traffic";
        let galley = text::elided_galley(ui, words, fonts::medium(), theme.text, bar.width() - 24.0);
        ui.painter().galley(bar.center() - galley.size() / 2.0, galley, theme.text);
    }
}

fn soften(color: Color32, ground: Color32) -> Color32 {
    ground.lerp_to_gamma(color, 0.28)
}

/// Name and share within a segment; `None` when there is no room for both. Returns where the share stands.
pub(super) fn label(ui: &Ui, area: Rect, segment: Segment<'_>, share: u32) -> Option<Rect> {
    let theme = Theme::of(ui);
    if share == 0 {
        return None;
    }
    let color = theme.on_variant(segment.color);
    let share = ui.painter().layout_no_wrap(percent(share), fonts::strong(), color);
    let pad = 12.0;
    let room = area.width() - 2.0 * pad - share.size().x - 10.0;
    let name = text::elided_galley(ui, segment.name, fonts::strong(), color, room.max(0.0));
    // A name of which little is left says nothing.
    if room < 28.0 || (name.elided && room < 56.0) {
        return None;
    }
    if name.elided {
        let response = ui.interact(area, ui.scope_id().with("name").with(segment.name), Sense::hover());
        response.on_hover_text(segment.name);
    }
    let middle = area.center().y;
    ui.painter().galley(pos2(area.left() + pad, middle - name.size().y / 2.0), name, color);
    let place = percent_place(area, share.size().x);
    ui.painter().galley(pos2(place.left(), middle - share.size().y / 2.0), share, color);
    Some(place)
}

/// Where a share of that width stands in a segment.
pub(super) fn percent_place(area: Rect, width: f32) -> Rect {
    let right = area.right() - 12.0;
    Rect::from_min_max(pos2(right - width, area.center().y - 13.0), pos2(right, area.center().y + 13.0))
}

/// Name and share below the bar. Returns where the share stands.
pub(super) fn label_below(ui: &mut Ui, segment: Segment<'_>, share: u32) -> Rect {
    let theme = Theme::of(ui);
    let name = text::elided_galley(ui, segment.name, fonts::small(), theme.muted, 180.0);
    let share = ui.painter().layout_no_wrap(percent(share), fonts::small_medium(), theme.text);
    let width = 15.0 + name.size().x + 6.0 + share.size().x;
    let (rect, response) = ui.allocate_exact_size(vec2(width, 22.0), Sense::hover());
    let middle = rect.center().y;
    ui.painter().circle_filled(pos2(rect.left() + 5.0, middle), 4.5, theme.variant(segment.color));
    let elided = name.elided;
    let share_left = rect.left() + 15.0 + name.size().x + 6.0;
    ui.painter().galley(pos2(rect.left() + 15.0, middle - name.size().y / 2.0), name, theme.muted);
    ui.painter().galley(pos2(share_left, middle - share.size().y / 2.0), share, theme.text);
    if elided {
        response.on_hover_text(segment.name);
    }
    Rect::from_min_max(pos2(share_left, rect.top()), rect.max)
}

/// The ground of a share that can be clicked.
pub(super) fn percent_hover(ui: &Ui, response: &Response, place: Rect, color: usize) {
    let theme = Theme::of(ui);
    if response.hovered() || response.has_focus() {
        let line =
            Stroke::new(1.5, theme.on_variant(color).gamma_multiply(if response.has_focus() { 1.0 } else { 0.6 }));
        ui.painter().rect_stroke(place.expand2(vec2(5.0, 0.0)), f32::from(size::RADIUS), line, StrokeKind::Inside);
    }
}

pub(super) fn handle(ui: &Ui, bar: Rect, x: f32, id: Id, dragged: bool) {
    let theme = Theme::of(ui);
    let focused = ui.memory(|m| m.has_focus(id));
    let hovered = ui.ctx().read_response(id).is_some_and(|r| r.hovered());
    let rect = Rect::from_center_size(pos2(x, bar.center().y), vec2(HANDLE, bar.height() + 2.0 * STANDS_OUT));
    let radius = CornerRadius::same((HANDLE / 2.0) as u8);
    if focused && !dragged {
        ui.painter().rect_filled(rect.expand(3.0), CornerRadius::same(8), theme.accent);
    }
    let fill = if hovered || dragged { theme.hover } else { theme.raised };
    let line = Stroke::new(1.5, theme.text);
    ui.painter().rect(rect, radius, fill, line, StrokeKind::Inside);
    if hovered || dragged || focused {
        for dx in [-1.5, 1.5] {
            ui.painter().vline(x + dx, bar.center().y - 5.0..=bar.center().y + 5.0, Stroke::new(1.0, theme.muted));
        }
    }
}

/// Triangles where the dividers would be by what was observed, and one line that says it.
pub(super) fn ghosts(ui: &Ui, bar: Rect, below: Rect, observed: &Observed) {
    let theme = Theme::of(ui);
    let top = below.top() + 4.0;
    // Where the dividers would be: by the same rule of widths, so that equal shares stand at equal places.
    let xs = edges(bar, &Shares::of_weights(&observed.shares));
    for x in xs.iter().copied() {
        let triangle = vec![pos2(x, top), pos2(x + 5.0, top + 7.0), pos2(x - 5.0, top + 7.0)];
        ui.painter().add(Shape::convex_polygon(triangle, theme.muted, Stroke::NONE));
    }
    let font = fonts::inter(11.0, fonts::Weight::Regular);
    let galley = text::elided_galley(ui, &observed.said, font, theme.faint, bar.width() * 0.8);
    let width = galley.size().x;
    let free = |left: f32| xs.iter().all(|x| *x < left - 10.0 || *x > left + width + 10.0);
    // Beside the marks: at the right end, else at the left, else between two of them.
    let places = std::iter::once(bar.right() - width)
        .chain(std::iter::once(bar.left()))
        .chain(xs.iter().map(|x| x + 12.0))
        .filter(|left| *left >= bar.left() - 0.5 && left + width <= bar.right() + 0.5);
    let Some(left) = places.into_iter().find(|left| free(*left)) else { return };
    ui.painter().galley(pos2(left, top - 2.0), galley, theme.faint);
}

/// The field for a weight that is being typed.
pub(super) fn typed(ui: &mut Ui, id: Id, place: Rect, text: &mut String, good: bool) -> Response {
    let theme = Theme::of(ui);
    let place = Rect::from_center_size(place.center(), vec2(place.width().max(56.0), 26.0));
    let line = if good { theme.accent } else { theme.error.text };
    ui.painter().rect(place, f32::from(size::RADIUS), theme.raised, Stroke::new(1.5, line), StrokeKind::Inside);
    ui.painter().text(place.right_center() - vec2(8.0, 0.0), Align2::RIGHT_CENTER, "%", fonts::small(), theme.muted);
    let inner = place.shrink2(vec2(6.0, 3.0)).with_max_x(place.right() - 20.0);
    let edit =
        TextEdit::singleline(text).id(id).font(fonts::body()).frame(egui::Frame::NONE).align(Align2::RIGHT_CENTER);
    ui.put(inner, edit.desired_width(inner.width()).margin(egui::Margin::ZERO))
}

/// Selects what stands in a field, so that typing replaces it.
pub(super) fn select_all(ui: &Ui, id: Id, text: &str) {
    if let Some(mut state) = TextEdit::load_state(ui.ctx(), id) {
        let end = CCursor::new(text.chars().count());
        state.cursor.set_char_range(Some(CCursorRange::two(CCursor::new(0), end)));
        state.store(ui.ctx(), id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(weights: &[f64]) -> Vec<f32> {
        let bar = Rect::from_min_size(pos2(0.0, 0.0), vec2(1000.0, 40.0));
        let mut left = 0.0;
        let mut edges = edges(bar, &Shares::of_weights(weights));
        edges.push(1000.0);
        edges.into_iter().map(|x| x - std::mem::replace(&mut left, x)).collect()
    }

    #[test]
    fn segments_are_as_wide_as_their_shares() {
        assert_eq!(widths(&[62.0, 38.0]), [620.0, 380.0]);
        assert_eq!(widths(&[1.0]), [1000.0]);
    }

    #[test]
    fn none_is_too_narrow_to_be_grabbed() {
        for weights in [vec![0.0, 1.0], vec![1.0, 0.0, 0.0, 1.0], vec![0.0; 4], vec![1000.0, 1.0, 1.0, 0.0, 1.0, 3.0]] {
            let widths = widths(&weights);
            assert!(widths.iter().all(|w| *w >= NARROWEST - 0.01), "{widths:?}");
            assert!((widths.iter().sum::<f32>() - 1000.0).abs() < 0.1, "{widths:?}");
        }
    }
}
