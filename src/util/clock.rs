//! Time that tests can hold still: wall time for records, monotonic time for durations.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A source of time, cheap to clone. All clones of a paused clock show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Inner);

#[derive(Clone, Debug)]
enum Inner {
    System { started: Instant },
    Paused { wall_ms: Arc<AtomicI64>, started_ms: i64 },
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Inner::System { started: Instant::now() })
    }

    /// A clock that stands at `wall_ms` (milliseconds since the Unix epoch) until [`Clock::advance`].
    pub fn paused(wall_ms: i64) -> Self {
        Self(Inner::Paused { wall_ms: Arc::new(AtomicI64::new(wall_ms)), started_ms: wall_ms })
    }

    /// Wall time, milliseconds since the Unix epoch.
    pub fn wall_ms(&self) -> i64 {
        match &self.0 {
            Inner::System { .. } => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
            Inner::Paused { wall_ms, .. } => wall_ms.load(Ordering::Acquire),
        }
    }

    /// Time since this clock was made; never goes backwards on a system clock.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Inner::System { started } => started.elapsed(),
            Inner::Paused { wall_ms, started_ms } => {
                let passed = wall_ms.load(Ordering::Acquire) - started_ms;
                Duration::from_millis(u64::try_from(passed).unwrap_or(0))
            }
        }
    }

    /// Moves a paused clock forward; a system clock takes no orders and ignores it.
    pub fn advance(&self, by: Duration) {
        if let Inner::Paused { wall_ms, .. } = &self.0 {
            wall_ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paused_clock_moves_only_when_told() {
        let clock = Clock::paused(1_000);
        let other = clock.clone();
        assert_eq!(clock.wall_ms(), 1_000);
        other.advance(Duration::from_millis(250));
        assert_eq!(clock.wall_ms(), 1_250);
        assert_eq!(clock.elapsed(), Duration::from_millis(250));
    }
}
