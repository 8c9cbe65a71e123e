//! What is asked of devices: `[devices]` in `connector.toml`.

use std::time::Duration;

use latchgate_tunnel::rules::DeviceRules;

use super::ConfigError;
use super::raw::RawDevices;
use crate::limits::{AUTO_LOCK_CEILING, ERASE_AFTER_FLOOR, ERASE_TRIES_FLOOR, LOCK_AFTER_FLOOR, RULE_CEILING};

const LOCK_AFTER: &str = "[devices] lock_after";
const ERASE_AFTER: &str = "[devices] erase_after";
const AUTO_LOCK: &str = "[devices] auto_lock";
const ERASE_AFTER_TRIES: &str = "[devices] erase_after_tries";

/// Checks each rule, and that they fit together.
pub(super) fn check(raw: &RawDevices) -> Result<DeviceRules, ConfigError> {
    let lock_after = span(LOCK_AFTER, raw.lock_after.as_deref(), LOCK_AFTER_FLOOR, RULE_CEILING)?;
    let erase_after = span(ERASE_AFTER, raw.erase_after.as_deref(), ERASE_AFTER_FLOOR, RULE_CEILING)?;
    if let (Some(lock), Some(erase)) = (lock_after, erase_after)
        && erase <= lock
    {
        return Err(invalid(ERASE_AFTER, "expected a longer time than lock_after"));
    }
    let auto_lock = span(AUTO_LOCK, raw.auto_lock.as_deref(), Duration::from_secs(60), AUTO_LOCK_CEILING)?;
    if raw.erase_after_tries.is_some_and(|tries| tries < ERASE_TRIES_FLOOR) {
        return Err(invalid(ERASE_AFTER_TRIES, &format!("expected at least {ERASE_TRIES_FLOOR}")));
    }
    Ok(DeviceRules {
        lock_after: lock_after.map(|span| span.as_secs()),
        erase_after: erase_after.map(|span| span.as_secs()),
        auto_lock_minutes: auto_lock.and_then(|span| u32::try_from(span.as_secs() / 60).ok()),
        erase_after_tries: raw.erase_after_tries,
    })
}

fn span(
    field: &'static str,
    text: Option<&str>,
    least: Duration,
    most: Duration,
) -> Result<Option<Duration>, ConfigError> {
    let Some(text) = text else { return Ok(None) };
    let span = read(text).ok_or_else(|| invalid(field, "expected a number and a unit, such as 10m, 36h or 14d"))?;
    if span < least || span > most {
        return Err(invalid(field, &format!("expected {} to {}", write(least), write(most))));
    }
    Ok(Some(span))
}

fn read(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

fn write(span: Duration) -> String {
    match span.as_secs() / 60 {
        minutes if minutes % (24 * 60) == 0 => format!("{}d", minutes / (24 * 60)),
        minutes if minutes % 60 == 0 => format!("{}h", minutes / 60),
        minutes => format!("{minutes}m"),
    }
}

fn invalid(field: &'static str, problem: &str) -> ConfigError {
    ConfigError::Invalid { field, problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(lock_after: &str, erase_after: &str, auto_lock: &str, erase_after_tries: u32) -> RawDevices {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let tries = (erase_after_tries > 0).then_some(erase_after_tries);
        RawDevices {
            lock_after: some(lock_after),
            erase_after: some(erase_after),
            auto_lock: some(auto_lock),
            erase_after_tries: tries,
        }
    }

    #[test]
    fn what_is_not_written_is_not_asked() {
        assert_eq!(check(&raw("", "", "", 0)).unwrap(), DeviceRules::default());
        let rules = check(&raw("14d", "90d", "10m", 10)).unwrap();
        let DeviceRules { lock_after, erase_after, auto_lock_minutes, erase_after_tries } = rules;
        assert_eq!((lock_after, erase_after), (Some(14 * 86_400), Some(90 * 86_400)));
        assert_eq!((auto_lock_minutes, erase_after_tries), (Some(10), Some(10)));
    }

    #[test]
    fn a_rule_that_would_erase_by_mistake_or_means_nothing_is_named() {
        for (rules, named) in [
            (raw("14", "", "", 0), "[devices] lock_after: expected a number and a unit, such as 10m, 36h or 14d"),
            (raw("30m", "", "", 0), "[devices] lock_after: expected 1h to 3650d"),
            (raw("", "48h", "", 0), "[devices] erase_after: expected 3d to 3650d"),
            (raw("14d", "14d", "", 0), "[devices] erase_after: expected a longer time than lock_after"),
            (raw("", "", "9h", 0), "[devices] auto_lock: expected 1m to 8h"),
            (raw("", "", "", 9), "[devices] erase_after_tries: expected at least 10"),
            (raw("", "18446744073709551615d", "", 0), "[devices] erase_after: expected a number and a unit"),
            (raw("", "é", "", 0), "[devices] erase_after: expected a number and a unit"),
        ] {
            let problem = check(&rules).unwrap_err().to_string();
            assert!(problem.starts_with(named), "{problem}");
        }
    }
}
