//! A person's own devices: listed, revoked, confirmed and denied from another device of the same person.
//!
//! A device asks for its own person only. Another person's device is as unknown as one that does not exist.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use latchgate_protocol::DeviceId;
use latchgate_tunnel::devices::{
    ConfirmDevice, DEVICES_PATH, DeviceAction, DeviceList, OwnDevice, OwnDeviceState, RevokeDevice,
};
use serde::de::DeserializeOwned;
use tracing::{error, info};

use super::own::{empty, json};
use super::{Session, Shared, malformed};
use crate::audit::Event;
use crate::body::ResponseBody;
use crate::config::Confirm;
use crate::limits::OWN_BODY;
use crate::policy::Person;
use crate::refusal::Refusal;
use crate::store::{DeviceRow, DeviceState, StoreError, WipeState};
use crate::time::UnixSeconds;

/// Tells whether a path is about the person's devices.
pub(super) fn is_about_devices(path: &str) -> bool {
    path.strip_prefix(DEVICES_PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Session {
    pub(super) async fn answer_devices(&self, request: Request<Incoming>) -> Result<Response<ResponseBody>, Refusal> {
        let person = self.shared.board.current().person(self.device_id)?;
        let path = request.uri().path();
        if path == DEVICES_PATH && request.method() == Method::GET {
            let list = self.with_store(move |shared, asking| list(shared, asking, &person)).await?;
            return json(&list);
        }
        let Some((device_id, action)) = DeviceAction::parse(path).filter(|_| request.method() == Method::POST) else {
            return Err(malformed("the connector does not answer this about devices"));
        };
        match action {
            DeviceAction::Revoke => {
                let RevokeDevice { wipe } = read_json(request).await?;
                self.with_store(move |shared, by| revoke(shared, by, &person, device_id, wipe)).await?;
            }
            DeviceAction::Confirm => {
                let ConfirmDevice { check_code } = read_json(request).await?;
                self.with_store(move |shared, by| confirm(shared, by, &person, device_id, &check_code)).await?;
            }
            DeviceAction::Deny => {
                self.with_store(move |shared, by| deny(shared, by, &person, device_id)).await?;
            }
        }
        Ok(empty(StatusCode::NO_CONTENT))
    }

    /// Runs work on the store where it may block; it is told which device asks.
    async fn with_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared, DeviceId) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let (shared, asking) = (Arc::clone(&self.shared), self.device_id);
        let done = tokio::task::spawn_blocking(move || work(&shared, asking)).await;
        done.unwrap_or(Err(Refusal::STORE_FAILED))
    }
}

fn list(shared: &Shared, asking: DeviceId, person: &Person) -> Result<DeviceList, Refusal> {
    let devices = shared.store.devices().map_err(refuse)?;
    let devices = devices.into_iter().filter(|device| device.login == person.login);
    Ok(DeviceList { devices: devices.filter_map(|device| view(shared, asking, device)).collect() })
}

/// Returns what the person sees of a device; nothing of a code that nobody used.
fn view(shared: &Shared, asking: DeviceId, device: DeviceRow) -> Option<OwnDevice> {
    let waits = shared.board.must_confirm(&device) && !device.confirmed;
    let state = match (device.state, device.wipe) {
        (DeviceState::Offered | DeviceState::Pending, _) => return None,
        (DeviceState::Active, _) if waits => OwnDeviceState::Unconfirmed,
        (DeviceState::Active, _) => OwnDeviceState::Active,
        (DeviceState::Revoked, _) if device.label.is_none() => return None,
        (DeviceState::Revoked, None) => OwnDeviceState::Revoked,
        (DeviceState::Revoked, Some(WipeState::Pending)) => OwnDeviceState::WipePending,
        (DeviceState::Revoked, Some(WipeState::Confirmed)) => OwnDeviceState::WipedConfirmed,
    };
    let shown = state == OwnDeviceState::Unconfirmed && shared.board.confirm() != Confirm::Administrator;
    Some(OwnDevice {
        device_id: device.device_id,
        this: device.device_id == asking,
        label: device.label.unwrap_or_default(),
        state,
        invited: device.created,
        check_code: device.check_code.filter(|_| shown),
    })
}

/// Finds a device of this person.
fn own(shared: &Shared, person: &Person, device_id: DeviceId) -> Result<DeviceRow, Refusal> {
    let devices = shared.store.devices().map_err(refuse)?;
    let mut devices = devices.into_iter().filter(|device| device.login == person.login);
    devices.find(|device| device.device_id == device_id).ok_or(Refusal::NO_SUCH_DEVICE)
}

fn revoke(shared: &Shared, by: DeviceId, person: &Person, device_id: DeviceId, wipe: bool) -> Result<(), Refusal> {
    own(shared, person, device_id)?;
    let now = UnixSeconds::now();
    let fresh = if wipe { shared.store.wipe(device_id, now) } else { shared.store.revoke(device_id, now) };
    if fresh.map_err(refuse)? {
        info!(%device_id, %by, wipe, "a person revoked a device from another one");
        let by = by.to_string();
        let fields = [("login", person.login.as_str()), ("by", by.as_str())];
        shared.audit.note_device(Event::DeviceRevoked, device_id, &fields);
        if wipe {
            shared.audit.note_device(Event::WipeOrdered, device_id, &fields);
        }
    }
    Ok(())
}

fn confirm(shared: &Shared, by: DeviceId, person: &Person, device_id: DeviceId, code: &str) -> Result<(), Refusal> {
    own(shared, person, device_id)?;
    if by == device_id || shared.board.confirm() == Confirm::Administrator {
        return Err(Refusal::NOT_CONFIRMED);
    }
    shared.store.approve(device_id, Some(code)).map_err(refuse)?;
    info!(%device_id, %by, "a person confirmed a device from another one");
    let by = by.to_string();
    shared.audit.note_device(Event::DeviceApproved, device_id, &[("login", &person.login), ("by", &by)]);
    Ok(())
}

fn deny(shared: &Shared, by: DeviceId, person: &Person, device_id: DeviceId) -> Result<(), Refusal> {
    own(shared, person, device_id)?;
    if shared.store.revoke(device_id, UnixSeconds::now()).map_err(refuse)? {
        info!(%device_id, %by, "a person denied a device from another one");
        let by = by.to_string();
        shared.audit.note_device(Event::DeviceDenied, device_id, &[("login", &person.login), ("by", &by)]);
    }
    Ok(())
}

fn refuse(error: StoreError) -> Refusal {
    if matches!(error, StoreError::WrongCheckCode) {
        return Refusal::OTHER_CHECK_CODE;
    }
    if matches!(error, StoreError::UnknownDevice(_) | StoreError::WrongState(_) | StoreError::TooLateToWipe) {
        return Refusal::NO_SUCH_DEVICE;
    }
    error!(error = &error as &dyn std::error::Error, "the store failed a person's request");
    Refusal::STORE_FAILED
}

async fn read_json<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, Refusal> {
    let body = Limited::new(request.into_body(), OWN_BODY).collect().await;
    let body: Bytes = body.map_err(|_| malformed("the body did not arrive or is too large"))?.to_bytes();
    serde_json::from_slice(&body).map_err(|_| malformed("the body is not of the documented form"))
}
