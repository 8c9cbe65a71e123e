//! The device without a window.

use std::process::ExitCode;

fn main() -> ExitCode {
    latchgate_headless::run()
}
