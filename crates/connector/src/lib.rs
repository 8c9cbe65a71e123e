//! Behind the firewall: invites devices, opens sealed records, decides who may reach what.
//!
//! 1. [`init()`] registers an instance at a gateway and makes its identity: a [`Store`] and a key file.
//! 2. [`invite()`] makes a device for a person and the code that pairs it.
//! 3. [`Connector::start`] dials out and serves each paired device: every request is checked against the
//!    policy, stripped of what a device could forge, stamped with the person's identity, and forwarded to the
//!    one upstream that the configuration declares for its site.
//!
//! The command line ([`cli`]) does all of it; the library is there for tests of the whole system.

pub mod cli;

mod audit;
mod body;
mod config;
mod connector;
mod headers;
mod identity;
mod init;
mod invite;
mod keyring;
mod limits;
mod local;
mod origin;
mod page;
mod partings;
mod path;
mod policy;
mod qr;
mod refusal;
mod seal;
mod session;
mod site;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod time;
mod upstream;
mod usage;

#[cfg(test)]
mod fixture;

pub use audit::AuditError;
pub use config::{Config, ConfigError, Confirm};
pub use connector::{Connector, Running, StartError};
pub use init::{InitError, init};
pub use invite::{Invitation, InvitationRequest, InviteError, invite};
pub use policy::PolicyError;
pub use seal::{KeyFile, KeyFileError, NotOpened};
pub use store::{DeviceRow, DeviceState, Offer, PersonRow, Store, StoreError, UsageRow, WipeState};
pub use time::{Day, UnixSeconds};
pub use upstream::UpstreamError;
