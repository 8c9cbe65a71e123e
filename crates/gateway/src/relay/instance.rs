//! One connector and its devices, and what passes between them.

mod remote;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use latchgate_protocol::control::Control;
use latchgate_protocol::{DeviceId, InstanceId, Topic};
use tracing::{info, warn};

use super::Common;
use super::link::{ConnectorLink, DeviceLink, Presence, Pushed};
use super::reason::Reason;
use super::rounds::publication;
use crate::limits::SHARE_UNDER_PRESSURE;
use crate::metrics::Metrics;
use remote::Remote;

/// One connector and its devices.
pub(crate) struct Instance {
    pub(crate) id: InstanceId,
    seats: Mutex<Seats>,
    common: Arc<Common>,
}

#[derive(Default)]
struct Seats {
    connector: Option<ConnectorSeat>,
    devices: HashMap<DeviceId, DeviceSeat>,
    remote: Remote,
}

struct ConnectorSeat {
    link: Arc<ConnectorLink>,
    /// Subscribed to frames.
    ready: bool,
    wants_presence: bool,
    wants_control: bool,
    /// The bus has said this login back to us.
    echoed: bool,
}

struct DeviceSeat {
    link: Arc<DeviceLink>,
    /// Subscribed to frames.
    ready: bool,
    wants_presence: bool,
    /// The bus has said this login back to us.
    echoed: bool,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    Queued,
    /// The receiver is not there; the frame was dropped and counted.
    Absent,
}
impl Instance {
    pub(super) fn new(id: InstanceId, common: Arc<Common>) -> Self {
        Self { id, seats: Mutex::default(), common }
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.common.metrics
    }

    pub(super) fn seat_device(&self, link: &Arc<DeviceLink>) {
        let mut seats = self.seats();
        let seat = DeviceSeat { link: Arc::clone(link), ready: false, wants_presence: false, echoed: false };
        let old = seats.devices.insert(link.id, seat);
        let is_first = old.is_none();
        if let Some(old) = old {
            info!(instance = %self.id, device = %link.id, "a second login takes the device's place");
            self.common.metrics.takeovers.increment();
            old.link.peer.close(Reason::TakenOver);
            self.end_device(&seats, &old);
        }
        self.device_seated(&mut seats, link.id, is_first);
        self.common.metrics.devices.add(1);
    }

    pub(super) fn seat_connector(&self, link: &Arc<ConnectorLink>) {
        let mut seats = self.seats();
        let link = Arc::clone(link);
        let seat = ConnectorSeat { link, ready: false, wants_presence: false, wants_control: false, echoed: false };
        if let Some(old) = seats.connector.replace(seat) {
            warn!(instance = %self.id, "a second login takes the connector's place");
            self.common.metrics.takeovers.increment();
            old.link.peer.close(Reason::TakenOver);
            self.end_connector(&mut seats, &old);
        }
        self.connector_seated();
        self.common.metrics.connectors.add(1);
    }

    /// Returns true when nobody is left.
    pub(super) fn unseat_device(&self, link: &Arc<DeviceLink>) -> bool {
        let mut seats = self.seats();
        if seats.devices.get(&link.id).is_some_and(|seat| Arc::ptr_eq(&seat.link, link))
            && let Some(seat) = seats.devices.remove(&link.id)
        {
            self.end_device(&seats, &seat);
            self.device_unseated(link.id);
        }
        seats.is_empty()
    }

    /// Returns true when nobody is left.
    pub(super) fn unseat_connector(&self, link: &Arc<ConnectorLink>) -> bool {
        let mut seats = self.seats();
        if seats.connector.as_ref().is_some_and(|seat| Arc::ptr_eq(&seat.link, link))
            && let Some(seat) = seats.connector.take()
        {
            self.end_connector(&mut seats, &seat);
        }
        seats.is_empty()
    }

    fn end_device(&self, seats: &Seats, seat: &DeviceSeat) {
        self.common.down.subtract(seat.link.end(), &self.common.metrics);
        self.common.metrics.devices.add(-1);
        if seat.ready {
            seats.say_device_presence(seat.link.id, false);
            self.device_changed(seats, seat.link.id, false);
            if seats.remote.devices.contains_key(&seat.link.id) {
                seats.say_device_presence(seat.link.id, true);
            }
        }
    }

    fn end_connector(&self, seats: &mut Seats, seat: &ConnectorSeat) {
        let mut up = seat.link.up();
        up.ended = true;
        up.control.clear();
        self.common.up.subtract(up.rounds.clear(), &self.common.metrics);
        drop(up);
        self.common.metrics.connectors.add(-1);
        if seat.ready {
            seats.say_connector_presence(false);
            self.connector_changed(seats, false);
        }
    }

    /// The device subscribed to its frames: it is present.
    pub(crate) fn device_ready(&self, link: &Arc<DeviceLink>) {
        let mut seats = self.seats();
        if let Some(seat) = seats.device_of(link)
            && !std::mem::replace(&mut seat.ready, true)
        {
            seats.say_device_presence(link.id, true);
            self.device_changed(&seats, link.id, true);
        }
    }

    /// The device subscribed to the connector's presence: says it at once.
    pub(crate) fn device_wants_presence(&self, link: &Arc<DeviceLink>) {
        let mut seats = self.seats();
        let present = seats.connector_is_ready() || seats.remote.connector.is_some();
        let Some(seat) = seats.device_of(link) else { return };
        seat.wants_presence = true;
        if present {
            seat.link.push_presence(true);
        } else {
            self.answer_presence_later(link);
        }
    }

    /// The device gave up a subscription.
    pub(crate) fn device_unsubscribed(&self, link: &Arc<DeviceLink>, topic: Topic) {
        let mut seats = self.seats();
        let Some(seat) = seats.device_of(link) else { return };
        match topic {
            Topic::Down(..) => {
                if std::mem::replace(&mut seat.ready, false) {
                    seats.say_device_presence(link.id, false);
                    self.device_changed(&seats, link.id, false);
                }
            }
            Topic::ConnectorPresence(_) => seat.wants_presence = false,
            Topic::Up(..) | Topic::DevicePresence(..) | Topic::Control(_) => {}
        }
    }

    /// The connector subscribed to frames: it is present.
    pub(crate) fn connector_ready(&self, link: &Arc<ConnectorLink>) {
        let mut seats = self.seats();
        if let Some(seat) = seats.connector_of(link)
            && !std::mem::replace(&mut seat.ready, true)
        {
            seats.say_connector_presence(true);
            self.connector_changed(&mut seats, true);
        }
    }

    /// The connector subscribed to its devices' presence: names those that are there.
    pub(crate) fn connector_wants_presence(&self, link: &Arc<ConnectorLink>) {
        let mut seats = self.seats();
        let Some(seat) = seats.connector_of(link) else { return };
        seat.wants_presence = true;
        let mut up = link.up();
        let here = seats.devices.iter().filter(|(_, seat)| seat.ready).map(|(device_id, _)| device_id);
        for device_id in here.chain(seats.remote.devices.keys()) {
            up.rounds.push_presence(*device_id, true);
        }
        drop(up);
        link.peer.wake();
    }

    /// The connector subscribed to news.
    pub(crate) fn connector_wants_control(&self, link: &Arc<ConnectorLink>) {
        if let Some(seat) = self.seats().connector_of(link) {
            seat.wants_control = true;
        }
    }

    /// The connector gave up its frames.
    pub(crate) fn connector_unsubscribed(&self, link: &Arc<ConnectorLink>) {
        let mut seats = self.seats();
        if let Some(seat) = seats.connector_of(link)
            && std::mem::replace(&mut seat.ready, false)
        {
            seats.say_connector_presence(false);
            self.connector_changed(&mut seats, false);
        }
    }

    /// Tells whether the connector listens for news.
    pub(super) fn takes_control(&self) -> bool {
        self.seats().connector.as_ref().is_some_and(|seat| seat.wants_control)
    }

    pub(super) fn has_device(&self, device_id: DeviceId) -> bool {
        let seats = self.seats();
        seats.devices.contains_key(&device_id) || seats.remote.devices.contains_key(&device_id)
    }

    pub(super) fn has_connector(&self) -> bool {
        self.seats().connector.is_some()
    }

    pub(super) fn connected(&self) -> HashSet<DeviceId> {
        let seats = self.seats();
        seats.devices.keys().chain(seats.remote.devices.keys()).copied().collect()
    }

    /// Returns the device for which most waits.
    pub(super) fn largest(&self) -> Option<(usize, Arc<DeviceLink>)> {
        let seats = self.seats();
        let queued = seats.devices.values().map(|seat| (seat.link.queued(), &seat.link));
        queued.max_by_key(|(queued, _)| *queued).map(|(queued, link)| (queued, Arc::clone(link)))
    }

    pub(super) fn close_all(&self, reason: Reason) {
        let seats = self.seats();
        if let Some(seat) = &seats.connector {
            seat.link.peer.close(reason);
        }
        for seat in seats.devices.values() {
            seat.link.peer.close(reason);
        }
    }

    /// Sends news to the connector. False when it does not listen and there is no other node.
    pub(super) fn control(&self, control: &Control) -> bool {
        let Ok(json) = serde_json::to_vec(control) else { return false };
        self.control_here(&json) || self.control_elsewhere(&json)
    }

    /// Sends news to the connector of this node. False when it does not listen.
    pub(super) fn control_here(&self, json: &[u8]) -> bool {
        let seats = self.seats();
        let Some(seat) = seats.connector.as_ref().filter(|seat| seat.wants_control) else { return false };
        seat.link.push_control(publication(Topic::Control(self.id), json));
        true
    }

    /// Tells the connector of this node that the node stops.
    pub(super) fn say_drain(&self) {
        if let Ok(json) = serde_json::to_vec(&Control::Drain) {
            self.control_here(&json);
        }
    }

    pub(super) fn revoke(&self, device_id: DeviceId) {
        let seats = self.seats();
        if let Some(seat) = &seats.connector {
            let purged = seat.link.up().rounds.purge(device_id);
            self.common.up.subtract(purged, &self.common.metrics);
        }
        if let Some(seat) = seats.devices.get(&device_id) {
            seat.link.peer.close(Reason::Administrative);
            self.common.down.subtract(seat.link.end(), &self.common.metrics);
        }
    }

    /// Queues a device's frame for the connector.
    pub(crate) fn send_up(&self, device: &Arc<DeviceLink>, packet: BytesMut) -> Sent {
        let connector = self.seats().connector.as_ref().filter(|seat| seat.ready).map(|seat| Arc::clone(&seat.link));
        let Some(connector) = connector else { return self.send_up_elsewhere(device, packet) };
        self.queue_up(&connector, device, packet)
    }

    fn queue_up(&self, connector: &ConnectorLink, device: &Arc<DeviceLink>, packet: BytesMut) -> Sent {
        let length = packet.len();
        let mut up = connector.up();
        if up.ended {
            self.common.metrics.dropped_absent.increment();
            return Sent::Absent;
        }
        self.common.up.add(length, &self.common.metrics);
        up.rounds.push(device, packet, self.share());
        drop(up);
        connector.peer.wake();
        Sent::Queued
    }

    /// What one device may have waiting for the connector before it is no longer read.
    fn share(&self) -> usize {
        if self.common.up.is_exceeded() { SHARE_UNDER_PRESSURE } else { self.common.device_queue }
    }

    /// Takes finished frames for the connector.
    pub(crate) fn pop_up(&self, link: &ConnectorLink, most: usize, packets: &mut Vec<Bytes>) {
        let mut up = link.up();
        packets.extend(up.control.drain(..));
        let taken = up.rounds.pop(self.id, most, self.share(), packets);
        drop(up);
        self.common.up.subtract(taken, &self.common.metrics);
    }

    /// Queues the connector's frame for a device. A device whose queue is full is closed.
    pub(crate) fn send_down(&self, device_id: DeviceId, packet: BytesMut) -> Sent {
        let link = self.seats().devices.get(&device_id).filter(|seat| seat.ready).map(|seat| Arc::clone(&seat.link));
        let Some(link) = link else { return self.send_down_elsewhere(device_id, packet) };
        self.queue_down(&link, packet)
    }

    fn queue_down(&self, link: &DeviceLink, packet: BytesMut) -> Sent {
        let length = packet.len();
        self.common.down.add(length, &self.common.metrics);
        match link.push(packet, self.common.device_queue) {
            Pushed::Queued => Sent::Queued,
            Pushed::Ended => {
                self.common.down.subtract(length, &self.common.metrics);
                self.common.metrics.dropped_absent.increment();
                Sent::Absent
            }
            Pushed::Overflow => {
                self.common.down.subtract(length, &self.common.metrics);
                self.overflow(link);
                Sent::Queued
            }
        }
    }

    /// Takes packets for a device.
    pub(crate) fn pop_down(&self, link: &DeviceLink, most: usize, packets: &mut Vec<BytesMut>) -> Presence {
        let (presence, taken) = link.pop(most, packets);
        if taken > 0 {
            self.common.down.subtract(taken, &self.common.metrics);
        }
        presence
    }

    pub(crate) fn is_over_budget(&self) -> bool {
        self.common.down.is_exceeded()
    }

    pub(super) fn overflow(&self, link: &DeviceLink) {
        info!(instance = %self.id, device = %link.id, "a device does not read what it is sent; closing it");
        self.common.metrics.queue_overflows.increment();
        link.peer.close(Reason::QuotaExceeded);
        self.common.down.subtract(link.end(), &self.common.metrics);
        self.control(&Control::Quota { device_id: link.id });
    }
}
impl Seats {
    fn is_empty(&self) -> bool {
        self.connector.is_none() && self.devices.is_empty()
    }

    fn device_of(&mut self, link: &Arc<DeviceLink>) -> Option<&mut DeviceSeat> {
        self.devices.get_mut(&link.id).filter(|seat| Arc::ptr_eq(&seat.link, link))
    }

    fn connector_of(&mut self, link: &Arc<ConnectorLink>) -> Option<&mut ConnectorSeat> {
        self.connector.as_mut().filter(|seat| Arc::ptr_eq(&seat.link, link))
    }

    fn say_device_presence(&self, device_id: DeviceId, present: bool) {
        if let Some(seat) = self.connector.as_ref().filter(|seat| seat.wants_presence) {
            seat.link.up().rounds.push_presence(device_id, present);
            seat.link.peer.wake();
        }
    }

    fn say_connector_presence(&self, present: bool) {
        for seat in self.devices.values().filter(|seat| seat.wants_presence) {
            seat.link.push_presence(present);
        }
    }
}
