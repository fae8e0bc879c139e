//! All metrics in memory, within bounds: fifteen days, a number of metrics, and a weight of everything together.

use std::collections::BTreeMap;

use crate::domain::metric::MetricId;
use crate::stats::metric::Series;
use crate::workspace::{Datum, Known, Measured};

/// Metrics that are kept. One more, and the one that was silent longest goes.
const MOST_METRICS: usize = 10_000;

/// What all series may weigh together, in numbers of 16 bytes: 48 MB. Beyond it the oldest values go first.
const MOST_WEIGHT: usize = 3_000_000;

/// The metrics, and what of them is not written yet.
#[derive(Debug)]
pub(super) struct Ledger {
    kept: BTreeMap<MetricId, BTreeMap<String, Series>>,
    /// By minutes, as it is written.
    fresh: Fresh,
    most_metrics: usize,
    most_weight: usize,
}

/// Values by metric and unit.
pub(super) type Fresh = BTreeMap<(MetricId, String), Series>;

impl Default for Ledger {
    fn default() -> Self {
        Self { kept: BTreeMap::new(), fresh: Fresh::new(), most_metrics: MOST_METRICS, most_weight: MOST_WEIGHT }
    }
}

impl Ledger {
    /// Adds a measurement.
    pub(super) fn add(&mut self, datum: Datum) {
        if datum.summary.is_empty() {
            return;
        }
        let minute = datum.at_s.div_euclid(60) * 60;
        let key = (datum.id.clone(), datum.unit.clone());
        self.fresh.entry(key).or_default().add(minute, &datum.summary);
        self.restore(datum);
    }

    /// Adds a measurement that is on disk already.
    pub(super) fn restore(&mut self, datum: Datum) {
        if !self.kept.contains_key(&datum.id) && self.kept.len() >= self.most_metrics {
            let silent = self.kept.iter().min_by_key(|(_, units)| newest(units)).map(|(id, _)| id.clone());
            if let Some(id) = silent {
                self.kept.remove(&id);
            }
        }
        self.kept.entry(datum.id).or_default().entry(datum.unit).or_default().add(datum.at_s, &datum.summary);
    }

    /// What was measured of a metric in a stretch of time, by unit; units without a value are left out.
    pub(super) fn read(&self, id: &MetricId, start_s: i64, end_s: i64) -> Vec<Measured> {
        let Some(units) = self.kept.get(id) else { return Vec::new() };
        let cut = |(unit, series): (&String, &Series)| {
            let series = series.between(start_s, end_s);
            (!series.is_empty()).then(|| Measured { unit: unit.clone(), series })
        };
        units.iter().filter_map(cut).collect()
    }

    /// All metrics, in the order of their names.
    pub(super) fn known(&self) -> Vec<Known> {
        let known = |(id, units): (&MetricId, _)| Some(Known { id: id.clone(), newest_s: newest(units)? });
        self.kept.iter().filter_map(known).collect()
    }

    /// What was added since the last time.
    pub(super) fn take_fresh(&mut self) -> Fresh {
        std::mem::take(&mut self.fresh)
    }

    /// Forgets what is too old, and the oldest of what is too much.
    pub(super) fn age(&mut self, now_s: i64) {
        let bound = self.bound();
        self.kept.retain(|_, units| {
            units.retain(|_, series| {
                series.age(now_s, bound);
                !series.is_empty()
            });
            !units.is_empty()
        });
    }

    /// The time before which values have to go, so that the rest is not too much.
    fn bound(&self) -> i64 {
        let all = || self.kept.values().flat_map(BTreeMap::values);
        let weight: usize = all().map(Series::weight).sum();
        let Some(mut over) = weight.checked_sub(self.most_weight).filter(|over| *over > 0) else { return i64::MIN };
        let mut by_time: BTreeMap<i64, usize> = BTreeMap::new();
        for (at_s, weight) in all().flat_map(Series::weights) {
            *by_time.entry(at_s).or_default() += weight;
        }
        for (at_s, weight) in by_time {
            match over.checked_sub(weight) {
                None | Some(0) => return at_s + 1,
                Some(rest) => over = rest,
            }
        }
        i64::MAX
    }
}

fn newest(units: &BTreeMap<String, Series>) -> Option<i64> {
    units.values().filter_map(Series::newest_s).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::metric::Summary;

    fn datum(name: &str, unit: &str, at_s: i64, value: f64) -> Datum {
        let id = MetricId::new("Mine", name, []);
        Datum { id, unit: unit.to_owned(), at_s, summary: Summary::of(value, 1.0) }
    }

    #[test]
    fn units_are_kept_apart_and_what_is_new_is_handed_over_once() {
        let mut ledger = Ledger::default();
        ledger.restore(datum("a", "None", 0, 1.0));
        ledger.add(datum("a", "None", 61, 2.0));
        ledger.add(datum("a", "Seconds", 119, 3.0));
        ledger.add(datum("a", "None", 90, 4.0));
        let id = MetricId::new("Mine", "a", []);
        let read = ledger.read(&id, 60, 120);
        let counts: Vec<_> = read.iter().map(|m| (m.unit.as_str(), m.series.points().count())).collect();
        assert_eq!(counts, [("None", 2), ("Seconds", 1)]);
        let fresh = ledger.take_fresh();
        let minutes: Vec<_> = fresh[&(id, "None".to_owned())].points().map(|(at, s)| (at, s.sum)).collect();
        assert_eq!(minutes, [(60, 6.0)], "what is on disk already is not written again");
        assert!(ledger.take_fresh().is_empty());
        assert_eq!(ledger.known()[0].newest_s, 119);
    }

    #[test]
    fn the_metric_that_was_silent_longest_goes() {
        let mut ledger = Ledger { most_metrics: 2, ..Ledger::default() };
        for (name, at_s) in [("a", 5), ("b", 1), ("c", 3)] {
            ledger.add(datum(name, "None", at_s, 1.0));
        }
        let names: Vec<String> = ledger.known().into_iter().map(|known| known.id.name).collect();
        assert_eq!(names, ["a", "c"]);
    }

    #[test]
    fn the_oldest_values_go_when_all_is_too_much() {
        let mut ledger = Ledger { most_weight: 10, ..Ledger::default() };
        for (name, at_s) in [("a", 60), ("b", 120), ("a", 180), ("b", 240)] {
            ledger.add(datum(name, "None", at_s, 1.0));
        }
        ledger.age(300);
        let left: Vec<i64> =
            ledger.kept.values().flat_map(BTreeMap::values).flat_map(|s| s.points().map(|(at, _)| at)).collect();
        assert_eq!(left, [180, 240]);
    }
}
