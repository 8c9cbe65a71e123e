//! The five MQTT topics, all below `lg/1/{instance_id}`.
//!
//! | topic | publisher | subscriber | payload |
//! |---|---|---|---|
//! | `{device_id}/u` | device | connector | a frame |
//! | `{device_id}/d` | connector | device | a frame |
//! | `{device_id}/p` | gateway | connector | presence of the device: `1` or `0` |
//! | `c` | gateway | device | presence of the connector: `1` or `0` |
//! | `k` | gateway | connector | [`crate::control::Control`] as JSON |
//!
//! A topic is parsed into this type before any right is checked; nothing compares topic texts.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::id::{DeviceId, InstanceId};

/// One parsed topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Frames from a device to its connector.
    Up(InstanceId, DeviceId),
    /// Frames from the connector to one device.
    Down(InstanceId, DeviceId),
    /// Whether a device is connected.
    DevicePresence(InstanceId, DeviceId),
    /// Whether the connector is connected.
    ConnectorPresence(InstanceId),
    /// Orders and news from the gateway to the connector.
    Control(InstanceId),
}

/// What a client may subscribe to. `+` stands for every device of the instance and is for its connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TopicFilter {
    /// `lg/1/{instance_id}/+/u`
    UpOfAll(InstanceId),
    /// `lg/1/{instance_id}/+/p`
    PresenceOfAll(InstanceId),
    /// One topic, without a wildcard.
    Exactly(Topic),
}

/// The payload of a presence topic while the peer is connected.
pub const PRESENT: &[u8] = b"1";
/// The payload of a presence topic while the peer is not connected.
pub const ABSENT: &[u8] = b"0";

/// Why a text is no topic of ours. Holds nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected a topic of the form lg/1/<instance_id>/<device_id>/u, found {0} bytes of another form")]
pub struct MalformedTopic(usize);

impl Topic {
    /// Returns the instance that the topic belongs to.
    #[must_use]
    pub const fn instance_id(&self) -> InstanceId {
        match self {
            Self::Up(instance, _)
            | Self::Down(instance, _)
            | Self::DevicePresence(instance, _)
            | Self::ConnectorPresence(instance)
            | Self::Control(instance) => *instance,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up(instance, device) => write!(f, "lg/1/{instance}/{device}/u"),
            Self::Down(instance, device) => write!(f, "lg/1/{instance}/{device}/d"),
            Self::DevicePresence(instance, device) => write!(f, "lg/1/{instance}/{device}/p"),
            Self::ConnectorPresence(instance) => write!(f, "lg/1/{instance}/c"),
            Self::Control(instance) => write!(f, "lg/1/{instance}/k"),
        }
    }
}

impl FromStr for Topic {
    type Err = MalformedTopic;

    fn from_str(text: &str) -> Result<Self, MalformedTopic> {
        match text.parse()? {
            TopicFilter::Exactly(topic) => Ok(topic),
            TopicFilter::UpOfAll(_) | TopicFilter::PresenceOfAll(_) => Err(MalformedTopic(text.len())),
        }
    }
}

impl fmt::Display for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpOfAll(instance) => write!(f, "lg/1/{instance}/+/u"),
            Self::PresenceOfAll(instance) => write!(f, "lg/1/{instance}/+/p"),
            Self::Exactly(topic) => topic.fmt(f),
        }
    }
}

impl FromStr for TopicFilter {
    type Err = MalformedTopic;

    fn from_str(text: &str) -> Result<Self, MalformedTopic> {
        let malformed = MalformedTopic(text.len());
        let rest = text.strip_prefix("lg/1/").ok_or(malformed)?;
        let (instance, rest) = rest.split_once('/').ok_or(malformed)?;
        let instance = instance.parse().map_err(|_| malformed)?;
        match rest {
            "c" => return Ok(Self::Exactly(Topic::ConnectorPresence(instance))),
            "k" => return Ok(Self::Exactly(Topic::Control(instance))),
            "+/u" => return Ok(Self::UpOfAll(instance)),
            "+/p" => return Ok(Self::PresenceOfAll(instance)),
            _ => {}
        }
        let (device, leaf) = rest.split_once('/').ok_or(malformed)?;
        let device = device.parse().map_err(|_| malformed)?;
        match leaf {
            "u" => Ok(Self::Exactly(Topic::Up(instance, device))),
            "d" => Ok(Self::Exactly(Topic::Down(instance, device))),
            "p" => Ok(Self::Exactly(Topic::DevicePresence(instance, device))),
            _ => Err(malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INSTANCE: InstanceId = InstanceId::from_bytes([0x11; 16]);
    const DEVICE: DeviceId = DeviceId::from_bytes([0x22; 16]);

    #[test]
    fn every_topic_round_trips() {
        for topic in [
            Topic::Up(INSTANCE, DEVICE),
            Topic::Down(INSTANCE, DEVICE),
            Topic::DevicePresence(INSTANCE, DEVICE),
            Topic::ConnectorPresence(INSTANCE),
            Topic::Control(INSTANCE),
        ] {
            assert_eq!(topic.to_string().parse(), Ok(topic));
        }
    }

    #[test]
    fn wildcards_are_filters_and_never_topics() {
        for filter in [TopicFilter::UpOfAll(INSTANCE), TopicFilter::PresenceOfAll(INSTANCE)] {
            let text = filter.to_string();
            assert_eq!(text.parse(), Ok(filter));
            assert!(text.parse::<Topic>().is_err());
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        let up = Topic::Up(INSTANCE, DEVICE).to_string();
        for wrong in [
            String::new(),
            "#".into(),
            "+/+".into(),
            "lg/1/+/+/u".into(),
            format!("$share/g/{up}"),
            format!("/{up}"),
            format!("{up}/"),
            format!("{up}\0"),
            up.replace("lg/1", "lg/2"),
            up.to_uppercase(),
            format!("lg/1/{INSTANCE}/{DEVICE}/x"),
            format!("lg/1/{INSTANCE}/#"),
            format!("lg/1/{INSTANCE}/+/d"),
        ] {
            assert!(wrong.parse::<TopicFilter>().is_err(), "{wrong:?} was taken");
        }
    }

    proptest! {
        #[test]
        fn any_text_parses_without_panic(text in "\\PC*") {
            if let Ok(filter) = text.parse::<TopicFilter>() {
                prop_assert_eq!(filter.to_string(), text);
            }
        }
    }
}
