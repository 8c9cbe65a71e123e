//! How long a camera frame takes, for each way to be hard to read: `cargo bench -p latchgate-picture`.

#[path = "../tests/suite/frames.rs"]
mod frames;

use std::time::{Duration, Instant};

use divan::Bencher;
use frames::{Hardship, frame};
use latchgate_picture::find_in;

fn main() {
    divan::main();
}

#[divan::bench(args = Hardship::ALL, sample_count = 40, sample_size = 1)]
fn qr_decode(bencher: Bencher<'_, '_>, hardship: Hardship) {
    let mut seed = 0;
    let next = || {
        seed += 1;
        frame(hardship, seed % 40).1
    };
    bencher.with_inputs(next).bench_local_refs(|picture| find_in(picture, Instant::now() + Duration::from_secs(30)));
}
