//! Instances and their passwords.

use latchgate_protocol::InstanceId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::tickets::insert_ticket;
use super::{NewTicket, Store, StoreError};
use crate::hash::PasswordHash;
use crate::limits::{IDEMPOTENCY, REVOKED_DEVICE, UNCLAIMED_DEVICE, UNUSED_INSTANCE};

/// What an instance's password is checked against.
#[derive(Clone)]
pub(crate) struct InstanceCredentials {
    /// Grows when the password changes; tickets of other versions are void.
    pub(crate) version: i64,
    pub(crate) current: PasswordHash,
    /// Prepared and not committed; valid beside the current one.
    pub(crate) next: Option<PasswordHash>,
}

impl Store {
    pub(crate) async fn create_instance(
        &self,
        instance_id: InstanceId,
        password: PasswordHash,
        now: u64,
    ) -> Result<(), StoreError> {
        self.run(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO instance (instance_id, created, version, salt, iterations, hash)
                     VALUES (?1, ?2, 1, ?3, ?4, ?5)",
                )?
                .execute(params![instance_id.as_bytes(), now, password.salt, password.iterations, password.hash])
                .map(drop)
        })
        .await
    }

    pub(crate) async fn instance_credentials(
        &self,
        instance_id: InstanceId,
    ) -> Result<Option<InstanceCredentials>, StoreError> {
        self.run(move |connection| {
            connection
                .prepare_cached(
                    "SELECT version, salt, iterations, hash, next_salt, next_iterations, next_hash
                     FROM instance WHERE instance_id = ?1",
                )?
                .query_row([instance_id.as_bytes()], read_credentials)
                .optional()
        })
        .await
    }

    /// Records a successful login. False when the password changed since it was verified.
    pub(crate) async fn finish_instance_login(
        &self,
        instance_id: InstanceId,
        version: i64,
        ticket: Option<NewTicket>,
        now: u64,
    ) -> Result<bool, StoreError> {
        self.run(move |connection| {
            let known: Option<Option<u64>> = connection
                .prepare_cached("SELECT first_connect FROM instance WHERE instance_id = ?1 AND version = ?2")?
                .query_row(params![instance_id.as_bytes(), version], |row| row.get(0))
                .optional()?;
            let Some(first_connect) = known else { return Ok(false) };
            if first_connect.is_none() {
                connection
                    .prepare_cached("UPDATE instance SET first_connect = ?2 WHERE instance_id = ?1")?
                    .execute(params![instance_id.as_bytes(), now])?;
            }
            if let Some(ticket) = ticket {
                insert_ticket(connection, instance_id.as_bytes(), version, &ticket, now)?;
            }
            Ok(true)
        })
        .await
    }

    /// Stores the password that the next commit makes the only one.
    pub(crate) async fn prepare_rotation(&self, instance_id: InstanceId, next: PasswordHash) -> Result<(), StoreError> {
        self.run(move |connection| {
            connection
                .prepare_cached(
                    "UPDATE instance SET next_salt = ?2, next_iterations = ?3, next_hash = ?4 WHERE instance_id = ?1",
                )?
                .execute(params![instance_id.as_bytes(), next.salt, next.iterations, next.hash])
                .map(drop)
        })
        .await
    }

    /// Makes the prepared password `next` the only one and voids the tickets of the old one.
    pub(crate) async fn commit_rotation(
        &self,
        instance_id: InstanceId,
        next: PasswordHash,
    ) -> Result<bool, StoreError> {
        self.run(move |connection| {
            let changed = connection
                .prepare_cached(
                    "UPDATE instance SET version = version + 1,
                         salt = next_salt, iterations = next_iterations, hash = next_hash,
                         next_salt = NULL, next_iterations = NULL, next_hash = NULL
                     WHERE instance_id = ?1 AND next_hash = ?2",
                )?
                .execute(params![instance_id.as_bytes(), next.hash])?;
            connection
                .prepare_cached("DELETE FROM ticket WHERE subject = ?1 AND ?2")?
                .execute(params![instance_id.as_bytes(), changed > 0])?;
            Ok(changed > 0)
        })
        .await
    }

    /// Removes what has expired.
    pub(crate) async fn sweep(&self, now: u64) -> Result<(), StoreError> {
        self.run(move |connection| {
            let statements = [
                ("DELETE FROM ticket WHERE expires <= ?1", 0),
                ("UPDATE device SET setup_hash = NULL, claim_hash = NULL WHERE setup_hash IS NOT NULL AND setup_expires <= ?1", 0),
                ("DELETE FROM device WHERE hash IS NULL AND revoked IS NULL AND setup_expires <= ?1", UNCLAIMED_DEVICE),
                ("DELETE FROM device WHERE revoked <= ?1", REVOKED_DEVICE),
                ("DELETE FROM idempotency WHERE created <= ?1", IDEMPOTENCY),
                ("DELETE FROM instance WHERE first_connect IS NULL AND created <= ?1", UNUSED_INSTANCE),
            ];
            for (sql, age) in statements {
                connection.prepare_cached(sql)?.execute([now.saturating_sub(age)])?;
            }
            Ok(())
        })
        .await
    }
}

fn read_credentials(row: &Row<'_>) -> rusqlite::Result<InstanceCredentials> {
    let current = PasswordHash { salt: row.get(1)?, iterations: row.get(2)?, hash: row.get(3)? };
    Ok(InstanceCredentials { version: row.get(0)?, current, next: read_password(row, 4)? })
}

/// Reads three columns that are NULL together.
pub(super) fn read_password(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<PasswordHash>> {
    let salt: Option<[u8; 16]> = row.get(first)?;
    let iterations: Option<u32> = row.get(first + 1)?;
    let hash: Option<[u8; 32]> = row.get(first + 2)?;
    Ok(salt.zip(iterations).zip(hash).map(|((salt, iterations), hash)| PasswordHash { salt, iterations, hash }))
}

/// Tells whether an instance exists.
pub(super) fn instance_exists(connection: &Connection, instance_id: InstanceId) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM instance WHERE instance_id = ?1")?.exists([instance_id.as_bytes()])
}
