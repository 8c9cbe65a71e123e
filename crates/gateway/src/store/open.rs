//! Opening the database, and every reason not to.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::sql::Sql;
use super::{CheckReport, StoreError, count, schema};
use crate::limits::DATABASE_BUSY;

pub(super) const DATABASE: &str = "gateway.db";
/// What becomes the database once it is complete.
pub(super) const DRAFT: &str = "gateway.db.new";
const LOCK: &str = "gateway.lock";

/// Opens the database in `folder` and locks the folder for as long as the returned file lives.
pub(super) fn open(folder: &Path) -> Result<(Connection, File), StoreError> {
    create_folder(folder)?;
    let lock = lock(folder)?;
    let path = folder.join(DATABASE);
    if !path.try_exists().map_err(io_error("look for gateway.db"))? {
        create(folder, &path)?;
    }
    let connection = connect(&path)?;
    Ok((connection, lock))
}

/// Reads a whole database, changing nothing, and counts what is in it.
pub(super) fn inspect(path: &Path) -> Result<CheckReport, StoreError> {
    refuse_exposed(path)?;
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(damage)?;
    connection.busy_timeout(DATABASE_BUSY)?;
    let version = schema::version(&connection).map_err(damage_of)?;
    verify(&connection, "integrity_check")?;
    count(&Sql::Sqlite(&connection), version).map_err(damage_of)
}

pub(super) fn io_error(attempt: &'static str) -> impl FnOnce(io::Error) -> StoreError {
    move |source| StoreError::Io { attempt, source }
}

pub(super) fn create_folder(folder: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(io_error("create it"))
}

pub(super) fn lock(folder: &Path) -> Result<File, StoreError> {
    let file = private_file(&folder.join(LOCK), false).map_err(io_error("create gateway.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked),
        Err(TryLockError::Error(source)) => Err(StoreError::Io { attempt: "lock gateway.lock", source }),
    }
}

pub(super) fn private_file(path: &Path, new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(!new).create_new(new).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes the schema to a file beside, complete, before it takes the database's name.
fn create(folder: &Path, path: &Path) -> Result<(), StoreError> {
    if beside(path, "-wal").exists() {
        return Err(StoreError::Damaged("gateway.db is missing and its log is not".into()));
    }
    let draft = folder.join(DRAFT);
    for leftover in [draft.clone(), beside(&draft, "-wal"), beside(&draft, "-shm"), beside(&draft, "-journal")] {
        match fs::remove_file(leftover) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error("remove gateway.db.new")(error));
            }
            _ => {}
        }
    }
    drop(private_file(&draft, true).map_err(io_error("create gateway.db"))?);
    let mut connection = Connection::open(&draft)?;
    schema::migrate(&mut connection, 0)?;
    connection.close().map_err(|(_, error)| error)?;
    put_in_place(&draft, path, folder)
}

/// Gives a complete draft the database's name, durably.
pub(super) fn put_in_place(draft: &Path, path: &Path, folder: &Path) -> Result<(), StoreError> {
    File::open(draft).and_then(|file| file.sync_all()).map_err(io_error("write gateway.db"))?;
    fs::rename(draft, path).map_err(io_error("name gateway.db"))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error("write the folder"))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    refuse_exposed(path)?;
    // Fails on a file that can only be read, before SQLite opens it so.
    drop(OpenOptions::new().write(true).open(path).map_err(io_error("write to gateway.db"))?);
    let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(DATABASE_BUSY)?;
    let version = schema::version(&connection).map_err(damage_of)?;
    verify(&connection, "quick_check")?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(damage)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten, so that no hash outlives its row.
    connection.pragma_update(None, "secure_delete", true)?;
    schema::migrate(&mut connection, version)?;
    Ok(connection)
}

#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = fs::metadata(path).map_err(io_error("look at gateway.db"))?;
    if metadata.permissions().mode() & 0o077 == 0 { Ok(()) } else { Err(StoreError::Exposed) }
}

#[cfg(not(unix))]
fn refuse_exposed(path: &Path) -> Result<(), StoreError> {
    fs::metadata(path).map(drop).map_err(io_error("look at gateway.db"))
}

fn verify(connection: &Connection, pragma: &str) -> Result<(), StoreError> {
    let result: String = connection.pragma_query_value(None, pragma, |row| row.get(0)).map_err(damage)?;
    if result == "ok" { Ok(()) } else { Err(StoreError::Damaged(result)) }
}

fn damage_of(error: StoreError) -> StoreError {
    if let StoreError::Sqlite(error) = error { damage(error) } else { error }
}

/// Tells a damaged file from a failure that may pass.
fn damage(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::NotOurs,
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged(error.to_string()),
        _ => StoreError::Sqlite(error),
    }
}
