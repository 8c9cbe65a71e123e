//! A device that knows the code's secret and sends a static key of small order.

use snow::Error;
use snow::params::{CipherChoice, DHChoice, HashChoice};
use snow::resolvers::CryptoResolver;
use snow::types::{Cipher, Dh, Hash, Random};

use std::cell::Cell;

use super::resolver::Resolver;
use super::{Handshake, HandshakeKeys, Pattern, Role};
use crate::testing::FixedRng;

/// Starts a pairing whose static key is `point`, with every shared secret of it the zeros that it gives.
pub(crate) fn initiator_with_static_key(keys: HandshakeKeys<'_>, prologue: &[u8], point: [u8; 32]) -> Handshake {
    let inner = Resolver::new(&mut FixedRng::new(13));
    let resolver = HostileResolver { inner, point: Cell::new(Some(point)) };
    Handshake::with_resolver(Pattern::Pairing, Role::Initiator, keys, prologue, Box::new(resolver))
}

struct HostileResolver {
    inner: Resolver,
    point: Cell<Option<[u8; 32]>>,
}

impl CryptoResolver for HostileResolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        self.inner.resolve_rng()
    }

    /// snow asks for the static key first.
    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        match self.point.take() {
            Some(point) => Some(Box::new(SmallOrder(point))),
            None => self.inner.resolve_dh(choice),
        }
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        self.inner.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        self.inner.resolve_cipher(choice)
    }
}

struct SmallOrder([u8; 32]);

impl Dh for SmallOrder {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        32
    }

    fn priv_len(&self) -> usize {
        32
    }

    fn set(&mut self, _privkey: &[u8]) {}

    fn generate(&mut self, _rng: &mut dyn Random) -> Result<(), Error> {
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        &self.0
    }

    fn privkey(&self) -> &[u8] {
        &[]
    }

    fn dh(&self, _pubkey: &[u8], out: &mut [u8]) -> Result<(), Error> {
        out[..32].fill(0);
        Ok(())
    }
}
