//! A system on which no key can be bound to a finger or a face.

use std::future::ready;

use latchgate_client::{Failure, Fault, ProfileName};
use tauri::AppHandle;
use zeroize::Zeroizing;

use crate::view::Biometrics;

/// Returns what the system can recognise its owner by: nothing.
pub(crate) async fn kind(_: &AppHandle) -> Biometrics {
    ready(Biometrics::Absent).await
}

/// # Errors
/// Always `unavailable`.
pub(crate) async fn make_key(_: &AppHandle, _: &ProfileName) -> Result<Zeroizing<Vec<u8>>, Failure> {
    ready(Err(Fault::Unavailable.into())).await
}

/// # Errors
/// Always `unavailable`.
pub(crate) async fn release_key(_: &AppHandle, _: &ProfileName) -> Result<Zeroizing<Vec<u8>>, Failure> {
    ready(Err(Fault::Unavailable.into())).await
}

/// There is nothing to forget.
pub(crate) async fn forget_key(_: &AppHandle, _: &ProfileName) {
    ready(()).await;
}
