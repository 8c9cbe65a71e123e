//! The connector at a real gateway, with real devices, over loopback.

mod command_line;
mod life;
mod page;
mod pairing;
mod revocation;
mod support;
