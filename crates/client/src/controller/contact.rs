//! What a device does while its company does not answer: it locks, warns, and erases itself, as the company asked
//! when it last answered.
//!
//! 1. The clocks are looked at from the start on, whether the vault is open or not, and each time that the company
//!    answers.
//! 2. A lock for lack of contact is a lock like any other, and says why. Unlocking is allowed: how else would the
//!    company be heard. Nothing is served before it is, because each unlock begins without a site.
//! 3. An erasure is the same as after the company's own order, but for its words; it needs no passphrase and no
//!    network.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};

use tracing::{info, warn};

use super::Controller;
use crate::clocks::Clocks;
use crate::contact::{ContactDesk, Due};
use crate::failure::{Failure, Fault};
use crate::farewell::Farewell;
use crate::limits::CONTACT_LOOK;
use crate::profile::Profile;
use crate::view::{LockCause, Screen, Settings, UnlockMethod};

impl Controller {
    /// Looks at the clocks for as long as the controller lives.
    pub(super) fn follow_contact(&self) {
        let (this, desk) = (Weak::clone(&self.this), Arc::clone(&self.contact));
        drop(tokio::spawn(async move {
            loop {
                {
                    let Some(controller) = this.upgrade() else { return };
                    controller.look_at_contact(&Clocks::now()).await;
                }
                wait(&desk).await;
            }
        }));
    }

    pub(super) async fn look_at_contact(&self, now: &Clocks) {
        match self.contact.due(now) {
            Due::Erase => return self.erase_without_contact(now).await,
            Due::Lock if self.contact.is_waiting() => {}
            Due::Lock => self.lock_without_contact(),
            Due::Nothing => {}
        }
        self.board.set_away(self.contact.view(now));
        let _one_at_a_time = self.command.lock().await;
        self.keep_time_without_contact(now);
        self.follow_rules().await;
    }

    fn lock_without_contact(&self) {
        if self.opened().is_some() {
            warn!("the company did not answer for as long as it allows");
            self.lock(LockCause::Contact);
        } else if let Screen::Locked { method, cause, .. } = self.board.view().screen
            && cause != LockCause::Contact
        {
            *self.cause.lock().unwrap_or_else(PoisonError::into_inner) = LockCause::Contact;
            self.show_locked(method);
        }
    }

    async fn erase_without_contact(&self, now: &Clocks) {
        let _one_at_a_time = self.command.lock().await;
        // The company may have answered meanwhile.
        if self.contact.due(now) != Due::Erase {
            return;
        }
        let Ok(Some(profile)) = self.read_profile() else { return };
        drop(self.erase_overdue(&profile).await);
    }

    /// Erases everything, over crashes; while no other command is under way.
    pub(super) async fn erase_overdue(&self, profile: &Profile) -> Failure {
        warn!("the company did not answer for so long that it wants this device erased");
        let farewell = Farewell::without_contact(profile.place);
        if let Err(error) = farewell.write(self.folder.path()) {
            // Nothing is lost: the next look does it again.
            warn!(%error, "the end of the pairing was not written down");
        }
        if let Err(failure) = self.erase_leaving(&farewell).await {
            return failure;
        }
        if let Err(error) = Farewell::delete(self.folder.path()) {
            warn!(%error, "what is done was not forgotten");
        }
        farewell.fault().failure()
    }

    /// Keeps how long it is, so that no earlier date makes it shorter.
    fn keep_time_without_contact(&self, now: &Clocks) {
        let Some(contact) = self.contact.grown(now) else { return };
        let opened = self.opened().as_ref().map(|open| Arc::clone(&open.profile));
        let written = match opened {
            Some(profile) => {
                let mut profile = profile.lock().unwrap_or_else(PoisonError::into_inner);
                profile.contact = Some(contact);
                self.folder.write(&profile)
            }
            None => {
                let Ok(Some(mut profile)) = self.read_profile() else { return };
                profile.contact = Some(contact);
                self.folder.write(&profile)
            }
        };
        if let Err(error) = written {
            warn!(%error, "the time without contact was not kept");
        }
    }

    /// Puts the company's rules for what a person chooses into effect while the vault is open.
    pub(super) async fn follow_rules(&self) {
        let profile = self.opened().as_ref().map(|open| self.profile_of(open));
        let Some(Profile { settings, place, method, .. }) = profile else { return };
        self.show_settings(&settings);
        if method != UnlockMethod::Passphrase {
            return;
        }
        let erase_after = self.contact.required().applied_to(&settings).erase_after_tries;
        let mut tries = self.tries().clone();
        if !tries.erase_after(erase_after) {
            return;
        }
        match self.shelf(place).write_tries(&tries).await {
            Ok(()) => {
                info!("the company's rule about wrong passphrases is in effect");
                self.tries().erase_after(erase_after);
            }
            Err(error) => warn!(%error, "the company's rule about wrong passphrases was not kept"),
        }
    }

    /// Shows what holds: the stricter of what the person chose and what the company asks for.
    pub(super) fn show_settings(&self, chosen: &Settings) {
        let required = self.contact.required();
        self.low_data.store(chosen.low_data, Ordering::Relaxed);
        self.board.set_settings(required.applied_to(chosen), required);
    }

    /// Refuses what is weaker than the company asks for.
    pub(super) fn check_rules(&self, chosen: &Settings) -> Result<(), Failure> {
        if self.contact.required().applied_to(chosen) == *chosen {
            Ok(())
        } else {
            Err(Fault::RequiredByCompany.failure())
        }
    }
}

async fn wait(desk: &ContactDesk) {
    tokio::select! {
        () = tokio::time::sleep(CONTACT_LOOK) => {}
        () = desk.heard() => {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use latchgate_tunnel::rules::DeviceRules;

    use super::*;
    use crate::client::UnlockSecret;
    use crate::controller::tests::{Device, passphrase, until};
    use crate::vault::contents::{Active, Contents};
    use crate::view::Light;

    const DAY: u64 = 86_400;
    const RULES: DeviceRules = DeviceRules {
        lock_after: Some(14 * DAY),
        erase_after: Some(90 * DAY),
        auto_lock_minutes: Some(10),
        erase_after_tries: Some(10),
    };

    fn in_days(days: u64) -> Clocks {
        in_seconds(days * DAY)
    }

    fn in_seconds(seconds: u64) -> Clocks {
        let (now, later) = (Clocks::now(), Duration::from_secs(seconds));
        Clocks { steady: now.steady + later, date: now.date + later }
    }

    /// A paired device whose company asks for everything, once it has said so.
    async fn ruled(secret: UnlockSecret) -> (Device, Arc<Controller>) {
        let device = Device::new();
        device.world.far().catalogue.rules = RULES;
        let controller = device.paired_with(secret).await;
        until(&controller, |view| view.required.lock_after_minutes == Some(10)).await;
        // The rules are in the vault and beside it by now, or a moment later.
        while controller.read_profile().unwrap().unwrap().contact.is_none() {
            tokio::task::yield_now().await;
        }
        (device, controller)
    }

    /// Starts the device again, as if the company's last answer were `days` ago.
    async fn restarted_after(device: &Device, controller: Arc<Controller>, days: u64) -> Arc<Controller> {
        let ago = days * DAY;
        let mut profile = controller.read_profile().unwrap().unwrap();
        profile.contact = profile.contact.map(|contact| contact.moved_back(ago));
        {
            let vault = controller.vault().unwrap();
            let mut vault = vault.lock().await;
            let Contents::Active(active) = vault.contents().clone() else { panic!("paired") };
            let contact = active.contact.clone().map(|contact| contact.moved_back(ago));
            vault.put(Contents::Active(Active { contact, ..active })).await.unwrap();
        }
        controller.folder.write(&profile).unwrap();
        drop(controller);
        device.start().await
    }

    fn cause(controller: &Controller) -> Option<LockCause> {
        match controller.board.view().screen {
            Screen::Locked { cause, .. } => Some(cause),
            Screen::Welcome | Screen::Pairing { .. } | Screen::Unlocking | Screen::Portal => None,
        }
    }

    #[tokio::test]
    async fn a_device_in_use_locks_when_its_company_does_not_answer_for_as_long_as_it_allows() {
        let (_device, controller) = ruled(UnlockSecret::None).await;
        controller.look_at_contact(&in_days(13)).await;
        assert_eq!(controller.board.view().screen, Screen::Portal);
        controller.look_at_contact(&in_days(14)).await;
        assert_eq!(cause(&controller), Some(LockCause::Contact));
        assert!(controller.proxy().is_none() && controller.vault().is_none());
        let away = controller.board.view().away.unwrap();
        assert_eq!((away.days, away.waiting, away.erases_in_days), (14, true, None));
    }

    #[tokio::test]
    async fn after_the_lock_pages_wait_for_the_company_and_not_only_for_the_passphrase() {
        let (device, controller) = ruled(passphrase("correct horse")).await;
        device.world.far().present = false;
        let controller = restarted_after(&device, controller, 14).await;
        until(&controller, |view| view.away.is_some_and(|away| away.waiting)).await;
        assert_eq!(cause(&controller), Some(LockCause::Contact));

        controller.unlock(passphrase("correct horse")).await.unwrap();
        assert_eq!(controller.board.view().screen, Screen::Portal);
        controller.look_at_contact(&Clocks::now()).await;
        let view = controller.board.view();
        assert_eq!((view.screen, view.sites.len(), view.away.unwrap().waiting), (Screen::Portal, 0, true));
        assert!(device.get(&controller, "http://wiki.example.com/").await.starts_with("HTTP/1.1 403"));

        device.world.far().present = true;
        controller.wake();
        let view = until(&controller, |view| view.away.is_none() && !view.sites.is_empty()).await;
        assert_eq!(view.status.failure, None);
        assert!(device.get(&controller, "http://wiki.example.com/").await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn ab_86_a_device_without_contact_erases_itself_at_its_start_and_says_so_from_then_on() {
        for gateway_answers in [true, false] {
            let (device, controller) = ruled(passphrase("correct horse")).await;
            device.world.far().present = gateway_answers;
            let controller = restarted_after(&device, controller, 90).await;
            until(&controller, |view| view.screen == Screen::Welcome).await;
            assert!(device.is_erased());
            drop(controller);
            let controller = device.start().await;
            let ended = controller.board.view().ended.unwrap();
            assert_eq!(ended.code, "erased-without-contact");
            assert_eq!(controller.unlock(passphrase("correct horse")).await.unwrap_err().code, ended.code);
            device.world.invite_again();
            device.world.far().present = true;
            device.pair(&controller, UnlockSecret::None).await;
            assert_eq!(controller.board.view().ended, None);
            drop(controller);
            assert_eq!(device.start().await.board.view().ended, None);
        }
    }

    #[tokio::test]
    async fn a_device_that_runs_locked_or_open_erases_itself_and_warns_before() {
        for open in [true, false] {
            let (device, controller) = ruled(UnlockSecret::None).await;
            if !open {
                controller.lock(LockCause::Person);
            }
            // Only whole days count, and a second may have passed since the company answered.
            controller.look_at_contact(&in_seconds(84 * DAY + DAY / 2)).await;
            assert_eq!(controller.board.view().away.unwrap().erases_in_days, Some(5));
            controller.look_at_contact(&in_days(90)).await;
            assert_eq!(controller.board.view().ended.unwrap().code, "erased-without-contact");
            assert!(device.is_erased());
        }
    }

    #[tokio::test]
    async fn ab_86_a_forged_copy_of_the_time_is_found_out_when_the_vault_is_opened() {
        let (device, controller) = ruled(passphrase("correct horse")).await;
        let folder = controller.folder.path().to_owned();
        let vault_only = {
            let vault = controller.vault().unwrap();
            let mut vault = vault.lock().await;
            let Contents::Active(active) = vault.contents().clone() else { panic!("paired") };
            let contact = active.contact.clone().map(|contact| contact.moved_back(90 * DAY));
            vault.put(Contents::Active(Active { contact, ..active })).await
        };
        vault_only.unwrap();
        let mut forged = controller.read_profile().unwrap().unwrap();
        forged.contact = None;
        controller.folder.write(&forged).unwrap();
        drop(controller);
        let controller = device.start().await;
        assert!(folder.join("profile.json").exists());
        let refused = controller.unlock(passphrase("correct horse")).await.unwrap_err();
        assert_eq!(refused.code, "erased-without-contact");
        assert!(device.is_erased());
    }

    #[tokio::test]
    async fn a_gateway_that_answers_is_no_company_that_does() {
        let (device, controller) = ruled(UnlockSecret::None).await;
        device.world.far().present = false;
        let controller = restarted_after(&device, controller, 89).await;
        controller.unlock(UnlockSecret::None).await.unwrap();
        // The gateway lets the device in; nothing comes out of a session.
        until(&controller, |view| view.status.gateway == Light::Good || view.status.failure.is_some()).await;
        controller.look_at_contact(&in_days(1)).await;
        assert_eq!(controller.board.view().ended.unwrap().code, "erased-without-contact");
    }

    #[tokio::test]
    async fn what_the_company_requires_holds_and_cannot_be_chosen_away() {
        let (device, controller) = ruled(passphrase("correct horse")).await;
        let view = until(&controller, |view| view.settings.erase_after_tries == Some(10)).await;
        assert_eq!(view.settings.lock_after_minutes, Some(10));
        for weaker in [
            Settings { lock_after_minutes: None, ..view.settings.clone() },
            Settings { lock_after_minutes: Some(15), ..view.settings.clone() },
            Settings { erase_after_tries: None, ..view.settings.clone() },
            Settings { erase_after_tries: Some(11), ..view.settings.clone() },
        ] {
            assert_eq!(controller.set_settings(weaker).await.unwrap_err().code, "required-by-company");
        }
        controller.set_settings(Settings { lock_after_minutes: Some(5), ..view.settings.clone() }).await.unwrap();
        assert_eq!(controller.board.view().settings.lock_after_minutes, Some(5));

        while controller.tries().left() != Some(10) {
            tokio::task::yield_now().await;
        }
        controller.lock(LockCause::Person);
        drop(controller);
        let controller = device.start().await;
        assert_eq!(controller.board.view().required.erase_after_tries, Some(10));
        let left = until(&controller, |view| matches!(view.screen, Screen::Locked { tries_left: Some(_), .. })).await;
        assert!(matches!(left.screen, Screen::Locked { tries_left: Some(10), .. }));
    }

    #[tokio::test]
    async fn a_backup_that_is_older_than_the_company_allows_is_refused() {
        let (device, controller) = ruled(passphrase("correct horse")).await;
        let settings = Settings { backups: true, ..controller.board.view().settings };
        controller.set_settings(settings).await.unwrap();
        let controller = restarted_after(&device, controller, 60).await;
        device.world.far().present = false;
        controller.unlock(passphrase("correct horse")).await.unwrap();
        let words = || zeroize::Zeroizing::new("backup words".to_owned());
        let fresh = controller.back_up(words()).await.unwrap();
        {
            let vault = controller.vault().unwrap();
            let mut vault = vault.lock().await;
            let Contents::Active(active) = vault.contents().clone() else { panic!("paired") };
            let contact = active.contact.clone().map(|contact| contact.moved_back(30 * DAY));
            vault.put(Contents::Active(Active { contact, ..active })).await.unwrap();
        }
        let old = controller.back_up(words()).await.unwrap();
        let other = device.elsewhere();
        let elsewhere = other.start().await;
        let refused = elsewhere.restore(&old, words(), passphrase("correct horse")).await;
        assert_eq!(refused.unwrap_err().code, "backup-too-old");
        elsewhere.restore(&fresh, words(), passphrase("correct horse")).await.unwrap();
        assert!(elsewhere.contact.is_waiting());
    }
}
