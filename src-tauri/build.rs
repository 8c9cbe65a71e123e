//! Builds the app's context: configuration, capabilities and the list of commands that the capabilities may name;
//! completes the Android project; and places the GIO module beside the program.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

#[path = "platform/android/manifest.rs"]
mod manifest;

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
    bring_screen().expect("the Android project can be written");
    #[cfg(unix)]
    place_module().expect("a link can be made beside the program");
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
        .expect("the configuration of the app is valid");
}

/// Brings the screen of intranet pages into the Android project, where `tauri android` builds one.
fn bring_screen() -> io::Result<()> {
    println!("cargo:rerun-if-env-changed=TAURI_ANDROID_PROJECT_PATH");
    println!("cargo:rerun-if-changed=src-tauri/platform/android");
    let Some(project) = env::var_os("TAURI_ANDROID_PROJECT_PATH").map(PathBuf::from) else { return Ok(()) };
    let main = project.join("app/src/main");
    let classes = main.join("java/org/latchgate/app");
    fs::create_dir_all(&classes)?;
    for class in ["PageActivity.java", "PageView.java", "Pages.java"] {
        write(&classes.join(class), &fs::read_to_string(Path::new("src-tauri/platform/android").join(class))?)?;
    }
    let rules = main.join("res/xml");
    fs::create_dir_all(&rules)?;
    write(&rules.join(manifest::NETWORK_NAME).with_extension("xml"), manifest::NETWORK)?;
    write(&project.join("app/proguard-latchgate.pro"), manifest::KEPT)?;
    let path = main.join("AndroidManifest.xml");
    write(&path, &manifest::complete(&fs::read_to_string(&path)?))
}

/// Makes the folder with the GIO module of `crates/gio` where a program that was built looks for it.
#[cfg(unix)]
fn place_module() -> io::Result<()> {
    const MODULE: &str = "liblatchgate_gio.so";
    if env::var_os("CARGO_CFG_TARGET_OS").is_none_or(|system| system != "linux") {
        return Ok(());
    }
    let output = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    let Some(programs) = output.ancestors().nth(3) else { return Ok(()) };
    let folder = programs.join("latchgate-gio");
    fs::create_dir_all(&folder)?;
    match std::os::unix::fs::symlink(Path::new("..").join(MODULE), folder.join(MODULE)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes what has changed, so that nothing is built again that has not.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) { Ok(()) } else { fs::write(path, text) }
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
