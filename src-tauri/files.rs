//! Files that the app itself writes for the person: into the downloads, under a name that is free.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use latchgate_client::{Failure, Fault};
use tauri::{AppHandle, Manager};

use crate::browse::files::take_name;

/// Saves a file that nobody else on this device may read, and returns its name.
///
/// # Errors
/// `storage-failed`.
pub(crate) fn save(app: &AppHandle, name: &str, content: &[u8]) -> Result<String, Failure> {
    folder(app).and_then(|folder| write(&folder, name, content)).map_err(|error| {
        tracing::warn!(%error, "a file was not saved");
        Fault::StorageFailed.into()
    })
}

fn write(folder: &Path, name: &str, content: &[u8]) -> io::Result<String> {
    std::fs::create_dir_all(folder)?;
    let (path, mut file) = take_name(folder, name, |path| {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)
    })?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(path.file_name().unwrap_or_default().to_string_lossy().into_owned())
}

/// A phone may have no downloads of its own; a desktop without a folder for them gets one at home.
fn folder(app: &AppHandle) -> io::Result<PathBuf> {
    let paths = app.path();
    let folder = paths.download_dir().or_else(|_| paths.home_dir().map(|home| home.join("Downloads")));
    folder.or_else(|_| paths.document_dir()).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_nobodys_place_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let downloads = folder.path().join("Downloads");
        assert_eq!(write(&downloads, "latchgate.lgb", b"one").unwrap(), "latchgate.lgb");
        assert_eq!(write(&downloads, "latchgate.lgb", b"two").unwrap(), "latchgate (1).lgb");
        assert_eq!(std::fs::read(downloads.join("latchgate.lgb")).unwrap(), b"one");
        #[cfg(unix)]
        {
            let metadata = std::fs::metadata(downloads.join("latchgate.lgb")).unwrap();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777, 0o600);
        }
    }
}
