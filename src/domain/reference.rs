//! A pointer to any resource of the workspace: what links, events, the palette and Cleanup speak about.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of resource with a list of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// A bucket.
    Bucket,
    /// A training job.
    TrainingJob,
    /// A model.
    Model,
    /// An endpoint configuration.
    EndpointConfig,
    /// An endpoint.
    Endpoint,
}

impl Kind {
    /// All kinds, in the order in which they depend on each other.
    pub const ALL: [Self; 5] = [Self::Bucket, Self::TrainingJob, Self::Model, Self::EndpointConfig, Self::Endpoint];

    /// The noun, as a sentence uses it: "endpoint configuration".
    pub fn noun(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::TrainingJob => "training job",
            Self::Model => "model",
            Self::EndpointConfig => "endpoint configuration",
            Self::Endpoint => "endpoint",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.noun())
    }
}

/// One resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ResourceRef {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
}

impl ResourceRef {
    /// Puts the two together.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }
}

impl fmt::Display for ResourceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}
