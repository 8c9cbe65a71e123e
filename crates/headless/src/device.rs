//! `device`: the person's own devices, and the end of a pairing from another device.

use latchgate_client::view::{AppView, DeviceState, DeviceView, Screen};
use latchgate_client::{Client, Fault};
use serde_json::json;

use crate::args::{Common, DeviceTask};
use crate::input::unlock_secret;
use crate::output::Output;
use crate::{Ended, open};

pub(crate) async fn run(common: &Common, task: &DeviceTask, output: &Output) -> Result<(), Ended> {
    let client = open(common)?;
    client.unlock(unlock_secret(common)?).await?;
    let done = perform(&client, task, output).await;
    client.lock();
    done
}

async fn perform(client: &Client, task: &DeviceTask, output: &Output) -> Result<(), Ended> {
    connected(client).await?;
    let devices = client.devices().await?;
    match task {
        DeviceTask::List => list(&devices, output),
        DeviceTask::Revoke { device, wipe } => {
            let device = find(&devices, device)?;
            client.revoke_device(&device.id, *wipe).await?;
            let words = if *wipe { "revoked, and ordered to erase itself" } else { "revoked" };
            output.result(&json!({ "device": device.id, "revoked": true, "wipe": wipe }), &tell(device, words));
        }
        DeviceTask::Confirm { device, code } => {
            let device = find(&devices, device)?;
            client.confirm_device(&device.id, code).await?;
            output.result(&json!({ "device": device.id, "confirmed": true }), &tell(device, "confirmed"));
        }
        DeviceTask::Deny { device } => {
            let device = find(&devices, device)?;
            client.deny_device(&device.id).await?;
            output.result(&json!({ "device": device.id, "denied": true }), &tell(device, "denied"));
        }
    }
    Ok(())
}

/// Waits until the company answers, or something says that it will not.
async fn connected(client: &Client) -> Result<(), Ended> {
    let mut views = client.watch();
    let settled = |view: &AppView| view.profile.as_ref().is_some_and(|profile| profile.person.is_some());
    let view = views
        .wait_for(|view| settled(view) || view.status.failure.is_some() || view.screen != Screen::Portal)
        .await
        .map_err(|_| Fault::Internal.failure())?
        .clone();
    match (settled(&view), view.status.failure.or(view.ended)) {
        (true, _) => Ok(()),
        (false, Some(failure)) => Err(failure.into()),
        (false, None) => Err(Fault::PairingUnfinished.failure().into()),
    }
}

fn list(devices: &[DeviceView], output: &Output) {
    let lines: Vec<String> = devices
        .iter()
        .map(|device| {
            let this = if device.this { " (this one)" } else { "" };
            let code = device.check_code.as_ref().map(|code| format!(", check code {code}")).unwrap_or_default();
            format!("{}  {}{this}: {}{code}", device.id, device.label, words(device.state))
        })
        .collect();
    output.result(&json!({ "devices": devices }), &lines.join("\n"));
}

const fn words(state: DeviceState) -> &'static str {
    match state {
        DeviceState::Unconfirmed => "waits until its check code is confirmed",
        DeviceState::Active => "active",
        DeviceState::Revoked => "revoked",
        DeviceState::WipePending => "revoked, has not erased itself yet",
        DeviceState::Wiped => "erased itself",
        DeviceState::Other => "in a state that a newer program knows",
    }
}

fn tell(device: &DeviceView, done: &str) -> String {
    format!("{} ({}) {done}.", device.label, device.id)
}

fn find<'a>(devices: &'a [DeviceView], prefix: &str) -> Result<&'a DeviceView, Ended> {
    let wanted = prefix.to_ascii_lowercase();
    let mut found = devices.iter().filter(|device| device.id.starts_with(&wanted));
    match (found.next(), found.next()) {
        (Some(device), None) if !wanted.is_empty() => Ok(device),
        (Some(_), Some(_)) => Err(Ended::Usage(format!("several devices begin with {prefix}; give more digits"))),
        (Some(_) | None, _) => Err(Fault::DeviceUnknown.failure().into()),
    }
}
