use std::time::Duration;

use latchgate_tunnel::rotation::{KeyInUse, RotationInitiator};
use tokio::time::{Instant, advance};
use tokio_util::sync::DropGuard;

use super::*;
use crate::fixture::{NOW, TestApp, rng};
use crate::limits::ROTATE_AFTER;
use crate::store::Committed;

const DEVICE: DeviceId = DeviceId::from_bytes([0xd1; 16]);
const HASH: [u8; 32] = [4; 32];

/// A paired device with an open session, whose clock is that of the runtime. The key was made at its beginning.
struct Stage {
    app: TestApp,
    begun: Instant,
    key: KeyInUse,
}

/// The device's end of a session's controls; the session ends with it.
struct DeviceEnd {
    controls: Controls,
    /// Ends with the session, which the connector may end.
    session: CancellationToken,
    _stop: DropGuard,
}

impl Stage {
    fn new() -> Self {
        let app = TestApp::new("");
        app.add_person("maria", "staff");
        let paired = app.test.pair(DEVICE, "maria", false);
        app.refresh();
        let key = KeyInUse { device_secret_key: paired.device_secret_key, generation: paired.generation };
        Self { app, begun: Instant::now(), key }
    }

    fn open(&self, generation: Generation) -> DeviceEnd {
        let (near, far) = Controls::pair(HASH);
        let begun = self.begun;
        let rotating = Rotating {
            store: self.app.test.store.clone(),
            shared: Arc::clone(&self.app.shared),
            device_id: DEVICE,
            generation,
            controls: near,
            clock: Arc::new(move || NOW.plus(begun.elapsed())),
            carries: false,
        };
        let session = CancellationToken::new();
        tokio::spawn(rotating.run(session.clone()));
        DeviceEnd { controls: far, session: session.clone(), _stop: session.drop_guard() }
    }

    /// Exchanges the next key over a session and commits to it, as its FIN does.
    async fn replace_over(&self, device: &mut DeviceEnd) -> Generation {
        let (offer, initiator) = RotationInitiator::start(DEVICE, &self.key, &HASH, &mut rng()).unwrap();
        assert!(device.controls.send(Control::Rotate(offer)).await);
        let Some(Control::RotateAck(ack)) = device.controls.receive().await else { panic!("no answer") };
        let next = initiator.finish(&ack).unwrap();
        let store = &self.app.test.store;
        assert_eq!(store.commit(DEVICE, next.generation, next.key_id, &mut rng()).unwrap(), Committed::Rotated);
        self.app.refresh();
        next.generation
    }

    fn ask(&self) {
        self.app.test.store.ask_rotation(DEVICE, NOW).unwrap();
        self.app.refresh();
    }
}

impl DeviceEnd {
    /// Waits until the connector asks for another key.
    async fn asked(&mut self) {
        assert_eq!(self.controls.receive().await, Some(Control::Rotate(Zeroizing::default())));
    }

    async fn is_asked_within(&mut self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.asked()).await.is_ok()
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_of_thirty_days_is_replaced() {
    let stage = Stage::new();
    let mut device = stage.open(Generation::FIRST);
    device.asked().await;
    let age = stage.begun.elapsed();
    assert!((ROTATE_AFTER..ROTATE_AFTER + ROTATION_LOOK).contains(&age), "asked after {age:?}");
    assert_eq!(ROTATE_AFTER.as_secs(), 30 * 86_400);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_comes_back_with_an_old_key_is_asked_at_once() {
    let stage = Stage::new();
    advance(ROTATE_AFTER).await;
    assert!(stage.open(Generation::FIRST).is_asked_within(Duration::from_secs(1)).await);
}

#[tokio::test(start_paused = true)]
async fn a_wish_for_another_key_reaches_an_open_session_once_an_hour_until_it_is_there() {
    let stage = Stage::new();
    let mut device = stage.open(Generation::FIRST);
    assert!(!device.is_asked_within(Duration::from_secs(1)).await);
    stage.ask();
    assert!(device.is_asked_within(Duration::from_secs(1)).await);
    stage.app.refresh();
    assert!(!device.is_asked_within(ROTATION_LOOK / 2).await, "it was asked already");
    assert!(device.is_asked_within(ROTATION_LOOK).await);

    let generation = stage.replace_over(&mut device).await;
    assert!(!device.is_asked_within(SUPERSEDED_DRAIN / 2).await, "the old session has nothing to replace");
    let mut newer = stage.open(generation);
    assert!(!newer.is_asked_within(ROTATION_LOOK * 3).await, "the new key is young");
}

/// A copy of the device may have opened its session a moment before the commit.
#[tokio::test(start_paused = true)]
async fn ab_51_a_session_under_a_replaced_key_ends_at_once_and_the_one_of_the_exchange_when_it_has_moved() {
    let stage = Stage::new();
    let mut device = stage.open(Generation::FIRST);
    let copy = stage.open(Generation::FIRST);
    let generation = stage.replace_over(&mut device).await;
    let within =
        async |end: &DeviceEnd, patience| tokio::time::timeout(patience, end.session.cancelled()).await.is_ok();
    assert!(within(&copy, Duration::from_millis(1)).await, "the copy is cut");
    let late = stage.open(Generation::FIRST);
    assert!(within(&late, Duration::from_millis(1)).await, "so is one that was opened in the same moment");
    assert!(!within(&device, SUPERSEDED_DRAIN - Duration::from_secs(1)).await, "the device moves its streams");
    assert!(within(&device, Duration::from_secs(2)).await, "but not for ever");
    let newer = stage.open(generation);
    assert!(!within(&newer, SUPERSEDED_DRAIN * 2).await, "the next key is the one in use");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_share_gets_no_answer() {
    let stage = Stage::new();
    let mut device = stage.open(Generation::FIRST);
    for body in [vec![], vec![1; 31]] {
        assert!(device.controls.send(Control::Rotate(Zeroizing::new(body))).await);
    }
    assert!(device.controls.send(Control::RotateAck(Zeroizing::new(vec![1; 36]))).await);
    let answered = tokio::time::timeout(Duration::from_secs(60), device.controls.receive()).await;
    assert!(answered.is_err(), "{answered:?}");
}
