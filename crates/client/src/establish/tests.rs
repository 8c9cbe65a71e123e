use std::sync::Mutex as StdMutex;

use latchgate_protocol::ClaimId;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::*;
use crate::client::UnlockSecret;
use crate::vault::tests::MemoryStore;
use crate::vault::tries::Tries;
use crate::vault::{KeyStore, Shelf};
use crate::world::World;

/// The messages of a pairing: the claim and its answer, CONNECT and its answer, P1, P2, S1, S2, FIN.
const MESSAGES: u32 = 9;
/// The writes of a pairing after its beginning: claimed, pending, active.
const WRITES: usize = 3;

/// A device with a world around it, which can be killed and started again.
struct Device {
    world: World,
    store: Arc<MemoryStore>,
}

impl Device {
    async fn begin() -> Self {
        let device = Self { world: World::new(), store: Arc::new(MemoryStore::default()) };
        let contents = Contents::Claiming(Claiming {
            code: device.world.code(),
            claim_id: ClaimId::from_bytes([5; 32]),
            static_key: StaticPrivateKey::from_bytes([6; 32]),
            device_label: "phone".to_owned(),
        });
        drop(Vault::create(device.shelf(), UnlockSecret::None, contents).await.unwrap());
        device
    }

    fn shelf(&self) -> Shelf {
        Shelf::new(Arc::new(Arc::clone(&self.store)), "work")
    }

    /// Starts as after a crash: only what is durable is known.
    async fn start(&self) -> Establisher {
        let mut tries = Tries::read(None, Instant::now());
        let vault = Vault::open(self.shelf(), UnlockSecret::None, &mut tries).await.unwrap();
        Establisher {
            network: Arc::new(self.world.clone()),
            vault: Arc::new(Mutex::new(vault)),
            plain_http: PlainHttp::ToLoopback,
            ticket: None,
        }
    }

    /// Starts and goes as far as it gets.
    async fn run(&self) -> Result<(), EstablishError> {
        self.start().await.establish(&|_| {}).await.map(drop)
    }

    async fn contents(&self) -> Contents {
        self.start().await.vault.lock().await.contents().clone()
    }

    /// Both sides hold the same key, and the code is gone from both.
    async fn assert_active(&self) {
        let Contents::Active(active) = self.contents().await else { panic!("the device is not active") };
        let (key_id, key, device_key) = self.world.far().active.clone().expect("the connector is active");
        assert_eq!(key, active.key.device_secret_key);
        assert_eq!(key_id, active.key.key_id(active.account.device_id));
        assert_eq!(device_key, active.static_key.public_key());
        let text = serde_json::to_string(&Contents::Active(active)).unwrap();
        assert!(!text.contains("LG1:") && !text.contains("claim"));
    }
}

#[tokio::test]
async fn a_pairing_goes_through_its_steps_in_order() {
    let device = Device::begin().await;
    let steps = StdMutex::new(Vec::new());
    device.start().await.establish(&|step| steps.lock().unwrap().push(step)).await.unwrap();
    let (claiming, connecting, exchanging) = (PairingStep::Claiming, PairingStep::Connecting, PairingStep::Exchanging);
    let steps = steps.into_inner().unwrap();
    assert_eq!(steps, [claiming, connecting, exchanging, connecting, exchanging]);
    assert_eq!(device.world.far().messages, MESSAGES);
    device.assert_active().await;
}

#[tokio::test]
async fn ab_52_pairing_survives_the_loss_of_any_two_messages() {
    for first in 1..=MESSAGES {
        for second in first..=MESSAGES + 4 {
            let device = Device::begin().await;
            device.world.far().lost = vec![first, second];
            let mut runs = 0;
            while device.run().await.is_err() {
                runs += 1;
                assert!(runs < 5, "stranded after losing messages {first} and {second}");
            }
            device.assert_active().await;
        }
    }
}

#[tokio::test]
async fn ab_52_ab_83_pairing_survives_a_crash_at_any_write_and_the_loss_of_any_message_after_it() {
    for write in 1..=WRITES {
        for lost in 1..=MESSAGES + 4 {
            let device = Device::begin().await;
            device.store.fail_at_write(write);
            device.world.far().lost = vec![lost];
            let mut runs = 0;
            while device.run().await.is_err() {
                runs += 1;
                assert!(runs < 5, "stranded after a crash at write {write} and losing message {lost}");
                device.store.mend();
            }
            device.assert_active().await;
        }
    }
}

#[tokio::test]
async fn ab_83_nothing_is_sent_before_the_step_is_durable() {
    // Claim and answer, CONNECT and answer, P1 and P2, S1 and S2: what was on the wire when each write failed.
    for (write, messages) in [(1, 2), (2, 6), (3, 8)] {
        let device = Device::begin().await;
        device.store.fail_at_write(write);
        assert!(matches!(device.run().await, Err(EstablishError::Vault(_))));
        assert_eq!(device.world.far().messages, messages, "write {write}");
        assert!(device.world.far().active.is_none());
    }
}

#[tokio::test]
async fn ab_2_a_lost_claim_is_repeated_with_the_same_claim_id() {
    let device = Device::begin().await;
    device.world.far().lost = vec![2];
    assert!(device.run().await.is_err());
    device.run().await.unwrap();
    assert_eq!(device.world.far().claims, 2);
    device.assert_active().await;
}

#[tokio::test]
async fn ab_2_credentials_that_were_replaced_before_the_first_connection_are_asked_for_again() {
    let device = Device::begin().await;
    let claimed = {
        device.world.far().lost = vec![3];
        assert!(device.run().await.is_err());
        device.contents().await
    };
    let Contents::Claimed(claimed) = claimed else { panic!("the claim is not durable") };
    // The same claim, once more: the gateway forgets the password that the device holds.
    let code = code::read(&claimed.claiming.code, PlainHttp::ToLoopback).unwrap();
    let request = ClaimDevice { device_setup_key: code.device_setup_key, claim_id: claimed.claiming.claim_id.clone() };
    device.world.claim(&code.gateway, request).await.unwrap();

    device.run().await.unwrap();
    device.assert_active().await;
}

#[tokio::test]
async fn ab_43_a_code_that_somebody_claimed_first_ends_the_pairing_and_erases_nothing() {
    let device = Device::begin().await;
    device.world.claim_first();
    let error = device.run().await.unwrap_err();
    assert_eq!((error.failure().code.as_str(), error.is_passing()), ("code-used", false));
    assert!(matches!(device.contents().await, Contents::Claiming(_)));
}

#[tokio::test]
async fn ab_40_a_forged_hint_causes_retries_and_no_erasure() {
    let device = Device::begin().await;
    device.world.far().forgets_keys = true;
    for _ in 0..3 {
        let error = device.run().await.unwrap_err();
        assert!(error.is_passing());
        let Contents::Pending(pending) = device.contents().await else { panic!("the pairing went astray") };
        assert!(pending.claimed.claiming.code.starts_with("LG1:"));
    }
    device.world.far().forgets_keys = false;
    device.run().await.unwrap();
    device.assert_active().await;

    device.world.far().forgets_keys = true;
    for _ in 0..3 {
        let error = device.run().await.unwrap_err();
        assert_eq!(error.failure().code, "key-unknown");
    }
    device.world.far().forgets_keys = false;
    device.run().await.unwrap();
    device.assert_active().await;
}

#[tokio::test]
async fn a_connector_that_lost_its_candidate_is_paired_with_again_under_the_kept_code() {
    let device = Device::begin().await;
    device.store.fail_at_write(3);
    assert!(device.run().await.is_err());
    device.store.mend();
    device.world.far().forget_candidates();
    device.run().await.unwrap();
    device.assert_active().await;
}

#[tokio::test]
async fn ab_86_a_refusal_of_the_gateway_erases_nothing() {
    let device = Device::begin().await;
    device.run().await.unwrap();
    for refusal in [Refusal::NotAuthorized, Refusal::BadCredentials] {
        device.world.far().refusal = Some(refusal);
        let error = device.run().await.unwrap_err();
        assert!(error.is_refusal());
        assert_eq!(error.failure().code, "revoked");
    }
    device.world.far().refusal = None;
    device.run().await.unwrap();
    device.assert_active().await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_connector_is_named_after_a_while() {
    let device = Device::begin().await;
    device.world.far().present = false;
    let mut establisher = device.start().await;
    let begun = Instant::now();
    let Err(error) = establisher.establish(&|_| {}).await else { panic!("nobody is there") };
    assert_eq!(error.failure().code, "connector-offline");
    assert_eq!(begun.elapsed().as_secs(), PRESENCE_TIMEOUT.as_secs());
}

#[tokio::test]
async fn a_session_is_renewed_on_the_same_connection() {
    let device = Device::begin().await;
    let mut establisher = device.start().await;
    let established = establisher.establish(&|_| {}).await.unwrap();
    let before = device.world.far().messages;
    drop(establisher.replace(&*established.link).await.unwrap());
    assert_eq!(device.world.far().messages, before + 3);
}

#[tokio::test]
async fn a_stored_code_that_cannot_be_read_says_so() {
    let device = Device::begin().await;
    let establisher = device.start().await;
    let Contents::Claiming(mut claiming) = device.contents().await else { panic!("nothing was claimed yet") };
    claiming.code = Zeroizing::new("LG9:ABC".to_owned());
    establisher.vault.lock().await.put(Contents::Claiming(claiming)).await.unwrap();
    let error = device.run().await.unwrap_err();
    assert_eq!((error.failure().code.as_str(), error.is_passing()), ("code-foreign-version", false));
}

/// A device that is paired and agrees on the next key over its session.
async fn rotate(device: &Device) -> Result<(), EstablishError> {
    let mut establisher = device.start().await;
    let mut established = establisher.establish(&|_| {}).await?;
    establisher.rotate(&*established.link, &mut established.opened.controls).await.map(drop)
}

async fn generation(device: &Device) -> (u32, Option<u32>) {
    let Contents::Active(active) = device.contents().await else { panic!("the device is not active") };
    (active.key.generation().0, active.next.map(|key| key.generation().0))
}

#[tokio::test]
async fn a_key_is_replaced_over_an_open_session() {
    let device = Device::begin().await;
    for expected in 2..5 {
        rotate(&device).await.unwrap();
        assert_eq!(generation(&device).await, (expected, None));
        device.assert_active().await;
    }
}

#[tokio::test]
async fn ab_52_a_rotation_survives_a_crash_at_either_write_and_the_loss_of_any_message_after_it() {
    // CONNECT and its answer, S1, S2, FIN; S1, S2, FIN of the session under the next key.
    for write in [None, Some(1), Some(2)] {
        for lost in 0..=12 {
            let device = Device::begin().await;
            device.run().await.unwrap();
            let before = device.world.far().messages;
            device.world.far().lost = vec![before + lost];
            if let Some(write) = write {
                device.store.fail_at_write(write);
            }
            drop(rotate(&device).await);
            device.store.mend();
            let mut runs = 0;
            while device.run().await.is_err() {
                runs += 1;
                assert!(runs < 5, "stranded after a crash at write {write:?} and losing message {lost}");
            }
            device.assert_active().await;
            device.world.far().lost.clear();
            rotate(&device).await.unwrap();
            device.assert_active().await;
        }
    }
}

#[tokio::test]
async fn ab_40_a_forged_hint_during_a_rotation_erases_neither_key() {
    let device = Device::begin().await;
    device.run().await.unwrap();
    device.store.fail_at_write(2);
    assert!(rotate(&device).await.is_err());
    device.store.mend();
    assert_eq!(generation(&device).await, (1, Some(2)));
    device.world.far().forgets_keys = true;
    for _ in 0..3 {
        assert_eq!(device.run().await.unwrap_err().failure().code, "key-unknown");
        assert_eq!(generation(&device).await, (1, Some(2)));
    }
    device.world.far().forgets_keys = false;
    device.run().await.unwrap();
    assert_eq!(generation(&device).await, (2, None));
    device.assert_active().await;
}

#[tokio::test]
async fn a_next_key_that_the_connector_lost_is_left_for_the_one_in_use() {
    let device = Device::begin().await;
    device.run().await.unwrap();
    device.store.fail_at_write(2);
    assert!(rotate(&device).await.is_err());
    device.store.mend();
    device.world.far().forget_candidates();
    device.run().await.unwrap();
    device.assert_active().await;
    rotate(&device).await.unwrap();
    assert_eq!(generation(&device).await, (2, None));
    device.assert_active().await;
}

#[tokio::test]
async fn a_code_that_the_connector_does_not_take_any_more_asks_for_another_one_and_erases_nothing() {
    let device = Device::begin().await;
    device.world.far().refuses_codes = true;
    let error = device.run().await.unwrap_err();
    assert_eq!((error.failure().code.as_str(), error.asks_for_a_new_code()), ("code-refused", true));
    assert!(matches!(device.contents().await, Contents::Claimed(_)));
    device.world.far().refuses_codes = false;
    device.run().await.unwrap();
    device.assert_active().await;
}

async fn ticket(device: &Device) -> Option<ResumeTicket> {
    let Contents::Active(active) = device.contents().await else { panic!("the device is not active") };
    active.ticket
}

#[tokio::test]
async fn the_next_start_logs_in_by_the_ticket_of_the_one_before() {
    let device = Device::begin().await;
    device.run().await.unwrap();
    assert!(ticket(&device).await.is_some() && ticket(&device).await == device.world.far().ticket);
    let logins = device.world.far().password_logins;
    let blob = || KeyStore::read(&device.store, "work").unwrap().unwrap();
    let written = blob();
    device.run().await.unwrap();
    assert_eq!(device.world.far().password_logins, logins);
    assert_eq!(blob(), written, "a ticket that is there is not written again");
}

#[tokio::test]
async fn a_ticket_that_is_not_known_any_more_gives_way_to_the_password_and_the_next_ticket() {
    let device = Device::begin().await;
    device.run().await.unwrap();
    let first = ticket(&device).await;
    let logins = device.world.far().password_logins;
    device.world.far().ticket = None;
    device.run().await.unwrap();
    assert_eq!(device.world.far().password_logins, logins + 1);
    assert!(ticket(&device).await != first && ticket(&device).await == device.world.far().ticket);
}

#[tokio::test]
async fn a_ticket_that_cannot_be_written_down_keeps_nobody_from_working() {
    let device = Device::begin().await;
    device.run().await.unwrap();
    device.world.far().ticket = None;
    let mut establisher = device.start().await;
    device.store.fail_at_write(1);
    assert!(establisher.establish(&|_| {}).await.is_ok());
}

#[tokio::test]
async fn a_key_that_is_replaced_takes_the_ticket_along() {
    let device = Device::begin().await;
    device.run().await.unwrap();
    assert!(ticket(&device).await.is_some());
    rotate(&device).await.unwrap();
    assert!(ticket(&device).await.is_none());
    device.assert_active().await;
}
