//! What a run comes to.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;

/// One request that was made and answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
    /// Content that went up or down.
    pub(crate) bytes: u64,
}

/// All requests of a run.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// Requests, warming up included: what the chain's CPU time was spent on.
    all_requests: usize,
    /// Content of these, in bytes.
    all_bytes: u64,
    requests: usize,
    bytes: u64,
    seconds: f64,
    requests_per_second: f64,
    /// Of 10^6 bytes.
    megabytes_per_second: f64,
    latency_us: Latency,
}

/// How long requests took, in microseconds.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Latency {
    min: f64,
    mean: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    p999: f64,
    max: f64,
}

impl Summary {
    /// Sums up a run that began to count at `begin`.
    pub(crate) fn of(begin: Instant, mut samples: Vec<Sample>) -> anyhow::Result<Self> {
        let all_requests = samples.len();
        let all_bytes = samples.iter().map(|sample| sample.bytes).sum();
        samples.retain(|sample| sample.begun >= begin);
        let end = samples.iter().map(|sample| sample.ended).max().context("no request was answered in time")?;
        let first = samples.iter().map(|sample| sample.begun).min().unwrap_or(begin);
        let seconds = (end - first).as_secs_f64();
        let bytes = samples.iter().map(|sample| sample.bytes).sum();
        let requests = samples.len();
        let latency_us = Latency::of(samples.into_iter().map(|sample| sample.ended - sample.begun).collect());
        Ok(Self {
            all_requests,
            all_bytes,
            requests,
            bytes,
            seconds,
            requests_per_second: requests as f64 / seconds,
            megabytes_per_second: bytes as f64 / 1e6 / seconds,
            latency_us,
        })
    }
}

impl Latency {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        // Nearest rank: the smallest time that at least this share of requests did not exceed.
        let rank = |share: f64| {
            let rank = (share * times.len() as f64).ceil() as usize;
            times.get(rank.saturating_sub(1)).copied().map_or(0.0, us)
        };
        let mean = times.iter().sum::<Duration>().as_secs_f64() * 1e6 / times.len() as f64;
        Self {
            min: rank(0.0),
            mean,
            p50: rank(0.5),
            p90: rank(0.9),
            p99: rank(0.99),
            p999: rank(0.999),
            max: rank(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let latency = Latency::of((1..=1000).rev().map(Duration::from_micros).collect());
        assert_eq!((latency.min.round(), latency.p50.round(), latency.p90.round()), (1.0, 500.0, 900.0));
        assert_eq!((latency.p99.round(), latency.p999.round(), latency.max.round()), (990.0, 999.0, 1000.0));
        assert_eq!((latency.mean * 10.0).round(), 5005.0);
    }

    #[test]
    fn rates_count_from_the_first_request_to_the_last_answer() {
        let start = Instant::now();
        let begin = start + Duration::from_millis(1);
        let early = Sample { begun: start, ended: begin, bytes: 1_000_000 };
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let sample = |begun, ended| Sample { begun: at(begun), ended: at(ended), bytes: 1_000_000 };
        let summary = Summary::of(begin, vec![early, sample(500, 1000), sample(1000, 2500)]).unwrap();
        assert_eq!((summary.all_requests, summary.all_bytes), (3, 3_000_000));
        assert_eq!((summary.requests, summary.bytes), (2, 2_000_000));
        assert_eq!((summary.seconds, summary.requests_per_second, summary.megabytes_per_second), (2.0, 1.0, 1.0));
    }

    #[test]
    fn a_run_without_an_answer_is_an_error() {
        assert!(Summary::of(Instant::now(), Vec::new()).is_err());
    }
}
