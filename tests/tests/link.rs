//! Two ends of `latchgate-link` through a real gateway: pairing, sessions, cutting off, and what is refused.

#![cfg(test)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use getrandom::SysRng;
use latchgate_gateway::{Config, Gateway, Running};
use latchgate_link::connector::{Accepted, Acceptor, Keyring, SessionKeys};
use latchgate_link::control::Control;
use latchgate_link::device::{DeviceAccount, DeviceLink};
use latchgate_link::dial::{DialConfig, Dialer, TlsRoots};
use latchgate_link::rest::{InstanceAccount, Rest};
use latchgate_link::{LinkError, Refusal, SealedStream};
use latchgate_protocol::origin::PlainHttp;
use latchgate_protocol::rest::{ClaimDevice, CreateDevice};
use latchgate_protocol::{ClaimId, DeviceId, GatewayOrigin};
use latchgate_tunnel::CloseReason;
use latchgate_tunnel::keys::{
    DeviceSecretKey, DeviceSetupSecretKey, Generation, KeyId, StaticPrivateKey, StaticPublicKey,
};
use latchgate_tunnel::pairing::{InitiatorParams, Paired, ResponderParams, answer_pairing};
use latchgate_tunnel::rotation::{KeyInUse, RotationInitiator, answer_rotation};
use latchgate_tunnel::session::SessionParams;
use rand_core::UnwrapErr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

#[tokio::test]
async fn a_device_pairs_and_talks_through_the_gateway() {
    let mut linked = Linked::new().await;
    assert_eq!(linked.paired.instance_label, "Example Ltd");

    let (ours, theirs) = linked.open_session().await;
    // The stream has no flow control of its own: what is under way stays within one HTTP/2 window.
    echo(ours, theirs, 1_000_000).await;
}

#[tokio::test]
async fn a_ticket_logs_in_without_the_password() {
    let stage = Stage::new().await;
    let mut device = stage.device().await;
    let first = device.connect(&stage).await.unwrap();
    device.account.ticket = first.ticket();
    assert!(device.account.ticket.is_some(), "a password login yields a ticket");
    device.connect(&stage).await.unwrap();
}

#[tokio::test]
async fn the_second_login_takes_the_place_of_the_first() {
    let stage = Stage::new().await;
    let device = stage.device().await;
    let first = device.connect(&stage).await.unwrap();
    let _second = device.connect(&stage).await.unwrap();
    assert!(matches!(first.closed().await, LinkError::Lost(Refusal::TakenOver)));
}

#[tokio::test]
async fn a_wrong_password_is_refused_by_name() {
    let stage = Stage::new().await;
    let mut device = stage.device().await;
    device.account.device_password = latchgate_protocol::DevicePassword::from_bytes([0; 16]);
    let error = device.connect(&stage).await.unwrap_err();
    assert!(matches!(error, LinkError::Refused(Refusal::BadCredentials)), "{error:?}");
}

#[tokio::test]
async fn an_unknown_key_is_a_reset_hint() {
    let stage = Stage::new().await;
    let _connector = stage.connector().await;
    let device = stage.device().await;
    let link = device.connect(&stage).await.unwrap();
    link.connector_present().await.unwrap();
    let stranger = Paired {
        device_secret_key: DeviceSecretKey::from_bytes([9; 32]),
        ..link.pair(device.pairing(&stage)).await.unwrap()
    };
    let unknown = Paired { key_id: KeyId([7; 16]), ..stranger };
    let Err(error) = link.open_session(device.session(&stage, &unknown)).await else { panic!("accepted") };
    assert!(matches!(error, LinkError::KeyUnknown), "{error:?}");
}

#[tokio::test]
async fn a_revoked_device_reads_and_writes_nothing_more_and_hears_why() {
    let mut linked = Linked::new().await;
    let (mut ours, mut theirs) = linked.open_session().await;
    linked.connector.cutter().end(linked.device.account.device_id, CloseReason::Revoked);
    assert!(theirs.write_all(b"after").await.is_err());
    ours.write_all(b"before").await.unwrap();
    let mut buffer = [0; 6];
    assert!(theirs.read_exact(&mut buffer).await.is_err());
    assert!(ours.read_exact(&mut buffer).await.is_err(), "the session is over");
    assert_eq!(linked.link.farewell().await, CloseReason::Revoked);
}

/// A revocation finds a queue that is full of what the device asked for and does not read.
#[tokio::test]
async fn the_news_of_a_revocation_waits_for_its_place_behind_a_download() {
    let mut linked = Linked::new().await;
    let (mut ours, mut theirs) = linked.open_session().await;
    theirs.write_all(&[7; 600_000]).await.unwrap();
    linked.connector.cutter().end(linked.device.account.device_id, CloseReason::Revoked);
    assert!(theirs.write_all(b"after").await.is_err());
    let mut rest = Vec::new();
    drop(ours.read_to_end(&mut rest).await);
    assert!(rest.iter().all(|byte| *byte == 7), "nothing but what was under way arrives");
    assert_eq!(linked.link.farewell().await, CloseReason::Revoked);
}

/// What anybody between the two can do, a gateway included, is not the company's word.
#[tokio::test]
async fn ab_86_a_cut_and_a_reset_hint_are_not_the_companys_word() {
    let mut linked = Linked::new().await;
    let (mut ours, theirs) = linked.open_session().await;
    drop(theirs);
    ours.write_all(b"anybody there?").await.unwrap();
    assert!(ours.read_exact(&mut [0; 1]).await.is_err(), "the session is over");
    Rest::new(linked.stage.dialer.clone())
        .revoke_device(&linked.stage.account, linked.device.account.device_id)
        .await
        .unwrap();
    assert!(matches!(linked.link.closed().await, LinkError::Lost(Refusal::NotAuthorized)));
    let revoked = tokio::time::timeout(std::time::Duration::ZERO, linked.link.farewell()).await;
    assert!(revoked.is_err(), "the gateway's word counts as the company's");
}

#[tokio::test]
async fn the_device_sees_its_connector_leave_and_return() {
    let stage = Stage::new().await;
    let connector = stage.connector().await;
    let device = stage.device().await;
    let link = device.connect(&stage).await.unwrap();
    link.connector_present().await.unwrap();
    drop(connector);
    link.connector_absent().await.unwrap();
    let _connector = stage.connector().await;
    link.connector_present().await.unwrap();
}

#[tokio::test]
async fn two_sessions_of_one_device_live_side_by_side() {
    let mut linked = Linked::new().await;
    let first = linked.open_session().await;
    let second = linked.open_session().await;
    tokio::join!(echo(first.0, first.1, 300_000), echo(second.0, second.1, 300_000));
}

#[tokio::test]
async fn a_key_is_replaced_beside_the_bytes_of_an_open_stream() {
    let mut linked = Linked::new().await;
    let (mut ours, mut theirs) = linked.open_session().await;
    let (mut device_controls, mut connector_controls) = (ours.take_controls(), theirs.take_controls());
    assert_eq!(device_controls.handshake_hash(), connector_controls.handshake_hash());
    // Each stream has one task that reads and writes, as HTTP/2 has.
    let mirror = tokio::spawn(async move {
        let mut buffer = [0; 1000];
        while theirs.read_exact(&mut buffer).await.is_ok() {
            theirs.write_all(&buffer).await.unwrap();
        }
    });
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let pages = tokio::spawn(async move {
        let mut pages = 0_u32;
        while stopped.try_recv().is_err() {
            let sent = [pages.to_le_bytes()[0]; 1000];
            ours.write_all(&sent).await.unwrap();
            let mut received = [0; 1000];
            ours.read_exact(&mut received).await.unwrap();
            assert_eq!(received, sent);
            pages += 1;
        }
        pages
    });

    let in_use =
        KeyInUse { device_secret_key: linked.paired.device_secret_key.clone(), generation: linked.paired.generation };
    for _ in 0..20 {
        connector_controls.send(Control::Rotate(Zeroizing::default())).await;
        let Some(Control::Rotate(wish)) = device_controls.receive().await else { panic!("no wish") };
        assert!(wish.is_empty());
        let hash = *device_controls.handshake_hash();
        let id = linked.device.account.device_id;
        let (offer, initiator) = RotationInitiator::start(id, &in_use, &hash, &mut UnwrapErr(SysRng)).unwrap();
        device_controls.send(Control::Rotate(offer)).await;
        let Some(Control::Rotate(offer)) = connector_controls.receive().await else { panic!("no share") };
        let answer = answer_rotation(id, &in_use, &hash, &offer, &mut UnwrapErr(SysRng)).unwrap();
        connector_controls.send(Control::RotateAck(answer.ack)).await;
        let Some(Control::RotateAck(ack)) = device_controls.receive().await else { panic!("no answer") };
        let rotated = initiator.finish(&ack).unwrap();
        assert_eq!(rotated.device_secret_key, answer.rotated.device_secret_key);
    }
    stop.send(()).unwrap();
    assert!(pages.await.unwrap() > 0, "nothing flowed meanwhile");
    mirror.abort();
}

#[tokio::test]
async fn a_code_that_is_of_no_use_is_a_reset_hint() {
    let stage = Stage::new().await;
    let _connector = stage.connector().await;
    let device = stage.device().await;
    let link = device.connect(&stage).await.unwrap();
    link.connector_present().await.unwrap();
    stage.keyring.devices.lock().unwrap().clear();
    let error = link.pair(device.pairing(&stage)).await.unwrap_err();
    assert!(matches!(error, LinkError::CodeUnknown), "{error:?}");
}

/// Sends bytes up, mirrors them at the connector, and compares what comes back.
async fn echo(device: SealedStream, connector: SealedStream, length: usize) {
    let sent: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
    let (mut read, mut write) = tokio::io::split(device);
    let mirror = tokio::spawn(async move {
        let (mut read, mut write) = tokio::io::split(connector);
        let copied = tokio::io::copy(&mut read, &mut write).await.unwrap();
        write.shutdown().await.unwrap();
        copied
    });
    let upload = sent.clone();
    let writer = tokio::spawn(async move {
        write.write_all(&upload).await.unwrap();
        write.shutdown().await.unwrap();
    });
    let mut received = Vec::new();
    read.read_to_end(&mut received).await.unwrap();
    writer.await.unwrap();
    assert_eq!(mirror.await.unwrap(), length as u64);
    assert!(received == sent, "the bytes differ");
}

/// A paired device that sees its connector; what leans on another comes before it, and so ends first.
struct Linked {
    paired: Paired,
    link: DeviceLink,
    device: Device,
    connector: Acceptor,
    stage: Stage,
}

impl Linked {
    async fn new() -> Self {
        let stage = Stage::new().await;
        let connector = stage.connector().await;
        let device = stage.device().await;
        let link = device.connect(&stage).await.unwrap();
        link.connector_present().await.unwrap();
        let paired = link.pair(device.pairing(&stage)).await.unwrap();
        Self { paired, link, device, connector, stage }
    }

    /// Opens a session and returns its two ends, the device's first.
    async fn open_session(&mut self) -> (SealedStream, SealedStream) {
        let pending = self.link.open_session(self.device.session(&self.stage, &self.paired)).await.unwrap();
        let ours = pending.confirm().await.unwrap();
        loop {
            if let Accepted::Session { device_id, stream, .. } = self.connector.next().await.unwrap() {
                assert_eq!(device_id, self.device.account.device_id);
                return (ours, stream);
            }
        }
    }
}

/// A gateway and an instance on it.
struct Stage {
    gateway: Running,
    dialer: Dialer,
    account: InstanceAccount,
    keyring: Arc<MemoryKeyring>,
    _data: tempfile::TempDir,
}

struct Device {
    account: DeviceAccount,
    static_key: StaticPrivateKey,
    setup_secret: DeviceSetupSecretKey,
}

impl Stage {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let config =
            Config { listen: "127.0.0.1:0".parse().unwrap(), data: data.path().to_owned(), ..Config::default() };
        let gateway = Gateway::start(config).await.unwrap();
        let origin = GatewayOrigin::parse(&format!("http://{}", gateway.addr()), PlainHttp::ToLoopback).unwrap();
        let dialer = Dialer::new(DialConfig { gateway: origin, roots: TlsRoots::Platform, proxy: None }).unwrap();
        let created = Rest::new(dialer.clone()).create_instance(None).await.unwrap();
        let account =
            InstanceAccount { instance_id: created.instance_id, instance_password: created.instance_password };
        let static_key = Arc::new(StaticPrivateKey::make(&mut UnwrapErr(SysRng)));
        let keyring = Arc::new(MemoryKeyring { static_key, devices: Mutex::default() });
        Self { gateway, dialer, account, keyring, _data: data }
    }

    async fn connector(&self) -> Acceptor {
        Acceptor::connect(&self.dialer, &self.account, Arc::clone(&self.keyring)).await.unwrap()
    }

    async fn device(&self) -> Device {
        let rest = Rest::new(self.dialer.clone());
        let created = rest.create_device(&self.account, &CreateDevice { expires_in: 600 }, "key").await.unwrap();
        let claim =
            ClaimDevice { device_setup_key: created.device_setup_key, claim_id: ClaimId::make(&mut UnwrapErr(SysRng)) };
        let claimed = rest.claim(&claim).await.unwrap();
        let setup_secret = DeviceSetupSecretKey::make(&mut UnwrapErr(SysRng));
        let entry = MemoryDevice { setup_secret: setup_secret.clone(), keys: Vec::new() };
        self.keyring.devices.lock().unwrap().insert(created.device_id, entry);
        let account = DeviceAccount {
            instance_id: claimed.instance_id,
            device_id: claimed.device_id,
            device_password: claimed.device_password,
            ticket: None,
        };
        Device { account, static_key: StaticPrivateKey::make(&mut UnwrapErr(SysRng)), setup_secret }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        assert_eq!(self.gateway.addr().ip(), std::net::IpAddr::from([127, 0, 0, 1]));
    }
}

impl Device {
    async fn connect(&self, stage: &Stage) -> Result<DeviceLink, LinkError> {
        DeviceLink::connect(&stage.dialer, &self.account).await
    }

    fn pairing(&self, stage: &Stage) -> InitiatorParams<'_> {
        InitiatorParams {
            device_id: self.account.device_id,
            setup_secret: &self.setup_secret,
            connector_key: stage.keyring.static_key.public_key(),
            static_key: &self.static_key,
            device_label: "test phone",
        }
    }

    fn session<'a>(&'a self, stage: &Stage, paired: &'a Paired) -> SessionParams<'a> {
        SessionParams {
            device_id: self.account.device_id,
            generation: paired.generation,
            key_id: paired.key_id,
            device_secret_key: &paired.device_secret_key,
            static_key: &self.static_key,
            peer_key: stage.keyring.static_key.public_key(),
        }
    }
}

/// A keyring that keeps nothing on disk: durability is the connector's matter and tested there.
struct MemoryKeyring {
    static_key: Arc<StaticPrivateKey>,
    devices: Mutex<HashMap<DeviceId, MemoryDevice>>,
}

struct MemoryDevice {
    setup_secret: DeviceSetupSecretKey,
    keys: Vec<(KeyId, DeviceSecretKey, StaticPublicKey)>,
}

impl Keyring for MemoryKeyring {
    async fn answer_pairing(&self, device_id: DeviceId, p1: &[u8]) -> Option<Vec<u8>> {
        let mut devices = self.devices.lock().unwrap();
        let device = devices.get_mut(&device_id)?;
        let params = ResponderParams {
            device_id,
            setup_secret: &device.setup_secret,
            static_key: &self.static_key,
            instance_label: "Example Ltd",
        };
        let answer = answer_pairing(params, p1, &mut UnwrapErr(SysRng)).ok()?;
        device.keys.push((answer.key_id, answer.device_secret_key, answer.device_key));
        Some(answer.p2)
    }

    async fn session_keys(&self, device_id: DeviceId, _: Generation, key_id: KeyId) -> Option<SessionKeys> {
        let devices = self.devices.lock().unwrap();
        let (_, key, device_key) = devices.get(&device_id)?.keys.iter().find(|(id, ..)| *id == key_id)?;
        let static_key = Arc::clone(&self.static_key);
        Some(SessionKeys { device_secret_key: key.clone(), device_key: *device_key, static_key })
    }

    async fn commit(&self, _: DeviceId, _: Generation, _: KeyId) -> bool {
        true
    }
}
