//! Password hashing: PBKDF2-HMAC-SHA256 on a bounded pool of threads.
//!
//! 1. A caller waits for one of the pool's permits; when too many wait already it is refused at once.
//! 2. The permit holds a blocking thread for one derivation. One core is left to the relay.
//! 3. A verification for an unknown id derives as well, so that its time tells nothing.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use getrandom::SysRng;
use latchgate_protocol::limits::PBKDF2_FLOOR;
use rand_core::{Rng as _, UnwrapErr};
use ring::pbkdf2;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use tokio::sync::Semaphore;
use tracing::error;
use zeroize::Zeroizing;

use crate::limits::HASHES_WAITING;
use crate::metrics::Metrics;

/// A stored password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PasswordHash {
    pub(crate) salt: [u8; 16],
    pub(crate) iterations: u32,
    pub(crate) hash: [u8; 32],
}

/// The bytes of a password on their way to a hash.
pub(crate) type Password = Zeroizing<[u8; 16]>;

/// Too many passwords wait for their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too many passwords wait to be hashed")]
pub(crate) struct Busy;

/// The pool.
pub(crate) struct HashPool {
    metrics: Arc<Metrics>,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
    iterations: u32,
}

impl HashPool {
    pub(crate) fn new(iterations: u32, metrics: Arc<Metrics>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = cores.saturating_sub(1).max(1);
        Self {
            metrics,
            permits: Arc::new(Semaphore::new(threads)),
            waiting: AtomicUsize::new(0),
            most_waiting: threads * HASHES_WAITING,
            iterations: iterations.max(PBKDF2_FLOOR),
        }
    }

    /// Hashes a new password under a new salt.
    pub(crate) async fn make(&self, password: Password) -> Result<PasswordHash, Busy> {
        let iterations = self.iterations;
        let metrics = Arc::clone(&self.metrics);
        self.run(move || {
            let mut salt = [0; 16];
            UnwrapErr(SysRng).fill_bytes(&mut salt);
            PasswordHash { salt, iterations, hash: derive(&metrics, &password, &salt, iterations) }
        })
        .await
    }

    /// Finds the first of `candidates` that is the hash of `password`. With none, derives all the same.
    pub(crate) async fn verify(
        &self,
        password: Password,
        candidates: Vec<PasswordHash>,
    ) -> Result<Option<usize>, Busy> {
        let iterations = self.iterations;
        let metrics = Arc::clone(&self.metrics);
        self.run(move || {
            let usable = |candidate: &PasswordHash| {
                let usable = candidate.iterations >= PBKDF2_FLOOR;
                if !usable {
                    error!("a stored password has fewer iterations than the floor; the database was altered");
                }
                usable
            };
            if !candidates.iter().any(usable) {
                let _ = derive(&metrics, &password, &[0; 16], iterations);
                return None;
            }
            candidates.iter().position(|candidate| {
                usable(candidate)
                    && derive(&metrics, &password, &candidate.salt, candidate.iterations).ct_eq(&candidate.hash).into()
            })
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let _waiting = Waiting::enter(self)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Busy)?;
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        })
        .await
        .map_err(|_| Busy)
    }
}

/// Counts a caller while it waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(pool: &'a HashPool) -> Result<Self, Busy> {
        let waiting = Self(&pool.waiting);
        let before = pool.waiting.fetch_add(1, Ordering::Relaxed);
        if before < pool.most_waiting { Ok(waiting) } else { Err(Busy) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn derive(metrics: &Metrics, password: &[u8; 16], salt: &[u8; 16], iterations: u32) -> [u8; 32] {
    metrics.hashes.increment();
    let mut hash = [0; 32];
    let iterations = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MAX);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, password, &mut hash);
    hash
}

/// Hashes a secret that is looked up by its hash: 128 random bits or more need no salt.
pub(crate) fn fingerprint(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> HashPool {
        HashPool::new(PBKDF2_FLOOR, Arc::default())
    }

    fn password(byte: u8) -> Password {
        Zeroizing::new([byte; 16])
    }

    #[test]
    fn the_derivation_is_pbkdf2_hmac_sha256() {
        // Reference: hashlib.pbkdf2_hmac("sha256", b"a" * 16, b"s" * 16, 100000).hex()
        let golden = "1725693600890fec5b2da4d09df3b1ea7c0f5563e348e77ff8b636098a0fd989";
        assert_eq!(hex::encode(derive(&Metrics::default(), &[b'a'; 16], &[b's'; 16], 100_000)), golden);
    }

    #[tokio::test]
    async fn ab_19_a_hash_below_the_floor_is_never_verified() {
        let pool = pool();
        let salt = [7; 16];
        let weak = PasswordHash { salt, iterations: 1, hash: derive(&Metrics::default(), &[1; 16], &salt, 1) };
        assert_eq!(pool.verify(password(1), vec![weak]).await, Ok(None));
    }

    #[tokio::test]
    async fn the_matching_candidate_is_found() {
        let pool = pool();
        let hashes = vec![pool.make(password(1)).await.unwrap(), pool.make(password(2)).await.unwrap()];
        assert_eq!(pool.verify(password(2), hashes.clone()).await, Ok(Some(1)));
        assert_eq!(pool.verify(password(3), hashes).await, Ok(None));
        assert_eq!(pool.verify(password(3), Vec::new()).await, Ok(None));
    }

    #[tokio::test]
    async fn ab_05_a_full_pool_refuses_at_once() {
        let pool = HashPool { most_waiting: 0, ..pool() };
        assert_eq!(pool.verify(password(1), Vec::new()).await, Err(Busy));
    }
}
