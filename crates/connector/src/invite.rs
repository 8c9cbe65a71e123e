//! Invites a device: the gateway makes an id and a setup key, the connector a setup secret, the code carries
//! both.
//!
//! The device's row is durable before the code exists (DESIGN §4, step 0). `device_setup_key` passes through
//! and is never written.

use std::fmt;
use std::time::Duration;

use getrandom::SysRng;
use latchgate_link::rest::{Rest, RestError};
use latchgate_protocol::limits::{MAX_CODE_LIFETIME, SCREEN_CODE_LIFETIME};
use latchgate_protocol::rest::CreateDevice;
use latchgate_protocol::{DeviceId, GatewayOrigin};
use latchgate_tunnel::{CodeFlags, DeviceSetupSecretKey, PairingCode};
use rand_core::{Rng as _, UnwrapErr};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::audit::{Audit, Event};
use crate::store::{Offer, Store, StoreError};
use crate::time::UnixSeconds;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct InvitationRequest<'a> {
    /// The login of the person whose device it will be.
    pub person: &'a str,
    /// How long the code may be used.
    pub lifetime: Duration,
    /// Whether the code leaves the screen: on paper, in a file, in a message.
    pub printed: bool,
}

/// An invited device and its code.
pub struct Invitation {
    /// The device.
    pub device_id: DeviceId,
    /// The text of the pairing code, which is a secret.
    pub code: Zeroizing<String>,
    /// When the code ends.
    pub expires: UnixSeconds,
    /// Whether the check code must be confirmed before the first request.
    pub printed: bool,
}

/// Why nobody was invited.
#[derive(Debug, Error)]
pub enum InviteError {
    /// A code must not live that long.
    #[error("a code lives at least a minute and at most 24 hours")]
    Lifetime,
    /// The gateway did not make a device.
    #[error("could not create the device at the gateway")]
    Gateway(#[from] RestError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invitation({}, ..)", self.device_id)
    }
}

impl InvitationRequest<'_> {
    /// Tells whether the check code will have to be confirmed: a code that outlives the screen counts as
    /// printed, whatever was said.
    #[must_use]
    pub fn counts_as_printed(&self) -> bool {
        self.printed || self.lifetime > SCREEN_CODE_LIFETIME
    }
}

/// Invites a device of a person.
///
/// # Errors
/// [`InviteError`]; a device that the gateway made and the store refused lapses at the gateway by itself.
pub async fn invite(
    store: &Store,
    rest: &Rest,
    gateway: &GatewayOrigin,
    request: InvitationRequest<'_>,
) -> Result<Invitation, InviteError> {
    const SHORTEST: Duration = Duration::from_secs(60);

    if request.lifetime > MAX_CODE_LIFETIME || request.lifetime < SHORTEST {
        return Err(InviteError::Lifetime);
    }
    store.person(request.person)?;
    let mut rng = UnwrapErr(SysRng);
    let mut idempotency_key = [0; 16];
    rng.fill_bytes(&mut idempotency_key);
    let body = CreateDevice { expires_in: request.lifetime.as_secs() };
    let created = rest.create_device(&store.account()?, &body, &hex::encode(idempotency_key)).await?;
    let printed = request.counts_as_printed();
    let device_setup_secret_key = DeviceSetupSecretKey::make(&mut rng);
    let now = UnixSeconds::now();
    // The gateway's clock bounds the claim, this one the pairing; the earlier moment is shown.
    let expires = UnixSeconds(created.expires).min(now.plus(request.lifetime));
    let offer = Offer {
        device_id: created.device_id,
        login: request.person,
        device_setup_secret_key: &device_setup_secret_key,
        expires: now.plus(request.lifetime),
        printed,
    };
    store.offer(&offer, now, &mut rng)?;
    let fields = [("login", request.person), ("printed", if printed { "yes" } else { "no" })];
    Audit::new(store).note_device(Event::DeviceInvited, created.device_id, &fields);
    let code = PairingCode {
        flags: CodeFlags { printed },
        device_setup_key: created.device_setup_key,
        device_setup_secret_key,
        connector_key: store.connector_key(),
        expires: u32::try_from(expires.0).unwrap_or(u32::MAX),
        gateway: gateway.clone(),
    };
    Ok(Invitation { device_id: created.device_id, code: code.encode(), expires, printed })
}
