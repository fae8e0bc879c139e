//! Downsampling that keeps up with live data: minima and maxima in buckets of 16, 64, 256 … steps, grown at the end, and from them one
//! column a pixel. Zooming and panning over a million points then touches a few thousand buckets.

use std::sync::Arc;

use super::source::{Points, Sample};

/// Steps in a bucket of the finest level. Below it points are read directly: at most this many a pixel.
const FINEST: i64 = 16;
/// Each level's buckets are this many times as wide as those of the level below.
const FACTOR: i64 = 4;
const LEVELS: usize = 10;
/// Points taken in per frame while catching up with a long series; a frame stays within its budget.
pub(super) const POINTS_A_FRAME: usize = 100_000;

/// What is known of the points that fall into one bucket or one pixel column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// x ÷ width, rounded down: equal in every series, so that areas can be stacked.
    pub key: i64,
    /// x of the first point with a value.
    pub first: f64,
    /// x of the last point with a value.
    pub last: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Value of the last point.
    pub end: f64,
    /// Smallest lower end of the bands; `NaN` without a band.
    pub low: f64,
    /// Largest upper end; `NaN` without a band.
    pub high: f64,
    /// Sum of the values.
    pub sum: f64,
    /// Points with a value.
    pub n: u32,
}

impl Column {
    fn of(key: i64, s: Sample) -> Self {
        Self { key, first: s.x, last: s.x, min: s.y, max: s.y, end: s.y, low: s.low, high: s.high, sum: s.y, n: 1 }
    }

    fn merge(&mut self, later: &Self) {
        self.last = later.last;
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.end = later.end;
        // f64::min and max prefer a number over NaN.
        self.low = self.low.min(later.low);
        self.high = self.high.max(later.high);
        self.sum += later.sum;
        self.n += later.n;
    }

    /// Mean of the values.
    pub fn mean(&self) -> f64 {
        self.sum / f64::from(self.n)
    }
}

/// The columns of one series in one window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// Width of a column, in steps of x.
    pub width: i64,
    /// Columns that hold a point, in order.
    pub columns: Vec<Column>,
}

/// What a set of columns was made for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Made {
    revision: u64,
    from: f64,
    to: f64,
    pixels: u32,
    taken: usize,
}

/// The buckets of one series.
#[derive(Debug, Default)]
pub struct Pyramid {
    levels: Vec<Vec<Column>>,
    /// Points taken in so far.
    taken: usize,
    /// Index and x of the first point of the newest finest bucket: from there on the series is read again when it grows.
    tail: Option<(usize, f64)>,
    made: Option<(Made, Arc<Columns>)>,
    revision: u64,
    /// x of the first point when last looked.
    head: f64,
}

impl Pyramid {
    /// Takes in what is new, at most `budget` points, and says whether that was all. Points may be appended, the newest one may
    /// change, the oldest may be dropped; anything else is noticed and read afresh.
    pub fn grow(&mut self, points: &Points<'_>, revision: u64, budget: usize) -> bool {
        if revision == self.revision && self.taken == points.len() && self.tail.is_some() {
            return true;
        }
        self.revision = revision;
        let head = points.get(0).map_or(f64::NAN, |s| s.x);
        let mut next = 0;
        if let Some((_, x)) = self.tail {
            let again = points.at_or_after(x);
            if head >= self.head && points.get(again).is_some_and(|s| s.x == x) {
                next = again;
                self.forget_before(head);
            } else {
                self.levels.clear();
                self.tail = None;
            }
        }
        self.head = head;
        if self.levels.is_empty() {
            self.levels = vec![Vec::new(); LEVELS];
        }
        // The newest bucket is read again from its first point.
        let mut start = None;
        if let Some((_, x)) = self.tail {
            let key = (x as i64).div_euclid(FINEST);
            start = Some(key);
            self.levels[0].pop_if(|bucket| bucket.key == key);
        }
        let end = points.len().min(next.saturating_add(budget.max(FINEST as usize * 2)));
        let (finest, tail) = (&mut self.levels[0], &mut self.tail);
        let mut newest_key = None;
        points.for_range(next, end, |i, sample| {
            let key = (sample.x as i64).div_euclid(FINEST);
            if newest_key != Some(key) {
                newest_key = Some(key);
                *tail = Some((i, sample.x));
            }
            if sample.y.is_nan() {
                return;
            }
            match finest.last_mut() {
                Some(last) if last.key == key => last.merge(&Column::of(key, sample)),
                _ => finest.push(Column::of(key, sample)),
            }
        });
        self.taken = end;
        self.raise(start);
        end == points.len()
    }

    /// Rebuilds the coarser levels from the finest bucket `from` on (from the start where there is none).
    fn raise(&mut self, from: Option<i64>) {
        let mut from = from;
        for level in 1..self.levels.len() {
            let (below, above) = self.levels.split_at_mut(level);
            let (below, above) = (&below[level - 1], &mut above[0]);
            let first = from.or_else(|| above.last().map(|last| last.key * FACTOR));
            let key = first.map_or(i64::MIN, |key| key.div_euclid(FACTOR));
            above.truncate(above.partition_point(|column| column.key < key));
            let start = if key == i64::MIN { 0 } else { below.partition_point(|column| column.key < key * FACTOR) };
            for column in &below[start..] {
                let key = column.key.div_euclid(FACTOR);
                match above.last_mut() {
                    Some(last) if last.key == key => last.merge(column),
                    _ => above.push(Column { key, ..*column }),
                }
            }
            from = first.map(|key| key.div_euclid(FACTOR));
        }
    }

    fn forget_before(&mut self, head: f64) {
        if self.levels.first().is_some_and(|finest| finest.first().is_some_and(|column| column.last < head)) {
            for level in &mut self.levels {
                let keep = level.partition_point(|column| column.last < head);
                level.drain(..keep);
            }
        }
    }

    /// One column a pixel for the window `from..=to` on `pixels` pixels, and one more on each side so that lines leave the window
    /// where they should. Made once per (revision, window, pixels).
    pub fn columns(&mut self, points: &Points<'_>, from: f64, to: f64, pixels: u32) -> Arc<Columns> {
        let wanted = Made { revision: self.revision, from, to, pixels, taken: self.taken };
        if let Some((made, columns)) = &self.made
            && *made == wanted
        {
            return Arc::clone(columns);
        }
        let columns = Arc::new(self.make_columns(points, from, to, pixels));
        self.made = Some((wanted, Arc::clone(&columns)));
        columns
    }

    fn make_columns(&self, points: &Points<'_>, from: f64, to: f64, pixels: u32) -> Columns {
        let exact = ((to - from) / f64::from(pixels.max(1))).max(1.0);
        let mut columns: Vec<Column> = Vec::new();
        if exact < FINEST as f64 {
            let width = exact.ceil() as i64;
            let first = points.at_or_after(from - width as f64).saturating_sub(1);
            let last = (points.at_or_after(to + width as f64) + 1).min(self.taken);
            points.for_range(first, last, |_, sample| {
                if !sample.y.is_nan() {
                    push(&mut columns, &Column::of((sample.x as i64).div_euclid(width), sample));
                }
            });
            return Columns { width, columns };
        }
        let (mut level, mut step) = (0, FINEST);
        while level + 1 < self.levels.len() && (step * FACTOR) as f64 <= exact {
            step *= FACTOR;
            level += 1;
        }
        let many = (exact / step as f64).ceil() as i64;
        let width = many * step;
        if let Some(buckets) = self.levels.get(level) {
            let first = buckets.partition_point(|column| column.last < from).saturating_sub(1);
            let last = (buckets.partition_point(|column| column.first <= to) + 1).min(buckets.len());
            for bucket in &buckets[first.min(last)..last] {
                push(&mut columns, &Column { key: bucket.key.div_euclid(many), ..*bucket });
            }
        }
        Columns { width, columns }
    }
}

fn push(columns: &mut Vec<Column>, column: &Column) {
    match columns.last_mut() {
        Some(last) if last.key == column.key => last.merge(column),
        _ => columns.push(*column),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wave(x: i64) -> Sample {
        let y = (x as f64 * 0.01).sin() + f64::from(u8::from(x % 997 == 0)) * 5.0;
        Sample { x: x as f64, y, low: y - 0.1, high: y + 0.1 }
    }

    fn grown(samples: &[Sample]) -> Pyramid {
        let mut pyramid = Pyramid::default();
        assert!(pyramid.grow(&Points::Samples(samples), 1, usize::MAX));
        pyramid
    }

    #[test]
    fn no_extreme_is_lost_and_columns_fit_the_pixels() {
        let samples: Vec<_> = (0..1_000_000).map(wave).collect();
        let points = Points::Samples(&samples);
        let mut pyramid = grown(&samples);
        for (from, to) in [(0.0, 999_999.0), (1_000.0, 90_000.0), (500_000.0, 500_600.0)] {
            let columns = pyramid.columns(&points, from, to, 800);
            assert!(columns.columns.len() <= 800 + 4, "{} columns", columns.columns.len());
            let seen = columns.columns.iter().map(|c| c.max).fold(f64::MIN, f64::max);
            let real = samples[from as usize..=to as usize].iter().map(|s| s.y).fold(f64::MIN, f64::max);
            assert!(seen >= real, "{seen} < {real}");
        }
    }

    #[test]
    fn a_long_series_is_taken_in_over_several_frames() {
        let samples: Vec<_> = (0..250_000).map(wave).collect();
        let points = Points::Samples(&samples);
        let mut pyramid = Pyramid::default();
        let frames = (1..100).find(|_| pyramid.grow(&points, 1, POINTS_A_FRAME)).unwrap();
        assert_eq!(frames, 3);
        assert_eq!(pyramid.levels, grown(&samples).levels);
    }

    #[test]
    fn a_series_that_starts_again_is_read_afresh() {
        let mut pyramid = grown(&(0..500).map(wave).collect::<Vec<_>>());
        let other: Vec<_> = (600..900).map(wave).collect();
        pyramid.grow(&Points::Samples(&other), 2, usize::MAX);
        assert_eq!(pyramid.levels, grown(&other).levels);
    }

    proptest! {
        #[test]
        fn growing_step_by_step_gives_the_same_buckets(
            gaps in proptest::collection::vec(1..40_i64, 1..400),
            cuts in proptest::collection::vec(1..60_usize, 1..20),
        ) {
            let mut x = 1_700_000_000;
            let mut samples: Vec<Sample> = gaps.iter().map(|gap| { x += gap; wave(x) }).collect();
            for (i, sample) in samples.iter_mut().enumerate() {
                if i % 7 == 3 { sample.y = f64::NAN; }
            }
            let mut pyramid = Pyramid::default();
            let (mut end, mut revision) = (0, 0);
            for cut in cuts {
                end = (end + cut).min(samples.len());
                revision += 1;
                // The newest point is still being counted: it changes before the next one comes.
                let mut so_far = samples[..end].to_vec();
                so_far[end - 1].y = -9.0;
                pyramid.grow(&Points::Samples(&so_far), revision, usize::MAX);
            }
            pyramid.grow(&Points::Samples(&samples), revision + 1, usize::MAX);
            let fresh = grown(&samples);
            for (level, (a, b)) in pyramid.levels.iter().zip(&fresh.levels).enumerate() {
                prop_assert_eq!(a.len(), b.len());
                for (a, b) in a.iter().zip(b) {
                    prop_assert!((a.key, a.first, a.last, a.min, a.max, a.n) == (b.key, b.first, b.last, b.min, b.max, b.n), "level {}: {:?} {:?}", level, a, b);
                }
            }
        }

        #[test]
        fn dropping_the_oldest_keeps_the_rest(n in 200..3000_i64, dropped in 1..199_i64, added in 0..100_i64) {
            let samples: Vec<_> = (0..n).map(wave).collect();
            let mut pyramid = grown(&samples);
            let later: Vec<_> = (dropped..n + added).map(wave).collect();
            pyramid.grow(&Points::Samples(&later), 2, usize::MAX);
            let fresh = grown(&later);
            // The bucket that lost some of its points may remember them; all others are exact.
            prop_assert_eq!(&pyramid.levels[0][1..], &fresh.levels[0][1..]);
        }
    }
}
