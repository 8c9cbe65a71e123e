//! The one MQTT packet of the hot path: PUBLISH at QoS 0 (MQTT 5, section 3.3), read and written in place.
//!
//! All other packets go through `mqtt-protocol-core`. A relay handles one PUBLISH for each sealed record, so
//! this one is written in front of a payload that is already in its buffer, and read as a view.

use bytes::{Buf as _, BufMut as _, BytesMut};
use thiserror::Error;

use crate::websocket::{Header, Kind, MaskKey, mask};

/// The most bytes that stand in front of a payload: WebSocket header, fixed header, topic of at most 73 bytes,
/// alias property.
pub const HEADROOM: usize = 112;

const PUBLISH_QOS_0: u8 = 0x30;
const TOPIC_ALIAS: u8 = 0x23;

/// How a PUBLISH names its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name<'a> {
    /// Spelled out.
    Topic(&'a str),
    /// Spelled out, and bound to an alias for the packets that follow.
    Bind(&'a str, u16),
    /// By an alias that was bound before.
    Alias(u16),
}

/// A PUBLISH as it lies in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Empty when only the alias names the topic.
    pub topic: &'a str,
    /// The topic alias, if there is one. Zero is refused by [`decode`].
    pub alias: Option<u16>,
    /// The payload.
    pub payload: &'a [u8],
}

/// Why a packet is not a PUBLISH at QoS 0 of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PublishError {
    /// Lengths that do not fit, a property that is cut off, or text that is not UTF-8.
    #[error("the PUBLISH packet is malformed")]
    Malformed,
    /// A QoS other than 0.
    #[error("the PUBLISH packet asks for a QoS above 0")]
    QosNotSupported,
    /// A retained message.
    #[error("the PUBLISH packet asks to be retained")]
    RetainNotSupported,
    /// Alias 0.
    #[error("the topic alias 0 does not exist")]
    TopicAliasInvalid,
}

/// Starts a packet whose payload is appended next: leaves [`HEADROOM`] free in front.
pub fn begin(packet: &mut BytesMut, payload_hint: usize) {
    packet.reserve(HEADROOM + payload_hint);
    packet.put_bytes(0, HEADROOM);
}

/// Writes the header into the headroom of a packet begun with [`begin`] and cuts the packet to size.
pub fn finish(packet: &mut BytesMut, name: Name<'_>) {
    let mut head = [0_u8; HEADROOM];
    let length = write_head(&mut head, packet, name);
    put_in_front(packet, HEADROOM, &head[..length]);
    packet.advance(HEADROOM - length);
}

/// Finishes a packet as [`finish`] does, inside a WebSocket frame of its own; with a key, as a client must.
pub fn finish_frame(packet: &mut BytesMut, name: Name<'_>, key: Option<MaskKey>) {
    let mut head = [0_u8; HEADROOM];
    let length = write_head(&mut head, packet, name);
    let start = HEADROOM - length;
    let frame = Header::new(Kind::Data, packet.len().saturating_sub(start), key);
    put_in_front(packet, HEADROOM, &head[..length]);
    put_in_front(packet, start, frame.as_bytes());
    if let Some(key) = key {
        mask(&mut packet[start..], key);
    }
    packet.advance(start - frame.as_bytes().len());
}

fn put_in_front(packet: &mut [u8], end: usize, bytes: &[u8]) {
    packet[end - bytes.len()..end].copy_from_slice(bytes);
}

/// Writes all that stands in front of the payload and returns its size.
fn write_head(head: &mut [u8; HEADROOM], packet: &[u8], name: Name<'_>) -> usize {
    let (topic, alias) = match name {
        Name::Topic(topic) => (topic, None),
        Name::Bind(topic, alias) => (topic, Some(alias)),
        Name::Alias(alias) => ("", Some(alias)),
    };
    let properties = if alias.is_some() { 3 } else { 0 };
    let payload = packet.len().saturating_sub(HEADROOM);
    let remaining = 2 + topic.len() + 1 + properties + payload;
    let mut writer = &mut head[..];
    writer.put_u8(PUBLISH_QOS_0);
    put_variable_integer(&mut writer, remaining);
    writer.put_u16(u16::try_from(topic.len()).unwrap_or(0));
    writer.put_slice(topic.as_bytes());
    writer.put_u8(properties as u8);
    if let Some(alias) = alias {
        writer.put_u8(TOPIC_ALIAS);
        writer.put_u16(alias);
    }
    HEADROOM - writer.len()
}

fn put_variable_integer(writer: &mut &mut [u8], mut value: usize) {
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            writer.put_u8(byte);
            return;
        }
        writer.put_u8(byte | 0x80);
    }
}

/// Reads one whole packet, fixed header included.
///
/// # Errors
/// [`PublishError`], from which the gateway takes its reason code.
pub fn decode(packet: &[u8]) -> Result<Publish<'_>, PublishError> {
    let (&first, rest) = packet.split_first().ok_or(PublishError::Malformed)?;
    if first >> 4 != 3 {
        return Err(PublishError::Malformed);
    }
    if first & 0b0110 != 0 {
        return Err(PublishError::QosNotSupported);
    }
    if first & 1 != 0 {
        return Err(PublishError::RetainNotSupported);
    }
    let (remaining, rest) = take_variable_integer(rest)?;
    if remaining != rest.len() {
        return Err(PublishError::Malformed);
    }
    let (topic, rest) = take_text(rest)?;
    let (properties, rest) = take_variable_integer(rest)?;
    let (mut properties, payload) = rest.split_at_checked(properties).ok_or(PublishError::Malformed)?;
    let mut alias = None;
    while !properties.is_empty() {
        if let [TOPIC_ALIAS, high, low, rest @ ..] = properties {
            let value = u16::from_be_bytes([*high, *low]);
            if value == 0 {
                return Err(PublishError::TopicAliasInvalid);
            }
            if alias.replace(value).is_some() {
                return Err(PublishError::Malformed);
            }
            properties = rest;
        } else {
            properties = skip_property(properties)?;
        }
    }
    if topic.is_empty() && alias.is_none() {
        return Err(PublishError::Malformed);
    }
    Ok(Publish { topic, alias, payload })
}

/// Reads a variable byte integer of at most four bytes (section 1.5.5).
fn take_variable_integer(bytes: &[u8]) -> Result<(usize, &[u8]), PublishError> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((value, bytes.get(index + 1..).unwrap_or_default()));
        }
    }
    Err(PublishError::Malformed)
}

fn take_text(bytes: &[u8]) -> Result<(&str, &[u8]), PublishError> {
    let (text, rest) = take_binary(bytes)?;
    Ok((std::str::from_utf8(text).map_err(|_| PublishError::Malformed)?, rest))
}

fn take_binary(bytes: &[u8]) -> Result<(&[u8], &[u8]), PublishError> {
    let (length, rest) = bytes.split_first_chunk::<2>().ok_or(PublishError::Malformed)?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(PublishError::Malformed)
}

/// Skips a property that PUBLISH may carry and that means nothing here (section 3.3.2.3).
fn skip_property(bytes: &[u8]) -> Result<&[u8], PublishError> {
    const PAYLOAD_FORMAT: u8 = 0x01;
    const MESSAGE_EXPIRY: u8 = 0x02;
    const CONTENT_TYPE: u8 = 0x03;
    const RESPONSE_TOPIC: u8 = 0x08;
    const CORRELATION_DATA: u8 = 0x09;
    const USER_PROPERTY: u8 = 0x26;
    let (&id, rest) = bytes.split_first().ok_or(PublishError::Malformed)?;
    match id {
        PAYLOAD_FORMAT => rest.get(1..).ok_or(PublishError::Malformed),
        MESSAGE_EXPIRY => rest.get(4..).ok_or(PublishError::Malformed),
        CONTENT_TYPE | RESPONSE_TOPIC => Ok(take_text(rest)?.1),
        CORRELATION_DATA => Ok(take_binary(rest)?.1),
        USER_PROPERTY => Ok(take_text(take_text(rest)?.1)?.1),
        _ => Err(PublishError::Malformed),
    }
}

/// What stands at the head of a buffer of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// One whole packet of this many bytes.
    Packet(usize),
    /// More bytes must arrive.
    Incomplete,
    /// The packet is longer than allowed, or its length has a fifth byte.
    TooLong,
}

/// Looks for the end of the first packet in `bytes`, allocating nothing.
#[must_use]
pub fn next_packet(bytes: &[u8], max_packet: usize) -> Next {
    let Some((_, rest)) = bytes.split_first() else { return Next::Incomplete };
    match take_variable_integer(rest) {
        Ok((remaining, body)) => {
            let total = bytes.len() - body.len() + remaining;
            if total > max_packet {
                Next::TooLong
            } else if body.len() < remaining {
                Next::Incomplete
            } else {
                Next::Packet(total)
            }
        }
        Err(_) if rest.len() < 4 => Next::Incomplete,
        Err(_) => Next::TooLong,
    }
}

#[cfg(test)]
mod tests {
    use mqtt_protocol_core::mqtt::packet::v5_0;
    use proptest::prelude::*;

    use super::*;

    fn packet(name: Name<'_>, payload: &[u8]) -> BytesMut {
        let mut packet = BytesMut::new();
        begin(&mut packet, payload.len());
        packet.extend_from_slice(payload);
        finish(&mut packet, name);
        packet
    }

    #[test]
    fn the_wire_form_is_fixed() {
        let golden = concat!(
            "30", // PUBLISH, QoS 0
            "0b", // remaining length
            "0003", "612f62", // topic "a/b"
            "03", "23", "0007", // properties: topic alias 7
            "7879", // payload
        );
        assert_eq!(hex::encode(packet(Name::Bind("a/b", 7), b"xy")), golden);
    }

    #[test]
    fn the_library_reads_what_is_written_here() {
        let bytes = packet(Name::Bind("lg/1/x", 9), &[5; 17_000]);
        let Next::Packet(total) = next_packet(&bytes, 20_480) else { panic!("no packet") };
        assert_eq!(total, bytes.len());
        let (parsed, _) = v5_0::Publish::parse(0, bytes[4..].into()).unwrap();
        assert_eq!(parsed.topic_name(), "lg/1/x");
        assert_eq!(parsed.payload().as_slice(), &[5; 17_000]);
    }

    #[test]
    fn what_the_library_writes_is_read_here() {
        let packet = v5_0::Publish::builder().topic_name("a").unwrap().payload(b"z".to_vec()).build().unwrap();
        let bytes = packet.to_continuous_buffer();
        assert_eq!(decode(&bytes), Ok(Publish { topic: "a", alias: None, payload: b"z" }));
    }

    #[test]
    fn a_packet_in_a_frame_is_the_same_packet() {
        use crate::websocket::{Frames, Next, Sender};

        let longest = "t".repeat(73);
        for (from, key) in [(Sender::Client, Some(MaskKey([1, 2, 3, 4]))), (Sender::Server, None)] {
            for length in [0, 100, 120, 200, 17_000] {
                let plain = packet(Name::Bind(&longest, 9), &vec![5; length]);
                let mut framed = BytesMut::new();
                begin(&mut framed, length);
                framed.put_bytes(5, length);
                finish_frame(&mut framed, Name::Bind(&longest, 9), key);
                let read = Frames::new(from, 20_480).next(&mut framed);
                let Ok(Next::Frame { header, length, .. }) = read else { panic!("{read:?}") };
                assert_eq!(framed[header..], plain);
                assert_eq!(length, plain.len());
            }
        }
    }

    #[test]
    fn each_refusal_has_its_name() {
        let mut bytes = packet(Name::Topic("a"), b"z");
        assert_eq!(decode(&bytes[..4]), Err(PublishError::Malformed));
        bytes[0] = 0x32;
        assert_eq!(decode(&bytes), Err(PublishError::QosNotSupported));
        bytes[0] = 0x31;
        assert_eq!(decode(&bytes), Err(PublishError::RetainNotSupported));
        assert_eq!(decode(&packet(Name::Alias(0), b"")), Err(PublishError::TopicAliasInvalid));
        assert_eq!(next_packet(&[0x30, 0xff, 0xff, 0xff, 0x7f], 20_480), Next::TooLong);
        assert_eq!(next_packet(&[0x30, 0xff, 0xff, 0xff, 0xff, 1], 20_480), Next::TooLong);
        assert_eq!(next_packet(&[0x30, 0xff], 20_480), Next::Incomplete);
    }

    proptest! {
        #[test]
        fn every_name_round_trips(topic in "[a-z/]{1,73}", alias in 1..=u16::MAX, payload in proptest::collection::vec(any::<u8>(), 0..300)) {
            for name in [Name::Topic(&topic), Name::Bind(&topic, alias), Name::Alias(alias)] {
                let bytes = packet(name, &payload);
                prop_assert_eq!(next_packet(&bytes, 20_480), Next::Packet(bytes.len()));
                let publish = decode(&bytes).unwrap();
                prop_assert_eq!(publish.payload, &payload[..]);
            }
        }

        #[test]
        fn any_bytes_decode_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..128)) {
            let _ = decode(&bytes);
            let _ = next_packet(&bytes, 64);
        }
    }
}
