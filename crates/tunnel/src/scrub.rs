//! Overwrites what calls left on the stack.
//!
//! A move copies, and the bytes that it leaves behind are not wiped by any `Drop`. They outlive the call, and a
//! later move of a value that does not use all of its bytes carries them on, even to the heap. Safe code cannot
//! wipe such bytes one by one, but it can overwrite the stack below itself.

use std::hint;

/// Overwrites the stack below the caller.
#[inline(never)]
pub(crate) fn scrub_stack() {
    let mut used = [0_u8; DEPTH];
    hint::black_box(&mut used);
}

/// How deep the stack is overwritten, in bytes: a handshake takes up to 33 KiB without optimisation.
const DEPTH: usize = 48 * 1024;
