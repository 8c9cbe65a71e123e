//! Wrong passphrases are counted, and after a few of them each next try has to wait.
//!
//! The count is durable *before* a try is made, so that killing the process does not give a try for nothing.
//! The wait is measured by this process's own clock and begins anew with the process, so that neither a
//! restart nor a changed date shortens it. Where the person chose that the keys are erased, the number lies
//! beside the count: changing the description of the profile does not change it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::limits::{FIRST_WAIT, FREE_TRIES, LONGEST_WAIT};

/// Counts the wrong tries of one vault.
#[derive(Debug, Clone)]
pub(crate) struct Tries {
    failed: u32,
    since: Instant,
    erase_after: Option<u32>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    failed: u32,
    #[serde(default)]
    erase_after: Option<u32>,
}

impl Tries {
    /// Starts from what is stored; a damaged count is read as one that has to wait.
    pub(crate) fn read(stored: Option<&[u8]>, now: Instant) -> Self {
        let damaged = Stored { failed: FREE_TRIES, erase_after: None };
        let none = Stored { failed: 0, erase_after: None };
        let stored = stored.map_or(none, |bytes| serde_json::from_slice(bytes).unwrap_or(damaged));
        Self { failed: stored.failed, since: now, erase_after: stored.erase_after }
    }

    /// Returns the form to store.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let stored = Stored { failed: self.failed, erase_after: self.erase_after };
        serde_json::to_vec(&stored).expect("numbers have a JSON form")
    }

    /// Begins again after a right try.
    pub(crate) const fn reset(&mut self, now: Instant) {
        self.failed = 0;
        self.since = now;
    }

    /// Chooses after how many wrong tries the keys are erased. Returns whether that is a change.
    pub(crate) fn erase_after(&mut self, tries: Option<u32>) -> bool {
        std::mem::replace(&mut self.erase_after, tries) != tries
    }

    /// Returns how many tries are left before the keys are erased, where that was chosen.
    pub(crate) fn left(&self) -> Option<u32> {
        self.erase_after.map(|most| most.saturating_sub(self.failed))
    }

    /// Returns the wrong tries since the last right one.
    pub(crate) const fn failed(&self) -> u32 {
        self.failed
    }

    /// Counts a try that is about to be made.
    pub(crate) fn count(&mut self, now: Instant) {
        self.failed = self.failed.saturating_add(1);
        self.since = now;
    }

    /// Returns how long the next try has to wait at `now`.
    pub(crate) fn wait(&self, now: Instant) -> Option<Duration> {
        let doublings = self.failed.checked_sub(FREE_TRIES)?;
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let wait = FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT);
        let left = wait.saturating_sub(now.duration_since(self.since));
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ab_84_the_fifth_wrong_try_begins_waits_that_double() {
        let start = Instant::now();
        let mut tries = Tries::read(None, start);
        for _ in 1..FREE_TRIES {
            tries.count(start);
            assert_eq!(tries.wait(start), None);
        }
        tries.count(start);
        assert_eq!(tries.wait(start), Some(FIRST_WAIT));
        assert_eq!(tries.wait(start + FIRST_WAIT), None);
        tries.count(start);
        assert_eq!(tries.wait(start), Some(FIRST_WAIT * 2));
        for _ in 0..100 {
            tries.count(start);
        }
        assert_eq!(tries.wait(start), Some(LONGEST_WAIT));
    }

    #[test]
    fn ab_84_a_restart_keeps_the_count_and_begins_the_wait_anew() {
        let start = Instant::now();
        let mut tries = Tries::read(None, start);
        for _ in 0..FREE_TRIES {
            tries.count(start);
        }
        let later = start + FIRST_WAIT * 10;
        let again = Tries::read(Some(&tries.encode()), later);
        assert_eq!((again.failed(), again.wait(later)), (FREE_TRIES, Some(FIRST_WAIT)));
    }

    #[test]
    fn ab_84_the_tries_that_are_left_outlive_a_restart_and_a_right_try_gives_all_back() {
        let start = Instant::now();
        let mut tries = Tries::read(None, start);
        assert_eq!(tries.left(), None);
        tries.erase_after(Some(10));
        for _ in 0..9 {
            tries.count(start);
        }
        let mut again = Tries::read(Some(&tries.encode()), start);
        assert_eq!(again.left(), Some(1));
        again.count(start);
        again.count(start);
        assert_eq!(again.left(), Some(0));
        again.reset(start);
        assert_eq!((again.failed(), again.left()), (0, Some(10)));
    }

    #[test]
    fn a_damaged_count_has_to_wait() {
        let now = Instant::now();
        assert!(Tries::read(Some(b"x"), now).wait(now).is_some());
    }
}
