//! The same live state as on the pairing page, in the terminal: waiting, scanned, paired. On standard error, because
//! it is no part of the result.

use std::io::{self, IsTerminal as _};
use std::thread::sleep;

use latchgate_protocol::DeviceId;

use super::Context;
use super::output::{Failure, Output};
use crate::audit::Event;
use crate::config::Confirm;
use crate::limits::STATE_LOOKED_AT_EVERY;
use crate::policy::must_confirm;
use crate::store::{DeviceRow, DeviceState};
use crate::time::UnixSeconds;

/// How far the device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Scanned,
    Unconfirmed,
    Paired,
    Ended,
}

/// Says each stage until the device is paired or turned away.
pub(super) fn wait(context: &Context, device_id: DeviceId) -> Result<(), Failure> {
    let (mut said, mut warned) = (None, false);
    loop {
        let device = context.store.device(device_id)?;
        let stage = device.as_ref().map_or(Stage::Ended, |device| stage_of(context, device));
        if !warned && device.as_ref().is_some_and(|device| device.contested.is_some()) {
            warned = true;
            Output::hint(
                "Somebody else tried this code. If the new device says that the code was already used, the one that \
                 came is not yours: deny it.",
            );
        }
        if said != Some(stage) {
            said = Some(stage);
            say(stage);
            if let (Stage::Unconfirmed, Some(device)) = (stage, &device) {
                compare(context, device)?;
            }
        }
        match stage {
            Stage::Paired => return Ok(()),
            Stage::Ended => {
                return Err(Failure::message("the device was turned away, or nobody used the code in time"));
            }
            Stage::Waiting | Stage::Scanned | Stage::Unconfirmed => sleep(STATE_LOOKED_AT_EVERY),
        }
    }
}

fn stage_of(context: &Context, device: &DeviceRow) -> Stage {
    let confirmed = device.confirmed || !must_confirm(context.config.confirm, device);
    match device.state {
        DeviceState::Offered if UnixSeconds(device.expires) < UnixSeconds::now() => Stage::Ended,
        DeviceState::Offered => Stage::Waiting,
        DeviceState::Pending => Stage::Scanned,
        DeviceState::Active if confirmed => Stage::Paired,
        DeviceState::Active => Stage::Unconfirmed,
        DeviceState::Revoked => Stage::Ended,
    }
}

fn say(stage: Stage) {
    let words = match stage {
        Stage::Waiting => "Waiting for the device …",
        Stage::Scanned => "Scanned: the device and the company agree on keys …",
        Stage::Unconfirmed => "Scanned: the check code is to be compared.",
        Stage::Paired => "Paired.",
        Stage::Ended => return,
    };
    Output::hint(words);
}

/// Has the person at the terminal compare the check code, where the policy lets them.
fn compare(context: &Context, device: &DeviceRow) -> Result<(), Failure> {
    let code = device.check_code.clone().unwrap_or_default();
    let spaced = code.split_at_checked(3).map(|(high, low)| format!("{high} {low}")).unwrap_or_default();
    let id = device.device_id.to_string();
    let short = id.get(..8).unwrap_or(&id);
    if context.config.confirm == Confirm::Administrator || !io::stdin().is_terminal() {
        Output::hint(&format!(
            "Check code: {spaced}\nWhoever may approve devices compares it with the device\u{2019}s screen and runs:\n\
             latchgate-connector device approve {short} --code \"<check code>\"   or   device deny {short}"
        ));
        return Ok(());
    }
    Output::hint(&format!("Check code: {spaced}\nDoes the device\u{2019}s own screen show the same? [y/N]"));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    let fields = [("login", device.login.as_str()), ("by", "terminal")];
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        context.store.approve(device.device_id, Some(&code))?;
        context.audit.note_device(Event::DeviceApproved, device.device_id, &fields);
        return Ok(());
    }
    if context.store.revoke(device.device_id, UnixSeconds::now())? {
        context.audit.note_device(Event::DeviceDenied, device.device_id, &fields);
    }
    super::device::tell_gateway(context)
}
