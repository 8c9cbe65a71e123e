//! The project's own tasks. Each does all the set-up it needs, says what it does, and ends with one verdict.

mod apps;
mod bench;
mod check;
mod crosscheck;
mod demo;
mod dokuwiki;
mod fetch;
mod fuzz;
mod kill;
mod launch;
mod model;
mod process;
mod revoke;
mod rules;
mod setup;
mod step;
mod suite;
mod system;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the Latchgate project.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Shows the whole product on this machine: gateway, connector, sample intranet and a device.
    Demo {
        /// Pairs the headless device, prints the page that it fetches, and ends.
        #[arg(long)]
        once: bool,
    },
    /// Builds everything and runs all tests.
    Test {
        /// Runs only tests whose name contains this text.
        #[arg(long)]
        only: Option<String>,
    },
    /// Checks formatting, lints, documentation, dependencies and house rules.
    Check {
        /// Runs only the steps whose name contains this text.
        #[arg(long)]
        only: Option<String>,
    },
    /// Type-checks the app for Windows, macOS, iOS and Android.
    Crosscheck(crosscheck::CrosscheckArgs),
    /// Checks the models of pairing and sessions.
    Model,
    /// Fuzzes everything that is read from the outside.
    Fuzz {
        /// How long each target runs.
        #[arg(long, default_value_t = 10)]
        seconds: u32,
    },
    /// Kills every part at random moments of pairing and of replacing keys.
    Kill(kill::KillArgs),
    /// Measures the tunnel beside direct requests, in release builds.
    Bench(bench::BenchArgs),
    /// Measures how long the app takes from its start to the unlock screen.
    Launch(launch::LaunchArgs),
    /// Measures how long a revoked device still gets bytes of a download.
    Revoke(revoke::RevokeArgs),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Demo { once } => demo::run(once),
        Task::Test { only } => suite::run(only.as_deref()),
        Task::Check { only } => check::run_all(only.as_deref()),
        Task::Crosscheck(arguments) => crosscheck::run_all(&arguments),
        Task::Model => model::run_all(),
        Task::Fuzz { seconds } => fuzz::run_all(seconds),
        Task::Kill(arguments) => kill::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Launch(arguments) => launch::run(&arguments),
        Task::Revoke(arguments) => revoke::run(&arguments),
    };
    let Err(error) = done else { return ExitCode::SUCCESS };
    step::say(format!("error: {error:#}"));
    ExitCode::FAILURE
}
