//! From an upgraded connection to a seat.
//!
//! 1. CONNECT must be the first packet and arrive in time; anything else closes the connection unanswered.
//! 2. The credentials are verified: a password, or a ticket in its place.
//! 3. The connection takes its seat, and only then the store confirms that the credentials still hold, so
//!    that a revocation at the same moment finds either the seat or no login.
//! 4. CONNACK, with a fresh ticket after a password; the connection runs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use latchgate_protocol::limits::{CONNECTOR_TOPIC_ALIASES, DEVICE_TOPIC_ALIASES, MAX_PACKET};
use latchgate_protocol::publish::{self, Next};
use latchgate_protocol::rest::TICKET_PREFIX;
use latchgate_protocol::{DeviceId, DevicePassword, InstanceId, InstancePassword, ResumeTicket};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tracing::{debug, info};

use super::connection::{Connection, End, farewell};
use super::inbound::TopicAliases;
use super::packet::{self, Connect, Grant};
use super::reason::Reason;
use super::side::{ConnectorSide, DeviceSide, Side};
use super::socket::{Message, Socket};
use crate::auth::{AuthError, Verified};
use crate::gateway::Shared;
use crate::limits::LOGIN_TIMEOUT;
use crate::server::Client;

/// Who logs in.
#[derive(Debug, Clone, Copy)]
enum Who {
    Connector(InstanceId),
    Device(InstanceId, DeviceId),
}

/// What stands for a password.
enum Proof {
    Instance(InstancePassword),
    Device(DevicePassword),
    Ticket(ResumeTicket),
}

/// A login that got its seat.
struct Seated {
    side: Side,
    ticket: Option<ResumeTicket>,
    aliases: u16,
}

/// Serves an upgraded connection to its end.
pub(crate) async fn serve<S>(shared: Arc<Shared>, stream: S, instance_id: InstanceId, client: Client)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut socket = Socket::new(stream);
    let limit = shared.config.limits.connect_timeout();
    let Ok(Some((connect, received))) = timeout(limit, first_packet(&mut socket)).await else {
        debug!("a connection ended without a CONNECT packet");
        shared.metrics.misbehaved.increment();
        return;
    };
    let login = async {
        let connect = connect?;
        log_in(&shared, &client, instance_id, &connect).await
    };
    let seated = timeout(LOGIN_TIMEOUT, login).await.unwrap_or(Err(Reason::Busy));
    match seated {
        Ok(seated) => {
            client.guard.logged_in();
            shared.metrics.logins.increment();
            run(&shared, socket, seated, received).await;
        }
        Err(reason) => {
            debug!(?reason, "a login was refused");
            shared.metrics.logins_refused.increment();
            farewell(socket, VecDeque::new(), packet::refuse_connect(reason)).await;
        }
    }
}

/// Reads the first packet, which must be a CONNECT.
async fn first_packet<S>(socket: &mut Socket<S>) -> Option<(Result<Connect, Reason>, BytesMut)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut received = BytesMut::new();
    loop {
        let read = |message: &Message, bytes: &[u8]| {
            received.extend_from_slice(bytes);
            matches!(message, Message::Close)
        };
        if socket.read_frame(read).await.ok()? {
            return None;
        }
        if received.first().is_some_and(|first| *first != packet::CONNECT << 4) {
            return None;
        }
        match publish::next_packet(&received, MAX_PACKET) {
            Next::Packet(length) => {
                let packet = received.split_to(length);
                let (_, body) = packet::split(&packet)?;
                return Some((packet::read_connect(body), received));
            }
            Next::Incomplete => {}
            Next::TooLong => return None,
        }
    }
}

async fn log_in(
    shared: &Arc<Shared>,
    client: &Client,
    instance_id: InstanceId,
    connect: &Connect,
) -> Result<Seated, Reason> {
    let who = who(instance_id, &connect.user)?;
    let proof = proof(who, &connect.password)?;
    let verified = verify(shared, client, who, &proof).await.map_err(|error| refusal(shared, error))?;
    throttle_takeover(shared, who)?;
    let (ticket, stored) = match proof {
        Proof::Ticket(_) => {
            shared.metrics.logins_by_ticket.increment();
            (None, None)
        }
        Proof::Instance(_) | Proof::Device(_) => {
            let (ticket, stored) = shared.make_ticket();
            (Some(ticket), Some(stored))
        }
    };
    let (side, aliases) = take_seat(shared, who, connect.aliases)?;
    let now = shared.clock.now();
    let confirmed = match who {
        Who::Connector(id) => shared.store.finish_instance_login(id, verified.version, stored, now).await,
        Who::Device(_, id) => shared.store.finish_device_login(id, verified.version, stored, now).await,
    };
    let refused = match confirmed {
        Ok(true) => return Ok(Seated { side, ticket, aliases }),
        Ok(false) => Reason::BadCredentials,
        Err(error) => refusal(shared, error.into()),
    };
    side.leave();
    Err(refused)
}

fn who(instance_id: InstanceId, user: &str) -> Result<Who, Reason> {
    if user.parse() == Ok(instance_id) {
        return Ok(Who::Connector(instance_id));
    }
    user.parse().map(|device_id| Who::Device(instance_id, device_id)).map_err(|_| Reason::BadCredentials)
}

fn proof(who: Who, password: &[u8]) -> Result<Proof, Reason> {
    let wrong = Reason::BadCredentials;
    let text = std::str::from_utf8(password).map_err(|_| wrong)?;
    if let Some(ticket) = text.strip_prefix(TICKET_PREFIX) {
        return ResumeTicket::from_text(ticket).map(Proof::Ticket).map_err(|_| wrong);
    }
    match who {
        Who::Connector(_) => InstancePassword::from_text(text).map(Proof::Instance).map_err(|_| wrong),
        Who::Device(..) => DevicePassword::from_text(text).map(Proof::Device).map_err(|_| wrong),
    }
}

async fn verify(shared: &Shared, client: &Client, who: Who, proof: &Proof) -> Result<Verified, AuthError> {
    match (who, proof) {
        (Who::Connector(id), Proof::Instance(password)) => shared.verify_instance(client.source, id, password).await,
        (Who::Connector(id), Proof::Ticket(ticket)) => shared.verify_instance_ticket(client.source, id, ticket).await,
        (Who::Device(instance_id, id), Proof::Device(password)) => {
            shared.verify_device(client.source, instance_id, id, password).await
        }
        (Who::Device(instance_id, id), Proof::Ticket(ticket)) => {
            shared.verify_device_ticket(client.source, instance_id, id, ticket).await
        }
        (Who::Connector(_), Proof::Device(_)) | (Who::Device(..), Proof::Instance(_)) => Err(AuthError::Wrong),
    }
}

fn refusal(shared: &Shared, error: AuthError) -> Reason {
    match error {
        AuthError::Wrong => Reason::BadCredentials,
        AuthError::Revoked => Reason::NotAuthorized,
        AuthError::SlowDown(_) => {
            shared.metrics.throttled.increment();
            Reason::ConnectionRate
        }
        AuthError::Busy => Reason::Busy,
        AuthError::Unavailable => Reason::Unavailable,
    }
}

/// Two clients with one set of credentials would close each other without end.
fn throttle_takeover(shared: &Shared, who: Who) -> Result<(), Reason> {
    let (taken, id) = match who {
        Who::Connector(id) => (shared.hub.connector_is_seated(id), *id.as_bytes()),
        Who::Device(instance_id, id) => (shared.hub.device_is_seated(instance_id, id), *id.as_bytes()),
    };
    if taken && shared.throttles.takeovers_per_id.take(id).is_err() {
        info!(?who, "refused a login: two clients take each other's place");
        shared.metrics.throttled.increment();
        return Err(Reason::ConnectionRate);
    }
    Ok(())
}

fn take_seat(shared: &Arc<Shared>, who: Who, peer_aliases: u16) -> Result<(Side, u16), Reason> {
    match who {
        Who::Connector(id) => {
            let most = CONNECTOR_TOPIC_ALIASES;
            let (instance, link) = shared.hub.join_connector(id, peer_aliases.min(most))?;
            let side = ConnectorSide::new(Arc::clone(shared), instance, link, TopicAliases::new(most));
            Ok((Side::Connector(side), most))
        }
        Who::Device(instance_id, id) => {
            let most = DEVICE_TOPIC_ALIASES;
            let (instance, link) = shared.hub.join_device(instance_id, id)?;
            let side = DeviceSide::new(Arc::clone(shared), instance, link, TopicAliases::new(most), peer_aliases);
            Ok((Side::Device(side), most))
        }
    }
}

async fn run<S>(shared: &Shared, socket: Socket<S>, seated: Seated, received: BytesMut)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let keep_alive_s = shared.config.limits.keep_alive_s;
    let grant = Grant { aliases: seated.aliases, keep_alive_s, ticket: seated.ticket.as_ref() };
    let connack = packet::connack(&grant);
    let keep_alive = Duration::from_secs(keep_alive_s.into());
    let (instance, device) = match &seated.side {
        Side::Device(side) => (side.instance.id, Some(side.link.id)),
        Side::Connector(side) => (side.instance.id, None),
    };
    debug!(%instance, ?device, "connected");
    let end = Connection::new(socket, seated.side, connack, received, keep_alive).run().await;
    if let End::Closed(reason) = end
        && reason.is_misbehaviour()
    {
        shared.metrics.misbehaved.increment();
        info!(%instance, ?device, ?reason, "closed a connection that broke the protocol");
    }
    debug!(%instance, ?device, ?end, "disconnected");
}
