//! What nodes say to each other: subjects made of typed ids, and messages of a kind, the sender and a body.
//!
//! An id is hexadecimal by type, so that none can hold a wildcard or a separator; what arrives is parsed with
//! the same strictness.

use std::fmt;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use latchgate_protocol::publish::HEADROOM;
use latchgate_protocol::{DeviceId, InstanceId};

/// A gateway process among its peers: random, new at each start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NodeId(pub(crate) u64);

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// To the connector of an instance, from a device.
    Up(InstanceId, DeviceId),
    /// What all devices of an instance send: for subscribing only.
    UpOfAll(InstanceId),
    /// To a device.
    Down(InstanceId, DeviceId),
    /// To every node with a part of an instance.
    Instance(InstanceId),
    /// To every node: a device was revoked.
    Revoke,
    /// To every node: this one goes away.
    Drain,
    /// To every node: this one is there.
    Alive,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A frame between a device and its connector.
    Frame = 0,
    /// The sender serves the device, or the connector.
    Present = 1,
    /// The sender no longer does.
    Absent = 2,
    /// The sender gave a login its seat: an older one elsewhere ends.
    Seated = 3,
    /// Who serves the connector?
    Ask = 4,
    /// The device exceeded its share: close it.
    Close = 5,
    /// News for the connector, as JSON.
    Control = 6,
    /// The store knows of claim conflicts that the connector has not heard of.
    Conflicts = 7,
    /// Of one of the subjects that have one kind only.
    System = 8,
}

/// A message that arrived.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) kind: Kind,
    pub(crate) node: NodeId,
    pub(crate) body: Bytes,
}

const HEAD: usize = 1 + 8;

impl Message {
    /// Writes a message.
    pub(crate) fn encode(kind: Kind, node: NodeId, body: &[u8]) -> Bytes {
        let mut bytes = BytesMut::with_capacity(HEAD + body.len());
        bytes.put_u8(kind as u8);
        bytes.put_u64(node.0);
        bytes.put_slice(body);
        bytes.freeze()
    }

    /// Turns a packet begun with [`latchgate_protocol::publish::begin`] into a message, without a copy.
    pub(crate) fn of_packet(mut packet: BytesMut, node: NodeId) -> Bytes {
        packet.advance(HEADROOM - HEAD);
        let mut head = &mut packet[..HEAD];
        head.put_u8(Kind::Frame as u8);
        head.put_u64(node.0);
        packet.freeze()
    }

    /// Reads a message; nothing where it is none.
    pub(crate) fn decode(mut bytes: Bytes) -> Option<Self> {
        let kind = Kind::read(bytes.try_get_u8().ok()?)?;
        let node = NodeId(bytes.try_get_u64().ok()?);
        Some(Self { kind, node, body: bytes })
    }
}

impl Kind {
    const fn read(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::Frame,
            1 => Self::Present,
            2 => Self::Absent,
            3 => Self::Seated,
            4 => Self::Ask,
            5 => Self::Close,
            6 => Self::Control,
            7 => Self::Conflicts,
            8 => Self::System,
            _ => return None,
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up(instance, device) => write!(f, "lg1.u.{instance}.{device}"),
            Self::UpOfAll(instance) => write!(f, "lg1.u.{instance}.*"),
            Self::Down(instance, device) => write!(f, "lg1.d.{instance}.{device}"),
            Self::Instance(instance) => write!(f, "lg1.i.{instance}"),
            Self::Revoke => f.write_str("lg1.sys.revoke"),
            Self::Drain => f.write_str("lg1.sys.drain"),
            Self::Alive => f.write_str("lg1.sys.alive"),
        }
    }
}

impl Subject {
    /// Reads the subject of a message that arrived.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("lg1.")?.splitn(3, '.');
        let (area, first, second) = (parts.next()?, parts.next()?, parts.next());
        match (area, first, second) {
            ("u", instance, Some(device)) => Some(Self::Up(instance.parse().ok()?, device.parse().ok()?)),
            ("d", instance, Some(device)) => Some(Self::Down(instance.parse().ok()?, device.parse().ok()?)),
            ("i", instance, None) => Some(Self::Instance(instance.parse().ok()?)),
            ("sys", "revoke", None) => Some(Self::Revoke),
            ("sys", "drain", None) => Some(Self::Drain),
            ("sys", "alive", None) => Some(Self::Alive),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: InstanceId = InstanceId::from_bytes([0xab; 16]);
    const DEVICE: DeviceId = DeviceId::from_bytes([0x01; 16]);

    #[test]
    fn subjects_are_read_as_they_are_written() {
        let subjects = [
            (Subject::Up(INSTANCE, DEVICE), "lg1.u.abababababababababababababababab.01010101010101010101010101010101"),
            (
                Subject::Down(INSTANCE, DEVICE),
                "lg1.d.abababababababababababababababab.01010101010101010101010101010101",
            ),
            (Subject::Instance(INSTANCE), "lg1.i.abababababababababababababababab"),
            (Subject::Revoke, "lg1.sys.revoke"),
            (Subject::Drain, "lg1.sys.drain"),
            (Subject::Alive, "lg1.sys.alive"),
        ];
        for (subject, text) in subjects {
            assert_eq!(subject.to_string(), text);
            assert_eq!(Subject::parse(text), Some(subject));
        }
    }

    #[test]
    fn ab_41_no_id_reaches_another_subject() {
        // Whatever the bytes of an id, its text stays within its own level.
        for byte in 0..=255 {
            let text = Subject::Up(InstanceId::from_bytes([byte; 16]), DeviceId::from_bytes([byte; 16])).to_string();
            assert_eq!(text.split('.').count(), 4, "{text}");
            assert!(text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.'));
        }
        let id = "ab".repeat(16);
        for foreign in [
            format!("lg1.u.{id}.*"),
            format!("lg1.u.{id}.>"),
            format!("lg1.u.*.{id}"),
            format!("lg1.u.{id}"),
            format!("lg1.d.{id}.{id}.{id}"),
            format!("lg1.d.{}.{id}", id.to_uppercase()),
            format!("lg1.i.{id} "),
            format!("lg2.i.{id}"),
            "lg1.sys.>".to_owned(),
            "lg1.sys.other".to_owned(),
            String::new(),
        ] {
            assert_eq!(Subject::parse(&foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_packet_becomes_a_message_in_place() {
        let mut packet = BytesMut::new();
        latchgate_protocol::publish::begin(&mut packet, 3);
        packet.extend_from_slice(b"abc");
        let message = Message::decode(Message::of_packet(packet, NodeId(7))).unwrap();
        assert_eq!((message.kind, message.node, &message.body[..]), (Kind::Frame, NodeId(7), &b"abc"[..]));
        for cut in [&b""[..], b"\x00\x00", b"\x09\0\0\0\0\0\0\0\0"] {
            assert!(Message::decode(Bytes::copy_from_slice(cut)).is_none());
        }
    }
}
