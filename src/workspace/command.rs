//! What can be asked of a workspace, and the errors it answers with.

use std::path::PathBuf;
use std::sync::Arc;

use super::alarms::{AlarmCommand, AlarmError};
use super::local_file::LocalFile;
use super::roles::{RoleCommand, RoleError};
use crate::domain::arn::ArnKind;
use crate::domain::bucket::{Checksum, Object, ObjectDetails, Precondition};
use crate::domain::deployment::DeploymentPlan;
use crate::domain::endpoint::Retain;
use crate::domain::endpoint_config::EndpointConfig;
use crate::domain::extras::Extras;
use crate::domain::invalid::Invalid;
use crate::domain::label::{Label, LabelReport};
use crate::domain::model::Model;
use crate::domain::multipart_upload::{MultipartUpload, Part};
use crate::domain::reference::ResourceRef;
use crate::domain::replay::ReplaySpec;
use crate::domain::s3_uri::S3Uri;
use crate::domain::tag::Tag;
use crate::domain::traffic_test::TrafficTestSpec;
use crate::domain::training_job::TrainingJobSpec;

/// Where the bytes of an object come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// They are here.
    Bytes(Arc<[u8]>),
    /// A file on this machine, copied.
    File(LocalFile),
    /// A body that has arrived already, moved to its place.
    Staged(Staged),
}

/// A body in a file of [`super::Workspace::staging`], measured on its way in.
#[derive(Clone, Debug)]
pub struct Staged {
    /// The file. It is gone when the command went well, and the sender's to delete when not.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// MD5 in hex.
    pub md5: String,
}

/// Where labels come from.
#[derive(Clone, Debug)]
pub enum LabelSource {
    /// They are here.
    Given(Vec<Label>),
    /// SageMaker's ground-truth JSON Lines, a JSON list, or CSV of inference id and label.
    Text(Arc<[u8]>),
    /// An object.
    Object {
        /// Bucket and key.
        at: S3Uri,
        /// How its labels find their requests.
        by: MatchBy,
    },
}

/// How the labels of a file find their requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MatchBy {
    /// The file names inference ids, in one of the ways of [`LabelSource::Text`].
    #[default]
    InferenceId,
    /// It is a data set with labels, CSV or libsvm: by what stands in the rows.
    Content,
}

/// One wish. `created` times inside are overwritten by the engine's clock.
#[derive(Clone, Debug)]
pub enum Command {
    /// Makes a bucket.
    CreateBucket {
        /// Name.
        name: String,
    },
    /// Deletes a bucket; with `with_objects`, everything in it too. Cannot be undone.
    DeleteBucket {
        /// Name.
        name: String,
        /// Without it, a bucket that holds something is refused.
        with_objects: bool,
    },
    /// Writes one object; it is there in full or not at all.
    PutObject {
        /// Bucket and key.
        to: S3Uri,
        /// Bytes.
        source: Source,
        /// MIME type; guessed from the key's ending when not given.
        content_type: Option<String>,
        /// What else is kept with it.
        details: Option<Box<ObjectDetails>>,
        /// What must be true of the object that is there now; held against it at the very moment of the change.
        only_if: Precondition,
    },
    /// Sets what is kept with an object, and leaves its bytes alone.
    SetObjectDetails {
        /// Bucket and key.
        of: S3Uri,
        /// What is kept from now on.
        details: Box<ObjectDetails>,
    },
    /// Begins an object that comes in parts. `initiated` is overwritten by the engine's clock.
    CreateMultipartUpload(Box<MultipartUpload>),
    /// Takes one part, or replaces it.
    UploadPart {
        /// The upload.
        upload: String,
        /// The part; `modified` is overwritten by the engine's clock.
        part: Box<Part>,
        /// Its bytes.
        staged: Staged,
    },
    /// Puts the parts together; the object is there in full or not at all.
    CompleteMultipartUpload {
        /// The upload.
        upload: String,
        /// The parts that it is made of, in order.
        parts: Vec<Part>,
        /// The checksum of the whole.
        checksum: Option<Checksum>,
        /// What must be true of the object that is there now.
        only_if: Precondition,
    },
    /// Gives an upload up, and its parts with it.
    AbortMultipartUpload {
        /// The upload.
        upload: String,
    },
    /// Deletes objects; keys that do not exist are no error.
    DeleteObjects {
        /// Bucket.
        bucket: String,
        /// Keys.
        keys: Vec<String>,
    },
    /// Puts the built-in data sets into the default bucket; running it again changes nothing.
    AddSampleData,
    /// Starts a training job.
    CreateTrainingJob(Box<TrainingJobSpec>),
    /// Stops a training job; what it has learned is kept as its artefact.
    StopTrainingJob {
        /// Name.
        name: String,
    },
    /// Forgets a finished training job (its artefact stays in the bucket).
    DeleteTrainingJob {
        /// Name.
        name: String,
    },
    /// Makes a model.
    CreateModel(Box<Model>),
    /// Deletes a model; endpoints that serve it go on.
    DeleteModel {
        /// Name.
        name: String,
    },
    /// Makes an endpoint configuration.
    CreateEndpointConfig(Box<EndpointConfig>),
    /// Deletes an endpoint configuration; endpoints that use it go on, but it can't be one that an endpoint is moving to.
    DeleteEndpointConfig {
        /// Name.
        name: String,
    },
    /// Makes an endpoint and starts to load its fleet. Answered when it is on disk as `Creating`.
    CreateEndpoint {
        /// Name.
        name: String,
        /// Endpoint configuration.
        config_name: String,
        /// Tags.
        tags: Vec<Tag>,
        /// The request, where a client made one.
        extras: Extras,
    },
    /// Moves an endpoint to another configuration without dropping a request. Answered when it is on disk as `Updating`.
    UpdateEndpoint {
        /// Name.
        name: String,
        /// The configuration to move to.
        config_name: String,
        /// What variants that both configurations have keep.
        retain: Retain,
        /// How traffic goes over, and what brings it back.
        plan: DeploymentPlan,
        /// The request, where a client made one.
        extras: Extras,
    },
    /// Gives the update under way up: the old configuration serves everything again. Answered when the next request obeys.
    RollBackEndpoint {
        /// Name.
        name: String,
    },
    /// Sets weights and instance counts of some or all variants. Answered when the next request obeys.
    UpdateWeights {
        /// Endpoint.
        name: String,
        /// Variant → weight.
        weights: Vec<(String, f64)>,
        /// Variant → instances: heavy requests that it answers at a time.
        instance_counts: Vec<(String, u32)>,
    },
    /// Makes the configuration in which a shadow variant takes a production variant's place, and moves the endpoint to it.
    PromoteShadow {
        /// Endpoint.
        name: String,
        /// The shadow variant.
        shadow: String,
        /// The production variant in whose place it goes.
        instead_of: String,
        /// Name of the configuration.
        config_name: String,
    },
    /// Begins the experiment over an endpoint's variants anew, with the next request: what was counted so far stays captured, and counts for no
    /// verdict any more.
    RestartExperiment {
        /// Endpoint.
        name: String,
    },
    /// Takes the last change of weights back.
    UndoWeights {
        /// Endpoint.
        name: String,
    },
    /// Lets the autopilot move the weights, or stops it. It stops by itself when somebody else moves the weights, when the endpoint is updated,
    /// and when the app ends.
    SetAutopilot {
        /// Endpoint.
        name: String,
        /// The least share of the traffic of each variant, 0.01 to 0.05; `None` stops it.
        floor: Option<f64>,
    },
    /// Deletes an endpoint: its name is free at once, its last requests are finished.
    DeleteEndpoint {
        /// Name.
        name: String,
    },
    /// Starts a traffic test; an endpoint has at most one at a time.
    StartTrafficTest(Box<TrafficTestSpec>),
    /// Stops it.
    StopTrafficTest {
        /// Endpoint.
        endpoint: String,
    },
    /// Says what was right about captured requests. Answered when the labels that count are on disk.
    AddLabels {
        /// Endpoint.
        endpoint: String,
        /// The labels.
        source: LabelSource,
    },
    /// Sets or clears the prefix below which every object is read as ground truth of an endpoint.
    SetGroundTruth {
        /// Endpoint.
        endpoint: String,
        /// The prefix.
        prefix: Option<S3Uri>,
    },
    /// Starts a comparison of models on labelled rows; there is at most one at a time.
    StartReplay(Box<ReplaySpec>),
    /// Stops it.
    CancelReplay,
    /// Makes, changes or deletes an IAM role.
    Role(RoleCommand),
    /// Makes, changes or deletes alarms.
    Alarm(AlarmCommand),
    /// Adds or replaces tags.
    AddTags {
        /// Kind.
        kind: ArnKind,
        /// Name.
        name: String,
        /// Tags.
        tags: Vec<Tag>,
    },
    /// Takes tags away; keys that are not there are no error.
    DeleteTags {
        /// Kind.
        kind: ArnKind,
        /// Name.
        name: String,
        /// Keys.
        keys: Vec<String>,
    },
}

impl Command {
    /// Writes an object of which nothing special is asked.
    pub fn put_object(to: S3Uri, source: Source) -> Self {
        Self::PutObject { to, source, content_type: None, details: None, only_if: Precondition::None }
    }
}

/// The good answer: what was made or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Done.
    Done,
    /// Done, and this is the resource to look at.
    Resource(ResourceRef),
    /// The object as it was written.
    Object(Box<Object>),
    /// What became of labels.
    Labels(Box<LabelReport>),
}

/// Why a command was refused or failed. The workspace is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Values that break rules, all of them at once.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Invalid>),
    /// A resource that the command names is not there.
    #[error("Could not find {0}")]
    NotFound(ResourceRef),
    /// An object that the command names is not there.
    #[error("There is no object {0}")]
    NoObject(S3Uri),
    /// The object that is there is not the one that the command was meant for.
    #[error("Object {0} has changed or is there already; nothing was written")]
    PreconditionFailed(S3Uri),
    /// There is no such upload: it never was, or it was completed or given up.
    #[error("There is no multipart upload {0}")]
    NoUpload(String),
    /// A part that the object should be made of is not there as it was described.
    #[error("Part {0} was not uploaded, or was replaced since")]
    NoPart(u16),
    /// The name is taken.
    #[error("Cannot create already existing {0}")]
    AlreadyExists(ResourceRef),
    /// The resource is there, but not in a state in which this can be done; why, and what to do.
    #[error("{resource}: {why}")]
    InUse {
        /// The resource.
        resource: ResourceRef,
        /// Why not, and what to do.
        why: String,
    },
    /// A wish about roles was refused.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// A wish about alarms was refused.
    #[error(transparent)]
    Alarm(#[from] AlarmError),
    /// The disk or the system refused; nothing was changed.
    #[error("{0}")]
    Failed(String),
    /// The workspace is shutting down.
    #[error("The workspace is closing; the change was not made")]
    Closing,
}
