//! Who somebody is: passwords behind throttles and the hash pool, tickets by a look-up.
//!
//! The order is always the same: the throttles, the look-up, the derivation. An unknown id and a wrong
//! password take the same way and end with the same error.

use latchgate_protocol::{DeviceId, DevicePassword, InstanceId, InstancePassword, ResumeTicket};
use thiserror::Error;
use tracing::error;
use zeroize::Zeroizing;

use crate::gateway::Shared;
use crate::hash::{Busy, PasswordHash, fingerprint};
use crate::store::{NewTicket, StoreError, Ticket};
use crate::throttle::{SlowDown, Source};

/// Why somebody was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum AuthError {
    #[error("unknown id or wrong password")]
    Wrong,
    #[error("the device was revoked")]
    Revoked,
    #[error("too many attempts")]
    SlowDown(SlowDown),
    #[error("too many passwords wait to be hashed")]
    Busy,
    #[error("the store is unavailable")]
    Unavailable,
}

/// A verified login.
pub(crate) struct Verified {
    /// The version of the credentials that were verified.
    pub(crate) version: i64,
    /// The prepared password that was used, where it was one.
    pub(crate) next: Option<PasswordHash>,
}

impl From<SlowDown> for AuthError {
    fn from(slow_down: SlowDown) -> Self {
        Self::SlowDown(slow_down)
    }
}

impl From<Busy> for AuthError {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        error!(error = &error as &dyn std::error::Error, "could not look up credentials");
        Self::Unavailable
    }
}

impl Shared {
    /// Verifies an instance's password.
    pub(crate) async fn verify_instance(
        &self,
        source: Source,
        instance_id: InstanceId,
        password: &InstancePassword,
    ) -> Result<Verified, AuthError> {
        self.throttle_login(source, *instance_id.as_bytes())?;
        let known = self.store.instance_credentials(instance_id).await?;
        let password = Zeroizing::new(*password.reveal_bytes());
        let Some(known) = known else {
            self.hashes.verify(password, Vec::new()).await?;
            return Err(AuthError::Wrong);
        };
        let candidates = std::iter::once(known.current).chain(known.next.clone()).collect();
        match self.hashes.verify(password, candidates).await? {
            Some(0) => Ok(Verified { version: known.version, next: None }),
            Some(_) => Ok(Verified { version: known.version, next: known.next }),
            None => Err(AuthError::Wrong),
        }
    }

    /// Verifies a device's password.
    pub(crate) async fn verify_device(
        &self,
        source: Source,
        instance_id: InstanceId,
        device_id: DeviceId,
        password: &DevicePassword,
    ) -> Result<Verified, AuthError> {
        self.throttle_login(source, *device_id.as_bytes())?;
        let known = self.store.device_credentials(device_id).await?;
        let known = known.filter(|known| known.instance_id == instance_id);
        let candidates = known.as_ref().and_then(|known| known.password.clone()).into_iter().collect();
        let matched = self.hashes.verify(Zeroizing::new(*password.reveal_bytes()), candidates).await?;
        match known {
            Some(known) if known.revoked => Err(AuthError::Revoked),
            Some(known) if matched.is_some() => Ok(Verified { version: known.version, next: None }),
            _ => Err(AuthError::Wrong),
        }
    }

    /// Verifies the password of a device that may be revoked, for the order that waits for it. Returns whose device
    /// it is.
    pub(crate) async fn verify_leaving_device(
        &self,
        source: Source,
        device_id: DeviceId,
        password: &DevicePassword,
    ) -> Result<InstanceId, AuthError> {
        self.throttle_login(source, *device_id.as_bytes())?;
        let known = self.store.device_credentials(device_id).await?;
        let candidates = known.as_ref().and_then(|known| known.password.clone()).into_iter().collect();
        let matched = self.hashes.verify(Zeroizing::new(*password.reveal_bytes()), candidates).await?;
        match known {
            Some(known) if matched.is_some() => Ok(known.instance_id),
            _ => Err(AuthError::Wrong),
        }
    }

    /// Verifies an instance's resume ticket.
    pub(crate) async fn verify_instance_ticket(
        &self,
        source: Source,
        instance_id: InstanceId,
        ticket: &ResumeTicket,
    ) -> Result<Verified, AuthError> {
        let ticket = self.find_ticket(source, *instance_id.as_bytes(), ticket).await?;
        let known = self.store.instance_credentials(instance_id).await?.ok_or(AuthError::Wrong)?;
        version_of(ticket, known.version)
    }

    /// Verifies a device's resume ticket.
    pub(crate) async fn verify_device_ticket(
        &self,
        source: Source,
        instance_id: InstanceId,
        device_id: DeviceId,
        ticket: &ResumeTicket,
    ) -> Result<Verified, AuthError> {
        let found = self.find_ticket(source, *device_id.as_bytes(), ticket).await;
        let known = self.store.device_credentials(device_id).await?;
        let known = known.filter(|known| known.instance_id == instance_id).ok_or(AuthError::Wrong)?;
        if known.revoked {
            return Err(AuthError::Revoked);
        }
        version_of(found?, known.version)
    }

    async fn find_ticket(&self, source: Source, subject: [u8; 16], ticket: &ResumeTicket) -> Result<Ticket, AuthError> {
        self.throttles.tickets_per_address.take(source)?;
        let found = self.store.ticket(fingerprint(ticket.reveal_bytes())).await?;
        found.filter(|found| found.subject == subject && found.expires > self.clock.now()).ok_or(AuthError::Wrong)
    }

    fn throttle_login(&self, source: Source, id: [u8; 16]) -> Result<(), SlowDown> {
        self.throttles.logins_per_address.take(source)?;
        self.throttles.logins_per_id.take(id)
    }

    /// Makes a resume ticket and what is stored of it.
    pub(crate) fn make_ticket(&self) -> (ResumeTicket, NewTicket) {
        let ticket = ResumeTicket::make(&mut crate::gateway::rng());
        let expires = self.clock.now() + latchgate_protocol::limits::TICKET_LIFETIME.as_secs();
        let stored = NewTicket { hash: fingerprint(ticket.reveal_bytes()), expires };
        (ticket, stored)
    }
}

fn version_of(ticket: Ticket, version: i64) -> Result<Verified, AuthError> {
    if ticket.version == version { Ok(Verified { version, next: None }) } else { Err(AuthError::Wrong) }
}
