//! Who answers an endpoint's requests: one fleet or, while traffic moves from one to the other, two with a share.

use std::sync::Arc;

use super::capture::{Arms, Source};
use super::fleet::{Fleet, Variant};
use super::fleet_meter::FleetMeter;
use super::router::{BadWeights, Weights};
use super::watch::Watch;
use crate::stats::live::Score;

/// The fleets behind one table of weights. Never changed: another one takes its place, so that every draw sees all of it or nothing.
#[derive(Clone, Debug)]
pub struct Lineup {
    /// The fleet of the configuration that serves.
    pub serving: Placed,
    /// The fleet that takes over, if it goes well.
    pub coming: Option<Coming>,
    /// The arms and their weights as the capture knows them, in the same order; see [`Lineup::seat`].
    pub seats: Arc<Source>,
}

/// A fleet and the weights of its variants, in their order.
#[derive(Clone, Debug)]
pub struct Placed {
    pub fleet: Arc<Fleet>,
    pub weights: Box<[f64]>,
}

/// A fleet that takes a share of the traffic.
#[derive(Clone, Debug)]
pub struct Coming {
    pub placed: Placed,
    /// Its share, 0 to 1.
    pub share: f64,
    /// Both fleets, measured since traffic began to move.
    pub watch: Arc<Watch>,
}

/// A variant in a fleet that may answer.
#[derive(Clone, Copy, Debug)]
pub struct Arm<'a> {
    pub fleet: &'a Arc<Fleet>,
    pub variant: &'a Variant,
    /// Where its answers are counted while two fleets serve.
    pub meter: Option<&'a Arc<FleetMeter>>,
}

/// An arm that outlives the table it was drawn from.
#[derive(Clone, Debug)]
pub struct OwnedArm {
    fleet: Arc<Fleet>,
    index: usize,
    meter: Option<Arc<FleetMeter>>,
}

impl Arm<'_> {
    /// Keeps the fleet.
    pub fn own(self) -> OwnedArm {
        let index = self.fleet.variants.iter().position(|variant| std::ptr::eq(variant, self.variant));
        OwnedArm {
            fleet: Arc::clone(self.fleet),
            // An arm's variant is one of its fleet's.
            index: index.unwrap_or_default(),
            meter: self.meter.cloned(),
        }
    }
}

impl OwnedArm {
    pub fn variant(&self) -> &Variant {
        &self.fleet.variants[self.index]
    }

    pub fn arm(&self) -> Arm<'_> {
        Arm { fleet: &self.fleet, variant: self.variant(), meter: self.meter.as_ref() }
    }
}

impl Placed {
    pub fn new(fleet: Arc<Fleet>) -> Self {
        Self { weights: fleet.weights.clone(), fleet }
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.fleet.variants.iter().position(|variant| *variant.name == *name)
    }
}

impl Lineup {
    /// One fleet alone.
    pub fn alone(placed: Placed) -> Self {
        Self { serving: placed, coming: None, seats: Arc::default() }
    }

    /// Whether its weights and its share can be used.
    ///
    /// # Errors
    /// Which one can't.
    pub fn check(&self) -> Result<(), BadWeights> {
        self.weighed(0).map(drop)
    }

    fn weighed(&self, epoch: u64) -> Result<Weights, BadWeights> {
        match &self.coming {
            None => Weights::new(&self.serving.weights, epoch),
            Some(coming) => Weights::blend(&self.serving.weights, &coming.placed.weights, coming.share, epoch),
        }
    }

    /// Tells the capture who may answer. Said when all of them are in their places, before anything is drawn.
    pub fn seat(&mut self, weights: &Arc<Weights>) {
        let arms = Arms::new(self.fleets().flat_map(|fleet| fleet.arms()));
        self.seats = Arc::new(Source::new(Arc::new(arms), Arc::clone(weights)));
    }

    /// The weight of each arm, in the order of [`Lineup::arm`]. Of one that was not checked and can't be used, nothing is drawn.
    pub fn weights(&self, epoch: u64) -> Weights {
        self.weighed(epoch).unwrap_or_else(|why| {
            tracing::error!("a table of weights that was not checked: {why}");
            Weights::nothing(epoch)
        })
    }

    /// What the labels of the fleet that serves measure.
    pub fn score(&self) -> Score {
        self.serving.fleet.variants.first().map(Variant::score).unwrap_or_default()
    }

    /// The fleets: the one that serves, then the one that comes.
    pub fn fleets(&self) -> impl Iterator<Item = &Arc<Fleet>> {
        std::iter::once(&self.serving.fleet).chain(self.coming.iter().map(|coming| &coming.placed.fleet))
    }

    /// The arm that an index of the table of weights stands for.
    pub fn arm(&self, index: usize) -> Option<Arm<'_>> {
        let served = self.serving.fleet.variants.len();
        match self.serving.fleet.variants.get(index) {
            Some(variant) => Some(self.old(variant)),
            None => self.coming.as_ref().and_then(|c| Some(c.arm(c.placed.fleet.variants.get(index - served)?))),
        }
    }

    /// All arms, in the order of the table of weights.
    pub fn arms(&self) -> impl Iterator<Item = Arm<'_>> {
        (0..).map_while(|index| self.arm(index))
    }

    /// The index of the arm of a variant that is asked for by name. Where both fleets have it, the fleet that the draw fell on.
    pub fn named(&self, name: &str, drawn: Option<usize>) -> Option<usize> {
        let served = self.serving.fleet.variants.len();
        let old = || self.serving.find(name);
        let new = || self.coming.as_ref().and_then(|coming| Some(served + coming.placed.find(name)?));
        if drawn.is_some_and(|index| index >= served) { new().or_else(old) } else { old().or_else(new) }
    }

    /// Every variant that may answer, without doubles.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.fleets().flat_map(|fleet| fleet.variant_names()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Every variant, those of the fleet that serves first. One that the fleet that comes goes on with (same model, same measurements) is
    /// there once.
    pub fn measured(&self) -> impl Iterator<Item = &Variant> {
        let goes_on = |new: &Variant| self.serving.fleet.variants.iter().any(|old| Arc::ptr_eq(&old.meter, &new.meter));
        let new = self.coming.iter().flat_map(|coming| &coming.placed.fleet.variants);
        self.serving.fleet.variants.iter().chain(new.filter(move |variant| !goes_on(variant)))
    }

    fn old<'a>(&'a self, variant: &'a Variant) -> Arm<'a> {
        Arm { fleet: &self.serving.fleet, variant, meter: self.coming.as_ref().map(|coming| &coming.watch.old) }
    }
}

impl Coming {
    fn arm<'a>(&'a self, variant: &'a Variant) -> Arm<'a> {
        Arm { fleet: &self.placed.fleet, variant, meter: Some(&self.watch.new) }
    }
}
