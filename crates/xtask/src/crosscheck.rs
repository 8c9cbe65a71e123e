//! `cargo xtask crosscheck`: type-checks the app for the systems that are not at hand.
//!
//! 1. Debian's compiler for web browsers comes with the source of the standard library, so that it checks for any
//!    target: its packages are downloaded and unpacked into `target/crosscheck`, not installed.
//! 2. A stub compiler, archiver and `xcrun` answer the build scripts of C dependencies: nothing is linked.
//! 3. `cargo check` runs once for each target. Kotlin and Swift are not looked at, and nothing runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::step::{self, command, has, heading, run, say};

/// What is unpacked: the compiler, what it links to, and the source of the standard library.
const PACKAGES: &[&str] = &[
    "rustc-web",
    "rust-web-src",
    "libstd-rust-web-1.96",
    "libstd-rust-web-dev",
    "cargo-web",
    "libllvm22",
    "libgit2-1.5",
    "libmbedcrypto7",
    "libmbedtls14",
    "libmbedx509-1",
    "libhttp-parser2.9",
    "libssh2-1",
];

/// Windows, macOS, an iPhone, an Android phone.
const TARGETS: &[&str] =
    &["x86_64-pc-windows-msvc", "aarch64-apple-darwin", "aarch64-apple-ios", "aarch64-linux-android"];

/// Compiles nothing, says that it did, and leaves the files that are asked for.
const STUB_COMPILER: &str = r#"#!/bin/sh
previous=
for word in "$@"; do
  case "$word" in
    -E) exec cc -E -x c - </dev/null ;;
    --version | -v) echo "Apple clang version 16.0.0 (stub)"; exit 0 ;;
  esac
  [ "$previous" = -o ] && : > "$word"
  previous=$word
done
"#;

/// Leaves an empty archive, in the words of Microsoft's archiver, too.
const STUB_ARCHIVER: &str = r#"#!/bin/sh
for word in "$@"; do
  case "$word" in [-/]out:* | [-/]OUT:*) word=${word#*:} ;; esac
  case "$word" in *.a) [ -e "$word" ] || printf '!<arch>\n' > "$word" ;; esac
done
"#;

/// Knows an empty SDK, and no tool but the stub compiler.
const STUB_XCRUN: &str = r#"#!/bin/sh
here=$(dirname "$0")/..
case "$*" in
  *--show-sdk-path*) echo "$here/sdk" ;;
  *--show-sdk-version*) echo 18.0 ;;
  *--find*) echo "$here/cc" ;;
esac
"#;

/// What is checked.
#[derive(Debug, Args)]
pub(crate) struct CrosscheckArgs {
    /// The targets; without any, Windows, macOS, iOS and Android.
    targets: Vec<String>,
}

/// Checks the app for each target and names those that fail.
pub(crate) fn run_all(arguments: &CrosscheckArgs) -> anyhow::Result<()> {
    let tools = Tools::prepare()?;
    let targets: Vec<&str> = if arguments.targets.is_empty() {
        TARGETS.to_vec()
    } else {
        arguments.targets.iter().map(String::as_str).collect()
    };
    let mut failed = Vec::new();
    for target in targets {
        heading(&format!("Checking the app for {target}"));
        if let Err(error) = run(&mut tools.check(target)) {
            say(format!("error: {error:#}"));
            failed.push(target);
        }
    }
    if !failed.is_empty() {
        bail!("the app does not compile for {}", failed.join(", "));
    }
    say("The app type-checks for every target. It was not run there.");
    Ok(())
}

/// Where the unpacked compiler and the stubs lie.
struct Tools {
    toolchain: PathBuf,
    stubs: PathBuf,
}

impl Tools {
    /// Downloads, unpacks and writes what is not there yet.
    fn prepare() -> anyhow::Result<Self> {
        let folder = step::target().join("crosscheck");
        let tools = Self { toolchain: folder.join("toolchain"), stubs: folder.join("stubs") };
        if !tools.toolchain.join("complete").exists() {
            unpack(&folder.join("packages"), &tools.toolchain)?;
        }
        for folder in ["sdk", "bin"] {
            fs::create_dir_all(tools.stubs.join(folder)).context("make the folders of the stubs")?;
        }
        for (name, text) in [("cc", STUB_COMPILER), ("ar", STUB_ARCHIVER), ("bin/xcrun", STUB_XCRUN)] {
            write_program(&tools.stubs.join(name), text)?;
        }
        Ok(tools)
    }

    fn check(&self, target: &str) -> Command {
        let usr = self.toolchain.join("usr");
        let libraries = [usr.join("lib"), usr.join("lib/x86_64-linux-gnu")];
        // Build scripts find `xcrun` by its name; the real compiler links them.
        let mut paths = vec![self.stubs.join("bin")];
        paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let variable = target.replace('-', "_");
        let mut check = command(&usr.join("bin/cargo").to_string_lossy(), &["check", "-Zbuild-std", "--locked"]);
        check.args(["--lib", "--package", "latchgate", "--target", target]);
        // The compiler is a stable one; only building the standard library asks for what is unstable.
        check.env("RUSTC_BOOTSTRAP", "1").env("RUSTC", usr.join("bin/rustc"));
        check.env("LD_LIBRARY_PATH", joined(&libraries)).env("PATH", joined(&paths));
        check.env("CARGO_TARGET_DIR", step::target().join("crosscheck/build")).env("SDKROOT", self.stubs.join("sdk"));
        check
            .env(format!("CC_{variable}"), self.stubs.join("cc"))
            .env(format!("CXX_{variable}"), self.stubs.join("cc"));
        check.env(format!("AR_{variable}"), self.stubs.join("ar"));
        for told in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "RUSTUP_TOOLCHAIN", "CARGO", "RUSTFLAGS"] {
            check.env_remove(told);
        }
        check
    }
}

fn unpack(packages: &Path, toolchain: &Path) -> anyhow::Result<()> {
    if !has("apt-get") || !has("dpkg-deb") {
        bail!("checking for other systems needs Debian's packages rustc-web and rust-web-src: run it on Debian 12");
    }
    heading("Downloading a compiler for other systems (once; about 150 MB)");
    fs::create_dir_all(packages).with_context(|| format!("make {}", packages.display()))?;
    run(command("apt-get", &["download", "-q"]).args(PACKAGES).current_dir(packages))
        .context("if apt knows no such package, run `apt-get update`, on Debian 12")?;
    for entry in fs::read_dir(packages)? {
        run(command("dpkg-deb", &["-x"]).arg(entry?.path()).arg(toolchain))?;
    }
    fs::write(toolchain.join("complete"), "")?;
    Ok(fs::remove_dir_all(packages)?)
}

fn write_program(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("write {}", path.display()))?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(())
}

fn joined(paths: &[PathBuf]) -> std::ffi::OsString {
    std::env::join_paths(paths).unwrap_or_default()
}
