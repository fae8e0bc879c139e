//! Training jobs end to end: both algorithms, progress, stop, bad data, limits.

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::reference::{Kind, ResourceRef};
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::training_job::{SecondaryStatus, TrainingJobStatus};
use counterpoise::workspace::{Command, CommandError};

use super::lab::{BUCKET, Lab, classes, regression, spec};

fn create(spec: counterpoise::domain::training_job::TrainingJobSpec) -> Command {
    Command::CreateTrainingJob(Box::new(spec))
}

#[test]
fn both_algorithms_train() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    for (name, algorithm) in [("trees", Algorithm::XGBoost), ("line", Algorithm::LinearLearner)] {
        lab.ok(create(spec(name, algorithm, 8)));
        let job = lab.finished(name);
        assert_eq!(job.status, TrainingJobStatus::Completed, "{:?}", job.failure_reason);
        assert_eq!(job.artifact, Some(S3Uri::new(BUCKET, format!("models/{name}/output/model.tar.gz"))));
        assert!(lab.world().objects[BUCKET].contains(&format!("models/{name}/output/model.tar.gz")));
        let summary = job.summary.clone().unwrap();
        assert_eq!((summary.rows, summary.features), (300, 2));
        assert!(summary.rounds >= 1 && summary.artifact_bytes > 0);
        assert!(job.final_metrics.iter().any(|m| m.name.starts_with("validation:")), "{:?}", job.final_metrics);
        let progress = lab.workspace.training_progress(name).unwrap();
        assert_eq!((progress.round, progress.shape), (summary.rounds, Some((300, 2))));
        assert!(progress.curves.iter().all(|curve| curve.points.len() == summary.rounds as usize));
        assert!(progress.best.is_some() && progress.left_ms.is_none());
        let log = lab.workspace.training_log(name, 0, 1_000);
        assert!(log.lines.iter().any(|(_, line)| line.contains("#011validation-")), "{:?}", log.lines);
        let stations: Vec<_> = job.transitions.iter().map(|t| t.status).collect();
        assert_eq!(
            stations,
            [
                SecondaryStatus::Starting,
                SecondaryStatus::Downloading,
                SecondaryStatus::Training,
                SecondaryStatus::Uploading,
                SecondaryStatus::Completed
            ]
        );
    }
    assert!(lab.events().iter().any(|text| text.starts_with("Training job trees completed with validation:")));
    assert!(matches!(lab.refused(create(spec("trees", Algorithm::XGBoost, 1))), CommandError::AlreadyExists(_)));
    lab.ok(Command::DeleteTrainingJob { name: "trees".into() });
    assert!(lab.workspace.training_progress("trees").is_none());
    assert!(!folder.path().join("logs/training/trees.log").exists());
    lab.close();
}

#[test]
fn a_prefix_reads_every_object_below_it() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.put("parts/b.csv", regression(5, 50).as_bytes());
    lab.put("parts/a.csv", regression(6, 70).as_bytes());
    let mut spec = spec("parts", Algorithm::XGBoost, 2);
    spec.channels.truncate(1);
    spec.channels[0].data = S3Uri::new(BUCKET, "parts/");
    lab.ok(create(spec));
    let job = lab.finished("parts");
    assert_eq!(job.summary.as_ref().map(|s| s.rows), Some(120), "{:?}", job.failure_reason);
    lab.close();
}

#[test]
fn bad_data_is_named_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.put("bad/word.csv", b"1,2,3\n4,five,6\n");
    lab.put("bad/narrow.csv", b"1,2\n3,4\n5,6\n");
    lab.put("bad/empty.csv", b"\n");
    let failing = |name: &str, train: &str, validation: Option<&str>| {
        let mut spec = spec(name, Algorithm::XGBoost, 2);
        spec.channels[0].data.key = train.to_owned();
        match validation {
            Some(key) => spec.channels[1].data.key = key.to_owned(),
            None => spec.channels.truncate(1),
        }
        lab.ok(create(spec));
        let job = lab.finished(name);
        assert_eq!((job.status, job.artifact.clone()), (TrainingJobStatus::Failed, None));
        assert!(!lab.world().objects[BUCKET].contains(&format!("models/{name}/output/model.tar.gz")));
        job.failure_reason.clone().unwrap()
    };
    let word = failing("word", "bad/word.csv", None);
    for part in ["ClientError", "train channel", "bad/word.csv", "line 2", "five"] {
        assert!(word.contains(part), "{part} is missing in: {word}");
    }
    let width = failing("width", "reg/train.csv", Some("bad/narrow.csv"));
    assert!(width.contains("2 features") && width.contains("has 1"), "{width}");
    let empty = failing("empty", "bad/empty.csv", None);
    assert!(empty.contains("holds no rows"), "{empty}");
    let mixed = failing("mixed", "reg/train.csv", Some("cls/train.libsvm"));
    assert!(mixed.contains("the train channel is CSV and the validation channel is libsvm"), "{mixed}");
    let event = lab.world().events.back().unwrap().clone();
    assert_eq!(event.about, Some(ResourceRef::new(Kind::TrainingJob, "mixed")));
    assert!(event.detail.as_ref().unwrap().contains("libsvm"));
    lab.close();
}

#[test]
fn a_wish_that_breaks_rules_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    let mut unknown = spec("j", Algorithm::XGBoost, 2);
    unknown.hyperparameters.insert("max_deptj".into(), "3".into());
    assert!(lab.refused(create(unknown)).to_string().contains("max_deptj"));
    let mut typo = spec("j", Algorithm::XGBoost, 2);
    typo.channels[0].data.key = "reg/trian.csv".into();
    assert_eq!(lab.refused(create(typo)), CommandError::NoObject(S3Uri::new(BUCKET, "reg/trian.csv")));
    let mut nowhere = spec("j", Algorithm::XGBoost, 2);
    nowhere.output.bucket = "no-such-bucket".into();
    let missing = CommandError::NotFound(ResourceRef::new(Kind::Bucket, "no-such-bucket"));
    assert_eq!(lab.refused(create(nowhere)), missing);
    assert!(lab.world().training_jobs.is_empty());
    let stop = lab.refused(Command::StopTrainingJob { name: "j".into() });
    assert_eq!(stop, CommandError::NotFound(ResourceRef::new(Kind::TrainingJob, "j")));
    lab.close();
}

#[test]
fn stopping_keeps_what_was_learned() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.put("reg/train.csv", regression(1, 20_000).as_bytes());
    lab.ok(create(spec("long", Algorithm::XGBoost, 100_000)));
    lab.wait("the first round", |_| lab.workspace.training_progress("long").filter(|p| p.round > 0));
    lab.ok(Command::StopTrainingJob { name: "long".into() });
    let job = lab.finished("long");
    assert_eq!((job.status, job.secondary), (TrainingJobStatus::Stopped, SecondaryStatus::Stopped));
    let rounds = job.summary.as_ref().unwrap().rounds;
    assert!((1..100_000).contains(&rounds), "{rounds}");
    assert!(lab.world().objects[BUCKET].contains("models/long/output/model.tar.gz"));
    let late = lab.refused(Command::StopTrainingJob { name: "long".into() });
    assert!(late.to_string().contains("its status is Stopped"), "{late}");
    lab.close();
}

#[test]
fn time_that_is_up_stops_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.put("reg/train.csv", regression(1, 20_000).as_bytes());
    let mut short = spec("short", Algorithm::XGBoost, 100_000);
    short.max_runtime_s = 1;
    lab.ok(create(short));
    let job = lab.finished("short");
    assert_eq!((job.status, job.secondary), (TrainingJobStatus::Stopped, SecondaryStatus::MaxRuntimeExceeded));
    assert!(job.artifact.is_some());
    lab.close();
}

#[test]
fn a_waiting_job_is_stopped_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.put("cls/train.libsvm", classes(1, 20_000).as_bytes());
    // More long jobs than any pool has workers.
    let cores = std::thread::available_parallelism().unwrap().get();
    for i in 0..=cores {
        lab.ok(create(spec(&format!("job-{i}"), Algorithm::LinearLearner, 1_000_000)));
    }
    let last = format!("job-{cores}");
    assert_eq!(lab.job(&last).secondary, SecondaryStatus::Starting);
    lab.ok(Command::StopTrainingJob { name: last.clone() });
    assert_eq!((lab.job(&last).status, lab.job(&last).started), (TrainingJobStatus::Stopped, None));
    let running = lab.refused(Command::DeleteTrainingJob { name: "job-0".into() });
    assert!(running.to_string().contains("stop it first"), "{running}");
    for i in 0..cores {
        lab.ok(Command::StopTrainingJob { name: format!("job-{i}") });
    }
    for i in 0..cores {
        assert_eq!(lab.finished(&format!("job-{i}")).status, TrainingJobStatus::Stopped);
    }
    lab.close();
}
