//! The durable steps of claiming for tests that drive them from outside, without a network. Behind the feature
//! `testing`, which no program of the product turns on.
//!
//! Passwords are hashed cheaply here: what is tested is which of them are valid, not what guessing costs.

use std::path::Path;

use latchgate_protocol::rest::{ClaimDevice, DeviceClaimed};
use latchgate_protocol::{DeviceId, DevicePassword, DeviceSetupKey, InstanceId};

use crate::gateway::rng;
use crate::hash::{PasswordHash, fingerprint};
use crate::store::{Claim, ClaimState, CreateDeviceOutcome, NewDevice, Store, StoreError};

/// The claims of one instance over a store.
pub struct ClaimDesk {
    store: Store,
    instance_id: InstanceId,
}

/// Why a claim was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimRefused {
    /// Another claim has the code.
    Used,
    /// The code is unknown, has expired, or was closed by the first CONNECT.
    Gone,
}

impl ClaimDesk {
    /// Opens the store in a folder; the instance is created at the first time.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub async fn open(folder: &Path, instance_id: InstanceId) -> Result<Self, StoreError> {
        let store = Store::open(folder)?;
        if store.instance_credentials(instance_id).await?.is_none() {
            store.create_instance(instance_id, hash(&[0; 16]), 0).await?;
        }
        Ok(Self { store, instance_id })
    }

    /// Makes a device and its setup key.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub async fn create_device(&self, now: u64, expires: u64) -> Result<(DeviceId, DeviceSetupKey), StoreError> {
        let (device_id, setup_key) = (DeviceId::make(&mut rng()), DeviceSetupKey::make(&mut rng()));
        let new = NewDevice {
            instance_id: self.instance_id,
            device_id,
            setup_hash: fingerprint(setup_key.reveal_bytes()),
            expires,
            key_hash: fingerprint(device_id.as_bytes()),
            most: u64::MAX >> 1,
            request_hash: [0; 32],
        };
        match self.store.create_device(new, now).await? {
            CreateDeviceOutcome::Created { .. } => Ok((device_id, setup_key)),
            CreateDeviceOutcome::KeyReused | CreateDeviceOutcome::TooMany | CreateDeviceOutcome::Gone => {
                Err(StoreError::Unexpected)
            }
        }
    }

    /// Step 2.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub async fn claim(
        &self,
        claim: &ClaimDevice,
        now: u64,
    ) -> Result<Result<DeviceClaimed, ClaimRefused>, StoreError> {
        let device_password = DevicePassword::make(&mut rng());
        let claim = Claim {
            setup_hash: fingerprint(claim.device_setup_key.reveal_bytes()),
            claim_hash: fingerprint(claim.claim_id.reveal_bytes()),
        };
        let password = hash(device_password.reveal_bytes());
        Ok(match self.store.claim(claim, Some(password), now).await? {
            ClaimState::Granted { device_id, instance_id } => {
                Ok(DeviceClaimed { device_id, device_password, instance_id })
            }
            ClaimState::Used { .. } => Err(ClaimRefused::Used),
            ClaimState::Gone => Err(ClaimRefused::Gone),
        })
    }

    /// CONNECT: tells whether the device is let in. The first time closes the claim.
    ///
    /// # Errors
    /// [`StoreError`] where the store fails.
    pub async fn log_in(&self, device_id: DeviceId, password: &DevicePassword, now: u64) -> Result<bool, StoreError> {
        let Some(known) = self.store.device_credentials(device_id).await? else { return Ok(false) };
        if known.revoked || known.password != Some(hash(password.reveal_bytes())) {
            return Ok(false);
        }
        self.store.finish_device_login(device_id, known.version, None, now).await
    }

    /// Closes the store, so that the folder can be opened again.
    pub fn close(self) {
        self.store.close();
    }
}

fn hash(password: &[u8; 16]) -> PasswordHash {
    PasswordHash { salt: [0; 16], iterations: 1, hash: fingerprint(password) }
}
