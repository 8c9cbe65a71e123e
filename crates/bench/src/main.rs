//! The two ends of a benchmark: an upstream that costs little, and a client that costs little.
//!
//! Both run on one thread and speak just enough HTTP/1.1, so that on a machine of two cores what is measured
//! is the chain between them.

mod http;
mod load;
mod serve;
mod shares;
mod summary;

use std::io::Write as _;

use clap::{Parser, Subcommand};

/// The two ends of a benchmark.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Answers GET /bytes/N with N bytes and drains POST /sink; prints LISTENING http://ADDRESS.
    Serve(serve::ServeArgs),
    /// Sends requests for a while and prints a summary as JSON.
    ///
    /// Example: latchgate-bench load --url http://127.0.0.1:8080/bytes/1024 --connections 64 --seconds 2
    Load(load::LoadArgs),
    /// Downloads many files at the same time and prints what each of them got, as JSON.
    Shares(shares::SharesArgs),
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match Arguments::parse().task {
        Task::Serve(arguments) => runtime.block_on(serve::run(&arguments)),
        Task::Load(arguments) => {
            let summary = runtime.block_on(load::run(&arguments))?;
            writeln!(std::io::stdout(), "{}", serde_json::to_string(&summary)?)?;
            Ok(())
        }
        Task::Shares(arguments) => {
            let shares = runtime.block_on(shares::run(&arguments))?;
            writeln!(std::io::stdout(), "{}", serde_json::to_string(&shares)?)?;
            Ok(())
        }
    }
}
