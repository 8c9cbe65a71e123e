//! The connector's keyring over its store: what the link asks during handshakes.
//!
//! Each answer is durable before it is given. What is refused is refused without a word to the device, logged
//! here, and noted in the audit log where it means something: a replaced key that comes back is a restored
//! backup or a clone.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use getrandom::SysRng;
use latchgate_link::connector::{Keyring, SessionKeys};
use latchgate_protocol::DeviceId;
use latchgate_tunnel::keys::{Generation, KeyId};
use rand_core::UnwrapErr;
use tracing::{debug, error, info, warn};

use crate::audit::{Audit, Event};
use crate::session::Shared;
use crate::store::{Committed, KeyLookup, PairingReply, Store, StoreError};
use crate::time::UnixSeconds;

/// Answers handshakes from the store.
#[derive(Debug, Clone)]
pub(crate) struct StoreKeyring {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    shared: Arc<Shared>,
    /// Devices whose replaced key came back: noted once while the connector runs.
    clones: Mutex<HashSet<DeviceId>>,
}

impl StoreKeyring {
    pub(crate) fn new(store: Store, shared: Arc<Shared>) -> Self {
        Self { inner: Arc::new(Inner { store, shared, clones: Mutex::default() }) }
    }

    /// Runs store work where it may block.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Inner) -> T + Send + 'static) -> Option<T> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner)).await.ok()
    }
}

impl Keyring for StoreKeyring {
    async fn answer_pairing(&self, device_id: DeviceId, p1: &[u8]) -> Option<Vec<u8>> {
        let p1 = p1.to_vec();
        self.run(move |inner| inner.answer_pairing(device_id, &p1)).await?
    }

    async fn session_keys(&self, device_id: DeviceId, generation: Generation, key_id: KeyId) -> Option<SessionKeys> {
        self.run(move |inner| inner.session_keys(device_id, generation, key_id)).await?
    }

    async fn commit(&self, device_id: DeviceId, generation: Generation, key_id: KeyId) -> bool {
        self.run(move |inner| inner.commit(device_id, generation, key_id)).await.unwrap_or_default()
    }
}

impl Inner {
    fn answer_pairing(&self, device_id: DeviceId, p1: &[u8]) -> Option<Vec<u8>> {
        let label = &self.shared.board.current().company;
        let reply = self.store.answer_pairing(device_id, p1, label, UnixSeconds::now(), &mut UnwrapErr(SysRng));
        match reply {
            Ok(PairingReply::New(p2)) => {
                info!(%device_id, "a device answered its code");
                self.audit().note_caused(Event::DeviceAnswered, device_id, &[]);
                Some(p2)
            }
            Ok(PairingReply::Repeated(p2)) => {
                debug!(%device_id, "a device repeated its answer");
                Some(p2)
            }
            Ok(PairingReply::Refused(reason)) => {
                warn!(%device_id, reason, "a pairing was refused");
                None
            }
            Err(error) => {
                log_failure(device_id, &error);
                None
            }
        }
    }

    fn session_keys(&self, device_id: DeviceId, generation: Generation, key_id: KeyId) -> Option<SessionKeys> {
        match self.store.session_keys(device_id, generation, key_id) {
            Ok(KeyLookup::Found(keys)) => Some(keys),
            Ok(KeyLookup::Superseded) => {
                self.note_clone(device_id, generation);
                None
            }
            Ok(KeyLookup::Unknown) => {
                debug!(%device_id, %key_id, "a session under an unknown key was refused");
                None
            }
            Err(error) => {
                log_failure(device_id, &error);
                None
            }
        }
    }

    fn commit(&self, device_id: DeviceId, generation: Generation, key_id: KeyId) -> bool {
        match self.store.commit(device_id, generation, key_id, &mut UnwrapErr(SysRng)) {
            Ok(Committed::Already) => true,
            Ok(Committed::First) => {
                self.note_paired(device_id);
                true
            }
            Ok(Committed::Rotated) => {
                self.note_rotated(device_id, generation);
                true
            }
            Ok(Committed::Refused) => {
                warn!(%device_id, "a session was refused: its key was erased meanwhile");
                false
            }
            Err(error) => {
                log_failure(device_id, &error);
                false
            }
        }
    }

    /// What follows a commit must find it; the watcher would come too late.
    fn refresh(&self) {
        if let Err(error) = self.shared.board.refresh() {
            error!(error = &error as &dyn std::error::Error, "the policy could not be refreshed");
        }
    }

    fn note_rotated(&self, device_id: DeviceId, generation: Generation) {
        self.refresh();
        info!(%device_id, generation = generation.0, "a device replaced its key");
        let generation = generation.0.to_string();
        self.audit().note_caused(Event::DeviceRotated, device_id, &[("generation", &generation)]);
    }

    fn note_paired(&self, device_id: DeviceId) {
        self.refresh();
        info!(%device_id, "a device is paired");
        let device = self.store.find_device(&device_id.to_string()).ok();
        let (login, label) = device.map_or_else(Default::default, |device| (device.login, device.label));
        let fields = [("login", login.as_str()), ("label", label.as_deref().unwrap_or_default())];
        self.audit().note_device(Event::DevicePaired, device_id, &fields);
    }

    fn note_clone(&self, device_id: DeviceId, generation: Generation) {
        warn!(%device_id, generation = generation.0, "a replaced key came back: a restored or cloned device");
        let first = self.clones.lock().unwrap_or_else(PoisonError::into_inner).insert(device_id);
        if first {
            if let Err(error) = self.store.note_old_key(device_id, UnixSeconds::now()) {
                log_failure(device_id, &error);
            }
            let generation = generation.0.to_string();
            self.audit().note_caused(Event::OldGeneration, device_id, &[("generation", &generation)]);
        }
    }

    fn audit(&self) -> &Audit {
        &self.shared.audit
    }
}

fn log_failure(device_id: DeviceId, error: &StoreError) {
    error!(%device_id, error = error as &dyn std::error::Error, "the store failed during a handshake");
}
