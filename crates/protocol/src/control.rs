//! What the gateway tells a connector on the topic `k`.
//!
//! Nothing here is authenticated end to end: the connector treats it as news, never as an order to erase.

use serde::{Deserialize, Serialize};

use crate::id::DeviceId;

/// One message on the control topic, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Control {
    /// A device was revoked at the gateway.
    Revoked {
        /// Which one.
        device_id: DeviceId,
    },
    /// A device claimed its code and has credentials.
    Claimed {
        /// Which one.
        device_id: DeviceId,
    },
    /// Somebody else tried to claim a code that was already claimed: it may have been photographed.
    ClaimConflict {
        /// Whose code it was.
        device_id: DeviceId,
    },
    /// A revoked device answered its sealed order to erase itself; the list of devices has the answer.
    Wiped {
        /// Which one.
        device_id: DeviceId,
    },
    /// A device exceeded its share and was closed.
    Quota {
        /// Which one.
        device_id: DeviceId,
    },
    /// The node is about to stop; connect again.
    Drain,
}
