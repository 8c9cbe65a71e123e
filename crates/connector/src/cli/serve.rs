//! `serve`.

use std::io::{self, IsTerminal as _, Write as _};

use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use super::args::Args;
use super::load;
use super::output::{Failure, Output};
use crate::config::Config;
use crate::connector::{Connector, Running};

pub(super) fn run(args: &Args, output: &mut Output) -> Result<(), Failure> {
    let config = load(args)?;
    start_log(output.is_json());
    runtime(config.threads())?.block_on(serve(config))
}

/// One thread needs no scheduler that others could steal from.
fn runtime(threads: usize) -> io::Result<Runtime> {
    let mut builder = if threads == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.worker_threads(threads).enable_all().build()
}

async fn serve(config: Config) -> Result<(), Failure> {
    let origin = config.gateway().to_string();
    let origin = origin.trim_end_matches('/');
    let stop = CancellationToken::new();
    tokio::spawn(wait_for_signal(stop.clone()));
    let running = Connector::start(config).await?;
    tokio::select! {
        announced = announce(&running, origin) => announced?,
        () = stop.cancelled() => {}
    }
    running.shutdown().await;
    Ok(())
}

/// Prints a line each time the connector is connected.
async fn announce(running: &Running, origin: &str) -> Result<(), Failure> {
    if let Some(address) = running.local_addr() {
        writeln!(io::stdout(), "LOCAL http://{address}/jwks.json")?;
    }
    let mut connections = running.connections();
    let mut announced = 0;
    loop {
        let count = *connections.wait_for(|count| *count > announced).await?;
        announced = count;
        writeln!(io::stdout(), "CONNECTED {origin}")?;
        io::stdout().flush()?;
    }
}

async fn wait_for_signal(stop: CancellationToken) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return stop.cancel();
        }
    }
    drop(tokio::signal::ctrl_c().await);
    stop.cancel();
}

fn start_log(json: bool) {
    // At TRACE tungstenite writes whole frames, passwords included.
    let no_frames = "tungstenite=warn".parse().expect("a directive");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")).add_directive(no_frames);
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    // A second subscriber is refused only where a test has set one already.
    drop(if json { log.json().try_init() } else { log.try_init() });
}
