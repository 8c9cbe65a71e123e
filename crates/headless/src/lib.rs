//! The device's command line: pair, status, proxy, rotate, forget.
//!
//! Results go to standard output, in words or as JSON; progress and failures go to standard error, in plain
//! words. Secrets come from files or standard input and leave by neither, except for the line `READY` that a
//! script asked for. Exit codes: 0 done, 1 failed, 2 wrong usage.

mod args;
mod backup;
mod device;
mod input;
mod output;
mod pair;
mod proxy;
mod settings;
mod status;

use std::io::{IsTerminal as _, stderr};
use std::process::ExitCode;

use clap::Parser as _;
use latchgate_client::{
    Client, ClientConfig, Failure, FileStore, IdleLock, KeyStore, KeychainStore, PlainHttp, TlsRoots,
};
use thiserror::Error;
use tracing_subscriber::EnvFilter;

use crate::args::{Args, Common, Task, VaultKind};
use crate::output::{Output, say};

/// Why a command ended without doing what it should.
#[derive(Debug, Error)]
pub(crate) enum Ended {
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// It failed, and a person can read why.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// It failed in a file, a runtime, or the profile's folder.
    #[error("{0:#}")]
    Broken(#[from] anyhow::Error),
}

/// Reads the command line and does what it says.
#[must_use]
pub fn run() -> ExitCode {
    let args = Args::parse();
    // At TRACE tungstenite writes whole frames, passwords included.
    let no_frames = "tungstenite=warn".parse().expect("a directive");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error")).add_directive(no_frames);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_target(false)
        .init();
    let output = Output::new(args.common.json);
    // One device is one connection: a second thread only has to be woken.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return end(&output, &Ended::Broken(error.into())),
    };
    let ended = runtime.block_on(perform(&args, &output));
    // A keychain that waits for somebody must not keep the process.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(ended) => end(&output, &ended),
    }
}

async fn perform(args: &Args, output: &Output) -> Result<(), Ended> {
    let common = &args.common;
    match &args.task {
        Task::Pair(task) => pair::run(common, task, output).await,
        Task::Status(task) => status::run(common, task, output).await,
        Task::Proxy(task) => proxy::run(common, task, output).await,
        Task::Rotate => rotate(common, output).await,
        Task::Backup(task) => backup::write(common, task, output).await,
        Task::Restore(task) => backup::restore(common, task, output).await,
        Task::Settings(task) => settings::run(common, task, output).await,
        Task::Device(task) => device::run(common, task, output).await,
        Task::Forget => forget(common, output).await,
    }
}

async fn rotate(common: &Common, output: &Output) -> Result<(), Ended> {
    let client = open(common)?;
    client.unlock(input::unlock_secret(common)?).await?;
    client.rotate().await?;
    client.lock();
    output.result(&serde_json::json!({ "state": "rotated" }), "The key of this device was replaced.");
    Ok(())
}

async fn forget(common: &Common, output: &Output) -> Result<(), Ended> {
    open(common)?.forget().await?;
    output.result(&serde_json::json!({ "state": "unpaired" }), "The pairing was removed from this device.");
    Ok(())
}

/// Opens the profile that the command line names.
pub(crate) fn open(common: &Common) -> Result<Client, Ended> {
    let data_dir = common.data_dir()?;
    let profile = common.profile_name()?;
    let store: Box<dyn KeyStore> = match common.vault {
        VaultKind::Keychain => Box::new(KeychainStore::new()),
        VaultKind::Passphrase | VaultKind::KeyFile => Box::new(FileStore::new(data_dir.join(profile.as_str()))),
    };
    let roots = match &common.gateway_ca {
        Some(path) => TlsRoots::Pem(input::read_file(path)?),
        None => TlsRoots::Platform,
    };
    let config = ClientConfig {
        data_dir,
        profile,
        store,
        plain_http: if common.allow_plain_http { PlainHttp::Allowed } else { PlainHttp::ToLoopback },
        device_label: common.device_label(),
        roots,
        idle: IdleLock::Never,
        web_data: None,
    };
    Ok(Client::open(config).map_err(anyhow::Error::from)?)
}

fn end(output: &Output, ended: &Ended) -> ExitCode {
    match ended {
        Ended::Usage(reason) => {
            say(&format!("error: {reason}"));
            return ExitCode::from(2);
        }
        Ended::Failed(failure) => output.failure(failure),
        Ended::Broken(error) => say(&format!("error: {error:#}")),
    }
    ExitCode::FAILURE
}
