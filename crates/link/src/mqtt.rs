//! One MQTT 5 connection over WebSocket.
//!
//! 1. Dial, upgrade to WebSocket with the subprotocol `mqtt`, CONNECT, SUBSCRIBE.
//! 2. A reader task hands each publication to its [`Deliver`]; a writer task sends what is queued, all that
//!    is there in one flush, and pings.
//! 3. The connection ends when the gateway ends it, when nothing is heard for one and a half keep-alives, or
//!    when its handle is dropped.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use latchgate_protocol::limits::{KEEP_ALIVE, MAX_PACKET};
use latchgate_protocol::publish::{self, Name, Next};
use latchgate_protocol::rest::{MQTT_PATH, MQTT_SUBPROTOCOL, TICKET_PROPERTY};
use latchgate_protocol::topic::TopicFilter;
use latchgate_protocol::websocket::{Kind, frame};
use latchgate_protocol::{InstanceId, ResumeTicket, Topic};
use mqtt_protocol_core::mqtt::packet::{MaximumPacketSize, Property, SubEntry, SubOpts, TopicAliasMaximum, v5_0};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::debug;
use zeroize::Zeroizing;

use crate::dial::{DialError, Dialer};
use crate::error::{LinkError, Refusal};
use crate::limits::{DIAL_TIMEOUT, HANDSHAKE_TIMEOUT, SEND_QUEUE};
use crate::socket::{FrameReader, FrameWriter, MaskKeys, Message, ReadError};

/// A WebSocket after its upgrade.
struct Socket {
    reader: FrameReader,
    writer: FrameWriter,
    keys: MaskKeys,
}

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
    /// Takes finished frames, masked.
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
        let Socket { reader, writer, keys } = socket;
        let reader = Reader {
            frames: reader,
            aliases: vec![None; usize::from(login.topic_aliases)],
            pending: welcome.rest,
            deliver,
            outgoing: outgoing.downgrade(),
            keys: MaskKeys::new(),
        };
        tokio::spawn(run(reader, Writer { frames: writer, queued, keys }, end, cancel.clone()));
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
        self.outgoing.send(publication(topic, payload)).await.map_err(|_| LinkError::Lost(Refusal::Closed))
    }

    /// Publishes one payload where the queue has room for it.
    pub(crate) fn try_publish(&self, topic: Topic, payload: &[u8]) {
        drop(self.outgoing.try_send(publication(topic, payload)));
    }
}

fn publication(topic: Topic, payload: &[u8]) -> Bytes {
    let mut packet = BytesMut::new();
    publish::begin(&mut packet, payload.len());
    packet.extend_from_slice(payload);
    publish::finish_frame(&mut packet, Name::Topic(&topic.to_string()), Some(MaskKeys::new().make()));
    packet.freeze()
}

async fn upgrade(dialer: &Dialer, instance_id: InstanceId) -> Result<Socket, LinkError> {
    let transport = dialer.dial().await?;
    let request = upgrade_request(dialer, instance_id).map_err(|error| DialError::NotSpoken(Box::new(error)))?;
    let (socket, response) = timeout(DIAL_TIMEOUT, client_async(request, transport))
        .await
        .map_err(|_| DialError::Timeout)?
        .map_err(not_a_gateway)?;
    let subprotocol = response.headers().get(http::header::SEC_WEBSOCKET_PROTOCOL);
    if subprotocol.is_none_or(|value| value != MQTT_SUBPROTOCOL) {
        return Err(DialError::NotAGateway(response.status().as_u16()).into());
    }
    // The gateway says nothing before CONNECT, so that the library holds no bytes.
    let (reader, writer) = tokio::io::split(socket.into_inner());
    Ok(Socket { reader: FrameReader::new(reader), writer: FrameWriter::new(writer), keys: MaskKeys::new() })
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
    let key = socket.keys.make();
    socket.writer.queue([frame(Kind::Data, &packet, Some(key))]);
    socket.writer.flush().await.map_err(|_| LinkError::Lost(Refusal::Closed))
}

async fn next_packet(socket: &mut Socket, received: &mut BytesMut) -> Result<BytesMut, LinkError> {
    loop {
        match publish::next_packet(received, MAX_PACKET) {
            Next::Packet(length) => return Ok(received.split_to(length)),
            Next::TooLong => return Err(LinkError::Misbehaved("a packet that is too long")),
            Next::Incomplete => {}
        }
        match socket.reader.next().await {
            Ok(Message::Data(bytes)) => received.extend_from_slice(&bytes),
            Ok(Message::Ping(_) | Message::Pong) => {}
            Err(ReadError::Frame(_)) => return Err(LinkError::Misbehaved("a wrong WebSocket frame")),
            Err(ReadError::Ended) => return Err(LinkError::Lost(Refusal::Closed)),
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
    frames: FrameReader,
    aliases: Vec<Option<Topic>>,
    pending: BytesMut,
    deliver: Arc<D>,
    /// For the answers to pings.
    outgoing: mpsc::WeakSender<Bytes>,
    keys: MaskKeys,
}

impl<D: Deliver> Reader<D> {
    async fn run(&mut self) -> Refusal {
        let silence = KEEP_ALIVE.mul_f32(1.5);
        let mut heard = Instant::now();
        let mut alarm = std::pin::pin!(sleep_until(heard + silence));
        if let Err(reason) = self.take_packets() {
            return reason;
        }
        loop {
            let message = tokio::select! {
                biased;
                message = self.frames.next() => message,
                () = &mut alarm => {
                    if heard.elapsed() >= silence {
                        return Refusal::Silent;
                    }
                    alarm.as_mut().reset(heard + silence);
                    continue;
                }
            };
            heard = Instant::now();
            if let Err(reason) = self.handle_message(message) {
                return reason;
            }
        }
    }

    fn handle_message(&mut self, message: Result<Message, ReadError>) -> Result<(), Refusal> {
        match message {
            Ok(Message::Data(bytes)) => {
                self.receive(bytes);
                self.take_packets()
            }
            Ok(Message::Ping(payload)) => {
                self.answer(&payload);
                Ok(())
            }
            Ok(Message::Pong) => Ok(()),
            Err(ReadError::Ended) => Err(Refusal::Closed),
            Err(ReadError::Frame(error)) => {
                debug!(%error, "the gateway sent a wrong frame");
                Err(MALFORMED)
            }
        }
    }

    /// Answers a ping, unless so much waits that the peer hears of this side anyhow.
    fn answer(&mut self, payload: &[u8]) {
        let answer = frame(Kind::Pong, payload, Some(self.keys.make()));
        if let Some(outgoing) = self.outgoing.upgrade() {
            drop(outgoing.try_send(answer));
        }
    }

    fn receive(&mut self, bytes: BytesMut) {
        if self.pending.is_empty() {
            self.pending = bytes;
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
    frames: FrameWriter,
    queued: mpsc::Receiver<Bytes>,
    keys: MaskKeys,
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

    async fn serve(&mut self) -> io::Result<()> {
        let mut ping = interval_at(Instant::now() + KEEP_ALIVE / 2, KEEP_ALIVE / 2);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(SEND_QUEUE);
        loop {
            tokio::select! {
                count = self.queued.recv_many(&mut batch, SEND_QUEUE) => {
                    if count == 0 {
                        return Ok(());
                    }
                    self.frames.queue(batch.drain(..));
                }
                _ = ping.tick() => self.say(&[PINGREQ << 4, 0]),
            }
            self.frames.flush().await?;
        }
    }

    async fn say_goodbye(&mut self) -> io::Result<()> {
        while let Ok(packet) = self.queued.try_recv() {
            self.frames.queue([packet]);
        }
        self.say(&[DISCONNECT << 4, 0]);
        let key = self.keys.make();
        self.frames.close(key).await
    }

    fn say(&mut self, packet: &[u8]) {
        self.frames.queue([frame(Kind::Data, packet, Some(self.keys.make()))]);
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
