//! Home as data: the steps of the loop and how far they are, read off the workspace's state.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::algorithm::{Algorithm, recommended};
use crate::domain::bucket::content_type_of;
use crate::domain::endpoint::{DeploymentOutcome, Endpoint};
use crate::domain::endpoint_config::{EndpointConfig, ProductionVariant};
use crate::domain::extras::Extras;
use crate::domain::model::Model;
use crate::domain::s3_uri::S3Uri;
use crate::domain::time::Timestamp;
use crate::domain::training_job::{Channel, TrainingJob, TrainingJobSpec, TrainingJobStatus};
use crate::gui::action::Action;
use crate::gui::format;
use crate::gui::route::Route;
use crate::workspace::{Command, Snapshot};

/// A step of the loop. The names are kept in `console.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StepId {
    /// Data in a bucket.
    Data,
    /// Two trained models.
    Train,
    /// Both behind one endpoint.
    Deploy,
    /// Weights moved.
    Weights,
    /// Another configuration without a failed request.
    Update,
    /// Nothing bills.
    CleanUp,
}

impl StepId {
    /// In their order.
    pub const ALL: [Self; 6] = [Self::Data, Self::Train, Self::Deploy, Self::Weights, Self::Update, Self::CleanUp];

    /// What to do.
    pub fn title(self) -> &'static str {
        match self {
            Self::Data => "Put sample data in a bucket",
            Self::Train => "Train two models",
            Self::Deploy => "Deploy both behind one endpoint",
            Self::Weights => "Drag the weights and watch accuracy",
            Self::Update => "Update the endpoint with no downtime",
            Self::CleanUp => "Clean up",
        }
    }
}

/// A step and how far it is.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which.
    pub id: StepId,
    /// One line below the title.
    pub below: String,
    /// Ticked, now or once before.
    pub done: bool,
    /// The word on its button.
    pub button: &'static str,
    /// What the button does; empty while it cannot do anything yet.
    pub does: Vec<Action>,
    /// Why not, then.
    pub why_not: &'static str,
}

/// The folder of a `train` and a `validation` object.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair {
    train: S3Uri,
    validation: S3Uri,
    classes: bool,
    base: &'static str,
}

/// The built-in data sets that are in the default bucket, reviews first (their accuracy is the one to watch).
fn sample_pairs(snapshot: &Snapshot) -> Vec<Pair> {
    let bucket = snapshot.info.account.default_bucket();
    let Some(objects) = snapshot.objects.get(&bucket) else { return Vec::new() };
    [("reviews", "libsvm", true, "sentiment"), ("boston", "csv", false, "boston")]
        .into_iter()
        .filter_map(|(folder, ending, classes, base)| {
            let key = |part: &str| format!("{folder}/{part}.{ending}");
            let (train, validation) = (key("train"), key("validation"));
            (objects.contains(&train) && objects.contains(&validation)).then(|| Pair {
                train: S3Uri::new(&bucket, train),
                validation: S3Uri::new(&bucket, validation),
                classes,
                base,
            })
        })
        .collect()
}

/// `base`, or `base-2`, `base-3` … where that is taken.
fn free_name(base: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(base) {
        return base.to_owned();
    }
    (2..10_000).map(|n| format!("{base}-{n}")).find(|name| !taken(name)).unwrap_or_default()
}

/// A job on sample data with values that do well on it.
fn job(snapshot: &Snapshot, pair: &Pair, algorithm: Algorithm) -> TrainingJobSpec {
    let word = match algorithm {
        Algorithm::XGBoost => "xgb",
        Algorithm::LinearLearner => "linear",
    };
    let name = free_name(&format!("{}-{word}", pair.base), |name| snapshot.training_jobs.contains(name));
    let hyperparameters = match (algorithm, pair.classes) {
        (Algorithm::XGBoost, true) => recommended::reviews_xgboost(),
        (Algorithm::XGBoost, false) => recommended::boston_xgboost(),
        (Algorithm::LinearLearner, true) => recommended::reviews_linear(),
        (Algorithm::LinearLearner, false) => recommended::boston_linear(),
    };
    let channel = |name: &str, data: &S3Uri| Channel {
        name: name.to_owned(),
        data: data.clone(),
        content_type: Some(content_type_of(data.file_name()).to_owned()),
    };
    TrainingJobSpec {
        name,
        algorithm,
        image: algorithm.image().to_owned(),
        hyperparameters,
        channels: vec![channel("train", &pair.train), channel("validation", &pair.validation)],
        output: S3Uri::new(&pair.train.bucket, "output"),
        instance_type: "ml.m5.large".to_owned(),
        instance_count: 1,
        volume_size_gb: 10,
        max_runtime_s: 3_600,
        role_arn: None,
        tags: Vec::new(),
        extras: Extras::default(),
    }
}

fn completed(snapshot: &Snapshot) -> Vec<&TrainingJob> {
    let jobs = snapshot.training_jobs.values().map(AsRef::as_ref);
    let mut jobs: Vec<&TrainingJob> =
        jobs.filter(|job| job.status == TrainingJobStatus::Completed && job.artifact.is_some()).collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.ended));
    jobs
}

/// The two newest trained models that were trained on the same data, of different algorithms if there are such.
fn rivals<'a>(jobs: &[&'a TrainingJob]) -> Option<[&'a TrainingJob; 2]> {
    let data = |job: &TrainingJob| job.spec.channel("train").map(|channel| channel.data.clone());
    let pair = |differ: bool| {
        jobs.iter().enumerate().find_map(|(i, a)| {
            let fits = |b: &&&TrainingJob| data(a) == data(b) && (!differ || a.spec.algorithm != b.spec.algorithm);
            jobs[i + 1..].iter().find(fits).map(|b| [*a, *b])
        })
    };
    pair(true).or_else(|| pair(false))
}

/// Models, a configuration and an endpoint for two jobs, in the order in which they must be made.
fn deploy(snapshot: &Snapshot, pair: [&TrainingJob; 2]) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut submit = |command: Command, said: String, then: Option<Route>| {
        actions.push(Action::Submit { command, said, then });
    };
    let mut variants = Vec::new();
    for job in pair {
        let Some(artifact) = &job.artifact else { return Vec::new() };
        let known = snapshot.models.values().find(|model| model.model_data == *artifact);
        let model_name =
            known.map_or_else(|| free_name(job.name(), |name| snapshot.models.contains(name)), |m| m.name.clone());
        if known.is_none() {
            let model = Model {
                name: model_name.clone(),
                image: job.spec.image.clone(),
                model_data: artifact.clone(),
                environment: BTreeMap::new(),
                execution_role_arn: None,
                created: Timestamp::default(),
                tags: Vec::new(),
                extras: Extras::default(),
            };
            submit(Command::CreateModel(Box::new(model)), String::new(), None);
        }
        let word = if job.spec.algorithm == Algorithm::XGBoost { "xgb" } else { "linear" };
        let name = free_name(word, |name| variants.iter().any(|v: &ProductionVariant| v.name == name));
        variants.push(ProductionVariant {
            name,
            model_name,
            initial_instance_count: 1,
            instance_type: "ml.m5.large".to_owned(),
            initial_weight: 1.0,
        });
    }
    let base = pair[0].name().split('-').next().unwrap_or("model").to_owned();
    let config_name = free_name(&format!("{base}-ab"), |name| snapshot.endpoint_configs.contains(name));
    let endpoint = free_name(&format!("{base}-live"), |name| snapshot.endpoints.contains(name));
    let config = EndpointConfig {
        name: config_name.clone(),
        variants,
        shadow_variants: Vec::new(),
        created: Timestamp::default(),
        tags: Vec::new(),
        data_capture: None,
        extras: Extras::default(),
    };
    submit(Command::CreateEndpointConfig(Box::new(config)), String::new(), None);
    let said = format!("Endpoint {endpoint} is being created");
    let create =
        Command::CreateEndpoint { name: endpoint.clone(), config_name, tags: Vec::new(), extras: Extras::default() };
    submit(create, said, Some(Route::Endpoint(endpoint)));
    actions
}

/// The endpoint to play with: the newest that serves several variants.
fn stage(snapshot: &Snapshot) -> Option<&Endpoint> {
    let endpoints = snapshot.endpoints.values().map(AsRef::as_ref);
    endpoints
        .filter(|endpoint| endpoint.variants.len() > 1 && endpoint.status.serves())
        .max_by_key(|endpoint| endpoint.modified)
}

/// Reads one figure off a job.
type Measure<'a> = &'a dyn Fn(&TrainingJob) -> Option<f64>;

/// "XGBoost: accuracy 0.664, linear learner: accuracy 0.742": by the first measure that both have.
fn headline(pair: [&TrainingJob; 2]) -> String {
    // Two classes: what is not an error is right.
    let accuracy = |job: &TrainingJob| {
        job.final_metric("validation:accuracy")
            .or_else(|| job.final_metric("validation:error").map(|error| 1.0 - error))
    };
    let plain = |name: &'static str| move |job: &TrainingJob| job.final_metric(name);
    let measures: [(&str, Measure<'_>); 4] = [
        ("accuracy", &accuracy),
        ("rmse", &plain("validation:rmse")),
        ("auc", &plain("validation:auc")),
        ("logloss", &plain("validation:logloss")),
    ];
    let named = |job: &TrainingJob, value: String| match job.spec.algorithm {
        Algorithm::XGBoost => format!("XGBoost{value}"),
        Algorithm::LinearLearner => format!("linear learner{value}"),
    };
    for (word, measure) in measures {
        if let (Some(a), Some(b)) = (measure(pair[0]), measure(pair[1])) {
            let [a, b] = [(pair[0], a), (pair[1], b)].map(|(job, value)| named(job, format!(": {word} {value:.3}")));
            return format!("{a}, {b}");
        }
    }
    pair.map(|job| named(job, String::new())).join(", ")
}

/// The steps. `remembered` are those that were done before; `requests` is how many the playing endpoint has answered.
pub fn steps(snapshot: &Snapshot, remembered: &BTreeSet<StepId>, requests: Option<u64>) -> Vec<Step> {
    let objects: usize = snapshot.objects.values().map(crate::workspace::Table::len).sum();
    let jobs = completed(snapshot);
    let under_way = snapshot.training_jobs.values().filter(|job| !job.status.is_final()).count();
    let stage = stage(snapshot);
    let pairs = sample_pairs(snapshot);
    let weights_moved = snapshot.endpoints.values().any(|endpoint| !endpoint.weight_changes.is_empty());
    let updated = snapshot.endpoints.values().find_map(|endpoint| {
        endpoint.deployments.iter().rev().find(|d| d.number > 1 && d.outcome == DeploymentOutcome::Succeeded)
    });
    let (_, running) = snapshot.running_cost();
    let go = |route: Route| vec![Action::Go(route)];

    StepId::ALL
        .into_iter()
        .map(|id| {
            let mut why_not = "";
            let (now, below, button, does) = match id {
                StepId::Data => {
                    let below = if objects > 0 {
                        format!(
                            "{} in {}",
                            format::plural(objects, "object"),
                            format::plural(snapshot.buckets.len(), "bucket")
                        )
                    } else {
                        "Boston housing and 8,530 film reviews, built in".to_owned()
                    };
                    let add = Action::Submit {
                        command: Command::AddSampleData,
                        said: "Added the sample data".to_owned(),
                        then: None,
                    };
                    (objects > 0, below, "Add sample data", vec![add])
                }
                StepId::Train => {
                    let below = match (rivals(&jobs), under_way) {
                        (Some(pair), _) => headline(pair),
                        (None, 0) => "XGBoost and linear learner on the same data".to_owned(),
                        (None, n) => format!("{} under way", format::plural(n, "job")),
                    };
                    let does = match pairs.first() {
                        // With jobs under way the button leads to them: a second press would train twice.
                        _ if under_way > 0 => go(Route::TrainingJobs),
                        Some(pair) => Algorithm::ALL
                            .into_iter()
                            .map(|algorithm| {
                                let spec = job(snapshot, pair, algorithm);
                                let said = format!("Training {}", spec.name);
                                Action::Submit { command: Command::CreateTrainingJob(Box::new(spec)), said, then: None }
                            })
                            .collect(),
                        None if objects > 0 => go(Route::NewTrainingJob { clone_of: None }),
                        None => {
                            why_not = "There is no data to train on yet";
                            Vec::new()
                        }
                    };
                    let button = match (under_way > 0, pairs.is_empty()) {
                        (true, _) => "Show jobs",
                        (false, false) => "Train both",
                        (false, true) => "New training job",
                    };
                    (jobs.len() >= 2, below, button, does)
                }
                StepId::Deploy => {
                    let below = match stage {
                        Some(endpoint) => {
                            let shares: Vec<String> =
                                endpoint.shares().iter().map(|share| format!("{:.0}", share * 100.0)).collect();
                            format!("{}, {}", endpoint.name, shares.join(" / "))
                        }
                        None => "Two variants at one URL, half of the requests each".to_owned(),
                    };
                    let does = rivals(&jobs).map(|pair| deploy(snapshot, pair)).unwrap_or_default();
                    if does.is_empty() {
                        why_not = "Train two models on the same data first";
                    }
                    (stage.is_some(), below, "Deploy both", does)
                }
                StepId::Weights => {
                    let below = match requests {
                        Some(n) => format!("{} so far; the next request obeys", format::plural(n as usize, "request")),
                        None => "Real requests move at once; accuracy with its interval, live".to_owned(),
                    };
                    why_not = "Deploy an endpoint with two variants first";
                    let does = stage.map(|endpoint| go(Route::Endpoint(endpoint.name.clone()))).unwrap_or_default();
                    (weights_moved, below, "Open endpoint", does)
                }
                StepId::Update => {
                    let below = match updated {
                        Some(d) => format!(
                            "{} failed of {} answered during the update",
                            format::count(d.failed_requests),
                            format::count(d.requests)
                        ),
                        None => "Failed requests are counted on screen; the number to see is 0".to_owned(),
                    };
                    why_not = "Deploy an endpoint first";
                    let any =
                        stage.or_else(|| snapshot.endpoints.values().map(AsRef::as_ref).find(|e| e.status.serves()));
                    let does = any.map(|endpoint| go(Route::Endpoint(endpoint.name.clone()))).unwrap_or_default();
                    (updated.is_some(), below, "Open endpoint", does)
                }
                StepId::CleanUp => {
                    let clean = running == 0 && snapshot.endpoints.is_empty() && remembered.contains(&StepId::Deploy);
                    let below = if running > 0 {
                        format!("{running} running, so that nothing bills tonight")
                    } else {
                        "So that nothing bills tonight".to_owned()
                    };
                    (clean, below, "Open cleanup", go(Route::Cleanup))
                }
            };
            Step { id, below, done: now || remembered.contains(&id), button, does, why_not }
        })
        .collect()
}

/// The step to do next: the first that is not done.
pub fn next(steps: &[Step]) -> Option<StepId> {
    steps.iter().find(|step| !step.done).map(|step| step.id)
}

/// The endpoint whose requests the fourth step counts.
pub fn playing_endpoint(snapshot: &Snapshot) -> Option<String> {
    stage(snapshot).map(|endpoint| endpoint.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bucket::{Bucket, Object};
    use crate::workspace::Table;

    fn with_samples() -> Snapshot {
        let mut world = Snapshot::default();
        let name = world.info.account.default_bucket();
        world.buckets.insert(&name, Bucket { name: name.clone(), created: Timestamp(0), tags: vec![] });
        let objects: Table<Object> = ["boston/train.csv", "boston/validation.csv"]
            .into_iter()
            .chain(["reviews/train.libsvm", "reviews/validation.libsvm"])
            .map(|key| {
                let object = Object {
                    key: key.into(),
                    size: 1,
                    etag: String::new(),
                    modified: Timestamp(0),
                    content_type: String::new(),
                    details: None,
                };
                (key.to_owned(), object)
            })
            .collect();
        world.objects.insert(name, objects);
        world
    }

    fn text(steps: &[Step]) -> String {
        let line = |step: &Step| {
            let button = if step.does.is_empty() { step.why_not } else { step.button };
            format!("[{}] {} | {} | {button}", if step.done { 'x' } else { ' ' }, step.id.title(), step.below)
        };
        steps.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_first_start() {
        let steps = steps(&Snapshot::default(), &BTreeSet::new(), None);
        assert_eq!(
            text(&steps),
            "[ ] Put sample data in a bucket | Boston housing and 8,530 film reviews, built in | Add sample data\n\
             [ ] Train two models | XGBoost and linear learner on the same data | There is no data to train on yet\n\
             [ ] Deploy both behind one endpoint | Two variants at one URL, half of the requests each | Train two models on the same data first\n\
             [ ] Drag the weights and watch accuracy | Real requests move at once; accuracy with its interval, live | Deploy an endpoint with two variants first\n\
             [ ] Update the endpoint with no downtime | Failed requests are counted on screen; the number to see is 0 | Deploy an endpoint first\n\
             [ ] Clean up | So that nothing bills tonight | Open cleanup"
        );
        assert_eq!(next(&steps), Some(StepId::Data));
    }

    #[test]
    fn with_samples_one_button_trains_both_algorithms_with_values_that_pass() {
        let world = with_samples();
        let all = steps(&world, &BTreeSet::new(), None);
        assert!(all[0].done);
        let train = &all[1];
        assert_eq!((train.button, train.does.len()), ("Train both", 2));
        for pair in sample_pairs(&world) {
            for algorithm in Algorithm::ALL {
                let spec = job(&world, &pair, algorithm);
                assert_eq!(spec.validate(), [], "{spec:?}");
            }
        }
    }

    #[test]
    fn what_was_done_stays_ticked_and_cleaning_ends_the_loop() {
        let world = with_samples();
        let before = BTreeSet::from([StepId::Train, StepId::Deploy, StepId::Weights, StepId::Update]);
        let all = steps(&world, &before, None);
        assert!(all.iter().all(|step| step.done), "{}", text(&all));
        assert_eq!(next(&all), None);
    }

    #[test]
    fn names_that_are_taken_get_a_number() {
        assert_eq!(free_name("a", |name| name == "a" || name == "a-2"), "a-3");
    }
}
