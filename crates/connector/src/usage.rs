//! Counts what each device does on each site and day: in memory, written from time to time and at the end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use latchgate_protocol::DeviceId;

use crate::config::SiteName;
use crate::store::{Store, StoreError, UsageDelta};
use crate::time::{Day, UnixSeconds};

/// The counters of one device on one site and day.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counters {
    pub(crate) requests: Arc<AtomicU64>,
    pub(crate) up: Arc<AtomicU64>,
    pub(crate) down: Arc<AtomicU64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    day: Day,
    device_id: DeviceId,
    site: SiteName,
}

/// All counters since they were last written.
#[derive(Debug, Default)]
pub(crate) struct Usage(Mutex<HashMap<Place, (String, Counters)>>);

impl Usage {
    /// Returns the counters of today and counts one request.
    pub(crate) fn begin(&self, device_id: DeviceId, login: &str, site: &SiteName, now: UnixSeconds) -> Counters {
        let place = Place { day: now.day(), device_id, site: site.clone() };
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, counters) = places.entry(place).or_insert_with(|| (login.to_owned(), Counters::default()));
        counters.requests.fetch_add(1, Ordering::Relaxed);
        counters.clone()
    }

    /// Writes what was counted. What cannot be written is counted on.
    pub(crate) fn flush(&self, store: &Store) -> Result<(), StoreError> {
        let deltas = self.take();
        let written = if deltas.is_empty() { Ok(()) } else { store.add_usage(&deltas) };
        if written.is_err() {
            self.give_back(&deltas);
        }
        written
    }

    fn take(&self) -> Vec<UsageDelta> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let take = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        let mut deltas = Vec::new();
        places.retain(|place, (login, counters)| {
            let idle = Arc::strong_count(&counters.down) == 1;
            let delta = UsageDelta {
                day: place.day,
                device_id: place.device_id,
                login: login.clone(),
                site: place.site.to_string(),
                requests: take(&counters.requests),
                up: take(&counters.up),
                down: take(&counters.down),
            };
            if delta.requests + delta.up + delta.down > 0 {
                deltas.push(delta);
            }
            !idle
        });
        deltas
    }

    fn give_back(&self, deltas: &[UsageDelta]) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for delta in deltas {
            let Some(site) = SiteName::known(&delta.site) else { continue };
            let place = Place { day: delta.day, device_id: delta.device_id, site };
            let (_, counters) = places.entry(place).or_insert_with(|| (delta.login.clone(), Counters::default()));
            counters.requests.fetch_add(delta.requests, Ordering::Relaxed);
            counters.up.fetch_add(delta.up, Ordering::Relaxed);
            counters.down.fetch_add(delta.down, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::TestStore;

    const NOON: UnixSeconds = UnixSeconds(1_795_348_800);

    #[test]
    fn counts_add_up_in_the_store_per_day_device_and_site() {
        let store = TestStore::new();
        let usage = Usage::default();
        let device_id = DeviceId::from_bytes([7; 16]);
        let wiki = SiteName::known("Wiki").unwrap();
        for _ in 0..2 {
            let counters = usage.begin(device_id, "maria", &wiki, NOON);
            counters.up.fetch_add(10, Ordering::Relaxed);
            usage.flush(&store.store).unwrap();
            counters.down.fetch_add(100, Ordering::Relaxed);
        }
        usage.flush(&store.store).unwrap();
        usage.flush(&store.store).unwrap();
        let rows = store.store.usage().unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].requests, rows[0].up, rows[0].down), (2, 20, 200));
        assert_eq!(rows[0].day, "2026-11-22");
        assert!(usage.0.lock().unwrap().is_empty());
    }
}
