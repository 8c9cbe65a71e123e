//! The way of WebKitGTK's network process to the controller's proxy.
//!
//! libsoup speaks HTTP/1.1 alone through every proxy that it knows of. The GIO module of `crates/gio` greets the same
//! proxy in a way that libsoup does not see, so that pages have HTTP/2 and as many streams as in the office. Where the
//! module is not installed, pages work over HTTP/1.1.

use std::env::{current_exe, join_paths, split_paths, var_os};
use std::path::{Path, PathBuf};

use gtk::gio::Proxy;
use gtk::glib;
use latchgate_client::ProxyEndpoint;

/// Where GIO looks for modules besides its own folder.
const FOLDERS: &str = "GIO_EXTRA_MODULES";
const MODULE: &str = "liblatchgate_gio.so";
/// From the program's folder: as it is installed, and as it is built.
const PLACES: [&str; 2] = ["../lib/latchgate/gio", "latchgate-gio"];

/// What the module calls its way.
const OWN: &str = "latchgate-socks5";
const SOCKS5: &str = "socks5";

/// Lets GIO find the module, here and in the processes of WebKitGTK. Must be called before any thread is started.
pub(crate) fn announce_module() {
    let Some(folder) = current_exe().ok().and_then(|program| folder(&program)) else {
        tracing::info!("{MODULE} is not installed; pages are fetched over HTTP/1.1");
        return;
    };
    let present = var_os(FOLDERS).unwrap_or_default();
    let folders = std::iter::once(folder).chain(split_paths(&present).filter(|folder| folder.is_absolute()));
    let announced = join_paths(folders).map(|folders| glib::setenv(FOLDERS, folders, true));
    if !matches!(announced, Ok(Ok(()))) {
        tracing::warn!("{MODULE} cannot be announced; pages are fetched over HTTP/1.1");
    }
}

/// Returns the proxy's address, credentials included, as network processes take it.
pub(super) fn address(proxy: &ProxyEndpoint) -> String {
    let scheme = Proxy::default_for_protocol(OWN).map_or(SOCKS5, |_| OWN);
    format!("{scheme}://{}:{}@{}", proxy.user, *proxy.password, proxy.addr)
}

fn folder(program: &Path) -> Option<PathBuf> {
    let beside = program.parent()?;
    PLACES.iter().filter_map(|place| beside.join(place).canonicalize().ok()).find(|folder| folder.join(MODULE).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_found_where_it_is_installed_and_where_it_was_built() {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("bin/latchgate");
        std::fs::create_dir_all(program.parent().unwrap()).unwrap();
        assert_eq!(folder(&program), None);
        for place in ["bin/latchgate-gio", "lib/latchgate/gio"] {
            let place = root.path().join(place);
            std::fs::create_dir_all(&place).unwrap();
            assert_ne!(folder(&program).as_deref(), Some(&*place.canonicalize().unwrap()), "an empty folder");
            std::fs::write(place.join(MODULE), "").unwrap();
            assert_eq!(folder(&program), place.canonicalize().ok());
        }
    }
}
