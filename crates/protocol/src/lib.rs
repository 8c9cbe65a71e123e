//! What the gateway may see: identifiers, credentials it verifies, REST bodies, MQTT topics, the frame
//! header and the limits. Everything here is pure: no socket, file, clock or global random source.
//!
//! The gateway depends on this crate and not on `latchgate-tunnel`; what is sealed cannot be opened with
//! anything found here.

pub mod control;
pub mod frame;
pub mod id;
pub mod limits;
pub mod origin;
pub mod problem;
pub mod publish;
pub mod rest;
pub mod sealed;
pub mod secret;
pub mod topic;
pub mod websocket;

pub use frame::{FrameHeader, FrameType, SessionId};
pub use id::{DeviceId, InstanceId};
pub use origin::GatewayOrigin;
pub use sealed::SealedBlob;
pub use secret::{ClaimId, DevicePassword, DeviceSetupKey, InstancePassword, ResumeTicket};
pub use topic::Topic;
