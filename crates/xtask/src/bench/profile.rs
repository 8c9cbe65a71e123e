//! Where the time goes: `perf` over the parts of the chain while a load runs, drawn as flame graphs.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::chain::Chain;
use super::flame::Frame;
use super::measure::{self, Load};
use crate::setup;
use crate::step::{self, heading, output, say};

/// Samples per second; not a round number, so that it does not beat with timers.
const FREQUENCY: &str = "499";

/// How many functions are named on standard output.
const HOTTEST: usize = 12;

/// Records each load and writes one SVG for each.
pub(crate) fn run(generator: &Path, chain: &Chain, loads: &[&'static Load], seconds: f64) -> anyhow::Result<()> {
    if !step::has("perf") {
        setup::packages(&["linux-perf"])?;
    }
    let folder = step::target().join("bench-profile");
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    for load in loads {
        heading(&format!("Profile of {}", load.name));
        let data = folder.join(format!("{}.data", load.name));
        record(&data, chain, &mut measure::command(generator, chain, load, seconds))?;
        // Without the look-up of inlined functions, which takes minutes.
        let script = ["script", "--no-inline", "-F", "comm,ip,sym", "-i"];
        let all = Frame::read(&output(Command::new("perf").args(script).arg(&data))?);
        let picture = folder.join(format!("{}.svg", load.name));
        std::fs::write(&picture, all.draw(load.name)).with_context(|| format!("write {}", picture.display()))?;
        for (name, share) in all.hottest(HOTTEST) {
            say(format!("  {:>5.1} %  {name}", share * 100.0));
        }
        say(format!("  {}", picture.display()));
    }
    Ok(())
}

/// Samples the chain's processes while `load` runs. Stacks are copied and unwound by their DWARF tables,
/// because release builds keep no frame pointers.
fn record(data: &Path, chain: &Chain, load: &mut Command) -> anyhow::Result<()> {
    let processes = chain.roles.iter().map(|role| role.process.to_string()).collect::<Vec<_>>().join(",");
    let mut perf = Command::new("perf");
    perf.args(["record", "-q", "-F", FREQUENCY, "--call-graph", "dwarf,8192", "-p", &processes, "-o"]).arg(data);
    perf.arg("--").arg(load.get_program()).args(load.get_args());
    for (name, value) in load.get_envs() {
        match value {
            Some(value) => perf.env(name, value),
            None => perf.env_remove(name),
        };
    }
    let done = perf.stdin(Stdio::null()).output().context("start perf")?;
    if !done.status.success() {
        bail!("perf record failed ({}): {}", done.status, String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(())
}
