//! The durable steps of pairing and rotation for tests that drive them from outside, without a gateway and a
//! network. Behind the feature `testing`, which no program of the product turns on.

use http::Uri;
use latchgate_link::connector::SessionKeys;
use latchgate_protocol::DeviceId;
use latchgate_tunnel::keys::{Generation, KeyId};
use rand_core::CryptoRng;

use crate::config::Config;
use crate::origin::Origin;
use crate::policy::{Policy, PolicyError};
use crate::store::{Carrier, Committed, DeviceState, KeyLookup, PairingReply, Store, StoreError};
use crate::time::UnixSeconds;

/// The steps of one device over a store.
#[derive(Debug, Clone, Copy)]
pub struct Steps<'a> {
    /// Where they are durable.
    pub store: &'a Store,
    /// Whose they are.
    pub device_id: DeviceId,
    /// The connector's clock.
    pub now: UnixSeconds,
}

/// How a device stands at the connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How far it is.
    pub state: DeviceState,
    /// Whether the code's secret is kept.
    pub has_setup_secret: bool,
}

impl Steps<'_> {
    /// Step 4.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub fn answer_pairing(&self, p1: &[u8], rng: &mut dyn CryptoRng) -> Result<Option<Vec<u8>>, StoreError> {
        let reply = self.store.answer_pairing(self.device_id, p1, "Example Ltd", self.now, rng)?;
        Ok(match reply {
            PairingReply::New(p2) | PairingReply::Repeated(p2) => Some(p2),
            PairingReply::Refused(_) => None,
        })
    }

    /// Step 4 of a rotation.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub fn answer_rotation(
        &self,
        generation: Generation,
        handshake_hash: &[u8; 32],
        offer: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let carrier = Carrier { device_id: self.device_id, generation, handshake_hash };
        self.store.answer_rotation(carrier, offer, self.now, rng)
    }

    /// Step 6.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub fn session_keys(&self, generation: Generation, key_id: KeyId) -> Result<Option<SessionKeys>, StoreError> {
        Ok(match self.store.session_keys(self.device_id, generation, key_id)? {
            KeyLookup::Found(keys) => Some(keys),
            KeyLookup::Superseded | KeyLookup::Unknown => None,
        })
    }

    /// Step 8.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub fn commit(&self, generation: Generation, key_id: KeyId, rng: &mut dyn CryptoRng) -> Result<bool, StoreError> {
        let committed = self.store.commit(self.device_id, generation, key_id, rng)?;
        Ok(committed != Committed::Refused)
    }

    /// Forgets the candidates: what a connector without the guard "keep old candidates" does at each new one.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub fn forget_candidates(&self) -> Result<(), StoreError> {
        self.store.forget_candidates(self.device_id)
    }

    /// Returns the newest candidate.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub fn newest_candidate(&self) -> Result<Option<(Generation, KeyId)>, StoreError> {
        self.store.newest_candidate(self.device_id)
    }

    /// Returns how the device stands; `None` where it is unknown.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub fn standing(&self) -> Result<Option<Standing>, StoreError> {
        self.store.standing(self.device_id)
    }
}

/// Decisions as they are made on every request, to measure one.
#[derive(Debug)]
pub struct Decisions(Policy);

impl Decisions {
    /// Takes the sites of a configuration, and devices whose person is in one group.
    ///
    /// # Errors
    /// [`PolicyError`] where a site cannot be reached as it is declared.
    pub fn new(config: &Config, devices: &[DeviceId], group: &str) -> Result<Self, PolicyError> {
        Policy::of_devices(config, devices, group).map(Self)
    }

    /// Tells whether a device may open an address.
    #[must_use]
    pub fn admits(&self, device_id: DeviceId, uri: &Uri) -> bool {
        Origin::of_request(uri).is_some_and(|origin| self.0.admit(device_id, &origin).is_ok())
    }
}
