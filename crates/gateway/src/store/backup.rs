//! Copies of the database: taken while a gateway runs on it, put back where there is none.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::open::{DATABASE, DRAFT, create_folder, inspect, io_error, lock, private_file, put_in_place};
use super::{CheckReport, StoreError};

/// Writes a copy of the database in `folder` to `target`, which must not exist.
pub(super) fn backup(folder: &Path, target: &Path) -> Result<CheckReport, StoreError> {
    inspect(&folder.join(DATABASE))?;
    let connection = Connection::open_with_flags(folder.join(DATABASE), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let Some(name) = target.to_str() else {
        return Err(io_error("name the copy")(io::Error::other("the path is not UTF-8")));
    };
    // SQLite fills an empty file, and nobody else can read this one.
    drop(private_file(target, true).map_err(io_error("create the copy"))?);
    let copied = connection.execute("VACUUM INTO ?1", [name]).map_err(StoreError::from);
    let checked = copied.and_then(|_| {
        File::open(target).and_then(|file| file.sync_all()).map_err(io_error("write the copy"))?;
        inspect(target)
    });
    if checked.is_err() {
        drop(fs::remove_file(target));
    }
    checked
}

/// Puts a copy back into `folder`, which must not hold a database.
pub(super) fn restore(copy: &Path, folder: &Path) -> Result<CheckReport, StoreError> {
    create_folder(folder)?;
    let _lock = lock(folder)?;
    let path = folder.join(DATABASE);
    if path.try_exists().map_err(io_error("look for gateway.db"))? {
        let source = io::Error::new(io::ErrorKind::AlreadyExists, "there is a database; move it away first");
        return Err(io_error("restore")(source));
    }
    let report = inspect(copy)?;
    let draft = folder.join(DRAFT);
    drop(fs::remove_file(&draft));
    let mut file = private_file(&draft, true).map_err(io_error("create gateway.db"))?;
    File::open(copy).and_then(|mut copy| io::copy(&mut copy, &mut file)).map_err(io_error("copy the database"))?;
    put_in_place(&draft, &path, folder)?;
    Ok(report)
}
