//! Devices: created open, claimed once, closed by the first CONNECT, revoked.

use latchgate_protocol::rest::{DeviceEntry, DeviceState};
use latchgate_protocol::{DeviceId, InstanceId, SealedBlob};

use super::instances::{instance_exists, read_password};
use super::sql::{Row, Sql, values};
use super::tickets::insert_ticket;
use super::{NewTicket, Store, StoreError};
use crate::hash::PasswordHash;

/// A device about to be created.
#[derive(Debug, Clone)]
pub(crate) struct NewDevice {
    pub(crate) instance_id: InstanceId,
    pub(crate) device_id: DeviceId,
    pub(crate) setup_hash: [u8; 32],
    pub(crate) expires: u64,
    /// The hash of the idempotency key.
    pub(crate) key_hash: [u8; 32],
    /// How many devices the instance may have.
    pub(crate) most: u64,
    /// The hash of the request, to tell a repetition from another request under the same key.
    pub(crate) request_hash: [u8; 32],
}

/// What became of a new device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreateDeviceOutcome {
    /// It is there. In a repetition, the first one with its setup key replaced.
    Created { device_id: DeviceId, expires: u64 },
    /// The key was used for another request.
    KeyReused,
    /// The instance has as many devices as it may.
    TooMany,
    /// The key was used before, and that device is claimed, expired or revoked.
    Gone,
}

/// A claim of a setup key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    pub(crate) setup_hash: [u8; 32],
    pub(crate) claim_hash: [u8; 32],
}

/// How a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClaimState {
    /// It may have the device.
    Granted { device_id: DeviceId, instance_id: InstanceId },
    /// Another claim has it.
    Used { device_id: DeviceId, instance_id: InstanceId, first_conflict: bool },
    /// Unknown, expired, or closed by the first CONNECT.
    Gone,
}

/// What a device's password is checked against.
#[derive(Clone)]
pub(crate) struct DeviceCredentials {
    pub(crate) instance_id: InstanceId,
    /// Grows with each new password; tickets of other versions are void.
    pub(crate) version: i64,
    pub(crate) password: Option<PasswordHash>,
    pub(crate) revoked: bool,
}

impl Store {
    pub(crate) async fn create_device(&self, new: NewDevice, now: u64) -> Result<CreateDeviceOutcome, StoreError> {
        self.run(move |sql| create_device(sql, &new, now)).await
    }

    /// Tells how a claim would end, changing nothing.
    pub(crate) async fn peek_claim(&self, claim: Claim, now: u64) -> Result<ClaimState, StoreError> {
        self.run(move |sql| claim_state(sql, &claim, now)).await
    }

    /// Grants a claim, storing its new password, or records the conflict. Grants nothing without a password.
    pub(crate) async fn claim(
        &self,
        claim: Claim,
        password: Option<PasswordHash>,
        now: u64,
    ) -> Result<ClaimState, StoreError> {
        self.run(move |sql| {
            let state = claim_state(sql, &claim, now)?;
            match (state, &password) {
                (ClaimState::Granted { device_id, .. }, Some(password)) => {
                    sql.execute(
                        "UPDATE device SET claim_hash = ?2, version = version + 1,
                             salt = ?3, iterations = ?4, hash = ?5 WHERE device_id = ?1",
                        values![device_id, claim.claim_hash, password.salt, password.iterations, password.hash],
                    )?;
                }
                (ClaimState::Used { device_id, first_conflict: true, .. }, _) => {
                    sql.execute("UPDATE device SET conflict = 1 WHERE device_id = ?1", values![device_id])?;
                }
                (ClaimState::Granted { .. }, None) => return Ok(ClaimState::Gone),
                (ClaimState::Used { .. } | ClaimState::Gone, _) => {}
            }
            Ok(state)
        })
        .await
    }

    pub(crate) async fn device_credentials(
        &self,
        device_id: DeviceId,
    ) -> Result<Option<DeviceCredentials>, StoreError> {
        self.run(move |sql| {
            let query = "SELECT instance_id, version, revoked IS NOT NULL, salt, iterations, hash
                         FROM device WHERE device_id = ?1";
            sql.first(query, values![device_id], |row| {
                Ok(DeviceCredentials {
                    instance_id: row.get(0)?,
                    version: row.get(1)?,
                    revoked: row.get(2)?,
                    password: read_password(row, 3)?,
                })
            })
        })
        .await
    }

    /// Records a successful login; the first one closes the claim. False when the device was revoked or its
    /// password replaced since it was verified.
    pub(crate) async fn finish_device_login(
        &self,
        device_id: DeviceId,
        version: i64,
        ticket: Option<NewTicket>,
        now: u64,
    ) -> Result<bool, StoreError> {
        self.run(move |sql| {
            let query = "SELECT first_connect FROM device WHERE device_id = ?1 AND version = ?2 AND revoked IS NULL";
            let known = sql.first(query, values![device_id, version], |row| row.get::<Option<u64>>(0))?;
            let Some(first_connect) = known else { return Ok(false) };
            if first_connect.is_none() {
                sql.execute(
                    "UPDATE device SET first_connect = ?2, setup_hash = NULL, claim_hash = NULL WHERE device_id = ?1",
                    values![device_id, now],
                )?;
            }
            if let Some(ticket) = &ticket {
                insert_ticket(sql, device_id.as_bytes(), version, ticket, now)?;
            }
            Ok(true)
        })
        .await
    }

    /// Lists the devices of an instance in order of creation, all as not connected.
    pub(crate) async fn list_devices(&self, instance_id: InstanceId) -> Result<Vec<DeviceEntry>, StoreError> {
        self.run(move |sql| {
            let query = "SELECT device_id, created, revoked IS NOT NULL, first_connect IS NOT NULL, hash IS NOT NULL,
                                wipe_confirmation
                         FROM device WHERE instance_id = ?1 ORDER BY number";
            sql.all(query, values![instance_id], read_entry)
        })
        .await
    }

    /// Revokes a device and erases its secrets. False when the instance has no such device.
    pub(crate) async fn revoke_device(
        &self,
        instance_id: InstanceId,
        device_id: DeviceId,
        now: u64,
    ) -> Result<bool, StoreError> {
        self.run(move |sql| {
            let changed = sql.execute(
                "UPDATE device SET revoked = coalesce(revoked, ?3), setup_hash = NULL, claim_hash = NULL,
                     salt = NULL, iterations = NULL, hash = NULL, version = version + 1,
                     wipe_order = NULL, wipe_confirmation = NULL
                 WHERE instance_id = ?1 AND device_id = ?2",
                values![instance_id, device_id, now],
            )?;
            if changed > 0 {
                close_access(sql, device_id)?;
            }
            Ok(changed > 0)
        })
        .await
    }

    /// Returns the number of the newest revocation.
    pub(crate) async fn last_revocation(&self) -> Result<i64, StoreError> {
        self.run(|sql| {
            let last = sql.first("SELECT total FROM revocations", values![], |row| row.get(0))?;
            Ok(last.unwrap_or(0))
        })
        .await
    }

    /// Returns the next revocations after a number, in their order.
    pub(crate) async fn revocations_after(&self, number: i64) -> Result<Vec<(i64, InstanceId, DeviceId)>, StoreError> {
        self.run(move |sql| {
            let query = "SELECT revocation, instance_id, device_id FROM device
                         WHERE revocation > ?1 ORDER BY revocation LIMIT 1000";
            sql.all(query, values![number], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        })
        .await
    }

    /// Revokes a device and keeps an order for it. Its password stays, to fetch the order with and for nothing else.
    /// False when the instance has no such device.
    pub(crate) async fn order_wipe(
        &self,
        instance_id: InstanceId,
        device_id: DeviceId,
        order: SealedBlob,
        now: u64,
    ) -> Result<bool, StoreError> {
        self.run(move |sql| {
            let changed = sql.execute(
                "UPDATE device SET revoked = coalesce(revoked, ?3), setup_hash = NULL, claim_hash = NULL,
                     version = version + 1, wipe_order = ?4
                 WHERE instance_id = ?1 AND device_id = ?2",
                values![instance_id, device_id, now, order.as_bytes().to_vec()],
            )?;
            if changed > 0 {
                close_access(sql, device_id)?;
            }
            Ok(changed > 0)
        })
        .await
    }

    /// Returns the order that waits for a device.
    pub(crate) async fn wipe_order(&self, device_id: DeviceId) -> Result<Option<SealedBlob>, StoreError> {
        self.run(move |sql| {
            let query = "SELECT wipe_order FROM device WHERE device_id = ?1";
            let order = sql.first(query, values![device_id], |row| row.get::<Option<Vec<u8>>>(0))?;
            Ok(order.flatten().and_then(SealedBlob::new))
        })
        .await
    }

    /// Keeps a device's answer to its order; the last one counts. False when no order waits for it.
    pub(crate) async fn confirm_wipe(&self, device_id: DeviceId, confirmation: SealedBlob) -> Result<bool, StoreError> {
        self.run(move |sql| {
            let changed = sql.execute(
                "UPDATE device SET wipe_confirmation = ?2 WHERE device_id = ?1 AND wipe_order IS NOT NULL",
                values![device_id, confirmation.as_bytes().to_vec()],
            )?;
            Ok(changed > 0)
        })
        .await
    }

    /// Returns the devices whose code was claimed twice and whose connector was not told, and marks them told.
    pub(crate) async fn take_conflicts(&self, instance_id: InstanceId) -> Result<Vec<DeviceId>, StoreError> {
        self.run(move |sql| {
            let update = "UPDATE device SET conflict = 2 WHERE instance_id = ?1 AND conflict = 1 RETURNING device_id";
            sql.all(update, values![instance_id], |row| row.get(0))
        })
        .await
    }
}

/// Ends the tickets of a device that was revoked, and numbers the revocation.
fn close_access(sql: &Sql<'_>, device_id: DeviceId) -> Result<(), StoreError> {
    sql.execute("DELETE FROM ticket WHERE subject = ?1", values![device_id])?;
    log_revocation(sql, device_id)
}

/// Numbers a revocation. The one row of the total makes revocations wait for each other, so that none becomes
/// visible behind a higher number.
fn log_revocation(sql: &Sql<'_>, device_id: DeviceId) -> Result<(), StoreError> {
    let update = "UPDATE revocations SET total = total + 1 RETURNING total";
    let number: Option<i64> = sql.first(update, values![], |row| row.get(0))?;
    let number = number.ok_or(StoreError::Unexpected)?;
    sql.execute("UPDATE device SET revocation = ?2 WHERE device_id = ?1", values![device_id, number])?;
    Ok(())
}

fn create_device(sql: &Sql<'_>, new: &NewDevice, now: u64) -> Result<CreateDeviceOutcome, StoreError> {
    let query = "SELECT request_hash, device_id FROM idempotency WHERE instance_id = ?1 AND key_hash = ?2";
    let earlier = sql.first(query, values![new.instance_id, new.key_hash], |row| {
        Ok((row.get::<[u8; 32]>(0)?, row.get::<DeviceId>(1)?))
    })?;
    match earlier {
        Some((request_hash, _)) if request_hash != new.request_hash => Ok(CreateDeviceOutcome::KeyReused),
        Some((_, device_id)) => renew_device(sql, new, device_id, now),
        None if !instance_exists(sql, new.instance_id)? => Ok(CreateDeviceOutcome::Gone),
        None if count_devices(sql, new.instance_id)? >= new.most => Ok(CreateDeviceOutcome::TooMany),
        None => insert_device(sql, new, now),
    }
}

fn count_devices(sql: &Sql<'_>, instance_id: InstanceId) -> Result<u64, StoreError> {
    let query = "SELECT count(*) FROM device WHERE instance_id = ?1";
    Ok(sql.first(query, values![instance_id], |row| row.get(0))?.unwrap_or(0))
}

/// The answer to the first request was lost: its setup key is replaced by the one of the new answer.
fn renew_device(
    sql: &Sql<'_>,
    new: &NewDevice,
    device_id: DeviceId,
    now: u64,
) -> Result<CreateDeviceOutcome, StoreError> {
    let expires = sql.first(
        "UPDATE device SET setup_hash = ?2
         WHERE device_id = ?1 AND setup_hash IS NOT NULL AND claim_hash IS NULL AND setup_expires > ?3
         RETURNING setup_expires",
        values![device_id, new.setup_hash, now],
        |row| row.get(0),
    )?;
    Ok(expires.map_or(CreateDeviceOutcome::Gone, |expires| CreateDeviceOutcome::Created { device_id, expires }))
}

fn insert_device(sql: &Sql<'_>, new: &NewDevice, now: u64) -> Result<CreateDeviceOutcome, StoreError> {
    sql.execute(
        "INSERT INTO device (device_id, instance_id, created, setup_expires, setup_hash) VALUES (?1, ?2, ?3, ?4, ?5)",
        values![new.device_id, new.instance_id, now, new.expires, new.setup_hash],
    )?;
    sql.execute(
        "INSERT INTO idempotency (instance_id, key_hash, request_hash, device_id, created) VALUES (?1, ?2, ?3, ?4, ?5)",
        values![new.instance_id, new.key_hash, new.request_hash, new.device_id, now],
    )?;
    Ok(CreateDeviceOutcome::Created { device_id: new.device_id, expires: new.expires })
}

fn claim_state(sql: &Sql<'_>, claim: &Claim, now: u64) -> Result<ClaimState, StoreError> {
    let query = "SELECT device_id, instance_id, claim_hash, conflict = 0 FROM device
                 WHERE setup_hash = ?1 AND setup_expires > ?2 AND first_connect IS NULL AND revoked IS NULL";
    let state = sql.first(query, values![claim.setup_hash, now], |row| {
        let (device_id, instance_id) = (row.get(0)?, row.get(1)?);
        let holder: Option<[u8; 32]> = row.get(2)?;
        Ok(if holder.is_none_or(|holder| holder == claim.claim_hash) {
            ClaimState::Granted { device_id, instance_id }
        } else {
            ClaimState::Used { device_id, instance_id, first_conflict: row.get(3)? }
        })
    })?;
    Ok(state.unwrap_or(ClaimState::Gone))
}

fn read_entry(row: &Row<'_>) -> Result<DeviceEntry, StoreError> {
    let (revoked, connected_once, issued): (bool, bool, bool) = (row.get(2)?, row.get(3)?, row.get(4)?);
    let state = match (revoked, connected_once, issued) {
        (true, _, _) => DeviceState::Revoked,
        (_, true, _) => DeviceState::Claimed,
        (_, _, true) => DeviceState::Issued,
        (false, false, false) => DeviceState::Open,
    };
    let wipe_confirmation = row.get::<Option<Vec<u8>>>(5)?.and_then(SealedBlob::new);
    Ok(DeviceEntry { device_id: row.get(0)?, state, created: row.get(1)?, connected: false, wipe_confirmation })
}
