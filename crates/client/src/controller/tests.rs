mod portal;

use std::path::Path;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::AtomicUsize;

use latchgate_link::Refusal;
use latchgate_link::dial::TlsRoots;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use latchgate_protocol::{DeviceId, SealedBlob};
use latchgate_tunnel::catalogue::Brand;
use latchgate_tunnel::wipe::{ConfirmationHash, WipeKey};
use latchgate_tunnel::{CloseReason, Generation};
use zeroize::Zeroizing;

use super::*;
use crate::vault::tests::MemoryStore;
use crate::view::{AppView, Light, LockCause, Settings};
use crate::world::{COMPANY, World};

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
        self.folder.path().join("work/kept.sealed").exists()
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
    use base64::Engine as _;
    let pair = format!("{}:{}", endpoint.user, *endpoint.password);
    let basic = base64::engine::general_purpose::STANDARD.encode(pair);
    let host = url.split('/').nth(2).unwrap();
    let mut stream = TcpStream::connect(endpoint.addr).await.unwrap();
    let head = format!(
        "GET {url} HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: Basic {basic}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn from_a_code_to_a_page_of_the_intranet() {
    let device = Device::new();
    let controller = device.start().await;
    assert_eq!(controller.board().view().screen, Screen::Welcome);

    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    let paired = until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
    let Screen::Pairing { progress } = &paired.screen else { panic!("the last screen of the pairing is shown") };
    assert_eq!(progress.check_code.as_ref().unwrap().len(), 7);
    assert!(controller.proxy().is_none());

    controller.confirm_check_code().await.unwrap();
    let portal = until(&controller, |view| !view.sites.is_empty()).await;
    let profile = portal.profile.unwrap();
    assert_eq!((profile.company.as_str(), profile.person.as_deref()), (COMPANY, Some("Ada")));
    assert_eq!((portal.screen, portal.sites.len()), (Screen::Portal, 2));
    let page = get(&controller.proxy().unwrap(), "http://wiki.example.com/start").await;
    assert!(page.ends_with("/start at wiki.example.com"), "{page}");
    assert!(controller.proxy().unwrap().authority.certificate_pem("safe.example.com").is_ok());
}

#[tokio::test]
async fn a_printed_code_waits_for_its_check_code_across_a_restart() {
    let device = Device::new();
    device.world.far().printed = true;
    let controller = device.start().await;
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Confirming)).await;
    drop(controller);

    let controller = device.start().await;
    controller.unlock(UnlockSecret::None).await.unwrap();
    assert_eq!(step(&controller.board().view()), Some(PairingStep::Confirming));
    assert!(controller.proxy().is_none());
    controller.confirm_check_code().await.unwrap();
    assert_eq!(controller.board().view().screen, Screen::Portal);
}

#[tokio::test]
async fn ab_45_a_check_code_that_differs_leaves_nothing_on_the_device() {
    let device = Device::new();
    let controller = device.start().await;
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
    controller.cancel_pairing().await.unwrap();
    assert_eq!(controller.board().view().screen, Screen::Welcome);
    assert!(device.store.values.lock().unwrap().is_empty());
    assert!(!device.folder.path().join("work/profile.json").exists());
}

#[tokio::test]
async fn ab_46_a_code_that_cannot_be_used_is_never_sent() {
    let device = Device::new();
    let controller = device.start().await;
    for (text, code) in
        [("", "code-empty"), ("https://evil.example", "code-not-a-code"), ("LG9:A", "code-foreign-version")]
    {
        let failure = controller.pair(text, UnlockSecret::None).await.unwrap_err();
        assert_eq!(failure.code, code);
    }
    assert_eq!(device.world.far().messages, 0);
    assert_eq!(controller.board().view().screen, Screen::Welcome);
}

#[tokio::test]
async fn ab_82_without_a_working_keychain_no_code_is_burnt() {
    let device = Device::new();
    let controller = device.start().await;
    type Case = (fn() -> StoreError, &'static str, KeychainState);
    let failures: [Case; 4] = [
        (|| StoreError::Absent, "keychain-absent", KeychainState::Absent),
        (|| StoreError::Locked, "keychain-locked", KeychainState::Locked),
        (|| StoreError::Denied, "keychain-denied", KeychainState::Denied),
        (|| StoreError::Corrupt, "keychain-corrupt", KeychainState::Corrupt),
    ];
    for (fail, code, state) in failures {
        *device.store.fails.lock().unwrap() = Some(fail);
        let failure = controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap_err();
        assert_eq!((failure.code.as_str(), controller.board().view().keychain), (code, state));
    }
    assert_eq!(device.world.far().messages, 0);
    device.store.mend();
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
}

#[tokio::test]
async fn ab_82_where_there_is_no_keychain_a_chosen_passphrase_seals_a_file() {
    let device = Device::new();
    *device.store.fails.lock().unwrap() = Some(|| StoreError::Absent);
    let controller = device.start().await;
    controller.pair(&device.world.code(), passphrase("correct horse")).await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
    controller.confirm_check_code().await.unwrap();
    assert!(device.folder.path().join("work/work.vault").exists());
    drop(controller);

    let controller = device.start().await;
    controller.unlock(passphrase("correct horse")).await.unwrap();
    assert_eq!(controller.board().view().screen, Screen::Portal);
}

#[tokio::test]
async fn ab_82_a_locked_keychain_is_no_reason_to_pair_again() {
    let device = Device::new();
    drop(device.paired().await);
    let controller = device.start().await;
    *device.store.fails.lock().unwrap() = Some(|| StoreError::Locked);
    let failure = controller.unlock(UnlockSecret::None).await.unwrap_err();
    let view = controller.board().view();
    assert_eq!((failure.code.as_str(), view.keychain), ("keychain-locked", KeychainState::Locked));
    assert!(matches!(view.screen, Screen::Locked { .. }));
    device.store.mend();
    controller.unlock(UnlockSecret::None).await.unwrap();
    until(&controller, |view| view.status.company == Light::Good).await;
}

#[tokio::test]
async fn ab_82_damaged_keys_are_named_and_neither_deleted_nor_counted_as_a_wrong_passphrase() {
    for secret in [|| passphrase("correct horse"), || UnlockSecret::None] {
        let device = Device::new();
        let controller = device.paired_with(secret()).await;
        let erasing = Settings { erase_after_tries: Some(10), ..Settings::default() };
        controller.set_settings(erasing).await.unwrap();
        drop(controller);
        let flip = || {
            let mut values = device.store.values.lock().unwrap();
            let blob = values.get_mut("work").unwrap();
            let middle = blob.len() / 2;
            blob[middle] ^= 1;
        };
        flip();
        let damaged = device.store.values.lock().unwrap().clone();
        let controller = device.start().await;
        for _ in 0..12 {
            let failure = controller.unlock(secret()).await.unwrap_err();
            let view = controller.board().view();
            assert_eq!((failure.code.as_str(), view.keychain), ("keychain-corrupt", KeychainState::Corrupt));
            assert!(matches!(view.screen, Screen::Locked { failed_attempts: 0, .. }));
        }
        assert_eq!(*device.store.values.lock().unwrap(), damaged, "nothing is changed");
        flip();
        controller.unlock(secret()).await.unwrap();
        until(&controller, |view| view.status.company == Light::Good).await;
    }
}

#[tokio::test]
async fn ab_83_a_vault_without_a_description_is_one_that_never_mattered() {
    let device = Device::new();
    let controller = device.start().await;
    let description = device.folder.path().join("work/profile.new");
    std::fs::create_dir(&description).unwrap();
    let failure = controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap_err();
    assert_eq!(failure.code, "storage-failed");
    assert_eq!(device.world.far().messages, 0);
    assert!(device.store.values.lock().unwrap().is_empty());
    std::fs::remove_dir(&description).unwrap();
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
}

#[tokio::test]
async fn ab_83_a_description_without_a_vault_says_that_the_keys_are_gone() {
    let device = Device::new();
    drop(device.paired().await);
    device.store.values.lock().unwrap().clear();
    let controller = device.start().await;
    assert_eq!(controller.unlock(UnlockSecret::None).await.unwrap_err().code, "vault-absent");
    controller.forget().await.unwrap();
    assert_eq!(controller.board().view().screen, Screen::Welcome);
}

#[tokio::test]
async fn ab_84_wrong_passphrases_are_counted_and_have_to_wait() {
    let device = Device::new();
    let controller = device.start().await;
    controller.pair(&device.world.code(), passphrase("correct horse")).await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
    controller.confirm_check_code().await.unwrap();
    controller.lock(LockCause::Person);
    for failed in 1..=5 {
        assert_eq!(controller.unlock(passphrase("wrong horse")).await.unwrap_err().code, "wrong-passphrase");
        let Screen::Locked { failed_attempts, retry_after_seconds, .. } = controller.board().view().screen else {
            panic!("a wrong passphrase opened the vault")
        };
        assert_eq!((failed_attempts, retry_after_seconds.is_some()), (failed, failed == 5));
    }
    assert_eq!(controller.unlock(passphrase("correct horse")).await.unwrap_err().code, "too-many-attempts");
    drop(controller);
    let controller = device.start().await;
    until(&controller, |view| matches!(view.screen, Screen::Locked { failed_attempts: 5, .. })).await;
    assert_eq!(controller.unlock(passphrase("correct horse")).await.unwrap_err().code, "too-many-attempts");
}

#[tokio::test]
async fn ab_85_a_lock_closes_everything_and_the_next_unlock_has_other_credentials() {
    let device = Device::new();
    let controller = device.paired().await;
    let before = controller.proxy().unwrap();
    controller.lock(LockCause::Person);
    let view = controller.board().view();
    assert!(matches!(view.screen, Screen::Locked { .. }) && view.sites.is_empty());
    assert_eq!(view.profile.unwrap().person, None);
    assert!(controller.proxy().is_none());
    controller.unlock(UnlockSecret::None).await.unwrap();
    let after = controller.proxy().unwrap();
    assert_ne!(before.password, after.password);
    assert_ne!(before.ca_pem, after.ca_pem);
    until(&controller, |view| view.status.company == Light::Good).await;
}

#[tokio::test]
async fn ab_85_a_lock_overtakes_an_unlock_that_is_under_way() {
    let device = Device::new();
    let controller = device.paired().await;
    controller.lock(LockCause::Person);
    let (release, gate) = std::sync::mpsc::channel();
    *device.store.gate.lock().unwrap() = Some(gate);
    let unlocking = controller.unlock(UnlockSecret::None);
    let locking = async {
        until(&controller, |view| view.screen == Screen::Unlocking).await;
        controller.lock(LockCause::Person);
        drop(release);
    };
    let (unlocked, ()) = tokio::join!(unlocking, locking);
    assert_eq!(unlocked.unwrap_err().code, "locked");
    assert!(matches!(controller.board().view().screen, Screen::Locked { .. }));
    assert!(controller.proxy().is_none());
}

#[tokio::test]
async fn ab_86_a_refusing_gateway_is_named_and_erases_nothing() {
    let device = Device::new();
    drop(device.paired().await);
    let stored = device.store.values.lock().unwrap().clone();
    device.world.far().refusal = Some(Refusal::NotAuthorized);
    let controller = device.start().await;
    controller.unlock(UnlockSecret::None).await.unwrap();
    let view = until(&controller, |view| view.status.failure.is_some()).await;
    assert_eq!(view.status.failure.unwrap().code, "revoked");
    assert_eq!((view.screen, view.status.gateway), (Screen::Portal, Light::Bad));
    assert_eq!(*device.store.values.lock().unwrap(), stored);
    device.world.far().refusal = None;
    controller.wake();
    until(&controller, |view| view.status.company == Light::Good && view.status.failure.is_none()).await;
}

#[tokio::test]
async fn ab_86_the_companys_sealed_word_erases_everything_and_says_so() {
    let device = Device::new();
    let controller = device.paired().await;
    let endpoint = controller.proxy().unwrap();
    device.world.far().farewell.send_replace(CloseReason::Revoked);
    device.world.cut_sessions();
    let view = until(&controller, |view| view.screen == Screen::Welcome).await;
    assert_eq!(view.ended.map(|notice| notice.code).as_deref(), Some("removed"));
    assert!(device.store.values.lock().unwrap().is_empty());
    assert!(!device.folder.path().join("work/profile.json").exists());
    assert_eq!(device.erased.load(Ordering::Relaxed), 1, "what pages kept is erased");
    assert!(TcpStream::connect(endpoint.addr).await.is_err(), "the proxy is closed");
}

/// Makes the order as the connector does, and what recognises its answer.
fn order(device: &Device) -> (SealedBlob, ConfirmationHash) {
    let far = device.world.far();
    let (_, key, _) = far.active.as_ref().unwrap();
    let wipe = WipeKey::derive(key, DeviceId::from_bytes([0xd1; 16]), Generation::FIRST);
    (SealedBlob::new(wipe.seal_order()).unwrap(), wipe.confirmation_hash())
}

#[tokio::test]
async fn ab_86_an_order_that_waited_erases_everything_and_is_answered() {
    let device = Device::new();
    drop(device.paired().await);
    let (order, hash) = order(&device);
    device.world.far().order = Some(order);
    device.world.far().refusal = Some(Refusal::NotAuthorized);
    let controller = device.start().await;
    controller.unlock(UnlockSecret::None).await.unwrap();
    let view = until(&controller, |view| view.screen == Screen::Welcome).await;
    assert_eq!(view.ended.unwrap().code, "removed");
    assert!(device.store.values.lock().unwrap().is_empty());
    while controller.is_leaving() {
        tokio::task::yield_now().await;
    }
    assert!(hash.matches(device.world.far().answer.as_ref().unwrap().as_bytes()));
}

#[tokio::test]
async fn ab_86_an_order_that_the_company_did_not_seal_erases_nothing() {
    let device = Device::new();
    drop(device.paired().await);
    let stored = device.store.values.lock().unwrap().clone();
    let (order, _) = order(&device);
    let mut forged = order.as_bytes().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    for forged in [forged, vec![1; 22], b"wipe".to_vec(), order.as_bytes()[..21].to_vec()] {
        device.world.far().order = SealedBlob::new(forged);
        device.world.far().refusal = Some(Refusal::NotAuthorized);
        let controller = device.start().await;
        controller.unlock(UnlockSecret::None).await.unwrap();
        until(&controller, |view| view.status.failure.is_some()).await;
        controller.wake();
        until(&controller, |view| view.status.failure.is_some()).await;
        assert_eq!(*device.store.values.lock().unwrap(), stored);
        assert!(!controller.is_leaving());
    }
    assert_eq!(device.world.far().answer, None);
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_the_middle_of_an_erasure_is_made_up_for_by_the_next_start() {
    let device = Device::new();
    let controller = device.paired().await;
    let (_, hash) = order(&device);
    device.world.far().answers_lost = 3;
    // The keychain fails in the middle: the vault stays, and the process ends.
    *device.store.fails.lock().unwrap() = Some(|| StoreError::Locked);
    device.world.far().farewell.send_replace(CloseReason::Wipe);
    let failed = |view: &AppView| view.ended.as_ref().is_some_and(|ended| ended.code == "keychain-locked");
    until(&controller, failed).await;
    drop(controller);
    assert!(!device.store.values.lock().unwrap().is_empty());

    device.store.mend();
    let controller = device.start().await;
    until(&controller, |view| view.screen == Screen::Welcome && view.profile.is_none()).await;
    assert!(device.store.values.lock().unwrap().is_empty(), "no passphrase is needed to finish");
    while controller.is_leaving() {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    assert!(hash.matches(device.world.far().answer.as_ref().unwrap().as_bytes()));
    drop(controller);
    let again = device.start().await;
    assert!(!again.is_leaving(), "it is over");
    assert_eq!(again.board().view().ended.unwrap().code, "removed", "and still said");
}

#[tokio::test(start_paused = true)]
async fn a_request_of_a_device_that_is_not_let_in_does_not_wait() {
    let device = Device::new();
    let controller = device.paired().await;
    device.world.far().refusal = Some(Refusal::NotAuthorized);
    device.world.cut_sessions();
    until(&controller, |view| view.status.failure.as_ref().is_some_and(|failure| failure.code == "revoked")).await;
    let begun = Instant::now();
    let page = get(&controller.proxy().unwrap(), "http://wiki.example.com/").await;
    assert!(page.starts_with("HTTP/1.1 503"), "{page}");
    assert!(begun.elapsed() < crate::limits::WAIT_FOR_SESSION);
}

#[tokio::test]
async fn a_cut_session_is_replaced() {
    let device = Device::new();
    let controller = device.paired().await;
    let before = device.world.far().messages;
    device.world.cut_sessions();
    until(&controller, |view| view.status.company != Light::Good).await;
    until(&controller, |view| view.status.company == Light::Good).await;
    assert!(device.world.far().messages > before);
    let page = get(&controller.proxy().unwrap(), "http://wiki.example.com/again").await;
    assert!(page.ends_with("/again at wiki.example.com"), "{page}");
}

#[tokio::test]
async fn a_device_that_was_copied_does_not_fight_its_copy() {
    let device = Device::new();
    let controller = device.paired().await;
    device.world.far().ended = Some(Refusal::TakenOver);
    let before = device.world.far().messages;
    device.world.cut_sessions();
    let view = until(&controller, |view| view.status.failure.is_some()).await;
    assert_eq!(view.status.failure.unwrap().code, "taken-over");
    assert_eq!(device.world.far().messages, before);
    device.world.far().ended = None;
    controller.wake();
    until(&controller, |view| view.status.company == Light::Good).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_day_the_next_session_takes_over_without_a_gap() {
    let device = Device::new();
    let controller = device.paired().await;
    controller.set_settings(Settings { lock_after_minutes: None, ..Settings::default() }).await.unwrap();
    let before = device.world.far().messages;
    let mut views = controller.board().watch();
    views.mark_unchanged();
    tokio::time::advance(crate::limits::SESSION_LIFETIME).await;
    while device.world.far().messages < before + 3 {
        tokio::task::yield_now().await;
    }
    tokio::time::advance(crate::limits::SESSION_DRAIN).await;
    let page = get(&controller.proxy().unwrap(), "http://wiki.example.com/next").await;
    assert!(page.ends_with("/next at wiki.example.com"), "{page}");
    assert_eq!(controller.board().view().status.failure, None);
}

#[tokio::test]
async fn a_changed_catalogue_shows_when_the_app_comes_back() {
    let device = Device::new();
    let controller = device.paired().await;
    let brand = Brand { note: Some("Help desk: 200".to_owned()), ..Brand::default() };
    device.world.far().catalogue.brand = Some(brand);
    device.world.far().catalogue.sites.truncate(1);
    controller.wake();
    let view = until(&controller, |view| view.sites.len() == 1).await;
    assert_eq!(view.sites[0].url, "http://wiki.example.com");
    assert_eq!(view.brand.unwrap().note.as_deref(), Some("Help desk: 200"));
    assert!(view.status.answered.is_some());
    assert!(get(&controller.proxy().unwrap(), "http://safe.example.com/").await.starts_with("HTTP/1.1 403"));
}

#[tokio::test]
async fn a_catalogue_that_is_the_same_is_not_sent_again_and_stays_shown() {
    let device = Device::new();
    let controller = device.paired().await;
    let before = until(&controller, |view| !view.sites.is_empty()).await;
    controller.wake();
    while device.world.far().unchanged == 0 {
        tokio::task::yield_now().await;
    }
    let view = controller.board().view();
    assert_eq!((view.sites, view.status.failure), (before.sites, None));
}

#[tokio::test]
async fn a_used_code_says_so_and_the_next_code_takes_its_place() {
    let device = Device::new();
    device.world.claim_first();
    let controller = device.start().await;
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    let view = until(&controller, |view| pairing_failure(view).is_some()).await;
    assert_eq!(pairing_failure(&view), Some(("code-used".to_owned(), false)));
    device.world.invite_again();
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
}

#[tokio::test(start_paused = true)]
async fn ab_52_an_interrupted_pairing_goes_on_after_a_restart() {
    let device = Device::new();
    device.world.far().present = false;
    let controller = device.start().await;
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    let view = until(&controller, |view| pairing_failure(view).is_some()).await;
    assert_eq!(pairing_failure(&view), Some(("connector-offline".to_owned(), true)));
    assert_eq!(controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap_err().code, "pairing-unfinished");
    drop(controller);

    device.world.far().present = true;
    let controller = device.start().await;
    controller.unlock(UnlockSecret::None).await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
    assert_eq!(device.world.far().claims, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_pairing_goes_on_when_the_person_says_so() {
    let device = Device::new();
    device.world.far().present = false;
    let controller = device.start().await;
    controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap();
    until(&controller, |view| pairing_failure(view).is_some()).await;
    device.world.far().present = true;
    controller.resume_pairing().await.unwrap();
    until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
    assert_eq!(controller.resume_pairing().await.unwrap_err().code, "already-paired");
}

/// Tells the generation of the key in the vault.
async fn generation(controller: &Controller) -> u32 {
    let vault = controller.vault().unwrap();
    let Contents::Active(active) = vault.lock().await.contents().clone() else { panic!("not paired") };
    assert!(active.next.is_none(), "a rotation is not finished");
    active.key.generation().0
}

#[tokio::test]
async fn a_key_is_replaced_on_demand_while_pages_stay_open() {
    let device = Device::new();
    let controller = device.paired().await;
    for expected in 2..4 {
        controller.rotate().await.unwrap();
        assert_eq!(generation(&controller).await, expected);
        assert_eq!(controller.board().view().screen, Screen::Portal);
        let page = get(&controller.proxy().unwrap(), "http://wiki.example.com/start").await;
        assert!(page.ends_with("/start at wiki.example.com"), "{page}");
    }
}

#[tokio::test]
async fn a_key_is_replaced_when_the_company_asks() {
    let device = Device::new();
    let controller = device.paired().await;
    device.world.ask_for_rotation();
    let mut looks = 0;
    while generation_or_next(&controller).await != 2 {
        tokio::task::yield_now().await;
        looks += 1;
        assert!(looks < 1_000_000, "the key was not replaced");
    }
    controller.rotate().await.unwrap();
    assert_eq!(generation(&controller).await, 3);
}

async fn generation_or_next(controller: &Controller) -> u32 {
    let vault = controller.vault().unwrap();
    let Contents::Active(active) = vault.lock().await.contents().clone() else { panic!("not paired") };
    active.key.generation().0
}

#[tokio::test(start_paused = true)]
async fn a_rotation_without_a_connection_says_why() {
    let device = Device::new();
    let controller = device.paired().await;
    device.world.far().present = false;
    device.world.cut_sessions();
    until(&controller, |view| view.status.company != Light::Good).await;
    assert_eq!(controller.rotate().await.unwrap_err().code, "connector-offline");
    controller.lock(LockCause::Person);
    assert_eq!(controller.rotate().await.unwrap_err().code, "locked");
}

#[tokio::test]
async fn commands_out_of_order_are_refused_by_name() {
    let device = Device::new();
    let controller = device.start().await;
    assert_eq!(controller.unlock(UnlockSecret::None).await.unwrap_err().code, "not-paired");
    assert_eq!(controller.forget().await.unwrap_err().code, "not-paired");
    assert_eq!(controller.resume_pairing().await.unwrap_err().code, "not-paired");
    assert_eq!(controller.confirm_check_code().await.unwrap_err().code, "not-paired");
    controller.lock(LockCause::Person);
    assert_eq!(controller.board().view().screen, Screen::Welcome);
    drop(controller);

    let controller = device.paired().await;
    assert_eq!(controller.pair(&device.world.code(), UnlockSecret::None).await.unwrap_err().code, "already-paired");
    assert_eq!(controller.cancel_pairing().await.unwrap_err().code, "already-paired");
    controller.unlock(UnlockSecret::None).await.unwrap();
    controller.lock(LockCause::Person);
    assert_eq!(controller.confirm_check_code().await.unwrap_err().code, "locked");
    assert_eq!(controller.unlock(passphrase("correct horse")).await.unwrap_err().code, "wrong-method");
    controller.forget().await.unwrap();
    assert!(device.store.values.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_company_name_is_the_only_word_of_the_company_on_the_disk() {
    let device = Device::new();
    drop(device.paired().await);
    let files = files(device.folder.path());
    assert!(files.contains(COMPANY));
    for word in ["Ada", "wiki.example.com", "LG1:"] {
        assert!(!files.contains(word), "{word} lies on the disk");
    }
}

/// Returns the text of every file below a folder.
fn files(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| {
        if path.is_dir() { files(&path) } else { String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned() }
    };
    entries.map(text).collect()
}

#[tokio::test]
async fn nothing_secret_is_logged_while_pairing_and_browsing() {
    #[derive(Clone, Default)]
    struct Log(Arc<StdMutex<Vec<u8>>>);
    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);

    let device = Device::new();
    let code = device.world.code();
    let controller = device.paired().await;
    let endpoint = controller.proxy().unwrap();
    get(&endpoint, "http://wiki.example.com/CANARY").await;
    controller.lock(LockCause::Person);

    let text = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    let ours: String = text.lines().filter(|line| line.contains("latchgate")).collect();
    assert!(ours.contains("paired"));
    for secret in [code.as_str(), &endpoint.password, "CANARY", "wiki.example.com", "Ada"] {
        assert!(!ours.contains(secret), "the log holds a secret");
    }
}

impl Device {
    /// Pairs under a passphrase and goes on to the portal.
    async fn paired_under(&self, secret: UnlockSecret) -> Arc<Controller> {
        let controller = self.start().await;
        controller.pair(&self.world.code(), secret).await.unwrap();
        until(&controller, |view| step(view) == Some(PairingStep::Done)).await;
        controller.confirm_check_code().await.unwrap();
        controller
    }
}

fn lock_screen(controller: &Controller) -> (u32, Option<u32>, LockCause) {
    match controller.board().view().screen {
        Screen::Locked { failed_attempts, tries_left, cause, .. } => (failed_attempts, tries_left, cause),
        Screen::Welcome | Screen::Pairing { .. } | Screen::Unlocking | Screen::Portal => panic!("it is not locked"),
    }
}

#[tokio::test(start_paused = true)]
async fn ab_84_the_tenth_wrong_passphrase_erases_where_the_person_chose_so() {
    let device = Device::new();
    let controller = device.paired_under(passphrase("correct horse")).await;
    let chosen = Settings { erase_after_tries: Some(10), ..Settings::default() };
    controller.set_settings(chosen).await.unwrap();
    controller.lock(LockCause::Person);
    for failed in 1..=9 {
        assert_eq!(controller.unlock(passphrase("wrong horse")).await.unwrap_err().code, "wrong-passphrase");
        assert_eq!(lock_screen(&controller), (failed, Some(10 - failed), LockCause::Person));
        tokio::time::advance(crate::limits::LONGEST_WAIT).await;
    }
    assert_eq!(controller.unlock(passphrase("wrong horse")).await.unwrap_err().code, "erased-after-tries");
    let view = controller.board().view();
    assert_eq!((view.screen, view.ended.unwrap().code.as_str()), (Screen::Welcome, "erased-after-tries"));
    assert!(device.store.values.lock().unwrap().is_empty());
    assert!(!device.folder.path().join("work/profile.json").exists());
}

#[tokio::test(start_paused = true)]
async fn ab_84_without_that_choice_no_number_of_tries_erases() {
    let device = Device::new();
    let controller = device.paired_under(passphrase("correct horse")).await;
    controller.lock(LockCause::Person);
    for _ in 1..=12 {
        assert_eq!(controller.unlock(passphrase("wrong horse")).await.unwrap_err().code, "wrong-passphrase");
        tokio::time::advance(crate::limits::LONGEST_WAIT).await;
    }
    controller.unlock(passphrase("correct horse")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn ab_84_a_kill_during_the_last_try_gives_no_other_one() {
    let device = Device::new();
    let controller = device.paired_under(passphrase("correct horse")).await;
    controller.set_settings(Settings { erase_after_tries: Some(10), ..Settings::default() }).await.unwrap();
    drop(controller);
    // Killed after the tenth try was counted, before it was made.
    device.store.values.lock().unwrap().insert("work.tries".to_owned(), br#"{"failed":10,"erase_after":10}"#.to_vec());
    let controller = device.start().await;
    assert_eq!(controller.unlock(passphrase("correct horse")).await.unwrap_err().code, "erased-after-tries");
    assert!(device.store.values.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn ab_84_a_reinstallation_that_leaves_the_keychain_gives_no_tries_back() {
    let device = Device::new();
    let controller = device.paired_under(passphrase("correct horse")).await;
    controller.set_settings(Settings { erase_after_tries: Some(10), ..Settings::default() }).await.unwrap();
    controller.lock(LockCause::Person);
    for _ in 1..=6 {
        assert_eq!(controller.unlock(passphrase("wrong horse")).await.unwrap_err().code, "wrong-passphrase");
        tokio::time::advance(crate::limits::LONGEST_WAIT).await;
    }
    drop(controller);
    // Everything of the app goes, and somebody writes a description without the choice beside the old vault.
    let description = device.folder.path().join("work/profile.json");
    let mut text: serde_json::Value = serde_json::from_slice(&std::fs::read(&description).unwrap()).unwrap();
    text.as_object_mut().unwrap().remove("settings");
    std::fs::remove_dir_all(device.folder.path().join("work")).unwrap();
    std::fs::create_dir(device.folder.path().join("work")).unwrap();
    std::fs::write(&description, text.to_string()).unwrap();
    let controller = device.start().await;
    until(&controller, |view| matches!(view.screen, Screen::Locked { failed_attempts: 6, .. })).await;
    assert_eq!(lock_screen(&controller), (6, Some(4), LockCause::Start));
    assert_eq!(controller.unlock(passphrase("correct horse")).await.unwrap_err().code, "too-many-attempts");
}

#[tokio::test(start_paused = true)]
async fn ab_85_a_device_that_nobody_uses_locks_by_itself() {
    let device = Device::new();
    let controller = device.paired().await;
    controller.set_settings(Settings { lock_after_minutes: Some(5), ..Settings::default() }).await.unwrap();
    let minute = std::time::Duration::from_secs(60);
    tokio::time::sleep(4 * minute).await;
    controller.touch();
    tokio::time::sleep(4 * minute).await;
    assert_eq!(controller.board().view().screen, Screen::Portal);
    tokio::time::sleep(2 * minute).await;
    assert_eq!(lock_screen(&controller).2, LockCause::Idle);
    assert!(controller.proxy().is_none());
}

#[tokio::test]
async fn settings_change_while_the_vault_is_open_and_within_their_range_only() {
    let device = Device::new();
    let controller = device.paired().await;
    for wrong in [
        Settings { lock_after_minutes: Some(0), ..Settings::default() },
        Settings { lock_after_minutes: Some(100_000), ..Settings::default() },
        Settings { erase_after_tries: Some(3), ..Settings::default() },
    ] {
        assert_eq!(controller.set_settings(wrong).await.unwrap_err().code, "bad-setting");
    }
    let chosen =
        Settings { lock_after_minutes: None, erase_after_tries: Some(12), backups: true, ..Settings::default() };
    controller.set_settings(chosen.clone()).await.unwrap();
    controller.lock(LockCause::Person);
    assert_eq!(controller.set_settings(Settings::default()).await.unwrap_err().code, "locked");
    drop(controller);
    assert_eq!(device.start().await.board().view().settings, chosen);
}
