//! Builds the app's context: configuration, capabilities and the list of commands that the capabilities may name.

use std::{fs, io};

/// Every command of `commands.rs`. A command that is not listed here could be called by any page.
const COMMANDS: &[&str] = &[
    "view",
    "device_info",
    "read_code",
    "read_picture",
    "scan",
    "stop_scan",
    "drop_code",
    "pair",
    "resume_pairing",
    "cancel_pairing",
    "confirm_check_code",
    "unlock",
    "lock",
    "forget",
    "show_company",
    "add_company",
    "leave_company",
    "set_settings",
    "bind_biometrics",
    "unbind_biometrics",
    "devices",
    "revoke_device",
    "confirm_device",
    "deny_device",
    "make_backup",
    "take_backup",
    "restore_backup",
    "touch",
    "open_site",
    "watch_page",
    "page_act",
    "page_navigate",
    "page_answer",
    "page_find",
    "page_fit",
    "downloads",
    "download_act",
    "present",
    "pin_page",
    "unpin_page",
    "forget_recent",
    "forget_logins",
    "usage",
    "diagnostics",
    "save_diagnostics",
    "link",
    "answer_link",
];

fn main() {
    // The screens are embedded, so that a change of them is a change of the app.
    println!("cargo:rerun-if-changed=ui/dist");
    place_holder().expect("the folder of the screens can be written");
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
        .expect("the configuration of the app is valid");
}

/// Makes `ui/dist` where the screens were not built yet, so that Rust builds and tests without Node.
fn place_holder() -> io::Result<()> {
    for page in ["index.html", "toolbar.html"] {
        let path = std::path::Path::new("ui/dist").join(page);
        if !path.exists() {
            fs::create_dir_all("ui/dist")?;
            fs::write(path, "<!doctype html><title>Latchgate</title><p>Run <code>npm run build</code> in ui/.")?;
        }
    }
    Ok(())
}
