//! `cargo xtask bench`: what the tunnel costs, beside the same request made directly in the same run.
//!
//! Real processes in release builds on loopback. Each round takes every measurement twice, directly and
//! through the tunnel, and every other round in the opposite order, so that a busy moment of the machine
//! meets both. The median of the rounds counts.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::process::Part;
use crate::setup;
use crate::step::{self, heading, output, run as run_command, say};
use crate::system::System;

const SITE: &str = "http://bench.northlight.example";
/// 100 MB, in units of 10^6 bytes as the load generator counts them.
const LARGE: &str = "100000000";

/// One thing that is measured.
struct Measure {
    name: &'static str,
    unit: &'static str,
    path: &'static str,
    arguments: &'static [&'static str],
    read: fn(&Summary) -> f64,
}

const MEASURES: &[Measure] = &[
    Measure {
        name: "download of 100 MB",
        unit: "MB/s",
        path: "/bytes/100000000",
        arguments: &["--seconds", "0.5"],
        read: |summary| summary.megabytes_per_second,
    },
    Measure {
        name: "upload of 100 MB",
        unit: "MB/s",
        path: "/sink",
        arguments: &["--seconds", "0.5", "--upload", LARGE],
        read: |summary| summary.megabytes_per_second,
    },
    Measure {
        name: "GET of 1 KiB, 64 connections",
        unit: "req/s",
        path: "/bytes/1024",
        arguments: &["--connections", "64", "--seconds", "3"],
        read: |summary| summary.requests_per_second,
    },
    Measure {
        name: "GET of 1 KiB, p50",
        unit: "µs",
        path: "/bytes/1024",
        arguments: &["--seconds", "2"],
        read: |summary| summary.latency_us.p50,
    },
    Measure {
        name: "GET of 1 KiB, p99",
        unit: "µs",
        path: "/bytes/1024",
        arguments: &["--seconds", "2"],
        read: |summary| summary.latency_us.p99,
    },
];

/// What the load generator prints.
#[derive(Debug, Deserialize)]
struct Summary {
    requests_per_second: f64,
    megabytes_per_second: f64,
    latency_us: Latency,
}

#[derive(Debug, Deserialize)]
struct Latency {
    p50: f64,
    p99: f64,
}

/// One line of the result.
#[derive(Debug, Serialize)]
struct Figure {
    name: &'static str,
    unit: &'static str,
    direct: f64,
    tunnel: f64,
}

/// Measures and prints; `json` takes the figures too.
pub(crate) fn run(rounds: usize, json: Option<&Path>) -> anyhow::Result<()> {
    setup::packages(setup::BUILD)?;
    build()?;
    let bench = Bench::start()?;
    let mut taken = vec![(Vec::new(), Vec::new()); MEASURES.len()];
    for round in 0..rounds.max(1) {
        heading(&format!("Round {} of {}", round + 1, rounds.max(1)));
        for (measure, (direct, tunnel)) in MEASURES.iter().zip(&mut taken) {
            if round % 2 == 0 {
                direct.push(bench.measure(measure, false)?);
                tunnel.push(bench.measure(measure, true)?);
            } else {
                tunnel.push(bench.measure(measure, true)?);
                direct.push(bench.measure(measure, false)?);
            }
        }
    }
    let figures: Vec<Figure> = MEASURES
        .iter()
        .zip(taken)
        .map(|(measure, (direct, tunnel))| Figure {
            name: measure.name,
            unit: measure.unit,
            direct: median(direct),
            tunnel: median(tunnel),
        })
        .collect();
    print(&figures, json)
}

/// The running system with the load generator's upstream behind it.
struct Bench {
    load: PathBuf,
    direct: String,
    proxy: String,
    _device: Part,
    _system: System,
    _upstream: Part,
}

impl Bench {
    fn start() -> anyhow::Result<Self> {
        heading("Starting the parts");
        let binaries = step::target().join("release");
        let load = binaries.join("latchgate-bench");
        let logs = tempfile::tempdir()?;
        let upstream = Part::start("upstream", Command::new(&load).arg("serve"), logs.path())?;
        let direct = upstream.wait_for("LISTENING ")?;
        let site =
            format!("\n[[site]]\nname = \"Bench\"\nurl = \"{SITE}\"\nupstream = \"{direct}\"\nallow = [\"*\"]\n");
        let system = System::start(&binaries, &site)?;
        let (device, _, proxy) = system.device(&system.invite()?)?;
        Ok(Self { load, direct, proxy, _device: device, _system: system, _upstream: upstream })
    }

    fn measure(&self, measure: &Measure, tunnel: bool) -> anyhow::Result<f64> {
        let mut load = Command::new(&self.load);
        load.arg("load").args(measure.arguments);
        if tunnel {
            load.args(["--url", &format!("{SITE}{}", measure.path)]).env("LATCHGATE_BENCH_PROXY", &self.proxy);
        } else {
            load.args(["--url", &format!("{}{}", self.direct, measure.path)]).env_remove("LATCHGATE_BENCH_PROXY");
        }
        let summary: Summary = serde_json::from_str(&output(&mut load)?).context("understand the load generator")?;
        let figure = (measure.read)(&summary);
        let way = if tunnel { "tunnel" } else { "direct" };
        say(format!("  {:<30} {way}  {figure:>10.1} {}", measure.name, measure.unit));
        Ok(figure)
    }
}

fn build() -> anyhow::Result<()> {
    heading("Building (release profile)");
    let mut cargo = step::cargo(&["build", "--release", "--locked", "--bins"]);
    for part in ["gateway", "connector", "headless", "intranet", "bench"] {
        cargo.args(["-p", &format!("latchgate-{part}")]);
    }
    run_command(&mut cargo)
}

fn print(figures: &[Figure], json: Option<&Path>) -> anyhow::Result<()> {
    heading("Medians");
    say(format!("{:<30} {:>10} {:>10} {:>8}  unit", "", "direct", "tunnel", "ratio"));
    for figure in figures {
        let ratio = figure.tunnel / figure.direct;
        say(format!(
            "{:<30} {:>10.1} {:>10.1} {ratio:>8.2}  {}",
            figure.name, figure.direct, figure.tunnel, figure.unit
        ));
    }
    let text = serde_json::to_string(figures)?;
    say(format!("\n{text}"));
    if let Some(path) = json {
        std::fs::write(path, text).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(Vec::new()), 0.0);
    }
}
