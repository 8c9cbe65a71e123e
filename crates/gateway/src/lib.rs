//! The public, blind relay.
