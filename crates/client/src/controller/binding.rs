//! A finger or a face beside the passphrase.
//!
//! 1. [`Controller::bind`] lets a key that the system bound open a vault that has a passphrase.
//! 2. The system drops that key when the fingers or faces that it knows are others. Then the person is told, the
//!    passphrase opens the vault, and it is bound anew.
//! 3. A vault that was made without a passphrase does not open any more. Nothing is deleted: the person decides to
//!    remove the pairing, and pairs again.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use tracing::{info, warn};
use zeroize::Zeroizing;

use super::Controller;
use crate::failure::{Failure, Fault};

impl Controller {
    pub(crate) async fn bind(&self, bound: Zeroizing<Vec<u8>>) -> Result<(), Failure> {
        let _one_at_a_time = self.command.lock().await;
        let vault = self.open_vault()?;
        vault.lock().await.bind(bound).await.map_err(|error| Failure::from(&error))?;
        self.unbound.store(false, Ordering::SeqCst);
        info!("a finger or a face opens the vault, too");
        self.note_bound(true)
    }

    pub(crate) async fn unbind(&self) -> Result<(), Failure> {
        let _one_at_a_time = self.command.lock().await;
        let vault = self.open_vault()?;
        vault.lock().await.unbind().await.map_err(|error| Failure::from(&error))?;
        self.unbound.store(false, Ordering::SeqCst);
        self.note_bound(false)
    }

    pub(crate) fn bound_key_dropped(&self) -> Failure {
        if self.board.view().bound {
            self.unbound.store(true, Ordering::SeqCst);
            Fault::BoundKeyChanged.failure()
        } else {
            Fault::BoundKeyLost.failure()
        }
    }

    pub(crate) fn wants_binding(&self) -> bool {
        self.unbound.load(Ordering::SeqCst)
    }

    /// Writes down whether a finger or a face opens the vault: the lock screen offers it.
    fn note_bound(&self, bound: bool) -> Result<(), Failure> {
        let slot = self.opened();
        let open = slot.as_ref().ok_or_else(|| Fault::Locked.failure())?;
        let mut profile = open.profile.lock().unwrap_or_else(PoisonError::into_inner);
        profile.bound = bound;
        self.folder.write(&profile).map_err(|error| {
            warn!(%error, "what opens the vault was not written down");
            Fault::StorageFailed.failure()
        })?;
        self.board.set_method(profile.method, bound);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::UnlockSecret;
    use crate::controller::tests::{Device, passphrase};
    use crate::view::{LockCause, Screen};

    fn finger(number: u8) -> UnlockSecret {
        UnlockSecret::Biometric(Zeroizing::new(vec![number; 32]))
    }

    fn key(number: u8) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(vec![number; 32])
    }

    #[tokio::test]
    async fn ab_84_a_changed_finger_asks_for_the_passphrase_and_is_bound_anew() {
        let device = Device::new();
        let controller = device.paired_with(passphrase("correct horse")).await;
        controller.bind(key(1)).await.unwrap();
        drop(controller);

        let controller = device.start().await;
        assert!(controller.board().view().bound, "the lock screen offers it");
        controller.unlock(finger(1)).await.unwrap();
        controller.lock(LockCause::Person);
        let before = device.store.values.lock().unwrap().clone();
        for _ in 0..12 {
            assert_eq!(controller.unlock(finger(2)).await.unwrap_err().code, "bound-key-changed");
        }
        assert_eq!(*device.store.values.lock().unwrap(), before, "nothing is deleted or counted");
        assert!(controller.wants_binding());

        controller.unlock(passphrase("correct horse")).await.unwrap();
        controller.bind(key(2)).await.unwrap();
        assert!(!controller.wants_binding());
        controller.lock(LockCause::Person);
        assert_eq!(controller.unlock(finger(1)).await.unwrap_err().code, "bound-key-changed");
        controller.unlock(finger(2)).await.unwrap();
        assert_eq!(controller.board().view().screen, Screen::Portal);

        controller.unbind().await.unwrap();
        controller.lock(LockCause::Person);
        assert_eq!(controller.unlock(finger(2)).await.unwrap_err().code, "wrong-method");
        controller.unlock(passphrase("correct horse")).await.unwrap();
        controller.bind(key(3)).await.unwrap();
        controller.forget().await.unwrap();
        assert!(device.is_erased());
    }

    #[tokio::test]
    async fn ab_84_a_key_that_the_system_dropped_is_named_by_what_is_left_to_do() {
        let device = Device::new();
        let controller = device.paired_with(passphrase("correct horse")).await;
        controller.bind(key(1)).await.unwrap();
        controller.lock(LockCause::Person);
        assert_eq!(controller.bound_key_dropped().code, "bound-key-changed");
        assert!(controller.wants_binding());

        let alone = Device::new();
        let controller = alone.paired_with(finger(1)).await;
        assert_eq!(controller.bind(key(2)).await.unwrap_err().code, "wrong-method");
        controller.lock(LockCause::Person);
        assert_eq!(controller.bound_key_dropped().code, "bound-key-lost");
        let before = alone.store.values.lock().unwrap().clone();
        assert_eq!(controller.unlock(finger(2)).await.unwrap_err().code, "bound-key-lost");
        assert_eq!(*alone.store.values.lock().unwrap(), before, "nothing is deleted");
        controller.unlock(finger(1)).await.unwrap();
    }
}
