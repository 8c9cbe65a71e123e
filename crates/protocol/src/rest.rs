//! The bodies of the REST interface. Unknown fields are refused in requests and ignored in answers.
//!
//! | call | credentials | request | answer |
//! |---|---|---|---|
//! | `POST /v1/instances` | none, or `Authorization: Bearer <registration token>` | – | 201 [`InstanceCreated`] |
//! | `POST /v1/devices` | instance (Basic), `Idempotency-Key` | [`CreateDevice`] | 201 [`DeviceCreated`] |
//! | `POST /v1/devices/claim` | – | [`ClaimDevice`] | 200 [`DeviceClaimed`] |
//! | `GET /v1/devices` | instance (Basic) | – | 200 [`DeviceList`] |
//! | `DELETE /v1/devices/{device_id}` | instance (Basic) | – | 204 |
//! | `PUT /v1/devices/{device_id}/wipe` | instance (Basic) | [`OrderWipe`] | 204 |
//! | `GET /v1/devices/{device_id}/wipe` | device (Basic) | – | 200 [`OrderWipe`] |
//! | `POST /v1/devices/{device_id}/wipe/confirmation` | device (Basic) | [`ConfirmWipe`] | 204 |
//! | `POST /v1/instances/rotate-password` | instance (Basic) | [`RotatePassword`] | 200 [`PasswordRotation`] |
//!
//! Credentials travel as HTTP Basic (RFC 7617): the id as user, the text form of the secret as password.

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, InstanceId};
use crate::sealed::SealedBlob;
use crate::secret::{self, ClaimId, DevicePassword, DeviceSetupKey, InstancePassword};

/// The path below which devices and instances connect by WebSocket: `/v1/mqtt/{instance_id}`.
pub const MQTT_PATH: &str = "/v1/mqtt/";
/// The WebSocket subprotocol (MQTT 5, section 6).
pub const MQTT_SUBPROTOCOL: &str = "mqtt";
/// The CONNACK user property that carries a resume ticket.
pub const TICKET_PROPERTY: &str = "latchgate-ticket";
/// What stands in front of a ticket where CONNECT expects a password.
pub const TICKET_PREFIX: &str = "ticket:";

/// A new instance.
#[derive(Debug, Serialize, Deserialize)]
pub struct InstanceCreated {
    /// The instance.
    pub instance_id: InstanceId,
    /// Its password, shown this once.
    #[serde(with = "secret::text")]
    pub instance_password: InstancePassword,
}

/// Asks for a new device.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateDevice {
    /// How long its setup key may be claimed, in seconds; at most 24 hours.
    pub expires_in: u64,
}

/// A new device, still without credentials.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeviceCreated {
    /// The device.
    pub device_id: DeviceId,
    /// What the pairing code carries.
    #[serde(with = "secret::text")]
    pub device_setup_key: DeviceSetupKey,
    /// When the setup key expires, in Unix seconds.
    pub expires: u64,
}

/// Trades a setup key for credentials.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimDevice {
    /// From the pairing code.
    #[serde(with = "secret::text")]
    pub device_setup_key: DeviceSetupKey,
    /// Made by the device and durable before the first attempt.
    #[serde(with = "secret::text")]
    pub claim_id: ClaimId,
}

/// A claimed device's credentials.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeviceClaimed {
    /// The device.
    pub device_id: DeviceId,
    /// Its password, new with each repetition of the claim.
    #[serde(with = "secret::text")]
    pub device_password: DevicePassword,
    /// The instance that it belongs to.
    pub instance_id: InstanceId,
}

/// The devices of an instance.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeviceList {
    /// In order of creation.
    pub devices: Vec<DeviceEntry>,
}

/// One device as the gateway knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceEntry {
    /// The device.
    pub device_id: DeviceId,
    /// How far it is.
    pub state: DeviceState,
    /// When it was created, in Unix seconds.
    pub created: u64,
    /// Whether it holds a connection to this gateway.
    pub connected: bool,
    /// What the device answered to its sealed order to erase itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wipe_confirmation: Option<SealedBlob>,
}

/// An order to erase itself, sealed for one device. Storing one revokes the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderWipe {
    /// Opens under a key that only the device has.
    pub order: SealedBlob,
}

/// The device's proof that it opened the order and erased itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmWipe {
    /// Made under the same key.
    pub confirmation: SealedBlob,
}

/// How far a device is, as the gateway knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceState {
    /// Its setup key can be claimed.
    Open,
    /// It was claimed and has not connected.
    Issued,
    /// It connected at least once; the claim is closed.
    Claimed,
    /// It was revoked.
    Revoked,
}

/// One step of changing the instance password.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RotatePassword {
    /// Asks for a new password; the old one stays valid.
    Prepare,
    /// Sent with the *new* password as credentials: the old one ends.
    Commit,
}

/// The answer to a step of changing the instance password.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum PasswordRotation {
    /// The new password.
    Prepared {
        /// Valid beside the old one until it is committed.
        #[serde(with = "secret::text")]
        instance_password: InstancePassword,
    },
    /// The old password ended.
    Committed,
}
