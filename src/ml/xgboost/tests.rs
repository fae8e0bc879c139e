//! Training end to end, against what is known.

use std::collections::BTreeMap;

use super::*;
use crate::domain::algorithm::Algorithm;
use crate::domain::training_job::ChannelFormat;
use crate::ml::metrics::Metric;
use crate::ml::{Continue, Dataset, Round, TrainError, Trained, samples};

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn fit(settings: &BTreeMap<String, String>, train: &Dataset, validation: Option<&Dataset>) -> Trained {
    crate::ml::train(Algorithm::XGBoost, settings, train, validation, ChannelFormat::Csv, 7, &mut |_| Continue::Yes)
        .unwrap()
}

fn measure(trained: &Trained, metric: Metric, data: &Dataset) -> f64 {
    let mut out = Vec::new();
    trained.model.predict(&data.features, &mut out);
    metric.evaluate(&out, &data.labels, trained.model.outputs_per_row())
}

#[test]
fn boston_is_learned() {
    let data = samples::boston();
    let trained = fit(&samples::boston_xgboost(), &data.train, Some(&data.validation));
    let rmse = measure(&trained, Metric::Rmse, &data.test);
    println!("Boston, XGBoost: test RMSE {rmse:.3}, best round {:?} of {}", trained.best_round, trained.rounds);
    assert!(rmse <= 4.0, "{rmse}");
}

#[test]
fn reviews_are_learned() {
    let data = samples::reviews();
    let trained = crate::ml::train(
        Algorithm::XGBoost,
        &samples::reviews_xgboost(),
        &data.train,
        Some(&data.validation),
        ChannelFormat::Libsvm,
        7,
        &mut |_| Continue::Yes,
    )
    .unwrap();
    let accuracy = measure(&trained, Metric::Accuracy, &data.test);
    println!(
        "reviews, XGBoost: test accuracy {accuracy:.3}, best round {:?} of {}",
        trained.best_round, trained.rounds
    );
    assert!(accuracy >= 0.64, "{accuracy}");
}

#[test]
fn every_round_reports_every_metric_of_both_channels() {
    let data = samples::boston();
    let settings = given(&[("num_round", "3"), ("eval_metric", "mae,rmsle")]);
    let mut seen: Vec<(u32, Vec<(String, f64)>)> = Vec::new();
    let mut hook = |round: &Round<'_>| {
        seen.push((round.round, round.metrics.to_vec()));
        Continue::Yes
    };
    let trained = crate::ml::train(
        Algorithm::XGBoost,
        &settings,
        &data.train,
        Some(&data.validation),
        ChannelFormat::Csv,
        7,
        &mut hook,
    )
    .unwrap();
    assert_eq!(seen.iter().map(|(round, _)| *round).collect::<Vec<_>>(), [1, 2, 3]);
    let names: Vec<&str> = seen[2].1.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["train:rmse", "train:mae", "train:rmsle", "validation:rmse", "validation:mae", "validation:rmsle"]
    );
    // What is reported during training is what the finished model gives.
    let told = seen[2].1[3].1;
    assert!((told - measure(&trained, Metric::Rmse, &data.validation)).abs() < 1e-5);
}

#[test]
fn a_stop_keeps_what_was_learned_and_early_stopping_keeps_the_best() {
    let data = samples::boston();
    let settings = given(&[("num_round", "50")]);
    let mut hook = |round: &Round<'_>| if round.round == 4 { Continue::Stop } else { Continue::Yes };
    let stopped =
        crate::ml::train(Algorithm::XGBoost, &settings, &data.train, None, ChannelFormat::Csv, 7, &mut hook).unwrap();
    assert!(stopped.stopped && stopped.rounds == 4);
    let crate::ml::Model::XGBoost(model) = &stopped.model else { panic!("trees") };
    assert_eq!(model.trees(), 4);

    let settings = given(&[("num_round", "500"), ("eta", "0.5"), ("early_stopping_rounds", "5")]);
    let early = fit(&settings, &data.train, Some(&data.validation));
    let best = early.best_round.unwrap();
    assert!(early.rounds == best + 5 && !early.stopped);
    assert_eq!(early.best_metric.as_deref(), Some("validation:rmse"));
    let crate::ml::Model::XGBoost(model) = &early.model else { panic!("trees") };
    assert_eq!(model.trees(), best as usize);
    let without =
        crate::ml::train(Algorithm::XGBoost, &settings, &data.train, None, ChannelFormat::Csv, 7, &mut |_| {
            Continue::Yes
        });
    assert!(
        without.unwrap_err().to_string().contains("early_stopping_rounds \u{201c}5\u{201d} needs a validation channel")
    );
}

#[test]
fn every_objective_trains_and_its_file_gives_the_same_model() {
    let boston = samples::boston();
    for objective in crate::domain::algorithm::xgboost::OBJECTIVES {
        let mut data = boston.train.clone();
        let mut settings = given(&[("num_round", "4"), ("objective", objective)]);
        match *objective {
            "multi:softmax" | "multi:softprob" => {
                settings.insert("num_class".to_owned(), "3".to_owned());
                data.labels.iter_mut().for_each(|y| *y = ((*y / 10.0) as u32).min(2) as f32);
            }
            name if name.starts_with("binary:") || name == "reg:logistic" => {
                data.labels.iter_mut().for_each(|y| *y = f32::from(u8::from(*y > 21.0)));
            }
            _ => {}
        }
        let mut last = Vec::new();
        let mut hook = |round: &Round<'_>| {
            last = round.metrics.to_vec();
            Continue::Yes
        };
        let trained =
            crate::ml::train(Algorithm::XGBoost, &settings, &data, None, ChannelFormat::Csv, 7, &mut hook).unwrap();
        assert!(!last.is_empty() && last.iter().all(|(_, value)| value.is_finite()), "{objective}: {last:?}");
        let again = read_model(&trained.file).unwrap().with_trained_on(Some(ChannelFormat::Csv));
        let (mut a, mut b) = (Vec::new(), Vec::new());
        trained.model.predict(&data.features, &mut a);
        again.predict(&data.features, &mut b);
        assert_eq!(a, b, "{objective}");
    }
}

#[test]
fn dart_and_forests_and_constraints_train() {
    let data = samples::boston();
    for extra in [
        &[("booster", "dart"), ("rate_drop", "0.3"), ("one_drop", "1")][..],
        &[("num_parallel_tree", "4"), ("subsample", "0.5"), ("colsample_bynode", "0.5")],
        &[("tree_method", "exact"), ("lambda", "2"), ("alpha", "0.5"), ("gamma", "0.1")],
        &[("grow_policy", "lossguide"), ("max_leaves", "8"), ("max_depth", "0")],
        &[("monotone_constraints", "(0,0,0,0,0,1,0,0,0,0,0,0,-1)"), ("interaction_constraints", "[[0,1,5],[2,3,12]]")],
        &[("sketch_eps", "0.1"), ("verbosity", "2"), ("sampling_method", "gradient_based"), ("subsample", "0.7")],
    ] {
        let mut settings = given(&[("num_round", "10")]);
        settings.extend(given(extra));
        let trained = fit(&settings, &data.train, Some(&data.validation));
        assert!(measure(&trained, Metric::Rmse, &data.train) < 12.0, "{extra:?}");
        let ignored = extra.iter().filter(|(name, _)| ["sketch_eps", "verbosity"].contains(name)).count();
        assert_eq!(trained.notes.len(), ignored, "{:?}", trained.notes);
    }
}

#[test]
fn labels_that_do_not_fit_are_named() {
    let data = samples::boston();
    let settings = given(&[("num_round", "4"), ("objective", "binary:logistic")]);
    let error = crate::ml::train(Algorithm::XGBoost, &settings, &data.train, None, ChannelFormat::Csv, 7, &mut |_| {
        Continue::Yes
    })
    .unwrap_err();
    assert!(matches!(&error, TrainError::Data(what) if what.contains("row 1 in the train channel")), "{error}");
}

#[test]
fn the_same_seed_gives_the_same_model() {
    let data = samples::boston();
    let settings = given(&[("num_round", "5"), ("subsample", "0.5")]);
    let run = |seed| {
        crate::ml::train(Algorithm::XGBoost, &settings, &data.train, None, ChannelFormat::Csv, seed, &mut |_| {
            Continue::Yes
        })
        .unwrap()
        .file
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
