//! What each command does: one file a group of nouns. A handler checks, commits, and only then answers.

mod alarms;
mod data;
mod endpoints;
mod models;
mod multipart;
mod roles;
mod training;

pub(super) use data::command_error;

use super::control::Control;
use super::message::Answer;
use crate::domain::invalid::Invalid;
use crate::domain::reference::{Kind, ResourceRef};
use crate::store::Kept;
use crate::workspace::{Command, CommandError, Reply};

/// What a handler that answers at once comes back with.
type Outcome = Result<Reply, CommandError>;

/// Carries a command out. The ticket is answered after the snapshot that shows the change is published.
pub(super) fn carry_out(control: &mut Control, command: Command, answer: Answer) {
    let outcome = match command {
        Command::CreateBucket { name } => return data::create_bucket(control, name, answer),
        Command::DeleteBucket { name, with_objects } => {
            return data::delete_bucket(control, name, with_objects, answer);
        }
        Command::PutObject { to, source, content_type, details, only_if } => {
            let kept = Kept { content_type, details, only_if };
            return data::put_object(control, to, source, kept, answer);
        }
        Command::SetObjectDetails { of, details } => return data::set_object_details(control, of, details, answer),
        Command::CreateMultipartUpload(upload) => return multipart::create(control, *upload, answer),
        Command::UploadPart { upload, part, staged } => {
            return multipart::upload_part(control, upload, *part, staged, answer);
        }
        Command::CompleteMultipartUpload { upload, parts, checksum, only_if } => {
            return multipart::complete(control, upload, parts, checksum, only_if, answer);
        }
        Command::AbortMultipartUpload { upload } => return multipart::abort(control, upload, answer),
        Command::DeleteObjects { bucket, keys } => return data::delete_objects(control, bucket, keys, answer),
        Command::AddLabels { endpoint, source } => return endpoints::add_labels(control, endpoint, source, answer),
        Command::StartReplay(spec) => endpoints::start_replay(control, *spec),
        Command::CancelReplay => control.replay_cancel().map(|()| Reply::Done),
        Command::SetGroundTruth { endpoint, prefix } => control.set_ground_truth(&endpoint, prefix),
        Command::AddSampleData => return data::add_sample_data(control, answer),
        Command::CreateTrainingJob(spec) => training::create(control, *spec),
        Command::StopTrainingJob { name } => training::stop(control, &name),
        Command::DeleteTrainingJob { name } => training::delete(control, &name),
        Command::CreateModel(model) => models::create_model(control, *model),
        Command::DeleteModel { name } => models::delete_model(control, &name),
        Command::CreateEndpointConfig(config) => models::create_config(control, *config),
        Command::DeleteEndpointConfig { name } => models::delete_config(control, &name),
        Command::Role(command) => roles::carry_out(control, command),
        Command::Alarm(command) => alarms::carry_out(control, command),
        Command::AddTags { kind, name, tags } => models::add_tags(control, kind, &name, tags),
        Command::DeleteTags { kind, name, keys } => models::delete_tags(control, kind, &name, &keys),
        Command::CreateEndpoint { name, config_name, tags, extras } => {
            endpoints::create(control, &name, &config_name, tags, extras)
        }
        Command::UpdateEndpoint { name, config_name, retain, plan, extras } => {
            endpoints::update(control, &name, config_name, retain, plan, extras)
        }
        Command::RollBackEndpoint { name } => endpoints::roll_back(control, &name),
        Command::PromoteShadow { name, shadow, instead_of, config_name } => {
            endpoints::promote(control, &name, &shadow, &instead_of, config_name)
        }
        Command::UpdateWeights { name, weights, instance_counts } => {
            endpoints::weights(control, &name, weights, instance_counts)
        }
        Command::RestartExperiment { name } => {
            control.experiment_begins_anew(&name).map(|()| made(Kind::Endpoint, &name))
        }
        Command::UndoWeights { name } => endpoints::undo(control, &name),
        Command::SetAutopilot { name, floor } => endpoints::set_autopilot(control, &name, floor),
        Command::DeleteEndpoint { name } => endpoints::delete(control, &name),
        Command::StartTrafficTest(spec) => endpoints::start_traffic(control, *spec),
        Command::StopTrafficTest { endpoint } => endpoints::stop_traffic(control, &endpoint),
    };
    control.training_dispatch();
    control.publish();
    answer.resolve(outcome);
}

fn valid(broken: Vec<Invalid>) -> Result<(), CommandError> {
    if broken.is_empty() { Ok(()) } else { Err(CommandError::Invalid(broken)) }
}

fn free(taken: bool, kind: Kind, name: &str) -> Result<(), CommandError> {
    if taken { Err(CommandError::AlreadyExists(ResourceRef::new(kind, name))) } else { Ok(()) }
}

fn missing(kind: Kind, name: &str) -> CommandError {
    CommandError::NotFound(ResourceRef::new(kind, name))
}

fn made(kind: Kind, name: &str) -> Reply {
    Reply::Resource(ResourceRef::new(kind, name))
}
