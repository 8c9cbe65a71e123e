//! What a device and a connector may do differ; each has a type of its own.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use latchgate_protocol::limits::MAX_FRAME;
use latchgate_protocol::publish::{self, Name, Publish};
use latchgate_protocol::topic::{ABSENT, PRESENT, TopicFilter};
use latchgate_protocol::{DeviceId, Topic};

use super::inbound::TopicAliases;
use super::instance::{Instance, Sent};
use super::link::{ConnectorLink, DeviceLink, Peer};
use super::reason::Reason;
use super::rounds::publication;

use crate::config::Rate;
use crate::gateway::Shared;
use crate::limits::WRITE_BATCH;
use crate::throttle::{Bucket, Pace};

/// Publications to other instances that a connector may send before it is closed: none is honest.
const FOREIGN: Rate = Rate { burst: 10, per_second: 0.1 };

/// Publications to devices that are not there. An honest connector sends at most what is under way when a
/// device leaves: a window of small records, for some devices at once.
const UNDELIVERABLE: Rate = Rate { burst: 10_000, per_second: 500.0 };

/// The answer to a subscription.
pub(crate) type Granted = Result<(), Reason>;

/// One end of the relay.
pub(crate) enum Side {
    Device(DeviceSide),
    Connector(ConnectorSide),
}

/// A device: publishes `u`, hears `d` and `c`.
pub(crate) struct DeviceSide {
    shared: Arc<Shared>,
    pub(crate) instance: Arc<Instance>,
    pub(crate) link: Arc<DeviceLink>,
    aliases: TopicAliases,
    /// What it may send, where that is limited.
    pace: Option<Pace>,
    down: DownName,
    taken: Vec<BytesMut>,
}

/// How the frames for a device are named.
enum DownName {
    /// The device accepts no alias.
    Topic(String),
    /// The next frame binds the alias.
    Bind(String),
    Bound,
}

/// A connector: publishes `d` of each device, hears `u` and `p` of all, and `k`.
pub(crate) struct ConnectorSide {
    shared: Arc<Shared>,
    pub(crate) instance: Arc<Instance>,
    pub(crate) link: Arc<ConnectorLink>,
    aliases: TopicAliases,
    foreign: Bucket,
    undeliverable: Bucket,
    taken: Vec<Bytes>,
}

impl Side {
    pub(crate) fn peer(&self) -> &Peer {
        match self {
            Self::Device(side) => &side.link.peer,
            Self::Connector(side) => &side.link.peer,
        }
    }

    /// Tells whether the peer must not be read for now.
    pub(crate) fn is_stalled(&self) -> bool {
        match self {
            Self::Device(side) => side.link.up_is_full.load(Ordering::Acquire),
            Self::Connector(_) => false,
        }
    }

    /// Returns how long the peer must not be read because it sent more than it may.
    pub(crate) fn pause(&mut self) -> Option<Duration> {
        match self {
            Self::Device(side) => side.pace.as_mut()?.wait(Instant::now()),
            Self::Connector(_) => None,
        }
    }

    /// Moves what waits for the peer into `batch`, about [`WRITE_BATCH`] bytes in finished frames.
    pub(crate) fn fill(&mut self, batch: &mut VecDeque<Bytes>) {
        match self {
            Self::Device(side) => side.fill(batch),
            Self::Connector(side) => side.fill(batch),
        }
    }

    pub(crate) fn handle_publish(&mut self, publish: &Publish<'_>) -> Result<(), Reason> {
        if publish.payload.len() > MAX_FRAME {
            return Err(Reason::PacketTooLarge);
        }
        match self {
            Self::Device(side) => side.handle_publish(publish),
            Self::Connector(side) => side.handle_publish(publish),
        }
    }

    pub(crate) fn handle_subscribe(&mut self, filter: &str) -> Granted {
        let filter = read_filter(filter)?;
        match self {
            Self::Device(side) => side.handle_subscribe(filter),
            Self::Connector(side) => side.handle_subscribe(filter),
        }
    }

    pub(crate) fn handle_unsubscribe(&mut self, filter: &str) -> Granted {
        let filter = read_filter(filter)?;
        match self {
            Self::Device(side) => side.handle_unsubscribe(filter),
            Self::Connector(side) => side.handle_unsubscribe(filter),
        }
        Ok(())
    }

    /// Moves the news that the peer has not heard into `answers`.
    pub(crate) fn last_words(&self, answers: &mut VecDeque<Bytes>) {
        match self {
            Self::Device(_) => {}
            Self::Connector(side) => answers.append(&mut side.link.up().control),
        }
    }

    /// Gives up the seat.
    pub(crate) fn leave(&self) {
        match self {
            Self::Device(side) => side.shared.hub.leave_device(&side.instance, &side.link),
            Self::Connector(side) => side.shared.hub.leave_connector(&side.instance, &side.link),
        }
    }
}

fn read_filter(filter: &str) -> Result<TopicFilter, Reason> {
    if filter.starts_with("$share/") {
        return Err(Reason::SharedNotSupported);
    }
    if let Ok(filter) = filter.parse() {
        return Ok(filter);
    }
    // Well-formed in MQTT's terms and none of ours, or not even that.
    let levels = || filter.split('/');
    let wildcards_stand_alone = levels().all(|level| level.len() == 1 || !level.contains(['+', '#']));
    let hash_is_last = levels().rev().skip(1).all(|level| level != "#");
    if !filter.is_empty() && !filter.contains('\0') && wildcards_stand_alone && hash_is_last {
        Err(Reason::NotAuthorized)
    } else {
        Err(Reason::FilterInvalid)
    }
}

/// Copies a payload into a packet that its receiver only needs to put a name on.
fn begin(payload: &[u8]) -> BytesMut {
    let mut packet = BytesMut::new();
    publish::begin(&mut packet, payload.len());
    packet.extend_from_slice(payload);
    packet
}

impl DeviceSide {
    const DOWN_ALIAS: u16 = 1;

    pub(crate) fn new(
        shared: Arc<Shared>,
        instance: Arc<Instance>,
        link: Arc<DeviceLink>,
        aliases: TopicAliases,
        peer_aliases: u16,
    ) -> Self {
        let topic = Topic::Down(instance.id, link.id).to_string();
        let down = if peer_aliases >= Self::DOWN_ALIAS { DownName::Bind(topic) } else { DownName::Topic(topic) };
        let rate = shared.config.limits.device_bytes_per_second;
        let pace = (rate > 0).then(|| Pace::new(rate));
        Self { shared, instance, link, aliases, pace, down, taken: Vec::new() }
    }

    fn handle_publish(&mut self, publish: &Publish<'_>) -> Result<(), Reason> {
        let topic = self.aliases.resolve(publish)?;
        if topic != Topic::Up(self.instance.id, self.link.id) {
            return Err(Reason::NotAuthorized);
        }
        if let Some(pace) = &mut self.pace {
            pace.spend(publish.payload.len());
        }
        if self.instance.send_up(&self.link, begin(publish.payload)) == Sent::Queued {
            let metrics = self.instance.metrics();
            metrics.up_messages.increment();
            metrics.up_bytes.add(publish.payload.len());
        }
        Ok(())
    }

    fn handle_subscribe(&self, filter: TopicFilter) -> Granted {
        let (instance_id, device_id) = (self.instance.id, self.link.id);
        if filter == TopicFilter::Exactly(Topic::Down(instance_id, device_id)) {
            self.instance.device_ready(&self.link);
            Ok(())
        } else if filter == TopicFilter::Exactly(Topic::ConnectorPresence(instance_id)) {
            self.instance.device_wants_presence(&self.link);
            Ok(())
        } else {
            Err(Reason::NotAuthorized)
        }
    }

    fn handle_unsubscribe(&self, filter: TopicFilter) {
        if let TopicFilter::Exactly(topic) = filter {
            self.instance.device_unsubscribed(&self.link, topic);
        }
    }

    fn fill(&mut self, batch: &mut VecDeque<Bytes>) {
        let presence = self.instance.pop_down(&self.link, WRITE_BATCH, &mut self.taken);
        let topic = Topic::ConnectorPresence(self.instance.id);
        if presence.absent {
            batch.push_back(publication(topic, ABSENT));
        }
        if presence.present {
            batch.push_back(publication(topic, PRESENT));
        }
        let metrics = self.instance.metrics();
        metrics.down_messages.add(self.taken.len());
        for mut packet in self.taken.drain(..) {
            metrics.down_bytes.add(packet.len().saturating_sub(publish::HEADROOM));
            let name = match &self.down {
                DownName::Topic(topic) => Name::Topic(topic),
                DownName::Bind(topic) => Name::Bind(topic, Self::DOWN_ALIAS),
                DownName::Bound => Name::Alias(Self::DOWN_ALIAS),
            };
            publish::finish_frame(&mut packet, name, None);
            if matches!(self.down, DownName::Bind(_)) {
                self.down = DownName::Bound;
            }
            batch.push_back(packet.freeze());
        }
    }
}

impl ConnectorSide {
    pub(crate) fn new(
        shared: Arc<Shared>,
        instance: Arc<Instance>,
        link: Arc<ConnectorLink>,
        aliases: TopicAliases,
    ) -> Self {
        let (foreign, undeliverable) = (Bucket::full(FOREIGN), Bucket::full(UNDELIVERABLE));
        Self { shared, instance, link, aliases, foreign, undeliverable, taken: Vec::new() }
    }

    fn handle_publish(&mut self, publish: &Publish<'_>) -> Result<(), Reason> {
        match self.aliases.resolve(publish)? {
            Topic::Down(instance_id, device_id) if instance_id == self.instance.id => {
                self.send_down(device_id, publish.payload)
            }
            Topic::Down(..) => {
                self.instance.metrics().dropped_foreign.increment();
                self.foreign.take(FOREIGN).map_err(|_| Reason::NotAuthorized)
            }
            Topic::Up(..) | Topic::DevicePresence(..) | Topic::ConnectorPresence(_) | Topic::Control(_) => {
                Err(Reason::NotAuthorized)
            }
        }
    }

    fn send_down(&mut self, device_id: DeviceId, payload: &[u8]) -> Result<(), Reason> {
        match self.instance.send_down(device_id, begin(payload)) {
            Sent::Queued => {
                if self.instance.is_over_budget() {
                    self.shared.hub.relieve();
                }
                Ok(())
            }
            Sent::Absent => self.undeliverable.take(UNDELIVERABLE).map_err(|_| Reason::RateTooHigh),
        }
    }

    fn handle_subscribe(&self, filter: TopicFilter) -> Granted {
        let instance_id = self.instance.id;
        if filter == TopicFilter::UpOfAll(instance_id) {
            self.instance.connector_ready(&self.link);
        } else if filter == TopicFilter::PresenceOfAll(instance_id) {
            self.instance.connector_wants_presence(&self.link);
        } else if filter == TopicFilter::Exactly(Topic::Control(instance_id)) {
            self.instance.connector_wants_control(&self.link);
            let shared = Arc::clone(&self.shared);
            tokio::spawn(async move { shared.announce_conflicts(instance_id).await });
        } else {
            return Err(Reason::NotAuthorized);
        }
        Ok(())
    }

    fn handle_unsubscribe(&self, filter: TopicFilter) {
        if filter == TopicFilter::UpOfAll(self.instance.id) {
            self.instance.connector_unsubscribed(&self.link);
        }
    }

    fn fill(&mut self, batch: &mut VecDeque<Bytes>) {
        self.instance.pop_up(&self.link, WRITE_BATCH, &mut self.taken);
        batch.extend(self.taken.drain(..));
    }
}
