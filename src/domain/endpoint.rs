//! Endpoints: a URL with one or more models behind it.

use serde::{Deserialize, Serialize};

use super::accuracy::Watched;
use super::deployment::{DeploymentPlan, FleetMeasured};
use super::endpoint_config::{EndpointConfig, ProductionVariant, shadow_share};
use super::extras::Extras;
use super::s3_uri::S3Uri;
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
    /// Answers requests while a new fleet is loaded and takes traffic over.
    Updating,
    /// Answers requests from the old fleet again, while the new one finishes what it took.
    RollingBack,
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
            Self::RollingBack => "RollingBack",
            Self::Failed => "Failed",
            Self::Deleting => "Deleting",
        }
    }

    /// Whether requests are answered in this state.
    pub fn serves(self) -> bool {
        matches!(self, Self::InService | Self::Updating | Self::RollingBack)
    }

    /// Whether something is under way.
    pub fn is_changing(self) -> bool {
        matches!(self, Self::Creating | Self::Updating | Self::RollingBack | Self::Deleting)
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
    /// The new fleet had answered or would have, and the old one serves again.
    RolledBack {
        /// What brought it back.
        cause: RollbackCause,
        /// The same in words.
        reason: String,
    },
}

/// What brings the old fleet back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RollbackCause {
    /// A person wished it.
    ByHand,
    /// An alarm of the plan went off.
    Alarm,
    /// It took longer than the plan allows.
    Timeout,
}

/// Stations of a deployment, in their order. Without a wait for anything, `Shifting` and `Baking` are passed over. The timeline on the endpoint page draws them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DeploymentStage {
    /// Artefacts are read and checked.
    Loading,
    /// The new fleet answers a probe of its own, before it sees traffic.
    Probing,
    /// The new fleet answers a share of the requests.
    Shifting,
    /// The new fleet answers all requests, and the old one waits in case that it must come back.
    Baking,
    /// The configuration that was asked for is the one that serves: nothing goes back any more.
    Swapped,
    /// The old fleet answers all requests again.
    RollingBack,
    /// Requests that the fleet that leaves took are being finished.
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
    /// How it goes.
    #[serde(default)]
    pub plan: DeploymentPlan,
    /// What variants that serve already keep.
    #[serde(default)]
    pub retain: Retain,
    /// The variants of the new fleet, once they are known; those of the endpoint from `Swapped` on.
    #[serde(default)]
    pub variants: Vec<EndpointVariant>,
    /// Its shadow variants.
    #[serde(default)]
    pub shadow_variants: Vec<EndpointVariant>,
    /// The share of the traffic that the new fleet got, and from when on; oldest first.
    #[serde(default)]
    pub shares: Vec<(f64, Timestamp)>,
    /// Why it goes back, once it does; the outcome follows when the new fleet is gone.
    #[serde(default)]
    pub rollback: Option<(RollbackCause, String)>,
    /// What both fleets did since traffic began to move, the old one first; as it stood at the end.
    #[serde(default)]
    pub measured: Option<(FleetMeasured, FleetMeasured)>,
    /// What the labels of both fleets' answers said, where the accuracy alarm watched; as it stood at the end.
    #[serde(default)]
    pub accuracy: Option<Watched>,
    /// All variants as they were when another fleet took over from this one, the shadow variants last: with the weights and instance counts of
    /// that moment. Empty while it serves, and where it never did.
    #[serde(default)]
    pub served: Vec<EndpointVariant>,
    /// How often it was begun again because the app had ended in the middle of it.
    #[serde(default)]
    pub resumed: u32,
}

impl Deployment {
    /// One that has just begun, in one step and without a wait.
    pub fn begun(number: u64, config_name: &str, from_config: Option<&str>, now: Timestamp) -> Self {
        Self {
            number,
            config_name: config_name.to_owned(),
            from_config: from_config.map(str::to_owned),
            started: now,
            ended: None,
            stages: vec![(DeploymentStage::Loading, now)],
            outcome: DeploymentOutcome::InProgress,
            requests: 0,
            failed_requests: 0,
            plan: DeploymentPlan::default(),
            retain: Retain::NOTHING,
            variants: Vec::new(),
            shadow_variants: Vec::new(),
            shares: Vec::new(),
            rollback: None,
            measured: None,
            accuracy: None,
            served: Vec::new(),
            resumed: 0,
        }
    }

    /// The share of the traffic that the new fleet has by the record.
    pub fn share(&self) -> f64 {
        self.shares.last().map_or(0.0, |(share, _)| *share)
    }

    /// The station it is at.
    pub fn stage(&self) -> DeploymentStage {
        self.stages.last().map_or(DeploymentStage::Loading, |(stage, _)| *stage)
    }

    /// Whether it has passed a station or is at it.
    pub fn entered(&self, stage: DeploymentStage) -> bool {
        self.stages.iter().any(|(entered, _)| *entered == stage)
    }

    /// When the next step is due: more traffic, or the end of the bake. `None` while nothing waits for the time.
    pub fn due(&self) -> Option<Timestamp> {
        let wait_s = match self.stage() {
            DeploymentStage::Shifting => self.plan.routing.wait_s(),
            DeploymentStage::Baking => self.plan.bake_s,
            _ => return None,
        };
        self.shares.last().map(|(_, at)| at.plus_s(wait_s))
    }

    /// Instances of the new fleet.
    pub fn instances(&self) -> u32 {
        self.variants.iter().map(|variant| variant.instance_count).sum()
    }
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
    /// Shadow variants whose weights changed along: name, weight before, weight after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadows: Vec<(String, f64, f64)>,
}

/// What variants that an endpoint serves already keep when it moves to another configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retain {
    /// Their weights.
    pub weights: bool,
    /// Their instance counts.
    pub instance_counts: bool,
    /// As the deployment of this number left them, instead of as they are now: the way back to it.
    #[serde(default)]
    pub of: Option<u64>,
}

impl Retain {
    /// Everything as the new configuration says.
    pub const NOTHING: Self = Self { weights: false, instance_counts: false, of: None };

    /// Everything as it is now, or as the new configuration says.
    pub fn all(retain: bool) -> Self {
        Self { weights: retain, instance_counts: retain, of: None }
    }

    /// Everything as it was when another fleet took over from this deployment.
    pub fn as_left(deployment: u64) -> Self {
        Self { weights: true, instance_counts: true, of: Some(deployment) }
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
    /// The shadow variants as they run, in the configuration's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadow_variants: Vec<EndpointVariant>,
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
    /// Objects that are written below it are read as ground truth; beside those below `…/ground-truth/NAME/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground_truth: Option<S3Uri>,
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
        self.all_variants().map(|v| price::usd_per_hour(&v.instance_type, v.instance_count)).sum()
    }

    /// All variants, the shadow variants last.
    pub fn all_variants(&self) -> impl Iterator<Item = &EndpointVariant> + Clone {
        self.variants.iter().chain(&self.shadow_variants)
    }

    /// Share of the requests, 0 to 1, that each shadow variant gets copies of, in order.
    pub fn shadow_shares(&self) -> Vec<f64> {
        let of = |shadow: &EndpointVariant| shadow_share(shadow.weight, self.variants.iter().map(|v| v.weight));
        self.shadow_variants.iter().map(of).collect()
    }

    /// Share of the traffic of each variant by the current weights, in order; all 0 when the weights sum to 0.
    pub fn shares(&self) -> Vec<f64> {
        let sum: f64 = self.variants.iter().map(|v| v.weight).sum();
        self.variants.iter().map(|v| if sum > 0.0 { v.weight / sum } else { 0.0 }).collect()
    }

    /// The variants whose weights and instance counts an update may keep: those that serve, or those that a deployment left.
    pub fn kept(&self, retain: Retain) -> &[EndpointVariant] {
        let Some(number) = retain.of else { return &self.variants };
        let deployment = self.deployments.iter().find(|deployment| deployment.number == number);
        deployment.map_or(&[], |deployment| &deployment.served)
    }

    /// As [`Endpoint::kept`], of the shadow variants.
    pub fn kept_shadows(&self, retain: Retain) -> &[EndpointVariant] {
        if retain.of.is_some() { self.kept(retain) } else { &self.shadow_variants }
    }

    /// The rules that the name breaks.
    pub fn validate_name(name: &str) -> Result<(), super::invalid::Invalid> {
        name::resource("EndpointName", name)
    }

    /// The variants of a configuration as they will run in place of those that serve; `retain` says what variants that both have keep.
    pub fn variants_for(config: &EndpointConfig, serving: &[EndpointVariant], retain: Retain) -> Vec<EndpointVariant> {
        let fresh = Self::variants_of(config);
        let mut variants = retained(fresh.clone(), serving, retain);
        // A new variant beside retained ones may leave every weight at 0, and such a fleet could answer nobody.
        if variants.iter().all(|v| v.weight == 0.0) {
            for (variant, fresh) in variants.iter_mut().zip(fresh) {
                variant.weight = fresh.weight;
            }
        }
        variants
    }

    /// The shadow variants of a configuration as they will run, likewise.
    pub fn shadows_for(config: &EndpointConfig, serving: &[EndpointVariant], retain: Retain) -> Vec<EndpointVariant> {
        retained(Self::shadows_of(config), serving, retain)
    }

    /// The variants that a configuration starts with.
    pub fn variants_of(config: &EndpointConfig) -> Vec<EndpointVariant> {
        config.variants.iter().map(EndpointVariant::of).collect()
    }

    /// The shadow variants that a configuration starts with.
    pub fn shadows_of(config: &EndpointConfig) -> Vec<EndpointVariant> {
        config.shadow_variants.iter().map(EndpointVariant::of).collect()
    }
}

fn retained(mut fresh: Vec<EndpointVariant>, serving: &[EndpointVariant], retain: Retain) -> Vec<EndpointVariant> {
    for variant in &mut fresh {
        if let Some(old) = serving.iter().find(|old| old.name == variant.name) {
            if retain.weights {
                variant.weight = old.weight;
            }
            if retain.instance_counts {
                variant.instance_count = old.instance_count;
            }
        }
    }
    fresh
}

impl EndpointVariant {
    /// As it starts.
    fn of(variant: &ProductionVariant) -> Self {
        Self {
            name: variant.name.clone(),
            model_name: variant.model_name.clone(),
            weight: variant.initial_weight,
            instance_count: variant.initial_instance_count,
            instance_type: variant.instance_type.clone(),
        }
    }
}
