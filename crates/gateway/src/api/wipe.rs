//! Orders to erase a device: opaque here, kept until the device answered. The only thing that a revoked device can
//! still reach.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::{Extension, Json};
use http::{HeaderMap, StatusCode};
use latchgate_protocol::DeviceId;
use latchgate_protocol::control::Control;
use latchgate_protocol::rest::{ConfirmWipe, OrderWipe};
use tracing::info;

use super::credentials::{caller, leaving_device};
use super::devices::{close_connections, read_device_id};
use super::read_json;
use super::refusal::Refusal;
use crate::gateway::Shared;
use crate::server::Client;

/// `PUT /v1/devices/{device_id}/wipe`
pub(super) async fn order(
    State(shared): State<Arc<Shared>>,
    Extension(client): Extension<Client>,
    Path(device_id): Path<String>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let device_id = read_device_id(&device_id)?;
    let instance_id = caller(&shared, &client, request.headers()).await?.instance_id;
    let body: OrderWipe = read_json(request).await?;
    if !shared.store.order_wipe(instance_id, device_id, body.order, shared.clock.now()).await? {
        return Err(Refusal::no_such_device());
    }
    close_connections(&shared, instance_id, device_id);
    info!(instance = %instance_id, device = %device_id, "a device was revoked; an order waits for it");
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/devices/{device_id}/wipe`
pub(super) async fn fetch(
    State(shared): State<Arc<Shared>>,
    Extension(client): Extension<Client>,
    Path(device_id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<OrderWipe>, Refusal> {
    let device_id: DeviceId = read_device_id(&device_id)?;
    leaving_device(&shared, &client, &headers, device_id).await?;
    let order = shared.store.wipe_order(device_id).await?.ok_or_else(Refusal::no_order)?;
    Ok(Json(OrderWipe { order }))
}

/// `POST /v1/devices/{device_id}/wipe/confirmation`
pub(super) async fn confirm(
    State(shared): State<Arc<Shared>>,
    Extension(client): Extension<Client>,
    Path(device_id): Path<String>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let device_id = read_device_id(&device_id)?;
    let instance_id = leaving_device(&shared, &client, request.headers(), device_id).await?;
    let body: ConfirmWipe = read_json(request).await?;
    if !shared.store.confirm_wipe(device_id, body.confirmation).await? {
        return Err(Refusal::no_order());
    }
    info!(instance = %instance_id, device = %device_id, "a revoked device answered its order");
    shared.hub.control(instance_id, &Control::Wiped { device_id });
    Ok(StatusCode::NO_CONTENT)
}
