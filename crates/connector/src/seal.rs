//! The key file, and the sealing of secrets in the store.
//!
//! `connector.key` lies beside the database and is never part of it: a stolen database opens nothing and
//! impersonates nobody. It holds two keys:
//!
//! 1. the sealing key: each secret in the store is AES-256-GCM under it, with the table, row and column as
//!    associated data, so that a sealed value works in its own place only;
//! 2. the connector's static private key, the identity that paired devices know.
//!
//! The file is created with mode 0600 and refused when anybody else can read it.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use latchgate_tunnel::StaticPrivateKey;
use rand_core::CryptoRng;
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

/// The place of one sealed value; its associated data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell<'a> {
    pub(crate) table: &'static str,
    pub(crate) row: &'a [u8],
    pub(crate) column: &'static str,
}

/// Why a key file cannot be used.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// It is not there.
    #[error("{} does not exist; run `latchgate-connector init` first", .0.display())]
    Missing(PathBuf),
    /// Other users of the machine can read it.
    #[error("{} can be read by others (mode {mode:04o}); run `chmod 600` on it", .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to another user.
    #[error("{} belongs to another user", .0.display())]
    ForeignOwner(PathBuf),
    /// It is not a key file of this version.
    #[error("{} is not a connector key file of version 1", .0.display())]
    Malformed(PathBuf),
    /// It exists already.
    #[error("{} exists already; an identity is never overwritten", .0.display())]
    Exists(PathBuf),
    /// Reading or writing failed.
    #[error("could not use {}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// A sealed value that does not open: damaged, moved to another row, or of another key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the sealed value of {table}.{column} does not open with this key file")]
pub struct NotOpened {
    table: &'static str,
    column: &'static str,
}

/// The two keys of a connector.
#[derive(Clone)]
pub struct KeyFile {
    sealing: Arc<Zeroizing<[u8; 32]>>,
    static_key: Arc<StaticPrivateKey>,
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyFile(..)")
    }
}

impl KeyFile {
    /// Makes new keys.
    pub(crate) fn make(rng: &mut dyn CryptoRng) -> Self {
        let mut sealing = Zeroizing::new([0; 32]);
        rng.fill_bytes(sealing.as_mut());
        Self { sealing: Arc::new(sealing), static_key: Arc::new(StaticPrivateKey::make(rng)) }
    }

    /// Reads the file at `path`.
    pub(crate) fn read(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(KeyFileError::Missing(path.to_owned()));
            }
            Err(error) => return Err(failed(error)),
        };
        require_private(path, &file)?;
        let mut text = Zeroizing::new(String::with_capacity(256));
        file.take(4096).read_to_string(&mut text).map_err(failed)?;
        Self::decode(&text).ok_or_else(|| KeyFileError::Malformed(path.to_owned()))
    }

    /// Writes a new file at `path`, synced, with mode 0600.
    pub(crate) fn write(&self, path: &Path) -> Result<(), KeyFileError> {
        let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
        let mut file = create_private(path).map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                KeyFileError::Exists(path.to_owned())
            } else {
                failed(error)
            }
        })?;
        file.write_all(self.encode().as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)
    }

    fn encode(&self) -> Zeroizing<String> {
        let sealing = Zeroizing::new(URL_SAFE_NO_PAD.encode(self.sealing.as_ref()));
        let static_key = Zeroizing::new(URL_SAFE_NO_PAD.encode(self.static_key.reveal_bytes()));
        Zeroizing::new(format!("{HEADLINE}\nsealing {}\nstatic {}\n", *sealing, *static_key))
    }

    fn decode(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != HEADLINE {
            return None;
        }
        let sealing = decode_key(lines.next()?.strip_prefix("sealing ")?)?;
        let static_key = decode_key(lines.next()?.strip_prefix("static ")?)?;
        let static_key = Arc::new(StaticPrivateKey::from_bytes(*static_key));
        Some(Self { sealing: Arc::new(sealing), static_key })
    }

    pub(crate) fn static_key(&self) -> &Arc<StaticPrivateKey> {
        &self.static_key
    }

    /// Derives the seed of the key that signs assertions for sites.
    pub(crate) fn derive_assertion_seed(&self) -> Zeroizing<[u8; 32]> {
        let mut seed = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(b"latchgate/assertion/1"), self.sealing.as_ref().as_slice())
            .expand(b"ed25519 seed", seed.as_mut())
            .expect("32 bytes are less than 255 blocks of SHA-256");
        seed
    }

    /// Seals a secret for its place: `version 1 | nonce[12] | ciphertext and tag`.
    pub(crate) fn seal(&self, cell: Cell<'_>, secret: &[u8], rng: &mut dyn CryptoRng) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        rng.fill_bytes(&mut nonce);
        let payload = Payload { msg: secret, aad: &cell.associated_data() };
        let sealed = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .expect("a secret is far shorter than the limit of AES-GCM");
        [&[VERSION], &nonce[..], &sealed].concat()
    }

    /// Opens a sealed secret in its place.
    pub(crate) fn open(&self, cell: Cell<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        let refused = NotOpened { table: cell.table, column: cell.column };
        let Some((&VERSION, rest)) = sealed.split_first() else { return Err(refused) };
        let Some((nonce, ciphertext)) = rest.split_first_chunk::<NONCE>() else { return Err(refused) };
        let payload = Payload { msg: ciphertext, aad: &cell.associated_data() };
        self.cipher().decrypt(&Nonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| refused)
    }

    fn cipher(&self) -> Aes256Gcm {
        let key: &[u8; 32] = &self.sealing;
        Aes256Gcm::new(key.into())
    }
}

impl Cell<'_> {
    /// Returns `domain 00 table 00 column 00 row`; only the row may hold zeros, and it comes last.
    fn associated_data(&self) -> Vec<u8> {
        [DOMAIN, b"\0", self.table.as_bytes(), b"\0", self.column.as_bytes(), b"\0", self.row].concat()
    }
}

const HEADLINE: &str = "latchgate-connector-key 1";
const DOMAIN: &[u8] = b"latchgate/connector-store/1";
const VERSION: u8 = 1;
const NONCE: usize = 12;

fn decode_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    let length = URL_SAFE_NO_PAD.decode_slice(text, key.as_mut()).ok()?;
    (length == key.len()).then_some(key)
}

/// Creates a file that only its owner can read; fails where one exists.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Refuses a file that others can read or that belongs to somebody else.
#[cfg(unix)]
pub(crate) fn require_private(path: &Path, file: &File) -> Result<(), KeyFileError> {
    use std::os::unix::fs::MetadataExt as _;

    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
    }
    // Linux says in /proc who this process is; elsewhere the open itself is the check.
    match std::fs::metadata("/proc/self") {
        Ok(own) if own.uid() != metadata.uid() => Err(KeyFileError::ForeignOwner(path.to_owned())),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Windows protects the data folder by its access list.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the signature is that of the other platforms")]
pub(crate) fn require_private(_path: &Path, _file: &File) -> Result<(), KeyFileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use getrandom::SysRng;
    use rand_core::UnwrapErr;

    use super::*;

    const CELL: Cell<'_> = Cell { table: "device", row: b"row-1", column: "device_secret_key" };

    fn keys() -> KeyFile {
        KeyFile::make(&mut UnwrapErr(SysRng))
    }

    #[test]
    fn a_sealed_value_opens_in_its_own_place_only() {
        let keys = keys();
        let sealed = keys.seal(CELL, b"canary", &mut UnwrapErr(SysRng));
        assert!(!sealed.windows(6).any(|window| window == b"canary"));
        assert_eq!(keys.open(CELL, &sealed).unwrap().as_slice(), b"canary");
        for other in [
            Cell { table: "candidate", ..CELL },
            Cell { row: b"row-2", ..CELL },
            Cell { column: "device_setup_secret_key", ..CELL },
        ] {
            assert!(keys.open(other, &sealed).is_err());
        }
    }

    #[test]
    fn a_perturbed_or_foreign_value_does_not_open() {
        let keys = keys();
        let sealed = keys.seal(CELL, b"canary", &mut UnwrapErr(SysRng));
        for index in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[index] ^= 1;
            assert!(keys.open(CELL, &damaged).is_err());
            assert!(keys.open(CELL, &sealed[..index]).is_err());
        }
        let other = KeyFile::make(&mut UnwrapErr(SysRng));
        assert!(other.open(CELL, &sealed).is_err());
    }

    #[test]
    fn the_file_round_trips_and_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.key");
        let keys = keys();
        keys.write(&path).unwrap();
        let read = KeyFile::read(&path).unwrap();
        assert_eq!(read.static_key.public_key(), keys.static_key.public_key());
        let sealed = keys.seal(CELL, b"canary", &mut UnwrapErr(SysRng));
        assert!(read.open(CELL, &sealed).is_ok());
        assert!(matches!(keys.write(&path), Err(KeyFileError::Exists(_))));
        assert_eq!(format!("{keys:?}"), "KeyFile(..)");
    }

    #[cfg(unix)]
    #[test]
    fn ab_94_a_key_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.key");
        keys().write(&path).unwrap();
        for mode in [0o644, 0o640, 0o604] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(KeyFile::read(&path), Err(KeyFileError::Exposed { .. })));
        }
    }

    #[test]
    fn damaged_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.key");
        let good = keys().encode();
        for text in ["", "latchgate-connector-key 2\n", &good[..good.len() - 9], &good.replace("static", "dynamic")] {
            let _ = std::fs::remove_file(&path);
            create_private(&path).unwrap().write_all(text.as_bytes()).unwrap();
            assert!(matches!(KeyFile::read(&path), Err(KeyFileError::Malformed(_))), "{text:?} was taken");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(KeyFile::read(&path), Err(KeyFileError::Missing(_))));
    }
}
