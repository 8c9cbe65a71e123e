//! `device`: inviting, approving, revoking.

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use latchgate_protocol::DeviceId;
use latchgate_protocol::rest::OrderWipe;
use serde_json::json;
use zeroize::Zeroizing;

use super::args::{DeviceCommand, InviteArgs};
use super::output::{Failure, Output, table};
use super::{Context, block_on};
use crate::audit::Event;
use crate::config::Confirm;
use crate::invite::{Invitation, InvitationRequest, invite};
use crate::limits::{SERVE_LOOKED_AT_EVERY, SERVE_TELLS_WITHIN, SERVE_WAITED_FOR_IN_SILENCE};
use crate::page;
use crate::qr::Picture;
use crate::seal::create_private;
use crate::store::{DeviceRow, WipeState};
use crate::time::UnixSeconds;

pub(super) fn run(context: &Context, command: &DeviceCommand, output: &mut Output) -> Result<(), Failure> {
    match command {
        DeviceCommand::Invite(invitation) => run_invite(context, invitation, output),
        DeviceCommand::List { person } => list(context, person.as_deref(), output),
        DeviceCommand::Approve { device, code } => approve(context, device, code.as_deref(), output),
        DeviceCommand::Rotate { device } => rotate(context, device, output),
        DeviceCommand::Deny { device } => end(context, device, End::Denied, output),
        DeviceCommand::Revoke { device } => end(context, device, End::Revoked, output),
        DeviceCommand::Wipe { device } => end(context, device, End::Wiped, output),
    }
}

fn run_invite(context: &Context, args: &InviteArgs, output: &mut Output) -> Result<(), Failure> {
    if args.page {
        return invite_by_page(context, &args.person, output);
    }
    let chosen = args.png.is_some() || args.svg.is_some() || args.terminal || args.text;
    if !chosen && (output.is_json() || !Output::is_terminal()) {
        return Err(Failure::Usage(
            "the code is a secret: say where it goes, with --png FILE, --svg FILE, --terminal or --text".to_owned(),
        ));
    }
    if output.is_json() && args.terminal {
        return Err(Failure::Usage("--json and --terminal exclude each other; use --text".to_owned()));
    }
    for path in [&args.png, &args.svg].into_iter().flatten() {
        if path.exists() {
            return Err(Failure::message(format!("{} exists already", path.display())));
        }
    }
    let rest = context.rest()?;
    let request = InvitationRequest { person: &args.person, lifetime: args.expires.0, printed: args.printed };
    let gateway = context.config.gateway();
    let invitation = block_on(invite(&context.store, &rest, gateway, request))??;
    let picture = Picture::draw(&invitation.code)?;
    if let Some(path) = &args.png {
        write_secret(path, &picture.png()?)?;
    }
    if let Some(path) = &args.svg {
        write_secret(path, picture.svg().as_bytes())?;
    }
    show_invitation(context, args, &invitation, &picture, output)?;
    let drawn = args.terminal || !chosen;
    if args.wait || (drawn && Output::is_terminal()) {
        return super::waiting::wait(context, invitation.device_id);
    }
    Ok(())
}

/// Prints the address of the connector's own page, with a token that works once.
fn invite_by_page(context: &Context, login: &str, output: &mut Output) -> Result<(), Failure> {
    let Some(address) = context.store.local()? else {
        return Err(Failure::message(
            "no `serve` with a local page runs on this machine: add [local] listen = \"127.0.0.1:9180\" to \
             connector.toml and start it",
        ));
    };
    let token = page::make_secret().ok_or_else(|| Failure::message("the system gives no random numbers"))?;
    context.store.offer_page(&page::hash(&token), login, UnixSeconds::now())?;
    let url = Zeroizing::new(format!("http://{address}/pair#{}", *token));
    output.result(&json!({ "page": *url, "person": login }), &format!("{}\n", *url))?;
    if !output.is_json() {
        Output::hint("Open it in a browser on this machine within 5 minutes. It works once, and invites one device.");
    }
    Ok(())
}

fn show_invitation(
    context: &Context,
    args: &InviteArgs,
    invitation: &Invitation,
    picture: &Picture,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut result = json!({
        "device": invitation.device_id,
        "person": args.person,
        "expires": invitation.expires.0,
        "printed": invitation.printed,
        "connector": context.store.connector_key().fingerprint(),
    });
    if args.text {
        result["code"] = invitation.code.as_str().into();
    }
    let mut text = String::new();
    let in_file = args.png.is_some() || args.svg.is_some();
    if args.terminal || !(args.text || in_file) {
        text.push_str(&picture.terminal(Output::is_terminal()));
    }
    if args.text {
        text.push_str(&invitation.code);
        text.push('\n');
    }
    output.result(&result, &text)?;
    if !output.is_json() {
        explain(context, args, invitation);
    }
    Ok(())
}

/// Says what to do, on standard error, so that `--text` prints the code alone.
fn explain(context: &Context, args: &InviteArgs, invitation: &Invitation) {
    let id = invitation.device_id.to_string();
    let short = id.get(..8).unwrap_or(&id);
    Output::hint(&format!(
        "\nCode for one device of {} (device {short}), usable until {}.\n\
         1. Open Latchgate on the device and choose \"Scan code\", or run: latchgate-headless pair -\n\
         2. The device shows the company's fingerprint. It must be: {}",
        args.person,
        invitation.expires,
        context.store.connector_key().fingerprint(),
    ));
    if invitation.printed {
        Output::hint(&format!(
            "3. The device then shows a check code. Compare it and run:\n   \
             latchgate-connector device approve {short} --code \"<check code>\""
        ));
    }
    Output::hint("Whoever has this code can pair in the person's name: do not send it by chat or mail.");
}

/// Writes a file that only its owner can read.
fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = create_private(path).map_err(|error| Failure::in_file(path, error))?;
    file.write_all(bytes).map_err(|error| Failure::in_file(path, error))
}

fn list(context: &Context, person: Option<&str>, output: &mut Output) -> Result<(), Failure> {
    if let Some(login) = person {
        context.store.person(login)?;
    }
    let devices = context.store.devices()?;
    let devices: Vec<_> =
        devices.into_iter().filter(|device| person.is_none_or(|login| login == device.login)).collect();
    output.result(&json!({ "devices": devices }), &device_table(context, &devices))
}

pub(super) fn device_table(context: &Context, devices: &[DeviceRow]) -> String {
    let rows: Vec<_> = devices
        .iter()
        .map(|device| {
            let check_code = device.check_code.as_deref().unwrap_or_default();
            let spaced = check_code.split_at_checked(3).map(|(high, low)| format!("{high} {low}"));
            vec![
                device.device_id.to_string(),
                device.login.clone(),
                state_of(device),
                device.label.clone().unwrap_or_default(),
                spaced.unwrap_or_default(),
                approval(context, device).to_owned(),
                UnixSeconds(device.created).to_string(),
                note(device),
            ]
        })
        .collect();
    table(&["DEVICE", "PERSON", "STATE", "LABEL", "CHECK CODE", "APPROVED", "INVITED", "NOTE"], &rows)
}

fn note(device: &DeviceRow) -> String {
    let old = device.old_key_seen.map(|seen| format!("an old key came back {}", UnixSeconds(seen)));
    let contested = device.contested.map(|seen| format!("somebody else tried its code {}", UnixSeconds(seen)));
    old.into_iter().chain(contested).collect::<Vec<_>>().join("; ")
}

fn state_of(device: &DeviceRow) -> String {
    match device.wipe {
        None => device.state.to_string(),
        Some(WipeState::Pending) => "wipe pending".to_owned(),
        Some(WipeState::Confirmed) => "wiped, confirmed".to_owned(),
    }
}

fn approval(context: &Context, device: &DeviceRow) -> &'static str {
    match (device.confirmed, device.printed || context.config.confirm != Confirm::Never) {
        (true, _) => "yes",
        (false, true) => "needed",
        (false, false) => "not needed",
    }
}

fn approve(context: &Context, prefix: &str, code: Option<&str>, output: &mut Output) -> Result<(), Failure> {
    let device = context.store.find_device(prefix)?;
    context.store.approve(device.device_id, code)?;
    context.audit.note_device(Event::DeviceApproved, device.device_id, &[("login", &device.login)]);
    output.done(&format!("device {} of {} approved", device.device_id, device.login))
}

fn rotate(context: &Context, prefix: &str, output: &mut Output) -> Result<(), Failure> {
    let device = context.store.find_device(prefix)?;
    context.store.ask_rotation(device.device_id, UnixSeconds::now())?;
    context.audit.note_device(Event::RotationAsked, device.device_id, &[("login", &device.login)]);
    output.done(&format!("device {} of {} replaces its key as soon as it is connected", device.device_id, device.login))
}

/// How a pairing ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Denied,
    Revoked,
    Wiped,
}

fn end(context: &Context, prefix: &str, end: End, output: &mut Output) -> Result<(), Failure> {
    let device = context.store.find_device(prefix)?;
    let id = device.device_id;
    // The keys go first: that cuts the device off even where the gateway is dishonest or away.
    let fresh = match end {
        End::Denied | End::Revoked => context.store.revoke(id, UnixSeconds::now())?,
        End::Wiped => context.store.wipe(id, UnixSeconds::now())?,
    };
    if fresh {
        let event = if end == End::Denied { Event::DeviceDenied } else { Event::DeviceRevoked };
        context.audit.note_device(event, id, &[("login", &device.login)]);
    }
    let ordered = context.store.find_device(&id.to_string())?.wipe.is_some();
    if fresh && ordered {
        context.audit.note_device(Event::WipeOrdered, id, &[("login", &device.login)]);
    }
    tell_gateway(context)?;
    let done = match (fresh, end, ordered) {
        (false, ..) => "was revoked before",
        (true, End::Denied, _) => "denied: it is revoked, and its code is void",
        (true, End::Wiped, true) => {
            "revoked; the order to erase itself waits for it, and `device list` shows its answer"
        }
        (true, End::Wiped, false) => "revoked; it was never paired, so there is nothing to erase",
        (true, End::Revoked, _) => "revoked",
    };
    output.done(&format!("device {id} of {} {done}", device.login))
}

/// Waits a little until a running `serve` has told the gateway of these devices.
fn told_by_serve(context: &Context, devices: &[DeviceId]) -> Result<bool, Failure> {
    let begun = Instant::now();
    let mut said = false;
    while context.store.revocations()?.iter().any(|waiting| devices.contains(waiting)) {
        if begun.elapsed() >= SERVE_TELLS_WITHIN {
            return Ok(false);
        }
        if !said && begun.elapsed() >= SERVE_WAITED_FOR_IN_SILENCE {
            said = true;
            Output::hint("the keys are erased; waiting for `serve` to tell the device, and then the gateway");
        }
        std::thread::sleep(SERVE_LOOKED_AT_EVERY);
    }
    Ok(true)
}

/// Tells the gateway of all revocations that it has not confirmed. A gateway that is away is told by `serve`.
///
/// A running `serve` does it by itself, after it told the devices, sealed: a gateway that closes them first
/// would keep that from them.
pub(super) fn tell_gateway(context: &Context) -> Result<(), Failure> {
    // Others that are revoked meanwhile have their own time to hear of it.
    let devices = context.store.revocations()?;
    if context.store.is_served() && told_by_serve(context, &devices)? {
        return Ok(());
    }
    let rest = context.rest()?;
    let account = context.store.account()?;
    let untold = context.store.revocations()?;
    for device_id in devices.into_iter().filter(|device_id| untold.contains(device_id)) {
        let told = match context.store.pending_wipe(device_id)? {
            Some(order) => block_on(rest.order_wipe(&account, device_id, &OrderWipe { order }))?.map(drop),
            None => block_on(rest.revoke_device(&account, device_id))?,
        };
        if let Err(error) = told {
            let error = Failure::from(error).text();
            Output::hint(&format!("note: the keys are erased; the gateway will be told by `serve` ({error})"));
            return Ok(());
        }
        if context.store.confirm_revocation(device_id)? {
            context.audit.note_device(Event::RevocationConfirmed, device_id, &[]);
        }
    }
    Ok(())
}
