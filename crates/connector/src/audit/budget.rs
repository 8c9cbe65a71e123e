//! Bounds what a dishonest gateway or device can write into the audit log: events that it causes at will have
//! a daily budget, so that the disk is not filled and the rest of the log stays readable.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use latchgate_protocol::DeviceId;

use super::Event;
use crate::time::Day;

/// Lines of one event about one device and day: more say nothing new.
const LINES: u32 = 100;
/// Different events and devices of one day: a gateway can make up device ids.
const PLACES: usize = 10_000;

/// What was written today.
#[derive(Debug, Default)]
pub(crate) struct Budget(Mutex<Spent>);

#[derive(Debug)]
struct Spent {
    day: Day,
    lines: HashMap<(Event, DeviceId), u32>,
}

impl Default for Spent {
    fn default() -> Self {
        Self { day: Day(0), lines: HashMap::new() }
    }
}

impl Budget {
    /// Takes one line from the budget. False when it is spent.
    pub(crate) fn spend(&self, event: Event, device_id: DeviceId, today: Day) -> bool {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.day != today {
            *spent = Spent { day: today, lines: HashMap::new() };
        }
        let place = (event, device_id);
        if spent.lines.len() >= PLACES && !spent.lines.contains_key(&place) {
            return false;
        }
        let lines = spent.lines.entry(place).or_default();
        *lines += 1;
        *lines <= LINES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_event_is_cut_and_the_next_day_starts_over() {
        let budget = Budget::default();
        let (ours, other) = (DeviceId::from_bytes([1; 16]), DeviceId::from_bytes([2; 16]));
        let written = (0..1000).filter(|_| budget.spend(Event::ClaimConflict, ours, Day(1))).count();
        assert_eq!(written, 100);
        assert!(budget.spend(Event::DeviceClaimed, ours, Day(1)));
        assert!(budget.spend(Event::ClaimConflict, other, Day(1)));
        assert!(budget.spend(Event::ClaimConflict, ours, Day(2)));
    }

    #[test]
    fn made_up_devices_have_one_budget_together() {
        let budget = Budget::default();
        let made_up = |index: u64| {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&index.to_be_bytes());
            DeviceId::from_bytes(id)
        };
        let written = (0..20_000).filter(|index| budget.spend(Event::QuotaExceeded, made_up(*index), Day(1))).count();
        assert_eq!(written, PLACES);
        assert!(budget.0.lock().unwrap().lines.len() <= PLACES);
    }
}
