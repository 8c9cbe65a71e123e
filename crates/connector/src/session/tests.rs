//! Tests of sessions: a device's HTTP/2 over a pipe on one side, web applications on loopback on the other.

mod answers;
mod bound;
mod devices;
mod forwarding;
mod hostile;
mod policy;
mod slow;
mod tls;
mod upgrades;
mod wire;
