//! The bus between the nodes: NATS core, which keeps nothing and promises nothing.
//!
//! 1. The relay puts commands into a queue without waiting. One task hands them to NATS in their order.
//! 2. Each subscription has a task that hands what arrives to the relay, which never waits either.
//! 3. A node says each second that it is there. What a silent node had told is forgotten, and so is everything
//!    when the bus is down: the peers hear that the other side left, in place of sending into nothing.
//! 4. When the bus is back, every node says again whom it serves.
//!
//! Nothing here is needed for safety: PostgreSQL is the truth, and each node asks it for revocations.

mod wire;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, Event, ServerAddr};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use latchgate_protocol::{DeviceId, InstanceId};
use percent_encoding::percent_decode_str;
use rand_core::Rng as _;
use thiserror::Error;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, info, warn};

pub(crate) use wire::{Kind, Message, NodeId, Subject};

use crate::config::Remote;
use crate::gateway::{Shared, rng};
use crate::limits::{BUS_CONNECT, BUS_FAREWELL, BUS_MESSAGES, NODE_SAYS, NODE_SILENT};
use crate::relay::link::DeviceLink;

/// The relay's end of the bus.
pub(crate) struct Bus {
    pub(crate) node: NodeId,
    commands: UnboundedSender<Command>,
    up: Arc<AtomicBool>,
    /// When each other node was heard; nothing where it fell silent.
    nodes: Mutex<HashMap<NodeId, Option<Instant>>>,
    /// One of them was heard again since it fell silent.
    returned: AtomicBool,
}

/// The other end: carries commands to NATS and what arrives to the relay.
pub(crate) struct Carrier {
    client: Client,
    commands: UnboundedReceiver<Command>,
}

enum Command {
    Subscribe(Subject),
    Unsubscribe(Subject),
    Publish(Subject, Bytes),
    /// With the connection whose share it counts against.
    Frame(Subject, Bytes, Arc<DeviceLink>),
    /// The connection to NATS is there again.
    Resume,
}

/// Why the bus cannot be used.
#[derive(Debug, Error)]
pub enum BusError {
    /// The URL cannot be used. Nothing of it is repeated: it holds a password.
    #[error(
        "the URL of the bus must be of the form tls://USER:PASSWORD@HOST:PORT, or nats:// on loopback; several have the same user"
    )]
    Url,
    /// The authorities for the server's certificate cannot be used.
    #[error("could not prepare TLS for the bus")]
    Tls(#[from] rustls::Error),
    /// The server does not accept the credentials.
    #[error("the bus refused the credentials")]
    Refused,
}

impl Bus {
    /// Connects. A server that is not there yet is waited for in the background.
    pub(crate) async fn connect(url: &str, remote: &Remote) -> Result<(Self, Carrier), BusError> {
        let servers = servers(url)?;
        let (sender, commands) = unbounded_channel();
        let up = Arc::new(AtomicBool::new(false));
        let options = || options(&servers, remote, &sender, &up);
        let client = match timeout(BUS_CONNECT, options()?.connect(&servers)).await {
            Ok(Ok(client)) => {
                up.store(true, Ordering::Release);
                client
            }
            Ok(Err(error)) if is_refusal(&error) => return Err(BusError::Refused),
            Ok(Err(_)) | Err(_) => {
                warn!("the bus is not reached; this node serves alone until it is");
                let waiting = options()?.retry_on_initial_connect().connect(&servers).await;
                waiting.map_err(|_| BusError::Refused)?
            }
        };
        let node = NodeId(rng().next_u64());
        let bus = Self { node, commands: sender, up, nodes: Mutex::default(), returned: AtomicBool::new(false) };
        Ok((bus, Carrier { client, commands }))
    }

    /// Hears what is sent to a subject.
    pub(crate) fn subscribe(&self, subject: Subject) {
        self.command(Command::Subscribe(subject));
    }

    pub(crate) fn unsubscribe(&self, subject: Subject) {
        self.command(Command::Unsubscribe(subject));
    }

    /// Says something to the other nodes.
    pub(crate) fn say(&self, subject: Subject, kind: Kind, body: &[u8]) {
        if self.is_up() {
            self.command(Command::Publish(subject, Message::encode(kind, self.node, body)));
        }
    }

    /// Sends a frame that `link` accounts for, and returns how much of it waits. Nothing when the bus is down.
    pub(crate) fn send(&self, subject: Subject, packet: BytesMut, link: &Arc<DeviceLink>) -> Option<usize> {
        if !self.is_up() {
            return None;
        }
        let message = Message::of_packet(packet, self.node);
        let waiting = link.gave_to_bus(message.len());
        self.command(Command::Frame(subject, message, Arc::clone(link)));
        Some(waiting)
    }

    fn is_up(&self) -> bool {
        self.up.load(Ordering::Acquire)
    }

    fn command(&self, command: Command) {
        // Fails only after the end of the carrier, when nobody is served any more.
        drop(self.commands.send(command));
    }

    /// Notes that a node was heard.
    fn heard(&self, node: NodeId) {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let before = nodes.insert(node, Some(Instant::now()));
        match before {
            None => info!(node = %format_args!("{:016x}", node.0), "another node is there"),
            Some(None) => {
                info!(node = %format_args!("{:016x}", node.0), "a node that was silent is there again");
                self.returned.store(true, Ordering::Release);
            }
            Some(Some(_)) => {}
        }
    }

    /// Tells whether nodes were heard again that had been silent: whom they serve was forgotten.
    fn take_returned(&self) -> bool {
        self.returned.swap(false, Ordering::AcqRel)
    }

    /// Returns the nodes that have become silent.
    fn take_silent(&self) -> Vec<NodeId> {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = nodes.iter_mut().filter(|(_, heard)| heard.is_some_and(|heard| heard.elapsed() > NODE_SILENT));
        silent
            .map(|(node, heard)| {
                *heard = None;
                *node
            })
            .collect()
    }

    /// Forgets a node that goes away.
    pub(crate) fn forget(&self, node: NodeId) {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).remove(&node);
    }
}

fn servers(url: &str) -> Result<Vec<ServerAddr>, BusError> {
    let servers: Result<Vec<ServerAddr>, _> = url.split(',').map(|one| one.trim().parse()).collect();
    let servers = servers.map_err(|_| BusError::Url)?;
    let is_loopback = |server: &ServerAddr| {
        server.host() == "localhost" || server.host().parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
    };
    let usable = |server: &ServerAddr| {
        let sealed = server.scheme() == "tls" || (server.scheme() == "nats" && is_loopback(server));
        sealed && credentials(server).is_some() && credentials(server) == servers.first().and_then(credentials)
    };
    if servers.iter().all(usable) { Ok(servers) } else { Err(BusError::Url) }
}

/// Returns user and password of a server's URL.
fn credentials(server: &ServerAddr) -> Option<(String, String)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    Some((decode(server.username()?)?, decode(server.password()?)?))
}

fn options(
    servers: &[ServerAddr],
    remote: &Remote,
    commands: &UnboundedSender<Command>,
    up: &Arc<AtomicBool>,
) -> Result<ConnectOptions, BusError> {
    let (commands, up) = (commands.clone(), Arc::clone(up));
    // The client ignores those in its addresses.
    let (user, password) = servers.first().and_then(credentials).ok_or(BusError::Url)?;
    let options = ConnectOptions::with_user_and_password(user, password)
        .name("latchgate-gateway")
        .subscription_capacity(BUS_MESSAGES)
        .connection_timeout(BUS_CONNECT)
        .ping_interval(NODE_SILENT)
        .event_callback(move |event| {
            handle_event(&event, &commands, &up);
            std::future::ready(())
        });
    let sealed = servers.iter().any(ServerAddr::tls_required);
    Ok(if sealed { options.require_tls(true).tls_client_config(remote.tls()?) } else { options })
}

fn handle_event(event: &Event, commands: &UnboundedSender<Command>, up: &AtomicBool) {
    match event {
        Event::Connected => {
            info!("the bus is there");
            up.store(true, Ordering::Release);
            drop(commands.send(Command::Resume));
        }
        Event::Disconnected | Event::Closed => {
            warn!("the bus is gone; this node serves alone");
            up.store(false, Ordering::Release);
        }
        Event::SlowConsumer(_) => warn!("the bus dropped messages; the sessions they belonged to end"),
        Event::LameDuckMode | Event::Draining => debug!(%event, "news of the bus"),
        Event::ServerError(_) | Event::ClientError(_) => warn!(%event, "the bus complains"),
    }
}

fn is_refusal(error: &ConnectError) -> bool {
    matches!(error.kind(), ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation)
}

impl Carrier {
    /// Carries until it is cancelled, and then what is still queued.
    pub(crate) async fn run(mut self, shared: Arc<Shared>, cancel: CancellationToken) {
        let Some(bus) = shared.hub.bus() else { return };
        let mut heard = HashMap::new();
        for subject in [Subject::Revoke, Subject::Drain, Subject::Alive] {
            self.subscribe(&shared, subject, &mut heard).await;
        }
        let mut ticks = interval(NODE_SAYS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = cancel.cancelled() => break,
                Some(command) = self.commands.recv() => self.carry(&shared, command, &mut heard).await,
                _ = ticks.tick() => {
                    bus.say(Subject::Alive, Kind::System, &[]);
                    for node in bus.take_silent() {
                        warn!(node = %format_args!("{:016x}", node.0), "a node is silent");
                        shared.hub.handle_node_gone(node);
                    }
                    // Once for all that return together, as when the server was away.
                    if bus.take_returned() {
                        shared.hub.find_again();
                    }
                }
            }
        }
        bus.say(Subject::Drain, Kind::System, &[]);
        let farewell = async {
            while let Ok(command) = self.commands.try_recv() {
                self.carry(&shared, command, &mut heard).await;
            }
            drop(self.client.flush().await);
        };
        drop(timeout(BUS_FAREWELL, farewell).await);
    }

    async fn carry(&self, shared: &Arc<Shared>, command: Command, heard: &mut Subscriptions) {
        match command {
            Command::Subscribe(subject) => self.subscribe(shared, subject, heard).await,
            Command::Unsubscribe(subject) => drop(heard.remove(&subject)),
            Command::Publish(subject, message) => self.publish(subject, message).await,
            Command::Frame(subject, message, link) => {
                let length = message.len();
                self.publish(subject, message).await;
                link.left_for_bus(length);
            }
            Command::Resume => shared.hub.say_everything(),
        }
    }

    async fn publish(&self, subject: Subject, message: Bytes) {
        if let Err(error) = self.client.publish(subject.to_string(), message).await {
            debug!(%error, "the bus took no message");
        }
    }

    async fn subscribe(&self, shared: &Arc<Shared>, subject: Subject, heard: &mut Subscriptions) {
        match self.client.subscribe(subject.to_string()).await {
            Ok(mut arriving) => {
                let shared = Arc::clone(shared);
                let listening = tokio::spawn(async move {
                    while let Some(arrived) = arriving.next().await {
                        handle_message(&shared, &arrived.subject, arrived.payload);
                    }
                });
                heard.insert(subject, AbortOnDropHandle::new(listening));
            }
            Err(error) => warn!(%error, "the bus took no subscription"),
        }
    }
}

/// The tasks that listen; one that is dropped stops.
type Subscriptions = HashMap<Subject, AbortOnDropHandle<()>>;

fn handle_message(shared: &Arc<Shared>, subject: &str, payload: Bytes) {
    let (Some(subject), Some(message), Some(bus)) =
        (Subject::parse(subject), Message::decode(payload), shared.hub.bus())
    else {
        debug!("a message of another version was dropped");
        return;
    };
    let own = message.node == bus.node;
    if !own {
        bus.heard(message.node);
    }
    match subject {
        Subject::Up(instance_id, device_id) if !own => shared.hub.handle_up(instance_id, device_id, &message),
        Subject::Down(instance_id, device_id) => shared.hub.handle_down(instance_id, device_id, &message, own),
        Subject::Instance(instance_id) if message.kind == Kind::Conflicts && !own => {
            if shared.hub.takes_control(instance_id) {
                let shared = Arc::clone(shared);
                tokio::spawn(async move { shared.announce_conflicts(instance_id).await });
            }
        }
        Subject::Instance(instance_id) => shared.hub.handle_instance(instance_id, &message, own),
        Subject::Revoke if !own => {
            if let Some((instance_id, device_id)) = read_ids(&message.body) {
                shared.hub.revoke(instance_id, device_id);
            }
        }
        Subject::Drain if !own => {
            bus.forget(message.node);
            shared.hub.handle_node_gone(message.node);
        }
        Subject::Up(..) | Subject::UpOfAll(_) | Subject::Revoke | Subject::Drain | Subject::Alive => {}
    }
}

fn read_ids(body: &[u8]) -> Option<(InstanceId, DeviceId)> {
    let (instance, device) = body.split_first_chunk()?;
    Some((InstanceId::from_bytes(*instance), DeviceId::from_bytes(device.try_into().ok()?)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What a node says on a bus without a server.
    pub(crate) struct Overheard(UnboundedReceiver<Command>);

    impl Bus {
        /// Makes a bus without a server.
        pub(crate) fn unconnected(node: NodeId) -> (Self, Overheard) {
            let (commands, said) = unbounded_channel();
            let up = Arc::new(AtomicBool::new(true));
            let bus = Self { node, commands, up, nodes: Mutex::default(), returned: AtomicBool::new(false) };
            (bus, Overheard(said))
        }
    }

    impl Overheard {
        /// Returns what was said since the last time.
        pub(crate) fn take(&mut self) -> Vec<(Subject, Message)> {
            let mut said = Vec::new();
            while let Ok(command) = self.0.try_recv() {
                match command {
                    Command::Publish(subject, message) | Command::Frame(subject, message, _) => {
                        said.push((subject, Message::decode(message).unwrap()));
                    }
                    Command::Subscribe(_) | Command::Unsubscribe(_) | Command::Resume => {}
                }
            }
            said
        }
    }

    #[test]
    fn a_node_that_was_silent_counts_as_heard_again_once() {
        let (bus, _said) = Bus::unconnected(NodeId(1));
        let other = NodeId(2);
        bus.heard(other);
        bus.heard(other);
        assert!(!bus.take_returned(), "it was not silent");
        let long_ago = Instant::now().checked_sub(NODE_SILENT * 2).expect("this machine has run for seconds");
        bus.nodes.lock().unwrap().insert(other, Some(long_ago));
        assert_eq!(bus.take_silent(), [other]);
        assert_eq!(bus.take_silent(), [], "it is silent once");
        bus.heard(other);
        bus.heard(other);
        assert!(bus.take_returned());
        assert!(!bus.take_returned());
    }

    #[test]
    fn ab_41_a_bus_without_credentials_or_in_the_clear_is_refused() {
        for good in ["nats://u:p@127.0.0.1:4222", "tls://u:p@bus.example", "tls://u:p@a, tls://u:p@b:1"] {
            assert!(servers(good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "nats://127.0.0.1",
            "nats://canary@127.0.0.1",
            "nats://u:canary@10.0.0.1",
            "nats://u:canary@bus.example",
            "ws://u:canary@127.0.0.1",
            "tls://u:p@a,nats://u:canary@b",
            "tls://u:p@a,tls://u:canary@b",
            "canary",
        ] {
            let Err(error) = servers(wrong) else { panic!("{wrong} was taken") };
            assert!(!format!("{error:?} {error}").contains("canary"));
        }
    }
}
