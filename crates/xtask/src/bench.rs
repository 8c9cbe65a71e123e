//! `cargo xtask bench`: what the tunnel costs, beside the same requests made directly in the same run.
//!
//! 1. Builds gateway, connector, headless device and the bench's own two ends (release profile).
//! 2. Starts them as real processes on loopback, pairs the device, and opens its proxy. With `--peers`:
//!    starts other ways to do this job, too.
//! 3. Takes every measurement once per round and chain. Every other round goes through the chains backwards,
//!    so that a busy moment of the machine meets all of them.
//! 4. Prints medians and their ratio to direct requests.

mod chain;
mod cold;
mod flame;
mod measure;
mod peers;
mod product;
mod profile;
mod report;
mod shares;
mod usage;

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::process::Part;
use crate::setup;
use crate::step::{self, heading, say};
use chain::Chain;
use cold::ColdStart;
use measure::{LOADS, Load, Run};
use product::Product;
pub(crate) use report::median;
use report::{Conditions, Report};
use shares::Shares;
use usage::{KeepAwake, Memory};

/// Above this load average the figures are those of a busy machine.
const QUIET: f64 = 0.5;
const MAX_ROUNDS: usize = 50;
const MAX_SECONDS: f64 = 60.0;
/// How long downloads go on that share the way, unless more is asked for: long enough that each of a thousand gets
/// some hundred records.
const SHARES_SECONDS: f64 = 8.0;

/// How the bench runs.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// How often each measurement is taken; the median counts. At most 50.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long one measurement takes. At most 60.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Writes all figures here too, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Measures other ways to do this job as well: nginx, OpenSSH, rathole, iroh. Installs and builds them.
    #[arg(long)]
    peers: bool,
    /// Leaves out the peers whose name contains this text.
    #[arg(long)]
    without: Option<String>,
    /// Writes a flame graph of each measurement, with perf, into the folder target/bench-profile.
    #[arg(long)]
    profile: bool,
    /// Measures the release builds in this folder, and builds nothing.
    #[arg(long)]
    binaries: Option<PathBuf>,
    /// Measures another build of the product as well, of which the binaries lie in this folder: the one before a change.
    #[arg(long)]
    against: Option<PathBuf>,
    /// Takes only the measurements, and starts only the peers, whose name contains this text.
    #[arg(long)]
    only: Option<String>,
}

impl BenchArgs {
    /// Tells whether `name` is one that `--only` asks for.
    fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.contains(only))
    }

    fn loads(&self) -> Vec<&'static Load> {
        let chosen: Vec<_> = LOADS.iter().filter(|load| self.wants(load.name)).collect();
        let other = [shares::STREAMS, shares::DEVICES, cold::COLD].into_iter().any(|name| self.wants(name));
        if chosen.is_empty() && !other { LOADS.iter().collect() } else { chosen }
    }
}

/// Measures and prints.
pub(crate) fn run(arguments: &BenchArgs) -> anyhow::Result<()> {
    ensure!((1..=MAX_ROUNDS).contains(&arguments.rounds), "--rounds must be 1 to {MAX_ROUNDS}");
    ensure!((0.1..=MAX_SECONDS).contains(&arguments.seconds), "--seconds must be 0.1 to {MAX_SECONDS}");
    setup::packages(setup::BUILD)?;
    let binaries = match &arguments.binaries {
        Some(folder) => folder.clone(),
        None => build()?,
    };
    let peers = if arguments.peers { peers::prepare(arguments)? } else { Vec::new() };
    let load_average = warn_if_busy()?;
    let awake = KeepAwake::hold_or_warn();
    let conditions = Conditions { load_average, processors_awake: awake.is_some() };

    heading("Starting the parts");
    let load = binaries.join("latchgate-bench");
    let logs = tempfile::tempdir()?;
    let upstream = Part::start("upstream", std::process::Command::new(&load).arg("serve"), logs.path())?;
    let direct = upstream.wait_for("LISTENING ")?;
    let mut product = Product::start("latchgate", &binaries, &direct)?;
    let before = arguments.against.as_ref();
    let before = before.map(|folder| Product::start("latchgate, before", folder, &direct)).transpose()?;
    let running = peers.iter().map(|peer| peer.start(&direct)).collect::<anyhow::Result<Vec<_>>>()?;

    let own = product.chain();
    let before = before.as_ref().map(Product::chain);
    let idle = Memory::of(&own)?;
    let first = Chain::direct(&direct);
    let chains: Vec<&Chain> =
        [&first, &own].into_iter().chain(&before).chain(running.iter().map(|peer| &peer.chain)).collect();
    let runs = measure_all(&load, &chains, arguments)?;
    let loaded = Memory::of(&own)?;
    if arguments.profile {
        profile::run(&load, &own, &arguments.loads(), arguments.seconds)?;
    }
    let shares = measure_shares(&load, &product, arguments)?;
    let cold =
        if arguments.wants(cold::COLD) { Some(ColdStart::measure(&mut product, arguments.rounds)?) } else { None };

    let report = Report::new(&chains, &arguments.loads(), &runs, conditions)
        .with_memory(&idle, &loaded)
        .with_cold(cold)
        .with_shares(shares);
    heading("Medians");
    say(report.to_string());
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(path, text).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

/// Not among the rounds: each takes a while, and what counts is how evenly it goes.
fn measure_shares(load: &std::path::Path, product: &Product, arguments: &BenchArgs) -> anyhow::Result<Vec<Shares>> {
    let (mut taken, seconds) = (Vec::new(), arguments.seconds.max(SHARES_SECONDS));
    if arguments.wants(shares::STREAMS) {
        taken.push(Shares::of_streams(load, product, seconds)?);
    }
    if arguments.wants(shares::DEVICES) {
        taken.push(Shares::of_devices(load, product, seconds)?);
    }
    Ok(taken)
}

fn measure_all(load: &std::path::Path, chains: &[&Chain], arguments: &BenchArgs) -> anyhow::Result<Vec<Run>> {
    let mut runs = Vec::new();
    for round in 0..arguments.rounds {
        heading(&format!("Round {} of {}", round + 1, arguments.rounds));
        for kind in arguments.loads() {
            let mut order: Vec<usize> = (0..chains.len()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for chain in order {
                let run = Run::take(load, chains[chain], chain, kind, arguments.seconds)
                    .with_context(|| format!("measure {} through {}", kind.name, chains[chain].name))?;
                say(format!("  {:<9} {:<22} {}", kind.name, chains[chain].name, run.describe()));
                runs.push(run);
            }
        }
    }
    Ok(runs)
}

/// Builds the product and returns where its binaries lie.
fn build() -> anyhow::Result<PathBuf> {
    heading("Building (release profile)");
    let mut cargo = step::cargo(&["build", "--release", "--locked", "--bins"]);
    for part in ["gateway", "connector", "headless", "intranet", "bench"] {
        cargo.args(["-p", &format!("latchgate-{part}")]);
    }
    step::run(&mut cargo)?;
    Ok(step::target().join("release"))
}

fn warn_if_busy() -> anyhow::Result<f64> {
    let load_average = usage::load_average()?;
    if load_average > QUIET {
        say(format!(
            "\nNote: the load average is {load_average}, above {QUIET}: these are the figures of a busy machine."
        ));
    }
    Ok(load_average)
}
