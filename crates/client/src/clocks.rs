//! A moment by two clocks: one that nobody can set, and the date, which also passes while the machine sleeps or is
//! off. What must not be cheated by a changed date asks both.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// A moment by both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clocks {
    pub(crate) steady: Instant,
    pub(crate) date: SystemTime,
}

impl Clocks {
    pub(crate) fn now() -> Self {
        Self { steady: Instant::now(), date: SystemTime::now() }
    }

    /// Tells whether `limit` has passed between this moment and `now` by either clock.
    pub(crate) fn passed(&self, now: &Self, limit: Duration) -> bool {
        let steady = now.steady.saturating_duration_since(self.steady);
        let date = now.date.duration_since(self.date).unwrap_or_default();
        steady.max(date) >= limit
    }

    /// Returns the date in Unix seconds.
    pub(crate) fn unix(&self) -> u64 {
        self.date.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }
}
