//! What commands do to a scripted workspace.

use counterpoise::domain::autopilot::Autopilot;
use counterpoise::domain::bucket::{Bucket, content_type_of};
use counterpoise::domain::endpoint::{Endpoint, EndpointStatus};
use counterpoise::domain::label::{LabelCounts, LabelReport};
use counterpoise::domain::reference::{Kind, ResourceRef};
use counterpoise::domain::training_job::{SecondaryStatus, TrainingJob, TrainingJobStatus};
use counterpoise::workspace::{Command, CommandError, Reply, Snapshot, Source};

use super::Answer;
use super::world::{self, NOW};

/// The plain effect of a command on a world, without any of the checks and machines of the engine.
pub fn apply(world: &mut Snapshot, command: &Command) -> Answer {
    let made = |kind, name: &str| Ok(Reply::Resource(ResourceRef::new(kind, name)));
    match command {
        Command::CreateBucket { name } => {
            world.buckets.insert(name, Bucket { name: name.clone(), created: NOW, tags: Vec::new() });
            world.objects.insert(name.clone(), counterpoise::workspace::Table::default());
            return made(Kind::Bucket, name);
        }
        Command::DeleteBucket { name, .. } => {
            world.buckets.remove(name);
            world.objects.remove(name);
        }
        Command::PutObject { to, source, content_type, .. } => {
            let size = match source {
                Source::Bytes(bytes) => bytes.len() as u64,
                Source::File(file) => std::fs::metadata(file.path())
                    .map_err(|error| CommandError::Failed(format!("{}: {error}", file.path().display())))?
                    .len(),
                Source::Staged(staged) => staged.size,
            };
            let mut object = world::object(&to.key, size, NOW);
            object.content_type = content_type.clone().unwrap_or_else(|| content_type_of(&to.key).to_owned());
            world::put(world, &to.bucket, object);
        }
        Command::DeleteObjects { bucket, keys } => {
            let mut table = world.objects.get(bucket).cloned().unwrap_or_default();
            for key in keys {
                table.remove(key);
            }
            world.objects.insert(bucket.clone(), table);
        }
        Command::AddSampleData => {
            let full = world::realistic();
            for (key, object) in full.objects[world::BUCKET].iter().filter(|(key, _)| !key.starts_with("output/")) {
                debug_assert_eq!(*key, object.key);
                world::put(world, world::BUCKET, (**object).clone());
            }
        }
        Command::CreateTrainingJob(spec) => {
            let mut job: TrainingJob = world::completed((**spec).clone(), NOW, 0, &[]);
            job.status = TrainingJobStatus::InProgress;
            job.secondary = SecondaryStatus::Starting;
            job.transitions.truncate(1);
            (job.started, job.ended, job.artifact, job.summary) = (None, None, None, None);
            world.training_jobs.insert(spec.name.clone(), job);
            return made(Kind::TrainingJob, &spec.name);
        }
        Command::StopTrainingJob { name } => {
            if let Some(job) = world.training_jobs.get(name) {
                let mut job = (**job).clone();
                job.status = TrainingJobStatus::Stopping;
                job.secondary = SecondaryStatus::Stopping;
                world.training_jobs.insert(name, job);
            }
        }
        Command::DeleteTrainingJob { name } => drop(world.training_jobs.remove(name)),
        Command::CreateModel(model) => {
            world.models.insert(&model.name, (**model).clone());
            return made(Kind::Model, &model.name);
        }
        Command::DeleteModel { name } => drop(world.models.remove(name)),
        Command::CreateEndpointConfig(config) => {
            world.endpoint_configs.insert(&config.name, (**config).clone());
            return made(Kind::EndpointConfig, &config.name);
        }
        Command::DeleteEndpointConfig { name } => drop(world.endpoint_configs.remove(name)),
        Command::CreateEndpoint { name, config_name, tags, .. } => {
            let mut endpoint = world::endpoint(world, name, config_name, NOW);
            endpoint.status = EndpointStatus::Creating;
            endpoint.in_service_since = None;
            endpoint.tags.clone_from(tags);
            world.endpoints.insert(name, endpoint);
            return made(Kind::Endpoint, name);
        }
        Command::UpdateEndpoint { name, config_name, .. } => edit(world, name, |endpoint| {
            endpoint.status = EndpointStatus::Updating;
            endpoint.requested_config = Some(config_name.clone());
        }),
        Command::RollBackEndpoint { name } => edit(world, name, |endpoint| {
            endpoint.status = EndpointStatus::RollingBack;
        }),
        Command::UpdateWeights { name, weights, .. } => edit(world, name, |endpoint| {
            for (variant, weight) in weights {
                let mut all = endpoint.variants.iter_mut().chain(&mut endpoint.shadow_variants);
                if let Some(known) = all.find(|known| known.name == *variant) {
                    known.weight = *weight;
                }
            }
        }),
        Command::DeleteEndpoint { name } => drop(world.endpoints.remove(name)),
        Command::SetAutopilot { name, floor } => match floor {
            Some(floor) => world.autopilots.insert(name, Autopilot::new(name, *floor, NOW).unwrap()),
            None => drop(world.autopilots.remove(name)),
        },
        Command::AddLabels { .. } => {
            let counts = LabelCounts { joined: 1, ..LabelCounts::default() };
            return Ok(Reply::Labels(Box::new(LabelReport { counts, ..LabelReport::default() })));
        }
        Command::SetGroundTruth { endpoint, prefix } => {
            edit(world, endpoint, |endpoint| endpoint.ground_truth.clone_from(prefix));
        }
        Command::PromoteShadow { .. }
        | Command::UndoWeights { .. }
        | Command::RestartExperiment { .. }
        | Command::StartReplay(_)
        | Command::CancelReplay
        | Command::Role(_)
        | Command::Alarm(_)
        | Command::SetObjectDetails { .. }
        | Command::CreateMultipartUpload(_)
        | Command::UploadPart { .. }
        | Command::CompleteMultipartUpload { .. }
        | Command::AbortMultipartUpload { .. }
        | Command::StartTrafficTest(_)
        | Command::StopTrafficTest { .. }
        | Command::AddTags { .. }
        | Command::DeleteTags { .. } => {}
    }
    Ok(Reply::Done)
}

fn edit(world: &mut Snapshot, endpoint: &str, change: impl FnOnce(&mut Endpoint)) {
    if let Some(found) = world.endpoints.get(endpoint) {
        let mut changed = (**found).clone();
        change(&mut changed);
        world.endpoints.insert(endpoint, changed);
    }
}
