//! Endpoints: a URL with one or more models behind it.

use serde::{Deserialize, Serialize};

use super::endpoint_config::EndpointConfig;
use super::extras::Extras;
use super::tag::Tag;
use super::time::Timestamp;
use super::{name, price};

/// SageMaker's `EndpointStatus`, as far as it occurs here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EndpointStatus {
    /// The first fleet is being loaded.
    Creating,
    /// Answers requests.
    InService,
    /// Answers requests from the old fleet while the new one is being loaded.
    Updating,
    /// Never came into service; the reason says why.
    Failed,
    /// Draining its last requests.
    Deleting,
}

impl EndpointStatus {
    /// SageMaker's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::InService => "InService",
            Self::Updating => "Updating",
            Self::Failed => "Failed",
            Self::Deleting => "Deleting",
        }
    }

    /// Whether requests are answered in this state.
    pub fn serves(self) -> bool {
        matches!(self, Self::InService | Self::Updating)
    }

    /// Whether something is under way.
    pub fn is_changing(self) -> bool {
        matches!(self, Self::Creating | Self::Updating | Self::Deleting)
    }
}

/// A production variant as it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointVariant {
    /// The variant's name.
    pub name: String,
    /// The model that answers.
    pub model_name: String,
    /// The weight that the router uses now.
    pub weight: f64,
    /// Instances now.
    pub instance_count: u32,
    /// For example `ml.m5.large`.
    pub instance_type: String,
}

/// How a deployment ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeploymentOutcome {
    /// Still under way.
    InProgress,
    /// The new fleet serves.
    Succeeded,
    /// The old fleet goes on serving (or none, for the first); the reason in words.
    Failed(String),
}

/// Stations of a deployment, in their order. The timeline on the endpoint page draws them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DeploymentStage {
    /// Artefacts are read and checked.
    Loading,
    /// The new fleet answers a probe of its own, before it sees traffic.
    Probing,
    /// The pointer has been swapped: new requests go to the new fleet.
    Swapped,
    /// Requests that the old fleet took are being finished.
    Draining,
    /// Over.
    Done,
}

/// One move of an endpoint onto a configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Counts up from 1 within an endpoint.
    pub number: u64,
    /// The configuration that was asked for.
    pub config_name: String,
    /// The configuration that served before; `None` for the first.
    pub from_config: Option<String>,
    /// Start.
    pub started: Timestamp,
    /// End, when over.
    pub ended: Option<Timestamp>,
    /// When each stage was entered, in order.
    pub stages: Vec<(DeploymentStage, Timestamp)>,
    /// How it ended.
    pub outcome: DeploymentOutcome,
    /// Requests answered while it ran.
    pub requests: u64,
    /// Requests that failed (5xx or no answer) while it ran. The number to see is 0.
    pub failed_requests: u64,
}

/// A change of weights, kept for undo and for the marks on the plots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightChange {
    /// When.
    pub at: Timestamp,
    /// Variant → weight before, in the variants' order.
    pub before: Vec<(String, f64)>,
    /// Variant → weight after.
    pub after: Vec<(String, f64)>,
}

/// What variants that an endpoint serves already keep when it moves to another configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retain {
    /// Their weights.
    pub weights: bool,
    /// Their instance counts.
    pub instance_counts: bool,
}

impl Retain {
    /// Everything as the new configuration says.
    pub const NOTHING: Self = Self { weights: false, instance_counts: false };

    /// Everything as it is now, or as the new configuration says.
    pub fn all(retain: bool) -> Self {
        Self { weights: retain, instance_counts: retain }
    }
}

/// How many deployments and weight changes an endpoint remembers.
pub const MAX_HISTORY: usize = 100;

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// See [`name::resource`].
    pub name: String,
    /// The configuration that serves (or that is being created, before the first one serves).
    pub config_name: String,
    /// The configuration asked for, while it is not the one that serves: an update under way or failed.
    pub requested_config: Option<String>,
    /// State.
    pub status: EndpointStatus,
    /// Why it failed, or why its last update did.
    pub failure_reason: Option<String>,
    /// The variants as they run, in the configuration's order.
    pub variants: Vec<EndpointVariant>,
    /// Made.
    pub created: Timestamp,
    /// Last change of state, configuration or weights.
    pub modified: Timestamp,
    /// When it last began to serve without a break other than restarts of this app.
    pub in_service_since: Option<Timestamp>,
    /// Newest last, at most [`MAX_HISTORY`].
    pub deployments: Vec<Deployment>,
    /// Newest last, at most [`MAX_HISTORY`].
    pub weight_changes: Vec<WeightChange>,
    /// Tags.
    pub tags: Vec<Tag>,
    /// The newest request that made or moved it, where a client sent one.
    #[serde(default, skip_serializing_if = "Extras::is_empty")]
    pub extras: Extras,
}

impl Endpoint {
    /// The path that requests are posted to.
    pub fn invocations_path(name: &str) -> String {
        format!("/endpoints/{name}/invocations")
    }

    /// USD an hour at list price while it exists and is not failed.
    pub fn usd_per_hour(&self) -> f64 {
        if self.status == EndpointStatus::Failed {
            return 0.0;
        }
        self.variants.iter().map(|v| price::usd_per_hour(&v.instance_type, v.instance_count)).sum()
    }

    /// Share of the traffic of each variant by the current weights, in order; all 0 when the weights sum to 0.
    pub fn shares(&self) -> Vec<f64> {
        let sum: f64 = self.variants.iter().map(|v| v.weight).sum();
        self.variants.iter().map(|v| if sum > 0.0 { v.weight / sum } else { 0.0 }).collect()
    }

    /// The rules that the name breaks.
    pub fn validate_name(name: &str) -> Result<(), super::invalid::Invalid> {
        name::resource("EndpointName", name)
    }

    /// The variants that a configuration starts with.
    pub fn variants_of(config: &EndpointConfig) -> Vec<EndpointVariant> {
        config
            .variants
            .iter()
            .map(|v| EndpointVariant {
                name: v.name.clone(),
                model_name: v.model_name.clone(),
                weight: v.initial_weight,
                instance_count: v.initial_instance_count,
                instance_type: v.instance_type.clone(),
            })
            .collect()
    }
}
