//! Tests of the store: identity, people, devices and the durable steps of pairing.

use latchgate_protocol::{DeviceId, SealedBlob};
use latchgate_tunnel::keys::{DeviceSecretKey, DeviceSetupSecretKey, Generation, KeyId};
use latchgate_tunnel::pairing::{InitiatorParams, Paired, PairingInitiator};
use latchgate_tunnel::rotation::{KeyInUse, Rotated, RotationInitiator};
use latchgate_tunnel::wipe::{WipeKey, open_order};

use super::*;
use crate::fixture::{CANARY, NOW, TestStore, rng};
use crate::limits::CANDIDATES;

const DEVICE: DeviceId = DeviceId::from_bytes([0xd1; 16]);
const SETUP: [u8; 32] = *b"canary-setup-secret-key-32-bytes";
const LATER: UnixSeconds = UnixSeconds(NOW.0 + 600);

/// A store with Maria and one offered device.
fn offered() -> TestStore {
    let test = TestStore::new();
    test.store.add_person("maria", "Maria Jensen", &["staff".to_owned()], NOW).unwrap();
    offer(&test.store, DEVICE);
    test
}

fn offer(store: &Store, device_id: DeviceId) {
    let secret = DeviceSetupSecretKey::from_bytes(SETUP);
    let offer = Offer { device_id, login: "maria", device_setup_secret_key: &secret, expires: LATER, printed: false };
    store.offer(&offer, NOW, &mut rng()).unwrap();
}

fn begin(store: &Store) -> (Vec<u8>, PairingInitiator) {
    let secret = DeviceSetupSecretKey::from_bytes(SETUP);
    let static_key = StaticPrivateKey::make(&mut rng());
    let params = InitiatorParams {
        device_id: DEVICE,
        setup_secret: &secret,
        connector_key: store.connector_key(),
        static_key: &static_key,
        device_label: "Maria's phone",
    };
    PairingInitiator::start(params, &mut rng()).unwrap()
}

fn answer(store: &Store, p1: &[u8]) -> PairingReply {
    store.answer_pairing(DEVICE, p1, "Example Ltd", NOW, &mut rng()).unwrap()
}

fn pair(store: &Store) -> Paired {
    let (p1, initiator) = begin(store);
    let PairingReply::New(p2) = answer(store, &p1) else { panic!("P1 was refused") };
    initiator.finish(&p2).unwrap()
}

fn finds(store: &Store, generation: Generation, key_id: KeyId) -> bool {
    matches!(store.session_keys(DEVICE, generation, key_id).unwrap(), KeyLookup::Found(_))
}

fn commit(store: &Store, generation: Generation, key_id: KeyId) -> Committed {
    store.commit(DEVICE, generation, key_id, &mut rng()).unwrap()
}

fn state(store: &Store) -> DeviceState {
    store.devices().unwrap()[0].state
}

fn count(store: &Store, table: &str) -> u32 {
    store.lock().query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

/// Everything that lies in the data folder, apart from the key file.
fn dump(test: &TestStore) -> Vec<u8> {
    let entries = std::fs::read_dir(test.store.data()).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| !path.ends_with(KEY_FILE)).flat_map(|path| std::fs::read(path).unwrap()).collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn a_device_goes_from_offered_over_pending_to_active() {
    let test = offered();
    let store = &test.store;
    assert_eq!(state(store), DeviceState::Offered);
    let paired = pair(store);
    assert_eq!(state(store), DeviceState::Pending);
    assert!(finds(store, paired.generation, paired.key_id));
    assert_eq!(state(store), DeviceState::Pending);
    assert_eq!(commit(store, paired.generation, paired.key_id), Committed::First);
    let device = &store.devices().unwrap()[0];
    assert_eq!(device.state, DeviceState::Active);
    assert_eq!(device.label.as_deref(), Some("Maria's phone"));
    assert_eq!(device.check_code, Some(paired.check_code.as_digits()));
    assert_eq!(commit(store, paired.generation, paired.key_id), Committed::Already);
    assert!(finds(store, paired.generation, paired.key_id));
}

#[test]
fn ab_39_a_replayed_p1_gets_the_same_p2_and_grows_nothing() {
    let test = offered();
    let (p1, _) = begin(&test.store);
    let PairingReply::New(first) = answer(&test.store, &p1) else { panic!("P1 was refused") };
    for _ in 0..1000 {
        assert_eq!(answer(&test.store, &p1), PairingReply::Repeated(first.clone()));
    }
    assert_eq!(count(&test.store, "candidate"), 1);
    let late = test.store.answer_pairing(DEVICE, &p1, "", LATER.plus(STORE_BUSY), &mut rng()).unwrap();
    assert_eq!(late, PairingReply::Repeated(first), "a lost reply must not strand a device at the last moment");
}

#[test]
fn ab_53_at_most_four_candidates_live_and_the_one_that_is_used_stays() {
    let test = offered();
    let store = &test.store;
    let first = pair(store);
    let used = pair(store);
    assert!(finds(store, used.generation, used.key_id));
    for _ in 0..100 {
        pair(store);
    }
    assert_eq!(count(store, "candidate"), CANDIDATES);
    assert!(!finds(store, first.generation, first.key_id), "the oldest was evicted");
    assert_eq!(commit(store, used.generation, used.key_id), Committed::First);
    assert_eq!(count(store, "candidate"), 0);
}

#[test]
fn ab_40_as_many_forged_hints_as_candidates_leave_room_for_the_next_p1() {
    let test = offered();
    let store = &test.store;
    // Each hint sends the device back to another P1 after it named its key in an S1.
    let named: Vec<_> = (0..CANDIDATES)
        .map(|_| {
            let paired = pair(store);
            assert!(finds(store, paired.generation, paired.key_id));
            paired
        })
        .collect();
    let next = pair(store);
    assert_eq!(count(store, "candidate"), CANDIDATES);
    assert!(!finds(store, named[0].generation, named[0].key_id), "the oldest made room");
    assert!(named[1..].iter().all(|paired| finds(store, paired.generation, paired.key_id)));
    assert_eq!(commit(store, next.generation, next.key_id), Committed::First);
}

#[test]
fn ab_53_handshakes_of_many_threads_at_once_leave_four_candidates() {
    let test = offered();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| (0..5).for_each(|_| drop(pair(&test.store))));
        }
    });
    assert_eq!(count(&test.store, "candidate"), CANDIDATES);
    let paired = pair(&test.store);
    assert!(finds(&test.store, paired.generation, paired.key_id));
    assert_eq!(commit(&test.store, paired.generation, paired.key_id), Committed::First);
}

#[test]
fn an_expired_offer_is_refused() {
    let test = offered();
    let (p1, _) = begin(&test.store);
    let late = UnixSeconds(LATER.0 + 1);
    let reply = test.store.answer_pairing(DEVICE, &p1, "", late, &mut rng()).unwrap();
    assert_eq!(reply, PairingReply::Refused("its code has expired"));
    assert_eq!(state(&test.store), DeviceState::Offered);
}

#[test]
fn forged_unknown_and_used_up_pairings_are_refused() {
    let test = offered();
    let store = &test.store;
    let (mut p1, _) = begin(store);
    let stranger = DeviceId::from_bytes([9; 16]);
    let unknown = store.answer_pairing(stranger, &p1, "", NOW, &mut rng()).unwrap();
    assert_eq!(unknown, PairingReply::Refused("the device is unknown"));
    *p1.last_mut().unwrap() ^= 1;
    assert_eq!(answer(store, &p1), PairingReply::Refused("the handshake failed"));
    assert_eq!(answer(store, &[]), PairingReply::Refused("the handshake failed"));
    assert_eq!(state(store), DeviceState::Offered);
    let paired = pair(store);
    commit(store, paired.generation, paired.key_id);
    let (p1, _) = begin(store);
    assert_eq!(answer(store, &p1), PairingReply::Refused("its code was used up"));
}

#[test]
fn unknown_keys_are_not_found_and_not_committed() {
    let test = offered();
    let store = &test.store;
    let paired = pair(store);
    assert!(!finds(store, paired.generation, KeyId([7; 16])));
    assert!(!finds(store, Generation(2), paired.key_id));
    assert_eq!(commit(store, Generation(2), paired.key_id), Committed::Refused);
    assert_eq!(state(store), DeviceState::Pending);
}

#[test]
fn ab_51_a_generation_that_was_replaced_is_told_from_an_unknown_one() {
    let test = offered();
    let store = &test.store;
    let paired = pair(store);
    commit(store, paired.generation, paired.key_id);
    store.lock().execute("UPDATE device SET generation = 3", []).unwrap();
    let old = store.session_keys(DEVICE, Generation(2), paired.key_id).unwrap();
    assert!(matches!(old, KeyLookup::Superseded));
    let future = store.session_keys(DEVICE, Generation(4), paired.key_id).unwrap();
    assert!(matches!(future, KeyLookup::Unknown));
}

const HASH: [u8; 32] = [4; 32];

/// Agrees on the key that follows `in_use`.
fn rotate(store: &Store, in_use: &KeyInUse) -> Rotated {
    let (offer, initiator) = RotationInitiator::start(DEVICE, in_use, &HASH, &mut rng()).unwrap();
    let carrier = Carrier { device_id: DEVICE, generation: in_use.generation, handshake_hash: &HASH };
    let ack = store.answer_rotation(carrier, &offer, LATER, &mut rng()).unwrap().expect("the share was refused");
    assert_eq!(store.answer_rotation(carrier, &offer, LATER, &mut rng()).unwrap(), Some(ack.clone()));
    initiator.finish(&ack).unwrap()
}

fn paired_key(store: &Store) -> KeyInUse {
    let paired = pair(store);
    assert_eq!(commit(store, paired.generation, paired.key_id), Committed::First);
    KeyInUse { device_secret_key: paired.device_secret_key, generation: paired.generation }
}

#[test]
fn a_key_is_replaced_and_the_one_before_is_erased_by_the_proof_of_the_next() {
    let test = offered();
    let store = &test.store;
    let first = paired_key(store);
    let first_id = KeyId::derive(&first.device_secret_key, DEVICE, first.generation);
    store.ask_rotation(DEVICE, NOW).unwrap();
    let next = rotate(store, &first);
    assert!(finds(store, first.generation, first_id), "both keys work");
    assert!(finds(store, next.generation, next.key_id), "both keys work");
    assert_eq!(commit(store, first.generation, first_id), Committed::Already);
    assert_eq!(commit(store, next.generation, next.key_id), Committed::Rotated);
    assert_eq!(commit(store, next.generation, next.key_id), Committed::Already);
    assert!(finds(store, next.generation, next.key_id));
    assert_eq!(count(store, "candidate"), 0);
    let device = &store.devices().unwrap()[0];
    assert_eq!((device.generation, device.key_made, device.rotation_asked), (Some(2), Some(LATER.0), None));
    assert_eq!(device.label.as_deref(), Some("Maria's phone"));
}

#[test]
fn ab_51_a_replaced_key_is_refused_by_name_and_seen_in_the_list() {
    let test = offered();
    let store = &test.store;
    let first = paired_key(store);
    let first_id = KeyId::derive(&first.device_secret_key, DEVICE, first.generation);
    let next = rotate(store, &first);
    commit(store, next.generation, next.key_id);
    assert!(matches!(store.session_keys(DEVICE, first.generation, first_id).unwrap(), KeyLookup::Superseded));
    assert_eq!(commit(store, first.generation, first_id), Committed::Refused);
    store.note_old_key(DEVICE, LATER).unwrap();
    assert_eq!(store.devices().unwrap()[0].old_key_seen, Some(LATER.0));
}

#[test]
fn a_session_under_another_generation_replaces_no_key() {
    let test = offered();
    let store = &test.store;
    let first = paired_key(store);
    let carrier = |generation| Carrier { device_id: DEVICE, generation: Generation(generation), handshake_hash: &HASH };
    for generation in [0, 2] {
        assert_eq!(store.answer_rotation(carrier(generation), &[1; 32], NOW, &mut rng()).unwrap(), None);
    }
    assert_eq!(store.answer_rotation(carrier(1), &[1; 31], NOW, &mut rng()).unwrap(), None);
    assert_eq!(count(store, "candidate"), 0);
    store.revoke(DEVICE, NOW).unwrap();
    assert_eq!(store.answer_rotation(carrier(1), &[1; 32], NOW, &mut rng()).unwrap(), None);
    assert!(matches!(store.ask_rotation(DEVICE, NOW), Err(StoreError::WrongState(DeviceState::Revoked))));
    drop(first);
}

#[test]
fn ab_53_many_rotations_at_once_leave_four_candidates_and_the_key_in_use() {
    let test = offered();
    let store = &test.store;
    let first = paired_key(store);
    let named = rotate(store, &first);
    assert!(finds(store, named.generation, named.key_id));
    for _ in 0..20 {
        rotate(store, &first);
    }
    assert_eq!(count(store, "candidate"), CANDIDATES);
    assert!(finds(store, first.generation, KeyId::derive(&first.device_secret_key, DEVICE, first.generation)));
    assert_eq!(commit(store, named.generation, named.key_id), Committed::Rotated);
}

#[test]
fn a_revoked_device_has_no_key_left_and_the_gateway_is_still_to_be_told() {
    let test = offered();
    let store = &test.store;
    let paired = pair(store);
    commit(store, paired.generation, paired.key_id);
    assert!(store.revoke(DEVICE, NOW).unwrap());
    assert!(!store.revoke(DEVICE, NOW).unwrap());
    assert!(!finds(store, paired.generation, paired.key_id));
    assert_eq!(commit(store, paired.generation, paired.key_id), Committed::Refused);
    let secrets: u32 = store
        .lock()
        .query_row("SELECT count(*) FROM device WHERE device_secret_key IS NOT NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(secrets, 0);
    assert_eq!(store.revocations().unwrap(), [DEVICE]);
    store.confirm_revocation(DEVICE).unwrap();
    assert!(store.revocations().unwrap().is_empty());
}

#[test]
fn a_pairing_under_way_is_refused_once_revoked() {
    let test = offered();
    let store = &test.store;
    let paired = pair(store);
    assert!(finds(store, paired.generation, paired.key_id));
    store.revoke(DEVICE, NOW).unwrap();
    assert_eq!(commit(store, paired.generation, paired.key_id), Committed::Refused);
    assert_eq!(count(store, "candidate"), 0);
}

#[test]
fn ab_93_offers_lapse_and_revoked_devices_are_forgotten_in_time() {
    let test = offered();
    let store = &test.store;
    assert!(store.sweep(LATER).unwrap().is_empty());
    let lapsed = store.sweep(LATER.plus(STORE_BUSY)).unwrap();
    assert_eq!(lapsed, [DEVICE]);
    assert_eq!(state(store), DeviceState::Revoked);
    store.confirm_revocation(DEVICE).unwrap();
    store.sweep(LATER.plus(crate::limits::REVOKED_RETENTION)).unwrap();
    assert_eq!(count(store, "device"), 1);
    store.sweep(LATER.plus(crate::limits::REVOKED_RETENTION * 2)).unwrap();
    assert_eq!((count(store, "device"), count(store, "candidate"), count(store, "revocation")), (0, 0, 0));
}

#[test]
fn an_answered_offer_outlives_its_code_by_the_grace() {
    let test = offered();
    let paired = pair(&test.store);
    test.store.sweep(LATER.plus(STORE_BUSY)).unwrap();
    assert!(finds(&test.store, paired.generation, paired.key_id));
    test.store.sweep(LATER.plus(crate::limits::ANSWERED_OFFER_GRACE * 2)).unwrap();
    assert_eq!(state(&test.store), DeviceState::Revoked);
}

/// Between the exchange and the proof of the next key the device has the old one, both, or the next one alone.
#[test]
fn ab_86_an_order_during_a_rotation_opens_and_is_answered_under_either_key() {
    for answered in [0, 1] {
        let test = offered();
        let store = &test.store;
        let first = paired_key(store);
        let next = rotate(store, &first);
        assert!(finds(store, next.generation, next.key_id), "the device has named the next key");
        assert!(store.wipe(DEVICE, LATER).unwrap());
        let order = store.pending_wipe(DEVICE).unwrap().unwrap();
        let keys = [(first.generation, &first.device_secret_key), (next.generation, &next.device_secret_key)];
        let opened = keys.map(|key| open_order(order.as_bytes(), DEVICE, [key]).unwrap());
        let stranger = DeviceSecretKey::from_bytes([9; 32]);
        assert!(open_order(order.as_bytes(), DEVICE, [(first.generation, &stranger)]).is_err());
        let foreign = WipeKey::derive(&stranger, DEVICE, first.generation).confirmation();
        assert!(!store.confirm_wipe(DEVICE, &SealedBlob::new(foreign).unwrap(), LATER).unwrap());
        let answer = SealedBlob::new(opened[answered].confirmation()).unwrap();
        assert!(store.confirm_wipe(DEVICE, &answer, LATER).unwrap());
        assert_eq!(store.devices().unwrap()[0].wipe, Some(WipeState::Confirmed));
    }
}

#[test]
fn ab_54_ab_93_the_database_holds_no_secret_in_the_clear() {
    let test = offered();
    let paired = pair(&test.store);
    assert!(finds(&test.store, paired.generation, paired.key_id));
    let pending = dump(&test);
    commit(&test.store, paired.generation, paired.key_id);
    let active = dump(&test);
    let static_key = test.store.static_key().reveal_bytes();
    for secret in [&SETUP[..], &CANARY, paired.device_secret_key.reveal_bytes(), static_key] {
        assert!(!contains(&pending, secret) && !contains(&active, secret));
    }
    // The check can fail: what is not secret is found.
    assert!(contains(&active, b"Maria Jensen"));
}

#[test]
fn device_setup_key_and_device_password_have_no_column() {
    let test = TestStore::new();
    let schema: String =
        test.store.lock().query_row("SELECT group_concat(sql, ';') FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert!(schema.contains("device_setup_secret_key") && schema.contains("device_secret_key"));
    assert!(!schema.contains("device_setup_key") && !schema.contains("device_password"));
}

#[test]
fn ab_54_a_stolen_database_opens_under_no_other_key_file() {
    let test = offered();
    let stolen = TestStore::new();
    drop(test.store.lock().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"));
    std::fs::copy(test.store.data().join(DATABASE), stolen.store.data().join(DATABASE)).unwrap();
    for leftover in ["connector.db-wal", "connector.db-shm"] {
        drop(std::fs::remove_file(stolen.store.data().join(leftover)));
    }
    assert!(matches!(Store::open(stolen.store.data()), Err(StoreError::NotOpened(_))));
}

#[test]
fn a_printed_device_is_approved_by_its_own_check_code_only() {
    let test = offered();
    let store = &test.store;
    assert!(matches!(store.approve(DEVICE, None), Err(StoreError::WrongState(DeviceState::Offered))));
    let paired = pair(store);
    commit(store, paired.generation, paired.key_id);
    let shown = paired.check_code.to_string();
    let wrong = if shown == "000 000" { "111 111" } else { "000 000" };
    assert!(matches!(store.approve(DEVICE, Some(wrong)), Err(StoreError::WrongCheckCode)));
    assert!(!store.devices().unwrap()[0].confirmed);
    store.approve(DEVICE, Some(&shown)).unwrap();
    assert!(store.devices().unwrap()[0].confirmed);
}

#[test]
fn people_and_groups_are_kept_and_misspelt_ones_hinted_at() {
    let test = offered();
    let store = &test.store;
    assert!(matches!(store.add_person("maria", "M", &[], NOW), Err(StoreError::PersonExists(_))));
    let error = store.person("mraia").unwrap_err().to_string();
    assert_eq!(error, "no person `mraia`; did you mean `maria`?");
    store.join_group("sales", "maria").unwrap();
    assert!(store.leave_group("staff", "maria").unwrap());
    assert!(!store.leave_group("staff", "maria").unwrap());
    let maria = store.person("maria").unwrap();
    assert_eq!(maria.groups.iter().collect::<Vec<_>>(), ["sales"]);
    store.set_suspended("maria", true).unwrap();
    assert!(store.person("maria").unwrap().suspended);
    store.remove_person("maria", NOW).unwrap();
    assert_eq!(store.revocations().unwrap(), [DEVICE]);
    assert!(store.person("maria").is_err());
}

#[test]
fn ab_70_names_that_could_break_a_header_or_a_line_are_refused() {
    let test = TestStore::new();
    let long = "a".repeat(65);
    for login in ["", "Maria", "maria jensen", "maria\r\nx", "-x", "*", "märia", "a/b", &long] {
        let added = test.store.add_person(login, "Name", &[], NOW);
        assert!(matches!(added, Err(StoreError::UnusableName(_))), "{login:?} was taken");
    }
    for name in ["", "  ", "a\nb", "a\u{202e}b", &long] {
        let added = test.store.add_person("maria", name, &[], NOW);
        assert!(matches!(added, Err(StoreError::UnusableDisplayName)), "{name:?} was taken");
    }
    assert!(test.store.add_person("maria", "Mária 陳", &["*".to_owned()], NOW).is_err(), "a group named * was taken");
    assert!(test.store.people().unwrap().is_empty(), "a refused person was half added");
}

#[test]
fn a_device_is_found_by_the_beginning_of_its_id() {
    let test = offered();
    offer(&test.store, DeviceId::from_bytes([0xd2; 16]));
    assert_eq!(test.store.find_device("D1").unwrap().device_id, DEVICE);
    assert!(matches!(test.store.find_device("d"), Err(StoreError::AmbiguousDevice(_))));
    assert!(matches!(test.store.find_device("ff"), Err(StoreError::UnknownDevice(_))));
    assert!(matches!(test.store.find_device(""), Err(StoreError::AmbiguousDevice(_) | StoreError::UnknownDevice(_))));
}

#[test]
fn a_change_by_another_process_is_noticed() {
    let test = TestStore::new();
    let watcher = test.store.watcher().unwrap();
    let before = watcher.version().unwrap();
    assert_eq!(watcher.version().unwrap(), before);
    let other = Store::open(test.store.data()).unwrap();
    other.add_person("ada", "Ada", &[], NOW).unwrap();
    assert_ne!(watcher.version().unwrap(), before);
}

mod files;
