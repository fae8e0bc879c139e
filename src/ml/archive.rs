//! `model.tar.gz`: written for whoever reads SageMaker artefacts, read with care.
//!
//! What is inside:
//! - `xgboost-model`: XGBoost's UBJSON, loads in Python with `xgboost.Booster(model_file="xgboost-model")`; or
//! - `linear-learner.json`: the linear learner's own file (see `ml::linear_learner`);
//! - `counterpoise.json`: what the model file cannot say, above all how the training rows were written. An archive without it is fine.
//!
//! Imported archives may also hold the XGBoost model as JSON or UBJSON under another name that ends in `.json`, `.ubj` or `.model`.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Component, Path};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::linear_learner::LinearModel;
use super::xgboost::read_model;
use super::{Model, Trained};
use crate::domain::algorithm::Algorithm;
use crate::domain::training_job::ChannelFormat;

const XGBOOST_FILE: &str = "xgboost-model";
const LINEAR_FILE: &str = "linear-learner.json";
const SIDECAR: &str = "counterpoise.json";

/// Most bytes of a model file, unpacked. A packed file cannot make us take more memory than this.
pub const MAX_MODEL_BYTES: u64 = 512 << 20;
/// Most bytes that an archive may unpack to, everything together.
const MAX_TOTAL_BYTES: u64 = 2 << 30;
/// Most members of an archive.
const MAX_MEMBERS: usize = 10_000;
/// Most bytes of the sidecar.
const MAX_SIDECAR_BYTES: u64 = 1 << 20;

/// Why an archive gives no model. The words name the file and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The file cannot be opened or read.
    #[error("{file} cannot be read: {what}")]
    Unreadable {
        /// Path.
        file: String,
        /// The system's words.
        what: String,
    },
    /// It is no gzipped tar, or one that lies about itself.
    #[error("{file} is not a usable model archive: {what}")]
    Corrupt {
        /// Path.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// It is one, but holds no model of this algorithm.
    #[error("{file} holds no model that {algorithm} can serve: {what}")]
    NoModel {
        /// Path.
        file: String,
        /// The algorithm of the image.
        algorithm: Algorithm,
        /// What was found instead.
        what: String,
    },
}

/// `counterpoise.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Sidecar {
    /// 1.
    version: u32,
    /// SageMaker's name of the algorithm.
    algorithm: String,
    /// `text/csv` or `text/libsvm`.
    trained_on: String,
    /// Columns of a row.
    features: usize,
    /// Rounds or epochs run.
    rounds: u32,
    /// The round that the model holds, where early stopping watched a metric.
    best_round: Option<u32>,
    /// The metric that it watched.
    best_metric: Option<String>,
}

/// Writes `model.tar.gz`: the model in its own file and the `counterpoise.json` sidecar. The same model gives the same bytes.
///
/// # Errors
/// Those of the writer.
pub fn write_archive(trained: &Trained, to: impl Write) -> io::Result<()> {
    let sidecar = Sidecar {
        version: 1,
        algorithm: trained.model.algorithm().as_str().to_owned(),
        trained_on: trained.format.content_type().to_owned(),
        features: trained.model.features(),
        rounds: trained.rounds,
        best_round: trained.best_round,
        best_metric: trained.best_metric.clone(),
    };
    let name = match trained.model {
        Model::XGBoost(_) => XGBOOST_FILE,
        Model::Linear(_) => LINEAR_FILE,
    };
    let packed = GzEncoder::new(BufWriter::new(to), flate2::Compression::default());
    let mut tar = tar::Builder::new(packed);
    for (name, bytes) in [(name, trained.file.as_slice()), (SIDECAR, &serde_json::to_vec_pretty(&sidecar)?)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        tar.append_data(&mut header, name, bytes)?;
    }
    tar.into_inner()?.finish()?.flush()
}

/// Reads a model for serving: a gzipped tar, a plain tar, or a bare model file.
///
/// Members with an absolute path or `..` make the whole archive unusable; links and devices are passed over; sizes are limited, so that a
/// small file cannot fill the memory.
///
/// # Errors
/// See [`ArchiveError`].
pub fn read_archive(algorithm: Algorithm, path: &Path) -> Result<Model, ArchiveError> {
    let file = path.display().to_string();
    let unreadable = |error: io::Error| ArchiveError::Unreadable { file: file.clone(), what: error.to_string() };
    let corrupt = |what: String| ArchiveError::Corrupt { file: file.clone(), what };
    let mut head = [0_u8; 2];
    let got = File::open(path).and_then(|mut opened| read_up_to(&mut opened, &mut head)).map_err(unreadable)?;
    let opened = BufReader::new(File::open(path).map_err(unreadable)?);
    match &head[..got] {
        [] => Err(corrupt("it is empty".to_owned())),
        [0x1f, 0x8b] => read_tar(algorithm, MultiGzDecoder::new(opened), &file),
        // No tar begins with a brace: its first bytes are the name of a member.
        [b'{', _] => {
            let mut bytes = Vec::new();
            opened.take(MAX_MODEL_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
            decode(algorithm, &bytes).map_err(corrupt)
        }
        _ => read_tar(algorithm, opened, &file),
    }
}

fn read_up_to(from: &mut File, into: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < into.len() {
        match from.read(&mut into[got..])? {
            0 => break,
            more => got += more,
        }
    }
    Ok(got)
}

fn read_tar(algorithm: Algorithm, from: impl Read, file: &str) -> Result<Model, ArchiveError> {
    let corrupt = |what: String| ArchiveError::Corrupt { file: file.to_owned(), what };
    let broken = |error: io::Error| corrupt(format!("it is damaged ({error})"));
    let mut tar = tar::Archive::new(from.take(MAX_TOTAL_BYTES));
    let mut best: Option<(u8, String, Vec<u8>)> = None;
    let mut sidecar: Option<Sidecar> = None;
    let mut names = Vec::new();
    for (count, member) in tar.entries().map_err(broken)?.enumerate() {
        let mut member = member.map_err(broken)?;
        if count >= MAX_MEMBERS {
            return Err(corrupt(format!("it holds more than {MAX_MEMBERS} files")));
        }
        let path = member.path().map_err(broken)?.into_owned();
        if path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(corrupt(format!("its member {} points outside of it", path.display())));
        }
        if !member.header().entry_type().is_file() {
            continue;
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let rank = rank(algorithm, &name);
        let wanted = rank > 0 && best.as_ref().is_none_or(|(known, _, _)| rank > *known);
        if !wanted && name != SIDECAR {
            names.push(name);
            continue;
        }
        let most = if name == SIDECAR { MAX_SIDECAR_BYTES } else { MAX_MODEL_BYTES };
        if member.size() > most {
            return Err(corrupt(format!("its {name} is larger than the {most} bytes that are read")));
        }
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).map_err(broken)?;
        if name == SIDECAR {
            sidecar = Some(serde_json::from_slice(&bytes).map_err(|error| corrupt(format!("its {SIDECAR}: {error}")))?);
        } else {
            best = Some((rank, name, bytes));
        }
    }
    let Some((_, name, bytes)) = best else {
        names.truncate(5);
        let expected = match algorithm {
            Algorithm::XGBoost => XGBOOST_FILE,
            Algorithm::LinearLearner => LINEAR_FILE,
        };
        let found = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        let what = format!("it should hold {expected}, but holds {found}");
        return Err(ArchiveError::NoModel { file: file.to_owned(), algorithm, what });
    };
    let model = decode(algorithm, &bytes).map_err(|what| corrupt(format!("{name}: {what}")))?;
    let trained_on = match sidecar {
        Some(sidecar) if sidecar.algorithm == algorithm.as_str() => {
            ChannelFormat::from_content_type(&sidecar.trained_on)
        }
        _ => None,
    };
    Ok(match model {
        Model::XGBoost(trees) => Model::XGBoost(trees.with_trained_on(trained_on)),
        Model::Linear(linear) => Model::Linear(linear.with_trained_on(trained_on)),
    })
}

/// How likely a member is the model, 0 for never.
fn rank(algorithm: Algorithm, name: &str) -> u8 {
    let ends = |ending: &str| Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(ending));
    match algorithm {
        Algorithm::LinearLearner => u8::from(name == LINEAR_FILE),
        Algorithm::XGBoost if name == XGBOOST_FILE => 3,
        Algorithm::XGBoost if name == LINEAR_FILE || name == SIDECAR => 0,
        Algorithm::XGBoost if name.starts_with(XGBOOST_FILE) => 2,
        Algorithm::XGBoost => u8::from(ends("json") || ends("ubj") || ends("model")),
    }
}

fn decode(algorithm: Algorithm, bytes: &[u8]) -> Result<Model, String> {
    match algorithm {
        Algorithm::XGBoost => read_model(bytes).map(Model::XGBoost),
        Algorithm::LinearLearner => LinearModel::from_file(bytes).map(Model::Linear),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ml::{Continue, Matrix, samples};

    fn trained(algorithm: Algorithm) -> (Trained, Matrix) {
        let data = samples::boston();
        let settings = match algorithm {
            Algorithm::XGBoost => samples::boston_xgboost(),
            Algorithm::LinearLearner => samples::boston_linear(),
        };
        let trained = crate::ml::train(
            algorithm,
            &settings,
            &data.train,
            Some(&data.validation),
            ChannelFormat::Csv,
            7,
            &mut |_| Continue::Yes,
        )
        .unwrap();
        (trained, data.test.features)
    }

    fn write(folder: &tempfile::TempDir, bytes: &[u8]) -> std::path::PathBuf {
        let path = folder.path().join("model.tar.gz");
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn pack(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        for (name, bytes) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            // Straight into the header: the builder would refuse a path with `..`.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            tar.append(&header, *bytes).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn what_is_written_answers_the_same_when_read() {
        let folder = tempfile::tempdir().unwrap();
        for algorithm in Algorithm::ALL {
            let (trained, rows) = trained(algorithm);
            let mut bytes = Vec::new();
            write_archive(&trained, &mut bytes).unwrap();
            let model = read_archive(algorithm, &write(&folder, &bytes)).unwrap();
            assert_eq!(model.trained_on(), Some(ChannelFormat::Csv));
            let (mut a, mut b) = (Vec::new(), Vec::new());
            trained.model.predict(&rows, &mut a);
            model.predict(&rows, &mut b);
            assert_eq!(a, b);
            let other = if algorithm == Algorithm::XGBoost { Algorithm::LinearLearner } else { Algorithm::XGBoost };
            let error = read_archive(other, &write(&folder, &bytes)).unwrap_err();
            assert!(matches!(error, ArchiveError::NoModel { .. }), "{error}");
        }
    }

    #[test]
    fn imported_archives_need_no_sidecar() {
        let folder = tempfile::tempdir().unwrap();
        let fixture = include_bytes!("../../tests/fixtures/voice2gender_xgb.json");
        for bytes in [
            pack(&[("./xgboost-model", fixture)]),
            pack(&[("notes.txt", b"hello"), ("model/booster.json", fixture)]),
            fixture.to_vec(),
        ] {
            let model = read_archive(Algorithm::XGBoost, &write(&folder, &bytes)).unwrap();
            let mut out = Vec::new();
            model.predict_row(&[0.0; 20], &mut out);
            assert!((out[0] - 0.129_966_26).abs() < 1e-7);
            assert_eq!(model.trained_on(), None);
        }
    }

    #[test]
    fn bad_archives_say_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let say = |bytes: &[u8]| read_archive(Algorithm::XGBoost, &write(&folder, bytes)).unwrap_err().to_string();
        assert!(say(b"").contains("empty"));
        assert!(say(b"not an archive at all").contains("damaged"));
        assert!(say(&pack(&[("readme", b"x")])).contains("should hold xgboost-model, but holds readme"));
        assert!(say(&pack(&[("../xgboost-model", b"x")])).contains("points outside"));
        assert!(say(&pack(&[("/xgboost-model", b"x")])).contains("points outside"));
        assert!(say(&pack(&[("xgboost-model", b"garbage")])).contains("xgboost-model: it is neither JSON nor UBJSON"));
        assert!(
            say(&pack(&[("xgboost-model", b"{\"a\":1}"), ("counterpoise.json", b"{")])).contains("counterpoise.json")
        );
        let mut half = pack(&[("xgboost-model", include_bytes!("../../tests/fixtures/voice2gender_xgb.json"))]);
        half.truncate(half.len() / 2);
        assert!(say(&half).contains("damaged"));
        let missing = read_archive(Algorithm::XGBoost, &folder.path().join("none")).unwrap_err();
        assert!(matches!(missing, ArchiveError::Unreadable { .. }));
    }

    #[test]
    fn a_size_that_is_a_lie_is_refused_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_path("xgboost-model").unwrap();
        header.set_size(1 << 40);
        header.set_cksum();
        let error = read_archive(Algorithm::XGBoost, &write(&folder, header.as_bytes())).unwrap_err().to_string();
        assert!(error.contains("larger than"), "{error}");
    }
}
