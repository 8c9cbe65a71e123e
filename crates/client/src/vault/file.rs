//! A key store of files: one per value, readable by its owner alone, replaced atomically.
//!
//! 1. The value is written to a temporary file in the same folder (mode 0600) and synced.
//! 2. The file is renamed over the old one.
//! 3. The folder is synced, so that the rename survives a power cut.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::limits::BLOB;
use crate::vault::store::{KeyStore, StoreError};

/// Keeps values as files of one folder. For vaults that a passphrase seals: the files alone guard nothing.
#[derive(Debug, Clone)]
pub struct FileStore {
    folder: PathBuf,
}

impl FileStore {
    /// Uses a folder, which is made when the first value is written.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.vault"))
    }
}

impl KeyStore for FileStore {
    fn probe(&self) -> Result<(), StoreError> {
        let name = "probe";
        self.write(name, b"probe")?;
        let back = self.read(name)?;
        self.delete(name)?;
        if back.is_some_and(|value| *value == b"probe") { Ok(()) } else { Err(StoreError::Corrupt) }
    }

    fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let file = match File::open(self.path(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(classify(error)),
        };
        let length = file.metadata().map_err(classify)?.len();
        if length > BLOB {
            return Err(StoreError::Corrupt);
        }
        let mut value = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1));
        file.take(BLOB).read_to_end(&mut value).map_err(classify)?;
        Ok(Some(value))
    }

    fn write(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        make_private_folder(&self.folder).map_err(classify)?;
        write_atomically(&self.path(name), value).map_err(classify)
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        match fs::remove_file(self.path(name)) {
            Ok(()) => sync_folder(&self.folder).map_err(classify),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(classify(error)),
        }
    }

    fn guards(&self) -> bool {
        false
    }
}

fn classify(error: io::Error) -> StoreError {
    if error.kind() == io::ErrorKind::PermissionDenied { StoreError::Denied } else { StoreError::Io(Box::new(error)) }
}

/// Makes a folder that only its owner may enter; an existing one stays as it is.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Replaces a file with `value`, whole or not at all, and returns when that is durable.
pub(crate) fn write_atomically(path: &Path, value: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let temporary = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&temporary).and_then(|mut file| {
        file.write_all(value)?;
        file.sync_all()
    });
    if let Err(error) = written.and_then(|()| fs::rename(&temporary, path)) {
        drop(fs::remove_file(&temporary));
        return Err(error);
    }
    sync_folder(folder)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A folder cannot be opened for syncing here; the rename itself is journalled.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the other systems' version can fail")]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_replaced_whole_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path().join("keys"));
        store.probe().unwrap();
        assert!(store.read("a").unwrap().is_none());
        store.write("a", b"first").unwrap();
        store.write("a", b"second").unwrap();
        assert_eq!(**store.read("a").unwrap().unwrap(), *b"second");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(store.path("a")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        store.delete("a").unwrap();
        store.delete("a").unwrap();
        assert!(store.read("a").unwrap().is_none());
    }

    /// A full disk, or a folder that went away, leaves the earlier value.
    #[test]
    fn ab_83_a_failed_write_keeps_the_earlier_value() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path());
        store.write("a", b"first").unwrap();
        fs::create_dir(folder.path().join("a.new")).unwrap();
        assert!(matches!(store.write("a", b"second"), Err(StoreError::Io(_))));
        assert_eq!(**store.read("a").unwrap().unwrap(), *b"first");
    }

    #[test]
    fn an_oversized_file_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path());
        let length = usize::try_from(BLOB).unwrap() + 1;
        fs::write(store.path("a"), vec![0; length]).unwrap();
        assert!(matches!(store.read("a"), Err(StoreError::Corrupt)));
    }
}
