//! Hostile bytes for everything that is read from the outside.
//!
//! Each [`Target`] takes any bytes and fails when the code under it panics or breaks a promise: what is read is
//! written back alike, and what was changed on its way is not accepted. Two runners share the targets:
//!
//! 1. the test `replay`, on any toolchain, replays the corpus and what a fixed sequence of changes makes of it;
//! 2. `libfuzzer/`, a workspace of its own for cargo-fuzz, searches on with coverage as its guide.
//!
//! The corpus lies in `corpus/<target>/`. `cargo run -p latchgate-fuzz` writes its well-formed entries anew, whose
//! names begin with [`WELL_FORMED`].

use std::path::PathBuf;

mod code;
mod frame;
mod handshake;
mod peers;
mod publish;
mod rest;
mod topic;
mod websocket;

/// What the names of corpus entries begin with that must be accepted.
pub const WELL_FORMED: &str = "good-";

/// One reader of outside bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// Reads the bytes.
    pub read: fn(&[u8]) -> Verdict,
    /// Makes the well-formed entries of its corpus: name and bytes.
    pub seeds: fn() -> Vec<(&'static str, Vec<u8>)>,
}

/// What became of the bytes. Breaking a promise is a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They were understood.
    Accepted,
    /// They were refused with an error.
    Refused,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "code", read: code::read, seeds: code::seeds },
    Target { name: "frame", read: frame::read, seeds: frame::seeds },
    Target { name: "handshake", read: handshake::read, seeds: handshake::seeds },
    Target { name: "publish", read: publish::read, seeds: publish::seeds },
    Target { name: "rest", read: rest::read, seeds: rest::seeds },
    Target { name: "topic", read: topic::read, seeds: topic::seeds },
    Target { name: "websocket", read: websocket::read, seeds: websocket::seeds },
];

/// Hands `bytes` to the target of that name.
///
/// # Panics
/// When there is no such target, or when the target broke a promise.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a fuzz target is named after an entry");
    (target.read)(bytes);
}

impl Target {
    /// Returns the folder of its corpus.
    #[must_use]
    pub fn corpus(&self) -> PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "corpus", self.name].iter().collect()
    }
}

impl Verdict {
    fn of<T, E>(result: &Result<T, E>) -> Self {
        if result.is_ok() { Self::Accepted } else { Self::Refused }
    }
}
