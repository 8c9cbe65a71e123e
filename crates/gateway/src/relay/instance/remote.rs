//! The part of an instance that is at other nodes, as the bus tells it.
//!
//! 1. The node with the connector says so to every node with a part of the instance; those answer with the
//!    devices that they serve. Each change is said when it happens, and once more where what two nodes say about
//!    one connector can cross.
//! 2. What is not here goes over the bus, to where the peer was said to be. Frames and presence of a device
//!    share a subject, and so arrive in their order.
//! 3. A login takes the place of an older one at another node: each login is said, its own echo tells the node
//!    when, and a foreign one that arrives after that echo is the younger.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::BytesMut;
use latchgate_protocol::control::Control;
use latchgate_protocol::{DeviceId, publish};

use super::{Instance, Seats, Sent};
use crate::bus::{Bus, Kind, Message, NodeId, Subject};
use crate::limits::CONNECTOR_ANSWERS;
use crate::relay::link::DeviceLink;
use crate::relay::reason::Reason;

/// Who is at other nodes.
#[derive(Default)]
pub(super) struct Remote {
    pub(super) connector: Option<NodeId>,
    /// Known only while the connector is here.
    pub(super) devices: HashMap<DeviceId, RemoteDevice>,
}

/// A device at another node.
pub(super) struct RemoteDevice {
    node: NodeId,
    /// Stands for its connection in the queues.
    link: Arc<DeviceLink>,
}

impl Seats {
    pub(super) fn connector_is_ready(&self) -> bool {
        self.connector.as_ref().is_some_and(|seat| seat.ready)
    }

    /// Notes that a device is at a node, and returns what stands for its connection.
    fn join_remote(&mut self, device_id: DeviceId, node: NodeId) -> Arc<DeviceLink> {
        if let Some(known) = self.remote.devices.get(&device_id)
            && known.node == node
        {
            return Arc::clone(&known.link);
        }
        let link = Arc::new(DeviceLink::new(device_id));
        let device = RemoteDevice { node, link: Arc::clone(&link) };
        if self.remote.devices.insert(device_id, device).is_some() {
            self.say_device_presence(device_id, false);
        }
        self.say_device_presence(device_id, true);
        link
    }

    fn leave_remote(&mut self, device_id: DeviceId) {
        if self.remote.devices.remove(&device_id).is_some() {
            self.say_device_presence(device_id, false);
        }
    }

    fn forget_connector(&mut self, node: NodeId) {
        if self.remote.connector == Some(node) {
            self.remote.connector = None;
            if !self.connector_is_ready() {
                self.say_connector_presence(false);
            }
        }
    }
}

impl Instance {
    pub(super) fn bus(&self) -> Option<&Arc<Bus>> {
        self.common.bus.as_ref()
    }

    fn say_device(&self, device_id: DeviceId, kind: Kind) {
        if let Some(bus) = self.bus() {
            bus.say(Subject::Up(self.id, device_id), kind, &[]);
        }
    }

    fn say(&self, kind: Kind, body: &[u8]) {
        if let Some(bus) = self.bus() {
            bus.say(Subject::Instance(self.id), kind, body);
        }
    }

    /// The first part of the instance came to this node.
    pub(in crate::relay) fn enter_bus(&self) {
        if let Some(bus) = self.bus() {
            bus.subscribe(Subject::Instance(self.id));
            self.say(Kind::Ask, &[]);
        }
    }

    /// The last one left.
    pub(in crate::relay) fn leave_bus(&self) {
        if let Some(bus) = self.bus() {
            bus.unsubscribe(Subject::Instance(self.id));
        }
    }

    /// A device got a seat here.
    pub(super) fn device_seated(&self, seats: &mut Seats, device_id: DeviceId, is_first: bool) {
        let Some(bus) = self.bus() else { return };
        seats.leave_remote(device_id);
        if is_first {
            bus.subscribe(Subject::Down(self.id, device_id));
        }
        bus.say(Subject::Down(self.id, device_id), Kind::Seated, &[]);
    }

    /// A device gave up its seat here.
    pub(super) fn device_unseated(&self, device_id: DeviceId) {
        if let Some(bus) = self.bus() {
            bus.unsubscribe(Subject::Down(self.id, device_id));
        }
    }

    /// A device's presence changed here.
    pub(super) fn device_changed(&self, seats: &Seats, device_id: DeviceId, present: bool) {
        if !seats.connector_is_ready() {
            self.say_device(device_id, if present { Kind::Present } else { Kind::Absent });
        }
    }

    /// The connector got a seat here.
    pub(super) fn connector_seated(&self) {
        self.say(Kind::Seated, &[]);
    }

    /// The connector's presence changed here.
    pub(super) fn connector_changed(&self, seats: &mut Seats, present: bool) {
        let Some(bus) = self.bus() else { return };
        if present {
            seats.remote.connector = None;
            bus.subscribe(Subject::UpOfAll(self.id));
            self.say(Kind::Present, &[]);
        } else {
            // Another node that has the connector says so when it hears this.
            seats.remote.connector = None;
            seats.remote.devices.clear();
            bus.unsubscribe(Subject::UpOfAll(self.id));
            self.say(Kind::Absent, &[]);
        }
    }

    /// Nobody is known to serve the connector. Another node may answer; after a moment the device hears that
    /// its connector is absent.
    pub(super) fn answer_presence_later(&self, link: &Arc<DeviceLink>) {
        if self.bus().is_none() {
            return link.push_presence(false);
        }
        let link = Arc::clone(link);
        tokio::spawn(async move {
            tokio::time::sleep(CONNECTOR_ANSWERS).await;
            link.push_absence_if_silent();
        });
    }

    fn absent(&self) -> Sent {
        self.common.metrics.dropped_absent.increment();
        Sent::Absent
    }

    /// Sends a device's frame to the node of its connector.
    pub(super) fn send_up_elsewhere(&self, device: &Arc<DeviceLink>, packet: BytesMut) -> Sent {
        let known = self.seats().remote.connector.is_some();
        let Some(bus) = self.bus().filter(|_| known) else { return self.absent() };
        let Some(waiting) = bus.send(Subject::Up(self.id, device.id), packet, device) else { return self.absent() };
        if waiting > self.share() {
            device.stall_for_bus();
        }
        Sent::Queued
    }

    /// Sends the connector's frame to the node of a device.
    pub(super) fn send_down_elsewhere(&self, device_id: DeviceId, packet: BytesMut) -> Sent {
        let link = self.seats().remote.devices.get(&device_id).map(|device| Arc::clone(&device.link));
        let (Some(bus), Some(link)) = (self.bus(), link) else { return self.absent() };
        let Some(waiting) = bus.send(Subject::Down(self.id, device_id), packet, &link) else { return self.absent() };
        if waiting > self.common.device_queue {
            self.close_elsewhere(device_id);
        }
        Sent::Queued
    }

    /// A device at another node exceeded its share: nothing more of it is kept, and its node closes it.
    fn close_elsewhere(&self, device_id: DeviceId) {
        let mut seats = self.seats();
        if let Some(seat) = &seats.connector {
            let purged = seat.link.up().rounds.purge(device_id);
            self.common.up.subtract(purged, &self.common.metrics);
        }
        seats.leave_remote(device_id);
        drop(seats);
        self.common.metrics.queue_overflows.increment();
        if let Some(bus) = self.bus() {
            bus.say(Subject::Down(self.id, device_id), Kind::Close, &[]);
        }
        self.control(&Control::Quota { device_id });
    }

    /// A device at another node says something to the connector.
    pub(in crate::relay) fn handle_up(&self, device_id: DeviceId, message: &Message) {
        let mut seats = self.seats();
        if !seats.connector_is_ready() {
            return;
        }
        match message.kind {
            Kind::Present => drop(seats.join_remote(device_id, message.node)),
            Kind::Absent => {
                if seats.remote.devices.get(&device_id).is_some_and(|device| device.node == message.node) {
                    seats.leave_remote(device_id);
                }
            }
            Kind::Frame => {
                let device = seats.join_remote(device_id, message.node);
                let connector = seats.connector.as_ref().map(|seat| Arc::clone(&seat.link));
                drop(seats);
                let sent = connector.map(|connector| self.queue_up(&connector, &device, begin(&message.body)));
                if sent == Some(Sent::Queued) && device.up_is_full.load(Ordering::Acquire) {
                    self.close_elsewhere(device_id);
                }
            }
            Kind::Seated | Kind::Ask | Kind::Close | Kind::Control | Kind::Conflicts | Kind::System => {}
        }
    }

    /// The connector, or another login, says something to a device here.
    pub(in crate::relay) fn handle_down(&self, device_id: DeviceId, message: &Message, own: bool) {
        let mut seats = self.seats();
        let Some(seat) = seats.devices.get_mut(&device_id) else { return };
        match message.kind {
            Kind::Seated if own => seat.echoed = true,
            Kind::Seated if seat.echoed => {
                self.common.metrics.takeovers.increment();
                seat.link.peer.close(Reason::TakenOver);
            }
            Kind::Close => seat.link.peer.close(Reason::QuotaExceeded),
            Kind::Frame if !own && seat.ready => {
                let link = Arc::clone(&seat.link);
                drop(seats);
                self.queue_down(&link, begin(&message.body));
            }
            Kind::Frame
            | Kind::Seated
            | Kind::Present
            | Kind::Absent
            | Kind::Ask
            | Kind::Control
            | Kind::Conflicts
            | Kind::System => {}
        }
    }

    /// Another node says something about the connector, or to it.
    pub(in crate::relay) fn handle_instance(&self, message: &Message, own: bool) {
        let mut seats = self.seats();
        match message.kind {
            Kind::Seated => {
                if let Some(seat) = &mut seats.connector {
                    if own {
                        seat.echoed = true;
                    } else if seat.echoed {
                        self.common.metrics.takeovers.increment();
                        seat.link.peer.close(Reason::TakenOver);
                    }
                }
            }
            Kind::Present if !own => self.handle_connector(&mut seats, message.node),
            Kind::Absent if !own => self.handle_connector_gone(&mut seats, message.node),
            Kind::Ask if !own && seats.connector_is_ready() => self.say(Kind::Present, &[]),
            Kind::Control if !own => {
                drop(seats);
                self.control_here(&message.body);
            }
            Kind::Frame
            | Kind::Present
            | Kind::Absent
            | Kind::Ask
            | Kind::Close
            | Kind::Control
            | Kind::Conflicts
            | Kind::System => {}
        }
    }

    /// The connector is at another node: the devices here hear of it, and it of them.
    fn handle_connector(&self, seats: &mut Seats, node: NodeId) {
        let before = seats.remote.connector.replace(node);
        if seats.connector_is_ready() {
            return;
        }
        if before.is_some_and(|before| before != node) {
            seats.say_connector_presence(false);
        }
        if before != Some(node) {
            seats.say_connector_presence(true);
        }
        for (device_id, _) in seats.devices.iter().filter(|(_, seat)| seat.ready) {
            self.say_device(*device_id, Kind::Present);
        }
    }

    /// The connector is not at another node any more. Where it is at this one, it is said again: who heard of this
    /// node before that one takes the connector for gone.
    fn handle_connector_gone(&self, seats: &mut Seats, node: NodeId) {
        seats.forget_connector(node);
        if seats.connector_is_ready() {
            self.say(Kind::Present, &[]);
        }
    }

    /// A node is gone, and with it everybody whom it served.
    pub(in crate::relay) fn handle_node_gone(&self, node: NodeId) {
        let mut seats = self.seats();
        if seats.remote.connector == Some(node) {
            seats.forget_connector(node);
            // It may have moved to a third node, which said so before this one fell silent.
            self.say(Kind::Ask, &[]);
        }
        let gone: Vec<_> = seats.remote.devices.iter().filter(|(_, device)| device.node == node).collect();
        let gone: Vec<_> = gone.into_iter().map(|(device_id, _)| *device_id).collect();
        for device_id in gone {
            seats.leave_remote(device_id);
        }
    }

    /// Says that the connector is here, or asks for it where it is not known: the answers name the devices of both
    /// nodes.
    pub(in crate::relay) fn find_again(&self) {
        let seats = self.seats();
        if seats.connector_is_ready() {
            self.say(Kind::Present, &[]);
        } else if seats.remote.connector.is_none() {
            self.say(Kind::Ask, &[]);
        }
    }

    /// Says who is here, after a time in which nobody could hear it.
    pub(in crate::relay) fn say_everything(&self) {
        let Some(bus) = self.bus() else { return };
        let mut seats = self.seats();
        self.say(Kind::Ask, &[]);
        let ready = seats.connector_is_ready();
        if let Some(seat) = &mut seats.connector {
            seat.echoed = false;
            self.say(Kind::Seated, &[]);
        }
        if ready {
            self.say(Kind::Present, &[]);
        }
        for (device_id, seat) in &mut seats.devices {
            seat.echoed = false;
            bus.say(Subject::Down(self.id, *device_id), Kind::Seated, &[]);
            if seat.ready && !ready {
                self.say_device(*device_id, Kind::Present);
            }
        }
    }

    /// Sends news to the connector at another node. False when there is no bus.
    pub(super) fn control_elsewhere(&self, json: &[u8]) -> bool {
        self.say(Kind::Control, json);
        self.bus().is_some()
    }
}

fn begin(payload: &[u8]) -> BytesMut {
    let mut packet = BytesMut::new();
    publish::begin(&mut packet, payload.len());
    packet.extend_from_slice(payload);
    packet
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use latchgate_protocol::InstanceId;

    use super::*;
    use crate::bus::tests::Overheard;
    use crate::config::Limits;
    use crate::relay::Hub;
    use crate::relay::link::Presence;

    const INSTANCE: InstanceId = InstanceId::from_bytes([1; 16]);
    const DEVICE: DeviceId = DeviceId::from_bytes([2; 16]);
    const OLD: NodeId = NodeId(1);
    const NEW: NodeId = NodeId(2);
    const THIRD: NodeId = NodeId(3);
    const COMES: Presence = Presence { absent: false, present: true };
    const LEAVES: Presence = Presence { absent: true, present: false };
    const LEAVES_AND_COMES: Presence = Presence { absent: true, present: true };

    /// A node, and what it says to the others.
    fn node(node: NodeId) -> (Hub, Overheard) {
        let (bus, said) = Bus::unconnected(node);
        (Hub::new(&Limits::default(), Arc::default(), Some(Arc::new(bus))), said)
    }

    fn tell(hub: &Hub, node: NodeId, kind: Kind) {
        hub.handle_instance(INSTANCE, &Message { kind, node, body: Bytes::new() }, false);
    }

    /// Tells a node what another one said to a connector or about it since the last time.
    fn pass_on(said: &mut Overheard, hub: &Hub) {
        for (subject, message) in said.take() {
            match subject {
                Subject::Instance(INSTANCE) => hub.handle_instance(INSTANCE, &message, false),
                Subject::Up(INSTANCE, device_id) => hub.handle_up(INSTANCE, device_id, &message),
                Subject::Up(..)
                | Subject::UpOfAll(_)
                | Subject::Down(..)
                | Subject::Instance(_)
                | Subject::Revoke
                | Subject::Drain
                | Subject::Alive => {}
            }
        }
    }

    /// Returns what the device hears of its connector since the last time.
    fn heard(device: &DeviceLink) -> Presence {
        device.pop(usize::MAX, &mut Vec::new()).0
    }

    #[test]
    fn a_node_that_hears_of_the_old_place_of_a_connector_after_the_new_one_finds_it() {
        let ((new, mut said), (third, _)) = (node(NEW), node(THIRD));
        let (instance, device) = third.join_device(INSTANCE, DEVICE).unwrap();
        tell(&third, OLD, Kind::Present);
        instance.device_wants_presence(&device);
        assert_eq!(heard(&device), COMES);

        let (instance, connector) = new.join_connector(INSTANCE, 0).unwrap();
        instance.connector_ready(&connector);
        pass_on(&mut said, &third);
        assert_eq!(heard(&device), LEAVES_AND_COMES);
        for kind in [Kind::Present, Kind::Absent] {
            tell(&new, OLD, kind);
            tell(&third, OLD, kind);
        }
        assert_eq!(heard(&device), LEAVES);
        pass_on(&mut said, &third);
        assert_eq!(heard(&device), COMES);
    }

    #[test]
    fn a_device_whose_connector_left_its_node_for_another_finds_it() {
        let ((old, mut said_by_old), (new, mut said_by_new)) = (node(OLD), node(NEW));
        let (instance, left) = old.join_connector(INSTANCE, 0).unwrap();
        instance.connector_ready(&left);
        let (_, device) = old.join_device(INSTANCE, DEVICE).unwrap();
        instance.device_wants_presence(&device);
        assert_eq!(heard(&device), COMES);

        // The new place is known before the old connection ended.
        let (elsewhere, connector) = new.join_connector(INSTANCE, 0).unwrap();
        elsewhere.connector_ready(&connector);
        pass_on(&mut said_by_new, &old);
        said_by_old.take();
        old.leave_connector(&instance, &left);
        assert_eq!(heard(&device), LEAVES);
        pass_on(&mut said_by_old, &new);
        pass_on(&mut said_by_new, &old);
        assert_eq!(heard(&device), COMES);
    }

    #[test]
    fn nodes_that_could_not_hear_each_other_for_a_while_find_their_peers_again() {
        let ((one, mut said_by_one), (other, mut said_by_other)) = (node(OLD), node(NEW));
        let (company, connector) = one.join_connector(INSTANCE, 0).unwrap();
        company.connector_ready(&connector);
        let (instance, device) = other.join_device(INSTANCE, DEVICE).unwrap();
        instance.device_ready(&device);
        pass_on(&mut said_by_one, &other);
        pass_on(&mut said_by_other, &one);
        instance.device_wants_presence(&device);
        assert_eq!(heard(&device), COMES);
        assert!(company.has_device(DEVICE));

        one.handle_node_gone(NEW);
        other.handle_node_gone(OLD);
        assert_eq!(heard(&device), LEAVES);
        assert!(!company.has_device(DEVICE));
        said_by_one.take();
        said_by_other.take();

        other.find_again();
        pass_on(&mut said_by_other, &one);
        pass_on(&mut said_by_one, &other);
        pass_on(&mut said_by_other, &one);
        assert_eq!(heard(&device), COMES);
        assert!(company.has_device(DEVICE));
    }
}
