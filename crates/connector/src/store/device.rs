//! Devices, from the offer to the end: `offered → pending → active → revoked`.

use std::fmt;

use latchgate_protocol::DeviceId;
use latchgate_tunnel::{DeviceSetupSecretKey, StaticPublicKey};
use rand_core::CryptoRng;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::Serialize;

use super::wipe::WipeState;
use super::{Store, StoreError, person, read_device_id};
use crate::limits::{ANSWERED_OFFER_GRACE, REVOKED_RETENTION};
use crate::seal::Cell;
use crate::time::UnixSeconds;

/// How far a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceState {
    /// A code was shown; nobody has used it.
    Offered,
    /// A device answered and has not proved that it kept its key.
    Pending,
    /// Paired.
    Active,
    /// Its keys are erased.
    Revoked,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceRow {
    /// The device.
    pub device_id: DeviceId,
    /// The person that it belongs to.
    pub login: String,
    /// How far it is.
    pub state: DeviceState,
    /// Whether its code was printed, so that the check code must be confirmed.
    pub printed: bool,
    /// When it was offered, in Unix seconds.
    pub created: u64,
    /// When the offer ends or ended, in Unix seconds.
    pub expires: u64,
    /// What the device calls itself.
    pub label: Option<String>,
    /// What both screens show, six digits.
    pub check_code: Option<String>,
    /// Whether an administrator confirmed the check code.
    pub confirmed: bool,
    /// The generation of its key.
    pub generation: Option<u32>,
    /// When that key was made, in Unix seconds.
    pub key_made: Option<u64>,
    /// When somebody asked for another key that was not made yet, in Unix seconds.
    pub rotation_asked: Option<u64>,
    /// When a key that was replaced came back, in Unix seconds: the device was restored from a backup or cloned,
    /// or somebody between repeats what it said before.
    pub old_key_seen: Option<u64>,
    /// When the gateway said that somebody else tried the code of this device, in Unix seconds.
    pub contested: Option<u64>,
    /// The fingerprint of its public key.
    pub fingerprint: Option<String>,
    /// How far its erasure is, where it was ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wipe: Option<WipeState>,
}

/// A new device.
#[derive(Debug)]
pub struct Offer<'a> {
    /// From the gateway.
    pub device_id: DeviceId,
    /// Whose device it will be.
    pub login: &'a str,
    /// What the pairing code carries.
    pub device_setup_secret_key: &'a DeviceSetupSecretKey,
    /// When the code ends.
    pub expires: UnixSeconds,
    /// Whether the code outlives the screen that shows it.
    pub printed: bool,
}

impl DeviceState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }
}

impl fmt::Display for DeviceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ToSql for DeviceState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for DeviceState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        [Self::Offered, Self::Pending, Self::Active, Self::Revoked]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(FromSqlError::InvalidType)
    }
}

impl Store {
    /// Writes a new device, before its code is shown (DESIGN §4, step 0).
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`].
    pub fn offer(&self, offer: &Offer<'_>, now: UnixSeconds, rng: &mut dyn CryptoRng) -> Result<(), StoreError> {
        let id = offer.device_id.as_bytes();
        let secret = offer.device_setup_secret_key.reveal_bytes();
        let sealed = self.keys().seal(setup_cell(id), secret, rng);
        self.write(|transaction| {
            person::require_person(transaction, offer.login)?;
            transaction.execute(
                "INSERT INTO device (device_id, login, state, printed, created, expires, device_setup_secret_key)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                (id, offer.login, DeviceState::Offered, offer.printed, now.to_sql(), offer.expires.to_sql(), sealed),
            )?;
            Ok(())
        })
    }

    /// Lists all devices, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn devices(&self) -> Result<Vec<DeviceRow>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&format!("{SELECT} ORDER BY created, device_id"))?;
        let rows = statement.query_map([], read_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns a device.
    pub(crate) fn device(&self, device_id: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
        match require_device(&self.lock(), device_id) {
            Ok(device) => Ok(Some(device)),
            Err(StoreError::UnknownDevice(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Finds the one device whose id begins with `prefix`.
    ///
    /// # Errors
    /// [`StoreError::UnknownDevice`], [`StoreError::AmbiguousDevice`].
    pub fn find_device(&self, prefix: &str) -> Result<DeviceRow, StoreError> {
        let wanted = prefix.to_ascii_lowercase();
        let mut found = self.devices()?.into_iter().filter(|device| device.device_id.to_string().starts_with(&wanted));
        match (found.next(), found.next()) {
            (Some(device), None) if !wanted.is_empty() => Ok(device),
            (Some(_), Some(_)) => Err(StoreError::AmbiguousDevice(wanted)),
            (Some(_) | None, _) => Err(StoreError::UnknownDevice(wanted)),
        }
    }

    /// Confirms the check code of an active device; `code`, where given, is compared first.
    ///
    /// # Errors
    /// [`StoreError::WrongState`], [`StoreError::WrongCheckCode`].
    pub fn approve(&self, device_id: DeviceId, code: Option<&str>) -> Result<(), StoreError> {
        self.write(|transaction| {
            let device = require_device(transaction, device_id)?;
            if device.state != DeviceState::Active {
                return Err(StoreError::WrongState(device.state));
            }
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            if code.is_some_and(|code| Some(digits(code)) != device.check_code.as_deref().map(digits)) {
                return Err(StoreError::WrongCheckCode);
            }
            transaction.execute("UPDATE device SET confirmed = 1 WHERE device_id = ?1", [device_id.as_bytes()])?;
            Ok(())
        })
    }

    /// Notes that somebody else tried a device's code: who sees it decides; it erases nothing.
    pub(crate) fn note_contest(&self, device_id: DeviceId, now: UnixSeconds) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "UPDATE device SET contested = ?2 WHERE device_id = ?1",
                (device_id.as_bytes(), now.to_sql()),
            )?;
            Ok(())
        })
    }

    /// Erases a device's keys and notes that the gateway must be told. Returns whether it was not revoked yet.
    ///
    /// # Errors
    /// [`StoreError::UnknownDevice`].
    pub fn revoke(&self, device_id: DeviceId, now: UnixSeconds) -> Result<bool, StoreError> {
        self.write(|transaction| {
            require_device(transaction, device_id)?;
            revoke(transaction, device_id.as_bytes(), now)
        })
    }

    /// Lists the devices whose revocation the gateway has not confirmed.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn revocations(&self) -> Result<Vec<DeviceId>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached("SELECT device_id FROM revocation ORDER BY created")?;
        let rows = statement.query_map([], |row| row.get(0).map(read_device_id))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes that the gateway confirmed a revocation. Returns whether that was news.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn confirm_revocation(&self, device_id: DeviceId) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let confirmed =
                transaction.execute("DELETE FROM revocation WHERE device_id = ?1", [device_id.as_bytes()])?;
            Ok(confirmed > 0)
        })
    }

    /// Notes that the gateway must be told again: it listed a device that was revoked here.
    pub(crate) fn renew_revocation(&self, device_id: DeviceId, now: UnixSeconds) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(INSERT_REVOCATION, (device_id.as_bytes(), now.to_sql()))?;
            Ok(())
        })
    }

    /// Revokes offers that nobody finished and forgets devices that were revoked long ago. Returns the former.
    pub(crate) fn sweep(&self, now: UnixSeconds) -> Result<Vec<DeviceId>, StoreError> {
        self.write(|transaction| {
            let mut statement = transaction.prepare_cached(
                "SELECT device_id FROM device
                 WHERE (state = 'offered' AND expires < ?1) OR (state = 'pending' AND expires < ?2)",
            )?;
            let answered = now.minus(ANSWERED_OFFER_GRACE);
            let rows = statement.query_map((now.to_sql(), answered.to_sql()), |row| row.get(0))?;
            let lapsed: Vec<[u8; 16]> = rows.collect::<Result<_, _>>()?;
            for id in &lapsed {
                revoke(transaction, id, now)?;
            }
            let forgotten = now.minus(REVOKED_RETENTION).to_sql();
            transaction.execute("DELETE FROM device WHERE state = 'revoked' AND ended < ?1", [forgotten])?;
            Ok(lapsed.into_iter().map(read_device_id).collect())
        })
    }
}

const SELECT: &str = "SELECT device_id, login, state, printed, created, expires, label, check_code, confirmed,
                             generation, device_key, key_made, rotation_asked, old_key_seen, contested,
                             ordered IS NOT NULL AS wiping, confirmed_wipe IS NOT NULL AS wiped
                      FROM device LEFT JOIN
                           (SELECT device_id AS wiped_id, ordered, confirmed AS confirmed_wipe FROM wipe) ON wiped_id = device_id";
pub(super) const INSERT_REVOCATION: &str =
    "INSERT INTO revocation (device_id, created) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

pub(super) fn setup_cell(device_id: &[u8; 16]) -> Cell<'_> {
    Cell { table: "device", row: device_id, column: "device_setup_secret_key" }
}

pub(super) fn revoke_all_of(connection: &Connection, login: &str, now: UnixSeconds) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("SELECT device_id FROM device WHERE login = ?1")?;
    let rows = statement.query_map([login], |row| row.get(0))?;
    let ids: Vec<[u8; 16]> = rows.collect::<Result<_, _>>()?;
    ids.iter().try_for_each(|id| revoke(connection, id, now).map(drop))
}

pub(super) fn revoke(connection: &Connection, id: &[u8; 16], now: UnixSeconds) -> Result<bool, StoreError> {
    let changed = connection.execute(
        "UPDATE device SET state = 'revoked', ended = ?2, device_setup_secret_key = NULL, device_secret_key = NULL,
                device_key = NULL, key_id = NULL, confirmed = 0
         WHERE device_id = ?1 AND state <> 'revoked'",
        (id, now.to_sql()),
    )?;
    if changed == 0 {
        return Ok(false);
    }
    connection.execute("DELETE FROM candidate WHERE device_id = ?1", [id])?;
    connection.execute(INSERT_REVOCATION, (id, now.to_sql()))?;
    Ok(true)
}

pub(super) fn require_device(connection: &Connection, device_id: DeviceId) -> Result<DeviceRow, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE device_id = ?1"))?;
    let device = statement.query_row([device_id.as_bytes()], read_row).optional()?;
    device.ok_or_else(|| StoreError::UnknownDevice(device_id.to_string()))
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<DeviceRow> {
    let key: Option<[u8; 32]> = row.get("device_key")?;
    Ok(DeviceRow {
        device_id: read_device_id(row.get("device_id")?),
        login: row.get("login")?,
        state: row.get("state")?,
        printed: row.get("printed")?,
        created: UnixSeconds::from_sql(row.get("created")?).0,
        expires: UnixSeconds::from_sql(row.get("expires")?).0,
        label: row.get("label")?,
        check_code: row.get("check_code")?,
        confirmed: row.get("confirmed")?,
        generation: row.get("generation")?,
        key_made: read_moment(row, "key_made")?,
        rotation_asked: read_moment(row, "rotation_asked")?,
        old_key_seen: read_moment(row, "old_key_seen")?,
        contested: read_moment(row, "contested")?,
        fingerprint: key.map(|key| StaticPublicKey::from_bytes(key).fingerprint()),
        wipe: match (row.get("wiping")?, row.get("wiped")?) {
            (false, _) => None,
            (true, false) => Some(WipeState::Pending),
            (true, true) => Some(WipeState::Confirmed),
        },
    })
}

fn read_moment(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(|value| UnixSeconds::from_sql(value).0))
}
