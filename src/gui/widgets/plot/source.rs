//! Where the points of a plot come from: sorted series, borrowed, read in chunks so that a million of them stay cheap.

use imbl::Vector;

use crate::stats::live::Second;
use crate::workspace::MetricPoint;

/// One point. `NaN` in `y` means that there is no value here; `NaN` in `low` or `high`, that there is no band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Seconds since the Unix epoch, or the round.
    pub x: f64,
    /// Value.
    pub y: f64,
    /// Lower end of its band.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Sample {
    /// A point without a band.
    pub fn new(x: f64, y: f64) -> Self {
        Self { x, y, low: f64::NAN, high: f64::NAN }
    }
}

/// A series sorted by x, not copied.
#[derive(Clone, Copy, Debug)]
pub enum Points<'a> {
    /// Seconds of an endpoint; the function picks what is plotted.
    Seconds(&'a Vector<Second>, fn(&Second) -> Sample),
    /// A training curve over its rounds.
    Curve(&'a Vector<MetricPoint>),
    /// Any other sorted points.
    Samples(&'a [Sample]),
}

impl Points<'_> {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Seconds(seconds, _) => seconds.len(),
            Self::Curve(points) => points.len(),
            Self::Samples(samples) => samples.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One point.
    pub fn get(&self, index: usize) -> Option<Sample> {
        match self {
            Self::Seconds(seconds, pick) => seconds.get(index).map(pick),
            Self::Curve(points) => points.get(index).map(of_metric),
            Self::Samples(samples) => samples.get(index).copied(),
        }
    }

    /// The first and the last x.
    pub fn extent(&self) -> Option<(f64, f64)> {
        Some((self.get(0)?.x, self.get(self.len().checked_sub(1)?)?.x))
    }

    /// The index of the first point whose x is at least `x`.
    pub fn at_or_after(&self, x: f64) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle).is_some_and(|s| s.x < x) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The point nearest to `x`, if one is within `reach`.
    pub fn nearest(&self, x: f64, reach: f64) -> Option<Sample> {
        let after = self.at_or_after(x);
        [after.checked_sub(1), Some(after)]
            .into_iter()
            .flatten()
            .filter_map(|i| self.get(i))
            .filter(|s| (s.x - x).abs() <= reach)
            .min_by(|a, b| (a.x - x).abs().total_cmp(&(b.x - x).abs()))
    }

    /// Calls back for the points `from..to`, in order.
    pub fn for_range(&self, from: usize, to: usize, mut each: impl FnMut(usize, Sample)) {
        let to = to.min(self.len());
        match self {
            Self::Seconds(seconds, pick) => in_chunks(seconds, from, to, |i, second| each(i, pick(second))),
            Self::Curve(points) => in_chunks(points, from, to, |i, point| each(i, of_metric(point))),
            Self::Samples(samples) => {
                for (i, sample) in samples.iter().enumerate().take(to).skip(from) {
                    each(i, *sample);
                }
            }
        }
    }
}

fn of_metric(point: &MetricPoint) -> Sample {
    Sample::new(f64::from(point.round), point.value)
}

/// Walks a persistent vector leaf by leaf: one tree descent per 64 items instead of one per item.
fn in_chunks<T: Clone>(items: &Vector<T>, from: usize, to: usize, mut each: impl FnMut(usize, &T)) {
    let mut focus = items.focus();
    let mut next = from;
    while next < to {
        let (range, chunk) = focus.chunk_at(next);
        let end = range.end.min(to);
        for (i, item) in (next..end).zip(&chunk[next - range.start..]) {
            each(i, item);
        }
        next = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_and_walks() {
        let seconds: Vector<Second> =
            (0..1000).map(|i| Second { at_s: i * 2, requests: i as u32, ..Second::default() }).collect();
        let points = Points::Seconds(&seconds, |s| Sample::new(s.at_s as f64, f64::from(s.requests)));
        assert_eq!(points.extent(), Some((0.0, 1998.0)));
        assert_eq!((points.at_or_after(-1.0), points.at_or_after(3.0), points.at_or_after(5000.0)), (0, 2, 1000));
        assert_eq!(points.nearest(4.9, 1.0).map(|s| s.x), Some(4.0));
        assert_eq!(points.nearest(5000.0, 10.0), None);
        let mut seen = Vec::new();
        points.for_range(100, 300, |i, s| seen.push((i, s.y as usize)));
        assert_eq!(seen, (100..300).map(|i| (i, i)).collect::<Vec<_>>());
    }
}
