//! Registers a new instance at a gateway and makes its identity.

use std::path::Path;

use getrandom::SysRng;
use latchgate_link::dial::{DialConfig, DialError, Dialer};
use latchgate_link::rest::{InstanceAccount, Rest, RestError};
use latchgate_protocol::problem;
use rand_core::{TryRng as _, UnwrapErr};
use thiserror::Error;

use crate::audit::{Audit, Event};
use crate::store::{Store, StoreError};
use crate::time::UnixSeconds;

/// Why no identity was made.
#[derive(Debug, Error)]
pub enum InitError {
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    Randomness,
    /// The way to the gateway cannot be prepared.
    #[error("could not prepare the connection to the gateway")]
    Dial(#[from] DialError),
    /// The gateway wants a registration token.
    #[error("the gateway wants a registration token; ask its operator and give it with --token-file")]
    TokenWanted,
    /// The gateway did not register the instance.
    #[error("could not register at the gateway")]
    Gateway(#[source] RestError),
    /// The identity could not be written, or one exists.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Registers an instance and writes its identity into the folder `data`.
///
/// # Errors
/// [`InitError`]; an existing identity is never overwritten, and the gateway is not asked then.
pub async fn init(data: &Path, dial: DialConfig, registration_token: Option<&str>) -> Result<Store, InitError> {
    SysRng.try_fill_bytes(&mut [0; 32]).map_err(|_| InitError::Randomness)?;
    Store::require_absent(data)?;
    let rest = Rest::new(Dialer::new(dial)?);
    let created = rest.create_instance(registration_token).await.map_err(|error| {
        if error.problem_code() == Some(problem::code::REGISTRATION_CLOSED) {
            InitError::TokenWanted
        } else {
            InitError::Gateway(error)
        }
    })?;
    let account = InstanceAccount { instance_id: created.instance_id, instance_password: created.instance_password };
    let store = Store::create(data, &account, UnixSeconds::now(), &mut UnwrapErr(SysRng))?;
    Audit::new(&store).note(Event::InstanceCreated, &[("instance", &account.instance_id.to_string())]);
    Ok(store)
}
