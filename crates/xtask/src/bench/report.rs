//! Medians, ratios to direct requests, and how they are shown.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::chain::Chain;
use super::cold::ColdStart;
use super::measure::{DOWNLOAD, Load, MEDIUM, PARALLEL, Run, SMALL, UPLOAD};
use super::shares::Shares;
use super::usage::Memory;

/// Everything that a bench comes to.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    conditions: Conditions,
    processors: usize,
    chains: Vec<ChainReport>,
    cold_start: Option<ColdStart>,
    shares: Vec<Shares>,
}

/// What figures of the same build differ by.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Conditions {
    /// Of the minute before the first round.
    pub(crate) load_average: f64,
    /// Whether the processors were kept from deep sleep.
    pub(crate) processors_awake: bool,
}

#[derive(Debug, Serialize)]
struct ChainReport {
    name: &'static str,
    end_to_end: bool,
    figures: BTreeMap<&'static str, Figure>,
    /// Over all roles and both directions.
    cpu_s_per_gb: Option<f64>,
    roles: Vec<RoleReport>,
}

#[derive(Debug, Serialize)]
struct Figure {
    median: f64,
    /// The median, as a multiple of the direct one.
    ratio: f64,
    rounds: Vec<f64>,
}

#[derive(Debug, Serialize)]
struct RoleReport {
    name: &'static str,
    cpu_s_per_gb_down: Option<f64>,
    cpu_s_per_gb_up: Option<f64>,
    cpu_us_per_request: Option<f64>,
    idle_kib: Option<u64>,
    loaded_kib: Option<u64>,
}

/// A figure of one run.
struct Column {
    name: &'static str,
    head: &'static str,
    load: &'static str,
    read: fn(&Run) -> f64,
}

const COLUMNS: &[Column] = &[
    Column { name: "get_1kib_p50_us", head: "p50 µs", load: SMALL.name, read: |run| run.summary.latency_us.p50 },
    Column { name: "get_1kib_p99_us", head: "p99 µs", load: SMALL.name, read: |run| run.summary.latency_us.p99 },
    Column { name: "get_1kib_at_64_per_s", head: "req/s at 64", load: PARALLEL.name, read: requests_per_second },
    Column { name: "get_100kb_at_16_per_s", head: "100 kB × 16", load: MEDIUM.name, read: requests_per_second },
    Column { name: "download_mb_per_s", head: "down MB/s", load: DOWNLOAD.name, read: megabytes_per_second },
    Column { name: "upload_mb_per_s", head: "up MB/s", load: UPLOAD.name, read: megabytes_per_second },
];

fn requests_per_second(run: &Run) -> f64 {
    run.summary.requests_per_second
}

fn megabytes_per_second(run: &Run) -> f64 {
    run.summary.megabytes_per_second
}

impl Report {
    /// Sums up `runs`; the first of `chains` is the direct one.
    pub(crate) fn new(chains: &[&Chain], loads: &[&Load], runs: &[Run], conditions: Conditions) -> Self {
        let columns: Vec<&Column> =
            COLUMNS.iter().filter(|column| loads.iter().any(|load| load.name == column.load)).collect();
        let chains = (0..).zip(chains).map(|(place, chain)| ChainReport::new(chain, place, &columns, runs)).collect();
        let processors = std::thread::available_parallelism().map_or(0, usize::from);
        Self { conditions, processors, chains, cold_start: None, shares: Vec::new() }
    }

    /// Adds the memory of the second chain, the product.
    pub(crate) fn with_memory(mut self, idle: &Memory, loaded: &Memory) -> Self {
        if let Some(product) = self.chains.get_mut(1) {
            for (role, (idle, loaded)) in product.roles.iter_mut().zip(idle.0.iter().zip(&loaded.0)) {
                (role.idle_kib, role.loaded_kib) = (Some(*idle), Some(*loaded));
            }
        }
        self
    }

    /// Adds the device's start.
    pub(crate) fn with_cold(self, cold_start: Option<ColdStart>) -> Self {
        Self { cold_start, ..self }
    }

    /// Adds how downloads share the way.
    pub(crate) fn with_shares(self, shares: Vec<Shares>) -> Self {
        Self { shares, ..self }
    }
}

impl ChainReport {
    fn new(chain: &Chain, place: usize, columns: &[&Column], runs: &[Run]) -> Self {
        let figures = columns.iter().map(|column| {
            let taken = |place| runs.iter().filter(move |run| run.chain == place && run.load == column.load);
            let rounds: Vec<f64> = taken(place).map(column.read).collect();
            let median_here = median(rounds.clone());
            let ratio = median_here / median(taken(0).map(column.read).collect());
            (column.name, Figure { median: median_here, ratio, rounds })
        });
        let of = |load: &'static str| runs.iter().filter(move |run| run.chain == place && run.load == load);
        let both: Vec<&Run> = of(DOWNLOAD.name).chain(of(UPLOAD.name)).collect();
        let whole = |run: &Run| run.cpu.iter().sum::<f64>();
        let per_gb = |run: &Run| run.summary.all_bytes as f64 / 1e9;
        let roles = chain.roles.iter().enumerate().map(|(index, role)| {
            let one = move |run: &Run| run.cpu.get(index).copied().unwrap_or(0.0);
            RoleReport {
                name: role.name,
                cpu_s_per_gb_down: quotient(of(DOWNLOAD.name), one, per_gb),
                cpu_s_per_gb_up: quotient(of(UPLOAD.name), one, per_gb),
                cpu_us_per_request: quotient(of(PARALLEL.name), one, |run| run.summary.all_requests as f64 / 1e6),
                idle_kib: None,
                loaded_kib: None,
            }
        });
        Self {
            name: chain.name,
            end_to_end: chain.end_to_end,
            figures: figures.collect(),
            cpu_s_per_gb: if chain.roles.is_empty() { None } else { quotient(both.into_iter(), whole, per_gb) },
            roles: roles.collect(),
        }
    }
}

/// Divides two sums over the same runs: CPU time comes in steps of 10 ms, which only long sums even out.
fn quotient<'a>(
    runs: impl Iterator<Item = &'a Run>,
    above: impl Fn(&Run) -> f64,
    below: impl Fn(&Run) -> f64,
) -> Option<f64> {
    let (above, below) = runs.fold((0.0, 0.0), |sums, run| (sums.0 + above(run), sums.1 + below(run)));
    (below > 0.0).then(|| above / below)
}

/// The one in the middle, or the mean of the two there.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let half = figures.len() / 2;
    let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
    if figures.len().is_multiple_of(2) { (at(half.wrapping_sub(1)) + at(half)) / 2.0 } else { at(half) }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_chains(f)?;
        self.write_roles(f)?;
        if let Some(cold) = &self.cold_start {
            let ColdStart { ready_ms, first_byte_ms, starts } = cold;
            writeln!(
                f,
                "\ncold start of the device, median of {starts}: ready {ready_ms:.1} ms, first byte {first_byte_ms:.1} ms"
            )?;
        }
        for shares in &self.shares {
            writeln!(f, "\n{shares}")?;
        }
        let Conditions { load_average, processors_awake } = self.conditions;
        let sleep = if processors_awake { "kept from deep sleep" } else { "free to sleep between requests" };
        write!(f, "\n{} processors shared by all, {sleep}; load average before: {load_average}", self.processors)
    }
}

impl Report {
    fn write_chains(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<&Column> = match self.chains.first() {
            Some(first) => COLUMNS.iter().filter(|column| first.figures.contains_key(column.name)).collect(),
            None => Vec::new(),
        };
        write!(f, "{:<24} {:>4}", "chain", "e2e")?;
        for column in &columns {
            write!(f, " {:>14}", column.head)?;
        }
        writeln!(f, " {:>10}", "CPU s/GB")?;
        for chain in &self.chains {
            write!(f, "{:<24} {:>4}", chain.name, if chain.end_to_end { "yes" } else { "no" })?;
            for figure in columns.iter().filter_map(|column| chain.figures.get(column.name)) {
                write!(f, " {:>14.0}", figure.median)?;
            }
            writeln!(f, " {:>10}", shown(chain.cpu_s_per_gb, 2))?;
            write!(f, "{:<24} {:>4}", "  to direct", "")?;
            for figure in columns.iter().filter_map(|column| chain.figures.get(column.name)) {
                write!(f, " {:>13.2}×", figure.ratio)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }

    fn write_roles(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = ["s/GB down", "s/GB up", "µs/request", "idle MiB", "loaded MiB"];
        write!(f, "\n{:<24} {:<12}", "CPU and memory", "role")?;
        for head in heads {
            write!(f, " {head:>11}")?;
        }
        writeln!(f)?;
        for chain in &self.chains {
            for role in &chain.roles {
                write!(f, "{:<24} {:<12}", chain.name, role.name)?;
                for figure in [role.cpu_s_per_gb_down, role.cpu_s_per_gb_up] {
                    write!(f, " {:>11}", shown(figure, 2))?;
                }
                write!(f, " {:>11}", shown(role.cpu_us_per_request, 1))?;
                for kib in [role.idle_kib, role.loaded_kib] {
                    write!(f, " {:>11}", shown(kib.map(|kib| kib as f64 / 1024.0), 1))?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

fn shown(figure: Option<f64>, places: usize) -> String {
    figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.places$}"))
}

#[cfg(test)]
mod tests {
    use super::super::chain::Role;
    use super::super::measure::{Latency, Summary};
    use super::*;

    fn run(chain: usize, megabytes_per_second: f64, cpu: Vec<f64>) -> Run {
        let latency_us = Latency { p50: 0.0, p99: 0.0 };
        let summary = Summary {
            requests_per_second: 1.0,
            megabytes_per_second,
            all_requests: 5,
            all_bytes: 500_000_000,
            latency_us,
        };
        Run { chain, load: DOWNLOAD.name, summary, cpu }
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn figures_are_medians_beside_direct_and_cpu_is_per_gigabyte() {
        let direct = Chain::direct("http://127.0.0.1:1");
        let role = |name| Role { name, process: 1 };
        let base = "http://127.0.0.1:2".to_owned();
        let other = Chain::forwarding("other", false, base, vec![role("first"), role("second")]);
        let runs = [
            run(0, 1000.0, Vec::new()),
            run(1, 100.0, vec![0.5, 1.0]),
            run(0, 3000.0, Vec::new()),
            run(1, 300.0, vec![1.5, 1.0]),
            run(0, 2000.0, Vec::new()),
            run(1, 500.0, vec![1.0, 1.0]),
        ];
        let conditions = Conditions { load_average: 0.25, processors_awake: true };
        let report = Report::new(&[&direct, &other], &[&DOWNLOAD], &runs, conditions);
        let json = serde_json::to_value(&report).unwrap();
        let figure = &json["chains"][1]["figures"]["download_mb_per_s"];
        assert_eq!((figure["median"].as_f64(), figure["ratio"].as_f64()), (Some(300.0), Some(0.15)));
        assert_eq!(json["chains"][1]["cpu_s_per_gb"].as_f64(), Some(4.0));
        assert_eq!(json["chains"][1]["roles"][0]["cpu_s_per_gb_down"].as_f64(), Some(2.0));
        assert!(json["chains"][0]["cpu_s_per_gb"].is_null());
        assert_eq!(json["processors_awake"].as_bool(), Some(true));
        assert!(report.to_string().contains("0.15×"), "{report}");
        assert!(report.to_string().contains("kept from deep sleep; load average before: 0.25"), "{report}");
    }
}
