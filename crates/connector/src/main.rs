//! The connector command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    latchgate_connector::cli::run(std::env::args_os())
}
