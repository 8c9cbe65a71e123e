//! Tests of the files: created whole, refused when damaged, exposed, foreign, newer or in use.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::super::schema::migrate_with;
use super::*;

/// Closes the store and returns its folder, checkpointed.
fn closed() -> TestStore {
    let test = offered();
    test.store.lock().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    test
}

fn reopen(test: &TestStore) -> Result<Store, StoreError> {
    Store::open(test.store.data())
}

#[test]
fn an_identity_is_never_overwritten() {
    let test = TestStore::new();
    let account = test.store.account().unwrap();
    let again = Store::create(test.store.data(), &account, NOW, &mut rng());
    assert!(matches!(again, Err(StoreError::Exists(_))));
    assert_eq!(reopen(&test).unwrap().connector_key(), test.store.connector_key());
}

#[test]
fn ab_94_missing_and_empty_databases_are_never_recreated() {
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Store::open(empty.path()), Err(StoreError::Missing(_))));
    let test = closed();
    let path = test.store.data().join(DATABASE);
    fs::remove_file(&path).unwrap();
    assert!(matches!(reopen(&test), Err(StoreError::Lost(_))));
    assert!(!path.exists());
    crate::seal::create_private(&path).unwrap();
    assert!(matches!(reopen(&test), Err(StoreError::Lost(_))));
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
}

#[test]
fn ab_94_a_damaged_database_is_refused_with_a_reason() {
    for damage in [
        |bytes: &mut Vec<u8>| bytes[..16].fill(b'x'),
        |bytes: &mut Vec<u8>| bytes[4096 + 8..4096 + 64].fill(0xff),
        |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2 / 4096 * 4096),
        |bytes: &mut Vec<u8>| bytes[68..72].fill(0),
    ] {
        let test = closed();
        let path = test.store.data().join(DATABASE);
        let mut bytes = fs::read(&path).unwrap();
        damage(&mut bytes);
        let copy = tempfile::tempdir().unwrap();
        fs::copy(test.store.data().join(KEY_FILE), copy.path().join(KEY_FILE)).unwrap();
        std::io::Write::write_all(&mut crate::seal::create_private(&copy.path().join(DATABASE)).unwrap(), &bytes)
            .unwrap();
        let opened = Store::open(copy.path());
        assert!(
            matches!(opened, Err(StoreError::Damaged { .. } | StoreError::NotOpened(_))),
            "a damaged database was opened: {opened:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn ab_94_files_that_others_can_read_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    for name in [DATABASE, KEY_FILE] {
        let test = closed();
        let path = test.store.data().join(name);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(reopen(&test), Err(StoreError::KeyFile(KeyFileError::Exposed { mode: 0o644, .. }))));
    }
}

#[test]
fn ab_95_a_newer_database_is_refused() {
    let test = closed();
    test.store.lock().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(reopen(&test), Err(StoreError::Newer { found: 99, .. })));
}

#[test]
fn ab_95_a_migration_that_fails_midway_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let mut connection = Connection::open(&path).unwrap();
    migrate_with(&mut connection, &path, &["CREATE TABLE a (x)"]).unwrap();
    let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x)", "CREATE TABLE b (x)"];
    assert!(migrate_with(&mut connection, &path, &steps).is_err());
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!((version, tables), (1, 1));
    migrate_with(&mut connection, &path, &steps[..2]).unwrap();
}

#[test]
fn ab_96_one_identity_serves_once() {
    let test = TestStore::new();
    let lock = test.store.lock_for_serving().unwrap();
    let other = reopen(&test).unwrap();
    assert!(matches!(other.lock_for_serving(), Err(StoreError::InUse(_))));
    drop(lock);
    assert!(other.lock_for_serving().is_ok());
}

#[test]
fn ab_92_a_copy_taken_between_any_two_steps_opens_with_its_invariants() {
    let test = TestStore::new();
    let store = &test.store;
    let check = |store: &Store| {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(store.data(), copy.path());
        let copied = Store::open(copy.path()).unwrap();
        for device in copied.devices().unwrap() {
            let id = device.device_id.as_bytes();
            let (setup, key, candidates): (bool, bool, u32) = copied
                .lock()
                .query_row(
                    "SELECT device_setup_secret_key IS NOT NULL, device_secret_key IS NOT NULL,
                            (SELECT count(*) FROM candidate WHERE device_id = ?1) FROM device WHERE device_id = ?1",
                    [id],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )
                .unwrap();
            let expected = match device.state {
                DeviceState::Offered => setup && !key && candidates == 0,
                DeviceState::Pending => setup && !key && candidates > 0,
                DeviceState::Active => !setup && key && candidates == 0,
                DeviceState::Revoked => !setup && !key && candidates == 0,
            };
            assert!(expected, "{} with setup {setup}, key {key}, candidates {candidates}", device.state);
        }
    };
    store.add_person("maria", "Maria", &[], NOW).unwrap();
    for round in 0..20_u8 {
        let device_id = DeviceId::from_bytes([round; 16]);
        offer(store, device_id);
        check(store);
        let (p1, initiator) = begin_for(store, device_id);
        let PairingReply::New(p2) = store.answer_pairing(device_id, &p1, "", NOW, &mut rng()).unwrap() else {
            panic!("P1 was refused")
        };
        check(store);
        let paired = initiator.finish(&p2).unwrap();
        drop(store.session_keys(device_id, paired.generation, paired.key_id).unwrap());
        check(store);
        store.commit(device_id, paired.generation, paired.key_id, &mut rng()).unwrap();
        check(store);
        if round % 2 == 0 {
            store.revoke(device_id, NOW).unwrap();
            check(store);
        }
    }
}

#[test]
fn ab_92_a_log_that_was_cut_anywhere_opens_at_a_step_boundary() {
    let test = TestStore::new();
    let store = &test.store;
    store.lock().execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    for number in 0..8 {
        store.add_person(&format!("p{number}"), "P", &["staff".to_owned()], NOW).unwrap();
    }
    let wal = fs::read(store.data().join("connector.db-wal")).unwrap();
    assert!(!wal.is_empty());
    for cut in (0..=wal.len()).step_by(257) {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(store.data(), copy.path());
        drop(fs::remove_file(copy.path().join("connector.db-shm")));
        fs::write(copy.path().join("connector.db-wal"), &wal[..cut]).unwrap();
        let copied = Store::open(copy.path()).unwrap();
        let people = copied.people().unwrap();
        assert!(people.iter().all(|person| person.groups.contains("staff")), "a person was half added");
        let expected: Vec<_> = (0..people.len()).map(|number| format!("p{number}")).collect();
        assert_eq!(people.into_iter().map(|person| person.login).collect::<Vec<_>>(), expected);
    }
}

fn begin_for(store: &Store, device_id: DeviceId) -> (Vec<u8>, PairingInitiator) {
    let secret = DeviceSetupSecretKey::from_bytes(SETUP);
    let static_key = StaticPrivateKey::make(&mut rng());
    let params = InitiatorParams {
        device_id,
        setup_secret: &secret,
        connector_key: store.connector_key(),
        static_key: &static_key,
        device_label: "phone",
    };
    PairingInitiator::start(params, &mut rng()).unwrap()
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}
