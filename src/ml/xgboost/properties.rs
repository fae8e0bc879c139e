//! Properties: our walk against hessboost's own, one file format against the other, one row format against the other.

use std::sync::OnceLock;

use ::hessboost::config::TrainingParams;
use ::hessboost::data::DMatrix;
use ::hessboost::model::{BoostedModel, Iterations, ModelFormat};
use ::hessboost::training::train;
use proptest::prelude::*;
use serde_json::json;

use super::read_model;
use crate::domain::training_job::ChannelFormat;
use crate::ml::read::{read_csv, read_libsvm};
use crate::ml::{Csr, Dataset, Dense, Matrix};
use crate::util::seed::Rng;

const COLS: usize = 6;

/// A whole file to cut and to scratch.
static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();

/// A forest on random rows of coarse values, so that thresholds are hit exactly, with cells missing.
fn grow(seed: u64, objective: &str, depth: u32, rounds: usize) -> BoostedModel {
    let mut rng = Rng::new(seed);
    let rows = 150;
    let values: Vec<f32> =
        (0..rows * COLS).map(|_| if rng.below(7) == 0 { f32::NAN } else { rng.below(9) as f32 - 4.0 }).collect();
    let labels: Vec<f32> = (0..rows).map(|_| rng.below(2) as f32).collect();
    let data = DMatrix::from_dense(&values, rows, COLS).unwrap().with_labels(&labels).unwrap();
    let mut settings = vec![
        ("objective", json!(objective)),
        ("max_depth", json!(depth)),
        ("min_child_weight", json!(0.0)),
        ("base_score", json!(0.3)),
        ("seed", json!(seed)),
    ];
    if objective.starts_with("multi:") {
        settings.push(("num_class", json!(2)));
    }
    train(&TrainingParams::from_xgboost(settings).unwrap(), &data, rounds).unwrap()
}

fn cell() -> impl Strategy<Value = f32> {
    prop_oneof![1 => Just(f32::NAN), 1 => Just(0.0_f32), 4 => (-10_i8..10).prop_map(|x| f32::from(x) / 2.0), 1 => any::<f32>().prop_filter("finite", |x| x.is_finite())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn our_walk_is_hessboosts(
        seed in any::<u64>(),
        objective in prop::sample::select(vec!["reg:squarederror", "binary:logistic", "multi:softprob"]),
        depth in 1_u32..9,
        rounds in 1_usize..20,
        rows in prop::collection::vec(prop::collection::vec(cell(), COLS), 1..40),
    ) {
        let theirs = grow(seed, objective, depth, rounds);
        let ours = read_model(&theirs.encode(ModelFormat::XgboostJson).unwrap()).unwrap();
        prop_assert_eq!(&ours, &read_model(&theirs.encode(ModelFormat::XgboostUbjson).unwrap()).unwrap());
        let values = rows.concat();
        let data = DMatrix::from_dense(&values, rows.len(), COLS).unwrap();
        let expected = theirs.predict(&data, Iterations::Best).unwrap().into_vec();
        let (mut batch, mut single, mut one) = (Vec::new(), Vec::new(), Vec::new());
        ours.predict(&Matrix::Dense(Dense::new(rows.len(), COLS, values).unwrap()), &mut batch);
        for row in &rows {
            ours.predict_row(row, &mut one);
            single.extend_from_slice(&one);
        }
        prop_assert_eq!(&batch, &single);
        for (a, b) in batch.iter().zip(&expected) {
            prop_assert!((a - b).abs() <= 2e-6 * b.abs().max(1.0), "{} here, {} there", a, b);
        }
    }

    #[test]
    fn a_row_gives_the_same_answer_in_csv_and_in_libsvm(
        seed in 0_u64..4,
        rows in prop::collection::vec(prop::collection::vec((-10_i8..10).prop_map(|x| f32::from(x) / 4.0), COLS), 1..20),
        on_csv in any::<bool>(),
    ) {
        let format = if on_csv { ChannelFormat::Csv } else { ChannelFormat::Libsvm };
        let forest = grow(seed, "reg:squarederror", 4, 5);
        let model = read_model(&forest.encode(ModelFormat::XgboostJson).unwrap()).unwrap().with_trained_on(Some(format));
        let csv: String = rows.iter().map(|row| row.iter().map(f32::to_string).collect::<Vec<_>>().join(",") + "\n").collect();
        let libsvm = rows.iter().map(|row| {
            let cells: Vec<String> =
                row.iter().enumerate().filter(|(_, x)| **x != 0.0).map(|(i, x)| format!("{i}:{x}")).collect();
            format!("0 {}\n", cells.join(" "))
        });
        let libsvm: String = libsvm.collect();
        let dense = read_csv("rows", csv.as_bytes(), false).unwrap();
        let sparse = read_libsvm("rows", libsvm.as_bytes(), false).unwrap();
        let (mut a, mut b) = (Vec::new(), Vec::new());
        model.predict(&dense.features, &mut a);
        model.predict(&sparse.features, &mut b);
        prop_assert_eq!(a, b);
    }

    #[test]
    fn what_is_written_is_read_again(cells in prop::collection::vec(prop::collection::vec(cell(), COLS), 1..20)) {
        let labels: Vec<f32> = (0..cells.len()).map(|at| at as f32 / 3.0).collect();
        let dense = Dataset { features: Matrix::Dense(Dense::new(cells.len(), COLS, cells.concat()).unwrap()), labels: labels.clone() };
        let read = read_csv("x", crate::ml::text::write_csv(&dense).as_bytes(), true).unwrap();
        prop_assert_eq!(&read.labels, &labels);
        let bits = |matrix: &Matrix| match matrix {
            Matrix::Dense(dense) => dense.values.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            Matrix::Sparse(_) => Vec::new(),
        };
        prop_assert_eq!(bits(&read.features), bits(&dense.features));
        let mut csr = Csr::new(COLS);
        for row in &cells {
            let there: Vec<(u32, f32)> =
                row.iter().enumerate().filter(|(_, x)| !x.is_nan()).map(|(i, x)| (i as u32, *x)).collect();
            csr.push_row(&there);
        }
        let sparse = Dataset { features: Matrix::Sparse(csr), labels };
        let Matrix::Sparse(again) = read_libsvm("x", crate::ml::text::write_libsvm(&sparse).as_bytes(), true).unwrap().features else {
            panic!("sparse")
        };
        let Matrix::Sparse(csr) = &sparse.features else { panic!("sparse") };
        prop_assert_eq!((&again.indptr, &again.indices, &again.values), (&csr.indptr, &csr.indices, &csr.values));
    }

    #[test]
    fn no_bytes_make_the_reader_fall(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..4000) {
        let _ = read_model(&bytes);
        let mut whole =
            WHOLE.get_or_init(|| grow(1, "reg:squarederror", 2, 2).encode(ModelFormat::XgboostUbjson).unwrap()).clone();
        whole.truncate(cut);
        for (at, byte) in bytes.iter().enumerate() {
            if let Some(slot) = whole.get_mut(at * 17) {
                *slot = *byte;
            }
        }
        let _ = read_model(&whole);
    }
}
