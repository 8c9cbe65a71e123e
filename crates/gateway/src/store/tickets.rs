//! Resume tickets: a look-up in place of a password hash.

use super::sql::{Sql, values};
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
        self.run(move |sql| {
            let query = "SELECT subject, version, expires FROM ticket WHERE ticket_hash = ?1";
            sql.first(query, values![hash], |row| {
                Ok(Ticket { subject: row.get(0)?, version: row.get(1)?, expires: row.get(2)? })
            })
        })
        .await
    }
}

/// Adds a ticket and keeps the newest few of its subject.
pub(super) fn insert_ticket(
    sql: &Sql<'_>,
    subject: &[u8; 16],
    version: i64,
    ticket: &NewTicket,
    now: u64,
) -> Result<(), StoreError> {
    const KEPT: u32 = 8;
    sql.execute(
        "INSERT INTO ticket (ticket_hash, subject, version, expires) VALUES (?1, ?2, ?3, ?4)",
        values![ticket.hash, *subject, version, ticket.expires],
    )?;
    sql.execute(
        "DELETE FROM ticket WHERE subject = ?1 AND (version <> ?2 OR expires <= ?3 OR ticket_hash NOT IN (
             SELECT ticket_hash FROM ticket WHERE subject = ?1 ORDER BY expires DESC LIMIT ?4))",
        values![*subject, version, now, KEPT],
    )?;
    Ok(())
}
