//! The commands of a pairing: begin, go on, give up, confirm.
//!
//! A pairing is begun once it is durable that it began; everything after that is the connection's work, and
//! [`Controller::handle_paired`] hears when it is done.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use getrandom::SysRng;
use latchgate_protocol::ClaimId;
use latchgate_tunnel::{PairingCode, StaticPrivateKey};
use rand_core::UnwrapErr;
use tracing::{info, warn};
use zeroize::Zeroizing;

use super::{Controller, Stage, keychain_state, stage};
use crate::board::pairing;
use crate::client::UnlockSecret;
use crate::code;
use crate::failure::{Failure, Fault};
use crate::limits::ROTATION_PATIENCE;
use crate::profile::{Place, Profile};
use crate::vault::contents::{Active, Claiming, Contents};
use crate::vault::{StoreError, Vault};
use crate::view::{PairingProgress, PairingStep, Screen, UnlockMethod};

impl Controller {
    pub(crate) async fn pair(&self, text: &str, secret: UnlockSecret) -> Result<(), Failure> {
        let _one_at_a_time = self.command.lock().await;
        let code = code::read(text, self.plain_http)?;
        self.make_room().await?;
        let locks = self.locks.load(Ordering::SeqCst);
        self.board.set_screen(pairing(PairingStep::Checking));
        let begun = self.begin_pairing(text, &code, secret).await;
        match begun {
            Ok((vault, profile)) => self.install(vault, profile, locks).await,
            Err(failure) => {
                self.board.set_screen(Screen::Welcome);
                Err(failure)
            }
        }
    }

    /// A pairing that can never finish makes room for the next one; everything else stays.
    async fn make_room(&self) -> Result<(), Failure> {
        let Some(profile) = self.read_profile()? else { return Ok(()) };
        let Some(vault) = self.vault() else { return Err(Fault::AlreadyPaired.failure()) };
        if !matches!(stage(&vault).await, Stage::Unfinished) {
            return Err(Fault::AlreadyPaired.failure());
        }
        match self.board.view().screen {
            Screen::Pairing { progress } if progress.failure.is_some() && !progress.resumable => {
                self.erase(&profile).await
            }
            Screen::Pairing { .. } | Screen::Welcome | Screen::Locked { .. } | Screen::Unlocking | Screen::Portal => {
                Err(Fault::PairingUnfinished.failure())
            }
        }
    }

    /// Step 1: everything that must be durable before the code is claimed.
    async fn begin_pairing(
        &self,
        text: &str,
        code: &PairingCode,
        secret: UnlockSecret,
    ) -> Result<(Vault, Profile), Failure> {
        let method = secret.method();
        let place = self.choose_place(method).await?;
        let mut rng = UnwrapErr(SysRng);
        let contents = Contents::Claiming(Claiming {
            code: Zeroizing::new(text.to_owned()),
            claim_id: ClaimId::make(&mut rng),
            static_key: StaticPrivateKey::make(&mut rng),
            device_label: self.device_label.clone(),
        });
        let shelf = self.shelf(place);
        let vault = Vault::create(shelf.clone(), secret, contents).await.map_err(|error| Failure::from(&error))?;
        let profile = Profile::new(code.gateway.clone(), code.connector_key, self.device_label.clone(), method, place);
        if let Err(error) = self.folder.write(&profile) {
            warn!(%error, "the profile was not written");
            drop(shelf.clear().await);
            return Err(Fault::StorageFailed.failure());
        }
        Ok((vault, profile))
    }

    /// The key store it is, except where this system has none and the person chose a passphrase.
    pub(super) async fn choose_place(&self, method: UnlockMethod) -> Result<Place, Failure> {
        let probed = self.shelf(Place::Store).probe().await;
        if self.store.guards() {
            self.board.set_keychain(keychain_state(&probed));
        }
        match probed {
            Ok(()) => Ok(Place::Store),
            Err(StoreError::Absent | StoreError::Denied | StoreError::Corrupt | StoreError::Io(_))
                if self.store.guards() && method == UnlockMethod::Passphrase =>
            {
                let probed = self.shelf(Place::Folder).probe().await;
                probed.map(|()| Place::Folder).map_err(|error| Failure::from(&error))
            }
            Err(error) => Err((&error).into()),
        }
    }

    pub(crate) async fn began_with(&self, text: &str) -> bool {
        let Some(vault) = self.vault() else { return false };
        let vault = vault.lock().await;
        let claiming = match vault.contents() {
            Contents::Claiming(claiming) => claiming,
            Contents::Claimed(claimed) => &claimed.claiming,
            Contents::Pending(pending) => &pending.claimed.claiming,
            Contents::Active(_) => return false,
        };
        claiming.code.trim() == text.trim()
    }

    pub(crate) async fn resume_pairing(&self) -> Result<(), Failure> {
        let _one_at_a_time = self.command.lock().await;
        let vault = self.open_vault()?;
        match stage(&vault).await {
            Stage::Unfinished => {
                self.board.set_screen(pairing(PairingStep::Connecting));
                self.start_connection(true);
                Ok(())
            }
            Stage::Unconfirmed(_) | Stage::Complete => Err(Fault::AlreadyPaired.failure()),
        }
    }

    pub(crate) async fn cancel_pairing(&self) -> Result<(), Failure> {
        let _one_at_a_time = self.command.lock().await;
        let vault = self.open_vault()?;
        match stage(&vault).await {
            Stage::Unfinished | Stage::Unconfirmed(_) => {
                let profile = self.read_profile()?.ok_or_else(|| Fault::NotPaired.failure())?;
                drop(vault);
                self.erase(&profile).await
            }
            Stage::Complete => Err(Fault::AlreadyPaired.failure()),
        }
    }

    pub(crate) async fn confirm_check_code(&self) -> Result<(), Failure> {
        let _one_at_a_time = self.command.lock().await;
        let vault = self.open_vault()?;
        match stage(&vault).await {
            Stage::Unfinished => Err(Fault::PairingUnfinished.failure()),
            Stage::Complete => Ok(()),
            Stage::Unconfirmed(_) => {
                // What is there by now is changed: the key may just have been replaced.
                let mut vault = vault.lock().await;
                if let Contents::Active(active) = vault.contents() {
                    let confirmed = Active { check_code: None, ..active.clone() };
                    vault.put(Contents::Active(confirmed)).await.map_err(|error| Failure::from(&error))?;
                }
                drop(vault);
                self.open_portal().await
            }
        }
    }

    /// Replaces the key and returns when the next one is in use; a session is waited for.
    pub(crate) async fn rotate(&self) -> Result<(), Failure> {
        let vault = self.open_vault()?;
        if matches!(stage(&vault).await, Stage::Unfinished) {
            return Err(Fault::PairingUnfinished.failure());
        }
        drop(vault);
        let desk = self.opened().as_ref().map(|open| (Arc::clone(&open.rotation), Arc::clone(&open.uplink)));
        let (desk, uplink) = desk.ok_or_else(|| Fault::Locked.failure())?;
        let asked = tokio::time::timeout(ROTATION_PATIENCE, desk.ask()).await;
        asked.unwrap_or_else(|_| Err(uplink.obstacle()))
    }

    /// The last step of a pairing is durable.
    pub(super) async fn handle_paired(&self) {
        let Some(vault) = self.vault() else { return };
        let Stage::Unconfirmed(active) = stage(&vault).await else { return };
        info!("paired");
        self.show_paired(&active);
        let slot = self.opened();
        let Some(open) = slot.as_ref() else { return };
        let mut profile = open.profile.lock().unwrap_or_else(PoisonError::into_inner);
        profile.company.clone_from(&active.company);
        if let Err(error) = self.folder.write(&profile) {
            warn!(%error, "the company's name was not kept");
        }
        self.board.set_profile(Some(profile.view(None)));
    }

    pub(super) fn show_paired(&self, active: &Active) {
        let step = if active.printed { PairingStep::Confirming } else { PairingStep::Done };
        let check_code = active.check_code.clone();
        let progress = PairingProgress { step, check_code, failure: None, resumable: true };
        self.board.set_screen(Screen::Pairing { progress });
    }
}
