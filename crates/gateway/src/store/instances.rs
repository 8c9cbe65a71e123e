//! Instances and their passwords.

use latchgate_protocol::InstanceId;

use super::sql::{Row, Sql, values};
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
        self.run(move |sql| {
            sql.execute(
                "INSERT INTO instance (instance_id, created, version, salt, iterations, hash)
                 VALUES (?1, ?2, 1, ?3, ?4, ?5)",
                values![instance_id, now, password.salt, password.iterations, password.hash],
            )
            .map(drop)
        })
        .await
    }

    pub(crate) async fn instance_credentials(
        &self,
        instance_id: InstanceId,
    ) -> Result<Option<InstanceCredentials>, StoreError> {
        self.run(move |sql| {
            let query = "SELECT version, salt, iterations, hash, next_salt, next_iterations, next_hash
                         FROM instance WHERE instance_id = ?1";
            sql.first(query, values![instance_id], read_credentials)
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
        self.run(move |sql| {
            let query = "SELECT first_connect FROM instance WHERE instance_id = ?1 AND version = ?2";
            let known = sql.first(query, values![instance_id, version], |row| row.get::<Option<u64>>(0))?;
            let Some(first_connect) = known else { return Ok(false) };
            if first_connect.is_none() {
                let update = "UPDATE instance SET first_connect = ?2 WHERE instance_id = ?1";
                sql.execute(update, values![instance_id, now])?;
            }
            if let Some(ticket) = &ticket {
                insert_ticket(sql, instance_id.as_bytes(), version, ticket, now)?;
            }
            Ok(true)
        })
        .await
    }

    /// Stores the password that the next commit makes the only one.
    pub(crate) async fn prepare_rotation(&self, instance_id: InstanceId, next: PasswordHash) -> Result<(), StoreError> {
        self.run(move |sql| {
            sql.execute(
                "UPDATE instance SET next_salt = ?2, next_iterations = ?3, next_hash = ?4 WHERE instance_id = ?1",
                values![instance_id, next.salt, next.iterations, next.hash],
            )
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
        self.run(move |sql| {
            let changed = sql.execute(
                "UPDATE instance SET version = version + 1,
                     salt = next_salt, iterations = next_iterations, hash = next_hash,
                     next_salt = NULL, next_iterations = NULL, next_hash = NULL
                 WHERE instance_id = ?1 AND next_hash = ?2",
                values![instance_id, next.hash],
            )?;
            if changed > 0 {
                sql.execute("DELETE FROM ticket WHERE subject = ?1", values![instance_id])?;
            }
            Ok(changed > 0)
        })
        .await
    }

    /// Removes what has expired.
    pub(crate) async fn sweep(&self, now: u64) -> Result<(), StoreError> {
        self.run(move |sql| {
            let statements = [
                ("DELETE FROM ticket WHERE expires <= ?1", 0),
                ("UPDATE device SET setup_hash = NULL, claim_hash = NULL WHERE setup_hash IS NOT NULL AND setup_expires <= ?1", 0),
                ("DELETE FROM device WHERE hash IS NULL AND revoked IS NULL AND setup_expires <= ?1", UNCLAIMED_DEVICE),
                ("DELETE FROM device WHERE revoked <= ?1", REVOKED_DEVICE),
                ("DELETE FROM idempotency WHERE created <= ?1", IDEMPOTENCY),
                ("DELETE FROM instance WHERE first_connect IS NULL AND created <= ?1", UNUSED_INSTANCE),
            ];
            for (statement, age) in statements {
                sql.execute(statement, values![now.saturating_sub(age)])?;
            }
            Ok(())
        })
        .await
    }
}

fn read_credentials(row: &Row<'_>) -> Result<InstanceCredentials, StoreError> {
    let current = PasswordHash { salt: row.get(1)?, iterations: row.get(2)?, hash: row.get(3)? };
    Ok(InstanceCredentials { version: row.get(0)?, current, next: read_password(row, 4)? })
}

/// Reads three columns that are NULL together.
pub(super) fn read_password(row: &Row<'_>, first: usize) -> Result<Option<PasswordHash>, StoreError> {
    let salt: Option<[u8; 16]> = row.get(first)?;
    let iterations: Option<u32> = row.get(first + 1)?;
    let hash: Option<[u8; 32]> = row.get(first + 2)?;
    Ok(salt.zip(iterations).zip(hash).map(|((salt, iterations), hash)| PasswordHash { salt, iterations, hash }))
}

/// Tells whether an instance exists.
pub(super) fn instance_exists(sql: &Sql<'_>, instance_id: InstanceId) -> Result<bool, StoreError> {
    let query = "SELECT 1 FROM instance WHERE instance_id = ?1";
    Ok(sql.first(query, values![instance_id], |_| Ok(()))?.is_some())
}
