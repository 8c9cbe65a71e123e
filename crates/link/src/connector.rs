//! A connector's connection to the gateway, over which all its devices arrive.
//!
//! 1. P1 → [`Keyring::answer_pairing`] → P2, or a reset hint where the code is of no use any more.
//! 2. S1 → [`Keyring::session_keys`] → S2, or a reset hint where the key is unknown.
//! 3. The first sealed record, FIN → [`Keyring::commit`] → [`Accepted::Session`].
//!
//! Until step 3 nothing is sent under the session and nothing is committed.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use getrandom::SysRng;
use latchgate_protocol::control::Control;
use latchgate_protocol::limits::CONNECTOR_TOPIC_ALIASES;
use latchgate_protocol::topic::{PRESENT, TopicFilter};
use latchgate_protocol::{DeviceId, FrameHeader, FrameType, InstanceId, SessionId, Topic};
use latchgate_tunnel::CloseReason;
use latchgate_tunnel::keys::{DeviceSecretKey, Generation, KeyId, StaticPrivateKey, StaticPublicKey};
use latchgate_tunnel::sealing::RecordKind;
use latchgate_tunnel::session::{Session, SessionLimits, SessionParams, answer_session, read_s1_clear};
use rand_core::UnwrapErr;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use tracing::{debug, trace};

use crate::dial::Dialer;
use crate::error::LinkError;
use crate::limits::{CONNECTION_WINDOW, HALF_OPEN, HALF_OPEN_PER_DEVICE, HANDSHAKE_TIMEOUT, MAX_STREAMS};
use crate::mqtt::{Connection, Deliver, Login};
use crate::rest::InstanceAccount;
use crate::routes::{Route, Routes};
use crate::stream::{AliasLease, SealedStream};

/// What a session of one device is keyed with.
#[derive(Debug)]
pub struct SessionKeys {
    /// The pre-shared key of the generation that the device named.
    pub device_secret_key: DeviceSecretKey,
    /// The device's public key.
    pub device_key: StaticPublicKey,
    /// This connector's private key.
    pub static_key: Arc<StaticPrivateKey>,
}

/// The connector's durable knowledge of its devices.
pub trait Keyring: Send + Sync + 'static {
    /// Answers P1 with P2, durable before it returns. `None` sends a reset hint: the code is of no use any more.
    fn answer_pairing(&self, device_id: DeviceId, p1: &[u8]) -> impl Future<Output = Option<Vec<u8>>> + Send;

    /// Looks up the keys that an S1 names. `None` sends a reset hint.
    fn session_keys(
        &self,
        device_id: DeviceId,
        generation: Generation,
        key_id: KeyId,
    ) -> impl Future<Output = Option<SessionKeys>> + Send;

    /// Commits to a key: FIN arrived under it. False ends the session.
    fn commit(&self, device_id: DeviceId, generation: Generation, key_id: KeyId) -> impl Future<Output = bool> + Send;
}

/// What arrived at a connector.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "sessions are what mostly arrives, and each is moved once")]
pub enum Accepted {
    /// A device opened a session; HTTP/2 begins on the stream.
    Session {
        /// Which device.
        device_id: DeviceId,
        /// Under which generation of its key.
        generation: Generation,
        /// The device's bytes.
        stream: SealedStream,
    },
    /// A device came or left, as the gateway says.
    Presence {
        /// Which device.
        device_id: DeviceId,
        /// Whether it is there.
        present: bool,
    },
    /// News from the gateway.
    Control(Control),
}

impl fmt::Debug for SealedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedStream({})", self.device_id())
    }
}

/// A connector's connection, logged in and subscribed.
pub struct Acceptor {
    connection: Connection,
    accepted: mpsc::UnboundedReceiver<Accepted>,
    routes: Arc<Routes>,
}

/// Cuts devices off while the [`Acceptor`] waits elsewhere.
#[derive(Clone)]
pub struct Cutter(Arc<Routes>);

impl Cutter {
    /// Returns the devices that have sessions, or are about to.
    #[must_use]
    pub fn devices(&self) -> HashSet<DeviceId> {
        self.0.devices()
    }

    /// Ends all sessions of a device whose pairing is over, at once. What it sent is not read any more; the last
    /// record that it gets says why, sealed. False when there is no session to say it in.
    pub fn end(&self, device_id: DeviceId, reason: CloseReason) -> bool {
        self.0.end(device_id, reason)
    }
}

impl Acceptor {
    /// Connects and logs in.
    ///
    /// # Errors
    /// [`LinkError::Refused`] when the credentials are not accepted, [`LinkError::Dial`] when the gateway is
    /// not reached.
    pub async fn connect<K: Keyring>(
        dialer: &Dialer,
        account: &InstanceAccount,
        keyring: Arc<K>,
    ) -> Result<Self, LinkError> {
        let instance_id = account.instance_id;
        let (frames, arriving) = mpsc::unbounded_channel();
        let (events, accepted) = mpsc::unbounded_channel();
        let routes = Arc::new(Routes::default());
        let inbox = Arc::new(Inbox { routes: Arc::clone(&routes), handshakes: frames, events: events.clone() });
        let login = Login {
            instance_id,
            user: instance_id.to_string(),
            password: account.instance_password.reveal(),
            filters: vec![
                TopicFilter::UpOfAll(instance_id),
                TopicFilter::PresenceOfAll(instance_id),
                TopicFilter::Exactly(Topic::Control(instance_id)),
            ],
            topic_aliases: CONNECTOR_TOPIC_ALIASES,
        };
        let connection = Connection::open(dialer, login, inbox).await?;
        let porter = Porter {
            instance_id,
            keyring,
            aliases: Arc::new(AliasPool::new(connection.peer_aliases.min(CONNECTOR_TOPIC_ALIASES))),
            connection: connection.clone(),
            routes: Arc::clone(&routes),
            events,
            half_open: Arc::new(HalfOpen::new()),
        };
        tokio::spawn(porter.run(arriving));
        Ok(Self { connection, accepted, routes })
    }

    /// Waits for what arrives next.
    ///
    /// # Errors
    /// [`LinkError::Lost`] when the connection has ended.
    pub async fn next(&mut self) -> Result<Accepted, LinkError> {
        tokio::select! {
            biased;
            Some(accepted) = self.accepted.recv() => Ok(accepted),
            reason = self.connection.ended() => Err(LinkError::Lost(reason)),
        }
    }

    /// Returns a handle that cuts devices off.
    #[must_use]
    pub fn cutter(&self) -> Cutter {
        Cutter(Arc::clone(&self.routes))
    }
}

impl Drop for Acceptor {
    /// Closes the connection and with it every stream.
    fn drop(&mut self) {
        self.connection.close();
    }
}

/// A handshake message, or a record that belongs to no session.
struct Arrival {
    device_id: DeviceId,
    header: FrameHeader,
    frame: BytesMut,
}

/// Sorts what the gateway delivers to a connector. Records go straight to their session.
struct Inbox {
    routes: Arc<Routes>,
    handshakes: mpsc::UnboundedSender<Arrival>,
    events: mpsc::UnboundedSender<Accepted>,
}

impl Deliver for Inbox {
    fn deliver(&self, topic: Topic, payload: BytesMut) {
        match topic {
            Topic::Up(_, device_id) => self.deliver_frame(device_id, payload),
            Topic::DevicePresence(_, device_id) => {
                let present = payload == PRESENT;
                if !present {
                    self.routes.close(device_id);
                }
                drop(self.events.send(Accepted::Presence { device_id, present }));
            }
            Topic::Control(_) => match serde_json::from_slice(&payload) {
                Ok(control) => drop(self.events.send(Accepted::Control(control))),
                Err(error) => debug!(%error, "a control message of another version was dropped"),
            },
            Topic::Down(..) | Topic::ConnectorPresence(_) => {}
        }
    }

    fn lost(&self) {
        self.routes.clear();
    }
}

impl Inbox {
    fn deliver_frame(&self, device_id: DeviceId, frame: BytesMut) {
        let Ok((header, _)) = FrameHeader::decode(&frame) else {
            trace!(%device_id, "a frame without a header was dropped");
            return;
        };
        if header.frame_type == FrameType::Data {
            // The route takes the frame; an unknown session is answered with a hint, which needs no frame.
            if !self.routes.deliver(device_id, header.session_id, frame) {
                drop(self.handshakes.send(Arrival { device_id, header, frame: BytesMut::new() }));
            }
        } else {
            drop(self.handshakes.send(Arrival { device_id, header, frame }));
        }
    }
}

/// Answers handshakes, a bounded number at a time.
struct Porter<K> {
    instance_id: InstanceId,
    keyring: Arc<K>,
    connection: Connection,
    routes: Arc<Routes>,
    aliases: Arc<AliasPool>,
    events: mpsc::UnboundedSender<Accepted>,
    half_open: Arc<HalfOpen>,
}

impl<K> Clone for Porter<K> {
    fn clone(&self) -> Self {
        Self {
            instance_id: self.instance_id,
            keyring: Arc::clone(&self.keyring),
            connection: self.connection.clone(),
            routes: Arc::clone(&self.routes),
            aliases: Arc::clone(&self.aliases),
            events: self.events.clone(),
            half_open: Arc::clone(&self.half_open),
        }
    }
}

impl<K: Keyring> Porter<K> {
    async fn run(self, mut arriving: mpsc::UnboundedReceiver<Arrival>) {
        loop {
            tokio::select! {
                Some(arrival) = arriving.recv() => self.handle_arrival(arrival),
                _ = self.connection.ended() => return,
            }
        }
    }

    fn handle_arrival(&self, arrival: Arrival) {
        if arrival.header.frame_type == FrameType::Data {
            // Where the queue is full the next record of the unknown session is answered.
            return self.hint(&arrival);
        }
        let Some(place) = self.half_open.enter(arrival.device_id) else {
            debug!(device_id = %arrival.device_id, "too many handshakes at once; one was dropped");
            return;
        };
        let porter = self.clone();
        tokio::spawn(async move {
            if let Err(error) = porter.answer(arrival).await {
                debug!(error = &error as &dyn std::error::Error, "a handshake failed");
            }
            drop(place);
        });
    }

    async fn answer(&self, arrival: Arrival) -> Result<(), LinkError> {
        let body = arrival.frame.get(FrameHeader::LENGTH..).unwrap_or_default();
        match arrival.header.frame_type {
            FrameType::P1 => self.answer_p1(&arrival, body).await,
            FrameType::S1 => self.answer_s1(&arrival, body).await,
            FrameType::Data | FrameType::P2 | FrameType::S2 | FrameType::Reset => Ok(()),
        }
    }

    async fn answer_p1(&self, arrival: &Arrival, p1: &[u8]) -> Result<(), LinkError> {
        match self.keyring.answer_pairing(arrival.device_id, p1).await {
            Some(p2) => self.send(arrival, FrameType::P2, &p2).await,
            None => self.send(arrival, FrameType::Reset, &[]).await,
        }
    }

    async fn answer_s1(&self, arrival: &Arrival, s1: &[u8]) -> Result<(), LinkError> {
        let device_id = arrival.device_id;
        let session_id = arrival.header.session_id;
        let (generation, key_id, _) = read_s1_clear(s1)?;
        let Some(keys) = self.keyring.session_keys(device_id, generation, key_id).await else {
            return self.send(arrival, FrameType::Reset, &[]).await;
        };
        let params = SessionParams {
            device_id,
            generation,
            key_id,
            device_secret_key: &keys.device_secret_key,
            static_key: &keys.static_key,
            peer_key: keys.device_key,
        };
        let limits = SessionLimits { connection_window: CONNECTION_WINDOW, max_streams: MAX_STREAMS };
        let (s2, session) = answer_session(params, session_id, s1, &limits, &mut UnwrapErr(SysRng))?;
        let Some(route) = self.routes.open(device_id, session_id) else { return Ok(()) };
        self.send(arrival, FrameType::S2, &s2).await?;
        let mut stream = self.stream(session, route);
        let fin = timeout(HANDSHAKE_TIMEOUT, stream.next_record())
            .await
            .map_err(|_| LinkError::Timeout("waiting for FIN"))?;
        if !matches!(fin, Ok(RecordKind::Fin)) {
            return Err(LinkError::Misbehaved("another first record in place of FIN"));
        }
        if self.keyring.commit(device_id, generation, key_id).await {
            drop(self.events.send(Accepted::Session { device_id, generation, stream }));
        }
        Ok(())
    }

    fn stream(&self, session: Session, route: Route) -> SealedStream {
        let topic = Topic::Down(self.instance_id, route.device_id());
        SealedStream::new(self.connection.clone(), session, topic, AliasPool::lease(&self.aliases), route)
    }

    /// Tells a device that its session is unknown, without waiting: records of a session that is gone may come by the
    /// dozen, and take no handshake's place.
    fn hint(&self, to: &Arrival) {
        let header = FrameHeader { frame_type: FrameType::Reset, session_id: to.header.session_id, seq: 0 };
        self.connection.try_publish(Topic::Down(self.instance_id, to.device_id), &header.encode());
    }

    async fn send(&self, to: &Arrival, frame_type: FrameType, body: &[u8]) -> Result<(), LinkError> {
        let header = FrameHeader { frame_type, session_id: SessionId(to.header.session_id.0), seq: 0 };
        let frame = [&header.encode()[..], body].concat();
        self.connection.publish(Topic::Down(self.instance_id, to.device_id), &frame).await
    }
}

/// Counts the handshakes under way.
struct HalfOpen {
    all: Arc<Semaphore>,
    devices: Mutex<HashMap<DeviceId, usize>>,
}

/// One handshake's place; gives it back when dropped.
struct Place {
    device_id: DeviceId,
    half_open: Arc<HalfOpen>,
    _permit: OwnedSemaphorePermit,
}

impl HalfOpen {
    fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(HALF_OPEN)), devices: Mutex::default() }
    }

    fn enter(self: &Arc<Self>, device_id: DeviceId) -> Option<Place> {
        let permit = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        let count = devices.entry(device_id).or_default();
        if *count == HALF_OPEN_PER_DEVICE {
            return None;
        }
        *count += 1;
        drop(devices);
        Some(Place { device_id, half_open: Arc::clone(self), _permit: permit })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut devices = self.half_open.devices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = devices.get_mut(&self.device_id) {
            *count -= 1;
            if *count == 0 {
                devices.remove(&self.device_id);
            }
        }
    }
}

/// The topic aliases that no stream uses.
struct AliasPool(Mutex<Vec<u16>>);

impl AliasPool {
    fn new(count: u16) -> Self {
        Self(Mutex::new((1..=count).rev().collect()))
    }

    fn lease(pool: &Arc<Self>) -> Option<AliasLease> {
        let number = pool.free().pop()?;
        let home = Arc::clone(pool);
        Some(AliasLease { number, release: Some(Box::new(move |number| home.free().push(number))) })
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<u16>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ab_53_a_device_has_at_most_four_handshakes_under_way() {
        let half_open = Arc::new(HalfOpen::new());
        let device_id = DeviceId::from_bytes([1; 16]);
        let places: Vec<_> = (0..HALF_OPEN_PER_DEVICE).map(|_| half_open.enter(device_id).unwrap()).collect();
        assert!(half_open.enter(device_id).is_none());
        assert!(half_open.enter(DeviceId::from_bytes([2; 16])).is_some(), "others are not held up");
        drop(places);
        assert!(half_open.enter(device_id).is_some());
    }

    #[test]
    fn an_alias_returns_to_the_pool_with_its_stream() {
        let pool = Arc::new(AliasPool::new(1));
        let lease = AliasPool::lease(&pool).unwrap();
        assert_eq!(lease.number, 1);
        assert!(AliasPool::lease(&pool).is_none());
        drop(lease);
        assert!(AliasPool::lease(&pool).is_some());
    }
}
