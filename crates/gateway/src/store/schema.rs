//! The schema and its migrations, forward only. SQLite counts those that were applied in `user_version`,
//! PostgreSQL in a table of its own.

use postgres::Client;
use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// Marks the file as a gateway's database: "LGgw".
pub(super) const APPLICATION_ID: u32 = 0x4c47_6777;

/// Each entry brings the schema from its index to the next version. It is written for SQLite, in the words
/// that [`for_postgres`] knows.
const MIGRATIONS: &[&str] = &[
    "
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
",
    "
    CREATE TABLE revocations (total INTEGER NOT NULL) STRICT;
    INSERT INTO revocations (total) VALUES (0);
    ALTER TABLE device ADD COLUMN revocation INTEGER;
    CREATE INDEX device_revocation ON device (revocation);
",
    "
    ALTER TABLE device ADD COLUMN wipe_order BLOB;
    ALTER TABLE device ADD COLUMN wipe_confirmation BLOB;
",
];

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

/// Held while a node looks at the schema and changes it: "LGgw" again.
const LOCK: i64 = APPLICATION_ID as i64;

/// Says in PostgreSQL's words what a migration says in SQLite's.
fn for_postgres(migration: &str) -> String {
    [
        (" STRICT, WITHOUT ROWID", ""),
        (" STRICT", ""),
        ("INTEGER PRIMARY KEY", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
        ("INTEGER", "BIGINT"),
        ("BLOB", "BYTEA"),
    ]
    .iter()
    .fold(migration.to_owned(), |text, (sqlite, postgres)| text.replace(sqlite, postgres))
}

/// Returns the version of the schema on a server, or nothing where there is none.
pub(super) fn version_on(client: &mut Client) -> Result<Option<u32>, StoreError> {
    let there = client.query_one("SELECT to_regclass('latchgate_schema') IS NOT NULL", &[])?;
    if !there.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let found: i64 = client.query_one("SELECT version FROM latchgate_schema", &[])?.try_get(0)?;
    match u32::try_from(found).map_err(|_| StoreError::NotOurs)? {
        found if found > KNOWN => Err(StoreError::Newer { found, known: KNOWN }),
        found => Ok(Some(found)),
    }
}

/// Applies what is missing on a server, all of it in one transaction, one node at a time.
pub(super) fn migrate_on(client: &mut Client) -> Result<(), StoreError> {
    client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED")?;
    client.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])?;
    let from = version_on(client)?;
    if from.is_none() {
        client.batch_execute(
            "CREATE TABLE latchgate_schema (version BIGINT NOT NULL); INSERT INTO latchgate_schema VALUES (0)",
        )?;
    }
    for migration in MIGRATIONS.iter().skip(from.unwrap_or(0) as usize) {
        client.batch_execute(&for_postgres(migration))?;
    }
    client.execute("UPDATE latchgate_schema SET version = $1", &[&i64::from(KNOWN)])?;
    Ok(client.batch_execute("COMMIT")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_schema_is_known_to_both_databases() {
        for migration in MIGRATIONS {
            let text = for_postgres(migration);
            for foreign in ["BLOB", "INTEGER", "STRICT", "ROWID", "AUTOINCREMENT"] {
                assert!(!text.contains(foreign), "{foreign} in {text}");
            }
        }
    }
}
