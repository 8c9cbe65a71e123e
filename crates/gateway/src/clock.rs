//! What time it is, for expiry.
//!
//! The system's wall clock is read once, when the gateway starts; from there time runs with the monotonic
//! clock. A step of the wall clock neither brings an expired code back nor ends every ticket at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A source of Unix seconds.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System { at_start: u64, start: Instant },
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        let at_start = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self(Source::System { at_start, start: Instant::now() })
    }

    /// A clock that stands still until it is [`set`](Self::set), for tests.
    #[must_use]
    pub fn manual(unix_seconds: u64) -> Self {
        Self(Source::Manual(Arc::new(AtomicU64::new(unix_seconds))))
    }

    /// Sets a manual clock, and every clone of it. Does nothing to the system's clock.
    pub fn set(&self, unix_seconds: u64) {
        if let Source::Manual(now) = &self.0 {
            now.store(unix_seconds, Ordering::Relaxed);
        }
    }

    /// Returns the time in Unix seconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        match &self.0 {
            Source::System { at_start, start } => at_start + start.elapsed().as_secs(),
            Source::Manual(now) => now.load(Ordering::Relaxed),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}
