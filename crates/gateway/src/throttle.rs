//! Token buckets, in front of everything that costs work.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Rate;
use crate::limits::THROTTLE_ENTRIES;

/// One bucket for each key; buckets that are full again are forgotten.
pub(crate) struct Throttle<K> {
    rate: Rate,
    buckets: Mutex<HashMap<K, Bucket>>,
}

/// A bucket of its own.
pub(crate) struct Bucket {
    tokens: f64,
    filled: Instant,
}

/// The address that a limit counts: a whole /64 of IPv6 belongs to one subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Source(IpAddr);

/// The bucket is empty; a token is there after this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlowDown(pub(crate) Duration);

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(v4.into()),
            IpAddr::V6(v6) => Self(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into()),
        }
    }
}

impl Bucket {
    pub(crate) fn full(rate: Rate) -> Self {
        Self { tokens: f64::from(rate.burst), filled: Instant::now() }
    }

    /// Takes one token.
    pub(crate) fn take(&mut self, rate: Rate) -> Result<(), SlowDown> {
        self.take_at(rate, Instant::now())
    }

    fn take_at(&mut self, rate: Rate, now: Instant) -> Result<(), SlowDown> {
        self.refill(rate, now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let seconds = (1.0 - self.tokens) / rate.per_second;
        Err(SlowDown(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(3600))))
    }

    fn refill(&mut self, rate: Rate, now: Instant) {
        let gained = now.saturating_duration_since(self.filled).as_secs_f64() * rate.per_second;
        self.tokens = (self.tokens + gained).min(f64::from(rate.burst));
        self.filled = now;
    }
}

impl<K: Eq + Hash> Throttle<K> {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes one token of a key's bucket.
    ///
    /// # Errors
    /// [`SlowDown`] says how long to wait.
    pub(crate) fn take(&self, key: K) -> Result<(), SlowDown> {
        self.take_at(key, Instant::now())
    }

    fn take_at(&self, key: K, now: Instant) -> Result<(), SlowDown> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= THROTTLE_ENTRIES && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| {
                bucket.refill(self.rate, now);
                bucket.tokens < f64::from(self.rate.burst)
            });
            if buckets.len() >= THROTTLE_ENTRIES {
                return Err(SlowDown(Duration::from_secs(1)));
            }
        }
        buckets.entry(key).or_insert_with(|| Bucket::full(self.rate)).take_at(self.rate, now)
    }
}

/// An allowance of bytes. One second's worth may be used at once; what is overdrawn is waited for.
pub(crate) struct Pace {
    per_second: f64,
    left: f64,
    filled: Instant,
}

impl Pace {
    pub(crate) fn new(per_second: u64) -> Self {
        let per_second = per_second as f64;
        Self { per_second, left: per_second, filled: Instant::now() }
    }

    pub(crate) fn spend(&mut self, bytes: usize) {
        self.left -= bytes as f64;
    }

    /// Returns how long to wait before more is spent.
    pub(crate) fn wait(&mut self, now: Instant) -> Option<Duration> {
        let gained = now.saturating_duration_since(self.filled).as_secs_f64() * self.per_second;
        self.left = (self.left + gained).min(self.per_second);
        self.filled = now;
        (self.left < 0.0).then(|| Duration::from_secs_f64(-self.left / self.per_second))
    }
}

/// Lets those who want the same thing go one after the other. Different things may share a turn.
#[derive(Default)]
pub(crate) struct Turns([tokio::sync::Mutex<()>; 32]);

impl Turns {
    pub(crate) async fn take(&self, wanted: &[u8; 32]) -> tokio::sync::MutexGuard<'_, ()> {
        let [first, ..] = *wanted;
        self.0[usize::from(first) % self.0.len()].lock().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, per_second: 0.5 };

    #[test]
    fn ab_05_a_bucket_empties_and_fills_again() {
        let (throttle, now) = (Throttle::new(RATE), Instant::now());
        for _ in 0..3 {
            assert_eq!(throttle.take_at(1, now), Ok(()));
        }
        assert_eq!(throttle.take_at(1, now), Err(SlowDown(Duration::from_secs(2))));
        assert_eq!(throttle.take_at(2, now), Ok(()));
        let later = now + Duration::from_secs(2);
        assert_eq!(throttle.take_at(1, later), Ok(()));
        assert!(throttle.take_at(1, later).is_err());
    }

    #[test]
    fn ab_05_a_flood_of_keys_takes_bounded_memory() {
        let (throttle, now) = (Throttle::new(RATE), Instant::now());
        for key in 0..THROTTLE_ENTRIES {
            assert_eq!(throttle.take_at(key, now), Ok(()));
        }
        assert!(throttle.take_at(usize::MAX, now).is_err());
        assert_eq!(throttle.take_at(0, now), Ok(()));
        assert_eq!(throttle.take_at(usize::MAX, now + Duration::from_secs(60)), Ok(()));
        assert_eq!(throttle.buckets.lock().unwrap().len(), 1);
    }

    #[test]
    fn ab_35_an_overdrawn_allowance_is_waited_for() {
        let mut pace = Pace::new(1000);
        let now = pace.filled;
        pace.spend(1000);
        assert_eq!(pace.wait(now), None);
        pace.spend(500);
        assert_eq!(pace.wait(now), Some(Duration::from_millis(500)));
        assert_eq!(pace.wait(now + Duration::from_millis(500)), None);
        // Idleness saves up one second's worth and no more.
        let later = now + Duration::from_secs(60);
        assert_eq!(pace.wait(later), None);
        pace.spend(1001);
        assert_eq!(pace.wait(later), Some(Duration::from_millis(1)));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_share_a_bucket() {
        let source = |text: &str| Source::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:1"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
    }
}
