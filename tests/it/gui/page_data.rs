//! What the pages show, as text, over the scripted world.

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::gui::format;
use counterpoise::gui::pages::training::draft::{Draft, Step};
use counterpoise::gui::pages::training::starting::Labels;
use counterpoise::gui::pages::{buckets, endpoint_configs, models, training};

use crate::support::scripted::world::{self, BUCKET, NOW};

#[test]
fn buckets_as_text() {
    let world = world::realistic();
    let rows: Vec<String> = buckets::data::bucket_rows(&world)
        .iter()
        .map(|row| format!("{} | {} | {}", row.name, row.objects, format::bytes(row.bytes)))
        .collect();
    assert_eq!(
        rows,
        ["boston-archive | 0 | 0 B", "film-reviews | 3 | 1.3 MB", "sagemaker-us-east-1-000000000000 | 23 | 2.5 MB"]
    );
    assert_eq!(buckets::data::goes_with_bucket(&world, "film-reviews"), ["3 objects in it, 1.3 MB"]);
    let key = "output/boston-xgb-1/output/model.tar.gz".to_owned();
    assert_eq!(
        buckets::data::goes_with_objects(&world, BUCKET, std::slice::from_ref(&key)),
        [key, "the artefact of model boston-xgb-1, which can't be deployed then".to_owned()]
    );
}

#[test]
fn jobs_as_text() {
    let world = world::realistic();
    let text = |name: &str| {
        let rows = training::data::rows(&world);
        let row = rows.iter().find(|row| row.name == name).unwrap();
        let metric = row.objective.as_ref().map_or("–".to_owned(), |(metric, value)| format!("{metric} {value}"));
        let ms = row.duration_ms(NOW).unwrap();
        format!("{} {metric} {} {}", row.status.as_str(), format::duration(ms), format::usd(row.usd(NOW)))
    };
    assert_eq!(text("sentiment-xgb-3"), "InProgress – 18 s $0.001");
    assert_eq!(text("boston-xgb-2"), "Completed validation:rmse 3.48 4 s <$0.001");
    assert_eq!(text("boston-typo"), "Failed – 1 s <$0.001");

    let mut job = (**world.training_jobs.get("sentiment-xgb-2").unwrap()).clone();
    let objective = |job: &_| training::data::objective(job).map(|metric| metric.name.clone()).unwrap();
    assert_eq!(objective(&job), "validation:logloss", "the first validation metric");
    job.spec.hyperparameters.insert("eval_metric".into(), "logloss, auc".into());
    assert_eq!(objective(&job), "validation:auc", "the one that early stopping watches");

    let progress = world::progress(world.training_jobs.get("sentiment-xgb-3").unwrap());
    let job = world.training_jobs.get("sentiment-xgb-3").unwrap();
    assert_eq!(training::data::progress_words(job, &progress), "round 192 of 300 · 4 s left");
    let lines = training::data::now_lines(job, &progress);
    let labels: Vec<&str> = lines.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "validation:logloss",
            "validation:error",
            "validation:auc",
            "train:logloss",
            "train:error",
            "Rows × features",
            "Stored values"
        ]
    );
    let rows = training::data::parameter_rows(job);
    assert!(rows.iter().take_while(|row| row.given).count() == job.spec.hyperparameters.len());
    assert!(rows.iter().any(|row| !row.given && row.name == "lambda" && row.value == "1"));
}

#[test]
fn models_and_configurations_as_text() {
    let world = world::realistic();
    let rows: Vec<String> = models::data::rows(&world)
        .iter()
        .map(|row| format!("{} {} {} configs {} endpoints", row.name, row.algorithm, row.configs, row.endpoints))
        .collect();
    assert_eq!(
        rows,
        [
            "boston-linear-1 linear-learner 1 configs 0 endpoints",
            "boston-xgb-1 xgboost 1 configs 1 endpoints",
            "boston-xgb-2 xgboost 1 configs 0 endpoints",
            "sentiment-linear-2 linear-learner 2 configs 1 endpoints",
            "sentiment-xgb-1 xgboost 1 configs 0 endpoints",
            "sentiment-xgb-2 xgboost 1 configs 1 endpoints",
        ]
    );
    let artifact = S3Uri::new(BUCKET, "output/boston-xgb-2/output/model.tar.gz");
    assert_eq!(models::data::maker(&world, &artifact).unwrap().name(), "boston-xgb-2");
    assert!(models::data::maker(&world, &S3Uri::new(BUCKET, "else/model.tar.gz")).is_none());

    let rows: Vec<String> = endpoint_configs::data::rows(&world)
        .iter()
        .map(|row| format!("{}: {} | {:.2} | {}", row.name, row.variants, row.usd_per_hour, row.endpoints.join(",")))
        .collect();
    assert_eq!(rows[0], "boston-ab: boston-xgb-2 90 % · boston-linear-1 10 % | 0.46 | ");
    assert_eq!(rows[2], "sentiment-ab: sentiment-linear-2 50 % · sentiment-xgb-2 50 % | 0.46 | sentiment-live");
    let movable: Vec<&str> = endpoint_configs::data::movable(&world, "sentiment-ab").map(|e| e.name.as_str()).collect();
    assert_eq!(movable, ["boston-old"]);
}

#[test]
fn a_draft_names_its_problems_and_becomes_a_job_that_passes_every_check() {
    let world = world::realistic();
    let problems = |draft: &Draft| -> Vec<String> {
        draft.problems(&world).iter().map(|p| format!("{:?} {} {}", p.step, p.field, p.rule)).collect()
    };
    let mut draft = Draft::default();
    assert_eq!(problems(&draft), ["Data train choose the data to learn from"]);
    for (uri, rule) in [
        ("boston/train.csv", "must look like s3://bucket/key"),
        ("s3://nowhere/x", "there is no bucket nowhere"),
        ("s3://film-reviews/gone", "nothing is there"),
        ("s3://film-reviews/notes.txt", "does not say whether it is CSV or libsvm: choose the format"),
    ] {
        draft.train.uri = uri.to_owned();
        assert_eq!(problems(&draft), [format!("Data train {rule}")]);
    }
    draft.train.uri = format!("s3://{BUCKET}/reviews/train.libsvm");
    draft.learn_labels(Labels::Binary);
    assert_eq!(problems(&draft), [] as [&str; 0]);
    assert_eq!(draft.suggested_name(&world), "reviews-xgb-1");
    assert_eq!(draft.hyperparameters["objective"], "binary:logistic");
    assert_eq!(draft.spec(&world).validate(), []);

    draft.choose(Algorithm::LinearLearner);
    assert_eq!(draft.hyperparameters["predictor_type"], "binary_classifier", "starting values follow the algorithm");
    draft.hyperparameters_touched = true;
    draft.hyperparameters.insert("epochs".into(), "many".into());
    draft.instance_count = "0".into();
    draft.max_runtime_s = "x".into();
    draft.output = Some("s3://nowhere/out".into());
    draft.name = Some("sentiment-xgb-2".into());
    draft.learn_labels(Labels::Numbers);
    assert_eq!(draft.hyperparameters["epochs"], "many", "what a person typed stays");
    let steps: Vec<(Step, String)> = draft.problems(&world).into_iter().map(|p| (p.step, p.field)).collect();
    let field = |name: &str| name.to_owned();
    assert_eq!(
        steps,
        [
            (Step::Hyperparameters, field("HyperParameters.epochs")),
            (Step::Instance, field("S3OutputPath")),
            (Step::Instance, field("InstanceCount")),
            (Step::Instance, field("MaxRuntimeInSeconds")),
            (Step::Review, field("TrainingJobName")),
        ]
    );

    for job in world.training_jobs.values() {
        let clone = Draft::clone_of(&job.spec);
        assert_eq!(problems(&clone), [] as [&str; 0], "{}", job.name());
        let spec = clone.spec(&world);
        assert_ne!(spec.name, job.spec.name);
        assert_eq!(
            (spec.channels, spec.hyperparameters),
            (job.spec.channels.clone(), job.spec.hyperparameters.clone())
        );
    }
}
