//! Devices whose pairing is over hear it, sealed, before anything else makes it known.
//!
//! 1. [`Partings::say`] ends the open sessions of revoked devices; the last record of each says why. A session that
//!    ended by itself, because the policy does not know its device any more, could not say so.
//! 2. That record waits behind all that the device asked for, and a gateway that hears of the revocation closes the
//!    connection and drops what waits. It is told when the device has left, or had [`PARTING`] to do so:
//!    [`Partings::until`]. The device is served nothing meanwhile, as its keys are erased.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use latchgate_link::connector::Cutter;
use latchgate_protocol::DeviceId;
use latchgate_tunnel::CloseReason;
use tokio::time::Instant;
use tracing::info;

use crate::limits::PARTING;
use crate::store::{DeviceState, Store, StoreError, WipeState};

/// Who is told over the present connection, and until when each may take to leave.
#[derive(Default)]
pub(crate) struct Partings(Mutex<Present>);

#[derive(Default)]
struct Present {
    cutter: Option<Cutter>,
    leaving: HashMap<DeviceId, Instant>,
}

impl Partings {
    /// Takes a new connection into use.
    pub(crate) fn connected(&self, cutter: Cutter) {
        *self.present() = Present { cutter: Some(cutter), leaving: HashMap::new() };
    }

    /// The connection is lost, and with it whatever was said over it.
    pub(crate) fn disconnected(&self) {
        *self.present() = Present::default();
    }

    /// Ends the sessions of the devices that the store counts as revoked. Those that are `known` are not looked up.
    ///
    /// # Errors
    /// The first failure of the store; the others are told nevertheless.
    pub(crate) fn say(&self, store: &Store, known: impl Fn(DeviceId) -> bool) -> Result<(), StoreError> {
        let Some(cutter) = self.present().cutter.clone() else { return Ok(()) };
        let mut outcome = Ok(());
        for device_id in cutter.devices().into_iter().filter(|device_id| !known(*device_id)) {
            let device = match store.device(device_id) {
                Ok(Some(device)) if device.state == DeviceState::Revoked => device,
                Ok(_) => continue,
                Err(error) => {
                    outcome = outcome.and(Err(error));
                    continue;
                }
            };
            let ordered = device.wipe == Some(WipeState::Pending);
            let reason = if ordered { CloseReason::Wipe } else { CloseReason::Revoked };
            let mut present = self.present();
            if cutter.end(device_id, reason) {
                info!(%device_id, ordered, "a device is told that its pairing is over");
                present.leaving.insert(device_id, Instant::now() + PARTING);
            }
        }
        outcome
    }

    /// The device has left. True when that was waited for.
    pub(crate) fn left(&self, device_id: DeviceId) -> bool {
        self.present().leaving.remove(&device_id).is_some()
    }

    /// Returns until when the device may take to leave; nothing where it need not be waited for.
    pub(crate) fn until(&self, device_id: DeviceId) -> Option<Instant> {
        let mut present = self.present();
        present.leaving.retain(|_, until| *until > Instant::now());
        present.leaving.get(&device_id).copied()
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Partings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Partings({} leaving)", self.present().leaving.len())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const DEVICE: DeviceId = DeviceId::from_bytes([1; 16]);

    #[tokio::test(start_paused = true)]
    async fn a_device_that_stays_is_waited_for_no_longer_than_a_slow_one_needs() {
        let partings = Partings::default();
        partings.present().leaving.insert(DEVICE, Instant::now() + PARTING);
        assert_eq!(partings.until(DEVICE), Some(Instant::now() + PARTING));
        advance(PARTING).await;
        assert_eq!(partings.until(DEVICE), None);
        assert!(!partings.left(DEVICE), "nobody waits any more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_device_that_left_and_a_lost_connection_keep_nobody_waiting() {
        let partings = Partings::default();
        for end in [|partings: &Partings| assert!(partings.left(DEVICE)), Partings::disconnected] {
            partings.present().leaving.insert(DEVICE, Instant::now() + PARTING);
            end(&partings);
            assert_eq!(partings.until(DEVICE), None);
        }
    }
}
