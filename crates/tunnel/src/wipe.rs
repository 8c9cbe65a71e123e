//! The order to erase a device, sealed for a device that may be away when it is given.
//!
//! 1. Before the connector erases a device's keys it derives a key for this one purpose and seals the order:
//!    [`WipeKey::seal_order`]. The order waits at the gateway.
//! 2. The device opens it under a key that it still has ([`open_order`]), erases itself, and answers with
//!    [`WipeKey::confirmation`], made under the same key. The connector kept a hash of the answer and nothing else.
//!
//! ```text
//! wipe key     = HKDF-SHA256(salt = "LG1 wipe", ikm = device_secret_key, info = device_id | generation)
//! order        = 1 u8 | generation u32 | AES-256-GCM(wipe key, counter 0, ad = "LG1 wipe order" | device_id, 1 u8) | tag[16]
//! confirmation = 1 u8 | generation u32 | AES-256-GCM(wipe key, counter 1, ad = "LG1 wipe done" | device_id, 1 u8) | tag[16]
//! ```
//!
//! While a key is being replaced the connector does not know which one the device will have left: it gives one order
//! under each, one behind the other, and takes the answer to any.
//!
//! Both messages are fixed, so that sealing one again repeats it and no counter ever meets two messages. Nobody
//! without the device's key can make either: a gateway can withhold an order, and cannot give one.

use latchgate_protocol::DeviceId;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use zeroize::ZeroizeOnDrop;

use crate::aead::{AeadKey, TAG_LENGTH};
use crate::keys::{DeviceSecretKey, Generation, derive};

/// The key of one order.
#[derive(ZeroizeOnDrop)]
pub struct WipeKey {
    key: [u8; 32],
    #[zeroize(skip)]
    device_id: DeviceId,
    #[zeroize(skip)]
    generation: Generation,
}

/// What the connector keeps of an order that it gave: enough to recognise the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfirmationHash(pub [u8; 32]);

/// The bytes are no order for this device under any key that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the order does not open under a key of this device")]
pub struct NotAnOrder;

impl WipeKey {
    /// Derives the key from `generation` of a device's key.
    #[must_use]
    pub fn derive(key: &DeviceSecretKey, device_id: DeviceId, generation: Generation) -> Self {
        let mut wipe = Self { key: [0; 32], device_id, generation };
        let info: [&[u8]; 2] = [device_id.as_bytes(), &generation.0.to_be_bytes()];
        derive(b"LG1 wipe", key.reveal_bytes(), &info, &mut wipe.key);
        wipe
    }

    /// Seals the order.
    #[must_use]
    pub fn seal_order(&self) -> Vec<u8> {
        self.seal(ORDER)
    }

    /// Makes the answer of a device that erased itself.
    #[must_use]
    pub fn confirmation(&self) -> Vec<u8> {
        self.seal(DONE)
    }

    /// Returns what recognises the answer.
    #[must_use]
    pub fn confirmation_hash(&self) -> ConfirmationHash {
        ConfirmationHash::of(&self.confirmation())
    }

    fn seal(&self, message: Message) -> Vec<u8> {
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&self.generation.0.to_be_bytes());
        let mut content = [VERSION];
        let tag = AeadKey::new(&self.key).seal(message.counter, &self.associated(message), &mut content);
        sealed.extend_from_slice(&content);
        sealed.extend_from_slice(&tag);
        sealed
    }

    fn associated(&self, message: Message) -> Vec<u8> {
        [message.label, self.device_id.as_bytes()].concat()
    }
}

impl ConfirmationHash {
    /// Hashes an answer.
    #[must_use]
    pub fn of(confirmation: &[u8]) -> Self {
        Self(Sha256::digest(confirmation).into())
    }

    /// Tells whether an answer is the one.
    #[must_use]
    pub fn matches(&self, confirmation: &[u8]) -> bool {
        self.0.ct_eq(&Self::of(confirmation).0).into()
    }
}

/// Opens an order, or one of several behind each other, under one of the keys that a device has; returns the key that
/// it opened under.
///
/// # Errors
/// [`NotAnOrder`]: whatever it is, nothing may be erased for it.
pub fn open_order<'a>(
    order: &[u8],
    device_id: DeviceId,
    keys: impl IntoIterator<Item = (Generation, &'a DeviceSecretKey)>,
) -> Result<WipeKey, NotAnOrder> {
    let keys: Vec<_> = keys.into_iter().collect();
    let mut opened = order.chunks(LENGTH).map(|order| open_one(order, device_id, &keys));
    opened.find_map(Result::ok).ok_or(NotAnOrder)
}

fn open_one(order: &[u8], device_id: DeviceId, keys: &[(Generation, &DeviceSecretKey)]) -> Result<WipeKey, NotAnOrder> {
    let Some((&[VERSION, a, b, c, d], sealed)) = order.split_first_chunk() else { return Err(NotAnOrder) };
    let generation = Generation(u32::from_be_bytes([a, b, c, d]));
    for (_, key) in keys.iter().filter(|(known, _)| *known == generation) {
        let wipe = WipeKey::derive(key, device_id, generation);
        let mut content = sealed.to_vec();
        let Some((content, tag)) = content.split_last_chunk_mut::<TAG_LENGTH>() else { return Err(NotAnOrder) };
        let opened = AeadKey::new(&wipe.key).open(ORDER.counter, &wipe.associated(ORDER), content, *tag);
        if opened.is_ok() && content == [VERSION] {
            return Ok(wipe);
        }
    }
    Err(NotAnOrder)
}

#[derive(Clone, Copy)]
struct Message {
    counter: u64,
    label: &'static [u8],
}

const VERSION: u8 = 1;
/// An order: version, generation, one sealed byte and its tag.
const LENGTH: usize = 1 + 4 + 1 + TAG_LENGTH;
const ORDER: Message = Message { counter: 0, label: b"LG1 wipe order" };
const DONE: Message = Message { counter: 1, label: b"LG1 wipe done" };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::DEVICE_ID;

    const GENERATION: Generation = Generation(3);

    fn secret(byte: u8) -> DeviceSecretKey {
        DeviceSecretKey::from_bytes([byte; 32])
    }

    #[test]
    fn the_device_opens_its_order_and_its_answer_is_recognised() {
        let given = WipeKey::derive(&secret(1), DEVICE_ID, GENERATION);
        let order = given.seal_order();
        assert_eq!(order.len(), 22);
        // A rotation may be under way: the device has two keys.
        let keys = [(Generation(4), &secret(9)), (GENERATION, &secret(8)), (GENERATION, &secret(1))];
        let opened = open_order(&order, DEVICE_ID, keys).unwrap();
        assert!(given.confirmation_hash().matches(&opened.confirmation()));
        assert_eq!(given.seal_order(), order, "sealing again repeats the order");
        assert_ne!(opened.confirmation(), order);
    }

    #[test]
    fn nobody_else_can_give_or_answer_an_order() {
        let order = WipeKey::derive(&secret(1), DEVICE_ID, GENERATION).seal_order();
        let hash = WipeKey::derive(&secret(1), DEVICE_ID, GENERATION).confirmation_hash();
        let mine = secret(1);
        let open = |order: &[u8], device_id| open_order(order, device_id, [(GENERATION, &mine)]).is_ok();
        assert!(open(&order, DEVICE_ID));
        assert!(!open(&order, DeviceId::from_bytes([9; 16])), "an order of another device");
        assert!(!open(&WipeKey::derive(&secret(2), DEVICE_ID, GENERATION).seal_order(), DEVICE_ID), "another key");
        assert!(!open(&WipeKey::derive(&secret(1), DEVICE_ID, Generation(2)).seal_order(), DEVICE_ID), "an old key");
        let confirmation = WipeKey::derive(&secret(1), DEVICE_ID, GENERATION).confirmation();
        assert!(!open(&confirmation, DEVICE_ID), "an answer is no order");
        assert!(!hash.matches(&order), "an order is no answer");
        for length in 0..order.len() {
            assert!(!open(&order[..length], DEVICE_ID), "cut at {length}");
        }
        for place in 0..order.len() {
            let mut changed = order.clone();
            changed[place] ^= 1;
            assert!(!open(&changed, DEVICE_ID), "changed at {place}");
        }
    }

    #[test]
    fn the_bytes_are_fixed() {
        // Made by HKDF and AES-GCM of other libraries, from the formulas above.
        let wipe = WipeKey::derive(&secret(1), DEVICE_ID, GENERATION);
        assert_eq!(hex::encode(wipe.seal_order()), "01000000036bc2c812d565e186cedcea66b9ce6802ba");
        assert_eq!(hex::encode(wipe.confirmation()), "0100000003a691c6aa0cafba681d25283ebecf983ab2");
    }
}
