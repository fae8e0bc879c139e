//! A hand-made workspace as a person has it after an hour: film reviews and Boston housing, trained, deployed, one job under way. All times are fixed.

use std::collections::BTreeMap;
use std::sync::Arc;

use counterpoise::domain::access_key::AccessKey;
use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::arn::Account;
use counterpoise::domain::bucket::{Bucket, Object, content_type_of};
use counterpoise::domain::endpoint::{
    Deployment, DeploymentOutcome, DeploymentStage, Endpoint, EndpointStatus, WeightChange,
};
use counterpoise::domain::endpoint_config::{EndpointConfig, ProductionVariant};
use counterpoise::domain::event::{Event, Severity};
use counterpoise::domain::extras::Extras;
use counterpoise::domain::model::Model;
use counterpoise::domain::reference::{Kind, ResourceRef};
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::domain::time::Timestamp;
use counterpoise::domain::training_job::{
    Channel, FinalMetric, SecondaryStatus, TrainingJob, TrainingJobSpec, TrainingJobStatus, TrainingSummary, Transition,
};
use counterpoise::workspace::{Snapshot, Table, WorkspaceInfo};

#[path = "scripted_numbers.rs"]
mod numbers;

pub use numbers::{live, progress};

/// The moment that the pictures show: 2026-11-20, 09:41:07 UTC.
pub const NOW: Timestamp = Timestamp(1_795_167_667_000);

/// The default bucket of the workspace.
pub const BUCKET: &str = "sagemaker-us-east-1-000000000000";

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// `ms` before [`NOW`].
pub fn ago(ms: i64) -> Timestamp {
    Timestamp(NOW.0 - ms)
}

/// A workspace that holds nothing but its own facts.
pub fn empty() -> Snapshot {
    Snapshot {
        revision: 1,
        made: NOW,
        info: Arc::new(WorkspaceInfo {
            access_key: AccessKey { id: "AKIACOUNTERPOISE2345".to_owned(), secret: "scripted".repeat(5) },
            folder: "/home/counterpoise/workspace".into(),
            account: Account::default(),
            base_url: Some("http://127.0.0.1:8770".to_owned()),
            ca_bundle: Some("/home/counterpoise/workspace/tls/ca-bundle.pem".into()),
            restored: None,
        }),
        ..Snapshot::default()
    }
}

/// The workspace of the pictures.
pub fn realistic() -> Snapshot {
    let mut world = empty();
    buckets(&mut world);
    jobs(&mut world);
    models(&mut world);
    configs(&mut world);
    endpoints(&mut world);
    events(&mut world);
    world
}

/// One object, with an etag that follows from its key.
pub fn object(key: &str, size: u64, modified: Timestamp) -> Object {
    let etag = format!("{:032x}", key.bytes().fold(7u128, |h, b| h.wrapping_mul(0x0100_0193).wrapping_add(b.into())));
    Object { key: key.to_owned(), size, etag, modified, content_type: content_type_of(key).to_owned(), details: None }
}

/// Puts an object into a world, and its bucket too if it is not there.
pub fn put(world: &mut Snapshot, bucket: &str, object: Object) {
    if !world.buckets.contains(bucket) {
        world.buckets.insert(bucket, Bucket { name: bucket.to_owned(), created: object.modified, tags: Vec::new() });
    }
    let mut table = world.objects.get(bucket).cloned().unwrap_or_default();
    table.insert(object.key.clone(), object);
    world.objects.insert(bucket.to_owned(), table);
}

fn buckets(world: &mut Snapshot) {
    for (name, age) in [(BUCKET, 6 * DAY), ("film-reviews", 2 * DAY), ("boston-archive", 40 * DAY)] {
        world.buckets.insert(name, Bucket { name: name.to_owned(), created: ago(age), tags: Vec::new() });
        world.objects.insert(name.to_owned(), Table::default());
    }
    for (key, size) in [
        ("boston/README.txt", 1_704),
        ("boston/test.csv", 11_290),
        ("boston/train.csv", 18_318),
        ("boston/validation.csv", 4_527),
        ("reviews/README.txt", 702),
        ("reviews/test.libsvm", 230_402),
        ("reviews/text/test.csv", 336_871),
        ("reviews/text/train.csv", 541_222),
        ("reviews/text/validation.csv", 135_010),
        ("reviews/train.libsvm", 367_204),
        ("reviews/validation.libsvm", 91_871),
        ("reviews/vocabulary.txt", 38_117),
    ] {
        put(world, BUCKET, object(key, size, ago(6 * DAY)));
    }
    for (key, size) in [("new/reviews-november.csv", 1_204_311), ("new/labels.csv", 48_119), ("notes.txt", 812)] {
        put(world, "film-reviews", object(key, size, ago(26 * HOUR)));
    }
}

/// A job's specification with values that pass every check.
pub fn spec(name: &str, algorithm: Algorithm, data: &str) -> TrainingJobSpec {
    let (ending, content_type) = if data == "reviews" { ("libsvm", "text/libsvm") } else { ("csv", "text/csv") };
    let channel = |channel: &str| Channel {
        name: channel.to_owned(),
        data: S3Uri::new(BUCKET, format!("{data}/{channel}.{ending}")),
        content_type: Some(content_type.to_owned()),
    };
    let given: &[(&str, &str)] = match (algorithm, data) {
        (Algorithm::XGBoost, "reviews") => &[
            ("objective", "binary:logistic"),
            ("num_round", "300"),
            ("max_depth", "5"),
            ("eta", "0.2"),
            ("gamma", "4"),
            ("min_child_weight", "6"),
            ("subsample", "0.8"),
        ],
        (Algorithm::XGBoost, _) => &[("objective", "reg:squarederror"), ("num_round", "200"), ("max_depth", "5")],
        (Algorithm::LinearLearner, "reviews") => &[("predictor_type", "binary_classifier")],
        (Algorithm::LinearLearner, _) => &[("predictor_type", "regressor")],
    };
    TrainingJobSpec {
        name: name.to_owned(),
        algorithm,
        image: algorithm.image().to_owned(),
        hyperparameters: given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        channels: vec![channel("train"), channel("validation")],
        output: S3Uri::new(BUCKET, "output"),
        instance_type: "ml.m5.xlarge".to_owned(),
        instance_count: 1,
        volume_size_gb: 30,
        max_runtime_s: 86_400,
        role_arn: None,
        tags: Vec::new(),
        extras: Extras::default(),
    }
}

/// A job that a worker finished well after `seconds`, with an artefact and these last values.
pub fn completed(spec: TrainingJobSpec, created: Timestamp, seconds: i64, metrics: &[(&str, f64)]) -> TrainingJob {
    let started = Timestamp(created.0 + 400);
    let ended = Timestamp(started.0 + seconds * 1000);
    let reviews = spec.channels[0].data.key.contains("reviews");
    let artifact = spec.artifact_uri();
    TrainingJob {
        status: TrainingJobStatus::Completed,
        secondary: SecondaryStatus::Completed,
        transitions: vec![
            Transition { status: SecondaryStatus::Starting, started: created, message: "Waiting for a worker".into() },
            Transition { status: SecondaryStatus::Training, started, message: "Running rounds".into() },
            Transition { status: SecondaryStatus::Completed, started: ended, message: "Training job completed".into() },
        ],
        created,
        started: Some(started),
        ended: Some(ended),
        failure_reason: None,
        artifact: Some(artifact),
        final_metrics: metrics
            .iter()
            .map(|(name, value)| FinalMetric { name: (*name).to_owned(), value: *value, at: ended })
            .collect(),
        summary: Some(TrainingSummary {
            rows: if reviews { 5_118 } else { 271 },
            features: if reviews { 5_000 } else { 13 },
            density: if reviews { 0.0017 } else { 1.0 },
            rounds: if spec.algorithm == Algorithm::XGBoost { 120 } else { 15 },
            best_round: Some(if spec.algorithm == Algorithm::XGBoost { 91 } else { 12 }),
            training_s: seconds as f64 - 0.4,
            artifact_bytes: if reviews { 81_203 } else { 46_118 },
        }),
        attempts: 1,
        spec,
    }
}

fn ended_badly(job: TrainingJob, status: TrainingJobStatus, reason: Option<&str>) -> TrainingJob {
    let secondary =
        if status == TrainingJobStatus::Failed { SecondaryStatus::Failed } else { SecondaryStatus::Stopped };
    let mut job = TrainingJob { status, secondary, failure_reason: reason.map(str::to_owned), ..job };
    if let Some(last) = job.transitions.last_mut() {
        last.status = secondary;
        reason.unwrap_or("Training job stopped").clone_into(&mut last.message);
    }
    if status == TrainingJobStatus::Failed {
        job.artifact = None;
        job.summary = None;
    }
    job
}

/// `sentiment-xgb-3`: under way since 18 seconds, at round 192 of 300.
fn under_way() -> TrainingJob {
    let mut job = completed(spec("sentiment-xgb-3", Algorithm::XGBoost, "reviews"), ago(18_400), 18, &[]);
    job.status = TrainingJobStatus::InProgress;
    job.secondary = SecondaryStatus::Training;
    job.transitions.truncate(2);
    job.ended = None;
    job.artifact = None;
    job.summary = None;
    job
}

fn jobs(world: &mut Snapshot) {
    use Algorithm::{LinearLearner, XGBoost};
    let class = |logloss: f64, error: f64, auc: f64| {
        vec![
            ("train:logloss", logloss - 0.31),
            ("validation:logloss", logloss),
            ("validation:error", error),
            ("validation:auc", auc),
        ]
    };
    let number = |rmse: f64| vec![("train:rmse", rmse * 0.4), ("validation:rmse", rmse)];
    let done = [
        ("sentiment-xgb-1", XGBoost, "reviews", 3 * DAY, 31, class(0.612, 0.352, 0.702)),
        ("sentiment-xgb-2", XGBoost, "reviews", 20 * MINUTE, 26, class(0.598, 0.336, 0.724)),
        ("sentiment-linear-1", LinearLearner, "reviews", 3 * DAY - HOUR, 4, class(0.571, 0.281, 0.792)),
        ("sentiment-linear-2", LinearLearner, "reviews", 19 * MINUTE, 5, class(0.548, 0.258, 0.814)),
        ("boston-xgb-1", XGBoost, "boston", 5 * DAY, 3, number(3.61)),
        ("boston-xgb-2", XGBoost, "boston", 26 * HOUR, 4, number(3.48)),
        ("boston-xgb-3", XGBoost, "boston", 25 * HOUR, 4, number(3.52)),
        ("boston-linear-1", LinearLearner, "boston", 5 * DAY - HOUR, 1, number(4.93)),
        ("boston-linear-2", LinearLearner, "boston", 4 * DAY, 1, number(4.87)),
        ("boston-deep-trees", XGBoost, "boston", 2 * DAY, 9, number(3.97)),
        ("reviews-short-words", LinearLearner, "reviews", 2 * DAY - HOUR, 3, class(0.583, 0.297, 0.771)),
    ];
    for (name, algorithm, data, age, seconds, metrics) in done {
        let job = completed(spec(name, algorithm, data), ago(age), seconds, &metrics);
        let artifact = job.artifact.clone().unwrap();
        put(world, BUCKET, object(&artifact.key, job.summary.as_ref().unwrap().artifact_bytes, job.ended.unwrap()));
        world.training_jobs.insert(name, job);
    }
    let failed = completed(spec("boston-typo", XGBoost, "boston"), ago(27 * HOUR), 1, &[]);
    let reason = "boston-typo read s3://sagemaker-us-east-1-000000000000/boston/train.csv: line 118, column 6: \
                  \u{201c}6.4x1\u{201d} is not a number. Mend the file, upload it again and clone this job.";
    world.training_jobs.insert("boston-typo", ended_badly(failed, TrainingJobStatus::Failed, Some(reason)));
    let stopped = completed(
        spec("sentiment-xgb-wide", XGBoost, "reviews"),
        ago(2 * DAY - 2 * HOUR),
        12,
        &class(0.634, 0.371, 0.688),
    );
    world.training_jobs.insert("sentiment-xgb-wide", ended_badly(stopped, TrainingJobStatus::Stopped, None));
    world.training_jobs.insert("sentiment-xgb-3", under_way());
}

fn models(world: &mut Snapshot) {
    for (name, job, age) in [
        ("sentiment-xgb-1", "sentiment-xgb-1", 3 * DAY - 2 * HOUR),
        ("sentiment-xgb-2", "sentiment-xgb-2", 18 * MINUTE),
        ("sentiment-linear-2", "sentiment-linear-2", 17 * MINUTE),
        ("boston-xgb-1", "boston-xgb-1", 5 * DAY - 2 * HOUR),
        ("boston-linear-1", "boston-linear-1", 5 * DAY - 2 * HOUR),
        ("boston-xgb-2", "boston-xgb-2", 24 * HOUR),
    ] {
        let job = Arc::clone(world.training_jobs.get(job).unwrap());
        world.models.insert(name, model(name, job.spec.algorithm, job.artifact.clone().unwrap(), ago(age)));
    }
}

/// A model over an artefact.
pub fn model(name: &str, algorithm: Algorithm, model_data: S3Uri, created: Timestamp) -> Model {
    Model {
        name: name.to_owned(),
        image: algorithm.image().to_owned(),
        model_data,
        environment: BTreeMap::new(),
        execution_role_arn: None,
        created,
        tags: Vec::new(),
        extras: Extras::default(),
    }
}

/// A configuration with one `ml.m5.xlarge` a variant: (variant, model, weight).
pub fn config(name: &str, variants: &[(&str, &str, f64)], created: Timestamp) -> EndpointConfig {
    EndpointConfig {
        name: name.to_owned(),
        variants: variants
            .iter()
            .map(|(variant, model, weight)| ProductionVariant {
                name: (*variant).to_owned(),
                model_name: (*model).to_owned(),
                initial_instance_count: 1,
                instance_type: "ml.m5.xlarge".to_owned(),
                initial_weight: *weight,
            })
            .collect(),
        shadow_variants: Vec::new(),
        created,
        tags: Vec::new(),
        data_capture: None,
        extras: Extras::default(),
    }
}

fn configs(world: &mut Snapshot) {
    let ab: &[(&str, &str, f64)] = &[("linear-b", "sentiment-linear-2", 1.0), ("xgb-a", "sentiment-xgb-2", 1.0)];
    for one in [
        config("sentiment-ab", ab, ago(2 * HOUR + 16 * MINUTE)),
        config("sentiment-linear-only", &[("linear-b", "sentiment-linear-2", 1.0)], ago(15 * MINUTE)),
        config("sentiment-first", &[("xgb-a", "sentiment-xgb-1", 1.0)], ago(3 * DAY)),
        config("boston-single", &[("AllTraffic", "boston-xgb-1", 1.0)], ago(3 * DAY + HOUR)),
        config("boston-ab", &[("trees", "boston-xgb-2", 9.0), ("line", "boston-linear-1", 1.0)], ago(23 * HOUR)),
    ] {
        world.endpoint_configs.insert(one.name.clone(), one);
    }
}

/// An endpoint that serves a configuration of the world since `created`.
pub fn endpoint(world: &Snapshot, name: &str, config_name: &str, created: Timestamp) -> Endpoint {
    let config = world.endpoint_configs.get(config_name).unwrap();
    let at = |ms: i64| Timestamp(created.0 + ms);
    Endpoint {
        name: name.to_owned(),
        config_name: config_name.to_owned(),
        requested_config: None,
        status: EndpointStatus::InService,
        failure_reason: None,
        variants: Endpoint::variants_of(config),
        shadow_variants: Endpoint::shadows_of(config),
        created,
        modified: at(900),
        in_service_since: Some(at(900)),
        deployments: vec![Deployment {
            ended: Some(at(900)),
            stages: vec![
                (DeploymentStage::Loading, created),
                (DeploymentStage::Probing, at(640)),
                (DeploymentStage::Swapped, at(880)),
                (DeploymentStage::Done, at(900)),
            ],
            outcome: DeploymentOutcome::Succeeded,
            ..Deployment::begun(1, config_name, None, created)
        }],
        weight_changes: Vec::new(),
        tags: Vec::new(),
        ground_truth: None,
        extras: Extras::default(),
    }
}

fn endpoints(world: &mut Snapshot) {
    let mut live = endpoint(world, "sentiment-live", "sentiment-ab", ago(2 * HOUR + 14 * MINUTE));
    let named = |a: f64, b: f64| vec![("linear-b".to_owned(), a), ("xgb-a".to_owned(), b)];
    live.variants[0].weight = 62.0;
    live.variants[1].weight = 38.0;
    live.modified = ago(4 * MINUTE);
    live.weight_changes.push(WeightChange {
        at: ago(4 * MINUTE),
        before: named(1.0, 1.0),
        after: named(62.0, 38.0),
        shadows: Vec::new(),
    });
    world.endpoints.insert("sentiment-live", live);
    let old = endpoint(world, "boston-old", "boston-single", ago(3 * DAY));
    world.endpoints.insert("boston-old", old);
}

fn events(world: &mut Snapshot) {
    let lines: [(i64, Severity, &str, Kind, &str); 10] = [
        (27 * HOUR, Severity::Error, "Training job boston-typo failed", Kind::TrainingJob, "boston-typo"),
        (26 * HOUR, Severity::Success, "boston-xgb-2 trained: validation:rmse 3.48", Kind::TrainingJob, "boston-xgb-2"),
        (2 * HOUR + 14 * MINUTE, Severity::Info, "Endpoint sentiment-live created", Kind::Endpoint, "sentiment-live"),
        (2 * HOUR + 13 * MINUTE, Severity::Success, "sentiment-live is in service", Kind::Endpoint, "sentiment-live"),
        (21 * MINUTE, Severity::Info, "Sample data added", Kind::Bucket, BUCKET),
        (
            20 * MINUTE,
            Severity::Success,
            "sentiment-xgb-2 trained: accuracy .664",
            Kind::TrainingJob,
            "sentiment-xgb-2",
        ),
        (
            19 * MINUTE,
            Severity::Success,
            "sentiment-linear-2 trained: accuracy .742",
            Kind::TrainingJob,
            "sentiment-linear-2",
        ),
        (
            5 * MINUTE,
            Severity::Success,
            "Traffic test finished: 2,400 requests, 0 failed",
            Kind::Endpoint,
            "sentiment-live",
        ),
        (18_000, Severity::Info, "Training job sentiment-xgb-3 started", Kind::TrainingJob, "sentiment-xgb-3"),
        (0, Severity::Info, "Weights of sentiment-live set to 62 / 38", Kind::Endpoint, "sentiment-live"),
    ];
    for (number, (age, severity, text, kind, name)) in (1u64..).zip(lines) {
        let detail = (severity == Severity::Error).then(|| {
            "Line 118, column 6 is not a number. Mend the file, upload it again and clone the job.".to_owned()
        });
        world.events.push_back(Arc::new(Event {
            number,
            at: ago(age),
            severity,
            text: text.to_owned(),
            detail,
            about: Some(ResourceRef::new(kind, name)),
        }));
    }
}
