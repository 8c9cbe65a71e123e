//! What is measured: five loads, each of which exercises a chain in its own way.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::usage::Cpu;
use crate::step::output;

/// One kind of load.
pub(crate) struct Load {
    /// What `--only` looks for.
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    arguments: &'static [&'static str],
}

/// One request after the other: how long one takes.
pub(crate) const SMALL: Load = Load { name: "small", path: "/bytes/1024", arguments: &["--connections", "1"] };
/// Small requests at the same time: how many can be served.
pub(crate) const PARALLEL: Load = Load { name: "parallel", path: "/bytes/1024", arguments: &["--connections", "64"] };
/// Pages and pictures at the same time.
pub(crate) const MEDIUM: Load = Load { name: "medium", path: "/bytes/100000", arguments: &["--connections", "16"] };
/// 100 MB down, on one connection.
pub(crate) const DOWNLOAD: Load = Load { name: "download", path: "/bytes/100000000", arguments: &[] };
/// 100 MB up, on one connection.
pub(crate) const UPLOAD: Load = Load { name: "upload", path: "/sink", arguments: &["--upload", "100000000"] };

/// All of them, in the order in which they are taken.
pub(crate) const LOADS: &[Load] = &[SMALL, PARALLEL, MEDIUM, DOWNLOAD, UPLOAD];

/// What the load generator prints.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Summary {
    pub(crate) requests_per_second: f64,
    /// Of 10^6 bytes.
    pub(crate) megabytes_per_second: f64,
    /// Requests, warming up included.
    pub(crate) all_requests: u64,
    /// Bytes of content, warming up included.
    pub(crate) all_bytes: u64,
    pub(crate) latency_us: Latency,
}

/// Percentiles of the time that a request takes, in microseconds.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// One load, put on one chain once.
pub(crate) struct Run {
    /// The chain, as its place among all chains of the bench.
    pub(crate) chain: usize,
    pub(crate) load: &'static str,
    pub(crate) summary: Summary,
    /// CPU seconds of each role of the chain, in their order.
    pub(crate) cpu: Vec<f64>,
}

impl Run {
    /// Puts a load on a chain and reads what it cost.
    pub(crate) fn take(
        generator: &Path,
        chain: &Chain,
        place: usize,
        load: &'static Load,
        seconds: f64,
    ) -> anyhow::Result<Self> {
        let mut command = command(generator, chain, load, seconds);
        let before = Cpu::of(chain)?;
        let printed = output(&mut command)?;
        let cpu = Cpu::of(chain)?.since(&before);
        let summary = serde_json::from_str(&printed).context("understand the load generator")?;
        Ok(Self { chain: place, load: load.name, summary, cpu })
    }

    /// Says what this run shows, in a few words.
    pub(crate) fn describe(&self) -> String {
        let Summary { requests_per_second, megabytes_per_second, latency_us, .. } = &self.summary;
        match self.load {
            "small" => format!("p50 {:.0} µs, p99 {:.0} µs", latency_us.p50, latency_us.p99),
            "download" | "upload" => format!("{megabytes_per_second:.0} MB/s"),
            _ => format!("{requests_per_second:.0} requests/s"),
        }
    }
}

/// Makes the command that puts `load` on `chain`.
pub(crate) fn command(generator: &Path, chain: &Chain, load: &Load, seconds: f64) -> Command {
    let mut command = Command::new(generator);
    command.arg("load").args(load.arguments).args(["--seconds", &seconds.to_string()]);
    chain.direct_to(load.path, &mut command);
    command
}
