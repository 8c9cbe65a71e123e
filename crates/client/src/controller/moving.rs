//! What a person takes along to another device: what they chose, and nothing that opens anything.
//!
//! ```text
//! {"latchgate_settings": 1, "settings": {…}}
//! ```
//! Moving is a new pairing, which takes these over. A company's stricter rules hold over what a file says, and
//! whether backups are allowed is asked anew on each device.

use serde::{Deserialize, Serialize};

use super::Controller;
use crate::failure::{Failure, Fault};
use crate::view::Settings;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Moved {
    latchgate_settings: u32,
    settings: Settings,
}

impl Controller {
    /// Writes what the person chose; no key, no name and no address is in it.
    pub(crate) fn export_settings(&self) -> Result<Vec<u8>, Failure> {
        let profile = self.read_profile()?.ok_or_else(|| Fault::NotPaired.failure())?;
        let settings = Settings { backups: false, ..profile.settings };
        serde_json::to_vec_pretty(&Moved { latchgate_settings: VERSION, settings })
            .map_err(|_| Fault::Internal.failure())
    }

    /// Takes over what a file says, as far as the company allows.
    pub(crate) async fn import_settings(&self, file: &[u8]) -> Result<(), Failure> {
        let moved: Moved = serde_json::from_slice(file).map_err(|_| Fault::SettingsUnreadable.failure())?;
        if moved.latchgate_settings != VERSION {
            return Err(Fault::SettingsUnreadable.failure());
        }
        let backups = self.board.view().settings.backups;
        let settings = self.contact.required().applied_to(&Settings { backups, ..moved.settings });
        self.set_settings(settings).await
    }
}

#[cfg(test)]
mod tests {
    use latchgate_tunnel::rules::DeviceRules;

    use super::*;
    use crate::controller::tests::{Device, until};
    use crate::view::LockCause;
    use crate::world::COMPANY;

    #[tokio::test]
    async fn settings_move_without_keys_and_the_company_holds_over_them() {
        let device = Device::new();
        let controller = device.paired().await;
        let chosen = Settings {
            lock_after_minutes: Some(60),
            lock_with_screen: false,
            erase_after_tries: Some(20),
            backups: true,
            text_size: 125,
            ..Settings::default()
        };
        controller.set_settings(chosen.clone()).await.unwrap();
        controller.lock(LockCause::Person);
        let file = controller.export_settings().unwrap();
        let text = String::from_utf8(file.clone()).unwrap();
        assert!(!text.contains(COMPANY) && !text.contains("gateway") && !text.contains("phone"), "{text}");
        assert_eq!(controller.import_settings(&file).await.unwrap_err().code, "locked");

        let other = Device::new();
        other.world.far().catalogue.rules = DeviceRules { auto_lock_minutes: Some(10), ..DeviceRules::default() };
        let moved = other.paired().await;
        until(&moved, |view| view.required.lock_after_minutes == Some(10)).await;
        moved.import_settings(&file).await.unwrap();
        let settings = moved.board().view().settings;
        assert_eq!(settings, Settings { lock_after_minutes: Some(10), backups: false, ..chosen });
    }

    #[tokio::test]
    async fn a_file_that_is_no_settings_changes_nothing() {
        let device = Device::new();
        let controller = device.paired().await;
        let before = controller.board().view().settings;
        for (file, code) in [
            (&b""[..], "settings-unreadable"),
            (b"{}", "settings-unreadable"),
            (br#"{"latchgate_settings":2,"settings":{}}"#, "settings-unreadable"),
            (br#"{"latchgate_settings":1,"settings":{},"key":1}"#, "settings-unreadable"),
            (br#"{"latchgate_settings":1,"settings":{"lockAfterMinutes":0}}"#, "bad-setting"),
            (br#"{"latchgate_settings":1,"settings":{"eraseAfterTries":1}}"#, "bad-setting"),
        ] {
            assert_eq!(controller.import_settings(file).await.unwrap_err().code, code);
        }
        assert_eq!(controller.board().view().settings, before);
        let nobody = Device::new();
        assert_eq!(nobody.start().await.export_settings().unwrap_err().code, "not-paired");
    }
}
