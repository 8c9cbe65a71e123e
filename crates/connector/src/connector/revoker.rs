//! Tells the gateway which devices are revoked, until it has confirmed each.
//!
//! A gateway closes the connection of a revoked device at once, so that devices that are about to hear of it, sealed,
//! are waited for ([`Partings`](crate::partings::Partings)).
//!
//! The connector is the authority: after each connect the gateway's own list is compared, so that a gateway
//! that was restored from an old backup does not resurrect anybody.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use latchgate_link::backoff::Backoff;
use latchgate_link::rest::RestError;
use latchgate_protocol::DeviceId;
use latchgate_protocol::rest::{DeviceList, DeviceState as GatewayState, OrderWipe};
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::Core;
use crate::audit::Event;
use crate::store::{DeviceState, StoreError};
use crate::time::UnixSeconds;

pub(super) async fn run(core: Arc<Core>) {
    tokio::select! {
        () = work(&core) => {}
        () = core.stop.cancelled() => {}
    }
}

async fn work(core: &Arc<Core>) {
    let mut backoff = Backoff::default();
    let mut compared = 0;
    let mut parting = None;
    loop {
        tokio::select! {
            () = core.revocations.notified() => {}
            () = reached(parting) => {}
        }
        parting = None;
        // Without a connection the gateway is most likely not there; connecting notifies again.
        let connections = *core.connections.borrow();
        if connections == 0 {
            continue;
        }
        let news = core.look_at_list.swap(false, Ordering::Relaxed);
        match settle(core, news || compared < connections).await {
            Ok(until) => {
                compared = connections;
                parting = until;
                backoff.reset();
            }
            Err(Unsettled::Gateway(error)) => {
                core.look_at_list.fetch_or(news, Ordering::Relaxed);
                warn!(
                    error = &error as &dyn std::error::Error,
                    "the gateway was not told of revocations; trying again"
                );
                tokio::time::sleep(backoff.next_delay()).await;
                core.revocations.notify_one();
            }
            Err(Unsettled::Store(error)) => {
                error!(error = &error as &dyn std::error::Error, "revocations could not be read; trying again");
                tokio::time::sleep(backoff.next_delay()).await;
                core.revocations.notify_one();
            }
        }
    }
}

enum Unsettled {
    Gateway(RestError),
    Store(StoreError),
}

/// Waits for a moment, for ever where there is none.
async fn reached(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Returns when the next device has had its time to leave.
async fn settle(core: &Arc<Core>, compare: bool) -> Result<Option<Instant>, Unsettled> {
    if compare {
        compare_lists(core).await?;
    }
    let pending = core.blocking(|core| core.store.revocations()).await.unwrap_or_else(|| Ok(Vec::new()));
    let pending = pending.map_err(Unsettled::Store)?;
    if !pending.is_empty() {
        // A revocation may be read here before the watcher saw it.
        core.blocking(Core::publish).await;
    }
    let mut parting = None;
    for device_id in pending {
        if let Some(until) = core.shared.board.partings().until(device_id) {
            parting = parting.into_iter().chain([until]).min();
            continue;
        }
        tell(core, device_id).await?;
        let confirmed = core.blocking(move |core| core.store.confirm_revocation(device_id)).await;
        if confirmed.unwrap_or(Ok(false)).map_err(Unsettled::Store)? {
            info!(%device_id, "the gateway revoked a device");
            core.note_device(Event::RevocationConfirmed, device_id).await;
        }
    }
    Ok(parting)
}

/// Tells the gateway that a device is revoked, and leaves it the order that waits for the device, if there is one.
async fn tell(core: &Arc<Core>, device_id: DeviceId) -> Result<(), Unsettled> {
    let order = core.blocking(move |core| core.store.pending_wipe(device_id)).await.unwrap_or(Ok(None));
    match order.map_err(Unsettled::Store)? {
        Some(order) => core.rest.order_wipe(&core.account, device_id, &OrderWipe { order }).await.map(drop),
        None => core.rest.revoke_device(&core.account, device_id).await,
    }
    .map_err(Unsettled::Gateway)
}

/// Notes a revocation for each device that is revoked here and alive at the gateway, and takes the answers of
/// devices that erased themselves.
async fn compare_lists(core: &Arc<Core>) -> Result<(), Unsettled> {
    let listed = core.rest.list_devices(&core.account).await.map_err(Unsettled::Gateway)?;
    take_answers(core, &listed).await?;
    let alive: Vec<_> = listed
        .devices
        .into_iter()
        .filter(|device| device.state != GatewayState::Revoked)
        .map(|device| device.device_id)
        .collect();
    let renewed = core.blocking(move |core| {
        let revoked = core.store.devices()?.into_iter().filter(|device| device.state == DeviceState::Revoked);
        for device in revoked.filter(|device| alive.contains(&device.device_id)) {
            core.store.renew_revocation(device.device_id, UnixSeconds::now())?;
        }
        Ok(())
    });
    renewed.await.unwrap_or(Ok(())).map_err(Unsettled::Store)
}

async fn take_answers(core: &Arc<Core>, listed: &DeviceList) -> Result<(), Unsettled> {
    let answers =
        listed.devices.iter().filter_map(|device| Some((device.device_id, device.wipe_confirmation.clone()?)));
    for (device_id, confirmation) in answers {
        let confirmed =
            core.blocking(move |core| core.store.confirm_wipe(device_id, &confirmation, UnixSeconds::now()));
        if confirmed.await.unwrap_or(Ok(false)).map_err(Unsettled::Store)? {
            info!(%device_id, "a device proved that it erased itself");
            core.note_device(Event::WipeConfirmed, device_id).await;
        }
    }
    Ok(())
}
