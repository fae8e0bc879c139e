//! What part of the x axis a set of plots shows, and how zoom, pan and follow mode move it. Pure; the page keeps one.

use std::collections::HashMap;

use egui::Id;

use super::Series;
use super::pyramid::Pyramid;

/// What the x axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Seconds since the Unix epoch, shown as local times.
    Time,
    /// Rounds or epochs.
    Rounds,
}

/// Which stretch is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Window {
    /// The newest so many seconds (or rounds); moves along.
    Newest(f64),
    /// All there is; grows along.
    All,
    /// A stretch that stands still.
    Fixed {
        /// Left end.
        from: f64,
        /// Right end.
        to: f64,
    },
}

/// The stretches that the range menu of a time axis offers.
pub const RANGES: &[(f64, &str)] =
    &[(60.0, "1 min"), (600.0, "10 min"), (3_600.0, "1 h"), (21_600.0, "6 h"), (86_400.0, "24 h")];

/// What the cache of a series is found by: its chart and its name, so that it stays its own when others come, leave or change places. Of several
/// with one name in a chart, each has its own.
pub(super) fn cache_of(chart: usize, series: &[Series<'_>], place: usize) -> Id {
    let name = series[place].name;
    let namesakes = series[..place].iter().filter(|before| before.name == name).count();
    Id::unique("series").with(chart).with(name).with(namesakes)
}

/// The state of a set of plots on one x axis.
#[derive(Debug)]
pub struct View {
    pub(super) axis: Axis,
    pub(super) window: Window,
    home: Window,
    /// Where the pointer is, in x, shared by all plots of the set.
    pub(super) hover: Option<f64>,
    /// By [`cache_of`].
    pub(super) caches: HashMap<Id, Pyramid>,
}

impl View {
    /// A time axis that follows the newest ten minutes.
    pub fn time() -> Self {
        Self::new(Axis::Time, Window::Newest(600.0))
    }

    /// An axis of rounds that shows all of them.
    pub fn rounds() -> Self {
        Self::new(Axis::Rounds, Window::All)
    }

    fn new(axis: Axis, home: Window) -> Self {
        Self { axis, window: home, home, hover: None, caches: HashMap::new() }
    }

    /// The stretch chosen now.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Chooses a stretch.
    pub fn show(&mut self, window: Window) {
        self.window = window;
        if !matches!(window, Window::Fixed { .. }) {
            self.home = window;
        }
    }

    /// What is followed, or would be again: seconds (or rounds), `None` for all there is.
    pub fn followed(&self) -> Option<f64> {
        match self.home {
            Window::Newest(span) => Some(span),
            Window::All | Window::Fixed { .. } => None,
        }
    }

    /// Back to the stretch that was followed before zooming or panning.
    pub fn follow(&mut self) {
        self.window = self.home;
    }

    /// Whether the right end moves with what comes in.
    pub fn follows(&self) -> bool {
        !matches!(self.window, Window::Fixed { .. })
    }

    /// The shortest stretch that can be zoomed to.
    fn shortest(&self) -> f64 {
        match self.axis {
            Axis::Time => 10.0,
            Axis::Rounds => 4.0,
        }
    }

    /// The ends of the stretch, for data from `first` to `last`. Until a time axis has filled it, it starts where the data start,
    /// so that the first minute is not a sliver at the right edge.
    pub fn ends(&self, first: f64, last: f64) -> (f64, f64) {
        let shortest: f64 = if self.axis == Axis::Time { 60.0 } else { 1.0 };
        match self.window {
            Window::Newest(span) => ((last - span).max(first.min(last - shortest.min(span))), last),
            Window::All => (first.min(last - shortest), last),
            Window::Fixed { from, to } => (from, to),
        }
    }

    /// Zooms by a factor (above 1: closer) around `x`.
    pub fn zoom(&mut self, factor: f64, x: f64, first: f64, last: f64) {
        let (from, to) = self.ends(first, last);
        let span = to - from;
        let longest = ((last - first) * 1.02).max(self.shortest() * 6.0);
        let wanted = (span / factor).clamp(self.shortest(), longest);
        if (wanted - span).abs() < 1e-9 {
            return;
        }
        // Close to the right end of what moves along, zooming goes on moving along.
        if self.follows() && x > to - span * 0.12 {
            self.window = if wanted >= last - first { Window::All } else { Window::Newest(wanted) };
            return;
        }
        let from = x - (x - from) / span * wanted;
        self.fix(from, from + wanted, first, last);
    }

    /// Moves by `by` (in x; positive: to later), never out of sight of the data.
    pub fn pan(&mut self, by: f64, first: f64, last: f64) {
        let (from, to) = self.ends(first, last);
        self.fix(from + by, to + by, first, last);
    }

    fn fix(&mut self, from: f64, to: f64, first: f64, last: f64) {
        let span = to - from;
        // At most half of the view may be empty at either side.
        let from = from.clamp(first - span / 2.0, (last - span / 2.0).max(first - span / 2.0));
        self.window = Window::Fixed { from, to: from + span };
    }

    /// What the range button says: "10 min · follow".
    pub fn label(&self) -> String {
        match (self.window, self.axis) {
            (Window::All, Axis::Time) => "All · follow".to_owned(),
            (Window::All, Axis::Rounds) => "All rounds".to_owned(),
            (Window::Newest(span), Axis::Time) => {
                let named = RANGES.iter().find(|(seconds, _)| *seconds == span);
                format!("{} · follow", named.map_or_else(|| stretch(span), |(_, name)| (*name).to_owned()))
            }
            (Window::Newest(span), Axis::Rounds) => format!("newest {span:.0} rounds"),
            (Window::Fixed { from, to }, Axis::Time) => format!("{} · standing still", stretch(to - from)),
            (Window::Fixed { from, to }, Axis::Rounds) => format!("{:.0} rounds", to - from),
        }
    }
}

/// A span of time in words: "45 s", "12 min", "3 h".
fn stretch(seconds: f64) -> String {
    match seconds.round() as i64 {
        s @ ..120 => format!("{s} s"),
        s @ 120..7200 => format!("{} min", s / 60),
        s @ 7200..172_800 => format!("{} h", s / 3600),
        s => format!("{} days", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gui::widgets::plot::Points;

    #[test]
    fn a_series_keeps_its_cache_when_another_leaves() {
        let series = |names: &[&'static str]| -> Vec<Series<'static>> {
            names.iter().map(|name| Series::new(name, egui::Color32::RED, Points::Samples(&[]))).collect()
        };
        let (before, after) = (series(&["a", "b", "b"]), series(&["b", "b"]));
        assert_eq!([cache_of(0, &before, 1), cache_of(0, &before, 2)], [0, 1].map(|place| cache_of(0, &after, place)));
        assert_ne!(cache_of(0, &before, 1), cache_of(0, &before, 2));
        assert_ne!(cache_of(0, &after, 0), cache_of(1, &after, 0));
        assert_ne!(cache_of(0, &before, 0), cache_of(0, &after, 0));
    }

    #[test]
    fn following_moves_along_and_starts_with_the_data() {
        let view = View::time();
        assert_eq!(view.ends(0.0, 5000.0), (4400.0, 5000.0));
        assert_eq!(view.ends(4900.0, 5000.0), (4900.0, 5000.0));
        assert_eq!(view.ends(4990.0, 5000.0), (4940.0, 5000.0), "never shorter than a minute");
        assert_eq!(view.label(), "10 min · follow");
    }

    #[test]
    fn zoom_keeps_what_is_under_the_pointer() {
        let mut view = View::time();
        view.zoom(2.0, 4600.0, 0.0, 5000.0);
        assert_eq!(view.window(), Window::Fixed { from: 4500.0, to: 4800.0 });
        assert_eq!(view.label(), "5 min · standing still");
        view.follow();
        assert_eq!(view.window(), Window::Newest(600.0));
        view.zoom(2.0, 4999.0, 0.0, 5000.0);
        assert_eq!(view.window(), Window::Newest(300.0), "at the right end it goes on following");
    }

    proptest! {
        #[test]
        fn data_never_leave_the_window(moves in proptest::collection::vec((-9000.0..9000.0_f64, 0.1..10.0_f64, 0.0..1.0_f64), 1..30)) {
            let (first, last) = (1000.0, 6000.0);
            let mut view = View::time();
            for (by, factor, place) in moves {
                view.pan(by, first, last);
                let (from, to) = view.ends(first, last);
                view.zoom(factor, from + (to - from) * place, first, last);
                let (from, to) = view.ends(first, last);
                prop_assert!(to - from >= 9.99 && from < last && to > first, "{from}..{to}");
            }
        }
    }
}
