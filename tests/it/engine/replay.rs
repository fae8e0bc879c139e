//! Paired replay in a real system: captured requests and files, deployed and undeployed models, progress, cancel, failures.

use std::sync::Arc;

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::label::Label;
use counterpoise::domain::replay::{Contestant, ReplaySource, ReplaySpec};
use counterpoise::domain::s3_uri::S3Uri;
use counterpoise::workspace::{Command, CommandError, LabelSource, Measure, Replay, ReplayResult, ReplayStatus};

use super::lab::{BUCKET, Lab, classes, regression};

fn start(source: ReplaySource, contestants: Vec<Contestant>) -> Command {
    Command::StartReplay(Box::new(ReplaySpec { source, contestants }))
}

fn file(key: &str) -> ReplaySource {
    ReplaySource::File(S3Uri::new(BUCKET, key))
}

fn model(name: &str) -> Contestant {
    Contestant::Model(name.to_owned())
}

fn over(lab: &Lab) -> Arc<Replay> {
    lab.wait("the end of the comparison", |_| lab.workspace.replay().filter(|replay| !replay.status.is_running()))
}

fn result(lab: &Lab) -> Arc<ReplayResult> {
    match &over(lab).status {
        ReplayStatus::Completed(result) => Arc::clone(result),
        other => panic!("{other:?}"),
    }
}

#[test]
fn models_that_are_not_deployed_answer_a_labelled_file() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("rough", Algorithm::XGBoost, 1);
    lab.trained_model("fine", Algorithm::XGBoost, 40);
    assert!(lab.workspace.replay().is_none());
    lab.put("reg/test.csv", regression(3, 400).as_bytes());
    lab.ok(start(file("reg/test.csv"), vec![model("rough"), model("fine")]));
    let result = result(&lab);
    assert_eq!((result.measure, result.rows, result.left_out.clone()), (Measure::Number, 400, None));
    let rmse: Vec<f64> = result.models.iter().map(|model| model.residuals.as_ref().unwrap().rmse).collect();
    assert!(rmse[1] < rmse[0] / 2.0, "{rmse:?}");
    let pair = &result.pairs[0];
    assert!(pair.test.decided.unwrap().b_better && pair.test.rows == 400, "{pair:?}");
    assert!(result.models[0].p50_us > 0.0 && result.models[0].usd_per_hour.is_none());
    let widest = &result.disagreements[0];
    assert!(result.disagreed > 300 && widest.spread >= result.disagreements[1].spread);
    let line = regression(3, 400).lines().nth(widest.row as usize - 1).unwrap().to_owned();
    assert_eq!(line, format!("{:.4},{}", widest.label, widest.request), "the row is shown as it was asked");
    lab.close();
}

#[test]
fn variants_answer_captured_requests_again() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("one", Algorithm::LinearLearner, 1);
    lab.trained_model("many", Algorithm::LinearLearner, 40);
    lab.config("both", &[("a", "one", 1.0), ("b", "many", 1.0)]);
    lab.serve("live", "both");
    let source = || ReplaySource::Captured { endpoint: "live".into() };
    let variant = |name: &str| Contestant::Variant { endpoint: "live".into(), variant: name.into() };
    lab.ok(start(source(), vec![variant("a")]));
    match &over(&lab).status {
        ReplayStatus::Failed(why) => assert!(why.contains("No captured request of live has a label"), "{why}"),
        other => panic!("{other:?}"),
    }

    let data = classes(5, 60);
    let mut labels = Vec::new();
    for line in data.lines() {
        let (label, row) = line.split_once(' ').unwrap();
        let headers = [("content-type", "text/libsvm")];
        let (status, headers, _) = lab.post("/endpoints/live/invocations", &headers, row.as_bytes());
        assert_eq!(status, 200);
        let id = headers["x-amzn-sagemaker-inference-id"].to_str().unwrap().to_owned();
        labels.push(Label { id, values: vec![label.parse().unwrap()] });
    }
    let unlabelled = lab.post("/endpoints/live/invocations", &[("content-type", "text/libsvm")], b"0:0.5");
    assert_eq!(unlabelled.0, 200);
    lab.ok(Command::AddLabels { endpoint: "live".into(), source: LabelSource::Given(labels) });
    lab.ok(start(source(), vec![variant("a"), variant("b"), model("many")]));
    let result = result(&lab);
    assert_eq!((result.measure, result.rows, result.pairs.len()), (Measure::TwoClasses, 60, 3));
    let [a, b, c] = &result.models[..] else { panic!("{} models", result.models.len()) };
    assert_eq!((a.name.as_str(), a.model_name.as_str()), ("live / a", "one"));
    assert!(a.usd_per_hour.unwrap() > 0.0);
    assert_eq!(b.accuracy, c.accuracy, "the same model, deployed or not");
    let confusion = b.confusion.as_ref().unwrap();
    assert_eq!((confusion.total(), confusion.accuracy()), (60, b.accuracy));
    assert!(b.accuracy.unwrap() > 0.8 && b.curves.as_ref().unwrap().roc.area > 0.9, "{b:?}");
    assert!(b.calibration.is_some() && b.log_loss.is_some());
    let same = result.pairs.iter().find(|pair| pair.of == (1, 2)).unwrap();
    assert_eq!((same.test.a_only, same.test.b_only, same.test.decided), (0, 0, None));
    lab.close();
}

#[test]
fn what_can_not_be_compared_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("numbers", Algorithm::XGBoost, 2);
    lab.trained_model("kinds", Algorithm::LinearLearner, 2);
    let said = |command| {
        lab.ok(command);
        match &over(&lab).status {
            ReplayStatus::Failed(why) => why.clone(),
            other => panic!("{other:?}"),
        }
    };
    let why = said(start(file("reg/train.csv"), vec![model("numbers"), model("kinds")]));
    assert!(why.contains("numbers answers numbers and kinds answers classes"), "{why}");
    lab.put("wide.csv", b"1,2,3,4,5\n2,2,3,4,5\n");
    let why = said(start(file("wide.csv"), vec![model("numbers")]));
    assert!(why.contains("No row could be answered by all of them") && why.contains("2 features"), "{why}");
    lab.put("mixed.csv", b"1,2,3\n2,2,3,4\n");
    lab.ok(start(file("mixed.csv"), vec![model("numbers")]));
    let result = result(&lab);
    assert_eq!((result.rows, result.left_out.as_ref().unwrap().1), (1, 1));

    let refused = |command| lab.refused(command);
    assert!(matches!(refused(start(file("reg/train.csv"), vec![])), CommandError::Invalid(_)));
    assert!(matches!(refused(start(file("none.csv"), vec![model("numbers")])), CommandError::NoObject(_)));
    assert!(matches!(refused(start(file("reg/train.csv"), vec![model("nobody")])), CommandError::NotFound(_)));
    let nowhere = ReplaySource::Captured { endpoint: "nowhere".into() };
    assert!(matches!(refused(start(nowhere, vec![model("numbers")])), CommandError::NotFound(_)));
    assert!(refused(Command::CancelReplay).to_string().contains("No comparison is running"));
    lab.close();
}

#[test]
fn a_comparison_tells_how_far_it_is_and_can_be_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::with_data(folder.path());
    lab.trained_model("trees", Algorithm::XGBoost, 60);
    lab.trained_model("other", Algorithm::XGBoost, 60);
    // Long enough in a debug build that somebody can come in between.
    lab.put("reg/long.csv", regression(3, 60_000).as_bytes());
    lab.ok(start(file("reg/long.csv"), vec![model("trees"), model("other")]));
    let twice = lab.refused(start(file("reg/long.csv"), vec![model("trees")]));
    assert!(twice.to_string().contains("running already"), "{twice}");
    let total = lab.wait("progress", |_| match &lab.workspace.replay()?.status {
        ReplayStatus::Running { done, total, .. } if *done > 0 => Some(*total),
        ReplayStatus::Running { .. } => None,
        over => panic!("{over:?}"),
    });
    assert_eq!(total, 60_000);
    lab.ok(Command::CancelReplay);
    assert!(matches!(over(&lab).status, ReplayStatus::Cancelled));
    lab.ok(start(file("reg/validation.csv"), vec![model("trees")]));
    assert_eq!(result(&lab).rows, 100, "and then another");
    lab.close();
}
