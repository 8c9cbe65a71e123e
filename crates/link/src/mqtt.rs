//! One MQTT 5 connection over WebSocket.
//!
//! 1. Dial, upgrade to WebSocket with the subprotocol `mqtt`, CONNECT, SUBSCRIBE.
//! 2. A reader task hands each publication to its [`Deliver`]; a writer task sends what is queued, all that
//!    is there in one flush, and pings.
//! 3. The connection ends when the gateway ends it, when nothing is heard for one and a half keep-alives, or
//!    when its handle is dropped.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use latchgate_protocol::limits::{KEEP_ALIVE, MAX_PACKET};
use latchgate_protocol::publish::{self, Name, Next};
use latchgate_protocol::rest::{MQTT_PATH, MQTT_SUBPROTOCOL, TICKET_PROPERTY};
use latchgate_protocol::topic::TopicFilter;
use latchgate_protocol::{InstanceId, ResumeTicket, Topic};
use mqtt_protocol_core::mqtt::packet::{MaximumPacketSize, Property, SubEntry, SubOpts, TopicAliasMaximum, v5_0};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::debug;
use zeroize::Zeroizing;

use crate::dial::{DialError, Dialer, Transport};
use crate::error::{LinkError, Refusal};
use crate::limits::{DIAL_TIMEOUT, HANDSHAKE_TIMEOUT, SEND_QUEUE};

type Socket = WebSocketStream<Transport>;

/// Receives what the gateway publishes. Called from the reader task; must not block.
pub(crate) trait Deliver: Send + Sync + 'static {
    /// A publication arrived.
    fn deliver(&self, topic: Topic, payload: BytesMut);
    /// The connection ended; nothing follows.
    fn lost(&self);
}

/// Who connects, and what for.
pub(crate) struct Login {
    pub(crate) instance_id: InstanceId,
    pub(crate) user: String,
    pub(crate) password: Zeroizing<String>,
    pub(crate) filters: Vec<TopicFilter>,
    pub(crate) topic_aliases: u16,
}

/// A live connection. It closes when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) outgoing: mpsc::Sender<Bytes>,
    /// Topic aliases that the gateway accepts from this side.
    pub(crate) peer_aliases: u16,
    pub(crate) ticket: Option<ResumeTicket>,
    ended: watch::Receiver<Option<Refusal>>,
    cancel: CancellationToken,
    _guard: Arc<DropGuard>,
}

impl Connection {
    /// Connects, logs in and subscribes.
    pub(crate) async fn open(dialer: &Dialer, login: Login, deliver: Arc<impl Deliver>) -> Result<Self, LinkError> {
        let mut socket = upgrade(dialer, login.instance_id).await?;
        let welcome = timeout(HANDSHAKE_TIMEOUT, log_in(&mut socket, &login))
            .await
            .map_err(|_| LinkError::Timeout("logging in to the gateway"))??;
        let (outgoing, queued) = mpsc::channel(SEND_QUEUE);
        let (end, ended) = watch::channel(None);
        let cancel = CancellationToken::new();
        let (sink, stream) = socket.split();
        let reader =
            Reader { stream, aliases: vec![None; usize::from(login.topic_aliases)], pending: welcome.rest, deliver };
        tokio::spawn(run(reader, Writer { sink, queued }, end, cancel.clone()));
        Ok(Self {
            outgoing,
            peer_aliases: welcome.peer_aliases,
            ticket: welcome.ticket,
            ended,
            _guard: Arc::new(cancel.clone().drop_guard()),
            cancel,
        })
    }

    /// Waits until the connection has ended and says why.
    pub(crate) async fn ended(&self) -> Refusal {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(reason) => reason.unwrap_or(Refusal::Closed),
            Err(_) => Refusal::Closed,
        }
    }

    /// Closes the connection, whoever else holds it.
    pub(crate) fn close(&self) {
        self.cancel.cancel();
    }

    /// Publishes one payload under its full topic.
    pub(crate) async fn publish(&self, topic: Topic, payload: &[u8]) -> Result<(), LinkError> {
        let mut packet = BytesMut::new();
        publish::begin(&mut packet, payload.len());
        packet.extend_from_slice(payload);
        publish::finish(&mut packet, Name::Topic(&topic.to_string()));
        self.outgoing.send(packet.freeze()).await.map_err(|_| LinkError::Lost(Refusal::Closed))
    }
}

async fn upgrade(dialer: &Dialer, instance_id: InstanceId) -> Result<Socket, LinkError> {
    let transport = dialer.dial().await?;
    let request = upgrade_request(dialer, instance_id).map_err(|error| DialError::NotSpoken(Box::new(error)))?;
    let config = WebSocketConfig::default().max_message_size(Some(1 << 20)).max_frame_size(Some(1 << 20));
    let (socket, response) = timeout(DIAL_TIMEOUT, client_async_with_config(request, transport, Some(config)))
        .await
        .map_err(|_| DialError::Timeout)?
        .map_err(not_a_gateway)?;
    let subprotocol = response.headers().get(http::header::SEC_WEBSOCKET_PROTOCOL);
    if subprotocol.is_none_or(|value| value != MQTT_SUBPROTOCOL) {
        return Err(DialError::NotAGateway(response.status().as_u16()).into());
    }
    Ok(socket)
}

fn upgrade_request(dialer: &Dialer, instance_id: InstanceId) -> Result<Request, tungstenite::Error> {
    let mut url = dialer.gateway().join(&format!("{MQTT_PATH}{instance_id}"));
    let scheme = if dialer.gateway().is_tls() { "wss" } else { "ws" };
    url.set_scheme(scheme).map_err(|()| tungstenite::Error::Url(tungstenite::error::UrlError::UnsupportedUrlScheme))?;
    let mut request = url.as_str().into_client_request()?;
    let subprotocol = http::HeaderValue::from_static(MQTT_SUBPROTOCOL);
    request.headers_mut().insert(http::header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
    Ok(request)
}

fn not_a_gateway(error: tungstenite::Error) -> LinkError {
    if let tungstenite::Error::Http(response) = &error {
        return match response.status().as_u16() {
            429 | 503 => LinkError::Refused(Refusal::Busy),
            status => DialError::NotAGateway(status).into(),
        };
    }
    DialError::NotSpoken(Box::new(error)).into()
}

struct Welcome {
    peer_aliases: u16,
    ticket: Option<ResumeTicket>,
    /// What arrived behind SUBACK.
    rest: BytesMut,
}

/// CONNECT and SUBSCRIBE, each with its answer.
async fn log_in(socket: &mut Socket, login: &Login) -> Result<Welcome, LinkError> {
    send(socket, connect_packet(login)?).await?;
    let mut received = BytesMut::new();
    let connack = next_packet(socket, &mut received).await?;
    let (mut welcome, reason) = read_connack(&connack)?;
    if reason != 0 {
        return Err(LinkError::Refused(Refusal::from_reason_code(reason)));
    }
    send(socket, subscribe_packet(&login.filters)?).await?;
    loop {
        let packet = next_packet(socket, &mut received).await?;
        match packet.first().map(|first| first >> 4) {
            Some(SUBACK) if suback_is_granted(&packet)? => break,
            Some(SUBACK) => return Err(LinkError::Refused(Refusal::NotAuthorized)),
            Some(PUBLISH) => welcome.rest.extend_from_slice(&packet),
            Some(DISCONNECT) => return Err(LinkError::Refused(disconnect_reason(&packet))),
            _ => return Err(LinkError::Misbehaved("another packet in place of SUBACK")),
        }
    }
    welcome.rest.extend_from_slice(&received);
    Ok(welcome)
}

fn connect_packet(login: &Login) -> Result<Vec<u8>, LinkError> {
    let unfit = |_| LinkError::Misbehaved("credentials that do not fit a CONNECT packet");
    let properties = vec![
        Property::TopicAliasMaximum(TopicAliasMaximum::new(login.topic_aliases).map_err(unfit)?),
        Property::MaximumPacketSize(MaximumPacketSize::new(MAX_PACKET as u32).map_err(unfit)?),
    ];
    let packet = v5_0::Connect::builder()
        .client_id(&login.user)
        .and_then(|builder| builder.user_name(&login.user))
        .and_then(|builder| builder.password(login.password.as_str()))
        .map(|builder| builder.clean_start(true).keep_alive(KEEP_ALIVE.as_secs() as u16).props(properties))
        .and_then(|builder| builder.build())
        .map_err(unfit)?;
    Ok(packet.to_continuous_buffer())
}

fn subscribe_packet(filters: &[TopicFilter]) -> Result<Vec<u8>, LinkError> {
    let unfit = |_| LinkError::Misbehaved("a filter that does not fit a SUBSCRIBE packet");
    let entries = filters
        .iter()
        .map(|filter| SubEntry::new(filter.to_string(), SubOpts::new()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unfit)?;
    let packet = v5_0::Subscribe::builder().packet_id(1).entries(entries).build().map_err(unfit)?;
    Ok(packet.to_continuous_buffer())
}

fn read_connack(packet: &[u8]) -> Result<(Welcome, u8), LinkError> {
    let misbehaved = LinkError::Misbehaved("another packet in place of CONNACK");
    if packet.first().map(|first| first >> 4) != Some(CONNACK) {
        return Err(misbehaved);
    }
    let Ok((connack, _)) = v5_0::Connack::parse(body_of(packet)) else { return Err(misbehaved) };
    let mut welcome = Welcome { peer_aliases: 0, ticket: None, rest: BytesMut::new() };
    for property in connack.props().iter() {
        if let Property::TopicAliasMaximum(maximum) = property {
            welcome.peer_aliases = maximum.val();
        }
        if let Property::UserProperty(pair) = property
            && pair.key() == TICKET_PROPERTY
        {
            welcome.ticket = ResumeTicket::from_text(pair.val()).ok();
        }
    }
    Ok((welcome, connack.reason_code() as u8))
}

fn suback_is_granted(packet: &[u8]) -> Result<bool, LinkError> {
    let (suback, _) = v5_0::Suback::parse(body_of(packet)).map_err(|_| LinkError::Misbehaved("a malformed SUBACK"))?;
    Ok(suback.reason_codes().iter().all(|code| (*code as u8) < 0x80))
}

fn disconnect_reason(packet: &[u8]) -> Refusal {
    body_of(packet).first().map_or(Refusal::Closed, |code| Refusal::from_reason_code(*code))
}

/// Skips the fixed header of a whole packet.
fn body_of(packet: &[u8]) -> &[u8] {
    let length = packet.iter().skip(1).position(|byte| byte & 0x80 == 0).map_or(packet.len(), |last| last + 2);
    packet.get(length..).unwrap_or_default()
}

async fn send(socket: &mut Socket, packet: Vec<u8>) -> Result<(), LinkError> {
    socket.send(Message::Binary(packet.into())).await.map_err(|_| LinkError::Lost(Refusal::Closed))
}

async fn next_packet(socket: &mut Socket, received: &mut BytesMut) -> Result<BytesMut, LinkError> {
    loop {
        match publish::next_packet(received, MAX_PACKET) {
            Next::Packet(length) => return Ok(received.split_to(length)),
            Next::TooLong => return Err(LinkError::Misbehaved("a packet that is too long")),
            Next::Incomplete => {}
        }
        match socket.next().await {
            Some(Ok(Message::Binary(bytes))) => received.extend_from_slice(&bytes),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(_)) => return Err(LinkError::Misbehaved("a WebSocket message that is not binary")),
            Some(Err(_)) | None => return Err(LinkError::Lost(Refusal::Closed)),
        }
    }
}

/// Runs both halves until one of them ends.
async fn run<D: Deliver>(
    mut reader: Reader<D>,
    writer: Writer,
    end: watch::Sender<Option<Refusal>>,
    cancel: CancellationToken,
) {
    let said = Arc::new(OnceLock::new());
    let writing = tokio::spawn(writer.run(cancel.clone()));
    let reason = tokio::select! {
        reason = reader.run() => reason,
        () = cancel.cancelled() => Refusal::Closed,
    };
    let reason = *said.get_or_init(|| reason);
    cancel.cancel();
    reader.deliver.lost();
    end.send_replace(Some(reason));
    debug!(%reason, "the connection to the gateway ended");
    drop(writing.await);
}

struct Reader<D> {
    stream: SplitStream<Socket>,
    aliases: Vec<Option<Topic>>,
    pending: BytesMut,
    deliver: Arc<D>,
}

impl<D: Deliver> Reader<D> {
    async fn run(&mut self) -> Refusal {
        let silence = KEEP_ALIVE.mul_f32(1.5);
        loop {
            if let Err(reason) = self.take_packets() {
                return reason;
            }
            match timeout(silence, self.stream.next()).await {
                Ok(Some(Ok(Message::Binary(bytes)))) => self.receive(bytes),
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                Ok(Some(Ok(_) | Err(_)) | None) => return Refusal::Closed,
                Err(_) => return Refusal::Silent,
            }
        }
    }

    fn receive(&mut self, bytes: Bytes) {
        if self.pending.is_empty() {
            self.pending = bytes.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        } else {
            self.pending.extend_from_slice(&bytes);
        }
    }

    fn take_packets(&mut self) -> Result<(), Refusal> {
        loop {
            match publish::next_packet(&self.pending, MAX_PACKET) {
                Next::Packet(length) => {
                    let packet = self.pending.split_to(length);
                    self.handle_packet(packet)?;
                }
                Next::Incomplete => return Ok(()),
                Next::TooLong => return Err(MALFORMED),
            }
        }
    }

    fn handle_packet(&mut self, packet: BytesMut) -> Result<(), Refusal> {
        match packet.first().map(|first| first >> 4) {
            Some(PUBLISH) => self.handle_publish(packet),
            Some(PINGRESP) => Ok(()),
            Some(DISCONNECT) => Err(disconnect_reason(&packet)),
            _ => Err(MALFORMED),
        }
    }

    fn handle_publish(&mut self, mut packet: BytesMut) -> Result<(), Refusal> {
        let publication = publish::decode(&packet).map_err(|_| MALFORMED)?;
        let slot = match publication.alias {
            Some(alias) => Some(self.aliases.get_mut(usize::from(alias) - 1).ok_or(MALFORMED)?),
            None => None,
        };
        let topic = match (publication.topic, slot) {
            ("", Some(slot)) => slot.ok_or(MALFORMED)?,
            (text, slot) => {
                let topic = text.parse().map_err(|_| MALFORMED)?;
                if let Some(slot) = slot {
                    *slot = Some(topic);
                }
                topic
            }
        };
        let start = packet.len() - publication.payload.len();
        packet.advance(start);
        self.deliver.deliver(topic, packet);
        Ok(())
    }
}

struct Writer {
    sink: SplitSink<Socket, Message>,
    queued: mpsc::Receiver<Bytes>,
}

impl Writer {
    async fn run(mut self, cancel: CancellationToken) {
        let served = tokio::select! {
            served = self.serve() => served,
            () = cancel.cancelled() => Ok(()),
        };
        if served.is_ok() {
            drop(timeout(Duration::from_secs(1), self.say_goodbye()).await);
        }
        cancel.cancel();
    }

    async fn serve(&mut self) -> Result<(), tungstenite::Error> {
        let mut ping = interval_at(Instant::now() + KEEP_ALIVE / 2, KEEP_ALIVE / 2);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(SEND_QUEUE);
        loop {
            tokio::select! {
                count = self.queued.recv_many(&mut batch, SEND_QUEUE) => {
                    if count == 0 {
                        return Ok(());
                    }
                    for packet in batch.drain(..) {
                        self.sink.feed(Message::Binary(packet)).await?;
                    }
                }
                _ = ping.tick() => self.sink.feed(Message::Binary(Bytes::from_static(&[PINGREQ << 4, 0]))).await?,
            }
            self.sink.flush().await?;
        }
    }

    async fn say_goodbye(&mut self) -> Result<(), tungstenite::Error> {
        while let Ok(packet) = self.queued.try_recv() {
            self.sink.feed(Message::Binary(packet)).await?;
        }
        self.sink.send(Message::Binary(Bytes::from_static(&[DISCONNECT << 4, 0]))).await?;
        self.sink.close().await
    }
}

/// Packet types (MQTT 5, section 2.1.2).
const CONNACK: u8 = 2;
const PUBLISH: u8 = 3;
const SUBACK: u8 = 9;
const PINGREQ: u8 = 12;
const PINGRESP: u8 = 13;
const DISCONNECT: u8 = 14;

/// Reason code 0x81.
const MALFORMED: Refusal = Refusal::Other(0x81);
