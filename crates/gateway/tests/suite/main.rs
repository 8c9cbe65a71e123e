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
mod operation;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod rest;
#[cfg(test)]
mod support;
