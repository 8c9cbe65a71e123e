//! When a session needs something: a sign of life, the catalogue, a successor.

use std::time::Duration;

use latchgate_link::control::{Control, Controls};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::Shared;
use crate::limits::{CATALOGUE_EVERY, LOW_DATA_FACTOR, PING_EVERY, SESSION_DRAIN, SESSION_LIFETIME};

/// What a session needs.
pub(super) enum Need {
    Catalogue,
    Ping,
    Wake,
    Renewal,
    Rotation,
    Drained,
}

/// The clocks of one session.
pub(super) struct Pulse {
    ping: Interval,
    catalogue: Interval,
    renewal: Instant,
    drained: Option<Instant>,
    pub(super) missed: u32,
}

impl Pulse {
    /// Begins a session; where little data shall move, the company is asked less often.
    pub(super) fn new(low_data: bool) -> Self {
        let now = Instant::now();
        let factor = if low_data { LOW_DATA_FACTOR } else { 1 };
        let every = |period: Duration| {
            let mut interval = interval_at(now, period * factor);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        };
        Self {
            ping: every(PING_EVERY),
            catalogue: every(CATALOGUE_EVERY),
            renewal: now + SESSION_LIFETIME,
            drained: None,
            missed: 0,
        }
    }

    /// Another session took its place.
    pub(super) fn renew(&mut self) {
        let now = Instant::now();
        self.renewal = now + SESSION_LIFETIME;
        self.drained = Some(now + SESSION_DRAIN);
    }

    /// Waits for what is needed next.
    pub(super) async fn next(&mut self, shared: &Shared, controls: &mut Controls) -> Need {
        let drained = self.drained;
        tokio::select! {
            biased;
            () = shared.rotation.asked() => Need::Rotation,
            Some(Control::Rotate(_)) = controls.receive() => Need::Rotation,
            () = shared.wake.notified() => {
                self.catalogue.reset_immediately();
                Need::Wake
            }
            _ = self.catalogue.tick() => Need::Catalogue,
            _ = self.ping.tick() => Need::Ping,
            () = sleep_until(self.renewal) => Need::Renewal,
            () = sleep_until(drained.unwrap_or(self.renewal)), if drained.is_some() => {
                self.drained = None;
                Need::Drained
            }
        }
    }
}
