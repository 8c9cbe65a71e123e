//! The relay: who is connected, and the way from one to the other.
//!
//! 1. [`login`] takes an upgraded connection, reads CONNECT and checks the credentials.
//! 2. A successful login takes a seat in its [`Instance`]; whoever sat there with the same name is closed.
//! 3. [`connection`] runs the connection: publications in, queues out, until either side ends it.
//! 4. A device's frames queue for the connector in [`rounds`], one flow for each device; the connector's
//!    frames queue in the device's [`link`]. Each queue is bounded, and none drops in silence.
//!
//! A peer counts as present when it has subscribed, not when it has merely connected.

pub(crate) mod connection;
pub(crate) mod inbound;
pub(crate) mod link;
pub(crate) mod login;
pub(crate) mod packet;
pub(crate) mod reason;
pub(crate) mod rounds;
pub(crate) mod side;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;
use latchgate_protocol::control::Control;
use latchgate_protocol::{DeviceId, InstanceId, Topic};
use tracing::{info, warn};

use crate::config::Limits;
use crate::limits::SHARE_UNDER_PRESSURE;
use crate::metrics::Metrics;
use link::{Budget, ConnectorLink, DeviceLink, Pushed};
use reason::Reason;
use rounds::publication;

/// Everybody who is connected.
pub(crate) struct Hub {
    instances: Mutex<Instances>,
    common: Arc<Common>,
}

#[derive(Default)]
struct Instances {
    by_id: HashMap<InstanceId, Arc<Instance>>,
    /// Set when the gateway stops: nobody may join.
    stopping: Option<Reason>,
}

/// What all instances share.
struct Common {
    metrics: Arc<Metrics>,
    budget: Budget,
    device_queue: usize,
}

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
}

struct ConnectorSeat {
    link: Arc<ConnectorLink>,
    /// Subscribed to frames.
    ready: bool,
    wants_presence: bool,
    wants_control: bool,
}

struct DeviceSeat {
    link: Arc<DeviceLink>,
    /// Subscribed to frames.
    ready: bool,
    wants_presence: bool,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    Queued,
    /// The receiver is not there; the frame was dropped and counted.
    Absent,
}

impl Hub {
    pub(crate) fn new(limits: &Limits, metrics: Arc<Metrics>) -> Self {
        let budget = Budget::new(limits.queued_total);
        let common = Arc::new(Common { metrics, budget, device_queue: limits.device_queue });
        Self { instances: Mutex::default(), common }
    }

    fn instances(&self) -> MutexGuard<'_, Instances> {
        self.instances.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, instance_id: InstanceId) -> Option<Arc<Instance>> {
        self.instances().by_id.get(&instance_id).cloned()
    }

    fn enter(&self, instances: &mut Instances, id: InstanceId) -> Arc<Instance> {
        let common = &self.common;
        let new = || Arc::new(Instance { id, seats: Mutex::default(), common: Arc::clone(common) });
        Arc::clone(instances.by_id.entry(id).or_insert_with(new))
    }

    /// Seats a device. An older connection of the same device is closed.
    ///
    /// # Errors
    /// The reason of the gateway's stop.
    pub(crate) fn join_device(
        &self,
        instance_id: InstanceId,
        device_id: DeviceId,
    ) -> Result<(Arc<Instance>, Arc<DeviceLink>), Reason> {
        let mut instances = self.instances();
        if let Some(reason) = instances.stopping {
            return Err(reason);
        }
        let instance = self.enter(&mut instances, instance_id);
        let link = Arc::new(DeviceLink::new(device_id));
        instance.seat_device(&link);
        Ok((instance, link))
    }

    /// Seats a connector. An older connection of the same connector is closed.
    ///
    /// # Errors
    /// The reason of the gateway's stop.
    pub(crate) fn join_connector(
        &self,
        instance_id: InstanceId,
        aliases: u16,
    ) -> Result<(Arc<Instance>, Arc<ConnectorLink>), Reason> {
        let mut instances = self.instances();
        if let Some(reason) = instances.stopping {
            return Err(reason);
        }
        let instance = self.enter(&mut instances, instance_id);
        let link = Arc::new(ConnectorLink::new(aliases));
        instance.seat_connector(&link);
        Ok((instance, link))
    }

    /// Gives up a device's seat, if it still has it.
    pub(crate) fn leave_device(&self, instance: &Arc<Instance>, link: &Arc<DeviceLink>) {
        let mut instances = self.instances();
        if instance.unseat_device(link) {
            instances.by_id.remove(&instance.id);
        }
    }

    /// Gives up a connector's seat, if it still has it.
    pub(crate) fn leave_connector(&self, instance: &Arc<Instance>, link: &Arc<ConnectorLink>) {
        let mut instances = self.instances();
        if instance.unseat_connector(link) {
            instances.by_id.remove(&instance.id);
        }
    }

    /// Sends news to a connector. False when it is not there.
    pub(crate) fn control(&self, instance_id: InstanceId, control: &Control) -> bool {
        self.find(instance_id).is_some_and(|instance| instance.control(control))
    }

    /// Tells whether a connector listens for news.
    pub(crate) fn takes_control(&self, instance_id: InstanceId) -> bool {
        self.find(instance_id)
            .is_some_and(|instance| instance.seats().connector.as_ref().is_some_and(|seat| seat.wants_control))
    }

    /// Tells whether a device is connected.
    pub(crate) fn device_is_seated(&self, instance_id: InstanceId, device_id: DeviceId) -> bool {
        self.find(instance_id).is_some_and(|instance| instance.seats().devices.contains_key(&device_id))
    }

    /// Tells whether a connector is connected.
    pub(crate) fn connector_is_seated(&self, instance_id: InstanceId) -> bool {
        self.find(instance_id).is_some_and(|instance| instance.seats().connector.is_some())
    }

    /// Closes a revoked device and forgets what it had queued.
    pub(crate) fn revoke(&self, instance_id: InstanceId, device_id: DeviceId) {
        if let Some(instance) = self.find(instance_id) {
            instance.revoke(device_id);
        }
    }

    /// Returns the devices of an instance that are connected.
    pub(crate) fn connected(&self, instance_id: InstanceId) -> HashSet<DeviceId> {
        self.find(instance_id).map(|instance| instance.seats().devices.keys().copied().collect()).unwrap_or_default()
    }

    /// Closes everybody and lets nobody in.
    pub(crate) fn stop(&self, reason: Reason) {
        let mut instances = self.instances();
        instances.stopping = Some(reason);
        for instance in instances.by_id.values() {
            instance.control(&Control::Drain);
            let seats = instance.seats();
            if let Some(seat) = &seats.connector {
                seat.link.peer.close(reason);
            }
            for seat in seats.devices.values() {
                seat.link.peer.close(reason);
            }
        }
    }

    /// Closes the device that holds most, if all queues together exceed what the gateway may hold.
    pub(crate) fn relieve(&self) {
        if !self.common.budget.is_exceeded() {
            return;
        }
        let instances = self.instances();
        let mut largest: Option<(usize, Arc<Instance>, Arc<DeviceLink>)> = None;
        for instance in instances.by_id.values() {
            for seat in instance.seats().devices.values() {
                let queued = seat.link.queued();
                if largest.as_ref().is_none_or(|(most, ..)| queued > *most) {
                    largest = Some((queued, Arc::clone(instance), Arc::clone(&seat.link)));
                }
            }
        }
        if let Some((queued, instance, link)) = largest
            && queued > 0
        {
            warn!(queued, "the queues exceed the configured total; closing the device that holds most");
            instance.overflow(&link);
        }
    }
}

impl Instance {
    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.common.metrics
    }

    fn seat_device(&self, link: &Arc<DeviceLink>) {
        let mut seats = self.seats();
        let seat = DeviceSeat { link: Arc::clone(link), ready: false, wants_presence: false };
        if let Some(old) = seats.devices.insert(link.id, seat) {
            info!(instance = %self.id, device = %link.id, "a second login takes the device's place");
            self.common.metrics.takeovers.increment();
            old.link.peer.close(Reason::TakenOver);
            self.end_device(&seats, &old);
        }
        self.common.metrics.devices.add(1);
    }

    fn seat_connector(&self, link: &Arc<ConnectorLink>) {
        let mut seats = self.seats();
        let link = Arc::clone(link);
        let seat = ConnectorSeat { link, ready: false, wants_presence: false, wants_control: false };
        if let Some(old) = seats.connector.replace(seat) {
            warn!(instance = %self.id, "a second login takes the connector's place");
            self.common.metrics.takeovers.increment();
            old.link.peer.close(Reason::TakenOver);
            self.end_connector(&seats, &old);
        }
        self.common.metrics.connectors.add(1);
    }

    /// Returns true when nobody is left.
    fn unseat_device(&self, link: &Arc<DeviceLink>) -> bool {
        let mut seats = self.seats();
        if seats.devices.get(&link.id).is_some_and(|seat| Arc::ptr_eq(&seat.link, link))
            && let Some(seat) = seats.devices.remove(&link.id)
        {
            self.end_device(&seats, &seat);
        }
        seats.is_empty()
    }

    /// Returns true when nobody is left.
    fn unseat_connector(&self, link: &Arc<ConnectorLink>) -> bool {
        let mut seats = self.seats();
        if seats.connector.as_ref().is_some_and(|seat| Arc::ptr_eq(&seat.link, link))
            && let Some(seat) = seats.connector.take()
        {
            self.end_connector(&seats, &seat);
        }
        seats.is_empty()
    }

    fn end_device(&self, seats: &Seats, seat: &DeviceSeat) {
        self.common.budget.subtract(seat.link.end(), &self.common.metrics);
        self.common.metrics.devices.add(-1);
        if seat.ready {
            seats.say_device_presence(seat.link.id, false);
        }
    }

    fn end_connector(&self, seats: &Seats, seat: &ConnectorSeat) {
        let mut up = seat.link.up();
        up.ended = true;
        up.control.clear();
        self.common.budget.subtract(up.rounds.clear(), &self.common.metrics);
        drop(up);
        self.common.metrics.connectors.add(-1);
        if seat.ready {
            seats.say_connector_presence(false);
        }
    }

    /// The device subscribed to its frames: it is present.
    pub(crate) fn device_ready(&self, link: &Arc<DeviceLink>) {
        let mut seats = self.seats();
        if let Some(seat) = seats.device_of(link)
            && !std::mem::replace(&mut seat.ready, true)
        {
            seats.say_device_presence(link.id, true);
        }
    }

    /// The device subscribed to the connector's presence: says it at once.
    pub(crate) fn device_wants_presence(&self, link: &Arc<DeviceLink>) {
        let mut seats = self.seats();
        let present = seats.connector.as_ref().is_some_and(|seat| seat.ready);
        if let Some(seat) = seats.device_of(link) {
            seat.wants_presence = true;
            seat.link.push_presence(present);
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
        }
    }

    /// The connector subscribed to its devices' presence: names those that are there.
    pub(crate) fn connector_wants_presence(&self, link: &Arc<ConnectorLink>) {
        let mut seats = self.seats();
        let Some(seat) = seats.connector_of(link) else { return };
        seat.wants_presence = true;
        let mut up = link.up();
        for (device_id, _) in seats.devices.iter().filter(|(_, seat)| seat.ready) {
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
        }
    }

    fn control(&self, control: &Control) -> bool {
        let seats = self.seats();
        let Some(seat) = seats.connector.as_ref().filter(|seat| seat.wants_control) else { return false };
        let Ok(json) = serde_json::to_vec(control) else { return false };
        seat.link.push_control(publication(Topic::Control(self.id), &json));
        true
    }

    fn revoke(&self, device_id: DeviceId) {
        let seats = self.seats();
        if let Some(seat) = &seats.connector {
            let purged = seat.link.up().rounds.purge(device_id);
            self.common.budget.subtract(purged, &self.common.metrics);
        }
        if let Some(seat) = seats.devices.get(&device_id) {
            seat.link.peer.close(Reason::Administrative);
            self.common.budget.subtract(seat.link.end(), &self.common.metrics);
        }
    }

    /// Queues a device's frame for the connector.
    pub(crate) fn send_up(&self, device: &Arc<DeviceLink>, packet: BytesMut) -> Sent {
        let connector = self.seats().connector.as_ref().filter(|seat| seat.ready).map(|seat| Arc::clone(&seat.link));
        let Some(connector) = connector else {
            self.common.metrics.dropped_absent.increment();
            return Sent::Absent;
        };
        let length = packet.len();
        let mut up = connector.up();
        if up.ended {
            self.common.metrics.dropped_absent.increment();
            return Sent::Absent;
        }
        self.common.budget.add(length, &self.common.metrics);
        up.rounds.push(device, packet, self.share());
        drop(up);
        connector.peer.wake();
        Sent::Queued
    }

    /// What one device may have waiting for the connector before it is no longer read.
    fn share(&self) -> usize {
        if self.common.budget.is_exceeded() { SHARE_UNDER_PRESSURE } else { self.common.device_queue }
    }

    /// Takes finished packets for the connector.
    pub(crate) fn pop_up(&self, link: &ConnectorLink, most: usize, packets: &mut Vec<bytes::Bytes>) {
        let mut up = link.up();
        packets.extend(up.control.drain(..));
        let taken = up.rounds.pop(self.id, most, self.share(), packets);
        drop(up);
        self.common.budget.subtract(taken, &self.common.metrics);
    }

    /// Queues the connector's frame for a device. A device whose queue is full is closed.
    pub(crate) fn send_down(&self, device_id: DeviceId, packet: BytesMut) -> Sent {
        let link = self.seats().devices.get(&device_id).filter(|seat| seat.ready).map(|seat| Arc::clone(&seat.link));
        let Some(link) = link else {
            self.common.metrics.dropped_absent.increment();
            return Sent::Absent;
        };
        let length = packet.len();
        self.common.budget.add(length, &self.common.metrics);
        match link.push(packet, self.common.device_queue) {
            Pushed::Queued => Sent::Queued,
            Pushed::Ended => {
                self.common.budget.subtract(length, &self.common.metrics);
                self.common.metrics.dropped_absent.increment();
                Sent::Absent
            }
            Pushed::Overflow => {
                self.common.budget.subtract(length, &self.common.metrics);
                self.overflow(&link);
                Sent::Queued
            }
        }
    }

    /// Takes packets for a device.
    pub(crate) fn pop_down(&self, link: &DeviceLink, most: usize, packets: &mut Vec<BytesMut>) -> link::Presence {
        let (presence, taken) = link.pop(most, packets);
        if taken > 0 {
            self.common.budget.subtract(taken, &self.common.metrics);
        }
        presence
    }

    pub(crate) fn is_over_budget(&self) -> bool {
        self.common.budget.is_exceeded()
    }

    fn overflow(&self, link: &DeviceLink) {
        info!(instance = %self.id, device = %link.id, "a device does not read what it is sent; closing it");
        self.common.metrics.queue_overflows.increment();
        link.peer.close(Reason::QuotaExceeded);
        self.common.budget.subtract(link.end(), &self.common.metrics);
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
