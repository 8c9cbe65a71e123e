//! The gateway over real sockets, one abuse case or promise each.

mod claim;
mod limits;
mod login;
mod operation;
mod relay;
mod rest;
mod support;
