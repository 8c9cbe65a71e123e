//! The connector command line.

use std::process::ExitCode;

/// The system's allocator gives memory back and takes it again with each burst of records.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    latchgate_connector::cli::run(std::env::args_os())
}
