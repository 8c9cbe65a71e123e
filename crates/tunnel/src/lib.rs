//! What the gateway may not see: keys, the pairing code, pairing, sealed sessions.
