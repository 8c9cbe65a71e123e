//! The sample intranet's command line.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use latchgate_intranet::{Config, Intranet};

/// A sample intranet for Latchgate's demo and tests.
#[derive(Debug, Parser)]
#[command(version, after_help = "Example: latchgate-intranet serve --listen 127.0.0.1:8090 --ca-out ca.pem")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until it is interrupted.
    Serve {
        /// Where http is served.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// Where https is served.
        #[arg(long, default_value = "127.0.0.1:0")]
        https_listen: SocketAddr,
        /// A further host name for the https certificate.
        #[arg(long = "name")]
        names: Vec<String>,
        /// Where pages and uploads are kept; without it, pages live in memory.
        #[arg(long)]
        data: Option<PathBuf>,
        /// Writes the certificate authority of the https site here, as PEM.
        #[arg(long)]
        ca_out: Option<PathBuf>,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Command::Serve { listen, https_listen, names, data, ca_out } = Arguments::parse().command;
    let running = Intranet::start(Config { listen, https_listen, data, names, trial: None }).await?;
    if let Some(path) = ca_out {
        std::fs::write(&path, &running.ca_pem).with_context(|| format!("write {}", path.display()))?;
    }
    let mut out = std::io::stdout();
    writeln!(out, "HTTP {}", running.http_origin())?;
    writeln!(out, "HTTPS {}", running.https_origin())?;
    out.flush()?;
    tokio::signal::ctrl_c().await.context("wait for an interrupt")
}
