//! The durable steps of replacing a device's key (DESIGN §4, steps 3 to 8 over an open session).
//!
//! 1. Somebody asks for another key, or the one in use has become old ([`Store::ask_rotation`]).
//! 2. The device's share makes a candidate of the next generation; the key in use stays.
//! 3. The device's first session under the candidate commits, by the same step as a pairing: everything older
//!    is erased.

use latchgate_protocol::DeviceId;
use latchgate_tunnel::keys::{DeviceSecretKey, Generation};
use latchgate_tunnel::rotation::{KeyInUse, RotationAnswer, answer_rotation};
use rand_core::CryptoRng;
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::device::{DeviceState, require_device};
use super::pairing::{candidate_cell, find_standing, make_room, row_name, secret_cell};
use super::{Store, StoreError};
use crate::time::UnixSeconds;

/// The session that carries a rotation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Carrier<'a> {
    /// Whose session it is.
    pub(crate) device_id: DeviceId,
    /// The generation that it was opened under.
    pub(crate) generation: Generation,
    /// What the next key is derived from, beside the shares and the key in use.
    pub(crate) handshake_hash: &'a [u8; 32],
}

impl Store {
    /// Notes that a device shall replace its key at the next opportunity.
    ///
    /// # Errors
    /// [`StoreError::UnknownDevice`], [`StoreError::WrongState`] where it is not paired.
    pub fn ask_rotation(&self, device_id: DeviceId, now: UnixSeconds) -> Result<(), StoreError> {
        self.write(|transaction| {
            let device = require_device(transaction, device_id)?;
            if device.state != DeviceState::Active {
                return Err(StoreError::WrongState(device.state));
            }
            transaction.execute(
                "UPDATE device SET rotation_asked = ?2 WHERE device_id = ?1",
                (device_id.as_bytes(), now.to_sql()),
            )?;
            Ok(())
        })
    }

    /// Answers the device's share with the connector's own, durable before it returns. `None` where the session
    /// is not under the key in use, or the share is malformed.
    pub(crate) fn answer_rotation(
        &self,
        carrier: Carrier<'_>,
        offer: &[u8],
        now: UnixSeconds,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let id = carrier.device_id.as_bytes();
        let name: [u8; 32] = Sha256::digest([&carrier.handshake_hash[..], offer].concat()).into();
        self.write(|transaction| {
            if let Some(ack) = self.find_reply(transaction, id, &name)? {
                return Ok(Some(ack));
            }
            let Some(standing) = find_standing(transaction, id)? else { return Ok(None) };
            let (DeviceState::Active, Some(sealed)) = (standing.state, &standing.device_secret_key) else {
                return Ok(None);
            };
            if standing.generation != Some(carrier.generation.0) {
                return Ok(None);
            }
            let secret = self.keys().open(secret_cell(id), sealed)?;
            let in_use = KeyInUse {
                device_secret_key: DeviceSecretKey::from_bytes(self.key_bytes(&secret)?),
                generation: carrier.generation,
            };
            let answer = answer_rotation(carrier.device_id, &in_use, carrier.handshake_hash, offer, rng);
            let Ok(answer) = answer else { return Ok(None) };
            make_room(transaction, id)?;
            self.insert_next_key(transaction, &row_name(id, &name), &answer, now, rng)?;
            Ok(Some(answer.ack.to_vec()))
        })
    }

    fn insert_next_key(
        &self,
        connection: &Connection,
        row: &[u8; 48],
        answer: &RotationAnswer,
        now: UnixSeconds,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), StoreError> {
        let rotated = &answer.rotated;
        let ack = self.keys().seal(candidate_cell(row, "p2"), &answer.ack, rng);
        let secret = rotated.device_secret_key.reveal_bytes();
        let sealed = self.keys().seal(candidate_cell(row, "device_secret_key"), secret, rng);
        let (id, name) = row.split_at(DeviceId::LENGTH);
        connection.execute(
            "INSERT INTO candidate
                (device_id, p1_hash, serial, p2, device_secret_key, device_key, generation, key_id, label, check_code,
                 key_made)
             SELECT ?1, ?2, (SELECT coalesce(max(serial), 0) + 1 FROM candidate WHERE device_id = ?1),
                    ?3, ?4, device_key, ?5, ?6, coalesce(label, ''), coalesce(check_code, ''), ?7
             FROM device WHERE device_id = ?1",
            (id, name, ack, sealed, rotated.generation.0, rotated.key_id.0, now.to_sql()),
        )?;
        Ok(())
    }

    /// Notes that a key that was replaced came back.
    pub(crate) fn note_old_key(&self, device_id: DeviceId, now: UnixSeconds) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "UPDATE device SET old_key_seen = ?2 WHERE device_id = ?1",
                (device_id.as_bytes(), now.to_sql()),
            )?;
            Ok(())
        })
    }
}
