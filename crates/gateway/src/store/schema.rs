//! The schema and its migrations, forward only. `user_version` counts the migrations that were applied.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// Marks the file as a gateway's database: "LGgw".
pub(super) const APPLICATION_ID: u32 = 0x4c47_6777;

/// Each entry brings the schema from its index to the next version.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE instance (
        instance_id BLOB PRIMARY KEY,
        created INTEGER NOT NULL,
        first_connect INTEGER,
        version INTEGER NOT NULL,
        salt BLOB NOT NULL,
        iterations INTEGER NOT NULL,
        hash BLOB NOT NULL,
        next_salt BLOB,
        next_iterations INTEGER,
        next_hash BLOB
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE device (
        number INTEGER PRIMARY KEY,
        device_id BLOB NOT NULL UNIQUE,
        instance_id BLOB NOT NULL REFERENCES instance (instance_id) ON DELETE CASCADE,
        created INTEGER NOT NULL,
        setup_expires INTEGER NOT NULL,
        setup_hash BLOB UNIQUE,
        claim_hash BLOB,
        conflict INTEGER NOT NULL DEFAULT 0,
        version INTEGER NOT NULL DEFAULT 0,
        salt BLOB,
        iterations INTEGER,
        hash BLOB,
        first_connect INTEGER,
        revoked INTEGER
    ) STRICT;
    CREATE INDEX device_of_instance ON device (instance_id, number);

    CREATE TABLE ticket (
        ticket_hash BLOB PRIMARY KEY,
        subject BLOB NOT NULL,
        version INTEGER NOT NULL,
        expires INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX ticket_of_subject ON ticket (subject, expires);
    CREATE INDEX ticket_expiry ON ticket (expires);

    CREATE TABLE idempotency (
        instance_id BLOB NOT NULL REFERENCES instance (instance_id) ON DELETE CASCADE,
        key_hash BLOB NOT NULL,
        request_hash BLOB NOT NULL,
        device_id BLOB NOT NULL,
        created INTEGER NOT NULL,
        PRIMARY KEY (instance_id, key_hash)
    ) STRICT, WITHOUT ROWID;
"];

/// The version that this gateway writes.
pub(super) const KNOWN: u32 = MIGRATIONS.len() as u32;

/// Returns the version of the schema, after checking that the database is ours and not newer.
pub(super) fn version(connection: &Connection) -> Result<u32, StoreError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
    if pragma("application_id")? != APPLICATION_ID {
        return Err(StoreError::NotOurs);
    }
    match pragma("user_version")? {
        found if found > KNOWN => Err(StoreError::Newer { found, known: KNOWN }),
        found => Ok(found),
    }
}

/// Applies what is missing, all of it in one transaction.
pub(super) fn migrate(connection: &mut Connection, from: u32) -> Result<(), StoreError> {
    if from == KNOWN {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in MIGRATIONS.iter().skip(from as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", KNOWN)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(transaction.commit()?)
}
