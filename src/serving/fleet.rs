//! A fleet: the models behind one endpoint, loaded, checked and probed before they see traffic, and never changed after.

use std::path::PathBuf;
use std::sync::Arc;

use super::Invocation;
use super::answers::Reading;
use super::capture::{Arm, Past};
use super::content;
use super::drain::Gauge;
use super::error::InvokeError;
use super::instances::Instances;
use super::router::{BadWeights, Weights};
use super::shadow::Shadow;
use super::window::Meter;
use crate::domain::algorithm::Algorithm;
use crate::domain::data_capture::DataCapture;
use crate::domain::endpoint::DeploymentStage;
use crate::ml::{Model, archive};
use crate::stats::live::Score;
use crate::util::seed::mix;

/// What a fleet is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct FleetSpec {
    /// The endpoint that it is for.
    pub endpoint: String,
    /// The endpoint configuration that it follows.
    pub config_name: String,
    /// Number of the endpoint's deployment that brings it: tells its answers from those of another fleet of the endpoint.
    pub deployment: u64,
    /// The variants, in the configuration's order.
    pub variants: Vec<VariantSpec>,
    /// The shadow variants; the weight of one is the share of requests, 0 to 1, that it gets copies of.
    pub shadows: Vec<VariantSpec>,
    /// What of its requests goes into a bucket.
    pub data_capture: Option<DataCapture>,
}

/// One variant of a fleet to be.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantSpec {
    /// The variant's name.
    pub name: String,
    /// The model's name.
    pub model_name: String,
    /// What reads the artefact.
    pub algorithm: Algorithm,
    /// `model.tar.gz` on disk.
    pub artifact: PathBuf,
    /// The weight that it starts with.
    pub weight: f64,
    /// Heavy requests that it answers at a time.
    pub instances: u32,
}

/// Why there is no fleet. Nothing that serves was touched.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FleetError {
    /// The configuration names no variant.
    #[error("Endpoint configuration {0} has no variants")]
    Empty(String),
    /// An artefact can't be read or holds no usable model.
    #[error("Variant {variant} (model {model}) could not be loaded: {why}")]
    Artifact {
        /// Variant.
        variant: String,
        /// Model.
        model: String,
        /// Names the file and what is wrong with it.
        why: String,
    },
    /// Variants take different rows, so one request could not go to any of them.
    #[error(
        "Variant {variant} (model {model}) takes {features} features a row, but variant {other} takes {other_features}: a request goes to any variant, so all must take the same rows"
    )]
    Features {
        /// Variant.
        variant: String,
        /// Model.
        model: String,
        /// Its features.
        features: usize,
        /// The first variant.
        other: String,
        /// Its features.
        other_features: usize,
    },
    /// A loaded model doesn't answer.
    #[error("Variant {variant} (model {model}) was loaded but did not answer a probe: {why}")]
    Probe {
        /// Variant.
        variant: String,
        /// Model.
        model: String,
        /// What came instead.
        why: String,
    },
    /// The weights can't be used.
    #[error("The weights of endpoint configuration {config} cannot be used: {why}")]
    Weights {
        /// Endpoint configuration.
        config: String,
        /// Why not.
        why: BadWeights,
    },
}

impl FleetError {
    /// The variant at fault; `None` when it is no single one.
    pub fn variant(&self) -> Option<&str> {
        match self {
            Self::Artifact { variant, .. } | Self::Features { variant, .. } | Self::Probe { variant, .. } => {
                Some(variant)
            }
            Self::Empty(_) | Self::Weights { .. } => None,
        }
    }
}

/// The models behind an endpoint. Shared by the requests that it answers; replaced as a whole.
#[derive(Debug)]
pub struct Fleet {
    pub(super) config_name: String,
    pub(super) deployment: u64,
    pub(super) variants: Vec<Variant>,
    pub(super) shadows: Vec<Shadow>,
    /// The weights that it starts with, in the variants' order.
    pub(super) weights: Box<[f64]>,
    /// What of its requests goes into a bucket.
    pub(super) data_capture: Option<Arc<DataCapture>>,
    /// What its endpoint remembers of an earlier run, where it is the first of it.
    pub(super) past: Past,
    pub(super) gauge: Arc<Gauge>,
}

/// A model in its place.
#[derive(Debug)]
pub struct Variant {
    pub(super) name: Arc<str>,
    pub(super) model_name: String,
    pub(super) artifact: PathBuf,
    pub(super) model: Model,
    pub(super) meter: Arc<Meter>,
    /// A fleet's own: one that is being replaced keeps its queue.
    pub(super) instances: Arc<Instances>,
}

impl Variant {
    fn new(spec: &VariantSpec, model: Model) -> Self {
        Self {
            name: spec.name.as_str().into(),
            model_name: spec.model_name.clone(),
            artifact: spec.artifact.clone(),
            meter: Arc::new(Meter::new(Reading::of(&model).score())),
            instances: Instances::new(spec.instances),
            model,
        }
    }

    /// What its labels measure.
    pub(super) fn score(&self) -> Score {
        Reading::of(&self.model).score()
    }

    /// Whether measurements of `other` go on as its own: the same variant with the same model.
    pub(super) fn continues(&self, other: &Self) -> bool {
        self.name == other.name && self.model_name == other.model_name && self.artifact == other.artifact
    }
}

impl Fleet {
    /// Loads, checks and probes all variants. Blocks for as long as the artefacts take to read.
    ///
    /// # Errors
    /// See [`FleetError`]: which variant, which model, and why.
    pub(super) fn build(spec: &FleetSpec, on_stage: &mut dyn FnMut(DeploymentStage)) -> Result<Self, FleetError> {
        on_stage(DeploymentStage::Loading);
        let mut models = Vec::with_capacity(spec.variants.len() + spec.shadows.len());
        for variant in spec.variants.iter().chain(&spec.shadows) {
            let loaded = archive::read_archive(variant.algorithm, &variant.artifact);
            models.push(loaded.map_err(|error| FleetError::Artifact {
                variant: variant.name.clone(),
                model: variant.model_name.clone(),
                why: error.to_string(),
            })?);
        }
        let fleet = Self::assemble(spec, models)?;
        on_stage(DeploymentStage::Probing);
        fleet.probe()?;
        Ok(fleet)
    }

    /// Puts loaded models in their places, one a variant of the specification, those of shadow variants last.
    ///
    /// # Errors
    /// No variants, different rows, unusable weights.
    pub(super) fn assemble(spec: &FleetSpec, models: Vec<Model>) -> Result<Self, FleetError> {
        let mut models = models.into_iter();
        let mut placed = |variants: &[VariantSpec]| -> Vec<Variant> {
            variants.iter().zip(models.by_ref()).map(|(variant, model)| Variant::new(variant, model)).collect()
        };
        let (variants, shadows) = (placed(&spec.variants), placed(&spec.shadows));
        let Some(first) = variants.first() else {
            return Err(FleetError::Empty(spec.config_name.clone()));
        };
        if let Some(odd) = variants.iter().chain(&shadows).find(|v| v.model.features() != first.model.features()) {
            return Err(FleetError::Features {
                variant: odd.name.to_string(),
                model: odd.model_name.clone(),
                features: odd.model.features(),
                other: first.name.to_string(),
                other_features: first.model.features(),
            });
        }
        let weights: Box<[f64]> = spec.variants.iter().map(|variant| variant.weight).collect();
        Weights::new(&weights, 0).map_err(|why| FleetError::Weights { config: spec.config_name.clone(), why })?;
        let shadows = shadows
            .into_iter()
            .zip(&spec.shadows)
            .zip(1..)
            .map(|((variant, spec), number)| Shadow::new(variant, spec.weight, spec.instances, mix(number)));
        Ok(Self {
            config_name: spec.config_name.clone(),
            deployment: spec.deployment,
            variants,
            shadows: shadows.collect(),
            weights,
            data_capture: spec.data_capture.clone().map(Arc::new),
            past: Past::default(),
            gauge: Arc::default(),
        })
    }

    /// Its variants as the capture knows them, in order.
    pub(super) fn arms(&self) -> impl Iterator<Item = Arm> {
        self.variants.iter().map(|variant| Arm {
            variant: Arc::clone(&variant.name),
            model: variant.model_name.as_str().into(),
            artifact: variant.artifact.display().to_string(),
            reading: Reading::of(&variant.model),
            meter: Some(Arc::clone(&variant.meter)),
            data_capture: self.data_capture.clone(),
        })
    }

    /// Sends each variant a row of zeros the way a client would.
    pub(super) fn probe(&self) -> Result<(), FleetError> {
        self.all().try_for_each(probe)
    }

    /// Writes to the variants' logs that their models are loaded and have answered.
    pub(super) fn say_loaded(&self, now_ms: i64) {
        for variant in self.all() {
            let (name, model) = (&variant.model_name, &variant.model);
            let (algorithm, features) = (model.algorithm(), model.features());
            variant.meter.say(now_ms, &format!("Model {name} loaded: {algorithm}, {features} features"));
            variant.meter.say(now_ms, "A row of zeros was answered");
        }
    }

    /// All variants, the shadow variants last.
    pub(super) fn all(&self) -> impl Iterator<Item = &Variant> {
        self.variants.iter().chain(self.shadows.iter().map(Shadow::variant))
    }

    /// Shows a request that one of its variants has taken to its shadow variants. One whose variant the client chose is not for them: it says
    /// nothing about the traffic that they would get.
    pub(super) fn show(&self, request: &Invocation<'_>) {
        self.shadows.iter().for_each(|shadow| shadow.look(request));
    }

    /// The endpoint configuration that it follows.
    pub fn config_name(&self) -> &str {
        &self.config_name
    }

    /// Names of the variants, in order.
    pub fn variant_names(&self) -> impl Iterator<Item = &str> {
        self.variants.iter().map(|variant| &*variant.name)
    }

    /// Columns of a row that it answers.
    pub fn features(&self) -> usize {
        self.variants.first().map_or(0, |variant| variant.model.features())
    }
}

fn probe(variant: &Variant) -> Result<(), FleetError> {
    let failed =
        |why: String| FleetError::Probe { variant: variant.name.to_string(), model: variant.model_name.clone(), why };
    let features = variant.model.features();
    if features == 0 {
        return Err(failed("it takes no features".to_owned()));
    }
    let mut row = "0,".repeat(features);
    row.pop();
    let answer = content::answer(&variant.model, Some("text/csv"), None, row.as_bytes())
        .map_err(|error: InvokeError| failed(error.to_string()))?;
    // What CSV and JSON hold for an answer that is no finite number.
    let text = String::from_utf8_lossy(&answer.body);
    match ["nan", "inf", "null"].iter().find(|word| text.contains(*word)) {
        None => Ok(()),
        Some(word) => Err(failed(format!("its answer to a row of zeros is {word}"))),
    }
}
