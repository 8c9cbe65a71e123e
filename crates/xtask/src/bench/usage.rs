//! What processes use, as Linux tells it in `/proc`.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use super::chain::Chain;
use crate::step::say;

/// The unit of CPU time in `/proc`, per second: a constant of the interface to programs on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds that each role of a chain has used so far.
pub(crate) struct Cpu(Vec<f64>);

impl Cpu {
    pub(crate) fn of(chain: &Chain) -> anyhow::Result<Self> {
        let processes = Processes::read()?;
        Ok(Self(chain.roles.iter().map(|role| processes.cpu_seconds(role.process)).collect()))
    }

    pub(crate) fn since(&self, before: &Self) -> Vec<f64> {
        self.0.iter().zip(&before.0).map(|(after, before)| (after - before).max(0.0)).collect()
    }
}

/// Resident memory of each role of a chain, in KiB.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Memory(pub(crate) Vec<u64>);

impl Memory {
    pub(crate) fn of(chain: &Chain) -> anyhow::Result<Self> {
        let processes = Processes::read()?;
        let resident = |role: &super::chain::Role| processes.tree(role.process).into_iter().map(resident_kib).sum();
        Ok(Self(chain.roles.iter().map(resident).collect()))
    }
}

/// Keeps the processors from deep sleep while it lives (the kernel's PM QoS interface): otherwise a request's
/// latency is mostly the time that sleeping processors, of a virtual machine above all, take to wake.
pub(crate) struct KeepAwake {
    _held: File,
}

impl KeepAwake {
    /// Returns nothing, and says so, where the system does not allow it.
    pub(crate) fn hold_or_warn() -> Option<Self> {
        let held = Self::hold();
        if held.is_none() {
            say("\nNote: /dev/cpu_dma_latency cannot be held, so that processors may sleep between requests: \
                 latencies show it.");
        }
        held
    }

    fn hold() -> Option<Self> {
        let mut file = OpenOptions::new().write(true).open("/dev/cpu_dma_latency").ok()?;
        file.write_all(&0_i32.to_ne_bytes()).ok()?;
        Some(Self { _held: file })
    }
}

/// The load average of the last minute.
pub(crate) fn load_average() -> anyhow::Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").context("read /proc/loadavg")?;
    let first = text.split_whitespace().next().context("/proc/loadavg is empty")?;
    first.parse().context("read the load average")
}

/// Every process: its parent, and the ticks of CPU time that it and its ended children have used.
struct Processes(BTreeMap<u32, (u32, u64)>);

impl Processes {
    fn read() -> anyhow::Result<Self> {
        let mut processes = BTreeMap::new();
        for entry in std::fs::read_dir("/proc").context("list /proc")? {
            let name = entry?.file_name();
            let Some(process) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            // One that has ended in the meantime has nothing to tell.
            let Ok(stat) = std::fs::read_to_string(Path::new("/proc").join(&name).join("stat")) else { continue };
            if let Some(found) = parse_stat(&stat) {
                processes.insert(process, found);
            }
        }
        Ok(Self(processes))
    }

    fn cpu_seconds(&self, root: u32) -> f64 {
        let ticks: u64 = self.tree(root).iter().filter_map(|process| self.0.get(process)).map(|(_, ticks)| ticks).sum();
        ticks as f64 / TICKS_PER_SECOND
    }

    /// A process and all its descendants.
    fn tree(&self, root: u32) -> Vec<u32> {
        let mut tree = vec![root];
        let mut next = 0;
        while let Some(&parent) = tree.get(next) {
            tree.extend(self.0.iter().filter(|(_, (of, _))| *of == parent).map(|(process, _)| *process));
            next += 1;
        }
        tree
    }
}

/// Reads parent and ticks from `/proc/PID/stat` (proc(5)): the name in parentheses may hold anything.
fn parse_stat(stat: &str) -> Option<(u32, u64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
    let ticks = (11..=14).map(number).sum::<Option<u64>>()?;
    Some((u32::try_from(number(1)?).ok()?, ticks))
}

fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let stat = "42 (a) b (c) S 7 42 42 0 -1 4194560 100 0 0 0 150 25 3 2 20 0 1 0 99 1000 50";
        assert_eq!(parse_stat(stat), Some((7, 180)));
        assert_eq!(parse_stat("42 (cut"), None);
        assert_eq!(parse_stat("42 (short) S 7 42"), None);
    }

    #[test]
    fn descendants_belong_to_their_root() {
        let processes = Processes(BTreeMap::from([(2, (1, 100)), (3, (2, 10)), (4, (3, 1)), (5, (1, 1000))]));
        assert_eq!(processes.tree(2), [2, 3, 4]);
        assert_eq!(processes.cpu_seconds(2), 1.11);
        assert_eq!(processes.cpu_seconds(9), 0.0);
    }

    #[test]
    fn this_process_uses_memory() {
        assert!(resident_kib(std::process::id()) > 0);
        assert!(load_average().unwrap() >= 0.0);
    }
}
