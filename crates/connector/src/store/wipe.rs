//! Orders to erase a device: sealed in the transaction that erases the device's keys here, and kept, without any key,
//! until the device answered.

use latchgate_protocol::{DeviceId, SealedBlob};
use latchgate_tunnel::wipe::{ConfirmationHash, WipeKey};
use rusqlite::{Connection, OptionalExtension as _};
use serde::Serialize;

use super::device::{INSERT_REVOCATION, require_device, revoke};
use super::{DeviceRow, DeviceState, Store, StoreError};
use crate::time::UnixSeconds;

/// How far the erasure of a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WipeState {
    /// The order was given; the device has not answered.
    Pending,
    /// The device erased itself and proved it.
    Confirmed,
}

impl Store {
    /// Revokes a device and seals an order to erase itself, before its keys are erased. Returns whether it was not
    /// revoked yet. On a device that never finished its pairing there is nothing to erase, and no order is made.
    ///
    /// # Errors
    /// [`StoreError::UnknownDevice`], [`StoreError::TooLateToWipe`].
    pub fn wipe(&self, device_id: DeviceId, now: UnixSeconds) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let device = require_device(transaction, device_id)?;
            match (device.state, device.wipe) {
                (DeviceState::Active, _) => self.order_wipe(transaction, &device, now)?,
                (DeviceState::Revoked, None) => return Err(StoreError::TooLateToWipe),
                (DeviceState::Offered | DeviceState::Pending | DeviceState::Revoked, _) => {}
            }
            revoke(transaction, device_id.as_bytes(), now)
        })
    }

    /// Returns the order that waits for a device and was not answered.
    pub(crate) fn pending_wipe(&self, device_id: DeviceId) -> Result<Option<SealedBlob>, StoreError> {
        let query = "SELECT wipe_order FROM wipe WHERE device_id = ?1 AND confirmed IS NULL";
        let order: Option<Vec<u8>> =
            self.lock().query_row(query, [device_id.as_bytes()], |row| row.get(0)).optional()?;
        Ok(order.and_then(SealedBlob::new))
    }

    /// Takes a device's answer. True when it is the right one and news; the gateway is then to be told that the
    /// order need not wait any longer.
    pub(crate) fn confirm_wipe(
        &self,
        device_id: DeviceId,
        confirmation: &SealedBlob,
        now: UnixSeconds,
    ) -> Result<bool, StoreError> {
        let id = device_id.as_bytes();
        self.write(|transaction| {
            let query = "SELECT confirmation_hash FROM wipe WHERE device_id = ?1 AND confirmed IS NULL";
            let hashes: Option<Vec<u8>> = transaction.query_row(query, [id], |row| row.get(0)).optional()?;
            let hashes = hashes.unwrap_or_default();
            let mut hashes = hashes.as_chunks().0.iter().copied().map(ConfirmationHash);
            if !hashes.any(|hash| hash.matches(confirmation.as_bytes())) {
                return Ok(false);
            }
            transaction.execute("UPDATE wipe SET confirmed = ?2 WHERE device_id = ?1", (id, now.to_sql()))?;
            transaction.execute(INSERT_REVOCATION, (id, now.to_sql()))?;
            Ok(true)
        })
    }

    fn order_wipe(&self, connection: &Connection, device: &DeviceRow, now: UnixSeconds) -> Result<(), StoreError> {
        // A device in the middle of replacing its key has one of these left, and nobody here knows which.
        let keys = self.keys_in_use(connection, device.device_id)?;
        let keys = keys.iter().map(|(generation, key)| WipeKey::derive(key, device.device_id, *generation));
        let (mut orders, mut hashes) = (Vec::new(), Vec::new());
        for wipe in keys {
            orders.extend_from_slice(&wipe.seal_order());
            hashes.extend_from_slice(&wipe.confirmation_hash().0);
        }
        connection.execute(
            "INSERT INTO wipe (device_id, wipe_order, confirmation_hash, ordered) VALUES (?1, ?2, ?3, ?4)",
            (device.device_id.as_bytes(), orders, hashes, now.to_sql()),
        )?;
        Ok(())
    }
}
