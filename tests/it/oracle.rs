//! XGBoost itself is the oracle: its files of every age answer here as they did there, and ours answer there as they do here.
//!
//! The fixtures need nothing. The live part needs `COUNTERPOISE_PYTHON`, a Python with xgboost, numpy and scipy (tests/run makes one), and
//! says so when it is left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use counterpoise::domain::algorithm::Algorithm;
use counterpoise::domain::training_job::ChannelFormat;
use counterpoise::ml::archive::{read_archive, write_archive};
use counterpoise::ml::{Continue, Dataset, Dense, Matrix, Model, samples, train};
use serde_json::Value;

/// Answers agree to this share (XGBoost prints and sums in f32).
const CLOSE: f32 = 1e-6;

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|cell| cell.as_f64().map_or(f32::NAN, |cell| cell as f32)).collect()
}

fn rows(value: &Value) -> Vec<Vec<f32>> {
    value.as_array().unwrap().iter().map(floats).collect()
}

fn assert_close(what: &str, ours: &[f32], theirs: &[f32]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (at, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= CLOSE * b.abs().max(1.0), "{what}, answer {at}: {a} here, {b} in XGBoost");
    }
}

/// The model's answers, row by row and all at once, which must be the same.
fn answers(model: &Model, rows: &[Vec<f32>]) -> Vec<f32> {
    let (mut batch, mut single, mut one) = (Vec::new(), Vec::new(), Vec::new());
    let dense = Dense::new(rows.len(), rows[0].len(), rows.concat()).unwrap();
    model.predict(&Matrix::Dense(dense), &mut batch);
    for row in rows {
        model.predict_row(row, &mut one);
        single.extend_from_slice(&one);
    }
    assert_eq!(batch, single, "single rows and the batch differ");
    batch
}

/// Compares every model file of a folder with the answers beside it; how many there were.
fn compare_folder(folder: &Path) -> usize {
    let told: Value = serde_json::from_slice(&std::fs::read(folder.join("answers.json")).unwrap()).unwrap();
    let rows = rows(&told["rows"]);
    let mut count = 0;
    for (name, theirs) in told["answers"].as_object().unwrap() {
        for ending in ["json", "ubj"] {
            let path = folder.join(format!("{name}.{ending}"));
            if !path.exists() {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let model = Model::XGBoost(
                counterpoise::ml::xgboost::read_model(&bytes)
                    .unwrap_or_else(|what| panic!("{}: {what}", path.display())),
            );
            assert_close(&path.display().to_string(), &answers(&model, &rows), &floats(theirs));
            count += 1;
        }
    }
    count
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/xgboost")
}

#[test]
fn files_of_every_age_answer_as_their_own_version_did() {
    let versions: Vec<PathBuf> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    assert!(versions.len() >= 4);
    for version in versions {
        assert!(compare_folder(&version) >= 10, "{}", version.display());
    }
}

/// The Python to ask; `None` with a printed note where there is none.
#[allow(clippy::print_stdout, reason = "a test that is left out must say so")]
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("COUNTERPOISE_PYTHON").map(PathBuf::from);
    if python.is_none() {
        println!("SKIPPED: COUNTERPOISE_PYTHON is not set, XGBoost itself is not asked");
    }
    python
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(name)
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn what_xgboost_trains_answers_the_same_here() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    run(Command::new(python).arg(script("train.py")).arg(folder.path()));
    assert_eq!(compare_folder(folder.path()), 26);
}

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn what_is_trained_here_answers_the_same_in_xgboost() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let boston = samples::boston();
    let relabel = |by: &dyn Fn(f32) -> f32| {
        let mut data = boston.train.clone();
        data.labels.iter_mut().for_each(|label| *label = by(*label));
        data
    };
    let two = relabel(&|y| f32::from(u8::from(y > 21.0)));
    let three = relabel(&|y| (y / 17.0).floor().min(2.0));
    let reviews = samples::reviews();
    let mut jobs: Vec<(&str, BTreeMap<String, String>, &Dataset, ChannelFormat)> = vec![
        ("sample", samples::boston_xgboost(), &boston.train, ChannelFormat::Csv),
        ("reviews", samples::reviews_xgboost(), &reviews.train, ChannelFormat::Libsvm),
    ];
    for objective in
        ["reg:linear", "reg:absoluteerror", "count:poisson", "reg:gamma", "reg:tweedie", "reg:pseudohubererror"]
    {
        jobs.push((
            objective,
            settings(&[("num_round", "20"), ("objective", objective)]),
            &boston.train,
            ChannelFormat::Csv,
        ));
    }
    for objective in ["binary:logistic", "binary:logitraw", "binary:hinge", "reg:logistic"] {
        jobs.push((objective, settings(&[("num_round", "20"), ("objective", objective)]), &two, ChannelFormat::Csv));
    }
    for objective in ["multi:softmax", "multi:softprob"] {
        let settings = settings(&[("num_round", "20"), ("objective", objective), ("num_class", "3")]);
        jobs.push((objective, settings, &three, ChannelFormat::Csv));
    }
    let dart = [("num_round", "20"), ("booster", "dart"), ("rate_drop", "0.3")];
    jobs.push(("dart", settings(&dart), &boston.train, ChannelFormat::Csv));
    let forest = [("num_round", "10"), ("num_parallel_tree", "3"), ("subsample", "0.6"), ("base_score", "20")];
    jobs.push(("forest", settings(&forest), &boston.train, ChannelFormat::Csv));
    let mut asked = Command::new(&python);
    asked.arg(script("predict.py"));
    let mut expected = Vec::new();
    for (at, (name, mut settings, data, format)) in jobs.into_iter().enumerate() {
        settings.remove("early_stopping_rounds");
        settings.insert("num_round".to_owned(), "20".to_owned());
        let trained = train(Algorithm::XGBoost, &settings, data, None, format, 3, &mut |_| Continue::Yes).unwrap();
        let archive = folder.path().join(format!("{at}.tar.gz"));
        write_archive(&trained, std::fs::File::create(&archive).unwrap()).unwrap();
        // Cells that are missing in a dense row, cells that a sparse row leaves out.
        let few = data.features.slice_rows(0..60);
        let (table, form): (Vec<Vec<Option<f32>>>, _) = match &few {
            Matrix::Dense(dense) => {
                let hole = |row: usize, cell: usize| (row + cell).is_multiple_of(7);
                let cells = |row: usize| {
                    dense.row(row).iter().enumerate().map(|(i, x)| (!hole(row, i)).then_some(*x)).collect()
                };
                ((0..dense.rows).map(cells).collect(), "dense")
            }
            Matrix::Sparse(csr) => {
                let cells = |row: usize| {
                    let mut cells = vec![None; csr.cols];
                    let (indices, values) = csr.row(row);
                    indices.iter().zip(values).for_each(|(index, value)| cells[*index as usize] = Some(*value));
                    cells
                };
                ((0..csr.rows()).map(cells).collect(), "sparse")
            }
        };
        let rows_file = folder.path().join(format!("{at}.json"));
        std::fs::write(&rows_file, serde_json::to_vec(&table).unwrap()).unwrap();
        asked.arg(&archive).arg(&rows_file).arg(form);
        let model = read_archive(Algorithm::XGBoost, &archive).unwrap();
        let filled: Vec<Vec<f32>> =
            table.iter().map(|row| row.iter().map(|cell| cell.unwrap_or(f32::NAN)).collect()).collect();
        let mut ours = answers(&model, &filled);
        if let Matrix::Sparse(_) = &few {
            // The sparse rows themselves, and the same rows written out with zeros.
            let mut sparse = Vec::new();
            model.predict(&few, &mut sparse);
            assert_eq!(ours, sparse);
            let zeros: Vec<Vec<f32>> =
                filled.iter().map(|row| row.iter().map(|x| if x.is_nan() { 0.0 } else { *x }).collect()).collect();
            ours = answers(&model, &zeros);
        }
        expected.push((name, ours));
    }
    let told: Value = serde_json::from_slice(&run(&mut asked)).unwrap();
    for ((name, ours), theirs) in expected.iter().zip(told["answers"].as_array().unwrap()) {
        assert_close(&format!("{name} in XGBoost {}", told["version"]), ours, &floats(theirs));
    }
    assert_eq!(told["answers"].as_array().unwrap().len(), expected.len());
}
