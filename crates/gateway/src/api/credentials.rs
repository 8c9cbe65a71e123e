//! The header `Authorization`: an instance by HTTP Basic, or a registration token as bearer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use latchgate_protocol::{DeviceId, DevicePassword, InstanceId, InstancePassword};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::refusal::Refusal;
use crate::auth::Verified;
use crate::gateway::Shared;
use crate::hash::fingerprint;
use crate::server::Client;

/// An instance whose password was verified.
pub(crate) struct Caller {
    pub(crate) instance_id: InstanceId,
    pub(crate) verified: Verified,
}

/// Verifies the instance that a request names.
pub(crate) async fn caller(shared: &Shared, client: &Client, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let (instance_id, password) = basic(headers).ok_or_else(Refusal::unauthorized)?;
    let verified = shared.verify_instance(client.source, instance_id, &password).await.inspect_err(|_| {
        shared.metrics.logins_refused.increment();
    })?;
    Ok(Caller { instance_id, verified })
}

fn basic(headers: &HeaderMap) -> Option<(InstanceId, InstancePassword)> {
    let pair = decode_basic(headers)?;
    let (user, password) = pair.split_once(':')?;
    Some((user.parse().ok()?, InstancePassword::from_text(password).ok()?))
}

/// Verifies that a request comes from the device that its path names, revoked or not; returns whose device it is.
pub(crate) async fn leaving_device(
    shared: &Shared,
    client: &Client,
    headers: &HeaderMap,
    device_id: DeviceId,
) -> Result<InstanceId, Refusal> {
    let pair = decode_basic(headers).ok_or_else(Refusal::unauthorized)?;
    let password = pair
        .split_once(':')
        .filter(|(user, _)| user.parse() == Ok(device_id))
        .and_then(|(_, password)| DevicePassword::from_text(password).ok())
        .ok_or_else(Refusal::unauthorized)?;
    Ok(shared.verify_leaving_device(client.source, device_id, &password).await.inspect_err(|_| {
        shared.metrics.logins_refused.increment();
    })?)
}

fn decode_basic(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    let encoded = scheme(headers, "basic")?;
    let decoded = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    std::str::from_utf8(&decoded).ok().map(|pair| Zeroizing::new(pair.to_owned()))
}

/// Checks the registration token, where the gateway wants one.
pub(crate) fn may_register(shared: &Shared, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(wanted) = &shared.registration else { return Ok(()) };
    let given = scheme(headers, "bearer").map(|token| fingerprint(token.as_bytes()));
    match given {
        Some(given) if given.ct_eq(wanted).into() => Ok(()),
        _ => Err(Refusal::registration_closed()),
    }
}

/// Returns the one `Authorization` of a scheme.
fn scheme<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, credentials) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then(|| credentials.trim())
}
