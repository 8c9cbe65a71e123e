//! What a company asks of the devices that it is paired with, told to each of them with the
//! [catalogue](crate::catalogue).
//!
//! A device keeps the rules, and when it last heard from the company, and follows them while it hears nothing.
//! What is absent is not asked.

use serde::{Deserialize, Serialize};

/// The company's rules for its devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeviceRules {
    /// Locks after this many seconds without a sealed answer of the company, and serves no page before the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_after: Option<u64>,
    /// Erases itself after this many seconds without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erase_after: Option<u64>,
    /// Locks after at most this many minutes without use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_lock_minutes: Option<u32>,
    /// Erases itself after at most this many wrong passphrases in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erase_after_tries: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_form_is_fixed_and_later_rules_are_no_error() {
        let rules = DeviceRules {
            lock_after: Some(1_209_600),
            erase_after: Some(7_776_000),
            auto_lock_minutes: Some(10),
            erase_after_tries: None,
        };
        let golden = r#"{"lock_after":1209600,"erase_after":7776000,"auto_lock_minutes":10}"#;
        assert_eq!(serde_json::to_string(&rules).unwrap(), golden);
        assert_eq!(serde_json::from_str::<DeviceRules>(golden).unwrap(), rules);
        assert_eq!(serde_json::from_str::<DeviceRules>(r#"{"screenshots":false}"#).unwrap(), DeviceRules::default());
    }
}
