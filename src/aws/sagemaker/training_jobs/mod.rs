//! Training jobs: create, look, stop, list, forget.

mod from_wire;
mod to_wire;

use serde::Deserialize;
use serde_json::json;

use super::list::{self, Entry};
use super::refusal::not_found;
use super::waiting::{State, Subject};
use super::{Outcome, Request};
use crate::domain::arn::ArnKind;
use crate::domain::reference::{Kind, ResourceRef};
use crate::workspace::Command;

pub(super) use from_wire::{s3_uri, unknown_image};
pub(super) use to_wire::{described, failure_reason, last_modified};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    training_job_name: String,
}

pub(super) async fn create(request: Request) -> Outcome {
    let spec = from_wire::spec(request.read()?, request.extras(), &request.snapshot().info.account)?;
    let arn = request.snapshot().info.account.arn(ArnKind::TrainingJob, &spec.name);
    for channel in &spec.channels {
        request.bucket_of(&channel.data)?;
    }
    request.ask(Command::CreateTrainingJob(Box::new(spec))).await?;
    Ok(Some(json!({ "TrainingJobArn": arn })))
}

pub(super) async fn describe(request: Request) -> Outcome {
    let Named { training_job_name: name } = request.read()?;
    let subject = Subject { kind: ArnKind::TrainingJob, name: name.clone() };
    let snapshot = request
        .settled(subject, |snapshot| {
            let job = snapshot.training_jobs.get(&name)?;
            Some(State {
                made: job.created,
                stage: (job.status.as_str(), job.secondary.as_str()),
                is_changing: !job.status.is_final(),
                is_paced: false,
            })
        })
        .await;
    let account = &snapshot.info.account;
    match snapshot.training_jobs.get(&name) {
        Some(job) => {
            let mut out = described(job, account);
            let known: Vec<String> = if job.final_metrics.is_empty() {
                let progress = request.wire.workspace.training_progress(&name);
                progress.iter().flat_map(|progress| &progress.curves).map(|curve| curve.metric.clone()).collect()
            } else {
                job.final_metrics.iter().map(|metric| metric.name.clone()).collect()
            };
            to_wire::define_metrics(&mut out, &known);
            Ok(Some(out.into()))
        }
        None => Err(not_found(&ResourceRef::new(Kind::TrainingJob, name), account)),
    }
}

pub(super) async fn stop(request: Request) -> Outcome {
    let Named { training_job_name: name } = request.read()?;
    request.ask(Command::StopTrainingJob { name }).await?;
    Ok(None)
}

pub(super) async fn delete(request: Request) -> Outcome {
    let Named { training_job_name: name } = request.read()?;
    request.ask(Command::DeleteTrainingJob { name }).await?;
    Ok(None)
}

pub(super) async fn list(request: Request) -> Outcome {
    let snapshot = request.snapshot();
    list::answer(
        "TrainingJobSummaries",
        request.operation,
        request.read()?,
        snapshot,
        |snapshot, pick| {
            for job in snapshot.training_jobs.values() {
                pick(Entry {
                    name: job.name(),
                    created: job.created,
                    modified: last_modified(job),
                    status: job.status.as_str(),
                });
            }
        },
        |snapshot, name| Some(to_wire::summary(snapshot.training_jobs.get(name)?, &snapshot.info.account)),
    )
    .await
}
