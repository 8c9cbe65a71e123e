//! Tokens that open a pairing page: one use, a few minutes, only their hash.

use rusqlite::OptionalExtension as _;

use super::{Store, StoreError, person};
use crate::page::TOKEN_LIFETIME;
use crate::time::UnixSeconds;

impl Store {
    /// Notes the token of a page that invites a device of a person.
    pub(crate) fn offer_page(&self, token_hash: &[u8; 32], login: &str, now: UnixSeconds) -> Result<(), StoreError> {
        self.write(|transaction| {
            person::require_person(transaction, login)?;
            transaction.execute("DELETE FROM page WHERE created < ?1", [now.minus(TOKEN_LIFETIME).to_sql()])?;
            transaction.execute(
                "INSERT INTO page (token_hash, login, created) VALUES (?1, ?2, ?3)",
                (token_hash, login, now.to_sql()),
            )?;
            Ok(())
        })
    }

    /// Uses a token up; returns whose device the page invites.
    pub(crate) fn take_page(&self, token_hash: &[u8; 32], now: UnixSeconds) -> Result<Option<String>, StoreError> {
        self.write(|transaction| {
            let query = "DELETE FROM page WHERE token_hash = ?1 AND created >= ?2 RETURNING login";
            let oldest = now.minus(TOKEN_LIFETIME).to_sql();
            Ok(transaction.query_row(query, (token_hash, oldest), |row| row.get(0)).optional()?)
        })
    }

    /// Notes where the running connector serves its pages.
    pub(crate) fn set_local(&self, address: Option<std::net::SocketAddr>) -> Result<(), StoreError> {
        let address = address.map(|address| address.to_string());
        self.write(|transaction| {
            transaction.execute("INSERT OR REPLACE INTO local (id, address) VALUES (1, ?1)", [address])?;
            Ok(())
        })
    }

    /// Returns where a running connector serves its pages.
    pub(crate) fn local(&self) -> Result<Option<String>, StoreError> {
        let query = "SELECT address FROM local WHERE id = 1";
        let address: Option<Option<String>> = self.lock().query_row(query, [], |row| row.get(0)).optional()?;
        Ok(address.flatten().filter(|_| self.is_served()))
    }
}
