//! The life of a training job: `Starting → Downloading → Training → Uploading → Completed`, and every way off that road.

use super::Tell;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::s3_uri::S3Uri;
use crate::domain::time::Timestamp;
use crate::domain::training_job::{
    FinalMetric, SecondaryStatus, TrainingJob, TrainingJobSpec, TrainingJobStatus, TrainingSummary, Transition,
};
use crate::workspace::CommandError;

/// How often a worker may begin a job whose run the app did not survive.
pub const MAX_ATTEMPTS: u32 = 2;

/// What happened to a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A worker took it from the queue.
    Taken,
    /// The channels are read and fit together.
    Read {
        /// Rows of the train channel.
        rows: u64,
        /// Features of the train channel.
        features: u64,
    },
    /// All rounds are run, or it was told to end; the artefact is being written.
    Learned {
        /// Rounds run.
        rounds: u32,
    },
    /// The worker is done with it.
    Ended(Box<Ended>),
    /// The worker could not go on; the reason in words.
    Failed(String),
    /// A person wants it to stop.
    StopRequested,
    /// The app closes in an orderly way while a worker is on it.
    Closed,
    /// The app starts and finds it in this state.
    Found,
}

/// What a run that came to an end leaves behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Why it ended.
    pub by: EndedBy,
    /// The artefact; `None` when it was stopped before it had learned anything.
    pub artifact: Option<S3Uri>,
    /// Last value of each metric.
    pub metrics: Vec<FinalMetric>,
    /// What the run tells of itself.
    pub summary: Option<TrainingSummary>,
}

/// Why a run ended without failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// It ran its rounds, or early stopping was content.
    Itself,
    /// A person stopped it.
    Person,
    /// Its time was up.
    MaxRuntime,
}

/// What the engine must do once the new state is on disk.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Give it to a worker as soon as one is free.
    Queue,
    /// Take it out of the queue.
    Unqueue,
    /// Tell its worker to stop.
    Interrupt,
    /// Add an event.
    Tell(Tell),
}

/// A new job and the effects that begin it.
pub fn create(spec: TrainingJobSpec, now: Timestamp) -> (TrainingJob, Vec<Effect>) {
    let text = format!("Training job {} created", spec.name);
    let job = TrainingJob {
        status: TrainingJobStatus::InProgress,
        secondary: SecondaryStatus::Starting,
        transitions: vec![Transition {
            status: SecondaryStatus::Starting,
            started: now,
            message: "Waiting for a worker".to_owned(),
        }],
        created: now,
        started: None,
        ended: None,
        failure_reason: None,
        artifact: None,
        final_metrics: Vec::new(),
        summary: None,
        attempts: 0,
        spec,
    };
    (job, vec![Effect::Queue, Effect::Tell(Tell::info(text))])
}

/// The next state of a job.
///
/// # Errors
/// A wish of a person that the state does not allow; the state stays. Reports of workers are never refused: one that comes
/// too late changes nothing.
pub fn step(job: &TrainingJob, event: Event, now: Timestamp) -> Result<(TrainingJob, Vec<Effect>), CommandError> {
    let mut next = job.clone();
    let effects = match event {
        Event::StopRequested => return stop(next, now),
        _ if job.status.is_final() => Vec::new(),
        Event::Taken => taken(&mut next, now),
        Event::Read { rows, features } => advance(
            &mut next,
            SecondaryStatus::Training,
            now,
            format!("Training on {rows} rows of {features} features"),
        ),
        Event::Learned { rounds } => {
            advance(&mut next, SecondaryStatus::Uploading, now, format!("Writing the model after {rounds} rounds"))
        }
        Event::Ended(ended) => end(&mut next, *ended, now),
        Event::Failed(reason) => fail(&mut next, reason, now),
        Event::Closed => closed(&mut next, now),
        Event::Found => found(&mut next, now),
    };
    Ok((next, effects))
}

/// Whether a worker is on it.
pub fn is_running(job: &TrainingJob) -> bool {
    !job.status.is_final() && !matches!(job.secondary, SecondaryStatus::Starting | SecondaryStatus::Restarting)
}

fn enter(job: &mut TrainingJob, secondary: SecondaryStatus, now: Timestamp, message: impl Into<String>) {
    job.secondary = secondary;
    job.transitions.push(Transition { status: secondary, started: now, message: message.into() });
}

fn taken(job: &mut TrainingJob, now: Timestamp) -> Vec<Effect> {
    if is_running(job) {
        return Vec::new();
    }
    job.started = job.started.or(Some(now));
    job.attempts = job.attempts.max(1);
    enter(job, SecondaryStatus::Downloading, now, "Reading the input channels");
    Vec::new()
}

/// One station further, unless it is being stopped: then the status that a person sees stays `Stopping`.
fn advance(job: &mut TrainingJob, to: SecondaryStatus, now: Timestamp, message: String) -> Vec<Effect> {
    if job.status == TrainingJobStatus::InProgress {
        enter(job, to, now, message);
    }
    Vec::new()
}

fn stop(mut job: TrainingJob, now: Timestamp) -> Result<(TrainingJob, Vec<Effect>), CommandError> {
    if job.status.is_final() {
        return Err(CommandError::InUse {
            resource: ResourceRef::new(Kind::TrainingJob, job.name()),
            why: format!("it can't be stopped because its status is {}", job.status.as_str()),
        });
    }
    if job.status == TrainingJobStatus::Stopping {
        return Ok((job, Vec::new()));
    }
    if !is_running(&job) {
        job.status = TrainingJobStatus::Stopped;
        job.ended = Some(now);
        enter(&mut job, SecondaryStatus::Stopped, now, "Stopped before a worker took it; there is no model");
        let text = format!("Training job {} stopped before it began", job.name());
        return Ok((job, vec![Effect::Unqueue, Effect::Tell(Tell::info(text))]));
    }
    job.status = TrainingJobStatus::Stopping;
    enter(&mut job, SecondaryStatus::Stopping, now, "Stopping; what was learned so far is kept");
    let text = format!("Training job {} is stopping", job.name());
    Ok((job, vec![Effect::Interrupt, Effect::Tell(Tell::info(text))]))
}

fn end(job: &mut TrainingJob, ended: Ended, now: Timestamp) -> Vec<Effect> {
    let name = job.name().to_owned();
    job.ended = Some(now);
    job.artifact = ended.artifact;
    job.final_metrics = ended.metrics;
    job.summary = ended.summary;
    let kept = if job.artifact.is_some() { "the model so far is kept" } else { "nothing was learned yet" };
    let tell = match ended.by {
        EndedBy::Itself => {
            job.status = TrainingJobStatus::Completed;
            enter(job, SecondaryStatus::Completed, now, "Training job completed");
            Tell::success(match headline(job) {
                Some(metric) => format!("Training job {name} completed with {metric}"),
                None => format!("Training job {name} completed"),
            })
        }
        EndedBy::Person => {
            job.status = TrainingJobStatus::Stopped;
            enter(job, SecondaryStatus::Stopped, now, format!("Stopped; {kept}"));
            Tell::success(format!("Training job {name} stopped; {kept}"))
        }
        EndedBy::MaxRuntime => {
            job.status = TrainingJobStatus::Stopped;
            let limit = job.spec.max_runtime_s;
            enter(job, SecondaryStatus::MaxRuntimeExceeded, now, format!("Ran for {limit} s, its limit; {kept}"));
            Tell::warning(
                format!("Training job {name} was stopped because its time was up"),
                format!("It ran for {limit} seconds, and {kept}. Clone it with a longer maximum run time to go on."),
            )
        }
    };
    vec![Effect::Tell(tell)]
}

/// The metric that a person looks at first: of the validation channel where there is one; of its metrics the one that is read most easily.
fn headline(job: &TrainingJob) -> Option<String> {
    let all = &job.final_metrics;
    let channel = if all.iter().any(|m| m.name.starts_with("validation:")) { "validation" } else { "train" };
    let of = |name: &str| all.iter().find(|m| m.name.strip_prefix(channel).is_some_and(|rest| rest == name));
    let own = || all.iter().find(|m| m.name.starts_with(channel) && !m.name.ends_with(":objective_loss"));
    let metric = of(":accuracy").or_else(|| of(":rmse")).or_else(own).or(all.first())?;
    Some(format!("{} {:.4}", metric.name, metric.value))
}

fn fail(job: &mut TrainingJob, reason: String, now: Timestamp) -> Vec<Effect> {
    job.status = TrainingJobStatus::Failed;
    job.ended = Some(now);
    enter(job, SecondaryStatus::Failed, now, reason.clone());
    job.failure_reason = Some(reason.clone());
    vec![Effect::Tell(Tell::error(format!("Training job {} failed", job.name()), reason))]
}

fn closed(job: &mut TrainingJob, now: Timestamp) -> Vec<Effect> {
    if job.status == TrainingJobStatus::InProgress && is_running(job) {
        enter(job, SecondaryStatus::Restarting, now, "The app was closed; the job begins again at its next start");
    }
    Vec::new()
}

fn found(job: &mut TrainingJob, now: Timestamp) -> Vec<Effect> {
    let name = job.name().to_owned();
    if job.status == TrainingJobStatus::Stopping {
        job.status = TrainingJobStatus::Stopped;
        job.ended = Some(now);
        enter(job, SecondaryStatus::Stopped, now, "Stopped; the app ended before the model could be written");
        return vec![Effect::Tell(Tell::warning(
            format!("Training job {name} is stopped and has no model"),
            "The app ended while the job was stopping, before what it had learned was written. Clone the job to run it again.",
        ))];
    }
    if !is_running(job) {
        return vec![Effect::Queue];
    }
    if job.attempts >= MAX_ATTEMPTS {
        let reason = format!(
            "InternalServerError: the app ended in the middle of this job {} times; it is not begun again. Clone the job to \
             try once more, with less data if the machine ran out of memory",
            job.attempts
        );
        return fail(job, reason, now);
    }
    job.attempts += 1;
    enter(job, SecondaryStatus::Restarting, now, "The app ended in the middle; the job begins again");
    vec![
        Effect::Queue,
        Effect::Tell(Tell::warning(
            format!("Training job {name} begins again"),
            "The app ended while it was running, so what it had learned was lost.",
        )),
    ]
}

#[cfg(test)]
#[path = "training_job_tests.rs"]
mod tests;
