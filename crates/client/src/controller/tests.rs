//! The device's life as its controller sees it: what outlives a start, and the tests by what happens.

mod connecting;
mod leaving;
mod locking;
mod pairing;
mod portal;
mod rotating;
mod secrets;
mod storing;

use std::sync::atomic::AtomicUsize;

use latchgate_link::dial::TlsRoots;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::*;
use crate::vault::tests::MemoryStore;
use crate::view::{AppView, Light};
use crate::world::World;

/// A device on a disk, in a keychain and in a world, all of which outlive a start of the controller.
pub(super) struct Device {
    folder: tempfile::TempDir,
    pub(super) store: Arc<MemoryStore>,
    pub(super) world: World,
    /// How often what pages kept was erased.
    erased: Arc<AtomicUsize>,
}

impl Device {
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            store: Arc::default(),
            world: World::new(),
            erased: Arc::default(),
        }
    }

    /// Another machine that meets the same world.
    pub(super) fn elsewhere(&self) -> Self {
        Self { world: self.world.clone(), ..Self::new() }
    }

    /// Starts as after a crash: only what is durable is known.
    pub(super) async fn start(&self) -> Arc<Controller> {
        loop {
            let config = ClientConfig {
                data_dir: self.folder.path().to_owned(),
                profile: ProfileName::parse("work").unwrap(),
                store: Box::new(Arc::clone(&self.store)),
                plain_http: PlainHttp::ToLoopback,
                device_label: "phone".to_owned(),
                roots: TlsRoots::Platform,
                idle: IdleLock::BySettings,
                web_data: Some(Arc::new({
                    let erased = Arc::clone(&self.erased);
                    move || {
                        erased.fetch_add(1, Ordering::Relaxed);
                        Ok(())
                    }
                })),
            };
            match Controller::open(config, Arc::new(self.world.clone())) {
                // The tasks of an earlier start are dropped by the runtime, in its own time.
                Err(ClientError::InUse) => tokio::task::yield_now().await,
                opened => return opened.unwrap(),
            }
        }
    }

    /// Pairs and goes on to the portal.
    pub(super) async fn paired(&self) -> Arc<Controller> {
        self.paired_with(UnlockSecret::None).await
    }

    /// Pairs with a vault under `secret`.
    pub(super) async fn paired_with(&self, secret: UnlockSecret) -> Arc<Controller> {
        let controller = self.start().await;
        self.pair(&controller, secret).await;
        controller
    }

    /// Pairs what was started, and goes on to the portal.
    pub(super) async fn pair(&self, controller: &Controller, secret: UnlockSecret) {
        controller.pair(&self.world.code(), secret).await.unwrap();
        until(controller, |view| step(view) == Some(PairingStep::Done)).await;
        controller.confirm_check_code().await.unwrap();
        until(controller, |view| view.status.company == Light::Good).await;
    }

    /// Fetches a page through the proxy.
    pub(super) async fn get(&self, controller: &Controller, url: &str) -> String {
        get(&controller.proxy().unwrap(), url).await
    }

    /// Tells whether nothing of a pairing is left: keys, description, and what pages kept.
    pub(super) fn is_erased(&self) -> bool {
        let described = self.folder.path().join("work/profile.json").exists() || self.has_drawer();
        self.store.values.lock().unwrap().is_empty() && !described && self.erased.load(Ordering::Relaxed) > 0
    }

    /// Tells whether something lies there that pages left behind.
    pub(super) fn has_drawer(&self) -> bool {
        !self.drawer().is_empty()
    }

    /// Returns the sealed drawer as it lies on the disk.
    pub(super) fn drawer(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("work/kept.sealed")).unwrap_or_default()
    }
}

/// Waits for a view; the test harness ends what never comes.
pub(super) async fn until(controller: &Controller, wanted: impl FnMut(&AppView) -> bool) -> AppView {
    controller.board().watch().wait_for(wanted).await.unwrap().clone()
}

fn step(view: &AppView) -> Option<PairingStep> {
    match &view.screen {
        Screen::Pairing { progress } => Some(progress.step),
        Screen::Welcome | Screen::Locked { .. } | Screen::Unlocking | Screen::Portal => None,
    }
}

fn pairing_failure(view: &AppView) -> Option<(String, bool)> {
    match &view.screen {
        Screen::Pairing { progress } => {
            progress.failure.as_ref().map(|failure| (failure.code.clone(), progress.resumable))
        }
        Screen::Welcome | Screen::Locked { .. } | Screen::Unlocking | Screen::Portal => None,
    }
}

pub(super) fn passphrase(text: &str) -> UnlockSecret {
    UnlockSecret::Passphrase(Zeroizing::new(text.to_owned()))
}

/// Fetches a page through the proxy.
async fn get(endpoint: &ProxyEndpoint, url: &str) -> String {
    fetch(endpoint, url, "*/*").await
}

/// Fetches a page through the proxy as a browser does for a person.
async fn visit(endpoint: &ProxyEndpoint, url: &str) -> String {
    fetch(endpoint, url, "text/html").await
}

async fn fetch(endpoint: &ProxyEndpoint, url: &str, accept: &str) -> String {
    use base64::Engine as _;
    let pair = format!("{}:{}", endpoint.user, *endpoint.password);
    let basic = base64::engine::general_purpose::STANDARD.encode(pair);
    let host = url.split('/').nth(2).unwrap();
    let mut stream = TcpStream::connect(endpoint.addr).await.unwrap();
    let head = format!(
        "GET {url} HTTP/1.1\r\nHost: {host}\r\nAccept: {accept}\r\nProxy-Authorization: Basic {basic}\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
