//! A person's own devices, as a device of the same person sees them inside the tunnel.
//!
//! 1. `GET http://connector.latchgate.internal/v1/devices` answers a [`DeviceList`].
//! 2. `POST …/v1/devices/{device_id}/revoke` with [`RevokeDevice`] ends a pairing: a lost phone is cut off from
//!    another device of the person.
//! 3. `POST …/v1/devices/{device_id}/confirm` with [`ConfirmDevice`] says that the check code is the one on the new
//!    device's screen; `…/deny` that it is not.
//!
//! The connector answers for devices of the same person only; any other id is unknown, whether it exists or not.

use latchgate_protocol::DeviceId;
use serde::{Deserialize, Serialize};

/// The path of the list, and the beginning of the paths of each device.
pub const DEVICES_PATH: &str = "/v1/devices";

/// What is to become of one device; the last part of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceAction {
    /// End its pairing.
    Revoke,
    /// The check code is the one on its screen.
    Confirm,
    /// The check code is another one, or nobody knows the device.
    Deny,
}

impl DeviceAction {
    /// Every action.
    pub const ALL: [Self; 3] = [Self::Revoke, Self::Confirm, Self::Deny];

    /// Returns the last part of the path.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Confirm => "confirm",
            Self::Deny => "deny",
        }
    }

    /// Returns the path for one device.
    #[must_use]
    pub fn path(self, device_id: DeviceId) -> String {
        format!("{DEVICES_PATH}/{device_id}/{}", self.as_str())
    }

    /// Reads the path.
    #[must_use]
    pub fn parse(path: &str) -> Option<(DeviceId, Self)> {
        let (device_id, action) = path.strip_prefix(DEVICES_PATH)?.strip_prefix('/')?.split_once('/')?;
        let action = Self::ALL.into_iter().find(|known| known.as_str() == action)?;
        Some((device_id.parse().ok()?, action))
    }
}

/// The devices of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceList {
    /// Oldest first.
    pub devices: Vec<OwnDevice>,
}

/// One device of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnDevice {
    /// Its id.
    pub device_id: DeviceId,
    /// What it calls itself.
    #[serde(default)]
    pub label: String,
    /// How far it is.
    pub state: OwnDeviceState,
    /// Whether it is the one that asks.
    #[serde(default)]
    pub this: bool,
    /// When it was invited, in Unix seconds.
    pub invited: u64,
    /// The code to compare, while the device waits for that and this device may confirm it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_code: Option<String>,
}

/// How far a device of the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnDeviceState {
    /// Paired, and somebody must compare its check code first.
    Unconfirmed,
    /// Paired.
    Active,
    /// Its pairing is over.
    Revoked,
    /// Its pairing is over; an order to erase itself waits for it.
    WipePending,
    /// It erased itself and proved it.
    WipedConfirmed,
    /// A later version knows.
    #[serde(other)]
    Other,
}

/// How a pairing ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RevokeDevice {
    /// Whether the device is to erase itself and say so.
    #[serde(default)]
    pub wipe: bool,
}

/// What the new device's screen shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmDevice {
    /// Six digits, with or without a space.
    pub check_code: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: DeviceId = DeviceId::from_bytes([0xab; 16]);

    #[test]
    fn a_path_names_one_device_and_what_becomes_of_it() {
        for action in DeviceAction::ALL {
            assert_eq!(DeviceAction::parse(&action.path(ID)), Some((ID, action)));
        }
        let id = ID.to_string();
        for wrong in [
            "/v1/devices".to_owned(),
            "/v1/devices/".to_owned(),
            format!("/v1/devices/{id}"),
            format!("/v1/devices/{id}/"),
            format!("/v1/devices/{id}/erase"),
            format!("/v1/devices/{id}/revoke/"),
            format!("/v1/devices/{}/revoke", id.to_uppercase()),
            format!("/v1/devicesx/{id}/revoke"),
        ] {
            assert_eq!(DeviceAction::parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_json_form_is_fixed_and_a_later_state_is_no_error() {
        let device = OwnDevice {
            device_id: ID,
            label: "phone".to_owned(),
            state: OwnDeviceState::WipePending,
            this: false,
            invited: 7,
            check_code: None,
        };
        let golden =
            format!(r#"{{"device_id":"{ID}","label":"phone","state":"wipe-pending","this":false,"invited":7}}"#);
        assert_eq!(serde_json::to_string(&device).unwrap(), golden);
        let later = golden.replace("wipe-pending", "lent");
        assert_eq!(serde_json::from_str::<OwnDevice>(&later).unwrap().state, OwnDeviceState::Other);
        assert!(!serde_json::from_str::<RevokeDevice>("{}").unwrap().wipe);
    }
}
