//! The tables, and how an older database becomes a newer one: forward only, each step one transaction.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{StoreError, damaged};
use crate::limits::STORE_BUSY;

/// Marks the file as a connector's (SQLite's `application_id`): "LGcn".
const APPLICATION: i32 = 0x4c47_636e;

/// One step each; the version of a database is the number of steps that it has taken.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE instance (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        instance_id BLOB NOT NULL,
        instance_password BLOB NOT NULL,            -- sealed
        created INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE person (
        login TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        suspended INTEGER NOT NULL DEFAULT 0,
        created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE membership (
        login TEXT NOT NULL REFERENCES person (login) ON DELETE CASCADE,
        grp TEXT NOT NULL,
        PRIMARY KEY (login, grp)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE device (
        device_id BLOB PRIMARY KEY,
        login TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('offered', 'pending', 'active', 'revoked')),
        printed INTEGER NOT NULL,
        created INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        ended INTEGER,
        device_setup_secret_key BLOB,               -- sealed, until the rotation is committed
        device_secret_key BLOB,                     -- sealed
        device_key BLOB,                            -- the public half
        generation INTEGER,
        key_id BLOB,
        label TEXT,
        check_code TEXT,
        confirmed INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX device_login ON device (login);
    CREATE TABLE candidate (
        device_id BLOB NOT NULL REFERENCES device (device_id) ON DELETE CASCADE,
        p1_hash BLOB NOT NULL,
        serial INTEGER NOT NULL,                    -- order of arrival
        pinned INTEGER NOT NULL DEFAULT 0,          -- was named by an S1
        p2 BLOB NOT NULL,                           -- sealed
        device_secret_key BLOB NOT NULL,            -- sealed
        device_key BLOB NOT NULL,
        generation INTEGER NOT NULL,
        key_id BLOB NOT NULL,
        label TEXT NOT NULL,
        check_code TEXT NOT NULL,
        PRIMARY KEY (device_id, p1_hash)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE revocation (
        device_id BLOB PRIMARY KEY,
        created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE usage (
        day INTEGER NOT NULL,
        device_id BLOB NOT NULL,
        login TEXT NOT NULL,
        site TEXT NOT NULL,
        requests INTEGER NOT NULL,
        up INTEGER NOT NULL,
        down INTEGER NOT NULL,
        PRIMARY KEY (day, device_id, site)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE audit_head (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        seq INTEGER NOT NULL,
        hash TEXT NOT NULL
    ) STRICT;
",
    "
    ALTER TABLE device ADD COLUMN key_made INTEGER;             -- when its key was derived
    ALTER TABLE device ADD COLUMN rotation_asked INTEGER;       -- when somebody asked for another key
    ALTER TABLE device ADD COLUMN old_key_seen INTEGER;         -- when a replaced key came back
    ALTER TABLE candidate ADD COLUMN key_made INTEGER NOT NULL DEFAULT 0;
    UPDATE device SET key_made = created WHERE state = 'active';
",
    "
    CREATE TABLE wipe (
        device_id BLOB PRIMARY KEY REFERENCES device (device_id) ON DELETE CASCADE,
        wipe_order BLOB NOT NULL,                   -- sealed for the device
        confirmation_hash BLOB NOT NULL,
        ordered INTEGER NOT NULL,
        confirmed INTEGER
    ) STRICT, WITHOUT ROWID;
",
    "
    CREATE TABLE page (
        token_hash BLOB PRIMARY KEY,
        login TEXT NOT NULL,
        created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE local (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        address TEXT                                -- where a running connector serves its pages
    ) STRICT;
    ALTER TABLE device ADD COLUMN contested INTEGER;            -- when somebody else tried its code
",
];

/// Sets what holds for a connection and not for the file.
pub(super) fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(STORE_BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "trusted_schema", false)
}

/// Refuses a file that is damaged or no connector database.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| damaged(path, &error);
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(failed)?;
    if application != APPLICATION {
        return Err(damaged(path, &"it was written by another program"));
    }
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if verdict == "ok" { Ok(()) } else { Err(damaged(path, &verdict)) }
}

/// Takes the steps that the database has not taken.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    migrate_with(connection, path, MIGRATIONS)
}

pub(super) fn migrate_with(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), StoreError> {
    configure(connection).map_err(|error| damaged(path, &error))?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = u32::try_from(steps.len()).expect("migrations are counted on fingers");
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    if found < known {
        for step in steps.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", known)?;
        transaction.commit()?;
    }
    Ok(())
}
