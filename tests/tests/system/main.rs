//! The whole system, as real processes on loopback: gateway, connector, devices, a sample intranet, browsers
//! and the real app. `cargo xtask test` builds what these tests start and says where it lies.

#![cfg(test)]

mod app;
mod applications;
mod calls;
mod chain;
mod chromium;
mod claims;
mod conformance;
mod dokuwiki;
mod engines;
mod files;
mod kept;
mod large;
mod launch;
mod leak;
mod locked;
mod outside;
mod pairing;
mod people;
mod profiles;
mod reading;
mod restart;
mod revocation;
mod rotation;
mod scope;
mod secrets;
mod silence;
mod stalled;
mod stranger;
mod support;
mod uploads;
mod websocket;
mod windows;
mod wiped;
