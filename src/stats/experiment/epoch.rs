//! An epoch: the requests that were drawn by the same weights from the same models.

/// Labels of one arm: how many requests, the sum of their outcomes, and the sum of the squares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) n: u64,
    pub(super) sum: f64,
    pub(super) squares: f64,
}

impl Tally {
    pub(super) fn add(&mut self, y: f64) {
        self.n += 1;
        self.sum += y;
        self.squares += y * y;
    }

    /// `NaN` before the first label.
    pub(super) fn mean(&self) -> f64 {
        self.sum / self.n as f64
    }

    /// Variance around the mean, not below 0.
    pub(super) fn variance(&self) -> f64 {
        (self.squares / self.n as f64 - self.mean() * self.mean()).max(0.0)
    }

    /// Whether some outcome was neither 0 nor 1.
    pub(super) fn is_graded(&self) -> bool {
        self.sum - self.squares > 1e-9 * self.n as f64
    }
}

/// One epoch. Its arms are those that could be drawn and those at weight 0, each once.
#[derive(Clone, Debug)]
pub(super) struct Epoch {
    pub(super) number: u64,
    /// For each position in the fleet's order, the place of its arm below.
    pub(super) places: Box<[usize]>,
    /// Numbers of the arms.
    pub(super) arms: Box<[usize]>,
    pub(super) probabilities: Box<[f64]>,
    pub(super) labels: Box<[Tally]>,
    /// For each pair of places, row by row, the number of its duel; `None` where one of the two can't be drawn.
    pub(super) duels: Box<[Option<usize>]>,
}

impl Epoch {
    /// Labels of an arm; `None` when it takes no part.
    pub(super) fn labels_of(&self, arm: usize) -> Option<&Tally> {
        let place = self.arms.iter().position(|known| *known == arm)?;
        Some(&self.labels[place])
    }

    /// Labels of both arms of a pair, where both have some.
    pub(super) fn labels_of_both(&self, arms: [usize; 2]) -> Option<[&Tally; 2]> {
        let [a, b] = arms.map(|arm| self.labels_of(arm).filter(|tally| tally.n > 0));
        Some([a?, b?])
    }
}
