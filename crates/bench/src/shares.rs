//! Downloads that go on all the time: how much of the way each of them gets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::load::{PROXY_VARIABLE, request};

/// What one read takes at most.
const BUFFER: usize = 64 * 1024;

#[derive(Debug, Args)]
pub(crate) struct SharesArgs {
    /// What to download: more than comes in the time. Through each of the proxies that LATCHGATE_BENCH_PROXY
    /// names, separated by spaces.
    #[arg(long)]
    url: String,
    /// How many downloads go on through each proxy.
    #[arg(long, default_value_t = 1000)]
    streams: usize,
    /// For how long they are counted.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// For how long they go on before, after each of them has begun.
    #[arg(long, default_value_t = 1.0)]
    warm_up: f64,
}

/// What the downloads got, in bytes.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Shares {
    streams: usize,
    /// Those that got nothing at all.
    starved: usize,
    least: u64,
    mean: f64,
    most: u64,
    /// The standard deviation, as a part of the mean.
    spread: f64,
    /// Of 10^6 bytes, all of them together.
    megabytes_per_second: f64,
}

/// Downloads and sums up.
pub(crate) async fn run(arguments: &SharesArgs) -> anyhow::Result<Shares> {
    let proxies = std::env::var(PROXY_VARIABLE).unwrap_or_default();
    let mut ways =
        proxies.split_whitespace().map(|proxy| request(&arguments.url, Some(proxy), None)).collect::<Vec<_>>();
    if ways.is_empty() {
        ways.push(request(&arguments.url, None, None));
    }
    let counts = Arc::new(AtomicBool::new(false));
    let mut downloads = JoinSet::new();
    let mut taken = Vec::new();
    for way in ways {
        let (address, head) = way?;
        for _ in 0..arguments.streams {
            let stream = begin(&address, &head).await?;
            let counter = Arc::new(AtomicU64::new(0));
            taken.push(Arc::clone(&counter));
            downloads.spawn(take(stream, counter, Arc::clone(&counts)));
        }
    }
    tokio::time::sleep(Duration::try_from_secs_f64(arguments.warm_up)?).await;
    counts.store(true, Ordering::Relaxed);
    tokio::select! {
        () = tokio::time::sleep(Duration::try_from_secs_f64(arguments.seconds)?) => {}
        Some(ended) = downloads.join_next() => bail!("a download ended: {:?}", ended?),
    }
    Shares::of(taken.iter().map(|taken| taken.load(Ordering::Relaxed)).collect(), arguments.seconds)
}

async fn begin(address: &str, head: &str) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await.context("connect")?;
    stream.write_all(head.as_bytes()).await.context("send a request")?;
    Ok(stream)
}

async fn take(mut stream: TcpStream, counter: Arc<AtomicU64>, counts: Arc<AtomicBool>) -> anyhow::Result<()> {
    const OK: &[u8] = b"HTTP/1.1 200";
    let mut buffer = vec![0; BUFFER];
    let length = stream.read(&mut buffer).await?;
    ensure!(buffer[..length].starts_with(OK), "the answer is no success");
    loop {
        let length = stream.read(&mut buffer).await?;
        ensure!(length > 0, "the file is too short");
        if counts.load(Ordering::Relaxed) {
            counter.fetch_add(length as u64, Ordering::Relaxed);
        }
    }
}

impl Shares {
    fn of(taken: Vec<u64>, seconds: f64) -> anyhow::Result<Self> {
        let (least, most) = (taken.iter().min(), taken.iter().max());
        let (Some(&least), Some(&most)) = (least, most) else { bail!("no download began") };
        let all: u64 = taken.iter().sum();
        let mean = all as f64 / taken.len() as f64;
        let variance = taken.iter().map(|taken| (*taken as f64 - mean).powi(2)).sum::<f64>() / taken.len() as f64;
        Ok(Self {
            streams: taken.len(),
            starved: taken.iter().filter(|taken| **taken == 0).count(),
            least,
            mean,
            most,
            spread: if mean > 0.0 { variance.sqrt() / mean } else { 0.0 },
            megabytes_per_second: all as f64 / 1e6 / seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_summed_up() {
        let shares = Shares::of(vec![0, 2_000_000, 4_000_000], 2.0).unwrap();
        assert_eq!((shares.streams, shares.starved, shares.least, shares.most), (3, 1, 0, 4_000_000));
        assert_eq!((shares.mean, shares.megabytes_per_second), (2_000_000.0, 3.0));
        assert!((shares.spread - (2.0_f64 / 3.0).sqrt()).abs() < 1e-9, "{shares:?}");
        assert!(Shares::of(Vec::new(), 1.0).is_err());
    }
}
