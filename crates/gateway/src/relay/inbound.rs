//! Topics as they arrive: spelled out, bound to an alias, or by an alias alone.

use latchgate_protocol::Topic;
use latchgate_protocol::publish::Publish;

use super::packet;
use super::reason::Reason;

/// The topic aliases of one connection, of fixed size.
#[derive(Debug)]
pub(crate) struct TopicAliases {
    topics: Vec<Option<Topic>>,
    most: u16,
}

impl TopicAliases {
    pub(crate) const fn new(most: u16) -> Self {
        Self { topics: Vec::new(), most }
    }

    /// Returns the topic of a publication and remembers the alias it binds.
    pub(crate) fn resolve(&mut self, publish: &Publish<'_>) -> Result<Topic, Reason> {
        let Some(alias) = publish.alias else {
            return publish.topic.parse().map_err(|_| Reason::TopicInvalid);
        };
        if alias == 0 || alias > self.most {
            return Err(Reason::AliasInvalid);
        }
        let index = usize::from(alias) - 1;
        if publish.topic.is_empty() {
            return self.topics.get(index).copied().flatten().ok_or(Reason::AliasInvalid);
        }
        let topic = publish.topic.parse().map_err(|_| Reason::TopicInvalid)?;
        if self.topics.len() <= index {
            self.topics.resize(index + 1, None);
        }
        if let Some(slot) = self.topics.get_mut(index) {
            *slot = Some(topic);
        }
        Ok(topic)
    }
}

/// Finds out whether a malformed PUBLISH is so because of its topic: empty without an alias, or not UTF-8.
pub(crate) fn malformed_publish(packet: &[u8]) -> Reason {
    let topic = packet::split(packet)
        .and_then(|(_, body)| body.split_first_chunk::<2>())
        .and_then(|(length, rest)| rest.get(..usize::from(u16::from_be_bytes(*length))));
    match topic {
        Some(topic) if topic.is_empty() || std::str::from_utf8(topic).is_err() => Reason::TopicInvalid,
        _ => Reason::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use latchgate_protocol::InstanceId;

    use super::*;

    #[test]
    fn ab_28_the_alias_table_refuses_what_it_was_not_told() {
        let mut aliases = TopicAliases::new(2);
        let topic = Topic::ConnectorPresence(InstanceId::from_bytes([1; 16]));
        let text = topic.to_string();
        let mut resolve = |topic, alias| aliases.resolve(&Publish { topic, alias, payload: b"" });
        assert_eq!(resolve("", Some(1)), Err(Reason::AliasInvalid));
        assert_eq!(resolve(&text, Some(2)), Ok(topic));
        assert_eq!(resolve("", Some(2)), Ok(topic));
        assert_eq!(resolve("", Some(1)), Err(Reason::AliasInvalid));
        assert_eq!(resolve(&text, Some(0)), Err(Reason::AliasInvalid));
        assert_eq!(resolve(&text, Some(3)), Err(Reason::AliasInvalid));
        assert_eq!(resolve("a/+", None), Err(Reason::TopicInvalid));
        assert!(aliases.topics.len() <= 2);
    }
}
