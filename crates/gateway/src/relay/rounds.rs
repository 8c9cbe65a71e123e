//! Deficit round robin (Shreedhar and Varghese, 1995) from the devices onto their connector's connection.
//!
//! Each device has a flow of its own, in order. A flow with something to say takes its place in the ring,
//! may send [`ROUND`] bytes when its turn comes, and goes to the end of the ring if more is left.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::{Bytes, BytesMut};
use latchgate_protocol::publish::{self, Name};
use latchgate_protocol::topic::{ABSENT, PRESENT};
use latchgate_protocol::{DeviceId, InstanceId, Topic};

use super::link::DeviceLink;
use crate::limits::ROUND;

/// The flows of all devices of one connector.
#[derive(Debug)]
pub(crate) struct Rounds {
    flows: HashMap<DeviceId, Flow>,
    ring: VecDeque<DeviceId>,
    aliases: Aliases,
    pub(crate) bytes: usize,
}

#[derive(Debug, Default)]
struct Flow {
    items: VecDeque<Item>,
    bytes: usize,
    deficit: usize,
    in_ring: bool,
    alias: Option<u16>,
    /// The device is connected; its flow stays when it is empty.
    joined: bool,
    /// Waits for room.
    stalled: Option<Arc<DeviceLink>>,
}

#[derive(Debug)]
enum Item {
    /// A packet begun with [`publish::begin`].
    Frame(BytesMut),
    Presence(bool),
}

/// Topic aliases towards the connector, given to the flows that talk.
#[derive(Debug)]
struct Aliases {
    given: u16,
    most: u16,
    free: Vec<u16>,
}

impl Rounds {
    pub(crate) fn new(aliases: u16) -> Self {
        Self {
            flows: HashMap::new(),
            ring: VecDeque::new(),
            aliases: Aliases { given: 0, most: aliases, free: Vec::new() },
            bytes: 0,
        }
    }

    /// Queues a frame of a device. When the flow then holds more than `share`, the device is stalled until
    /// half of that has left.
    pub(crate) fn push(&mut self, device: &Arc<DeviceLink>, packet: BytesMut, share: usize) {
        let length = packet.len();
        let flow = self.flows.entry(device.id).or_default();
        flow.bytes += length;
        self.bytes += length;
        if flow.bytes > share {
            device.up_is_full.store(true, Ordering::Release);
            flow.stalled = Some(Arc::clone(device));
        }
        flow.items.push_back(Item::Frame(packet));
        Self::enter_ring(&mut self.ring, flow, device.id);
    }

    /// Queues a change of presence behind the device's frames. Of several in a row, at most an absence and a
    /// return are kept.
    pub(crate) fn push_presence(&mut self, device_id: DeviceId, present: bool) {
        let flow = self.flows.entry(device_id).or_default();
        flow.joined = present;
        while matches!(flow.items.back(), Some(Item::Presence(said)) if *said == present || !present) {
            flow.items.pop_back();
        }
        flow.items.push_back(Item::Presence(present));
        Self::enter_ring(&mut self.ring, flow, device_id);
    }

    /// Forgets the frames of a device and returns how many bytes they were.
    pub(crate) fn purge(&mut self, device_id: DeviceId) -> usize {
        let Some(flow) = self.flows.get_mut(&device_id) else { return 0 };
        flow.items.retain(|item| matches!(item, Item::Presence(_)));
        let purged = std::mem::take(&mut flow.bytes);
        self.bytes -= purged;
        flow.wake_if_below(0);
        purged
    }

    /// Forgets everything, wakes whoever waits, and returns how many bytes there were.
    pub(crate) fn clear(&mut self) -> usize {
        for flow in self.flows.values_mut() {
            flow.bytes = 0;
            flow.wake_if_below(0);
        }
        self.flows.clear();
        self.ring.clear();
        std::mem::take(&mut self.bytes)
    }

    /// Takes finished frames of about `most` bytes in the order of the ring. Returns the frame bytes taken.
    pub(crate) fn pop(
        &mut self,
        instance_id: InstanceId,
        most: usize,
        share: usize,
        packets: &mut Vec<Bytes>,
    ) -> usize {
        let before = self.bytes;
        while before - self.bytes < most
            && let Some(device_id) = self.ring.pop_front()
        {
            let Some(flow) = self.flows.get_mut(&device_id) else { continue };
            let taken = flow.take_turn(instance_id, device_id, &mut self.aliases, packets);
            self.bytes -= taken;
            flow.wake_if_below(share / 2);
            if !flow.items.is_empty() {
                self.ring.push_back(device_id);
                continue;
            }
            flow.in_ring = false;
            flow.deficit = 0;
            if !flow.joined
                && let Some(flow) = self.flows.remove(&device_id)
            {
                self.aliases.free.extend(flow.alias);
            }
        }
        before - self.bytes
    }

    fn enter_ring(ring: &mut VecDeque<DeviceId>, flow: &mut Flow, device_id: DeviceId) {
        if !flow.in_ring {
            flow.in_ring = true;
            ring.push_back(device_id);
        }
    }
}

impl Flow {
    fn take_turn(
        &mut self,
        instance_id: InstanceId,
        device_id: DeviceId,
        aliases: &mut Aliases,
        packets: &mut Vec<Bytes>,
    ) -> usize {
        self.deficit += ROUND;
        let mut taken = 0;
        while let Some(item) = self.items.pop_front() {
            match item {
                Item::Presence(present) => packets.push(presence(instance_id, device_id, present)),
                Item::Frame(packet) if on_the_wire(&packet) > self.deficit => {
                    self.items.push_front(Item::Frame(packet));
                    break;
                }
                Item::Frame(mut packet) => {
                    self.deficit -= on_the_wire(&packet);
                    taken += packet.len();
                    self.finish(&mut packet, instance_id, device_id, aliases);
                    packets.push(packet.freeze());
                }
            }
        }
        self.bytes -= taken;
        taken
    }

    fn finish(&mut self, packet: &mut BytesMut, instance_id: InstanceId, device_id: DeviceId, aliases: &mut Aliases) {
        if let Some(alias) = self.alias {
            return publish::finish_frame(packet, Name::Alias(alias), None);
        }
        let topic = Topic::Up(instance_id, device_id).to_string();
        self.alias = aliases.give();
        let name = self.alias.map_or(Name::Topic(&topic), |alias| Name::Bind(&topic, alias));
        publish::finish_frame(packet, name, None);
    }

    fn wake_if_below(&mut self, level: usize) {
        if self.bytes <= level
            && let Some(device) = self.stalled.take()
        {
            device.up_is_full.store(false, Ordering::Release);
            device.peer.wake();
        }
    }
}

/// What a packet with an alias takes on the connection, in bytes: its headroom takes memory, but no time there.
fn on_the_wire(packet: &[u8]) -> usize {
    packet.len().saturating_sub(publish::HEADROOM) + 16
}

impl Aliases {
    fn give(&mut self) -> Option<u16> {
        if let Some(alias) = self.free.pop() {
            return Some(alias);
        }
        (self.given < self.most).then(|| {
            self.given += 1;
            self.given
        })
    }
}

fn presence(instance_id: InstanceId, device_id: DeviceId, present: bool) -> Bytes {
    publication(Topic::DevicePresence(instance_id, device_id), if present { PRESENT } else { ABSENT })
}

/// Makes a frame with a PUBLISH of the gateway's own.
pub(crate) fn publication(topic: Topic, payload: &[u8]) -> Bytes {
    let mut packet = BytesMut::new();
    publish::begin(&mut packet, payload.len());
    packet.extend_from_slice(payload);
    publish::finish_frame(&mut packet, Name::Topic(&topic.to_string()), None);
    packet.freeze()
}

#[cfg(test)]
mod tests {
    use latchgate_protocol::websocket::{Frames, Next, Sender};

    use super::*;

    const INSTANCE: InstanceId = InstanceId::from_bytes([1; 16]);

    fn device(byte: u8) -> Arc<DeviceLink> {
        Arc::new(DeviceLink::new(DeviceId::from_bytes([byte; 16])))
    }

    fn frame(payload: &[u8]) -> BytesMut {
        let mut packet = BytesMut::new();
        publish::begin(&mut packet, payload.len());
        packet.extend_from_slice(payload);
        packet
    }

    fn payloads(packets: &[Bytes]) -> Vec<u8> {
        packets.iter().map(|packet| publish::decode(packet).unwrap().payload[0]).collect()
    }

    /// Pops and takes the packets out of their frames.
    fn pop(rounds: &mut Rounds, most: usize) -> Vec<Bytes> {
        let mut packets = Vec::new();
        rounds.pop(INSTANCE, most, usize::MAX, &mut packets);
        let mut frames = Frames::new(Sender::Server, usize::MAX);
        let mut packet_of = |frame: Bytes| match frames.next(&mut frame.to_vec()) {
            Ok(Next::Frame { header, .. }) => frame.slice(header..),
            other => panic!("{other:?}"),
        };
        packets.into_iter().map(&mut packet_of).collect()
    }

    #[test]
    fn ab_35_a_flooding_device_leaves_the_others_their_share() {
        let mut rounds = Rounds::new(10);
        let (flood, quiet) = (device(b'f'), device(b'q'));
        for _ in 0..1000 {
            rounds.push(&flood, frame(&[b'f'; 16_000]), usize::MAX);
        }
        rounds.push(&quiet, frame(&[b'q'; 16_000]), usize::MAX);
        let order = payloads(&pop(&mut rounds, 70_000));
        assert!(order.contains(&b'q'), "{order:?}");

        for _ in 0..1000 {
            rounds.push(&quiet, frame(&[b'q'; 400]), usize::MAX);
        }
        let bytes = |packets: &[Bytes], who| {
            packets.iter().filter(|p| publish::decode(p).unwrap().payload[0] == who).map(Bytes::len).sum::<usize>()
        };
        let packets = pop(&mut rounds, 400_000);
        let (f, q) = (bytes(&packets, b'f'), bytes(&packets, b'q'));
        assert!(f.abs_diff(q) <= 2 * ROUND, "{f} and {q}");
    }

    #[test]
    fn a_flow_keeps_its_order_and_uses_one_alias() {
        let mut rounds = Rounds::new(1);
        let (a, b) = (device(1), device(2));
        for id in [a.id, b.id] {
            rounds.push_presence(id, true);
        }
        pop(&mut rounds, usize::MAX);
        for byte in 0..3 {
            rounds.push(&a, frame(&[byte]), usize::MAX);
        }
        rounds.push(&b, frame(&[9]), usize::MAX);
        let packets = pop(&mut rounds, usize::MAX);
        assert_eq!(payloads(&packets), [0, 1, 2, 9]);
        let names: Vec<_> = packets
            .iter()
            .map(|packet| publish::decode(packet).map(|p| (!p.topic.is_empty(), p.alias)).unwrap())
            .collect();
        assert_eq!(names, [(true, Some(1)), (false, Some(1)), (false, Some(1)), (true, None)]);
        assert_eq!(rounds.bytes, 0);
    }

    #[test]
    fn an_alias_is_free_again_when_its_device_left() {
        let mut rounds = Rounds::new(1);
        let (a, b) = (device(1), device(2));
        rounds.push_presence(a.id, true);
        rounds.push(&a, frame(&[1]), usize::MAX);
        rounds.push_presence(a.id, false);
        pop(&mut rounds, usize::MAX);
        rounds.push(&b, frame(&[2]), usize::MAX);
        let packets = pop(&mut rounds, usize::MAX);
        assert_eq!(publish::decode(&packets[0]).unwrap().alias, Some(1));
        assert!(!publish::decode(&packets[0]).unwrap().topic.is_empty());
        assert!(rounds.flows.is_empty());
    }

    #[test]
    fn presence_waits_behind_the_frames_of_its_device() {
        let mut rounds = Rounds::new(1);
        let a = device(1);
        rounds.push_presence(a.id, true);
        rounds.push(&a, frame(b"x"), usize::MAX);
        for _ in 0..5 {
            rounds.push_presence(a.id, false);
            rounds.push_presence(a.id, true);
            rounds.push_presence(a.id, true);
        }
        assert_eq!(payloads(&pop(&mut rounds, usize::MAX)), b"1x01");
    }

    #[test]
    fn ab_34_a_device_beyond_its_share_is_stalled_until_half_of_it_left() {
        let mut rounds = Rounds::new(1);
        let a = device(1);
        let share = 2 * ROUND;
        while !a.up_is_full.load(Ordering::Acquire) {
            rounds.push(&a, frame(&[0; 8_000]), share);
        }
        let mut packets = Vec::new();
        while a.up_is_full.load(Ordering::Acquire) {
            assert!(rounds.bytes > share / 2);
            rounds.pop(INSTANCE, 1, share, &mut packets);
        }
        assert!(rounds.bytes <= share / 2 && rounds.bytes > 0);
    }

    #[test]
    fn what_is_purged_or_cleared_wakes_its_device() {
        let mut rounds = Rounds::new(1);
        let (a, b) = (device(1), device(2));
        rounds.push(&a, frame(b"x"), 0);
        rounds.push(&b, frame(b"x"), 0);
        assert!(rounds.purge(a.id) > 0);
        assert!(!a.up_is_full.load(Ordering::Acquire));
        assert!(rounds.clear() > 0);
        assert!(!b.up_is_full.load(Ordering::Acquire));
        assert_eq!(rounds.bytes, 0);
        assert!(pop(&mut rounds, usize::MAX).is_empty());
    }
}
