//! Prediction, one row and 512, and reading CSV: nanoseconds a row on one thread, beside XGBoost's own C library where
//! `COUNTERPOISE_PYTHON` names a Python that has it.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints, and fails by panicking")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::training_job::ChannelFormat;
use counterpoise::ml::archive::write_archive;
use counterpoise::ml::read::{read_csv, read_libsvm};
use counterpoise::ml::{Continue, Dataset, Dense, Matrix, Row, Trained, samples, train};

const ROUNDS: usize = 200;
const BATCH: usize = 512;

/// Nanoseconds a unit: the fastest of many short rounds of `calls` calls that do `units` each, because whatever else runs only ever adds.
fn nanoseconds(calls: usize, units: usize, mut call: impl FnMut()) -> f64 {
    call();
    let mut fastest = f64::INFINITY;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..calls {
            call();
        }
        fastest = fastest.min(started.elapsed().as_secs_f64());
    }
    fastest * 1e9 / (calls * units) as f64
}

fn fit(algorithm: Algorithm, settings: &BTreeMap<String, String>, data: &Dataset, format: ChannelFormat) -> Trained {
    train(algorithm, settings, data, None, format, 1, &mut |_| Continue::Yes).unwrap()
}

/// Rows of the data, again and again until there are enough.
fn batch(data: &Dataset) -> Matrix {
    let rows: Vec<usize> = (0..BATCH).map(|row| row % data.rows()).collect();
    data.features.select_rows(&rows)
}

fn measure(trained: &Trained, rows: &Matrix) -> (f64, f64) {
    let mut out = Vec::new();
    let all = nanoseconds(2, BATCH, || trained.model.predict(black_box(rows), &mut out));
    let mut at = 0;
    let single = match rows {
        Matrix::Dense(dense) => nanoseconds(100, 1, || {
            at = (at + 1) % BATCH;
            trained.model.predict_row(black_box(dense.row(at)), &mut out);
        }),
        Matrix::Sparse(_) => {
            let ones: Vec<Matrix> = (0..BATCH).map(|row| rows.slice_rows(row..row + 1)).collect();
            nanoseconds(50, 1, || {
                at = (at + 1) % BATCH;
                trained.model.predict(black_box(&ones[at]), &mut out);
            })
        }
    };
    (single, all)
}

fn told(name: &str, single: f64, all: f64) {
    println!("{name:<46} one row {single:8.0} ns   512 rows {all:7.0} ns a row, {:9.0} rows/s", 1e9 / all);
}

/// What XGBoost's library takes for the same model and rows.
fn peer(trained: &Trained, rows: &Dense) -> Option<(f64, f64)> {
    let python = std::env::var_os("COUNTERPOISE_PYTHON")?;
    let folder = tempfile::tempdir().unwrap();
    let (archive, file) = (folder.path().join("model.tar.gz"), folder.path().join("rows.json"));
    write_archive(trained, std::fs::File::create(&archive).unwrap()).unwrap();
    let table: Vec<&[f32]> = (0..rows.rows).map(|row| rows.row(row)).collect();
    std::fs::write(&file, serde_json::to_vec(&table).unwrap()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/xgboost_peer.py");
    let output = Command::new(python).arg(script).arg(archive).arg(file).env("OMP_NUM_THREADS", "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    Some((told["single"].as_f64()?, told["batch"].as_f64()?))
}

fn main() {
    let boston = samples::boston();
    let reviews = samples::reviews();
    let rows = batch(&boston.train);
    for (rounds, depth) in [("100", "5"), ("300", "6")] {
        let mut settings = samples::boston_xgboost();
        settings.remove("early_stopping_rounds");
        settings.extend([("num_round", rounds), ("max_depth", depth)].map(|(a, b)| (a.to_owned(), b.to_owned())));
        let trained = fit(Algorithm::XGBoost, &settings, &boston.train, ChannelFormat::Csv);
        let (single, all) = measure(&trained, &rows);
        told(&format!("Boston, {rounds} trees of depth {depth}"), single, all);
        let Matrix::Dense(dense) = &rows else { continue };
        match peer(&trained, dense) {
            Some((one, many)) => {
                told("  XGBoost's C library", one, many);
                println!("  rows/s, ours to theirs: one row {:.1}, 512 rows {:.2}", one / single, many / all);
            }
            None => println!("  COUNTERPOISE_PYTHON is not set: no XGBoost to compare with"),
        }
        // One cell in twenty missing: the walk has to look at defaults.
        let mut holes = dense.clone();
        holes.values.iter_mut().step_by(20).for_each(|cell| *cell = f32::NAN);
        let (single, all) = measure(&trained, &Matrix::Dense(holes));
        told("  with missing cells", single, all);
    }
    let linear = fit(Algorithm::LinearLearner, &samples::boston_linear(), &boston.train, ChannelFormat::Csv);
    let (single, all) = measure(&linear, &rows);
    told("Boston, linear", single, all);
    let sparse = batch(&reviews.train);
    let mut settings = samples::reviews_xgboost();
    settings.remove("early_stopping_rounds");
    settings.insert("num_round".to_owned(), "200".to_owned());
    let trees = fit(Algorithm::XGBoost, &settings, &reviews.train, ChannelFormat::Libsvm);
    let (single, all) = measure(&trees, &sparse);
    told("reviews (5,000 columns, sparse), 200 trees", single, all);
    let linear = fit(Algorithm::LinearLearner, &samples::reviews_linear(), &reviews.train, ChannelFormat::Libsvm);
    let (single, all) = measure(&linear, &sparse);
    told("reviews (5,000 columns, sparse), linear", single, all);

    let text = boston.text(&boston.train).repeat(20);
    let per_byte = nanoseconds(1, text.len(), || {
        black_box(read_csv("bench", text.as_bytes(), true).unwrap());
    });
    println!("CSV, {:.1} MB{:>38.0} MB/s", text.len() as f64 / 1e6, 1e3 / per_byte);
    let text = reviews.text(&reviews.train).repeat(2);
    let per_byte = nanoseconds(1, text.len(), || {
        black_box(read_libsvm("bench", text.as_bytes(), true).unwrap());
    });
    println!("libsvm, {:.1} MB{:>35.0} MB/s", text.len() as f64 / 1e6, 1e3 / per_byte);
    let cells = (0..sparse.rows()).map(|row| match sparse.row(row) {
        Row::Dense(values) => values.len(),
        Row::Sparse(indices, _) => indices.len(),
    });
    println!("(reviews: {:.0} cells a row)", cells.sum::<usize>() as f64 / BATCH as f64);
}
