//! The header `Authorization`: an instance by HTTP Basic, or a registration token as bearer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use latchgate_protocol::{InstanceId, InstancePassword};
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
    let encoded = scheme(headers, "basic")?;
    let decoded = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.parse().ok()?, InstancePassword::from_text(password).ok()?))
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
