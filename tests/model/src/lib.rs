//! Pairing as a state machine, searched exhaustively for states that nobody can leave.
//!
//! The actors are the device, the gateway's claim and the connector. The network drops, duplicates, delays and
//! reorders; the device crashes between any two steps and keeps what it made durable. A state is *stranded* if
//! no continuation whatever leads from it to both sides active under one key.
//!
//! 1. [`mod@reference`] is the model that the design was made with, state for state: the published design, the
//!    two-phase one, and the two-phase one with a guard switched off.
//! 2. [`built`] is finer and says what the code does: candidates in order of arrival, pinned by an S1, a new key
//!    for each answer, reset hints that anybody may forge. It has no bound on attempts.
//! 3. [`cases`] lists both with what must come out.

pub mod built;
pub mod cases;
pub mod reference;
pub mod search;
