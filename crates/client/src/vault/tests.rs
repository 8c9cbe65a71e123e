use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

use latchgate_protocol::ClaimId;
use latchgate_tunnel::StaticPrivateKey;

use super::contents::Claiming;
use super::*;

/// A store in memory that can be told to fail, and at which write to stop working.
#[derive(Default)]
pub(crate) struct MemoryStore {
    pub(crate) values: Mutex<HashMap<String, Vec<u8>>>,
    pub(crate) fails: Mutex<Option<fn() -> StoreError>>,
    /// Counts down to the write that fails; 0 means never.
    writes_left: AtomicUsize,
    /// The next read waits until the other end is dropped.
    pub(crate) gate: Mutex<Option<mpsc::Receiver<()>>>,
}

impl MemoryStore {
    /// From the given write on, counted from 1, everything fails: a crash, or a disk that is full.
    pub(crate) fn fail_at_write(&self, number: usize) {
        self.writes_left.store(number, Ordering::SeqCst);
    }

    /// The process starts again, with what was durable; a failure that did not come to pass is called off.
    pub(crate) fn mend(&self) {
        self.writes_left.store(0, Ordering::SeqCst);
        *self.fails.lock().unwrap() = None;
    }

    fn check(&self) -> Result<(), StoreError> {
        self.fails.lock().unwrap().map_or(Ok(()), |fail| Err(fail()))
    }
}

impl KeyStore for Arc<MemoryStore> {
    fn probe(&self) -> Result<(), StoreError> {
        self.check()
    }

    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let gate = self.gate.lock().unwrap().take();
        if let Some(gate) = gate {
            // Only the end of the other side is waited for.
            let _ = gate.recv();
        }
        self.check()?;
        Ok(self.values.lock().unwrap().get(name).cloned().map(Zeroizing::new))
    }

    fn write(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.check()?;
        if self.writes_left.load(Ordering::SeqCst) > 0 && self.writes_left.fetch_sub(1, Ordering::SeqCst) == 1 {
            *self.fails.lock().unwrap() = Some(|| StoreError::Io("disk full".into()));
            return Err(StoreError::Io("disk full".into()));
        }
        self.values.lock().unwrap().insert(name.to_owned(), value.to_vec());
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.check()?;
        self.values.lock().unwrap().remove(name);
        Ok(())
    }

    fn guards(&self) -> bool {
        true
    }
}

fn shelf() -> (Arc<MemoryStore>, Shelf) {
    let store = Arc::new(MemoryStore::default());
    (Arc::clone(&store), Shelf::new(Arc::new(store), "work"))
}

fn contents() -> Contents {
    Contents::Claiming(Claiming {
        code: Zeroizing::new("LG1:CANARY".to_owned()),
        claim_id: ClaimId::from_bytes([1; 32]),
        static_key: StaticPrivateKey::from_bytes([2; 32]),
        device_label: "phone".to_owned(),
    })
}

fn passphrase(text: &str) -> UnlockSecret {
    UnlockSecret::Passphrase(Zeroizing::new(text.to_owned()))
}

fn fresh() -> Tries {
    Tries::read(None, Instant::now())
}

#[tokio::test]
async fn each_kind_of_secret_opens_what_it_sealed_and_no_other_kind_does() {
    let kinds: [fn() -> UnlockSecret; 4] = [
        || passphrase("correct horse"),
        || UnlockSecret::Biometric(Zeroizing::new(vec![9; 32])),
        || UnlockSecret::FileKey(Zeroizing::new(vec![9; 32])),
        || UnlockSecret::None,
    ];
    for (index, secret) in kinds.iter().enumerate() {
        let (store, shelf) = shelf();
        drop(Vault::create(shelf.clone(), secret(), contents()).await.unwrap());
        let text = format!(
            "{:?}",
            store.values.lock().unwrap().get("work").map(|blob| String::from_utf8_lossy(blob).into_owned())
        );
        assert!(!text.contains("CANARY"));
        for (other, attempt) in kinds.iter().enumerate() {
            let opened = Vault::open(shelf.clone(), attempt(), &mut fresh()).await;
            match opened {
                Ok(vault) => {
                    assert_eq!(index, other);
                    assert!(matches!(vault.contents(), Contents::Claiming(claiming) if *claiming.code == "LG1:CANARY"));
                }
                Err(error) => assert!(index != other && matches!(error, VaultError::WrongMethod), "{error}"),
            }
        }
    }
}

#[tokio::test]
async fn ab_84_wrong_passphrases_are_counted_across_restarts_and_then_have_to_wait() {
    let (_, shelf) = shelf();
    drop(Vault::create(shelf.clone(), passphrase("correct horse"), contents()).await.unwrap());
    for failed in 1..=5 {
        let mut tries = shelf.read_tries().await.unwrap();
        let refused = Vault::open(shelf.clone(), passphrase("wrong horse"), &mut tries).await.err().unwrap();
        assert!(matches!(refused, VaultError::WrongPassphrase));
        assert_eq!(shelf.read_tries().await.unwrap().failed(), failed);
    }
    let mut tries = shelf.read_tries().await.unwrap();
    let refused = Vault::open(shelf.clone(), passphrase("correct horse"), &mut tries).await.err().unwrap();
    assert!(matches!(refused, VaultError::Wait));
}

#[tokio::test]
async fn the_right_passphrase_ends_the_count() {
    let (_, shelf) = shelf();
    drop(Vault::create(shelf.clone(), passphrase("correct horse"), contents()).await.unwrap());
    let mut tries = fresh();
    assert!(Vault::open(shelf.clone(), passphrase("wrong horse"), &mut tries).await.is_err());
    assert!(Vault::open(shelf.clone(), passphrase("correct horse"), &mut tries).await.is_ok());
    assert_eq!((tries.failed(), shelf.read_tries().await.unwrap().failed()), (0, 0));
}

#[tokio::test]
async fn a_short_passphrase_is_refused_before_anything_is_written() {
    let (store, shelf) = shelf();
    let refused = Vault::create(shelf, passphrase("short"), contents()).await.err().unwrap();
    assert!(matches!(refused, VaultError::Weak));
    assert!(store.values.lock().unwrap().is_empty());
}

#[tokio::test]
async fn ab_82_a_failing_store_is_a_typed_state_and_loses_nothing() {
    let (store, shelf) = shelf();
    let mut vault = Vault::create(shelf.clone(), UnlockSecret::None, contents()).await.unwrap();
    let before = store.values.lock().unwrap().clone();
    type Case = (fn() -> StoreError, &'static str);
    let failures: [Case; 4] = [
        (|| StoreError::Absent, "keychain-absent"),
        (|| StoreError::Locked, "keychain-locked"),
        (|| StoreError::Denied, "keychain-denied"),
        (|| StoreError::Corrupt, "keychain-corrupt"),
    ];
    for (fail, code) in failures {
        *store.fails.lock().unwrap() = Some(fail);
        assert_eq!(Failure::from(&vault.put(contents()).await.unwrap_err()).code, code);
        let refused = Vault::open(shelf.clone(), UnlockSecret::None, &mut fresh()).await.err().unwrap();
        assert_eq!(Failure::from(&refused).code, code);
    }
    store.mend();
    assert_eq!(*store.values.lock().unwrap(), before);
}

#[tokio::test]
async fn ab_82_a_key_never_lies_unsealed_in_a_store_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(Arc::new(FileStore::new(folder.path())), "work");
    let refused = Vault::create(shelf, UnlockSecret::None, contents()).await.err().unwrap();
    assert!(matches!(refused, VaultError::Unguarded));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn ab_83_a_key_without_its_blob_and_a_blob_without_its_key_are_told_apart() {
    let (store, shelf) = shelf();
    store.fail_at_write(2);
    assert!(Vault::create(shelf.clone(), UnlockSecret::None, contents()).await.is_err());
    store.mend();
    let absent = Vault::open(shelf.clone(), UnlockSecret::None, &mut fresh()).await.err().unwrap();
    assert!(matches!(absent, VaultError::Absent));
    drop(Vault::create(shelf.clone(), UnlockSecret::None, contents()).await.unwrap());
    store.values.lock().unwrap().remove("work.key");
    let corrupt = Vault::open(shelf, UnlockSecret::None, &mut fresh()).await.err().unwrap();
    assert!(matches!(corrupt, VaultError::Corrupt));
    assert!(store.values.lock().unwrap().contains_key("work"));
}

#[tokio::test]
async fn a_failed_write_keeps_the_earlier_contents_in_memory_too() {
    let (store, shelf) = shelf();
    let mut vault = Vault::create(shelf, UnlockSecret::None, contents()).await.unwrap();
    *store.fails.lock().unwrap() = Some(|| StoreError::Io("disk full".into()));
    let Contents::Claiming(mut other) = contents() else { unreachable!() };
    other.device_label = "other".to_owned();
    assert!(vault.put(Contents::Claiming(other)).await.is_err());
    assert!(matches!(vault.contents(), Contents::Claiming(claiming) if claiming.device_label == "phone"));
}

#[tokio::test]
async fn ab_84_a_bound_key_that_the_system_replaced_is_named_and_erases_nothing() {
    let (store, shelf) = shelf();
    let bound = |byte| UnlockSecret::Biometric(Zeroizing::new(vec![byte; 32]));
    drop(Vault::create(shelf.clone(), bound(1), contents()).await.unwrap());
    let refused = Vault::open(shelf.clone(), bound(2), &mut fresh()).await.err().unwrap();
    assert_eq!(Failure::from(&refused).code, "bound-key-lost");
    assert!(store.values.lock().unwrap().contains_key("work"));
    assert!(Vault::open(shelf, bound(1), &mut fresh()).await.is_ok());
}

#[tokio::test]
async fn a_key_of_another_file_is_named_and_erases_nothing_and_a_short_one_seals_nothing() {
    let (store, shelf) = shelf();
    let key = |byte, length| UnlockSecret::FileKey(Zeroizing::new(vec![byte; length]));
    assert!(matches!(Vault::create(shelf.clone(), key(1, 31), contents()).await, Err(VaultError::Weak)));
    drop(Vault::create(shelf.clone(), key(1, 32), contents()).await.unwrap());
    let refused = Vault::open(shelf.clone(), key(2, 32), &mut fresh()).await.err().unwrap();
    assert_eq!(Failure::from(&refused).code, "wrong-file-key");
    assert!(store.values.lock().unwrap().contains_key("work"));
    assert!(Vault::open(shelf, key(1, 32), &mut fresh()).await.is_ok());
}

#[tokio::test]
async fn clearing_leaves_nothing() {
    let (store, shelf) = shelf();
    drop(Vault::create(shelf.clone(), UnlockSecret::None, contents()).await.unwrap());
    shelf.clear().await.unwrap();
    assert!(store.values.lock().unwrap().is_empty());
}
