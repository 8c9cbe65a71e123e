//! Stores and configurations for the tests of this crate.

use getrandom::SysRng;
use latchgate_link::rest::InstanceAccount;
use latchgate_protocol::{InstanceId, InstancePassword};
use rand_core::UnwrapErr;
use tempfile::TempDir;

use crate::store::Store;
use crate::time::UnixSeconds;

/// The moment at which test stores are made.
pub(crate) const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

/// A recognisable secret.
pub(crate) const CANARY: [u8; 16] = *b"canary-password!";

/// A store in a folder of its own.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
}

impl TestStore {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let account = InstanceAccount {
            instance_id: InstanceId::from_bytes([0x11; 16]),
            instance_password: InstancePassword::from_bytes(CANARY),
        };
        let store = Store::create(&folder.path().join("data"), &account, NOW, &mut rng()).unwrap();
        Self { store, folder }
    }
}

pub(crate) fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
