//! Alarms on the wire: made, changed, described, tagged, deleted.

pub(super) mod change;
pub(super) mod describe;
pub(super) mod put;
pub(super) mod tags;

use std::time::Duration;

use hyper::StatusCode;

use super::super::Wire;
use super::super::errors::WireError;
use super::invalid;
use crate::workspace::{AlarmCommand, AlarmError, Command, CommandError};

/// How long a change may take until it is on disk.
const PATIENCE: Duration = Duration::from_secs(30);

/// Hands in a command; a refusal in CloudWatch's words. Blocks until the change is on disk.
fn ask(wire: &Wire, command: AlarmCommand) -> Result<(), WireError> {
    let answer = wire.workspace.submit(Command::Alarm(command)).wait(PATIENCE);
    answer.and_then(Result::ok).unwrap_or(Err(CommandError::Closing)).map(drop).map_err(|error| refused(&error))
}

fn refused(error: &CommandError) -> WireError {
    match error {
        CommandError::Alarm(AlarmError::Missing(_)) => {
            WireError::new(StatusCode::NOT_FOUND, "ResourceNotFound", error.to_string())
        }
        CommandError::Alarm(AlarmError::TooMany(_)) => {
            WireError::new(StatusCode::BAD_REQUEST, "LimitExceeded", error.to_string())
        }
        CommandError::Invalid(_) => invalid(error.to_string()),
        _ => WireError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceError", error.to_string()),
    }
}
