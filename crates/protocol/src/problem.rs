//! Problem documents (RFC 9457), the form of every error answer of the REST interface.

use serde::{Deserialize, Serialize};

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// One problem document. `code` is the machine-readable name that clients branch on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// A stable name, such as `code-used`.
    pub code: String,
    /// One sentence for a person.
    pub title: String,
    /// What was found and what to do next. Absent from 5xx answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The values of [`Problem::code`] that clients branch on.
pub mod code {
    /// The credentials are unknown or wrong.
    pub const UNAUTHORIZED: &str = "unauthorized";
    /// The `device_setup_key` was claimed by another device.
    pub const CODE_USED: &str = "code-used";
    /// The `device_setup_key` is unknown, expired or closed by a first CONNECT.
    pub const CODE_GONE: &str = "code-gone";
    /// Too many requests; `Retry-After` says when.
    pub const SLOW_DOWN: &str = "slow-down";
    /// The request is not of the documented form.
    pub const MALFORMED: &str = "malformed";
    /// No such device belongs to this instance.
    pub const NOT_FOUND: &str = "not-found";
    /// The gateway wants a registration token.
    pub const REGISTRATION_CLOSED: &str = "registration-closed";
    /// The store is not reachable; nothing was changed.
    pub const UNAVAILABLE: &str = "unavailable";
}
