//! The end of a pairing, whoever ends it, and what a person does to the own devices from here.

use std::sync::Arc;

use latchgate_protocol::DeviceId;
use tracing::{info, warn};

use super::{Controller, fresh};
use crate::clocks::Clocks;
use crate::company::Company;
use crate::failure::{Failure, Fault};
use crate::farewell::{Farewell, Goodbye, note_end};
use crate::profile::{Place, Profile};
use crate::vault::contents::Contents;
use crate::view::{DeviceView, LockCause, Screen, Settings};

impl Controller {
    /// Ends the pairing from here.
    pub(crate) async fn forget(&self) -> Result<(), Failure> {
        let _one_at_a_time = self.command.lock().await;
        let profile = self.read_profile()?.ok_or_else(|| Fault::NotPaired.failure())?;
        self.erase(&profile).await
    }

    /// The company ended the pairing: nothing of it stays here.
    pub(super) async fn handle_goodbye(&self, goodbye: Goodbye) {
        let farewell = {
            let _one_at_a_time = self.command.lock().await;
            let Ok(Some(profile)) = self.read_profile() else { return };
            let active = match self.vault() {
                Some(vault) => match vault.lock().await.contents() {
                    Contents::Active(active) => Some(active.clone()),
                    Contents::Claiming(_) | Contents::Claimed(_) | Contents::Pending(_) => None,
                },
                None => None,
            };
            let farewell = Farewell::new(profile.place, active.as_ref(), &goodbye);
            if let Err(error) = farewell.write(self.folder.path()) {
                // Nothing is lost: the company's word is heard again, or the order fetched again.
                warn!(%error, "the end of the pairing was not written down");
            }
            farewell
        };
        self.leave(&farewell).await;
    }

    /// Does what is left to do; an earlier start may have done a part of it.
    pub(super) async fn leave(&self, farewell: &Farewell) {
        {
            let _one_at_a_time = self.command.lock().await;
            if self.erase_leaving(farewell).await.is_err() {
                return;
            }
        }
        if !farewell.deliver(&*self.network).await {
            return;
        }
        if let Err(error) = Farewell::delete(self.folder.path()) {
            warn!(%error, "what is done was not forgotten");
        }
    }

    /// Erases everything and says why; while no other command is under way.
    pub(super) async fn erase_leaving(&self, farewell: &Farewell) -> Result<(), Failure> {
        self.board.set_ended(Some(farewell.fault().failure()));
        self.lock(LockCause::Person);
        let erased = self.erase_from(farewell.place).await;
        match &erased {
            Ok(()) => self.end(farewell.fault()),
            Err(failure) => {
                warn!(code = failure.code, "the keys of a device that left were not erased");
                self.board.set_ended(Some(failure.clone()));
            }
        }
        erased
    }

    /// Says why there is no pairing any more, until the next one.
    pub(super) fn end(&self, fault: Fault) {
        self.board.set_ended(Some(fault.failure()));
        if let Err(error) = note_end(self.folder.path(), fault) {
            warn!(%error, "the reason of the end was not kept");
        }
    }

    /// Closes everything, then erases the vault and its description, in this order: a description without a
    /// vault says that the keys are gone, a vault without a description would lie there unseen.
    pub(super) async fn erase(&self, profile: &Profile) -> Result<(), Failure> {
        self.lock(LockCause::Person);
        self.erase_from(profile.place).await
    }

    /// Erases what lies in the given place; what is gone already is no error.
    async fn erase_from(&self, place: Place) -> Result<(), Failure> {
        self.erase_web_data().await?;
        self.delete_drawer()?;
        self.shelf(place).clear().await.map_err(|error| Failure::from(&error))?;
        self.folder.delete().map_err(|error| {
            warn!(%error, "the profile was not deleted");
            Fault::StorageFailed.failure()
        })?;
        *self.tries() = fresh();
        self.contact.begin(None, &Clocks::now());
        self.show_settings(&Settings::default());
        self.board.set_away(None);
        self.board.set_profile(None);
        self.board.set_screen(Screen::Welcome);
        info!("the pairing was removed from this device");
        Ok(())
    }

    /// Erases what pages of the company kept on this device, where the app has a window for them.
    async fn erase_web_data(&self) -> Result<(), Failure> {
        let Some(erase) = self.web_data.clone() else { return Ok(()) };
        let erased = tokio::task::spawn_blocking(move || erase()).await;
        erased.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked))).map_err(|error| {
            warn!(%error, "what pages kept was not erased");
            Fault::StorageFailed.failure()
        })
    }

    /// Waits until the company heard what it wanted to hear, where it did.
    pub(crate) fn is_leaving(&self) -> bool {
        Farewell::read(self.folder.path()).is_some()
    }

    /// Lists the person's devices.
    pub(crate) async fn devices(&self) -> Result<Vec<DeviceView>, Failure> {
        let uplink = self.uplink()?;
        let list = Company::new(&uplink).devices().await.map_err(|error| error.failure(&uplink))?;
        Ok(list.devices.into_iter().map(DeviceView::from).collect())
    }

    /// Ends the pairing of one of the person's devices.
    pub(crate) async fn revoke_device(&self, id: &str, wipe: bool) -> Result<(), Failure> {
        let (uplink, device_id) = (self.uplink()?, read_id(id)?);
        Company::new(&uplink).revoke_device(device_id, wipe).await.map_err(|error| error.failure(&uplink))
    }

    /// Says that a new device's screen shows this check code.
    pub(crate) async fn confirm_device(&self, id: &str, check_code: &str) -> Result<(), Failure> {
        let (uplink, device_id) = (self.uplink()?, read_id(id)?);
        Company::new(&uplink).confirm_device(device_id, check_code).await.map_err(|error| error.failure(&uplink))
    }

    /// Says that a new device is not the person's, or shows another check code.
    pub(crate) async fn deny_device(&self, id: &str) -> Result<(), Failure> {
        let (uplink, device_id) = (self.uplink()?, read_id(id)?);
        Company::new(&uplink).deny_device(device_id).await.map_err(|error| error.failure(&uplink))
    }

    fn uplink(&self) -> Result<Arc<crate::uplink::Uplink>, Failure> {
        let uplink = self.opened().as_ref().map(|open| Arc::clone(&open.uplink));
        uplink.ok_or_else(|| Fault::Locked.failure())
    }
}

fn read_id(text: &str) -> Result<DeviceId, Failure> {
    text.parse().map_err(|_| Fault::DeviceUnknown.failure())
}
