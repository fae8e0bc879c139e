//! Every station of a training job, in the usual and in odd orders, at fixed times.

use std::collections::BTreeMap;

use super::*;
use crate::domain::algorithm::Algorithm;
use crate::domain::event::Severity;
use crate::domain::extras::Extras;

const T: fn(i64) -> Timestamp = Timestamp;

fn job() -> TrainingJob {
    let spec = TrainingJobSpec {
        name: "j".into(),
        algorithm: Algorithm::XGBoost,
        image: Algorithm::XGBoost.image().into(),
        hyperparameters: BTreeMap::new(),
        channels: Vec::new(),
        output: S3Uri::new("bucket", "out"),
        instance_type: "ml.m5.large".into(),
        instance_count: 1,
        volume_size_gb: 1,
        max_runtime_s: 60,
        role_arn: None,
        tags: Vec::new(),
        extras: Extras::default(),
    };
    create(spec, T(1)).0
}

fn after(mut job: TrainingJob, events: &[Event]) -> TrainingJob {
    for (event, at) in events.iter().zip(2..) {
        job = step(&job, event.clone(), T(at)).unwrap().0;
    }
    job
}

fn ended(by: EndedBy, artifact: bool) -> Event {
    Event::Ended(Box::new(Ended {
        by,
        artifact: artifact.then(|| S3Uri::new("bucket", "out/j/output/model.tar.gz")),
        metrics: vec![
            FinalMetric { name: "train:rmse".into(), value: 1.0, at: T(3) },
            FinalMetric { name: "validation:rmse".into(), value: 2.5, at: T(3) },
        ],
        summary: Some(TrainingSummary { rounds: 3, ..TrainingSummary::default() }),
    }))
}

const READ: Event = Event::Read { rows: 10, features: 2 };
const LEARNED: Event = Event::Learned { rounds: 3 };

fn stations(job: &TrainingJob) -> Vec<SecondaryStatus> {
    job.transitions.iter().map(|t| t.status).collect()
}

fn severity(effects: &[Effect]) -> Option<Severity> {
    effects.iter().find_map(|e| if let Effect::Tell(tell) = e { Some(tell.severity) } else { None })
}

#[test]
fn the_usual_road() {
    use SecondaryStatus::{Completed, Downloading, Starting, Training, Uploading};
    let done = after(job(), &[Event::Taken, READ, LEARNED, ended(EndedBy::Itself, true)]);
    assert_eq!(done.status, TrainingJobStatus::Completed);
    assert_eq!(stations(&done), [Starting, Downloading, Training, Uploading, Completed]);
    assert_eq!((done.started, done.ended, done.attempts), (Some(T(2)), Some(T(5)), 1));
    assert!(done.artifact.is_some());
    assert_eq!(done.final_metric("validation:rmse"), Some(2.5));
}

#[test]
fn creating_queues() {
    let (job, effects) = create(job().spec, T(1));
    assert_eq!((job.status, job.secondary), (TrainingJobStatus::InProgress, SecondaryStatus::Starting));
    assert_eq!(effects[0], Effect::Queue);
}

#[test]
fn completing_says_the_validation_metric() {
    let running = after(job(), &[Event::Taken, READ, LEARNED]);
    let (_, effects) = step(&running, ended(EndedBy::Itself, true), T(9)).unwrap();
    assert_eq!(effects, [Effect::Tell(Tell::success("Training job j completed with validation:rmse 2.5000"))]);
}

#[test]
fn stopped_before_it_began() {
    let (stopped, effects) = step(&job(), Event::StopRequested, T(2)).unwrap();
    assert_eq!((stopped.status, stopped.secondary), (TrainingJobStatus::Stopped, SecondaryStatus::Stopped));
    assert_eq!((stopped.started, stopped.ended), (None, Some(T(2))));
    assert_eq!(effects[0], Effect::Unqueue);
    let late = step(&stopped, Event::Taken, T(3)).unwrap();
    assert_eq!(late, (stopped, vec![]), "a late worker changes nothing");
}

#[test]
fn stopped_while_it_runs() {
    let running = after(job(), &[Event::Taken, READ]);
    let (stopping, effects) = step(&running, Event::StopRequested, T(4)).unwrap();
    assert_eq!((stopping.status, stopping.secondary), (TrainingJobStatus::Stopping, SecondaryStatus::Stopping));
    assert_eq!(effects[0], Effect::Interrupt);
    assert_eq!(step(&stopping, Event::StopRequested, T(5)).unwrap(), (stopping.clone(), vec![]), "twice is no error");
    assert_eq!(step(&stopping, LEARNED, T(5)).unwrap().0, stopping, "stays Stopping while the model is written");
    let (stopped, _) = step(&stopping, ended(EndedBy::Person, true), T(6)).unwrap();
    assert_eq!(stopped.status, TrainingJobStatus::Stopped);
    assert!(stopped.artifact.is_some(), "what was learned is kept");
}

#[test]
fn stopped_too_late_is_refused_with_its_status() {
    for (last, word) in [(ended(EndedBy::Itself, true), "Completed"), (Event::Failed("x".into()), "Failed")] {
        let done = after(job(), &[Event::Taken, last]);
        let refused = step(&done, Event::StopRequested, T(9)).unwrap_err();
        assert!(refused.to_string().contains(word), "{refused}");
    }
}

#[test]
fn time_is_up() {
    let (done, effects) = step(&after(job(), &[Event::Taken, READ]), ended(EndedBy::MaxRuntime, true), T(9)).unwrap();
    assert_eq!((done.status, done.secondary), (TrainingJobStatus::Stopped, SecondaryStatus::MaxRuntimeExceeded));
    assert_eq!(severity(&effects), Some(Severity::Warning));
}

#[test]
fn failing_keeps_the_reason() {
    let (failed, effects) =
        step(&after(job(), &[Event::Taken]), Event::Failed("ClientError: line 3".into()), T(9)).unwrap();
    assert_eq!((failed.status, failed.secondary), (TrainingJobStatus::Failed, SecondaryStatus::Failed));
    assert_eq!(failed.failure_reason.as_deref(), Some("ClientError: line 3"));
    assert_eq!(severity(&effects), Some(Severity::Error));
    assert!(failed.artifact.is_none());
}

#[test]
fn final_states_ignore_reports() {
    let done = after(job(), &[Event::Taken, ended(EndedBy::Itself, true)]);
    for event in [Event::Taken, READ, LEARNED, Event::Failed("x".into()), Event::Closed, Event::Found] {
        assert_eq!(step(&done, event.clone(), T(99)).unwrap(), (done.clone(), vec![]), "{event:?}");
    }
}

#[test]
fn a_crash_begins_it_again_once() {
    let running = after(job(), &[Event::Taken, READ]);
    let (again, effects) = step(&running, Event::Found, T(50)).unwrap();
    assert_eq!((again.status, again.secondary), (TrainingJobStatus::InProgress, SecondaryStatus::Restarting));
    assert_eq!((again.attempts, effects[0].clone()), (2, Effect::Queue));
    let running = step(&again, Event::Taken, T(51)).unwrap().0;
    assert_eq!((running.attempts, running.started), (2, Some(T(2))), "the first start stays");
    let (failed, _) = step(&running, Event::Found, T(60)).unwrap();
    assert_eq!(failed.status, TrainingJobStatus::Failed);
    assert!(failed.failure_reason.unwrap().contains("2 times"));
}

#[test]
fn an_orderly_close_is_no_crash() {
    let mut job = job();
    for _ in 0..5 {
        job = after(job, &[Event::Taken, READ, Event::Closed]);
        assert_eq!((job.status, job.secondary), (TrainingJobStatus::InProgress, SecondaryStatus::Restarting));
        let (found, effects) = step(&job, Event::Found, T(70)).unwrap();
        assert_eq!(effects, [Effect::Queue]);
        job = found;
    }
    assert_eq!(job.attempts, 1);
}

#[test]
fn found_while_waiting_or_stopping() {
    assert_eq!(step(&job(), Event::Found, T(5)).unwrap(), (job(), vec![Effect::Queue]));
    assert_eq!(step(&job(), Event::Closed, T(5)).unwrap(), (job(), vec![]), "a waiting job just waits on");
    let stopping = after(job(), &[Event::Taken, Event::StopRequested]);
    assert_eq!(step(&stopping, Event::Closed, T(5)).unwrap().0, stopping);
    let (stopped, effects) = step(&stopping, Event::Found, T(6)).unwrap();
    assert_eq!((stopped.status, stopped.ended), (TrainingJobStatus::Stopped, Some(T(6))));
    assert_eq!(severity(&effects), Some(Severity::Warning));
}

#[test]
fn taken_twice_counts_once() {
    let running = after(job(), &[Event::Taken]);
    assert_eq!(step(&running, Event::Taken, T(9)).unwrap(), (running, vec![]));
}
