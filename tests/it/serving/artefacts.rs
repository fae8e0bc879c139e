//! From a trained model's archive on disk to an answer over HTTP, and what an archive that is broken does to the endpoint: nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::endpoint::DeploymentStage;
use counterpoise::domain::training_job::ChannelFormat;
use counterpoise::ml::{self, Continue, Matrix, Model, archive, samples};
use counterpoise::serving::{FleetSpec, VariantSpec};
use serde_json::Value;

use super::server::Server;

/// Trains on Boston, briefly, and writes the archive.
fn trained(algorithm: Algorithm, hyperparameters: &[(&str, &str)], path: &Path) -> Model {
    let given: BTreeMap<String, String> =
        hyperparameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let data = samples::boston().train;
    let trained = ml::train(algorithm, &given, &data, None, ChannelFormat::Csv, 1, &mut |_| Continue::Yes).unwrap();
    archive::write_archive(&trained, File::create(path).unwrap()).unwrap();
    trained.model
}

fn spec(variants: &[(&str, Algorithm, PathBuf)]) -> FleetSpec {
    let variant = |(name, algorithm, artifact): &(&str, Algorithm, PathBuf)| VariantSpec {
        name: (*name).to_owned(),
        model_name: format!("model-{name}"),
        algorithm: *algorithm,
        artifact: artifact.clone(),
        weight: 1.0,
        instances: 1,
    };
    FleetSpec {
        endpoint: "e".to_owned(),
        config_name: "boston".to_owned(),
        deployment: 1,
        variants: variants.iter().map(variant).collect(),
        shadows: Vec::new(),
        data_capture: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_algorithms_answer_in_their_own_way_and_a_broken_archive_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (trees, line) = (folder.path().join("trees.tar.gz"), folder.path().join("line.tar.gz"));
    let forest = trained(Algorithm::XGBoost, &[("num_round", "8"), ("objective", "reg:squarederror")], &trees);
    let linear = trained(Algorithm::LinearLearner, &[("predictor_type", "regressor"), ("epochs", "3")], &line);
    let server = Server::start().await;
    let both = spec(&[("T", Algorithm::XGBoost, trees.clone()), ("L", Algorithm::LinearLearner, line)]);
    let mut stages = Vec::new();
    server.install(server.serving.build_fleet(&both, &mut |stage| stages.push(stage)).unwrap());
    assert_eq!(stages, [DeploymentStage::Loading, DeploymentStage::Probing]);

    let Matrix::Dense(rows) = samples::boston().test.features.slice_rows(0..20) else { panic!("Boston is dense") };
    let expected = |model: &Model| {
        let mut out = Vec::new();
        model.predict(&Matrix::Dense(rows.clone()), &mut out);
        out
    };
    let lines: Vec<String> =
        (0..20).map(|row| rows.row(row).iter().map(f32::to_string).collect::<Vec<_>>().join(",")).collect();
    let ask = |variant: &'static str, body: String| {
        let request = server.invocation("text/csv", body).header("X-Amzn-SageMaker-Target-Variant", variant);
        async {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
            (content_type, answer.text().await.unwrap())
        }
    };

    let (content_type, body) = ask("T", lines.join("\n")).await;
    assert_eq!(content_type, "text/csv; charset=utf-8");
    let answers: Vec<f32> = body.split(',').map(|number| number.parse().unwrap()).collect();
    assert_eq!(answers, expected(&forest), "to the last bit");
    let (_, single) = ask("T", lines[3].clone()).await;
    assert_eq!(single.parse::<f32>().unwrap(), answers[3], "alone or among others");

    let (content_type, body) = ask("L", lines.join("\r\n")).await;
    assert_eq!(content_type, "application/json");
    let body: Value = serde_json::from_str(&body).unwrap();
    let predictions = body["predictions"].as_array().unwrap();
    let answers: Vec<f32> = predictions.iter().map(|one| one["score"].as_f64().unwrap() as f32).collect();
    assert_eq!(answers, expected(&linear));
    assert!(predictions[0].get("predicted_label").is_none(), "a regression has no label");

    // A value that is missing: the trees know a way, the linear learner says which.
    let holey = format!(",{}", lines[0].split_once(',').unwrap().1);
    ask("T", holey.clone()).await;
    let refused =
        server.invocation("text/csv", holey).header("X-Amzn-SageMaker-Target-Variant", "L").send().await.unwrap();
    assert_eq!(refused.status(), 424);
    let said = refused.text().await.unwrap();
    assert!(said.contains("feature 1 of row 1 is missing"), "{said}");

    // Archives that can't serve, each refused with its reason, and the fleet goes on.
    let cut = folder.path().join("cut.tar.gz");
    let whole = std::fs::read(&trees).unwrap();
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let noise = folder.path().join("noise.tar.gz");
    std::fs::write(&noise, b"this is no archive").unwrap();
    let narrow = folder.path().join("narrow.tar.gz");
    write_narrow(&narrow);
    for (algorithm, path, says) in [
        (Algorithm::XGBoost, cut, "cut.tar.gz"),
        (Algorithm::XGBoost, noise, "noise.tar.gz"),
        (Algorithm::LinearLearner, trees.clone(), "linear-learner"),
        (Algorithm::XGBoost, folder.path().join("gone.tar.gz"), "gone.tar.gz"),
        (Algorithm::XGBoost, narrow, "all must take the same rows"),
    ] {
        let next = spec(&[("T", Algorithm::XGBoost, trees.clone()), ("N", algorithm, path)]);
        let error = server.serving.build_fleet(&next, &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains("Variant N (model model-N)") && error.contains(says), "{error}");
        assert_eq!(ask("T", lines[3].clone()).await.1, single, "the fleet that serves goes on");
    }
    server.stop().await;
}

/// A good archive of a model with another number of features.
fn write_narrow(path: &Path) {
    let data = ml::Dataset {
        features: Matrix::Dense(ml::Dense::new(4, 1, vec![0.0, 1.0, 2.0, 3.0]).unwrap()),
        labels: vec![0.0, 1.0, 2.0, 3.0],
    };
    let given = BTreeMap::from([("num_round".to_owned(), "1".to_owned())]);
    let trained =
        ml::train(Algorithm::XGBoost, &given, &data, None, ChannelFormat::Csv, 1, &mut |_| Continue::Yes).unwrap();
    archive::write_archive(&trained, File::create(path).unwrap()).unwrap();
}
