//! Resume tickets: a look-up in place of a password hash.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Store, StoreError};

/// A ticket as it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewTicket {
    pub(crate) hash: [u8; 32],
    pub(crate) expires: u64,
}

/// What a ticket was issued for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) subject: [u8; 16],
    pub(crate) version: i64,
    pub(crate) expires: u64,
}

impl Store {
    pub(crate) async fn ticket(&self, hash: [u8; 32]) -> Result<Option<Ticket>, StoreError> {
        self.run(move |connection| {
            connection
                .prepare_cached("SELECT subject, version, expires FROM ticket WHERE ticket_hash = ?1")?
                .query_row([hash], |row| {
                    Ok(Ticket { subject: row.get(0)?, version: row.get(1)?, expires: row.get(2)? })
                })
                .optional()
        })
        .await
    }
}

/// Adds a ticket and keeps the newest few of its subject.
pub(super) fn insert_ticket(
    connection: &Connection,
    subject: &[u8; 16],
    version: i64,
    ticket: &NewTicket,
    now: u64,
) -> rusqlite::Result<()> {
    const KEPT: u32 = 8;
    connection
        .prepare_cached("INSERT INTO ticket (ticket_hash, subject, version, expires) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![ticket.hash, subject, version, ticket.expires])?;
    connection
        .prepare_cached(
            "DELETE FROM ticket WHERE subject = ?1 AND (version <> ?2 OR expires <= ?3 OR ticket_hash IN (
                 SELECT ticket_hash FROM ticket WHERE subject = ?1 ORDER BY expires DESC LIMIT -1 OFFSET ?4))",
        )?
        .execute(params![subject, version, now, KEPT])?;
    Ok(())
}
