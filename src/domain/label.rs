//! Labels: what turned out to be right, said later than the prediction.

use std::fmt::Write;

/// The right answer to one request, one number a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// The request's inference id.
    pub id: String,
    /// The label of each row, in the request's order.
    pub values: Vec<f64>,
}

/// How many problems a report spells out.
pub const PROBLEMS_SHOWN: usize = 10;

/// What became of some labels. Every label is in exactly one of the counts but `late`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabelCounts {
    /// Counted for the variant that answered.
    pub joined: u64,
    /// Of these, the ones whose request was no longer in memory.
    pub late: u64,
    /// Kept for replay and not counted: the client had chosen the variant, so the split says nothing about it.
    pub forced: u64,
    /// Known already, with the same values.
    pub repeated: u64,
    /// Another label was there first; the first one counts.
    pub contradictory: u64,
    /// No captured request has this id.
    pub unknown: u64,
    /// The answer can't be compared with it: another number of rows, no prediction, or an answer that was too long to keep.
    pub unfit: u64,
}

impl LabelCounts {
    /// Labels in all.
    pub fn total(&self) -> u64 {
        self.joined + self.forced + self.repeated + self.contradictory + self.unknown + self.unfit
    }

    /// Adds what became of other labels.
    pub fn add(&mut self, other: Self) {
        self.joined += other.joined;
        self.late += other.late;
        self.forced += other.forced;
        self.repeated += other.repeated;
        self.contradictory += other.contradictory;
        self.unknown += other.unknown;
        self.unfit += other.unfit;
    }
}

/// What became of some labels, told to whoever sent them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelReport {
    /// How many of them came to what.
    pub counts: LabelCounts,
    /// The first few that were not counted, and why.
    pub problems: Vec<String>,
    /// Why the labels are not on disk; they count until the app ends.
    pub not_on_disk: Option<String>,
}

impl LabelReport {
    /// In a few words: `12 labels counted, 2 unknown`.
    pub fn summary(&self) -> String {
        let counts = &self.counts;
        let s = if counts.joined == 1 { "" } else { "s" };
        let mut text = format!("{} label{s} counted", counts.joined);
        for (n, what) in [
            (counts.late, "of them late"),
            (counts.forced, "of requests to a chosen variant (not counted)"),
            (counts.repeated, "known already"),
            (counts.contradictory, "contradicting an earlier label"),
            (counts.unknown, "of unknown requests"),
            (counts.unfit, "that fit no answer"),
        ] {
            if n > 0 {
                // Writing to a String can't fail.
                let _ = write!(text, ", {n} {what}");
            }
        }
        text
    }

    /// Spells a problem out, if there is room for it.
    pub fn problem(&mut self, id: &str, why: &str) {
        if self.problems.len() < PROBLEMS_SHOWN {
            self.problems.push(format!("{id}: {why}"));
        }
    }

    /// Adds what became of other labels.
    pub fn add(&mut self, other: Self) {
        self.counts.add(other.counts);
        self.problems.extend(other.problems);
        self.problems.truncate(PROBLEMS_SHOWN);
        if self.not_on_disk.is_none() {
            self.not_on_disk = other.not_on_disk;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_told_in_few_words_and_adds_up() {
        let counts = LabelCounts { joined: 1, late: 1, ..LabelCounts::default() };
        let mut report = LabelReport { counts, ..LabelReport::default() };
        report.problem("x", "is odd");
        let counts = LabelCounts { joined: 2, unknown: 3, ..LabelCounts::default() };
        report.add(LabelReport { counts, not_on_disk: Some("full".into()), ..LabelReport::default() });
        assert_eq!(report.summary(), "3 labels counted, 1 of them late, 3 of unknown requests");
        assert_eq!((report.counts.total(), report.not_on_disk.as_deref()), (6, Some("full")));
        (0..20).for_each(|n| report.problem(&n.to_string(), "is odd"));
        assert_eq!(report.problems.len(), PROBLEMS_SHOWN);
    }
}
