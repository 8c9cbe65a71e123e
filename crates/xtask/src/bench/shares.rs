//! Many downloads at the same time: whether they share the way evenly, and what they cost in memory.
//!
//! 1. A thousand streams of one device.
//! 2. A hundred devices of one connector, one stream each.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::product::Product;
use super::usage::Memory;
use crate::process::Part;
use crate::step::{heading, output, say};

/// What `--only` looks for.
pub(crate) const STREAMS: &str = "streams";
/// What `--only` looks for.
pub(crate) const DEVICES: &str = "devices";

const STREAMS_OF_ONE: usize = 1000;
const DEVICES_OF_ONE: usize = 100;

/// More than one stream gets in the time.
const PATH: &str = "/endless";

/// What each download got, as the load generator prints it.
#[derive(Debug, Deserialize, Serialize)]
struct Taken {
    streams: usize,
    starved: usize,
    least: u64,
    mean: f64,
    most: u64,
    spread: f64,
    megabytes_per_second: f64,
}

/// One scenario.
#[derive(Debug, Serialize)]
pub(crate) struct Shares {
    name: &'static str,
    taken: Taken,
    /// Of device, gateway and connector, in KiB: before, after the first run, after the second.
    resident_kib: [Vec<u64>; 3],
}

impl Shares {
    /// A thousand streams of one device.
    pub(crate) fn of_streams(generator: &Path, product: &Product, seconds: f64) -> anyhow::Result<Self> {
        heading(&format!("{STREAMS_OF_ONE} streams of one device"));
        let chain = product.chain();
        Self::measure(STREAMS, &chain, || {
            let mut command = command(generator, STREAMS_OF_ONE, seconds);
            chain.direct_to(PATH, &mut command);
            command
        })
    }

    /// A hundred devices of one connector.
    pub(crate) fn of_devices(generator: &Path, product: &Product, seconds: f64) -> anyhow::Result<Self> {
        heading(&format!("{DEVICES_OF_ONE} devices of one connector"));
        let devices = product.further_devices(DEVICES_OF_ONE)?;
        let proxies: Vec<&str> = devices.iter().map(|(_, ready)| ready.as_str()).collect();
        let chain = product.chain();
        Self::measure(DEVICES, &chain, || {
            let mut command = command(generator, 1, seconds);
            chain.direct_to(PATH, &mut command);
            command.env("LATCHGATE_BENCH_PROXY", proxies.join(" "));
            command
        })
    }

    fn measure(name: &'static str, chain: &Chain, load: impl Fn() -> Command) -> anyhow::Result<Self> {
        let before = Memory::of(chain)?;
        output(&mut load())?;
        let first = Memory::of(chain)?;
        let printed = output(&mut load())?;
        let second = Memory::of(chain)?;
        let taken: Taken = serde_json::from_str(&printed).context("understand the load generator")?;
        let shares = Self { name, taken, resident_kib: [before.0, first.0, second.0] };
        say(format!("  {shares}"));
        Ok(shares)
    }
}

fn command(generator: &Path, streams: usize, seconds: f64) -> Command {
    let mut command = Command::new(generator);
    command.args(["shares", "--streams", &streams.to_string(), "--seconds", &seconds.to_string()]);
    command
}

impl std::fmt::Display for Shares {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Taken { streams, starved, least, mean, most, spread, megabytes_per_second } = &self.taken;
        let part = |bytes: u64| 100.0 * bytes as f64 / mean.max(1.0);
        write!(
            f,
            "{}: {streams} downloads, {megabytes_per_second:.0} MB/s, each {:.0} kB, least {:.0} %, most {:.0} %, deviation \
             {:.1} %, {starved} starved; resident MiB",
            self.name,
            mean / 1e3,
            part(*least),
            part(*most),
            100.0 * spread
        )?;
        for (when, kib) in ["before", "after", "after again"].iter().zip(&self.resident_kib) {
            let mib: Vec<String> = kib.iter().map(|kib| (kib / 1024).to_string()).collect();
            write!(f, " {when} {}", mib.join("/"))?;
        }
        Ok(())
    }
}

/// A further device and its READY line.
pub(crate) type Further = (Part, String);
