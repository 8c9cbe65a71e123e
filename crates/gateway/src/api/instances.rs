//! Registering an instance, and changing its password.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::{Extension, Json};
use http::StatusCode;
use latchgate_protocol::rest::{InstanceCreated, PasswordRotation};
use latchgate_protocol::{InstanceId, InstancePassword};
use serde::Deserialize;
use tracing::info;
use zeroize::Zeroizing;

use super::credentials::{caller, may_register};
use super::refusal::Refusal;
use super::{read_json, read_nothing};
use crate::gateway::{Shared, rng};
use crate::hash::{Busy, PasswordHash};
use crate::server::Client;

/// A step of changing the password. An enum with a tag would let unknown fields pass.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    step: Step,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Step {
    Prepare,
    Commit,
}

/// `POST /v1/instances`
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(client): Extension<Client>,
    request: Request,
) -> Result<(StatusCode, Json<InstanceCreated>), Refusal> {
    shared
        .throttles
        .take_registration(client.source, &shared.config.limits)
        .inspect_err(|_| shared.metrics.throttled.increment())?;
    may_register(&shared, request.headers())?;
    read_nothing(request).await?;
    let instance_id = InstanceId::make(&mut rng());
    let (instance_password, hash) = make_password(&shared).await?;
    shared.store.create_instance(instance_id, hash, shared.clock.now()).await?;
    info!(instance = %instance_id, "an instance was registered");
    Ok((StatusCode::CREATED, Json(InstanceCreated { instance_id, instance_password })))
}

/// `POST /v1/instances/rotate-password`
pub(super) async fn rotate_password(
    State(shared): State<Arc<Shared>>,
    Extension(client): Extension<Client>,
    request: Request,
) -> Result<Json<PasswordRotation>, Refusal> {
    let caller = caller(&shared, &client, request.headers()).await?;
    let rotation: Rotation = read_json(request).await?;
    match (rotation.step, caller.verified.next) {
        (Step::Prepare, _) => {
            let (instance_password, hash) = make_password(&shared).await?;
            shared.store.prepare_rotation(caller.instance_id, hash).await?;
            Ok(Json(PasswordRotation::Prepared { instance_password }))
        }
        (Step::Commit, Some(next)) => {
            shared.store.commit_rotation(caller.instance_id, next).await?;
            info!(instance = %caller.instance_id, "an instance changed its password");
            Ok(Json(PasswordRotation::Committed))
        }
        (Step::Commit, None) => commit_again(&shared, caller.instance_id).await,
    }
}

/// The current password commits: a repetition after the first answer was lost, or an attempt to commit with
/// the old one.
async fn commit_again(shared: &Shared, instance_id: InstanceId) -> Result<Json<PasswordRotation>, Refusal> {
    let known = shared.store.instance_credentials(instance_id).await?;
    if known.is_some_and(|known| known.next.is_some()) {
        return Err(Refusal::malformed("Commit with the new password as credentials."));
    }
    Ok(Json(PasswordRotation::Committed))
}

async fn make_password(shared: &Shared) -> Result<(InstancePassword, PasswordHash), Busy> {
    let password = InstancePassword::make(&mut rng());
    let hash = shared.hashes.make(Zeroizing::new(*password.reveal_bytes())).await?;
    Ok((password, hash))
}
