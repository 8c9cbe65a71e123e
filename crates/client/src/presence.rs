//! Whether the person is there, as the system knows it: a screen that is locked, a machine that goes to sleep.
//!
//! 1. [`Presence::follow`] calls back with each [`PresenceEvent`]; on Linux it holds up the machine's sleep until
//!    the call has returned, so that keys are out of memory before memory is written to a disk.
//! 2. A client hears them through [`crate::Client::heed`]. Nothing here ever opens a vault.
//!
//! Linux is implemented and tested. Other systems say nothing yet: there the time without use, whose clock also
//! runs while the machine sleeps, is what locks.

#[cfg(target_os = "linux")]
mod linux;

use futures_util::future::BoxFuture;

use crate::view::LockCause;

/// What the system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceEvent {
    /// The person is away, or about to be.
    Left(LockCause),
    /// The person is back.
    Back,
}

/// Hears what comes to pass; returns when it is done with it.
pub type Heard<'a> = Box<dyn Fn(PresenceEvent) + Send + Sync + 'a>;

/// A system that knows whether the person is there.
pub trait Presence: Send + Sync + 'static {
    /// Calls back for each event until the future is dropped.
    fn follow<'a>(&'a self, heard: Heard<'a>) -> BoxFuture<'a, ()>;
}

/// Returns what this system offers.
#[must_use]
pub fn system() -> Box<dyn Presence> {
    #[cfg(target_os = "linux")]
    return Box::new(linux::Desktop::new());
    #[cfg(not(target_os = "linux"))]
    return Box::new(absent::Nothing);
}

#[cfg(not(target_os = "linux"))]
mod absent {
    use super::{BoxFuture, Heard, Presence};

    /// A system that says nothing yet.
    pub(super) struct Nothing;

    impl Presence for Nothing {
        fn follow<'a>(&'a self, _heard: Heard<'a>) -> BoxFuture<'a, ()> {
            Box::pin(std::future::pending())
        }
    }
}
