//! The PUBLISH packet, and the search for a packet's end.

use bytes::BytesMut;
use latchgate_protocol::limits::MAX_PACKET;
use latchgate_protocol::publish::{self, Name, Next, Publish};

use crate::Verdict;

pub(crate) fn read(bytes: &[u8]) -> Verdict {
    walk(bytes);
    let decoded = publish::decode(bytes);
    if let Ok(packet) = &decoded
        && packet.topic.len() <= MAX_TOPIC
    {
        assert_eq!(publish::decode(&encode(packet)), Ok(*packet), "a packet that was read is not written alike");
    }
    if decoded.is_ok() {
        let next = publish::next_packet(bytes, usize::MAX);
        assert_eq!(next, Next::Packet(bytes.len()), "a whole packet has another end");
        let next = publish::next_packet(&bytes[..bytes.len() - 1], usize::MAX);
        assert_eq!(next, Next::Incomplete, "a part of a packet has an end");
    }
    Verdict::of(&decoded)
}

/// The longest topic that is ever written: `lg/1/{instance_id}/{device_id}/u`.
const MAX_TOPIC: usize = 73;

/// Goes from packet to packet as a connection does.
fn walk(mut bytes: &[u8]) {
    while let Next::Packet(length) = publish::next_packet(bytes, MAX_PACKET) {
        assert!((2..=MAX_PACKET).contains(&length), "a packet of {length} bytes");
        bytes = &bytes[length..];
    }
}

fn encode(packet: &Publish<'_>) -> BytesMut {
    let mut out = BytesMut::new();
    publish::begin(&mut out, packet.payload.len());
    out.extend_from_slice(packet.payload);
    let name = match packet.alias {
        None => Name::Topic(packet.topic),
        Some(alias) if packet.topic.is_empty() => Name::Alias(alias),
        Some(alias) => Name::Bind(packet.topic, alias),
    };
    publish::finish(&mut out, name);
    out
}

pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let packet = |topic, alias, payload| encode(&Publish { topic, alias, payload }).to_vec();
    let topic = "lg/1/11111111111111111111111111111111/22222222222222222222222222222222/u";
    let properties: &[u8] = &[
        0x01, 0x01, // payload format
        0x02, 0, 0, 0, 9, // message expiry
        0x03, 0, 1, b'a', // content type
        0x26, 0, 1, b'k', 0, 1, b'v', // user property
        0x23, 0, 7, // topic alias
    ];
    let with_properties = [&[0x30, 3 + 1 + 21 + 1, 0, 1, b't'][..], &[21], properties, b"p"].concat();
    vec![
        ("topic", packet(topic, None, &[5; 40])),
        ("bind", packet(topic, Some(1), &[5; 40])),
        ("alias", packet("", Some(0xffff), &[5; 200])),
        ("properties", with_properties),
    ]
}
