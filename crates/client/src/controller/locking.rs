//! When a vault closes, and what is shown while it is closed.
//!
//! 1. [`Controller::lock`] closes at once, whatever is under way, and remembers why.
//! 2. While a vault is open, the time since the device was last used is looked at by two clocks: one that nobody
//!    can set, and the date, which also passes while the machine sleeps. Whichever says that the time is over
//!    closes the vault, so that a changed date can only lock early.
//! 3. When the last of the tries that the person allowed is wrong, the keys are erased.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;
use tracing::{info, warn};

use super::Controller;
use super::keeping;
use crate::client::IdleLock;
use crate::clocks::Clocks;
use crate::failure::{Failure, Fault};
use crate::limits::{ERASE_TRIES_FLOOR, IDLE_LOOK, IDLE_MINUTES_CEILING, TEXT_SIZES};
use crate::profile::Profile;
use crate::vault::tries::Tries;
use crate::view::{LockCause, Screen, Settings, UnlockMethod};

impl Controller {
    pub(crate) fn lock(&self, cause: LockCause) {
        self.locks.fetch_add(1, Ordering::SeqCst);
        let open = self.opened().take();
        if let Some(mut open) = open {
            info!(?cause, "locked");
            *self.cause.lock().unwrap_or_else(PoisonError::into_inner) = cause;
            let method = self.profile_of(&open).method;
            let drawer = Arc::clone(&open.drawer);
            if let Some(connection) = open.connection.take() {
                connection.abort();
                self.closing().push(connection);
            }
            drop(open);
            self.board.go_dark();
            self.show_locked(method);
            keeping::write(&drawer);
        }
    }

    /// Waits until whatever a lock has ended is gone, and the keys with it. Not for a task of the vault itself, which
    /// would wait for its own end.
    pub(crate) async fn closed(&self) {
        let ending = std::mem::take(&mut *self.closing());
        for task in ending {
            // It was ended; how is of no interest.
            drop(task.await);
        }
    }

    fn closing(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        let mut closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        closing.retain(|task| !task.is_finished());
        closing
    }

    /// Somebody uses the device.
    pub(crate) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Clocks::now();
    }

    /// Closes the vault once nobody used the device for the time that was chosen.
    pub(super) fn follow_idleness(&self) -> Option<AbortHandle> {
        if self.idle == IdleLock::Never {
            return None;
        }
        self.touch();
        let this = Weak::clone(&self.this);
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(IDLE_LOOK).await;
                let Some(controller) = this.upgrade() else { return };
                if controller.is_idle() {
                    controller.lock(LockCause::Idle);
                }
            }
        });
        Some(task.abort_handle())
    }

    fn is_idle(&self) -> bool {
        let Some(minutes) = self.board.view().settings.lock_after_minutes else { return false };
        let used = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.passed(&Clocks::now(), Duration::from_secs(u64::from(minutes) * 60))
    }

    /// Changes what the person chose; only while the vault is open, or whoever finds the device could.
    pub(crate) async fn set_settings(&self, settings: Settings) -> Result<(), Failure> {
        let _one_at_a_time = self.command.lock().await;
        if !settings.are_in_range() {
            return Err(Fault::BadSetting.failure());
        }
        let profile = self.opened().as_ref().map(|open| Arc::clone(&open.profile));
        let profile = profile.ok_or_else(|| Fault::Locked.failure())?;
        self.check_rules(&settings)?;
        let mut changed = profile.lock().unwrap_or_else(PoisonError::into_inner).clone();
        changed.settings = settings;
        let mut tries = self.tries().clone();
        tries.erase_after(changed.settings.erase_after_tries);
        self.shelf(changed.place).write_tries(&tries).await.map_err(|error| Failure::from(&error))?;
        *self.tries() = tries;
        self.folder.write(&changed).map_err(|error| {
            warn!(%error, "the settings were not kept");
            Fault::StorageFailed.failure()
        })?;
        self.show_settings(&changed.settings);
        self.heed_keeping(&changed.settings);
        profile.lock().unwrap_or_else(PoisonError::into_inner).settings = changed.settings;
        Ok(())
    }

    /// The last try was wrong: nothing that opens anything stays.
    pub(super) async fn erase_spent(&self, profile: &Profile) -> Result<(), Failure> {
        warn!("too many wrong tries: the keys are erased, as the person chose");
        self.erase(profile).await?;
        self.end(Fault::ErasedAfterTries);
        Err(Fault::ErasedAfterTries.failure())
    }

    pub(super) fn show_locked(&self, method: UnlockMethod) {
        let tries = self.tries().clone();
        let cause = *self.cause.lock().unwrap_or_else(PoisonError::into_inner);
        self.board.set_screen(locked(&tries, method, cause));
        let Some(wait) = tries.wait(Instant::now()) else { return };
        let this = Weak::clone(&self.this);
        drop(tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            let Some(controller) = this.upgrade() else { return };
            if matches!(controller.board.view().screen, Screen::Locked { .. }) {
                let tries = controller.tries().clone();
                controller.board.set_screen(locked(&tries, method, cause));
            }
        }));
    }
}

impl Settings {
    fn are_in_range(&self) -> bool {
        self.lock_after_minutes.is_none_or(|minutes| (1..=IDLE_MINUTES_CEILING).contains(&minutes))
            && self.erase_after_tries.is_none_or(|tries| tries >= ERASE_TRIES_FLOOR)
            && TEXT_SIZES.contains(&self.text_size)
    }
}

pub(super) fn locked(tries: &Tries, method: UnlockMethod, cause: LockCause) -> Screen {
    let wait = tries.wait(Instant::now());
    let retry_after_seconds = wait.map(|wait| u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX));
    Screen::Locked { failed_attempts: tries.failed(), retry_after_seconds, tries_left: tries.left(), method, cause }
}
