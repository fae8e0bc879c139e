//! Training jobs: start, stop, forget.

use super::super::change::{Change, Row, training_tells};
use super::super::control::Control;
use super::super::machine::{Tell, training_job};
use super::super::training::{self as runs, channels};
use super::{Outcome, free, made, missing, valid};
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::training_job::TrainingJobSpec;
use crate::workspace::{CommandError, Reply};

pub(super) fn create(control: &mut Control, spec: TrainingJobSpec) -> Outcome {
    valid(spec.validate())?;
    let name = spec.name.clone();
    free(control.world.training_jobs.any_case(&name).is_some(), Kind::TrainingJob, &name)?;
    for bucket in spec.channels.iter().map(|channel| &channel.data.bucket).chain([&spec.output.bucket]) {
        if !control.world.buckets.contains(bucket) {
            return Err(missing(Kind::Bucket, bucket));
        }
    }
    // SageMaker looks for the objects before it takes the job, and so do we: a typo is found at once.
    if let Some(empty) = spec.channels.iter().find(|c| channels::objects_of(&control.world, &c.data).is_empty()) {
        return Err(CommandError::NoObject(empty.data.clone()));
    }
    let (job, effects) = training_job::create(spec, control.now());
    let mut change = Change::row(Row::TrainingJob(job));
    for tell in training_tells(&effects) {
        change = change.tell(tell, Kind::TrainingJob, &name);
    }
    control.commit(change)?;
    // What an earlier job of this name left behind is not this one's.
    runs::forget(&control.shared, &name);
    control.training_effects(&name, effects);
    Ok(made(Kind::TrainingJob, &name))
}

pub(super) fn stop(control: &mut Control, name: &str) -> Outcome {
    let job = control.world.training_jobs.get(name).ok_or_else(|| missing(Kind::TrainingJob, name))?;
    let (next, effects) = training_job::step(job, training_job::Event::StopRequested, control.now())?;
    if next != **job {
        let mut change = Change::row(Row::TrainingJob(next));
        for tell in training_tells(&effects) {
            change = change.tell(tell, Kind::TrainingJob, name);
        }
        control.commit(change)?;
        control.training_effects(name, effects);
    }
    Ok(Reply::Resource(ResourceRef::new(Kind::TrainingJob, name)))
}

pub(super) fn delete(control: &mut Control, name: &str) -> Outcome {
    let job = control.world.training_jobs.get(name).ok_or_else(|| missing(Kind::TrainingJob, name))?;
    if !job.status.is_final() || control.training.is_running(name) {
        return Err(CommandError::InUse {
            resource: ResourceRef::new(Kind::TrainingJob, name),
            why: format!("it is {}; stop it first", job.status.as_str()),
        });
    }
    let tell = Tell::info(format!("Training job {name} deleted"));
    control.commit(Change::row(Row::NoTrainingJob(name.to_owned())).tell(tell, Kind::TrainingJob, name))?;
    runs::forget(&control.shared, name);
    Ok(Reply::Done)
}
