//! A chart of numbers over numbers that stands still: curves, dots and bars between fixed ends, with a read-out under the pointer.

use egui::epaint::Mesh;
use egui::{Align2, Color32, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::scale::{Ticks, Unit};
use super::{FOOT, HEAD};
use crate::gui::theme::{Theme, fonts};

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    /// A line.
    Line,
    /// A line with its points.
    Points,
    /// Dots alone.
    Dots,
    /// Bars of this width that stand on 0, beginning at each x.
    Bars(f64),
}

/// One series.
#[derive(Clone, Debug)]
pub struct XySeries<'a> {
    /// Shown in the legend and in the read-out.
    pub name: &'a str,
    /// Its colour.
    pub color: Color32,
    /// How it is drawn.
    pub mark: Mark,
    /// (x, y).
    pub points: &'a [[f64; 2]],
}

/// An axis: its name, how its values are written, and its ends where they are fixed.
#[derive(Clone, Copy, Debug)]
pub struct XyAxis<'a> {
    /// Written beside it.
    pub name: &'a str,
    /// How values are written.
    pub unit: Unit,
    /// Its ends; from the data where there are none.
    pub ends: Option<(f64, f64)>,
}

impl<'a> XyAxis<'a> {
    /// A share from 0 to 1.
    pub fn share(name: &'a str) -> Self {
        Self { name, unit: Unit::Percent, ends: Some((0.0, 1.0)) }
    }

    /// From the smallest to the largest number that there is.
    pub fn number(name: &'a str, unit: Unit) -> Self {
        Self { name, unit, ends: None }
    }
}

/// A chart to draw.
#[must_use = "call `show`"]
#[derive(Clone, Debug)]
pub struct Xy<'a> {
    title: &'a str,
    x: XyAxis<'a>,
    y: XyAxis<'a>,
    height: f32,
    series: &'a [XySeries<'a>],
    diagonal: bool,
    zero: bool,
}

/// Room for the labels of the y axis.
const GUTTER: f32 = 46.0;

/// How near the pointer must be to a point, to read it.
const REACH: f32 = 22.0;

impl<'a> Xy<'a> {
    /// A chart 200 points high.
    pub fn new(title: &'a str, x: XyAxis<'a>, y: XyAxis<'a>, series: &'a [XySeries<'a>]) -> Self {
        Self { title, x, y, height: 200.0, series, diagonal: false, zero: false }
    }

    /// Of this height, head and labels included.
    pub fn height(mut self, height: f32) -> Self {
        self.height = height;
        self
    }

    /// With the line from corner to corner that no skill follows.
    pub fn diagonal(mut self) -> Self {
        self.diagonal = true;
        self
    }

    /// With a line at y = 0.
    pub fn zero(mut self) -> Self {
        self.zero = true;
        self
    }

    fn ticks(&self, axis: &XyAxis<'_>, place: usize, room: f32) -> Ticks {
        let wanted = (room / if place == 0 { 70.0 } else { 34.0 }).round().clamp(2.0, 8.0) as usize;
        if let Some((low, high)) = axis.ends {
            return Ticks::around(low, high, wanted, axis.unit);
        }
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for series in self.series {
            let width = if let (Mark::Bars(width), 0) = (series.mark, place) { width } else { 0.0 };
            for point in series.points {
                low = low.min(point[place]);
                high = high.max(point[place] + width);
            }
            if let (Mark::Bars(_), 1) = (series.mark, place) {
                low = low.min(0.0);
            }
        }
        Ticks::around(low, high, wanted, axis.unit)
    }

    /// Draws it over the whole width that is left.
    pub fn show(self, ui: &mut Ui) {
        let theme = Theme::of(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), self.height), Sense::hover());
        let names: Vec<&str> = self.series.iter().map(|series| series.name).collect();
        response
            .widget_info(|| WidgetInfo::labeled(Role::Figure, true, format!("{}: {}", self.title, names.join(", "))));
        if !ui.is_rect_visible(rect) {
            return;
        }
        let font = fonts::inter(11.0, fonts::Weight::Regular);
        let painter = ui.painter();
        painter.text(pos2(rect.left(), rect.top() + 8.0), Align2::LEFT_CENTER, self.title, fonts::medium(), theme.text);
        let area = Rect::from_min_max(
            pos2(rect.left() + GUTTER, rect.top() + HEAD),
            pos2(rect.right() - 8.0, rect.bottom() - 2.0 * FOOT),
        );
        let (x, y) = (self.ticks(&self.x, 0, area.width()), self.ticks(&self.y, 1, area.height()));
        let at = |point: [f64; 2]| {
            let share = |value: f64, ticks: &Ticks| ((value - ticks.from) / (ticks.to - ticks.from)).clamp(-1.0, 2.0);
            pos2(
                area.left() + share(point[0], &x) as f32 * area.width(),
                area.bottom() - share(point[1], &y) as f32 * area.height(),
            )
        };
        for value in y.values() {
            let place = at([x.from, value]);
            painter.hline(area.x_range(), place.y, Stroke::new(1.0, theme.line));
            let words = y.label(value, self.y.unit);
            painter.text(pos2(area.left() - 8.0, place.y), Align2::RIGHT_CENTER, words, font.clone(), theme.muted);
        }
        for value in x.values() {
            let place = at([value, y.from]);
            painter.vline(place.x, area.y_range(), Stroke::new(1.0, theme.line));
            let words = x.label(value, self.x.unit);
            let foot = pos2(place.x, area.bottom() + 4.0);
            painter.text(foot, Align2::CENTER_TOP, words, font.clone(), theme.muted);
        }
        let words = format!("{} over {}", self.y.name, self.x.name);
        let below = pos2(area.left(), area.bottom() + FOOT + 4.0);
        painter.text(below, Align2::LEFT_TOP, words, font, theme.faint);
        let inside = painter.with_clip_rect(area.expand(1.5).intersect(ui.clip_rect()));
        let quiet = Stroke::new(1.0, theme.line_strong);
        if self.diagonal {
            inside.extend(Shape::dashed_line(&[at([x.from, y.from]), at([x.to, y.to])], quiet, 4.0, 4.0));
        }
        if self.zero {
            inside.hline(area.x_range(), at([x.from, 0.0]).y, quiet);
        }
        for series in self.series {
            draw(&inside, series, at);
        }
        self.read_out(ui, &response, theme, at);
    }

    /// The point nearest to the pointer, in words.
    fn read_out(&self, ui: &Ui, response: &egui::Response, theme: &Theme, at: impl Fn([f64; 2]) -> Pos2) {
        let Some(pointer) = response.hover_pos() else { return };
        let points = self.series.iter().flat_map(|series| series.points.iter().map(move |point| (series, *point)));
        let middle = |series: &XySeries<'_>, point: [f64; 2]| match series.mark {
            Mark::Bars(width) => [point[0] + width / 2.0, point[1]],
            _ => point,
        };
        let near = points
            .map(|(series, point)| (series, point, at(middle(series, point)).distance(pointer)))
            .min_by(|a, b| a.2.total_cmp(&b.2))
            .filter(|(.., distance)| *distance <= REACH);
        let Some((series, point, _)) = near else { return };
        ui.painter().circle_stroke(at(middle(series, point)), 4.0, Stroke::new(1.5, theme.text));
        let words = format!(
            "{}\n{} {}\n{} {}",
            series.name,
            self.x.name,
            self.x.unit.precise(point[0]),
            self.y.name,
            self.y.unit.precise(point[1])
        );
        response.clone().on_hover_text_at_pointer(words);
    }
}

fn draw(painter: &egui::Painter, series: &XySeries<'_>, at: impl Fn([f64; 2]) -> Pos2) {
    let places: Vec<Pos2> = series.points.iter().map(|point| at(*point)).collect();
    if matches!(series.mark, Mark::Line | Mark::Points) && places.len() > 1 {
        painter.line(places.clone(), Stroke::new(1.5, series.color));
    }
    match series.mark {
        Mark::Line => {}
        Mark::Points => {
            for place in places {
                painter.circle_filled(place, 3.0, series.color);
            }
        }
        Mark::Dots => {
            let color = series.color.gamma_multiply(0.55);
            let mut mesh = Mesh::default();
            for place in places {
                mesh.add_colored_rect(Rect::from_center_size(place, vec2(2.5, 2.5)), color);
            }
            painter.add(mesh);
        }
        Mark::Bars(width) => {
            let color = series.color.gamma_multiply(0.5);
            for point in series.points.iter().filter(|point| point[1] != 0.0) {
                let bar = Rect::from_two_pos(at(*point), at([point[0] + width, 0.0]));
                painter.rect_filled(bar.shrink2(vec2(0.5, 0.0)), 0.0, color);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_hold_what_there_is() {
        let points = [[-3.0, 5.0], [1.0, 9.0]];
        let series = [XySeries { name: "a", color: Color32::RED, mark: Mark::Bars(2.0), points: &points }];
        let x = XyAxis::number("error", Unit::Number);
        let chart = Xy::new("t", x, XyAxis::number("rows", Unit::Count), &series);
        let (x, y) = (chart.ticks(&chart.x, 0, 300.0), chart.ticks(&chart.y, 1, 100.0));
        assert!(x.from <= -3.0 && x.to >= 3.0, "a bar has a width: {x:?}");
        assert!(y.from <= 0.0 && y.to >= 9.0, "{y:?}");
        let shares = Xy::new("t", XyAxis::share("x"), XyAxis::share("y"), &[]);
        let ticks = shares.ticks(&shares.x, 0, 300.0);
        assert_eq!((ticks.from, ticks.to), (0.0, 1.0));
    }
}
