//! Topics, filters, ids and public keys: each has one spelling.

use std::fmt::Display;
use std::str::FromStr;

use latchgate_protocol::topic::TopicFilter;
use latchgate_protocol::{DeviceId, InstanceId, Topic};
use latchgate_tunnel::StaticPublicKey;

use crate::Verdict;

pub(crate) fn read(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let understood = [
        has_one_spelling::<Topic>(text),
        has_one_spelling::<TopicFilter>(text),
        has_one_spelling::<InstanceId>(text),
        has_one_spelling::<DeviceId>(text),
        has_one_spelling::<StaticPublicKey>(text),
    ];
    if understood.contains(&true) { Verdict::Accepted } else { Verdict::Refused }
}

fn has_one_spelling<T: FromStr + Display>(text: &str) -> bool {
    let Ok(value) = text.parse::<T>() else { return false };
    assert_eq!(value.to_string(), text, "a text that was read is not written alike");
    true
}

pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let instance = "11111111111111111111111111111111";
    let device = "22222222222222222222222222222222";
    let texts = [
        ("up", format!("lg/1/{instance}/{device}/u")),
        ("down", format!("lg/1/{instance}/{device}/d")),
        ("presence", format!("lg/1/{instance}/{device}/p")),
        ("connector-presence", format!("lg/1/{instance}/c")),
        ("control", format!("lg/1/{instance}/k")),
        ("up-of-all", format!("lg/1/{instance}/+/u")),
        ("presence-of-all", format!("lg/1/{instance}/+/p")),
        ("id", instance.to_owned()),
        ("public-key", format!("{instance}{device}")),
    ];
    texts.into_iter().map(|(name, text)| (name, text.into_bytes())).collect()
}
