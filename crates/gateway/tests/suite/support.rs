//! A gateway on loopback, and small REST and MQTT clients without manners.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use latchgate_gateway::{Clock, Config, Gateway, Remote, Running};
use latchgate_protocol::problem::Problem;
use latchgate_protocol::publish::{self, Name, Next};
use latchgate_protocol::rest::{
    ClaimDevice, CreateDevice, DeviceClaimed, DeviceCreated, InstanceCreated, TICKET_PROPERTY,
};
use latchgate_protocol::topic::TopicFilter;
use latchgate_protocol::{ClaimId, DeviceId, DeviceSetupKey, InstanceId, Topic};
use mqtt_protocol_core::mqtt::packet::{Property, TopicAliasMaximum, v5_0};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::servers::PostgresServer;

/// Long enough for a loaded machine; a test that waits for it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// When the tests' clock starts.
pub(crate) const START: u64 = 1_800_000_000;

/// A running gateway with a folder and a clock of its own.
pub(crate) struct TestGatewayOn<B> {
    pub(crate) running: Running,
    pub(crate) folder: TempDir,
    pub(crate) clock: Clock,
    pub(crate) backend: B,
}

/// With a database of its own.
pub(crate) type TestGateway = TestGatewayOn<Sqlite>;

/// Which database a gateway remembers in.
pub(crate) trait Backend {
    fn start() -> Self;

    fn configure(&self, config: &mut Config);
}

/// The database in the gateway's own folder.
pub(crate) struct Sqlite;

impl Backend for Sqlite {
    fn start() -> Self {
        Self
    }

    fn configure(&self, _: &mut Config) {}
}

/// A PostgreSQL server.
impl Backend for PostgresServer {
    fn start() -> Self {
        Self::start()
    }

    fn configure(&self, config: &mut Config) {
        config.store.postgres = Some(Remote { url_file: Some(self.url_file()), ..Remote::default() });
    }
}

impl<B: Backend> Backend for Arc<B> {
    fn start() -> Self {
        Self::new(B::start())
    }

    fn configure(&self, config: &mut Config) {
        B::configure(self, config);
    }
}

impl<B: Backend> TestGatewayOn<B> {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        Self::start_on(B::start(), adjust).await
    }

    pub(crate) async fn start_on(backend: B, adjust: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(START);
        let mut config = Config::loopback(folder.path());
        config.clock = clock.clone();
        backend.configure(&mut config);
        adjust(&mut config);
        let running = Gateway::start(config).await.unwrap();
        Self { running, folder, clock, backend }
    }

    /// Stops, and starts again on the same folder.
    pub(crate) async fn restart(self) -> Self {
        let Self { running, folder, clock, backend } = self;
        running.shutdown().await;
        let mut config = Config::loopback(folder.path());
        config.clock = clock.clone();
        backend.configure(&mut config);
        let running = Gateway::start(config).await.unwrap();
        Self { running, folder, clock, backend }
    }
}

impl<B> TestGatewayOn<B> {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.running.addr()
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn call(&self, request: Request<Full<Bytes>>) -> Answer {
        call(self.addr(), request).await
    }

    /// Sends one request and returns the head of the answer.
    pub(crate) async fn call_head(&self, request: Request<Full<Bytes>>) -> http::Response<()> {
        let stream = TokioIo::new(TcpStream::connect(self.addr()).await.unwrap());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        tokio::spawn(connection.with_upgrades());
        let answered = timeout(PATIENCE, sender.send_request(request)).await.expect("no answer in time");
        answered.unwrap().map(drop)
    }

    pub(crate) async fn create_instance(&self) -> Account {
        let answer = self.call(request(Method::POST, "/v1/instances").empty()).await;
        let created: InstanceCreated = answer.body_as(StatusCode::CREATED);
        Account { id: created.instance_id, password: created.instance_password.reveal().to_string() }
    }

    pub(crate) async fn create_device(&self, instance: &Account) -> DeviceCreated {
        let key = hex::encode(DeviceId::make(&mut rng()).as_bytes());
        let answer = self.call(create_device(instance, &key, 600)).await;
        answer.body_as(StatusCode::CREATED)
    }

    pub(crate) async fn claim(&self, setup_key: &DeviceSetupKey, claim_id: &ClaimId) -> Answer {
        self.call(claim(setup_key, claim_id)).await
    }

    /// Creates and claims a device.
    pub(crate) async fn device(&self, instance: &Account) -> DeviceAccount {
        let created = self.create_device(instance).await;
        let claimed = self.claim(&created.device_setup_key, &ClaimId::make(&mut rng())).await;
        DeviceAccount::from(claimed.body_as::<DeviceClaimed>(StatusCode::OK))
    }

    /// Connects and subscribes a connector.
    pub(crate) async fn connector(&self, instance: &Account) -> Peer {
        let mut peer = self.connect(instance.id, &instance.id.to_string(), &instance.password).await;
        let filters = [
            TopicFilter::UpOfAll(instance.id),
            TopicFilter::PresenceOfAll(instance.id),
            TopicFilter::Exactly(Topic::Control(instance.id)),
        ];
        assert_eq!(peer.subscribe(&filters.map(|filter| filter.to_string())).await, [0, 0, 0]);
        peer
    }

    /// Connects a device and subscribes to its frames.
    pub(crate) async fn device_peer(&self, device: &DeviceAccount) -> Peer {
        let mut peer = self.connect(device.instance_id, &device.id.to_string(), &device.password).await;
        assert_eq!(peer.subscribe(&[device.down().to_string()]).await, [0]);
        peer
    }

    /// Connects; panics when the login is refused.
    pub(crate) async fn connect(&self, instance_id: InstanceId, user: &str, password: &str) -> Peer {
        let (peer, code) = self.try_connect(instance_id, user, password).await;
        assert_eq!(code, 0, "the login was refused with {code:#x}");
        peer
    }

    /// Connects and returns the code of CONNACK.
    pub(crate) async fn try_connect(&self, instance_id: InstanceId, user: &str, password: &str) -> (Peer, u8) {
        let mut peer = self.upgrade(instance_id).await;
        peer.send(connect_packet(user, password)).await;
        let code = peer.connack().await;
        (peer, code)
    }

    /// Opens a WebSocket and says nothing.
    pub(crate) async fn upgrade(&self, instance_id: InstanceId) -> Peer {
        let path = format!("/v1/mqtt/{instance_id}");
        Peer::new(self.try_upgrade(&path, |_| {}).await.unwrap())
    }

    pub(crate) async fn try_upgrade(
        &self,
        path: &str,
        adjust: impl FnOnce(&mut HeaderMap),
    ) -> Result<WebSocketStream<TcpStream>, tungstenite::Error> {
        let mut request = format!("ws://{}{path}", self.addr()).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "mqtt".parse().unwrap());
        adjust(request.headers_mut());
        let stream = TcpStream::connect(self.addr()).await.unwrap();
        client_async(request, stream).await.map(|(socket, _)| socket)
    }

    pub(crate) async fn metric(&self, name: &str) -> i64 {
        let answer = call(self.running.ops_addr().unwrap(), request(Method::GET, "/metrics").empty()).await;
        let text = answer.text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no metric {name}")).parse().unwrap()
    }
}

/// Serves health and metrics too.
pub(crate) fn with_ops(config: &mut Config) {
    config.ops_listen = Some("127.0.0.1:0".parse().unwrap());
}

/// An instance's credentials.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) id: InstanceId,
    pub(crate) password: String,
}

/// A device's credentials.
#[derive(Clone)]
pub(crate) struct DeviceAccount {
    pub(crate) instance_id: InstanceId,
    pub(crate) id: DeviceId,
    pub(crate) password: String,
}

impl From<DeviceClaimed> for DeviceAccount {
    fn from(claimed: DeviceClaimed) -> Self {
        let password = claimed.device_password.reveal().to_string();
        Self { instance_id: claimed.instance_id, id: claimed.device_id, password }
    }
}

impl DeviceAccount {
    pub(crate) fn up(&self) -> Topic {
        Topic::Up(self.instance_id, self.id)
    }

    pub(crate) fn down(&self) -> Topic {
        Topic::Down(self.instance_id, self.id)
    }

    pub(crate) fn presence(&self) -> Topic {
        Topic::DevicePresence(self.instance_id, self.id)
    }

    pub(crate) fn connector_presence(&self) -> Topic {
        Topic::ConnectorPresence(self.instance_id)
    }
}

/// Randomness for names.
pub(crate) fn rng() -> rand_core::UnwrapErr<getrandom::SysRng> {
    rand_core::UnwrapErr(getrandom::SysRng)
}

/// A request being written.
pub(crate) struct Draft(http::request::Builder);

pub(crate) fn request(method: Method, path: &str) -> Draft {
    Draft(Request::builder().method(method).uri(path).header("host", "gateway"))
}

impl Draft {
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    pub(crate) fn basic(self, user: &str, password: &str) -> Self {
        self.header("authorization", &format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
    }

    pub(crate) fn by(self, instance: &Account) -> Self {
        self.basic(&instance.id.to_string(), &instance.password)
    }

    pub(crate) fn empty(self) -> Request<Full<Bytes>> {
        self.0.body(Full::default()).unwrap()
    }

    pub(crate) fn json(self, body: &impl Serialize) -> Request<Full<Bytes>> {
        self.text(serde_json::to_string(body).unwrap())
    }

    pub(crate) fn text(self, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
        self.0.header("content-type", "application/json").body(Full::new(body.into())).unwrap()
    }
}

pub(crate) fn create_device(instance: &Account, key: &str, expires_in: u64) -> Request<Full<Bytes>> {
    let body = CreateDevice { expires_in };
    request(Method::POST, "/v1/devices").by(instance).header("idempotency-key", key).json(&body)
}

pub(crate) fn claim(setup_key: &DeviceSetupKey, claim_id: &ClaimId) -> Request<Full<Bytes>> {
    let body = ClaimDevice { device_setup_key: setup_key.clone(), claim_id: claim_id.clone() };
    request(Method::POST, "/v1/devices/claim").json(&body)
}

pub(crate) fn revoke(instance: &Account, device_id: DeviceId) -> Request<Full<Bytes>> {
    request(Method::DELETE, &format!("/v1/devices/{device_id}")).by(instance).empty()
}

/// An answer with its whole body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn body_as<T: DeserializeOwned>(&self, status: StatusCode) -> T {
        assert_eq!(self.status, status, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn problem(&self) -> Problem {
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem.status, self.status.as_u16());
        problem
    }
}

pub(crate) async fn call(address: SocketAddr, request: Request<Full<Bytes>>) -> Answer {
    let answered = async {
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let response = sender.send_request(request).await.unwrap();
        let (head, body) = response.into_parts();
        Answer { status: head.status, headers: head.headers, body: body.collect().await.unwrap().to_bytes() }
    };
    timeout(PATIENCE, answered).await.expect("no answer in time")
}

/// An MQTT client that says what it is told to say.
pub(crate) struct Peer {
    pub(crate) socket: WebSocketStream<TcpStream>,
    received: BytesMut,
    aliases: Vec<String>,
    /// From the last CONNACK.
    pub(crate) properties: Vec<Property>,
}

impl Peer {
    pub(crate) fn new(socket: WebSocketStream<TcpStream>) -> Self {
        Self { socket, received: BytesMut::new(), aliases: vec![String::new(); 17], properties: Vec::new() }
    }

    pub(crate) async fn send(&mut self, packet: impl Into<Bytes>) {
        self.socket.send(Message::Binary(packet.into())).await.unwrap();
    }

    /// Sends, and does not mind when the gateway has closed.
    pub(crate) async fn try_send(&mut self, packet: impl Into<Bytes>) -> bool {
        self.socket.send(Message::Binary(packet.into())).await.is_ok()
    }

    pub(crate) async fn publish(&mut self, topic: &str, payload: &[u8]) {
        self.send(publish_packet(Name::Topic(topic), payload)).await;
    }

    /// Returns the next packet, or nothing when the gateway closed.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        timeout(PATIENCE, self.next_packet()).await.expect("no packet in time")
    }

    async fn next_packet(&mut self) -> Option<Bytes> {
        loop {
            match publish::next_packet(&self.received, usize::MAX) {
                Next::Packet(length) => return Some(self.received.split_to(length).freeze()),
                Next::TooLong => panic!("a packet without an end"),
                Next::Incomplete => {}
            }
            match self.socket.next().await?.ok()? {
                Message::Binary(bytes) => self.received.extend_from_slice(&bytes),
                Message::Close(_) => return None,
                Message::Text(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Returns the code of the CONNACK that must come next.
    pub(crate) async fn connack(&mut self) -> u8 {
        let packet = self.next().await.expect("closed in place of CONNACK");
        assert_eq!(packet[0], 0x20, "{packet:?}");
        let (connack, _) = v5_0::Connack::parse(body_of(&packet)).unwrap();
        self.properties = connack.props().to_vec();
        connack.reason_code() as u8
    }

    pub(crate) fn ticket(&self) -> Option<String> {
        self.properties.iter().find_map(|property| {
            let Property::UserProperty(pair) = property else { return None };
            (pair.key() == TICKET_PROPERTY).then(|| pair.val().to_owned())
        })
    }

    /// Subscribes and returns the codes of the SUBACK that must come next.
    pub(crate) async fn subscribe(&mut self, filters: &[String]) -> Vec<u8> {
        self.send(subscribe_packet(filters)).await;
        let packet = self.next().await.expect("closed in place of SUBACK");
        assert_eq!(packet[0], 0x90, "{packet:?}");
        let (suback, _) = v5_0::Suback::parse(body_of(&packet)).unwrap();
        suback.reason_codes().iter().map(|code| *code as u8).collect()
    }

    /// Returns topic and payload of the PUBLISH that must come next.
    pub(crate) async fn publication(&mut self) -> (String, Vec<u8>) {
        let packet = self.next().await.expect("closed in place of PUBLISH");
        self.read_publish(&packet)
    }

    pub(crate) fn read_publish(&mut self, packet: &Bytes) -> (String, Vec<u8>) {
        let publication = publish::decode(packet).unwrap_or_else(|error| panic!("{error}: {packet:?}"));
        let topic = match publication.alias {
            Some(alias) if publication.topic.is_empty() => self.aliases[usize::from(alias)].clone(),
            Some(alias) => {
                self.aliases[usize::from(alias)] = publication.topic.to_owned();
                publication.topic.to_owned()
            }
            None => publication.topic.to_owned(),
        };
        (topic, publication.payload.to_vec())
    }

    /// Skips publications up to DISCONNECT and returns its code; nothing when the gateway just closed.
    pub(crate) async fn disconnected(&mut self) -> Option<u8> {
        loop {
            let packet = self.next().await?;
            if packet[0] >> 4 == 14 {
                return Some(packet[2]);
            }
        }
    }

    /// Makes sure that the gateway has handled everything sent so far.
    pub(crate) async fn ping(&mut self) {
        self.send(vec![0xc0, 0]).await;
        assert_eq!(self.next().await.as_deref(), Some(&[0xd0, 0][..]));
    }
}

pub(crate) fn publish_packet(name: Name<'_>, payload: &[u8]) -> Bytes {
    let (topic, alias) = match name {
        Name::Topic(topic) => (topic, None),
        Name::Bind(topic, alias) => (topic, Some(alias)),
        Name::Alias(alias) => ("", Some(alias)),
    };
    let mut body = (topic.len() as u16).to_be_bytes().to_vec();
    body.extend_from_slice(topic.as_bytes());
    match alias {
        Some(alias) => body.extend_from_slice(&[3, 0x23, (alias >> 8) as u8, alias as u8]),
        None => body.push(0),
    }
    body.extend_from_slice(payload);
    packet(0x30, &body).into()
}

/// Puts a fixed header in front of a body, whatever either says.
pub(crate) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut length = body.len();
    while length >= 0x80 {
        packet.push(length as u8 | 0x80);
        length >>= 7;
    }
    packet.push(length as u8);
    packet.extend_from_slice(body);
    packet
}

pub(crate) fn connect_packet(user: &str, password: &str) -> Vec<u8> {
    connect_as(user, user, password)
}

pub(crate) fn connect_as(client_id: &str, user: &str, password: &str) -> Vec<u8> {
    v5_0::Connect::builder()
        .client_id(client_id)
        .unwrap()
        .user_name(user)
        .unwrap()
        .password(password.as_bytes().to_vec())
        .unwrap()
        .clean_start(true)
        .props(vec![Property::TopicAliasMaximum(TopicAliasMaximum::new(16).unwrap())])
        .build()
        .unwrap()
        .to_continuous_buffer()
}

/// Written by hand, because the library refuses some of the filters that are tried.
pub(crate) fn subscribe_packet(filters: &[String]) -> Vec<u8> {
    let mut body = vec![0, 7, 0];
    for filter in filters {
        body.extend_from_slice(&(filter.len() as u16).to_be_bytes());
        body.extend_from_slice(filter.as_bytes());
        body.push(0);
    }
    packet(0x82, &body)
}

/// Skips the fixed header.
pub(crate) fn body_of(packet: &[u8]) -> &[u8] {
    let length = packet[1..].iter().position(|byte| byte & 0x80 == 0).unwrap();
    &packet[length + 2..]
}
