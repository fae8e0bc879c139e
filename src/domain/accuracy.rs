//! What the accuracy alarm of an update has seen: the labels of both fleets' answers, and how strong they speak against the new one.

use serde::{Deserialize, Serialize};

/// What labels measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Measure {
    /// The share of right answers; more is better.
    #[default]
    Accuracy,
    /// The root mean squared error, in the label's unit; less is better.
    Rmse,
}

/// The labelled answers of one fleet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Labelled {
    /// Labelled requests.
    pub labels: u64,
    /// Their accuracy, 0 to 1, or their root mean squared error; `None` without labels.
    pub score: Option<f64>,
}

/// Two fleets by the labels of their answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// The fleet that served before.
    pub old: Labelled,
    /// The fleet that comes.
    pub new: Labelled,
}

/// Both fleets as the accuracy alarm sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// What the labels measure.
    pub measure: Measure,
    /// Answers from the time in which both fleets answered, each its own requests.
    pub apart: Compared,
    /// Answers of the new fleet from after all traffic had moved, and what the old one says to the same requests.
    pub same: Compared,
    /// The most that the evidence against the new fleet ever came to: 1 says nothing, 1/alpha is the alarm.
    pub evidence: f64,
    /// Labels of the two fleets come unevenly, so that each fleet is judged by a band of its own.
    pub is_uneven: bool,
}

impl Watched {
    /// Labelled answers of the new fleet.
    pub fn labels_of_new(&self) -> u64 {
        self.apart.new.labels + self.same.new.labels
    }
}
