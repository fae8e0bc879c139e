//! Training end to end, against what is known.

use std::collections::BTreeMap;

use crate::domain::algorithm::Algorithm;
use crate::domain::training_job::ChannelFormat;
use crate::ml::metrics::Metric;
use crate::ml::read::to_sparse;
use crate::ml::{Continue, Dataset, Dense, Matrix, Model, Round, TrainError, Trained, samples};
use crate::util::seed::Rng;

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn fit(
    settings: &BTreeMap<String, String>,
    train: &Dataset,
    validation: Option<&Dataset>,
) -> Result<Trained, TrainError> {
    let format = match train.features {
        Matrix::Dense(_) => ChannelFormat::Csv,
        Matrix::Sparse(_) => ChannelFormat::Libsvm,
    };
    crate::ml::train(Algorithm::LinearLearner, settings, train, validation, format, 7, &mut |_| Continue::Yes)
}

fn right(trained: &Trained, data: &Dataset) -> f64 {
    let mut out = Vec::new();
    trained.model.predict(&data.features, &mut out);
    let hits = out
        .iter()
        .zip(&data.labels)
        .filter(|(score, label)| trained.model.predicted_label(std::slice::from_ref(score)) == Some(**label as u32));
    hits.count() as f64 / data.rows() as f64
}

fn rmse(trained: &Trained, data: &Dataset) -> f64 {
    let mut out = Vec::new();
    trained.model.predict(&data.features, &mut out);
    Metric::Rmse.evaluate(&out, &data.labels, 1)
}

#[test]
fn boston_is_learned() {
    let data = samples::boston();
    let trained = fit(&samples::boston_linear(), &data.train, Some(&data.validation)).unwrap();
    let rmse = rmse(&trained, &data.test);
    println!("Boston, linear: test RMSE {rmse:.3}, best epoch {:?} of {}", trained.best_round, trained.rounds);
    assert!(rmse <= 5.5, "{rmse}");
}

#[test]
fn reviews_are_learned() {
    let data = samples::reviews();
    let trained = fit(&samples::reviews_linear(), &data.train, Some(&data.validation)).unwrap();
    let accuracy = right(&trained, &data.test);
    println!("reviews, linear: test accuracy {accuracy:.3}, best epoch {:?} of {}", trained.best_round, trained.rounds);
    assert!(accuracy >= 0.70, "{accuracy}");
}

/// y = 3·x₀ − 2·x₁ + 5 with columns of very different scale, and a constant one.
fn plane(rows: usize) -> Dataset {
    let mut rng = Rng::new(3);
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let (a, b) = (rng.unit() * 10.0, rng.unit() * 1000.0 + 5000.0);
        values.extend([a as f32, b as f32, 7.0]);
        labels.push((3.0 * a - 0.02 * b + 5.0) as f32);
    }
    Dataset { features: Matrix::Dense(Dense::new(rows, 3, values).unwrap()), labels }
}

#[test]
fn a_plane_is_found_in_the_units_of_the_data() {
    let data = plane(500);
    let settings = given(&[
        ("predictor_type", "regressor"),
        ("epochs", "200"),
        ("mini_batch_size", "50"),
        ("learning_rate", "0.05"),
        ("early_stopping_patience", "30"),
    ]);
    let trained = fit(&settings, &data, None).unwrap();
    let Model::Linear(model) = &trained.model else { panic!("linear") };
    assert!((model.weights()[0] - 3.0).abs() < 0.02 && (model.weights()[1] + 0.02).abs() < 1e-3, "{model:?}");
    assert_eq!(model.weights()[2], 0.0, "a column that never varies has no say");
    assert!(rmse(&trained, &data) < 0.3);
}

#[test]
fn defaults_learn_something_of_small_data() {
    let data = samples::boston();
    let trained = fit(&given(&[("predictor_type", "regressor")]), &data.train, Some(&data.validation)).unwrap();
    assert!(rmse(&trained, &data.test) < 8.0, "{}", rmse(&trained, &data.test));
    assert!(trained.notes.iter().any(|note| note.contains("mini_batch_size 1000 is more than the 271 rows")));
}

#[test]
fn sparse_and_dense_rows_give_the_same_model_without_centring() {
    let data = samples::boston();
    let mut settings = samples::boston_linear();
    settings.insert("unbias_data".to_owned(), "false".to_owned());
    let sparse =
        Dataset { features: Matrix::Sparse(to_sparse(&data.train.features)), labels: data.train.labels.clone() };
    let (a, b) = (fit(&settings, &data.train, None).unwrap(), fit(&settings, &sparse, None).unwrap());
    let (mut x, mut y) = (Vec::new(), Vec::new());
    a.model.predict(&data.test.features, &mut x);
    b.model.predict(&data.test.features, &mut y);
    assert!(x.iter().zip(&y).all(|(x, y)| (x - y).abs() < 1e-3));
    settings.insert("unbias_data".to_owned(), "true".to_owned());
    assert!(fit(&settings, &sparse, None).unwrap_err().to_string().contains("unbias_data"));
}

#[test]
fn every_loss_and_optimiser_learns() {
    let data = samples::boston();
    for loss in [
        "squared_loss",
        "absolute_loss",
        "eps_insensitive_squared_loss",
        "eps_insensitive_absolute_loss",
        "quantile_loss",
        "huber_loss",
    ] {
        let mut settings = samples::boston_linear();
        settings.insert("loss".to_owned(), loss.to_owned());
        let trained = fit(&settings, &data.train, Some(&data.validation)).unwrap();
        assert!(rmse(&trained, &data.test) < 7.0, "{loss} {}", rmse(&trained, &data.test));
    }
    for (optimiser, rate) in [("adam", "0.02"), ("sgd", "0.01"), ("rmsprop", "0.01")] {
        let mut settings = samples::boston_linear();
        settings.extend(given(&[("optimizer", optimiser), ("learning_rate", rate), ("bias_lr_mult", "1")]));
        let trained = fit(&settings, &data.train, Some(&data.validation)).unwrap();
        assert!(rmse(&trained, &data.test) < 6.0, "{optimiser} {}", rmse(&trained, &data.test));
    }
    let mut classes = data.clone();
    for part in [&mut classes.train, &mut classes.validation, &mut classes.test] {
        part.labels.iter_mut().for_each(|y| *y = f32::from(u8::from(*y > 21.0)));
    }
    for loss in ["logistic", "hinge_loss"] {
        let settings = given(&[
            ("predictor_type", "binary_classifier"),
            ("loss", loss),
            ("epochs", "60"),
            ("mini_batch_size", "32"),
            ("positive_example_weight_mult", "balanced"),
        ]);
        let trained = fit(&settings, &classes.train, Some(&classes.validation)).unwrap();
        assert!(right(&trained, &classes.test) > 0.8, "{loss} {}", right(&trained, &classes.test));
    }
}

/// Three clouds of points at the corners of a triangle; of the first class ten times fewer than of the others where `rare`.
fn clouds(seed: u64, rows: usize, rare: bool) -> Dataset {
    let mut rng = Rng::new(seed);
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for row in 0..rows {
        let class = if rare && row % 30 != 0 { 1 + row % 2 } else { row % 3 };
        let (x, y) = [(0.0, 0.0), (300.0, 0.0), (150.0, 0.4)][class];
        values.extend([(x + 120.0 * (rng.unit() - 0.5)) as f32, (y + 0.3 * (rng.unit() - 0.5)) as f32]);
        labels.push(class as f32);
    }
    Dataset { features: Matrix::Dense(Dense::new(rows, 2, values).unwrap()), labels }
}

/// Share of right answers among the rows of one class, or of all.
fn right_of(trained: &Trained, data: &Dataset, class: Option<u32>) -> f64 {
    let mut out = Vec::new();
    trained.model.predict(&data.features, &mut out);
    let asked = out.chunks(trained.model.outputs_per_row()).zip(&data.labels);
    let asked: Vec<_> = asked.filter(|(_, label)| class.is_none_or(|class| **label as u32 == class)).collect();
    let hits = asked.iter().filter(|(row, y)| trained.model.predicted_label(row) == Some(**y as u32)).count();
    hits as f64 / asked.len() as f64
}

#[test]
fn several_classes_are_learned_dense_and_sparse() {
    let (data, test) = (clouds(1, 600, false), clouds(2, 300, false));
    let settings = given(&[
        ("predictor_type", "multiclass_classifier"),
        ("num_classes", "3"),
        ("epochs", "60"),
        ("mini_batch_size", "32"),
    ]);
    let trained = fit(&settings, &data, Some(&test)).unwrap();
    assert!(right_of(&trained, &test, None) > 0.97, "{}", right_of(&trained, &test, None));
    let Model::Linear(model) = &trained.model else { panic!("linear") };
    assert_eq!((model.features(), model.outputs_per_row(), model.weights().len()), (2, 3, 6));
    assert!(trained.notes.is_empty(), "no threshold is spoken of: {:?}", trained.notes);

    let sparse =
        |data: &Dataset| Dataset { features: Matrix::Sparse(to_sparse(&data.features)), labels: data.labels.clone() };
    let again = fit(&settings, &sparse(&data), Some(&sparse(&test))).unwrap();
    assert!(right_of(&again, &sparse(&test), None) > 0.97);
}

#[test]
fn classes_that_are_rare_can_count_as_much() {
    let (data, test) = (clouds(3, 900, true), clouds(4, 300, false));
    let mut settings = given(&[
        ("predictor_type", "multiclass_classifier"),
        ("num_classes", "3"),
        ("epochs", "8"),
        ("mini_batch_size", "90"),
        ("learning_rate", "0.02"),
        ("bias_lr_mult", "1"),
    ]);
    let plain = right_of(&fit(&settings, &data, None).unwrap(), &test, Some(0));
    settings.insert("balance_multiclass_weights".to_owned(), "true".to_owned());
    let balanced = right_of(&fit(&settings, &data, None).unwrap(), &test, Some(0));
    assert!(balanced > plain + 0.1, "{balanced} against {plain}");
}

#[test]
fn labels_beyond_the_classes_are_named() {
    let mut data = clouds(1, 30, false);
    data.labels[5] = 3.0;
    let three = given(&[("predictor_type", "multiclass_classifier"), ("num_classes", "3")]);
    let why = fit(&three, &data, None).unwrap_err().to_string();
    assert!(why.contains("row 6 in the train channel is 3") && why.contains("0, 1, … 2"), "{why}");
}

#[test]
fn l1_leaves_columns_out() {
    let data = samples::reviews();
    let mut settings = samples::reviews_linear();
    let zeros = |trained: &Trained| {
        let Model::Linear(model) = &trained.model else { panic!("linear") };
        model.weights().iter().filter(|weight| **weight == 0.0).count()
    };
    let without = zeros(&fit(&settings, &data.train, Some(&data.validation)).unwrap());
    settings.insert("l1".to_owned(), "0.001".to_owned());
    let with = zeros(&fit(&settings, &data.train, Some(&data.validation)).unwrap());
    assert!(with > without + 500, "{with} against {without}");
}

#[test]
fn every_epoch_reports_and_a_stop_keeps_what_was_learned() {
    let data = samples::boston();
    let mut names = Vec::new();
    let mut hook = |round: &Round<'_>| {
        names = round.metrics.iter().map(|(name, _)| name.clone()).collect();
        if round.round == 2 { Continue::Stop } else { Continue::Yes }
    };
    let trained = crate::ml::train(
        Algorithm::LinearLearner,
        &samples::boston_linear(),
        &data.train,
        Some(&data.validation),
        ChannelFormat::Csv,
        7,
        &mut hook,
    )
    .unwrap();
    assert!(trained.stopped && trained.rounds == 2);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "train:objective_loss",
            "train:rmse",
            "train:mae",
            "validation:objective_loss",
            "validation:rmse",
            "validation:mae"
        ]
    );
}

#[test]
fn data_that_does_not_fit_is_named() {
    let data = samples::boston();
    let say = |settings: &[(&str, &str)], data: &Dataset| fit(&given(settings), data, None).unwrap_err().to_string();
    assert!(say(&[("predictor_type", "binary_classifier")], &data.train).contains("row 1 in the train channel"));
    assert!(say(&[("predictor_type", "regressor"), ("feature_dim", "12")], &data.train).contains("feature_dim is 12"));
    let mut holes = data.train.clone();
    if let Matrix::Dense(dense) = &mut holes.features {
        dense.values[15] = f32::NAN;
    }
    assert!(
        say(&[("predictor_type", "regressor")], &holes).contains("feature 3 of row 2 in the train channel is missing")
    );
    assert!(
        say(&[("predictor_type", "regressor"), ("learning_rate", "1e300"), ("optimizer", "sgd")], &data.train)
            .contains("learning_rate")
    );
}
