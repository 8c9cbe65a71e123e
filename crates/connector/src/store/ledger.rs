//! Usage per device, site and day; and the head of the audit log.

use latchgate_protocol::DeviceId;
use rusqlite::OptionalExtension as _;
use serde::Serialize;

use super::{Store, StoreError, read_device_id};
use crate::time::Day;

/// What one device did on one site on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsageRow {
    /// The date, as `2026-11-22`.
    pub day: String,
    /// The device.
    pub device_id: DeviceId,
    /// The person that it belonged to.
    pub login: String,
    /// The site's name.
    pub site: String,
    /// How many requests, WebSocket and raw connections began.
    pub requests: u64,
    /// Bytes of request bodies and connections from the device.
    pub up: u64,
    /// Bytes of response bodies and connections to the device.
    pub down: u64,
}

/// An addition to one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsageDelta {
    pub(crate) day: Day,
    pub(crate) device_id: DeviceId,
    pub(crate) login: String,
    pub(crate) site: String,
    pub(crate) requests: u64,
    pub(crate) up: u64,
    pub(crate) down: u64,
}

impl Store {
    /// Adds to the counters.
    pub(crate) fn add_usage(&self, deltas: &[UsageDelta]) -> Result<(), StoreError> {
        let to_sql = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(
                "INSERT INTO usage (day, device_id, login, site, requests, up, down)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (day, device_id, site) DO UPDATE SET
                    requests = requests + excluded.requests, up = up + excluded.up, down = down + excluded.down",
            )?;
            for delta in deltas {
                statement.execute((
                    delta.day.0,
                    delta.device_id.as_bytes(),
                    &delta.login,
                    &delta.site,
                    to_sql(delta.requests),
                    to_sql(delta.up),
                    to_sql(delta.down),
                ))?;
            }
            Ok(())
        })
    }

    /// Lists what was used, oldest day first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn usage(&self) -> Result<Vec<UsageRow>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT day, device_id, login, site, requests, up, down FROM usage ORDER BY day, login, device_id, site",
        )?;
        let count = |value: i64| u64::try_from(value).unwrap_or_default();
        let rows = statement.query_map([], |row| {
            Ok(UsageRow {
                day: Day(row.get(0)?).to_string(),
                device_id: read_device_id(row.get(1)?),
                login: row.get(2)?,
                site: row.get(3)?,
                requests: count(row.get(4)?),
                up: count(row.get(5)?),
                down: count(row.get(6)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the number and hash of the last audit line that was written.
    pub(crate) fn audit_head(&self) -> Result<Option<(u64, String)>, StoreError> {
        let head = self
            .lock()
            .query_row("SELECT seq, hash FROM audit_head WHERE id = 1", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?))
            })
            .optional()?;
        Ok(head.map(|(seq, hash)| (u64::try_from(seq).unwrap_or_default(), hash)))
    }

    /// Notes the last audit line, unless a later one is noted already.
    pub(crate) fn set_audit_head(&self, seq: u64, hash: &str) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO audit_head (id, seq, hash) VALUES (1, ?1, ?2)
                 ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash WHERE excluded.seq > seq",
                (i64::try_from(seq).unwrap_or(i64::MAX), hash),
            )?;
            Ok(())
        })
    }
}
