//! The sealed form of a vault's contents.
//!
//! ```text
//! "LGV" | version 2 | protection u8 | parameters | nonce[12] | AES-256-GCM ciphertext | SHA-256 of all before
//! ```
//! The hash is for damage, not against anybody: without it a key store that returns other bytes than it was given
//! could not be told from a wrong passphrase. Version 1 has none, and is read.
//!
//! The parameters of a passphrase are Argon2id's memory (KiB), passes and lanes as u32 big-endian and a salt of
//! 16 bytes; the other protections have none. Everything before the ciphertext, and the profile's name, is
//! associated data: a blob opens under its own name and with its own parameters only.

use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use argon2::{Algorithm, Argon2, Params, Version};
use getrandom::SysRng;
use hkdf::Hkdf;
use rand_core::TryRng as _;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::limits::{
    ARGON2_LANES, ARGON2_MEMORY, ARGON2_MEMORY_CEILING, ARGON2_MEMORY_FLOOR, ARGON2_PASSES, ARGON2_PASSES_FLOOR,
    ARGON2_WORK_CEILING, BACKUP_MEMORY, BACKUP_PASSES,
};

const MAGIC: &[u8; 3] = b"LGV";
/// Without a hash at its end.
const VERSION_1: u8 = 1;
const VERSION: u8 = 2;
const NONCE: usize = 12;
const TAG: usize = 16;
const SALT: usize = 16;
const HASH: usize = 32;
const PASSPHRASE: u8 = 1;
const BOUND_KEY: u8 = 2;
const STORED_KEY: u8 = 3;
const FILE_KEY: u8 = 4;
const VAULT: u8 = 5;

/// Why a blob does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum BlobError {
    /// Not a blob, or one that was cut or changed in its clear part.
    #[error("the vault is malformed")]
    Malformed,
    /// Written by a newer version.
    #[error("the vault was written by another version")]
    Incompatible,
    /// Work factors outside of what is accepted.
    #[error("the vault asks for work outside the accepted range")]
    Work,
    /// The key is not the right one, or the ciphertext was changed.
    #[error("the key does not open the vault")]
    WrongKey,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    NoRandomness,
}

/// How the key of a blob comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Protection {
    /// From a passphrase, by Argon2id.
    Passphrase(Work),
    /// From a key that the system hands out against a finger or a face.
    BoundKey,
    /// It lies in the keychain beside the blob.
    StoredKey,
    /// From a key that a file elsewhere holds.
    FileKey,
    /// From the keys in the vault, for what lies beside it.
    Vault,
}

/// Argon2id's parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Work {
    memory: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; SALT],
}

/// The key of one blob.
#[derive(ZeroizeOnDrop)]
pub(crate) struct VaultKey([u8; 32]);

impl Work {
    /// Makes the present parameters with a new salt.
    pub(crate) fn make() -> Result<Self, BlobError> {
        let salt = random()?;
        Ok(Self { memory: ARGON2_MEMORY, passes: ARGON2_PASSES, lanes: ARGON2_LANES, salt })
    }

    /// Makes parameters for a file that may be guessed at for ever.
    pub(crate) fn make_for_backup() -> Result<Self, BlobError> {
        Ok(Self { memory: BACKUP_MEMORY, passes: BACKUP_PASSES, ..Self::make()? })
    }

    fn accepted(&self) -> bool {
        (ARGON2_MEMORY_FLOOR..=ARGON2_MEMORY_CEILING).contains(&self.memory)
            && (ARGON2_PASSES_FLOOR..=ARGON2_WORK_CEILING).contains(&self.passes)
            && (1..=ARGON2_WORK_CEILING).contains(&self.lanes)
    }
}

impl VaultKey {
    /// Makes a random key, for [`Protection::StoredKey`].
    pub(crate) fn make() -> Result<Self, BlobError> {
        random().map(Self)
    }

    /// Takes a stored key as it is.
    pub(crate) fn from_stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Returns the bytes, to store them in a store that guards them.
    pub(crate) fn reveal_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Derives the key from a passphrase. Takes a moment on purpose.
    pub(crate) fn derive_from_passphrase(passphrase: &str, work: &Work) -> Result<Self, BlobError> {
        let params = Params::new(work.memory, work.passes, work.lanes, Some(32)).map_err(|_| BlobError::Work)?;
        let mut key = Self([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &work.salt, &mut key.0)
            .map_err(|_| BlobError::Work)?;
        Ok(key)
    }

    /// Derives the key from one that the system bound.
    pub(crate) fn derive_from_bound_key(bound: &[u8]) -> Self {
        Self::derive(bound, b"bound key")
    }

    /// Derives the key from one that a file holds.
    pub(crate) fn derive_from_file_key(file_key: &[u8]) -> Self {
        Self::derive(file_key, b"file key")
    }

    /// Derives the key of what lies beside the vault from the device's static key, which stays as long as the pairing.
    pub(crate) fn derive_for_drawer(static_key: &[u8; 32]) -> Self {
        Self::derive(static_key, b"kept")
    }

    fn derive(from: &[u8], purpose: &[u8]) -> Self {
        let mut key = Self([0; 32]);
        Hkdf::<Sha256>::new(Some(b"LG1 vault"), from)
            .expand(purpose, &mut key.0)
            .expect("the output is shorter than 255 hashes");
        key
    }
}

impl Protection {
    /// Reads how a blob is protected.
    pub(crate) fn read(blob: &[u8]) -> Result<Self, BlobError> {
        split(blob).map(|(protection, _)| protection)
    }

    fn encode(&self) -> Vec<u8> {
        let mut head = [&MAGIC[..], &[VERSION]].concat();
        match self {
            Self::Passphrase(work) => {
                head.push(PASSPHRASE);
                for parameter in [work.memory, work.passes, work.lanes] {
                    head.extend_from_slice(&parameter.to_be_bytes());
                }
                head.extend_from_slice(&work.salt);
            }
            Self::BoundKey => head.push(BOUND_KEY),
            Self::StoredKey => head.push(STORED_KEY),
            Self::FileKey => head.push(FILE_KEY),
            Self::Vault => head.push(VAULT),
        }
        head
    }
}

/// Seals `contents` under `key` for the profile `name`, with a fresh nonce.
pub(crate) fn seal(protection: &Protection, key: &VaultKey, name: &str, contents: &[u8]) -> Result<Vec<u8>, BlobError> {
    let mut blob = protection.encode();
    let nonce: [u8; NONCE] = random()?;
    blob.extend_from_slice(&nonce);
    let associated = [&blob, name.as_bytes()].concat();
    let start = blob.len();
    // The plaintext passes through the buffer that becomes the ciphertext, which must not move meanwhile.
    blob.reserve_exact(contents.len() + TAG + HASH);
    blob.extend_from_slice(contents);
    let tag = Aes256Gcm::new(&key.0.into())
        .encrypt_inout_detached(&Nonce::from(nonce), &associated, (&mut blob[start..]).into())
        .expect("the contents are shorter than 64 GiB");
    blob.extend_from_slice(&tag);
    let hash = Sha256::digest(&blob);
    blob.extend_from_slice(&hash);
    Ok(blob)
}

/// Opens a blob of the profile `name`.
pub(crate) fn open(blob: &[u8], key: &VaultKey, name: &str) -> Result<Zeroizing<Vec<u8>>, BlobError> {
    let (_, sealed) = split(blob)?;
    let blob = without_hash(blob)?;
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(BlobError::Malformed)?;
    let (ciphertext, tag) = sealed.split_last_chunk::<TAG>().ok_or(BlobError::Malformed)?;
    let associated = [&blob[..blob.len() - sealed.len()], name.as_bytes()].concat();
    let mut contents = Zeroizing::new(ciphertext.to_vec());
    Aes256Gcm::new(&key.0.into())
        .decrypt_inout_detached(&Nonce::from(*nonce), &associated, (&mut contents[..]).into(), &Tag::from(*tag))
        .map_err(|_| BlobError::WrongKey)?;
    Ok(contents)
}

/// Returns a blob up to its hash, which is checked.
fn without_hash(blob: &[u8]) -> Result<&[u8], BlobError> {
    let (&version, _) = blob.strip_prefix(MAGIC).and_then(<[u8]>::split_first).ok_or(BlobError::Malformed)?;
    match version {
        VERSION_1 => Ok(blob),
        VERSION => {
            let (rest, hash) = blob.split_last_chunk::<HASH>().ok_or(BlobError::Malformed)?;
            if Sha256::digest(rest)[..] == hash[..] { Ok(rest) } else { Err(BlobError::Malformed) }
        }
        _ => Err(BlobError::Incompatible),
    }
}

/// Reads the head; returns what follows it up to the hash, beginning with the nonce.
fn split(blob: &[u8]) -> Result<(Protection, &[u8]), BlobError> {
    let rest = without_hash(blob)?.get(MAGIC.len() + 1..).ok_or(BlobError::Malformed)?;
    let (&kind, rest) = rest.split_first().ok_or(BlobError::Malformed)?;
    match kind {
        PASSPHRASE => {
            let (memory, rest) = rest.split_first_chunk().ok_or(BlobError::Malformed)?;
            let (passes, rest) = rest.split_first_chunk().ok_or(BlobError::Malformed)?;
            let (lanes, rest) = rest.split_first_chunk().ok_or(BlobError::Malformed)?;
            let (salt, rest) = rest.split_first_chunk().ok_or(BlobError::Malformed)?;
            let number = |bytes: &[u8; 4]| u32::from_be_bytes(*bytes);
            let work = Work { memory: number(memory), passes: number(passes), lanes: number(lanes), salt: *salt };
            if work.accepted() { Ok((Protection::Passphrase(work), rest)) } else { Err(BlobError::Work) }
        }
        BOUND_KEY => Ok((Protection::BoundKey, rest)),
        STORED_KEY => Ok((Protection::StoredKey, rest)),
        FILE_KEY => Ok((Protection::FileKey, rest)),
        VAULT => Ok((Protection::Vault, rest)),
        _ => Err(BlobError::Incompatible),
    }
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], BlobError> {
    let mut bytes = [0; LENGTH];
    SysRng.try_fill_bytes(&mut bytes).map_err(|_| BlobError::NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CANARY: &[u8] = b"canary device_secret_key canary";

    fn floor() -> Work {
        Work { memory: ARGON2_MEMORY_FLOOR, passes: ARGON2_PASSES_FLOOR, lanes: 1, salt: [7; SALT] }
    }

    #[test]
    fn a_passphrase_opens_what_it_sealed_and_another_does_not() {
        let protection = Protection::Passphrase(floor());
        let key = VaultKey::derive_from_passphrase("correct horse", &floor()).unwrap();
        let blob = seal(&protection, &key, "work", CANARY).unwrap();
        assert_eq!(Protection::read(&blob).unwrap(), protection);
        let again = VaultKey::derive_from_passphrase("correct horse", &floor()).unwrap();
        assert_eq!(*open(&blob, &again, "work").unwrap(), CANARY);
        let wrong = VaultKey::derive_from_passphrase("correct house", &floor()).unwrap();
        assert_eq!(open(&blob, &wrong, "work").unwrap_err(), BlobError::WrongKey);
        assert!(!blob.windows(6).any(|window| window == b"canary"));
    }

    #[test]
    fn a_blob_opens_under_its_own_name_only() {
        let key = VaultKey::make().unwrap();
        let blob = seal(&Protection::StoredKey, &key, "work", CANARY).unwrap();
        assert_eq!(open(&blob, &key, "home").unwrap_err(), BlobError::WrongKey);
        let stored = VaultKey::from_stored(key.reveal_bytes()).unwrap();
        assert_eq!(*open(&blob, &stored, "work").unwrap(), CANARY);
    }

    #[test]
    fn a_bound_key_opens_what_it_sealed() {
        let key = VaultKey::derive_from_bound_key(&[1; 32]);
        let blob = seal(&Protection::BoundKey, &key, "work", CANARY).unwrap();
        assert!(open(&blob, &VaultKey::derive_from_bound_key(&[1; 32]), "work").is_ok());
        assert!(open(&blob, &VaultKey::derive_from_bound_key(&[2; 32]), "work").is_err());
    }

    #[test]
    fn work_below_the_floor_or_above_the_ceiling_is_refused() {
        let key = VaultKey::make().unwrap();
        for (memory, passes, lanes) in [(1024, 2, 1), (ARGON2_MEMORY_FLOOR, 1, 1), (u32::MAX, 2, 1), (65536, 2, 0)] {
            let protection = Protection::Passphrase(Work { memory, passes, lanes, salt: [0; SALT] });
            let blob = seal(&protection, &key, "work", CANARY).unwrap();
            assert_eq!(Protection::read(&blob), Err(BlobError::Work));
        }
    }

    #[test]
    fn another_version_is_named() {
        let mut blob = seal(&Protection::StoredKey, &VaultKey::make().unwrap(), "work", CANARY).unwrap();
        blob[3] = 3;
        assert_eq!(Protection::read(&blob), Err(BlobError::Incompatible));
    }

    #[test]
    fn ab_82_damage_is_no_wrong_key() {
        let key = VaultKey::make().unwrap();
        let blob = seal(&Protection::StoredKey, &key, "work", CANARY).unwrap();
        for index in (0..MAGIC.len()).chain(MAGIC.len() + 1..blob.len()) {
            let mut damaged = blob.clone();
            damaged[index] ^= 1;
            assert_eq!(open(&damaged, &key, "work").unwrap_err(), BlobError::Malformed, "byte {index}");
            assert_eq!(open(&blob[..index], &key, "work").unwrap_err(), BlobError::Malformed, "cut at {index}");
        }
    }

    #[test]
    fn a_blob_of_the_first_version_opens() {
        let key = VaultKey::from_stored(&[7; 32]).unwrap();
        let golden = concat!(
            "4c475601",                             // LGV, version 1
            "03",                                   // a stored key
            "000102030405060708090a0b",             // nonce
            "63fc0379926747bd47c779b0b84204638b37", // ciphertext of {} and tag
        );
        let blob = hex::decode(golden).unwrap();
        assert_eq!(*open(&blob, &key, "work").unwrap(), *b"{}");
    }

    proptest! {
        #[test]
        fn a_changed_blob_never_opens(position in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let key = VaultKey::make().unwrap();
            let mut blob = seal(&Protection::StoredKey, &key, "work", CANARY).unwrap();
            let index = position.index(blob.len());
            blob[index] ^= 1 << bit;
            prop_assert!(open(&blob, &key, "work").is_err());
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let key = VaultKey::from_stored(&[0; 32]).unwrap();
            prop_assert!(open(&bytes, &key, "work").is_err());
        }
    }
}
