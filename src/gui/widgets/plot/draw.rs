//! Lays a set of plots out, lets the pointer and the keyboard move it, and draws grid, labels, marks and series.

use std::sync::Arc;

use egui::{
    Align2, EventFilter, Id, Key, Popup, PopupCloseBehavior, Pos2, Rect, Response, Role, Sense, Shape, Stroke, Ui,
    WidgetInfo, pos2, vec2,
};

use super::chart::{self, Frame};
use super::pyramid::{Columns, POINTS_A_FRAME};
use super::view::{RANGES, cache_of};
use super::{Axis, BETWEEN, Chart, FOOT, HEAD, Kind, Plots, Window, readout, scale};
use crate::gui::theme::{Theme, fonts, size};
use crate::gui::widgets::{Icon, icon, menu, text};

/// How long after the newest point a time axis goes on moving before it stands still.
const FOLLOWS_FOR_S: f64 = 5.0;

fn label_font() -> egui::FontId {
    fonts::inter(11.0, fonts::Weight::Regular)
}

pub(super) fn plots(mut plots: Plots<'_>, ui: &mut Ui, theme: &Theme, rect: Rect, charts: &[Chart<'_>]) {
    grow(&mut plots, ui, charts);
    let data = charts.iter().flat_map(|c| &c.series).filter_map(|s| s.points.extent());
    let data = data.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let Some((first, newest)) = data else {
        plots.view.hover = None;
        let mut top = rect.top();
        for chart in charts {
            head(ui, theme, chart, rect, top, rect.right());
            empty(
                ui,
                theme,
                chart,
                Rect::from_min_size(pos2(rect.left(), top + HEAD), vec2(rect.width(), chart.height)),
            );
            top += HEAD + chart.height + FOOT + BETWEEN;
        }
        return;
    };
    let last = right_end(&plots, ui, newest);

    // Areas are as wide as the widest label allows; labels depend on the values in view, so a guess from the last frame is enough.
    let gutter_id = id_of(plots.salt, "gutter", 0);
    let gutter: f32 = ui.data(|d| d.get_temp(gutter_id)).unwrap_or(36.0);
    let mut areas = Vec::with_capacity(charts.len());
    let mut top = rect.top();
    for chart in charts {
        areas.push(Rect::from_min_max(
            pos2(rect.left() + gutter, top + HEAD),
            pos2(rect.right() - 2.0, top + HEAD + chart.height),
        ));
        top += HEAD + chart.height + FOOT + BETWEEN;
    }
    let responses: Vec<Response> = areas
        .iter()
        .enumerate()
        .map(|(i, area)| ui.interact(*area, id_of(plots.salt, "area", i), Sense::click_and_drag()))
        .collect();
    for (response, area) in responses.iter().zip(&areas) {
        interact(&mut plots, ui, response, *area, first, last);
    }
    plots.view.hover = responses.iter().zip(&areas).find_map(|(response, area)| {
        let pointer = response.hover_pos().filter(|_| response.hovered() || response.dragged())?;
        let (from, to) = plots.view.ends(first, last);
        Some(from + f64::from((pointer.x - area.left()) / area.width().max(1.0)) * (to - from))
    });

    let (from, to) = plots.view.ends(first, last);
    let now = if plots.now.is_some() { last } else { f64::INFINITY };
    let mut begins: Vec<f64> = plots.marks.iter().map(|mark| mark.x).collect();
    begins.sort_by(f64::total_cmp);
    let mut frames = Vec::with_capacity(charts.len());
    let mut widest = 0.0_f32;
    let range_left = range_menu(&mut plots, ui, theme, rect);
    for (i, (chart, area)) in charts.iter().zip(&areas).enumerate() {
        head(ui, theme, chart, rect, area.top() - HEAD, if i == 0 { range_left } else { rect.right() });
        let columns = columns(&mut plots, chart, i, from, to, area.width());
        let extent = chart::extent(chart, &columns, from, to, now);
        let Some((low, high)) = extent else {
            empty(ui, theme, chart, *area);
            name(&responses[i], chart);
            frames.push(None);
            continue;
        };
        let wanted = (chart.height / 34.0).round().clamp(2.0, 6.0) as usize;
        let frame = Frame { area: *area, from, to, ticks: scale::Ticks::around(low, high, wanted, chart.unit) };
        widest = widest.max(grid(ui, theme, &frame, chart));
        time_labels(ui, theme, &frame, &plots);
        let painter = ui.painter().with_clip_rect(area.expand2(vec2(0.0, 1.0)).intersect(ui.clip_rect()));
        chart::series(&painter, &frame, chart, &columns, &begins, theme.band, now);
        name(&responses[i], chart);
        if responses[i].has_focus() {
            let ring = area.expand(3.0);
            ui.painter().rect_stroke(
                ring,
                f32::from(size::RADIUS),
                Stroke::new(1.5, theme.accent),
                egui::StrokeKind::Middle,
            );
        }
        frames.push(Some(frame));
    }
    marks(&plots, ui, theme, &frames);
    readout::show(&plots, ui, theme, charts, &frames);
    let wanted = (widest + 10.0).ceil().max(30.0);
    if (wanted - gutter).abs() >= 1.0 {
        ui.data_mut(|d| d.insert_temp(gutter_id, wanted));
        ui.ctx().request_repaint();
    }
}

/// The id of a part of a set of plots.
fn id_of(salt: &str, part: &str, index: usize) -> Id {
    Id::unique("plots").with(salt).with(part).with(index)
}

/// Takes in what is new; long series are taken in over several frames.
fn grow(plots: &mut Plots<'_>, ui: &Ui, charts: &[Chart<'_>]) {
    let series = charts.iter().map(|c| c.series.len()).sum::<usize>().max(1);
    let mut all = true;
    let mut used = Vec::new();
    for (c, chart) in charts.iter().enumerate() {
        for (s, series_of) in chart.series.iter().enumerate() {
            let id = cache_of(c, &chart.series, s);
            used.push(id);
            let pyramid = plots.view.caches.entry(id).or_default();
            // Without a revision, the length is the revision.
            let revision = if plots.revision == 0 { series_of.points.len() as u64 } else { plots.revision };
            all &= pyramid.grow(&series_of.points, revision, POINTS_A_FRAME / series);
        }
    }
    plots.view.caches.retain(|id, _| used.contains(id));
    if !all {
        ui.ctx().request_repaint();
    }
}

/// Where a following axis ends: at the present for as long as something comes in, and a little later than the newest point after that.
fn right_end(plots: &Plots<'_>, ui: &Ui, newest: f64) -> f64 {
    let Some(now) = plots.now else { return newest };
    let limit = newest + FOLLOWS_FOR_S;
    if now < limit && plots.view.follows() {
        ui.ctx().request_repaint_after(std::time::Duration::from_secs(1));
    }
    now.floor().min(limit).max(newest)
}

fn interact(plots: &mut Plots<'_>, ui: &Ui, response: &Response, area: Rect, first: f64, last: f64) {
    let (from, to) = plots.view.ends(first, last);
    let per_pixel = (to - from) / f64::from(area.width().max(1.0));
    if response.dragged() && response.drag_delta().x != 0.0 {
        plots.view.pan(-f64::from(response.drag_delta().x) * per_pixel, first, last);
    }
    if response.double_clicked() {
        plots.view.follow();
    }
    if response.hovered()
        && let Some(pointer) = ui.input(|i| i.pointer.hover_pos())
    {
        let (scroll, zoom) = ui.input(|i| (i.smooth_scroll_delta(), i.zoom_delta()));
        let factor = f64::from(zoom) * (f64::from(scroll.y) / 300.0).exp();
        if (factor - 1.0).abs() > 1e-4 {
            plots.view.zoom(factor, from + f64::from(pointer.x - area.left()) * per_pixel, first, last);
        }
        if scroll.x != 0.0 {
            plots.view.pan(-f64::from(scroll.x) * per_pixel, first, last);
        }
        if scroll != egui::Vec2::ZERO {
            // The page below must not scroll too.
            ui.input_mut(|i| i.smooth_scroll_delta = egui::Vec2::ZERO);
        }
    }
    if response.has_focus() {
        let filter = EventFilter { horizontal_arrows: true, escape: true, ..EventFilter::default() };
        ui.memory_mut(|m| m.set_focus_lock_filter(response.id, filter));
        let span = to - from;
        let (left, right, closer, wider, home) = ui.input(|i| {
            let pressed = |key| i.key_pressed(key);
            (
                pressed(Key::ArrowLeft),
                pressed(Key::ArrowRight),
                pressed(Key::Plus) || pressed(Key::Equals),
                pressed(Key::Minus),
                pressed(Key::Escape) || pressed(Key::End),
            )
        });
        if left || right {
            plots.view.pan(if left { -span / 10.0 } else { span / 10.0 }, first, last);
        }
        if closer || wider {
            plots.view.zoom(if closer { 1.5 } else { 1.0 / 1.5 }, f64::midpoint(from, to), first, last);
        }
        if home {
            plots.view.follow();
        }
    }
}

fn columns(
    plots: &mut Plots<'_>,
    chart: &Chart<'_>,
    index: usize,
    from: f64,
    to: f64,
    width: f32,
) -> Vec<Arc<Columns>> {
    let pixels = (width.max(1.0)) as u32;
    let one = |(s, series): (usize, &super::Series<'_>)| {
        plots.view.caches.entry(cache_of(index, &chart.series, s)).or_default().columns(
            &series.points,
            from,
            to,
            pixels,
        )
    };
    chart.series.iter().enumerate().map(one).collect()
}

/// Room beside a chart's title for "+10" at least.
const LEAST_LEGEND: f32 = 44.0;

fn head(ui: &Ui, theme: &Theme, chart: &Chart<'_>, rect: Rect, top: f32, right: f32) {
    let painter = ui.painter();
    let middle = top + HEAD / 2.0 - 3.0;
    let room = right - 8.0 - rect.left() - if chart.legend { LEAST_LEGEND } else { 0.0 };
    let title = text::elided_galley(ui, chart.title, fonts::strong(), theme.text, room);
    let size = title.size();
    painter.galley(pos2(rect.left(), middle - size.y / 2.0), title, theme.text);
    if !chart.legend {
        return;
    }
    let mut x = rect.left() + size.x + 14.0;
    // Those that stand out are named first.
    let of = |faint: bool| chart.series.iter().filter(move |series| series.faint == faint);
    for (i, series) in of(false).chain(of(true)).enumerate() {
        let galley = painter.layout_no_wrap(series.name.to_owned(), fonts::small(), theme.muted);
        let rest = chart.series.len() - i;
        let room_for_more = if rest > 1 { 44.0 } else { 0.0 };
        if x + 13.0 + galley.size().x + room_for_more > right - 8.0 {
            painter.text(pos2(x, middle), Align2::LEFT_CENTER, format!("+{rest}"), fonts::small(), theme.faint);
            break;
        }
        if series.dashed {
            painter.hline(x - 1.0..=x + 2.5, middle, Stroke::new(2.0, series.color));
            painter.hline(x + 5.0..=x + 8.5, middle, Stroke::new(2.0, series.color));
        } else if chart.kind == Kind::Line && chart.legend {
            painter.hline(x - 1.0..=x + 8.5, middle, Stroke::new(2.0, series.color));
        } else {
            painter.circle_filled(pos2(x + 4.0, middle), 4.5, series.color);
        }
        let size = galley.size();
        painter.galley(pos2(x + 13.0, middle - size.y / 2.0), galley, theme.muted);
        x += 13.0 + size.x + 12.0;
    }
}

fn empty(ui: &Ui, theme: &Theme, chart: &Chart<'_>, area: Rect) {
    let painter = ui.painter();
    let line = Stroke::new(1.0, theme.line);
    for share in [0.0, 0.5, 1.0] {
        let y = painter.round_to_pixel_center(area.top() + area.height() * share);
        if share != 0.5 {
            painter.hline(area.x_range(), y, line);
        }
    }
    let galley = painter.layout(chart.empty.to_owned(), fonts::small(), theme.muted, area.width() - 24.0);
    painter.galley(area.center() - galley.size() / 2.0, galley, theme.muted);
}

/// Draws the horizontal lines and their labels, and says how wide the widest label is.
fn grid(ui: &Ui, theme: &Theme, frame: &Frame, chart: &Chart<'_>) -> f32 {
    let painter = ui.painter();
    let mut widest = 0.0_f32;
    for value in frame.ticks.values() {
        let y = frame.y(value);
        painter.hline(frame.area.x_range(), painter.round_to_pixel_center(y), Stroke::new(1.0, theme.line));
        let text = frame.ticks.label(value, chart.unit);
        let drawn =
            painter.text(pos2(frame.area.left() - 7.0, y), Align2::RIGHT_CENTER, text, label_font(), theme.faint);
        widest = widest.max(drawn.width());
    }
    widest
}

fn time_labels(ui: &Ui, theme: &Theme, frame: &Frame, plots: &Plots<'_>) {
    let most = (frame.area.width() / 110.0).floor().max(2.0) as usize;
    let ticks = match plots.view.axis {
        Axis::Time => scale::time_ticks(frame.from, frame.to, most, &plots.zone),
        Axis::Rounds => scale::round_ticks(frame.from, frame.to, most),
    };
    let painter = ui.painter();
    let mut right = f32::NEG_INFINITY;
    for (at, label) in ticks {
        let galley = painter.layout_no_wrap(label, label_font(), theme.faint);
        let width = galley.size().x;
        let left =
            (frame.x(at) - width / 2.0).clamp(frame.area.left(), (frame.area.right() - width).max(frame.area.left()));
        if left < right + 12.0 {
            continue;
        }
        right = left + width;
        painter.galley(pos2(left, frame.area.bottom() + 4.0), galley, theme.faint);
    }
}

/// Dotted lines through all charts; labels in the first, newest first, where there is room.
fn marks(plots: &Plots<'_>, ui: &Ui, theme: &Theme, frames: &[Option<Frame>]) {
    let mut labelled = false;
    for frame in frames.iter().flatten() {
        let mut taken: Vec<Rect> = Vec::new();
        for mark in plots.marks.iter().rev().filter(|m| m.x >= frame.from && m.x <= frame.to) {
            let x = ui.painter().round_to_pixel_center(frame.x(mark.x));
            let ends: [Pos2; 2] = [pos2(x, frame.area.top()), pos2(x, frame.area.bottom())];
            ui.painter().extend(Shape::dashed_line(&ends, Stroke::new(1.0, theme.faint), 2.0, 3.0));
            if labelled {
                continue;
            }
            let galley = ui.painter().layout_no_wrap(mark.label.to_owned(), label_font(), theme.muted);
            let (width, height) = (galley.size().x, galley.size().y);
            let left = if x + 6.0 + width <= frame.area.right() { x + 6.0 } else { x - 6.0 - width };
            let place = Rect::from_min_size(pos2(left, frame.area.top() + 1.0), vec2(width, height)).expand(2.0);
            if place.left() >= frame.area.left() && !taken.iter().any(|other| other.intersects(place)) {
                ui.painter().rect_filled(place, 3.0, theme.raised.gamma_multiply(0.75));
                ui.painter().galley(place.min + vec2(2.0, 2.0), galley, theme.muted);
                taken.push(place);
            }
        }
        labelled = true;
    }
}

/// The button at the right of the first head, with the ranges to choose from. Says where it begins.
fn range_menu(plots: &mut Plots<'_>, ui: &Ui, theme: &Theme, rect: Rect) -> f32 {
    let follows = plots.view.follows();
    if !plots.ranges || (plots.view.axis == Axis::Rounds && follows) {
        return rect.right();
    }
    let label = plots.view.label();
    let font = fonts::small();
    let galley = ui.painter().layout_no_wrap(label.clone(), font, theme.muted);
    let size = galley.size() + vec2(28.0, 6.0);
    let place =
        Rect::from_min_size(pos2(rect.right() - size.x + 6.0, rect.top() + HEAD / 2.0 - 3.0 - size.y / 2.0), size);
    let response = ui.interact(place, id_of(plots.salt, "range", 0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Range: {label}")));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(place, f32::from(size::RADIUS), theme.hover);
    }
    ui.painter().galley(place.min + vec2(6.0, 3.0), galley, theme.muted);
    let sign = if plots.view.axis == Axis::Rounds { Icon::Maximize2 } else { Icon::ChevronDown };
    icon::paint(ui.painter(), sign, pos2(place.right() - 12.0, place.center().y), 12.0, theme.muted);
    if plots.view.axis == Axis::Rounds {
        if response.on_hover_text("Show all rounds").clicked() {
            plots.view.follow();
        }
        return place.left();
    }
    Popup::menu(&response).close_behavior(PopupCloseBehavior::CloseOnClick).show(|ui| {
        ui.set_width(132.0);
        for (seconds, name) in RANGES {
            let chosen = plots.view.window() == Window::Newest(*seconds);
            if menu::item(ui, name, chosen) {
                plots.view.show(Window::Newest(*seconds));
            }
        }
        if menu::item(ui, "All", plots.view.window() == Window::All) {
            plots.view.show(Window::All);
        }
        if !plots.view.follows() {
            menu::line(ui);
            if menu::item(ui, "Follow again", false) {
                plots.view.follow();
            }
        }
    });
    place.left()
}

/// What a screen reader says: the chart and the newest value of each of its series.
fn name(response: &Response, chart: &Chart<'_>) {
    response.widget_info(|| {
        let newest = chart.series.iter().filter_map(|series| {
            let sample = series.points.get(series.points.len().checked_sub(1)?)?;
            Some(format!("{} {}", series.name, chart.unit.precise(sample.y)))
        });
        let newest = newest.collect::<Vec<_>>().join(", ");
        let text = if newest.is_empty() { chart.empty } else { &newest };
        WidgetInfo::labeled(Role::Figure, true, format!("Plot {}: {text}", chart.title))
    });
}
