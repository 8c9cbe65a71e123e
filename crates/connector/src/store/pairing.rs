//! The durable steps of pairing and of opening sessions (DESIGN §4, steps 4, 6 and 8).
//!
//! 1. P1 makes a candidate; the same P1 gets the same P2, so that a lost reply costs nothing.
//! 2. An S1 that names a candidate pins it: the device has written its key down.
//! 3. FIN commits: the candidate becomes the device's key, everything older is erased.

use latchgate_link::connector::SessionKeys;
use latchgate_protocol::DeviceId;
use latchgate_tunnel::keys::{DeviceSecretKey, DeviceSetupSecretKey, Generation, KeyId, StaticPublicKey};
use latchgate_tunnel::pairing::{PairingAnswer, ResponderParams, answer_pairing};
use rand_core::CryptoRng;
use rusqlite::{Connection, OptionalExtension as _};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

use super::device::{DeviceState, setup_cell};
use super::{Store, StoreError};
use crate::limits::CANDIDATES;
use crate::seal::Cell;
use crate::time::UnixSeconds;

/// What became of a P1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PairingReply {
    /// A P2 that was made before.
    Repeated(Vec<u8>),
    /// A new P2; a candidate was written.
    New(Vec<u8>),
    /// No reply, and why.
    Refused(&'static str),
}

/// What became of an S1.
#[derive(Debug)]
pub(crate) enum KeyLookup {
    /// The keys that it names.
    Found(SessionKeys),
    /// A generation that was replaced: the device was restored from a backup, or cloned.
    Superseded,
    /// Nothing of that name.
    Unknown,
}

/// What became of a FIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Committed {
    /// The device is active under its first key.
    First,
    /// The key takes the place of the one before.
    Rotated,
    /// It was before.
    Already,
    /// The key is gone.
    Refused,
}

/// What the steps read of a device.
pub(super) struct Standing {
    pub(super) state: DeviceState,
    expires: UnixSeconds,
    setup_secret: Option<Vec<u8>>,
    pub(super) generation: Option<u32>,
    key_id: Option<[u8; 16]>,
    pub(super) device_secret_key: Option<Vec<u8>>,
    device_key: Option<[u8; 32]>,
}

impl Store {
    /// Answers a P1, durable before it returns.
    pub(crate) fn answer_pairing(
        &self,
        device_id: DeviceId,
        p1: &[u8],
        instance_label: &str,
        now: UnixSeconds,
        rng: &mut dyn CryptoRng,
    ) -> Result<PairingReply, StoreError> {
        let id = device_id.as_bytes();
        let p1_hash: [u8; 32] = Sha256::digest(p1).into();
        self.write(|transaction| {
            if let Some(p2) = self.find_reply(transaction, id, &p1_hash)? {
                return Ok(PairingReply::Repeated(p2));
            }
            let Some(standing) = find_standing(transaction, id)? else {
                return Ok(PairingReply::Refused("the device is unknown"));
            };
            let sealed = match (standing.state, standing.setup_secret) {
                (DeviceState::Offered | DeviceState::Pending, Some(sealed)) if now <= standing.expires => sealed,
                (DeviceState::Offered | DeviceState::Pending, Some(_)) => {
                    return Ok(PairingReply::Refused("its code has expired"));
                }
                (DeviceState::Offered | DeviceState::Pending | DeviceState::Active | DeviceState::Revoked, _) => {
                    return Ok(PairingReply::Refused("its code was used up"));
                }
            };
            let secret = self.keys().open(setup_cell(id), &sealed)?;
            let setup_secret = DeviceSetupSecretKey::from_bytes(self.key_bytes(&secret)?);
            let params = ResponderParams {
                device_id,
                setup_secret: &setup_secret,
                static_key: self.static_key(),
                instance_label,
            };
            let Ok(answer) = answer_pairing(params, p1, rng) else {
                return Ok(PairingReply::Refused("the handshake failed"));
            };
            make_room(transaction, id)?;
            self.insert_candidate(transaction, id, &p1_hash, &answer, now, rng)?;
            transaction.execute("UPDATE device SET state = 'pending' WHERE device_id = ?1", [id])?;
            Ok(PairingReply::New(answer.p2))
        })
    }

    /// Looks up the keys that an S1 names, and pins a candidate that it names.
    pub(crate) fn session_keys(
        &self,
        device_id: DeviceId,
        generation: Generation,
        key_id: KeyId,
    ) -> Result<KeyLookup, StoreError> {
        let id = device_id.as_bytes();
        let transaction = self.lock();
        let Some(standing) = find_standing(&transaction, id)? else { return Ok(KeyLookup::Unknown) };
        if standing.state == DeviceState::Active
            && let (Some(current), Some(current_id)) = (standing.generation, standing.key_id)
            && let (Some(sealed), Some(device_key)) = (&standing.device_secret_key, standing.device_key)
        {
            if (current, current_id) == (generation.0, key_id.0) {
                let secret = self.keys().open(secret_cell(id), sealed)?;
                return Ok(KeyLookup::Found(self.make_session_keys(&secret, device_key)?));
            }
            if generation.0 < current {
                return Ok(KeyLookup::Superseded);
            }
        }
        if standing.state == DeviceState::Revoked {
            return Ok(KeyLookup::Unknown);
        }
        drop(transaction);
        self.write(|transaction| {
            let Some((p1_hash, sealed, device_key)) = find_candidate(transaction, id, generation, key_id)? else {
                return Ok(KeyLookup::Unknown);
            };
            let secret = self.keys().open(candidate_cell(&row_name(id, &p1_hash), "device_secret_key"), &sealed)?;
            transaction
                .execute("UPDATE candidate SET pinned = 1 WHERE device_id = ?1 AND p1_hash = ?2", (id, p1_hash))?;
            Ok(KeyLookup::Found(self.make_session_keys(&secret, device_key)?))
        })
    }

    /// Returns the key that is in use with an active device, and those that may follow it.
    pub(super) fn keys_in_use(
        &self,
        connection: &Connection,
        device_id: DeviceId,
    ) -> Result<Vec<(Generation, DeviceSecretKey)>, StoreError> {
        let id = device_id.as_bytes();
        let Some(Standing { generation: Some(generation), device_secret_key: Some(sealed), .. }) =
            find_standing(connection, id)?
        else {
            return Err(self.damaged("an active device has no key"));
        };
        let secret = self.keys().open(secret_cell(id), &sealed)?;
        let mut keys = vec![(Generation(generation), DeviceSecretKey::from_bytes(self.key_bytes(&secret)?))];
        let mut statement = connection.prepare_cached(
            "SELECT p1_hash, device_secret_key, generation FROM candidate WHERE device_id = ?1 ORDER BY serial",
        )?;
        let rows = statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        for row in rows {
            let (p1_hash, sealed, generation): ([u8; 32], Vec<u8>, u32) = row?;
            let secret = self.keys().open(candidate_cell(&row_name(id, &p1_hash), "device_secret_key"), &sealed)?;
            keys.push((Generation(generation), DeviceSecretKey::from_bytes(self.key_bytes(&secret)?)));
        }
        Ok(keys)
    }

    /// Commits to the key that a FIN arrived under.
    pub(crate) fn commit(
        &self,
        device_id: DeviceId,
        generation: Generation,
        key_id: KeyId,
        rng: &mut dyn CryptoRng,
    ) -> Result<Committed, StoreError> {
        let id = device_id.as_bytes();
        let is_current = |standing: &Standing| {
            standing.state == DeviceState::Active
                && standing.generation == Some(generation.0)
                && standing.key_id == Some(key_id.0)
        };
        if find_standing(&self.lock(), id)?.as_ref().is_some_and(is_current) {
            return Ok(Committed::Already);
        }
        self.write(|transaction| {
            let Some(standing) = find_standing(transaction, id)? else { return Ok(Committed::Refused) };
            if standing.state == DeviceState::Revoked {
                return Ok(Committed::Refused);
            }
            let Some((p1_hash, sealed, _)) = find_candidate(transaction, id, generation, key_id)? else {
                return Ok(Committed::Refused);
            };
            let secret = self.keys().open(candidate_cell(&row_name(id, &p1_hash), "device_secret_key"), &sealed)?;
            let resealed = self.keys().seal(secret_cell(id), &secret, rng);
            transaction.execute(
                "UPDATE device SET state = 'active', device_setup_secret_key = NULL, device_secret_key = ?3,
                        rotation_asked = NULL, (device_key, generation, key_id, label, check_code, key_made) =
                        (SELECT device_key, generation, key_id, label, check_code, key_made FROM candidate
                         WHERE device_id = ?1 AND p1_hash = ?2)
                 WHERE device_id = ?1",
                (id, p1_hash, resealed),
            )?;
            transaction.execute("DELETE FROM candidate WHERE device_id = ?1", [id])?;
            Ok(if standing.state == DeviceState::Active { Committed::Rotated } else { Committed::First })
        })
    }

    pub(super) fn find_reply(
        &self,
        connection: &Connection,
        id: &[u8; 16],
        p1_hash: &[u8; 32],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let sealed: Option<Vec<u8>> = connection
            .query_row("SELECT p2 FROM candidate WHERE device_id = ?1 AND p1_hash = ?2", (id, p1_hash), |row| {
                row.get(0)
            })
            .optional()?;
        let Some(sealed) = sealed else { return Ok(None) };
        let p2 = self.keys().open(candidate_cell(&row_name(id, p1_hash), "p2"), &sealed)?;
        Ok(Some(p2.to_vec()))
    }

    fn insert_candidate(
        &self,
        connection: &Connection,
        id: &[u8; 16],
        p1_hash: &[u8; 32],
        answer: &PairingAnswer,
        now: UnixSeconds,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), StoreError> {
        let row = row_name(id, p1_hash);
        let p2 = self.keys().seal(candidate_cell(&row, "p2"), &answer.p2, rng);
        let secret = answer.device_secret_key.reveal_bytes();
        let sealed = self.keys().seal(candidate_cell(&row, "device_secret_key"), secret, rng);
        connection.execute(
            "INSERT INTO candidate
                (device_id, p1_hash, serial, p2, device_secret_key, device_key, generation, key_id, label, check_code,
                 key_made)
             VALUES (?1, ?2, (SELECT coalesce(max(serial), 0) + 1 FROM candidate WHERE device_id = ?1),
                     ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            (
                id,
                p1_hash,
                p2,
                sealed,
                answer.device_key.as_bytes(),
                answer.generation.0,
                answer.key_id.0,
                &answer.device_label,
                answer.check_code.as_digits(),
                now.to_sql(),
            ),
        )?;
        Ok(())
    }

    fn make_session_keys(&self, secret: &[u8], device_key: [u8; 32]) -> Result<SessionKeys, StoreError> {
        Ok(SessionKeys {
            device_secret_key: DeviceSecretKey::from_bytes(self.key_bytes(secret)?),
            device_key: StaticPublicKey::from_bytes(device_key),
            static_key: Arc::clone(self.static_key()),
        })
    }

    pub(super) fn key_bytes(&self, secret: &[u8]) -> Result<[u8; 32], StoreError> {
        secret.try_into().map_err(|_| self.damaged("a key has another length"))
    }
}

pub(super) fn secret_cell(id: &[u8; 16]) -> Cell<'_> {
    Cell { table: "device", row: id, column: "device_secret_key" }
}

pub(super) fn candidate_cell<'a>(row: &'a [u8; 48], column: &'static str) -> Cell<'a> {
    Cell { table: "candidate", row, column }
}

pub(super) fn row_name(id: &[u8; 16], p1_hash: &[u8; 32]) -> [u8; 48] {
    let mut row = [0; 48];
    row[..16].copy_from_slice(id);
    row[16..].copy_from_slice(p1_hash);
    row
}

pub(super) fn find_standing(connection: &Connection, id: &[u8; 16]) -> Result<Option<Standing>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT state, expires, device_setup_secret_key, generation, key_id, device_secret_key, device_key
         FROM device WHERE device_id = ?1",
    )?;
    let standing = statement.query_row([id], |row| {
        Ok(Standing {
            state: row.get(0)?,
            expires: UnixSeconds::from_sql(row.get(1)?),
            setup_secret: row.get(2)?,
            generation: row.get(3)?,
            key_id: row.get(4)?,
            device_secret_key: row.get(5)?,
            device_key: row.get(6)?,
        })
    });
    Ok(standing.optional()?)
}

#[cfg(feature = "testing")]
impl Store {
    pub(crate) fn forget_candidates(&self, device_id: DeviceId) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM candidate WHERE device_id = ?1", [device_id.as_bytes()])?;
            Ok(())
        })
    }

    pub(crate) fn newest_candidate(&self, device_id: DeviceId) -> Result<Option<(Generation, KeyId)>, StoreError> {
        let query = "SELECT generation, key_id FROM candidate WHERE device_id = ?1 ORDER BY serial DESC LIMIT 1";
        let newest = self
            .lock()
            .query_row(query, [device_id.as_bytes()], |row| Ok((Generation(row.get(0)?), KeyId(row.get(1)?))));
        Ok(newest.optional()?)
    }

    pub(crate) fn standing(&self, device_id: DeviceId) -> Result<Option<crate::testing::Standing>, StoreError> {
        let standing = find_standing(&self.lock(), device_id.as_bytes())?;
        Ok(standing.map(|standing| crate::testing::Standing {
            state: standing.state,
            has_setup_secret: standing.setup_secret.is_some(),
        }))
    }
}

/// A candidate's place, sealed secret and the device's public key.
type FoundCandidate = ([u8; 32], Vec<u8>, [u8; 32]);

fn find_candidate(
    connection: &Connection,
    id: &[u8; 16],
    generation: Generation,
    key_id: KeyId,
) -> Result<Option<FoundCandidate>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT p1_hash, device_secret_key, device_key FROM candidate
         WHERE device_id = ?1 AND generation = ?2 AND key_id = ?3",
    )?;
    let found = statement
        .query_row((id, generation.0, key_id.0), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(found)
}

/// Evicts a candidate, if there are as many as may be: the oldest that no S1 named, else the oldest. A device goes
/// on with its newest key, so what it named longest ago is what it has left; anybody can make it leave one by a
/// forged reset hint.
pub(super) fn make_room(connection: &Connection, id: &[u8; 16]) -> Result<(), StoreError> {
    connection.execute(
        "DELETE FROM candidate WHERE device_id = ?1
            AND (SELECT count(*) FROM candidate WHERE device_id = ?1) >= ?2
            AND serial = (SELECT serial FROM candidate WHERE device_id = ?1 ORDER BY pinned, serial LIMIT 1)",
        (id, CANDIDATES),
    )?;
    Ok(())
}
