//! Creating, claiming, listing and revoking devices.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::{Extension, Json};
use http::{HeaderMap, StatusCode};
use latchgate_protocol::control::Control;
use latchgate_protocol::limits::MAX_CODE_LIFETIME;
use latchgate_protocol::rest::{ClaimDevice, CreateDevice, DeviceClaimed, DeviceCreated, DeviceList};
use latchgate_protocol::{DeviceId, DevicePassword, DeviceSetupKey, InstanceId};
use tracing::{info, warn};
use zeroize::Zeroizing;

use super::credentials::caller;
use super::refusal::Refusal;
use super::{read_json, read_nothing};
use crate::gateway::{Shared, rng};
use crate::hash::fingerprint;
use crate::server::Client;
use crate::store::{Claim, ClaimState, CreateDeviceOutcome, NewDevice};

/// The longest `Idempotency-Key`.
const KEY_LENGTH: usize = 128;

/// `POST /v1/devices`
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(client): Extension<Client>,
    request: Request,
) -> Result<(StatusCode, Json<DeviceCreated>), Refusal> {
    let caller = caller(&shared, &client, request.headers()).await?;
    let key_hash = idempotency_key(request.headers())?;
    let body: CreateDevice = read_json(request).await?;
    if body.expires_in == 0 || body.expires_in > MAX_CODE_LIFETIME.as_secs() {
        return Err(Refusal::malformed("expires_in must be from 1 to 86400 seconds."));
    }
    let now = shared.clock.now();
    let device_setup_key = DeviceSetupKey::make(&mut rng());
    let new = NewDevice {
        instance_id: caller.instance_id,
        device_id: DeviceId::make(&mut rng()),
        setup_hash: fingerprint(device_setup_key.reveal_bytes()),
        expires: now + body.expires_in,
        key_hash,
        most: shared.config.limits.devices_per_instance,
        request_hash: fingerprint(&body.expires_in.to_be_bytes()),
    };
    match shared.store.create_device(new, now).await? {
        CreateDeviceOutcome::Created { device_id, expires } => {
            info!(instance = %caller.instance_id, device = %device_id, "a device was created");
            Ok((StatusCode::CREATED, Json(DeviceCreated { device_id, device_setup_key, expires })))
        }
        CreateDeviceOutcome::KeyReused => Err(Refusal::malformed("This Idempotency-Key was used for another request.")),
        CreateDeviceOutcome::TooMany => Err(Refusal::too_many_devices()),
        CreateDeviceOutcome::Gone => Err(Refusal::code_gone()),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<[u8; 32], Refusal> {
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    match key {
        Some(key) if !key.is_empty() && key.len() <= KEY_LENGTH => Ok(fingerprint(key.as_bytes())),
        _ => Err(Refusal::malformed("Send an Idempotency-Key of 1 to 128 visible characters.")),
    }
}

/// `POST /v1/devices/claim`
///
/// The password is hashed between two looks at the row: hashing is costly and is done only for a claim that
/// can be granted, and what the first look found may have changed when it is done. Claims of one key take
/// turns, so that a crowd of them costs one password.
pub(super) async fn claim(
    State(shared): State<Arc<Shared>>,
    Extension(client): Extension<Client>,
    request: Request,
) -> Result<Json<DeviceClaimed>, Refusal> {
    shared.throttles.claims_per_address.take(client.source).inspect_err(|_| shared.metrics.throttled.increment())?;
    let body: ClaimDevice = read_json(request).await?;
    let claim = Claim {
        setup_hash: fingerprint(body.device_setup_key.reveal_bytes()),
        claim_hash: fingerprint(body.claim_id.reveal_bytes()),
    };
    let _turn = shared.turns.take(&claim.setup_hash).await;
    let device_password = DevicePassword::make(&mut rng());
    let granted = match shared.store.peek_claim(claim, shared.clock.now()).await? {
        ClaimState::Granted { .. } => Some(shared.hashes.make(Zeroizing::new(*device_password.reveal_bytes())).await?),
        ClaimState::Used { .. } | ClaimState::Gone => None,
    };
    match shared.store.claim(claim, granted, shared.clock.now()).await? {
        ClaimState::Granted { device_id, instance_id } => {
            shared.metrics.claims.increment();
            info!(instance = %instance_id, device = %device_id, "a device claimed its credentials");
            shared.hub.control(instance_id, &Control::Claimed { device_id });
            Ok(Json(DeviceClaimed { device_id, device_password, instance_id }))
        }
        ClaimState::Used { device_id, instance_id, first_conflict } => {
            shared.metrics.claim_conflicts.increment();
            if first_conflict {
                warn!(instance = %instance_id, device = %device_id, "a setup key was claimed by a second device");
                shared.announce_conflicts(instance_id).await;
            }
            Err(Refusal::code_used())
        }
        ClaimState::Gone => Err(Refusal::code_gone()),
    }
}

/// `GET /v1/devices`
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Result<Json<DeviceList>, Refusal> {
    let caller = caller(&shared, &client, &headers).await?;
    let connected = shared.hub.connected(caller.instance_id);
    let mut devices = shared.store.list_devices(caller.instance_id).await?;
    for device in &mut devices {
        device.connected = connected.contains(&device.device_id);
    }
    Ok(Json(DeviceList { devices }))
}

/// `DELETE /v1/devices/{device_id}`
pub(super) async fn revoke(
    State(shared): State<Arc<Shared>>,
    Extension(client): Extension<Client>,
    Path(device_id): Path<String>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let device_id = read_device_id(&device_id)?;
    let caller = caller(&shared, &client, request.headers()).await?;
    read_nothing(request).await?;
    if !shared.store.revoke_device(caller.instance_id, device_id, shared.clock.now()).await? {
        return Err(Refusal::no_such_device());
    }
    close_connections(&shared, caller.instance_id, device_id);
    info!(instance = %caller.instance_id, device = %device_id, "a device was revoked");
    Ok(StatusCode::NO_CONTENT)
}

/// Closes the connections of a device that was revoked, on every node, and tells its connector.
pub(super) fn close_connections(shared: &Shared, instance_id: InstanceId, device_id: DeviceId) {
    shared.hub.revoke_everywhere(instance_id, device_id);
    shared.hub.control(instance_id, &Control::Revoked { device_id });
    shared.metrics.revocations.increment();
}

pub(super) fn read_device_id(text: &str) -> Result<DeviceId, Refusal> {
    text.parse().map_err(|_| Refusal::malformed("A device_id has 32 lower-case hexadecimal digits."))
}
