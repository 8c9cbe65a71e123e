//! The packets beside PUBLISH: those that the gateway reads, through `mqtt-protocol-core`, and those that it
//! writes.

use bytes::Bytes;
use latchgate_protocol::ResumeTicket;
use latchgate_protocol::limits::MAX_PACKET;
use latchgate_protocol::rest::TICKET_PROPERTY;
use mqtt_protocol_core::mqtt::packet::{
    MaximumPacketSize, MaximumQos, Property, RetainAvailable, ServerKeepAlive, SharedSubscriptionAvailable,
    SubscriptionIdentifierAvailable, TopicAliasMaximum, UserProperty, WildcardSubscriptionAvailable, v5_0,
};
use mqtt_protocol_core::mqtt::result_code::{ConnectReasonCode, MqttError};
use zeroize::Zeroizing;

use super::reason::Reason;
use crate::limits::FILTERS;

/// Packet types (section 2.1.2).
pub(crate) const CONNECT: u8 = 1;
pub(crate) const PUBLISH: u8 = 3;
pub(crate) const SUBSCRIBE: u8 = 8;
pub(crate) const UNSUBSCRIBE: u8 = 10;
pub(crate) const PINGREQ: u8 = 12;
pub(crate) const DISCONNECT: u8 = 14;

/// What a CONNECT says.
pub(crate) struct Connect {
    pub(crate) user: String,
    pub(crate) password: Zeroizing<Vec<u8>>,
    /// Topic aliases that the client accepts.
    pub(crate) aliases: u16,
}

/// What a SUBSCRIBE or UNSUBSCRIBE asks for.
pub(crate) struct Filters {
    pub(crate) packet_id: u16,
    pub(crate) filters: Vec<String>,
}

/// What a CONNACK grants.
pub(crate) struct Grant<'a> {
    pub(crate) aliases: u16,
    pub(crate) keep_alive_s: u16,
    pub(crate) ticket: Option<&'a ResumeTicket>,
}

/// Returns the type of a packet and what follows its fixed header.
pub(crate) fn split(packet: &[u8]) -> Option<(u8, &[u8])> {
    let (first, rest) = packet.split_first()?;
    let last = rest.iter().position(|byte| byte & 0x80 == 0)?;
    Some((first >> 4, rest.get(last + 1..)?))
}

/// Reads the body of a CONNECT.
pub(crate) fn read_connect(body: &[u8]) -> Result<Connect, Reason> {
    if !body.starts_with(b"\x00\x04MQTT\x05") {
        return Err(Reason::UnsupportedVersion);
    }
    if body.get(7).is_none_or(|flags| flags & 1 != 0) {
        return Err(Reason::Malformed);
    }
    let (connect, read) = v5_0::Connect::parse(body).map_err(connect_reason)?;
    if read != body.len() {
        return Err(Reason::Malformed);
    }
    if connect.will_flag() {
        // Presence is the gateway's own word; a client's last will would be a forgery of it.
        return Err(Reason::NotAuthorized);
    }
    let user = connect.user_name().ok_or(Reason::BadCredentials)?;
    if connect.client_id() != user {
        return Err(Reason::ClientIdInvalid);
    }
    let password = connect.password().ok_or(Reason::BadCredentials)?;
    let mut aliases = 0;
    for property in connect.props().iter() {
        if let Property::TopicAliasMaximum(maximum) = property {
            aliases = maximum.val();
        }
    }
    Ok(Connect { user: user.to_owned(), password: Zeroizing::new(password.to_vec()), aliases })
}

fn connect_reason(error: MqttError) -> Reason {
    if error == MqttError::ClientIdentifierNotValid {
        Reason::ClientIdInvalid
    } else if error == MqttError::BadUserNameOrPassword {
        Reason::BadCredentials
    } else if error == MqttError::ProtocolError {
        Reason::ProtocolError
    } else {
        Reason::Malformed
    }
}

/// Reads the body of a SUBSCRIBE.
pub(crate) fn read_subscribe(body: &[u8]) -> Result<Filters, Reason> {
    // The library refuses a share without a name as malformed; the answer here is the same for every share.
    let (subscribe, _) = v5_0::Subscribe::parse(body).map_err(|_| Reason::Malformed)?;
    if subscribe.props().iter().any(|property| matches!(property, Property::SubscriptionIdentifier(_))) {
        return Err(Reason::SubscriptionIdsNotSupported);
    }
    let filters = subscribe.entries().iter().map(|entry| entry.topic_filter().to_owned()).collect();
    checked(Filters { packet_id: subscribe.packet_id(), filters })
}

/// Reads the body of an UNSUBSCRIBE.
pub(crate) fn read_unsubscribe(body: &[u8]) -> Result<Filters, Reason> {
    let (unsubscribe, _) = v5_0::Unsubscribe::parse(body).map_err(|_| Reason::Malformed)?;
    let filters = unsubscribe.entries().iter().map(|filter| filter.as_str().to_owned()).collect();
    checked(Filters { packet_id: unsubscribe.packet_id(), filters })
}

fn checked(filters: Filters) -> Result<Filters, Reason> {
    if filters.packet_id == 0 {
        Err(Reason::ProtocolError)
    } else if filters.filters.len() > FILTERS {
        Err(Reason::QuotaExceeded)
    } else {
        Ok(filters)
    }
}

/// Writes the CONNACK of a successful login.
pub(crate) fn connack(grant: &Grant<'_>) -> Bytes {
    try_connack(grant).unwrap_or_else(|_| refuse_connect(Reason::Unavailable))
}

fn try_connack(grant: &Grant<'_>) -> Result<Bytes, MqttError> {
    let mut properties = vec![
        Property::TopicAliasMaximum(TopicAliasMaximum::new(grant.aliases)?),
        Property::MaximumPacketSize(MaximumPacketSize::new(MAX_PACKET as u32)?),
        Property::MaximumQos(MaximumQos::new(0)?),
        Property::RetainAvailable(RetainAvailable::new(0)?),
        Property::WildcardSubscriptionAvailable(WildcardSubscriptionAvailable::new(1)?),
        Property::SubscriptionIdentifierAvailable(SubscriptionIdentifierAvailable::new(0)?),
        Property::SharedSubscriptionAvailable(SharedSubscriptionAvailable::new(0)?),
        Property::ServerKeepAlive(ServerKeepAlive::new(grant.keep_alive_s)?),
    ];
    if let Some(ticket) = grant.ticket {
        properties.push(Property::UserProperty(UserProperty::new(TICKET_PROPERTY, ticket.reveal().as_str())?));
    }
    let packet = v5_0::Connack::builder()
        .session_present(false)
        .reason_code(ConnectReasonCode::Success)
        .props(properties)
        .build()?;
    Ok(packet.to_continuous_buffer().into())
}

/// Writes the CONNACK of a refused login.
pub(crate) fn refuse_connect(reason: Reason) -> Bytes {
    Bytes::copy_from_slice(&[0x20, 3, 0, reason.code(), 0])
}

/// Writes a DISCONNECT.
pub(crate) fn disconnect(reason: Reason) -> Bytes {
    Bytes::copy_from_slice(&[0xe0, 1, reason.code()])
}

/// Writes a SUBACK or UNSUBACK: one code for each filter.
pub(crate) fn acknowledge(kind: Acknowledge, packet_id: u16, codes: &[u8]) -> Bytes {
    let [high, low] = packet_id.to_be_bytes();
    // At most `FILTERS` codes, so that the length fits one byte.
    let mut packet = vec![kind as u8, (3 + codes.len()) as u8, high, low, 0];
    packet.extend_from_slice(codes);
    packet.into()
}

/// What [`acknowledge`] answers.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Acknowledge {
    Subscribe = 0x90,
    Unsubscribe = 0xb0,
}

/// PINGRESP.
pub(crate) const fn pong() -> Bytes {
    Bytes::from_static(&[0xd0, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_reads_what_is_written_here() {
        let packet = acknowledge(Acknowledge::Subscribe, 7, &[0, 0x87]);
        let (suback, _) = v5_0::Suback::parse(split(&packet).unwrap().1).unwrap();
        assert_eq!(suback.packet_id(), 7);
        assert_eq!(suback.reason_codes().iter().map(|code| *code as u8).collect::<Vec<_>>(), [0, 0x87]);

        let packet = acknowledge(Acknowledge::Unsubscribe, 8, &[0x11]);
        let (unsuback, _) = v5_0::Unsuback::parse(split(&packet).unwrap().1).unwrap();
        assert_eq!(unsuback.packet_id(), 8);

        let packet = refuse_connect(Reason::BadCredentials);
        let (connack, _) = v5_0::Connack::parse(split(&packet).unwrap().1).unwrap();
        assert_eq!(connack.reason_code() as u8, 0x86);

        let packet = disconnect(Reason::TakenOver);
        let (disconnect, _) = v5_0::Disconnect::parse(split(&packet).unwrap().1).unwrap();
        assert_eq!(disconnect.reason_code().map(|code| code as u8), Some(0x8e));
    }
}
