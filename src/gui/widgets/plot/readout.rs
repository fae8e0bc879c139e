//! What the crosshair reads: one small table, a row a series, a column a chart.

use egui::{Align2, Id, LayerId, Order, Pos2, Rect, Stroke, StrokeKind, Ui, vec2};

use super::chart::Frame;
use super::{Axis, Chart, Kind, Plots, scale};
use crate::gui::theme::{Theme, fonts, size};

/// Draws the crosshair, a dot on every line, and the table beside the pointer.
pub(super) fn show(plots: &Plots<'_>, ui: &Ui, theme: &Theme, charts: &[Chart<'_>], frames: &[Option<Frame>]) {
    let Some(hover) = plots.view.hover else { return };
    let Some(frame) = frames.iter().flatten().next() else { return };
    let per_pixel = (frame.to - frame.from) / f64::from(frame.area.width().max(1.0));
    let reach_of = |chart: &Chart<'_>| (per_pixel * 4.0).max(chart.gap.min(10.0)).max(0.75);
    // The crosshair stands on the nearest point of any series.
    let x = charts
        .iter()
        .flat_map(|chart| chart.series.iter().map(move |series| series.points.nearest(hover, reach_of(chart))))
        .flatten()
        .map(|sample| sample.x)
        .min_by(|a, b| (a - hover).abs().total_cmp(&(b - hover).abs()));
    // In a gap there is nothing to read.
    let Some(x) = x else { return };

    let painter = ui.painter();
    for (chart, frame) in charts.iter().zip(frames) {
        let Some(frame) = frame else { continue };
        painter.vline(frame.x(x), frame.area.y_range(), Stroke::new(1.0, theme.faint));
        if chart.kind == Kind::Stacked {
            continue;
        }
        for series in &chart.series {
            let Some(sample) = series.points.nearest(x, reach_of(chart)).filter(|s| !s.y.is_nan()) else { continue };
            let at = egui::pos2(frame.x(sample.x), frame.y(sample.y));
            if frame.area.expand(1.0).contains(at) {
                painter.circle(at, 3.5, series.color, Stroke::new(1.5, theme.raised));
            }
        }
    }
    let Some(pointer) = ui.input(|i| i.pointer.hover_pos()) else { return };
    table(plots, ui, theme, charts, x, pointer, frame.x(x), &reach_of);
}

#[expect(clippy::too_many_arguments, reason = "one call, all of it borrowed from the line above")]
fn table(
    plots: &Plots<'_>,
    ui: &Ui,
    theme: &Theme,
    charts: &[Chart<'_>],
    x: f64,
    pointer: Pos2,
    line_x: f32,
    reach_of: &dyn Fn(&Chart<'_>) -> f64,
) {
    let mut names: Vec<(&str, egui::Color32)> = Vec::new();
    for series in charts.iter().flat_map(|chart| &chart.series) {
        if !names.iter().any(|(name, _)| *name == series.name) {
            names.push((series.name, series.color));
        }
    }
    if names.is_empty() {
        return;
    }
    let when = match plots.view.axis {
        Axis::Time => scale::time_label(x, 1, &plots.zone),
        Axis::Rounds => format!("round {x:.0}"),
    };
    let painter = ui.ctx().layer_painter(LayerId::new(Order::Tooltip, Id::unique("plot read-out").with(plots.salt)));
    let text = |text: &str, font: egui::FontId, color| painter.layout_no_wrap(text.to_owned(), font, color);
    // Column by column: galleys first, then their widths, then paint.
    let mut columns = vec![vec![text(&when, fonts::small_medium(), theme.text)]];
    columns[0].extend(names.iter().map(|(name, _)| text(&shorten(name), fonts::small(), theme.text)));
    for chart in charts {
        let mut column = vec![text(chart.title, fonts::small(), theme.muted)];
        for (name, _) in &names {
            let value = chart.series.iter().find(|series| series.name == *name).map(|series| {
                let sample = series.points.nearest(x, if chart.kind == Kind::Stacked { 0.6 } else { reach_of(chart) });
                match sample {
                    Some(s) if chart.kind == Kind::Banded && !s.low.is_nan() => {
                        let band = (chart.unit.precise(s.low), chart.unit.precise(s.high));
                        format!("{} ({}–{})", chart.unit.precise(s.y), band.0.trim_end_matches(" %"), band.1)
                    }
                    Some(s) => chart.unit.precise(s.y),
                    None if chart.kind == Kind::Stacked => "0".to_owned(),
                    None => "–".to_owned(),
                }
            });
            column.push(text(&value.unwrap_or_default(), fonts::small_medium(), theme.text));
        }
        columns.push(column);
    }
    let (row, gap, dot) = (19.0, 18.0, 14.0);
    let widths: Vec<f32> = columns.iter().map(|c| c.iter().map(|g| g.size().x).fold(0.0, f32::max)).collect();
    let width = widths.iter().sum::<f32>() + dot + gap * (widths.len() - 1) as f32 + 24.0;
    let height = row * (names.len() + 1) as f32 + 14.0;
    let screen = ui.ctx().content_rect().shrink(6.0);
    let left = if line_x + 12.0 + width <= screen.right() { line_x + 12.0 } else { line_x - 12.0 - width };
    let top = (pointer.y - height - 10.0).clamp(screen.top(), (screen.bottom() - height).max(screen.top()));
    let rect = Rect::from_min_size(egui::pos2(left.max(screen.left()), top), vec2(width, height));

    let shadow = egui::Shadow { offset: [0, 4], blur: 16, spread: 0, color: theme.shadow };
    painter.add(shadow.as_shape(rect, f32::from(size::RADIUS)));
    painter.rect(rect, f32::from(size::RADIUS), theme.raised, Stroke::new(1.0, theme.line_strong), StrokeKind::Inside);
    let mut left = rect.left() + 12.0;
    for (c, (column, width)) in columns.into_iter().zip(&widths).enumerate() {
        let indent = if c == 0 { dot } else { 0.0 };
        for (r, galley) in column.into_iter().enumerate() {
            let middle = rect.top() + 7.0 + row * (r as f32 + 0.5);
            // Names from the left, numbers to the right.
            let x = if c == 0 { left + if r == 0 { 0.0 } else { indent } } else { left + width - galley.size().x };
            let at = Align2::LEFT_CENTER.anchor_size(egui::pos2(x, middle), galley.size()).min;
            painter.galley(at, galley, theme.text);
            if c == 0 && r > 0 {
                painter.circle_filled(egui::pos2(left + 4.0, middle), 3.5, names[r - 1].1);
            }
        }
        left += width + indent + gap;
    }
}

/// A long name as its two ends.
fn shorten(name: &str) -> String {
    let n = name.chars().count();
    if n <= 30 {
        return name.to_owned();
    }
    let head: String = name.chars().take(17).collect();
    let tail: String = name.chars().skip(n - 12).collect();
    format!("{head}…{tail}")
}
