//! Notices changes of the store and of the configuration, and does what is due from time to time.

use std::error::Error;
use std::sync::Arc;

use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::{error, info, warn};

use super::Core;
use crate::audit::Event;
use crate::config::{Config, Written};
use crate::limits::{SWEEP_INTERVAL, USAGE_INTERVAL, WATCH_INTERVAL};
use crate::store::{StoreError, Watcher};
use crate::time::UnixSeconds;

pub(super) async fn run(core: Arc<Core>) {
    let watcher = match core.store.watcher() {
        Ok(watcher) => watcher,
        Err(error) => {
            error!(error = &error as &dyn std::error::Error, "changes by the command line will not be noticed");
            return;
        }
    };
    tokio::select! {
        () = watch(&core, watcher) => {}
        () = core.stop.cancelled() => {}
    }
}

async fn watch(core: &Arc<Core>, watcher: Watcher) {
    let mut looking = steady(interval(WATCH_INTERVAL));
    let mut sweeping = steady(interval(SWEEP_INTERVAL));
    let mut flushing = steady(interval(USAGE_INTERVAL));
    let mut version = None;
    let mut written = core.config.written();
    loop {
        tokio::select! {
            _ = looking.tick() => {
                look(core, watcher.version(), &mut version).await;
                let latest = core.config.source().and_then(Written::look);
                if latest != written {
                    written = latest;
                    reload(core).await;
                }
            }
            _ = sweeping.tick() => sweep(core).await,
            _ = flushing.tick() => core.flush_usage().await,
        }
    }
}

fn steady(mut interval: Interval) -> Interval {
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Refreshes the policy when the store has another version than before; the first look always does.
async fn look(core: &Arc<Core>, current: Result<i64, StoreError>, version: &mut Option<i64>) {
    match current {
        Ok(current) if *version == Some(current) => {}
        Ok(current) => {
            *version = Some(current);
            core.blocking(Core::refresh).await;
        }
        Err(error) => error!(error = &error as &dyn std::error::Error, "the store cannot be watched"),
    }
}

async fn sweep(core: &Arc<Core>) {
    match core.blocking(|core| core.store.sweep(UnixSeconds::now())).await {
        Some(Ok(lapsed)) => {
            for device_id in lapsed {
                info!(%device_id, "an offer lapsed");
                core.note_device(Event::DeviceLapsed, device_id).await;
            }
        }
        Some(Err(error)) => error!(error = &error as &dyn std::error::Error, "old rows could not be swept"),
        None => {}
    }
}

/// Takes over changed sites; an unusable configuration changes nothing.
async fn reload(core: &Arc<Core>) {
    let Some(path) = core.config.source() else { return };
    let declared = match Config::load(path, core.config.plain_http) {
        Ok(config) => declare(core, config).await,
        Err(error) => Err(error.into()),
    };
    match declared {
        Ok(()) => {
            info!("the changed configuration was taken over");
            core.note(Event::ConfigurationChanged, Vec::new()).await;
        }
        Err(error) => warn!(error = &*error as &dyn Error, "the changed configuration was not taken over"),
    }
}

async fn declare(core: &Arc<Core>, config: Config) -> Result<(), Box<dyn Error + Send + Sync>> {
    config.warnings().iter().for_each(|warning| warn!("{warning}"));
    if config.gateway != core.config.gateway || config.data != core.config.data {
        warn!("another gateway or data folder takes effect after a restart");
    }
    let declared = core.blocking(move |core| core.shared.board.declare(&config)).await;
    declared.unwrap_or(Ok(())).map_err(Into::into)
}
