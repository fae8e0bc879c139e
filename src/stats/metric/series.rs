//! One metric over time: summaries by the second at which their stretch begins, and what is kept of them for how long.

use std::collections::BTreeMap;

use super::summary::Summary;

/// Points finer than a minute are kept for three hours, as CloudWatch keeps them.
pub const FINE_KEPT_S: i64 = 3 * 3_600;

/// Minutes are kept for fifteen days, as CloudWatch keeps them; longer ones are not made of them here.
pub const KEPT_S: i64 = 15 * 86_400;

/// One metric, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series(BTreeMap<i64, Summary>);

impl Series {
    /// Adds what was measured in the stretch that begins at `at_s`.
    pub fn add(&mut self, at_s: i64, summary: &Summary) {
        if !summary.is_empty() {
            self.0.entry(at_s).or_default().merge(summary);
        }
    }

    /// Adds all that another one holds.
    pub fn merge(&mut self, other: &Self) {
        for (at_s, summary) in &other.0 {
            self.add(*at_s, summary);
        }
    }

    /// Points as they are kept: when their stretch begins, seconds since the Unix epoch, and what was measured.
    pub fn points(&self) -> impl Iterator<Item = (i64, &Summary)> {
        self.0.iter().map(|(at_s, summary)| (*at_s, summary))
    }

    /// The part of it from `start_s` to before `end_s`.
    #[must_use]
    pub fn between(&self, start_s: i64, end_s: i64) -> Self {
        if start_s >= end_s {
            return Self::default();
        }
        Self(self.0.range(start_s..end_s).map(|(at_s, summary)| (*at_s, summary.clone())).collect())
    }

    /// When the newest stretch begins.
    pub fn newest_s(&self) -> Option<i64> {
        self.0.last_key_value().map(|(at_s, _)| *at_s)
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What it weighs in memory: a count of its points and of what is in their sketches.
    pub fn weight(&self) -> usize {
        self.weights().map(|(_, weight)| weight).sum()
    }

    /// What each point weighs.
    pub fn weights(&self) -> impl Iterator<Item = (i64, usize)> {
        self.0.iter().map(|(at_s, summary)| (*at_s, 4 + summary.spread.len()))
    }

    /// The periods of `period_s` seconds from `start_s` on that begin before `end_s`, those in which nothing was measured left out.
    pub fn periods(&self, start_s: i64, end_s: i64, period_s: i64) -> Vec<(i64, Summary)> {
        let mut periods: Vec<(i64, Summary)> = Vec::new();
        if start_s >= end_s || period_s <= 0 {
            return periods;
        }
        for (at_s, summary) in self.0.range(start_s..end_s) {
            let begins = at_s - (at_s - start_s) % period_s;
            match periods.last_mut() {
                Some((last, all)) if *last == begins => all.merge(summary),
                _ => periods.push((begins, summary.clone())),
            }
        }
        periods
    }

    /// Folds points that are older than [`FINE_KEPT_S`] into their minutes, and drops what is older than [`KEPT_S`] or than `not_before_s`.
    pub fn age(&mut self, now_s: i64, not_before_s: i64) {
        let fine_from = (now_s - FINE_KEPT_S).div_euclid(60) * 60;
        let kept_from = (now_s - KEPT_S).max(not_before_s);
        self.0 = self.0.split_off(&kept_from);
        let young = self.0.split_off(&fine_from);
        if self.0.keys().any(|at_s| at_s % 60 != 0) {
            for (at_s, summary) in std::mem::take(&mut self.0) {
                self.add(at_s.div_euclid(60) * 60, &summary);
            }
        }
        self.0.extend(young);
    }
}

impl FromIterator<(i64, Summary)> for Series {
    fn from_iter<T: IntoIterator<Item = (i64, Summary)>>(points: T) -> Self {
        let mut series = Self::default();
        for (at_s, summary) in points {
            series.add(at_s, &summary);
        }
        series
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: &[(i64, f64)]) -> Series {
        points.iter().map(|(at_s, value)| (*at_s, Summary::of(*value, 1.0))).collect()
    }

    #[test]
    fn periods_begin_at_the_start_that_was_asked_for() {
        let series = series(&[(0, 1.0), (59, 2.0), (60, 4.0), (125, 8.0), (180, 16.0)]);
        let sums = |start, end, period| -> Vec<(i64, f64)> {
            series.periods(start, end, period).into_iter().map(|(at, summary)| (at, summary.sum)).collect()
        };
        assert_eq!(sums(0, 180, 60), [(0, 3.0), (60, 4.0), (120, 8.0)], "the end is not part of it");
        assert_eq!(sums(30, 181, 120), [(30, 14.0), (150, 16.0)]);
        assert_eq!(sums(60, 60, 60), []);
        assert_eq!(sums(-120, 1, 60), [(0, 1.0)]);
    }

    #[test]
    fn old_points_become_minutes_and_very_old_ones_go() {
        let now = KEPT_S + 100_000;
        let old = now - FINE_KEPT_S - 600;
        let minute = old.div_euclid(60) * 60;
        let mut series = series(&[(0, 1.0), (minute + 10, 2.0), (minute + 50, 3.0), (now - 5, 4.0)]);
        series.age(now, 0);
        let kept: Vec<(i64, f64)> = series.points().map(|(at, summary)| (at, summary.sum)).collect();
        assert_eq!(kept, [(minute, 5.0), (now - 5, 4.0)]);
        series.age(now, minute + 1);
        assert_eq!(series.newest_s(), Some(now - 5));
        assert_eq!(series.points().count(), 1, "what is before the bound goes too");
    }
}
