//! The connector's durable knowledge: its identity, people, groups, devices, revocations and usage.
//!
//! 1. One SQLite database (`connector.db`: WAL, synchronous FULL) beside one key file (`connector.key`).
//! 2. [`Store::create`] makes both, [`Store::open`] wants both: a missing, damaged, exposed or newer file is an
//!    error with its reason and never a reason to start afresh.
//! 3. Each step of pairing is one transaction that is synced before its message leaves.
//! 4. Secrets are sealed for their cell ([`crate::seal`]); `device_setup_key` and `device_password` are never
//!    written at all.
//!
//! The command line uses the store beside a running `serve`; [`Store::watcher`] tells one about the other.

mod device;
mod ledger;
mod page;
mod pairing;
mod person;
mod rotation;
mod schema;
mod wipe;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use latchgate_link::rest::InstanceAccount;
use latchgate_protocol::{DeviceId, InstanceId, InstancePassword};
use latchgate_tunnel::{StaticPrivateKey, StaticPublicKey};
use rand_core::CryptoRng;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior};
use thiserror::Error;

pub use device::{DeviceRow, DeviceState, Offer};
pub(crate) use ledger::UsageDelta;
pub use ledger::UsageRow;
pub(crate) use pairing::{Committed, KeyLookup, PairingReply};
pub use person::PersonRow;
pub(crate) use rotation::Carrier;
pub use wipe::WipeState;

use crate::limits::STORE_BUSY;
use crate::seal::{Cell, KeyFile, KeyFileError, NotOpened, create_private, require_private};
use crate::text::hint;
use crate::time::UnixSeconds;

/// Why the store did not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database is not there.
    #[error("{} does not exist; run `latchgate-connector init` first", .0.display())]
    Missing(PathBuf),
    /// A key file is there and its database is not, or is empty: nothing is recreated over a lost one.
    #[error("{} is empty or lost although its key file exists; restore it from a backup", .0.display())]
    Lost(PathBuf),
    /// An identity exists already.
    #[error("{} holds an identity already; it is never overwritten", .0.display())]
    Exists(PathBuf),
    /// The key file cannot be used.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The database is damaged or belongs to something else.
    #[error("{} is damaged or no connector database: {reason}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A newer version wrote the database.
    #[error("the database has version {found}, this program knows versions up to {known}; use a newer program")]
    Newer {
        /// The version of the database.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// Another connector uses the same data.
    #[error("another connector is running on {}", .0.display())]
    InUse(PathBuf),
    /// A secret does not open.
    #[error(transparent)]
    NotOpened(#[from] NotOpened),
    /// No person of this login.
    #[error("no person `{login}`{hint}")]
    UnknownPerson {
        /// What was asked for.
        login: String,
        /// The nearest known one.
        hint: String,
    },
    /// A person of this login exists.
    #[error("a person `{0}` exists already")]
    PersonExists(String),
    /// A login or group has an unusable form.
    #[error("`{0}` is not usable: expected 1 to 64 of a-z, 0-9, `.`, `_`, `@`, `-`, beginning with a letter or digit")]
    UnusableName(String),
    /// A display name has an unusable form.
    #[error("the name is not usable: expected 1 to 64 visible characters")]
    UnusableDisplayName,
    /// No device of this id.
    #[error("no device `{0}`; `device list` shows them")]
    UnknownDevice(String),
    /// Several devices begin with this.
    #[error("several devices begin with `{0}`; give more digits")]
    AmbiguousDevice(String),
    /// The device is not in a state for this.
    #[error("the device is {0}, which does not allow this")]
    WrongState(DeviceState),
    /// The keys that an order could be sealed with are erased.
    #[error("the device was revoked without an order to erase itself; its keys are erased, and none can be sealed now")]
    TooLateToWipe,
    /// The check code is not the device's.
    #[error("the check code is not the device's; do not approve it, revoke it")]
    WrongCheckCode,
    /// SQLite failed.
    #[error("could not use the database")]
    Sqlite(#[from] rusqlite::Error),
    /// The file system failed.
    #[error("could not use {}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// The store; cheap to clone, one transaction at a time.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    connection: Mutex<Connection>,
    keys: KeyFile,
    data: PathBuf,
}

/// Notices changes by any process, this one included.
#[derive(Debug)]
pub(crate) struct Watcher(Connection);

/// Holds the right to be the one running connector of an identity.
#[derive(Debug)]
pub(crate) struct ServeLock(#[expect(dead_code, reason = "held for its lock")] File);

const DATABASE: &str = "connector.db";
const KEY_FILE: &str = "connector.key";
const LOCK_FILE: &str = "connector.lock";

impl Store {
    /// Refuses where an identity exists already: asked before a gateway is bothered.
    ///
    /// # Errors
    /// [`StoreError::Exists`].
    pub fn require_absent(data: &Path) -> Result<(), StoreError> {
        let taken = [DATABASE, KEY_FILE].iter().any(|name| data.join(name).exists());
        if taken { Err(StoreError::Exists(data.to_owned())) } else { Ok(()) }
    }

    /// Makes a new identity in the folder `data`: keys, database, and the account that a gateway issued.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where there is one, [`StoreError::Io`] where it cannot be written.
    pub fn create(
        data: &Path,
        account: &InstanceAccount,
        now: UnixSeconds,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, StoreError> {
        Self::require_absent(data)?;
        create_folder(data)?;
        let io_at = |path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Io { path, source }
        };
        // Both files are finished under other names first: what exists under the final names is whole.
        let (new_key, new_database) = (data.join("connector.key.new"), data.join("connector.db.new"));
        for leftover in [&new_key, &new_database] {
            if leftover.exists() {
                std::fs::remove_file(leftover).map_err(io_at(leftover))?;
            }
        }
        let keys = KeyFile::make(rng);
        keys.write(&new_key)?;
        create_private(&new_database).map_err(io_at(&new_database))?;
        let mut connection = Connection::open(&new_database)?;
        schema::migrate(&mut connection, &new_database)?;
        insert_account(&connection, &keys, account, now, rng)?;
        connection.close().map_err(|(_, error)| error)?;
        std::fs::rename(&new_key, data.join(KEY_FILE)).map_err(io_at(&new_key))?;
        std::fs::rename(&new_database, data.join(DATABASE)).map_err(io_at(&new_database))?;
        sync_folder(data)?;
        Self::open(data)
    }

    /// Opens the store in the folder `data`.
    ///
    /// # Errors
    /// [`StoreError`] names why the connector must not start with it.
    pub fn open(data: &Path) -> Result<Self, StoreError> {
        let path = data.join(DATABASE);
        let has_key = data.join(KEY_FILE).exists();
        let length = match File::open(&path) {
            Ok(file) => {
                require_private(&path, &file)?;
                file.metadata().map_err(|source| StoreError::Io { path: path.clone(), source })?.len()
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !has_key => return Err(StoreError::Missing(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreError::Lost(path)),
            Err(source) => return Err(StoreError::Io { path, source }),
        };
        if length == 0 {
            return Err(StoreError::Lost(path));
        }
        let keys = KeyFile::read(&data.join(KEY_FILE))?;
        let mut connection = Connection::open_with_flags(&path, OPEN_FLAGS)?;
        schema::configure(&connection).map_err(|error| damaged(&path, &error))?;
        schema::check(&connection, &path)?;
        schema::migrate(&mut connection, &path)?;
        let store = Self { inner: Arc::new(Inner { connection: Mutex::new(connection), keys, data: data.to_owned() }) };
        store.account()?;
        Ok(store)
    }

    /// Returns who this connector is at the gateway.
    ///
    /// # Errors
    /// [`StoreError::NotOpened`] when database and key file do not belong together.
    pub fn account(&self) -> Result<InstanceAccount, StoreError> {
        let row = self
            .lock()
            .query_row("SELECT instance_id, instance_password FROM instance WHERE id = 1", [], |row| {
                Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .optional()?;
        let Some((instance_id, sealed)) = row else {
            return Err(StoreError::Lost(self.inner.data.join(DATABASE)));
        };
        let password = self.inner.keys.open(instance_cell(&instance_id), &sealed)?;
        let bytes = password.as_slice().try_into().map_err(|_| self.damaged("the password of the instance"))?;
        Ok(InstanceAccount {
            instance_id: InstanceId::from_bytes(instance_id),
            instance_password: InstancePassword::from_bytes(bytes),
        })
    }

    /// Returns the public half of the connector's static key: what pairing codes carry.
    #[must_use]
    pub fn connector_key(&self) -> StaticPublicKey {
        self.inner.keys.static_key().public_key()
    }

    /// Returns the folder that the store lies in.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.inner.data
    }

    pub(crate) fn static_key(&self) -> &Arc<StaticPrivateKey> {
        self.inner.keys.static_key()
    }

    pub(crate) fn keys(&self) -> &KeyFile {
        &self.inner.keys
    }

    /// Opens a connection of its own that is asked whether anything changed.
    pub(crate) fn watcher(&self) -> Result<Watcher, StoreError> {
        let connection = Connection::open_with_flags(self.inner.data.join(DATABASE), OPEN_FLAGS)?;
        connection.busy_timeout(STORE_BUSY)?;
        Ok(Watcher(connection))
    }

    /// Becomes the one running connector of this identity.
    pub(crate) fn lock_for_serving(&self) -> Result<ServeLock, StoreError> {
        let path = self.inner.data.join(LOCK_FILE);
        let file = match create_private(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => File::options().write(true).open(&path),
            other => other,
        };
        let file = file.map_err(|source| StoreError::Io { path: path.clone(), source })?;
        match file.try_lock() {
            Ok(()) => Ok(ServeLock(file)),
            Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse(self.inner.data.clone())),
            Err(std::fs::TryLockError::Error(source)) => Err(StoreError::Io { path, source }),
        }
    }

    /// Tells whether a connector runs on this identity.
    pub(crate) fn is_served(&self) -> bool {
        let Ok(file) = File::open(self.inner.data.join(LOCK_FILE)) else { return false };
        matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.inner.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one transaction that takes the write lock at its beginning, so that what it reads stays true.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    fn damaged(&self, reason: &str) -> StoreError {
        StoreError::Damaged { path: self.inner.data.join(DATABASE), reason: reason.to_owned() }
    }
}

impl Watcher {
    /// Returns a number that differs after every change by anybody else.
    pub(crate) fn version(&self) -> Result<i64, StoreError> {
        Ok(self.0.query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }
}

const OPEN_FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

fn instance_cell(instance_id: &[u8; 16]) -> Cell<'_> {
    Cell { table: "instance", row: instance_id, column: "instance_password" }
}

fn insert_account(
    connection: &Connection,
    keys: &KeyFile,
    account: &InstanceAccount,
    now: UnixSeconds,
    rng: &mut dyn CryptoRng,
) -> Result<(), StoreError> {
    let id = account.instance_id.as_bytes();
    let sealed = keys.seal(instance_cell(id), account.instance_password.reveal_bytes(), rng);
    connection.execute(
        "INSERT INTO instance (id, instance_id, instance_password, created) VALUES (1, ?1, ?2, ?3)",
        (id, sealed, now.to_sql()),
    )?;
    Ok(())
}

fn damaged(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Damaged { path: path.to_owned(), reason: error.to_string() }
}

fn create_folder(data: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(data).map_err(|source| StoreError::Io { path: data.to_owned(), source })
}

fn sync_folder(data: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        File::open(data)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| StoreError::Io { path: data.to_owned(), source })?;
    }
    Ok(())
}

fn read_device_id(bytes: [u8; 16]) -> DeviceId {
    DeviceId::from_bytes(bytes)
}

fn unknown_person(transaction: &Connection, login: &str) -> StoreError {
    let known = person::logins(transaction).unwrap_or_default();
    StoreError::UnknownPerson { login: login.to_owned(), hint: hint(login, known.iter().map(String::as_str)) }
}

#[cfg(test)]
mod tests;
