//! A device's connection to the gateway, and through it to the connector.
//!
//! 1. [`DeviceLink::connect`] logs in and subscribes; [`DeviceLink::connector_present`] waits for the far end.
//! 2. Once in a device's life, [`DeviceLink::pair`] exchanges P1 and P2. The caller makes the new key durable.
//! 3. [`DeviceLink::open_session`] exchanges S1 and S2. The caller makes its commitment durable.
//! 4. [`PendingSession::confirm`] sends FIN, the first record under the session, and yields the stream.

use std::fmt;
use std::sync::Arc;

use bytes::BytesMut;
use getrandom::SysRng;
use latchgate_protocol::limits::DEVICE_TOPIC_ALIASES;
use latchgate_protocol::rest::TICKET_PREFIX;
use latchgate_protocol::topic::{PRESENT, TopicFilter};
use latchgate_protocol::{
    DeviceId, DevicePassword, FrameHeader, FrameType, InstanceId, ResumeTicket, SessionId, Topic,
};
use latchgate_tunnel::CloseReason;
use latchgate_tunnel::pairing::{InitiatorParams, Paired, PairingInitiator};
use latchgate_tunnel::sealing::RecordKind;
use latchgate_tunnel::session::{Session, SessionInitiator, SessionLimits, SessionParams};
use rand_core::{Rng as _, UnwrapErr};
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{debug, trace};
use zeroize::Zeroizing;

use crate::dial::Dialer;
use crate::error::{LinkError, Refusal};
use crate::limits::HANDSHAKE_TIMEOUT;
use crate::mqtt::{Connection, Deliver, Login};
use crate::routes::{Route, Routes};
use crate::stream::{AliasLease, SealedStream};

/// What a device shows to the gateway.
#[derive(Debug, Clone)]
pub struct DeviceAccount {
    /// Whose device it is.
    pub instance_id: InstanceId,
    /// Who it is.
    pub device_id: DeviceId,
    /// Its proof.
    pub device_password: DevicePassword,
    /// A cheaper proof for the next 24 hours, from an earlier connection.
    pub ticket: Option<ResumeTicket>,
}

/// One device's connection, logged in and subscribed. It closes when this and all its streams are dropped.
pub struct DeviceLink {
    connection: Connection,
    inbox: Arc<Inbox>,
    instance_id: InstanceId,
    device_id: DeviceId,
}

/// A session whose keys are agreed and that the connector has not committed to yet.
pub struct PendingSession {
    connection: Connection,
    route: Route,
    session: Session,
    topic: Topic,
    limits: SessionLimits,
    farewell: watch::Sender<CloseReason>,
}

impl fmt::Debug for DeviceLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceLink({})", self.device_id)
    }
}

impl DeviceLink {
    /// Connects and logs in, by ticket where there is one and by password where that is refused.
    ///
    /// # Errors
    /// [`LinkError::Refused`] when the credentials are not accepted, [`LinkError::Dial`] when the gateway is
    /// not reached.
    pub async fn connect(dialer: &Dialer, account: &DeviceAccount) -> Result<Self, LinkError> {
        if let Some(ticket) = &account.ticket {
            let proof = Zeroizing::new(format!("{TICKET_PREFIX}{}", *ticket.reveal()));
            match Self::connect_with(dialer, account, proof).await {
                Err(LinkError::Refused(Refusal::BadCredentials | Refusal::NotAuthorized)) => {
                    debug!("the ticket was not accepted; the password follows");
                }
                other => return other,
            }
        }
        Self::connect_with(dialer, account, account.device_password.reveal()).await
    }

    async fn connect_with(
        dialer: &Dialer,
        account: &DeviceAccount,
        password: Zeroizing<String>,
    ) -> Result<Self, LinkError> {
        let DeviceAccount { instance_id, device_id, .. } = *account;
        let inbox = Arc::new(Inbox::new(device_id));
        let login = Login {
            instance_id,
            user: device_id.to_string(),
            password,
            filters: vec![
                TopicFilter::Exactly(Topic::Down(instance_id, device_id)),
                TopicFilter::Exactly(Topic::ConnectorPresence(instance_id)),
            ],
            topic_aliases: DEVICE_TOPIC_ALIASES,
        };
        let connection = Connection::open(dialer, login, Arc::clone(&inbox)).await?;
        Ok(Self { connection, inbox, instance_id, device_id })
    }

    /// Returns the ticket that the gateway issued at this login.
    #[must_use]
    pub fn ticket(&self) -> Option<ResumeTicket> {
        self.connection.ticket.clone()
    }

    /// Waits until the connection has ended and says why.
    pub async fn closed(&self) -> LinkError {
        LinkError::Lost(self.connection.ended().await)
    }

    /// Waits until the connector says in a sealed session that the pairing is over, and returns in which way. Nobody
    /// else can say so: unlike a refusal by the gateway it is a reason to erase.
    pub async fn farewell(&self) -> CloseReason {
        let mut farewell = self.inbox.farewell.subscribe();
        // The sender lives as long as this link.
        farewell.wait_for(|reason| *reason != CloseReason::Done).await.map_or(CloseReason::Done, |reason| *reason)
    }

    /// Waits until the connector is connected to the gateway, as the gateway says.
    ///
    /// # Errors
    /// [`LinkError::Lost`] when the connection ends first.
    pub async fn connector_present(&self) -> Result<(), LinkError> {
        self.wait_for_connector(true).await
    }

    /// Waits until the connector has left, as the gateway says. Its sessions are over then.
    ///
    /// # Errors
    /// [`LinkError::Lost`] when the connection ends first.
    pub async fn connector_absent(&self) -> Result<(), LinkError> {
        self.wait_for_connector(false).await
    }

    async fn wait_for_connector(&self, present: bool) -> Result<(), LinkError> {
        let mut presence = self.inbox.presence.subscribe();
        tokio::select! {
            seen = presence.wait_for(|seen| *seen == Some(present)) => seen.map(drop).map_err(|_| LinkError::Lost(Refusal::Closed)),
            reason = self.connection.ended() => Err(LinkError::Lost(reason)),
        }
    }

    /// Exchanges P1 and P2.
    ///
    /// # Errors
    /// [`LinkError::Pairing`] when the answer is not of the connector in the code, [`LinkError::CodeUnknown`] on a
    /// reset hint, [`LinkError::Timeout`] when none came.
    pub async fn pair(&self, params: InitiatorParams<'_>) -> Result<Paired, LinkError> {
        let (p1, initiator) = PairingInitiator::start(params, &mut UnwrapErr(SysRng))?;
        let (session_id, mut route) = self.open_route()?;
        self.send_handshake(FrameType::P1, session_id, &p1).await?;
        let answer = self.await_answer(&mut route, FrameType::P2).await;
        let p2 = answer.map_err(|error| if error.is_reset_hint() { LinkError::CodeUnknown } else { error })?;
        Ok(initiator.finish(handshake_body(&p2))?)
    }

    /// Exchanges S1 and S2.
    ///
    /// # Errors
    /// [`LinkError::KeyUnknown`] on a reset hint, [`LinkError::Session`] when the answer does not open,
    /// [`LinkError::ConnectorAbsent`] when the connector leaves meanwhile.
    pub async fn open_session(&self, params: SessionParams<'_>) -> Result<PendingSession, LinkError> {
        let (session_id, mut route) = self.open_route()?;
        let (s1, initiator) = SessionInitiator::start(params, session_id, &mut UnwrapErr(SysRng))?;
        self.send_handshake(FrameType::S1, session_id, &s1).await?;
        let s2 = self.await_answer(&mut route, FrameType::S2).await?;
        let (session, limits) = initiator.finish(handshake_body(&s2))?;
        let topic = Topic::Up(self.instance_id, self.device_id);
        let farewell = self.inbox.farewell.clone();
        Ok(PendingSession { connection: self.connection.clone(), route, session, topic, limits, farewell })
    }

    fn open_route(&self) -> Result<(SessionId, Route), LinkError> {
        let mut id = [0; 8];
        UnwrapErr(SysRng).fill_bytes(&mut id);
        let session_id = SessionId(id);
        let route = self.inbox.routes.open(self.device_id, session_id);
        Ok((session_id, route.ok_or(LinkError::Misbehaved("the same random session id twice"))?))
    }

    async fn send_handshake(&self, frame_type: FrameType, session_id: SessionId, body: &[u8]) -> Result<(), LinkError> {
        let frame = [&FrameHeader { frame_type, session_id, seq: 0 }.encode()[..], body].concat();
        self.connection.publish(Topic::Up(self.instance_id, self.device_id), &frame).await
    }

    async fn await_answer(&self, route: &mut Route, wanted: FrameType) -> Result<BytesMut, LinkError> {
        let answer = async {
            while let Some(frame) = route.next().await {
                match FrameHeader::decode(&frame) {
                    Ok((header, _)) if header.frame_type == wanted => return Ok(frame),
                    Ok((header, _)) if header.frame_type == FrameType::Reset => return Err(LinkError::KeyUnknown),
                    Ok(_) | Err(_) => trace!("a frame out of order was dropped"),
                }
            }
            Err(LinkError::ConnectorAbsent)
        };
        timeout(HANDSHAKE_TIMEOUT, answer).await.map_err(|_| LinkError::Timeout("waiting for the connector"))?
    }
}

fn handshake_body(frame: &[u8]) -> &[u8] {
    frame.get(FrameHeader::LENGTH..).unwrap_or_default()
}

impl PendingSession {
    /// Returns what the connector allows in this session.
    #[must_use]
    pub const fn limits(&self) -> &SessionLimits {
        &self.limits
    }

    /// Sends FIN: from here on the connector may erase the old key.
    ///
    /// # Errors
    /// [`LinkError::Lost`] when the connection ended meanwhile.
    pub async fn confirm(self) -> Result<SealedStream, LinkError> {
        let alias = (self.connection.peer_aliases > 0).then_some(AliasLease { number: 1, release: None });
        let mut stream = SealedStream::new(self.connection, self.session, self.topic, alias, self.route);
        stream.tell_of_farewell(self.farewell);
        stream.send_record(RecordKind::Fin, &[]).await.map_err(|_| LinkError::Lost(Refusal::Closed))?;
        Ok(stream)
    }
}

/// Sorts what the gateway delivers to a device.
struct Inbox {
    device_id: DeviceId,
    routes: Arc<Routes>,
    presence: watch::Sender<Option<bool>>,
    /// What the connector said, sealed, when it ended the pairing.
    farewell: watch::Sender<CloseReason>,
}

impl Inbox {
    fn new(device_id: DeviceId) -> Self {
        Self {
            device_id,
            routes: Arc::default(),
            presence: watch::Sender::new(None),
            farewell: watch::Sender::new(CloseReason::Done),
        }
    }
}

impl Deliver for Inbox {
    fn deliver(&self, topic: Topic, payload: BytesMut) {
        match topic {
            Topic::Down(_, device_id) if device_id == self.device_id => {
                let Ok((header, _)) = FrameHeader::decode(&payload) else { return };
                if !self.routes.deliver(device_id, header.session_id, payload) {
                    trace!("a frame of no session was dropped");
                }
            }
            Topic::ConnectorPresence(_) => {
                let present = payload == PRESENT;
                self.presence.send_replace(Some(present));
                if !present {
                    self.routes.clear();
                }
            }
            Topic::Down(..) | Topic::Up(..) | Topic::DevicePresence(..) | Topic::Control(_) => {}
        }
    }

    fn lost(&self) {
        self.routes.clear();
    }
}
