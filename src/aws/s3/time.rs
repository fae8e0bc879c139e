//! Times as records keep them and as the wire writes them.

use std::time::{Duration, UNIX_EPOCH};

use s3s::dto::{Timestamp, TimestampFormat};

use crate::domain::time::Timestamp as Ms;

/// With its milliseconds, for XML.
pub fn to_wire(at: Ms) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0)))
}

/// Without its milliseconds, as headers write it.
pub fn to_wire_seconds(at: Ms) -> Timestamp {
    to_wire(Ms(at.0 - at.0.rem_euclid(1000)))
}

/// As records keep it; `None` before 1970.
pub fn from_wire(at: &Timestamp) -> Option<Ms> {
    let mut text = Vec::new();
    at.format(TimestampFormat::EpochSeconds, &mut text).ok()?;
    let seconds: f64 = std::str::from_utf8(&text).ok()?.parse().ok()?;
    (seconds >= 0.0).then(|| Ms((seconds * 1000.0).round() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_there_and_back() {
        for ms in [0, 1, 999, 1_764_000_000_123] {
            assert_eq!(from_wire(&to_wire(Ms(ms))), Some(Ms(ms)));
            assert_eq!(from_wire(&to_wire_seconds(Ms(ms))), Some(Ms(ms / 1000 * 1000)));
        }
    }
}
