//! One chart: from columns to lines, bands and areas.

use std::sync::Arc;

use egui::epaint::Mesh;
use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, pos2};

use super::pyramid::{Column, Columns};
use super::scale::Ticks;
use super::{Chart, Kind, Series};

/// x and y of a chart's area.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) area: Rect,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) ticks: Ticks,
}

impl Frame {
    pub(super) fn x(&self, x: f64) -> f32 {
        self.area.left() + ((x - self.from) / (self.to - self.from)) as f32 * self.area.width()
    }

    pub(super) fn y(&self, y: f64) -> f32 {
        let share = (y - self.ticks.from) / (self.ticks.to - self.ticks.from);
        // Far outside is as good as just outside, and keeps the tessellator's numbers small.
        self.area.bottom() - share.clamp(-8.0, 9.0) as f32 * self.area.height()
    }

    fn at(&self, x: f64, y: f64) -> Pos2 {
        pos2(self.x(x), self.y(y))
    }
}

/// The value that a column's line passes through.
fn line_value(column: &Column) -> f64 {
    if column.n == 1 { column.end } else { column.mean() }
}

/// The middle of a column's points.
fn middle(column: &Column) -> f64 {
    f64::midpoint(column.first, column.last)
}

/// Smallest and largest value to make room for; `None` where there is nothing to draw.
pub(super) fn extent(chart: &Chart<'_>, all: &[Arc<Columns>], from: f64, to: f64, now: f64) -> Option<(f64, f64)> {
    if chart.kind == Kind::Stacked {
        let stacks = stack(all, now);
        let top = stacks.iter().filter(|s| s.x >= from && s.x <= to).filter_map(|s| s.tops.last().copied());
        return top.reduce(f64::max).map(|top| (0.0, top));
    }
    if chart.kind == Kind::Banded {
        let is_faint = chart.series.iter().map(|series| series.faint);
        return banded_extent(all.iter().zip(is_faint), from, to);
    }
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for column in all.iter().flat_map(|columns| in_view(columns, from, to)) {
        (low, high) = (low.min(column.min), high.max(column.max));
    }
    (low <= high).then_some((low, high))
}

fn in_view(columns: &Columns, from: f64, to: f64) -> impl Iterator<Item = &Column> {
    columns.columns.iter().filter(move |c| c.last >= from && c.first <= to)
}

/// Room for lines that jump about, and bands that are as wide as the axis, where there are few labels: at the start, and again after each
/// mark. The wildest 2 % of the values at either end may leave the chart, and the widest quarter of the bands; the newest values never. Faint
/// series have no bands.
fn banded_extent<'a>(
    all: impl IntoIterator<Item = (&'a Arc<Columns>, bool)>,
    from: f64,
    to: f64,
) -> Option<(f64, f64)> {
    let (mut values, mut lows, mut highs) = (Vec::new(), Vec::new(), Vec::new());
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (columns, is_faint) in all {
        let mut newest = None;
        for column in in_view(columns, from, to) {
            let value = line_value(column);
            values.push(value);
            lows.extend(Some(column.low).filter(|low| !low.is_nan() && !is_faint));
            highs.extend(Some(column.high).filter(|high| !high.is_nan() && !is_faint));
            newest = Some(value);
        }
        if let Some(value) = newest {
            (low, high) = (low.min(value), high.max(value));
        }
    }
    for sorted in [&mut values, &mut lows, &mut highs] {
        sorted.sort_by(f64::total_cmp);
    }
    let skip = values.len() / 50;
    let ends = [values.get(skip), values.len().checked_sub(1 + skip).and_then(|at| values.get(at))];
    let bands = [lows.get(lows.len() / 4), highs.len().checked_sub(1 + highs.len() / 4).and_then(|at| highs.get(at))];
    for value in ends.into_iter().chain(bands).flatten() {
        (low, high) = (low.min(*value), high.max(*value));
    }
    (low <= high).then_some((low, high))
}

/// Draws the series.
pub(super) fn series(
    painter: &Painter,
    frame: &Frame,
    chart: &Chart<'_>,
    all: &[Arc<Columns>],
    marks: &[f64],
    band: f32,
    now: f64,
) {
    if chart.kind == Kind::Stacked {
        areas(painter, frame, chart, all, now);
        return;
    }
    let marks = if chart.kind == Kind::Banded { marks } else { &[] };
    if chart.kind == Kind::Banded {
        for (series, columns) in chart.series.iter().zip(all).filter(|(series, _)| !series.faint) {
            for run in runs(&columns.columns, chart.gap, marks) {
                let edges = run.iter().filter(|c| !c.low.is_nan() && !c.high.is_nan());
                strip(painter, edges.map(|c| (frame.at(middle(c), c.low), frame.at(middle(c), c.high))), {
                    series.color.gamma_multiply(band)
                });
            }
        }
    }
    let drawn = || chart.series.iter().zip(all);
    for (series, columns) in
        drawn().filter(|(series, _)| series.faint).chain(drawn().filter(|(series, _)| !series.faint))
    {
        for run in runs(&columns.columns, chart.gap, marks) {
            if chart.kind == Kind::Line && !series.faint && run.iter().any(|c| c.n > 1) {
                // What the mean of a column hides: from its smallest to its largest value.
                let edges = run.iter().map(|c| (frame.at(middle(c), c.min), frame.at(middle(c), c.max)));
                strip(painter, edges, series.color.gamma_multiply(0.28));
            }
            line(painter, frame, run, series);
        }
    }
}

/// Stretches without a gap longer than `gap`, and without one of the `marks` (in order): what is measured begins anew there, and a column
/// that holds a mark has some of both.
fn runs<'a>(columns: &'a [Column], gap: f64, marks: &'a [f64]) -> impl Iterator<Item = &'a [Column]> {
    let is_marked = |column: &Column| {
        let next = marks.get(marks.partition_point(|mark| *mark < column.first));
        next.is_some_and(|mark| *mark < column.last + 1.0)
    };
    columns.chunk_by(move |a, b| b.first - a.last <= gap).flat_map(move |run| run.split(is_marked))
}

fn line(painter: &Painter, frame: &Frame, run: &[Column], series: &Series<'_>) {
    let (color, width) = if series.faint { (series.color.gamma_multiply(0.7), 0.9) } else { (series.color, 1.5) };
    let points: Vec<Pos2> = run.iter().map(|c| frame.at(middle(c), line_value(c))).collect();
    let stroke = Stroke::new(width, color);
    match points[..] {
        [] => {}
        [point] => {
            painter.circle_filled(point, 2.0, color);
        }
        _ if series.dashed => {
            painter.extend(Shape::dashed_line(&points, stroke, 5.0, 4.0));
        }
        _ => {
            painter.line(points, stroke);
        }
    }
}

/// Fills between pairs of points, lower and upper.
fn strip(painter: &Painter, edges: impl Iterator<Item = (Pos2, Pos2)>, color: Color32) {
    let mut mesh = Mesh::default();
    for (lower, upper) in edges {
        let n = mesh.vertices.len() as u32;
        mesh.colored_vertex(lower, color);
        mesh.colored_vertex(upper, color);
        if n >= 2 {
            mesh.add_triangle(n - 2, n - 1, n);
            mesh.add_triangle(n - 1, n, n + 1);
        }
    }
    if mesh.vertices.len() > 2 {
        painter.add(mesh);
    }
}

/// One x of a stack: the sums up to and with each series.
struct Stack {
    x: f64,
    tops: Vec<f64>,
}

/// Adds the series up, column by column; a column without a point is 0. A column that is not over yet is left out.
fn stack(all: &[Arc<Columns>], now: f64) -> Vec<Stack> {
    let width = all.iter().map(|c| c.width).max().unwrap_or(1).max(1);
    let mut next = vec![0; all.len()];
    let mut stacks: Vec<Stack> = Vec::new();
    let mut before: Option<i64> = None;
    let x_of = |key: i64| if width == 1 { key as f64 } else { (key as f64 + 0.5) * width as f64 };
    let nothing = |key: i64| Stack { x: x_of(key), tops: vec![0.0; all.len()] };
    loop {
        let keys = all.iter().zip(&next).filter_map(|(columns, i)| columns.columns.get(*i).map(|c| c.key));
        let Some(key) = keys.min() else { break };
        // Only columns that are over: the step at `now` is still being counted.
        if (key + 1) as f64 * width as f64 > now {
            break;
        }
        if before != Some(key - 1) {
            if let Some(before) = before {
                stacks.push(nothing(before + 1));
            }
            stacks.push(nothing(key - 1));
        }
        let mut top = 0.0;
        let mut tops = Vec::with_capacity(all.len());
        for (columns, i) in all.iter().zip(&mut next) {
            if let Some(column) = columns.columns.get(*i).filter(|c| c.key == key) {
                top += column.sum / width as f64;
                *i += 1;
            }
            tops.push(top);
        }
        stacks.push(Stack { x: x_of(key), tops });
        before = Some(key);
    }
    if let Some(before) = before
        && (before + 1) as f64 * (width as f64) < now - 1.0
        && now.is_finite()
    {
        stacks.push(nothing(before + 1));
        stacks.push(Stack { x: now, tops: vec![0.0; all.len()] });
    }
    stacks
}

fn areas(painter: &Painter, frame: &Frame, chart: &Chart<'_>, all: &[Arc<Columns>], now: f64) {
    let stacks = stack(all, now);
    for (i, series) in chart.series.iter().enumerate() {
        let below = |s: &Stack| if i == 0 { 0.0 } else { s.tops[i - 1] };
        let edges = stacks.iter().map(|s| (frame.at(s.x, below(s)), frame.at(s.x, s.tops[i])));
        strip(painter, edges, series.color.gamma_multiply(0.88));
    }
    for (i, series) in chart.series.iter().enumerate() {
        // A line along the top smooths the stairs of the fill; at 0 there is nothing to smooth.
        for run in stacks.chunk_by(|a, b| a.tops[i] > 0.0 || b.tops[i] > 0.0) {
            if run.len() > 1 {
                let points = run.iter().map(|s| frame.at(s.x, s.tops[i])).collect();
                painter.line(points, Stroke::new(1.0, series.color));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pyramid::Pyramid;
    use super::super::source::{Points, Sample};
    use super::*;

    fn columns(samples: &[(i64, f64)]) -> Arc<Columns> {
        let samples: Vec<Sample> = samples.iter().map(|(x, y)| Sample::new(*x as f64, *y)).collect();
        let mut pyramid = Pyramid::default();
        pyramid.grow(&Points::Samples(&samples), 1, usize::MAX);
        pyramid.columns(&Points::Samples(&samples), 0.0, 100.0, 200)
    }

    #[test]
    fn a_second_without_requests_is_zero_in_the_stack() {
        let stacks = stack(&[columns(&[(10, 5.0), (11, 6.0), (20, 7.0)]), columns(&[(11, 1.0)])], 30.0);
        let seen: Vec<_> = stacks.iter().map(|s| (s.x as i64, s.tops.clone())).collect();
        let zero = vec![0.0, 0.0];
        assert_eq!(
            seen,
            [
                (9, zero.clone()),
                (10, vec![5.0, 5.0]),
                (11, vec![6.0, 7.0]),
                (12, zero.clone()),
                (19, zero.clone()),
                (20, vec![7.0, 7.0]),
                (21, zero.clone()),
                (30, zero)
            ]
        );
    }

    #[test]
    fn the_second_that_is_being_counted_is_left_out() {
        let stacks = stack(&[columns(&[(10, 5.0), (11, 6.0)])], 11.0);
        assert_eq!(stacks.last().map(|s| s.x), Some(10.0));
    }

    #[test]
    fn a_column_of_which_a_part_is_to_come_is_left_out() {
        // Two seconds a column, and the second one of the last column is being counted.
        let samples: Vec<Sample> = (0..=401).map(|x| Sample::new(f64::from(x), 800.0)).collect();
        let mut pyramid = Pyramid::default();
        pyramid.grow(&Points::Samples(&samples), 1, usize::MAX);
        let columns = pyramid.columns(&Points::Samples(&samples), 0.0, 401.0, 220);
        assert_eq!(columns.width, 2);
        let stacks = stack(&[columns], 401.0);
        let highest = stacks.iter().map(|s| s.tops[0]).fold(0.0, f64::max);
        assert_eq!((highest, stacks.last().map(|s| s.tops[0])), (800.0, Some(800.0)));
    }

    #[test]
    fn gaps_part_a_line() {
        let columns = columns(&[(10, 5.0), (11, 6.0), (40, 7.0)]);
        assert_eq!(runs(&columns.columns, 10.0, &[]).count(), 2);
        assert_eq!(runs(&columns.columns, f64::INFINITY, &[]).count(), 1);
    }

    #[test]
    fn a_mark_parts_a_line_and_takes_its_second_out() {
        let columns = columns(&[(10, 5.0), (11, 6.0), (12, 7.0), (13, 7.5)]);
        let firsts = |marks: &[f64]| {
            let runs = runs(&columns.columns, 10.0, marks);
            runs.map(|run| run.iter().map(|c| c.first as i64).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        assert_eq!(firsts(&[3.0, 11.4, 90.0]), [vec![10], vec![12, 13]]);
        assert_eq!(firsts(&[14.0]), [vec![10, 11, 12, 13]]);
    }

    #[test]
    fn bands_as_wide_as_the_axis_do_not_flatten_the_rest() {
        let sample = |x: i64| {
            let reach = if x % 50 < 5 { 0.7 } else { 0.1 };
            Sample { x: x as f64, y: 0.7, low: 0.7 - reach, high: (0.7 + reach).min(1.0) }
        };
        let samples: Vec<Sample> = (0..100).map(sample).collect();
        let mut pyramid = Pyramid::default();
        pyramid.grow(&Points::Samples(&samples), 1, usize::MAX);
        let columns = pyramid.columns(&Points::Samples(&samples), 0.0, 100.0, 200);
        let (low, high) = banded_extent([(&columns, false)], 0.0, 100.0).unwrap();
        assert!((low - 0.6).abs() < 1e-9 && (high - 0.8).abs() < 1e-9, "{low} {high}");
        let (low, high) = banded_extent([(&columns, true)], 0.0, 100.0).unwrap();
        assert!((low - 0.7).abs() < 1e-9 && (high - 0.7).abs() < 1e-9, "no room for a band that is not drawn");
        assert_eq!(banded_extent([], 0.0, 100.0), None);
    }
}
