//! Confusion matrices: which class was taken for which.

use std::collections::BTreeSet;

/// Counts by actual and predicted class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// The classes that occur in labels or predictions, ascending.
    pub classes: Vec<u32>,
    /// Row-major: actual class, then predicted class, in the order of `classes`.
    pub counts: Vec<u64>,
}

impl Confusion {
    /// Counts pairs of (actual, predicted).
    pub fn of(pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let classes: BTreeSet<u32> = pairs.clone().flat_map(|(actual, predicted)| [actual, predicted]).collect();
        let classes: Vec<u32> = classes.into_iter().collect();
        let mut confusion = Self { counts: vec![0; classes.len() * classes.len()], classes };
        for (actual, predicted) in pairs {
            if let (Some(row), Some(column)) = (confusion.place(actual), confusion.place(predicted)) {
                let at = row * confusion.classes.len() + column;
                confusion.counts[at] += 1;
            }
        }
        confusion
    }

    fn place(&self, class: u32) -> Option<usize> {
        self.classes.binary_search(&class).ok()
    }

    /// How often `actual` was taken for `predicted`, by place in `classes`.
    pub fn count(&self, actual: usize, predicted: usize) -> u64 {
        self.counts.get(actual * self.classes.len() + predicted).copied().unwrap_or(0)
    }

    /// Answers in all.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Right ones.
    pub fn right(&self) -> u64 {
        (0..self.classes.len()).map(|class| self.count(class, class)).sum()
    }

    /// Share of right ones; `None` without any.
    pub fn accuracy(&self) -> Option<f64> {
        share(self.right(), self.total())
    }

    /// Right among those that were called this class, by place in `classes`; `None` when none was.
    pub fn precision(&self, class: usize) -> Option<f64> {
        share(self.count(class, class), (0..self.classes.len()).map(|actual| self.count(actual, class)).sum())
    }

    /// Called this class among those that are, by place in `classes`; `None` when none is.
    pub fn recall(&self, class: usize) -> Option<f64> {
        share(self.count(class, class), (0..self.classes.len()).map(|predicted| self.count(class, predicted)).sum())
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_what_is_and_columns_what_was_said() {
        let confusion = Confusion::of([(0, 0), (0, 5), (5, 5), (5, 5), (7, 0)].into_iter());
        assert_eq!(confusion.classes, [0, 5, 7]);
        assert_eq!(confusion.counts, [1, 1, 0, 0, 2, 0, 1, 0, 0]);
        assert_eq!((confusion.total(), confusion.right(), confusion.accuracy()), (5, 3, Some(0.6)));
        assert_eq!((confusion.precision(0), confusion.recall(0)), (Some(0.5), Some(0.5)));
        assert_eq!((confusion.precision(2), confusion.recall(2)), (None, Some(0.0)));
        assert_eq!(Confusion::of(std::iter::empty()).accuracy(), None);
    }
}
