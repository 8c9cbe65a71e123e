//! The gateway and the connector: their real stores in a folder, opened again after each crash.

use std::collections::HashMap;
use std::path::PathBuf;

use getrandom::SysRng;
use latchgate_connector::testing::{Standing, Steps};
use latchgate_connector::{Offer, Store, UnixSeconds};
use latchgate_gateway::testing::{ClaimDesk, ClaimRefused};
use latchgate_link::rest::InstanceAccount;
use latchgate_protocol::origin::PlainHttp;
use latchgate_protocol::rest::{ClaimDevice, DeviceClaimed};
use latchgate_protocol::{
    ClaimId, DeviceId, DevicePassword, FrameHeader, FrameType, GatewayOrigin, InstanceId, InstancePassword, SessionId,
};
use latchgate_tunnel::keys::{Generation, KeyId};
use latchgate_tunnel::sealing::{Opened, Opener, RecordKind};
use latchgate_tunnel::session::{SessionLimits, SessionParams, answer_session, read_s1_clear};
use latchgate_tunnel::{CodeFlags, DeviceSecretKey, DeviceSetupSecretKey, PairingCode};
use rand_core::UnwrapErr;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::Guard;

/// How many devices a folder serves before a new one is made: opening a database reads all of it.
const DEVICES: u32 = 64;
/// When every schedule begins, in Unix seconds.
pub(super) const START: u64 = 1_800_000_000;
/// How long a code lives.
pub(super) const LIFETIME: u64 = 600;

const INSTANCE: InstanceId = InstanceId::from_bytes([0x11; 16]);

/// Both servers.
pub(super) struct Servers {
    gateway: Option<ClaimDesk>,
    connector: Option<Store>,
    /// What the connector holds in memory alone.
    sessions: HashMap<SessionId, Half>,
    devices: u32,
    folder: TempDir,
}

/// A session at the connector.
struct Half {
    generation: Generation,
    key_id: KeyId,
    handshake_hash: [u8; 32],
    opener: Opener,
    open: bool,
}

/// The clock of each server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clocks {
    pub(super) gateway: u64,
    pub(super) connector: u64,
}

/// One device at both servers.
pub(super) struct Customer {
    pub(super) device_id: DeviceId,
    pub(super) code: Zeroizing<String>,
}

impl Servers {
    pub(super) async fn new() -> Self {
        // Where memory serves as a disk, a sync costs nothing.
        let memory = PathBuf::from("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("a folder for the servers");
        let account =
            InstanceAccount { instance_id: INSTANCE, instance_password: InstancePassword::from_bytes([7; 16]) };
        let data = folder.path().join("connector");
        let connector = Store::create(&data, &account, UnixSeconds(START), &mut UnwrapErr(SysRng)).expect("a store");
        connector.add_person("maria", "Maria Jensen", &[], UnixSeconds(START)).expect("a person");
        let gateway = ClaimDesk::open(&folder.path().join("gateway"), INSTANCE).await.expect("a gateway's store");
        Self { gateway: Some(gateway), connector: Some(connector), sessions: HashMap::new(), devices: 0, folder }
    }

    pub(super) fn are_full(&self) -> bool {
        self.devices >= DEVICES
    }

    /// Step 0.
    pub(super) async fn invite(&mut self) -> Customer {
        self.devices += 1;
        self.sessions.clear();
        let expires = START + LIFETIME;
        let (device_id, device_setup_key) = self.gateway().create_device(START, expires).await.expect("a device");
        let secret = DeviceSetupSecretKey::make(&mut UnwrapErr(SysRng));
        let offer = Offer {
            device_id,
            login: "maria",
            device_setup_secret_key: &secret,
            expires: UnixSeconds(expires),
            printed: false,
        };
        self.connector().offer(&offer, UnixSeconds(START), &mut UnwrapErr(SysRng)).expect("an offer");
        let code = PairingCode {
            flags: CodeFlags { printed: false },
            device_setup_key,
            device_setup_secret_key: secret.clone(),
            connector_key: self.connector().connector_key(),
            expires: u32::try_from(expires).expect("a date of this century"),
            gateway: GatewayOrigin::parse("https://gateway.example.com", PlainHttp::ToLoopback).expect("an origin"),
        };
        Customer { device_id, code: code.encode() }
    }

    fn gateway(&self) -> &ClaimDesk {
        self.gateway.as_ref().expect("the gateway runs")
    }

    fn connector(&self) -> &Store {
        self.connector.as_ref().expect("the connector runs")
    }

    fn steps(&self, device_id: DeviceId, clocks: Clocks) -> Steps<'_> {
        Steps { store: self.connector(), device_id, now: UnixSeconds(clocks.connector) }
    }

    /// Forgets what is not durable and starts again.
    pub(super) async fn restart_gateway(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            gateway.close();
        }
        let folder = self.folder.path().join("gateway");
        self.gateway = Some(ClaimDesk::open(&folder, INSTANCE).await.expect("the gateway starts again"));
    }

    /// Forgets what is not durable and starts again.
    pub(super) fn restart_connector(&mut self) {
        self.connector = None;
        self.sessions.clear();
        self.connector = Some(Store::open(&self.folder.path().join("connector")).expect("the connector starts again"));
    }

    /// Step 2. Without the guard, no two claims are told to be the same.
    pub(super) async fn claim(
        &self,
        claim: &ClaimDevice,
        clocks: Clocks,
        without: Option<Guard>,
    ) -> Result<DeviceClaimed, ClaimRefused> {
        let claim_id = match without {
            Some(Guard::ClaimId) => ClaimId::make(&mut UnwrapErr(SysRng)),
            Some(Guard::KeepOld | Guard::EraseAfterProof) | None => claim.claim_id.clone(),
        };
        let claim = ClaimDevice { device_setup_key: claim.device_setup_key.clone(), claim_id };
        self.gateway().claim(&claim, clocks.gateway).await.expect("the gateway's store works")
    }

    pub(super) async fn log_in(&self, device_id: DeviceId, password: &DevicePassword, clocks: Clocks) -> bool {
        self.gateway().log_in(device_id, password, clocks.gateway).await.expect("the gateway's store works")
    }

    /// Step 4.
    pub(super) fn answer_p1(
        &mut self,
        device_id: DeviceId,
        p1: &[u8],
        clocks: Clocks,
        without: Option<Guard>,
    ) -> (FrameType, Vec<u8>) {
        let steps = self.steps(device_id, clocks);
        if without == Some(Guard::KeepOld) {
            steps.forget_candidates().expect("the connector's store works");
        }
        match steps.answer_pairing(p1, &mut UnwrapErr(SysRng)).expect("the connector's store works") {
            Some(p2) => {
                commit_early(&steps, without);
                (FrameType::P2, p2)
            }
            None => (FrameType::Reset, Vec::new()),
        }
    }

    /// Step 6.
    pub(super) fn answer_s1(
        &mut self,
        device_id: DeviceId,
        session_id: SessionId,
        s1: &[u8],
        clocks: Clocks,
    ) -> Option<(FrameType, Vec<u8>)> {
        // A session that was begun before is not begun again.
        if self.sessions.contains_key(&session_id) {
            return None;
        }
        let (generation, key_id, _) = read_s1_clear(s1).expect("the device made it");
        let keys = self.steps(device_id, clocks).session_keys(generation, key_id).expect("the store works");
        let Some(keys) = keys else { return Some((FrameType::Reset, Vec::new())) };
        let params = SessionParams {
            device_id,
            generation,
            key_id,
            device_secret_key: &keys.device_secret_key,
            static_key: &keys.static_key,
            peer_key: keys.device_key,
        };
        let limits = SessionLimits { connection_window: 1 << 20, max_streams: 128 };
        let (s2, session) =
            answer_session(params, session_id, s1, &limits, &mut UnwrapErr(SysRng)).expect("the device made S1");
        let handshake_hash = *session.handshake_hash();
        let (_, opener) = session.split();
        self.sessions.insert(session_id, Half { generation, key_id, handshake_hash, opener, open: false });
        Some((FrameType::S2, s2))
    }

    /// Step 8: the first record of a session.
    pub(super) fn receive_fin(&mut self, device_id: DeviceId, frame: &[u8], clocks: Clocks) {
        let (header, _) = FrameHeader::decode(frame).expect("the device made it");
        let Some(half) = self.sessions.get_mut(&header.session_id) else { return };
        let mut frame = frame.to_vec();
        match half.opener.open(header, &mut frame[FrameHeader::LENGTH..]) {
            Ok(Opened::Record { kind, .. }) => assert_eq!(kind, RecordKind::Fin),
            Ok(Opened::Duplicate) => return,
            // The S1 came twice, and the connector restarted in between: this record belongs to the first answer.
            Err(_) => {
                self.sessions.remove(&header.session_id);
                return;
            }
        }
        let (generation, key_id) = (half.generation, half.key_id);
        let committed = self.steps(device_id, clocks).commit(generation, key_id, &mut UnwrapErr(SysRng));
        if let Some(half) = self.sessions.get_mut(&header.session_id) {
            half.open = committed.expect("the connector's store works");
        }
    }

    /// Step 4 of a rotation; nothing where the session is not open.
    pub(super) fn answer_rotation(
        &mut self,
        device_id: DeviceId,
        session_id: SessionId,
        offer: &[u8],
        clocks: Clocks,
        without: Option<Guard>,
    ) -> Option<Vec<u8>> {
        let half = self.sessions.get(&session_id).filter(|half| half.open)?;
        let steps = self.steps(device_id, clocks);
        if without == Some(Guard::KeepOld) {
            steps.forget_candidates().expect("the connector's store works");
        }
        let (generation, hash) = (half.generation, half.handshake_hash);
        let answered = steps.answer_rotation(generation, &hash, offer, &mut UnwrapErr(SysRng));
        let ack = answered.expect("the connector's store works")?;
        commit_early(&steps, without);
        Some(ack)
    }

    pub(super) fn standing(&self, device_id: DeviceId, clocks: Clocks) -> Option<Standing> {
        self.steps(device_id, clocks).standing().expect("the connector's store works")
    }

    /// Returns the key that an S1 of this name is answered with.
    pub(super) fn key(
        &self,
        device_id: DeviceId,
        generation: Generation,
        key_id: KeyId,
        clocks: Clocks,
    ) -> Option<DeviceSecretKey> {
        let keys = self.steps(device_id, clocks).session_keys(generation, key_id);
        keys.expect("the connector's store works").map(|keys| keys.device_secret_key)
    }
}

/// Without the guard, the connector is content with having sent the key.
fn commit_early(steps: &Steps<'_>, without: Option<Guard>) {
    if without == Some(Guard::EraseAfterProof) {
        let newest = steps.newest_candidate().expect("the connector's store works");
        if let Some((generation, key_id)) = newest {
            steps.commit(generation, key_id, &mut UnwrapErr(SysRng)).expect("the connector's store works");
        }
    }
}
