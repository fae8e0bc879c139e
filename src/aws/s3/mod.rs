//! S3.

use std::sync::Arc;

use super::Wire;
use super::answer::Response;
use super::call::Call;
use super::errors::WireError;

/// Answers one request.
///
/// # Errors
/// What the client sees when it is refused.
#[allow(clippy::unused_async, reason = "a stub")]
pub async fn answer(_wire: &Arc<Wire>, call: Call) -> Result<Response, WireError> {
    Err(WireError::not_here("S3", call.parts.uri.path()))
}
