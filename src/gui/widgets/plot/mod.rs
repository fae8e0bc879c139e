//! Live plots: several charts on one x axis, with zoom, pan, follow mode, one crosshair through all of them, and marks.
//!
//! A page keeps a [`View`] and calls [`Plots::show`] every frame with borrowed data; nothing is copied, and a million points cost a
//! fraction of a millisecond once they have been taken in (see [`pyramid`]).
//!
//! ```no_run
//! # use counterpoise::gui::widgets::plot::{Chart, Kind, Plots, Points, Series, Unit, View};
//! # use counterpoise::workspace::TrainingCurve;
//! # fn page(ui: &mut egui::Ui, view: &mut View, curve: &TrainingCurve, color: egui::Color32) {
//! let series = vec![Series::new("validation", color, Points::Curve(&curve.points))];
//! let chart = Chart::new("logloss", Unit::Number, Kind::Line, series).height(246.0);
//! Plots::new("curves", view).best(91.0, "best: round 91, .587").show(ui, &[chart]);
//! # }
//! ```

mod chart;
mod draw;
pub mod pyramid;
mod readout;
pub mod scale;
pub mod source;
pub mod view;
pub mod xy;

use egui::{Color32, Response, Sense, Ui, Vec2, vec2};
use jiff::tz::TimeZone;

pub use scale::Unit;
pub use source::{Points, Sample};
pub use view::{Axis, View, Window};

use crate::gui::theme::Theme;

/// How a chart draws its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Lines.
    Line,
    /// Lines within the bands of their samples; both begin anew at a mark.
    Banded,
    /// Areas on top of each other, of amounts a step; where there is no point, the amount is 0.
    Stacked,
}

/// One series of a chart.
#[derive(Clone, Debug)]
pub struct Series<'a> {
    /// Shown in the legend and in the read-out.
    pub name: &'a str,
    /// Its colour.
    pub color: Color32,
    /// Its points.
    pub points: Points<'a>,
    /// Whether its line is dashed (train beside validation).
    pub dashed: bool,
    /// Whether it stays in the background, as a thin line without a band: one of many.
    pub faint: bool,
}

impl<'a> Series<'a> {
    /// A series with a full line.
    pub fn new(name: &'a str, color: Color32, points: Points<'a>) -> Self {
        Self { name, color, points, dashed: false, faint: false }
    }

    /// In the background, behind those that are not.
    #[must_use]
    pub fn faint(mut self, faint: bool) -> Self {
        self.faint = faint;
        self
    }

    /// With a dashed line.
    #[must_use]
    pub fn dashed(mut self) -> Self {
        self.dashed = true;
        self
    }
}

/// One chart of a set.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// Its head.
    pub title: &'a str,
    /// Height of the area that is drawn in, without head and labels.
    pub height: f32,
    /// How values are written.
    pub unit: Unit,
    /// How series are drawn.
    pub kind: Kind,
    /// The series.
    pub series: Vec<Series<'a>>,
    /// Said where there is nothing to draw.
    pub empty: &'a str,
    /// Whether names and colours stand beside the head.
    pub legend: bool,
    /// Where two points are further apart than this, the line has a gap.
    pub gap: f64,
}

impl<'a> Chart<'a> {
    /// A chart 120 points high, with a legend.
    pub fn new(title: &'a str, unit: Unit, kind: Kind, series: Vec<Series<'a>>) -> Self {
        Self {
            title,
            height: 120.0,
            unit,
            kind,
            series,
            empty: "Nothing to show yet",
            legend: true,
            gap: f64::INFINITY,
        }
    }

    /// Of this height.
    #[must_use]
    pub fn height(mut self, height: f32) -> Self {
        self.height = height;
        self
    }

    /// Says this where there is nothing to draw.
    #[must_use]
    pub fn empty(mut self, empty: &'a str) -> Self {
        self.empty = empty;
        self
    }

    /// Without a legend (one above says it all).
    #[must_use]
    pub fn no_legend(mut self) -> Self {
        self.legend = false;
        self
    }

    /// With gaps where nothing happened for longer than this.
    #[must_use]
    pub fn gap(mut self, gap: f64) -> Self {
        self.gap = gap;
        self
    }
}

/// A vertical mark through all charts.
#[derive(Clone, Debug)]
pub(crate) struct Mark<'a> {
    pub(crate) x: f64,
    pub(crate) label: &'a str,
}

/// A set of charts on one x axis.
pub struct Plots<'a> {
    salt: &'a str,
    view: &'a mut View,
    marks: Vec<Mark<'a>>,
    now: Option<f64>,
    revision: u64,
    zone: TimeZone,
    ranges: bool,
}

/// Height of a chart's head.
pub const HEAD: f32 = 24.0;
/// Height of the labels below it.
pub const FOOT: f32 = 18.0;
/// Room between two charts.
pub const BETWEEN: f32 = 10.0;

impl<'a> Plots<'a> {
    /// A set named `salt`, which must be different from other sets on the page.
    pub fn new(salt: &'a str, view: &'a mut View) -> Self {
        Self { salt, view, marks: Vec::new(), now: None, revision: 0, zone: TimeZone::UTC, ranges: true }
    }

    /// What the data are a revision of: unchanged, nothing is read again. Without it a change shows by its length only.
    #[must_use]
    pub fn revision(mut self, revision: u64) -> Self {
        self.revision = revision;
        self
    }

    /// The time zone of the labels of a time axis.
    #[must_use]
    pub fn zone(mut self, zone: &TimeZone) -> Self {
        self.zone = zone.clone();
        self
    }

    /// The present, seconds since the Unix epoch: a time axis follows it for as long as something comes in.
    #[must_use]
    pub fn now(mut self, now_s: f64) -> Self {
        self.now = Some(now_s);
        self
    }

    /// Adds a vertical mark.
    #[must_use]
    pub fn mark(mut self, x: f64, label: &'a str) -> Self {
        self.marks.push(Mark { x, label });
        self
    }

    /// Marks the best round: a mark like any other.
    #[must_use]
    pub fn best(self, round: f64, label: &'a str) -> Self {
        self.mark(round, label)
    }

    /// Without the menu of ranges.
    #[must_use]
    pub fn no_ranges(mut self) -> Self {
        self.ranges = false;
        self
    }

    /// The height that charts need in all.
    pub fn height_of(charts: &[Chart<'_>]) -> f32 {
        charts.iter().map(|chart| HEAD + chart.height + FOOT).sum::<f32>()
            + BETWEEN * charts.len().saturating_sub(1) as f32
    }

    /// Draws the charts over the whole width that is left.
    pub fn show(self, ui: &mut Ui, charts: &[Chart<'_>]) -> Response {
        let size: Vec2 = vec2(ui.available_width().max(120.0), Self::height_of(charts));
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        if ui.is_rect_visible(rect) {
            let theme = Theme::of(ui);
            draw::plots(self, ui, theme, rect, charts);
        }
        response
    }
}
