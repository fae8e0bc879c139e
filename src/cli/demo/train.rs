//! Station 1: all models are trained at once, with a bar each.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use indicatif::{MultiProgress, ProgressBar};

use super::bars::bar;
use super::recipe::{Candidate, Recipe};
use super::session::Session;
use crate::domain::extras::Extras;
use crate::domain::s3_uri::S3Uri;
use crate::domain::training_job::{Channel, TrainingJob, TrainingJobSpec, TrainingJobStatus};
use crate::workspace::Command;

/// Decides the price only.
pub const INSTANCE_TYPE: &str = "ml.m5.large";

/// Trains every model of every recipe; `name` makes a job's name. Answers when the last artefact is there.
pub fn all(session: &Session, recipes: &[Recipe], name: &dyn Fn(&Recipe, &Candidate) -> String) -> Result<()> {
    let mut waiting = Vec::new();
    for recipe in recipes {
        for candidate in &recipe.models {
            let name = name(recipe, candidate);
            session.tell(Command::CreateTrainingJob(Box::new(spec(session, recipe, candidate, &name)?)))?;
            waiting.push(name);
        }
    }
    let bars = MultiProgress::new();
    let mut bar_of: BTreeMap<String, ProgressBar> =
        waiting.iter().map(|name| (name.clone(), bars.add(bar(name)))).collect();
    session.until("the training jobs to finish", |snapshot| {
        let mut over = Vec::new();
        for name in &waiting {
            let Some(job) = snapshot.training_jobs.get(name) else { bail!("the training job {name} is gone") };
            if job.status.is_final() {
                over.push(name.clone());
                if let Some(bar) = bar_of.remove(name) {
                    bar.finish_and_clear();
                }
                bars.suspend(|| finished(job))?;
            } else if let (Some(progress), Some(bar)) = (session.workspace().training_progress(name), bar_of.get(name))
            {
                bar.set_length(u64::from(progress.rounds));
                bar.set_position(u64::from(progress.round));
                if let Some((curve, point)) = progress.curves.last().and_then(|c| c.points.last().map(|p| (c, p))) {
                    bar.set_message(format!("{} {:.4}", curve.metric, point.value));
                }
            }
        }
        waiting.retain(|name| !over.contains(name));
        Ok(waiting.is_empty().then_some(()))
    })
}

/// The line about a job that is over.
fn finished(job: &TrainingJob) -> Result<()> {
    let name = job.name();
    if job.status != TrainingJobStatus::Completed {
        let reason = job.failure_reason.as_deref().unwrap_or("no reason given");
        bail!("the training job {name} ended as {}: {reason}", job.status.as_str());
    }
    let summary = job.summary.clone().unwrap_or_default();
    let metric = job.final_metrics.iter().find(|metric| metric.name.starts_with("validation:"));
    let metric = metric.map(|metric| format!("{} {:.3}", metric.name, metric.value)).unwrap_or_default();
    println!(
        "  {name:<26} {:>5} rows × {:<4} {:>4} rounds in {:>5.1} s  {metric}",
        summary.rows, summary.features, summary.rounds, summary.training_s
    );
    Ok(())
}

fn spec(session: &Session, recipe: &Recipe, candidate: &Candidate, name: &str) -> Result<TrainingJobSpec> {
    let snapshot = session.snapshot();
    let content_type = recipe.format.content_type();
    let channel = |part: &str| -> Result<Channel> {
        let data = recipe.object(&snapshot, part)?;
        Ok(Channel { name: part.to_owned(), data, content_type: Some(content_type.to_owned()) })
    };
    Ok(TrainingJobSpec {
        name: name.to_owned(),
        algorithm: candidate.algorithm,
        image: candidate.algorithm.image().to_owned(),
        hyperparameters: candidate.hyperparameters.clone(),
        channels: vec![channel("train")?, channel("validation")?],
        output: S3Uri::new(snapshot.info.account.default_bucket(), "demo"),
        instance_type: INSTANCE_TYPE.to_owned(),
        instance_count: 1,
        volume_size_gb: 10,
        max_runtime_s: 3_600,
        role_arn: None,
        tags: Vec::new(),
        extras: Extras::default(),
    })
}
