//! Other ways to do this job, measured by the same harness. What is missing is installed or built.

mod iroh;
mod nginx;
mod rathole;
mod ssh;

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use super::BenchArgs;
use super::chain::Chain;
use crate::process::Part;
use crate::step::heading;

/// How long a peer may take until it accepts connections.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// One of the other ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Two plain reverse proxies in a row: no encryption, HTTP only.
    Nginx,
    /// A connection inside a connection: the outer one to the relay, the inner one to the company.
    Ssh,
    /// A reverse tunnel whose relay can read everything.
    Rathole,
    /// QUIC between the ends, every packet through a relay.
    Iroh,
}

/// A peer that runs.
pub(crate) struct Running {
    pub(crate) chain: Chain,
    _parts: Vec<Part>,
    _folder: TempDir,
}

const ALL: &[Peer] = &[Peer::Nginx, Peer::Ssh, Peer::Rathole, Peer::Iroh];

/// Installs or builds the peers that `--only` asks for; all of them if it names none.
pub(crate) fn prepare(arguments: &BenchArgs) -> anyhow::Result<Vec<Peer>> {
    let named = ALL.iter().any(|peer| arguments.only.as_deref().is_some_and(|only| peer.name().contains(only)));
    let left_out = |peer: &Peer| arguments.without.as_deref().is_some_and(|without| peer.name().contains(without));
    let wanted = ALL.iter().copied().filter(|peer| !named || arguments.wants(peer.name()));
    let chosen: Vec<Peer> = wanted.filter(|peer| !left_out(peer)).collect();
    for peer in &chosen {
        heading(&format!("Preparing {}", peer.name()));
        peer.install()?;
    }
    Ok(chosen)
}

impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx, two hops",
            Self::Ssh => "ssh, nested",
            Self::Rathole => "rathole",
            Self::Iroh => "iroh, relay only",
        }
    }

    fn install(self) -> anyhow::Result<()> {
        match self {
            Self::Nginx => nginx::install(),
            Self::Ssh => ssh::install(),
            Self::Rathole => rathole::install(),
            Self::Iroh => iroh::install(),
        }
    }

    /// Starts the peer in front of `upstream`, which is `http://HOST:PORT`.
    pub(crate) fn start(self, upstream: &str) -> anyhow::Result<Running> {
        let upstream = upstream.strip_prefix("http://").context("expected http://HOST:PORT")?;
        let started = match self {
            Self::Nginx => nginx::start(self.name(), upstream),
            Self::Ssh => ssh::start(self.name(), upstream),
            Self::Rathole => rathole::start(self.name(), upstream),
            Self::Iroh => iroh::start(self.name(), upstream),
        };
        started.with_context(|| format!("start {}", self.name()))
    }
}

/// Finds a port that is free for a program that cannot find one itself.
fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0").context("find a free port")?.local_addr()?.port())
}

/// Waits until somebody accepts connections at a port.
fn wait_for_port(port: u16) -> anyhow::Result<()> {
    let deadline = Instant::now() + READY_WITHIN;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        ensure!(Instant::now() < deadline, "nobody listens at port {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Waits until a request through a forwarded port is answered: a tunnel may listen before its far end does.
fn wait_for_answer(port: u16) -> anyhow::Result<()> {
    let deadline = Instant::now() + READY_WITHIN;
    while !answers(port) {
        ensure!(Instant::now() < deadline, "no answer comes through port {port}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn answers(port: u16) -> bool {
    use std::io::{Read as _, Write as _};
    let ask = || -> std::io::Result<[u8; 4]> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"GET /bytes/1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")?;
        let mut start = [0; 4];
        stream.read_exact(&mut start)?;
        Ok(start)
    };
    ask().is_ok_and(|start| &start == b"HTTP")
}
