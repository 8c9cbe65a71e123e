//! The gateway's command line.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use latchgate_gateway::{CheckReport, Config, Gateway, Stop, Store};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// The system's allocator gives memory back and takes it again with each burst of records.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The public, blind relay between devices and the connectors of their companies.
#[derive(Parser)]
#[command(version, after_help = "Example:\n  latchgate-gateway serve --config /etc/latchgate/gateway.toml")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve clients until SIGTERM or SIGINT.
    #[command(
        after_help = "Example:\n  latchgate-gateway serve --listen 127.0.0.1:8443 --data /var/lib/latchgate-gateway\n\nPrints LISTENING and the origin on standard output when it is ready, and OPS and the\naddress of health and metrics if they are served. SIGHUP reads the certificate again. Logs go to standard error (RUST_LOG)."
    )]
    Serve(Serve),
    /// Check the configuration and the integrity of the store.
    #[command(after_help = "Example:\n  latchgate-gateway check --config /etc/latchgate/gateway.toml --json")]
    Check(Check),
    /// Write a copy of the database, also while a gateway runs on it.
    #[command(
        after_help = "Example:\n  latchgate-gateway backup --data /var/lib/latchgate-gateway /backup/gateway-monday.db"
    )]
    Backup(Copying),
    /// Put a copy of the database back where there is none.
    #[command(
        after_help = "Example:\n  latchgate-gateway restore --data /var/lib/latchgate-gateway /backup/gateway-monday.db"
    )]
    Restore(Copying),
}

#[derive(Args)]
struct Place {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of the database.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    place: Place,
    /// Where clients connect; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where health and metrics are served; loopback only.
    #[arg(long, value_name = "ADDRESS")]
    ops_listen: Option<SocketAddr>,
    /// Allow plain HTTP beyond loopback, behind a TLS terminator.
    #[arg(long)]
    allow_plain_http: bool,
}

#[derive(Args)]
struct Check {
    #[command(flatten)]
    place: Place,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Copying {
    #[command(flatten)]
    place: Place,
    /// The copy.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // At TRACE tungstenite writes whole frames, passwords included.
    let no_frames = "tungstenite=warn".parse().expect("a directive");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")).add_directive(no_frames);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_ansi(stderr().is_terminal()).init();
    let done = match cli.command {
        Command::Serve(serve) => run_serve(serve),
        Command::Check(checking) => report(checking.json, check(checking.place)),
        Command::Backup(copying) => report(copying.json, backup(copying.place, &copying.file)),
        Command::Restore(copying) => report(copying.json, restore(copying.place, &copying.file)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "latchgate-gateway: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn read_config(place: Place) -> Result<Config> {
    let mut config = place.config.as_deref().map(Config::read).transpose()?.unwrap_or_default();
    if let Some(data) = place.data {
        config.data = data;
    }
    Ok(config)
}

fn run_serve(serve: Serve) -> Result<()> {
    let mut config = read_config(serve.place)?;
    config.listen = serve.listen.unwrap_or(config.listen);
    config.ops_listen = serve.ops_listen.or(config.ops_listen);
    config.allow_plain_http |= serve.allow_plain_http;
    runtime(config.threads()).context("could not start the runtime")?.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("could not listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("could not listen for SIGINT")?;
        let mut hang_up = signal(SignalKind::hangup()).context("could not listen for SIGHUP")?;
        let running = Gateway::start(config).await?;
        announce(&running).context("could not write to standard output")?;
        let stop = loop {
            tokio::select! {
                _ = terminate.recv() => break Stop::Drain,
                _ = interrupt.recv() => break Stop::ShutDown,
                _ = hang_up.recv() => running.reload_certificate(),
            }
        };
        running.stop(stop).await;
        Ok(())
    })
}

/// One thread needs no scheduler that others could steal from.
fn runtime(threads: usize) -> std::io::Result<Runtime> {
    let mut builder = if threads == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.worker_threads(threads).enable_all().build()
}

fn announce(running: &latchgate_gateway::Running) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "LISTENING {}", running.origin())?;
    if let Some(address) = running.ops_addr() {
        writeln!(out, "OPS http://{address}")?;
    }
    out.flush()
}

fn report(json: bool, done: Result<CheckReport>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match (&done, json) {
        (Ok(report), true) => writeln!(out, "{}", serde_json::json!({ "ok": true, "store": report }))?,
        (Err(error), true) => writeln!(out, "{}", serde_json::json!({ "ok": false, "error": format!("{error:#}") }))?,
        (Ok(report), false) => writeln!(
            out,
            "ok: schema version {}, {} instances, {} devices",
            report.version, report.instances, report.devices
        )?,
        (Err(_), false) => {}
    }
    done.map(drop)
}

fn backup(place: Place, file: &Path) -> Result<CheckReport> {
    let config = with_own_database(place)?;
    Store::backup(&config.data, file).with_context(|| format!("could not back up to {}", file.display()))
}

fn restore(place: Place, file: &Path) -> Result<CheckReport> {
    let config = with_own_database(place)?;
    Store::restore(file, &config.data).with_context(|| format!("could not restore {}", file.display()))
}

fn with_own_database(place: Place) -> Result<Config> {
    let config = read_config(place)?;
    let own = config.store.postgres.is_none();
    anyhow::ensure!(own, "the store is a PostgreSQL server: copy it with pg_dump, put it back with pg_restore");
    Ok(config)
}

fn check(place: Place) -> Result<CheckReport> {
    let config = read_config(place)?;
    let report = Gateway::check(&config).with_context(|| match config.store.postgres {
        Some(_) => "could not check the PostgreSQL database".to_owned(),
        None => format!("could not check {}", config.data.display()),
    })?;
    anyhow::ensure!(report.weak_passwords == 0, "{} stored passwords have too few iterations", report.weak_passwords);
    Ok(report)
}
