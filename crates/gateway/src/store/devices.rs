//! Devices: created open, claimed once, closed by the first CONNECT, revoked.

use latchgate_protocol::rest::{DeviceEntry, DeviceState};
use latchgate_protocol::{DeviceId, InstanceId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::instances::{instance_exists, read_password};
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
        self.run(move |connection| create_device(connection, &new, now)).await
    }

    /// Tells how a claim would end, changing nothing.
    pub(crate) async fn peek_claim(&self, claim: Claim, now: u64) -> Result<ClaimState, StoreError> {
        self.run(move |connection| claim_state(connection, &claim, now)).await
    }

    /// Grants a claim, storing its new password, or records the conflict. Grants nothing without a password.
    pub(crate) async fn claim(
        &self,
        claim: Claim,
        password: Option<PasswordHash>,
        now: u64,
    ) -> Result<ClaimState, StoreError> {
        self.run(move |connection| {
            let state = claim_state(connection, &claim, now)?;
            match (state, password) {
                (ClaimState::Granted { device_id, .. }, Some(password)) => {
                    connection
                        .prepare_cached(
                            "UPDATE device SET claim_hash = ?2, version = version + 1,
                                 salt = ?3, iterations = ?4, hash = ?5 WHERE device_id = ?1",
                        )?
                        .execute(params![
                            device_id.as_bytes(),
                            claim.claim_hash,
                            password.salt,
                            password.iterations,
                            password.hash
                        ])?;
                }
                (ClaimState::Used { device_id, first_conflict: true, .. }, _) => {
                    connection
                        .prepare_cached("UPDATE device SET conflict = 1 WHERE device_id = ?1")?
                        .execute([device_id.as_bytes()])?;
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
        self.run(move |connection| {
            connection
                .prepare_cached(
                    "SELECT instance_id, version, revoked IS NOT NULL, salt, iterations, hash
                     FROM device WHERE device_id = ?1",
                )?
                .query_row([device_id.as_bytes()], |row| {
                    Ok(DeviceCredentials {
                        instance_id: InstanceId::from_bytes(row.get(0)?),
                        version: row.get(1)?,
                        revoked: row.get(2)?,
                        password: read_password(row, 3)?,
                    })
                })
                .optional()
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
        self.run(move |connection| {
            let known: Option<Option<u64>> = connection
                .prepare_cached(
                    "SELECT first_connect FROM device WHERE device_id = ?1 AND version = ?2 AND revoked IS NULL",
                )?
                .query_row(params![device_id.as_bytes(), version], |row| row.get(0))
                .optional()?;
            let Some(first_connect) = known else { return Ok(false) };
            if first_connect.is_none() {
                connection
                    .prepare_cached(
                        "UPDATE device SET first_connect = ?2, setup_hash = NULL, claim_hash = NULL
                         WHERE device_id = ?1",
                    )?
                    .execute(params![device_id.as_bytes(), now])?;
            }
            if let Some(ticket) = ticket {
                insert_ticket(connection, device_id.as_bytes(), version, &ticket, now)?;
            }
            Ok(true)
        })
        .await
    }

    /// Lists the devices of an instance in order of creation, all as not connected.
    pub(crate) async fn list_devices(&self, instance_id: InstanceId) -> Result<Vec<DeviceEntry>, StoreError> {
        self.run(move |connection| {
            connection
                .prepare_cached(
                    "SELECT device_id, created, revoked IS NOT NULL, first_connect IS NOT NULL, hash IS NOT NULL
                     FROM device WHERE instance_id = ?1 ORDER BY number",
                )?
                .query_map([instance_id.as_bytes()], read_entry)?
                .collect()
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
        self.run(move |connection| {
            let changed = connection
                .prepare_cached(
                    "UPDATE device SET revoked = coalesce(revoked, ?3), setup_hash = NULL, claim_hash = NULL,
                         salt = NULL, iterations = NULL, hash = NULL, version = version + 1
                     WHERE instance_id = ?1 AND device_id = ?2",
                )?
                .execute(params![instance_id.as_bytes(), device_id.as_bytes(), now])?;
            connection
                .prepare_cached("DELETE FROM ticket WHERE subject = ?1 AND ?2")?
                .execute(params![device_id.as_bytes(), changed > 0])?;
            Ok(changed > 0)
        })
        .await
    }

    /// Returns the devices whose code was claimed twice and whose connector was not told, and marks them told.
    pub(crate) async fn take_conflicts(&self, instance_id: InstanceId) -> Result<Vec<DeviceId>, StoreError> {
        self.run(move |connection| {
            connection
                .prepare_cached(
                    "UPDATE device SET conflict = 2 WHERE instance_id = ?1 AND conflict = 1 RETURNING device_id",
                )?
                .query_map([instance_id.as_bytes()], |row| Ok(DeviceId::from_bytes(row.get(0)?)))?
                .collect()
        })
        .await
    }
}

fn create_device(connection: &Connection, new: &NewDevice, now: u64) -> rusqlite::Result<CreateDeviceOutcome> {
    let earlier: Option<([u8; 32], [u8; 16])> = connection
        .prepare_cached("SELECT request_hash, device_id FROM idempotency WHERE instance_id = ?1 AND key_hash = ?2")?
        .query_row(params![new.instance_id.as_bytes(), new.key_hash], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match earlier {
        Some((request_hash, _)) if request_hash != new.request_hash => Ok(CreateDeviceOutcome::KeyReused),
        Some((_, device_id)) => renew_device(connection, new, DeviceId::from_bytes(device_id), now),
        None if !instance_exists(connection, new.instance_id)? => Ok(CreateDeviceOutcome::Gone),
        None if count_devices(connection, new.instance_id)? >= new.most => Ok(CreateDeviceOutcome::TooMany),
        None => insert_device(connection, new, now),
    }
}

fn count_devices(connection: &Connection, instance_id: InstanceId) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM device WHERE instance_id = ?1")?
        .query_row([instance_id.as_bytes()], |row| row.get(0))
}

/// The answer to the first request was lost: its setup key is replaced by the one of the new answer.
fn renew_device(
    connection: &Connection,
    new: &NewDevice,
    device_id: DeviceId,
    now: u64,
) -> rusqlite::Result<CreateDeviceOutcome> {
    let expires = connection
        .prepare_cached(
            "UPDATE device SET setup_hash = ?2
             WHERE device_id = ?1 AND setup_hash IS NOT NULL AND claim_hash IS NULL AND setup_expires > ?3
             RETURNING setup_expires",
        )?
        .query_row(params![device_id.as_bytes(), new.setup_hash, now], |row| row.get(0))
        .optional()?;
    Ok(expires.map_or(CreateDeviceOutcome::Gone, |expires| CreateDeviceOutcome::Created { device_id, expires }))
}

fn insert_device(connection: &Connection, new: &NewDevice, now: u64) -> rusqlite::Result<CreateDeviceOutcome> {
    connection
        .prepare_cached(
            "INSERT INTO device (device_id, instance_id, created, setup_expires, setup_hash) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![new.device_id.as_bytes(), new.instance_id.as_bytes(), now, new.expires, new.setup_hash])?;
    connection
        .prepare_cached(
            "INSERT INTO idempotency (instance_id, key_hash, request_hash, device_id, created) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![new.instance_id.as_bytes(), new.key_hash, new.request_hash, new.device_id.as_bytes(), now])?;
    Ok(CreateDeviceOutcome::Created { device_id: new.device_id, expires: new.expires })
}

fn claim_state(connection: &Connection, claim: &Claim, now: u64) -> rusqlite::Result<ClaimState> {
    connection
        .prepare_cached(
            "SELECT device_id, instance_id, claim_hash, conflict = 0 FROM device
             WHERE setup_hash = ?1 AND setup_expires > ?2 AND first_connect IS NULL AND revoked IS NULL",
        )?
        .query_row(params![claim.setup_hash, now], |row| {
            let device_id = DeviceId::from_bytes(row.get(0)?);
            let instance_id = InstanceId::from_bytes(row.get(1)?);
            let holder: Option<[u8; 32]> = row.get(2)?;
            Ok(if holder.is_none_or(|holder| holder == claim.claim_hash) {
                ClaimState::Granted { device_id, instance_id }
            } else {
                ClaimState::Used { device_id, instance_id, first_conflict: row.get(3)? }
            })
        })
        .optional()
        .map(|state| state.unwrap_or(ClaimState::Gone))
}

fn read_entry(row: &Row<'_>) -> rusqlite::Result<DeviceEntry> {
    let (revoked, connected_once, issued): (bool, bool, bool) = (row.get(2)?, row.get(3)?, row.get(4)?);
    let state = match (revoked, connected_once, issued) {
        (true, _, _) => DeviceState::Revoked,
        (_, true, _) => DeviceState::Claimed,
        (_, _, true) => DeviceState::Issued,
        (false, false, false) => DeviceState::Open,
    };
    Ok(DeviceEntry { device_id: DeviceId::from_bytes(row.get(0)?), state, created: row.get(1)?, connected: false })
}
