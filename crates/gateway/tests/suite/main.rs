//! The gateway over real sockets, one abuse case or promise each.

#[cfg(test)]
mod certificate;
#[cfg(test)]
mod claim;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod login;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod on_postgres;
#[cfg(test)]
mod operation;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod rest;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod support;
#[cfg(test)]
mod wipe;

/// What the tests of the store run on here; [`on_postgres`] runs them on the other database.
#[cfg(test)]
use support::TestGateway;
