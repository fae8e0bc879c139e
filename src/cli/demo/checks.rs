//! What must hold at the end, each said with ✓ or ✗; the exit code is their sum.

/// The list, printed as it grows.
#[derive(Default)]
pub struct Checks {
    broken: usize,
    done: usize,
}

impl Checks {
    /// Notes and prints one.
    pub fn hold(&mut self, holds: bool, what: &str) {
        self.done += 1;
        self.broken += usize::from(!holds);
        println!("  {} {what}", if holds { "✓" } else { "✗" });
    }

    /// Whether all held, and at least one was made.
    pub fn all_held(&self) -> bool {
        self.broken == 0 && self.done > 0
    }

    /// How many were made, and how many did not hold.
    pub fn counts(&self) -> (usize, usize) {
        (self.done, self.broken)
    }
}

/// Four standard deviations of a share that is drawn `n` times with probability `expected`: a fair router leaves it once in 16,000 runs.
/// `loose` requests may be counted on the other side of a change, because they were under way.
pub fn tolerance(expected: f64, n: u64, loose: u64) -> f64 {
    let n = n.max(1) as f64;
    4.0 * (expected * (1.0 - expected) / n).sqrt() + loose as f64 / n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_check_is_enough_to_fail() {
        let mut checks = Checks::default();
        assert!(!checks.all_held(), "nothing checked is nothing proved");
        checks.hold(true, "a");
        assert!(checks.all_held());
        checks.hold(false, "b");
        assert!(!checks.all_held());
        assert_eq!(checks.counts(), (2, 1));
    }

    #[test]
    fn the_tolerance_is_four_standard_deviations() {
        assert!((tolerance(0.5, 400, 0) - 0.1).abs() < 1e-12);
        assert!((tolerance(0.9, 900, 9) - 0.05).abs() < 1e-12);
    }
}
