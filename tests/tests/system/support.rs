//! What the tests stand on: a system of real processes in a folder of its own, and the means to look at it
//! from outside.

pub(crate) mod browser;
pub(crate) mod bus;
pub(crate) mod calls;
pub(crate) mod canary;
pub(crate) mod desktop;
pub(crate) mod device;
pub(crate) mod foreign;
pub(crate) mod forward;
pub(crate) mod http;
pub(crate) mod jar;
pub(crate) mod journey;
pub(crate) mod office;
pub(crate) mod port;
pub(crate) mod process;
pub(crate) mod relay;
pub(crate) mod site;
pub(crate) mod stranger;
pub(crate) mod system;
pub(crate) mod transfer;
pub(crate) mod upstream;
pub(crate) mod visit;

use std::time::{Duration, Instant};

pub(crate) use system::{System, WIKI};

/// How long anything may take that is not what a test is about.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Tells whether everything is wanted at full size, which takes many minutes.
pub(crate) fn is_full() -> bool {
    std::env::var_os("LATCHGATE_FULL").is_some_and(|full| full == "1")
}

/// As [`eventually`] within [`PATIENCE`], after `act`; acts again if a busy machine lost its keys.
pub(crate) async fn insist<T>(what: &str, mut act: impl AsyncFnMut(), mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut acted: Option<Instant> = None;
    eventually(what, PATIENCE, async || {
        if acted.is_none_or(|acted| acted.elapsed() > PATIENCE / 4) {
            act().await;
            acted = Some(Instant::now());
        }
        look().await
    })
    .await
}

/// Polls until `condition` gives a value, and fails the test with `what` at the deadline.
pub(crate) async fn eventually<T>(what: &str, within: Duration, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(Instant::now() < deadline, "{what}: not within {within:?}");
        // Yields between looks; nothing depends on how long it is.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
