//! Who may answer: the variants of the fleets that serve as the capture knows them, kept as long as one of their requests may still get a label.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::answers::Reading;
use super::super::router::Weights;
use super::super::window::Meter;
use crate::domain::data_capture::DataCapture;

/// The variants that a table of weights stands for, in its order.
#[derive(Debug, Default)]
pub struct Arms {
    pub(super) list: Box<[Arm]>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Arm {
    /// The variant's name.
    pub variant: Arc<str>,
    /// The model's name.
    pub model: Arc<str>,
    /// The artefact on disk; two models of one name are told apart by it.
    pub artifact: String,
    /// How its answers are read.
    pub reading: Reading,
    /// What counts its labels; `None` for a model that served before the last start and doesn't any more.
    pub(in crate::serving) meter: Option<Arc<Meter>>,
    /// What of its requests goes into a bucket.
    pub(in crate::serving) data_capture: Option<Arc<DataCapture>>,
}

impl Arms {
    /// These, in this order.
    pub(in crate::serving) fn new(arms: impl IntoIterator<Item = Arm>) -> Self {
        Self { list: arms.into_iter().collect() }
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arm> {
        self.list.iter()
    }

    /// One by its place.
    pub fn get(&self, at: usize) -> Option<&Arm> {
        self.list.get(at)
    }

    /// The same variant with the same model.
    pub(super) fn same(&self, as_this: &Arm) -> Option<&Arm> {
        self.list.iter().find(|arm| arm.is_same(as_this))
    }
}

impl Arm {
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.variant == other.variant && self.model == other.model && self.artifact == other.artifact
    }
}

/// What a request could be answered by, and with which probabilities. Shared by all requests of a table of weights.
#[derive(Clone, Debug)]
pub struct Source {
    /// No other source of this process has it, so that a number stands for all of it.
    pub(super) number: u32,
    /// The variants.
    pub(in crate::serving) arms: Arc<Arms>,
    /// Their weights, in their order.
    pub(in crate::serving) weights: Arc<Weights>,
}

impl Default for Source {
    fn default() -> Self {
        Self::new(Arc::default(), Arc::new(Weights::nothing(0)))
    }
}

impl Source {
    /// Variants and their weights, in the same order.
    pub(in crate::serving) fn new(arms: Arc<Arms>, weights: Arc<Weights>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), arms, weights }
    }
}
