//! `cargo xtask revoke`: how long a device still gets bytes after its revocation began.
//!
//! 1. Builds gateway, connector, headless device and sample intranet (release profile) and starts them as real
//!    processes on loopback.
//! 2. Each run pairs a device of its own, opens a download that would last for hours, and waits until it flows.
//!    Every other run reads slowly, so that queues and windows along the way are full.
//! 3. The clock starts when `latchgate-connector device revoke` is started, not when it ends, and stops at the last
//!    byte of the download.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde::Serialize;

use crate::bench::median;
use crate::fetch::Proxy;
use crate::setup;
use crate::step::{self, heading, say};
use crate::system::{System, WIKI};

/// How much must have arrived before the device is revoked, in bytes: more than every window on the way.
const FLOWING: u64 = 4 * 1024 * 1024;
/// How long a slow reader rests after each read.
const REST: Duration = Duration::from_millis(2);
/// How long a revoked download may last before the run counts as failed.
const GIVE_UP: Duration = Duration::from_secs(30);
const MAX_RUNS: usize = 1000;

/// How the measurement runs.
#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// How many devices are revoked. At most 1000.
    #[arg(long, default_value_t = 200)]
    runs: usize,
    /// Writes all figures here too, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Measures the builds in this folder, and builds nothing.
    #[arg(long)]
    binaries: Option<PathBuf>,
}

/// All figures, in milliseconds from the start of the command.
#[derive(Debug, Serialize)]
struct Report {
    runs: usize,
    p50_ms: f64,
    p99_ms: f64,
    longest_ms: f64,
    /// Until the command said that it is done.
    command_p50_ms: f64,
    each_ms: Vec<f64>,
}

/// Measures and prints.
pub(crate) fn run(arguments: &RevokeArgs) -> anyhow::Result<()> {
    ensure!((1..=MAX_RUNS).contains(&arguments.runs), "--runs must be 1 to {MAX_RUNS}");
    let binaries = match &arguments.binaries {
        Some(folder) => folder.clone(),
        None => build()?,
    };
    heading("Starting the parts");
    let system = System::start(&binaries, "")?;
    heading(&format!("Revoking {} devices, each in the middle of a download", arguments.runs));
    let (mut last_bytes, mut commands) = (Vec::new(), Vec::new());
    for number in 0..arguments.runs {
        let (last_byte, command) = revoke_one(&system, number).with_context(|| format!("run {}", number + 1))?;
        last_bytes.push(milliseconds(last_byte));
        commands.push(milliseconds(command));
        if (number + 1).is_multiple_of(20) {
            say(format!("  {} done, median so far {:.0} ms", number + 1, median(last_bytes.clone())));
        }
    }
    let report = Report::new(last_bytes, commands);
    heading("From the start of `device revoke` to the last byte");
    say(format!(
        "  {} runs: p50 {:.0} ms, p99 {:.0} ms, longest {:.0} ms (the command itself took {:.0} ms)",
        report.runs, report.p50_ms, report.p99_ms, report.longest_ms, report.command_p50_ms
    ));
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(path, text).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

fn build() -> anyhow::Result<PathBuf> {
    setup::packages(setup::BUILD)?;
    heading("Building (release profile)");
    let mut cargo = step::cargo(&["build", "--release", "--locked", "--bins"]);
    for part in ["gateway", "connector", "headless", "intranet"] {
        cargo.args(["-p", &format!("latchgate-{part}")]);
    }
    step::run(&mut cargo)?;
    Ok(step::target().join("release"))
}

/// Returns how long after the command's start the last byte came, and how long the command took.
fn revoke_one(system: &System, number: usize) -> anyhow::Result<(Duration, Duration)> {
    let name = format!("device-{number}");
    let (picture, device_id) = system.invite_as(&name)?;
    let (_device, proxy, _) = system.device_as(&name, &picture)?;
    let download = Download::start(&proxy, number % 2 == 1)?;
    download.flows()?;
    let begun = Instant::now();
    system.revoke(&device_id)?;
    let command = begun.elapsed();
    let last_byte = download.last_byte()?;
    Ok((last_byte.saturating_duration_since(begun), command))
}

/// A download that reads until it is cut.
struct Download {
    flowing: Receiver<()>,
    ended: Receiver<Instant>,
    _reader: JoinHandle<()>,
}

impl Download {
    fn start(proxy: &Proxy, slow: bool) -> anyhow::Result<Self> {
        let mut stream = proxy.ask(&format!("{WIKI}files/large.bin?size=1099511627776"))?;
        let (say_flowing, flowing) = channel();
        let (say_ended, ended) = channel();
        let reader = std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            let (mut last, mut total) = (Instant::now(), 0_u64);
            while let Ok(length @ 1..) = stream.read(&mut buffer) {
                last = Instant::now();
                let before = total;
                total += length as u64;
                if before < FLOWING && total >= FLOWING {
                    // Nobody listens when the run has failed already.
                    let _ = say_flowing.send(());
                }
                if slow {
                    std::thread::sleep(REST);
                }
            }
            let _ = say_ended.send(last);
        });
        Ok(Self { flowing, ended, _reader: reader })
    }

    fn flows(&self) -> anyhow::Result<()> {
        self.flowing.recv_timeout(GIVE_UP).context("the download does not flow")
    }

    fn last_byte(&self) -> anyhow::Result<Instant> {
        match self.ended.recv_timeout(GIVE_UP) {
            Ok(last) => Ok(last),
            Err(_) => bail!("the download went on {} seconds after the revocation", GIVE_UP.as_secs()),
        }
    }
}

impl Report {
    fn new(mut each_ms: Vec<f64>, commands: Vec<f64>) -> Self {
        each_ms.sort_by(f64::total_cmp);
        let runs = each_ms.len();
        // The smallest figure that at least 99 of 100 runs do not exceed.
        let p99 = (runs * 99).div_ceil(100).saturating_sub(1);
        let at = |index: usize| each_ms.get(index).copied().unwrap_or(f64::NAN);
        Self {
            runs,
            p50_ms: median(each_ms.clone()),
            p99_ms: at(p99),
            longest_ms: at(runs.saturating_sub(1)),
            command_p50_ms: median(commands),
            each_ms,
        }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_99th_percentile_of_200_runs_is_the_third_longest() {
        let report = Report::new((1..=200).map(f64::from).collect(), vec![1.0]);
        assert!((report.p99_ms - 198.0).abs() < f64::EPSILON);
        assert!((report.p50_ms - 100.5).abs() < f64::EPSILON);
    }
}
