//! How long a device process takes from its start to the first byte of its first page.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::product::Product;
use super::report::median;
use crate::step::{heading, say};

/// What `--only` looks for.
pub(crate) const COLD: &str = "cold";

/// One start takes a fraction of a second, so that more of them than rounds are affordable.
const STARTS_PER_ROUND: usize = 4;

/// Medians over all starts, in milliseconds.
#[derive(Debug, Serialize)]
pub(crate) struct ColdStart {
    /// From the start of the process to READY.
    pub(crate) ready_ms: f64,
    /// From the start of the process to the first byte of a page.
    pub(crate) first_byte_ms: f64,
    pub(crate) starts: usize,
}

impl ColdStart {
    /// Starts the device again and again, each time with whatever the time before left in its vault.
    pub(crate) fn measure(product: &mut Product, rounds: usize) -> anyhow::Result<Self> {
        heading("Cold starts of the device");
        let (mut ready, mut first_byte) = (Vec::new(), Vec::new());
        for _ in 0..rounds * STARTS_PER_ROUND {
            product.stop_device();
            let begun = Instant::now();
            product.start_device()?;
            ready.push(milliseconds(begun.elapsed()));
            product.fetch()?;
            first_byte.push(milliseconds(begun.elapsed()));
        }
        let starts = ready.len();
        let cold = Self { ready_ms: median(ready), first_byte_ms: median(first_byte), starts };
        say(format!("  ready after {:.1} ms, first byte after {:.1} ms", cold.ready_ms, cold.first_byte_ms));
        Ok(cold)
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
