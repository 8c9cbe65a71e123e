//! Waiting between attempts to connect: exponential with full jitter, so that a thousand devices that lost
//! the same gateway do not come back in the same instant.

use std::time::Duration;

use getrandom::SysRng;
use rand_core::TryRng as _;

const FIRST: Duration = Duration::from_millis(200);
const EARLY_CAP: Duration = Duration::from_secs(2);
const LATE_CAP: Duration = Duration::from_secs(30);
/// About a minute of attempts at the early cap.
const EARLY_ATTEMPTS: u32 = 60;

/// Yields the delay before each next attempt.
#[derive(Debug, Default, Clone)]
pub struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// Returns a random delay between zero and the current ceiling, and raises the ceiling.
    pub fn next_delay(&mut self) -> Duration {
        let ceiling = self.ceiling();
        self.attempts = self.attempts.saturating_add(1);
        let random = SysRng.try_next_u32().unwrap_or(u32::MAX);
        ceiling.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }

    /// Starts over, after a connection that held.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }

    fn ceiling(&self) -> Duration {
        let cap = if self.attempts < EARLY_ATTEMPTS { EARLY_CAP } else { LATE_CAP };
        FIRST.saturating_mul(1_u32.checked_shl(self.attempts).unwrap_or(u32::MAX)).min(cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_to_two_seconds_and_later_to_thirty() {
        let mut backoff = Backoff::default();
        let mut ceilings = Vec::new();
        for _ in 0..=EARLY_ATTEMPTS {
            ceilings.push(backoff.ceiling());
            let delay = backoff.next_delay();
            assert!(delay <= *ceilings.last().unwrap());
        }
        assert_eq!(ceilings[0], FIRST);
        assert_eq!(ceilings[1], FIRST * 2);
        assert_eq!(ceilings[10], EARLY_CAP);
        assert_eq!(*ceilings.last().unwrap(), LATE_CAP);
        backoff.reset();
        assert_eq!(backoff.ceiling(), FIRST);
    }
}
