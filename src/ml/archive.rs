//! `model.tar.gz`: written for whoever reads SageMaker artefacts, read with care.

use std::io::{self, Write};
use std::path::Path;

use super::{Model, Trained};
use crate::domain::algorithm::Algorithm;

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

/// Writes `model.tar.gz`: the model in its own file and the `counterpoise.json` sidecar.
///
/// # Errors
/// Those of the writer.
pub fn write_archive(trained: &Trained, to: impl Write) -> io::Result<()> {
    let _ = (trained, to);
    Err(io::Error::new(io::ErrorKind::Unsupported, "archives are not written yet"))
}

/// Reads a model for serving.
///
/// # Errors
/// See [`ArchiveError`].
pub fn read_archive(algorithm: Algorithm, path: &Path) -> Result<Model, ArchiveError> {
    Err(ArchiveError::NoModel {
        file: path.display().to_string(),
        algorithm,
        what: "archives are not read yet".to_owned(),
    })
}
