//! Paired replay: the same labelled rows, answered by several models.

use std::fmt;

use super::invalid::Invalid;
use super::s3_uri::S3Uri;

/// Models that are compared at most.
pub const MAX_CONTESTANTS: usize = 10;

/// Rows that are compared at most.
pub const MAX_ROWS: u64 = 1_000_000;

/// Where the rows and their labels come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplaySource {
    /// The captured requests of an endpoint whose labels are known.
    Captured {
        /// The endpoint.
        endpoint: String,
    },
    /// A labelled file: CSV with the label first, or libsvm.
    File(S3Uri),
}

impl fmt::Display for ReplaySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Captured { endpoint } => write!(f, "labelled requests of {endpoint}"),
            Self::File(uri) => uri.fmt(f),
        }
    }
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contestant {
    /// A model, deployed or not, as its artefact is now.
    Model(String),
    /// A variant of an endpoint, with the artefact that it serves.
    Variant {
        /// The endpoint.
        endpoint: String,
        /// The variant.
        variant: String,
    },
}

impl fmt::Display for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model(name) => f.write_str(name),
            Self::Variant { endpoint, variant } => write!(f, "{endpoint} / {variant}"),
        }
    }
}

/// What to compare on what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplaySpec {
    /// The rows.
    pub source: ReplaySource,
    /// Who answers them, 1–10.
    pub contestants: Vec<Contestant>,
}

impl ReplaySpec {
    /// The rules that it breaks; empty when it is fine. Whether all of it exists is the engine's to say.
    pub fn validate(&self) -> Vec<Invalid> {
        let mut broken = Vec::new();
        let n = self.contestants.len();
        if n == 0 || n > MAX_CONTESTANTS {
            broken.push(Invalid::new("Contestants", n, format!("must have 1 to {MAX_CONTESTANTS} entries")));
        }
        let mut sorted = self.contestants.clone();
        sorted.sort();
        let twice = sorted.windows(2).find(|pair| pair[0] == pair[1]).and_then(<[Contestant]>::first);
        if let Some(twice) = twice {
            broken.push(Invalid::new("Contestants", twice, "is there twice"));
        }
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_must_answer_and_nobody_twice() {
        let of = |names: &[&str]| ReplaySpec {
            source: ReplaySource::Captured { endpoint: "e".into() },
            contestants: names.iter().map(|name| Contestant::Model((*name).to_owned())).collect(),
        };
        assert_eq!(of(&["a", "b"]).validate(), []);
        assert!(of(&[]).validate()[0].to_string().contains("1 to 10"));
        assert!(of(&["a", "b", "a"]).validate()[0].to_string().contains("twice"));
    }
}
